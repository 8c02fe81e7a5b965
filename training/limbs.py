"""Arms and walking legs: two-link chains that reach a target, and a plain gait that ends in the lifter's stance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.skeleton import Array, Skeleton

LEFT, RIGHT = 0, 1
MIRROR = np.array([1.0, -1.0, 1.0])


def both_sides(left_m: Array) -> Array:
    """Return (T, 2, 3), left and right, from the left side's positions (T, 3)."""
    return np.stack([left_m, left_m * MIRROR], axis=1)


def two_links(root_m: Array, target_m: Array, upper_m: float, lower_m: float, pole: Array) -> tuple[Array, Array]:
    """Bend a two-link chain towards a target.

    Parameters
    ----------
    root_m, target_m : shape (..., 3)
        Shoulder or hip; hand or ankle.
    upper_m, lower_m
        Lengths of the links.
    pole : shape (..., 3)
        The side to which elbow or knee bends.

    Returns
    -------
    middle_m, end_m : shape (..., 3)
        Elbow or knee, and the end; the end is short of a target that is out of reach.
    """
    way = target_m - root_m
    distance = np.linalg.norm(way, axis=-1, keepdims=True)
    along = way / np.maximum(distance, 1e-9)
    reach = np.clip(distance, abs(upper_m - lower_m) * 1.02 + 1e-3, (upper_m + lower_m) * 0.9995)
    side = pole - (pole * along).sum(axis=-1, keepdims=True) * along
    side = side / np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-9)
    cosine = (upper_m**2 + reach**2 - lower_m**2) / (2 * upper_m * reach)
    cosine = np.clip(cosine, -1.0, 1.0)
    middle = root_m + upper_m * (cosine * along + np.sqrt(1.0 - cosine**2) * side)
    return middle, root_m + reach * along


@dataclass(frozen=True)
class Walk:
    """A straight walk along x that ends with both feet in the stance.

    Attributes
    ----------
    start_s, end_s
        First and last movement of a foot.
    from_x_m
        Where the walk starts; it ends at 0. Negative comes from behind, positive steps back (an unracked bar).
    steps
        Number of steps, counted over both feet.
    """

    start_s: float
    end_s: float
    from_x_m: float
    steps: int


def feet(walk: Walk, time_s: Array, ankle_m: Array) -> tuple[Array, Array]:
    """Return ankles (T, 2, 3) and the pitch of the feet (T, 2), heel up positive.

    Parameters
    ----------
    walk
        The walk.
    time_s : shape (T,)
        Times.
    ankle_m : shape (3,)
        Left ankle in the stance.
    """
    stance = np.stack([ankle_m, ankle_m * MIRROR])
    ankles = np.broadcast_to(stance, (len(time_s), 2, 3)).copy()
    lift = np.zeros((len(time_s), 2))
    ankles[:, :, 0] += walk.from_x_m
    step_s = (walk.end_s - walk.start_s) / walk.steps
    stride = np.array([walk.from_x_m, walk.from_x_m])
    for k in range(walk.steps):
        side = k % 2
        goal = 0.0 if k >= walk.steps - 2 else walk.from_x_m * (1.0 - (k + 1.0) / (walk.steps - 0.5))
        s = np.clip((time_s - walk.start_s - k * step_s) / step_s, 0.0, 1.0)
        ease = s**3 * (10 - 15 * s + 6 * s**2)
        ankles[:, side, 0] += (goal - stride[side]) * ease
        swing = np.sin(np.pi * s) ** 2
        height = min(0.09, 0.25 * abs(goal - stride[side]))
        ankles[:, side, 2] += height * swing
        lift[:, side] += np.sign(goal - stride[side]) * np.radians(22.0) * np.sin(2 * np.pi * s) * (height / 0.09)
        stride[side] = goal
    return ankles, lift


def walking_root(skeleton: Skeleton, ankles_m: Array, hips_m: Array, stance_m: Array) -> Array:
    """Return how far the whole upper body is shifted (T, 3) while the feet are away from the stance.

    The pelvis follows the mean of the feet and sinks as far as the longer-reaching leg needs.
    """
    shift = np.zeros((len(ankles_m), 3))
    shift[:, 0] = (ankles_m[:, :, 0] - stance_m[None, :, 0]).mean(axis=1)
    longest = 0.9995 * (skeleton.thigh_m + skeleton.shank_m)
    flat = ((hips_m + shift[:, None] - ankles_m)[:, :, :2] ** 2).sum(axis=-1)
    room = ankles_m[:, :, 2] + np.sqrt(np.clip(longest**2 - flat, 0.04, None)) - hips_m[:, :, 2]
    shift[:, 2] = np.minimum(room.min(axis=1), 0.0)
    return shift
