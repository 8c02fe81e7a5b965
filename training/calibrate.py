"""Fit the spine model on rendered lifters, write it to `models/`, and print its error and that of the edge alone.

    python -m training.clips frames --out FRAMES --count 8000 --seed 7
    python -m training.calibrate FRAMES [FRAMES ...]

Errors are those on lifters left out of the fit, every fifth at a time. What was seen is kept beside the pictures.
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
from spineline.core.spine import MAX_RESIDUAL, SpineModel, basis, fit_curve, model_input, trunk_frame
from spineline.core.track import PoseTrack
from spineline.io.models import resolve_model, shipped_folder
from spineline.io.pose import PoseObserver
from spineline.io.spine_model import FILE_NAME, save_spine_model
from spineline.io.tracks import load_track, save_track

Array = NDArray[np.float64]
MAX_YAW_DEG = 25.0
FOLDS = 5
EDGE_FEATURES = 15
RIDGE = 100.0
"""Chosen on the same folds among 30, 100, 300 and 1000, with the tangents and places in standard deviations."""


def main() -> None:
    """Observe, fit, write, print."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--model", default="full")
    given = parser.parse_args()
    model = resolve_model(given.model)
    sets = [observe(folder, model) for folder in given.folders]
    rows = [row | {"set": k} for k, (_, part) in enumerate(sets) for row in part]
    read = np.concatenate([model_input(track, facing(track)) for track, _ in sets])
    residual = np.concatenate([fit_curve(dorsal_profile(track, facing(track))).residual for track, _ in sets])
    yaw_deg = np.array([row["camera"]["yaw_deg"] for row in rows])
    seen_yaw_deg = np.concatenate([view.yaw_deg(track.world_m, facing(track)) for track, _ in sets])
    # A bar on the back hides what is measured here; such frames teach nothing.
    fair = np.array([row["exercise"] != "back_squat" for row in rows])
    fair &= (np.abs(yaw_deg) <= MAX_YAW_DEG) & (residual <= MAX_RESIDUAL) & np.isfinite(read).all(axis=1)
    _, lifter = np.unique([f"{row['set']}/{row['lifter']}" for row in rows], return_inverse=True)
    print(f"{len(rows)} pictures of {lifter.max() + 1} lifters, {fair.sum()} fit for measuring")
    print(f"yaw as seen: median error {np.nanmedian(seen_yaw_deg - yaw_deg):+.1f} deg")
    angles = {n: np.array([row[n] for row in rows])[fair] for n in ("thoracic_deg", "lumbar_deg")}
    lines, sigmas = [], []
    for name, truth in angles.items():
        edge = read[fair][:, :EDGE_FEATURES]
        report(f"{name}, edge alone", edge, truth, lifter[fair])
        offset, weights = fit(edge, truth)
        print(f"  offset {offset:.2f}, weights {np.round(weights, 3).tolist()}")
        sigmas.append(report(f"{name}, edge and silhouette", read[fair], truth, lifter[fair]))
        lines.append(fit(read[fair], truth))
    spine = SpineModel(np.array([o for o, _ in lines]), np.stack([w for _, w in lines]), round(sigmas[0], 1))
    save_spine_model(spine, shipped_folder() / FILE_NAME)
    places(sets)


def facing(track: PoseTrack) -> Array:
    """Which way each lifter faces; the pictures have no neighbours in time."""
    return np.where(track.facing < 0, -1.0, 1.0)


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
                    seen.append((float(index), replace(observation, identity=0)))
        recording = Recording((640, 640), {})
        for time_s, observation in seen:
            recording.add(time_s, observation)
        save_track(recording.track(), kept)
    track, _ = load_track(kept)
    return track, [rows[int(i)] for i in track.time_s]


def report(name: str, read: Array, truth: Array, lifter: NDArray[np.intp]) -> float:
    """Print the error on lifters left out; return its standard deviation within a lifter."""
    guess = np.full(len(truth), np.nan)
    for fold in range(FOLDS):
        out = lifter % FOLDS == fold
        offset, weights = fit(read[~out], truth[~out])
        guess[out] = offset + read[out] @ weights
    error = guess - truth
    own = error.copy()
    for each in np.unique(lifter):
        own[lifter == each] -= np.median(own[lifter == each])
    r = np.corrcoef(guess, truth)[0, 1]
    mean_only = np.abs(truth - truth.mean()).mean()
    print(f"{name}: MAE {np.abs(error).mean():.2f}, SD {error.std():.2f}, r {r:.2f}; the mean alone {mean_only:.2f}")
    print(f"  within a lifter: MAE {np.abs(own).mean():.2f}, SD {own.std():.2f}")
    return float(own.std())


def fit(read: Array, truth: Array) -> tuple[float, Array]:
    """Ridge regression; offset and weights for the features as they are."""
    mean, scale = read.mean(axis=0), np.ones(read.shape[1])
    scale[:EDGE_FEATURES] = 1.0 / read[:, :EDGE_FEATURES].std(axis=0)
    x = (read - mean) * scale
    w = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ (truth - truth.mean())) * scale
    return float(truth.mean() - mean @ w), np.asarray(w)


def places(sets: list[tuple[PoseTrack, list[dict[str, Any]]]]) -> None:
    """Print where the nine spine points lie in the trunk's frame."""
    found = []
    for track, rows in sets:
        curve = fit_curve(dorsal_profile(track, facing(track)))
        trunk = trunk_frame(track.landmarks_px, facing(track))
        points_px = np.array([row["points_px"] for row in rows])
        at = np.stack([trunk.place(points_px[:, k]) for k in range(points_px.shape[1])], axis=1)
        edge = np.stack([(curve.coefficients * basis(s)).sum(axis=1) for s in at[:, 3:, 0].T], axis=1)
        ear = trunk.place((track.landmarks_px[:, 7] + track.landmarks_px[:, 8]) / 2)
        fair = curve.residual <= MAX_RESIDUAL
        found.append(np.concatenate([at[:, 3:, 0], edge - at[:, 3:, 1], at[:, 2], at[:, 0] - ear], axis=1)[fair])
    median = np.round(np.median(np.concatenate(found), axis=0), 3).tolist()
    print("stations T3..S1", median[:6], "depths", median[6:12], "C7", median[12:14], "C1 from ear", median[14:])


if __name__ == "__main__":
    main()
