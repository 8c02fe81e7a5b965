"""Postures of a balanced lifter: the angles of legs and pelvis follow from what the lifter does, not from a drawing.

Given the shank's lean, the bend of the spine, and either how high the hands hang (a hinge: deadlifts, picking
something up) or the angle of the thigh (a squat), two things are left: the other leg angle and the pitch of the
pelvis. They are solved, for all frames at once, from two conditions: the hands (or the thigh) are where they should
be, and the common centre of mass of body and load stands over the middle of the foot. So the hips go back as the
trunk leans forward, and a heavier bar pulls the body back over the heels, without being told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from training import skeleton as sk
from training.skeleton import Array, Skeleton

LoadPlace = Literal["grip", "back", "front", "goblet", "none"]
BALANCE = 0.85  # the centre of mass stands a little behind the middle of the shoe
HEAVY_SHIFT = 0.35  # ... and moves forward under a heavy load
SHIN_CLEARANCE = 0.055  # from the line ankle-knee to the middle of a bar that touches the shin, at 1.74 m
SHOULDER_DROP = 0.014  # over stature, under a hanging weight of 0.3 body masses and more
REACH = 0.995  # an arm under load is straight, but its elbow is not locked
NECK_LIMIT_RAD = (np.radians(-50.0), np.radians(40.0))
NECK_SHARES = np.array([0.3, 0.25, 0.2, 0.25])
HOMOTOPY = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0)


@dataclass(frozen=True)
class Stance:
    """Where the feet stand and where the hands hold.

    Attributes
    ----------
    ankle_y_m
        Distance of each ankle from the middle.
    toe_out_deg
        Turn of each foot outwards; the knee follows it.
    grip_y_m
        Distance of each hand from the middle.
    clear_legs
        Whether the weight must pass in front of the shins (a barbell) or may hang between them.
    """

    ankle_y_m: float
    toe_out_deg: float
    grip_y_m: float
    clear_legs: bool = True


@dataclass(frozen=True)
class Plan:
    """What the lifter does in T frames; see the head of this file.

    Attributes
    ----------
    kind
        ``hinge`` (``drive`` is the height of the grip in metres) or ``squat`` (``drive`` is the thigh's angle from
        upright in radians, the hip behind the knee being positive).
    drive, shank_rad : shape (T,)
        See ``kind``; lean of the shank in the direction of the toes.
    joints_rad : shape (T, 21)
        Bend of every joint of the spine; to those of the neck the gaze adds.
    protraction_rad, load_ratio, sway_m, gaze : shape (T,)
        Shoulders forward; mass of the load over that of the body; wanted offset of the centre of mass; share of the
        trunk's lean that the head follows.
    load_place
        Where the load is carried.
    forward_m : shape (T,)
        How far before its place over the foot and clear of the legs a hanging weight is held.
    """

    kind: Literal["hinge", "squat"]
    drive: Array
    shank_rad: Array
    joints_rad: Array
    protraction_rad: Array
    load_ratio: Array
    sway_m: Array
    gaze: Array
    load_place: LoadPlace
    forward_m: Array | float = 0.0


@dataclass(frozen=True)
class Posture:
    """Solved postures of T frames. Sides are left; the right side mirrors it in y.

    ``joints_rad (T, 21)``, ``pitch_rad (T, 22)``, ``spine_m (T, 21, 3)``, and positions ``(T, 3)`` of hip, knee,
    ankle, clavicle, shoulder, the hanging grip, and the load.
    """

    pelvis_rad: Array
    thigh_rad: Array
    shank_rad: Array
    protraction_rad: Array
    joints_rad: Array
    pitch_rad: Array
    hip_m: Array
    knee_m: Array
    ankle_m: Array
    spine_m: Array
    clavicle_m: Array
    shoulder_m: Array
    grip_m: Array
    load_m: Array
    com_x_m: Array


def legs(skeleton: Skeleton, stance: Stance, shank_rad: Array, thigh_rad: Array) -> tuple[Array, Array, Array]:
    """Return hip, knee and ankle, each (T, 3), of the left leg standing flat on the floor."""
    out = np.radians(stance.toe_out_deg)
    hip_y = skeleton.hip_m[1]
    straight = (stance.ankle_y_m - hip_y) / (skeleton.thigh_m + skeleton.shank_m)
    s_x = np.cos(out) * np.sin(shank_rad)
    s_y = np.sin(out) * np.sin(shank_rad) - straight
    s_z = np.sqrt(np.clip(1.0 - s_x**2 - s_y**2, 0.05, None))
    ankle = np.broadcast_to([0.0, stance.ankle_y_m, skeleton.ankle_m[2]], (len(s_x), 3))
    knee = ankle + skeleton.shank_m * np.stack([s_x, s_y, s_z], axis=-1)
    d_y = hip_y - knee[:, 1]
    r = np.sqrt(np.clip(skeleton.thigh_m**2 - d_y**2, 1e-4, None))
    hip = knee + np.stack([-r * np.sin(thigh_rad), d_y, r * np.cos(thigh_rad)], axis=-1)
    return hip, knee, np.array(ankle)


def leg_front_x(skeleton: Skeleton, hip_m: Array, knee_m: Array, ankle_m: Array, height_m: Array) -> Array:
    """Return how far forward the front of the legs is at a height (T,)."""
    scale = skeleton.stature_m / 1.74

    def along(low: Array, high: Array) -> Array:
        rise = np.clip(high[:, 2] - low[:, 2], 0.05, None)
        return np.asarray(low[:, 0] + (high[:, 0] - low[:, 0]) * np.clip((height_m - low[:, 2]) / rise, 0.0, 1.0))

    length = np.linalg.norm(hip_m - knee_m, axis=1)
    upright = np.clip((hip_m[:, 2] - knee_m[:, 2]) / length, 0.5, 1.0)
    shin = along(ankle_m, knee_m) + SHIN_CLEARANCE * scale
    up_thigh = np.clip((height_m - knee_m[:, 2]) / (0.35 * skeleton.thigh_m), 0.0, 1.0)
    thigh = along(knee_m, hip_m) + (SHIN_CLEARANCE + 0.035 * up_thigh) * scale / upright
    above = 1.0 / (1.0 + np.exp(-np.clip((height_m - knee_m[:, 2]) / (0.04 * scale), -40.0, 40.0)))
    return np.asarray(shin + above * (thigh - shin))


def carried_load(skeleton: Skeleton, place: LoadPlace, spine_m: Array, pitch_rad: Array) -> Array:
    """Return the middle of a load carried on the body, shape (T, 3)."""
    h = skeleton.stature_m
    joint = {name: skeleton.spine_m[sk.SEGMENT[name] - 1] for name in ("T1", "T2", "T6")}
    rest = {
        "back": ("T2", joint["T2"] + np.array([-0.05 * h, 0.0, 0.008 * h])),
        "front": ("T2", joint["T2"] + np.array([0.082 * h, 0.0, 0.0 * h])),
        "goblet": ("T6", joint["T6"] + np.array([skeleton.belly_m + 0.05 * h, 0.0, -0.01 * h])),
    }.get(place, ("T6", joint["T6"]))
    return sk.on_segment(skeleton, spine_m, pitch_rad, sk.SEGMENT[rest[0]], rest[1])


def _hang(
    skeleton: Skeleton, stance: Stance, shoulder: Array, leg: tuple[Array, Array, Array], forward_m: Array | float
) -> Array:
    """Return the left hand (T, 3) on a straight arm, over the foot and clear of the legs, or so far before that."""
    reach = REACH * (skeleton.upper_arm_m + skeleton.forearm_m)
    side = stance.grip_y_m - shoulder[:, 1]
    x = np.full(len(shoulder), skeleton.midfoot_x_m)
    z = shoulder[:, 2] - reach
    for _ in range(2):
        if stance.clear_legs:
            front = leg_front_x(skeleton, *leg, z)
        else:  # between the legs below the knee, before the thighs above it
            above = 1.0 / (1.0 + np.exp(-np.clip((z - leg[1][:, 2]) / 0.06, -40.0, 40.0)))
            front = above * leg_front_x(skeleton, *leg, z) + (1.0 - above) * (skeleton.midfoot_x_m - 0.05)
        gap = 0.015
        x = gap * np.logaddexp(front / gap, skeleton.midfoot_x_m / gap) + forward_m
        room = reach**2 - (x - shoulder[:, 0]) ** 2 - side**2
        z = shoulder[:, 2] - np.sqrt(np.clip(room, 0.02, None))
    return np.stack([x, np.full_like(x, stance.grip_y_m), z], axis=-1)


def _gaze(joints_rad: Array, pelvis_rad: Array, gaze: Array) -> Array:
    """Return the joints with the neck bent so that the head follows a share of the trunk's lean."""
    top = pelvis_rad + joints_rad[:, : sk.NECK_JOINTS.start].sum(axis=1)
    total = np.clip((gaze - 1.0) * top, *NECK_LIMIT_RAD)
    joints = joints_rad.copy()
    joints[:, sk.NECK_JOINTS] += total[:, None] * NECK_SHARES
    return joints


