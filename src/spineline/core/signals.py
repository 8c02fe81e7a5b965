"""Gaps, uniform resampling, zero-lag filters and derivatives. Missing stays missing: a gap is never filled.

Every filter works on a uniform grid of `GRID_HZ`, so that its effect is the same whatever the frame rate, and
hands back values at the frames' own times.
"""

import functools
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
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


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
    smoothed = _as_it_comes if causal else _smooth_stretch
    flat = values.reshape(len(time_s), int(np.prod(values.shape[1:])))
    out = np.full_like(flat, np.nan, dtype=np.float64)
    alike: dict[bytes, list[int]] = {}  # columns that are missing in the same frames
    known = np.ascontiguousarray(np.isfinite(flat).T)
    for column, pattern in enumerate(known):
        alike.setdefault(pattern.tobytes(), []).append(column)
    for group in alike.values():
        columns = np.array(group)
        for index in stretches(time_s, known[group[0]], max_gap_s=max_gap_s):
            picked = flat[np.ix_(index, columns)]
            out[np.ix_(index, columns)] = smoothed(time_s[index], picked, cutoff_hz, median_s)
    return out.reshape(values.shape)


def bridged(time_s: Floats, values: Floats, *, max_gap_s: float) -> Floats:
    """Read the columns of ``values`` ``(T, n)`` linearly between known frames at most ``max_gap_s`` apart.

    For a thing that moves evenly and was missed in a few frames, such as a bar; never for what is measured of the back.
    """
    out = values.copy()
    for index in stretches(time_s, np.asarray(np.isfinite(values).all(axis=1)), max_gap_s=max_gap_s):
        if len(index) > 1:
            span = np.arange(index[0], index[-1] + 1)
            out[span] = _interpolate(time_s[span], time_s[index], values[index])
    return out


def _smooth_stretch(time_s: Floats, values: Floats, cutoff_hz: float, median_s: float) -> Floats:
    """Filter ``(n, columns)`` without gaps on a uniform grid and read it back at ``time_s``."""
    span_s = time_s[-1] - time_s[0]
    count = int(np.floor(span_s * GRID_HZ)) + 1
    if len(time_s) < 3 or count < 4:
        return values
    grid_s = np.linspace(time_s[0], time_s[-1], count)
    on_grid = _interpolate(grid_s, time_s, values)
    if median_s > 0:
        on_grid = _median(on_grid, _width(median_s), origin=0)
    # Run twice, a Butterworth is down by 6 dB at its own cut-off.
    rate_hz = (count - 1) / span_s
    sos = signal.butter(_ORDER, cutoff_hz, fs=rate_hz, output="sos")
    pad = min(count - 1, int(rate_hz / cutoff_hz))
    return _interpolate(time_s, grid_s, signal.sosfiltfilt(sos, on_grid, axis=0, padtype="odd", padlen=pad))


def _as_it_comes(time_s: Floats, values: Floats, cutoff_hz: float, median_s: float) -> Floats:
    """Filter ``(n, columns)`` forwards only, on a grid that grows with time."""
    if len(time_s) < 2:
        return values
    last = np.floor((time_s - time_s[0]) * GRID_HZ + _CLOCK_S).astype(np.intp)  # the last point that each frame reaches
    on_grid = _interpolate(time_s[0] + np.arange(last[-1] + 1) / GRID_HZ, time_s, values)
    if median_s > 0:
        width = _width(median_s)
        on_grid = _median(on_grid, width, origin=width // 2)
    sos, at_rest = _low_pass(cutoff_hz)
    filtered, _ = signal.sosfilt(sos, on_grid, axis=0, zi=at_rest[:, :, None] * on_grid[0])
    return np.asarray(filtered[last])


@functools.lru_cache
def _low_pass(cutoff_hz: float) -> tuple[Floats, Floats]:
    """Design the causal filter, as second-order sections, and its state at rest; nobody may change them."""
    sos = np.asarray(signal.butter(_ORDER, cutoff_hz, fs=GRID_HZ, output="sos"))
    return sos, np.asarray(signal.sosfilt_zi(sos))


def _median(on_grid: Floats, width: int, *, origin: int) -> Floats:
    """Take the running median of each column ``(n, columns)``: one by one SciPy is six times as fast as all at once."""
    columns = np.ascontiguousarray(on_grid.T)
    out = np.empty_like(columns)
    for column, median in zip(columns, out, strict=True):
        ndimage.median_filter(column, size=width, mode="nearest", origin=origin, output=median)
    return out.T


def _width(median_s: float) -> int:
    return 2 * round(median_s * GRID_HZ / 2) + 1


def _interpolate(at_s: Floats, time_s: Floats, values: Floats) -> Floats:
    """Read the columns of ``values`` linearly at other times, ``(len(at_s), columns)``."""
    right = np.clip(np.searchsorted(time_s, at_s, side="right"), 1, len(time_s) - 1)
    left = right - 1
    share = ((at_s - time_s[left]) / (time_s[right] - time_s[left]))[:, None]
    return np.asarray(values[left] * (1 - share) + values[right] * share)


def held(time_s: Floats, mask: Bools, *, at_least_s: float) -> Bools:
    """Keep only stretches of True that last ``at_least_s`` from their first to their last frame."""
    kept = np.zeros_like(mask)
    for start, stop in runs(mask):
        if time_s[stop - 1] - time_s[start] >= at_least_s - _CLOCK_S:
            kept[start:stop] = True
    return kept
