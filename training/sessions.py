"""The same lifters on several days: one body and the same postures, other cameras and rooms, and then other clothes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np

from training import sets
from training.body import Body, make_body, skin
from training.film import as_filmed, from_jpeg, jpeg
from training.frames import draw_lifter, draw_poses
from training.look import draw_outfit, dress, finish
from training.motion import Motion
from training.rig import bone_matrices
from training.scene import Image, Stage
from training.sets import Clip
from training.truth import frame_table

SESSIONS: Final = 4
SAME_CLOTHES: Final = (0, 1)
"""The sessions with the same clothes; the others have their own."""
EACH_KIND: Final = 4
_YAW_SD_DEG, _MOST_YAW_DEG = 9.0, 24.0
_NOWHERE: Final = np.full(3, np.nan)


def shoot_sessions(lifter: int, seed: int) -> Iterator[tuple[Image, dict[str, Any]]]:
    """Take the pictures of one lifter, nothing in the hands, standing at ease and otherwise in every session.

    Yields each, (H, W, 3) RGB, with its row of the manifest.
    """
    base = draw_lifter(lifter, seed)
    base = replace(base, weight=replace(base.weight, kind="none"))
    body = make_body(base.shape)
    motion, at_ease = draw_poses(base, body.skeleton, np.random.default_rng([seed, lifter, 12]), natural_standing=1.0)
    poses = [*np.flatnonzero(at_ease)[:EACH_KIND], *np.flatnonzero(~at_ease)[:EACH_KIND]]
    if not at_ease.any():
        return
    for session in range(SESSIONS):
        clip = draw_session(base, session, np.random.default_rng([seed, lifter, session, 13]))
        same = {"lifter": lifter, "session": session, "exercise": clip.recipe.exercise, "camera": asdict(clip.camera)}
        for pose, picture, row in _shoot(clip, body, motion, poses, np.random.default_rng([seed, lifter, session, 14])):
            yield picture, same | row | {"at_ease": bool(at_ease[pose])}


def draw_session(base: Clip, session: int, rng: np.random.Generator) -> Clip:
    """Draw camera, room and, but for `SAME_CLOTHES`, clothes of one session of a lifter."""
    yaw_deg = float(np.clip(rng.normal(0.0, _YAW_SD_DEG), -_MOST_YAW_DEG, _MOST_YAW_DEG))
    size_px = sets.SIZES_PX[int(rng.integers(len(sets.SIZES_PX)))]
    camera = sets.draw_camera(rng, stature_m=base.shape.stature_m, yaw_deg=yaw_deg, size_px=size_px)
    own = session in SAME_CLOTHES
    outfit = base.outfit if own else draw_outfit(rng, woman=base.shape.gender > 0.5)
    noise = float(rng.uniform(0.0, 4.0))
    return replace(base, camera=camera, outfit=outfit, room=sets.draw_room(rng), noise=noise)


def _shoot(
    clip: Clip, body: Body, motion: Motion, poses: list[int], rng: np.random.Generator
) -> Iterator[tuple[int, Image, dict[str, Any]]]:
    surface = dress(body, clip.outfit, rng)
    matrices = bone_matrices(body, motion)
    posed = {pose: skin(surface.rest_m, body.weights, matrices[pose][None])[0] for pose in poses}
    stage = Stage(surface, clip.camera, clip.weight, clip.room, finish(surface, posed[poses[0]]))
    table = frame_table(motion, clip.camera)
    for pose in poses:
        picture = stage.draw(*finish(surface, posed[pose]), _NOWHERE)
        picture = as_filmed(picture, rng, noise=clip.noise, blur_px=clip.blur_px)
        picture = from_jpeg(jpeg(picture, quality=int(rng.integers(50, 96))))
        yield pose, picture, {key: value[pose] for key, value in table.items() if key not in ("time_s", "phase")}
    stage.close()
