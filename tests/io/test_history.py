"""The history on disk: what is kept, replaced, changed, deleted, and returned in which order."""

import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from spineline.core.history import (
    WORST_PAIN,
    CalibrationRecord,
    ConditionRecord,
    FlagRecord,
    History,
    PainRecord,
    RepRecord,
    SetRecord,
    Still,
    When,
)
from spineline.core.terms import Exercise, Severity, Verdict
from spineline.errors import InputError, SettingsError
from spineline.io import history_file
from spineline.io.data_folder import DATA_VARIABLE, data_folder
from spineline.io.history import HistoryStore, open_history
from spineline.io.history_schema import STEPS
from tests.contents import everything_in
from tests.io.make_history import CALIBRATION, CONDITION, PAIN, REP, STILL, UNSEEN, lifted

LONG_S = 60.0  # for what surely comes; never waited for


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "history.db"


@pytest.fixture
def store(path: Path) -> Iterator[HistoryStore]:
    """Open a history of the test's own."""
    with open_history(path) as opened:
        yield opened


# What is kept


def test_everything_comes_back_as_it_was(path: Path) -> None:
    kept = History(sets=(lifted(still=STILL),), pain=(PAIN,), calibrations=(CALIBRATION,), conditions=(CONDITION,))
    with open_history(path) as store:
        store.add(lifted(still=STILL))
        store.add(PAIN)
        store.add(CALIBRATION)
        store.add(CONDITION)
    with open_history(path) as store:
        assert store.read() == kept
        assert store.sets() == [(1, lifted())]  # pictures only where asked for
        assert store.get(1) == lifted(still=STILL)


def test_the_folder_is_that_of_the_user_and_the_file_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "mine"))
    with open_history() as store:
        store.add_pain(PAIN)
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in data_folder().iterdir()}
    assert files.keys() == {"history.db", "history.db-wal", "history.db-shm"}
    assert sys.platform == "win32" or set(files.values()) == {0o600}
    assert [file.name for file in data_folder().iterdir()] == ["history.db"]


def test_each_kind_is_in_order_of_the_moment_not_of_the_text(store: HistoryStore) -> None:
    dates = ("2026-10-02T23:30:00-05:00", "2026-10-03T04:00:00+00:00", "2026-10-03T06:15:00+02:00")
    for number, date in enumerate(reversed(dates)):
        store.add_set(lifted(number, date=date))
        store.add_pain(replace(PAIN, date=date))
        store.add_calibration(replace(CALIBRATION, date=date))
    kept = store.read()
    order = (dates[1], dates[2], dates[0])
    assert tuple(each.date for each in kept.sets) == order
    assert tuple(each.date for each in kept.pain) == order
    assert tuple(each.date for each in kept.calibrations) == order
    since = datetime.fromisoformat("2026-10-03T04:15:00+00:00")
    assert [each.date for each in store.read(since=since).sets] == [dates[2], dates[0]]
    assert [each.date for each in store.read(since=since + timedelta(seconds=1)).pain] == [dates[0]]


def test_names_that_differ_in_case_or_composition_are_one_lifter(store: HistoryStore) -> None:
    store.add_set(lifted(0, lifter="Zoë"))
    store.add_set(lifted(1, lifter="ZOE\u0308"))
    store.add_pain(replace(PAIN, lifter="zoë"))
    store.add_pain(replace(PAIN, lifter="Zoe"))
    assert store.lifters() == ("Zoe", "Zoë")
    assert {each.lifter for each in store.read("ZOË").sets} == {"Zoë"}
    assert [each.lifter for each in store.read("zoë").pain] == ["Zoë"]
    assert store.knows("zoE\u0308")
    assert not store.knows("anna")


# Replaced


def test_the_same_set_is_replaced_and_keeps_its_id(store: HistoryStore) -> None:
    first, second = store.add_set(lifted(0)), store.add_set(lifted(1))
    again = lifted(0, load_kg=None, reps=(REP,), notes=())
    assert store.add_set(again) == first != second
    assert store.get(first) == again
    assert store.same(lifted(0)) == again
    assert store.same(lifted(5)) is None
    assert store.add_set(lifted(0, to_s=7.0)) not in (first, second)
    store.delete([second])
    for to_s in (6.25, 7.0):
        store.add_set(lifted(0, to_s=to_s, lifter="Anna"))
    assert store.lifters() == ("Anna",)


