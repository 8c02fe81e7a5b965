"""Every rule on a simulated lifter with that fault: found, whole way through; and what must not change it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from spineline.core.analysis import Analysis, analyze
from spineline.core.figure import Camera
from spineline.core.rules import RULES
from spineline.core.sim import LUMBAR_EDGE_DEG, THORACIC_EDGE_DEG, Flaws, Move, lift, simulate
from spineline.core.track import PoseTrack
from tests.core.scenes import delayed, mirrored, scaled, unplated

NAN = float("nan")


def worked(script: Sequence[Move], number: int, *parts: dict[str, Any]) -> list[Move]:
    """Replace one way up of a script by parts of it, each with what it asks for besides."""
    at = [i for i, move in enumerate(script) if move.phase == "ascend"][number]
    steps = [replace(script[at], **part) for part in parts]
    return [*script[:at], *steps, *script[at + 1 :]]


def early(name: str, value: float, back: float = 0.0) -> tuple[dict[str, Any], ...]:
    """Ask for something early on the way up, which is gone at its end."""
    return {"seconds": 0.5, "depth": 0.8, name: value}, {"seconds": 0.9, "depth": 0.0, name: back}


FLOOR, SQUAT = lift("conventional", reps=3), lift("back_squat", reps=3)
SEVERAL = lift("bodyweight_squat", reps=3)
ROUNDED = lift("conventional", reps=3, rounding_deg=15.0)
HITCH = ({"seconds": 0.8, "depth": 0.3}, {"seconds": 0.4, "depth": 0.4}, {"seconds": 0.7, "depth": 0.0})
HIPS_FIRST = ({"seconds": 0.8, "depth": 0.2, "lean_deg": 52.0}, {"seconds": 0.9, "depth": 0.0, "lean_deg": 0.0})
SHALLOW = [replace(move, depth=0.85) if i in (5, 6) else move for i, move in enumerate(SQUAT)]
LEANING_BACK = [replace(move, lean_deg={"ascend": -15.0, "descend": 0.0}.get(move.phase)) for move in FLOOR]
ROUND = early("thoracic_deg", THORACIC_EDGE_DEG + 15, THORACIC_EDGE_DEG)
LOW_ROUND = early("lumbar_deg", LUMBAR_EDGE_DEG + 15, LUMBAR_EDGE_DEG)

PLANTED: dict[str, tuple[str, Sequence[Move], int]] = {
    "thoracic_setup": ("conventional", ROUNDED, 2),
    "thoracic_rounding": ("conventional", ROUNDED, 2),
    "thoracic_growth": ("conventional", worked(FLOOR, 1, *ROUND), 2),
    "thoracic_creep": ("back_squat", lift("back_squat", reps=3, rounding_deg=[0.0, 0.0, 15.0]), 3),
    "lumbar_growth": ("conventional", worked(FLOOR, 1, *LOW_ROUND), 2),
    "chest_drop": ("back_squat", worked(SQUAT, 1, *early("lean_deg", 25.0)), 2),
    "hips_rise": ("conventional", worked(FLOOR, 1, *HIPS_FIRST), 2),
    "bar_drift": ("conventional", worked(FLOOR, 1, *early("bar_m", 0.3)), 2),
    "strain_index": ("back_squat", worked(SQUAT, 2, *early("lean_deg", 30.0)), 3),
    "neck_back": ("conventional", worked(FLOOR, 1, *early("neck_deg", -45.0)), 2),
    "neck_tucked": ("conventional", worked(FLOOR, 1, *early("neck_deg", 45.0)), 2),
    "hitch": ("conventional", worked(FLOOR, 1, *HITCH), 2),
    "soft_lockout": ("conventional", worked(FLOOR, 1, {"depth": 0.25}), 2),
    "overextension": ("conventional", LEANING_BACK, 2),
    "depth": ("back_squat", SHALLOW, 2),
    "asymmetry": ("bodyweight_squat", worked(SEVERAL, 1, *early("tilt_deg", 14.0)), 2),
}
"""For each rule a style, a script with that fault, and the rep that has it."""


@cache
def filmed(name: str, fps: float = 30.0) -> PoseTrack:
    """Record a fault."""
    style, script, _ = PLANTED[name]
    camera = Camera(yaw_deg=90.0) if name == "asymmetry" else Camera()
    flaws = Flaws(noise_px=0.5, seed=1)
    track = simulate(script, style=style, fps=fps, camera=camera, flaws=flaws, silhouettes=False).track
    return unplated(track) if name == "asymmetry" else track


def values(found: Analysis, name: str) -> list[float]:
    """Give what one rule measured in every rep."""
    return [check.found.value for result in found.reps for check in result.checks if check.rule == name]


def test_every_rule_is_here() -> None:
    assert set(PLANTED) == set(RULES)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_in_its_rep(name: str) -> None:
    rep = PLANTED[name][2]
    found = analyze(filmed(name))
    assert len(found.reps) == 3
    flags = [flag for flag in found.reps[rep - 1].flags if flag.rule == name]
    assert flags, values(found, name)
    (flag,) = flags
    result = found.reps[rep - 1].rep
    assert result.start_s - 0.5 <= flag.time_s <= result.end_s + 0.5
    assert flag.value >= flag.threshold
    assert flag.message.startswith(f"Rep {rep}, ")


@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize("style", ["conventional", "back_squat"])
def test_a_clean_set_has_no_finding(name: str, style: str) -> None:
    found = analyze(simulate(lift(style, reps=3), style=style, silhouettes=False).track)
    assert not [flag for result in found.reps for flag in result.flags if flag.rule == name]


@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize("look", ["mirror", "pixels", "clock"])
def test_mirror_pixels_and_clock_change_nothing(name: str, look: str) -> None:
    track = filmed(name)
    seen = {"mirror": mirrored(track), "pixels": scaled(track, 0.37), "clock": delayed(track, 50.0)}[look]
    expected, found = analyze(track), analyze(seen)
    near = 1.0 if look == "clock" else 1e-6  # signals are filtered on a grid of 120 Hz that begins with the clock
    np.testing.assert_allclose(values(found, name), values(expected, name), rtol=0, atol=near)
    assert [result.verdict for result in found.reps] == [result.verdict for result in expected.reps]


@pytest.mark.parametrize("name", PLANTED)
def test_the_frame_rate_changes_little(name: str) -> None:
    slow, fast = (values(analyze(filmed(name, fps)), name) for fps in (20.0, 60.0))
    tolerance = {"m": 0.012, "deg": 2.5, "pct": 4.0}[RULES[name].unit]
    np.testing.assert_allclose(slow, fast, rtol=0.1, atol=tolerance)
