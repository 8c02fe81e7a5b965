"""Independent single pictures with truth: a set to calibrate or train an estimator of the spine's bend.

Unlike in the clips, nothing belongs together here: depth, thoracic and lumbar flexion, shoulders and hands are drawn
independently, so that an estimator cannot learn one from another. Several pictures share one lifter, camera and room
(``lifter`` in the manifest): split by lifter, not by picture.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from training import sets
from training.body import body_truth, make_body, skin
from training.film import as_filmed, write_jpeg
from training.lifts import EXERCISES, Recipe, draw_shares, draw_style
from training.look import dress, finish
from training.motion import CHANNELS, Act, Motion, perform
from training.rig import bone_matrices
from training.scene import Stage
from training.sets import Clip
from training.skeleton import Array, Skeleton
from training.truth import frame_table

EXERCISE_SHARES = {
    "deadlift": 0.31, "sumo_deadlift": 0.14, "romanian_deadlift": 0.12, "kettlebell_deadlift": 0.13,
    "back_squat": 0.02, "front_squat": 0.02, "goblet_squat": 0.12, "bodyweight_squat": 0.14,
}  # fmt: skip
THORACIC_DEG = (-10.0, 55.0)
LUMBAR_DEG = (-10.0, 42.0)
NECK_SD_DEG = 15.0
PER_LIFTER = 12
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
        for rows in _all_rows(folder, wanted, seed, workers):
            out.writelines(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
            out.flush()
            total += len(rows)
            if total >= count:
                break


def _all_rows(folder: Path, lifters: list[int], seed: int, workers: int) -> Iterator[list[dict[str, Any]]]:
    if workers <= 1:
        for lifter in lifters:
            yield render_lifter(folder, lifter, seed)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(render_lifter, [folder] * len(lifters), lifters, [seed] * len(lifters))


def draw_lifter(lifter: int, seed: int) -> Clip:
    """Draw who is filmed, and how; of the recipe only exercise and seed are used."""
    rng = np.random.default_rng([seed, lifter, 11])
    name = str(rng.choice(list(EXERCISE_SHARES), p=list(EXERCISE_SHARES.values())))
    yaw = float(np.clip(rng.normal(0.0, 13.0), -40.0, 40.0))
    clip = sets.draw_clip(
        f"{lifter:05d}", Recipe(name, int(rng.integers(1 << 30))), seed=seed * 100_003 + lifter, yaw_deg=yaw
    )
    if EXERCISES[name].from_floor and rng.random() < 0.3:  # the same hinge without a weight
        clip = replace(clip, weight=replace(clip.weight, kind="none"))
    return clip


def draw_poses(clip: Clip, skeleton: Skeleton, rng: np.random.Generator) -> Motion:
    """Draw independent poses of one lifter."""
    n, grip = PER_LIFTER, clip.weight.grip_height_m if clip.weight.kind != "none" else 0.225
    style = draw_style(EXERCISES[clip.recipe.exercise], stature_m=skeleton.stature_m, floor_grip_m=grip, rng=rng)
    style = replace(style, shares=draw_shares(rng, lowest_joint=0.5))
    kind = rng.choice(3, size=n, p=[0.3, 0.15, 0.55])
    depth = np.choose(kind, [rng.uniform(0.0, 0.04, n), rng.uniform(0.88, 1.0, n), rng.uniform(0.04, 0.88, n)])
    # Calm standing is what a change is measured from: most of it with free arms and no bend of the lower back.
    standing = kind == 0
    floor = EXERCISES[clip.recipe.exercise].from_floor
    held = rng.random(n) < (np.where(standing, 0.25, 0.8) if floor else 1.0)
    channels: dict[str, Array] = {name: np.zeros(n) for name in CHANNELS}
    channels |= {
        "depth": depth,
        "thorax": rng.uniform(*THORACIC_DEG, n) - style.standing_deg,
        "lumbar": np.where(standing, rng.normal(0.0, 7.0, n), rng.uniform(*LUMBAR_DEG, n)),
        "protract": rng.uniform(-6.0, 20.0, n),
        "load": held.astype(np.float64),
        "held": held.astype(np.float64),
        "hold": np.where(held, 1.0, np.where(standing, 0.0, rng.choice([0.0, 1.0, rng.random()], size=n))),
        "sway": rng.normal(0.0, 0.004, n),
        "neck": rng.normal(0.0, NECK_SD_DEG, n),
    }
    return perform(Act(skeleton, clip.recipe, style, np.arange(n, dtype=np.float64), channels, grip), None, rng)


def render_lifter(folder: Path, lifter: int, seed: int) -> list[dict[str, Any]]:
    """Render the pictures of one lifter; return their rows of the manifest."""
    clip = draw_lifter(lifter, seed)
    rng = np.random.default_rng([seed, lifter, 12])
    body = make_body(clip.shape)
    motion = draw_poses(clip, body.skeleton, rng)
    surface = dress(body, clip.outfit, rng)
    matrices = bone_matrices(body, motion)
    stage = Stage(surface, clip.camera, clip.weight, clip.room)
    table = frame_table(motion, clip.camera)
    balanced = np.abs(motion.com_x_m / body.skeleton.midfoot_x_m - 1.0) < 0.4
    rows = []
    for index in np.flatnonzero(balanced):
        posed = skin(surface.rest_m, body.weights, matrices[index : index + 1])[0]
        place = motion.implement_m[index] if clip.weight.kind != "none" else np.full(3, np.nan)
        picture = stage.draw(*finish(surface, posed), place)
        name = f"{clip.name}_{index}.jpg"
        write_jpeg(folder / name, as_filmed(picture, rng, noise=clip.noise, blur_px=clip.blur_px))
        row = {"file": name, "lifter": lifter, "exercise": clip.recipe.exercise, "weight": asdict(clip.weight)}
        row |= {key: values[index] for key, values in table.items() if key not in ("time_s", "phase")}
        row |= {"depth": round(float(motion_depth(motion)[index]), 3), "loose_m": clip.outfit.loose_m}
        row |= {"camera": asdict(clip.camera), "body": body_truth(body)}
        rows.append(row)
    stage.close()
    return rows


def motion_depth(motion: Motion) -> Array:
    """Return how low the hips are, (T,): 0 as high as legs allow, 1 at the ankles."""
    s = motion.skeleton
    reach = motion.hip_mid_m[:, 2] - s.ankle_m[2]
    return np.asarray(1.0 - reach / (s.thigh_m + s.shank_m))
