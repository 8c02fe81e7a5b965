"""The history out and in again: nothing is lost, nothing calculated, and what is wrong changes nothing."""

import base64
import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spineline.core.history import History, Record
from spineline.errors import InputError
from spineline.io.history import open_history
from spineline.io.history_files import Format, history_text, import_history
from tests.io.make_history import CALIBRATION, CONDITION, DATE, PAIN, STILL, histories, lifted

KEPT = History(
    sets=(lifted(0, still=STILL), lifted(1, name="=SUM(A1)", notes=("'quoted", "two\nlines")), lifted(2, reps=())),
    pain=(PAIN, replace(PAIN, when="next-morning", note="@home -1")),
    calibrations=(CALIBRATION,),
    conditions=(CONDITION,),
)
FORMS: tuple[Format, ...] = ("json", "csv")


def stored(history: History, path: Path) -> History:
    """Keep records in a database, and return what is in it then."""
    with open_history(path) as store:
        records: tuple[Record, ...] = (*history.sets, *history.pain, *history.calibrations, *history.conditions)
        for record in records:
            store.add(record)
        return store.read()


def imported(text: str, folder: Path, name: str = "new.db") -> History:
    """Import a text, and return what is in the database then."""
    file = folder / "exported"
    file.write_bytes(text.encode())
    with open_history(folder / name) as store:
        import_history(store, file)
        return store.read()


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(history=histories, form=st.sampled_from(FORMS))
def test_what_is_imported_is_what_was_exported(
    history: History, form: Format, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("round")
    kept = stored(history, folder / "old.db")
    text = history_text(kept, form)
    assert imported(text, folder) == kept
    assert history_text(imported(text, folder), form) == text  # a second time changes nothing


@pytest.mark.parametrize("form", FORMS)
def test_everything_is_in_it(form: Format, tmp_path: Path) -> None:
    kept = stored(KEPT, tmp_path / "old.db")
    assert kept == KEPT
    assert imported(history_text(kept, form), tmp_path) == KEPT


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    assert imported(history_text(KEPT, "csv"), tmp_path, "a.db") == imported(history_text(KEPT, "json"), tmp_path)


def test_the_json_document_is_plain() -> None:
    document = json.loads(history_text(KEPT, "json"))
    assert list(document) == ["schema", "sets", "pain", "calibrations", "conditions"]
    assert document["schema"] == "spineline.history/1"
    assert base64.b64decode(document["sets"][0]["still"]["jpeg"]) == STILL.jpeg
    assert document["sets"][0]["reps"][1]["thoracic_change_peak_deg"] is None


def test_the_table_has_a_row_for_each_record_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(history_text(KEPT, "csv"), newline="")))
    two = ["rep", "flag", "rep"]
    assert [row["record"] for row in rows] == [
        "set", *two, "set", *two, "set", "pain", "pain", "calibration", "condition",
    ]  # fmt: skip
    assert [row["name"] for row in rows if row["record"] == "set"] == ["clip_0.mp4", "'=SUM(A1)", "clip_2.mp4"]
    assert rows[-3]["note"] == "'@home -1"
    texts = [row[name] for row in rows for name in row if name not in ("from_s", "thoracic_deg")]
    assert not [text for text in texts if text.startswith(("=", "+", "@"))]
    assert rows[2]["thoracic_change_peak_deg"] == ""


def test_a_table_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    assert imported("\ufeff" + history_text(KEPT, "csv").replace("\r\n", "\n"), tmp_path) == KEPT


def test_columns_may_be_left_out_or_stand_in_another_order(tmp_path: Path) -> None:
    text = f"record,pain,lifter,when,date\npain,4,Anna,before,{DATE}\n"
    assert imported(text, tmp_path).pain == (replace(PAIN, lifter="Anna", when="before", pain=4, note=""),)


