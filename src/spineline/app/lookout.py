"""The threads behind a live set.

One looks through the pictures of a feed for the lifter; one looks for the plate in them, at best while nothing is
drawn; one has the set so far judged, again and again.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from spineline.app.footage import seen_with
from spineline.core.analysis import Analysis
from spineline.core.lifter import Observation
from spineline.core.recording import Plate, Recording
from spineline.core.settings import LiveSettings
from spineline.core.track import PoseTrack
from spineline.io.feed import Feed
from spineline.io.plate import PlateFollower
from spineline.io.pose import PoseObserver
from spineline.io.shots import Event, Shot
from spineline.io.spine_net import SpineNet

if TYPE_CHECKING:
    from spineline.io.film import Film

_WAIT_S: Final = 0.1
_MOST_UNFINISHED: Final = 4
_DRAWN_WITHIN_S: Final = 0.05
_REMEMBERED: Final = 31
"""Times of which the median is taken for that of one picture."""


class Eyes:
    """Pose, spine and plate in one picture after another, as long as the ``with`` block lasts."""

    def __init__(self, model: Path) -> None:
        self._model = model
        self._spine, self._plates = SpineNet(), PlateFollower()
        self._observer = PoseObserver(model, self._spine)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._observer.__exit__(kind, error, trace)

    @property
    def kind(self) -> dict[str, str]:
        """By what models pictures are seen, for the source of a track."""
        return seen_with(self._model, self._spine.sha256)

    @property
    def people(self) -> int:
        """How many were in sight when everybody was looked for last."""
        return self._observer.people

    def look(self, shot: Shot) -> Observation | None:
        """Look through a picture for the lifter; None where not found."""
        return self._observer.find(shot.image, shot.time_s, shot.scale)

    def look_around(self, shot: Shot) -> None:
        """Look through it for everybody, now and then."""
        self._observer.look_around(shot.image, shot.time_s)

    def plate(self, shot: Shot, seen: Observation | None) -> Plate | None:
        """Look through it for the bar's plate; None where not found."""
        landmarks_px = seen.person.landmarks_px if seen else None
        return self._plates.follow(shot.image, shot.time_s, landmarks_px, shot.scale)


@dataclass(frozen=True, eq=False)
class Look:
    """One picture looked through.

    Attributes
    ----------
    time_s
        Of the picture, since the set began.
    recent
        The track of the last seconds, which ends with it; the plate is not looked for in it yet.
    people
        How many are in sight.
    took_s
        How long it took to find the lifter.
    """

    shot: Shot
    time_s: float
    recent: PoseTrack
    people: int
    took_s: float


@dataclass(frozen=True, eq=False)
class _Unfinished:
    """A frame of a recording, by its number, in which the plate is not looked for yet."""

    recording: Recording
    number: int
    shot: Shot
    seen: Observation | None


