"""The picture of a comparison, PNG and SVG: two sets side by side, or two reps over each other, with their table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from spineline.io.charts import (
    LEFT_PX,
    RIGHT_PX,
    TITLE_PAD_PX,
    change_limits,
    draw_band,
    draw_change,
    draw_marks,
    hatch_gaps,
    time_axis,
)
from spineline.io.comparison import LETTERS, Comparison, Side
from spineline.io.curves import Curves, RepCurve
from spineline.io.drawing import draw_levels
from spineline.io.picture import EDGE_PX, LINE_PX, WIDTH_PX, Paper, finished, paper, samples

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_HALF_PX: Final = WIDTH_PX // 2
_AXES_TOP_PX, _AXES_PX = 116, 240
_TABLE_TOP_PX: Final = _AXES_TOP_PX + _AXES_PX + 58
_COLUMNS_PX: Final = (EDGE_PX, 200, 470, 740)
_ENDS_PX: Final = (*(x_px - 10 for x_px in _COLUMNS_PX[1:]), WIDTH_PX - EDGE_PX)
_FOOT_PX: Final = 82
_AROUND_S: Final = 2.0  # shown before the first rep and after the last
_LEAST_S: Final = 1e-3  # to which times are rounded
_STRIP: Final = 0.04  # of the axes' height, for what of one side was not measured
_COLOURS: Final = ("change", "hip")
_DASHES: Final[tuple[tuple[float, Sequence[float]], ...]] = ((0, ()), (0, (5, 2)))


def comparison_chart(found: Comparison) -> dict[str, bytes]:
    """Draw a comparison.

    Two sets stand side by side, in one scale. Two reps lie over each other: over time, from where they turn, and over
    the way up. Below stand the table and the remarks.

    Returns
    -------
    The bytes by the suffix of the file, ``.png`` and ``.svg``; the same for the same comparison.
    """
    sides = (found.first, found.second)
    height_px = _TABLE_TOP_PX + LINE_PX * (len(found.rows) + len(found.remarks) + 2) + _FOOT_PX
    with paper(height_px) as sheet:
        left, right = _axes(sheet)
        if found.first.rep and found.second.rep:
            shown = [_alone(side.saved.curves, side.reps[0]) for side in sides]
            _overlaid(sheet, left, right, shown)
        else:
            _side_by_side(sheet, (left, right), sides)
        _headings(sheet, sides, of_reps=found.first.rep is not None)
        _write_table(sheet, found)
        sheet.explain(_legend(sheet, of_reps=found.first.rep is not None), height_px - _FOOT_PX + 8)
        sheet.close("Estimated from one camera by spineline.")
        return finished(sheet, f"{found.first.title} beside {found.second.title}: change of the upper back")


def _axes(sheet: Paper) -> tuple[Axes, Axes]:
    """Place two axes of one size side by side."""
    shape = (_HALF_PX - LEFT_PX - RIGHT_PX) / WIDTH_PX, _AXES_PX / sheet.height_px
    corners = [sheet.place(LEFT_PX + half * _HALF_PX, _AXES_TOP_PX + _AXES_PX) for half in (0, 1)]
    left, right = (sheet.figure.add_axes((*corner, *shape)) for corner in corners)
    return left, right


def _headings(sheet: Paper, sides: Sequence[Side], *, of_reps: bool) -> None:
    """Say above each half what it is; of reps with the line that they are drawn in."""
    for half, side in enumerate(sides):
        x_px, colour = EDGE_PX + half * _HALF_PX, _COLOURS[half] if of_reps else "ink"
        sheet.write(f"{LETTERS[half]}", x_px, 36, size_px=16.0, bold=True, colour=colour)
        sheet.write(side.title, x_px + 22, 36, room_px=_HALF_PX - 60, size_px=14.0, bold=True, colour=colour)
        sheet.write(side.saved.about, x_px + 22, 56, room_px=_HALF_PX - 60, colour="muted")


def _side_by_side(sheet: Paper, axes: Sequence[Axes], sides: Sequence[Side]) -> None:
    """Draw two sets over time, as much of it for both as the longer one takes."""
    starts_s = [max(float(side.saved.curves.time_s[0]), side.reps[0].rep.start_s - _AROUND_S) for side in sides]
    ends_s = [min(float(side.saved.curves.time_s[-1]), side.reps[-1].rep.end_s + _AROUND_S) for side in sides]
    span_s = max(end_s - start_s for start_s, end_s in zip(starts_s, ends_s, strict=True))
    shown = [
        side.saved.curves.between(start_s, start_s + span_s) for side, start_s in zip(sides, starts_s, strict=True)
    ]
    limits_deg = change_limits(*shown)
    for each, curves, start_s in zip(axes, shown, starts_s, strict=True):
        each.set_title("Upper back: change from the reference, degrees", pad=TITLE_PAD_PX, size=12.0)
        draw_change(each, curves, sheet.colours, width_px=_HALF_PX, limits_deg=limits_deg)
        time_axis(each, start_s, start_s + span_s, width_px=_HALF_PX)


def _alone(curves: Curves, shown: RepCurve) -> Curves:
    """Return one rep without what is around it."""
    return replace(curves.between(shown.rep.start_s, shown.rep.end_s), reps=(shown,))


def _overlaid(sheet: Paper, left: Axes, right: Axes, shown: Sequence[Curves]) -> None:
    """Draw two reps over each other: over time, from where they turn, and over the time of the way up."""
    low_deg, high_deg = change_limits(*shown)
    turns = ["lockout" if curves.reps[0].rep.begins == "floor" else "bottom" for curves in shown]
    zero = turns[0] if turns[0] == turns[1] else f"{turns[0]} of A, {turns[1]} of B"
    left.set_title(f"Upper back: change, degrees (0 s = {zero})", size=12.0)
    right.set_title("The same over the time of the way up", size=12.0)
    levels = shown[0].levels if shown[0].levels == shown[1].levels else ()
    for axes in (left, right):
        axes.set_ylim(low_deg, high_deg)
        axes.axhline(0.0, color=sheet.colours["muted"], linewidth=0.8)
        draw_levels(axes, levels, sheet.colours, degrees_per_px=(high_deg - low_deg) / _AXES_PX)
    for half, curves in enumerate(shown):
        turn_s, (begin_s, end_s) = curves.reps[0].rep.turn_s, curves.reps[0].rep.pull_s
        _draw_rep(sheet, left, curves, half, from_s=turn_s, unit_s=1.0)
        _draw_rep(
            sheet,
            right,
            curves.between(begin_s, end_s),
            half,
            from_s=begin_s,
            unit_s=max(end_s - begin_s, _LEAST_S) / 100,
        )
    left.axvline(0.0, color=sheet.colours["grid"], linewidth=1.0, zorder=0)
    reps = [curves.reps[0].rep for curves in shown]
    begin_s, end_s = min(rep.start_s - rep.turn_s for rep in reps), max(rep.end_s - rep.turn_s for rep in reps)
    time_axis(left, begin_s, end_s, width_px=_HALF_PX)
    right.set_xlim(0, 100)
    right.xaxis.set_major_formatter("{x:.0f}%")


def _draw_rep(sheet: Paper, axes: Axes, curves: Curves, half: int, *, from_s: float, unit_s: float) -> None:
    """Draw one rep in units from a moment on: band, line, levels reached, and in a strip what was not measured."""
    colour, at = sheet.colours[_COLOURS[half]], (curves.time_s - from_s) / unit_s
    draw_band(axes, at, curves.change_deg, curves.sigma_deg, colour)
    axes.plot(at, curves.change_deg, color=colour, linewidth=2.2, linestyle=_DASHES[half])
    strip = (half * _STRIP, (half + 1) * _STRIP)
    hatch_gaps(axes, at, np.isfinite(curves.change_deg), {"hatch": colour}, height=strip)
    marks = [((mark.time_s - from_s) / unit_s, mark) for mark in curves.reps[0].marks]
    draw_marks(axes, marks, sheet.colours)


def _legend(sheet: Paper, *, of_reps: bool) -> list[Artist]:
    """Return what the lines mean; of reps, which is which."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shown = samples(sheet.colours)
    if not of_reps:
        return list(shown.values())
    colours = [sheet.colours[name] for name in _COLOURS]
    lines = [
        Line2D([], [], color=colour, linewidth=2.2, linestyle=dash, label=letter)
        for colour, dash, letter in zip(colours, _DASHES, LETTERS, strict=True)
    ]
    gaps = [
        Patch(facecolor="none", edgecolor=colour, hatch="////", linewidth=0, label=f"{letter} not measured")
        for colour, letter in zip(colours, LETTERS, strict=True)
    ]
    return [*lines, shown["band"], shown["level"], shown["reached"], *gaps]


def _write_table(sheet: Paper, found: Comparison) -> None:
    """Write the table, and the remarks below it."""
    y_px: float = _TABLE_TOP_PX
    for text, x_px in zip(("", *LETTERS, "Difference"), _COLUMNS_PX, strict=True):
        sheet.write(text, x_px, y_px, bold=True)
    for row in found.rows:
        y_px += LINE_PX
        of_verdicts = row is found.rows[0]
        tones = (found.first.verdict, found.second.verdict) if of_verdicts else ("ink", "ink")
        cells = zip((row.name, row.first, row.second, row.difference), ("muted", *tones, "ink"), strict=True)
        for (text, colour), x_px, end_px in zip(cells, _COLUMNS_PX, _ENDS_PX, strict=True):
            sheet.write(text, x_px, y_px, room_px=end_px - x_px, colour=colour)
    for i, text in enumerate(found.remarks, start=1):
        sheet.write(text, EDGE_PX, y_px + 8 + i * LINE_PX, colour="muted")
