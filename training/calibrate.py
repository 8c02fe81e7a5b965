"""Fit the constants of `spineline.core.contour` on rendered lifters, and print them with their error.

    python -m training.calibrate DIR [DIR ...]

DIR is what `training.dataset` wrote. Errors are those on lifters left out of the fit, every fifth at a time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spineline.core import view
from spineline.core.contour import MAX_RESIDUAL, Curve, basis, features, fit_curve
from spineline.core.silhouette import dorsal_profile
from spineline.core.track import Floats
from spineline.core.trunk import trunk_frame
from training.dataset import DataSet, read_set

MAX_YAW_DEG = 25.0
FOLDS = 5
RIDGE = 100.0
"""Chosen on the same folds among 30, 100, 300 and 1000, with the features in standard deviations."""


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+")
    for folder in parser.parse_args().folders:
        calibrate(read_set(folder))


def calibrate(data: DataSet) -> None:
    """Print what a data set gives."""
    track, facing = data.track, data.facing
    curve = fit_curve(dorsal_profile(track, facing))
    read = features(track.landmarks_px, facing, curve)
    yaw_deg = data.column("yaw_deg", "camera")
    near = np.abs(yaw_deg) <= MAX_YAW_DEG
    # A bar on the back hides what is measured here; such pictures teach nothing.
    fair = near & (data.column("exercise") != "back_squat") & (curve.residual <= MAX_RESIDUAL)
    fair &= np.isfinite(read).all(axis=1)
    seen_yaw_deg = view.yaw_deg(track.world_m, facing)
    print(f"{len(data.rows)} pictures, {fair.sum()} fit for measuring")
    print(f"yaw as seen: median error {np.nanmedian((seen_yaw_deg - yaw_deg)[near]):+.1f} deg")
    for name in ("thoracic_deg", "lumbar_deg"):
        truth = data.column(name)[fair]
        report(name, read[fair], truth, data.lifter[fair])
        offset, weights = fit(read[fair], truth)
        print(f"  offset {offset:.2f}, weights {np.round(weights, 3).tolist()}")
    places(data, facing, curve)


def report(name: str, read: Floats, truth: Floats, lifter: NDArray[np.intp]) -> None:
    """Print the error on lifters left out."""
    guess = np.full(len(truth), np.nan)
    for fold in range(FOLDS):
        out = lifter % FOLDS == fold
        offset, weights = fit(read[~out], truth[~out])
        guess[out] = offset + read[out] @ weights
    error = guess - truth
    r = np.corrcoef(guess, truth)[0, 1]
    print(f"{name}: MAE {np.abs(error).mean():.2f}, SD {error.std():.2f}, r {r:.2f}")


def fit(read: Floats, truth: Floats) -> tuple[float, Floats]:
    """Ridge regression; offset and weights for the features as they are."""
    mean, scale = read.mean(axis=0), 1.0 / read.std(axis=0)
    x = (read - mean) * scale
    w = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ (truth - truth.mean())) * scale
    return float(truth.mean() - mean @ w), np.asarray(w)


def places(data: DataSet, facing: Floats, curve: Curve) -> None:
    """Print where the nine spine points lie in the trunk's frame."""
    at = data.places.reshape(len(data.rows), -1, 2)
    edge = np.stack([(curve.coefficients * basis(s)).sum(axis=1) for s in at[:, 3:, 0].T], axis=1)
    landmarks_px = data.track.landmarks_px
    ear = trunk_frame(landmarks_px, facing).place((landmarks_px[:, 7] + landmarks_px[:, 8]) / 2)
    found = np.concatenate([at[:, 3:, 0], edge - at[:, 3:, 1], at[:, 2], at[:, 0] - ear], axis=1)
    median = np.round(np.median(found[curve.residual <= MAX_RESIDUAL], axis=0), 3).tolist()
    print("stations T3..S1", median[:6], "depths", median[6:12], "C7", median[12:14], "C1 from ear", median[14:])


if __name__ == "__main__":
    main()
