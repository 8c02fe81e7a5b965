"""The page and the table for a clinician: what was measured and how surely, and nobody who can be recognised."""

from __future__ import annotations

import base64
import csv
import io
import re
from dataclasses import replace
from datetime import date

import pytest

from benchmarks.made_up_history import FIRST, LIFTER, TODAY, made_up_history
from spineline.core.history import ConditionRecord, History, PainRecord, RepRecord, SetRecord, Still
from spineline.core.settings import Settings
from spineline.io.handover import handover_table, render_handover
from tests.io.test_report import HOSTILE, Page

OPEN = b"\xff\xd8\xff\xe0 with a face \xff\xd9"
HIDDEN = b"\xff\xd8\xff\xe0 without \xff\xd9"
MADE_UP = made_up_history()


def page_of(history: History, *, faces: bool = False) -> Page:
    today = date.fromisoformat(TODAY)
    return Page(render_handover(history, lifter=LIFTER, today=today, settings=Settings(), faces=faces))


def table_of(history: History) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(handover_table(history, lifter=LIFTER, settings=Settings()))))


def pictured(faceless: bytes | None) -> History:
    """Give every set a picture of its first rep."""
    sets = (replace(record, still=Still(rep=1, time_s=1.0, jpeg=OPEN, faceless=faceless)) for record in MADE_UP.sets)
    return replace(MADE_UP, sets=tuple(sets))


@pytest.fixture(scope="module")
def page() -> Page:
    return page_of(pictured(HIDDEN))


def test_nobody_can_be_recognised_unless_asked_otherwise(page: Page) -> None:
    shown = {base64.b64decode(source.partition(",")[2]) for source in page.attributes("src")}
    assert shown == {HIDDEN}
    assert "blurred" in page.source
    with_faces = page_of(pictured(HIDDEN), faces=True)
    assert {base64.b64decode(source.partition(",")[2]) for source in with_faces.attributes("src")} == {OPEN}
    assert "blurred" not in with_faces.source


def test_a_picture_that_could_not_be_blurred_is_left_out_and_that_is_said() -> None:
    page = page_of(pictured(None))
    assert page.attributes("src") == []
    assert re.search(r"Left out: \d+, in which the head was not found", page.source)


def test_refers_to_nothing_outside_and_runs_nothing(page: Page) -> None:
    assert page.refers_to_nothing_outside()
    assert all(href.startswith("#") for href in page.attributes("href"))


def test_gives_no_diagnosis_no_advice_and_no_promise(page: Page) -> None:
    words = page.source[page.source.index("<main") :].lower()
    assert not re.search(r"\bsafe|injur|danger|risk|should\b|must|go lighter|patholog|abnormal", words)
    assert "no diagnosis and no advice" in words
    assert "cannot be told from noise" in words


def test_every_session_is_there_also_one_that_was_not_measured(page: Page) -> None:
    rows = [text for text in page.texts["tbody"] if text.lstrip()[:4] == "2026"]
    days = {(record.date[:10], record.exercise) for record in MADE_UP.sets}
    sessions = [row for row in rows if "Deadlift" in row or "Squat" in row]
    assert len(sessions) == len(days)
    assert sum("not measured" in row for row in sessions) == 1


def test_text_of_the_lifter_is_shown_and_never_interpreted() -> None:
    note = PainRecord(date=f"{FIRST}T19:00:00+01:00", lifter=LIFTER, when="after", pain=3, note=HOSTILE)
    condition = ConditionRecord(date=f"{FIRST}T19:00:00+01:00", lifter=LIFTER, text=HOSTILE)
    page = page_of(replace(MADE_UP, pain=(note,), conditions=(condition,)))
    assert "script" not in page.texts
    assert page.source.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") == 2


def test_the_table_has_every_rep_with_its_error_and_missing_stays_missing() -> None:
    rows = table_of(MADE_UP)
    assert len(rows) == sum(len(record.reps) for record in MADE_UP.sets)
    for row, (record, rep) in zip(rows, _in_order(MADE_UP.sets), strict=True):
        assert row["date"] == record.date
        assert row["sigma_deg"] == ("" if rep.sigma_deg is None else str(rep.sigma_deg))
        assert row["thoracic_change_peak_deg"] == (
            "" if rep.thoracic_change_peak_deg is None else str(rep.thoracic_change_peak_deg)
        )
        assert row["verdict"] == rep.verdict
    unseen = [row for row in rows if row["verdict"] == "not_measured"]
    assert unseen
    assert {row["thoracic_change_peak_deg"] for row in unseen} == {""}


def _in_order(sets: tuple[SetRecord, ...]) -> list[tuple[SetRecord, RepRecord]]:
    by_session = sorted(sets, key=lambda record: (record.date[:10], record.exercise or "", record.date))
    return [(record, rep) for record in by_session for rep in record.reps]


def test_others_stay_out_of_it() -> None:
    other = replace(MADE_UP.sets[0], lifter="Somebody else", sha256="0" * 64, date="2031-01-01T10:00:00+01:00")
    both = replace(MADE_UP, sets=(*MADE_UP.sets, other))
    assert "2031" not in page_of(both).source
    assert table_of(both) == table_of(MADE_UP)


def test_a_set_without_reps_has_a_row_of_its_own() -> None:
    alone = replace(MADE_UP.sets[0], reps=())
    (row,) = table_of(replace(MADE_UP, sets=(alone,)))
    assert row["rep"] == row["verdict"] == ""
    assert float(row["load_kg"]) == alone.load_kg
