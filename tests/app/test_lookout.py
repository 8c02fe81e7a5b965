"""The two threads behind a live set: what they leave out, what they never lose, and that they end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spineline.app.lookout import Judge, Look, Lookout
from spineline.core.analysis import Analysis, analyze
from spineline.core.recording import Plate
from spineline.core.settings import LiveSettings
from spineline.core.track import PoseTrack
from spineline.errors import InputError
from spineline.io.shots import Event, Shot

LONG_S = 20.0  # for what surely comes; never waited for
LIVE = LiveSettings()
SMALL = np.zeros((48, 64, 3), np.uint8)
OLD_S = 1000.0


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"spineline-lookout", "spineline-judge"}


def shot(number: int, *, age_s: float = 0.0, scale: float = 1.0) -> Shot:
    """Make a picture taken at a thirtieth of its number, which is seen when it is so old."""
    return Shot(SMALL, 1.0 + number / 30, -age_s, number, scale)


class Script:
    """A feed that hands out what it is told to, and then nothing more. Its clock stands at 0."""

    def __init__(self, items: Iterable[Shot | Event | Exception] = (), *, live: bool = True) -> None:
        self.items = list(items)
        self.live = live
        self.empty = threading.Event()
        self.more = threading.Condition()

    @staticmethod
    def clock() -> float:
        """Tell the time."""
        return 0.0

    def next(self, timeout_s: float) -> Shot | Event | None:
        """Hand out the next item; an error is raised."""
        with self.more:
            if not self.items:
                self.empty.set()
                self.more.wait(timeout_s)
            item = self.items.pop(0) if self.items else None
        if isinstance(item, Exception):
            raise item
        return item

    def give(self, *items: Shot | Event | Exception) -> None:
        """Add to what is handed out."""
        with self.more:
            self.empty.clear()
            self.items += items
            self.more.notify_all()


class FakeEyes:
    """See nobody in any picture; remember which were looked at."""

    people = 0

    def __init__(
        self, eyes: Callable[[int], None] = lambda _number: None, plates: Callable[[int], None] = lambda _number: None
    ) -> None:
        self.seen: list[int] = []
        self._at_each, self._at_plates = eyes, plates

    def look(self, picture: Shot) -> None:
        """Look at a picture."""
        self.seen.append(picture.index)
        self._at_each(picture.index)

    def look_around(self, _picture: Shot) -> None:
        """See nobody."""

    def plate(self, picture: Shot, _seen: None) -> Plate:
        """Make its number the radius of a plate."""
        self._at_plates(picture.index)
        return (0.0, 0.0, float(picture.index), 1.0)


def over(watching: Lookout) -> bool:
    """Tell whether all is over, by now."""
    return watching.over


def found_by(judge: Judge) -> Analysis | None:
    """Return what is found by now."""
    return judge.found


def lookout(feed: Script, eyes: FakeEyes, *, patient: bool = False) -> Lookout:
    return Lookout(feed, eyes, LIVE, patient=patient)  # type: ignore[arg-type]


def all_of(watching: Lookout) -> list[Look | Event]:
    """Take all that comes until it is over."""
    found = []
    while not watching.over:
        item = watching.next(LONG_S)
        found += [item] if item else []
    return found


def numbers(track: PoseTrack) -> list[int]:
    return [int(number) for number in track.plate_px[:, 2]]


ENDED = Event("ended", "the video is over")


# What is left out


@settings(deadline=None, max_examples=30, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.booleans(), max_size=40))
def test_only_what_is_old_is_left_out_and_never_two_in_a_row(old: list[bool]) -> None:
    shots = [shot(number, age_s=OLD_S if is_old else -OLD_S) for number, is_old in enumerate(old)]
    eyes = FakeEyes()
    with lookout(Script([*shots, ENDED]), eyes) as watching:
        watching.begin_set(None)
        all_of(watching)
        assert watching.looked == len(eyes.seen)
        assert watching.late == len(old) - len(eyes.seen)
    left = sorted(set(range(len(old))) - set(eyes.seen))
    assert all(old[number] for number in left)
    assert 1 not in np.diff(left)
    if all(old):  # of the first nobody knows how long it takes
        assert eyes.seen == [number for number in range(len(old)) if number == 0 or number % 2 == 0]


def test_whoever_is_patient_looks_at_everything() -> None:
    eyes = FakeEyes()
    with lookout(Script([*(shot(number, age_s=OLD_S) for number in range(30)), ENDED]), eyes, patient=True) as watching:
        watching.begin_set(None)
        all_of(watching)
        assert (watching.looked, watching.late) == (30, 0)
    assert eyes.seen == list(range(30))


def test_while_paused_pictures_are_passed_over_and_time_goes_on() -> None:
    feed, eyes = Script([shot(0), shot(1)]), FakeEyes()
    with lookout(feed, eyes) as watching:
        watching.begin_set(None)
        assert feed.empty.wait(LONG_S)
        watching.paused = True
        feed.give(*(shot(number) for number in range(2, 30)))
        assert feed.empty.wait(LONG_S)
        watching.paused = False
        feed.give(shot(30), shot(31), ENDED)
        all_of(watching)
        recording = watching.recording()
    assert eyes.seen == [0, 1, 30, 31]
    assert recording is not None
    np.testing.assert_allclose(recording.track().time_s, [0.0, 1 / 30, 30 / 30, 31 / 30])


# What is not lost


def test_nothing_is_looked_at_before_the_first_set_and_nothing_of_it_is_lost() -> None:
    feed, eyes = Script([Event("opened", "here"), *(shot(number) for number in range(5)), ENDED]), FakeEyes()
    with lookout(feed, eyes, patient=True) as watching:
        assert watching.next(0.0) is None
        assert watching.recording() is None
        assert not watching.over
        watching.begin_set(None)
        all_of(watching)
    assert eyes.seen == [0, 1, 2, 3, 4]


def test_the_newest_look_wins_and_no_event_is_lost() -> None:
    feed = Script([Event("opened", "a"), shot(0), Event("lost", "b"), Event("back", "c"), shot(1), shot(2)])
    with lookout(feed, FakeEyes()) as watching:
        watching.begin_set(None)
        assert feed.empty.wait(LONG_S)
        kinds = [item.kind for item in (watching.next(0.0) for _ in range(3)) if isinstance(item, Event)]
        assert kinds == ["opened", "lost", "back"]
        look = watching.next(0.0)
        assert isinstance(look, Look)
        assert look.shot.index == 2
        assert np.isnan(look.recent.plate_px[-1]).all()  # nobody waits for the plate
        recording = watching.recording()
        assert recording is not None
        assert numbers(recording.track()) == [0, 1, 2]
        assert watching.next(0.0) is None
        assert watching.looked == 3


def test_a_look_ends_with_its_picture_and_looks_back_some_seconds() -> None:
    looks: list[Look] = []
    feed, eyes = Script(), FakeEyes()
    with lookout(feed, eyes, patient=True) as watching:
        watching.begin_set(None)
        for number in range(0, 300, 10):
            feed.give(shot(number, scale=0.5))
            look = watching.next(LONG_S)
            assert isinstance(look, Look)
            looks.append(look)
    for look in looks:
        assert look.recent.time_s[-1] == look.time_s
        assert look.recent.time_s[0] >= look.time_s - LIVE.window_s
        assert len(look.recent) == sum(look.time_s - LIVE.window_s <= each.time_s <= look.time_s for each in looks)
        assert look.recent.image_size_px == (128, 96)


@pytest.mark.parametrize("error", [InputError("clip.mp4: damaged from here on"), ValueError("a bug")])
@pytest.mark.parametrize("by", ["feed", "eyes"])
def test_what_goes_wrong_reaches_the_reader_even_if_late(error: Exception, by: str) -> None:
    def fail(number: int) -> None:
        if number == 3:
            raise error

    shots = [shot(number) for number in range(3)]
    feed = Script([*shots, error] if by == "feed" else [*shots, shot(3), shot(4)])
    with lookout(feed, FakeEyes(eyes=fail) if by == "eyes" else FakeEyes(), patient=True) as watching:
        watching.begin_set(None)
        watching._threads[0].join(LONG_S)  # the reader comes late: all is over already
        assert not over(watching)
        look = watching.next(0.0)
        assert isinstance(look, Look)
        assert look.shot.index == 2
        assert not over(watching)
        with pytest.raises(type(error), match=str(error)):
            watching.next(0.0)
        assert over(watching)
        assert watching.next(0.0) is None
        recording = watching.recording()
        assert recording is not None
        assert numbers(recording.track()) == [0, 1, 2]


def test_what_goes_wrong_with_a_plate_ends_it_too_and_all_before_is_kept() -> None:
    def fail(number: int) -> None:
        if number == 3:
            raise ValueError("a bug")

    with lookout(Script([shot(number) for number in range(4)]), FakeEyes(plates=fail), patient=True) as watching:
        watching.begin_set(None)
        with pytest.raises(ValueError, match="a bug"):
            all_of(watching)
        recording = watching.recording()
    assert recording is not None
    assert recording.track().plate_px[:3, 2].tolist() == [0, 1, 2]
    assert np.isnan(recording.track().plate_px[3, 2])


def test_an_error_does_not_hide_events() -> None:
    with lookout(Script([Event("opened", "a"), Event("black", "b"), InputError("gone")]), FakeEyes()) as watching:
        watching.begin_set(None)
        watching._threads[0].join(LONG_S)
        assert [getattr(watching.next(0.0), "kind", None) for _ in range(2)] == ["opened", "black"]
        with pytest.raises(InputError, match="gone"):
            watching.next(0.0)


@pytest.mark.parametrize("begun", [True, False])
def test_leaving_ends_the_thread_whatever_the_feed_does(begun: bool) -> None:
    with lookout(Script(), FakeEyes()) as watching:
        if begun:
            watching.begin_set(None)
    assert watching.over


# Set after set


def test_each_set_has_its_own_pictures_and_begins_at_0() -> None:
    feed, eyes = Script([shot(number) for number in range(10)]), FakeEyes()
    with lookout(feed, eyes, patient=True) as watching:
        assert watching.begin_set(None) is None
        assert feed.empty.wait(LONG_S)
        first = watching.begin_set(None)
        assert watching.recording() is None
        feed.give(*(shot(number) for number in range(10, 15)))
        assert feed.empty.wait(LONG_S)
        second = watching.begin_set(None)
        assert watching.begin_set(None) is None
    assert first is not None
    assert second is not None
    assert numbers(first.track()) == list(range(10))
    assert numbers(second.track()) == list(range(10, 15))
    for recording in (first, second):
        np.testing.assert_allclose(recording.track().time_s, np.arange(len(recording)) / 30, atol=1e-12)


def test_the_first_set_of_a_file_keeps_the_times_of_the_file() -> None:
    feed = Script([shot(number) for number in range(3)], live=False)
    with lookout(feed, FakeEyes(), patient=True) as watching:
        watching.begin_set(None)
        assert feed.empty.wait(LONG_S)
        first = watching.begin_set(None)
        feed.give(shot(3), ENDED)
        all_of(watching)
        second = watching.recording()
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first.track().time_s, [1.0, 1 + 1 / 30, 1 + 2 / 30])
    assert second.track().time_s.tolist() == [0.0]


def test_a_look_of_the_last_set_is_not_handed_out_in_the_next() -> None:
    feed = Script([shot(number) for number in range(4)])
    with lookout(feed, FakeEyes(), patient=True) as watching:
        watching.begin_set(None)
        assert feed.empty.wait(LONG_S)
        watching.begin_set(None)
        assert watching.next(0.0) is None
        feed.give(shot(4))
        look = watching.next(LONG_S)
        assert isinstance(look, Look)
        assert (look.shot.index, look.time_s) == (4, 0.0)


def test_a_set_that_begins_while_a_picture_is_looked_at_has_nothing_of_it() -> None:
    looking, go_on = threading.Event(), threading.Event()

    def hold(number: int) -> None:
        if number == 2:
            looking.set()
            assert go_on.wait(LONG_S)

    feed = Script([shot(number) for number in range(3)])
    with lookout(feed, FakeEyes(hold), patient=True) as watching:
        watching.begin_set(None)
        assert looking.wait(LONG_S)
        first = watching.begin_set(None)
        go_on.set()
        feed.give(shot(3), shot(4), ENDED)
        items = all_of(watching)
        second = watching.recording()
    assert first is not None
    assert second is not None
    assert numbers(first.track()) == [0, 1]
    assert numbers(second.track()) == [3, 4]
    assert second.track().time_s[0] == 0.0
    assert all(item.shot.index >= 3 for item in items if isinstance(item, Look))


def test_what_came_long_before_is_forgotten() -> None:
    feed = Script([shot(number) for number in range(90)])
    with lookout(feed, FakeEyes(), patient=True) as watching:
        watching.forget_before(1.0)
        watching.begin_set(None)
        assert feed.empty.wait(LONG_S)
        watching.forget_before(1.5 - 1e-9)
        feed.give(shot(90), ENDED)
        all_of(watching)
        recording = watching.recording()
    assert recording is not None
    assert numbers(recording.track()) == list(range(45, 91))


class Kept:
    """A film that remembers what it was given."""

    def __init__(self) -> None:
        self.times_s: list[float] = []

    def add(self, time_s: float, _image: Any) -> None:
        """Take a picture."""
        self.times_s.append(time_s)


def test_the_film_has_the_pictures_and_times_of_the_track() -> None:
    film, feed = Kept(), Script([shot(number) for number in range(8)])
    with lookout(feed, FakeEyes(), patient=True) as watching:
        watching.begin_set(film)  # type: ignore[arg-type]
        assert feed.empty.wait(LONG_S)
        recording = watching.recording()
        watching.begin_set(None)
        feed.give(shot(9), ENDED)
        all_of(watching)
    assert recording is not None
    assert film.times_s == recording.track().time_s.tolist()


# The judge


class Clerk:
    """Analyses, step by step."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Semaphore(0), threading.Semaphore(0)
        self.lengths: list[int] = []

    def __call__(self, track: PoseTrack) -> Analysis:
        """Analyse a track once told to."""
        self.lengths.append(len(track))
        self.begun.release()
        assert self.go_on.acquire(timeout=LONG_S)
        return analyze(track)


