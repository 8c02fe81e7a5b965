"""The picture of a live set, to be read from three metres away: spine, marks, counter, gauge, verdict, one cue.

Pictures are RGB. Words and symbols say what colours say. Words and gauge stand beside the lifter's picture and below
it, never over the lifter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from spineline.core.moment import Moment
from spineline.core.picture import Image
from spineline.core.terms import Severity, Verdict
from spineline.io.letters import Colour, Line, text_block
from spineline.io.overlay import BAR, draw_mark, draw_spine
from spineline.io.verdicts import NOT_MEASURED, VERDICTS, change_in_words, reason_in_words

_WHITE: Final[Colour] = (255, 255, 255)
_BLACK: Final[Colour] = (0, 0, 0)
_GREEN: Final[Colour] = (64, 214, 150)
_GREY: Final[Colour] = (170, 170, 170)
_HIP: Final[Colour] = (120, 200, 255)
_GROUND: Final[Colour] = (28, 30, 34)
_COLUMN: Final[Colour] = (60, 64, 70)
_HATCH: Final[Colour] = (125, 130, 138)

# All in pixels of the window. The lifter's picture is scaled to fit in the first size, and has at least that width.
_MOST_PX, _LEAST_WIDTH_PX = (1280, 720), 720
_STRIP_PX, _FOOT_PX = 250, 190
_REPS, _COUNT, _BACK, _GAUGE = (0, 44), (40, 158), (158, 202), (214, 560)
_NUMBER, _MEANING, _STATE = (568, 668), (668, 782), (782, 910)
"""From and to which row of the strip beside the picture."""

_LARGE_PX, _MESSAGE_PX, _SMALL_PX = 84, 62, 30
_LEFT, _RIGHT = 26, 106  # of the gauge's column in the strip
_TICK_PX, _TICK_ROOM_PX = 12, 44
READY: Final = "● Ready: your back can be measured"

_LEAST_SCALE_DEG: Final = 20.0
_BELOW_DEG: Final = -10.0


@dataclass(frozen=True, eq=False)
class Showing:
    """Everything that is shown at one time.

    Attributes
    ----------
    levels
        Of the thoracic change that can be reached, rising, in degrees.
    verdict
        Of the present moment; None where nothing is judged.
    count
        Reps so far.
    last
        Verdict of the last rep and a line about it.
    cue
        What to do in the next rep.
    advice
        What the set-up lacks; empty when it can measure.
    state
        What else there is to say of the program: paused, recording, muted.
    guide
        While somebody is led through something: the seconds left, or nothing, in place of reps and gauge.
    """

    moment: Moment | None = None
    levels: tuple[tuple[Severity, float], ...] = ()
    verdict: Verdict | None = None
    count: int = 0
    last: tuple[Verdict, str] | None = None
    cue: str = ""
    advice: str = ""
    ready: bool = False
    state: tuple[str, ...] = ()
    guide: str | None = None


def paint(image: Image, showing: Showing, *, scale: float = 1.0, mirror: bool = False) -> Image:
    """Draw everything into a copy of a picture, and words and gauge around it.

    Parameters
    ----------
    image
        ``(H, W, 3)``.
    showing
    scale
        Pixels of ``image`` per pixel of the full-size picture.
    mirror
        Show the picture as a mirror would; what is measured knows nothing of it.

    Returns
    -------
    ``(H', W', 3)``, of one height whatever the picture's.
    """
    factor = min(most / size for most, size in zip(_MOST_PX, image.shape[1::-1], strict=True))
    width_px, height_px = (max(1, round(factor * size)) for size in image.shape[1::-1])
    room_px = max(width_px, _LEAST_WIDTH_PX)
    canvas = np.empty((_MOST_PX[1] + _FOOT_PX, room_px + _STRIP_PX, 3), np.uint8)
    whole, strip, foot = canvas[: _MOST_PX[1], :room_px], canvas[:, room_px:], canvas[_MOST_PX[1] :, :room_px]
    left, top = (room_px - width_px) // 2, (_MOST_PX[1] - height_px) // 2
    picture = whole[top : top + height_px, left : left + width_px]
    if picture.shape != whole.shape:
        _fill(whole, _GROUND)
    picture[:] = cv2.resize(image, (width_px, height_px), interpolation=cv2.INTER_LINEAR) if factor != 1 else image
    if showing.moment is not None:
        _draw_marks(picture, showing, showing.moment, scale * factor)
    if mirror:
        picture[:] = cv2.flip(picture, 1)
    _draw_strip(strip, showing)
    _write(foot, _messages(showing), _MESSAGE_PX)
    return canvas


def words(showing: Showing) -> list[str]:
    """Say the same in lines of text, for a terminal."""
    if showing.guide is not None:
        return [*filter(None, [showing.advice or showing.cue, showing.guide]), *showing.state]
    lines = [f"Reps: {showing.count}", f"Upper back: {_change(showing)}"]
    lines += [f"{VERDICTS[showing.last[0]].symbol} {showing.last[1]}"] if showing.last else []
    lines += [f"Cue: {showing.cue}"] if showing.cue else []
    lines += [showing.advice] if showing.advice else [READY] if showing.ready else []
    return [*lines, *showing.state]


def _fill(area: Image, colour: Colour) -> None:
    """Fill an area with one colour, for which NumPy takes ten times as long."""
    if area.size:
        cv2.rectangle(area, (0, 0), (area.shape[1], area.shape[0]), colour, -1)


def _write(area: Image, lines: list[Line], largest_px: int) -> None:
    area[:] = text_block(tuple(lines), (area.shape[1], area.shape[0]), largest_px, _GROUND)


def _draw_marks(picture: Image, showing: Showing, moment: Moment, scale: float) -> None:
    draw_spine(picture, moment.points_px * scale, _colour(showing))
    radius_px = 0.012 * min(picture.shape[:2])
    for place_px, colour in ((moment.plate_px, BAR), (moment.hip_px, _HIP)):
        if np.isfinite(place_px).all():
            draw_mark(picture, place_px * scale, radius_px, colour)


def _colour(showing: Showing) -> Colour:
    return VERDICTS[showing.verdict].rgb if showing.verdict else _WHITE


def _draw_strip(strip: Image, showing: Showing) -> None:
    """Fill the strip beside the picture: reps, gauge, the number and what it means, the state of the program."""
    _fill(strip, _GROUND)
    _write(strip[slice(*_STATE)], [Line(text) for text in showing.state], _SMALL_PX)
    if showing.guide is not None:
        _write(strip[: _STATE[0]], [Line(showing.guide, bold=True)], 2 * _LARGE_PX)
        return
    number, *meaning = _number(showing)
    texts = {
        _REPS: [Line("reps", _GREY)],
        _COUNT: [Line(str(showing.count), bold=True)],
        _BACK: [Line("upper back", _GREY)],
        _NUMBER: [number],
        _MEANING: meaning,
    }
    for rows, lines in texts.items():
        _write(strip[slice(*rows)], lines, _LARGE_PX if rows in (_COUNT, _NUMBER) else _SMALL_PX)
    _draw_gauge(strip[slice(*_GAUGE)], showing)


def _messages(showing: Showing) -> list[Line]:
    """Say one thing: what the set-up lacks, that it lacks nothing, or how the last rep was and what to do next."""
    if showing.advice:
        return [Line(showing.advice, VERDICTS["caution"].rgb, bold=True)]
    lines = []
    if showing.last:
        verdict, text = showing.last
        lines.append(Line(f"{VERDICTS[verdict].symbol} {text}", VERDICTS[verdict].rgb, bold=True))
    elif showing.ready:
        lines.append(Line(READY, _GREEN, bold=True))
    return [*lines, Line(showing.cue)] if showing.cue else lines


def _number(showing: Showing) -> list[Line]:
    """Return the number, and under it what it means."""
    moment = showing.moment
    if moment is None or not np.isfinite(moment.change_deg):
        return [Line("?", _GREY, bold=True), Line(_change(showing), _GREY)]
    change_deg, colour = round(moment.change_deg), _colour(showing)
    number = f"{change_deg:+d}°".replace("-", "\N{MINUS SIGN}") if change_deg else "0°"
    symbol = f"{VERDICTS[showing.verdict].symbol} " if showing.verdict else ""
    meaning = "like your reference" if not change_deg else f"{'less' if change_deg < 0 else 'more'} rounded"
    sigma = [Line(f"± {moment.sigma_deg:.0f}°", _GREY)] if np.isfinite(moment.sigma_deg) else []
    return [Line(number, colour, bold=True), Line(symbol + meaning, colour), *sigma]


def _change(showing: Showing) -> str:
    moment = showing.moment
    if moment is None or not np.isfinite(moment.change_deg):
        why = f": {reason_in_words(moment.reason)}" if moment and moment.reason else ""
        return NOT_MEASURED + why
    return change_in_words(moment.change_deg, moment.sigma_deg)


def _draw_gauge(gauge: Image, showing: Showing) -> None:
    """Draw the thoracic change as a column that rises from the reference, its uncertainty and the levels, in place."""
    height_px = gauge.shape[0]
    most_deg: float = max([_LEAST_SCALE_DEG, *(1.5 * level_deg for _, level_deg in showing.levels)])

    def row(deg: float) -> int:
        share = (min(max(deg, _BELOW_DEG), most_deg) - _BELOW_DEG) / (most_deg - _BELOW_DEG)
        place: int = round((1 - share) * (height_px - 1))
        return place

    _fill(gauge[:, _LEFT:_RIGHT], _COLUMN)
    moment = showing.moment
    if moment is not None and np.isfinite(moment.change_deg):
        low, high = sorted((row(0.0), row(moment.change_deg)))
        _fill(gauge[low:high, _LEFT:_RIGHT], _colour(showing))
        if np.isfinite(moment.sigma_deg):
            ends = [row(moment.change_deg + sign * moment.sigma_deg) for sign in (-1, 1)]
            _draw_uncertainty(gauge, *ends)
    else:
        _hatch(gauge[:, _LEFT:_RIGHT])
    ticks = [(_level(name, deg), row(deg), VERDICTS[name].rgb) for name, deg in showing.levels]
    _draw_ticks(gauge, [("0°", row(0.0), _WHITE), *ticks])


def _level(name: Severity, deg: float) -> str:
    return f"{VERDICTS[name].symbol} {deg:.1f}".removesuffix(".0") + "°"


def _draw_uncertainty(gauge: Image, low: int, high: int) -> None:
    middle = (_LEFT + _RIGHT) // 2
    for colour, thickness in ((_BLACK, 12), (_WHITE, 6)):
        cv2.line(gauge, (middle, low), (middle, high), colour, thickness)


def _hatch(column: Image) -> None:
    """Fill a column as nothing measured is filled."""
    height_px, width_px = column.shape[:2]
    for start in range(0, height_px + width_px, 20):
        cv2.line(column, (0, start), (width_px, start - width_px), _HATCH, 3)


def _draw_ticks(gauge: Image, ticks: list[tuple[str, int, Colour]]) -> None:
    """Draw levels and their numbers; where numbers would meet, only that of the highest is written."""
    written: list[int] = []
    for text, row, colour in reversed(ticks):
        cv2.line(gauge, (_LEFT - _TICK_PX, row), (_RIGHT + _TICK_PX, row), colour, 4)
        top = min(max(0, row - _TICK_ROOM_PX // 2), gauge.shape[0] - _TICK_ROOM_PX)
        if all(abs(top - other) >= _TICK_ROOM_PX for other in written):
            _write(gauge[top : top + _TICK_ROOM_PX, _RIGHT + _TICK_PX :], [Line(text, colour)], _SMALL_PX)
            written.append(top)