def pose(skeleton: Skeleton, stance: Stance, plan: Plan, thigh_rad: Array, pelvis_rad: Array) -> Posture:
    """Return the posture for given leg and pelvis angles; nothing is solved here."""
    hip, knee, ankle = legs(skeleton, stance, plan.shank_rad, thigh_rad)
    middle = hip * np.array([1.0, 0.0, 1.0])
    joints = _gaze(plan.joints_rad, pelvis_rad, plan.gaze)
    pitch = sk.segment_pitch(pelvis_rad, joints)
    spine = sk.spine_positions(skeleton, middle, pitch)
    hanging = np.clip(plan.load_ratio / 0.3, 0.0, 1.0) * (plan.load_place == "grip")
    drop = SHOULDER_DROP * skeleton.stature_m * hanging
    clavicle, shoulder = sk.shoulder_positions(skeleton, spine, pitch, plan.protraction_rad, drop)
    grip = _hang(skeleton, stance, shoulder, (hip, knee, ankle), plan.forward_m)
    load = (
        grip * np.array([1.0, 0.0, 1.0])
        if plan.load_place == "grip"
        else carried_load(skeleton, plan.load_place, spine, pitch)
    )
    hands = grip if plan.kind == "hinge" else 0.5 * (load + shoulder)
    com = _centre_of_mass_x(skeleton, plan, (middle, hip, knee, ankle), (spine, pitch), (shoulder, hands, load))
    return Posture(
        pelvis_rad, thigh_rad, plan.shank_rad, plan.protraction_rad, joints, pitch, hip, knee, ankle, spine,
        clavicle, shoulder, grip, load, com,
    )  # fmt: skip


