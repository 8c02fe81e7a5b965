"""However a live set ends: no thread is left, the camera is let go of, what was seen is told."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import pytest

from benchmarks.live import Played
from spineline.app.analyze import Request, Summary
from spineline.app.live import Live
from spineline.app.lookout import Eyes, Lookout
from spineline.core.settings import CameraSettings, Settings
from spineline.core.track import PoseTrack
from spineline.io.config import Options
from spineline.io.feed import Feed
from spineline.io.live_picture import Showing
from spineline.io.sound import Sounds
from spineline.io.video import read_frames
from tests.app.test_live import CLIP, Watched, watch

PATIENCE_S = 60.0


@dataclass
class Until(Watched):
    """A screen that is closed once something holds, asked after every step."""

    holds: Callable[[Showing], bool] = lambda _: False
    held: bool = False
    tired_s: float = field(default_factory=lambda: time.monotonic() + PATIENCE_S)

    @property
    def open(self) -> bool:
        """False once it holds, or would have to long ago."""
        self.held = bool(self.shown) and self.holds(self.shown[-1])
        return not self.held and time.monotonic() < self.tired_s


class OneByOne(Played):
    """A camera that gives so many pictures and then waits to be told; the first is for whoever opens it."""

    allowed, given = 2, 0

    def grab(self) -> bool:  # noqa: D102
        if self.given >= self.allowed:
            return False
        self.given += 1
        return super().grab()


@dataclass
class NewSetAtOnce(Until):
    """A screen at which a new set is begun after the first picture, and the end is asked for after the second."""

    camera: OneByOne | None = None
    pictures: int = 0

    def key(self) -> str | None:
        """Press a key for each new picture."""
        pictures = len({id(showing.moment) for showing in self.shown if showing.moment})
        if not self.camera or pictures == self.pictures:
            return None
        self.pictures = pictures
        self.camera.allowed += 1
        return "r" if pictures == 1 else "q"


@pytest.fixture(scope="module")
def jpegs() -> list[Any]:
    return [cv2.imencode(".jpg", frame.image[..., ::-1])[1] for frame in islice(read_frames(CLIP), 60)]


def play(
    camera: Played, screen: Watched, model: Path, *, settings: CameraSettings | None = None, record: Path | None = None
) -> list[Summary]:
    """Watch a camera that goes on for ever."""
    request, summaries = Request(options=Options(), settings=Settings(), report=False), list[Summary]()
    with (
        Eyes(model) as eyes,
        Feed("0", settings=settings, opener=lambda *_: camera) as feed,
        Sounds(True) as sounds,
        Lookout(feed, eyes, request.settings.live) as lookout,
    ):
        Live(
            lookout,
            screen,
            sounds,
            request,
            source=feed.name,
            eyes_kind=eyes.kind,
            record=record,
            say=lambda _: None,
            show_summary=summaries.append,
            clock=feed.clock,
        ).run(lambda: False)
    return summaries


def own_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("spineline")]


def test_closing_the_window_while_the_set_is_judged(
    pose_model: Path, jpegs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    judging, closed = threading.Event(), threading.Event()
    analyze = Live._analyze

    def slow(self: Live, track: PoseTrack) -> Any:
        if threading.current_thread() is not threading.main_thread():
            judging.set()
            assert closed.wait(PATIENCE_S)
        return analyze(self, track)

    def is_judged(_: Showing) -> bool:
        if judging.is_set() and len(screen.shown) > 3:
            closed.set()
        return closed.is_set()

    monkeypatch.setattr(Live, "_analyze", slow)
    camera = Played(jpegs, (640, 480), 30.0)
    screen = Until(holds=is_judged)
    (summary,) = play(camera, screen, pose_model)
    assert screen.held
    assert '"reps": []' in summary.text
    assert own_threads() == []
    assert camera.released


def test_a_source_that_ends_while_paused_ends_the_set(pose_model: Path) -> None:
    run = watch(CLIP, pose_model, screen=Watched(keys={5: ["space"]}))
    assert "paused" in run.said
    assert run.said[-1].endswith("the video is over")
    assert len(run.summaries) == 1
    assert 5 <= len([showing for showing in run.screen.shown if showing.moment]) < 30
    assert own_threads() == []


def test_that_the_camera_is_gone_is_shown_though_there_is_no_picture(pose_model: Path, jpegs: list[Any]) -> None:
    screen = Until(holds=lambda showing: "no picture any more" in showing.advice)
    camera = OneByOne(jpegs, (640, 480), 30.0)
    camera.allowed = 30
    assert len(play(camera, screen, pose_model, settings=CameraSettings(lost_s=0.3))) == 1
    assert screen.held
    assert own_threads() == []
    assert camera.released


def test_what_was_opened_is_no_advice(pose_model: Path) -> None:
    run = watch(CLIP, pose_model, screen=Watched(closes_after=3))
    assert "640 x 480" in run.said[0]
    assert all("640 x 480" not in showing.advice for showing in run.screen.shown)


def test_a_set_of_one_picture_is_none(pose_model: Path, jpegs: list[Any], tmp_path: Path) -> None:
    camera = OneByOne(jpegs, (640, 480), 30.0)
    screen = NewSetAtOnce(camera=camera)
    patient = CameraSettings(lost_s=30.0)
    assert play(camera, screen, pose_model, settings=patient, record=tmp_path / "kept") == []
    assert screen.pictures == 2
    assert not list(tmp_path.rglob("*.*"))