class Lookout:
    """Looks through the newest pictures of a feed, and gathers what was seen of the present set.

    The newest picture wins. One that has waited for too long is left for the next, so that the delay stays bounded
    where looking takes longer than a camera takes to give the next; never two in a row.

    Parameters
    ----------
    feed
        Open.
    eyes
        Open.
    settings
    patient
        Leave no picture out: a feed that does not play in real time waits.

    Attributes
    ----------
    looked, late
        Pictures looked through, and left out because they had waited.
    paused
        While True, pictures are passed over.
    """

    def __init__(
        self,
        feed: Feed,
        eyes: Eyes,
        settings: LiveSettings,
        *,
        patient: bool = False,
    ) -> None:
        self.looked = self.late = 0
        self.paused = False
        self._feed, self._eyes, self._settings, self._patient = feed, eyes, settings, patient
        self._took_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._changed = threading.Condition()
        self._recording: Recording | None = None
        self._film: Film | None = None
        self._zero_s: float | None = None
        self._sets = 0
        self._look: Look | None = None
        self._events: deque[Event] = deque()
        self._error: BaseException | None = None
        self._stopping = self._over = self._just_left = False
        self._unfinished: deque[_Unfinished] = deque()
        self._drawing = False
        self._threads = [
            threading.Thread(target=self._run, name="spineline-lookout", daemon=True),
            threading.Thread(target=self._finish, name="spineline-plates", daemon=True),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def begin_set(self, film: Film | None) -> Recording | None:
        """Begin a new set with the next picture, its times at 0; `film` is given its pictures.

        Returns
        -------
        What was seen of the set before; None if nothing was.
        """
        with self._changed:
            before = self._recording
            self._recording, self._film, self._zero_s, self._look = None, film, None, None
            self._sets += 1
            self._wait_for_plates()
            return before

    def forget_before(self, time_s: float) -> None:
        """Leave out of the present set what was seen before a time of it."""
        with self._changed:
            self._wait_for_plates()
            if self._recording:
                self._recording = self._recording.since(time_s)

    def recording(self) -> Recording | None:
        """Return what was seen of the present set so far; None before its first picture."""
        with self._changed:
            self._wait_for_plates()
            return self._recording.since(-float("inf")) if self._recording else None

    def next(self, timeout_s: float) -> Look | Event | None:
        """Return an event, or the newest picture looked through since the last call, or None if neither came in time.

        Raises
        ------
        SpinelineError
            The source or a model failed.
        """
        with self._changed:
            self._let_plates_be_found()
            self._changed.wait_for(lambda: self._look or self._events or self._over, timeout_s)
            if self._events:
                return self._events.popleft()
            look, self._look = self._look, None
            self._drawing = look is not None
            if look is None and self._error is not None:
                error, self._error = self._error, None
                raise error
            return look

    @property
    def over(self) -> bool:
        """Whether nothing more will come, no error either."""
        return self._over and not self._events and self._look is None and self._error is None

    def _run(self) -> None:
        try:
            with self._changed:  # no picture before the first set is lost
                self._changed.wait_for(lambda: self._sets or self._stopping)
            while not self._stopping:
                item = self._feed.next(_WAIT_S)
                if isinstance(item, Shot):
                    if not self.paused and not self._too_old(item):
                        self._see(item)
                elif isinstance(item, Event):
                    self._tell(item)
                    if item.kind == "ended":
                        break
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the reader
            self._error = error
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def _too_old(self, shot: Shot) -> bool:
        """Tell whether a picture has waited for too long, and the next is worth waiting for."""
        if self._patient or not self._took_s or self._just_left:
            self._just_left = False
            return False
        age_s = self._feed.clock() - shot.grabbed_s
        self._just_left = age_s > self._settings.max_age_share * statistics.median(self._took_s)
        self.late += self._just_left
        return self._just_left

    def _see(self, shot: Shot) -> None:
        began_s = time.perf_counter()
        with self._changed:
            number = self._sets
            if self._recording is None:
                size_px = (round(shot.image.shape[1] / shot.scale), round(shot.image.shape[0] / shot.scale))
                self._recording = Recording(size_px)
            if self._zero_s is None:
                # The first set of a file keeps the times of the file.
                self._zero_s = shot.time_s if self._feed.live or number > 1 else 0.0
            film, time_s = self._film, shot.time_s - self._zero_s
        seen = self._eyes.look(shot)
        with self._changed:
            recording = self._recording
            if recording is None or number != self._sets:  # a new set has begun meanwhile
                return
            self._unfinished.append(_Unfinished(recording, len(recording), shot, seen))
            recording.add(time_s, seen)
            recent = recording.since(time_s - self._settings.window_s).track()
            self._look = Look(shot, time_s, recent, self._eyes.people, time.perf_counter() - began_s)
            self._changed.notify_all()
        if film:
            film.add(time_s, shot.image)
        self._eyes.look_around(shot)
        self.looked += 1
        self._took_s.append(time.perf_counter() - began_s)
        with self._changed:
            self._changed.wait_for(lambda: len(self._unfinished) <= _MOST_UNFINISHED)

    def _finish(self) -> None:
        """Find the plates, at best while nothing is drawn and the next picture is looked through."""
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._unfinished or self._over)
                    if not self._unfinished:
                        return
                    self._changed.wait_for(lambda: not self._drawing, _DRAWN_WITHIN_S)
                    now = self._unfinished[0]
                plate = self._eyes.plate(now.shot, now.seen)
                with self._changed:
                    now.recording.add_plate(now.number, plate)
                    self._unfinished.popleft()
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the reader
            with self._changed:
                self._error, self._stopping = error, True
                self._unfinished.clear()
                self._changed.notify_all()

    def _let_plates_be_found(self) -> None:
        self._drawing = False
        self._changed.notify_all()

    def _wait_for_plates(self) -> None:
        """Wait until the plates in all frames so far were looked for."""
        self._let_plates_be_found()
        if self._unfinished:
            last = self._unfinished[-1]
            self._changed.wait_for(lambda: last not in self._unfinished)

    def _tell(self, event: Event) -> None:
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()


class Judge:
    """Analyses the set so far, again and again, without taking more than its share of the machine.

    Parameters
    ----------
    lookout
        Gathers the set.
    analyze
        From a track to its analysis.
    settings
    """

    def __init__(self, lookout: Lookout, analyze: Callable[[PoseTrack], Analysis], settings: LiveSettings) -> None:
        self._lookout, self._analyze, self._settings = lookout, analyze, settings
        self._stopping = threading.Event()
        self._found: Analysis | None = None
        self._error: BaseException | None = None
        self._number = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="spineline-judge", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    @property
    def found(self) -> Analysis | None:
        """The newest analysis of the present set; what went wrong with it is raised once."""
        with self._lock:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            return self._found

    def forget(self) -> None:
        """Leave what was found behind: a new set has begun."""
        with self._lock:
            self._found = None
            self._number += 1

    def _run(self) -> None:
        try:
            self._judge()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the reader
            with self._lock:
                self._error = error

    def _judge(self) -> None:
        wait_s = self._settings.judge_every_s
        while not self._stopping.wait(wait_s):
            began_s = time.perf_counter()
            number, recording = self._number, self._lookout.recording()
            if recording is None:
                continue
            found = self._analyze(recording.track())
            with self._lock:
                if number == self._number:
                    self._found = found
            took_s = time.perf_counter() - began_s
            wait_s = max(self._settings.judge_every_s, took_s * (1 / self._settings.judge_share - 1))