def test_it_is_merged_into_what_is_there(tmp_path: Path) -> None:
    stored(History(sets=(lifted(0, lifter="ME", load_kg=50.0), lifted(7))), tmp_path / "new.db")
    found = imported(history_text(KEPT, "json"), tmp_path)
    assert [(each.name, each.load_kg, each.lifter) for each in found.sets] == [
        (name, 100.0, "ME") for name in ("clip_0.mp4", "=SUM(A1)", "clip_2.mp4", "clip_7.mp4")
    ]  # fmt: skip


@pytest.mark.parametrize(("entered", "kept"), [("2026-10-01", "old"), ("2026-10-03", "new")])
def test_of_two_conditions_the_later_stays(entered: str, kept: str, tmp_path: Path) -> None:
    stored(History(conditions=(replace(CONDITION, text="old"),)), tmp_path / "new.db")
    condition = replace(CONDITION, date=f"{entered}T08:00:00+02:00", text="new")
    found = imported(history_text(History(conditions=(condition,)), "csv"), tmp_path)
    assert [each.text for each in found.conditions] == [kept]


# What is wrong


def refused(text: str | bytes, folder: Path) -> str:
    """Return why a file cannot be imported, after seeing that this changed nothing."""
    file = folder / "wrong.txt"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    before = stored(History(sets=(lifted(9),)), folder / "new.db")
    with open_history(folder / "new.db") as store:
        with pytest.raises(InputError) as caught:
            import_history(store, file)
        assert store.read() == before
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(f"{file}: ")
    return said.removeprefix(f"{file}: ").removesuffix("; nothing was imported")


