"""What was left half-written is told from what is being written."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spineline.io.leftovers import held, part_name, remove_leftovers
from spineline.io.results import result_folder
from spineline.io.whole_file import whole_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")

WRITER = """
import sys, time
from pathlib import Path
from spineline.io.results import result_folder
with result_folder(Path(sys.argv[1]) / "clip_spineline") as folder:
    (folder / "analysis.json").touch()
    print("writing", flush=True)
    time.sleep(60)
"""


def old(*parts: Path) -> None:
    """Make parts as old as those of an hour ago."""
    for part in parts:
        os.utime(part, (time.time() - 3600, time.time() - 3600))


def test_what_nobody_holds_goes_and_everything_else_stays(tmp_path: Path) -> None:
    folder, file, fresh = (tmp_path / part_name() for _ in range(3))
    (folder / "earlier").mkdir(parents=True)
    file.touch()
    old(folder, file)
    fresh.mkdir()
    for name in (".spineline.note", "x.part", "clip_spineline"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {fresh.name, ".spineline.note", "x.part", "clip_spineline"}
    remove_leftovers(tmp_path / "nowhere")


def test_what_is_being_written_stays_and_is_gone_with_its_process(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a.csv") as file, result_folder(tmp_path / "b_spineline") as folder:
        old(Path(file.name), folder)
        remove_leftovers(tmp_path)
        assert Path(file.name).exists()
        assert folder.exists()
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        writer.stdout.readline()
        (part,) = tmp_path.glob(".spineline.*.part")
        old(part)
        with held(part) as taken:
            assert not taken
        remove_leftovers(tmp_path)
        assert part.exists()
        writer.kill()
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", "b_spineline"}
