"""The lifter's motion over time: a score played on a skeleton, with the truth that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from training import faults, limbs, posture, sideways
from training import skeleton as sk
from training.lifts import EXERCISES, Exercise, Recipe, Style, choreograph, draw_style
from training.posture import Plan, Posture
from training.score import Score, TrueRep, smooth_noise
from training.skeleton import Array, Skeleton

STANDING_KNEE_RAD = np.radians(4.0)
CHANNELS = (
    "depth",
    "thorax",
    "lumbar",
    "junction",
    "load",
    "hold",
    "held",
    "protract",
    "wave",
    "waggle",
    "one_hand",
    "sway",
    "neck",
    "rounding",
    "lumbar_more",
    "shank",
    "forward",
    "roll",
)
# Shares of the drawn shank lean and depth, tried in turn until the posture is one a lifter would take: in balance, and
# the trunk not further forward than allowed. Knees further forward let the hips down; a bar too far before the foot
# cannot be balanced, then the shanks must be steeper; the last resort is less depth, where that is free.
HINGE_TRIES = tuple((lean, 1.0) for lean in (1.0, 1.2, 1.4, 1.6, 0.75, 0.5, 0.25))
CAREFUL_TRIES = tuple((lean, 1.0) for lean in (1.0, 1.2, 1.4, 1.6, 1.9, 2.2, 0.75, 0.5, 0.25))
SQUAT_TRIES = ((1.0, 1.0), (1.12, 1.0), (1.25, 1.0), (1.3, 0.94), (1.35, 0.88), (1.4, 0.82), (1.45, 0.74), (1.5, 0.66))
MOST_LEAN_RAD = {"hinge": np.radians(78.0), "squat": np.radians(56.0)}
FOLLOWED = 0.8  # of the way a weight that drifts forward draws the common centre of mass; the rest the body makes up
PLATES_APART_M = 0.71  # from the middle of a bar to the outside of its large plates
JUNCTION_SHARES = np.array([0.35, 0.3, 0.2, 0.15] + 7 * [-1 / 7])
BODYWEIGHT_ARMS = ("forward", "clasped")


@dataclass(frozen=True)
class Motion:
    """A lifter over T frames, in the frame of `training.skeleton`.

    Attributes
    ----------
    time_s : shape (T,)
        Times from 0.
    phase : length T
        Name of the phase.
    reps, partial_reps
        Repetitions that lie inside the clip, and those that its ends cut.
    thoracic_deg, lumbar_deg : shape (T,)
        Sums over the joints, as in `training.skeleton`.
    standing_deg
        Thoracic flexion of this lifter's calm standing.
    pitch_rad : shape (T, 22)
        Pitch of every segment of the spine, the pelvis first.
    hip_mid_m : shape (T, 3)
        Middle of the hips. ``spine_m`` has shape (T, 21, 3).
    hips_m, knees_m, ankles_m, shoulders_m, elbows_m, hands_m : shape (T, 2, 3)
        Left and right. The hands are the middles of the fists.
    foot_lift_rad, protraction_rad
        Heel-up pitch of the feet (T, 2); shoulders forward (T,).
    toe_out_deg
        Turn of the feet.
    implement_m : shape (T, 3)
        Middle of the bar, of the kettlebell's handle, or of a small thing picked up; NaN where there is none.
    com_x_m : shape (T,)
        Forward coordinate of the common centre of mass, before any walking.
    roll_rad : shape (T,)
        Sideways bend of the trunk, the left shoulder up: what lies above the lumbar spine turns by it about x,
        arms and weight included.
    """

    skeleton: Skeleton
    recipe: Recipe
    style: Style
    time_s: Array
    phase: list[str]
    reps: list[TrueRep]
    partial_reps: list[TrueRep]
    thoracic_deg: Array
    lumbar_deg: Array
    standing_deg: float
    pitch_rad: Array
    hip_mid_m: Array
    spine_m: Array
    hips_m: Array
    knees_m: Array
    ankles_m: Array
    shoulders_m: Array
    elbows_m: Array
    hands_m: Array
    foot_lift_rad: Array
    protraction_rad: Array
    toe_out_deg: float
    implement_m: Array
    com_x_m: Array
    roll_rad: Array


@dataclass(frozen=True)
class Act:
    """What is played: a body, its style, and the channels of the score over T times.

    ``channels`` holds arrays (T,) under the names of `CHANNELS`; ``thorax`` is the change from standing in degrees,
    ``lumbar`` the lumbar flexion in degrees, ``junction`` the degrees by which the lowest thoracic joints flex and
    those above extend, which leaves the thoracic flexion as it is. ``shank`` are degrees by which the shanks stand
    more upright than the exercise has them, ``forward`` metres by which a hanging weight is held before its place,
    ``roll`` the sideways bend in degrees; ``rounding`` and ``lumbar_more`` are in ``thorax`` and ``lumbar`` already.
    """

    skeleton: Skeleton
    recipe: Recipe
    style: Style
    time_s: Array
    channels: dict[str, Array]
    floor_grip_m: float

    @property
    def exercise(self) -> Exercise:
        """The exercise done, or whose posture is borrowed."""
        return EXERCISES[self.recipe.exercise]

    def __getitem__(self, channel: str) -> Array:
        return self.channels[channel]


def build(
    skeleton: Skeleton,
    recipe: Recipe,
    *,
    fps: float,
    floor_grip_m: float,
    max_s: float = 30.0,
    doses: Array | None = None,
) -> Motion:
    """Play a recipe on a body.

    Parameters
    ----------
    skeleton
        The body.
    recipe
        What to do.
    fps
        Frames a second of the returned times.
    floor_grip_m
        Height of the grip while the weight stands on the floor: the plate's radius, or the kettlebell's handle.
    max_s
        The clip is cut there.
    doses
        Of the recipe's fault, as `training.faults.choreograph` takes them; `training.plant.plant` finds those that
        bring about the recipe's strengths.
    """
    rng = np.random.default_rng([recipe.seed, 1])
    style = draw_style(EXERCISES[recipe.exercise], stature_m=skeleton.stature_m, floor_grip_m=floor_grip_m, rng=rng)
    if recipe.event in ("pickup", "tie_shoe"):
        style = replace(style, bottom=rng.uniform(0.08, 0.2), shank_deg=rng.uniform(10.0, 25.0))
    if recipe.fault is None:
        score, walk = choreograph(recipe, rng)
    else:
        style, walk = faults.careful(style, recipe), None
        score = faults.choreograph(recipe, rng, doses=faults.first_doses(recipe) if doses is None else doses)
    begin_s, end_s = _window(recipe, score)
    time_s = np.arange(begin_s, min(end_s, begin_s + max_s), 1.0 / fps)
    channels = {name: score.sample(name, time_s) for name in CHANNELS}
    channels["lumbar"] = style.lumbar_deg * channels["lumbar"] + channels["lumbar_more"]
    channels["thorax"] = channels["thorax"] + channels["rounding"]
    for name, sd, period in (("thorax", 0.25, 1.5), ("lumbar", 0.3, 1.5), ("protract", 0.4, 2.0), ("sway", 0.003, 2.5)):
        channels[name] = channels[name] + smooth_noise(time_s, rng, sd=sd, period_s=period)
    motion = perform(Act(skeleton, recipe, style, time_s, channels, floor_grip_m), walk, rng)
    reps = [_shifted(r, begin_s) for r in score.reps]
    length = float(time_s[-1] - begin_s)
    inside = [r for r in reps if r.start_s >= -1e-6 and r.end_s <= length + 0.5 / fps]
    cut = [r for r in reps if r not in inside and r.end_s > 0.0 and r.start_s < length]
    return replace(motion, time_s=time_s - begin_s, phase=score.phase_at(time_s), reps=inside, partial_reps=cut)


def perform(act: Act, walk: limbs.Walk | None, rng: np.random.Generator) -> Motion:
    """Solve the postures of an act and return its motion, without phases and repetitions."""
    got = _postures(act, rng)
    return Motion(
        skeleton=act.skeleton,
        recipe=act.recipe,
        style=act.style,
        time_s=act.time_s,
        phase=[""] * len(act.time_s),
        reps=[],
        partial_reps=[],
        thoracic_deg=np.degrees(got.joints_rad[:, sk.THORACIC_JOINTS].sum(axis=1)),
        lumbar_deg=np.degrees(got.joints_rad[:, sk.LUMBAR_JOINTS].sum(axis=1)),
        standing_deg=act.style.standing_deg,
        pitch_rad=got.pitch_rad,
        protraction_rad=got.protraction_rad,
        toe_out_deg=act.style.stance.toe_out_deg,
        com_x_m=got.com_x_m,
        **_whole_body(act, walk, got, rng),
    )


def _window(recipe: Recipe, score: Score) -> tuple[float, float]:
    """Return begin and end of the clip within the score."""
    begin = recipe.crop_s[0]
    if recipe.opening == "bottom" and score.reps:
        first = score.reps[0]
        begin = (first.start_s if EXERCISES[recipe.exercise].from_floor else first.turn_s) - 0.5
    return begin, score.now_s - recipe.crop_s[1]


def _shifted(rep: TrueRep, begin_s: float) -> TrueRep:
    return TrueRep(rep.start_s - begin_s, rep.turn_s - begin_s, rep.end_s - begin_s, rep.peak_deg)


def _postures(act: Act, rng: np.random.Generator) -> Posture:
    """Return the balanced posture of every frame."""
    style, count = act.style, len(act.time_s)
    joints = np.zeros((count, sk.N_JOINTS))
    joints[:, sk.THORACIC_JOINTS] = style.standing_deg / 11 + act["thorax"][:, None] * np.array(style.shares)
    joints[:, sk.THORACIC_JOINTS] += act["junction"][:, None] * JUNCTION_SHARES
    joints[:, sk.NECK_JOINTS] = act["neck"][:, None] * posture.NECK_SHARES
    joints[:, sk.LUMBAR_JOINTS] = act["lumbar"][:, None] * np.array(style.lumbar_shares)
    hinge = act.exercise.kind == "hinge" or act.recipe.event != "lift"
    share = style.load_ratio * act["load"]
    plan = Plan(
        kind="hinge" if hinge else "squat",
        drive=np.zeros(count),
        shank_rad=np.zeros(count),
        joints_rad=np.radians(joints),
        protraction_rad=np.radians(act["protract"]),
        load_ratio=share,
        sway_m=act["sway"] + FOLLOWED * share / (1.0 + share) * act["forward"],
        gaze=np.full(count, style.gaze),
        load_place=act.exercise.load_place if act.recipe.event == "lift" else "grip",
        forward_m=act["forward"],
    )
    lean = np.radians(rng.uniform(-1.0, 4.0))
    upright = posture.stand(act.skeleton, style.stance, plan, pelvis_rad=lean, knee_rad=STANDING_KNEE_RAD)
    best, least = upright, np.inf
    as_usual = act["shank"] == 0.0  # a lifter whose chest drops leans further than one would choose to
    tries = (HINGE_TRIES if act.recipe.fault is None else CAREFUL_TRIES) if hinge else SQUAT_TRIES
    for lean_share, depth_share in tries:
        low = lean_share * np.radians(style.shank_deg)
        aimed = _aimed(act, plan, upright, low_rad=low, depth=depth_share * act["depth"])
        got = posture.solve(act.skeleton, style.stance, aimed, upright)
        off = posture.imbalance_m(act.skeleton, aimed, got) > 0.005
        most = MOST_LEAN_RAD[plan.kind] - np.radians(faults.room_deg(act.recipe))
        wrong = 10.0 * off + max(float(_trunk_rad(got)[as_usual].max()) - most, 0.0)
        if wrong < least:
            best, least = got, wrong
        if wrong == 0.0:
            break
    return best


def _trunk_rad(got: Posture) -> Array:
    way = got.shoulder_m - got.hip_m
    return np.asarray(np.arctan2(way[:, 0], way[:, 2]))


def _aimed(act: Act, plan: Plan, upright: Posture, *, low_rad: float, depth: Array) -> Plan:
    """Return the plan with its course from standing to the bottom; ``low_rad`` is the shank's lean there."""
    bottom = act.style.bottom
    if plan.kind == "hinge":
        drive = upright.grip_m[:, 2] + (bottom - upright.grip_m[:, 2]) * depth
        shin = posture.shin_along_bar(act.skeleton, low_rad=low_rad, low_m=bottom, height_m=drive)
        if act.exercise.from_floor:
            shin = shin + act.style.shins_stay * np.maximum(low_rad * depth - shin, 0.0)
        shank = upright.shank_rad + (shin - upright.shank_rad) * _smooth(depth / 0.5)
    else:
        share = 1 - (1 - np.minimum(depth, 1.0)) ** act.style.knees_stay
        shank = upright.shank_rad + (low_rad - upright.shank_rad) * share
        drive = upright.thigh_rad + (np.radians(bottom) - upright.thigh_rad) * depth
    return replace(plan, drive=drive, shank_rad=shank - np.radians(act["shank"]))