def of_json(change: Callable[[Any], None]) -> str:
    document = json.loads(history_text(KEPT, "json"))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda it: it["pain"][1].update(pain=11), "pain[1]: pain: expected a number from 0 to 10, found '11'"),
        (lambda it: it["pain"][0].update(pain="3"), "pain[0].pain: Input should be a valid integer, found '3'"),
        (lambda it: it["pain"][0].update(when="noon"), "pain[0].when: Input should be 'before', 'during', 'after' or"),
        (lambda it: it["sets"][1].update(date="2026-10-02"), "sets[1]: date: expected a date such as 2026-"),
        (lambda it: it["sets"][1].update(date="2026-02-30T10:00:00+01:00"), "sets[1]: date: expected a date such as "),
        (lambda it: it["sets"][1].update(sha256="AB"), "sets[1]: sha256: expected 64 hexadecimal digits, found 'AB'"),
        (lambda it: it["sets"][2].update(lifter="a/b"), "sets[2]: expected a name of 1 to 60 letters"),
        (lambda it: it["sets"][0].update(mood="good"), "sets[0].mood: Unexpected keyword argument, found 'good'"),
        (lambda it: it["sets"][0].pop("name"), "sets[0].name: "),
        (lambda it: it["sets"][0].update(load_kg=1e9), "sets[0]: load_kg: expected a number from 0 to 1000, found"),
        (lambda it: it["sets"][0].update(notes=["x" * 5000]), "sets[0]: notes[0]: expected a text of at most 4096"),
        (lambda it: it["sets"][0].update(name="a\0b"), "sets[0]: name: expected a text of at most 4096 characters"),
        (
            lambda it: it["sets"][0]["reps"][0].update(verdict="fine"),
            "sets[0].reps[0].verdict: Input should be 'ok', 'info', 'caution', 'flag' or 'not_measured', found 'fine'",
        ),
        (lambda it: it["sets"][0]["reps"][0].update(end_s=1.5), "sets[0]: reps[0]: expected times that rise, found 1"),
        (lambda it: it["sets"][0]["reps"][1].update(index=1), "sets[0]: reps[1].index: expected more than 1, found 1"),
        (
            lambda it: it["sets"][0]["still"].update(jpeg=base64.b64encode(b"GIF89a").decode()),
            "sets[0]: still.jpeg: expected a JPEG of at most 4 MiB, found ",
        ),
        (lambda it: it["sets"][0]["still"].update(jpeg="#"), "sets[0].still.jpeg: Data should be valid base64"),
        (lambda it: it.update(schema="spineline.history/2"), "expected the schema spineline.history/1, found spineli"),
        (lambda it: it.update(schema="movies/1"), "schema: Input should be 'spineline.history/1', found 'movies/1'"),
        (lambda it: it.update(sets={}), "sets: Input should be a valid array, found {}"),
        (lambda it: it.update(more=1), "more: Extra inputs are not permitted, found 1"),
    ],
)  # fmt: skip
def test_wrong_json_is_named_and_changes_nothing(change: Callable[[Any], None], complaint: str, tmp_path: Path) -> None:
    assert refused(of_json(change), tmp_path).startswith(complaint)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused(word: str, tmp_path: Path) -> None:
    text = history_text(KEPT, "json").replace('"load_kg": 100.0', f'"load_kg": {word}', 1)
    assert "finite number" in refused(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "Invalid JSON: EOF while parsing"),
        ('{"a": ' * 5000, "Invalid JSON: "),
        ('{"schema": "spineline.history/1", "sets": [{"name": "\\ud800"}]}', ""),
        ("", "line 1: expected names of columns"),
        ("hello\n", "line 1: expected names of columns as spineline history export has, found 'hello'"),
        ("record;pain\npain;3\n", "line 1: expected names of columns as spineline history export has, found 'record;"),
        ("record,pain,pain\npain,3,3\n", "line 1: expected names of columns"),
        ("record,pain\nset\n", "line 2: expected 2 cells, found 1"),
        ("record,pain\nmeal,3\n", "line 2: expected one of set, rep, flag, pain, calibration, condition, found 'meal'"),
        ("record,index\nrep,1\n", "line 2: expected a set before this rep"),
        (f"record,date,lifter,text,rule\ncondition,{DATE},me,bad,\nflag,,,,r\n", "line 3: expected a rep before"),
        ('record,note\npain,"a\nb\n', "line 3: expected CSV (unexpected end of data)"),
        (f"record,pain,lifter,when,date\npain,x,me,after,{DATE}\n", "line 2, pain: Input should be a valid integer"),
        (f"record,pain,lifter,when,date\npain,nan,me,after,{DATE}\n", "line 2, pain: Input should be a valid integer"),
        ("record,notes\nset,[\n", "line 2, notes: "),
        ("record,still_jpeg\nset,/9j\n", "line 2, still_jpeg: "),
        (b"\xff\xfe", "expected JSON or CSV in UTF-8"),
        (b"\x00" * 100, "line 1: expected names of columns"),
    ],
)  # fmt: skip
def test_what_is_no_history_is_refused(text: str | bytes, complaint: str, tmp_path: Path) -> None:
    assert refused(text, tmp_path).startswith(complaint)


def test_the_line_of_a_wrong_cell_is_named_though_others_hold_several_lines(tmp_path: Path) -> None:
    lines = history_text(KEPT, "csv").split("\n")
    wrong = next(i for i, line in enumerate(lines) if line.startswith("flag") and i > 6)
    assert lines[wrong].count("12.0") == 1
    lines[wrong] = lines[wrong].replace("12.0", "twelve")
    complaint = refused("\n".join(lines), tmp_path)
    assert complaint == (
        f"line {wrong + 1}, threshold: Input should be a valid number, unable to parse string as a number, "
        "found 'twelve'"
    )


def test_one_wrong_record_at_the_end_keeps_all_out(tmp_path: Path) -> None:
    text = history_text(KEPT, "csv") + history_text(replace(KEPT, sets=()), "csv").split("\r\n", 1)[1]
    complaint = refused(text.replace("Scheuermann's disease", "x" * 5000), tmp_path)
    assert complaint.startswith(f"line {len(history_text(KEPT, 'csv').splitlines())}: text: expected a text of at most")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with open_history(tmp_path / "new.db") as store:
        for path in (tmp_path / "missing", tmp_path):
            with pytest.raises(InputError, match=f"^{path}: .* expected a file made by spineline history export"):
                import_history(store, path)
