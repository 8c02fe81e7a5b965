"""What a motion shows: its angles, and how much of every fault each repetition has.

Angles are degrees. ``knee_deg`` and ``hip_deg`` are the angles inside the joint (180 straight), ``trunk_deg`` is the
lean of the line mid-hip to mid-shoulder from upright (forward positive), ``neck_deg`` the extension of the head
against T1, ``neck_line_deg`` that of the line C7 - C1 against T3 - C7, ``thigh_deg`` the thigh's turn from upright seen
from the side (90 is level, more with the hip below the knee), ``shoulder_tilt_deg`` how far the line of the shoulders
is off level (left up positive), ``thoracic_deg`` and ``lumbar_deg`` as in `training.skeleton`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import skeleton as sk
from training.lifts import EXERCISES, way_up_s
from training.motion import Motion
from training.score import TrueRep
from training.skeleton import Array

Bools = NDArray[np.bool_]
CHEST_PART, HIPS_PART = 0.3, 0.4
"""Shares of the way up, by the height of the shoulders, in which the chest drops or the hips rise."""
DRIFT_PART = 0.85
"""Share of the way up, by the height of the bar, in which it may drift."""


def angles(motion: Motion) -> dict[str, Array]:
    """Return the angles of every frame, each (T,), degrees."""
    trunk = motion.shoulders_m.mean(axis=1) - motion.hip_mid_m
    knee = _inside(motion.hips_m, motion.knees_m, motion.ankles_m).mean(axis=1)
    hips = _inside(motion.shoulders_m, motion.hips_m, motion.knees_m).mean(axis=1)
    neck = -np.degrees(motion.pitch_rad[:, sk.SEGMENT["head"]] - motion.pitch_rad[:, sk.SEGMENT["T1"]])
    thigh = motion.knees_m.mean(axis=1) - motion.hips_m.mean(axis=1)
    across = motion.shoulders_m[:, 0] - motion.shoulders_m[:, 1]
    return {
        "thoracic_deg": motion.thoracic_deg,
        "thoracic_change_deg": motion.thoracic_deg - motion.standing_deg,
        "lumbar_deg": motion.lumbar_deg,
        "trunk_deg": np.degrees(np.arctan2(trunk[:, 0], trunk[:, 2])),
        "hip_deg": hips,
        "knee_deg": knee,
        "neck_deg": neck,
        "neck_line_deg": _neck_line(motion),
        "thigh_deg": np.degrees(np.arctan2(thigh[:, 0], -thigh[:, 2])),
        "shoulder_tilt_deg": np.degrees(np.arctan2(across[:, 2], np.hypot(across[:, 0], across[:, 1]))),
    }


def _neck_line(motion: Motion) -> Array:
    """Return the extension of the line C7 - C1 against T3 - C7, degrees: about half of what the head does."""
    points = sk.spine_points(motion.spine_m)
    c1, c7, t3 = (points[:, sk.SPINE_POINTS.index(name)] for name in ("C1", "C7", "T3"))
    lower, upper = (np.degrees(np.arctan2(way[:, 0], way[:, 2])) for way in (c7 - t3, c1 - c7))
    return np.asarray(lower - upper)


def _inside(first_m: Array, corner_m: Array, last_m: Array) -> Array:
    """Return the angle at the corner, degrees, over leading axes; stable for straight joints."""
    a, b = first_m - corner_m, last_m - corner_m
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.asarray(np.degrees(np.arctan2(across, (a * b).sum(axis=-1))))


def bar_m(motion: Motion) -> Array:
    """Return the middle of the weight (T, 2): forward of the middle of the feet, and up from the floor."""
    middle_x = motion.ankles_m[:, :, 0].mean(axis=1) + motion.skeleton.midfoot_x_m
    return np.stack([motion.implement_m[:, 0] - middle_x, motion.implement_m[:, 2]], axis=1)


@dataclass(frozen=True)
class _Seen:
    """Columns of a motion (T,), with their medians in the calm standing before the first repetition (NaN if none)."""

    motion: Motion
    column: dict[str, Array]
    standing: dict[str, float]

    def __getitem__(self, name: str) -> Array:
        return self.column[name]


@dataclass(frozen=True)
class _Parts:
    """Frames of one repetition: all of it, its way up, its top."""

    whole: Bools
    up: Bools
    top: Bools

    def first(self, height: Array, share: float) -> Bools:
        """Return the frames of the way up until a height (T,) has risen by a share of its whole rise."""
        index = np.flatnonzero(self.up)
        z = height[index]
        past = np.flatnonzero(z >= z[0] + share * (z[-1] - z[0]))
        out = np.zeros_like(self.up)
        out[index[: past[0] + 1 if len(past) else None]] = True
        return out


def rep_metrics(motion: Motion) -> list[dict[str, Any]]:
    """Return how much of every fault each repetition inside the clip shows, whatever was planted.

    One dictionary per repetition with the names of `training.faults.FAULTS`, in degrees or metres; None where a fault
    cannot be in this exercise, or where calm standing or earlier repetitions are missing. The way up of a lift from
    the floor is from lift-off to lockout, of others from the turn to the end. ``soft_lockout`` holds ``knee_deg`` and
    ``trunk_deg``, and ``thoracic_growth_at`` says at what share of the way up the change was largest.
    """
    seen = _look(motion)
    parts = [_parts(motion, rep) for rep in motion.reps]
    peaks = [float(seen["thoracic_change_deg"][p.whole].max()) for p in parts]
    deepest = [float(seen["thigh_deg"][p.whole].max()) for p in parts]
    rows = []
    for k, part in enumerate(parts):
        row = _of_trunk(seen, part) | _of_bar(seen, part) | _of_ends(seen, part)
        row["thoracic_creep"] = peaks[k] - float(np.median(peaks[:2])) if k >= 2 else None
        row["depth"] = max(deepest) - deepest[k] if _kind(motion) == "squat" else None
        rows.append({name: _plain(value) for name, value in sorted(row.items())})
    return rows


def _kind(motion: Motion) -> str:
    return EXERCISES[motion.recipe.exercise].kind


def _plain(value: Any) -> Any:
    """Round for JSON; NaN becomes None."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return None if value is None or not np.isfinite(value) else round(float(value), 4)


