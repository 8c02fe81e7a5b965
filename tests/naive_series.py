"""Slow twins of the kernels that run over time, signals, reps and rules: oracles as in `tests.naive`."""

import math
from collections.abc import Sequence

import numpy as np

from spineline.core import signals
from spineline.core.reps import Rep
from spineline.core.track import Bools, Floats

# --- signals ----------------------------------------------------------------------------------------------------


def runs(mask: Sequence[bool]) -> list[tuple[int, int]]:
    found = []
    start = None
    for i, here in enumerate([*mask, False]):
        if here and start is None:
            start = i
        if not here and start is not None:
            found.append((start, i))
            start = None
    return found


def stretches(time_s: Floats, known: Bools, *, max_gap_s: float) -> list[list[int]]:
    found: list[list[int]] = []
    for i in range(len(time_s)):
        if not known[i]:
            continue
        if found and time_s[i] - time_s[found[-1][-1]] <= max_gap_s:
            found[-1].append(i)
        else:
            found.append([i])
    return found


def held(time_s: Floats, mask: Bools, *, at_least_s: float) -> list[bool]:
    kept = [False] * len(mask)
    for start, stop in runs(mask.tolist()):
        if time_s[stop - 1] - time_s[start] >= at_least_s - signals._CLOCK_S:
            for i in range(start, stop):
                kept[i] = True
    return kept


def smooth(
    time_s: Floats, values: Floats, *, cutoff_hz: float, median_s: float, max_gap_s: float, grid_hz: float
) -> Floats:
    """One column ``(T,)``."""
    out = np.full(len(values), np.nan)
    for index in stretches(time_s, np.isfinite(values), max_gap_s=max_gap_s):
        times, picked = [float(time_s[i]) for i in index], [float(values[i]) for i in index]
        for i, value in zip(index, _smooth_stretch(times, picked, cutoff_hz, median_s, grid_hz), strict=True):
            out[i] = value
    return out


def _smooth_stretch(
    times: list[float], values: list[float], cutoff_hz: float, median_s: float, grid_hz: float
) -> list[float]:
    span = times[-1] - times[0]
    count = math.floor(span * grid_hz) + 1
    if len(times) < 3 or count < 4:
        return values
    grid = [times[0] + span * i / (count - 1) for i in range(count)]
    on_grid = [_linear(t, times, values) for t in grid]
    if median_s > 0:
        on_grid = _running_median(on_grid, round(median_s * grid_hz / 2))
    rate_hz = (count - 1) / span
    pad = min(count - 1, int(rate_hz / cutoff_hz))
    first, last = on_grid[0], on_grid[-1]
    before = [2 * first - x for x in on_grid[pad:0:-1]]
    after = [2 * last - x for x in on_grid[-2 : -pad - 2 : -1]]
    forward = _butterworth(before + on_grid + after, cutoff_hz, rate_hz)
    both = _butterworth(forward[::-1], cutoff_hz, rate_hz)[::-1]
    return [_linear(t, grid, both[pad : pad + count]) for t in times]


def _linear(at: float, times: list[float], values: list[float]) -> float:
    for i in range(len(times) - 1):
        if at <= times[i + 1] or i == len(times) - 2:
            share = (at - times[i]) / (times[i + 1] - times[i])
            return values[i] + share * (values[i + 1] - values[i])
    raise AssertionError


def _running_median(values: list[float], half: int) -> list[float]:
    last = len(values) - 1
    windows = ([values[min(max(k, 0), last)] for k in range(i - half, i + half + 1)] for i in range(last + 1))
    return [sorted(window)[half] for window in windows]


def _butterworth(values: list[float], cutoff_hz: float, rate_hz: float) -> list[float]:
    """Second order, by the bilinear transform; it starts settled on the first value."""
    k = math.tan(math.pi * cutoff_hz / rate_hz)
    scale = 1 / (1 + math.sqrt(2) * k + k * k)
    b0, b1, b2 = k * k * scale, 2 * k * k * scale, k * k * scale
    a1, a2 = 2 * (k * k - 1) * scale, (1 - math.sqrt(2) * k + k * k) * scale
    x1 = x2 = y1 = y2 = values[0]
    out = []
    for x in values:
        y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
        x1, x2, y1, y2 = x, x1, y, y1
        out.append(y)
    return out


# --- reps and rules ---------------------------------------------------------------------------------------------


def turning_points(height: Sequence[float], *, prominence: float) -> tuple[list[int], list[int]]:
    """Zigzag: walk on, and turn where the way back from the farthest point so far reaches ``prominence``."""
    low = high = 0
    turns: list[tuple[int, int]] = []
    heading = 0
    for i, h in enumerate(height):
        if heading >= 0 and h > height[high]:
            high = i
        if heading <= 0 and h < height[low]:
            low = i
        if heading >= 0 and height[high] - h >= prominence:
            turns.append((high, 1))
            heading, low = -1, i
        elif heading <= 0 and h - height[low] >= prominence:
            turns.append((low, -1))
            heading, high = 1, i
    if heading:
        turns.append((high, 1) if heading > 0 else (low, -1))
    return [i for i, kind in turns if kind < 0], [i for i, kind in turns if kind > 0]


def inside(time_s: Sequence[float], reps: Sequence[Rep]) -> list[bool]:
    return [any(rep.start_s <= t <= rep.end_s for rep in reps) for t in time_s]


def upright(time_s: Sequence[float], trunk_deg: Sequence[float], reps: Sequence[Rep], *, share: float) -> list[bool]:
    trunk_deg = [abs(lean) for lean in trunk_deg]
    within = zip(trunk_deg, inside(time_s, reps), strict=True)
    leans = sorted(lean for lean, is_in in within if is_in and not math.isnan(lean))
    if not leans:
        return [False] * len(time_s)
    at = 0.95 * (len(leans) - 1)
    low, high = leans[math.floor(at)], leans[math.ceil(at)]
    limit = share * (low + (at - math.floor(at)) * (high - low))
    begin_s, end_s = min(rep.start_s for rep in reps), max(rep.end_s for rep in reps)
    return [begin_s <= t <= end_s and lean <= limit for t, lean in zip(time_s, trunk_deg, strict=True)]


def phases(time_s: Sequence[float], reps: Sequence[Rep]) -> tuple[list[str], list[int]]:
    names, numbers = [], []
    for t in time_s:
        name, number = "", 0
        for rep in reps:
            if rep.start_s <= t <= rep.end_s:
                up = (rep.start_s, rep.turn_s) if rep.begins == "floor" else (rep.turn_s, rep.end_s)
                name, number = ("concentric" if up[0] <= t <= up[1] else "eccentric"), rep.index
        names.append(name)
        numbers.append(number)
    return names, numbers


def sustained_peak(time_s: Sequence[float], values: Sequence[float], *, held_s: float) -> tuple[float, float]:
    for level in sorted({v for v in values if not math.isnan(v)}, reverse=True):
        long = [
            (start, stop)
            for start, stop in runs([v >= level for v in values])
            if time_s[stop - 1] - time_s[start] >= held_s - signals._CLOCK_S
        ]
        if long:
            moments = [i for start, stop in long for i in range(start, stop)]
            return level, time_s[max(moments, key=lambda i: values[i])]
    return math.nan, math.nan


def value_at(time_s: Sequence[float], values: Sequence[float], moment_s: float, *, around_s: float) -> float:
    near = sorted(v for t, v in zip(time_s, values, strict=True) if abs(t - moment_s) <= around_s and not math.isnan(v))
    if not near:
        return math.nan
    half = len(near) // 2
    return near[half] if len(near) % 2 else (near[half - 1] + near[half]) / 2
