"""What is known of a rendered clip or frame, as plain numbers for a JSON file.

The angles of every frame and the ``metrics`` of every repetition are those of `training.metrics`. ``points_px`` are the
nine points of the spine (`training.skeleton.spine_points`) in the picture, x right, y down. ``bar_m`` is the middle of
the weight, metres before the middle of the feet and above the floor, and ``bar_px`` where it appears. ``plate_px`` is
the middle of the outer face of the outermost plate on the camera's side, ``plate_radius_px`` how large the largest
plate's radius would appear there; ``large_plate_px`` and ``large_plate_radius_px`` are those of the large plate itself,
which is the innermost. What is not there is null.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from training import skeleton as sk
from training.metrics import angles, bar_m, rep_metrics
from training.motion import Motion
from training.props import plate_face_y
from training.scene import Camera, Weight
from training.sets import Clip, describe, plain_recipe
from training.sideways import rotate_roll
from training.skeleton import Array

__all__ = ["angles", "clip_truth", "frame_table", "reps_table", "truth_of"]

SCHEMA = "spineline-truth/1"
UP = np.array([0.0, 0.0, 1.0])
JOINTS = ("shoulder", "elbow", "hand", "hip", "knee", "ankle")


def frame_table(motion: Motion, camera: Camera, weight: Weight | None = None) -> dict[str, Any]:
    """Return the columns of the truth of every frame, as lists; of the bar and its plates with a weight only."""
    points = camera.project(sk.spine_points(motion.spine_m))
    sides = {"shoulder": motion.shoulders_m, "elbow": motion.elbows_m, "hand": motion.hands_m, "hip": motion.hips_m,
             "knee": motion.knees_m, "ankle": motion.ankles_m}  # fmt: skip
    joints = np.stack([camera.project(sides[name]) for name in JOINTS], axis=1)  # (T, 6, 2 sides, 2)
    table: dict[str, Any] = {"time_s": np.round(motion.time_s, 4).tolist(), "phase": motion.phase}
    table |= {name: np.round(values, 2).tolist() for name, values in angles(motion).items()}
    table["points_px"] = np.round(points, 1).tolist()
    table["joints_px"] = np.round(joints, 1).tolist()
    return table if weight is None else table | _weight_table(motion, camera, weight)


def _weight_table(motion: Motion, camera: Camera, weight: Weight) -> dict[str, Any]:
    """Return the columns of the weight."""
    bar = motion.implement_m if weight.kind != "none" else np.full_like(motion.implement_m, np.nan)
    place = bar_m(motion) if weight.kind != "none" else np.full((len(bar), 2), np.nan)
    out = {"bar_m": _listed(place, 4), "bar_px": _listed(camera.project(bar), 1)}
    for name, plate in (("plate", weight.plates), ("large_plate", min(weight.plates, 1))):
        near = np.array([0.0, (-1.0 if camera.side == "right" else 1.0) * plate_face_y(weight, plate), 0.0])
        centre = bar + rotate_roll(np.broadcast_to(near, bar.shape), motion.roll_rad)
        middle, edge = (camera.project(centre + up * UP) for up in (0.0, weight.plate_m))
        out[f"{name}_px"] = _listed(middle, 1)
        out[f"{name}_radius_px"] = _listed(np.linalg.norm(edge - middle, axis=1), 2)
    return out


def _listed(values: Array, digits: int) -> list[Any]:
    """Return rounded values as lists; a row that is not finite is None."""
    rows = np.round(values, digits).tolist()
    return [row if np.isfinite(value).all() else None for row, value in zip(rows, values, strict=True)]


def reps_table(motion: Motion) -> list[dict[str, Any]]:
    """Return the repetitions inside the clip with what was planted and what came of it."""
    change = motion.thoracic_deg - motion.standing_deg
    rows = []
    metrics, planted = rep_metrics(motion), _planted(motion)
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
                "metrics": metrics[index],
                "planted": planted[index],
            }
        )
    return rows


def _planted(motion: Motion) -> list[dict[str, Any] | None]:
    """Return the fault and its strength asked of each repetition inside the clip, None where no fault was asked."""
    recipe = motion.recipe
    if recipe.fault is None:
        return [None] * len(motion.reps)
    strengths = [*recipe.strengths, *([0.0] * recipe.reps)]
    before = sum(cut.start_s < motion.reps[0].start_s for cut in motion.partial_reps) if motion.reps else 0
    return [{"fault": recipe.fault, "strength": strengths[before + k]} for k in range(len(motion.reps))]


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


def truth_of(clip: Clip) -> dict[str, Any]:
    """Return the truth of a clip from its description alone, without rendering it; needs anny for the body."""
    from training.body import body_truth, make_body
    from training.plant import play

    body = make_body(clip.shape)
    motion = play(clip, body.skeleton)
    return clip_truth(motion, clip.camera, clip.weight) | {"body": body_truth(body), "clip": describe(clip)}


def clip_truth(motion: Motion, camera: Camera, weight: Weight | None = None) -> dict[str, Any]:
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
        "fault": recipe.fault,
        "recipe": plain_recipe(recipe),
        "point_names": list(sk.SPINE_POINTS),
        "joint_names": list(JOINTS),
        "frames": frame_table(motion, camera, weight),
    }
