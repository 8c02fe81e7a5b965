"""`spineline history` and `spineline pain` on the command line."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from spineline.app.cli import run
from spineline.core.history import History
from spineline.io.data_folder import DATA_VARIABLE
from spineline.io.history import open_history
from tests.app.test_bad_input import told
from tests.io.make_history import CALIBRATION, CONDITION, PAIN, REP, STILL, UNSEEN, lifted


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep a history of the test's own."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def kept() -> History:
    """Keep three sets of two lifters, and of one of them the rest."""
    light = replace(REP, index=3, start_s=5.0, turn_s=5.5, end_s=6.0, verdict="ok", flags=(), strain_index_pct=None)
    with open_history() as store:
        store.add_set(lifted(0, still=STILL))
        store.add_set(lifted(24, lifter="Bob", exercise="squat", load_kg=None, reps=(REP, UNSEEN, light)))
        store.add_set(lifted(48, exercise=None, load_kg=72.5, reps=(UNSEEN,)))
        for record in (PAIN, CALIBRATION, CONDITION):
            store.add(record)
        return store.read()


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def says(*command: str) -> str:
        """Run a command and return what it prints."""
        assert run(list(command)) == 0
        shown = capfd.readouterr()
        assert shown.err == ""
        return shown.out

    return says


def now() -> History:
    with open_history() as store:
        return store.read()


def rows(table: str) -> list[str]:
    return [" ".join(line.split()) for line in table.splitlines() if "─" not in line]


# Shown


@pytest.mark.usefixtures("kept")
def test_sets_are_listed(said: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert rows(said("history", "list")) == [
        "ID Date Lifter Exercise Load Reps Verdicts Peak Strain Seen",
        "1 2026-10-02 me deadlift 100 kg 2 1 flag, 1 not measured +14° ±2 +21% ±6 88%",
        "2 2026-10-03 Bob squat - 3 1 flag, 1 ok, 1 not measured +14° ±2 +21% ±6 88%",
        "3 2026-10-04 me - 72.5 kg 1 1 not measured - - 88%",
    ]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("options", "listed"),
    [
        ((), [1, 2, 3]),
        (("--lifter", "ME"), [1, 3]),
        (("--exercise", "squat"), [2]),
        (("--since", "2026-10-03"), [2, 3]),
        (("--since", "2026-10-03", "--lifter", "me"), [3]),
        (("--since", "2030-01-01"), []),
    ],
)
def test_only_those_asked_for_are_listed(options: tuple[str, ...], listed: list[int], said: Callable[..., str]) -> None:
    found = json.loads(said("history", "list", "--json", *options))
    assert [each["id"] for each in found] == listed
    assert all("still" not in each for each in found)


def test_before_anything_is_kept_that_is_said(said: Callable[..., str]) -> None:
    assert said("history", "list") == "no set is kept\n"
    assert json.loads(said("history", "list", "--json")) == []


@pytest.mark.usefixtures("kept")
def test_a_set_is_shown_with_its_reps_and_findings(said: Callable[..., str]) -> None:
    shown = " ".join(said("history", "show", "1").split())
    for words in (
        "Set 1: me, 2026-10-02 18:30, clip_0.mp4", "deadlift, 100 kg", "1 1.0-3.0 flag +4° ±2 +14° ±2 +10° +21% ±6 60°",
        "2 3.5-5.0 not measured - - - - - - 0%", "Rep 1, 2.5 s: upper back 14 deg more rounded than your reference",
        "Reference: your own calm standing", "Changes under 7.5° cannot be told from noise",
    ):  # fmt: skip
        assert words in shown
    document = json.loads(said("history", "show", "1", "--json"))
    assert document["id"] == 1
    assert document["reps"][0]["flags"][0]["rule"] == "thoracic_rounding"
    assert document["still"]["jpeg"].startswith("/9j/")


def test_no_text_from_a_file_is_obeyed_by_the_terminal(said: Callable[..., str]) -> None:
    with open_history() as store:
        store.add_set(lifted(name="a\x1b[2Jb\nc", notes=("[red]\x1b]0;x\x07",), folder="/x\x9by"))
        store.set_condition(replace(CONDITION, text="stiff\x1b[8m"))
    for command in (("history", "show", "1"), ("history", "list"), ("history", "condition")):
        shown = said(*command)
        assert not [sign for sign in shown if not sign.isprintable() and sign != "\n"]
    assert "[red]" in said("history", "show", "1")


def test_the_list_loads_nothing_heavy(data: Path) -> None:
    assert not data.exists()
    script = (
        "import sys; from spineline.app.cli import run; run(['history', 'list']); run(['pain', '3']); "
        "print([name for name in ('numpy', 'scipy', 'cv2', 'pydantic', 'mediapipe') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# Changed, deleted


@pytest.mark.usefixtures("kept")
def test_a_set_can_be_corrected(said: Callable[..., str]) -> None:
    changes = ("--load", "102.5", "--lifter", "Anna", "--date", "2026-09-30T18:00", "--exercise", "squat")
    assert "102.5 kg" in said("history", "change", "1", *changes)
    with open_history() as store:
        changed = store.get(1)
    assert (changed.load_kg, changed.lifter, changed.exercise) == (102.5, "Anna", "squat")
    assert datetime.fromisoformat(changed.date) == datetime(2026, 9, 30, 18).astimezone()
    assert changed == lifted(0, still=STILL, load_kg=102.5, lifter="Anna", exercise="squat", date=changed.date)


def test_sets_and_lifters_can_be_deleted(kept: History, said: Callable[..., str]) -> None:
    assert said("history", "delete", "2", "3") == "deleted: set 2, 3\n"
    assert now().sets == kept.sets[:1]
    assert said("history", "delete", "--lifter", "ME", "--yes") == (
        "deleted: 1 set, 1 note of pain, 1 calibration, 1 condition\n"
    )
    assert now() == History()


# Out and in


@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_is_exported_can_be_imported(form: str, kept: History, tmp_path: Path, said: Callable[..., str]) -> None:
    file = tmp_path / f"kept.{form.upper()}"
    counts = "3 sets, 1 note of pain, 1 calibration, 1 condition"
    assert said("history", "export", "-o", str(file)) == f"{file}: {counts}\n"
    assert said("history", "export", "--format", form) == file.read_bytes().decode()
    for lifter in ("me", "Bob"):
        said("history", "delete", "--lifter", lifter, "--yes")
    for _ in range(2):
        assert said("history", "import", str(file)) == f"imported: {counts}\n"
        assert now() == kept


@pytest.mark.usefixtures("kept")
def test_one_lifter_can_be_exported(said: Callable[..., str]) -> None:
    found = csv.DictReader(io.StringIO(said("history", "export", "--format", "csv", "--lifter", "bob"), newline=""))
    assert {row["lifter"] for row in found if row["record"] in ("set", "pain", "calibration", "condition")} == {"Bob"}
    assert json.loads(said("history", "export", "--lifter", "bob"))["pain"] == []


# Pain and conditions


def test_pain_is_noted(said: Callable[..., str]) -> None:
    assert said("pain", "3").startswith("pain 3 of 10, after, noted for me, ")
    said("pain", "0", "--when", "before", "--note", "none at all", "--lifter", "Anna", "--date", "2026-10-02T07:00")
    said("pain", "10", "--when", "next-morning", "--date", "2026-10-03")
    first, second, third = now().pain
    assert (first.pain, first.when, first.note, first.lifter) == (0, "before", "none at all", "Anna")
    assert first.date.startswith("2026-10-02T07:00:00")
    assert (second.pain, second.when, second.lifter, second.date[:19]) == (
        10,
        "next-morning",
        "me",
        "2026-10-03T00:00:00",
    )
    assert (third.pain, third.when, third.note) == (3, "after", "")
    age = datetime.now().astimezone() - datetime.fromisoformat(third.date)
    assert timedelta(0) <= age < timedelta(minutes=1)


def test_a_condition_is_entered_shown_replaced_and_forgotten(said: Callable[..., str]) -> None:
    assert said("history", "condition") == "nothing is entered\n"
    assert "me: Scheuermann's disease, T7 to T9\n" in said("history", "condition", "Scheuermann's disease, T7 to T9")
    said("history", "condition", "none", "--lifter", "Anna")
    assert said("history", "condition", "--lifter", "ANNA").endswith(", Anna: none\n")
    said("history", "condition", "healed")
    assert [each.text for each in now().conditions] == ["none", "healed"]
    assert said("history", "condition", "--clear") == "nothing is entered\n"
    assert [each.lifter for each in now().conditions] == ["Anna"]


# Mistakes

TOMORROW = (datetime.now().astimezone() + timedelta(days=2)).date().isoformat()


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("history show 9", "no set 9: expected one of those that spineline history list shows"),
        ("history show 99999999999999999999", "no set 99999999999999999999: expected"),
        ("history show one", "Must be a whole number, found 'one'"),
        ("history delete 1 2.5", "Must be a whole number, found '2.5'"),
        ("history delete 1 9", "no set 9: "),
        ("history delete", "expected the numbers of sets, or --lifter NAME"),
        ("history delete 1 --lifter me", "expected the numbers of sets, or --lifter NAME"),
        (
            "history delete --lifter me",
            "all that is kept of 'me' would be deleted (2 sets, 1 note of pain, 1 calibration, 1 condition): say",
        ),
        ("history delete --lifter zoe --yes", "nothing is kept of 'zoe': expected one of Bob, me"),
        ("history list --lifter zoe", "nothing is kept of 'zoe'"),
        ("history list --lifter a/b", "expected a name of 1 to 60 letters"),
        ("history list --since soon", "Must be a date such as 2026-10-02"),
        ("history export --lifter zoe", "nothing is kept of 'zoe'"),
        ("history export -o kept.txt", "expected a file that ends in .json or .csv, or --format, found 'kept.txt'"),
        ("history export -o nowhere/kept.csv", "nowhere/kept.csv: cannot be written (No such file or directory)"),
        ("history import nowhere.csv", "nowhere.csv: cannot be read (No such file or directory), expected a file"),
        ("history change 1", "expected what to change: --load, --lifter, --date or --exercise"),
        ("history change 1 --load 0", "Must be above 0 and below 1000 kg"),
        (f"history change 1 --date {TOMORROW}", "Must not be in the future"),
        ("history condition bad --clear", "expected a text, or --clear"),
        ("pain", 'requires an argument'),
        ("pain 11", "pain: expected a number from 0 to 10, found '11'"),
        ("pain 2.5", "Must be a whole number, found '2.5'"),
        ("pain 3 --when noon", 'Choose from: "before", "during", "after", "next-morning"'),
        (f"pain 3 --date {TOMORROW}", "Must not be in the future"),
        ("pain 3 --date 2026-02-30", "Must be a date such as"),
        ("pain 3 --lifter ../me", "expected a name of 1 to 60 letters"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_changes_nothing(
    command: str, complaint: str, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = now()
    assert run(command.split()) == 2
    assert complaint in told(capfd)
    assert now() == before
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_damaged_history_is_one_line(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data.mkdir()
    (data / "history.db").write_bytes(b"damaged" * 1000)
    commands: tuple[list[Any], ...] = (["history", "list"], ["pain", "3"], ["history", "export"])
    for command in commands:
        assert run(command) == 2
        assert told(capfd).startswith(f"{data / 'history.db'}: is damaged, or is no history")
    assert (data / "history.db").read_bytes() == b"damaged" * 1000
