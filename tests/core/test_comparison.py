"""What two sets must differ by before a difference is named."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.comparison import Difference, Known, least_change_deg, least_growth_deg, least_strain_pct

USUAL = Known(mdc95_deg=7.5, growth_mdc95_deg=6.0, sigma_deg=3.0)
knowns = st.builds(Known, *[st.floats(0.1, 40.0)] * 3)


def test_two_recordings_leave_more_open_than_one() -> None:
    assert least_change_deg(USUAL, USUAL, one_reference=False) == pytest.approx(7.5 * math.sqrt(2))
    assert least_change_deg(USUAL, USUAL, one_reference=True) == 6.0
    assert least_growth_deg(USUAL, USUAL) == pytest.approx(6.0 * math.sqrt(2))
    assert least_strain_pct(3.0, 4.0) == pytest.approx(1.96 * 5.0)


def test_what_was_read_less_surely_than_usual_needs_more() -> None:
    unsure = Known(mdc95_deg=7.5, growth_mdc95_deg=6.0, sigma_deg=8.0)
    assert least_change_deg(USUAL, unsure, one_reference=False) == pytest.approx(1.96 * math.hypot(3.0, 8.0))
    unknown = Known(mdc95_deg=7.5, growth_mdc95_deg=6.0, sigma_deg=math.nan)
    assert least_change_deg(USUAL, unknown, one_reference=False) == pytest.approx(7.5 * math.sqrt(2))


@given(knowns, knowns, st.booleans())
def test_neither_side_comes_first(first: Known, second: Known, one_reference: bool) -> None:
    least_deg = least_change_deg(first, second, one_reference=one_reference)
    assert least_deg == least_change_deg(second, first, one_reference=one_reference)
    assert least_deg >= (0.0 if one_reference else max(first.mdc95_deg, second.mdc95_deg))
    assert least_growth_deg(first, second) == least_growth_deg(second, first)


def test_nothing_is_told_of_what_was_not_measured() -> None:
    assert Difference(11.0, 10.6).told
    assert Difference(-11.0, 10.6).told
    assert not Difference(10.0, 10.6).told
    assert not Difference(math.nan, 10.6).told
    assert not Difference(11.0, math.nan).told
