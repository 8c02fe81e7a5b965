"""A trunk bent sideways: the lumbar spine takes the bend, and chest, head, arms and weight turn with its upper end."""

from __future__ import annotations

import numpy as np

from training import skeleton as sk
from training.skeleton import Array

SHARES = np.clip(np.arange(len(sk.SEGMENTS)) / 6.0, 0.0, 1.0)
"""How much of the bend every segment of the spine has, the pelvis nothing and all from T12 upwards the whole."""


def rotate_roll(vectors_m: Array, roll_rad: Array) -> Array:
    """Turn vectors (..., 3) about x by angles (...); positive lifts the left side."""
    c, s = np.cos(roll_rad), np.sin(roll_rad)
    x, y, z = np.moveaxis(vectors_m, -1, 0)
    return np.stack([x, c * y - s * z, s * y + c * z], axis=-1)


def bent(body: dict[str, Array], roll_rad: Array) -> dict[str, Array]:
    """Return the positions of a body, named as in `training.motion.Motion`, bent by (T,), with ``roll_rad`` added."""
    if not roll_rad.any():
        return body | {"roll_rad": roll_rad}
    joints = np.concatenate([body["hip_mid_m"][:, None], body["spine_m"]], axis=1)
    links = rotate_roll(np.diff(joints, axis=1), roll_rad[:, None] * SHARES[:-1])
    spine = body["hip_mid_m"][:, None] + np.cumsum(links, axis=1)
    old, new = body["spine_m"][:, sk.CLAVICLE_SEGMENT - 1], spine[:, sk.CLAVICLE_SEGMENT - 1]
    turned = {
        name: new[:, None] + rotate_roll(body[name] - old[:, None], roll_rad[:, None])
        for name in ("shoulders_m", "elbows_m", "hands_m")
    }
    weight = new + rotate_roll(body["implement_m"] - old, roll_rad)
    return body | turned | {"spine_m": spine, "implement_m": weight, "roll_rad": roll_rad}
