"""Faults of lifting technique, one planted at a time, each repetition with a strength of its own.

`FAULTS` says which fault is planted in which exercises, and how strong mild, middle and strong are. A recipe names one
of them (or `CLEAN`: the same careful lifter without any) with a strength for every repetition, in degrees or metres of
what `training.metrics` measures. What the score writes are *doses*: degrees of a channel, shares of the depth. How much
of the fault a dose brings about depends on the body, so `training.plant` finds the doses by trial.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from training.lifts import EXERCISES, Exercise, Recipe, Style, open_clip
from training.score import Score, TrueRep
from training.skeleton import Array

CLEAN = "clean"
FLOOR = ("deadlift", "sumo_deadlift", "kettlebell_deadlift")
HINGES = (*FLOOR, "romanian_deadlift")
OPEN_BACK = (*HINGES, "goblet_squat", "bodyweight_squat")
SQUATS = ("goblet_squat", "bodyweight_squat", "back_squat", "front_squat")


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes
    ----------
    exercises
        In which it is planted.
    strengths
        Mild, middle and strong.
    unit
        Of the strengths.
    dose
        First guess of the dose for a strength of 1.
    """

    exercises: tuple[str, ...]
    strengths: tuple[float, float, float]
    unit: Literal["deg", "m"] = "deg"
    dose: float = 1.0


FAULTS: dict[str, Fault] = {
    "thoracic_setup": Fault(FLOOR, (8.0, 14.0, 22.0)),
    "thoracic_growth": Fault(OPEN_BACK, (8.0, 14.0, 22.0)),
    "thoracic_creep": Fault(OPEN_BACK, (7.0, 12.0, 18.0)),
    "chest_drop": Fault(SQUATS, (6.0, 12.0, 18.0)),
    "hips_rise": Fault(FLOOR, (6.0, 12.0, 18.0)),
    "bar_drift": Fault(("deadlift", "romanian_deadlift", "sumo_deadlift"), (0.04, 0.08, 0.12), "m"),
    "neck_back": Fault(("deadlift", *SQUATS), (15.0, 25.0, 33.0), dose=1.9),
    "neck_tucked": Fault(("deadlift", *SQUATS), (12.0, 20.0, 26.0), dose=1.9),
    "lumbar_growth": Fault(HINGES, (8.0, 14.0, 20.0)),
    "hitch": Fault(("deadlift", "sumo_deadlift"), (0.025, 0.05, 0.08), "m", 1.8),
    "soft_lockout": Fault(HINGES, (12.0, 20.0, 30.0)),
    "overextension": Fault(("deadlift", "sumo_deadlift"), (8.0, 14.0, 20.0)),
    "depth": Fault(("bodyweight_squat", "goblet_squat", "back_squat"), (10.0, 20.0, 30.0), dose=1 / 80.0),
    "asymmetry": Fault(("back_squat", "bodyweight_squat", "deadlift"), (4.0, 8.0, 12.0)),
}
SOFT_TRUNK = ((0.0, 12.0, 20.0, 30.0), (0.0, 6.0, 12.0, 18.0))
"""Lean of the trunk that goes with a knee left bent in a soft lockout, both degrees more than in standing."""


@dataclass(frozen=True)
class Course:
    """When a channel's error comes and goes: shares of the way up, and seconds by which it comes before it."""

    channel: str
    come: tuple[float, float]
    go: tuple[float, float]
    sign: float = 1.0
    lead_s: float = 0.0


COURSES: dict[str, tuple[Course, ...]] = {
    "thoracic_growth": (
        Course("rounding", (0.02, 0.3), (0.36, 0.75)),
        Course("rounding", (0.12, 0.5), (0.55, 0.92)),
        Course("rounding", (0.35, 0.75), (0.79, 1.12)),
    ),
    "thoracic_setup": (Course("rounding", (0.0, 0.0), (0.6, 1.0)),),
    "thoracic_creep": (Course("rounding", (0.0, 0.35), (0.45, 1.0)),),
    "chest_drop": (Course("shank", (0.0, 0.37), (0.44, 0.9)),),
    "hips_rise": (Course("shank", (0.0, 0.36), (0.42, 0.9)),),
    "bar_drift": (Course("forward", (0.05, 0.45), (0.5, 0.98)),),
    "neck_back": (Course("neck", (0.0, 0.12), (0.8, 1.1), -1.0, 0.25),),
    "neck_tucked": (Course("neck", (0.0, 0.12), (0.8, 1.1), 1.0, 0.25),),
    "lumbar_growth": (Course("lumbar_more", (0.02, 0.42), (0.5, 0.95)),),
    "asymmetry": (Course("roll", (0.0, 0.4), (0.55, 0.95), 1.0), Course("roll", (0.0, 0.4), (0.55, 0.95), -1.0)),
}
BRACED = {"thoracic_setup": 1.0, "thoracic_creep": 0.5}
"""Share of these faults that is there before the way up."""


