"""Frames gathered into the track of one lifter."""

import threading
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spineline.core import recording as recording_module
from spineline.core.lifter import Observation, Person
from spineline.core.packed import BLOCK_ROWS, Packed
from spineline.core.recording import Plate, Recording
from spineline.core.sim import Flaws, Move, lift, simulate
from spineline.core.track import PoseTrack
from spineline.errors import TrackError
from tests.core.scenes import recorded

ARRAYS = (
    "time_s",
    "landmarks_px",
    "world_m",
    "visibility",
    "silhouette_bits",
    "silhouette_scale_px",
    "facing",
    "others",
    "spine_raw",
)
LIFTING = recorded(simulate(lift("conventional", reps=1), fps=10.0, flaws=Flaws(others=[(3.0, 4.0, 0.4)])).track)
STANDING = simulate([Move("stand", 20.0)], fps=10.0).track


def observation(track: PoseTrack, frame: int, identity: int, *, scale: float = 1.0) -> Observation:
    """Turn one frame of a track back into what was observed."""
    return Observation(
        person=Person(track.landmarks_px[frame] * scale, track.world_m[frame], track.visibility[frame]),
        silhouette_bits=track.silhouette_bits[frame],
        silhouette_scale_px=float(track.silhouette_scale_px[frame]),
        facing=float(track.facing[frame]),
        others=float(track.others[frame]),
        identity=identity,
        spine_raw=track.spine_raw[frame],
    )


def test_what_goes_in_comes_out() -> None:
    recording = Recording(LIFTING.image_size_px, {"file": "a.mp4"})
    for i, t in enumerate(LIFTING.time_s):
        assert len(recording) == i
        recording.add(float(t), observation(LIFTING, i, 0))
    track = recording.track()
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(track, name), getattr(LIFTING, name))
    assert (track.image_size_px, dict(track.source)) == (LIFTING.image_size_px, {"file": "a.mp4"})


def test_frames_without_the_lifter_are_missing() -> None:
    recording = Recording(LIFTING.image_size_px)
    for i in range(9):
        recording.add(i / 10, None if i in (0, 4) else observation(LIFTING, i, 0))
    track = recording.track()
    assert np.flatnonzero(~track.seen).tolist() == [0, 4]
    for name in ("world_m", "visibility", "silhouette_scale_px", "spine_raw"):
        values = getattr(track, name).reshape(9, -1)
        assert np.isnan(values).all(axis=1).tolist() == [True, *[False] * 3, True, *[False] * 4]
    assert not track.silhouette_bits[[0, 4]].any()
    assert (track.facing[[0, 4]] == 0).all()


def test_without_a_spine_model_the_track_holds_no_reading() -> None:
    recording = Recording(LIFTING.image_size_px)
    for i in range(3):
        seen = replace(observation(LIFTING, i, 0), spine_raw=np.empty(0))
        recording.add(i / 10, None if i == 1 else seen)
    assert recording.track().spine_raw.shape == (3, 0)


@pytest.mark.parametrize("first", ["bystander", "lifter"])
def test_the_recording_is_about_who_moves_up_and_down(first: str) -> None:
    lifter_is = 0 if first == "lifter" else 1
    recording = Recording(LIFTING.image_size_px)
    lifted = []
    count = len(LIFTING)
    for i in range(2 * count):  # the bystander is seen as often as the lifter, and larger
        mine = (i < count) == (first == "lifter")
        lifted.append(mine)
        frame = i % count
        who = observation(LIFTING, frame, lifter_is) if mine else observation(STANDING, frame, 1 - lifter_is, scale=1.2)
        recording.add(i / 10, who)
    assert recording.track().seen.tolist() == lifted


def test_somebody_passing_does_not_take_the_recording_over() -> None:
    recording = Recording(LIFTING.image_size_px)
    walking = simulate([Move("walk", 2.0, 0.0, travel_m=2.0)], fps=10.0).track
    for i in range(len(LIFTING)):
        passing = 20 <= i < 35
        recording.add(i / 10, observation(walking, i - 20, 1) if passing else observation(LIFTING, i, 0))
    expected = [not 20 <= i < 35 for i in range(len(LIFTING))]
    assert recording.track().seen.tolist() == expected


def test_the_newest_time_is_known_without_a_track() -> None:
    recording = Recording((640, 480))
    assert np.isnan(recording.last_s)
    for time_s in (0.1, 0.3, 0.7):
        recording.add(time_s, None)
        assert recording.last_s == recording.since(-np.inf).last_s == time_s