@pytest.mark.parametrize(
    ("reps", "new", "kept"),
    [
        ((REP,), None, STILL),
        ((REP,), replace(STILL, time_s=1.5), replace(STILL, time_s=1.5)),
        ((replace(REP, end_s=2.4), UNSEEN), None, None),  # the reps were found elsewhere
        ((UNSEEN,), None, None),
        ((), None, None),
    ],
)
def test_its_picture_stays_if_it_still_is_of_one_of_its_reps(
    store: HistoryStore, reps: tuple[RepRecord, ...], new: Still | None, kept: Still | None
) -> None:
    store.add_set(lifted(still=STILL))
    assert store.get(store.add_set(lifted(reps=reps, still=new))).still == kept


def test_what_is_said_of_the_same_moment_again_takes_its_place(store: HistoryStore) -> None:
    for record in (
        PAIN, replace(PAIN, pain=4), replace(PAIN, when="before"), CALIBRATION, replace(CALIBRATION, sigma_deg=1.5),
        CONDITION, replace(CONDITION, text="other", date="2026-11-01T00:00:00+01:00"),
    ):  # fmt: skip
        store.add(record)
    kept = store.read()
    assert kept.pain == (replace(PAIN, pain=4), replace(PAIN, when="before"))
    assert [each.sigma_deg for each in kept.calibrations] == [1.5]
    assert [each.text for each in kept.conditions] == ["other"]
    assert store.condition("ME") == kept.conditions[0]
    store.clear_condition("me")
    assert store.condition("me") is None


# Changed and deleted


def test_a_set_can_be_corrected(store: HistoryStore) -> None:
    set_id = store.add_set(lifted(still=STILL))
    store.change(set_id, load_kg=80.0, lifter="Bob", date="2026-01-01T00:00:00+00:00", exercise="squat")
    date = "2026-01-01T00:00:00+00:00"
    changed: dict[str, Any] = {"load_kg": 80.0, "lifter": "Bob", "date": date, "exercise": "squat"}
    assert store.get(set_id) == lifted(still=STILL, **changed)
    store.change(set_id, load_kg=81.0)
    assert store.get(set_id) == lifted(still=STILL, **{**changed, "load_kg": 81.0})
    assert store.lifters() == ("Bob",)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"load_kg": 5000.0}, InputError),
        ({"load_kg": float("nan")}, InputError),
        ({"date": "yesterday"}, InputError),
        ({"lifter": "../bob", "load_kg": 80.0}, SettingsError),
        ({"exercise": "bench press", "load_kg": 80.0}, InputError),
    ],
)
def test_what_no_history_may_hold_is_refused_and_changes_nothing(
    path: Path, changes: dict[str, Any], error: type[Exception]
) -> None:
    with open_history(path) as store:
        store.add_set(lifted())
    with pytest.raises(error), open_history(path) as store:
        store.change(1, **changes)
    with open_history(path) as store:
        assert store.sets() == [(1, lifted())]


