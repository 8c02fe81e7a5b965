"""Where the weight is: the bar by the edge of its near plate, else by the hands that hold it, in metres.

The plate is nearer to the camera than the lifter, by half a bar: it looks larger and, off a side view, lies aside.
Both cancel in how far it moves when it is measured in the plate's own scale. So the path is exact as a change; where
the bar is over the foot is not told.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from spineline.core import signals
from spineline.core.kinematics import Joints
from spineline.core.settings import BarSettings, FilterSettings
from spineline.core.track import Bools, Floats, Ints, PoseTrack

Source = Literal["plate", "hands", "none"]
Scale = Literal["plate", "height", "average_height"]

_CHAIN_HEIGHTS: Final = 0.752
"""Ankle to knee to hip to shoulder, in statures: median of standing rendered lifters."""

_SLACK_RADII: Final = 0.15
"""So far, in radii, may neighbouring finds lie apart besides any motion."""

_UNSURE_WORTH: Final = 0.2
_MOST_JUMPS: Final = 50

_PATH_PERCENTILES: Final = (5.0, 95.0)


@dataclass(frozen=True, eq=False)
class Bar:
    """Path of the weight, each ``(T,)``, NaN where unseen.

    ``forward_m`` and ``up_m`` from where it is first seen; ``sigma_m`` is one standard deviation of a way along it,
    ``px_per_m`` the scale, ``scale_sigma`` its relative standard deviation, ``scale`` where it comes from.
    """

    forward_m: Floats
    up_m: Floats
    sigma_m: float
    source: Source
    px_per_m: float
    scale_sigma: float
    scale: Scale

    def sigma_of(self, way_m: float) -> float:
        """Return one standard deviation of a way: where it was seen, and the scale."""
        return float(np.hypot(self.sigma_m, self.scale_sigma * way_m))


def plate_path(track: PoseTrack, filters: FilterSettings, settings: BarSettings) -> Floats:
    """Return the middle of the near plate, smoothed, ``(T, 2)`` in picture pixels, NaN where it was not found.

    A find of another size is something else, or an inner ring of the plate. Wrong finds come in runs at one place:
    of all runs those are kept that together make the best path which no run jumps off faster than a bar can move.
    """
    radius_px, score = track.plate_px[:, 2], track.plate_px[:, 3]
    with np.errstate(invalid="ignore"):
        sure = score >= settings.sure_score
        if not sure.any():
            return np.full((len(track), 2), np.nan)
        usual_px = float(np.median(radius_px[sure]))
        alike = np.flatnonzero(np.abs(radius_px / usual_px - 1.0) <= settings.max_radius_change)
    fastest_px_s = settings.max_speed_m_s * 2 * usual_px / settings.plate_m
    kept = alike[_best_path(track.time_s[alike], track.plate_px[alike], fastest_px_s, settings.sure_score)]
    path_px = np.full((len(track), 2), np.nan)
    path_px[kept] = track.plate_px[kept, :2]
    smooth_px = signals.smooth(
        track.time_s,
        path_px,
        cutoff_hz=filters.landmark_cutoff_hz,
        median_s=filters.landmark_median_s,
        max_gap_s=filters.max_gap_s,
    )
    return signals.bridged(track.time_s, smooth_px, max_gap_s=filters.max_gap_s)


def _best_path(time_s: Floats, plate_px: Floats, fastest_px_s: float, sure_score: float) -> Ints:
    """Return the indices of finds ``(n, 4)`` on the best path: the surest runs that no jump lies between."""
    if not len(time_s):
        return np.empty(0, dtype=np.intp)

    def reachable(i: Ints | int, j: Ints | int) -> Bools:
        apart_px = np.hypot(*(plate_px[j, :2] - plate_px[i, :2]).T)
        return np.asarray(apart_px <= fastest_px_s * (time_s[j] - time_s[i]) + _SLACK_RADII * plate_px[j, 2])

    n, sure = np.arange(len(time_s)), plate_px[:, 3] >= sure_score
    cuts = np.flatnonzero(~reachable(n[:-1], n[1:]) | (sure[:-1] != sure[1:])) + 1
    runs = np.split(n, cuts)
    first, last = np.array([run[0] for run in runs]), np.array([run[-1] for run in runs])
    worth = [float(np.where(sure[run], 1.0, _UNSURE_WORTH).sum()) for run in runs]
    best, before = list(worth), [-1] * len(runs)
    for k in range(1, len(runs)):
        earlier = np.arange(max(0, k - _MOST_JUMPS), k)
        earlier = earlier[reachable(last[earlier], first[k])]
        if earlier.size:
            before[k] = int(earlier[np.argmax([best[i] for i in earlier])])
            best[k] += best[before[k]]
    k, kept = int(np.argmax(best)), []
    while k >= 0:
        kept.append(runs[k])
        k = before[k]
    return np.concatenate(kept[::-1])


def is_lifted(plate_px: Floats, joints: Joints, settings: BarSettings) -> bool:
    """Tell whether the plate is the lifter's: moved by more than a share of the torso, and seen most of the time.

    That is the time since the lifter or the plate first was; before, nobody knew where to look.
    """
    known = np.isfinite(plate_px[:, 1])
    either = known | np.isfinite(joints.shoulder[:, 1])
    if not known.any() or known[int(either.argmax()) :].mean() < settings.min_plate_share:
        return False
    low, high = np.percentile(plate_px[known, 1], _PATH_PERCENTILES)
    return bool(high - low >= settings.min_way_torsos * joints.torso_px)


def find_bar(
    track: PoseTrack, plate: Floats, joints: Joints, *, held_low: bool, height_m: float | None, settings: BarSettings
) -> Bar:
    """Find the path of the weight.

    Parameters
    ----------
    track
        T frames.
    plate
        ``(T, 2)`` path in the sagittal plane, in pixels, of a plate that `is_lifted`; all NaN without one.
    joints
        In the sagittal plane, in pixels.
    held_low
        The weight hangs from the hands, so that they tell where it is.
    height_m
        Of the lifter, None if not stated.
    settings
        Sizes and uncertainties.
    """
    if np.isfinite(plate).any():
        px_per_m = 2 * float(np.nanmedian(track.plate_px[:, 2])) / settings.plate_m
        forward_m, up_m = _ways_m(plate, px_per_m)
        scale_sigma = settings.plate_scale_sigma
        return Bar(forward_m, up_m, settings.plate_sigma_m, "plate", px_per_m, scale_sigma, "plate")
    px_per_m, scale, scale_sigma = body_scale(joints, height_m, settings)
    if held_low and np.isfinite(joints.wrist).any():
        forward_m, up_m = _ways_m(joints.wrist, px_per_m)
        return Bar(forward_m, up_m, settings.hands_sigma_m, "hands", px_per_m, scale_sigma, scale)
    nowhere = np.full(len(track), np.nan)
    return Bar(nowhere, nowhere, float("nan"), "none", px_per_m, scale_sigma, scale)


def _ways_m(path: Floats, px_per_m: float) -> Floats:
    """Return how far forward and up of its first place a path in pixels lies, ``(2, T)``."""
    first = path[int(np.argmax(np.isfinite(path).all(axis=1)))]
    return np.asarray(((path - first) / px_per_m).T)


def body_scale(joints: Joints, height_m: float | None, settings: BarSettings) -> tuple[float, Scale, float]:
    """Return pixels per metre in the plane of the body, where that comes from, and its relative sigma."""
    parts = ((joints.ankle, joints.knee), (joints.knee, joints.near_hip), (joints.hip, joints.shoulder))
    chain_px = sum((np.hypot(*(high - low).T) for low, high in parts), np.zeros(len(joints.hip)))
    known_px = chain_px[np.isfinite(chain_px)]
    longest_px = float(np.percentile(known_px, 80)) if known_px.size else float("nan")
    px_per_m = longest_px / (_CHAIN_HEIGHTS * (height_m or settings.average_height_m))
    if height_m:
        return px_per_m, "height", settings.chain_sigma
    spread = settings.average_height_sd_m / settings.average_height_m
    return px_per_m, "average_height", float(np.hypot(settings.chain_sigma, spread))
