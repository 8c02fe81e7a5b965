"""From a `Motion` to the transforms of a body's bones, for all frames at once."""

from __future__ import annotations

import numpy as np

from training import sideways
from training import skeleton as sk
from training.body import BONE, BONES, SIDES, Body
from training.limbs import LEFT
from training.motion import Motion
from training.skeleton import Array


def bone_matrices(body: Body, motion: Motion) -> Array:
    """Return the transforms from rest to pose, shape (T, B, 4, 4)."""
    count = len(motion.time_s)
    out = np.zeros((count, len(BONES), 4, 4))
    out[:, :, 3, 3] = 1.0
    pitch = _pitch_matrix(motion.pitch_rad)  # (T, 22, 3, 3)
    if motion.roll_rad.any():
        pitch = _roll_matrix(motion.roll_rad[:, None] * sideways.SHARES) @ pitch
    where = np.concatenate([motion.hip_mid_m[:, None], motion.spine_m], axis=1)
    for segment in range(len(sk.SEGMENTS)):
        _place(out, segment, body.heads_m[segment], where[:, segment], pitch[:, segment])
    for side in range(2):
        _leg(out, body, motion, side)
        _arm(out, body, motion, side, pitch[:, sk.CLAVICLE_SEGMENT])
    return out


def _place(out: Array, bone: int, rest_m: Array, now_m: Array, rotation: Array) -> None:
    out[:, bone, :3, :3] = rotation
    out[:, bone, :3, 3] = now_m - np.einsum("tij,j->ti", rotation, rest_m)


def _pitch_matrix(pitch_rad: Array) -> Array:
    c, s = np.cos(pitch_rad), np.sin(pitch_rad)
    zero, one = np.zeros_like(c), np.ones_like(c)
    return np.stack([c, zero, s, zero, one, zero, -s, zero, c], axis=-1).reshape(*c.shape, 3, 3)


def _yaw_matrix(yaw_rad: Array) -> Array:
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    zero, one = np.zeros_like(c), np.ones_like(c)
    return np.stack([c, -s, zero, s, c, zero, zero, zero, one], axis=-1).reshape(*c.shape, 3, 3)


def _roll_matrix(roll_rad: Array) -> Array:
    c, s = np.cos(roll_rad), np.sin(roll_rad)
    zero, one = np.zeros_like(c), np.ones_like(c)
    return np.stack([one, zero, zero, zero, c, -s, zero, s, c], axis=-1).reshape(*c.shape, 3, 3)


def _frame(along: Array, side: Array) -> Array:
    """Return orthonormal frames (..., 3, 3) whose first column is ``along`` and whose second leans to ``side``."""
    x = along / np.linalg.norm(along, axis=-1, keepdims=True)
    y = side - (side * x).sum(axis=-1, keepdims=True) * x
    y = y / np.maximum(np.linalg.norm(y, axis=-1, keepdims=True), 1e-9)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def _swing(rest: Array, now: Array) -> Array:
    """Return the smallest rotations (T, 3, 3) that turn the vector ``rest`` (3,) into ``now`` (T, 3)."""
    a = rest / np.linalg.norm(rest)
    b = now / np.linalg.norm(now, axis=1, keepdims=True)
    v, c = np.cross(a[None], b), b @ a
    k = np.zeros((len(b), 3, 3))
    k[:, 0, 1], k[:, 0, 2], k[:, 1, 2] = -v[:, 2], v[:, 1], -v[:, 0]
    k -= np.swapaxes(k, 1, 2)
    return np.asarray(np.eye(3) + k + k @ k / np.maximum(1.0 + c, 1e-6)[:, None, None])


def _halfway(first: Array, second: Array) -> Array:
    """Return rotations halfway between two (T, 3, 3)."""
    u, _, vt = np.linalg.svd(first + second)
    return np.asarray(u @ vt)


def _leg(out: Array, body: Body, motion: Motion, side: int) -> None:
    name = SIDES[side]
    mirror = np.array([1.0, 1.0 if side == LEFT else -1.0, 1.0])
    s = body.skeleton
    rest_hip, rest_knee, rest_ankle = s.hip_m * mirror, s.knee_m * mirror, s.ankle_m * mirror
    hip, knee, ankle = motion.hips_m[:, side], motion.knees_m[:, side], motion.ankles_m[:, side]
    out_yaw = np.full(len(knee), np.radians(motion.toe_out_deg) * (1.0 if side == LEFT else -1.0))
    rest_out = _rest_toe_out(body, name)
    foot_turn = _yaw_matrix(out_yaw - rest_out) @ _pitch_matrix(motion.foot_lift_rad[:, side])
    toe = np.stack([np.cos(out_yaw), np.sin(out_yaw), np.zeros_like(out_yaw)], axis=1)
    rest_toe = np.array([np.cos(rest_out), np.sin(rest_out), 0.0])
    thigh = _frame(knee - hip, toe + 1e-6) @ _frame(rest_knee - rest_hip, rest_toe).T
    shank = _frame(ankle - knee, toe + 1e-6) @ _frame(rest_ankle - rest_knee, rest_toe).T
    plain = _swing(rest_knee - rest_hip, knee - hip)
    _place(out, BONE[f"upperleg01.{name}"], rest_hip, hip, _halfway(plain, thigh))
    for bone, rest, now, turn in (
        ("upperleg02", rest_hip, hip, thigh),
        ("lowerleg01", rest_knee, knee, shank),
        ("lowerleg02", rest_knee, knee, shank),
        ("foot", rest_ankle, ankle, foot_turn),
    ):
        _place(out, BONE[f"{bone}.{name}"], rest, now, turn)


