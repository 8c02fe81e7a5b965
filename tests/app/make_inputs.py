"""Inputs for the tests of the programs: saved tracks of simulated lifts, and the sample clips."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from spineline.app.footage import FILM_START
from spineline.core.settings import Settings
from spineline.core.sim import Move, lift, simulate
from spineline.core.track import PoseTrack
from spineline.io.config import Options, config_text
from spineline.io.film import Film
from spineline.io.results import CONFIG, FILM, TRACK
from spineline.io.tracks import save_track
from tests.io.make_video import numbered_image

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


def write_recording(
    folder: Path,
    *,
    style: str = "goblet_squat",
    starts_s: float = 0.0,
    filmed_before: int = 0,
    scale: float = 0.25,
    **options: object,
) -> PoseTrack:
    """Keep a simulated set as `spineline live` does: its track, its video, and what was asked for.

    The video shows the number of each frame of the track; ``filmed_before`` frames it began earlier, and it has
    ``scale`` of the pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    track = simulate(lift(style, reps=2), style=style, fps=15.0).track
    step_s = track.time_s[1]
    track = replace(track, time_s=track.time_s + starts_s)
    film = Film(folder / FILM)
    width_px, height_px = (round(side * scale) for side in track.image_size_px)
    for number in range(-filmed_before, len(track)):
        time_s = track.time_s[number] if number >= 0 else starts_s + number * step_s
        while film._frames.full():
            time.sleep(0.001)
        film.add(float(time_s), numbered_image(max(number, 0), width_px=width_px, height_px=height_px))
    film.close()
    assert (film.trouble, film.lost) == (None, 0)
    track = replace(track, source={**SOURCE, FILM_START: repr(film.start_s)})
    save_track(track, folder / TRACK)
    (folder / CONFIG).write_text(config_text(Options.from_mapping(options), Settings()), encoding="utf-8")
    return track
