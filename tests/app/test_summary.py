"""What the terminal shows of an analysis: every rep, every finding, and what was not measured as such."""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from spineline.app.analyze import Done, Seen
from spineline.app.summary import print_legend, print_summary
from spineline.core.analysis import Analysis
from spineline.core.terms import Verdict
from spineline.core.verdict import Cue
from spineline.io.tables import InputRecord, analysis_text
from spineline.io.verdicts import CUES
from tests.io.make_analysis import SIGMA_DEG, make_analysis

VERDICTS: tuple[Verdict, ...] = ("flag", "ok", "info", "caution", "not_measured")


def done(analysis: Analysis, name: str = "clip.mp4") -> Done:
    unseen = [result.verdict == "not_measured" for result in analysis.reps]
    return Done(
        name=name,
        folder=Path("out/clip_spineline"),
        files=("analysis.json", "reps.csv"),
        text=analysis_text(analysis, InputRecord(path=name, sha256="ab")),
        reps=tuple(
            Seen(sigma_deg=math.nan if no else SIGMA_DEG, unseen_because="hidden" if no else "") for no in unseen
        ),
        measured=not all(unseen),
    )


def shown(result: Done, *, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    print_summary(result, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def row_of(lines: list[str], index: int) -> str:
    (row,) = (line for line in lines if line.split() and line.split()[0] == str(index))
    return row


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_analysis(VERDICTS)


def test_every_rep_has_a_row_with_its_numbers(analysis: Analysis) -> None:
    lines = shown(done(analysis))
    for verdict, result in zip(VERDICTS, analysis.reps, strict=True):
        row = row_of(lines, result.rep.index)
        assert f" {verdict.replace('_', ' ')} " in row
        assert f" {result.rep.start_s:.1f}-{result.rep.end_s:.1f} " in row
        assert f" {result.trunk_peak_deg:.0f}° " in row
        assert row.endswith(f" {result.usable_share:.0%}")
        if verdict == "not_measured":
            assert row.count(" - ") >= 3
        else:
            assert f" {result.thoracic_change_start_deg:+.0f}° ±{SIGMA_DEG:.0f} " in row
            assert f" {result.thoracic_change_peak_deg:+.0f}° ±{SIGMA_DEG:.0f} " in row
            for value in (result.thoracic_growth_deg, result.knee_min_deg):
                assert math.isnan(value) or re.search(rf" \+?{value:.0f}° ", row)


def test_every_finding_is_said_and_what_was_not_measured_too(analysis: Analysis) -> None:
    lines = shown(done(analysis), width=200)
    for result in analysis.reps:
        for flag in result.flags:
            assert flag.message in lines
            assert flag.message
    assert sum(len(result.flags) for result in analysis.reps) == 3
    assert "Rep 5: not measured: hidden." in lines


def test_what_to_work_on_is_said(analysis: Analysis) -> None:
    cued = replace(analysis, cues=(Cue("chest_drop", (1, 2)), Cue("bar_drift", (3,))))
    lines = shown(done(cued), width=200)
    assert [line for line in lines if line.startswith("For the next set: ")] == [
        f"For the next set: {CUES[rule]}" for rule in ("chest_drop", "bar_drift")
    ]


def test_it_says_what_it_rests_on_and_where_it_is(analysis: Analysis) -> None:
    lines = shown(done(analysis), width=200)
    assert lines[0].startswith("clip.mp4: deadlift, 5 reps, seen from the ")
    assert f"Upper back measured in {analysis.usable_share:.0%} of the frames." in lines
    assert "Changes under 5° cannot be told from noise and are not named." in lines
    assert f"Written to {Path('out/clip_spineline')}: analysis.json, reps.csv" in lines


def test_it_fits_a_narrow_terminal(analysis: Analysis) -> None:
    whole = done(analysis)
    document = json.loads(whole.text)
    for rep in document["reps"]:  # the longest there is
        rep.update(index=99, start_s=990.12, end_s=993.12, verdict="not_measured", thoracic_growth_deg=-10.0)
        rep.update(thoracic_change_start_deg=-10.0, thoracic_change_peak_deg=-10.0, usable_share=1.0)
        rep.update(trunk_peak_deg=100.0, knee_min_deg=100.0)
    wide = replace(whole, text=json.dumps(document), reps=(Seen(11.0, "hidden"),) * len(whole.reps))
    for result in (whole, wide):
        lines = shown(result, width=80)
        assert not any("…" in line for line in lines)
        assert max(len(line.rstrip()) for line in lines) <= 80


def test_without_reps_there_is_no_table() -> None:
    lines = shown(done(make_analysis(())))
    assert lines[0] == "clip.mp4: no lift found"
    assert not any("Verdict" in line for line in lines)


def test_names_are_never_taken_for_markup(analysis: Analysis) -> None:
    assert shown(done(analysis, "[red]:smile:.mp4"), width=200)[0].startswith("[red]:smile:.mp4: deadlift")


def test_the_legend_explains_the_columns(analysis: Analysis) -> None:
    console = Console(file=io.StringIO(), width=400)
    print_legend(console)
    assert isinstance(console.file, io.StringIO)
    (titles,) = (line for line in shown(done(analysis)) if "Verdict" in line)
    for title in titles.replace("Time, s", "").split():
        if title not in ("Rep", "Verdict"):
            assert title in console.file.getvalue()
