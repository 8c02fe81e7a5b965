"""How fast the core is: every kernel against its slow twin, all metrics, an hour of track analysed again, and memory.

python -m benchmarks.speed.core [FRAMES]        # of the hour, 108000 if not named

The track is made here, with a seed: a simulated set, forwards and backwards again and again, with noise. Times are CPU
time, of kernels the median of several runs. A twin runs on a few frames only and is scaled up in proportion, which
flatters those whose time grows faster.
"""

import cProfile
import functools
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import numpy as np

from spineline.core import analysis, contour, reps, scene, signals, silhouette, trunk, view
from spineline.core.analysis import analyze
from spineline.core.kinematics import kinematics, marks_of, sagittal
from spineline.core.lifter import Observation, Person
from spineline.core.recording import Recording
from spineline.core.sim import lift, simulate
from spineline.core.skeleton import Landmark
from spineline.core.track import PoseTrack
from spineline.io.tracks import load_track, save_track
from tests import naive, naive_series

_FPS: Final = 30.0
_KERNEL_FRAMES: Final = 100_000
_TIMES: Final = 5
_SHOWN: Final = 20
_FILTER: Final[dict[str, Any]] = {"cutoff_hz": 4.0, "median_s": 0.15, "max_gap_s": 0.25}


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


@dataclass(frozen=True)
class Kernel:
    """One kernel: as it is, on so many frames, and its twin, on the first ``few`` of them."""

    name: str
    frames: int
    few: int
    fast: Callable[[], object]
    slow: Callable[[], object]


def cpu_s(work: Callable[[], object], times: int = _TIMES) -> float:
    """Return the median CPU time of some runs."""
    took = []
    for _ in range(times):
        begin_s = time.process_time()
        work()
        took.append(time.process_time() - begin_s)
    return statistics.median(took)


def pose_kernels(track: PoseTrack) -> Iterator[Kernel]:
    """Give the kernels that look at landmarks."""
    px, world_m, facing = (np.asarray(each, np.float64) for each in (track.landmarks_px, track.world_m, track.facing))
    yaw_deg, n, few = np.zeros(len(track)), len(track), 300
    marks = {mark: px[:, mark] for mark in marks_of("left")}
    size_px, ratio, share = track.image_size_px, 1.8, 0.5
    yield Kernel("view.trusted", n, few, lambda: view.trusted(track, max_torso_ratio=ratio),
                 lambda: naive.trusted(px[:few], max_torso_ratio=ratio, most_head_down=0.57))  # fmt: skip
    yield Kernel("view.folded", n, few, lambda: view.folded(track, min_thigh_share=share),
                 lambda: naive.folded(px[:few], min_thigh_share=share))  # fmt: skip
    yield Kernel("view.steady_facing", n, few, lambda: view.steady_facing(track.time_s, facing),
                 lambda: naive.steady_facing(track.time_s[:few], facing[:few], window_s=1.0))  # fmt: skip
    yield Kernel("view.yaw_deg", n, few, lambda: view.yaw_deg(world_m, facing),
                 lambda: [naive.yaw_deg(world_m[i], facing[i]) for i in range(few)])  # fmt: skip
    yield Kernel("view.near_side", n, few, lambda: view.near_side(track.visibility),
                 lambda: naive.near_side(track.visibility[:few]))  # fmt: skip
    yield Kernel("view.out_of_frame", n, few, lambda: view.out_of_frame(track, margin=0.1),
                 lambda: [naive.out_of_frame(px[i], size_px, margin=0.1) for i in range(few)])  # fmt: skip
    yield Kernel("kinematics", n, few, lambda: kinematics(sagittal(marks, facing, yaw_deg, "left")),
                 lambda: [naive.angles_deg(px[i], facing[i], 0.0, "left") for i in range(few)])  # fmt: skip
    yield Kernel("silhouette.facing", n, few, lambda: silhouette.facing(px),
                 lambda: [naive.facing(px[i]) for i in range(few)])  # fmt: skip
    yield Kernel("trunk.place", n, few, lambda: trunk.trunk_frame(px, facing).place(px[:, Landmark.NOSE]),
                 lambda: [naive.in_trunk(px[i], facing[i], px[i, Landmark.NOSE]) for i in range(few)])  # fmt: skip


def contour_kernels(track: PoseTrack, frames: int = 2000, few: int = 2) -> Iterator[Kernel]:
    """Give the kernels that look at silhouettes, on fewer frames: they are for tracks without a spine model alone."""
    part = replace(track, **{f.name: getattr(track, f.name)[:frames] for f in fields(PoseTrack) if f.name not in
                             ("image_size_px", "source")})  # fmt: skip
    px, facing = np.asarray(part.landmarks_px, np.float64), np.asarray(part.facing, np.float64)
    pictures = silhouette.silhouettes(part, slice(0, few), facing)
    along = silhouette._along(part, facing)
    back, front = silhouette.dorsal_profile(part, facing), silhouette.ventral_profile(part, facing)
    yield Kernel("silhouette.dorsal_profile", frames, few, lambda: silhouette.dorsal_profile(part, facing),
                 lambda: [naive.profile(pictures[i], along[i]) for i in range(few)])  # fmt: skip
    yield Kernel("contour.features", frames, few, lambda: contour.features(px, facing, contour.fit_curve(back)),
                 lambda: [naive.features(px[i], facing[i], back[i]) for i in range(few)])  # fmt: skip
    yield Kernel("contour.spine_places", frames, few, lambda: contour.spine_places(px, facing, contour.fit_curve(back)),
                 lambda: [naive.read_contour(px[i], facing[i], back[i], front[i]) for i in range(few)])  # fmt: skip