def _centre_of_mass_x(
    skeleton: Skeleton,
    plan: Plan,
    low: tuple[Array, Array, Array, Array],
    trunk: tuple[Array, Array],
    high: tuple[Array, Array, Array],
) -> Array:
    """Return the forward coordinate (T,) of the common centre of mass of body and load."""
    middle, hip, knee, ankle = low
    shoulder, hands, load = high
    centres, mass = sk.trunk_mass_points(skeleton, middle, *trunk)
    parts: list[tuple[Array | float, Array]] = [
        (sk.MASS["thigh"], hip[:, 0] + 0.39 * (knee - hip)[:, 0]),
        (sk.MASS["shank"], knee[:, 0] + 0.44 * (ankle - knee)[:, 0]),
        (sk.MASS["foot"], ankle[:, 0] + skeleton.midfoot_x_m),
        (sk.MASS["upper_arm"], shoulder[:, 0] + 0.29 * (hands - shoulder)[:, 0]),
        (sk.MASS["forearm"], shoulder[:, 0] + 0.72 * (hands - shoulder)[:, 0]),
        (sk.MASS["hand"], hands[:, 0]),
        (plan.load_ratio, load[:, 0]),
    ]
    total = mass.sum() + sum((m for m, _ in parts), np.zeros(len(shoulder)))
    moment = centres[:, :, 0] @ mass + sum((m * x for m, x in parts), np.zeros(len(shoulder)))
    return np.asarray(moment / total)


def solve(skeleton: Skeleton, stance: Stance, plan: Plan, upright: Posture) -> Posture:
    """Return the balanced postures of a plan, all frames at once.

    The way down is gone in stages from the upright posture of the same frames (`stand`), so that each stage starts
    near its solution and the branch with bent knees and hips back is the one that is found.
    """
    target_x = _target_x(skeleton, plan)
    first = upright.grip_m[:, 2] if plan.kind == "hinge" else upright.thigh_rad
    found = np.stack([upright.thigh_rad, upright.pelvis_rad], axis=1)
    for part in HOMOTOPY:
        stage = replace(
            plan,
            drive=first + part * (plan.drive - first),
            shank_rad=upright.shank_rad + part * (plan.shank_rad - upright.shank_rad),
        )
        found = newton(partial(_imbalance, skeleton, stance, stage, target_x), found)
    return pose(skeleton, stance, plan, found[:, 0], found[:, 1])


