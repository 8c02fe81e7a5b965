"""Inputs for the tests of the programs: saved tracks of simulated lifts, and the sample clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from spineline.core.sim import Move, lift, simulate
from spineline.io.tracks import save_track

SAMPLES = Path(__file__).parents[2] / "samples"
CLIP = SAMPLES / "deadlift_neutral.mp4"
ONE_REP_S = ("3.0", "6.6")
"""Part of `CLIP` with its first rep."""

SOURCE = {"file": "simulated.mp4", "model": "full", "model_sha256": "ab" * 32, "mediapipe": "1.2.2"}


def write_lift(path: Path, *, style: str = "goblet_squat", reps: int = 2, rounding_deg: float = 0.0) -> Path:
    """Save the track of a simulated set."""
    done = simulate(lift(style, reps=reps, rounding_deg=rounding_deg), style=style, fps=15.0)
    save_track(replace(done.track, source=SOURCE), path)
    return path


def write_standing(path: Path) -> Path:
    """Save the track of somebody who only stands there."""
    save_track(replace(simulate([Move("stand", 2.0)], fps=15.0).track, source=SOURCE), path)
    return path


def write_unseen(path: Path) -> Path:
    """Save the track of a set whose back was never seen: the spine model could read nothing."""
    track = simulate(lift("goblet_squat", reps=2), style="goblet_squat", fps=15.0, silhouettes=False).track
    save_track(replace(track, spine_raw=np.full_like(track.spine_raw, np.nan), source=SOURCE), path)
    return path
