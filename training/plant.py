"""Plant a fault as strong as a recipe asks: find, by trial on the lifter's own body, the doses that bring it about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from training.faults import CLEAN, SOFT_TRUNK, first_doses
from training.lifts import Recipe
from training.metrics import rep_metrics
from training.motion import Motion, build
from training.skeleton import Array, Skeleton

if TYPE_CHECKING:
    from training.sets import Clip

TRIAL_FPS = 25.0  # of the trials, whatever the clip's, so that the motion does not depend on the frame rate
ROUNDS = 10
NEAR = 0.04  # of the strength


def play(clip: Clip, skeleton: Skeleton) -> Motion:
    """Return the motion of a clip on the body it describes."""
    grip = clip.weight.grip_height_m if clip.weight.kind in ("barbell", "kettlebell") else 0.225
    return plant(skeleton, clip.recipe, fps=clip.fps, floor_grip_m=grip, max_s=clip.max_s)


def plant(skeleton: Skeleton, recipe: Recipe, *, fps: float, floor_grip_m: float, max_s: float = 30.0) -> Motion:
    """Play a recipe on a body as `training.motion.build` does, its fault as strong as it asks."""
    doses = None
    if recipe.fault not in (None, CLEAN):
        doses = find_doses(skeleton, recipe, floor_grip_m=floor_grip_m)
    return build(skeleton, recipe, fps=fps, floor_grip_m=floor_grip_m, max_s=max_s, doses=doses)


def find_doses(skeleton: Skeleton, recipe: Recipe, *, floor_grip_m: float) -> Array:
    """Return the doses (reps, 2) with which every repetition shows the asked strength, as near as it can."""
    wanted, doses = _wanted(recipe), first_doses(recipe)
    whole = replace(recipe, crop_s=(0.0, 0.0))
    best, least = doses, np.full(recipe.reps, np.inf)
    low, high = np.zeros_like(doses), np.full_like(doses, np.inf)  # doses known to be too small and too large
    for _ in range(ROUNDS):
        motion = build(skeleton, whole, fps=TRIAL_FPS, floor_grip_m=floor_grip_m, max_s=np.inf, doses=doses)
        found = np.array([_found(recipe, row) for row in rep_metrics(motion)])
        off = np.abs(found / np.where(wanted > 0.0, wanted, 1.0) - 1.0) * (wanted > 0.0)
        better = off.max(axis=1) < least
        best, least = np.where(better[:, None], doses, best), np.minimum(off.max(axis=1), least)
        if float(least.max()) < NEAR:
            break
        doses, low, high = _next(doses, found, wanted, low, high)
    return best


def _next(doses: Array, found: Array, wanted: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Return the next doses to try, and the bounds they lie in: in proportion, or halfway where that leaves them."""
    asked = wanted > 0.0
    share = np.clip(wanted / np.maximum(found, 0.1 * np.maximum(wanted, 1e-9)), 0.6, 1.6)
    tried = doses * np.where(asked, share, 1.0)
    if asked[:, 1].any():  # two doses that act on both: what was too small may not be when the other has changed
        return tried, low, high
    low = np.where(asked & (found < wanted), np.maximum(low, doses), low)
    high = np.where(asked & (found > wanted), np.minimum(high, doses), high)
    inner = np.minimum(high, 1e9) - low
    outside = asked & ((tried <= low + 0.05 * inner * (high < np.inf)) | (tried >= high - 0.05 * inner))
    return np.where(outside & (low < high), 0.5 * (low + np.minimum(high, 2.0 * low + 1e-9)), tried), low, high


def _wanted(recipe: Recipe) -> Array:
    strength = np.zeros(recipe.reps)
    strength[: len(recipe.strengths)] = recipe.strengths
    second = np.interp(strength, *SOFT_TRUNK) if recipe.fault == "soft_lockout" else np.zeros(recipe.reps)
    return np.stack([second, strength] if recipe.fault == "soft_lockout" else [strength, second], axis=1)


def _found(recipe: Recipe, row: dict[str, Any]) -> tuple[float, float]:
    """Return what the two doses brought about: in a soft lockout lean of the trunk and bend of the knee."""
    value = row[str(recipe.fault)]
    if isinstance(value, dict):
        return value["trunk_deg"], value["knee_deg"]
    return (0.0 if value is None else value), 0.0
