"""The thread between a source and its reader: the newest picture, events in their place, and an end in every case."""

from __future__ import annotations

import http.server
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from spineline.errors import CameraError, InputError
from spineline.io.feed import Feed
from spineline.io.shots import Event, Shot
from spineline.io.video import read_frames
from tests.io.fake_camera import Bench, Closed, FakeCapture, FakeClock, scene
from tests.io.make_video import write_video

SAMPLE = Path(__file__).parents[2] / "samples" / "squat_neutral.mp4"
LONG_S = 20.0  # for what surely comes; never waited for


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert "spineline-feed" not in {thread.name for thread in threading.enumerate()}


class StepByStep(FakeCapture):
    """A camera that gives a picture only when it is told to, and says when it has come for the one after."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__([], clock)
        self.orders = threading.Semaphore(1)  # the opening takes one
        self.waiting = threading.Semaphore(0)
        self.count = 0
        self.broken = False

    def grab(self) -> bool:
        """Wait for the order."""
        self.waiting.release()
        assert self.orders.acquire(timeout=LONG_S)
        self.clock.now_s += 1 / 32
        self.count += 1
        return not self.broken

    def retrieve(self) -> tuple[bool, Any]:
        """Hand out the picture of this number."""
        return True, scene(self.count)

    def give(self, count: int) -> None:
        """Have so many pictures taken, and wait until they are."""
        for _ in range(count):
            self.orders.release()
            assert self.waiting.acquire(timeout=LONG_S)

    def await_opening(self) -> None:
        """Wait until it is open and has come for the first picture of the feed."""
        for _ in range(2):
            assert self.waiting.acquire(timeout=LONG_S)


class Stage:
    """A feed from a camera that goes step by step."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.camera = StepByStep(self.clock)
        self.feed = Feed("0", clock=self.clock, pause=self.clock.pause, opener=Bench([self.camera]))

    def __enter__(self) -> Stage:
        self.feed.__enter__()
        self.camera.await_opening()
        return self

    def __exit__(self, *exc_info: object) -> None:
        for _ in range(3):
            self.camera.orders.release()
        self.feed.close()
        assert self.camera.released


def kind_of(item: Shot | Event | None) -> str:
    return item.kind if isinstance(item, Event) else type(item).__name__


def test_the_newest_wins_and_the_others_are_counted() -> None:
    with Stage() as stage:
        stage.camera.give(5)
        assert kind_of(stage.feed.next(0)) == "opened"
        shot = stage.feed.next(0)
        assert isinstance(shot, Shot)
        assert (shot.index, stage.feed.dropped) == (4, 4)
        np.testing.assert_array_equal(shot.image, scene(6)[:, :, ::-1])
        assert stage.feed.next(0) is None
        stage.camera.give(1)
        shot = stage.feed.next(0)
        assert isinstance(shot, Shot)
        assert (shot.index, stage.feed.dropped) == (5, 4)
        assert shot.grabbed_s == stage.clock()


def test_a_camera_that_does_not_answer_is_told_by_the_reader() -> None:
    with Stage() as stage:
        stage.camera.give(1)
        assert [kind_of(stage.feed.next(0)) for _ in range(3)] == ["opened", "Shot", "NoneType"]
        stage.clock.now_s += 1.9
        assert stage.feed.next(0) is None
        stage.clock.now_s += 0.2
        assert kind_of(stage.feed.next(0)) == "lost"
        stage.clock.now_s += 100.0
        assert stage.feed.next(0) is None  # said once
        stage.camera.give(1)
        assert [kind_of(stage.feed.next(0)) for _ in range(3)] == ["back", "Shot", "NoneType"]
        stage.clock.now_s += 2.1
        assert kind_of(stage.feed.next(0)) == "lost"


def test_a_loss_is_not_told_twice() -> None:
    clock = FakeClock()
    first, second = StepByStep(clock), StepByStep(clock)
    with Feed("0", clock=clock, pause=clock.pause, opener=Bench([first, second])) as feed:
        first.await_opening()
        clock.now_s += 3.0
        assert [kind_of(feed.next(0)) for _ in range(3)] == ["opened", "lost", "NoneType"]
        first.broken = True
        first.orders.release()  # this grab fails: the thread, too, finds the camera gone, and opens it anew
        second.await_opening()
        second.give(1)
        assert [kind_of(feed.next(0)) for _ in range(3)] == ["back", "Shot", "NoneType"]
        for _ in range(3):
            second.orders.release()
    assert first.released
    assert second.released


def test_events_keep_their_place() -> None:
    clock = FakeClock()
    done = threading.Event()

    class Waiting(Bench):
        def __call__(self, target: int | str, backend: int, parameters: Sequence[int], /) -> FakeCapture:
            """Open the next; after the last, tell so."""
            if self.captures:
                return super().__call__(target, backend, parameters)
            done.set()
            return Closed([], clock)

    gone = [False] * 200
    bench = Waiting([FakeCapture([scene(k), scene(k + 1), *gone], clock) for k in (0, 2)])
    with Feed("0", clock=clock, pause=clock.pause, opener=bench) as feed:
        assert done.wait(LONG_S)
        assert [kind_of(feed.next(0)) for _ in range(6)] == ["opened", "lost", "back", "Shot", "lost", "NoneType"]
        assert feed.dropped == 1