@pytest.mark.parametrize("set_id", [0, -1, 3, 10**30])
def test_an_unknown_id_is_named_and_nothing_is_deleted(store: HistoryStore, set_id: int) -> None:
    known = [store.add_set(lifted(0)), store.add_set(lifted(1))]
    uses: list[Callable[[], object]] = [
        lambda: store.get(set_id), lambda: store.change(set_id, load_kg=1.0), lambda: store.delete([*known, set_id]),
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(InputError, match=f"^no set {set_id}: expected one of those that spineline history list"):
            use()
    assert [each for each, _ in store.sets()] == known


def test_what_is_deleted_is_gone_and_its_id_not_used_again(store: HistoryStore, path: Path) -> None:
    first = store.add_set(lifted(0, still=STILL))
    second = store.add_set(lifted(1, lifter="Bob"))
    store.delete([second, second])
    assert store.lifters() == ("me",)
    assert store.add_set(lifted(1)) == second + 1
    store.delete([first, second + 1])
    with sqlite3.connect(path) as raw:
        for table in ("sets", "reps", "flags", "stills", "lifters"):
            assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608
    raw.close()


def test_a_lifter_is_deleted_with_everything(store: HistoryStore) -> None:
    for lifter in ("Anna", "Bob"):
        for record in (lifted(0, sha256=64 * lifter[0].lower()), PAIN, CALIBRATION, CONDITION):
            store.add(replace(record, lifter=lifter))
    before = store.read("Bob")
    store.delete_lifter("ANNA")
    assert store.read() == before
    assert store.lifters() == ("Bob",)


def test_all_within_a_block_is_kept_or_nothing(store: HistoryStore) -> None:
    def add(pain: PainRecord) -> None:
        with store.writing():
            store.add_set(lifted(0))
            store.add_pain(pain)

    with pytest.raises(InputError):
        add(replace(PAIN, pain=11))
    assert store.read() == History()
    add(PAIN)
    assert store.read() == History(sets=(lifted(0),), pain=(PAIN,))


# The tables and the records


def columns(table: str) -> dict[str, str]:
    raw = sqlite3.connect(":memory:")
    for statement in STEPS[0]:
        raw.execute(statement)
    found = {name: kind for _, name, kind, *_ in raw.execute(f"PRAGMA table_info({table})")}
    raw.close()
    return found


@pytest.mark.parametrize(
    ("table", "kind", "elsewhere"),
    [
        ("sets", SetRecord, {"id", "lifter_id"} ^ {"lifter", "reps", "still"}),
        ("reps", RepRecord, {"set_id"} ^ {"flags"}),
        ("flags", FlagRecord, {"set_id", "rep", "place"}),
        ("stills", Still, {"set_id"}),
        ("pain", PainRecord, {"id", "lifter_id"} ^ {"lifter"}),
        ("calibrations", CalibrationRecord, {"id", "lifter_id"} ^ {"lifter"}),
        ("conditions", ConditionRecord, {"id", "lifter_id"} ^ {"lifter"}),
    ],
)
def test_every_field_has_its_column(table: str, kind: type, elsewhere: set[str]) -> None:
    assert columns(table).keys() ^ {field.name for field in fields(kind)} == elsewhere


def test_the_tables_take_every_word_that_a_record_may_have(store: HistoryStore) -> None:
    for number, verdict in enumerate(get_args(Verdict)):
        store.add_set(lifted(number, reps=(replace(REP, verdict=verdict),)))
    for number, exercise in enumerate(get_args(Exercise)):
        store.add_set(lifted(number, exercise=exercise))
    for severity in get_args(Severity):
        store.add_set(lifted(reps=(replace(REP, flags=(replace(REP.flags[0], severity=severity),)),)))
    for when in get_args(When):
        for pain in range(WORST_PAIN + 1):
            store.add_pain(replace(PAIN, when=when, pain=pain))


# Several at once, and what ends in the middle


def _add_many(path: Path, who: int, count: int, ready: Any) -> None:
    ready.wait(LONG_S)
    for number in range(count):
        with open_history(path) as store:
            store.add_set(lifted(1000 * who + number, lifter=f"lifter {who}", still=STILL))
            store.add_pain(replace(PAIN, date=lifted(number).date, lifter=f"lifter {who}"))


def test_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(2)
    writers = [context.Process(target=_add_many, args=(path, who, 100, ready)) for who in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(LONG_S)
    assert [writer.exitcode for writer in writers] == [0, 0]
    with open_history(path) as store:
        kept = store.read()
    assert len({each.sha256 for each in kept.sets}) == len(kept.pain) == 200
    assert {len(each.reps) for each in kept.sets} == {2}
    assert [file.name for file in path.parent.iterdir()] == ["history.db"]


WRITES = """
import sys
from pathlib import Path
from spineline.io.history import open_history
from tests.io.make_history import STILL, lifted
with open_history(Path(sys.argv[1])) as store:
    for number in range(100_000):
        store.add_set(lifted(number, still=STILL))
        print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_process_killed_while_it_writes_leaves_every_set_whole(path: Path) -> None:
    for round_ in range(3):
        with subprocess.Popen([sys.executable, "-c", WRITES, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            said = [int(writer.stdout.readline()) for _ in range(20 + 7 * round_)]
            writer.send_signal(signal.SIGKILL)
            said += [int(line) for line in writer.stdout]
        with open_history(path) as store:
            kept = store.read().sets
        assert len(kept) >= len(said)  # whatever was said to be kept
        assert list(kept) == [lifted(number, still=STILL) for number in range(len(kept))]


FILLS = """
import resource, sys
from pathlib import Path
from spineline.errors import InputError
from spineline.io.history import open_history
from tests.io.make_history import STILL, lifted
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
kept = 0
try:
    while True:
        with open_history(path) as store:
            store.add_set(lifted(kept, still=STILL))
        kept += 1
except InputError as error:
    print(kept)
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk_is_one_line_and_what_was_kept_stays(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FILLS, str(path)], capture_output=True, text=True, check=True)
    kept, line = done.stdout.splitlines()
    assert done.stderr == ""
    assert int(kept) > 10
    assert line.startswith(f"{path}: cannot be written (")
    assert line.endswith("make room, or name a folder that can be written to")
    with open_history(path) as store:
        assert len(store.read().sets) == int(kept)
        store.add_set(lifted(int(kept)))


def test_who_writes_for_too_long_is_waited_for_and_then_named(
    path: Path, store: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert history_file._WAIT_S >= 10
    monkeypatch.setattr(history_file, "_WAIT_S", 0.05)
    with store.writing(), open_history(path) as other:
        store.add_set(lifted(0))
        assert other.read() == History()  # readers are never in the way

    def add() -> None:
        with open_history(path) as other:
            other.add_set(lifted(1))

    with store.writing():
        with pytest.raises(InputError, match=r"history\.db: is being written to by another program; try again"):
            add()
        store.add_set(lifted(0))
    assert [each for _, each in store.sets()] == [lifted(0)]


# What is no history, or none any more


def said_of(path: Path) -> str:
    """Return why a file cannot be opened, after seeing that nothing in its folder has changed."""
    before = everything_in(path.parent)
    with pytest.raises(InputError) as caught, open_history(path):
        pass
    assert everything_in(path.parent) == before
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


def filled(path: Path) -> Path:
    with open_history(path) as store:
        for number in range(40):
            store.add_set(lifted(number))
    return path


@pytest.mark.parametrize("data", [b"no database at all" * 100, b"SQLite format 3\0" + bytes(4000), b"\0" * 5000])
def test_what_is_no_database_is_left_alone(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "history.db").write_bytes(data)
    assert said_of(tmp_path / "history.db").startswith(
        "is damaged, or is no history (file is not a database); it is le"
    )


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_file_cut_short_is_left_alone(path: Path, share: float) -> None:
    data = filled(path).read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    said = said_of(path)
    assert said.startswith("is damaged")
    assert said.endswith("or move it away and import your last export with spineline history import")


def test_a_page_overwritten_is_noticed_on_opening_or_where_its_pictures_are_read(path: Path) -> None:
    data = filled(path).read_bytes()
    opened = 0

    def read() -> None:
        nonlocal opened
        with open_history(path) as store:
            opened += 1
            store.read()

    for start in range(0, len(data), 4096):
        path.write_bytes(data[:start] + b"\x17" * 4096 + data[start + 4096 :])
        with pytest.raises(InputError, match=f"^{path}: is damaged"):
            read()
    assert opened == 1  # one page has the pictures


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sets SET date = '2026-02-30T10:00:00+01:00'",
        "UPDATE sets SET date = 'monday'",
        "UPDATE sets SET notes = 'none'",
        "UPDATE reps SET verdict = 'fine'",
        "UPDATE flags SET severity = 'bad'",
        "UPDATE pain SET pain = 12",
        "UPDATE pain SET \"when\" = 'noon'",
        "UPDATE sets SET exercise = 'bench press'",
        "UPDATE sets SET usable_share = 'all of it'",
    ],
)
def test_no_other_program_can_write_what_is_not_allowed(path: Path, statement: str) -> None:
    with open_history(path) as store:
        store.add_set(lifted(still=STILL))
        store.add_pain(PAIN)
    raw = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(statement)
    raw.execute("PRAGMA ignore_check_constraints = ON")
    if "usable_share" not in statement:
        raw.execute(statement)
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
        assert said_of(path).startswith("is damaged (CHECK constraint failed in ")
    raw.close()


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    for statement in ("PRAGMA application_id = 7", "PRAGMA user_version = 1", "CREATE TABLE recipes (text)"):
        raw = sqlite3.connect(path)
        raw.execute(statement)
        raw.commit()
        raw.close()
        assert said_of(path).startswith("is the database of another program; move it away, or name another folder in")
        path.unlink()


