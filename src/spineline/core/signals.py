"""Gaps, uniform resampling, zero-lag filters and derivatives. Missing stays missing: a gap is never filled.

Every filter works on a uniform grid of `GRID_HZ`, so that its effect is the same whatever the frame rate, and
hands back values at the frames' own times.
"""

import functools
import math
from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import ndimage, signal

from spineline.core.track import Bools, Floats, Ints

GRID_HZ: Final = 120.0
"""Rate of the uniform grid. Above twice the highest cut-off in use by a factor of ten."""

_ORDER: Final = 2
"""Forwards and backwards makes this a 4th-order Butterworth, the common choice in kinematics."""


_CLOCK_S: Final = 1e-6
"""Slack for times that are sums of floats."""


def runs(mask: Bools) -> list[tuple[int, int]]:
    """Return start and stop (exclusive) of every stretch of True.

    >>> runs(np.array([False, True, True, False, True]))
    [(1, 3), (4, 5)]
    """
    starts, stops = _run_edges(mask)
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _run_edges(mask: Bools) -> tuple[Ints, Ints]:
    padded = np.zeros(len(mask) + 2, dtype=np.bool_)
    padded[1:-1] = mask
    edges = (padded[1:] != padded[:-1]).nonzero()[0]
    return edges[::2], edges[1::2]


def span(time_s: Floats, start_s: float, end_s: float) -> slice:
    """Return the frames from ``start_s`` to ``end_s``, both included. Time rises, so they lie side by side.

    >>> span(np.array([0.0, 0.1, 0.2, 0.3]), 0.1, 0.25)
    slice(1, 3, None)
    """
    return slice(int(time_s.searchsorted(start_s, "left")), int(time_s.searchsorted(end_s, "right")))


def percentile_of(values: Floats, percentile: float) -> float:
    """Return a percentile of those values that are known, NaN without any."""
    known = values[np.isfinite(values)]
    return float(percentile_along(known, percentile)) if known.size else float("nan")


def percentile_along(values: Floats, percentile: float) -> Floats:
    """Return a percentile along the last axis, of finite values. For the few frames of a rep NumPy's is slow."""
    ordered = np.sort(values, axis=-1)
    place = percentile / 100 * (ordered.shape[-1] - 1)
    low, high = ordered[..., math.floor(place)], ordered[..., math.ceil(place)]
    return np.asarray(low + (place - math.floor(place)) * (high - low))


Filter = Callable[[Floats], Floats]
"""From signals ``(signals, n)`` without gaps to the same filtered."""

_TOGETHER: Final = 1 << 15
"""So many values are filtered at a time: what they take meanwhile shall stay small, also of an hour."""


def stretches(time_s: Floats, known: Bools, *, max_gap_s: float) -> list[Ints]:
    """Return the indices of known frames, cut wherever neighbours lie more than ``max_gap_s`` apart."""
    index = np.flatnonzero(known)
    if index.size == 0:
        return []
    cuts = np.flatnonzero(np.diff(time_s[index]) > max_gap_s) + 1
    return list(np.split(index, cuts))


