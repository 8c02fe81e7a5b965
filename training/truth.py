"""What is known of a rendered clip or frame, as plain numbers for a JSON file.

Angles are degrees. ``knee_deg`` and ``hip_deg`` are the angles inside the joint (180 straight), ``trunk_deg`` is the
lean of the line mid-hip to mid-shoulder from upright (forward positive), ``neck_deg`` the extension of the head
against T1, ``thoracic_deg`` and ``lumbar_deg`` as in `training.skeleton`. ``points_px`` are the nine points of the
spine (`training.skeleton.spine_points`) in the picture, x right, y down.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from training import skeleton as sk
from training.motion import Motion
from training.scene import Camera
from training.skeleton import Array

SCHEMA = "spineline-truth/1"
JOINTS = ("shoulder", "elbow", "hand", "hip", "knee", "ankle")


def angles(motion: Motion) -> dict[str, Array]:
    """Return the angles of every frame, each (T,), degrees."""
    shoulder, hip = motion.shoulders_m.mean(axis=1), motion.hip_mid_m
    trunk = shoulder - hip
    knee = _inside(motion.hips_m, motion.knees_m, motion.ankles_m).mean(axis=1)
    hips = _inside(motion.shoulders_m, motion.hips_m, motion.knees_m).mean(axis=1)
    neck = -np.degrees(motion.pitch_rad[:, sk.SEGMENT["head"]] - motion.pitch_rad[:, sk.SEGMENT["T1"]])
    return {
        "thoracic_deg": motion.thoracic_deg,
        "thoracic_change_deg": motion.thoracic_deg - motion.standing_deg,
        "lumbar_deg": motion.lumbar_deg,
        "trunk_deg": np.degrees(np.arctan2(trunk[:, 0], trunk[:, 2])),
        "hip_deg": hips,
        "knee_deg": knee,
        "neck_deg": neck,
    }


def _inside(first_m: Array, corner_m: Array, last_m: Array) -> Array:
    """Return the angle at the corner, degrees, over leading axes; stable for straight joints."""
    a, b = first_m - corner_m, last_m - corner_m
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.asarray(np.degrees(np.arctan2(across, (a * b).sum(axis=-1))))


def frame_table(motion: Motion, camera: Camera) -> dict[str, Any]:
    """Return the columns of the truth of every frame, as lists."""
    points = camera.project(sk.spine_points(motion.spine_m))
    sides = {"shoulder": motion.shoulders_m, "elbow": motion.elbows_m, "hand": motion.hands_m, "hip": motion.hips_m,
             "knee": motion.knees_m, "ankle": motion.ankles_m}  # fmt: skip
    joints = np.stack([camera.project(sides[name]) for name in JOINTS], axis=1)  # (T, 6, 2 sides, 2)
    table: dict[str, Any] = {"time_s": np.round(motion.time_s, 4).tolist(), "phase": motion.phase}
    table |= {name: np.round(values, 2).tolist() for name, values in angles(motion).items()}
    table["points_px"] = np.round(points, 1).tolist()
    table["joints_px"] = np.round(joints, 1).tolist()
    return table


def reps_table(motion: Motion) -> list[dict[str, Any]]:
    """Return the repetitions inside the clip with what was planted and what came of it."""
    change = motion.thoracic_deg - motion.standing_deg
    rows = []
    for index, rep in enumerate(motion.reps):
        within = (motion.time_s >= rep.start_s) & (motion.time_s <= rep.end_s)
        peak = float(change[within].max())
        rows.append(
            {
                "index": index,
                "start_s": round(rep.start_s, 3),
                "turn_s": round(rep.turn_s, 3),
                "end_s": round(rep.end_s, 3),
                "thoracic_change_peak_deg": round(peak, 2),
                "planted_peak_deg": round(rep.peak_deg, 2),
                "label": label(rep.peak_deg),
            }
        )
    return rows


def label(peak_deg: float) -> str:
    """Return ``neutral`` (up to 3 degrees), ``rounded`` (15 and more) or ``between``."""
    if peak_deg <= 3.0:
        return "neutral"
    return "rounded" if peak_deg >= 15.0 else "between"


def family(motion: Motion) -> str | None:
    """Return ``deadlift`` or ``squat``, or None for a clip in which nothing is lifted."""
    if motion.recipe.event != "lift":
        return None
    return "squat" if motion.recipe.exercise.endswith("squat") else "deadlift"


def clip_truth(motion: Motion, camera: Camera) -> dict[str, Any]:
    """Return the truth of a clip but for its files, body, weight and room."""
    recipe = motion.recipe
    return {
        "schema": SCHEMA,
        "exercise": recipe.exercise if recipe.event == "lift" else None,
        "family": family(motion),
        "event": recipe.event,
        "label": recipe.rounding if recipe.event == "lift" else None,
        "standing_thoracic_deg": round(motion.standing_deg, 2),
        "reps": reps_table(motion),
        "partial_reps": [
            {"start_s": round(r.start_s, 3), "turn_s": round(r.turn_s, 3), "end_s": round(r.end_s, 3)}
            for r in motion.partial_reps
        ],
        "camera": {**asdict(camera), "target_m": list(camera.target_m)},
        "recipe": {**asdict(recipe), "crop_s": list(recipe.crop_s)},
        "point_names": list(sk.SPINE_POINTS),
        "joint_names": list(JOINTS),
        "frames": frame_table(motion, camera),
    }
