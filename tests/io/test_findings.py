"""Every rule in every rep, the cues and the way of the bar, as the report shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spineline.core.analysis import Analysis, analyze
from spineline.core.rules import RULES
from spineline.core.settings import RuleSettings
from spineline.core.sim import lift, simulate
from spineline.core.verdict import in_words
from spineline.io.charts import bar_path_svg
from spineline.io.findings import bar_lines, checked
from spineline.io.overlay import draw
from spineline.io.report import render_report
from spineline.io.verdicts import CUES
from tests.core.scenes import unplated


@pytest.fixture(scope="module")
def lifted() -> Analysis:
    """Three deadlifts whose upper back rounds, the plate in view."""
    track = simulate(lift("conventional", reps=3, rounding_deg=[0.0, 5.0, 20.0]), fps=20.0, silhouettes=False).track
    return analyze(track)


def test_every_rule_has_a_row_with_its_levels_and_their_source(lifted: Analysis) -> None:
    rows = {row.rule: row for row in checked(lifted)}
    about = {name for name, rule in RULES.items() if rule.applies(lifted.reps[0].rep, "deadlift")}
    assert set(rows) == {name.replace("_", " ").capitalize() for name in about}
    for row in rows.values():
        assert len(row.marks) == 3
        assert row.levels.startswith("info ")
        assert row.origin
    assert "flag 12 deg" in rows["Thoracic rounding"].levels
    assert "flag" not in rows["Hitch"].levels


def test_a_mark_is_a_finding_a_value_or_a_dash_with_its_reason(lifted: Analysis) -> None:
    rows = {row.rule: row for row in checked(lifted)}
    rounding = rows["Thoracic rounding"].marks
    # The second is lowered as the third begins, rounded.
    assert [mark.severity for mark in rounding] == ["", "flag", "flag"]
    value = lifted.reps[2].thoracic_change_peak_deg
    assert rounding[2].text == in_words(value, "deg")
    creep = rows["Thoracic creep"]
    assert [mark.text for mark in creep.marks[:2]] == ["", ""]
    assert "two measured reps" in creep.why
    assert rows["Thoracic rounding"].why == ""


def test_every_flag_can_be_traced_in_the_report(lifted: Analysis) -> None:
    page = render_report(lifted, title="clip.mp4")
    flags = [flag for result in lifted.reps for flag in result.flags]
    assert flags
    for flag in flags:
        levels = getattr(RuleSettings(), f"{flag.rule}_{flag.unit}")
        assert f"<strong>{in_words(flag.value, flag.unit)}</strong> {flag.severity}, {flag.time_s:.1f} s" in page
        assert in_words(levels.info if hasattr(levels, "info") else levels, flag.unit) in page


def test_cues_are_in_the_report(lifted: Analysis) -> None:
    page = render_report(lifted, title="clip.mp4")
    assert 1 <= len(lifted.cues) <= 2
    for cue in lifted.cues:
        assert CUES[cue.rule].replace("'", "&#39;") in page
    assert "For the next set" not in render_report(replace(lifted, cues=()), title="clip.mp4")


@pytest.mark.parametrize("rule", set(RULES) - {"strain_index"})
def test_every_rule_has_a_cue(rule: str) -> None:
    assert CUES[rule].endswith(".")


def test_the_way_of_the_bar_says_what_it_rests_on(lifted: Analysis) -> None:
    (line,) = bar_lines(lifted)
    assert "edge of the plate" in line
    assert "45 cm" in line
    assert "±" in line
    (by_hands,) = bar_lines(analyze(unplated(lifted.track)))
    assert "your hands" in by_hands
    assert "--height" in by_hands
    unseen = replace(lifted, bar=replace(lifted.bar, source="none"))
    assert bar_lines(unseen) == []
    assert "The way of the bar" not in render_report(unseen, title="clip.mp4")


def test_the_drawn_way_has_a_line_for_every_rep(lifted: Analysis) -> None:
    svg = bar_path_svg(lifted, width_px=960, name="path")
    assert svg == bar_path_svg(lifted, width_px=960, name="path")
    for result in lifted.reps:
        assert f">{result.rep.index} " in svg


def test_the_bar_is_drawn_where_it_is_and_nowhere_else(lifted: Analysis) -> None:
    width, height = lifted.track.image_size_px
    grey = np.full((height, width, 3), 110, dtype=np.uint8)
    frame = int(np.searchsorted(lifted.track.time_s, lifted.reps[0].rep.turn_s))
    x, y = np.round(lifted.bar_px[frame]).astype(int)
    hidden = replace(lifted, bar_px=np.full_like(lifted.bar_px, np.nan))
    there, without = draw(grey, lifted, frame), draw(grey, hidden, frame)
    assert (there[y, x] != without[y, x]).any()
    differs = np.argwhere((there != without).any(axis=2))
    path_px = lifted.bar_px[lifted.rep_index == 1]
    assert differs[:, 0].min() >= np.nanmin(path_px[:, 1]) - 20
    assert differs[:, 1].max() <= np.nanmax(path_px[:, 0]) + 20
