"""The figure drawn to measure the speed of the pose model, and the measuring."""

from itertools import count
from pathlib import Path

import numpy as np
import pytest

from spineline.errors import ModelError
from spineline.io import pose_speed
from spineline.io.pose import PoseObserver
from spineline.io.pose_speed import drawn_person, pose_rate_hz


@pytest.mark.parametrize("size_px", [(1280, 720), (640, 480)])
def test_the_figure_is_taken_for_a_person_who_stands_in_the_middle(pose_model: Path, size_px: tuple[int, int]) -> None:
    image = drawn_person(size_px)
    assert image.shape == (size_px[1], size_px[0], 3)
    with PoseObserver(pose_model) as observer:
        seen = [observer.observe(image, number / 30) for number in range(6)]
    for one in seen:
        assert one is not None
        shoulders, hips = one.person.landmarks_px[[11, 12]].mean(axis=0), one.person.landmarks_px[[23, 24]].mean(axis=0)
        assert shoulders == pytest.approx((size_px[0] / 2, 0.24 * size_px[1]), abs=0.08 * size_px[1])
        assert hips == pytest.approx((size_px[0] / 2, 0.5 * size_px[1]), abs=0.08 * size_px[1])


def test_the_rate_is_pictures_over_time(pose_model: Path) -> None:
    ticks = count()
    rate_hz = pose_rate_hz(pose_model, seconds=0.5, size_px=(640, 480), clock=lambda: next(ticks) * 0.125)
    assert rate_hz == 8.0
    assert next(ticks) == 1 + 4


def test_a_model_that_does_not_find_it_is_refused(pose_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pose_speed, "drawn_person", lambda _: np.full((480, 640, 3), 90, np.uint8))
    with pytest.raises(ModelError, match=r"full\.task: does not find the figure"):
        pose_rate_hz(pose_model)
