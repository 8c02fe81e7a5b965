"""The strain index: what raises it and by how much, its error, and when it is not told."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.analysis import Analysis, analyze
from spineline.core.settings import Settings, StrainSettings
from spineline.core.sim import lift, simulate
from spineline.core.strain import Levers, Stated, load_ratio
from tests.core.scenes import mirrored, scaled, unplated

BAR = Stated(load_kg=100.0, body_mass_kg=80.0)
FORWARD: dict[str, Any] = {"bar_m": 0.3}


def levers(lean_deg: float, *, more_deg: float = 0.0, **changes: float) -> Levers:
    """Give one posture, leaning ``more_deg`` beyond the reference: a straight back, arms and bar under the shoulders.

    100 kg on the bar, 80 kg of body mass.
    """
    values = {
        "lean_deg": lean_deg + more_deg, "reference_lean_deg": lean_deg, "change_deg": 0.0, "head": 0.0, "arms": 0.0,
        "weight": 0.0, "drift": 0.0, "load": 1.25, **changes,
    }  # fmt: skip
    return Levers(**{name: np.array([value]) for name, value in values.items()})


@pytest.mark.parametrize(("lean_deg", "newton_metres"), [(30.0, 100.0), (45.0, 141.0), (60.0, 172.0)])
def test_the_moment_is_that_of_the_brief(lean_deg: float, newton_metres: float) -> None:
    """80 kg man, 100 kg under the shoulders, worked out by hand: 100, 141 and 172 N m."""
    found = float(levers(lean_deg, head=0.32 * np.sin(np.radians(lean_deg))).moment()[0])
    assert found * 80.0 * 9.81 * 0.5155 == pytest.approx(newton_metres, rel=0.06)


@pytest.mark.parametrize(
    ("lean_deg", "bar_pct", "lean_pct", "rounding_pct"), [(30, 20, 15, 7), (45, 14, 8, 4), (60, 11, 5, 2)]
)
def test_what_drives_it_does_so_as_in_the_brief(
    lean_deg: float, bar_pct: float, lean_pct: float, rounding_pct: float
) -> None:
    """2 cm forward, 5 degrees more lean and 10 degrees of rounding at three leans."""
    bar = levers(lean_deg, drift=0.02 / 0.5155).index_pct()
    lean = levers(lean_deg, more_deg=5.0).index_pct()
    rounding = levers(lean_deg, change_deg=10.0).index_pct()
    assert bar == pytest.approx(bar_pct, rel=0.25)
    assert lean == pytest.approx(lean_pct, rel=0.25)
    assert rounding == pytest.approx(rounding_pct, abs=1.5)


@given(
    st.floats(10, 80), st.floats(-20, 40), st.floats(-0.1, 0.3), st.floats(-0.2, 0.3), st.floats(0, 3),
    st.floats(-10, 10),
)  # fmt: skip
def test_more_lean_rounding_and_way_forward_never_lower_it(
    lean: float, change: float, drift: float, weight: float, load: float, more: float
) -> None:
    plain: dict[str, float] = {"change_deg": change, "drift": drift, "weight": weight, "load": load}
    base = levers(lean, **plain)
    for name in ("change_deg", "drift"):
        moved = levers(lean, **{**plain, name: plain[name] + abs(more) / 100})
        assert moved.moment()[0] >= base.moment()[0] - 1e-12
    assert base.reference_moment()[0] == levers(lean, **{**plain, "change_deg": 0.0, "drift": 0.0}).moment()[0]


def test_the_reference_posture_itself_is_zero() -> None:
    assert levers(50.0).index_pct() == 0.0
    assert np.isnan(levers(-20.0, weight=-0.1).index_pct())


@pytest.mark.parametrize(
    ("stated", "ratio", "spread"),
    [(Stated(), 0.8, 0.4), (Stated(load_kg=90), 1.2, 0.24), (BAR, 1.25, 0.0), (Stated(body_mass_kg=80), 0.8, 0.4)],
)
def test_what_is_not_stated_is_assumed_with_a_spread(stated: Stated, ratio: float, spread: float) -> None:
    assert load_ratio(stated, StrainSettings()) == pytest.approx((ratio, spread))


def lifted(style: str = "conventional", *, stated: Stated = BAR, last: dict[str, Any] | None = None,
           **script: Any) -> Analysis:  # fmt: skip
    """Analyse a set of three; of the first part of the last way up more is asked."""
    moves = list(lift(style, reps=3, **script))
    at = max(i for i, move in enumerate(moves) if move.phase == "ascend")
    plain = replace(moves[at], lean_deg=0.0, bar_m=0.0)
    if last:
        moves[at : at + 1] = [replace(plain, depth=0.9, seconds=0.4, **last), replace(plain, seconds=0.9)]
    return analyze(simulate(moves, style=style, silhouettes=False).track, stated=stated)


def values(found: Analysis) -> list[float]:
    """Give the index of every rep."""
    return [result.strain.pct for result in found.reps]


@pytest.mark.parametrize("style", ["conventional", "sumo", "romanian", "back_squat", "bodyweight_squat"])
def test_reps_alike_are_near_the_reference(style: str) -> None:
    assert values(lifted(style)) == pytest.approx([0.0] * 3, abs=2.0)


@pytest.mark.parametrize("style", ["conventional", "back_squat"])
def test_a_rounded_set_is_above_its_reference(style: str) -> None:
    plain, rounded = values(lifted(style)), values(lifted(style, rounding_deg=25.0))
    assert all(more > base + 2.0 for more, base in zip(rounded, plain, strict=True))


def test_more_lean_in_one_rep_is_seen_against_the_others() -> None:
    first, second, third = values(lifted("back_squat", last={"lean_deg": 12.0}))
    assert third > 15.0
    assert max(abs(first), abs(second)) < 3.0


def test_a_bar_that_drifts_raises_it() -> None:
    assert values(lifted(last=FORWARD))[2] > values(lifted())[2] + 8.0


def test_what_is_stated_makes_it_surer() -> None:
    sure, unsure = (lifted(last=FORWARD, stated=stated).reps[2].strain for stated in (BAR, Stated()))
    assert sure.sigma_pct < unsure.sigma_pct
    hands = lifted(last=FORWARD)
    bare = analyze(unplated(hands.track), stated=BAR)
    assert bare.reps[2].strain.sigma_pct > hands.reps[2].strain.sigma_pct


def test_without_the_back_there_is_no_index() -> None:
    track = lifted().track
    blind = analyze(replace(track, spine_raw=np.full_like(track.spine_raw, np.nan)))
    for result in blind.reps:
        assert np.isnan(result.strain.pct)
        assert "not measured" in result.strain.why


def test_mirror_and_pixels_do_not_change_it() -> None:
    found = lifted(rounding_deg=15.0)
    for look in (mirrored, lambda track: scaled(track, 2.3)):
        other = analyze(look(found.track), stated=BAR)
        assert values(other) == pytest.approx(values(found), abs=1e-6)
        assert [r.strain.sigma_pct for r in other.reps] == pytest.approx([r.strain.sigma_pct for r in found.reps])


def test_no_load_of_a_bodyweight_squat_is_assumed() -> None:
    bare, loaded = (lifted("bodyweight_squat", stated=stated, rounding_deg=20.0) for stated in (Stated(), BAR))
    assert values(bare) != values(loaded)
    settings = Settings.from_mapping({"strain": {"load_ratio": 3.0}})
    assert [r.strain.pct for r in analyze(bare.track, settings).reps] == values(bare)
