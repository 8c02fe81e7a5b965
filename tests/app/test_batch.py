"""Many recordings at once: every one ends up in the tables, whatever happens, and nothing is done twice."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from spineline.app.analyze import Request
from spineline.app.batch import Hands, Run, crew, planned
from spineline.app.batch_file import Task, measure
from spineline.app.cli import run
from spineline.app.crew import Died
from spineline.core.history import SetRecord
from spineline.io.batch_tables import FILE_COLUMNS, REP_ROW_COLUMNS, BatchTables, Entry
from spineline.io.config import Options
from spineline.io.data_folder import DATA_VARIABLE
from spineline.io.history import open_history
from spineline.io.results import TRACK
from spineline.io.sources import read_source
from spineline.io.tables import REP_COLUMNS
from tests.app.make_batch import SEASON, document, leftovers, rows, said, times_ns, trouble, write_clip
from tests.app.make_inputs import write_lift, write_recording
from tests.contents import paths_below

pytestmark = pytest.mark.usefixtures("alone")


def here(tasks: Sequence[Task], _on_progress: object, **_: object) -> Generator[tuple[int, Entry | Died], None, None]:
    """Work in this process."""
    for place, task in enumerate(tasks):
        yield place, measure(task, lambda *_: None)


def batch(*sources: Path, hands: Hands = here, remember: bool = True, **asked: Any) -> tuple[Run, dict[str, str]]:
    """Do a batch, with no report, and return it with what became of what was not done yet."""
    found = [read_source(str(source)) for source in sources]
    again, output_dir = asked.pop("again", False), asked.pop("output_dir", None)
    request = Request(options=Options(**asked.pop("options", {})), output_dir=output_dir, report=False, **asked)
    plan = planned(found, request, model=None, models=(), again=again)
    folder = output_dir or found[0].root
    folder.mkdir(exist_ok=True)
    done = Run(plan, BatchTables(folder), remember=remember, complain=pytest.fail, on_progress=lambda *_: None)
    return done, said(list(done.files(hands)))


def command(*arguments: object) -> int:
    return run(["batch", *map(str, arguments), "--no-report"])


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command do its work here, which is quicker."""
    monkeypatch.setattr("spineline.app.batch.crew", here)


def kept() -> list[SetRecord]:
    with open_history() as store:
        return [record for _, record in store.sets()]


# What comes out


