"""Letters in pictures, with Pillow: it comes with matplotlib, and OpenCV's own letters are ASCII only."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from spineline.core.picture import Image
from spineline.core.track import Floats

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Colour = tuple[int, int, int]

_PANEL_SHADE: Final = 0.33
_TOP_SHARE: Final = 0.75
_LINE_HEIGHT: Final = 1.35
_LEAST_LETTER_PX: Final = 9
_PAD_PX: Final = 12


@dataclass(frozen=True)
class Line:
    """One line of text; its colour is RGB."""

    text: str
    colour: Colour = (255, 255, 255)
    bold: bool = False


def draw_panel(picture: Image, lines: Sequence[Line], size_px: int, *, top: bool, right: bool) -> None:
    """Write lines into a darkened corner of a picture, in place; long ones are wrapped."""
    if not lines:
        return
    height_px, width_px = picture.shape[:2]
    edge, pad = size_px // 2, size_px // 2
    room_px = width_px - 2 * (edge + pad) if not top else round(_TOP_SHARE * width_px)
    wrapped, step = _wrapped(lines, room_px, size_px), _step_px(size_px)
    box_width = max(_width_px(line, size_px) for line in wrapped) + 2 * pad
    box_height = step * len(wrapped) + 2 * pad
    left = max(0, width_px - edge - box_width) if right else edge
    first = edge if top else max(0, height_px - edge - box_height)
    box = picture[first : first + box_height, left : left + box_width]
    box[:] = (box * _PANEL_SHADE).astype(np.uint8)
    for i, line in enumerate(wrapped):
        _blend(picture, _letters(line.text, size_px, line.bold), left + pad, first + pad + i * step, line.colour)


@functools.lru_cache(maxsize=64)
def text_block(lines: tuple[Line, ...], size_px: tuple[int, int], largest_px: int, ground: Colour) -> Image:
    """Write lines on a plain ground: wrapped, from the top, in the largest letters in which all of them fit.

    Made once for the same words, so the picture returned, ``(height, width, 3)``, is not to be changed.

    Parameters
    ----------
    lines
    size_px
        Width and height.
    largest_px
        Size of the letters at most; what does not fit in the smallest is cut off.
    ground
        Colour behind the letters.
    """
    from PIL import Image as PilImage
    from PIL import ImageDraw

    sizes_px = range(min(_LEAST_LETTER_PX, largest_px), largest_px + 1)
    fitting = bisect.bisect_left(sizes_px, True, key=lambda letter_px: not _fits(lines, size_px, letter_px))
    letter_px = sizes_px[max(0, fitting - 1)]
    block = PilImage.new("RGB", size_px, ground)
    pen = ImageDraw.Draw(block)
    for i, line in enumerate(_wrapped(lines, size_px[0] - 2 * _PAD_PX, letter_px)):
        place_px = (_PAD_PX, i * _step_px(letter_px))
        pen.text(place_px, line.text, fill=line.colour, font=_font(letter_px, line.bold))
    picture = np.array(block)
    picture.flags.writeable = False
    return picture


def _fits(lines: Sequence[Line], size_px: tuple[int, int], letter_px: int) -> bool:
    wrapped = _wrapped(lines, size_px[0] - 2 * _PAD_PX, letter_px)
    widest_px = max((_width_px(line, letter_px) for line in wrapped), default=0)
    return _step_px(letter_px) * len(wrapped) <= size_px[1] and widest_px + 2 * _PAD_PX <= size_px[0]


def _wrapped(lines: Sequence[Line], room_px: int, letter_px: int) -> list[Line]:
    return [part for line in lines for part in _wrap(line, letter_px, room_px)]


def _step_px(letter_px: int) -> int:
    return round(_LINE_HEIGHT * letter_px)


def _wrap(line: Line, size_px: int, room_px: int) -> Iterator[Line]:
    """Cut a line between words so that each part fits."""
    text = ""
    for word in line.text.split():
        longer = f"{text} {word}" if text else word
        if text and _width_px(Line(longer, bold=line.bold), size_px) > room_px:
            yield Line(text, line.colour, line.bold)
            longer = word
        text = longer
    yield Line(text, line.colour, line.bold)


def _width_px(line: Line, size_px: int) -> int:
    return int(np.ceil(_font(size_px, line.bold).getlength(line.text)))


@functools.lru_cache(maxsize=128)
def _font(size_px: int, bold: bool) -> FreeTypeFont:
    """Load a font that every installation has."""
    import matplotlib
    from PIL import ImageFont

    file = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
    return ImageFont.truetype(file, size_px, layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=256)
def _letters(text: str, size_px: int, bold: bool) -> Floats:
    """Render text as opacity 0 to 1, shape (height, width, 1)."""
    from PIL import Image as PilImage
    from PIL import ImageDraw

    width = max(1, _width_px(Line(text, bold=bold), size_px))
    mask = PilImage.new("L", (width, _step_px(size_px)))
    ImageDraw.Draw(mask).text((0, 0), text, fill=255, font=_font(size_px, bold))
    return np.asarray(mask, np.float64)[..., None] / 255


def _blend(picture: Image, opacity: Floats, left: int, top: int, colour: Colour) -> None:
    """Paint letters into a picture, in place, as far as they lie within it."""
    area = picture[top : top + opacity.shape[0], left : left + opacity.shape[1]]
    part = opacity[: area.shape[0], : area.shape[1]]
    area[:] = np.round(area * (1 - part) + np.array(colour) * part).astype(np.uint8)
