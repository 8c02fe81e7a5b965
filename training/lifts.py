"""What lifters do: the exercises, and the choreography of a whole clip, written as a `Score`.

A recipe plus its seed fixes everything. Definitions of a repetition:

- lifts from the floor (conventional, sumo and kettlebell deadlift): starts when the weight leaves the floor, turns at
  lockout, ends when the weight is back on the floor, or at lockout if the lifter does not lower it in the clip;
- lifts that start standing (Romanian deadlift, all squats): starts when the descent begins, turns at the bottom,
  ends when standing again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.limbs import Walk
from training.posture import LoadPlace, Stance
from training.score import Score, TrueRep

Event = Literal["lift", "pickup", "tie_shoe", "wave", "aborted", "setup_only", "walk"]
Opening = Literal["stand", "bottom", "walk_in", "unrack"]
Ending = Literal["top", "floor", "stand_up"]
Pace = Literal["normal", "touch_and_go", "pause_bottom", "pause_top"]
Range = tuple[float, float]


LUMBAR_SHARES = (0.24, 0.2, 0.17, 0.15, 0.13, 0.11)  # of lumbar flexion, L5/S1 .. T12/L1
MOST_SHARE = 0.17  # of a thoracic change, in one joint


@dataclass(frozen=True)
class Exercise:
    """How an exercise is done; ranges are drawn from evenly.

    ``bottom`` is the height of the grip over the lifter's stature for a hinge that starts standing, unused for lifts
    from the floor, and the thigh's angle in degrees for a squat.
    """

    kind: Literal["hinge", "squat"]
    load_place: LoadPlace
    implement: Literal["barbell", "kettlebell", "none"]
    from_floor: bool
    shank_deg: Range
    bottom: Range
    ankle_y: Range  # over stature, like grip_y
    toe_out_deg: Range
    grip_y: Range
    load_ratio: Range
    lumbar_deg: Range
    clear_legs: bool = True


EXERCISES: dict[str, Exercise] = {
    "deadlift": Exercise(
        "hinge", "grip", "barbell", True, (10, 19), (0, 0), (0.065, 0.085), (4, 18), (0.135, 0.16), (0.5, 1.6), (8, 26)
    ),
    "sumo_deadlift": Exercise(
        "hinge", "grip", "barbell", True, (14, 23), (0, 0), (0.17, 0.23), (28, 42), (0.095, 0.12), (0.5, 1.7), (6, 20)
    ),
    "romanian_deadlift": Exercise(
        "hinge", "grip", "barbell", False, (-1, 5), (0.2, 0.29), (0.06, 0.08), (2, 12), (0.135, 0.16), (0.3, 1.1),
        (4, 18),
    ),
    "kettlebell_deadlift": Exercise(
        "hinge", "grip", "kettlebell", True, (12, 24), (0, 0), (0.085, 0.12), (10, 25), (0.025, 0.03), (0.15, 0.5),
        (6, 22), clear_legs=False,
    ),
    "back_squat": Exercise(
        "squat", "back", "barbell", False, (20, 30), (72, 95), (0.1, 0.14), (12, 28), (0.19, 0.26), (0.4, 1.4), (6, 20)
    ),
    "front_squat": Exercise(
        "squat", "front", "barbell", False, (27, 36), (78, 98), (0.1, 0.13), (12, 28), (0.08, 0.1), (0.3, 1.1), (4, 16)
    ),
    "goblet_squat": Exercise(
        "squat", "goblet", "kettlebell", False, (27, 36), (78, 98), (0.1, 0.14), (12, 30), (0.03, 0.04), (0.1, 0.4),
        (4, 16),
    ),
    "bodyweight_squat": Exercise(
        "squat", "none", "none", False, (27, 37), (72, 96), (0.09, 0.13), (8, 28), (0.09, 0.12), (0.0, 0.0), (6, 20)
    ),
}  # fmt: skip


def way_up_s(exercise: str, start_s: float, turn_s: float, end_s: float) -> tuple[float, float]:
    """Return begin and end of a repetition's way up: from the floor to its turn, otherwise from its turn."""
    return (start_s, turn_s) if EXERCISES[exercise].from_floor else (turn_s, end_s)