def series_kernels(track: PoseTrack) -> Iterator[Kernel]:
    """Give the kernels that run over time."""
    time_s, n, few = track.time_s, len(track), 300
    height = -np.asarray(track.landmarks_px[:, Landmark.LEFT_SHOULDER, 1], np.float64)
    some, smooth = slice(0, few), signals.smooth(time_s, height, **_FILTER)
    known = height > np.median(height)
    every = [result.rep for result in analyze(track).reps]
    few_s, few_height = time_s[some].tolist(), height[some].tolist()
    rise = float(np.ptp(smooth)) / 4
    yield Kernel("signals.runs", n, few, lambda: signals.runs(known), lambda: naive_series.runs(known[some].tolist()))
    yield Kernel("signals.stretches", n, few, lambda: signals.stretches(time_s, known, max_gap_s=0.25),
                 lambda: naive_series.stretches(time_s[some], known[some], max_gap_s=0.25))  # fmt: skip
    yield Kernel("signals.held", n, few, lambda: signals.held(time_s, known, at_least_s=0.2),
                 lambda: naive_series.held(time_s[some], known[some], at_least_s=0.2))  # fmt: skip
    yield Kernel("signals.smooth", n, few, lambda: signals.smooth(time_s, height, **_FILTER),
                 lambda: naive_series.smooth(time_s[some], height[some], grid_hz=signals.GRID_HZ, **_FILTER),
                 )  # fmt: skip
    yield Kernel("reps.turning_points", n, few, lambda: reps.turning_points(smooth, prominence=rise),
                 lambda: naive_series.turning_points(smooth[some].tolist(), prominence=rise))  # fmt: skip
    yield Kernel("reps.inside", n, few, lambda: reps.inside(time_s, every),
                 lambda: naive_series.inside(few_s, every))  # fmt: skip
    yield Kernel("reps.phases", n, few, lambda: reps.phases(time_s, every),
                 lambda: naive_series.phases(few_s, every))  # fmt: skip
    yield Kernel("scene.sustained_peak", n, few, lambda: scene.sustained_peak(time_s, height, held_s=0.2),
                 lambda: naive_series.sustained_peak(few_s, few_height, held_s=0.2))  # fmt: skip
    yield Kernel("scene.value_at", n, few, lambda: scene.value_at(time_s, height, 5.0, around_s=0.1),
                 lambda: naive_series.value_at(few_s, few_height, 5.0, around_s=0.1))  # fmt: skip


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    print(f"\n{title}\n")
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(row) + " |")


def kernels(track: PoseTrack) -> None:
    """Set each kernel beside its twin."""
    rows = []
    for kernel in (*pose_kernels(track), *contour_kernels(track), *series_kernels(track)):
        fast_s, slow_s = cpu_s(kernel.fast), cpu_s(kernel.slow, 3) * kernel.frames / kernel.few
        frames = f"{kernel.frames:,} ({kernel.few})"
        rows.append([kernel.name, frames, f"{1e9 * fast_s / kernel.frames:,.0f} ns", f"{slow_s / fast_s:,.0f}"])
    table("Kernels against their twins", ["kernel", "frames (of the twin)", "CPU time a frame", "times as fast"], rows)


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
    """Load a track and analyse it, and print CPU times; run in a process of its own."""
    begin_s = time.process_time()
    track, _ = load_track(path)
    loaded_s = time.process_time()
    found = analyze(track)
    print(f"{loaded_s - begin_s} {time.process_time() - loaded_s} {len(found.reps)}")


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
        (load_s, analyze_s, reps_found), _, peak_mb = child("-m", "benchmarks.speed.core", "--again", str(path))
        command = ("-m", "spineline", "analyze", str(path), "--no-history", "--quiet", "-o", str(folder))
        _, all_s, all_mb = child(*command)
        rows.append([
            f"{count / _FPS / 60:.0f} min", f"{reps_found:.0f}", f"{path.stat().st_size / 1e6:.0f} MB",
            f"{load_s:.2f} s", f"{analyze_s:.2f} s", f"{peak_mb:.0f} MB", f"{all_s:.1f} s", f"{all_mb:.0f} MB",
        ])  # fmt: skip
    minute = str(folder / f"{min(frames)}.npz")
    grown_mb = [child("-m", "benchmarks.speed.core", "--record", minute, str(count))[2] for count in (1, *frames)]
    heads = ["track", "reps", "file", "load", "analyse", "peak memory", "`spineline analyze` in all", "peak memory"]
    table("Tracks analysed again", heads, rows)
    for count, peak_mb in zip(frames, grown_mb[1:], strict=True):
        print(f"\nA recording of {count:,} frames: {peak_mb - grown_mb[0]:.0f} MB at most while it grows")
    print(f"\nImports alone: {idle_s:.1f} s, {idle_mb:.0f} MB. All times are CPU time.")


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
    track = long_track(_KERNEL_FRAMES)
    metrics(track)
    kernels(track)


if __name__ == "__main__":
    main()
