"""Gaps, filters and holding, against slow twins and against what is known in closed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core import signals
from spineline.core.track import Floats
from tests import naive_series as naive

SEEDS = st.integers(0, 2**32 - 1)


def times(draw: np.random.Generator, count: int) -> Floats:
    """Give rising times with jitter, some gaps, and any beginning."""
    steps = draw.uniform(0.01, 0.06, count) + (draw.random(count) < 0.1) * draw.uniform(0, 0.6, count)
    return np.asarray(np.cumsum(steps) + draw.uniform(-100, 100))


@given(st.lists(st.booleans(), max_size=40))
def test_runs_agree_with_their_twin(mask: list[bool]) -> None:
    assert signals.runs(np.array(mask, dtype=np.bool_)) == naive.runs(mask)


@given(SEEDS, st.integers(0, 40))
def test_a_span_is_what_asking_every_frame_gives(seed: int, count: int) -> None:
    draw = np.random.default_rng(seed)
    time_s = times(draw, count)
    ends = [*time_s, *(time_s + 1e-9), *draw.uniform(-110, 110, 3), -np.inf, np.inf]
    start_s, end_s = (float(draw.choice(ends)) for _ in range(2))
    found = np.arange(count)[signals.span(time_s, start_s, end_s)]
    assert found.tolist() == [i for i in range(count) if start_s <= time_s[i] <= end_s]


@given(SEEDS, st.integers(1, 40), st.floats(0, 100))
def test_a_percentile_is_that_of_numpy(seed: int, count: int, percentile: float) -> None:
    values = np.random.default_rng(seed).normal(0, 10, (3, count))
    expected = np.percentile(values, percentile, axis=1)
    np.testing.assert_allclose(signals.percentile_along(values, percentile), expected, rtol=0, atol=1e-12)
    gappy = np.insert(values[0], [0, count // 2], np.nan)
    assert signals.percentile_of(gappy, percentile) == pytest.approx(expected[0], abs=1e-12)


def test_of_nothing_there_is_no_percentile() -> None:
    assert np.isnan(signals.percentile_of(np.array([np.nan]), 50))


@given(SEEDS, st.integers(0, 40), st.floats(0.0, 0.3))
def test_the_shortest_windows_that_last(seed: int, count: int, lasting_s: float) -> None:
    time_s = times(np.random.default_rng(seed), count)
    expected = [
        (i, next(k for k in range(i, count) if time_s[k] >= time_s[i] + (lasting_s - signals._CLOCK_S / 2)))
        for i in range(count)
        if time_s[-1] >= time_s[i] + (lasting_s - signals._CLOCK_S / 2)
    ]
    assert list(zip(*(each.tolist() for each in signals.windows(time_s, lasting_s=lasting_s)), strict=True)) == expected


@given(SEEDS, st.integers(0, 40), st.floats(0.01, 0.5))
def test_stretches_agree_with_their_twin(seed: int, count: int, max_gap_s: float) -> None:
    draw = np.random.default_rng(seed)
    time_s, known = times(draw, count), draw.random(count) < 0.7
    found = signals.stretches(time_s, known, max_gap_s=max_gap_s)
    assert [part.tolist() for part in found] == naive.stretches(time_s, known, max_gap_s=max_gap_s)


@given(SEEDS, st.integers(0, 40), st.floats(0.0, 0.3))
def test_held_agrees_with_its_twin(seed: int, count: int, at_least_s: float) -> None:
    draw = np.random.default_rng(seed)
    time_s, mask = times(draw, count), draw.random(count) < 0.7
    assert signals.held(time_s, mask, at_least_s=at_least_s).tolist() == naive.held(time_s, mask, at_least_s=at_least_s)


def test_held_counts_from_first_to_last_frame() -> None:
    time_s = np.array([0.0, 0.1, 0.2, 0.3])
    mask = np.array([True, True, True, False])
    assert signals.held(time_s, mask, at_least_s=0.2).any()
    assert not signals.held(time_s, mask, at_least_s=0.21).any()


@given(SEEDS, st.integers(1, 60), st.floats(1.0, 10.0), st.sampled_from([0.0, 0.05, 0.15, 0.3]), st.floats(0.05, 0.5))
def test_smooth_agrees_with_its_twin(
    seed: int, count: int, cutoff_hz: float, median_s: float, max_gap_s: float
) -> None:
    draw = np.random.default_rng(seed)
    time_s = times(draw, count)
    values = draw.normal(0, 10, (count, 3))
    values[draw.random((count, 3)) < 0.15] = np.nan
    found = signals.smooth(time_s, values, cutoff_hz=cutoff_hz, median_s=median_s, max_gap_s=max_gap_s)
    for k in range(3):
        expected = naive.smooth(
            time_s,
            values[:, k],
            cutoff_hz=cutoff_hz,
            median_s=median_s,
            max_gap_s=max_gap_s,
            grid_hz=signals.GRID_HZ,
        )
        np.testing.assert_allclose(found[:, k], expected, rtol=0, atol=1e-9)


@given(SEEDS)
def test_smooth_treats_every_column_alone_and_keeps_the_shape(seed: int) -> None:
    draw = np.random.default_rng(seed)
    time_s = times(draw, 30)
    values = draw.normal(0, 1, (30, 4, 2))
    values[draw.random(30) < 0.2] = np.nan
    values[draw.random((30, 4, 2)) < 0.1] = np.nan
    together = signals.smooth(time_s, values, cutoff_hz=4.0, median_s=0.1)
    assert together.shape == values.shape
    assert np.array_equal(np.isnan(together), np.isnan(values))
    alone = signals.smooth(time_s, values[:, 2, 1], cutoff_hz=4.0, median_s=0.1)
    np.testing.assert_allclose(together[:, 2, 1], alone, rtol=0, atol=1e-12)


def test_smooth_leaves_its_input_alone() -> None:
    values = np.random.default_rng(0).normal(0, 1, 50)
    before = values.copy()
    signals.smooth(np.arange(50) / 30, values, cutoff_hz=3.0, median_s=0.2)
    assert np.array_equal(values, before)


@pytest.mark.parametrize(("hz", "kept"), [(0.0, 1.0), (0.5, 1.0), (4.0, 0.5), (20.0, 0.0)])
def test_smooth_passes_low_halves_at_the_cutoff_and_stops_high(hz: float, kept: float) -> None:
    time_s = np.arange(0, 8, 1 / 120)
    wave = np.cos(2 * np.pi * hz * time_s)
    middle = slice(240, -240)
    out = signals.smooth(time_s, wave, cutoff_hz=4.0)[middle]
    gain = float(out @ wave[middle] / (wave[middle] @ wave[middle]))
    assert gain == pytest.approx(kept, abs=0.01)
    # Without lag: nothing is left but the wave itself.
    assert np.abs(out - gain * wave[middle]).max() < 0.01


def test_smooth_takes_a_single_spike_away() -> None:
    time_s = np.arange(60) / 30
    values = np.zeros(60)
    values[30] = 100.0
    assert np.abs(signals.smooth(time_s, values, cutoff_hz=4.0, median_s=0.15)).max() < 1e-9
    assert np.abs(signals.smooth(time_s, values, cutoff_hz=4.0)).max() > 5


@pytest.mark.parametrize("fps", [24, 30, 60])
def test_smooth_does_the_same_at_every_frame_rate(fps: int) -> None:
    def wave(t: Floats) -> Floats:
        return np.asarray(np.sin(2 * np.pi * 0.7 * t) + 0.3 * np.sin(2 * np.pi * 3.0 * t))

    fine_s = np.arange(0, 6, 1 / 240)
    time_s = np.arange(0, 6, 1 / fps)
    fine = signals.smooth(fine_s, wave(fine_s), cutoff_hz=4.0)
    coarse = signals.smooth(time_s, wave(time_s), cutoff_hz=4.0)
    assert np.abs(coarse - np.interp(time_s, fine_s, fine))[fps:-fps].max() < 0.02


def test_a_long_gap_parts_and_a_short_one_does_not() -> None:
    time_s = np.arange(60) / 30
    step = np.where(time_s < 1, 0.0, 10.0)
    step[27:33] = np.nan
    parted = signals.smooth(time_s, step, cutoff_hz=4.0, max_gap_s=0.1)
    assert np.abs(parted[:27]).max() < 1e-9
    assert np.abs(parted[33:] - 10).max() < 1e-9
    joined = signals.smooth(time_s, step, cutoff_hz=4.0, max_gap_s=0.5)
    assert joined[26] > 0.1
    assert np.isnan(joined[27:33]).all()


# As it could be live


@given(SEEDS, st.integers(1, 60), st.sampled_from([0.0, 0.1, 0.3]))
def test_what_comes_later_changes_nothing(seed: int, frames: int, median_s: float) -> None:
    draw = np.random.default_rng(seed)
    time_s = np.cumsum(draw.uniform(0.01, 0.06, 60))
    values = draw.normal(0.0, 5.0, (60, 2))
    values[draw.random((60, 2)) < 0.1] = np.nan
    whole = signals.smooth(time_s, values, cutoff_hz=3.0, median_s=median_s, causal=True)
    so_far = signals.smooth(time_s[:frames], values[:frames], cutoff_hz=3.0, median_s=median_s, causal=True)
    np.testing.assert_allclose(whole[:frames], so_far, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(np.isnan(whole), np.isnan(values))


@pytest.mark.parametrize("fps", [15, 30, 100])
@pytest.mark.parametrize("median_s", [0.0, 0.3])
def test_a_steady_change_is_followed_with_the_lag_that_is_told(fps: float, median_s: float) -> None:
    time_s = np.arange(0.0, 6.0, 1 / fps)
    late = 10.0 * time_s - signals.smooth(time_s, 10.0 * time_s, cutoff_hz=3.0, median_s=median_s, causal=True)
    assert late[time_s > 2] / 10.0 == pytest.approx(0.225 / 3.0 + median_s / 2, abs=1 / signals.GRID_HZ)
    still = np.full(time_s.shape, 7.0)
    np.testing.assert_allclose(signals.smooth(time_s, still, cutoff_hz=3.0, median_s=median_s, causal=True), still)
