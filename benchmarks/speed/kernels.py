"""Every kernel of the core beside its slow twin, which goes through the same frame by frame (pytest-benchmark).

    python -m benchmarks.speed.kernels                                  # the table
    python -m pytest benchmarks/speed/kernels.py --benchmark-save NAME  # later: --benchmark-compare

A twin runs on a few frames only, and is scaled up in proportion, which flatters those whose time grows faster.
"""

import functools
import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import numpy as np
import pytest

from benchmarks.speed.core import long_track, table
from spineline.core import contour, reps, scene, signals, silhouette, trunk, view
from spineline.core.analysis import analyze
from spineline.core.kinematics import kinematics, marks_of, sagittal
from spineline.core.skeleton import Landmark
from spineline.core.track import PoseTrack
from tests import naive, naive_series

_FRAMES: Final = 100_000
_FILTER: Final[dict[str, Any]] = {"cutoff_hz": 4.0, "median_s": 0.15, "max_gap_s": 0.25}


@dataclass(frozen=True)
class Kernel:
    """One kernel: as it is, on so many frames, and its twin, on the first ``few`` of them.

    ``passes`` is how often an analysis of a track goes through the frames with it.
    """

    name: str
    frames: int
    few: int
    fast: Callable[[], object]
    slow: Callable[[], object]
    passes: int = 1


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
                 lambda: [naive.facing(px[i]) for i in range(few)], passes=0)  # fmt: skip
    yield Kernel("trunk.place", n, few, lambda: trunk.trunk_frame(px, facing).place(px[:, Landmark.NOSE]),
                 lambda: [naive.in_trunk(px[i], facing[i], px[i, Landmark.NOSE]) for i in range(few)],
                 passes=0)  # fmt: skip


def contour_kernels(track: PoseTrack, frames: int = 2000, few: int = 2) -> Iterator[Kernel]:
    """Give the kernels that look at silhouettes, on fewer frames: they are for tracks without a spine model alone."""
    part = replace(track, **{f.name: getattr(track, f.name)[:frames] for f in fields(PoseTrack) if f.name not in
                             ("image_size_px", "source")})  # fmt: skip
    px, facing = np.asarray(part.landmarks_px, np.float64), np.asarray(part.facing, np.float64)
    pictures = silhouette.silhouettes(part, slice(0, few), facing)
    along = silhouette._along(part, facing)
    back, front = silhouette.dorsal_profile(part, facing), silhouette.ventral_profile(part, facing)
    yield Kernel("silhouette.dorsal_profile", frames, few, lambda: silhouette.dorsal_profile(part, facing),
                 lambda: [naive.profile(pictures[i], along[i]) for i in range(few)], passes=0)  # fmt: skip
    yield Kernel("contour.features", frames, few, lambda: contour.features(px, facing, contour.fit_curve(back)),
                 lambda: [naive.features(px[i], facing[i], back[i]) for i in range(few)], passes=0)  # fmt: skip
    yield Kernel("contour.spine_places", frames, few, lambda: contour.spine_places(px, facing, contour.fit_curve(back)),
                 lambda: [naive.read_contour(px[i], facing[i], back[i], front[i]) for i in range(few)],
                 passes=0)  # fmt: skip


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
                 passes=_filtered_columns(track))  # fmt: skip
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


def _filtered_columns(track: PoseTrack) -> int:
    """Count the columns that an analysis filters."""
    with patch.object(signals, "smooth", wraps=signals.smooth) as smooth:
        analyze(track)
    return sum(math.prod(call.args[1].shape[1:]) for call in smooth.call_args_list)


@functools.cache
def kernels() -> dict[str, Kernel]:
    """Give every kernel by its name."""
    track = long_track(_FRAMES)
    every = (*pose_kernels(track), *contour_kernels(track), *series_kernels(track))
    return {kernel.name: kernel for kernel in every}


@pytest.mark.parametrize("way", ["whole arrays", "frame by frame"])
@pytest.mark.parametrize("name", kernels())
def test_kernel(benchmark: Any, name: str, way: str) -> None:
    """Time one kernel, or its twin."""
    kernel = kernels()[name]
    whole = way == "whole arrays"
    benchmark.group = name
    benchmark.extra_info.update(frames=kernel.frames if whole else kernel.few, passes=kernel.passes)
    benchmark.pedantic(kernel.fast if whole else kernel.slow, rounds=5 if whole else 3, warmup_rounds=1)


def main() -> None:
    """Time all, and print a table of time a frame."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        options = ["-q", "-p", "no:randomly", "--benchmark-timer=time.process_time", f"--benchmark-json={found}"]
        if status := pytest.main([__file__, *options]):
            sys.exit(status)
        timed = json.loads(found.read_text())["benchmarks"]
    rows, whole_ns, twins_ns = [], 0.0, 0.0
    for fast, slow in zip(timed[::2], timed[1::2], strict=True):
        took_ns, slow_ns = (1e9 * each["stats"]["median"] / each["extra_info"]["frames"] for each in (fast, slow))
        passes = fast["extra_info"]["passes"]
        whole_ns, twins_ns = whole_ns + passes * took_ns, twins_ns + passes * slow_ns
        frames = f"{fast['extra_info']['frames']:,} ({slow['extra_info']['frames']})"
        rows.append([fast["group"], frames, f"{took_ns:,.0f} ns", f"{slow_ns / took_ns:,.0f}", str(passes)])
    rows.append(["one analysis", "", f"{whole_ns:,.0f} ns", f"{twins_ns / whole_ns:,.0f}", ""])
    heads = ["kernel", "frames (of the twin)", "CPU time a frame", "times as fast", "passes in an analysis"]
    table("Kernels beside their twins", heads, rows)


if __name__ == "__main__":
    main()
