"""How many pictures a second this machine can read, measured on a figure drawn here."""

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from spineline.core.picture import Image
from spineline.errors import ModelError
from spineline.io.camera import ASKED_SIZE_PX
from spineline.io.pose import PoseObserver, ReadSpine

_WARM_UP: Final = 5  # the first pictures search the whole of it, and fill caches
_PICTURE_S: Final = 1 / 30

_SKIN, _SHIRT, _TROUSERS, _HAIR = (205, 160, 130), (50, 70, 140), (40, 40, 50), (50, 35, 25)
# From, to and thickness, in tenths of the height of the picture, right of the middle and below the top; each is drawn
# on both sides.
_LIMBS: Final = (
    ((0.42, 4.9), (0.50, 6.9), 0.62, _TROUSERS),
    ((0.50, 6.9), (0.50, 8.7), 0.45, _TROUSERS),
    ((0.50, 8.85), (0.72, 8.95), 0.30, (20, 20, 20)),
    ((0.85, 2.35), (1.15, 3.7), 0.38, _SHIRT),
    ((1.15, 3.7), (1.22, 5.25), 0.28, _SKIN),
    ((0.00, 2.3), (0.75, 2.3), 0.50, _SHIRT),
    ((0.00, 1.7), (0.00, 2.2), 0.42, _SKIN),
)
_TRUNK: Final = ((-0.95, 2.15), (0.95, 2.15), (0.70, 3.6), (0.68, 4.9), (-0.68, 4.9), (-0.70, 3.6))


def drawn_person(size_px: tuple[int, int] = ASKED_SIZE_PX) -> Image:
    """Draw somebody whom the pose model takes for a person, RGB, in a picture of this width and height."""
    width, height = size_px
    image = np.full((height, width, 3), (200, 196, 188), np.uint8)
    image[int(0.85 * height) :] = (120, 100, 80)

    def at(right: float, down: float) -> tuple[int, int]:
        return round(width / 2 + right * height / 10), round(down * height / 10)

    def thick(tenths: float) -> int:
        return max(1, round(tenths * height / 10))

    for side in (-1, 1):
        for (x0, y0), (x1, y1), thickness, colour in _LIMBS:
            cv2.line(image, at(side * x0, y0), at(side * x1, y1), colour, thick(thickness), cv2.LINE_AA)
    cv2.fillPoly(image, [np.array([at(*corner) for corner in _TRUNK])], _SHIRT, cv2.LINE_AA)
    cv2.ellipse(image, at(0, 1.15), (thick(0.48), thick(0.62)), 0, 0, 360, _SKIN, -1, cv2.LINE_AA)
    cv2.ellipse(image, at(0, 0.95), (thick(0.5), thick(0.5)), 0, 180, 360, _HAIR, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(image, at(side * 0.18, 1.12), thick(0.06), _HAIR, -1, cv2.LINE_AA)
    cv2.line(image, at(-0.12, 1.48), at(0.12, 1.48), (150, 70, 70), thick(0.04), cv2.LINE_AA)
    return image


def pose_rate_hz(
    model: Path,
    read_spine: ReadSpine | None = None,
    *,
    seconds: float = 3.0,
    size_px: tuple[int, int] = ASKED_SIZE_PX,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return how many pictures of this size a second can be read, one after the other, as measured now.

    Parameters
    ----------
    model
        Bundle of the pose model.
    read_spine
        The spine model, if its time is to be in it.
    seconds
        How long to measure, after a warm-up.
    size_px
    clock

    Raises
    ------
    ModelError
        The model is refused, or does not find the figure.
    """
    image = drawn_person(size_px)
    times_s = (number * _PICTURE_S for number in itertools.count())
    with PoseObserver(model, read_spine) as observer:

        def read_one() -> None:
            if observer.observe(image, next(times_s)) is None:
                raise ModelError(f"{model.name}: does not find the figure drawn to measure its speed; fetch it anew")

        for _ in range(_WARM_UP):
            read_one()
        begun_s = clock()
        for number in itertools.count(1):
            read_one()
            if (spent_s := clock() - begun_s) >= seconds:
                return number / spent_s
    raise AssertionError  # not reached: counting has no end