def _look(motion: Motion) -> _Seen:
    bar = bar_m(motion)
    column = angles(motion) | {"shoulder_m": motion.shoulders_m[:, :, 2].mean(axis=1)}
    column |= {"bar_x_m": bar[:, 0], "bar_z_m": bar[:, 1], "tilt_deg": np.abs(column["shoulder_tilt_deg"])}
    first = min([rep.start_s for rep in motion.reps], default=np.inf)
    calm = (np.array(motion.phase) == "stand") & (motion.time_s < first)
    standing = {name: float(np.median(values[calm])) if calm.any() else np.nan for name, values in column.items()}
    return _Seen(motion, column, standing)


def _parts(motion: Motion, rep: TrueRep) -> _Parts:
    begin_s, end_s = way_up_s(motion.recipe.exercise, rep.start_s, rep.turn_s, rep.end_s)
    t = motion.time_s
    whole = (t >= rep.start_s - 1e-6) & (t <= rep.end_s + 1e-6)
    up = (t >= begin_s - 1e-6) & (t <= end_s + 1e-6)
    top = np.zeros_like(up)
    last = int(np.flatnonzero(up)[-1])
    top[last] = True
    for frame in range(last + 1, len(t)):
        if motion.phase[frame] != "top":
            break
        top[frame] = True
    return _Parts(whole, up, top)


def _of_trunk(seen: _Seen, part: _Parts) -> dict[str, Any]:
    """Return the faults of spine, head and shoulders."""
    start = int(np.flatnonzero(part.up)[0])
    change, neck = seen["thoracic_change_deg"], seen["neck_line_deg"] - seen.standing["neck_line_deg"]
    lumbar, trunk, height = seen["lumbar_deg"], seen["trunk_deg"], seen["shoulder_m"]
    largest = int(np.flatnonzero(part.up)[np.argmax(change[part.up])])
    squat = _kind(seen.motion) == "squat"
    from_floor = EXERCISES[seen.motion.recipe.exercise].from_floor
    rise = np.ptp(height[part.up])
    return {
        "thoracic_setup": change[start],
        "thoracic_growth": min(change[largest] - change[start], max(change[largest], 0.0)),
        "thoracic_growth_at": (height[largest] - height[start]) / max(rise, 1e-6),
        "chest_drop": trunk[part.first(height, CHEST_PART)].max() - trunk[start] if squat else None,
        "hips_rise": trunk[part.first(height, HIPS_PART)].max() - trunk[start] if from_floor else None,
        "neck_back": neck[part.up].max(),
        "neck_tucked": -neck[part.up].min(),
        "lumbar_growth": lumbar[part.up].max() - lumbar[start],
        "asymmetry": seen["tilt_deg"][part.up].max() - seen.standing["tilt_deg"],
    }


def _of_bar(seen: _Seen, part: _Parts) -> dict[str, Any]:
    """Return the faults of a hanging weight's path."""
    if EXERCISES[seen.motion.recipe.exercise].load_place != "grip" or np.isnan(seen["bar_z_m"][part.up]).any():
        return {"bar_drift": None, "hitch": None}
    z, x = seen["bar_z_m"], seen["bar_x_m"]
    early = part.first(z, DRIFT_PART)
    way = z[part.up]
    return {
        "bar_drift": x[early].max() - x[early][0],
        "hitch": (np.maximum.accumulate(way) - way).max(),
    }


def _of_ends(seen: _Seen, part: _Parts) -> dict[str, Any]:
    """Return the faults at the top of a hinge."""
    if _kind(seen.motion) != "hinge":
        return {"soft_lockout": None, "overextension": None}
    knee, trunk = seen["knee_deg"][part.top], seen["trunk_deg"][part.top]
    return {
        "soft_lockout": {
            "knee_deg": seen.standing["knee_deg"] - np.median(knee),
            "trunk_deg": np.median(trunk) - seen.standing["trunk_deg"],
        },
        "overextension": seen.standing["trunk_deg"] - trunk.min(),
    }