def _smooth(share: Array) -> Array:
    s = np.clip(share, 0.0, 1.0)
    return np.asarray(s * s * (3 - 2 * s))


def _whole_body(act: Act, walk: limbs.Walk | None, got: Posture, rng: np.random.Generator) -> dict[str, Array]:
    """Add feet, arms and the implement to the solved postures."""
    hips, knees = limbs.both_sides(got.hip_m), limbs.both_sides(got.knee_m)
    ankles, lift = limbs.both_sides(got.ankle_m), np.zeros((len(act.time_s), 2))
    shift = np.zeros((len(act.time_s), 3))
    if walk is not None:
        stance = ankles[0]
        ankles, lift = limbs.feet(walk, act.time_s, got.ankle_m[0])
        shift = limbs.walking_root(act.skeleton, ankles, hips, stance)
        out = np.tan(np.radians(act.style.stance.toe_out_deg))
        pole = np.broadcast_to(np.array([[1.0, out, 0.0], [1.0, -out, 0.0]]), ankles.shape)
        stepping, _ = limbs.two_links(hips + shift[:, None], ankles, act.skeleton.thigh_m, act.skeleton.shank_m, pole)
        knees = np.where((act.time_s < walk.end_s)[:, None, None], stepping, knees)
    shoulders = limbs.both_sides(got.shoulder_m)
    implement = _implement(act, got)
    targets, poles = _hand_targets(act, got, implement, rng)
    if walk is not None:  # arms swing against the legs
        stride = (ankles[:, :, 0] - ankles[:, ::-1, 0]) * (1.0 - act["hold"])[:, None]
        targets[:, :, 0] -= 0.3 * stride
        targets[:, :, 2] += 0.15 * np.abs(stride)
    elbows, hands = limbs.two_links(shoulders, targets, act.skeleton.upper_arm_m, act.skeleton.forearm_m, poles)
    moved = shift[:, None]
    carried = shift * (act["held"] > 0.5)[:, None]
    return _bent_sideways(act, {
        "hip_mid_m": hips.mean(axis=1) + shift, "spine_m": got.spine_m + moved, "hips_m": hips + moved,
        "knees_m": knees, "ankles_m": ankles, "shoulders_m": shoulders + moved, "elbows_m": elbows + moved,
        "hands_m": hands + moved, "foot_lift_rad": lift, "implement_m": implement + carried,
    })  # fmt: skip


