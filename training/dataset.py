"""Rendered pictures as the product sees them: each goes through the pose model and is cut as `analyze` cuts it.

    python -m training.dataset DIR --lifters 3000 --seed 101 --workers 2

One file a lifter, complete or absent, so a run may be stopped and taken up. The pictures themselves are not kept. A
file holds, for every picture in which a person was found, ``pictures (n, 112, 96)`` (`core.trunk.cut_trunk` with a
margin for shifting), ``marks (n, 32)``, what a PoseTrack holds of it, and the truth: ``rows``, JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track as progress

from spineline.core.lifter import Observation
from spineline.core.recording import Recording
from spineline.core.skeleton import SPINE_POINTS
from spineline.core.track import Floats, PoseTrack
from spineline.core.trunk import cut_trunk, marks, trunk_frame
from spineline.io.models import resolve_model
from spineline.io.pose import PoseObserver
from training.frames import each_lifter, shoot_lifter

MARGIN_PX = 8
NEXT_FRAME_S = 1 / 30
APART_S = 5.0
MAX_MISS = 0.35
"""A pose whose shoulders or hips are further from the true ones, in trunk lengths, is of somebody or something else."""


@dataclass
class Eye:
    """Stands where the spine model stands in the product, and keeps what it would be shown."""

    picture: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    marks: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))

    def __call__(self, mask: NDArray[np.float32], landmarks_px: Floats, world_m: Floats, facing: float) -> Floats:
        """Keep it; read nothing."""
        self.picture = cut_trunk(mask, landmarks_px, facing, margin=MARGIN_PX)
        self.marks = marks(landmarks_px, world_m, facing)
        return np.empty(0)


class StillObserver(PoseObserver):
    """Looks at pictures of one lifter each; searches for nobody else."""

    def _search(self, image: NDArray[np.uint8], time_s: float) -> None:
        self._scouted_s = time_s
        self._aim_at((0, 0, image.shape[1], image.shape[0]))


@dataclass
class Studio:
    """A pose model that looks at pictures without neighbours in time."""

    eye: Eye
    observer: PoseObserver
    now_s: float = 0.0

    def look(self, picture: NDArray[np.uint8]) -> Observation | None:
        """Return the person found; looks twice, as a video's frame is found by help of the frame before."""
        self.observer.forget()
        self.now_s += APART_S
        self.observer.observe(picture, self.now_s)
        seen = self.observer.observe(picture, self.now_s + NEXT_FRAME_S)
        return replace(seen, identity=0) if seen else None


_studio: list[Studio] = []


def studio() -> Studio:
    """Return this process's own."""
    if not _studio:
        eye = Eye()
        _studio.append(Studio(eye, StillObserver(resolve_model("full"), eye)))
    return _studio[0]


def observe_lifter(folder: Path, lifter: int, *, seed: int, natural_standing: float) -> None:
    """Render and observe one lifter and write the file."""
    observe(_file(folder, lifter), shoot_lifter(lifter, seed, natural_standing=natural_standing))


def observe(path: Path, shots: Iterable[tuple[NDArray[np.uint8], dict[str, Any]]]) -> None:
    """Observe the pictures of one lifter, each with its row of the manifest, and write the file."""
    rows: list[dict[str, Any]] = []
    pictures, places = [], []
    recording = Recording((1, 1), {})
    for picture, row in shots:
        seen = studio().look(picture)
        if seen is None:
            continue
        recording.add(float(len(rows)), seen)
        rows.append(row | {"image_size_px": [picture.shape[1], picture.shape[0]]})
        pictures.append(studio().eye.picture)
        places.append(studio().eye.marks)
    track = recording.track()
    part = path.with_suffix(".part.npz")
    np.savez_compressed(
        part, rows=np.array(json.dumps(rows)), pictures=np.array(pictures), marks=np.array(places),
        **{name: getattr(track, name) for name in _KEPT},
    )  # fmt: skip
    part.replace(path)


