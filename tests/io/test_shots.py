"""What a watched camera and a played video give, on a clock that does not run by itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spineline.core.settings import CameraSettings
from spineline.io.camera import Camera, open_camera
from spineline.io.shots import Event, Shot, fitted, from_camera, from_file
from spineline.io.video import probe, read_frames
from tests.io.fake_camera import PICTURE_S, Bench, Closed, FakeCapture, FakeClock, OutOfScriptError, scene

SAMPLE = Path(__file__).parents[2] / "samples" / "squat_neutral.mp4"
SETTINGS = CameraSettings()
WIDE_PX = 1280


def pictures_in(seconds: float) -> int:
    return round(seconds / PICTURE_S)


class Run:
    """All that a camera gave until its script was at its end."""

    def __init__(self, *scripts: Sequence[Any] | None, max_side_px: int = WIDE_PX) -> None:
        self.clock = FakeClock()
        captures = [Closed([], self.clock) if script is None else FakeCapture(script, self.clock) for script in scripts]
        self.bench = Bench(captures)
        camera = self.open()
        assert camera is not None
        self.opened_s = self.clock()
        items = from_camera(
            camera,
            self.open,
            settings=SETTINGS,
            clock=self.clock,
            pause=self.clock.pause,
            max_side_px=max_side_px,
        )
        self.items: list[Shot | Event] = []
        with pytest.raises(OutOfScriptError):
            self.items.extend(item for item in items if item is not None)
        self.shots = [item for item in self.items if isinstance(item, Shot)]
        self.kinds = [item.kind for item in self.items if isinstance(item, Event)]

    def open(self) -> Camera | None:
        """Open the next camera of the bench."""
        return open_camera("0", settings=SETTINGS, clock=self.clock, pause=self.clock.pause, opener=self.bench)


def test_pictures_come_in_rgb_with_the_time_of_their_grab() -> None:
    run = Run([scene(number) for number in range(6)])  # the opening takes the first
    assert isinstance(run.items[0], Event)
    assert run.items[0].words == "camera 0: 64 x 48, 30 pictures a second"
    assert run.kinds == ["opened"]
    assert [shot.time_s for shot in run.shots] == [PICTURE_S * number for number in range(1, 6)]
    assert [shot.grabbed_s - run.opened_s for shot in run.shots] == [shot.time_s for shot in run.shots]
    assert [shot.index for shot in run.shots] == list(range(5))
    for number, shot in enumerate(run.shots, 1):
        np.testing.assert_array_equal(shot.image, scene(number)[:, :, ::-1])
        assert shot.scale == 1.0


def test_a_short_stall_is_a_gap_and_nothing_else() -> None:
    run = Run([scene(0), scene(1), *[False] * 10, scene(2)])
    assert run.kinds == ["opened"]
    assert run.shots[1].time_s - run.shots[0].time_s == pytest.approx(10 * (PICTURE_S + 0.02) + PICTURE_S)


@pytest.mark.parametrize(
    "nothing",
    [False, None, cv2.error("pulled out"), RuntimeError("driver"), np.zeros((0, 4, 3), np.uint8)],
    ids=["no grab", "no picture", "OpenCV's error", "another error", "an empty picture"],
)
def test_a_camera_that_vanishes_is_told_once_and_comes_back_with_its_gap(nothing: Any) -> None:
    script = [scene(0), scene(1), *[nothing] * 200]
    run = Run(script, None, None, None, None, None, [scene(2), scene(3), scene(4)])
    assert run.kinds == ["opened", "lost", "back"]
    waits_s = [wait_s for wait_s in run.clock.waited_s if wait_s > 0.1]
    assert waits_s == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    before, *after = run.shots
    assert len(after) == 2
    assert after[0].time_s - before.time_s == pytest.approx(after[0].grabbed_s - before.grabbed_s)
    assert after[0].time_s - before.time_s > SETTINGS.lost_s + sum(waits_s)
    assert all(capture.released for capture in run.bench.opened[:-1])


def test_the_waits_begin_anew_after_a_picture() -> None:
    gone = [False] * 200
    run = Run([scene(0), scene(1), *gone], None, [scene(2), scene(3), *gone], [scene(4), scene(5)])
    assert run.kinds == ["opened", "lost", "back", "lost", "back"]
    assert [wait_s for wait_s in run.clock.waited_s if wait_s > 0.1] == [0.5, 1.0, 0.5]


def test_a_camera_that_comes_back_without_a_picture_is_tried_on() -> None:
    run = Run([scene(0), *[False] * 200], [False] * 500, [scene(1), scene(2)])
    assert run.kinds == ["opened", "lost", "back"]
    assert run.bench.opened[1].released
    assert len(run.shots) == 1


def test_what_is_repeated_is_no_new_measurement() -> None:
    run = Run([scene(0), scene(1), scene(1), scene(1), scene(2), scene(1)])
    assert [shot.index for shot in run.shots] == [0, 3, 4]
    assert run.kinds == ["opened"]


def test_a_frozen_picture_is_told_once_until_it_moves() -> None:
    still = [scene(1)] * (pictures_in(SETTINGS.frozen_s) + 20)
    run = Run([scene(0), *still, scene(2), scene(3)])
    assert run.kinds == ["opened", "frozen", "back"]
    assert [shot.index for shot in run.shots] == [0, len(still), len(still) + 1]
    shorter = [scene(1)] * (pictures_in(SETTINGS.frozen_s) - 1)
    assert Run([scene(0), *shorter, scene(2)]).kinds == ["opened"]


def test_a_picture_that_is_coded_anew_may_be_frozen_too() -> None:
    still = []
    for number in range(pictures_in(SETTINGS.frozen_s) + 20):
        image = scene(1, width_px=320, height_px=240)
        image[0, 0, 0] = number
        still.append(image)
    run = Run([scene(0, width_px=320, height_px=240), *still])
    assert run.kinds == ["opened", "frozen"]
    assert len(run.shots) == pictures_in(SETTINGS.frozen_s) + 1  # from then on none


def test_black_pictures_are_handed_out_and_told_once() -> None:
    dark = [scene(number) // 12 for number in range(pictures_in(SETTINGS.black_s) + 20)]
    run = Run([scene(0), scene(1), *dark, scene(2)])
    assert run.kinds == ["opened", "black", "back"]
    assert len(run.shots) == len(dark) + 2
    assert Run([scene(0), scene(1), *dark[: pictures_in(SETTINGS.black_s) - 1], scene(2)]).kinds == ["opened"]


def test_all_black_is_black_and_not_frozen() -> None:
    black = [np.zeros((48, 64, 3), np.uint8)] * pictures_in(SETTINGS.frozen_s + 2)
    assert Run([scene(0), scene(1), *black]).kinds == ["opened", "black"]


def test_what_is_no_picture_is_left_out() -> None:
    odd: list[Any] = [None, "text", np.zeros((48, 64, 3)), np.zeros((48, 64, 2), np.uint8), np.zeros(9, np.uint8)]
    run = Run([scene(0), scene(1), *odd, scene(2)])
    assert run.kinds == ["opened"]
    assert len(run.shots) == 2


def test_grey_and_four_channels_are_pictures() -> None:
    grey = scene(1)[:, :, 0]
    four = np.dstack([scene(2), np.full((48, 64), 255, np.uint8)])
    run = Run([scene(0), grey, four])
    np.testing.assert_array_equal(run.shots[0].image, np.dstack([grey] * 3))
    np.testing.assert_array_equal(run.shots[1].image, scene(2)[:, :, ::-1])


def test_another_size_is_fitted_into_the_first() -> None:
    run = Run([scene(0), scene(1), scene(2, width_px=128, height_px=96), scene(3, width_px=48, height_px=48)])
    assert {shot.image.shape for shot in run.shots} == {(48, 64, 3)}
    square = run.shots[2].image
    np.testing.assert_array_equal(square[:, 8:56], scene(3, width_px=48, height_px=48)[:, :, ::-1])
    assert not square[:, :8].any()
    assert not square[:, 56:].any()


def test_large_pictures_are_shrunk() -> None:
    run = Run([scene(0), scene(1)], max_side_px=32)
    assert run.shots[0].image.shape == (24, 32, 3)
    assert run.shots[0].scale == 0.5


def test_the_reader_may_draw_on_what_it_gets() -> None:
    clock = FakeClock()
    capture = FakeCapture([scene(0), scene(1), scene(1), scene(2)], clock)
    camera = open_camera("0", settings=SETTINGS, clock=clock, pause=clock.pause, opener=Bench([capture]))
    assert camera is not None
    items = from_camera(camera, lambda: None, settings=SETTINGS, clock=clock, pause=clock.pause, max_side_px=WIDE_PX)
    shots = (item for item in items if isinstance(item, Shot))
    first = next(shots)
    first.image[:] = 0
    assert next(shots).index == 2  # the one between is still seen to be a repetition
    items.close()
    assert capture.released


def test_a_clock_that_stands_still_gives_no_second_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.io.fake_camera.PICTURE_S", 0.0)
    run = Run([scene(number) for number in range(5)])
    assert [shot.time_s for shot in run.shots] == [0.0]


STEPS = st.sampled_from(["new", "same", "black", "fail", "none", "throw", "other size"])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(STEPS, st.integers(1, 80)), max_size=9), st.integers(0, 3))
def test_whatever_happens_times_rise_and_events_make_sense(steps: list[tuple[str, int]], refused: int) -> None:
    script: list[Any] = [scene(0)]
    for number, (step, count) in enumerate(steps):
        images: dict[str, list[Any]] = {
            "new": [scene(100 * number + k) for k in range(count)],
            "same": [scene(number)] * count,
            "black": [np.zeros((48, 64, 3), np.uint8)] * count,
            "fail": [False] * count,
            "none": [None] * count,
            "throw": [OSError("driver")] * count,
            "other size": [scene(100 * number + k, width_px=80) for k in range(count)],
        }
        script += images[step]
    back = [scene(number) for number in range(900, 905)]
    run = Run(script, *[None] * refused, back, back, back, back)
    times_s = [shot.time_s for shot in run.shots]
    assert all(one < other for one, other in pairwise(times_s))
    assert len({shot.image.shape for shot in run.shots}) <= 1
    assert run.kinds[0] == "opened"
    assert "opened" not in run.kinds[1:]
    for one, other in pairwise(run.kinds):
        assert one != other
        assert other != "back" or one in ("lost", "black", "frozen")
        assert one != "lost" or other == "back"


# Videos


def played(*, pace: bool, clock: FakeClock) -> list[Shot | Event | None]:
    return list(from_file(probe(SAMPLE), pace=pace, clock=clock, pause=clock.pause, max_side_px=320))


def test_a_video_is_played_at_its_own_pace() -> None:
    clock = FakeClock()
    items = played(pace=True, clock=clock)
    shots = [item for item in items if isinstance(item, Shot)]
    with read_frames(SAMPLE, max_side_px=320) as stream:
        frames = list(stream)
    assert [shot.time_s for shot in shots] == [frame.time_s for frame in frames]
    assert [shot.grabbed_s - 1000.0 for shot in shots] == pytest.approx([frame.time_s for frame in frames], abs=1e-9)
    first, last = items[0], items[-1]
    assert isinstance(first, Event)
    assert isinstance(last, Event)
    assert (first.kind, last.kind) == ("opened", "ended")
    assert first.words.startswith("squat_neutral.mp4: ")
    assert "pictures a second" in first.words


def test_without_pace_nothing_waits_and_nothing_is_left_out() -> None:
    clock = FakeClock()
    shots = [item for item in played(pace=False, clock=clock) if isinstance(item, Shot)]
    assert clock.waited_s == []
    with read_frames(SAMPLE, max_side_px=320) as stream:
        for shot, frame in zip(shots, stream, strict=True):
            assert (shot.time_s, shot.index, shot.scale) == (frame.time_s, frame.index, frame.scale)
            np.testing.assert_array_equal(shot.image, frame.image)


def test_what_is_late_comes_at_once() -> None:
    clock = FakeClock()
    items = from_file(probe(SAMPLE), pace=True, clock=clock, pause=clock.pause, max_side_px=320)
    shots = (item for item in items if isinstance(item, Shot))
    next(shots)
    clock.now_s += 1.0
    assert clock() == next(shots).grabbed_s
    assert clock.waited_s == []
    items.close()


@pytest.mark.parametrize("shape", [(48, 64), (64, 48), (7, 100), (1, 1)])
def test_fitting_keeps_the_shape_of_things(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 200, np.uint8)
    whole = fitted(image, (60, 80, 3))
    assert whole.shape == (60, 80, 3)
    rows, columns = (np.flatnonzero(whole[:, :, 0].any(axis=axis)) for axis in (1, 0))
    assert rows.size == 60 or columns.size == 80
    assert columns.size / rows.size == pytest.approx(shape[1] / shape[0], rel=0.15)
