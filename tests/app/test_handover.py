"""`spineline export --for-clinician`: two files of the days asked for, or one line that says why not."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks.made_up_history import LIFTER, made_up_history
from spineline.app.cli import run
from spineline.core.history import ConditionRecord, Record
from spineline.io.data_folder import DATA_VARIABLE
from spineline.io.history import open_history


@pytest.fixture(autouse=True)
def _made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a history of the test's own: the made-up weeks."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    history = made_up_history()
    records: list[Record] = [*history.sets, *history.pain, *history.calibrations]
    with open_history() as store, store.writing():
        for record in records:
            store.add(record)
        store.set_condition(ConditionRecord(date="2020-01-01T10:00:00+01:00", lifter=LIFTER, text="an old one"))


def exported(folder: Path, *options: str) -> tuple[str, list[dict[str, str]]]:
    """Return the page and the rows of the table."""
    assert run(["export", "--for-clinician", "-o", str(folder), *options]) == 0
    page, table = sorted(folder.iterdir(), reverse=True)
    assert (page.suffix, table.suffix) == (".html", ".csv")
    assert page.stem == table.stem
    with table.open(encoding="utf-8", newline="") as file:
        return page.read_text(encoding="utf-8"), list(csv.DictReader(file))


def test_a_page_and_a_table_of_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, rows = exported(tmp_path / "new" / "folder")
    assert "177 sets of 885 reps" in page
    assert len(rows) == 885
    assert len(capsys.readouterr().out.split("\n")) == 3


def test_only_of_the_days_asked_for_but_every_condition(tmp_path: Path) -> None:
    page, rows = exported(tmp_path / "out", "--since", "2026-02-01", "--until", "2026-02-28")
    assert {row["date"][:7] for row in rows} == {"2026-02"}
    assert "an old one" in page
    assert "2026-03-0" not in page.split("<main>")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "expected --for-clinician"),
        (["--for-clinician", "--since", "2031-01-01"], "nothing is kept of that time"),
        (["--for-clinician", "--lifter", "Bob"], "expected one lifter named 'Bob'"),
        (["--for-clinician", "--since", "spring"], "Must be a date"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", *arguments, "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run(["export", "--for-clinician", "-o", str(tmp_path / "file")]) == 2
    assert "is a file, expected a folder" in capsys.readouterr().err
