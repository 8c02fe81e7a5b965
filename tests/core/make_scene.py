"""Small sets with prescribed signals, for the tests of rules and verdicts."""

from dataclasses import replace
from typing import Any

import numpy as np

from spineline.core.bar import Bar
from spineline.core.reps import Rep, Start
from spineline.core.scene import Found, Scene, Standing
from spineline.core.terms import Exercise
from spineline.core.track import Floats

NAN = float("nan")
REP_S = 2.0
FPS = 50.0


def make_reps(count: int, begins: Start) -> tuple[Rep, ...]:
    """Give reps of 2 s that turn half-way, the first from 1 s on."""
    return tuple(Rep(i + 1, 1 + i * REP_S, 2 + i * REP_S, 3 + i * REP_S, begins) for i in range(count))


def make_scene(exercise: Exercise = "deadlift", *, reps: int = 1, begins: Start = "floor", **changes: Any) -> Scene:
    """Give a set in which nothing goes wrong; ``changes`` replace its fields, numbers standing for constant signals."""
    time_s = np.arange(0, 2 + reps * REP_S, 1 / FPS)
    every = make_reps(reps, begins)
    # From the floor the way up is the first half of each rep, from the top it is the second.
    cycle = np.cos(np.pi * (time_s - 1)) * (-1 if begins == "floor" else 1)
    rise = np.where((time_s >= 1) & (time_s <= every[-1].end_s), 0.5 * cycle, -0.5 if begins == "floor" else 0.5)
    plain: dict[str, Any] = {
        "change_deg": 0.0, "lumbar_deg": 20.0, "neck_deg": 5.0, "chest_deg": 4.0, "trunk_deg": 40.0,
        "thigh_deg": 60.0, "tilt_deg": 1.0,
        "rise": rise, "standing": Standing(4.0, 5.0, 1.0), "aspect": "side",
        "strains": tuple(Found(0.0, rep.turn_s) for rep in every), "bar": make_bar(np.zeros_like(time_s), rise / 2),
        **changes,
    }  # fmt: skip
    for name, value in plain.items():
        if isinstance(value, float | int):
            plain[name] = np.full(time_s.shape, float(value))
    return Scene(time_s=time_s, exercise=exercise, reps=every, **plain)


def make_bar(forward_m: Floats, up_m: Floats) -> Bar:
    """Give a path followed by the plate."""
    return Bar(forward_m, up_m, 0.005, "plate", 400.0, 0.04, "plate")


def bump(scene: Scene, start_s: float, end_s: float, height: float) -> Floats:
    """Rise from 0 to a height and back between two times, a plateau over the middle half, ``(T,)``."""
    share = (scene.time_s - start_s) / (end_s - start_s)
    return np.asarray(height * np.clip(4 * np.minimum(share, 1 - share), 0, 1))


def hidden(scene: Scene, start_s: float, end_s: float, *names: str) -> Scene:
    """Hide some signals between two times."""
    gone = (scene.time_s >= start_s) & (scene.time_s <= end_s)
    changed: dict[str, Any] = {name: np.where(gone, np.nan, getattr(scene, name)) for name in names}
    return replace(scene, **changed)
