"""Live sets of a simulated lifter, picture by picture: nothing is left out, and everything comes in a fixed order."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from spineline.app.analyze import Request
from spineline.app.live import Live
from spineline.app.lookout import Look, Lookout
from spineline.core.analysis import Analysis
from spineline.core.history import Record
from spineline.core.lifter import Observation
from spineline.core.recording import Plate, Recording
from spineline.core.settings import LiveSettings, Settings
from spineline.core.sim import Flaws, Move, lift, simulate
from spineline.core.track import PoseTrack
from spineline.io.config import Options
from spineline.io.dates import date_now
from spineline.io.film import Film
from spineline.io.shots import Event, Shot
from tests.app.test_live import Heard, Run, Watched
from tests.core.test_recording import observation
from tests.io.make_video import numbered_image

KIND = {"model": "full", "model_sha256": "ab" * 32, "spine_sha256": "cd" * 32, "mediapipe": "1.2.2"}
FPS = 10.0
LIVE = LiveSettings(judge_every_s=0.05, judge_share=1.0)
REPS = 2
_JUDGED_WITHIN = 8
"""So many pictures at most come before what was seen until now is judged."""

_POLL_S = 0.0005


def lifted(script: Sequence[Move], style: str = "goblet_squat", **changes: Any) -> PoseTrack:
    """Film a set with the jitter of a pose model."""
    flaws = Flaws(noise_px=1.0, seed=3)
    return simulate(script, style=style, **{"fps": FPS, "flaws": flaws, "silhouettes": False, **changes}).track


class SimulatedEyes:
    """See in each picture what the track says of the frame of its number."""

    def __init__(self, track: PoseTrack, people: int = 1) -> None:
        self.people = people
        self._track = track

    def look(self, shot: Shot) -> Observation | None:
        """Look at a picture for the lifter."""
        return observation(self._track, shot.index, 0) if self._track.seen[shot.index] else None

    def look_around(self, _shot: Shot) -> None:
        """See nobody else."""

    def plate(self, shot: Shot, _seen: Observation | None) -> Plate | None:
        """Look for the plate."""
        x, y, radius, score = (float(value) for value in self._track.plate_px[shot.index])
        return (x, y, radius, score) if np.isfinite(score) else None


class StepwiseFeed:
    """Give a picture whenever somebody waits for one; events stand before the pictures of their numbers."""

    def __init__(self, track: PoseTrack, events: Mapping[int, Event | Exception], *, live: bool) -> None:
        self.live = live
        self.given = 0
        self.clock = time.perf_counter
        self.may_give: Callable[[], bool] = lambda: True
        self._track, self._events = track, dict(events)
        self._pictures = [numbered_image(number % 1024, width_px=64, height_px=48) for number in range(len(track))]

    def next(self, timeout_s: float) -> Shot | Event | None:
        """Give what is next, once it may be given."""
        until_s = time.monotonic() + timeout_s
        while not self.may_give():
            if time.monotonic() > until_s:
                return None
            time.sleep(_POLL_S)
        item = self._events.pop(self.given, None)
        if isinstance(item, Exception):
            raise item
        if item:
            return item
        if self.given == len(self._track):
            return None if self.live else Event("ended", "the video is over")
        scale = 64 / self._track.image_size_px[0]
        time_s = float(self._track.time_s[self.given])
        self.given += 1
        return Shot(self._pictures[self.given - 1], time_s, self.clock(), self.given - 1, scale)


class StepwiseLookout(Lookout):
    """Look at a picture only while the last one is not being worked on any more."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.waiting = False
        self._seeing = threading.Lock()

    def _see(self, shot: Shot) -> None:
        with self._seeing:
            super()._see(shot)

    def begin_set(self, film: Film | None) -> Recording | None:
        """Begin a set once the last picture was seen to its end."""
        with self._seeing:
            pass
        return super().begin_set(film)

    def recording(self) -> Recording | None:
        """Return what was seen, the last picture included."""
        with self._seeing:
            pass
        return super().recording()

    def next(self, timeout_s: float) -> Look | Event | None:
        """Wait for the next."""
        self.waiting = True
        try:
            return super().next(timeout_s)
        finally:
            self.waiting = False

    @property
    def idle(self) -> bool:
        """Whether what was seen last has been taken, and more is waited for."""
        return self.waiting and self._look is None and not self._events


def watch_simulated(
    track: PoseTrack,
    *,
    keys: Mapping[int, list[str]] | None = None,
    events: Mapping[int, Event | Exception] | None = None,
    screen: Watched | None = None,
    sounds: Any = None,
    record: Path | None = None,
    live: bool = False,
    request: Request | None = None,
    people: int = 1,
    stopped: Callable[[Watched], bool] = lambda _screen: False,
    keep: Callable[[Record], None] | None = None,
    date: Callable[[], str] = date_now,
) -> Run:
    """Watch a simulated lifter live; ``keys`` are pressed once so many pictures have been shown."""
    shown = screen or Watched(keys=dict(keys or {}))
    run = Run(shown, sounds or Heard(), [], [])
    settings = Settings(live=LIVE)
    asked = request or Request(options=Options(), settings=settings, report=False)
    feed = StepwiseFeed(track, events or {}, live=live)
    eyes = SimulatedEyes(track, people)
    with StepwiseLookout(feed, eyes, asked.settings.live, patient=True) as lookout:
        watched = Live(
            lookout,
            shown,
            run.heard,  # type: ignore[arg-type]
            asked,
            source="simulated",
            eyes_kind=KIND,
            record=record,
            say=run.said.append,
            show_summary=run.summaries.append,
            clock=feed.clock,
            keep=keep,
            date=date,
        )
        _keep_in_step(feed, lookout, watched)
        watched.run(lambda: stopped(shown))
    return run


def _keep_in_step(feed: StepwiseFeed, lookout: StepwiseLookout, watched: Live) -> None:
    """Give no picture before the last was shown, nor before those some way back were judged."""
    judged = 0
    judge = watched._judge
    analyze = judge._analyze

    def counted(track: PoseTrack) -> Analysis:
        nonlocal judged
        begun = feed.given
        found = analyze(track)
        judged = begun
        return found

    def may_give() -> bool:
        caught_up = feed.given - judged <= _JUDGED_WITHIN or lookout.recording() is None or not judge._thread.is_alive()
        return lookout.idle and caught_up

    judge._analyze = counted
    feed.may_give = may_give


@cache
def one_set(rounding_deg: float = 0.0, *, style: str = "goblet_squat", reps: int = REPS) -> PoseTrack:
    """Film a set after calm standing."""
    return lifted(lift(style, reps=reps, rounding_deg=rounding_deg, before_s=2.5, after_s=1.5), style=style)


@cache
def two_sets() -> PoseTrack:
    """Film a set, calm standing, and another set."""
    script = lift("goblet_squat", reps=REPS, before_s=2.5, after_s=1.5)
    return lifted([*script, *script])


def frame_of(track: PoseTrack, time_s: float) -> int:
    """Return the first frame from a time on."""
    return int(np.searchsorted(track.time_s, time_s))


def half(track: PoseTrack) -> int:
    """Return the frame with which the second of `two_sets` begins."""
    return len(track) // 2


def reps_in(text: str) -> list[dict[str, Any]]:
    """Return the reps of an `analysis.json`."""
    return list(json.loads(text)["reps"])


def told(run: Run) -> list[str]:
    """Return the lines about reps."""
    return [line for line in run.said if line[0] in "✓○▲■?"]