@dataclass(frozen=True)
class Recipe:
    """Everything that fixes a clip's motion.

    Attributes
    ----------
    exercise
        A name of `EXERCISES`; for other events than a lift it says whose posture is borrowed.
    seed
        Of tempo, depth, style and noise.
    reps
        Repetitions begun in the full motion.
    rounding
        ``neutral`` keeps the upper back within 3 degrees of standing, ``rounded`` rounds by 15 to 35 under load,
        ``late`` rounds more from one repetition to the next.
    event, opening, ending, pace
        What happens; see the module.
    crop
        Seconds cut from the beginning and from the end, so that a clip may begin or end within a repetition.
    fault, strengths
        A name of `training.faults.FAULTS`, or ``clean`` for a careful lifter without any, and how much of it every
        repetition is to show (0: none). Without a name all is as before faults could be planted.
    """

    exercise: str
    seed: int
    reps: int = 3
    rounding: Literal["neutral", "rounded", "late"] = "neutral"
    event: Event = "lift"
    opening: Opening = "stand"
    ending: Ending = "top"
    pace: Pace = "normal"
    crop_s: tuple[float, float] = (0.0, 0.0)
    fault: str | None = None
    strengths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Style:
    """What stays the same through one clip.

    Attributes
    ----------
    stance, shank_deg, bottom, load_ratio
        As drawn from the exercise; ``bottom`` is the grip's height in metres or the thigh's angle in degrees.
    standing_deg
        Thoracic flexion of calm standing.
    lumbar_deg
        Lumbar flexion at the bottom, relative to standing.
    shares : length 11
        How thoracic change spreads over the joints T11/T12 .. T1/T2; sums to 1.
    gaze
        Share of the trunk's lean that the head follows.
    lumbar_shares : length 6
        How lumbar flexion spreads over the joints L5/S1 .. T12/L1; sums to 1.
    knees_stay
        How long the knees of a squat stay forward on the way up; at 1 the shanks rise evenly with the thighs.
    shins_stay
        Share by which the shins of a lift from the floor rise evenly with the bar, and not as fast as it lets them.
    """

    stance: Stance
    shank_deg: float
    bottom: float
    load_ratio: float
    standing_deg: float
    lumbar_deg: float
    shares: tuple[float, ...]
    gaze: float
    lumbar_shares: tuple[float, ...] = LUMBAR_SHARES
    knees_stay: float = 1.35
    shins_stay: float = 0.0


def draw_style(exercise: Exercise, *, stature_m: float, floor_grip_m: float, rng: np.random.Generator) -> Style:
    """Draw one lifter's way of doing an exercise; ``floor_grip_m`` is how high the grip of a resting weight is."""
    stance = Stance(
        ankle_y_m=rng.uniform(*exercise.ankle_y) * stature_m,
        toe_out_deg=rng.uniform(*exercise.toe_out_deg),
        grip_y_m=rng.uniform(*exercise.grip_y) * stature_m,
        clear_legs=exercise.clear_legs,
    )
    bottom = rng.uniform(*exercise.bottom)
    if exercise.kind == "hinge":
        bottom = floor_grip_m if exercise.from_floor else bottom * stature_m
    return Style(
        stance=stance,
        shank_deg=rng.uniform(*exercise.shank_deg),
        bottom=bottom,
        load_ratio=rng.uniform(*exercise.load_ratio),
        standing_deg=float(np.clip(rng.normal(4.0, 5.0), -6.0, 16.0)),
        lumbar_deg=rng.uniform(*exercise.lumbar_deg),
        shares=draw_shares(rng),
        gaze=rng.uniform(0.35, 0.85),
    )


def draw_shares(rng: np.random.Generator, *, lowest_joint: float = 3.0, most: float = MOST_SHARE) -> tuple[float, ...]:
    """Draw how a thoracic change spreads over the 11 joints: a bump at some height of the back over an even part.

    No joint takes more than ``most``.
    """
    joint = np.arange(11)
    bump = np.exp(
        -0.5 * ((joint - rng.uniform(lowest_joint, 8.5)) / rng.uniform(1.8 if most <= MOST_SHARE else 0.7, 3.5)) ** 2
    )
    bump /= bump.sum()
    least_even = max(0.0, (bump.max() - most) / (bump.max() - 1 / 11))
    even = rng.uniform(max(0.15, least_even), max(0.5, least_even))
    shares = even / 11 + (1 - even) * bump
    return tuple(float(s) for s in shares / shares.sum())


def choreograph(recipe: Recipe, rng: np.random.Generator) -> tuple[Score, Walk | None]:
    """Write the whole motion of a recipe.

    Channels: ``depth`` (0 standing, 1 bottom), ``thorax`` (degrees from standing), ``lumbar`` (share of the style's),
    ``load`` (share), ``hold`` (hands at the weight), ``held`` (the weight moves with the hands), ``protract``
    (degrees), ``wave``, ``one_hand``.
    """
    score = Score()
    exercise = EXERCISES[recipe.exercise]
    walk = open_clip(recipe, exercise, score, rng)
    if recipe.event in ("pickup", "tie_shoe"):
        _bend_once(recipe, score, rng)
    elif recipe.event == "wave":
        _wave(score, rng)
    elif recipe.event == "walk":
        score.phase("stand", rng.uniform(1.5, 3.0))
    elif exercise.from_floor:
        _floor_lift(recipe, score, rng)
    else:
        _standing_lift(recipe, exercise, score, rng)
    return score, walk