@pytest.mark.parametrize("source", ["0", "rtsp://10.0.0.5/live"])
def test_what_cannot_be_opened_is_an_error_at_once(source: str) -> None:
    clock = FakeClock()
    feed = Feed(source, clock=clock, pause=clock.pause, opener=Bench([Closed([], clock)]))
    with pytest.raises(CameraError, match=r"^(camera 0|rtsp://10\.0\.0\.5): "), feed:
        pass
    assert feed.next(LONG_S) is None


# Videos


def test_every_picture_of_a_video_comes_without_pace() -> None:
    with Feed(str(SAMPLE), pace=False, max_side_px=160) as feed, read_frames(SAMPLE, max_side_px=160) as frames:
        assert not feed.live
        assert kind_of(feed.next(LONG_S)) == "opened"
        for frame in frames:
            shot = feed.next(LONG_S)
            assert isinstance(shot, Shot)
            assert (shot.time_s, shot.index) == (frame.time_s, frame.index)
            np.testing.assert_array_equal(shot.image, frame.image)
        assert kind_of(feed.next(LONG_S)) == "ended"
        assert feed.next(LONG_S) is None
        assert feed.dropped == 0


def test_with_pace_a_slow_reader_misses_pictures(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", [number / 32 for number in range(40)])
    clock = FakeClock()
    arrived = threading.Event()

    def pause(seconds: float) -> bool:
        clock.pause(seconds)
        if clock() > 1001.2:
            arrived.set()
        return False

    with Feed(str(clip), clock=clock, pause=pause) as feed:
        assert arrived.wait(LONG_S)
        items: list[Shot | Event | None] = []
        while kind_of(items[-1] if items else None) != "ended":
            items.append(feed.next(LONG_S))
    assert kind_of(items[0]) == "opened"
    assert sum(isinstance(item, Shot) for item in items) + feed.dropped == 40
    assert feed.dropped > 30


def test_leaving_early_ends_the_thread() -> None:
    for pace in (True, False):
        with Feed(str(SAMPLE), pace=pace) as feed:
            assert kind_of(feed.next(LONG_S)) == "opened"
        feed.close()  # once more does no harm


def test_what_is_no_video_is_an_error(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video\n" * 20)
    for source in (str(text), str(tmp_path / "nowhere.mp4"), str(tmp_path), ""):
        with pytest.raises(InputError), Feed(source):
            pass


def test_what_goes_wrong_in_the_thread_reaches_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise InputError("decoding failed")

    monkeypatch.setattr("spineline.io.shots.read_frames", broken)
    with Feed(str(SAMPLE), pace=False) as feed:
        assert kind_of(feed.next(LONG_S)) == "opened"
        with pytest.raises(InputError, match="decoding failed"):
            feed.next(LONG_S)
        assert feed.next(LONG_S) is None


@pytest.mark.skipif(os.name == "nt", reason="Windows hears Ctrl-C only after the waiting")
def test_ctrl_c_is_heard_while_waiting() -> None:
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    clock = FakeClock()
    capture = StepByStep(clock)
    pressed = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    try:
        with (  # noqa: PT012 - the one statement that raises is in a block
            pytest.raises(KeyboardInterrupt),
            Feed("0", clock=clock, pause=clock.pause, opener=Bench([capture])) as feed,
        ):
            capture.await_opening()
            assert kind_of(feed.next(LONG_S)) == "opened"
            try:
                pressed.start()
                feed.next(LONG_S)
            finally:
                capture.orders.release()
    finally:
        pressed.join()
        signal.signal(signal.SIGINT, previous)
    assert capture.released


# A stream, for real


class _Stream(http.server.BaseHTTPRequestHandler):
    """Sends numbered pictures as network cameras do, until the other side has enough."""

    def do_GET(self) -> None:
        """Send."""
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
        self.end_headers()
        number = 0
        try:
            while number < 10_000:
                number += 1
                data = cv2.imencode(".jpg", scene(number, width_px=160, height_px=120))[1].tobytes()
                head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_a_stream_is_read_although_the_proxies_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Stream)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        with Feed(f"http://127.0.0.1:{server.server_port}/live") as feed:
            assert feed.live
            opened = feed.next(LONG_S)
            assert kind_of(opened) == "opened"
            shots = [feed.next(LONG_S) for _ in range(5)]
        assert [kind_of(shot) for shot in shots] == ["Shot"] * 5
        times_s = [shot.time_s for shot in shots if isinstance(shot, Shot)]
        assert times_s == sorted(set(times_s))
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
