"""Levels, severities, verdicts and cues."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core import verdict as v
from spineline.core.reference import Reference
from spineline.core.rules import RULES
from spineline.core.scene import Found
from spineline.core.settings import Levels, RuleSettings
from spineline.core.strain import Strain
from spineline.core.terms import SEVERITIES, Severity
from spineline.core.verdict import Check, Flag, Least
from tests.core.make_scene import NAN, make_scene

SETTINGS = RuleSettings.model_validate(
    {
        "thoracic_rounding_deg": {"info": 5, "caution": 8, "flag": 12},
        "thoracic_growth_deg": {"info": 3, "caution": 5, "flag": 8},
        "mdc95_deg": 0,
        "growth_mdc95_deg": 0, "lumbar_mdc95_deg": 0, "lean_mdc95_deg": 0,
    }
)  # fmt: skip
NO_STRAIN = Strain(NAN, 0.0, NAN, "")


def judged(
    rule: str, value: float, settings: RuleSettings = SETTINGS, *, least_deg: float = 0.0, strain: Strain = NO_STRAIN
) -> Flag | None:
    """Compare one value with its levels."""
    scene = make_scene(reps=2)
    check = Check(rule, RULES[rule].unit, Found(value, 3.5))
    found = v.flags(scene.reps[1], scene, [check], Least(least_deg, 0.0, (strain, strain)), settings)
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("peak_deg", "severity", "threshold"),
    [(4.99, None, 0), (5, "info", 5), (7.9, "info", 5), (8, "caution", 8), (12, "flag", 12), (60, "flag", 12),
     (NAN, None, 0)],
)  # fmt: skip
def test_rounding_is_named_from_its_level_on(peak_deg: float, severity: str | None, threshold: float) -> None:
    found = judged("thoracic_rounding", peak_deg)
    if severity is None:
        assert found is None
        return
    assert found is not None
    assert (found.severity, found.threshold, found.value, found.unit) == (severity, threshold, peak_deg, "deg")
    assert (found.rule, found.rep, found.time_s) == ("thoracic_rounding", 2, 3.5)
    assert found.message.startswith("Rep 2, 3.5 s: ")
    assert v.in_words(peak_deg, "deg") in found.message


@pytest.mark.parametrize("rule", ["thoracic_setup", "thoracic_rounding"])
@pytest.mark.parametrize(
    ("least_deg", "peak_deg", "expected"),
    [(7, 6, None), (7, 7, ("info", 7)), (9, 9, ("caution", 9)), (9, 8.5, None), (15, 14, None), (15, 16, ("flag", 15))],
)
def test_no_level_lies_below_what_the_reference_leaves_open(
    rule: str, least_deg: float, peak_deg: float, expected: tuple[str, float] | None
) -> None:
    found = judged(rule, peak_deg, least_deg=least_deg)
    assert (found and (found.severity, found.threshold)) == expected


@pytest.mark.parametrize(
    ("rule", "noise"),
    [("thoracic_growth", "growth_mdc95_deg"), ("thoracic_creep", "growth_mdc95_deg"),
     ("lumbar_growth", "lumbar_mdc95_deg"),
     ("chest_drop", "lean_mdc95_deg"), ("hips_rise", "lean_mdc95_deg")],
)  # fmt: skip
def test_no_level_lies_below_what_can_be_detected(rule: str, noise: str) -> None:
    settings = SETTINGS.model_copy(update={noise: 20.0})
    assert judged(rule, 19.9, settings) is None
    found = judged(rule, 20.0, settings)
    assert found is not None
    assert (found.severity, found.threshold) == ("flag", 20.0)
    assert judged(rule, 19.9) is not None


def test_the_strain_index_must_stand_out_of_its_own_uncertainty() -> None:
    assert judged("strain_index", 30.0, strain=Strain(30.0, 20.0, 3.5)) is None
    found = judged("strain_index", 36.0, strain=Strain(36.0, 10.0, 3.5))
    assert found is not None
    assert found.severity == "flag"


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_levels_and_words(rule: str) -> None:
    levels = getattr(RuleSettings(), f"{rule}_{RULES[rule].unit}")
    three = isinstance(levels, Levels)
    highest = levels.flag if three else levels
    found = judged(rule, 100 * highest)
    assert found is not None
    assert found.severity == ("flag" if three else "info")
    assert "{" not in found.message
    assert v.in_words(100 * highest, RULES[rule].unit) in found.message
    assert judged(rule, -100.0) is None
    assert judged(rule, NAN) is None
    for word in ("safe", "danger", "injur", "diagnos", "healthy"):
        assert word not in found.message.lower()


@pytest.mark.parametrize(
    ("source", "sigma_deg", "expected"),
    [("standing", 9.0, 5.0), ("least_flexed", 9.0, 5.0), ("population", 9.5, 1.645 * 9.5), ("population", 1.0, 5.0)],
)
def test_an_average_neutral_lets_only_large_changes_be_named(source: Any, sigma_deg: float, expected: float) -> None:
    settings = SETTINGS.model_copy(update={"mdc95_deg": 5.0})
    assert v.least_level_deg(Reference(0.0, sigma_deg, source, 0), settings) == pytest.approx(expected)


def test_a_profile_adds_to_what_cannot_be_told_from_noise_what_differs_between_sessions() -> None:
    settings = SETTINGS.model_copy(update={"mdc95_deg": 3.0})
    reference = Reference(0.0, 9.0, "profile", 40, bend_deg=1.0, sessions_sigma_deg=4.0 / 1.96)
    assert v.least_level_deg(reference, settings) == pytest.approx(5.0)


def flag(severity: Severity, rule: str = "thoracic_rounding", rep: int = 1) -> Flag:
    """Give a finding."""
    return Flag(rule, rep, 1.0, 10.0, 5.0, "deg", severity, "")


ENOUGH = SETTINGS.min_usable_share


@pytest.mark.parametrize(
    ("severities", "usable_share", "expected"),
    [
        ([], 1.0, "ok"), ([], ENOUGH, "ok"), ([], ENOUGH - 0.01, "not_measured"), ([], 0.0, "not_measured"),
        (["info"], 1.0, "info"), (["info"], 0.1, "not_measured"), (["info", "flag"], 1.0, "flag"),
        (["flag", "caution"], 1.0, "flag"), (["caution", "info"], 0.9, "caution"), (["caution"], 0.1, "caution"),
    ],
)  # fmt: skip
def test_verdict(severities: list[Severity], usable_share: float, expected: str) -> None:
    found = [flag(severity) for severity in severities]
    assert v.verdict(found, 1.0, SETTINGS, usable_share=usable_share, noise_deg=6.0) == expected


@pytest.mark.parametrize(
    ("peak_deg", "noise_deg", "expected"),
    [(NAN, 6.0, "not_measured"), (5.9, 6.0, "ok"), (7.9, 16.0, "ok"), (8.0, 16.0, "not_measured"),
     (15.9, 16.0, "not_measured")],
)  # fmt: skip
def test_what_would_be_a_caution_but_for_its_uncertainty_is_not_ok(
    peak_deg: float, noise_deg: float, expected: str
) -> None:
    assert SETTINGS.thoracic_rounding_deg.caution == 8.0
    assert v.verdict([], peak_deg, SETTINGS, usable_share=1.0, noise_deg=noise_deg) == expected


def cued(*found: Flag) -> list[tuple[str, tuple[int, ...]]]:
    """Give the cues as pairs."""
    return [(cue.rule, cue.reps) for cue in v.cues(found)]


def test_cues_are_the_most_severe_then_the_most_frequent() -> None:
    found = [flag("caution", "chest_drop", 1), flag("flag", "thoracic_rounding", 2), flag("info", "depth", 1)]
    assert cued(*found) == [("thoracic_rounding", (2,)), ("chest_drop", (1,))]
    found = [flag("caution", "bar_drift", 1), flag("caution", "lumbar_growth", 2), flag("caution", "lumbar_growth", 3)]
    assert cued(*found) == [("lumbar_growth", (2, 3)), ("bar_drift", (1,))]


def test_one_cue_answers_one_cause() -> None:
    found = [flag("flag", rule) for rule in ("thoracic_rounding", "thoracic_setup", "thoracic_growth", "neck_back")]
    assert cued(*found) == [("thoracic_setup", (1,)), ("neck_back", (1,))]


def test_the_index_has_no_cue_of_its_own() -> None:
    assert cued(flag("flag", "strain_index"), flag("info", "hitch")) == [("hitch", (1,))]
    assert cued() == []


@given(st.lists(st.tuples(st.sampled_from(list(RULES)), st.sampled_from(SEVERITIES), st.integers(1, 6))))
def test_never_more_than_two_cues_and_each_was_found(found: Sequence[tuple[str, Severity, int]]) -> None:
    flags = [flag(severity, rule, rep) for rule, severity, rep in found]
    cues = v.cues(flags)
    assert len(cues) <= 2
    assert bool(cues) == any(rule != "strain_index" for rule, _, _ in found)
    for cue in cues:
        assert cue.reps == tuple(sorted({rep for rule, _, rep in found if rule == cue.rule}))


@pytest.mark.parametrize(
    ("value", "unit", "text"), [(7.96, "deg", "8 deg"), (0.5, "m", "50 cm"), (-3.0, "pct", "-3 %")]
)
def test_values_in_words(value: float, unit: Any, text: str) -> None:
    assert v.in_words(value, unit) == text
    assert np.isfinite(value)