_KEPT = (
    "landmarks_px", "world_m", "visibility", "silhouette_bits", "silhouette_scale_px", "facing", "others",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class DataSet:
    """N pictures: ``pictures (N, 112, 96)``, ``marks (N, 32)``, the ``track`` of N unconnected frames, and truth.

    ``lifter (N,)`` counts lifters, ``size_px (N, 2)``, ``rows`` are the lines of the manifest.
    """

    pictures: NDArray[np.uint8]
    marks: NDArray[np.float32]
    track: PoseTrack
    lifter: NDArray[np.intp]
    rows: list[dict[str, Any]]

    @property
    def facing(self) -> Floats:
        """Which way each lifter faces, +1 or -1, ``(N,)``; the pictures have no neighbours in time."""
        return np.where(self.track.facing < 0, -1.0, 1.0)

    @property
    def places(self) -> Floats:
        """True places of the nine spine points in the trunk's own frame, ``(N, 18)``."""
        trunk = trunk_frame(self.track.landmarks_px, self.facing)
        return trunk.place(self.column("points_px")).reshape(len(self.rows), 2 * len(SPINE_POINTS))

    def column(self, name: str, inside: str | None = None) -> NDArray[Any]:
        """Return a value of every row, ``row[name]`` or ``row[inside][name]``."""
        return np.array([(row[inside] if inside else row)[name] for row in self.rows])


def read_set(folder: Path, *, most: int | None = None) -> DataSet:
    """Read the files of at most so many lifters; pictures in which somebody else was found are left out.

    Raises
    ------
    ValueError
        If nobody was found in any of them.
    """
    parts: dict[str, list[NDArray[Any]]] = {}
    rows: list[dict[str, Any]] = []
    lifter: list[int] = []
    for path in sorted(folder.glob("[0-9]*[0-9].npz"))[:most]:
        with np.load(path, allow_pickle=False) as file:
            here = json.loads(str(file["rows"]))
            if not here:
                continue
            kept = _is_the_lifter(file["landmarks_px"], here)
            for name in ("pictures", "marks", *_KEPT):
                parts.setdefault(name, []).append(file[name][kept])
        rows += [row for row, good in zip(here, kept, strict=True) if good]
        lifter += [int(path.stem)] * int(kept.sum())
    if not parts:
        raise ValueError(f"{folder}: expected files of lifters (NNNNN.npz) with pictures, found none")
    whole = {name: np.concatenate(values) for name, values in parts.items()}
    pictures, places = whole.pop("pictures"), whole.pop("marks")
    time_s, raw = np.arange(len(rows), dtype=np.float64), np.empty((len(rows), 0))
    plate_px = np.full((len(rows), 4), np.nan)
    track = PoseTrack(time_s=time_s, plate_px=plate_px, spine_raw=raw, image_size_px=(1, 1), source={}, **whole)
    return DataSet(pictures, places, track, np.array(lifter), rows)


def _is_the_lifter(landmarks_px: Floats, rows: list[dict[str, Any]]) -> NDArray[np.bool_]:
    true = np.array([row["joints_px"] for row in rows]).mean(axis=2)[:, [0, 3]]  # shoulders and hips
    found = np.stack([landmarks_px[:, [11, 12]].mean(axis=1), landmarks_px[:, [23, 24]].mean(axis=1)], axis=1)
    length = np.maximum(np.linalg.norm(true[:, 0] - true[:, 1], axis=1), 20.0)
    return np.asarray((np.linalg.norm(found - true, axis=2) / length[:, None] < MAX_MISS).all(axis=1))


def fill(folder: Path, *, lifters: int, seed: int, natural_standing: float, workers: int) -> None:
    """Render and observe what is missing in a folder.

    Raises
    ------
    ValueError
        If the folder holds another set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    described = {"seed": seed, "natural_standing": natural_standing}
    manifest = folder / "manifest.json"
    if manifest.exists() and json.loads(manifest.read_text()) != described:
        raise ValueError(f"{folder} holds another set, {manifest.read_text()}: expected {described}")
    manifest.write_text(json.dumps(described))
    work = partial(observe_lifter, folder, seed=seed, natural_standing=natural_standing)
    wanted = [k for k in range(lifters) if not _file(folder, k).exists()]
    if not wanted:
        return
    for _ in progress(each_lifter(work, wanted, workers=workers), total=len(wanted), description="lifters"):
        pass


def _file(folder: Path, lifter: int) -> Path:
    return folder / f"{lifter:05d}.npz"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.dataset", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lifters", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--natural-standing", type=float, default=0.3, help="share of standing pictures at ease")
    parser.add_argument("--workers", type=int, default=1)
    fill(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
