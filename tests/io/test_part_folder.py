"""Hidden folders of what is not finished: those of the living stay, those of the dead go."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from spineline.io import lock
from spineline.io.lock import locked
from spineline.io.part_folder import part_folder, sweep
from spineline.io.whole_file import whole_file, write_files

HOLDS = """
import sys
from pathlib import Path
from spineline.io.part_folder import part_folder
with part_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    print(folder, flush=True)
    sys.stdin.read()
"""


def holding(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that works in a hidden folder until its input ends; return that folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().rstrip("\n"))


def test_it_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    with part_folder(tmp_path) as folder:
        (folder / "half").write_text("half")
        assert [path.name[:11] for path in tmp_path.iterdir()] == [".spineline."]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("nth", [1, 2])
def test_nothing_is_left_if_it_is_stopped_as_soon_as_a_folder_is_made(
    nth: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir, left = Path.mkdir, nth

    def stopped(folder: Path) -> None:
        nonlocal left
        mkdir(folder)
        left -= 1
        if not left:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "mkdir", stopped)
    with pytest.raises(KeyboardInterrupt), part_folder(tmp_path):
        pass
    assert left == 0
    assert list(tmp_path.iterdir()) == []


def test_that_of_a_process_that_lives_stays_and_that_of_one_that_was_killed_goes(tmp_path: Path) -> None:
    process, folder = holding(tmp_path)
    with process:
        with part_folder(tmp_path) as other:
            assert (folder / "half").read_text() == "half"
            assert other != folder
        process.kill()
        process.wait()
        assert (folder / "half").read_text() == "half"
        with part_folder(tmp_path):
            assert not folder.parent.exists()
    assert list(tmp_path.iterdir()) == []


def test_those_of_one_process_do_not_sweep_each_other(tmp_path: Path) -> None:
    with part_folder(tmp_path) as one, part_folder(tmp_path) as two:
        sweep(tmp_path)
        assert one.is_dir()
        assert two.is_dir()


def test_many_that_begin_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    seen: list[str] = []
    at_once = threading.Barrier(8)

    def work(name: str) -> None:
        at_once.wait()
        for number in range(10):
            with whole_file(tmp_path / f"{name}{number}") as file:
                file.write(b"whole")
        seen.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list("abcdefgh")
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"whole"}
    assert len(list(tmp_path.iterdir())) == 80


@pytest.mark.parametrize("left", ["", "lock", "new/half", "lock new/half"])
def test_whatever_was_done_of_it_goes(left: str, tmp_path: Path) -> None:
    part = tmp_path / ".spineline.0123456789ab.part"
    part.mkdir()
    for name in left.split():
        (part / name).parent.mkdir(exist_ok=True)
        (part / name).write_text("half")
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_of_others_stays(tmp_path: Path) -> None:
    names = [".spineline.swap", "spineline.x.part", ".part", ".spineline.x.part.txt", ".spineline.part"]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / ".spineline.x.part").write_text("a file")
    (tmp_path / ".spineline.y.part").mkdir()
    (tmp_path / ".spineline.y.part" / "mine.txt").write_text("mine")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*names, ".spineline.x.part", ".spineline.y.part"]
    )
    assert (tmp_path / ".spineline.y.part" / "mine.txt").read_text() == "mine"


def test_where_the_disk_knows_no_locks_nothing_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(lock, "_lock", without)
    with part_folder(tmp_path) as one, part_folder(tmp_path) as two:
        assert one.is_dir()
        assert two.is_dir()
    assert list(tmp_path.iterdir()) == []


# The lock


def test_a_lock_is_waited_for_as_long_as_was_said(tmp_path: Path) -> None:
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(tmp_path / "lock"):
            begun.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait()
    with pytest.raises(BlockingIOError, match="another program is writing there"), locked(tmp_path / "lock"):
        pytest.fail("two have it")
    threading.Timer(0.1, done.set).start()
    with locked(tmp_path / "lock", wait_s=10.0):
        assert (tmp_path / "lock").exists()
    thread.join()
    assert list(tmp_path.iterdir()) == []


def test_only_one_has_it_at_a_time(tmp_path: Path) -> None:
    """Also while the file of the lock goes and comes."""
    within: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(50):
            with locked(tmp_path / "lock", wait_s=60.0):
                within.append(1)
                most.append(len(within))
                within.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 200


def test_a_lock_whose_file_went_while_it_was_taken_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = lock._lock
    went: list[int] = []

    def late(file: BinaryIO) -> None:
        if not went:
            went.append(1)
            (tmp_path / "lock").unlink()  # as who held it does at the end
        take(file)

    monkeypatch.setattr(lock, "_lock", late)
    with locked(tmp_path / "lock", wait_s=10.0):
        assert (tmp_path / "lock").exists()


# Several files


def test_where_one_of_several_files_cannot_be_written_none_is(tmp_path: Path) -> None:
    (tmp_path / "x.b").mkdir()
    (tmp_path / "x.a").write_text("before")
    with pytest.raises(Exception, match=r"x\.b: cannot be written"):
        write_files({".a": b"new", ".b": b"new"}, tmp_path / "x")
    assert (tmp_path / "x.a").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.a", "x.b"]
