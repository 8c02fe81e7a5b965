"""The video of a live set: exact times, and an end in every case, whatever the disk or the encoder does."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from spineline.core.picture import Image
from spineline.io import film as film_module
from spineline.io.encode import write_h264
from spineline.io.film import Film
from spineline.io.video import read_frames
from tests.contents import paths_below
from tests.io.make_video import numbered_image, read_number

LONG_S = 20.0  # for what surely comes; never waited for
EXACT_S = 12e-6


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert "spineline-film" not in {thread.name for thread in threading.enumerate()}


class Gate:
    """Stands before the encoder and lets pictures through when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened, self.reached = threading.Event(), threading.Event()
        monkeypatch.setattr(film_module, "write_h264", self._write)

    def _write(self, pictures: Iterable[tuple[float, Image]], path: Path) -> int:
        return write_h264(self._let_through(pictures), path)

    def _let_through(self, pictures: Iterable[tuple[float, Image]]) -> Iterator[tuple[float, Image]]:
        for picture in pictures:
            self.reached.set()
            assert self.opened.wait(LONG_S)
            yield picture


def filmed(path: Path, times_s: Iterable[float]) -> Film:
    """Film numbered pictures, as fast as the encoder takes them."""
    film = Film(path)
    for number, time_s in enumerate(times_s):
        film.add(time_s, numbered_image(number))
        while film._frames.full():
            threading.Event().wait(0.001)
    film.close()
    return film


def read_back(path: Path) -> list[tuple[float, int]]:
    with read_frames(path) as frames:
        return [(frame.time_s, read_number(frame.image)) for frame in frames]


@pytest.mark.parametrize("start_s", [0.0, 3.2109, 71_234.56789])
def test_every_picture_has_its_exact_time(start_s: float, tmp_path: Path) -> None:
    steps_s = np.random.default_rng(7).uniform(0.008, 0.4, 150)
    times_s = (start_s + np.cumsum(steps_s)).tolist()
    film = filmed(tmp_path / "video.mp4", times_s)
    assert (film.start_s, film.lost, film.trouble, film.remark) == (times_s[0], 0, None, None)
    found = read_back(tmp_path / "video.mp4")
    assert [number for _, number in found] == list(range(150))
    assert film.start_s is not None
    np.testing.assert_allclose([film.start_s + time_s for time_s, _ in found], times_s, rtol=0, atol=EXACT_S)


def test_pictures_that_the_encoder_is_too_slow_for_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    film = Film(tmp_path / "video.mp4")
    film.add(0.0, numbered_image(0))
    assert gate.reached.wait(LONG_S)
    room = film_module._WAITING
    for number in range(1, room + 8):
        film.add(number / 30, numbered_image(number))
    assert film.lost == 7
    assert film.remark == "7 pictures are not in the video, because writing it took too long"
    gate.opened.set()
    while film._frames.full():
        threading.Event().wait(0.001)
    film.add(200 / 30, numbered_image(200))
    film.close()
    found = read_back(tmp_path / "video.mp4")
    assert [number for _, number in found] == [*range(room + 1), 200]
    np.testing.assert_allclose([time_s for time_s, _ in found], [n / 30 for _, n in found], rtol=0, atol=EXACT_S)


def test_closing_waits_for_a_slow_encoder_with_a_full_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    film = Film(tmp_path / "video.mp4")
    for number in range(film_module._WAITING + 40):
        film.add(number / 30, numbered_image(number))
    closing = threading.Thread(target=film.close)
    closing.start()
    gate.opened.set()
    closing.join(LONG_S)
    assert not closing.is_alive()
    assert len(read_back(tmp_path / "video.mp4")) + film.lost == film_module._WAITING + 40


def test_without_pictures_there_is_no_file(tmp_path: Path) -> None:
    film = Film(tmp_path / "video.mp4")
    film.close()
    assert (film.start_s, film.lost, film.remark) == (None, 0, None)
    assert list(tmp_path.iterdir()) == []


def test_closing_twice_is_no_harm(tmp_path: Path) -> None:
    film = filmed(tmp_path / "video.mp4", [0.0, 0.1])
    film.close()
    assert len(read_back(tmp_path / "video.mp4")) == 2


# Trouble


def in_trouble(film: Film, *, pictures: int = 500) -> str:
    """Film on, whatever happens, and return what is said of it."""
    for number in range(pictures):
        film.add(number / 30, numbered_image(number % 1000))
    film.close()
    assert film.trouble is not None
    assert film.remark == film.trouble
    assert "\n" not in film.trouble
    return film.trouble


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "video.mp4"
    said = in_trouble(Film(path))
    assert said.startswith(f"{path}: cannot be written (No such file or directory)")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not remove what is open")
def test_a_folder_that_vanishes_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    folder = tmp_path / "set"
    folder.mkdir()
    film = Film(folder / "video.mp4")
    film.add(0.0, numbered_image(0))
    assert gate.reached.wait(LONG_S)
    gate.opened.set()
    film.add(0.1, numbered_image(1))
    deadline_s = time.monotonic() + LONG_S
    while not any(path.name == "video.mp4" for path in paths_below(folder)) and time.monotonic() < deadline_s:
        time.sleep(0.001)  # what is being made while all is removed would come back
    shutil.rmtree(folder)
    film.close()
    assert film.trouble
    assert film.trouble.startswith(f"{folder / 'video.mp4'}: cannot be written (")
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="uses a place of Linux that nobody can write to")
def test_a_folder_that_cannot_be_written_to_is_said() -> None:
    assert in_trouble(Film(Path("/proc/video.mp4"))).startswith("/proc/video.mp4: cannot be written (")


@pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "fork"), reason="needs a limit that Windows lacks")
def test_a_disk_that_fills_up_is_said_and_nothing_half_written_stays(tmp_path: Path) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
    try:
        said = in_trouble(Film(tmp_path / "video.mp4"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert said.startswith(f"{tmp_path / 'video.mp4'}: cannot be written (File too large)")
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_two_sizes_are_said(tmp_path: Path) -> None:
    film = Film(tmp_path / "video.mp4")
    film.add(0.0, numbered_image(0))
    film.add(0.1, numbered_image(1, width_px=320))
    film.close()
    assert film.trouble
    assert "different sizes" in film.trouble
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_is_none_ends_the_video_and_nothing_else(tmp_path: Path) -> None:
    film = Film(tmp_path / "video.mp4")
    film.add(0.0, np.zeros((0, 0, 3), np.uint8))
    film.add(0.1, numbered_image(1))
    film.close()
    assert film.trouble
    assert list(tmp_path.iterdir()) == []