def test_a_newer_history_is_left_alone(path: Path) -> None:
    raw = sqlite3.connect(filled(path))
    raw.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    said = said_of(path)
    assert (
        said == f"expected version {len(STEPS)} at most, found {len(STEPS) + 1}, of a newer spineline: update this one"
    )


def test_a_place_where_nothing_can_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "history.db").mkdir()
    for path in (tmp_path / "file" / "history.db", tmp_path / "history.db"):
        with pytest.raises(InputError, match=r"history\.db: cannot be written \("), open_history(path):
            pass


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs folders that cannot be written to")
def test_a_folder_that_cannot_be_written_to_is_named(path: Path) -> None:
    filled(path)
    path.parent.chmod(0o500)
    try:
        with pytest.raises(InputError, match=r"history\.db: cannot be written \("), open_history(path) as store:
            store.add_set(lifted(99))
    finally:
        path.parent.chmod(0o700)
    with open_history(path) as store:
        assert len(store.sets()) == 40


def test_an_empty_file_is_a_history_in_which_nothing_is_yet(tmp_path: Path) -> None:
    (tmp_path / "history.db").touch()
    with open_history(tmp_path / "history.db") as store:
        assert store.read() == History()


# Migrations


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be another version."""
    steps = (*STEPS, ("ALTER TABLE sets ADD COLUMN mood TEXT", "UPDATE sets SET mood = 'good'"))
    monkeypatch.setattr(history_file, "STEPS", steps)


def mood(path: Path) -> list[Any]:
    raw = sqlite3.connect(path)
    found = raw.execute("SELECT DISTINCT mood FROM sets").fetchall()
    raw.close()
    return found


def test_an_older_history_is_brought_up_to_date_and_a_copy_of_it_kept(
    path: Path, request: pytest.FixtureRequest
) -> None:
    before = filled(path).read_bytes()
    with open_history(path) as store:
        kept = store.read()
    request.getfixturevalue("next_version")
    with open_history(path) as store:
        assert store.read() == kept
    assert mood(path) == [("good",)]
    assert sorted(file.name for file in path.parent.iterdir()) == ["history.db", "history.v1.db"]
    copy = path.with_name("history.v1.db")
    assert sys.platform == "win32" or stat.S_IMODE(copy.stat().st_mode) == 0o600
    copied = copy.read_bytes()
    assert len(copied) == len(before)
    copy.replace(path)  # as somebody who goes back to the older version
    request.getfixturevalue("monkeypatch").setattr(history_file, "STEPS", STEPS)
    with open_history(path) as store:
        assert store.read() == kept


def test_an_earlier_copy_is_never_overwritten(path: Path, request: pytest.FixtureRequest) -> None:
    filled(path)
    path.with_name("history.v1.db").write_bytes(b"precious")
    request.getfixturevalue("next_version")
    with open_history(path):
        pass
    assert path.with_name("history.v1.db").read_bytes() == b"precious"
    assert path.with_name("history.v1.2.db").stat().st_size > 4096


def test_a_step_that_fails_leaves_the_old_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path)
    monkeypatch.setattr(history_file, "STEPS", (*STEPS, ("ALTER TABLE sets ADD COLUMN mood TEXT", "nonsense")))
    with pytest.raises(InputError, match="cannot be written"), open_history(path):
        pass
    monkeypatch.setattr(history_file, "STEPS", STEPS)
    with open_history(path) as store:
        assert len(store.sets()) == 40


def test_before_a_migration_everything_is_checked(path: Path, request: pytest.FixtureRequest) -> None:
    """An index that lacks a row is found by the full check alone."""
    filled(path)
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA writable_schema = ON")
    raw.execute(
        "UPDATE sqlite_master SET sql = 'CREATE INDEX sets_of_lifter ON sets (date)' WHERE name = 'sets_of_lifter'"
    )
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    with open_history(path) as store:
        assert len(store.sets()) == 40
    request.getfixturevalue("next_version")
    assert said_of(path).startswith("is damaged (")
    assert [file.name for file in path.parent.iterdir()] == ["history.db"]


def _open(path: Path, ready: Any) -> None:
    ready.wait(LONG_S)
    with open_history(path) as store:
        store.add_pain(replace(PAIN, lifter=f"lifter {os.getpid()}"))


def test_processes_that_make_it_at_once_make_one(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(3)
    openers = [context.Process(target=_open, args=(path, ready)) for _ in range(3)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join(LONG_S)
    assert [opener.exitcode for opener in openers] == [0, 0, 0]
    with open_history(path) as store:
        assert len(store.read().pain) == 3
    assert [file.name for file in path.parent.iterdir()] == ["history.db"]
