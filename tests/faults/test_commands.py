"""All commands, ended before every change of the disk; and analyze, ended by signals that it can answer."""

from __future__ import annotations

import itertools
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spineline.io.history import open_history
from spineline.io.results import FILM, TRACK
from tests.app.make_inputs import CLIP, write_lift
from tests.faults.program import Place, check_clean, check_left, contents
from tests.faults.test_kill import SEED
from tests.io.make_history import STILL, lifted

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux shows them"),
]

ANALYZE = ("analyze", "squats.npz", "--no-report", "--quiet", "-o", "out")
STOPPED = "spineline: stopped; what was not finished has left nothing behind\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    write_lift(tmp_path / "squats.npz")
    return Place(tmp_path)


def every_end(place: Place, *arguments: str | Path) -> Iterator[int]:
    """Run a command, ended before its first change of the disk, before its second, and so on (0 when it was not)."""
    for nth in itertools.count(1):
        ended_at = (str(nth), str(place.folder))
        status, _, error = place.run(*ended_at, *arguments, launcher=("-m", "tests.faults.end_at"))
        assert status in (0, -signal.SIGKILL), error
        yield nth if status else 0
        if not status:
            return


def filled(place: Place, sets: int) -> None:
    """Keep sets in the history."""
    with open_history(place.folder / "data" / "history.db") as history, history.writing():
        for number in range(sets):
            history.add(lifted(number, still=STILL))


@pytest.mark.parametrize("reader", [(), ("chart", "out/squats_spineline", "-o", "charts")], ids=["analyze", "chart"])
def test_whatever_opens_the_folder_next_finds_a_whole_result(reader: tuple[str, ...], place: Place) -> None:
    for load in ("60", "80"):
        assert place.run(*ANALYZE, "--load", load) == (0, "", "")
        shutil.move(place.folder / "out", place.folder / load)
    earlier, later = (contents(place.folder / load / "squats_spineline") for load in ("60", "80"))
    target = place.folder / "out" / "squats_spineline"
    shutil.copytree(place.folder / "60", place.folder / "out")
    ends = 0
    for _ in every_end(place, *ANALYZE, "--load", "80"):
        if reader:
            assert place.run(*reader)[0] == 0
            assert contents(target) in (earlier, later)
        check_left(target, earlier, later)
        assert place.run(*ANALYZE, "--load", "80") == (0, "", "")
        assert contents(target) == later
        check_clean(place.folder)
        assert place.sets_kept() == 1
        shutil.rmtree(place.folder / "out")
        shutil.copytree(place.folder / "60", place.folder / "out")
        ends += 1
    assert ends > 30


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_any_moment_leaves_what_was_there_or_all_that_is_new(number: signal.Signals, place: Place) -> None:
    assert place.run(*ANALYZE) == (0, "", "")
    target = place.folder / "out" / "squats_spineline"
    earlier = contents(target)
    assert place.run(*ANALYZE, "--load", "80") == (0, "", "")
    later = contents(target)
    for moment_s in np.random.default_rng(SEED).uniform(0.05, 2.5, 20):
        place.run(*ANALYZE)
        status, error = place.killed(float(moment_s), *ANALYZE, "--load", "80", number=number)
        # In the first tenths of a second Python itself has the signal.
        assert (status, error) in ((0, ""), (128 + number, STOPPED)) or status == -number
        assert contents(target) in (earlier, later)


def test_a_picture_to_share_is_whole_or_what_it_was(place: Place) -> None:
    assert place.run(*ANALYZE) == (0, "", "")
    assert place.run("chart", "out/squats_spineline", "-o", "new")[0] == 0
    whole = contents(place.folder / "new")
    (place.folder / "charts").mkdir()
    for name in whole:
        (place.folder / "charts" / name).write_text("an earlier one")
    old = contents(place.folder / "charts")
    for _ in every_end(place, "chart", "out/squats_spineline", "-o", "charts"):
        assert all(sha256 in (old[name], whole[name]) for name, sha256 in contents(place.folder / "charts").items())
        assert len(contents(place.folder / "charts")) == len(whole)
    assert contents(place.folder / "charts") == whole
    check_clean(place.folder)


@pytest.mark.parametrize(
    ("command", "files"),
    [
        (("export", "--for-clinician", "-o", "for"), 2),
        (("history", "export", "-o", "for/kept.json"), 1),
        (("history", "page", "-o", "for/page.html"), 1),
    ],
)
def test_what_is_handed_over_is_whole_or_not_there(command: tuple[str, ...], files: int, place: Place) -> None:
    filled(place, 3)
    (place.folder / "for").mkdir()
    for _ in every_end(place, *command):
        left = contents(place.folder / "for")
    assert len(left) == files
    for nth in every_end(place, *command):  # over an earlier one
        assert contents(place.folder / "for").keys() == left.keys(), nth
    check_clean(place.folder)


@pytest.mark.parametrize("command", ["import", "change", "delete"])
def test_the_history_has_all_of_a_change_or_nothing_of_it(command: str, place: Place) -> None:
    filled(place, 150)
    assert place.run("history", "export", "-o", "all.json")[0] == 0
    arguments = {
        "import": ("import", "all.json"),
        "change": ("change", "3", "--load", "123"),
        "delete": ("delete", "--lifter", "me", "--yes"),
    }
    for moment_s in np.random.default_rng(SEED).uniform(0.05, 1.5, 25):
        shutil.rmtree(place.folder / "data")
        filled(place, 0 if command == "import" else 5)
        status, error = place.killed(float(moment_s), "history", *arguments[command])
        assert (status, error) in ((0, ""), (-signal.SIGKILL, ""))
        with open_history(place.folder / "data" / "history.db") as history:
            loads = [record.load_kg for record in history.read().sets]
        expected = {
            "import": ([], [100.0] * 150),
            "change": ([100.0] * 5, [100.0, 100.0, 123.0, 100.0, 100.0]),
            "delete": ([100.0] * 5, []),
        }
        assert loads in expected[command]
        assert place.run("history", *arguments[command])[0] == (0 if loads or command == "import" else 2)
    check_clean(place.folder)


def test_a_profile_is_that_of_before_or_the_new_one(place: Place, pose_model: Path) -> None:
    command = ("calibrate", "--source", CLIP, "--model", pose_model, "--no-window", "--mute")
    assert place.run(*command)[0] == 0
    for _ in every_end(place, *command):
        assert place.run("profiles", "show", "me")[0] == 0
    check_clean(place.folder)


def test_a_live_set_that_is_killed_is_there_as_far_as_it_was_kept(place: Place, pose_model: Path) -> None:
    command = ("live", "--source", CLIP, "--model", pose_model, "--no-window", "--mute", "--record", "rec")
    record = place.folder / "rec"
    for moment_s in np.random.default_rng(SEED).uniform(2.0, 25.0, 8):
        status, error = place.killed(float(moment_s), *command)
        assert status in (0, -signal.SIGKILL), error
        for kept in (record / FILM, record):
            if (record / TRACK if kept == record else kept).is_file():
                assert place.run("analyze", kept, "--quiet", "-o", "out") == (0, "", "")
        if not (record / FILM).exists():
            status, _, error = place.run(*command)
            assert status == 0, error
            check_clean(place.folder)
            assert (record / TRACK).is_file()
        shutil.rmtree(record)