def test_a_track_may_be_asked_for_at_any_time() -> None:
    recording = Recording((640, 480))
    assert len(recording.track()) == 0
    recording.add(0.0, None)
    assert not recording.track().seen.any()
    recording.add(0.1, observation(LIFTING, 0, 3))
    assert recording.track().seen.tolist() == [False, True]


def test_time_that_stands_still_is_refused() -> None:
    recording = Recording((640, 480))
    recording.add(0.5, None)
    recording.add(0.5, None)
    with pytest.raises(TrackError, match="time_s"):
        recording.track()


def test_silhouettes_come_back_whoever_is_seen() -> None:
    recording, who = Recording(LIFTING.image_size_px), []
    for i in range(3 * BLOCK_ROWS + 5):
        frame = i % len(LIFTING)
        who.append(None if i % 11 == 3 else int(BLOCK_ROWS < i < BLOCK_ROWS + 9))
        recording.add(i / 10, None if who[-1] is None else observation(LIFTING, frame, who[-1]))
    kept = recording.track().silhouette_bits
    assert isinstance(kept, Packed)
    for i, identity in enumerate(who):
        expected = LIFTING.silhouette_bits[i % len(LIFTING)] * np.uint8(identity == 0)
        np.testing.assert_array_equal(kept[i], expected)