def peak_degs(recipe: Recipe, rng: np.random.Generator) -> list[float]:
    """Draw the largest thoracic change of every repetition."""
    if recipe.rounding == "neutral":
        return [float(rng.uniform(-1.2, 1.6)) for _ in range(recipe.reps)]
    base = rng.uniform(17.5, 33.0)
    if recipe.rounding == "rounded":
        return [float(np.clip(base * rng.uniform(0.93, 1.07), 16.5, 34.0)) for _ in range(recipe.reps)]
    ramp = np.linspace(0.05, 1.0, max(recipe.reps, 2))[: recipe.reps]
    return [float(base * share) for share in ramp]


def open_clip(recipe: Recipe, exercise: Exercise, score: Score, rng: np.random.Generator) -> Walk | None:
    """Write how a clip begins: walking in, taking a bar from its rack, or calm standing alone."""
    carried = exercise.implement != "none" and not exercise.from_floor and recipe.event == "lift"
    if carried:
        score.set(load=1.0, hold=1.0, held=1.0)
    walk = None
    if recipe.opening == "walk_in":
        steps = int(rng.integers(3, 6))
        seconds = steps * rng.uniform(0.5, 0.62)
        walk = Walk(0.3, 0.3 + seconds, -steps * rng.uniform(0.3, 0.38), steps)
        score.phase("walk", seconds + 0.5)
    elif recipe.opening == "unrack":
        score.set(depth=0.14)
        score.phase("unrack", 0.5)
        score.phase("unrack", rng.uniform(0.6, 0.9), depth=0.0)
        steps = int(rng.integers(2, 5))
        seconds = steps * rng.uniform(0.6, 0.8)
        walk = Walk(score.now_s + 0.2, score.now_s + 0.2 + seconds, steps * rng.uniform(0.12, 0.2), steps)
        score.phase("walk", seconds + 0.4)
    score.phase("stand", rng.uniform(1.3, 1.8) if recipe.opening == "stand" else rng.uniform(0.8, 1.4))
    return walk


def _floor_lift(recipe: Recipe, score: Score, rng: np.random.Generator) -> None:
    """Set up, pull and lower; or give up after the set-up."""
    peaks = peak_degs(recipe, rng)
    setup = rng.uniform(0.45, 0.75)
    begin = score.now_s
    seconds = rng.uniform(1.1, 1.6)
    score.phase("setup", seconds, depth=1.0, lumbar=1.0, thorax=setup * peaks[0], protract=rng.uniform(4, 12))
    score.move("hold", begin + 0.45 * seconds, begin + 0.92 * seconds, 1.0)
    wait = rng.uniform(0.5, 1.0) if recipe.event == "lift" else rng.uniform(1.0, 2.0)
    score.phase("setup", wait)
    score.move("load", score.now_s - 0.35, score.now_s - 0.02, 1.0)
    if recipe.event == "setup_only":
        score.keys.pop("load")
        _let_go(score, rng)
        return
    score.set(held=1.0)
    if recipe.event == "aborted":
        _aborted_pull(score, rng)
        _let_go(score, rng)
        return
    up_s, down_s = rng.uniform(1.0, 1.5), rng.uniform(1.0, 1.4)
    for k, peak in enumerate(peaks):
        last = k == recipe.reps - 1
        lift_off = score.now_s
        _pull(score, rng, seconds=up_s * rng.uniform(0.9, 1.15), peak=peak)
        lockout = score.now_s
        score.phase("top", _pause(recipe.pace == "pause_top", rng, 0.25, 0.5))
        if last and recipe.ending == "top":
            score.reps.append(TrueRep(lift_off, lockout, lockout, peak))
            score.phase("top", 0.6)
            return
        following = peaks[k + 1] if not last else peak
        score.phase(
            "lower", down_s * rng.uniform(0.9, 1.15), depth=1.0, lumbar=1.0, thorax=setup * 0.5 * (peak + following)
        )
        score.reps.append(TrueRep(lift_off, lockout, score.now_s, peak))
        if not last:
            short = (0.0, 0.04) if recipe.pace == "touch_and_go" else (0.25, 0.6)
            score.phase("bottom", _pause(recipe.pace == "pause_bottom", rng, *short))
    score.set(held=0.0)
    score.phase("bottom", 0.5, load=0.0)
    if recipe.ending == "stand_up":
        _let_go(score, rng)


