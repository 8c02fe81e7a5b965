"""Weeks of lifting on the command line: whose they are, the table, JSON, the page."""

import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App
from rich.console import Console

from spineline.app import trend as commands
from spineline.core.history import History, Record
from spineline.core.overview import overview
from spineline.core.settings import Settings
from spineline.errors import InputError, SettingsError
from spineline.io.history import open_history
from tests.core.make_weeks import ME, make_condition, make_pain, make_set, steady


@pytest.fixture(autouse=True)
def _own_history(alone: None) -> None:
    """Keep a history of the test's own."""


def keep(history: History) -> None:
    records: list[Record] = [*history.sets, *history.pain, *history.calibrations, *history.conditions]
    with open_history() as store, store.writing():
        for record in records:
            store.add(record)


def run(history: History, *arguments: str, patch: pytest.MonkeyPatch) -> Any:
    """Run a command on what is kept, on a fixed day."""
    keep(history)
    patch.setattr(commands, "_today", lambda: date(2026, 3, 12))
    app = App(name="history")
    app.command(commands.trend)
    app.command(commands.page)
    return app(arguments, result_action="return_value", print_error=False, exit_on_error=False)


def shown(history: History, *, width: int = 120) -> str:
    out = io.StringIO()
    seen = overview(history, lifter=ME, today=date(2026, 3, 12), settings=Settings())
    commands.print_trend(seen, Console(file=out, width=width, highlight=False))
    return " ".join(out.getvalue().split())


def test_trend_shows_every_session_and_the_advice() -> None:
    unseen = make_set("2026-03-10T18:00", None, None, exercise=None)
    text = shown(replace(steady(), sets=(*steady().sets, unseen)))
    assert "2026-03-09 100 kg 3 x 5 +3.0° ± 2.0° +0.0° +6 % ± 5 % 90% 1/-/1/1" in text
    assert "2026-03-10 not known 1 x 1 not measured not measured not measured 10% not entered" in text
    assert "Deadlift, 2026-03-09. Small steps: Add 2 to 10 % (2 to 10 kg on 100 kg)" in text
    assert "not for the spine" in text


def test_trend_of_a_lifter_with_a_condition_says_nothing_about_loads() -> None:
    text = shown(replace(steady(), conditions=(make_condition(),)))
    assert "Talk to your clinician first" in text
    assert not any(word in text for word in ("Small steps", "Hold", "ighter", "load advice", "College"))


def test_nothing_lifted_is_said() -> None:
    assert shown(History()).startswith("No set has been recorded yet.")


def test_trend_prints_what_others_can_read(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    history = replace(steady(), sets=(*steady().sets, make_set("2026-03-10T18:00", 60, None, exercise="squat")))
    assert run(history, "trend", "--json", patch=monkeypatch) == 0
    document = json.loads(capsysbinary.readouterr().out)
    assert document["schema"] == "spineline.trend/1"
    assert document["lifter"] == ME
    assert document["clinician_first"] is None
    deadlift, squat = document["lifts"]
    assert deadlift["advice"]["kind"] == "step"
    assert deadlift["rounding_with_load"]["direction"] == "level"
    assert squat["rounding_with_load"]["slope_deg_per_10kg"] is None
    assert document["sessions"][-1] == {
        "date": "2026-03-10",
        "exercise": "squat",
        "top_load_kg": 60,
        "reps_at_top": [1],
        "sets": 1,
        "warm_up_sets": 0,
        "heavy": None,
        "thoracic_change_peak_deg": None,
        "sigma_deg": None,
        "thoracic_creep_deg": None,
        "strain_index_pct": None,
        "usable_share": pytest.approx(0.1),
        "pain": {},
    }
    assert run(history, "trend", "--json", "--exercise", "squat", patch=monkeypatch) == 0
    document = json.loads(capsysbinary.readouterr().out)
    assert [lift["exercise"] for lift in document["lifts"]] == ["squat"]
    assert len(document["sessions"]) == 1


def test_page_is_written_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    target = tmp_path / "p.html"
    assert run(steady(), "page", "-o", str(target), "--since", "2026-03-09", patch=monkeypatch) == 0
    assert capsysbinary.readouterr().out.decode().strip() == f"Written to {target}"
    page = target.read_text(encoding="utf-8")
    assert "1 session from 2026-03-09" in page
    assert "Made up" not in page


def test_settings_are_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "c.toml"
    config.write_text("[progress]\nstep_high_pct = 5.0\n")
    target = tmp_path / "p.html"
    run(steady(), "page", "-o", str(target), "--config", str(config), patch=monkeypatch)
    assert "Add 2 to 5 %" in target.read_text(encoding="utf-8")
    config.write_text("[progress]\nstep_high_pct = 50.0\n")
    with pytest.raises(SettingsError, match="step_high_pct"):
        run(steady(), "page", "-o", str(target), "--config", str(config), patch=monkeypatch)


def test_a_date_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="expected a date such as 2026-01-31, found 'spring'"):
        run(steady(), "page", "--since", "spring", patch=monkeypatch)


@pytest.mark.parametrize(
    ("named", "found"), [(None, "expected one lifter, found 'Ann', 'Bob'"), ("Cid", "named 'Cid', found 'Ann', 'Bob'")]
)
def test_whose_weeks_must_be_plain(named: str | None, found: str) -> None:
    mine, his = make_pain("2026-03-09T18:00", "after", 1), make_pain("2026-03-09T18:00", "after", 1, lifter="Bob")
    keep(History(pain=(mine, his)))
    with pytest.raises(InputError, match=found):
        commands.kept_of(named)
    assert commands.kept_of("Bob") == commands.kept_of("bob") == (History(pain=(his,)), "Bob")


def test_the_only_lifter_need_not_be_named() -> None:
    keep(History(conditions=(make_condition(),)))
    assert commands.kept_of(None) == (History(conditions=(make_condition(),)), ME)


def test_nothing_kept_says_what_to_do() -> None:
    for named in (None, ME):
        with pytest.raises(InputError, match="run spineline analyze first"):
            commands.kept_of(named)
