"""How fast the core is: all metrics, an hour of track analysed again, and memory.

python -m benchmarks.speed.core [FRAMES]        # of the hour, 108000 if not named

The track is made here, with a seed: a simulated set, forwards and backwards again and again, with noise.
"""

import cProfile
import functools
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import numpy as np

from spineline.core import analysis
from spineline.core.analysis import analyze
from spineline.core.lifter import Observation, Person
from spineline.core.recording import Recording
from spineline.core.sim import lift, simulate
from spineline.core.track import PoseTrack
from spineline.io.tracks import load_track, save_track

_FPS: Final = 30.0
_METRIC_FRAMES: Final = 100_000
_TIMES: Final = 5
_SHOWN: Final = 20


@functools.cache
def _part(*, silhouettes: bool) -> PoseTrack:
    return simulate(lift("conventional", reps=4, rounding_deg=15.0), fps=_FPS, silhouettes=silhouettes).track


def long_track(frames: int, *, seed: int = 0, silhouettes: bool = True) -> PoseTrack:
    """Make a track of so many frames as it is recorded: what a pose model gives is float32."""
    part = _part(silhouettes=silhouettes)
    there_and_back = np.concatenate([np.arange(len(part)), np.arange(len(part))[::-1]])
    index, noise = np.resize(there_and_back, frames), np.random.default_rng(seed)
    made: dict[str, Any] = {
        field.name: getattr(part, field.name)[index]
        for field in fields(PoseTrack)
        if field.name not in ("time_s", "image_size_px", "source")
    }
    made["landmarks_px"] = made["landmarks_px"] + noise.normal(0.0, 0.3, made["landmarks_px"].shape)
    made["world_m"] = made["world_m"] + noise.normal(0.0, 0.001, made["world_m"].shape)
    seen = {name: each if name == "silhouette_bits" else each.astype(np.float32) for name, each in made.items()}
    return replace(part, time_s=np.arange(frames) / _FPS, **seen)


def cpu_s(work: Callable[[], object], times: int = _TIMES) -> float:
    """Return the median CPU time of some runs."""
    took = []
    for _ in range(times):
        begin_s = time.process_time()
        work()
        took.append(time.process_time() - begin_s)
    return statistics.median(took)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    print(f"\n{title}\n")
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(row) + " |")


def metrics(track: PoseTrack) -> None:
    """Measure everything that is measured of a track but the spine model's reading."""
    with patch.object(analysis, "_judged", lambda done, *_: done):
        unjudged_s = cpu_s(lambda: analyze(track))
    took_s = cpu_s(lambda: analyze(track))
    for what, each_s in (
        ("All metrics of all frames", unjudged_s),
        ("And every rep judged by every rule", took_s),
    ):
        print(f"\n{what}: {len(track):,} frames in {each_s:.2f} s of CPU time, {len(track) / each_s:,.0f} a second")
    profile = cProfile.Profile()
    profile.runcall(analyze, track)
    counted = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    rows = [
        (cumulative_s, own_s, calls, f"{Path(file).stem}.{name}" if "spineline" in file else name)
        for (file, _, name), (_, calls, own_s, cumulative_s, _) in counted.items()
    ]
    whole_s = max(row[0] for row in rows)
    table(
        "Where the time goes, of the whole",
        ["function", "calls", "with what it calls", "itself"],
        [
            [name, f"{calls:,}", f"{cumulative_s / whole_s:.0%}", f"{own_s / whole_s:.0%}"]
            for cumulative_s, own_s, calls, name in sorted(rows, reverse=True)[:_SHOWN]
        ],
    )


def again(path: Path) -> None:
    """Load a track and analyse it, and print CPU times and how long both took; run in a process of its own."""
    begin_s, began_s = time.process_time(), time.perf_counter()
    track, _ = load_track(path)
    loaded_s = time.process_time()
    found = analyze(track)
    done_s, ended_s = time.process_time(), time.perf_counter()
    print(f"{loaded_s - begin_s} {done_s - loaded_s} {ended_s - began_s} {len(found.reps)}")


def record(path: Path) -> None:
    """Put the frames of a track into a recording; run in a process of its own."""
    part, recording = load_track(path)[0], Recording((640, 480))
    bits = np.asarray(part.silhouette_bits)
    seen = [
        Observation(
            person=Person(part.landmarks_px[i], part.world_m[i], part.visibility[i]),
            silhouette_bits=bits[i],
            silhouette_scale_px=float(part.silhouette_scale_px[i]),
            facing=float(part.facing[i]),
            others=0.0,
            identity=0,
            spine_raw=part.spine_raw[i],
        )
        for i in range(len(part))
    ]
    for number in range(int(sys.argv[3])):
        recording.add(number / _FPS, seen[number % len(seen)])


_LAUNCHER: Final = """
import os, subprocess, sys
process = subprocess.Popen([sys.executable, *sys.argv[1:]])
_, status, used = os.wait4(process.pid, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A process counts the memory of the one that it was started from as its own: so that one is small."""


def child(*arguments: str) -> tuple[list[float], float, float]:
    """Run Python; return the numbers that it printed, its CPU time in seconds and its peak memory in megabytes."""
    command = [sys.executable, "-c", _LAUNCHER, *arguments]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    *numbers, all_s, peak_mb = map(float, printed.split())
    return numbers, all_s, peak_mb


def analysed_again(folder: Path, frames: Sequence[int]) -> None:
    """Measure what analysing saved tracks again takes: loading, analysing, and the whole command."""
    rows = []
    _, idle_s, idle_mb = child("-c", "import spineline.io.tracks, spineline.core.analysis")
    for count in frames:
        path = folder / f"{count}.npz"
        save_track(long_track(count), path)
        (load_s, analyze_s, wall_s, reps_found), _, peak_mb = child("-m", "benchmarks.speed.core", "--again", str(path))
        command = ("-m", "spineline", "analyze", str(path), "--no-history", "--quiet", "-o", str(folder))
        _, all_s, all_mb = child(*command)
        rows.append([
            f"{count / _FPS / 60:.0f} min", f"{reps_found:.0f}", f"{path.stat().st_size / 1e6:.0f} MB",
            f"{load_s:.2f} s", f"{analyze_s:.2f} s", f"{wall_s:.2f} s",
            f"{peak_mb:.0f} MB", f"{all_s:.1f} s", f"{all_mb:.0f} MB",
        ])  # fmt: skip
    minute = str(folder / f"{min(frames)}.npz")
    grown_mb = [child("-m", "benchmarks.speed.core", "--record", minute, str(count))[2] for count in (1, *frames)]
    heads = ["track", "reps", "file", "load", "analyse", "both, wall", "peak memory", "`spineline analyze` in all",
             "peak memory"]  # fmt: skip
    table("Tracks analysed again", heads, rows)
    for count, peak_mb in zip(frames, grown_mb[1:], strict=True):
        print(f"\nA recording of {count:,} frames: {peak_mb - grown_mb[0]:.0f} MB at most while it grows")
    print(f"\nImports alone: {idle_s:.1f} s, {idle_mb:.0f} MB. All times but wall are CPU time.")


def main() -> None:
    """Print every table."""
    if sys.argv[1:2] == ["--again"]:
        again(Path(sys.argv[2]))
        return
    if sys.argv[1:2] == ["--record"]:
        record(Path(sys.argv[2]))
        return
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 108_000
    with tempfile.TemporaryDirectory() as folder:
        analysed_again(Path(folder), (1_800, frames))
    metrics(long_track(_METRIC_FRAMES))


if __name__ == "__main__":
    main()
