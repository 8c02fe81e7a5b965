"""How bright a picture is, how much there is to see in it, and whether it is one at all: black, or one over again.

Everything but `repeated` looks at every eighth pixel of every eighth row, which is enough and takes no time. Grey
levels run from 0 to 255.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

_STEP: Final = 8
_LUMA: Final = np.array([0.299, 0.587, 0.114])
_NEARLY_ALL_PCT: Final = 99.0  # a sensor has hot pixels, also under its cap


class Light(NamedTuple):
    """Brightness of a picture, 0 black to 255 white: ``mean`` and standard deviation over the picture."""

    mean: float
    spread: float


def light(image: Image) -> Light:
    """Measure the light of an RGB picture ``(H, W, 3)``.

    >>> light(np.full((720, 1280, 3), 100, np.uint8))
    Light(mean=100.0, spread=0.0)
    """
    grey = _grey(image)
    return Light(round(float(grey.mean()), 6), round(float(grey.std()), 6))


def is_black(image: Image, *, below: float) -> bool:
    """Tell whether nothing in an RGB picture ``(H, W, 3)`` is as bright as the grey level ``below``."""
    return bool(np.percentile(_grey(image), _NEARLY_ALL_PCT) < below)


def is_frozen(image: Image, last: Image, *, below: float) -> bool:
    """Tell whether two RGB pictures ``(H, W, 3)`` differ by less than the noise of a sensor at work.

    Parameters
    ----------
    image, last
        Two pictures in a row. Two of different sizes do differ.
    below
        Mean absolute difference, in grey levels.
    """
    if image.shape != last.shape:
        return False
    one, other = (picture[::_STEP, ::_STEP].astype(np.int16) for picture in (image, last))
    return bool(np.abs(one - other).mean() < below)


def repeated(image: Image, last: Image) -> bool:
    """Tell whether two pictures are the same to the last bit."""
    if image.shape != last.shape or not np.array_equal(image[::_STEP, ::_STEP], last[::_STEP, ::_STEP]):
        return False
    return bool(np.array_equal(image, last))


def _grey(image: Image) -> NDArray[np.float64]:
    return np.asarray(image[::_STEP, ::_STEP] @ _LUMA)
