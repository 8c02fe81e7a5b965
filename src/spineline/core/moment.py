"""The newest frame, as it can be told at once: the gauge of a live set.

The same readings and the same reference as in `spineline.core.analysis`, but filtered by what came before alone. So a
change is followed late, by `lag_s`; reps and verdicts wait for the whole picture and come from the analysis.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from spineline.core.reading import read_pose, read_spine
from spineline.core.reference import Reference
from spineline.core.settings import FilterSettings, Settings
from spineline.core.skeleton import Landmark
from spineline.core.track import Floats, PoseTrack
from spineline.core.view import HIPS

_GLANCE_S: Final = 0.15
"""So old may the mark of the plate be: looking for it is the last thing that is done with a picture."""


_MARKS: Final = (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER, *HIPS)


@dataclass(frozen=True, eq=False)
class Moment:
    """What is known of one frame. NaN is not measured, and ``reason`` says why.

    ``points_px`` ``(9, 2)`` are the spine points, ``hip_px`` and ``plate_px`` ``(2,)``, all in picture pixels.
    """

    time_s: float
    change_deg: float
    sigma_deg: float
    reason: str
    trunk_deg: float
    points_px: Floats
    hip_px: Floats
    plate_px: Floats


def lag_s(filters: FilterSettings) -> float:
    """Return how late a steady change of the back is followed; see `spineline.core.signals.smooth`."""
    return 0.225 / filters.spine_cutoff_hz + filters.spine_median_s / 2


def newest(track: PoseTrack, reference: Reference, settings: Settings) -> Moment:
    """Measure the last frame of a track by the frames before it.

    Parameters
    ----------
    track
        The last seconds, T > 0 frames. Some seconds are enough: the filters remember less.
    reference
        What the change is measured from.
    settings
        Thresholds.
    """
    pose = read_pose(track, settings, causal=True, marks=_MARKS)
    spine = read_spine(track, pose, settings, causal=True)
    change_deg, sigma_deg = reference.change(spine)
    return Moment(
        time_s=float(track.time_s[-1]),
        change_deg=float(change_deg[-1]),
        sigma_deg=float(sigma_deg[-1]),
        reason=str(spine.reason[-1]),
        trunk_deg=float(pose.angles.trunk_deg[-1]),
        points_px=spine.points_px[-1],
        hip_px=pose.hips_px[-1],
        plate_px=_last_plate_px(track),
    )


def _last_plate_px(track: PoseTrack) -> Floats:
    """Return where the plate was found last, ``(2,)``, NaN if that is longer ago than a glance."""
    lately = (track.time_s >= track.time_s[-1] - _GLANCE_S) & np.isfinite(track.plate_px[:, 3])
    return track.plate_px[np.flatnonzero(lately)[-1], :2] if lately.any() else np.full(2, np.nan)
