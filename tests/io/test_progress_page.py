"""The progress page: refers to nothing else, leaves no session out, and says nothing about loads where it must not."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.made_up_history import LIFTER, PAGE, TODAY, made_up_history
from spineline.core.history import History, SetRecord
from spineline.core.overview import Overview, overview
from spineline.core.settings import Settings
from spineline.errors import InputError
from spineline.io.drawing import COLOURS
from spineline.io.progress_charts import compared_svg, creep_svg, posture_svg, sessions_svg
from spineline.io.progress_page import render_progress, write_progress
from tests.core.make_weeks import ME, make_calibration, make_condition, make_pain, make_set, steady
from tests.io.test_report import HOSTILE, Page

SETTINGS = Settings()
ADVICE = re.compile(
    r"load advice|small steps|\badd \d|\bstay at|\bhold\b|go lighter|heavier|more reps were possible|"
    r"American College|step in load|next session|warm up with|do not go beyond",
    re.IGNORECASE,
)


def page_of(history: History, lifter: str = ME, *, today: str = "2026-03-12", made_up: bool = False) -> Page:
    return Page(render_progress(history, lifter=lifter, today=today, settings=SETTINGS, made_up=made_up))


def said(page: Page) -> str:
    """Return all text of the page that is read, also by those who do not see it."""
    return " ".join([page.text("body"), *page.attributes("aria-label"), page.text("title")])


def seen(history: History, lifter: str = ME) -> Overview:
    return overview(history, lifter=lifter, today=date(2026, 3, 12), settings=SETTINGS)


def dates(page: Page) -> list[str]:
    """Return the dates of the table of sessions."""
    table = page.texts["table"][len(page.texts["table"]) - 3]
    return re.findall(r"\d{4}-\d\d-\d\d", table)


def cells(page: Page) -> list[str]:
    """Return what stands in the table of sessions, from its first row on."""
    found = [" ".join(text.split()) for text in page.texts["td"]]
    return found[next(i for i, text in enumerate(found) if text in ("Deadlift", "Lift not recognised")) :]


@pytest.fixture(scope="module")
def page() -> Page:
    return page_of(made_up_history(), LIFTER, today=TODAY, made_up=True)


def test_refers_to_nothing_outside_the_page(page: Page) -> None:
    assert page.refers_to_nothing_outside()
    assert page.attributes("src") == []


def test_is_a_page_for_phones_and_readers(page: Page) -> None:
    assert next(attrs for tag, attrs in page.elements if tag == "html") == {"lang": "en"}
    assert any(attrs.get("name") == "viewport" for _, attrs in page.elements)
    assert [tag for tag, _ in page.elements].count("h1") == 1
    charts = [attrs for _, attrs in page.elements if attrs.get("class") == "chart"]
    assert len(charts) == 7
    assert all(len(attrs["aria-label"]) > 40 for attrs in charts)
    assert page.source.count('<div class="narrow"><svg') == len(charts)


def test_text_from_outside_is_shown_and_never_interpreted() -> None:
    history = steady()
    hostile = History(
        sets=tuple(replace(record, lifter=HOSTILE, name=HOSTILE, folder=HOSTILE) for record in history.sets),
        pain=tuple(replace(entry, lifter=HOSTILE, note=HOSTILE) for entry in history.pain),
    )
    page = page_of(hostile, HOSTILE)
    shown = HOSTILE.replace("\u202e", "\ufffd").replace("\n", "\ufffd").replace("\ud800", "\ufffd")
    assert page.text("h1") == f"{shown}: load, rounding and pain"
    assert shown in page.text("details", 1), "the note of an entry of pain"
    assert "script" not in page.texts
    assert "img" not in {tag for tag, _ in page.elements}
    page.source.encode("utf-8")


def test_made_up_is_said_large_and_only_then(page: Page) -> None:
    assert page.text("p").startswith("Made up: nobody lifted this.")
    assert "(made up)" in page.text("title")
    assert "made up" not in said(page_of(steady())).lower()


def test_every_session_is_in_the_table_also_what_was_not_measured() -> None:
    unseen = make_set("2026-03-10T18:00", None, None, None, exercise=None)
    page = page_of(replace(steady(), sets=(*steady().sets, unseen)))
    assert dates(page) == ["2026-03-10", "2026-03-09", "2026-03-02"]
    assert cells(page)[:9] == [
        "Lift not recognised", "not known", "1, no warm-up", "not measured", "not measured", "not measured", "10%",
        "not entered", "not kept",
    ]  # fmt: skip
    assert "In 1 session the upper back was not measured at the heaviest load: 2026-03-10." in said(page)
    assert "No pain was entered for 1 session: 2026-03-10." in said(page)


def test_numbers_in_the_table_are_those_of_the_session() -> None:
    assert cells(page_of(steady()))[:8] == [
        "Deadlift", "100 kg, 3 x 5", "6, 3 warm-up", "+3.0° ± 2.0°, 15 of 15 reps", "+0.0°", "+6 % ± 5 %", "90%",
        "1 before, 1 after, 1 next morning",
    ]  # fmt: skip


def test_volume_is_shown_week_by_week() -> None:
    page = page_of(steady())
    assert [" ".join(text.split()) for text in page.texts["td"][:6]] == ["1 session", "30", "2400 kg"] * 2


@pytest.mark.parametrize("kept", [True, False])
def test_reports_are_linked_only_where_they_are(tmp_path: Path, kept: bool) -> None:
    results = tmp_path / "a b_spineline"
    results.mkdir()
    if kept:
        (results / "report.html").write_text("here")
    (tmp_path / "pages").mkdir()
    target = tmp_path / "pages" / "progress.html"
    lifted = replace(make_set("2026-03-09T18:00", 100, 3, 3, 3), folder=str(results))
    write_progress(History(sets=(lifted,)), target, lifter=ME, today="2026-03-12", settings=SETTINGS)
    page = Page(target.read_text(encoding="utf-8"))
    links = [link for link in page.attributes("href") if not link.startswith("#")]
    assert links == (["../a%20b_spineline/report.html"] if kept else [])
    assert ("results of set 1 moved or deleted" in said(page)) is not kept
    elsewhere = render_progress(History(sets=(lifted,)), lifter=ME, today="2026-03-12", settings=SETTINGS)
    assert ((results / "report.html").as_uri() in elsewhere) is kept
    assert [path.name for path in target.parent.iterdir()] == ["progress.html"]


def test_advice_is_given_with_its_reasons_and_what_is_missing() -> None:
    text = said(page_of(steady()))
    assert "Small steps Add 2 to 10 % (2 to 10 kg on 100 kg)" in text
    assert "made for knee and Achilles tendon, not for the spine" in text
    text = said(page_of(replace(steady(), pain=())))
    assert "No load advice" in text
    assert "Pain has not been entered since the session began" in text


def test_signs_are_always_there() -> None:
    for history in (History(), steady(), replace(steady(), conditions=(make_condition(),))):
        text = said(page_of(history))
        assert "Chest pain, or being short of breath without reason: call the emergency number now." in text
        assert "New trouble with bladder or bowel" in text


def test_a_heavy_session_without_warm_up_is_reminded_of() -> None:
    history = History(sets=(make_set("2026-03-02T18:00", 90, 3), make_set("2026-03-09T18:00", 100, 3)))
    assert "2026-03-09, deadlift: 100 kg without a lighter set recorded before." in said(page_of(history))


_SESSIONS = st.lists(
    st.tuples(
        st.integers(1, 28),
        st.one_of(st.none(), st.floats(20, 200)),
        st.sampled_from(["deadlift", "squat", None]),
        st.lists(st.one_of(st.none(), st.floats(-5, 25)), max_size=4),
    ),
    max_size=4,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_SESSIONS, st.lists(st.tuples(st.integers(1, 28), st.integers(0, 10)), max_size=4))
def test_a_lifter_with_a_condition_never_gets_a_word_about_loads(
    sets: list[tuple[int, float | None, str | None, list[float | None]]], pain: list[tuple[int, int]]
) -> None:
    history = History(
        sets=tuple(_lifted(*each) for each in sets),
        pain=tuple(make_pain(f"2026-02-{day:02d}T19:00", "after", felt) for day, felt in pain),
        conditions=(make_condition("a slipped disc"),),
    )
    text = said(page_of(history))
    assert not ADVICE.findall(text)
    assert "Talk to your clinician first" in text
    assert "slipped disc" not in text, "whoever sees the page need not know"


def _lifted(day: int, load_kg: float | None, exercise: str | None, peaks: list[float | None]) -> SetRecord:
    plain = make_set(f"2026-02-{day:02d}T18:00", load_kg, *peaks)
    return replace(plain, exercise=exercise)  # type: ignore[arg-type]


def test_the_words_that_are_looked_for_are_those_of_advice(page: Page) -> None:
    pages = page, page_of(replace(steady(), pain=()))
    found = {word.lower() for each in pages for word in ADVICE.findall(said(each))}
    assert {"load advice", "small steps", "add 2", "stay at", "hold", "warm up with", "next session"} <= found


def test_claims_nothing_about_health(page: Page) -> None:
    banned = re.compile(r"\b(safe\w*|injur\w*|diagnos\w*|danger\w*|risk\w*|pathol\w*)", re.IGNORECASE)
    assert not banned.findall(page.source)
    assert not banned.findall(page_of(replace(steady(), conditions=(make_condition(),))).source)


def test_nothing_kept_is_said() -> None:
    text = said(page_of(History()))
    assert "No set has been recorded yet." in text
    assert "Standing: not measured. Full slump: not measured." in text
    assert "That does not mean that there was none." in text


def test_days_before_the_first_are_left_out_and_still_tell_what_is_heavy() -> None:
    whole = steady()
    page = Page(render_progress(whole, lifter=ME, today="2026-03-12", settings=SETTINGS, since="2026-03-09"))
    assert "1 session from 2026-03-09 to 2026-03-09" in said(page)
    assert "2026-03-02" not in page.source
    (session,) = overview(whole, lifter=ME, today=date(2026, 3, 12), settings=SETTINGS, since=date(2026, 3, 9)).sessions
    assert session.heavy


def test_charts_hatch_what_is_not_known_and_nothing_else() -> None:
    def hatched(history: History) -> list[int]:
        known = seen(history)
        lift = known.lifts[0]
        drawn = (sessions_svg(lift, known, SETTINGS, width_px=900, name="a"),
                 creep_svg(lift, known, SETTINGS, width_px=900, name="b"))  # fmt: skip
        return [len(re.findall(r'style="fill: url\(#', svg)) for svg in drawn]

    assert hatched(steady()) == [0, 0]
    assert hatched(steady(peak_deg=None)) == [2, 2]
    assert hatched(replace(steady(), pain=())) == [2, 0]
    unsaid = tuple(replace(record, load_kg=None) for record in steady().sets)
    assert hatched(replace(steady(), sets=unsaid)) == [2, 0]


def test_colours_are_those_of_the_page() -> None:
    known = seen(replace(steady(), calibrations=(make_calibration("2026-03-02T17:00", 3.0, slump_deg=12.0),)))
    lift = known.lifts[0]
    for svg in (
        sessions_svg(lift, known, SETTINGS, width_px=360, name="a"),
        compared_svg(lift, SETTINGS, width_px=360, name="b"),
        creep_svg(lift, known, SETTINGS, width_px=360, name="c"),
        posture_svg(known, width_px=360, name="d"),
    ):
        assert set(re.findall(r"var\((--[\w-]+)\)", svg)) <= set(COLOURS)
        assert not re.findall(r"#[0-9a-f]{6}\b", svg)


def test_the_style_uses_only_colours_that_there_are() -> None:
    styles = {name: files("spineline.io").joinpath("templates", name).read_text(encoding="utf-8")
              for name in ("page.css", "progress.css")}  # fmt: skip
    used = set(re.findall(r"var\((--[\w-]+)\)", styles["progress.css"]))
    assert used <= {f"--{name}" for name in re.findall(r"--([\w-]+):", styles["page.css"])}


def test_same_bytes_again(page: Page) -> None:
    assert page_of(made_up_history(), LIFTER, today=TODAY, made_up=True).source == page.source


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_progress(steady(), tmp_path / "no" / "p.html", lifter=ME, today="2026-03-12", settings=SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_the_example_in_the_documentation_is_this_page(page: Page) -> None:
    def words(source: str) -> str:
        return re.sub(r"<svg.*?</svg>", "", source, flags=re.DOTALL)

    kept = Page(PAGE.read_text(encoding="utf-8"))
    assert words(kept.source) == words(page.source), "make it anew: python -m benchmarks.made_up_history"
    assert kept.text("p").startswith("Made up")
    assert len(kept.source.encode()) < 600_000