def test_an_hour_fits_into_little_memory() -> None:
    frames, hour = 3000, 108_000
    recording = Recording(LIFTING.image_size_px)
    seen = [observation(LIFTING, i, 0) for i in range(len(LIFTING))]
    tracemalloc.start()
    for i in range(frames):
        recording.add(i / 30, seen[i % len(seen)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak / frames * hour < 130e6


# The last seconds of a growing recording

SEEN = observation(LIFTING, 0, 0)


@pytest.fixture(params=[3, 7, BLOCK_ROWS])
def _rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep so many frames together, so that few frames have many ends."""
    monkeypatch.setattr(recording_module, "BLOCK_ROWS", request.param)


def filled(times_s: list[float]) -> Recording:
    """Record frames, every third without the lifter, each with a plate that is as wide as its number."""
    recording = Recording((640, 480), {"file": "a.mp4"})
    for number, time_s in enumerate(times_s):
        recording.add(time_s, None if number % 3 == 2 else SEEN, (1.0, 2.0, float(number), 1.0))
    return recording


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, 10**6), max_size=60, unique=True),
    st.one_of(st.integers(-2, 10**6 + 2), st.sampled_from([-np.inf, np.inf])),
    st.integers(0, 60),
)
@pytest.mark.usefixtures("_rows")
def test_since_is_the_frames_from_a_time_on(ticks: list[int], since_tick: float, pick: int) -> None:
    times_s = sorted(tick / 1000 for tick in ticks)
    since_s = times_s[pick] if pick < len(times_s) else since_tick / 1000
    part = filled(times_s).since(since_s)
    kept = [number for number, time_s in enumerate(times_s) if time_s >= since_s]
    track = part.track()
    assert len(part) == len(kept)
    assert track.time_s.tolist() == [times_s[number] for number in kept]
    assert track.plate_px[:, 2].tolist() == kept
    assert track.seen.tolist() == [number % 3 != 2 for number in kept]
    assert (track.image_size_px, dict(track.source)) == ((640, 480), {"file": "a.mp4"})


def test_a_copy_and_its_original_grow_apart() -> None:
    recording = filled([0.0, 1.0, 2.0])
    part = recording.since(1.0)
    recording.add(3.0, SEEN)
    part.add(7.0, SEEN)
    assert recording.track().time_s.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert part.track().time_s.tolist() == [1.0, 2.0, 7.0]


@pytest.mark.usefixtures("_rows")
def test_also_over_many_frames_and_again() -> None:
    recording = filled([float(i) for i in range(20)])
    part = recording.since(4.0)
    again = part.since(9.0)
    for each, first_s in ((recording, 20), (part, 100), (again, 200)):
        for i in range(20):
            each.add(float(first_s + i), SEEN if i % 2 else None)
    for each, begin_s, first_s in ((recording, 0, 20), (part, 4, 100), (again, 9, 200)):
        track = each.track()
        assert track.time_s.tolist() == [*range(begin_s, 20), *range(first_s, first_s + 20)]
        seen = [i % 3 != 2 for i in range(begin_s, 20)] + [bool(i % 2) for i in range(20)]
        assert track.seen.tolist() == seen
        assert np.asarray(track.silhouette_bits).any(axis=1).tolist() == seen


@pytest.mark.usefixtures("_rows")
def test_a_plate_said_later_is_also_in_what_was_taken() -> None:
    recording = filled([float(i) for i in range(20)])
    part = recording.since(2.0)
    recording.add_plate(2, (5.0, 6.0, 7.0, 0.5))
    recording.add_plate(19, None)
    part.add_plate(4, (8.0, 8.0, 8.0, 0.25))
    for each, first in ((recording, 0), (part, 2)):
        plate_px = each.track().plate_px
        assert plate_px[2 - first].tolist() == [5.0, 6.0, 7.0, 0.5]
        assert plate_px[6 - first].tolist() == [8.0, 8.0, 8.0, 0.25]
        assert np.isnan(plate_px[19 - first]).all()


def test_others_may_add_meanwhile() -> None:
    recording = Recording((640, 480))
    done = threading.Event()

    def add() -> None:
        for number in range(40_000):
            plate: Plate = (0.0, 0.0, float(number), 1.0)
            recording.add(number / 100, None, plate)
        done.set()

    adding = threading.Thread(target=add)
    adding.start()
    lengths = []
    while not done.is_set():
        part = recording.since(len(recording) / 100 - 0.5).track()  # a PoseTrack refuses lists of different lengths
        assert np.array_equal(np.round(part.time_s * 100), part.plate_px[:, 2])
        lengths.append(len(part))
    adding.join()
    whole = recording.since(-np.inf).track()
    assert len(whole) == 40_000
    assert max(lengths, default=0) <= 40_000


# One recording after another


def part(start: int, stop: int, *, identity: int = 0, unseen: range = range(0), shift_px: float = 0.0) -> Recording:
    """Record frames of LIFTING, seen by somebody who calls the lifter by that number."""
    recording = Recording(LIFTING.image_size_px)
    for i in range(start, stop):
        seen = observation(LIFTING, i, identity)
        person = replace(seen.person, landmarks_px=seen.person.landmarks_px + shift_px)
        recording.add(float(LIFTING.time_s[i]), None if i in unseen else replace(seen, person=person))
    return recording


def at(frame: int) -> float:
    return float(LIFTING.time_s[frame])


@given(cut=st.integers(1, 29), lead=st.integers(1, 10), identity=st.integers(0, 3))
def test_parts_that_fit_give_the_whole(cut: int, lead: int, identity: int) -> None:
    whole = part(0, cut)
    assert whole.continue_with(part(max(0, cut - lead), 30, identity=identity), at(cut))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(whole.track(), name), getattr(part(0, 30).track(), name))


def test_somebody_else_later_on_is_told_apart_over_the_cut() -> None:
    later = Recording(LIFTING.image_size_px)
    for i in range(15, 40):
        later.add(at(i), observation(LIFTING, i, 4 if i < 30 else 5))
    whole = part(0, 20)
    assert whole.continue_with(later, at(20))
    assert np.isfinite(whole.track().time_s).all()
    assert whole.track().seen.sum() == 30


def test_nobody_before_the_cut_fits_nobody() -> None:
    whole = part(0, 20, unseen=range(20))
    assert whole.continue_with(part(15, 30, unseen=range(20)), at(20))
    assert whole.track().seen.tolist() == [False] * 20 + [True] * 10


@pytest.mark.parametrize(
    ("whole", "later"),
    [
        (part(0, 20), part(15, 30, shift_px=60.0)),  # another person
        (part(0, 20), part(15, 30, unseen=range(15, 20))),  # seen here, and not there
        (part(0, 20, unseen=range(20)), part(15, 30)),
        (part(0, 20, unseen=range(10, 20)), part(15, 30, unseen=range(15, 20))),  # who was seen before is not known
        (part(0, 20, unseen=range(18, 20)), part(15, 30, unseen=range(17, 20))),  # last seen in other frames
        (part(0, 19), part(15, 30)),  # a frame is left out
        (part(0, 20), part(20, 30)),  # nothing to compare
        (part(0, 0), part(15, 30)),
    ],
)
def test_parts_that_do_not_fit_are_not_joined(whole: Recording, later: Recording) -> None:
    before = len(whole)
    assert not whole.continue_with(later, at(20))
    assert len(whole) == before


def test_when_somebody_was_last_seen() -> None:
    assert part(0, 20, unseen=range(12, 20)).last_seen_s == at(11)
    assert np.isnan(part(0, 5, unseen=range(5)).last_seen_s)
