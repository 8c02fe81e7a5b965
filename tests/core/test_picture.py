"""Brightness, black and frozen pictures."""

import numpy as np
import pytest

from spineline.core.picture import is_black, is_frozen, light, repeated
from spineline.core.settings import CameraSettings

SETTINGS = CameraSettings()


def noise(seed: int, *, low: int = 0, high: int = 256) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(low, high, (120, 160, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("colour", "grey"),
    [((0, 0, 0), 0.0), ((255, 255, 255), 255.0), ((255, 0, 0), 76.245), ((0, 255, 0), 149.685), ((0, 0, 255), 29.07)],
)
def test_brightness_is_the_grey_that_an_eye_sees(colour: tuple[int, int, int], grey: float) -> None:
    assert light(np.full((50, 70, 3), colour, np.uint8)).mean == pytest.approx(grey)


def test_brightness_is_a_mean() -> None:
    image = np.zeros((160, 160, 3), np.uint8)
    image[:, 80:] = 200
    assert light(image) == pytest.approx((100.0, 100.0))


def test_a_covered_lens_is_black_a_dim_room_is_not() -> None:
    covered = noise(0, low=0, high=20)
    covered[0, 0] = 255  # a hot pixel
    assert is_black(covered, below=SETTINGS.black_below)
    dim = noise(0, low=0, high=20)
    dim[:24] = 60  # a strip of light under the ceiling
    assert light(dim).mean < 25
    assert not is_black(dim, below=SETTINGS.black_below)


def test_frozen_is_less_than_the_noise_of_a_sensor() -> None:
    image = noise(0, low=10, high=240)
    sensor = np.random.default_rng(1).normal(0, 0.5, image.shape).round()
    assert is_frozen(image, image, below=SETTINGS.frozen_below)
    assert not is_frozen((image + sensor).astype(np.uint8), image, below=SETTINGS.frozen_below)
    assert not is_frozen(image, image[:, ::-1], below=SETTINGS.frozen_below)
    assert not is_frozen(image, image[:80], below=SETTINGS.frozen_below)


def test_differences_do_not_wrap_around() -> None:
    assert not is_frozen(np.full((16, 16, 3), 255, np.uint8), np.zeros((16, 16, 3), np.uint8), below=2.0)


def test_one_bit_is_a_difference() -> None:
    image = noise(0, high=200)
    assert repeated(image, image.copy())
    for place in ((0, 0, 0), (119, 159, 2), (61, 83, 1)):
        other = image.copy()
        other[place] += 1
        assert not repeated(image, other)
    assert not repeated(image, image[:80])