def test_every_file_is_in_the_tables_as_its_analysis_says(
    season: Path, pose_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del pose_model
    (season / "bad.mp4").write_text("no video")
    write_clip(season / "rest" / "empty.mp4")
    assert command(season, "--workers", 2, "--load", 60, "--lifter", "Zoë") == 2
    shown = capsys.readouterr()
    files = rows(season / "batch_files.csv")
    assert list(files[0]) == list(FILE_COLUMNS)
    order = [*SEASON[:2], "bad.mp4", SEASON[2], "rest/empty.mp4", SEASON[3]]
    assert [row["file"] for row in files] == order
    assert [row["status"] for row in files] == ["done", "done", "failed", "done", "no lift", "no lift"]
    bad = files[2]
    assert bad["reason"] == "is a text file, expected a video"
    assert {bad[name] for name in ("folder", "sha256", "frames", "duration_s", "usable_share")} == {""}
    reps = rows(season / "batch_reps.csv")
    assert list(reps[0]) == list(REP_ROW_COLUMNS)
    for row in [*files[:2], *files[3:]]:
        found = document(season / row["folder"])
        assert row["sha256"] == found["input"]["sha256"]
        assert int(row["frames"]) == found["input"]["frames"]
        assert float(row["duration_s"]) == found["input"]["duration_s"]
        assert float(row["usable_share"]) == found["usable_share"]
        mine = [rep for rep in reps if rep["file"] == row["file"]]
        assert len(mine) == len(found["reps"])
        assert bool(row["reason"]) == (row["status"] == "no lift") == (not mine)
        for cells, rep in zip(mine, found["reps"], strict=True):
            assert (cells["lifter"], cells["exercise"], cells["load_kg"]) == ("Zoë", found["exercise"], "60.0")
            assert cells["date"].startswith("20")
            assert (cells["rep"], cells["mdc95_deg"]) == (str(rep["index"]), str(found["mdc95_deg"]))
            assert cells["reference_source"] == found["reference"]["source"]
            assert cells["flags"] == ";".join(f"{flag['rule']}:{flag['severity']}" for flag in rep["flags"])
            for name in set(REP_COLUMNS) - {"index"}:
                assert cells[name] == ("" if rep[name] is None else str(rep[name])), name
    assert any(rep["flags"] for rep in reps)
    assert shown.err == f"spineline: bad.mp4: {bad['reason']}\n"
    assert re.search(r"Failed +Why *\n─+\nbad\.mp4 +is a text file, expected a video\n", shown.out)
    assert "6 files: 3 done, 2 without a lift, 1 failed.\n" in shown.out
    assert "bob/set 2.npz: deadlift: flag, flag" in shown.out
    assert [Path(record.name).name for record in kept()].count("set 2.npz") == 2
    assert leftovers(season) == []


@pytest.mark.usefixtures("in_this_process")
def test_quiet_prints_nothing_but_errors(season: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(season / "bob", "--quiet", "--no-history") == 0
    assert command(season, "--quiet", "--no-history") == 3
    (season / "bad.npz").write_text("no track")
    assert command(season, "--quiet", "--no-history") == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("spineline: bad.npz: is not a saved track")
    assert kept() == []


@pytest.mark.usefixtures("in_this_process")
def test_parquet_has_the_same_rows(season: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra [parquet] is not installed")
    assert command(season, "--format", "parquet", "--quiet") == 3
    table = parquet.read_table(season / "batch_reps.parquet").to_pylist()
    assert [{name: "" if cell is None else str(cell) for name, cell in row.items()} for row in table] == rows(
        season / "batch_reps.csv"
    )
    before = times_ns(season)
    assert command(season, "--format", "parquet", "--quiet") == 3
    assert times_ns(season) == before


def test_a_name_that_a_spreadsheet_would_calculate_does_not(tmp_path: Path) -> None:
    write_lift(tmp_path / "=1+1.npz", reps=1)
    batch(tmp_path)
    assert rows(tmp_path / "batch_reps.csv")[0]["file"] == "'=1+1.npz"


# Where it goes


def test_folders_are_mirrored_so_that_equal_names_do_not_meet(season: Path, tmp_path: Path) -> None:
    before = times_ns(season)
    _, found = batch(season, output_dir=tmp_path / "out")
    assert set(found) == set(SEASON)
    assert times_ns(season) == before
    folders = [row["folder"] for row in rows(tmp_path / "out" / "batch_files.csv")]
    assert folders == [f"{name.removesuffix('.npz')}_spineline" for name in SEASON]
    assert all((tmp_path / "out" / folder / "analysis.json").is_file() for folder in folders)


def test_of_two_files_for_one_folder_the_later_fails_and_the_rest_goes_on(season: Path) -> None:
    shutil.copy(season / "anna" / "set 2.npz", season / "anna" / "set 2.NPZ")
    _, found = batch(season / "anna", season / "anna" / "set 2.npz", season)
    assert found == {**dict.fromkeys(SEASON[:3], "done"), "anna/set 2.NPZ": "done", "anna/set 2.npz": "failed"} | {
        SEASON[3]: "no lift"
    }
    (reason,) = [row["reason"] for row in rows(season / "anna" / "batch_files.csv") if row["status"] == "failed"]
    target, other = season / "anna" / "set 2_spineline", season / "anna" / "set 2.NPZ"
    assert reason == f"would be written to {target}, as {other} is; rename one"


def test_recorded_sets_are_found_and_asked_as_they_were(tmp_path: Path) -> None:
    write_recording(tmp_path / "gym" / "rec", load_kg=70.0)
    write_recording(tmp_path / "gym" / "rec" / "set_2", lifter="Anna")
    _, found = batch(tmp_path / "gym", output_dir=tmp_path / "out")
    assert found == {"rec": "done", "rec/set_2": "done"}
    first, second = rows(tmp_path / "out" / "batch_files.csv")
    assert (first["folder"], second["folder"]) == ("rec_spineline", "rec_set_2_spineline")
    reps = rows(tmp_path / "out" / "batch_reps.csv")
    assert {(rep["file"], rep["lifter"], rep["load_kg"]) for rep in reps} == {
        ("rec", "me", "70.0"),
        ("rec/set_2", "Anna", ""),
    }
    assert batch(tmp_path / "gym", output_dir=tmp_path / "out")[1] == {}
    track = tmp_path / "gym" / "rec" / TRACK
    track.write_bytes((tmp_path / "gym" / "rec" / "set_2" / TRACK).read_bytes() + b"\0")
    assert set(batch(tmp_path / "gym", output_dir=tmp_path / "out")[1]) == {"rec"}


@pytest.mark.usefixtures("in_this_process")
def test_a_list_keeps_the_names_of_its_lifters(season: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "file,lifter,date,load_kg\nbob/set 2.npz,Bob,2026-01-05,90\nanna/set 2.npz,Anna,,\nnone.mp4,,,\n,Eve,,\n"
    (season / "list.csv").write_text(text)
    monkeypatch.chdir(season / "rest")
    assert command("../list.csv", "--load", "50", "--date", "2026-02-01", "--quiet") == 2
    reps = rows(season / "rest" / "batch_reps.csv")
    assert {(rep["file"], rep["lifter"], rep["date"][:10], rep["load_kg"]) for rep in reps} == {
        ("bob/set 2.npz", "Bob", "2026-01-05", "90.0"),
        ("anna/set 2.npz", "Anna", "2026-02-01", "50.0"),
    }
    files = rows(season / "rest" / "batch_files.csv")
    assert [row["status"] for row in files] == ["done", "done", "failed", "failed"]
    assert "no such file" in files[2]["reason"]
    assert "line 5" in files[3]["reason"]
    assert {(record.lifter, record.load_kg) for record in kept()} == {("Bob", 90.0), ("Anna", 50.0)}


def test_a_file_that_is_named_twice_is_done_once_unless_it_is_said_to_be_two(season: Path) -> None:
    (season / "twice.txt").write_text("bob/set 2.npz\nbob/../bob/set 2.npz\nbob\n")
    assert list(batch(season / "twice.txt")[1].values()) == ["done"]
    (season / "two.csv").write_text("file,lifter\nbob/set 2.npz,Anna\nbob/set 2.npz,Bob\n")
    done, _ = batch(season / "two.csv")
    del done
    first, second = rows(season / "batch_files.csv")
    assert (first["status"], second["status"]) == ("done", "failed")
    assert "named twice, with different data" in second["reason"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nowhere"], "no such file or folder"),
        (["rest", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"], "leave one out"),
        (["rest", "--workers", "0"], "Must be 1 or more"),
        (["rest/*.mp4"], "matches no video"),
        (["rest", "-o", "rest/standing.npz"], "is a file, expected a folder"),
        ([], "requires an argument|SOURCE"),
    ],
)
def test_wrong_usage_is_one_line_before_any_work(
    arguments: list[str], why: str, season: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(season)
    before = times_ns(season)
    assert run(["batch", *arguments]) == 2
    shown = capsys.readouterr()
    assert re.search(why, shown.err)
    assert (shown.err.count("\n"), shown.out) == (1, "")
    assert times_ns(season) == before


# Again


@pytest.mark.usefixtures("in_this_process")
def test_the_same_again_does_nothing_and_rewrites_nothing(season: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(season, "--workers", 1) == 3
    before, first = times_ns(season), capsys.readouterr().out
    assert command(season, "--workers", 1) == 3
    assert times_ns(season) == before
    again = capsys.readouterr().out
    assert "4 files: 3 done, 1 without a lift, 0 failed, 4 of them done before." in again
    assert again.splitlines()[-1] == first.splitlines()[-1]
    assert len(kept()) == 3


def change(path: Path) -> None:
    write_lift(path, reps=3)


def damage(path: Path) -> None:
    """Change a file, but not its size or the time at which it was written."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize(
    ("name", "happens"),
    [
        ("anna/set 2.npz", change),
        ("anna/set 2.npz", damage),
        ("anna/set 2_spineline/frames.csv", Path.unlink),
        ("anna/set 2_spineline/reps.csv", shorten),
        ("anna/set 2_spineline/batch.json", shorten),
        ("anna/set 2_spineline/batch.json", Path.unlink),
        ("anna/set 2_spineline", shutil.rmtree),
    ],
)
def test_what_has_changed_or_is_missing_is_done_again_and_nothing_else(
    name: str, happens: Callable[[Path], None], season: Path
) -> None:
    batch(season)
    tables = rows(season / "batch_reps.csv")
    happens(season / name)
    done, found = batch(season)
    assert (set(found), done.known) == ({"anna/set 2.npz"}, 3)
    assert batch(season)[1] == ({} if happens is not damage else {"anna/set 2.npz": "failed"})
    if "_spineline" in name:
        assert rows(season / "batch_reps.csv") == tables


def test_content_decides_where_only_the_time_differs(season: Path) -> None:
    batch(season)
    for name in SEASON:
        (season / name).touch()
    before = times_ns(season)
    done, found = batch(season)
    assert set(found) == set(SEASON)  # looked at, and
    after = times_ns(season)
    assert {name for name in after if after[name] != before[name]} == {
        f"{name.removesuffix('.npz')}_spineline/batch.json" for name in SEASON
    }
    assert batch(season)[1] == {}
    moved = season.rename(season.parent / "moved")
    assert batch(moved)[1] == {}
    del done


@pytest.mark.parametrize(
    "asked",
    [
        {"options": {"load_kg": 60.0}},
        {"options": {"exercise": "squat"}},
        {"table_format": "csv", "save_track": True},
        {"date": "2026-01-02T00:00:00+00:00"},
        {"again": True},
    ],
    ids=str,
)
def test_what_is_asked_otherwise_is_done_again(asked: dict[str, Any], season: Path) -> None:
    batch(season / "bob")
    assert batch(season / "bob", **dict(asked))[1] == {"set 2.npz": "done"}
    assert batch(season / "bob", **dict(asked))[1] == ({"set 2.npz": "done"} if "again" in asked else {})


def test_other_models_are_asked_for_anew_of_videos_only(season: Path) -> None:
    (tracks,) = planned(
        [read_source(str(season / "bob"))], Request(report=False), model=None, models=("ab",)
    ).tasks.values()
    assert measure(tracks, lambda *_: None).status == "done"
    from spineline.app.batch_file import settled

    assert settled(replace(tracks, models=("cd",))) is not None
    assert settled(replace(tracks, again=True)) is None


def test_analyze_takes_the_place_of_a_batch_and_the_other_way_round(season: Path) -> None:
    batch(season / "bob")
    assert run(["analyze", str(season / "bob" / "set 2.npz"), "--no-report", "--quiet"]) == 0
    assert not (season / "bob" / "set 2_spineline" / "batch.json").exists()
    assert set(batch(season / "bob")[1]) == {"set 2.npz"}
    assert len(kept()) == 1


def test_what_another_process_has_done_meanwhile_is_done(season: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spineline.app import analyze, batch_file

    analyze_one = analyze.analyze_one

    def overtaken(job: Any, *, on_progress: Any) -> Any:
        analyze_one(job, on_progress=on_progress)
        return analyze.Failed(name=job.name, message=f"{job.name}: cannot be written (Directory not empty)")

    monkeypatch.setattr(batch_file, "analyze_one", overtaken)
    assert batch(season / "bob")[1] == {"set 2.npz": "done"}


# The history


def test_a_set_that_the_history_missed_is_added_with_the_next_run_and_only_once(season: Path) -> None:
    batch(season, remember=False)  # as when the process is ended before the history has it
    assert kept() == []
    _, found = batch(season)
    assert (found, len(kept())) == ({}, 3)
    before = times_ns(season)
    with open_history() as store:
        store.change(1, load_kg=80.0, lifter="Anna")
        store.delete([2])
    batch(season)
    assert times_ns(season) == before
    assert len(kept()) == 2  # what was deleted stays so
    assert {(record.lifter, record.load_kg) for record in kept()} == {("Anna", 80.0), ("me", None)}


@pytest.mark.usefixtures("in_this_process")
def test_a_history_that_cannot_be_written_spoils_nothing_and_gets_the_sets_later(
    season: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "history.db").write_bytes(b"damaged" * 1000)
    assert command(season) == 3
    assert capsys.readouterr().err.count("not kept in the history: ") == 1
    (tmp_path / "data" / "history.db").unlink()
    assert command(season, "--quiet") == 3
    assert len(kept()) == 3
    assert not list(season.rglob("history.json"))


# What goes wrong


def test_a_process_that_dies_costs_its_own_file_only(season: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("dies", "once"):
        (season / f"{name}.npz").write_bytes((season / "bob" / "set 2.npz").read_bytes())
    _, found = batch(season, hands=partial(crew, workers=2, work=trouble))
    assert found == {
        **dict.fromkeys(SEASON[:3], "done"),
        SEASON[3]: "no lift",
        "once.npz": "done",
        "dies.npz": "failed",
    }
    reason = {row["file"]: row["reason"] for row in rows(season / "batch_files.csv")}
    assert reason["dies.npz"].startswith("its process was ended from outside")
    assert len(rows(season / "batch_reps.csv")) == 7
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.long
def test_a_process_that_hangs_costs_its_own_file_only(season: Path) -> None:
    (season / "hangs.npz").write_bytes((season / "bob" / "set 2.npz").read_bytes())
    _, found = batch(season, hands=partial(crew, workers=2, work=trouble, silent_s=20.0))
    assert found == {**dict.fromkeys(SEASON[:3], "done"), SEASON[3]: "no lift", "hangs.npz": "failed"}
    reason = {row["file"]: row["reason"] for row in rows(season / "batch_files.csv")}
    assert reason["hangs.npz"] == "its process gave no sign for 20 s"


def test_an_error_nobody_foresaw_costs_its_own_file_only(season: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spineline.app import analyze, batch_file

    analyze_one = analyze.analyze_one

    def fail(job: Any, *, on_progress: Any) -> Any:
        if "bob" in job.name:
            raise ZeroDivisionError("in the\nmiddle")
        return analyze_one(job, on_progress=on_progress)

    monkeypatch.setattr(batch_file, "analyze_one", fail)
    _, found = batch(season)
    assert found["bob/set 2.npz"] == "failed"
    assert list(found.values()).count("failed") == 1
    (reason,) = [row["reason"] for row in rows(season / "batch_files.csv") if row["status"] == "failed"]
    assert "(ZeroDivisionError: in the middle); please report it" in reason


def results(season: Path) -> int:
    return sum(path.name == "analysis.json" for path in paths_below(season))


def start(season: Path, *options: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "spineline", "batch", str(season), "--no-report", "--workers", "1", *options]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def kill_when(process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
    """Kill a process once something is so, or it has ended."""
    while process.poll() is None and not ready():
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert b"Traceback" not in process.communicate()[1]


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_killed_at_several_moments_it_goes_on_to_the_same_tables(
    season: Path, kept_season: Path, tmp_path: Path
) -> None:
    whole = shutil.copytree(kept_season, tmp_path / "whole")
    batch(whole)
    moments = (lambda: bool(leftovers(season)), lambda: results(season) == 1, lambda: results(season) == 3)
    for ready in moments:
        kill_when(start(season, "--quiet"), ready)
        for found in (path for path in paths_below(season) if path.name.endswith("_spineline")):
            assert found.name.startswith(".") or (found / "batch.json").is_file()  # whole, or not there
    time.sleep(1.1)  # what was made in the last second is not taken for left behind
    last = start(season, "--quiet")
    assert last.communicate() == (b"", b"")
    assert last.returncode == 3
    for name in ("batch_reps.csv", "batch_files.csv"):
        assert (season / name).read_bytes() == (whole / name).read_bytes()
    for name in SEASON:
        folder = f"{name.removesuffix('.npz')}_spineline"
        assert (season / folder / "frames.csv").read_bytes() == (whole / folder / "frames.csv").read_bytes()
    assert len(kept()) == 3
    assert leftovers(season) == []


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_killed_at_any_moment_it_goes_on_to_the_same_tables(season: Path, kept_season: Path, tmp_path: Path) -> None:
    whole = shutil.copytree(kept_season, tmp_path / "whole")
    batch(whole)
    kills, status = 0, -signal.SIGKILL
    while status == -signal.SIGKILL:
        process, ends_s = start(season, "--quiet"), time.monotonic() + 0.5 + 0.35 * kills
        kill_when(process, lambda ends_s=ends_s: time.monotonic() >= ends_s)  # type: ignore[misc]
        kills, status = kills + 1, process.returncode
    assert (status, kills > 5) == (3, True)
    for name in ("batch_reps.csv", "batch_files.csv"):
        assert (season / name).read_bytes() == (whole / name).read_bytes()
    assert len(kept()) == 3


def test_stopped_by_hand_it_leaves_tables_of_what_is_done(season: Path) -> None:
    process = start(season)
    assert process.stdout
    assert b".npz: " in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert error.startswith(b"spineline: stopped")
    assert process.returncode == 128 + signal.SIGINT
    done = rows(season / "batch_files.csv")
    assert 1 <= len(done) < 4
    assert leftovers(season) == []
    assert len(kept()) == len({row["file"] for row in rows(season / "batch_reps.csv")})
    assert os.environ[DATA_VARIABLE]