def _bent_sideways(act: Act, body: dict[str, Array]) -> dict[str, Array]:
    """Bend the lifter sideways, the lower plate of a bar no deeper than the floor."""
    roll = np.radians(act["roll"])
    if roll.any() and act.exercise.from_floor:
        most = np.arcsin(np.clip((body["implement_m"][:, 2] - act.floor_grip_m) / PLATES_APART_M, 0.0, 1.0))
        roll = np.clip(roll, -most, most)
    return sideways.bent(body, roll)


def _implement(act: Act, got: Posture) -> Array:
    """Return where the weight is (T, 3): with the lifter while held, else where it was or will be taken up."""
    count, exercise, event = len(act.time_s), act.exercise, act.recipe.event
    if event == "lift" and not exercise.from_floor and exercise.implement != "none":
        return got.load_m
    if event != "pickup" and not (exercise.from_floor and event in ("lift", "aborted", "setup_only")):
        return np.full((count, 3), np.nan)
    held = act["held"] > 0.5
    place = got.grip_m * np.array([1.0, -1.0 if event == "pickup" else 0.0, 1.0])
    taken = np.where(held)[0] if held.any() else np.array([int(np.argmax(act["depth"]))])
    out = place[taken[np.clip(np.searchsorted(taken, np.arange(count), side="right") - 1, 0, None)]]
    if event != "pickup":
        out[~held, 2] = act.floor_grip_m
    return np.asarray(out)


