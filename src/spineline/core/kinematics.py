"""Every angle per frame, for all frames at once.

Angles lie in -180..180 degrees, flexion is positive, 0 is standing upright with the joint straight. The picture
is taken as the sagittal plane: x is turned so that the lifter faces +x and divided by the cosine of the yaw.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from spineline.core.skeleton import Landmark
from spineline.core.track import Floats

_LEG: Final = {
    "left": (Landmark.LEFT_HIP, Landmark.LEFT_KNEE, Landmark.LEFT_ANKLE),
    "right": (Landmark.RIGHT_HIP, Landmark.RIGHT_KNEE, Landmark.RIGHT_ANKLE),
}

_KNEE_RANGE_DEG: Final = (-20.0, 165.0)
_HIP_RANGE_DEG: Final = (-45.0, 165.0)
"""No joint goes further: beyond, a landmark sits on a plate and the angle is not measured."""


@dataclass(frozen=True, eq=False)
class Joints:
    """Joint centres in the sagittal plane, each ``(T, 2)``, x forward and y up, in pixels.

    ``hip`` is the middle of both hips, ``near_hip`` that of the leg whose knee and ankle these are.
    """

    ear: Floats
    shoulder: Floats
    wrist: Floats
    hip: Floats
    near_hip: Floats
    knee: Floats
    ankle: Floats


@dataclass(frozen=True, eq=False)
class Kinematics:
    """Angles per frame, each ``(T,)`` in degrees, NaN where unseen.

    ``trunk_deg`` inclination of hip-shoulder from vertical, + forward; ``hip_deg`` flexion of the thigh against
    the trunk; ``knee_deg`` flexion; ``neck_deg`` flexion of shoulder-ear against the trunk.
    """

    trunk_deg: Floats
    hip_deg: Floats
    knee_deg: Floats
    neck_deg: Floats


def sagittal(landmarks_px: Floats, facing: Floats, yaw_deg: Floats, side: str) -> Joints:
    """Bring the landmarks into the lifter's sagittal plane.

    Shoulders, hips, ears and wrists are the middle of both sides; the leg is the near one, the far one being a guess
    more often than not.

    Parameters
    ----------
    landmarks_px
        ``(T, 33, 2)``.
    facing
        ``(T,)`` +1 or -1.
    yaw_deg
        ``(T,)``; only its cosine is used.
    side
        ``left`` or ``right``, the near side.
    """
    plane = landmarks_px * np.stack([facing / np.cos(np.radians(yaw_deg)), -np.ones_like(facing)], axis=1)[:, None]
    near_hip, knee, ankle = _LEG[side]

    def middle(left: Landmark, right: Landmark) -> Floats:
        return np.asarray((plane[:, left] + plane[:, right]) / 2)

    return Joints(
        ear=middle(Landmark.LEFT_EAR, Landmark.RIGHT_EAR),
        shoulder=middle(Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER),
        wrist=middle(Landmark.LEFT_WRIST, Landmark.RIGHT_WRIST),
        hip=middle(Landmark.LEFT_HIP, Landmark.RIGHT_HIP),
        near_hip=plane[:, near_hip],
        knee=plane[:, knee],
        ankle=plane[:, ankle],
    )


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
    neck = from_vertical_deg(joints.shoulder, joints.ear)
    return Kinematics(
        trunk_deg=trunk,
        hip_deg=_within(wrapped_deg(trunk - thigh), *_HIP_RANGE_DEG),
        knee_deg=_within(wrapped_deg(shin - thigh), *_KNEE_RANGE_DEG),
        neck_deg=wrapped_deg(neck - trunk),
    )


def _within(angle_deg: Floats, low_deg: float, high_deg: float) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.where((angle_deg >= low_deg) & (angle_deg <= high_deg), angle_deg, np.nan)