@dataclass(frozen=True)
class _Rep:
    """One repetition: how much of the fault, ``where`` (0..1) it shows, and the clean part of its rounding."""

    fault: str
    doses: tuple[float, float]
    strength: float
    where: float
    wander_deg: float

    @property
    def peak_deg(self) -> float:
        return self.strength if self.fault.startswith("thoracic") else self.wander_deg

    def dose_of(self, *faults: str) -> float:
        return self.doses[0] if self.fault in faults else 0.0


def first_doses(recipe: Recipe) -> Array:
    """Return a first guess (reps, 2) of the doses; the second of each is used by the soft lockout alone."""
    strength = np.zeros(recipe.reps)
    strength[: len(recipe.strengths)] = recipe.strengths
    if recipe.fault == "soft_lockout":
        return np.stack([strength / 250.0, 0.5 * strength], axis=1)
    each = 0.0 if recipe.fault in (None, CLEAN) else FAULTS[str(recipe.fault)].dose
    return np.stack([each * strength, np.zeros(recipe.reps)], axis=1)


def careful(style: Style, recipe: Recipe) -> Style:
    """Return the style of a lifter who does nothing else wrong: the head stays in line with the trunk."""
    rng = np.random.default_rng([recipe.seed, 2])
    lumbar = style.lumbar_deg * (0.7 if recipe.fault == "lumbar_growth" else 1.0)
    return replace(style, gaze=rng.uniform(0.9, 1.0), lumbar_deg=lumbar, knees_stay=2.0, shins_stay=0.4)


def room_deg(recipe: Recipe) -> float:
    """Return how much less than usual the trunk may lean at lift-off, so that rising hips do not tip it over."""
    return 4.0 if recipe.fault == "hips_rise" else 0.0


def choreograph(recipe: Recipe, rng: np.random.Generator, *, doses: Array) -> Score:
    """Write the motion of a recipe with a fault; ``doses`` (reps, 2) change nothing that is drawn."""
    score, exercise = Score(), EXERCISES[recipe.exercise]
    open_clip(recipe, exercise, score, rng)
    where = rng.uniform(0.0, 1.0, recipe.reps)
    if recipe.fault == "asymmetry":
        where[:] = where[0]  # always the same side
    strengths = (*recipe.strengths, *([0.0] * recipe.reps))
    reps = [
        _Rep(str(recipe.fault), (float(a), float(b)), strengths[k], float(where[k]), float(rng.uniform(-0.8, 0.8)))
        for k, (a, b) in enumerate(doses)
    ]
    if exercise.from_floor:
        _from_floor(reps, score, rng)
    else:
        _from_standing(reps, exercise, score, rng)
    return score


def _from_floor(reps: list[_Rep], score: Score, rng: np.random.Generator) -> None:
    """Set up, pull, lock out and lower to the floor, again and again."""
    begin, seconds = score.now_s, rng.uniform(1.1, 1.6)
    score.phase("setup", seconds, depth=1.0, lumbar=1.0, protract=rng.uniform(4, 12))
    score.move("hold", begin + 0.45 * seconds, begin + 0.92 * seconds, 1.0)
    score.phase("setup", rng.uniform(0.6, 1.0))
    score.move("load", score.now_s - 0.35, score.now_s - 0.02, 1.0)
    score.set(held=1.0)
    up_s, down_s = rng.uniform(1.05, 1.5), rng.uniform(1.0, 1.4)
    brace_s = 0.8 * seconds
    for rep in reps:
        lift_off, seconds = score.now_s, up_s * rng.uniform(0.9, 1.15)
        braced = BRACED.get(rep.fault, 0.0) * rep.doses[0]
        score.move("rounding", lift_off - brace_s, lift_off - 0.1, braced)
        _way_up(rep, score, "pull", seconds)
        lockout = score.now_s
        _top(rep, score, rng)
        score.phase("lower", down_s * rng.uniform(0.9, 1.15), depth=1.0, lumbar=1.0, shank=0.0)
        score.reps.append(TrueRep(lift_off, lockout, score.now_s, rep.peak_deg))
        brace_s = rng.uniform(0.6, 0.9) if rep.fault in BRACED else rng.uniform(0.3, 0.6)
        score.phase("bottom", brace_s + 0.1)
    score.set(held=0.0)
    score.phase("bottom", 0.4, load=0.0)


