"""Levels, holding, and what counts as measured."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core import rules
from spineline.core.reference import Reference
from spineline.core.reps import Rep
from spineline.core.rules import Change, Flag, Measures
from spineline.core.settings import RuleSettings
from spineline.core.track import Floats
from tests import naive_series as naive

SEEDS = st.integers(0, 2**32 - 1)
NAN = float("nan")
FLOOR = Rep(2, 1.0, 2.0, 3.0, "floor")
TOP = Rep(1, 1.0, 2.0, 3.0, "top")
SETTINGS = RuleSettings.model_validate(
    {
        "thoracic_rounding_deg": {"info": 5, "caution": 8, "flag": 12},
        "thoracic_growth_deg": {"info": 3, "caution": 5, "flag": 8},
        "mdc95_deg": 0,
    }
)
OWN = Reference(20.0, 3.0, "standing", 30)


def peaked(peak_deg: float, growth_deg: float = NAN) -> Measures:
    """Give measures with this peak and growth."""
    return Measures(
        start_deg=0.0, peak_deg=peak_deg, peak_s=1.5, pull_peak_deg=growth_deg, growth_deg=growth_deg, growth_s=1.7
    )


@given(SEEDS, st.integers(0, 60), st.floats(0.0, 0.5), st.booleans())
def test_sustained_peak_agrees_with_its_twin(seed: int, frames: int, held_s: float, coarse: bool) -> None:
    draw = np.random.default_rng(seed)
    time_s = np.cumsum(draw.uniform(0.01, 0.1, frames))
    values = np.cumsum(draw.normal(0, 1, frames))
    values = np.round(values) if coarse else values
    values[draw.random(frames) < 0.1] = np.nan
    found = rules.sustained_peak(time_s, values, held_s=held_s)
    expected = naive.sustained_peak(time_s.tolist(), values.tolist(), held_s=held_s)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@given(SEEDS, st.integers(0, 40), st.floats(0.0, 0.3))
def test_value_at_agrees_with_its_twin(seed: int, frames: int, around_s: float) -> None:
    draw = np.random.default_rng(seed)
    time_s, values = np.cumsum(draw.uniform(0.01, 0.1, frames)), draw.normal(0, 1, frames)
    values[draw.random(frames) < 0.3] = np.nan
    found = rules.value_at(time_s, values, 1.0, around_s=around_s)
    expected = naive.value_at(time_s.tolist(), values.tolist(), 1.0, around_s=around_s)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def plateau(seconds: float, *, gap: bool = False) -> tuple[Floats, Floats]:
    """Give 10 degrees for so long, 2 before and after, at 50 frames a second, with one frame missing if asked."""
    time_s = np.arange(0, 2, 0.02)
    values = np.where((time_s > 0.995) & (time_s < 1.005 + seconds), 10.0, 2.0)
    if gap:
        values[np.searchsorted(time_s, 1.0 + seconds / 2 - 0.005)] = np.nan
    return time_s, values


@pytest.mark.parametrize(
    ("seconds", "gap", "expected"), [(0.22, False, 10), (0.18, False, 2), (0.3, True, 2), (0.5, True, 10)]
)
def test_only_what_is_held_without_a_gap_counts(seconds: float, gap: bool, expected: float) -> None:
    value, moment_s = rules.sustained_peak(*plateau(seconds, gap=gap), held_s=0.2)
    assert value == expected
    if expected == 10:
        assert moment_s + 1e-9 >= 1.0
        assert moment_s <= 1.0 + seconds


def test_nothing_known_is_no_peak() -> None:
    value, moment_s = rules.sustained_peak(np.arange(5.0), np.full(5, np.nan), held_s=0.2)
    assert np.isnan(value)
    assert np.isnan(moment_s)


@pytest.mark.parametrize(
    ("peak_deg", "severity", "threshold"),
    [
        (4.99, None, 0),
        (5, "info", 5),
        (7.9, "info", 5),
        (8, "caution", 8),
        (12, "flag", 12),
        (60, "flag", 12),
        (NAN, None, 0),
    ],
)
def test_rounding_is_named_from_its_level_on(peak_deg: float, severity: str | None, threshold: float) -> None:
    found = rules.thoracic_rounding(FLOOR, peaked(peak_deg), SETTINGS, noise_deg=0.0)
    if severity is None:
        assert found is None
        return
    assert found is not None
    assert (found.severity, found.threshold, found.value, found.unit) == (severity, threshold, peak_deg, "deg")
    assert (found.rule, found.rep, found.time_s) == ("thoracic_rounding", 2, 1.5)
    assert found.message.startswith("Rep 2, 1.5 s: ")
    assert f"{peak_deg:.0f} deg" in found.message


@pytest.mark.parametrize(
    ("noise_deg", "peak_deg", "expected"),
    [(7, 6, None), (7, 7, ("info", 7)), (9, 9, ("caution", 9)), (9, 8.5, None), (15, 14, None), (15, 16, ("flag", 15))],
)
def test_no_level_lies_below_what_can_be_detected(
    noise_deg: float, peak_deg: float, expected: tuple[str, float] | None
) -> None:
    found = rules.thoracic_rounding(FLOOR, peaked(peak_deg), SETTINGS, noise_deg=noise_deg)
    assert (found and (found.severity, found.threshold)) == expected


@pytest.mark.parametrize(
    ("growth_deg", "mdc95_deg", "expected"),
    [
        (2.9, 0, None),
        (3, 0, "info"),
        (5, 0, "caution"),
        (8, 0, "flag"),
        (NAN, 0, None),
        (4, 5, None),
        (8, 9, None),
        (9, 9, "flag"),
    ],
)
def test_growth_has_its_own_levels(growth_deg: float, mdc95_deg: float, expected: str | None) -> None:
    settings = SETTINGS.model_copy(update={"mdc95_deg": mdc95_deg})
    found = rules.thoracic_growth(FLOOR, peaked(NAN, growth_deg), settings)
    assert (found and found.severity) == expected
    if found:
        assert (found.rule, found.time_s, found.value) == ("thoracic_growth", 1.7, growth_deg)


@pytest.mark.parametrize(
    ("source", "sigma_deg", "expected"),
    [("standing", 9.0, 5.0), ("least_flexed", 9.0, 5.0), ("population", 9.5, 1.645 * 9.5), ("population", 1.0, 5.0)],
)
def test_an_average_neutral_lets_only_large_changes_be_named(source: str, sigma_deg: float, expected: float) -> None:
    settings = SETTINGS.model_copy(update={"mdc95_deg": 5.0})
    reference = Reference(0.0, sigma_deg, source, 0)  # type: ignore[arg-type]
    assert rules.least_level_deg(reference, settings) == pytest.approx(expected)


def ramp(seed: int = 0) -> Change:
    """Change that grows from 1 to 9 degrees over 1 to 2 s and shrinks again."""
    time_s = np.arange(0, 4, 0.02)
    change = np.interp(time_s, [0, 1, 2, 3], [1, 1, 9, 1])
    return Change(time_s, change + np.random.default_rng(seed).normal(0, 0.01, time_s.shape))


@pytest.mark.parametrize(("rep", "start_deg"), [(FLOOR, 1.0), (TOP, 9.0)])
def test_measures_of_one_rep(rep: Rep, start_deg: float) -> None:
    found = rules.measure(rep, ramp(), SETTINGS)
    assert found.start_deg == pytest.approx(start_deg, abs=0.6)
    # Held for 0.2 s, a tip of 8 degrees a second either way is 0.8 lower than its point, or 1.6 on the way up alone.
    assert found.peak_deg == pytest.approx(8.2, abs=0.2)
    assert found.peak_s == pytest.approx(2.0, abs=0.03)
    assert found.growth_deg == pytest.approx(7.4 - start_deg, abs=0.7)


@pytest.mark.parametrize(("start_deg", "value_deg"), [(-20.0, None), (-10.0, 6.0), (-4.0, 12.0), (2.0, 16.0)])
def test_growth_towards_the_reference_is_no_rounding(start_deg: float, value_deg: float | None) -> None:
    grown = replace(peaked(NAN, 16.0), start_deg=start_deg, pull_peak_deg=start_deg + 16.0)
    found = rules.thoracic_growth(FLOOR, grown, SETTINGS)
    assert (found.value if found else None) == value_deg


@given(st.floats(-40, 40))
def test_growth_needs_no_reference(offset_deg: float) -> None:
    change = ramp()
    moved = Change(change.time_s, change.change_deg + offset_deg)
    one, other = rules.measure(FLOOR, change, SETTINGS), rules.measure(FLOOR, moved, SETTINGS)
    assert other.growth_deg == pytest.approx(one.growth_deg, abs=1e-9)
    assert other.growth_s == one.growth_s
    assert other.peak_deg == pytest.approx(one.peak_deg + offset_deg, abs=1e-9)


def test_what_was_not_seen_is_not_measured() -> None:
    change = ramp()
    hidden = Change(change.time_s, np.where((change.time_s > 0.8) & (change.time_s < 1.2), np.nan, change.change_deg))
    found = rules.measure(FLOOR, hidden, SETTINGS)
    assert np.isnan(found.start_deg)
    assert np.isnan(found.growth_deg)
    assert np.isfinite(found.peak_deg)
    assert rules.thoracic_growth(FLOOR, found, SETTINGS) is None
    nothing = rules.measure(FLOOR, Change(change.time_s, np.full_like(change.change_deg, np.nan)), SETTINGS)
    assert np.isnan([nothing.start_deg, nothing.peak_deg, nothing.peak_s, nothing.growth_deg, nothing.growth_s]).all()


@pytest.mark.parametrize("rep", [FLOOR, TOP])
def test_what_is_left_out_at_the_top_is_not_judged(rep: Rep) -> None:
    """The top of the rep from the floor is its turn; the other one ends there."""
    change = ramp()
    top = np.abs(change.time_s - (rep.turn_s if rep.begins == "floor" else rep.end_s)) < 0.3
    # 30 degrees that are there at the top alone: left out, they count as little as if they were not seen.
    slumped = np.where(top, 30.0, change.change_deg)
    assert rules.measure(rep, Change(change.time_s, slumped), SETTINGS).peak_deg == 30.0
    expected = rules.measure(rep, Change(change.time_s, np.where(top, np.nan, change.change_deg)), SETTINGS)
    found = rules.measure(rep, Change(change.time_s, np.where(top, np.nan, slumped)), SETTINGS)
    assert found == expected
    assert np.isfinite([found.start_deg, found.peak_deg, found.growth_deg]).all()
    assert found.peak_deg < 9


def test_what_happens_outside_a_rep_is_not_its_own() -> None:
    time_s = np.arange(0, 6, 0.02)
    change = np.where((time_s < 0.9) | (time_s > 3.1), 50.0, 1.0)
    found = rules.measure(FLOOR, Change(time_s, change), SETTINGS)
    assert found.peak_deg == 1.0
    assert found.growth_deg == 0.0


def flag(severity: rules.Severity) -> Flag:
    """Give a finding."""
    return Flag("thoracic_rounding", 1, 1.0, 10.0, 5.0, "deg", severity, "")


@pytest.mark.parametrize(
    ("severities", "usable_share", "expected"),
    [
        ([], 1.0, "ok"),
        ([], SETTINGS.min_usable_share, "ok"),
        ([], SETTINGS.min_usable_share - 0.01, "not_measured"),
        ([], 0.0, "not_measured"),
        (["info"], 1.0, "info"),
        (["info", "flag"], 1.0, "flag"),
        (["flag", "caution"], 1.0, "flag"),
        (["caution", "info"], 0.9, "caution"),
        (["caution"], 0.1, "caution"),
    ],
)
def test_verdict(severities: list[rules.Severity], usable_share: float, expected: str) -> None:
    flags = [flag(severity) for severity in severities]
    assert rules.verdict(flags, 1.0, SETTINGS, usable_share=usable_share, noise_deg=6.0) == expected


@pytest.mark.parametrize(
    ("peak_deg", "noise_deg", "expected"),
    [
        (np.nan, 6.0, "not_measured"),
        (5.9, 6.0, "ok"),
        (7.9, 16.0, "ok"),
        (8.0, 16.0, "not_measured"),
        (15.9, 16.0, "not_measured"),
    ],
)
def test_what_would_be_a_caution_but_for_its_uncertainty_is_not_ok(
    peak_deg: float, noise_deg: float, expected: str
) -> None:
    assert SETTINGS.thoracic_rounding_deg.caution == 8.0
    assert rules.verdict([], peak_deg, SETTINGS, usable_share=1.0, noise_deg=noise_deg) == expected
