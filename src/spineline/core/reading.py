"""From a track to pose and spine that can be believed, filtered in time: what analyses and live moments rest on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from spineline.core import signals, spine, view
from spineline.core.kinematics import Joints, Kinematics, in_plane, kinematics, marks_of, sagittal
from spineline.core.scene import Aspect
from spineline.core.settings import Settings
from spineline.core.signals import percentile_of
from spineline.core.skeleton import Landmark
from spineline.core.spine import Spine
from spineline.core.track import Bools, Floats, PoseTrack
from spineline.core.view import Side


@dataclass(frozen=True)
class View:
    """Where the camera stood: the lifter's near side and the median yaw, NaN if unseen."""

    side: Side | Literal["unknown"]
    yaw_deg: float
    facing: Side | Literal["unknown"]


@dataclass(frozen=True, eq=False)
class Pose:
    """The lifter's pose as far as it can be believed, smoothed; each ``(T,)``.

    ``hips_px`` and ``wrists_px`` ``(T, 2)`` are the middle of both, in the picture; ``tilt_deg`` is that of the line of
    the shoulders.
    """

    facing: Floats
    trusted: Bools
    yaw_deg: Floats
    hips_px: Floats
    wrists_px: Floats
    tilt_deg: Floats
    joints: Joints
    angles: Kinematics
    view: View


def read_pose(
    track: PoseTrack, settings: Settings, *, causal: bool = False, marks: Sequence[Landmark] | None = None
) -> Pose:
    """Smooth what can be believed of the pose, and bring it into the sagittal plane.

    With ``causal`` every frame rests on itself and those before it alone, as in `spineline.core.signals.smooth`.
    Landmarks beside ``marks``, and what rests on them, are NaN; without ``marks``, those that nothing rests on.
    """
    facing = view.steady_facing(track.time_s, track.facing)
    trusted = view.trusted(track, max_torso_ratio=settings.view.max_torso_ratio)
    seen_yaw_deg = view.yaw_deg(track.world_m, facing) - settings.view.yaw_bias_deg
    if aspect_of(percentile_of(seen_yaw_deg[trusted], 50), settings) == "side":
        trusted &= ~view.folded(track, min_thigh_share=settings.view.min_thigh_share)
    yaw_deg = _smooth(track, np.where(trusted, seen_yaw_deg, np.nan), settings, landmarks=True, causal=causal)
    side = view.near_side(track.visibility[trusted]) if trusted.any() else None
    marks = marks or marks_of(side or "left")
    believed_px = np.where(trusted[:, None, None], track.landmarks_px[:, marks], np.nan)
    smooth_px = _smooth(track, believed_px, settings, landmarks=True, causal=causal)
    px = dict.fromkeys(Landmark, np.broadcast_to(np.nan, smooth_px[:, 0].shape))
    px.update(zip(marks, smooth_px.swapaxes(0, 1), strict=True))
    # Far from a side view the cosine runs away; there the back is not measured anyway.
    limit_deg = settings.view.max_yaw_deg
    joints = sagittal(px, facing, np.clip(yaw_deg, -limit_deg, limit_deg), side or "left")
    seen_from = _view(side, facing, trusted, yaw_deg)
    return Pose(
        facing=facing,
        trusted=trusted,
        yaw_deg=yaw_deg,
        hips_px=(px[Landmark.LEFT_HIP] + px[Landmark.RIGHT_HIP]) / 2,
        wrists_px=(px[Landmark.LEFT_WRIST] + px[Landmark.RIGHT_WRIST]) / 2,
        tilt_deg=view.tilt_deg(px[Landmark.LEFT_SHOULDER], px[Landmark.RIGHT_SHOULDER]),
        joints=joints,
        angles=kinematics(joints),
        view=seen_from,
    )


def read_spine(track: PoseTrack, pose: Pose, settings: Settings, *, causal: bool = False) -> Spine:
    """Read the spine; angles are filtered in time, points and everything else stay as seen."""
    raw = spine.estimate(track, pose.facing, pose.yaw_deg, pose.trusted, settings.view)
    names = ("thoracic_deg", "lumbar_deg", "sigma_deg", "bend_deg", "bend_sigma_deg", "neck_deg", "chest_deg")
    read = _smooth(
        track, np.stack([getattr(raw, name) for name in names], axis=1), settings, landmarks=False, causal=causal
    )
    filtered = replace(raw, **dict(zip(names, read.T, strict=True)))
    return replace(filtered, bend_sigma_deg=settings.filters.bend_sigma_left * filtered.bend_sigma_deg)


def _smooth(track: PoseTrack, values: Floats, settings: Settings, *, landmarks: bool, causal: bool) -> Floats:
    f = settings.filters
    return signals.smooth(
        track.time_s,
        values,
        cutoff_hz=f.landmark_cutoff_hz if landmarks else f.spine_cutoff_hz,
        median_s=f.landmark_median_s if landmarks else f.spine_median_s,
        max_gap_s=f.max_gap_s,
        causal=causal,
    )


def steady_plane(points_px: Floats, seen_from: View, *, max_yaw_deg: float) -> Floats:
    """Turn picture points ``(T, n, 2)`` into the sagittal plane, by one side and one yaw for the whole recording.

    So a place is where it is whatever becomes of the lifter, who may turn, be hidden or lost.
    """
    yaw_deg = float(np.clip(np.nan_to_num(seen_from.yaw_deg), -max_yaw_deg, max_yaw_deg))
    sign = -1.0 if seen_from.facing == "left" else 1.0
    return in_plane(points_px, np.full(len(points_px), sign), np.full(len(points_px), yaw_deg))


def aspect_of(yaw_deg: float, settings: Settings) -> Aspect:
    """Tell from where the camera looks; unknown is from neither."""
    off_deg = abs(yaw_deg)
    if off_deg >= settings.view.across_deg:
        return "across"
    return "side" if off_deg <= settings.view.lean_yaw_deg else "between"


def _view(side: Side | None, facing: Floats, trusted: Bools, yaw_deg: Floats) -> View:
    """Summarise where the camera stood."""
    if side is None:
        return View("unknown", float("nan"), "unknown")
    turned = float(np.sum(facing[trusted]))
    return View(side, percentile_of(yaw_deg, 50), "right" if turned > 0 else "left")
