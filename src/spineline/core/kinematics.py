"""Every angle per frame, for all frames at once.

Angles lie in -180..180 degrees, flexion is positive, 0 is standing upright with the joint straight. The picture
is taken as the sagittal plane: x is turned so that the lifter faces +x and divided by the cosine of the yaw.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from spineline.core.skeleton import Landmark
from spineline.core.track import Floats

_LEG: Final = {
    "left": (Landmark.LEFT_HIP, Landmark.LEFT_KNEE, Landmark.LEFT_ANKLE),
    "right": (Landmark.RIGHT_HIP, Landmark.RIGHT_KNEE, Landmark.RIGHT_ANKLE),
}
_TRUNK_AND_ARMS: Final = (
    Landmark.LEFT_EAR, Landmark.RIGHT_EAR, Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER,
    Landmark.LEFT_ELBOW, Landmark.RIGHT_ELBOW, Landmark.LEFT_WRIST, Landmark.RIGHT_WRIST,
    Landmark.LEFT_HIP, Landmark.RIGHT_HIP,
)  # fmt: skip

_SEEN_WELL: Final = 80
"""Percentile: a torso that leans to the camera looks shorter, and single landmarks jump."""

_KNEE_RANGE_DEG: Final = (-20.0, 165.0)
_HIP_RANGE_DEG: Final = (-45.0, 165.0)
_THIGH_RANGE_DEG: Final = (-45.0, 140.0)
"""No joint goes further: beyond, a landmark sits on a plate and the angle is not measured."""


@dataclass(frozen=True, eq=False)
class Joints:
    """Joint centres in the sagittal plane, each ``(T, 2)``, x forward and y up, in pixels.

    ``hip`` is the middle of both hips, ``near_hip`` that of the leg whose knee and ankle these are.
    """

    ear: Floats
    shoulder: Floats
    elbow: Floats
    wrist: Floats
    hip: Floats
    near_hip: Floats
    knee: Floats
    ankle: Floats

    @cached_property
    def torso_px(self) -> float:
        """Length from hip to shoulder where it is seen well, NaN if it never is."""
        length_px = np.hypot(*(self.shoulder - self.hip).T)
        return float(np.nanpercentile(length_px, _SEEN_WELL)) if np.isfinite(length_px).any() else float("nan")


@dataclass(frozen=True, eq=False)
class Kinematics:
    """Angles per frame, each ``(T,)`` in degrees, NaN where unseen.

    ``trunk_deg`` inclination of hip-shoulder from vertical, + forward; ``hip_deg`` flexion of the thigh against
    the trunk; ``knee_deg`` flexion; ``thigh_deg`` inclination of the thigh, 90 level, more with the hip below the knee.
    """

    trunk_deg: Floats
    hip_deg: Floats
    knee_deg: Floats
    thigh_deg: Floats


def marks_of(side: str) -> tuple[Landmark, ...]:
    """Return the landmarks that the joints of a near side rest on, each once."""
    return tuple(dict.fromkeys((*_TRUNK_AND_ARMS, *_LEG[side])))


def sagittal(landmarks_px: Mapping[Landmark, Floats], facing: Floats, yaw_deg: Floats, side: str) -> Joints:
    """Bring the landmarks into the lifter's sagittal plane.

    Shoulders, hips, ears and wrists are the middle of both sides; the leg is the near one, the far one being a guess
    more often than not.

    Parameters
    ----------
    landmarks_px
        Those of `marks_of` the near side, each ``(T, 2)``.
    facing
        ``(T,)`` +1 or -1.
    yaw_deg
        ``(T,)``; only its cosine is used.
    side
        ``left`` or ``right``, the near side.
    """
    near_hip, knee, ankle = _LEG[side]

    forward = facing / np.cos(np.radians(yaw_deg))

    def middle(one: Landmark, other: Landmark | None = None) -> Floats:
        px = landmarks_px[one] if other is None else (landmarks_px[one] + landmarks_px[other]) / 2
        return np.stack([px[:, 0] * forward, -px[:, 1]], axis=1)

    return Joints(
        ear=middle(Landmark.LEFT_EAR, Landmark.RIGHT_EAR),
        shoulder=middle(Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER),
        elbow=middle(Landmark.LEFT_ELBOW, Landmark.RIGHT_ELBOW),
        wrist=middle(Landmark.LEFT_WRIST, Landmark.RIGHT_WRIST),
        hip=middle(Landmark.LEFT_HIP, Landmark.RIGHT_HIP),
        near_hip=middle(near_hip),
        knee=middle(knee),
        ankle=middle(ankle),
    )


def in_plane(points_px: Floats, facing: Floats, yaw_deg: Floats) -> Floats:
    """Turn picture points ``(T, n, 2)`` into the sagittal plane: x forward, y up, still in pixels."""
    turned = np.stack([facing / np.cos(np.radians(yaw_deg)), -np.ones_like(facing)], axis=1)
    return np.asarray(points_px * turned[:, None])


def from_vertical_deg(low: Floats, high: Floats) -> Floats:
    """Inclination of ``low -> high`` from vertical, ``(T,)``, + forward."""
    up = high - low
    return np.asarray(np.degrees(np.arctan2(up[:, 0], up[:, 1])))


def wrapped_deg(angle_deg: Floats) -> Floats:
    """Bring angles to -180..180."""
    return np.asarray((angle_deg + 180.0) % 360.0 - 180.0)


def kinematics(joints: Joints) -> Kinematics:
    """Compute every joint angle from the joint centres."""
    trunk = from_vertical_deg(joints.hip, joints.shoulder)
    thigh = from_vertical_deg(joints.knee, joints.near_hip)
    shin = from_vertical_deg(joints.ankle, joints.knee)
    return Kinematics(
        trunk_deg=trunk,
        hip_deg=_within(wrapped_deg(trunk - thigh), *_HIP_RANGE_DEG),
        knee_deg=_within(wrapped_deg(shin - thigh), *_KNEE_RANGE_DEG),
        thigh_deg=_within(-thigh, *_THIGH_RANGE_DEG),
    )


def _within(angle_deg: Floats, low_deg: float, high_deg: float) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.where((angle_deg >= low_deg) & (angle_deg <= high_deg), angle_deg, np.nan)