def _pull(score: Score, rng: np.random.Generator, *, seconds: float, peak: float) -> None:
    """Lift from the floor: the upper back rounds on until the bar is near the knees, then comes back."""
    begin = score.now_s
    score.phase("pull", seconds, depth=0.0)
    score.move("lumbar", begin + 0.15 * seconds, begin + seconds, 0.0)
    worst = begin + rng.uniform(0.25, 0.45) * seconds
    score.move("thorax", begin, worst, peak)
    score.move("thorax", worst + 0.05 * seconds, begin + seconds, rng.uniform(0.05, 0.2) * peak)


def _aborted_pull(score: Score, rng: np.random.Generator) -> None:
    """Bring the weight a little off the floor and put it down again."""
    seconds = rng.uniform(0.6, 0.9)
    score.phase("aborted", seconds, depth=1.0 - rng.uniform(0.05, 0.14), thorax=score.value("thorax") + 4.0)
    score.phase("aborted", rng.uniform(0.2, 0.5))
    score.phase("aborted", seconds * 0.8, depth=1.0)
    score.set(held=0.0)
    score.phase("bottom", 0.4, load=0.0)


def _let_go(score: Score, rng: np.random.Generator) -> None:
    begin, seconds = score.now_s, rng.uniform(1.0, 1.4)
    score.phase("stand_up", seconds, depth=0.0, lumbar=0.0, thorax=0.0, protract=2.0)
    score.move("hold", begin, begin + 0.5 * seconds, 0.0)
    score.phase("stand", rng.uniform(0.8, 1.4))


def _standing_lift(recipe: Recipe, exercise: Exercise, score: Score, rng: np.random.Generator) -> None:
    """Go down and come up, beginning and ending in standing."""
    peaks = peak_degs(recipe, rng)
    down_s, up_s = rng.uniform(1.0, 1.6), rng.uniform(0.9, 1.4)
    share = rng.uniform(0.55, 0.8)
    if exercise.implement == "none":
        score.move("hold", score.now_s - 0.6, score.now_s + 0.5, 1.0)
    for peak in peaks:
        begin = score.now_s
        score.phase(
            "down", down_s * rng.uniform(0.9, 1.15), depth=rng.uniform(0.94, 1.0), lumbar=1.0, thorax=share * peak
        )
        turn = score.now_s
        score.phase("bottom", _pause(recipe.pace == "pause_bottom", rng, 0.0, 0.15))
        rise, seconds = score.now_s, up_s * rng.uniform(0.9, 1.15)
        score.phase("up", seconds, depth=0.0, lumbar=0.0)
        score.move("thorax", rise, rise + rng.uniform(0.2, 0.4) * seconds, peak)
        score.move("thorax", rise + 0.42 * seconds, score.now_s, rng.uniform(0.05, 0.2) * peak)
        score.reps.append(TrueRep(begin, turn, score.now_s, peak))
        touch = recipe.pace == "touch_and_go"
        score.phase("top", _pause(recipe.pace == "pause_top", rng, *((0.0, 0.04) if touch else (0.2, 0.5))))
    score.phase("top", 0.5)


def _bend_once(recipe: Recipe, score: Score, rng: np.random.Generator) -> None:
    """Bend down without a lift: take a small thing from the floor, or tie a shoe."""
    shoe = recipe.event == "tie_shoe"
    begin, seconds = score.now_s, rng.uniform(0.9, 1.3)
    score.set(one_hand=0.0 if shoe else 1.0)
    score.phase("bend", seconds, depth=1.0, lumbar=1.2, thorax=rng.uniform(8, 28), protract=rng.uniform(8, 20))
    score.move("hold", begin + 0.4 * seconds, begin + 0.95 * seconds, 1.0)
    score.phase("bend", rng.uniform(1.5, 2.5) if shoe else rng.uniform(0.2, 0.6))
    if not shoe:
        score.set(held=1.0)
    score.phase("stand_up", rng.uniform(0.9, 1.3), depth=0.0, lumbar=0.0, thorax=rng.uniform(-1, 2), protract=2.0)
    score.phase("stand", rng.uniform(1.2, 2.0))


def _wave(score: Score, rng: np.random.Generator) -> None:
    score.phase("wave", 0.7, wave=1.0)
    for _ in range(int(rng.integers(3, 6))):
        score.phase("wave", 0.28, waggle=1.0)
        score.phase("wave", 0.28, waggle=-1.0)
    score.phase("wave", 0.7, wave=0.0, waggle=0.0)
    score.phase("stand", rng.uniform(1.0, 2.0))


def _pause(long: bool, rng: np.random.Generator, low_s: float, high_s: float) -> float:
    return float(rng.uniform(1.2, 2.0) if long else rng.uniform(low_s, high_s))
