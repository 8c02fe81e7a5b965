"""Every point of the lifter under one name, for other programs: landmarks and spine points, as seen, unfiltered.

A landmark is missing where its pose cannot be believed or where it is not seen well, a spine point where the upper
back was not measured. Missing is NaN.
"""

from typing import Final

import numpy as np

from spineline.core.analysis import Analysis
from spineline.core.reading import steady_plane
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.core.track import Floats

_FOOT: Final = {
    "left": [Landmark.LEFT_HEEL, Landmark.LEFT_FOOT_INDEX],
    "right": [Landmark.RIGHT_HEEL, Landmark.RIGHT_FOOT_INDEX],
}


def _marker(mark: Landmark) -> str:
    """Name a landmark as markers of OpenSim are named: the side first, as in ``LBigToe``."""
    words = mark.name.replace("FOOT_INDEX", "BIG_TOE").split("_")
    side = next((word[0] for word in words if word in ("LEFT", "RIGHT")), "")
    return side + "".join(word.capitalize() for word in words if word not in ("LEFT", "RIGHT"))


MARKERS: Final = (*map(_marker, Landmark), *SPINE_POINTS)
"""Names of all points: the landmarks in their order, then the spine points."""


def believed_px(analysis: Analysis) -> Floats:
    """Return the landmarks ``(T, 33, 2)`` in the picture, NaN in frames whose pose cannot be believed."""
    lost = analysis.spine.reason == "no_pose"
    return np.where(lost[:, None, None], np.nan, analysis.track.landmarks_px)


def markers_px(analysis: Analysis) -> Floats:
    """Return every point in the picture, ``(T, 42, 2)`` in the order of `MARKERS`: x to the right, y down."""
    with np.errstate(invalid="ignore"):
        seen = analysis.track.visibility >= analysis.settings.view.min_visibility
    landmarks_px = np.where(seen[:, :, None], believed_px(analysis), np.nan)
    return np.concatenate([landmarks_px, analysis.spine.points_px], axis=1)


def markers_m(analysis: Analysis) -> Floats:
    """Return every point in the sagittal plane, ``(T, 42, 2)``: x forward, y up, in metres.

    The origin is the middle of the near foot, its median over the recording. Only as exact as
    `Analysis.body_px_per_m`; `without_metres` says where there is none.
    """
    points_px = markers_px(analysis)
    from_foot_px = points_px - np.median(_near_foot_px(analysis), axis=0)
    plane_px = steady_plane(from_foot_px, analysis.view, max_yaw_deg=analysis.settings.view.max_yaw_deg)
    return plane_px / analysis.body_px_per_m


def _near_foot_px(analysis: Analysis) -> Floats:
    """Return the middle between heel and toes, ``(n, 2)``, in those frames where both are seen."""
    foot_px = markers_px(analysis)[:, _FOOT[analysis.view.side]].mean(axis=1)
    return np.asarray(foot_px[np.isfinite(foot_px).all(axis=1)])


def without_metres(analysis: Analysis, height_m: float | None) -> str:
    """Say why no point can be given in metres; empty if they can.

    A plate gives no scale for the body: it is nearer to the camera, by half a bar.
    """
    if analysis.view.facing == "unknown":
        return "nobody could be followed"
    if not abs(analysis.view.yaw_deg) <= analysis.settings.view.max_yaw_deg:
        return "the camera stands too far from a side view"
    if not len(_near_foot_px(analysis)):
        return "the foot nearer to the camera was not seen"
    return "" if height_m else "the height of the lifter is not known; state it with --height"
