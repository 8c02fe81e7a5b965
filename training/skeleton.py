"""The lifter's skeleton: vertebrae, limbs, masses, and forward kinematics of the spine in the sagittal plane.

Conventions, used in every file of this folder: x forward (the way the lifter faces), y to the lifter's left,
z up, metres, floor at z = 0; a positive pitch turns z towards x, that is, flexion is positive.

The spine is a chain of 22 segments (sacrum, L5..L1, T12..T1, three of the neck, head) over 21 joints; joint ``j``
carries segment ``j``. A joint turns about the left-right axis only. Two sums name the posture:

- ``thoracic_deg``: joints T11/T12 to T1/T2, so T1 relative to T12;
- ``lumbar_deg``: joints L5/S1 to T12/L1, so T12 relative to the sacrum.

They share no joint and leave none out, so their sum is T1 relative to the sacrum.

Body masses: de Leva 1996, mean of women and men, as fractions of the body's mass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LUMBAR = ("L5", "L4", "L3", "L2", "L1")
THORACIC = ("T12", "T11", "T10", "T9", "T8", "T7", "T6", "T5", "T4", "T3", "T2", "T1")
NECK = ("neck_low", "neck_mid", "neck_high", "head")
SEGMENTS = ("S1", *LUMBAR, *THORACIC, *NECK)
SEGMENT = {name: index for index, name in enumerate(SEGMENTS)}
N_JOINTS = len(SEGMENTS) - 1
LUMBAR_JOINTS = slice(0, 6)  # L5/S1 .. T12/L1
THORACIC_JOINTS = slice(6, 17)  # T11/T12 .. T1/T2
NECK_JOINTS = slice(17, 21)  # C7/T1, about C5/C6, about C3/C4, skull
CLAVICLE_SEGMENT = SEGMENT["T3"]

SPINE_POINTS = ("C1", "C4", "C7", "T3", "T8", "L1", "L3", "L5", "S1")

# Heights of the vertebrae with their discs, L5 to T1, in arbitrary units: they grow downwards.
VERTEBRA_UNITS = np.array([1.75, 1.75, 1.75, 1.75, 1.7, *np.linspace(1.45, 0.95, 12)])

# Fractions of the body's mass, both sides together for limbs.
MASS = {
    "head": 0.068, "upper_trunk": 0.157, "middle_trunk": 0.155, "lower_trunk": 0.118,
    "upper_arm": 0.0526, "forearm": 0.03, "hand": 0.0117, "thigh": 0.289, "shank": 0.0914, "foot": 0.0266,
}  # fmt: skip


@dataclass(frozen=True)
class Skeleton:
    """Rest positions of one body, standing upright, with the middle of the ankles at x = 0.

    Attributes
    ----------
    stature_m
        Height from the floor to the crown.
    spine_m : shape (21, 3)
        Rest position of every spine joint, from L5/S1 up to the skull, y = 0.
    hip_m, knee_m, ankle_m, clavicle_m, shoulder_m, elbow_m, wrist_m, grip_m : shape (3,)
        Rest positions on the left side; the right side is the mirror image. ``grip_m`` is the middle of the fist.
    toe_x_m, heel_x_m
        Front and back end of the shoe relative to the ankle.
    belly_m
        Depth of the trunk in front of the spine at the height of T6, where a goblet weight rests.
    """

    stature_m: float
    spine_m: Array
    hip_m: Array
    knee_m: Array
    ankle_m: Array
    clavicle_m: Array
    shoulder_m: Array
    elbow_m: Array
    wrist_m: Array
    grip_m: Array
    toe_x_m: float
    heel_x_m: float
    belly_m: float

    @property
    def thigh_m(self) -> float:
        """Length from hip to knee."""
        return float(np.linalg.norm(self.knee_m - self.hip_m))

    @property
    def shank_m(self) -> float:
        """Length from knee to ankle."""
        return float(np.linalg.norm(self.ankle_m - self.knee_m))

    @property
    def upper_arm_m(self) -> float:
        """Length from shoulder to elbow."""
        return float(np.linalg.norm(self.elbow_m - self.shoulder_m))

    @property
    def forearm_m(self) -> float:
        """Length from elbow to the middle of the fist."""
        return float(np.linalg.norm(self.grip_m - self.elbow_m))

    @property
    def midfoot_x_m(self) -> float:
        """Place over which a balanced lifter keeps the common centre of mass."""
        return 0.5 * (self.toe_x_m + self.heel_x_m)


def nominal_skeleton(stature_m: float = 1.74) -> Skeleton:
    """Return an average adult, for tests and sketches that need no mesh."""
    h = stature_m
    spine_z = np.array([0.585, 0.64, 0.672, 0.70, 0.728, 0.755])  # L5/S1 .. T12/L1, as fractions of stature
    upper_z = 0.755 + 0.105 * np.cumsum(VERTEBRA_UNITS[5:]) / VERTEBRA_UNITS[5:].sum()
    z = np.concatenate([spine_z, upper_z, [0.88, 0.9, 0.917]])
    x = np.interp(z, [0.585, 0.66, 0.78, 0.85, 0.917], [-0.015, 0.0, -0.02, 0.0, 0.025])
    return Skeleton(
        stature_m=h,
        spine_m=h * np.stack([x, np.zeros_like(x), z], axis=1),
        hip_m=h * np.array([0.0, 0.062, 0.53]),
        knee_m=h * np.array([0.012, 0.075, 0.285]),
        ankle_m=h * np.array([0.0, 0.09, 0.045]),
        clavicle_m=h * np.array([0.012, 0.012, 0.82]),
        shoulder_m=h * np.array([0.0, 0.105, 0.805]),
        elbow_m=h * np.array([0.0, 0.215, 0.675]),
        wrist_m=h * np.array([0.085, 0.27, 0.565]),
        grip_m=h * np.array([0.11, 0.287, 0.532]),
        toe_x_m=0.11 * h,
        heel_x_m=-0.035 * h,
        belly_m=0.11 * h,
    )


def rotate_pitch(vectors_m: Array, pitch_rad: Array) -> Array:
    """Turn vectors (..., 3) about the left-right axis by angles (...)."""
    c, s = np.cos(pitch_rad), np.sin(pitch_rad)
    x, y, z = np.moveaxis(np.asarray(vectors_m, dtype=np.float64), -1, 0)
    return np.stack([c * x + s * z, np.broadcast_to(y, np.shape(c * x)), c * z - s * x], axis=-1)


def segment_pitch(pelvis_rad: Array, joints_rad: Array) -> Array:
    """Return the pitch of every segment, shape (T, 22), from the pelvis (T,) and the joints (T, 21)."""
    steps = np.concatenate([np.asarray(pelvis_rad)[:, None], joints_rad], axis=1)
    return np.asarray(np.cumsum(steps, axis=1))


def spine_positions(skeleton: Skeleton, hip_mid_m: Array, pitch_rad: Array) -> Array:
    """Return the joints of the spine, shape (T, 21, 3).

    Parameters
    ----------
    skeleton
        The body.
    hip_mid_m : shape (T, 3)
        Middle of the hip joints.
    pitch_rad : shape (T, 22)
        Pitch of every segment, from `segment_pitch`.
    """
    hip_mid_rest = np.array([skeleton.hip_m[0], 0.0, skeleton.hip_m[2]])
    links = np.diff(np.concatenate([hip_mid_rest[None], skeleton.spine_m]), axis=0)  # (21, 3)
    turned = rotate_pitch(links[None], pitch_rad[:, :N_JOINTS])
    return np.asarray(hip_mid_m[:, None] + np.cumsum(turned, axis=1))


def on_segment(skeleton: Skeleton, spine_m: Array, pitch_rad: Array, segment: int, rest_point_m: Array) -> Array:
    """Carry a rest point (3,) with one spine segment; return its path, shape (T, 3)."""
    joint = segment - 1
    offset = np.asarray(rest_point_m) - skeleton.spine_m[joint]
    return np.asarray(spine_m[:, joint] + rotate_pitch(offset[None], pitch_rad[:, segment]))


def shoulder_positions(
    skeleton: Skeleton, spine_m: Array, pitch_rad: Array, protraction_rad: Array, drop_m: Array
) -> tuple[Array, Array]:
    """Return the left clavicle's inner end and the left shoulder, each (T, 3).

    Protraction turns the clavicle forward; ``drop_m (T,)`` is how far a hanging weight draws the shoulder down along
    the trunk.
    """
    segment = CLAVICLE_SEGMENT
    inner = on_segment(skeleton, spine_m, pitch_rad, segment, skeleton.clavicle_m)
    arm = skeleton.shoulder_m - skeleton.clavicle_m
    c, s = np.cos(protraction_rad), np.sin(protraction_rad)
    turned = np.stack([c * arm[0] + s * arm[1], c * arm[1] - s * arm[0], arm[2] - drop_m], axis=-1)
    return inner, inner + rotate_pitch(turned, pitch_rad[:, segment])


def spine_points(spine_m: Array) -> Array:
    """Return the nine named points of the spine, shape (T, 9, 3), in the order of `SPINE_POINTS`.

    C1 is the joint of the skull, C4 lies halfway between the middle and the upper joint of the neck, C7 is the
    joint C7/T1, T3 T8 L1 L3 L5 are the middles of those vertebrae, S1 is the joint L5/S1.
    """

    def middle(name: str) -> Array:
        joint = SEGMENT[name] - 1
        return np.asarray(0.5 * (spine_m[:, joint] + spine_m[:, joint + 1]))

    first_neck = SEGMENT["neck_low"] - 1
    c1, c7, s1 = spine_m[:, -1], spine_m[:, first_neck], spine_m[:, 0]
    c4 = 0.5 * (spine_m[:, first_neck + 1] + spine_m[:, first_neck + 2])
    return np.stack([c1, c4, c7, *(middle(n) for n in ("T3", "T8", "L1", "L3", "L5")), s1], axis=1)


def trunk_mass_points(skeleton: Skeleton, hip_mid_m: Array, spine_m: Array, pitch_rad: Array) -> tuple[Array, Array]:
    """Return centres (T, 4, 3) and mass fractions (4,) of head, upper, middle and lower trunk."""
    flesh = np.array([0.025, 0.0, 0.0]) * skeleton.stature_m  # the trunk lies in front of its spine

    def carried(name: str, up: float = 0.0) -> Array:
        rest = skeleton.spine_m[SEGMENT[name] - 1] + flesh + np.array([0.0, 0.0, up * skeleton.stature_m])
        return on_segment(skeleton, spine_m, pitch_rad, SEGMENT[name], rest)

    lower = 0.5 * (hip_mid_m + spine_m[:, 0])
    centres = np.stack([carried("head", 0.035), carried("T6"), carried("L1"), lower], axis=1)
    return centres, np.array([MASS[n] for n in ("head", "upper_trunk", "middle_trunk", "lower_trunk")])