def _from_standing(reps: list[_Rep], exercise: Exercise, score: Score, rng: np.random.Generator) -> None:
    """Go down and come up, beginning and ending in standing."""
    down_s, up_s = rng.uniform(1.1, 1.6), rng.uniform(1.0, 1.4)
    if exercise.implement == "none":
        score.move("hold", score.now_s - 0.6, score.now_s + 0.5, 1.0)
    for rep in reps:
        begin, seconds = score.now_s, down_s * rng.uniform(0.9, 1.15)
        depth = rng.uniform(0.985, 1.0) * (1.0 - rep.dose_of("depth"))
        score.phase("down", seconds, depth=depth, lumbar=1.0, shank=0.0)
        turn = score.now_s
        score.phase("bottom", rng.uniform(0.05, 0.15))
        braced = BRACED.get(rep.fault, 0.0) * rep.doses[0]
        score.move("rounding", begin + 0.4 * seconds, turn, braced)
        if rep.fault == "asymmetry":
            course = _course(rep)
            score.move("roll", begin + 0.5 * seconds, turn, course.sign * rep.doses[0])
        _way_up(rep, score, "up", up_s * rng.uniform(0.9, 1.15))
        score.reps.append(TrueRep(begin, turn, score.now_s, rep.peak_deg))
        _top(rep, score, rng)
    score.phase("top", 0.4)


def _course(rep: _Rep) -> Course:
    choices = COURSES[rep.fault]
    return choices[min(int(rep.where * len(choices)), len(choices) - 1)]


def _way_up(rep: _Rep, score: Score, phase: str, seconds: float) -> None:
    """Write the way up with its fault."""
    rise = score.now_s
    if rep.fault == "hitch" and rep.strength > 0.0:
        high = 0.18 + 0.1 * rep.where
        score.phase(phase, 0.75 * seconds, depth=high)
        score.phase(phase, 0.4, depth=high + rep.doses[0])
        score.phase(phase, 0.55 * seconds, depth=0.0)
    elif rep.fault == "soft_lockout":
        score.phase(phase, seconds, depth=rep.doses[0], shank=-rep.doses[1])
    else:
        score.phase(phase, seconds, depth=0.0)
    end = score.now_s
    score.move("lumbar", rise + 0.15 * seconds, end, 0.0)
    score.move("thorax", rise, rise + 0.35 * seconds, rep.wander_deg)
    score.move("thorax", rise + 0.45 * seconds, end, 0.2 * rep.wander_deg)
    if rep.fault in COURSES and rep.strength > 0.0:
        course = _course(rep)
        come, go = (tuple(rise + share * seconds for share in part) for part in (course.come, course.go))
        score.move(course.channel, come[0] - course.lead_s, come[1], course.sign * rep.doses[0])
        score.move(course.channel, go[0], go[1], 0.0)
    if rep.fault == "overextension" and rep.strength > 0.0:
        score.move("lumbar_more", rise + 0.7 * seconds, end + 0.05, -rep.doses[0])
        score.move("lumbar_more", end + 0.45, end + 0.85, 0.0)


def _top(rep: _Rep, score: Score, rng: np.random.Generator) -> None:
    seconds = rng.uniform(0.3, 0.55)
    if rep.strength > 0.0:
        seconds += {"overextension": 0.5, "soft_lockout": 0.3}.get(rep.fault, 0.0)
    score.phase("top", seconds)
