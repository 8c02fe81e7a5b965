"""A season of small recordings for the tests of batch, and work on them that goes wrong."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spineline.app.batch_file import Task, measure, measure_there
from spineline.app.footage import OnProgress
from spineline.io.batch_tables import Entry
from tests.app.make_inputs import write_lift, write_standing
from tests.contents import paths_below
from tests.io.make_video import write_video


def write_season(folder: Path) -> Path:
    """Save squats, rounded deadlifts and somebody standing, each in a folder of its own; equal stems among them."""
    for name in ("anna", "bob", "rest"):
        (folder / name).mkdir(parents=True)
    write_lift(folder / "anna" / "set 2.npz", reps=2)
    write_lift(folder / "anna" / "set 10.npz", reps=1)
    write_lift(folder / "bob" / "set 2.npz", style="conventional", rounding_deg=30.0)
    write_standing(folder / "rest" / "standing.npz")
    return folder


SEASON = ("anna/set 2.npz", "anna/set 10.npz", "bob/set 2.npz", "rest/standing.npz")
"""Its files in natural order."""


def write_clip(path: Path) -> Path:
    """Write a video of a second in which there is nobody."""
    return write_video(path, [n / 8 for n in range(8)])


def rows(path: Path) -> list[dict[str, str]]:
    """Read a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def document(folder: Path) -> dict[str, Any]:
    """Read the analysis.json of a folder of results."""
    found: dict[str, Any] = json.loads((folder / "analysis.json").read_text("utf-8"))
    return found


def times_ns(folder: Path) -> dict[str, int]:
    """Return when each file below a folder was last written."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in files}


def leftovers(folder: Path) -> list[Path]:
    """Return what is half-written below a folder."""
    return [path for path in paths_below(folder) if path.name.startswith(".spineline.")]


def trouble(task: Task, on_progress: OnProgress) -> Entry:
    """Work as always, but what is called so kills its process, hangs, or raises; `once` only the first time."""
    path = Path(task.job.name)
    mark = path.with_suffix(".tried")
    first = not mark.exists()
    mark.touch()
    if "dies" in path.stem or ("once" in path.stem and first):
        os.kill(os.getpid(), signal.SIGKILL)
    if "hangs" in path.stem:
        time.sleep(3600)
    return measure(task, on_progress)


def kill_the_worker_once(task: Task) -> Entry:
    """Kill the worker of a cluster when the first file is half-way, and never again."""
    mark = Path(task.job.name).parents[1] / "killed"
    if "set" in task.job.name and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return measure_there(task)


def said(found: Sequence[Entry]) -> dict[str, str]:
    """Return the status of each file."""
    return {entry.name: entry.status for entry in found}