def smooth(
    time_s: Floats,
    values: Floats,
    *,
    cutoff_hz: float,
    median_s: float = 0.0,
    max_gap_s: float = 0.25,
    causal: bool = False,
) -> Floats:
    """Low-pass each column, after an optional running median against spikes: without lag, or as it could be live.

    Parameters
    ----------
    time_s
        ``(T,)`` strictly increasing.
    values
        ``(T,)`` or ``(T, ...)``; NaN is missing.
    cutoff_hz
        -6 dB point of the forwards-backwards Butterworth filter; of the causal one, -3 dB.
    median_s
        Window of the running median; 0 leaves it out.
    max_gap_s
        A longer gap cuts the signal in two that do not touch each other.
    causal
        Use nothing that comes later. A steady change is then followed ``0.225 / cutoff_hz + median_s / 2`` late.

    Returns
    -------
    The shape of ``values``; NaN exactly where ``values`` is NaN.
    """
    design = _as_it_comes if causal else _without_lag
    rows = np.array(values.reshape(len(time_s), int(np.prod(values.shape[1:]))).T, dtype=np.float64, order="C")
    known = np.isfinite(rows)
    rows[~known] = np.nan
    alike: dict[bytes, list[int]] = {}  # signals that are missing in the same frames
    for row, pattern in enumerate(known):
        alike.setdefault(np.packbits(pattern).tobytes(), []).append(row)
    for group in alike.values():
        for index in stretches(time_s, known[group[0]], max_gap_s=max_gap_s):
            smoothed = design(time_s[index], cutoff_hz, median_s)
            at_a_time = max(1, _TOGETHER // len(index))
            for first in range(0, len(group), at_a_time):
                part = np.array(group[first : first + at_a_time])[:, None], index
                rows[part] = smoothed(rows[part])
    return rows.T.reshape(values.shape)


def bridged(time_s: Floats, values: Floats, *, max_gap_s: float) -> Floats:
    """Read the columns of ``values`` ``(T, n)`` linearly between known frames at most ``max_gap_s`` apart.

    For a thing that moves evenly and was missed in a few frames, such as a bar; never for what is measured of the back.
    """
    out = values.copy()
    for index in stretches(time_s, np.asarray(np.isfinite(values).all(axis=1)), max_gap_s=max_gap_s):
        if len(index) > 1:
            span = np.arange(index[0], index[-1] + 1)
            out[span] = _read(values[index].T, _places(time_s[span], time_s[index])).T
    return out


def _without_lag(time_s: Floats, cutoff_hz: float, median_s: float) -> Filter:
    """Design the filter of signals known at these times: on a uniform grid, read back at ``time_s``."""
    span_s = time_s[-1] - time_s[0]
    count = int(np.floor(span_s * GRID_HZ)) + 1
    if len(time_s) < 3 or count < 4:
        return _as_it_is
    grid_s = np.linspace(time_s[0], time_s[-1], count)
    to_grid, back = _places(grid_s, time_s), _places(time_s, grid_s)
    # Run twice, a Butterworth is down by 6 dB at its own cut-off.
    rate_hz = (count - 1) / span_s
    sos = signal.butter(_ORDER, cutoff_hz, fs=rate_hz, output="sos")
    pad = min(count - 1, int(rate_hz / cutoff_hz))

    def smoothed(rows: Floats) -> Floats:
        on_grid = _median(_read(rows, to_grid), median_s, causal=False)
        return _read(_both_ways(sos, on_grid, pad), back)

    return smoothed


def _both_ways(sos: Floats, rows: Floats, pad: int) -> Floats:
    """Filter ``(signals, n)`` forwards and backwards, carried on at both ends by ``pad`` points turned about the last.

    The same as `scipy.signal.sosfiltfilt`, without the copies that it takes.
    """
    before, after = 2 * rows[:, :1] - rows[:, pad:0:-1], 2 * rows[:, -1:] - rows[:, -2 : -pad - 2 : -1]
    at_rest = signal.sosfilt_zi(sos)[:, None]
    out = np.concatenate([before, rows, after], axis=1)
    for _ in range(2):
        out, _ = signal.sosfilt(sos, out, zi=at_rest * out[:, :1])
        out = out[:, ::-1]
    return out[:, pad : pad + rows.shape[1]]


def _as_it_comes(time_s: Floats, cutoff_hz: float, median_s: float) -> Filter:
    """Design the filter that runs forwards only, on a grid that grows with time."""
    if len(time_s) < 2:
        return _as_it_is
    last = np.floor((time_s - time_s[0]) * GRID_HZ + _CLOCK_S).astype(np.intp)  # the last point that each frame reaches
    to_grid = _places(time_s[0] + np.arange(last[-1] + 1) / GRID_HZ, time_s)
    sos, at_rest = _low_pass(cutoff_hz)

    def smoothed(rows: Floats) -> Floats:
        on_grid = _median(_read(rows, to_grid), median_s, causal=True)
        filtered, _ = signal.sosfilt(sos, on_grid, zi=at_rest[:, None] * on_grid[:, :1])
        return np.asarray(filtered[:, last])

    return smoothed


def _as_it_is(rows: Floats) -> Floats:
    return rows


@functools.lru_cache
def _low_pass(cutoff_hz: float) -> tuple[Floats, Floats]:
    """Design the causal filter, as second-order sections, and its state at rest; nobody may change them."""
    sos = np.asarray(signal.butter(_ORDER, cutoff_hz, fs=GRID_HZ, output="sos"))
    return sos, np.asarray(signal.sosfilt_zi(sos))


def _median(on_grid: Floats, median_s: float, *, causal: bool) -> Floats:
    """Take the running median of each signal ``(signals, n)``: one by one SciPy is six times as fast as all at once."""
    half = round(median_s * GRID_HZ / 2)
    if not half:
        return on_grid
    out = np.empty_like(on_grid)
    for row, median in zip(on_grid, out, strict=True):
        ndimage.median_filter(row, 2 * half + 1, mode="nearest", origin=half if causal else 0, output=median)
    return out


def _places(at_s: Floats, time_s: Floats) -> tuple[Ints, Floats]:
    """Return between which known times others lie: the one before, and how far on to the next."""
    left = np.clip(np.searchsorted(time_s, at_s, side="right"), 1, len(time_s) - 1) - 1
    return left, (at_s - time_s[left]) / (time_s[left + 1] - time_s[left])


def _read(rows: Floats, places: tuple[Ints, Floats]) -> Floats:
    """Read signals ``(signals, n)`` linearly at other times."""
    left, share = places
    before, after = rows.take(left, axis=1), rows.take(left + 1, axis=1)
    before *= 1 - share
    after *= share
    before += after
    return before


def windows(time_s: Floats, *, lasting_s: float) -> tuple[Ints, Ints]:
    """Return first and last frame of the shortest stretch from each frame on that lasts so long, if there is one."""
    last = time_s.searchsorted(time_s + (lasting_s - _CLOCK_S / 2))  # half the slack: what lasts here is `held`, too
    first = np.arange(last.searchsorted(len(time_s)))
    return first, np.maximum(first, last[: first.size])


def held(time_s: Floats, mask: Bools, *, at_least_s: float) -> Bools:
    """Keep only stretches of True that last ``at_least_s`` from their first to their last frame."""
    kept = np.zeros_like(mask)
    for start, stop in long_runs(time_s, mask, at_least_s=at_least_s):
        kept[start:stop] = True
    return kept


def long_runs(time_s: Floats, mask: Bools, *, at_least_s: float) -> list[tuple[int, int]]:
    """Return start and stop (exclusive) of those stretches of True that `held` keeps."""
    starts, stops = _run_edges(mask)
    long = time_s[stops - 1] - time_s[starts] >= at_least_s - _CLOCK_S
    return list(zip(starts[long].tolist(), stops[long].tolist(), strict=True))