def _hand_targets(act: Act, got: Posture, implement_m: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return where the hands go and which way the elbows bend, both (T, 2, 3)."""
    s, count, bending = act.skeleton, len(act.time_s), act.recipe.event in ("pickup", "tie_shoe")
    reach = s.upper_arm_m + s.forearm_m
    side = max(0.03 * s.stature_m, 0.115 * s.stature_m - s.shoulder_m[1])
    hang = limbs.both_sides(got.shoulder_m + np.array([0.05 * reach, side, -0.955 * reach]))
    poles = np.broadcast_to(np.array([[-1.0, 0.5, 0.0], [-1.0, -0.5, 0.0]]), (count, 2, 3)).copy()
    hold = act["hold"][:, None, None] * np.ones((1, 2, 1))
    if act.recipe.event == "lift" and act.exercise.kind == "squat":
        goal, bend = _squat_hands(act, got, str(rng.choice(BODYWEIGHT_ARMS)))
        poles = poles + hold * (bend - poles)
    else:
        goal = limbs.both_sides(got.grip_m)
        loose = (act["held"] < 0.5) & np.isfinite(implement_m[:, 0])
        spread = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]]) * act.style.stance.grip_y_m
        if not bending:
            goal = np.where(loose[:, None, None], implement_m[:, None] + spread, goal)
        hold[:, limbs.LEFT] *= 1.0 - 0.85 * act["one_hand"][:, None]
    targets = hang + hold * (goal - hang)
    _wave(act, got, reach, targets, poles)
    return targets, poles


def _wave(act: Act, got: Posture, reach_m: float, targets: Array, poles: Array) -> None:
    """Raise the right hand in place."""
    wave, waggle = act["wave"][:, None], act["waggle"]
    way = np.stack([np.full_like(waggle, 0.2), -0.3 - 0.22 * waggle, 0.62 - 0.05 * np.abs(waggle)], axis=1)
    up = got.shoulder_m * limbs.MIRROR + reach_m * way
    targets[:, limbs.RIGHT] += wave * (up - targets[:, limbs.RIGHT])
    poles[:, limbs.RIGHT] += wave * (np.array([0.1, -1.0, -0.6]) - poles[:, limbs.RIGHT])


def _squat_hands(act: Act, got: Posture, arms: str) -> tuple[Array, Array]:
    """Return hands and elbow sides, both (T, 2, 3), of the four ways to squat."""
    s, count, place = act.skeleton, len(act.time_s), act.exercise.load_place
    h, grip_y = s.stature_m, act.style.stance.grip_y_m
    if place == "none" and arms == "forward":
        lift = np.radians(-70.0) + np.radians(68.0) * _smooth(act["depth"] / 0.8)
        way = np.stack([np.cos(lift), np.full(count, -0.08), np.sin(lift)], axis=1)
        left = got.shoulder_m + 0.95 * (s.upper_arm_m + s.forearm_m) * way
        pole = np.array([0.0, 1.0, -0.6])
    elif place == "none":
        rest = s.spine_m[sk.SEGMENT["T6"] - 1] + np.array([s.belly_m + 0.07 * h, 0.02 * h, 0.02 * h])
        left = sk.on_segment(s, got.spine_m, got.pitch_rad, sk.SEGMENT["T6"], rest)
        pole = np.array([0.0, 1.0, -1.0])
    else:
        offset, pole = {
            "back": (np.array([0.0, grip_y, 0.0]), np.array([-0.8, 0.35, -1.0])),
            "front": (np.array([0.012 * h, -0.055 * h, 0.018 * h]), np.array([1.0, 0.35, 0.0])),
            "goblet": (np.array([-0.012 * h, grip_y, -0.01 * h]), np.array([-0.2, 0.7, -1.0])),
        }[place]
        left = got.load_m + offset
    bend = np.broadcast_to(np.stack([pole, pole * limbs.MIRROR]), (count, 2, 3))
    return limbs.both_sides(left), np.array(bend)
