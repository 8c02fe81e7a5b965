"""The real program where something about the machine is wrong, or changes: rights, memory, clock, other processes."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spineline.app.cli import run
from tests.app.make_inputs import CLIP, ONE_REP_S, write_lift
from tests.contents import paths_below
from tests.faults.program import Place, check_clean, contents, processes_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="arranges what is wrong as Linux can")

WITHOUT_RIGHTS = ("setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")
"""Rights of files count for root too then."""

OWN_MOUNTS = ("unshare", "--mount", "--map-root-user")

ANALYZE = ("analyze", "squats.npz", "--save-chart", "--quiet")
QUICK = ("--quiet", "--no-report")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    write_lift(tmp_path / "squats.npz")
    return Place(tmp_path)


@functools.cache
def can(*command: str) -> bool:
    return shutil.which(command[0]) is not None and subprocess.run([*command, "true"], check=False).returncode == 0


def line(error: str) -> str:
    """Return the one line that an error is."""
    assert error.startswith("spineline: ")
    assert error.count("\n") == 1
    return error.removeprefix("spineline: ").rstrip("\n")


# Other processes


@pytest.mark.parametrize("processes", [2, *(pytest.param(many, marks=pytest.mark.long) for many in (4, 8))])
def test_of_several_that_write_at_once_one_result_stands_whole(processes: int, place: Place) -> None:
    for _ in ("into a new folder", "into one that is there"):
        programs = [
            place.start("analyze", "squats.npz", *QUICK, "--save-openpose", "--load", f"{10 * number}", "-o", "out")
            for number in range(1, processes + 1)
        ]
        assert [(program.communicate()[1], program.returncode) for program in programs] == [("", 0)] * processes
        check_clean(place.folder)
        assert place.sets_kept() == 1
    found = contents(place.folder / "out" / "squats_spineline")
    assert len(found) > 100
    said = json.loads((place.folder / "out" / "squats_spineline" / "analysis.json").read_text())
    load = f"{said['input']['load_kg']:g}"
    assert place.run("analyze", "squats.npz", *QUICK, "--save-openpose", "--load", load, "-o", "one") == (0, "", "")
    assert contents(place.folder / "one" / "squats_spineline") == found


# Rights


@pytest.mark.skipif(not can(*WITHOUT_RIGHTS), reason="needs setpriv, and rights to give away")
def test_a_folder_that_cannot_be_written_to_is_one_line_and_stays(place: Place) -> None:
    assert place.run("analyze", "squats.npz", *QUICK) == (0, "", "")
    target = place.folder / "squats_spineline"
    before = contents(target)
    target.chmod(0o555)
    status, _, error = place.run("analyze", "squats.npz", *QUICK, "--load", "80", before=WITHOUT_RIGHTS)
    assert (status, line(error)) == (
        2,
        "squats_spineline: cannot be written (Permission denied); make room, or name a folder that can be written to",
    )
    assert contents(target) == before


@pytest.mark.skipif(not can(*WITHOUT_RIGHTS), reason="needs setpriv, and rights to give away")
def test_without_a_home_only_the_history_is_missing(place: Place) -> None:
    home = place.folder / "home"
    home.mkdir(mode=0o555)
    nobody = Place(place.folder, {"SPINELINE_DATA_DIR": "", "HOME": str(home), "XDG_DATA_HOME": ""})
    status, _, error = nobody.run("analyze", "squats.npz", "--quiet", "--save-chart", before=WITHOUT_RIGHTS)
    assert status == 0
    assert line(error).startswith(f"not kept in the history: {home}")
    assert (place.folder / "squats_spineline" / "chart.png").is_file()
    assert list(home.iterdir()) == []


# Memory and temporary files


def test_memory_that_is_not_there_is_one_line_and_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def analyzed(*_: object) -> None:
        np.empty(1 << 55)

    monkeypatch.setattr("spineline.app.analyze.analyzed", analyzed)
    monkeypatch.chdir(place.folder)
    assert run(["analyze", "squats.npz", "-o", "out"]) == 2
    assert line(capfd.readouterr().err) == (
        "squats.npz: needs more memory than there is; end other programs, use fewer --workers, or analyse a part of it "
        "with --time-range"
    )
    assert [path.name for path in place.folder.iterdir()] == ["squats.npz"]


@pytest.mark.long
@pytest.mark.parametrize("spare_mb", [0, 2, 10, 20, 40, 80])
def test_where_memory_ends_within_a_library_the_next_run_succeeds(spare_mb: int, place: Place) -> None:
    """Some of them end the process themselves, and nobody is asked."""
    little = ("-m", "tests.faults.little_memory", str(spare_mb))
    assert place.run("analyze", "squats.npz", *QUICK, "-o", "first")[0] == 0
    shutil.copytree(place.folder / "first", place.folder / "out")
    place.run("analyze", "squats.npz", "--quiet", "--save-chart", "--load", "80", "-o", "out", launcher=little)
    target = place.folder / "out" / "squats_spineline"
    assert contents(target) == contents(place.folder / "first" / "squats_spineline")
    assert place.run("analyze", "squats.npz", *QUICK, "-o", "out") == (0, "", "")
    assert contents(target) == contents(place.folder / "first" / "squats_spineline")
    check_clean(place.folder)


def test_no_more_memory_is_taken_for_a_track_than_it_needs(place: Place) -> None:
    assert place.run("analyze", "squats.npz", *QUICK, before=("prlimit", "--as=1200000000")) == (0, "", "")


@pytest.mark.long
@pytest.mark.parametrize("temporary", ["missing", "full"])
def test_temporary_files_are_not_needed(temporary: str, place: Place, pose_model: Path) -> None:
    assert pose_model.is_file()
    before: tuple[str, ...] = ()
    if temporary == "full":
        filled = "mount -t tmpfs -o size=4k none nowhere; head -c 9000 /dev/zero 2> /dev/null > nowhere/x; "
        before = (*OWN_MOUNTS, "sh", "-c", filled + 'exec "$0" "$@"')
        (place.folder / "nowhere").mkdir()
        if not can(*OWN_MOUNTS):
            pytest.skip("this machine does not let its users make namespaces")
    without = Place(place.folder, {"TMPDIR": str(place.folder / "nowhere")})
    arguments = ("analyze", CLIP, "--time-range", *ONE_REP_S, "--save-vid", "--save-chart", "--quiet", "-o", "out")
    status, _, error = without.run(*arguments, before=before)
    assert (status, error) == (0, "")
    assert (place.folder / "out" / f"{CLIP.stem}_spineline" / "overlay.mp4").is_file()


# Room


@pytest.mark.long
@pytest.mark.skipif(not can(*OWN_MOUNTS), reason="this machine does not let its users make namespaces")
def test_a_disk_that_is_full_leaves_the_earlier_result_or_all_of_the_new_one(place: Place) -> None:
    """The same in disks of many sizes, so that there is no room for another file in each."""
    run_80 = (*ANALYZE, "--load", "80", "-o", "small")
    for load in ("60", "80"):
        assert place.run(*ANALYZE, "--load", load, "-o", load) == (0, "", "")
    earlier, later = (contents(place.folder / load / "squats_spineline") for load in ("60", "80"))
    (place.folder / "small").mkdir()
    found = []
    for size_kb in range(460, 1000, 36):
        mounted = f"mount -t tmpfs -o size={size_kb}k none small && cp -r 60/* small && "
        kept = '"$0" "$@"; status=$?; tar cf left.tar small; exit $status'
        status, _, error = place.run(*run_80, before=(*OWN_MOUNTS, "sh", "-c", mounted + kept))
        shutil.rmtree(place.folder / "left", ignore_errors=True)
        shutil.unpack_archive(place.folder / "left.tar", place.folder / "left", filter="data")
        check_clean(place.folder / "left")
        assert contents(place.folder / "left" / "small" / "squats_spineline") == (earlier if status else later)
        assert (status, error) == (0, "") or "No space left on device" in line(error)
        found.append(status)
    assert set(found) == {0, 2}
    assert found == sorted(found, reverse=True)


@pytest.mark.long
@pytest.mark.skipif(not can(*OWN_MOUNTS), reason="this machine does not let its users make namespaces")
def test_a_full_disk_under_the_history_costs_the_history_alone(place: Place) -> None:
    (place.folder / "data").mkdir()
    small = (*OWN_MOUNTS, "sh", "-c", 'mount -t tmpfs -o size=16k none data && "$0" "$@"')
    status, _, error = place.run(*ANALYZE, before=small)
    assert status == 0
    assert line(error).startswith("not kept in the history: ")
    assert (place.folder / "squats_spineline" / "analysis.json").is_file()
    assert place.run(*ANALYZE) == (0, "", "")
    assert place.sets_kept() == 1


# Processes that are ended


@pytest.mark.long
def test_a_process_that_is_ended_as_the_system_does_for_want_of_memory_costs_its_input_alone(place: Place) -> None:
    write_lift(place.folder / "more.npz", reps=3)
    inputs = ("squats.npz", "more.npz")
    with place.start("analyze", *inputs, "--workers", "2", "--quiet", "--save-chart") as program:
        while not (part := list(place.folder.glob(".spineline.*/new/analysis.json"))):
            assert program.poll() is None
        (worker, *_) = (pid for pid in processes_of(program.pid) if holds(pid, part[0].parents[1] / "lock"))
        os.kill(worker, signal.SIGKILL)
        error = program.communicate()[1]
    assert program.returncode == 2
    assert "its process was ended from outside (-9)" in line(error)
    (lost,) = (name for name in inputs if line(error).startswith(name))
    assert sorted(path.name for path in place.folder.glob("*_spineline")) == [
        f"{Path(name).stem}_spineline" for name in sorted(inputs) if name != lost
    ]
    assert place.run("analyze", lost, "--quiet") == (0, "", "")
    check_clean(place.folder)
    assert place.sets_kept() == 2


def holds(pid: int, file: Path) -> bool:
    """Tell whether a process has a file open."""
    return any(os.path.realpath(each) == str(file) for each in Path(f"/proc/{pid}/fd").glob("*"))


# The clock


@pytest.mark.long
@pytest.mark.skipif(not can("faketime", "now"), reason="needs faketime")
def test_a_clock_that_jumps_back_changes_nothing_but_dates(place: Place) -> None:
    """Years back at every start, and once in the middle of a run."""
    results = []
    for shift in ("+0d", "-400d", "+300d"):
        assert place.run("analyze", "squats.npz", *QUICK, "-o", "out", before=("faketime", "-f", shift)) == (0, "", "")
        results.append(contents(place.folder / "out" / "squats_spineline"))
        assert place.sets_kept() == 1
        check_clean(place.folder)
    stamp = place.folder / "clock"
    stamp.write_text("+0d")
    jumping = Place(place.folder, {"FAKETIME_TIMESTAMP_FILE": str(stamp), "FAKETIME_NO_CACHE": "1"})
    with jumping.start("analyze", "squats.npz", *QUICK, "-o", "out", before=("faketime", "-f", "+0d")) as program:
        while program.poll() is None:
            if any(path.name.startswith(".spineline.") for path in paths_below(place.folder / "out")):
                break
        stamp.write_text("-900d")
        assert (program.communicate()[1], program.returncode) == ("", 0)
    results.append(contents(place.folder / "out" / "squats_spineline"))
    assert results == [results[0]] * 4
    assert place.sets_kept() == 1


# The output


@pytest.mark.long
@pytest.mark.parametrize("option", ["--json", "--save-chart"])
def test_nobody_reads_what_is_printed(option: str, place: Place) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with place.start("analyze", "squats.npz", option, stdout=write_end) as program:
        os.close(write_end)
        assert (program.communicate()[1], program.returncode) == ("", 0)
    assert (place.folder / "squats_spineline" / "report.html").is_file()
