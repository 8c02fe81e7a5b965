"""Independent single pictures with truth: a set to train an estimator of the spine's bend, or to test it.

Unlike in the clips, nothing belongs together here: depth, thoracic and lumbar flexion, shoulders and hands are drawn
independently, so that an estimator cannot learn one from another. Several pictures share one lifter, camera and room
(``lifter`` in the manifest): split by lifter, not by picture.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from training import sets
from training.body import body_truth, make_body, skin
from training.film import as_filmed, from_jpeg, jpeg
from training.lifts import EXERCISES, LUMBAR_SHARES, Recipe, draw_shares, draw_style
from training.limbs import Walk
from training.look import dress, finish
from training.motion import CHANNELS, Act, Motion, perform
from training.rig import bone_matrices
from training.scene import Camera, Image, Stage
from training.sets import Clip
from training.skeleton import SEGMENT, Array, Skeleton
from training.truth import frame_table

T = TypeVar("T")
Bools = NDArray[np.bool_]

EXERCISE_SHARES = {
    "deadlift": 0.28, "sumo_deadlift": 0.12, "romanian_deadlift": 0.13, "kettlebell_deadlift": 0.13,
    "back_squat": 0.06, "front_squat": 0.05, "goblet_squat": 0.11, "bodyweight_squat": 0.12,
}  # fmt: skip
THORACIC_DEG = (-20.0, 55.0)
LUMBAR_DEG = (-10.0, 42.0)
PROTRACTION_DEG = (-12.0, 20.0)
NECK_SD_DEG = 17.0
JUNCTION_DEG = (4.0, 9.0)
"""Mean and standard deviation of how far the lowest thoracic joints flex against those above, in a lifter who bends:
with a flexed lumbar spine they flex about 15 degrees more (Nairn and Drake 2014)."""
GIRDLE_M = (0.005, 0.003)
"""Standard deviation of how far the shoulder blades stand out, between half of the lifters and between pictures."""
PER_LIFTER = 12
WALKING = 0.05
"""Share of lifters who are seen walking in."""
NATURAL_STANDING = 0.3
"""Share of the standing pictures in which the lifter stands at ease; in the others nothing belongs together."""
MANIFEST = "manifest.jsonl"


def render_frames(folder: Path, *, count: int, seed: int, workers: int = 1) -> None:
    """Render at least ``count`` pictures and a line of truth for each; takes up what is already there."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / MANIFEST
    lines = manifest.read_text().splitlines() if manifest.exists() else []
    done = {json.loads(line)["lifter"] for line in lines}
    wanted = [k for k in range(-(-count // (PER_LIFTER - 1))) if k not in done]  # a few poses may be thrown away
    total = len(lines)
    with manifest.open("a") as out:
        for rows in each_lifter(partial(render_lifter, folder, seed=seed), wanted, workers=workers):
            out.writelines(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
            out.flush()
            total += len(rows)
            if total >= count:
                break


def each_lifter(work: Callable[[int], T], lifters: list[int], *, workers: int) -> Iterator[T]:
    """Do the work for every lifter, in this process or in several, in order."""
    if workers <= 1:
        yield from map(work, lifters)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, lifters)


def render_lifter(folder: Path, lifter: int, seed: int) -> list[dict[str, Any]]:
    """Render the pictures of one lifter as JPEG files; return their rows of the manifest."""
    rows = []
    for picture, row in shoot_lifter(lifter, seed):
        (folder / row["file"]).write_bytes(jpeg(picture, quality=95))
        rows.append(row)
    return rows


def draw_lifter(lifter: int, seed: int) -> Clip:
    """Draw who is filmed, and how; of the recipe only exercise and seed are used."""
    rng = np.random.default_rng([seed, lifter, 11])
    name = str(rng.choice(list(EXERCISE_SHARES), p=list(EXERCISE_SHARES.values())))
    clip = sets.draw_clip(
        f"{lifter:05d}", Recipe(name, int(rng.integers(1 << 30))), seed=seed * 100_003 + lifter, yaw_deg=draw_yaw(rng)
    )
    if EXERCISES[name].from_floor and rng.random() < 0.3:  # the same hinge without a weight
        clip = replace(clip, weight=replace(clip.weight, kind="none"))
    elif name in ("back_squat", "front_squat") and rng.random() < 0.4:  # an empty bar hides little
        clip = replace(clip, weight=replace(clip.weight, plates=0))
    elif name == "romanian_deadlift" and rng.random() < 0.35:
        small = float(rng.uniform(0.06, 0.11))
        clip = replace(clip, weight=replace(clip.weight, kind="dumbbells", plate_m=small))
    outfit = replace(
        clip.outfit,
        hood="none" if clip.outfit.bare else str(rng.choice(["none", "down", "up"], p=[0.84, 0.11, 0.05])),  # type: ignore[arg-type]
        bun_m=float(rng.uniform(0.02, 0.05)) if clip.shape.gender > 0.5 and rng.random() < 0.6 else 0.0,
    )
    room = replace(
        clip.room,
        mirror=bool(rng.random() < 0.1),
        bystanders=int(rng.choice([0, 1, 2], p=[0.85, 0.1, 0.05])),
        light=float(rng.uniform(0.35, 1.25)),
    )
    camera = free_camera(clip.camera, rng)
    if rng.random() < 0.3:  # backs that have lifted for years
        strong = {"muscle": float(rng.uniform(0.8, 1.0)), "lats": float(rng.uniform(0.4, 1.0))}
        clip = replace(clip, shape=replace(clip.shape, **strong))
    return replace(clip, outfit=outfit, room=room, camera=camera, noise=float(rng.uniform(0.0, 7.0) ** 1.2))


def draw_yaw(rng: np.random.Generator) -> float:
    """Draw where the camera stands: mostly at the side, often oblique, sometimes anywhere."""
    kind = rng.choice(3, p=[0.66, 0.27, 0.07])
    at_side = float(np.clip(rng.normal(0.0, 13.0), -45.0, 45.0))
    return (at_side, float(rng.uniform(-45.0, 45.0)), float(rng.uniform(-180.0, 180.0)))[kind]


def free_camera(camera: Camera, rng: np.random.Generator) -> Camera:
    """Let the camera stand nearer, farther, higher, lower or askew, so that some lifters are small and some cut off."""
    away = float(rng.choice([1.0, rng.uniform(1.0, 2.2), rng.uniform(0.78, 1.0)], p=[0.6, 0.25, 0.15]))
    x, y, z = camera.target_m
    return replace(
        camera,
        distance_m=camera.distance_m * away,
        height_m=float(rng.uniform(0.35, 1.75)),
        target_m=(x + float(rng.normal(0.0, 0.08)) * away, y, z + float(rng.normal(0.0, 0.06)) * away),
        roll_deg=float(rng.normal(0.0, 2.0)),
    )


def draw_poses(
    clip: Clip, skeleton: Skeleton, rng: np.random.Generator, *, natural_standing: float = NATURAL_STANDING
) -> tuple[Motion, Bools]:
    """Draw independent poses of one lifter; return also in which of them the lifter stands at ease, (T,)."""
    n, grip = PER_LIFTER, clip.weight.grip_height_m if clip.weight.kind != "none" else 0.225
    style = draw_style(EXERCISES[clip.recipe.exercise], stature_m=skeleton.stature_m, floor_grip_m=grip, rng=rng)
    most = float(rng.choice([0.17, 0.3, 0.45, 0.75], p=[0.45, 0.25, 0.15, 0.15]))
    style = replace(
        style,
        shares=draw_shares(rng, lowest_joint=0.5, most=most),
        lumbar_shares=tuple(rng.dirichlet(12.0 * np.array(LUMBAR_SHARES)).tolist()),
        standing_deg=float(np.clip(rng.normal(3.0, 7.0), -14.0, 22.0)),
        gaze=float(rng.uniform(0.05, 0.95)),
    )
    kind = rng.choice(3, size=n, p=[0.3, 0.15, 0.55])
    depth = np.choose(kind, [rng.uniform(0.0, 0.04, n), rng.uniform(0.88, 1.0, n), rng.uniform(0.04, 0.88, n)])
    walk = Walk(0.0, 0.6 * n / 3, -n / 3 * 0.35, n // 3) if rng.random() < WALKING else None
    if walk is not None:
        kind[:], depth = 0, rng.uniform(0.0, 0.04, n)
    standing = kind == 0
    natural = standing & (rng.random(n) < natural_standing)
    floor = EXERCISES[clip.recipe.exercise].from_floor
    held = rng.random(n) < (np.where(standing, 0.5, 0.8) if floor else 1.0)
    thoracic_deg = np.where(natural, style.standing_deg + rng.normal(0.0, 1.5, n), rng.uniform(*THORACIC_DEG, n))
    channels: dict[str, Array] = {name: np.zeros(n) for name in CHANNELS}
    channels |= {
        "depth": depth,
        "thorax": thoracic_deg - style.standing_deg,
        "lumbar": np.where(standing, rng.normal(0.0, np.where(natural, 2.0, 7.0)), rng.uniform(*LUMBAR_DEG, n)),
        "protract": np.where(natural, rng.normal(2.0, 2.0, n), rng.uniform(*PROTRACTION_DEG, n)),
        "load": held.astype(np.float64),
        "held": held.astype(np.float64),
        "hold": np.where(held, 1.0, np.where(standing, 0.0, rng.choice([0.0, 1.0, rng.random()], size=n))),
        "sway": rng.normal(0.0, 0.004, n),
        "neck": rng.normal(0.0, np.where(natural, 4.0, NECK_SD_DEG)),
        "junction": rng.normal(np.where(standing, 0.0, JUNCTION_DEG[0]), np.where(natural, 1.5, JUNCTION_DEG[1])),
    }
    time_s = np.sort(rng.uniform(0.0, walk.end_s, n)) if walk else np.arange(n, dtype=np.float64)
    return perform(Act(skeleton, clip.recipe, style, time_s, channels, grip), walk, rng), natural


def shoot_lifter(
    lifter: int, seed: int, *, natural_standing: float = NATURAL_STANDING
) -> Iterator[tuple[Image, dict[str, Any]]]:
    """Take the pictures of one lifter; yield each, (H, W, 3) RGB, with its row of the manifest."""
    clip = draw_lifter(lifter, seed)
    rng = np.random.default_rng([seed, lifter, 12])
    body = make_body(clip.shape)
    motion, at_ease = draw_poses(clip, body.skeleton, rng, natural_standing=natural_standing)
    surface = dress(body, clip.outfit, rng)
    matrices = bone_matrices(body, motion)
    upright = int(np.argmin(motion_depth(motion)))
    posed = [skin(surface.rest_m, body.weights, each[None])[0] for each in matrices]
    weight = replace(clip.weight, apart_m=motion.style.stance.grip_y_m)
    stage = Stage(surface, clip.camera, weight, clip.room, finish(surface, posed[upright]))
    table, protraction_deg = frame_table(motion, clip.camera), np.degrees(motion.protraction_rad)
    lower_deg = np.degrees(motion.pitch_rad[:, SEGMENT["T8"]] - motion.pitch_rad[:, SEGMENT["T12"]])
    same = {"lifter": lifter, "exercise": clip.recipe.exercise, "weight": asdict(weight), "outfit": asdict(clip.outfit)}
    same |= {"camera": asdict(clip.camera), "room": asdict(clip.room), "body": body_truth(body)}
    same |= {"standing_deg": round(motion.standing_deg, 2)}
    own_m, moved_m = rng.normal(0.0, GIRDLE_M[0]), rng.normal(0.0, GIRDLE_M[1], len(posed))
    girdle_m = np.clip(own_m + moved_m, -0.01, 0.02) * (rng.random() < 0.5)
    balanced = np.abs(motion.com_x_m / body.skeleton.midfoot_x_m - 1.0) < 0.4
    for index in np.flatnonzero(balanced):
        place = motion.implement_m[index] if weight.kind != "none" else np.full(3, np.nan)
        picture = stage.draw(*finish(surface, posed[index], girdle_m=float(girdle_m[index])), place)
        streak_px = int(rng.choice([0, int(rng.integers(2, 8))], p=[0.75, 0.25]))
        picture = as_filmed(picture, rng, noise=clip.noise, blur_px=clip.blur_px, streak_px=streak_px)
        picture = from_jpeg(jpeg(picture, quality=int(rng.integers(25, 96))))
        row = same | {key: values[index] for key, values in table.items() if key not in ("time_s", "phase")}
        row |= {"file": f"{clip.name}_{index}.jpg", "depth": round(float(motion_depth(motion)[index]), 3)}
        row |= {"at_ease": bool(at_ease[index]), "protraction_deg": round(float(protraction_deg[index]), 2)}
        row |= {"lower_thoracic_deg": round(float(lower_deg[index]), 2)}
        row |= {"girdle_m": round(float(girdle_m[index]), 4)}
        yield picture, row
    stage.close()


def motion_depth(motion: Motion) -> Array:
    """Return how low the hips are, (T,): 0 as high as legs allow, 1 at the ankles."""
    s = motion.skeleton
    reach = motion.hip_mid_m[:, 2] - s.ankle_m[2]
    return np.asarray(1.0 - reach / (s.thigh_m + s.shank_m))
