"""The real program where something about the machine is wrong, or changes: rights, memory, clock, other processes."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spineline.app.cli import run
from tests.app.make_inputs import CLIP, ONE_REP_S, write_lift
from tests.faults.program import Place, check_clean, contents

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="arranges what is wrong as Linux can")

WITHOUT_RIGHTS = ("setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")
"""Rights of files count for root too then."""

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


@pytest.mark.parametrize("processes", [3, pytest.param(8, marks=pytest.mark.long)])
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
        before = ("unshare", "--mount", "--map-root-user", "sh", "-c", filled + 'exec "$0" "$@"')
        (place.folder / "nowhere").mkdir()
        if not can("unshare", "--mount", "--map-root-user"):
            pytest.skip("this machine does not let its users make namespaces")
    without = Place(place.folder, {"TMPDIR": str(place.folder / "nowhere")})
    arguments = ("analyze", CLIP, "--time-range", *ONE_REP_S, "--save-vid", "--save-chart", "--quiet", "-o", "out")
    status, _, error = without.run(*arguments, before=before)
    assert (status, error) == (0, "")
    assert (place.folder / "out" / f"{CLIP.stem}_spineline" / "overlay.mp4").is_file()


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
        while not list((place.folder / "out").rglob(".spineline.*")) and program.poll() is None:
            pass
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
