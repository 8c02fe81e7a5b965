"""Fit the line from the edge of the back to flexion on rendered lifters; print the numbers that `core/spine.py` holds.

    python -m training.clips frames --out FRAMES --count 4000 --seed 7
    python -m training.calibrate FRAMES [FRAMES ...] --model full

The error is that on lifters left out of the fit, every fifth at a time.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spineline.core import view
from spineline.core.lifter import Observation
from spineline.core.recording import Recording
from spineline.core.silhouette import dorsal_profile
from spineline.core.spine import MAX_RESIDUAL, Trunk, basis, features, fit_curve, trunk_frame
from spineline.core.track import PoseTrack
from spineline.io.models import resolve_model
from spineline.io.pose import PoseObserver
from spineline.io.tracks import load_track, save_track

Array = NDArray[np.float64]
MAX_YAW_DEG = 25.0
RIDGE = 30.0
FOLDS = 5


def main() -> None:
    """Observe, fit, print."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--model", default="full")
    given = parser.parse_args()
    model = resolve_model(given.model)
    parts = [observe(folder, model) for folder in given.folders]
    rows: list[dict[str, Any]] = [
        row | {"lifter": (k, row["lifter"])} for k, (_, part) in enumerate(parts) for row in part
    ]
    landmarks = np.concatenate([track.landmarks_px for track, _ in parts])
    facing = np.concatenate([np.where(track.facing < 0, -1.0, 1.0) for track, _ in parts])
    profile = np.concatenate([dorsal_profile(track, np.where(track.facing < 0, -1.0, 1.0)) for track, _ in parts])
    world = np.concatenate([track.world_m for track, _ in parts])
    curve = fit_curve(profile)
    read = features(landmarks, facing, curve)
    yaw = np.array([row["camera"]["yaw_deg"] for row in rows])
    fair = (np.abs(yaw) <= MAX_YAW_DEG) & (curve.residual <= MAX_RESIDUAL) & np.isfinite(read).all(axis=1)
    fair &= np.array([row["exercise"] != "back_squat" for row in rows])
    _, lifter = np.unique([str(row["lifter"]) for row in rows], return_inverse=True)
    print(f"{len(rows)} pictures of {lifter.max() + 1} lifters, {fair.sum()} fit for measuring")
    print(f"yaw: median error {np.nanmedian(view.yaw_deg(world, facing) - yaw):.1f} deg")
    for name in ("thoracic_deg", "lumbar_deg"):
        truth = np.array([row[name] for row in rows])
        report(name, read[fair], truth[fair], lifter[fair])
    places(
        np.array([row["points_px"] for row in rows])[fair],
        landmarks[fair],
        trunk_frame(landmarks[fair], facing[fair]),
        profile[fair],
    )


def observe(folder: Path, model: Path) -> tuple[PoseTrack, list[dict[str, Any]]]:
    """Return what was seen in the pictures of a folder, and their truth; what was seen is kept beside them."""
    import cv2

    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    kept = folder / f"seen_{model.stem}_{len(rows)}.npz"
    if not kept.exists():
        seen: list[tuple[float, Observation]] = []
        with PoseObserver(model) as observer:
            for index, row in enumerate(rows):
                observer.forget()
                image = cv2.cvtColor(cv2.imread(str(folder / row["file"])), cv2.COLOR_BGR2RGB)
                observation = observer.observe(np.asarray(image, np.uint8), float(index))
                if observation is not None:
                    seen.append((float(index), observation))
        recording = Recording((640, 640), {})
        for time_s, observation in seen:
            recording.add(time_s, replace(observation, identity=0))
        save_track(recording.track(), kept)
    track, _ = load_track(kept)
    return track, [rows[int(i)] for i in track.time_s]


def report(name: str, read: Array, truth: Array, lifter: NDArray[np.intp]) -> None:
    """Print the calibration of one angle and its error on lifters left out."""
    guess = np.full(len(truth), np.nan)
    for fold in range(FOLDS):
        out = lifter % FOLDS == fold
        guess[out] = np.array(predict(fit(read[~out], truth[~out]), read[out]))
    error = guess - truth
    own = error.copy()
    for each in np.unique(lifter):
        own[lifter == each] -= np.median(own[lifter == each])
    offset, weights = fit(read, truth)
    r = np.corrcoef(guess, truth)[0, 1]
    print(f"{name}: MAE {np.abs(error).mean():.2f}, SD {error.std():.2f}, r {r:.2f}")
    print(f"  within a lifter: MAE {np.abs(own).mean():.2f}, SD {own.std():.2f}")
    print(f"  predicting the mean: MAE {np.abs(truth - truth.mean()).mean():.2f}")
    print(f"  offset {offset:.2f}, weights {np.round(weights, 3).tolist()}")


def fit(read: Array, truth: Array) -> tuple[float, Array]:
    """Ridge regression on standardised features; offset and weights for the features as they are."""
    mean, scale = read.mean(axis=0), read.std(axis=0)
    x = (read - mean) / scale
    w = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ (truth - truth.mean())) / scale
    return float(truth.mean() - mean @ w), np.asarray(w)


def predict(line: tuple[float, Array], read: Array) -> Array:
    """Apply a fitted line."""
    return np.asarray(line[0] + read @ line[1])


def places(points_px: Array, landmarks_px: Array, trunk: Trunk, profile: Array) -> None:
    """Print where the nine spine points lie in the trunk's frame."""
    curve = fit_curve(profile)
    at = np.stack([trunk.place(points_px[:, k]) for k in range(9)], axis=1)
    station = np.median(at[:, 3:, 0], axis=0)
    edge = np.stack([(curve.coefficients * basis(s)).sum(axis=1) for s in at[:, 3:, 0].T], axis=1)
    depth = np.median(edge - at[:, 3:, 1], axis=0)
    ear = trunk.place((landmarks_px[:, 7] + landmarks_px[:, 8]) / 2)
    print("stations T3..S1", np.round(station, 3).tolist(), "depths", np.round(depth, 3).tolist())
    print(
        "C7",
        np.round(np.median(at[:, 2], axis=0), 3).tolist(),
        "C1 from ear",
        np.round(np.median(at[:, 0] - ear, axis=0), 3).tolist(),
    )
    middle = at[:, 1] - (at[:, 0] + at[:, 2]) / 2
    print("C4 from the middle of C1 and C7", np.round(np.median(middle, axis=0), 3).tolist())


if __name__ == "__main__":
    main()