EAGER = LiveSettings(judge_every_s=0.05, judge_share=1.0)


def test_what_is_found_is_of_the_present_set() -> None:
    clerk, feed = Clerk(), Script([shot(number) for number in range(3)])
    with lookout(feed, FakeEyes(), patient=True) as watching:
        watching.begin_set(None)
        assert feed.empty.wait(LONG_S)
        with Judge(watching, clerk, EAGER) as judge:
            assert found_by(judge) is None
            clerk.go_on.release()
            for _ in range(2):  # the second has begun: the first is done
                assert clerk.begun.acquire(timeout=LONG_S)
            found = judge.found
            assert found is not None
            assert len(found.track) == 3
            watching.begin_set(None)
            judge.forget()
            assert found_by(judge) is None
            feed.give(shot(3))
            assert feed.empty.wait(LONG_S)
            clerk.go_on.release()  # that of the old set: of no use any more
            assert clerk.begun.acquire(timeout=LONG_S)
            assert found_by(judge) is None
            for _ in range(3):
                clerk.go_on.release()
            assert clerk.begun.acquire(timeout=LONG_S)
            found = judge.found
            assert found is not None
            assert len(found.track) == 1
            for _ in range(1000):
                clerk.go_on.release()
    assert clerk.lengths[:3] == [3, 3, 1]


def test_a_judge_who_fails_says_so() -> None:
    failed = threading.Event()

    def fail(_track: PoseTrack) -> Analysis:
        failed.set()
        raise ValueError("a bug")

    feed = Script([shot(0)])
    with lookout(feed, FakeEyes(), patient=True) as watching:
        watching.begin_set(None)
        assert feed.empty.wait(LONG_S)
        with Judge(watching, fail, EAGER) as judge:
            assert failed.wait(LONG_S)
            judge._thread.join(LONG_S)
            with pytest.raises(ValueError, match="a bug"):
                _ = judge.found


def test_a_judge_with_nothing_to_judge_ends() -> None:
    with lookout(Script(), FakeEyes()) as watching, Judge(watching, analyze, EAGER) as judge:
        assert found_by(judge) is None
