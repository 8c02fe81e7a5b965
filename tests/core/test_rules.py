"""What every rule measures in signals that are known, where it cannot tell, and what must not change it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core import rules
from spineline.core.rules import RULES
from spineline.core.scene import Found, Scene, Standing, sustained_peak, value_at
from spineline.core.settings import RuleSettings
from spineline.core.track import Floats
from tests import naive_series as naive
from tests.core.make_scene import NAN, bump, hidden, make_bar, make_scene

SEEDS = st.integers(0, 2**32 - 1)
SETTINGS = RuleSettings()


def measured(name: str, scene: Scene, rep: int = 1) -> Found:
    """Measure one rep by one rule."""
    return RULES[name].measure(scene.reps[rep - 1], scene, SETTINGS)


@given(SEEDS, st.integers(0, 60), st.floats(0.0, 0.5), st.booleans())
def test_sustained_peak_agrees_with_its_twin(seed: int, frames: int, held_s: float, coarse: bool) -> None:
    draw = np.random.default_rng(seed)
    time_s = np.cumsum(draw.uniform(0.01, 0.1, frames))
    values = np.cumsum(draw.normal(0, 1, frames))
    values = np.round(values) if coarse else values
    values[draw.random(frames) < 0.1] = np.nan
    found = sustained_peak(time_s, values, held_s=held_s)
    expected = naive.sustained_peak(time_s.tolist(), values.tolist(), held_s=held_s)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@given(SEEDS, st.integers(0, 40), st.floats(0.0, 0.3))
def test_value_at_agrees_with_its_twin(seed: int, frames: int, around_s: float) -> None:
    draw = np.random.default_rng(seed)
    time_s, values = np.cumsum(draw.uniform(0.01, 0.1, frames)), draw.normal(0, 1, frames)
    values[draw.random(frames) < 0.3] = np.nan
    found = value_at(time_s, values, 1.0, around_s=around_s)
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
    value, moment_s = sustained_peak(*plateau(seconds, gap=gap), held_s=0.2)
    assert value == expected
    if expected == 10:
        assert moment_s + 1e-9 >= 1.0
        assert moment_s <= 1.0 + seconds


def test_nothing_known_is_no_peak() -> None:
    value, moment_s = sustained_peak(np.arange(5.0), np.full(5, np.nan), held_s=0.2)
    assert np.isnan(value)
    assert np.isnan(moment_s)


def with_bump(field: str, height: float, start_s: float, end_s: float, **scene: Any) -> Scene:
    """Give a set in which one signal has a bump."""
    plain = make_scene(**scene)
    return replace(plain, **{field: getattr(plain, field) + bump(plain, start_s, end_s, height)})


FLOOR: dict[str, Any] = {"exercise": "deadlift", "begins": "floor"}
TOP: dict[str, Any] = {"exercise": "squat", "begins": "top"}

PLANTED: dict[str, Callable[[float], Scene]] = {
    "thoracic_setup": lambda x: with_bump("change_deg", x, 0.5, 1.5, **FLOOR),
    "thoracic_rounding": lambda x: with_bump("change_deg", x, 1.2, 2.8, **FLOOR),
    "thoracic_growth": lambda x: with_bump("change_deg", x, 1.2, 1.8, **FLOOR),
    "lumbar_growth": lambda x: with_bump("lumbar_deg", x, 1.2, 1.8, **FLOOR),
    "chest_drop": lambda x: with_bump("trunk_deg", x, 2.1, 2.5, **TOP),
    "hips_rise": lambda x: with_bump("trunk_deg", x, 1.1, 1.5, **FLOOR),
    "neck_back": lambda x: with_bump("neck_deg", -x, 1.1, 1.9, **FLOOR),
    "neck_tucked": lambda x: with_bump("neck_deg", x, 1.1, 1.9, **FLOOR),
    "soft_lockout": lambda x: make_scene(**FLOOR, chest_deg=4.0 + x),
    "overextension": lambda x: make_scene(**FLOOR, chest_deg=4.0 - x),
    "asymmetry": lambda x: with_bump("tilt_deg", x, 1.1, 1.9, **FLOOR, aspect="across"),
}
"""A set with a fault of so many degrees, for each rule that judges degrees within one rep."""


@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize("degrees", [3.0, 11.0, 24.0])
def test_a_fault_is_measured_as_large_as_it_is(name: str, degrees: float) -> None:
    found = measured(name, PLANTED[name](degrees))
    assert found.value == pytest.approx(degrees, abs=0.35)
    assert found.why == ""
    scene = PLANTED[name](degrees)
    rep = scene.reps[0]
    assert rep.start_s - 0.6 <= found.time_s <= rep.end_s


@pytest.mark.parametrize("name", set(PLANTED) - {"soft_lockout", "overextension"})
def test_without_the_fault_it_measures_none(name: str) -> None:
    assert measured(name, PLANTED[name](0.0)).value == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("name", PLANTED)
def test_the_opposite_is_no_fault(name: str) -> None:
    if name == "asymmetry":  # to the other side
        assert measured(name, PLANTED[name](-9.0)).value == pytest.approx(9.0)
    else:
        assert measured(name, PLANTED[name](-9.0)).value <= 1e-9


SEEN = {
    "thoracic_setup": "change_deg",
    "thoracic_rounding": "change_deg",
    "thoracic_growth": "change_deg",
    "lumbar_growth": "lumbar_deg",
    "chest_drop": "trunk_deg",
    "hips_rise": "trunk_deg",
    "neck_back": "neck_deg",
    "neck_tucked": "neck_deg",
    "soft_lockout": "chest_deg",
    "overextension": "chest_deg",
    "asymmetry": "tilt_deg",
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_was_not_seen_is_not_judged(name: str) -> None:
    found = measured(name, hidden(PLANTED[name](20.0), 0.0, 9.0, SEEN[name]))
    assert np.isnan(found.value)
    assert np.isnan(found.time_s)
    assert found.why


@pytest.mark.parametrize("name", ["thoracic_growth", "lumbar_growth", "chest_drop", "hips_rise"])
def test_without_its_begin_nothing_can_be_said_to_grow(name: str) -> None:
    scene = PLANTED[name](20.0)
    begin_s = scene.reps[0].pull_s[0]
    assert np.isnan(measured(name, hidden(scene, begin_s - 0.35, begin_s + 0.1, SEEN[name])).value)


@pytest.mark.parametrize("name", ["chest_drop", "hips_rise", "bar_drift", "soft_lockout", "overextension", "depth"])
@pytest.mark.parametrize("aspect", ["between", "across"])
def test_what_needs_a_side_view_is_not_judged_without(name: str, aspect: str) -> None:
    found = measured(name, make_scene(reps=2, aspect=aspect))
    assert np.isnan(found.value)
    assert "side" in found.why


@pytest.mark.parametrize("aspect", ["side", "between"])
def test_asymmetry_needs_a_view_from_in_front_or_behind(aspect: Any) -> None:
    scene = replace(PLANTED["asymmetry"](20.0), aspect=aspect)
    assert "in front or behind" in measured("asymmetry", scene).why


@pytest.mark.parametrize("name", ["neck_back", "neck_tucked", "soft_lockout", "overextension", "asymmetry"])
def test_what_is_compared_with_standing_needs_some(name: str) -> None:
    scene = replace(PLANTED[name](20.0), standing=Standing(NAN, NAN, NAN))
    assert "standing" in measured(name, scene).why


@pytest.mark.parametrize(("start_deg", "value_deg"), [(-20.0, -4.0), (-10.0, 6.0), (-4.0, 12.0), (2.0, 16.0)])
def test_growth_towards_the_reference_is_no_rounding(start_deg: float, value_deg: float) -> None:
    scene = PLANTED["thoracic_growth"](16.0)
    scene = replace(scene, change_deg=scene.change_deg + start_deg)
    assert measured("thoracic_growth", scene).value == pytest.approx(value_deg)


@given(st.floats(0, 40))
def test_growth_beyond_the_reference_needs_no_reference(offset_deg: float) -> None:
    scene = PLANTED["thoracic_growth"](16.0)
    moved = replace(scene, change_deg=scene.change_deg + offset_deg)
    assert measured("thoracic_growth", moved).value == pytest.approx(16.0)


def test_no_lower_back_rounds_that_much_in_one_pull() -> None:
    assert "lower back" in measured("lumbar_growth", PLANTED["lumbar_growth"](26.0)).why


def test_what_happens_outside_a_rep_is_not_its_own() -> None:
    scene = make_scene(reps=2)
    first = scene.reps[0]
    outside = (scene.time_s < first.start_s - 0.35) | (scene.time_s > first.end_s)
    scene = replace(scene, **{name: getattr(scene, name) + 50.0 * outside for name in ("change_deg", "lumbar_deg")})
    for name in ("thoracic_rounding", "thoracic_growth", "lumbar_growth"):
        assert measured(name, scene).value == pytest.approx(0.0)


def rounded_reps(*peaks_deg: float) -> Scene:
    """Give reps with these peaks of the thoracic change."""
    scene = make_scene(reps=len(peaks_deg))
    bumps = (bump(scene, rep.start_s, rep.end_s, peak) for rep, peak in zip(scene.reps, peaks_deg, strict=True))
    return replace(scene, change_deg=np.sum(list(bumps), axis=0))


def test_creep_is_against_the_first_two_reps() -> None:
    scene = rounded_reps(2.0, 4.0, 5.0, 13.0)
    assert [measured("thoracic_creep", scene, rep).value for rep in (3, 4)] == pytest.approx([2.0, 10.0])
    for rep in (1, 2):
        assert "two measured reps" in measured("thoracic_creep", scene, rep).why


def test_creep_is_against_the_first_two_that_were_measured() -> None:
    scene = hidden(rounded_reps(30.0, 2.0, 4.0, 13.0), 0.9, 3.0, "change_deg")
    assert "two measured reps" in measured("thoracic_creep", scene, 3).why
    assert measured("thoracic_creep", scene, 4).value == pytest.approx(10.0)


def test_coming_back_from_an_extended_back_is_no_creep() -> None:
    scene = rounded_reps(-20.0, -20.0, 1.0)
    scene = replace(scene, change_deg=np.where(scene.change_deg == 0, -20.0, scene.change_deg))
    assert measured("thoracic_creep", scene, 3).value == pytest.approx(1.0)


def drifted(way_m: float) -> Scene:
    """Give a pull in which the bar goes forward and back."""
    scene = make_scene()
    return replace(scene, bar=make_bar(bump(scene, 1.1, 1.6, way_m), scene.rise / 2))


@pytest.mark.parametrize("way_m", [0.0, 0.03, 0.12])
def test_bar_drift_is_the_way_forward_from_the_start(way_m: float) -> None:
    assert measured("bar_drift", drifted(way_m)).value == pytest.approx(way_m, abs=1e-3)
    assert measured("bar_drift", drifted(-way_m)).value == pytest.approx(0.0, abs=1e-3)


def test_a_bar_not_seen_is_not_judged() -> None:
    scene = make_scene()
    unseen = replace(scene, bar=replace(make_bar(scene.rise * np.nan, scene.rise * np.nan), source="none"))
    for name in ("bar_drift", "hitch"):
        assert measured(name, unseen).why == "the weight was not seen"


@pytest.mark.parametrize("drop_m", [0.0, 0.025, 0.08])
def test_a_hitch_is_the_way_down_before_the_lockout(drop_m: float) -> None:
    scene = make_scene()
    share = np.interp(scene.time_s, [1.0, 1.5, 1.6, 2.0, 3.0], [0.0, 0.35, 0.35 - drop_m, 0.5, 0.0])
    found = measured("hitch", replace(scene, bar=make_bar(0 * share, share)))
    assert found.value == pytest.approx(drop_m, abs=1e-9)
    if drop_m:
        assert found.time_s == pytest.approx(1.6)


def test_hands_do_not_tell_a_hitch() -> None:
    scene = make_scene()
    assert measured("hitch", replace(scene, bar=replace(scene.bar, source="hands"))).why


def test_depth_is_against_ones_own_deepest_rep() -> None:
    scene = make_scene("squat", reps=3, begins="top")
    bumps = (bump(scene, r.start_s, r.end_s, deg) for r, deg in zip(scene.reps, (40.0, 25.0, 38.0), strict=True))
    scene = replace(scene, thigh_deg=60.0 + np.sum(list(bumps), axis=0), bar=replace(scene.bar, source="none"))
    assert [measured("depth", scene, rep).value for rep in (1, 2, 3)] == pytest.approx([0.0, 15.0, 2.0])
    assert "another rep" in measured("depth", make_scene("squat", begins="top")).why


def test_depth_of_a_squat_with_plates_is_told_by_the_bar() -> None:
    scene = make_scene("squat", reps=3, begins="top")
    bumps = (bump(scene, r.start_s, r.end_s, way_m) for r, way_m in zip(scene.reps, (0.6, 0.5, 0.58), strict=True))
    scene = replace(scene, bar=make_bar(0 * scene.rise, -np.sum(list(bumps), axis=0)))
    shallower = [measured("depth", scene, rep).value for rep in (1, 2, 3)]
    assert shallower == pytest.approx(np.degrees([0.0, 0.1 / 0.42, 0.02 / 0.42]))


def test_the_strain_index_is_that_of_the_rep() -> None:
    scene = make_scene(reps=2, strains=(Found(3.0, 1.5), Found(NAN, why="hidden")))
    assert measured("strain_index", scene, 1).value == 3.0
    assert measured("strain_index", scene, 2).why == "hidden"


@pytest.mark.parametrize(
    ("exercise", "begins", "without"),
    [
        ("deadlift", "floor", {"chest_drop", "depth"}),
        ("deadlift", "top", {"chest_drop", "depth", "thoracic_setup", "hips_rise"}),
        ("squat", "top", {"thoracic_setup", "hips_rise", "bar_drift", "hitch", "soft_lockout", "overextension"}),
    ],
)
def test_rules_are_about_some_lifts(exercise: Any, begins: Any, without: set[str]) -> None:
    rep = make_scene(begins=begins).reps[0]
    assert {name for name, rule in RULES.items() if not rule.applies(rep, exercise)} == without


@pytest.mark.parametrize(
    ("begins", "places"),
    [("floor", ["off the floor", "about the knee", "towards the lockout"]),
     ("top", ["at the bottom", "half-way up", "near the top"])],
)  # fmt: skip
def test_a_place_on_the_way_up_is_named(begins: Any, places: list[str]) -> None:
    scene = make_scene(begins=begins)
    rep = scene.reps[0]
    start_s, end_s = rep.pull_s
    moments_s = [start_s + share * (end_s - start_s) for share in (0.1, 0.5, 0.95)]
    assert [rules.place(rep, scene, moment_s) for moment_s in moments_s] == [f", {place}" for place in places]
    lost = replace(scene, rise=np.full_like(scene.rise, np.nan))
    assert rules.place(rep, lost, moments_s[1]) == ""
