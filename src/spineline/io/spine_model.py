"""The spine model's file, and a track read by it before the core is entered."""

import functools
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from spineline.core.spine import SpineModel
from spineline.core.track import PoseTrack
from spineline.core.view import steady_facing
from spineline.errors import ModelError
from spineline.io.models import shipped_folder

FILE_NAME: Final = "spine_linear.npz"


@functools.cache
def load_spine_model(path: Path | None = None) -> SpineModel:
    """Load a spine model, that of the package if no path is given.

    Raises
    ------
    ModelError
        If the file is missing or damaged.
    """
    path = path or shipped_folder() / FILE_NAME
    try:
        with np.load(path, allow_pickle=False) as file:
            offset, weights, sigma = (np.asarray(file[n], np.float64) for n in ("offset_deg", "weights", "sigma_deg"))
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path.name}: expected the spine model of spineline, it is damaged; install anew") from error
    return SpineModel(offset, weights, float(sigma))


def save_spine_model(model: SpineModel, path: Path) -> None:
    """Write a spine model, with single precision weights."""
    np.savez(
        path,
        offset_deg=model.offset_deg,
        weights=model.weights.astype(np.float32),
        sigma_deg=np.float64(model.sigma_deg),
    )


def with_spine(track: PoseTrack) -> PoseTrack:
    """Return the track with `spine_raw` read by the package's spine model."""
    facing = steady_facing(track.time_s, track.facing)
    return replace(track, spine_raw=load_spine_model().read(track, facing))