def _rest_toe_out(body: Body, name: str) -> float:
    """Return how far the rest foot points outwards, radians, from heel to toe."""
    weight = body.weights[:, BONE[f"foot.{name}"]] > 0.9
    low = body.vertices_m[weight & (body.vertices_m[:, 2] < 0.045 * body.skeleton.stature_m)].astype(np.float64)
    toe = low[low[:, 0] > np.quantile(low[:, 0], 0.8)].mean(axis=0)
    heel = low[low[:, 0] < np.quantile(low[:, 0], 0.2)].mean(axis=0)
    return float(np.arctan2(toe[1] - heel[1], toe[0] - heel[0]))


def _arm(out: Array, body: Body, motion: Motion, side: int, trunk: Array) -> None:
    name, s = SIDES[side], body.skeleton
    mirror = np.array([1.0, 1.0 if side == LEFT else -1.0, 1.0])
    rest = {n: getattr(s, f"{n}_m") * mirror for n in ("clavicle", "shoulder", "elbow", "wrist", "grip")}
    shoulder, elbow, hand = motion.shoulders_m[:, side], motion.elbows_m[:, side], motion.hands_m[:, side]
    girdle = trunk @ _yaw_matrix(-motion.protraction_rad * mirror[1])
    collar = shoulder - np.einsum("tij,j->ti", girdle, rest["shoulder"] - rest["clavicle"])
    for bone in ("clavicle", "shoulder01"):
        _place(out, BONE[f"{bone}.{name}"], rest["clavicle"], collar, girdle)
    palm_rest, palm_now = _palms(body, motion, side)
    upper_rest, lower_rest = rest["elbow"] - rest["shoulder"], rest["grip"] - rest["elbow"]
    bend_rest = np.cross(upper_rest, lower_rest)
    bend_now = np.cross(elbow - shoulder, hand - elbow)
    straight = np.linalg.norm(bend_now, axis=1, keepdims=True) < 0.12 * np.linalg.norm(bend_rest)
    fore = _frame(hand - elbow, palm_now) @ _frame(lower_rest, palm_rest).T
    bend_now = np.where(straight, np.einsum("tij,j->ti", girdle @ _lowered(mirror[1]), bend_rest), bend_now)
    plain = girdle @ _swing_in(girdle, upper_rest, elbow - shoulder)
    upper = _frame(elbow - shoulder, bend_now) @ _frame(upper_rest, bend_rest).T
    gentle = _frame(hand - elbow, bend_now) @ _frame(lower_rest, bend_rest).T
    for bone, at, now, turn in (
        ("upperarm01", rest["shoulder"], shoulder, _halfway(plain, upper)),
        ("upperarm02", rest["shoulder"], shoulder, upper),
        ("lowerarm01", rest["elbow"], elbow, _halfway(gentle, fore)),
        ("lowerarm02", rest["elbow"], elbow, fore),
        ("wrist", rest["elbow"], elbow, fore),
    ):
        _place(out, BONE[f"{bone}.{name}"], at, now, turn)


def _lowered(sign: float) -> Array:
    """Return the turn of the rest arm (held out) down to the side; it carries the elbow's axis with it."""
    angle = np.radians(-40.0) * sign
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def _swing_in(girdle: Array, rest: Array, now: Array) -> Array:
    return _swing(rest, np.einsum("tji,tj->ti", girdle, now))


def _palms(body: Body, motion: Motion, side: int) -> tuple[Array, Array]:
    """Return where the palm looks at rest (3,) and in every frame (T, 3).

    With a bar in the hands the palms look back; hanging free they look at the thighs; on a bar behind the neck they
    look forward.
    """
    sign = 1.0 if side == LEFT else -1.0
    place = motion.recipe.exercise
    hand, elbow = motion.hands_m[:, side], motion.elbows_m[:, side]
    down = (elbow - hand)[:, 2] / np.linalg.norm(elbow - hand, axis=1)
    gripping = np.linalg.norm(hand - np.nan_to_num(motion.implement_m, nan=1e3), axis=1) < 0.45
    free = np.array([0.25, -sign, 0.0])
    bar = np.array([-1.0, -0.15 * sign, 0.1])
    now = np.where((gripping & (down > 0.5))[:, None], bar, free)
    if place == "back_squat":
        now = np.broadcast_to([1.0, 0.0, 0.2], now.shape)
    if place == "front_squat":
        now = np.broadcast_to([0.0, 0.0, -1.0], now.shape)
    return body.palms[side], np.array(now)