def _target_x(skeleton: Skeleton, plan: Plan) -> Array:
    """Return where the common centre of mass should be, (T,)."""
    over = BALANCE + HEAVY_SHIFT * np.clip(plan.load_ratio, 0.0, 1.0)
    return np.asarray(skeleton.midfoot_x_m * over + plan.sway_m)


def imbalance_m(skeleton: Skeleton, plan: Plan, got: Posture) -> float:
    """Return the largest miss over all frames: of the hands' height, and of the centre of mass."""
    miss = np.abs(got.com_x_m - _target_x(skeleton, plan))
    if plan.kind == "hinge":
        miss = np.maximum(miss, np.abs(got.grip_m[:, 2] - plan.drive))
    return float(miss.max())


def shin_along_bar(skeleton: Skeleton, *, low_rad: float, low_m: float, height_m: Array) -> Array:
    """Return the shank's lean (T,) with which the shin keeps touching a bar that moves straight up.

    ``low_rad`` is the lean when the hands are at ``low_m``; ``height_m (T,)`` is where they are.
    """
    ankle_z = skeleton.ankle_m[2]
    forward = np.tan(low_rad) * max(low_m - ankle_z, 0.06)
    return np.asarray(np.arctan2(forward, np.maximum(height_m, low_m) - ankle_z + 1e-3))


def _imbalance(skeleton: Skeleton, stance: Stance, plan: Plan, target_x: Array, unknown: Array) -> Array:
    """Return what is not yet as planned, shape (T, 2): hands or thigh, and the centre of mass."""
    got = pose(skeleton, stance, plan, unknown[:, 0], unknown[:, 1])
    first = got.grip_m[:, 2] - plan.drive if plan.kind == "hinge" else unknown[:, 0] - plan.drive
    return np.stack([first, got.com_x_m - target_x], axis=1)


def stand(skeleton: Skeleton, stance: Stance, plan: Plan, *, pelvis_rad: float, knee_rad: float) -> Posture:
    """Return upright standing in balance; of the plan only spine, shoulders, load and sway are used."""
    target_x = _target_x(skeleton, plan)
    pelvis = np.full(len(plan.drive), pelvis_rad)

    def at(lean: Array) -> Posture:
        return pose(skeleton, stance, replace(plan, shank_rad=lean), knee_rad - lean, pelvis)

    start = np.zeros((len(pelvis), 1))
    return at(newton(lambda u: (at(u[:, 0]).com_x_m - target_x)[:, None], start)[:, 0])


def newton(residual: Callable[[Array], Array], start: Array, *, steps: int = 40) -> Array:
    """Solve n equations in n unknowns for T frames at once; ``start`` has shape (T, n).

    A step that does not bring a frame nearer to its solution is halved for that frame.
    """
    x = np.array(start, dtype=np.float64)
    value = residual(x)
    for _ in range(steps):
        size = np.abs(value).max(axis=1)
        if float(size.max()) < 1e-8:
            break
        jacobian = np.empty((*x.shape, x.shape[1]))
        for k in range(x.shape[1]):
            moved = x.copy()
            moved[:, k] += 1e-5
            jacobian[:, :, k] = (residual(moved) - value) / 1e-5
        damped = jacobian + 1e-9 * np.eye(x.shape[1])
        step = np.clip(np.linalg.solve(damped, -value[:, :, None])[:, :, 0], -0.15, 0.15)
        x, value = _backtracked(residual, x, step, size)
    return x


def _backtracked(residual: Callable[[Array], Array], x: Array, step: Array, size: Array) -> tuple[Array, Array]:
    """Take the step, or for frames that get no better a half, a quarter ... of it."""
    share = np.ones(len(x))
    for _ in range(6):
        trial = np.clip(x + share[:, None] * step, -0.6, 2.2)
        value = residual(trial)
        worse = np.abs(value).max(axis=1) > np.maximum(size, 1e-8)
        if not worse.any():
            break
        share[worse] *= 0.5
    return trial, value
