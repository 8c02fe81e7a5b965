"""What a batch costs: time at 1 and more processes, what is done already, disk, history; and a hundred thousand clips.

    python -m benchmarks.speed.batch [--clips 6] [--seconds 20] [--workers 1 2] [--cores 16]

Each run is the whole program, `spineline batch` with reports and history, on clips as phones write them, every one with
bytes of its own. CPU time is that of all its processes. Prints Markdown.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.speed.phone import RATE_HZ, phone_clip
from spineline.app.analyze import Request
from spineline.app.batch import planned
from spineline.app.batch_file import settled
from spineline.app.cli import NO_LIFT
from spineline.io.data_folder import DATA_VARIABLE
from spineline.io.models import identify_bundle, resolve_model, shipped_folder
from spineline.io.receipts import file_sha256
from spineline.io.sources import read_source
from spineline.io.spine_net import FILE_NAME

MANY: Final = 100_000
_TIMES: Final = 50


@dataclass(frozen=True)
class Cost:
    """Of one run of the program."""

    wall_s: float
    cpu_s: float


def batch(folder: Path, out: Path, data: Path, workers: int) -> Cost:
    """Run the program on a folder of clips."""
    command = [sys.executable, "-m", "spineline", "batch", str(folder), "-o", str(out), "--quiet"]
    before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [*command, "--workers", str(workers)], env={**os.environ, DATA_VARIABLE: str(data)}, check=False
    )
    wall_s, after = time.perf_counter() - began_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, NO_LIFT):
        sys.exit(f"the batch ended with status {done.returncode}")
    return Cost(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def known_s(folder: Path, out: Path) -> float:
    """Return how long it takes to see that one clip is done already, whatever the start of the program takes."""
    bundle = resolve_model("full")
    models = (identify_bundle(bundle).sha256, file_sha256(shipped_folder() / FILE_NAME))
    source = [read_source(str(folder))]
    tasks = planned(source, Request(output_dir=out), model=bundle, models=models).tasks.values()
    began_s = time.perf_counter()
    for _ in range(_TIMES):
        if not all(map(settled, tasks)):
            sys.exit("what was done counts as not done")
    return (time.perf_counter() - began_s) / _TIMES / len(tasks)


def size_bytes(folder: Path) -> int:
    """Return the size of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(folder: Path, clips: int, seconds: float, workers: Sequence[int], cores: int) -> None:
    """Measure and print."""
    season, data = folder / "season", folder / "data"
    season.mkdir()
    (folder / "first").mkdir()
    phone_clip(folder / "first" / "clip 0.mp4", 2.0, seed=clips)
    batch(
        folder / "first", folder / "out", data, 1
    )  # so that the history is there, and all that is read lies in memory
    empty_bytes = size_bytes(data)
    for number in range(clips):
        phone_clip(season / f"clip {number + 1}.mp4", seconds, seed=number)
    frames = clips * round(seconds * RATE_HZ) / 1000
    print("| processes | wall, s per 1,000 frames | CPU, s per 1,000 frames |", "| --- " * 3 + "|", sep="\n")
    cpu_s = 0.0
    for number in workers:
        cost = batch(season, folder / f"out{number}", data, number)
        cpu_s = max(cpu_s, cost.cpu_s / clips)
        print(f"| {number} | {cost.wall_s / frames:.1f} | {cost.cpu_s / frames:.1f} |", flush=True)
    out = folder / f"out{workers[-1]}"
    again = batch(season, out, data, workers[-1])
    known, disk, kept = known_s(season, out), size_bytes(out) / clips, (size_bytes(data) - empty_bytes) / clips
    hours = cpu_s * MANY / 3600
    rows = (
        (f"one clip of {seconds:g} s", f"{cpu_s:.1f} s of CPU"),
        ("the same command again, nothing left to do", f"{again.wall_s:.1f} s"),
        ("of that, each clip", f"{1000 * known:.1f} ms"),
        ("results, with report", f"{disk / 1e3:.0f} kB a clip"),
        ("history", f"{kept / 1e3:.0f} kB a clip"),
        (f"{MANY:,} clips", f"{hours:,.0f} hours of CPU: {hours / 24 / cores:.1f} days on {cores} such cores"),
        ("to see that all are done", f"{MANY * known:.0f} s"),
        ("results and history", f"{MANY * disk / 1e9:.0f} GB and {MANY * kept / 1e9:.0f} GB"),
    )
    print("\n| what | cost |", "| --- " * 2 + "|", *(f"| {what} | {cost} |" for what, cost in rows), sep="\n")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--cores", type=int, default=16)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), given.clips, given.seconds, given.workers, given.cores)


if __name__ == "__main__":
    main()
