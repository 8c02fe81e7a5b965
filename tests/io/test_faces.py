"""Nobody can be recognised: nothing fine is left of the head, nor of what lies around the lifter."""

import numpy as np
import pytest

from spineline.core.skeleton import Landmark
from spineline.core.track import Floats
from spineline.io.faces import without_faces

CHECKS = (255 * (np.indices((400, 300)).sum(axis=0) % 2)).astype(np.uint8)[..., None].repeat(3, axis=2)
"""As fine as a picture can be."""


def standing() -> Floats:
    """Place the landmarks of somebody who stands in the middle of the picture, head 60 px down, torso 80 px long."""
    points = np.full((33, 2), [150.0, 300.0])
    points[: Landmark.MOUTH_RIGHT + 1] = [155.0, 60.0]
    points[Landmark.NOSE] = [165.0, 62.0]
    points[[Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]] = [150.0, 100.0]
    points[[Landmark.LEFT_HIP, Landmark.RIGHT_HIP]] = [150.0, 180.0]
    return points


UNSEEN = np.full((9, 2), np.nan)


def detail(picture: np.ndarray, x: int, y: int) -> float:
    return float(picture[y - 3 : y + 4, x - 3 : x + 4].astype(float).std())


def test_head_and_surroundings_lose_every_detail_and_the_back_none() -> None:
    seen = without_faces(CHECKS, standing(), UNSEEN)
    assert seen is not None
    for x, y in ((155, 60), (165, 62), (150, 45), (20, 200), (290, 60), (150, 20)):
        assert detail(seen, x, y) < 15 < detail(CHECKS, x, y)
    for x, y in ((150, 110), (150, 140), (150, 180), (150, 250)):
        assert detail(seen, x, y) == detail(CHECKS, x, y)


def test_a_back_that_bulges_stays_sharp_and_who_stands_behind_it_does_not() -> None:
    round_px = np.stack([np.linspace(120.0, 105.0, 9), np.linspace(70.0, 180.0, 9)], axis=1)
    straight, bulging = without_faces(CHECKS, standing(), UNSEEN), without_faces(CHECKS, standing(), round_px)
    assert straight is not None
    assert bulging is not None
    x, y = round_px[5].astype(int)
    assert detail(straight, x, y) < 15
    assert detail(bulging, x, y) == detail(CHECKS, x, y)
    assert detail(bulging, x - 25, y) < 15


def test_a_head_half_out_of_the_picture() -> None:
    seen = without_faces(CHECKS, standing() - [0.0, 60.0], UNSEEN)
    assert seen is not None
    assert detail(seen, 155, 4) < 15


@pytest.mark.parametrize(
    "missing", [range(Landmark.MOUTH_RIGHT + 1), [Landmark.LEFT_HIP, Landmark.RIGHT_HIP], range(33)]
)
def test_nobody_vouches_for_a_head_that_was_not_seen(missing: list[int]) -> None:
    landmarks_px = standing()
    landmarks_px[missing] = np.nan
    assert without_faces(CHECKS, landmarks_px, UNSEEN) is None


def test_the_picture_itself_stays() -> None:
    before = CHECKS.copy()
    without_faces(CHECKS, standing(), UNSEEN)
    assert np.array_equal(CHECKS, before)
