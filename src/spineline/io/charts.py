"""Charts of one set, drawn with matplotlib: over time, and the way of the bar. On a page they are inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spineline.core.analysis import Analysis, RepResult
from spineline.core.signals import runs, span
from spineline.core.track import Bools, Floats
from spineline.io.curves import Curves, Mark, RepCurve, curves_of
from spineline.io.drawing import DPI, Palette, as_inline, draw_levels, own_style
from spineline.io.verdicts import VERDICTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# No joint bends farther; a landmark that jumps would flatten everything else.
_LEAST_JOINT_DEG, _MOST_JOINT_DEG = -45.0, 180.0
_MOST_POINTS: Final = 1500
_HEIGHT_PX: Final = 420
_NARROW_PX: Final = 640  # up to here with short titles
LEFT_PX, RIGHT_PX, _TOP_PX, _BOTTOM_PX = 42, 72, 44, 26  # room for what is written around the axes
TITLE_PAD_PX: Final = 22  # of the title of a change, above the numbers of the reps
_CHANGE_PX: Final = 190  # height of the upper axes, about
_LABEL_PX: Final = 40  # least room of a rep's number along the axis
_PATH_PX: Final = 260
_LEAST_SPACING_CM: Final = 25.0
_STEPS_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


def timeline_svg(analysis: Analysis, *, width_px: int, name: str) -> str:
    """Draw thoracic change over time, and trunk, hip and knee angles below it.

    Parameters
    ----------
    analysis : Analysis
    width_px : int
        Width at which letters have their natural size.
    name : str
        Begins every id within the drawing; different for each drawing on a page.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    with own_style(name) as colours:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width_px / DPI, _HEIGHT_PX / DPI), dpi=DPI)
        draw_timeline(figure, curves_of(analysis), colours)
        return as_inline(figure, name)


def draw_timeline(figure: Figure, curves: Curves, colours: Palette, *, head_px: int = 0, foot_px: int = 0) -> None:
    """Draw what `timeline_svg` returns, and leave room above and below it."""
    width_px, height_px = (round(DPI * side) for side in figure.get_size_inches())
    left, right = axis_shares(width_px)
    figure.subplots_adjust(
        left=left, right=right, bottom=(foot_px + _BOTTOM_PX) / height_px,
        top=1 - (head_px + _TOP_PX) / height_px, hspace=0.32,
    )  # fmt: skip
    change, joints = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    wide = "Upper back: change from the reference, degrees (up = more rounded)"
    change.set_title(wide if width_px > _NARROW_PX else "Upper back: change, degrees", pad=TITLE_PAD_PX)
    draw_change(change, curves, colours, width_px=width_px, limits_deg=change_limits(curves))
    _draw_joints(joints, curves, colours, width_px)
    time_s = curves.time_s
    time_axis(joints, *((float(time_s[0]), float(time_s[-1])) if len(time_s) else (0.0, 1.0)), width_px=width_px)


def axis_shares(width_px: int) -> tuple[float, float]:
    """Return where the axes of a timeline begin and end, as shares of its width."""
    return LEFT_PX / width_px, 1 - RIGHT_PX / width_px


def bar_path_svg(analysis: Analysis, *, width_px: int, name: str) -> str:
    """Draw the way of the weight in each rep side by side, to one scale, forward to the right, in centimetres.

    Parameters are those of `timeline_svg`; there must be a rep in which the weight was seen.
    """
    with own_style(name) as colours:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width_px / DPI, _PATH_PX / DPI), dpi=DPI)
        axes = figure.subplots()
        figure.subplots_adjust(left=LEFT_PX / width_px, right=0.99, bottom=30 / _PATH_PX, top=1 - 26 / _PATH_PX)
        axes.set_title("Way of the bar, cm (right = forward, solid = up, dotted = down)" if width_px > _NARROW_PX else
                       "Way of the bar, cm")  # fmt: skip
        ways = [(result, *_ways_cm(analysis, result)) for result in analysis.reps]
        seen = [way for way in ways if np.isfinite(way[1]).any()]
        spacing = max(_LEAST_SPACING_CM, *(float(np.nanmax(x) - np.nanmin(x)) + 8.0 for _, x, _, _ in seen))
        places = spacing * np.arange(len(seen))
        axes.vlines(places, 0.0, 1.0, transform=axes.get_xaxis_transform(), color=colours["grid"], linewidth=1.0)
        for verdict in dict.fromkeys(way[0].verdict for way in seen):
            mine = [(at + way[1], *way[2:]) for at, way in zip(places, seen, strict=True) if way[0].verdict == verdict]
            x, y, up = (np.concatenate(parts) for parts in zip(*map(_parted, mine), strict=True))
            axes.plot(np.where(up, np.nan, x), y, color=colours[verdict], linewidth=1.6, linestyle=(0, (1, 2)))
            axes.plot(np.where(up, x, np.nan), y, color=colours[verdict], linewidth=2.4)
        every = math.ceil(_LABEL_PX / (width_px - LEFT_PX) * (len(seen) + 1))
        axes.set_xticks(places[::every])
        axes.set_xticklabels([f"{way[0].rep.index} {VERDICTS[way[0].verdict].symbol}" for way in seen[::every]])
        axes.set_xlim(-spacing, len(seen) * spacing)
        return as_inline(figure, name)


def _parted(way: tuple[Floats, Floats, Bools]) -> tuple[Floats, Floats, Bools]:
    """Let a way end with a gap, so that many can be drawn as one line."""
    x, y, up = way
    return np.append(x, np.nan), np.append(y, np.nan), np.append(up, False)


def _ways_cm(analysis: Analysis, result: RepResult) -> tuple[Floats, Floats, Bools]:
    """Return the way of the weight in one rep, forward and up from its begin, and which of it is the way up."""
    rep, time_s = result.rep, analysis.track.time_s
    inside = span(time_s, rep.start_s, rep.end_s)
    x, y = 100 * analysis.bar.forward_m[inside], 100 * analysis.bar.up_m[inside]
    begin = int(np.searchsorted(time_s[inside], rep.pull_s[0]))
    known = np.flatnonzero(np.isfinite(x))
    origin = known[np.argmin(np.abs(known - begin))] if known.size else 0
    up = (time_s[inside] >= rep.pull_s[0]) & (time_s[inside] <= rep.pull_s[1])
    return x - x[origin], y - y[origin], up


def draw_change(
    axes: Axes, curves: Curves, colours: Palette, *, width_px: float, limits_deg: tuple[float, float]
) -> None:
    """Draw the change of the upper back over time, with its band and levels, the reps, and what was not measured."""
    time_s, change_deg = curves.time_s, curves.change_deg
    low, high = limits_deg
    axes.set_ylim(low, high)
    _shade_reps(axes, curves.reps, colours, width_px, time_s)
    hatch_gaps(axes, time_s, np.isfinite(change_deg), colours)
    axes.axhline(0.0, color=colours["muted"], linewidth=0.8)
    draw_levels(axes, curves.levels, colours, degrees_per_px=(high - low) / _CHANGE_PX)
    draw_band(axes, time_s, change_deg, curves.sigma_deg, colours["change"])
    axes.plot(time_s, change_deg, color=colours["change"], linewidth=2.2, solid_capstyle="round")
    draw_marks(axes, [(mark.time_s, mark) for rep in curves.reps for mark in rep.marks], colours)


def draw_marks(axes: Axes, marks: Sequence[tuple[float, Mark]], colours: Palette) -> None:
    """Mark the levels that were reached, each at its place along the axis and by its colour."""
    for severity in dict.fromkeys(mark.severity for _, mark in marks):
        mine = [(at, mark.change_deg) for at, mark in marks if mark.severity == severity]
        axes.plot(*zip(*mine, strict=True), marker="o", markersize=7, color=colours[severity], linestyle="none",
                  markeredgecolor=colours["ink"], markeredgewidth=0.8)  # fmt: skip


def change_limits(*shown: Curves) -> tuple[float, float]:
    """Show everything measured and all levels."""
    low_deg, high_deg = -8.0, -np.inf
    for curves in shown:
        high_deg = max(high_deg, max(level for _, level in curves.levels) + 4.0)
        known = np.isfinite(curves.change_deg) & np.isfinite(curves.sigma_deg)
        if known.any():
            low_deg = min(low_deg, float((curves.change_deg - curves.sigma_deg)[known].min()) - 1.0)
            high_deg = max(high_deg, float((curves.change_deg + curves.sigma_deg)[known].max()) + 1.0)
    return low_deg, high_deg


def _shade_reps(axes: Axes, reps: tuple[RepCurve, ...], colours: Palette, width_px: float, time_s: Floats) -> None:
    """Shade every rep, and write its number and the symbol of its verdict above as far as there is room."""
    span_s = float(np.ptp(time_s)) if len(time_s) > 1 else 1.0
    room_s, last_s = _LABEL_PX / (width_px - LEFT_PX - RIGHT_PX) * span_s, -np.inf
    _shade(axes, reps, colours)
    for shown in reps:
        rep, middle_s = shown.rep, (shown.rep.start_s + shown.rep.end_s) / 2
        if middle_s - last_s >= room_s:
            last_s = middle_s
            axes.annotate(
                f"{rep.index} {VERDICTS[shown.verdict].symbol}", (middle_s, 1.0),
                xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points", ha="center",
                va="bottom", fontweight="bold", color=colours[shown.verdict],
            )  # fmt: skip


def _shade(axes: Axes, reps: tuple[RepCurve, ...], colours: Palette) -> None:
    spans_s = [(shown.rep.start_s, shown.rep.end_s) for shown in reps]
    draw_spans(axes, spans_s, (0.0, 1.0), facecolor=colours["shade"], linewidth=0, zorder=0)


def draw_spans(axes: Axes, spans: Sequence[tuple[float, float]], height: tuple[float, float], **look: Any) -> None:
    """Fill what lies between places along the axis, all as one; ``height`` as a share."""
    from matplotlib.collections import PolyCollection

    low, high = height
    corners = [[(start, low), (start, high), (stop, high), (stop, low)] for start, stop in spans]
    axes.add_collection(PolyCollection(corners, transform=axes.get_xaxis_transform(), **look), autolim=False)


def hatch_gaps(
    axes: Axes, time_s: Floats, known: Bools, colours: Palette, *, height: tuple[float, float] = (0.0, 1.0)
) -> None:
    """Hatch the time that was not measured, each gap half-way to its measured neighbours; ``height`` as a share."""
    if not len(time_s):
        return
    middle = (time_s[1:] + time_s[:-1]) / 2
    edges = np.concatenate([time_s[:1], middle, time_s[-1:]])
    gaps = [(float(edges[start]), float(edges[stop])) for start, stop in runs(~known)]
    draw_spans(axes, gaps, height, facecolor="none", edgecolor=colours["hatch"], hatch="////", linewidth=0, zorder=0.5)


def draw_band(axes: Axes, time_s: Floats, change_deg: Floats, sigma_deg: Floats, colour: str) -> None:
    """Shade one sigma either way; of a long recording only the outline that can be seen."""
    low, high = change_deg - sigma_deg, change_deg + sigma_deg
    for start, stop in runs(np.isfinite(low)):
        every = max(1, len(time_s) // _MOST_POINTS)
        at = np.arange(start, stop, every)
        lowest, highest = np.minimum.reduceat(low[:stop], at), np.maximum.reduceat(high[:stop], at)
        times = time_s[np.append(at, stop - 1)]
        lowest, highest = np.append(lowest, lowest[-1]), np.append(highest, highest[-1])
        axes.fill_between(times, lowest, highest, color=colour, alpha=0.18, linewidth=0)


def _draw_joints(axes: Axes, curves: Curves, colours: Palette, width_px: int) -> None:
    axes.set_title("Lean and bend, degrees (0 = standing straight)" if width_px > _NARROW_PX else "Degrees")
    _shade(axes, curves.reps, colours)
    lines: tuple[tuple[str, Floats, str | tuple[int, tuple[int, int]]], ...] = (
        ("trunk", curves.trunk_deg, "solid"),
        ("hip", curves.hip_deg, (0, (6, 2))),
        ("knee", curves.knee_deg, (0, (2, 2))),
    )
    for name, values, style in lines:
        axes.plot(curves.time_s, values, color=colours[name], linestyle=style, label=name)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0, ncols=3,
        handlelength=2.2 if width_px > _NARROW_PX else 1.4, columnspacing=1.0,
    )  # fmt: skip
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, _LEAST_JOINT_DEG), min(high, _MOST_JOINT_DEG))


def time_axis(axes: Axes, start_s: float, end_s: float, *, width_px: float) -> None:
    """Put seconds at round steps, as many as fit."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    end_s = max(end_s, start_s + 0.1)
    axes.set_xlim(start_s, end_s)
    wanted_s = (end_s - start_s) / (width_px / 75)
    step_s = next((step for step in _STEPS_S if step >= wanted_s), _STEPS_S[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step_s))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at_s, _: f"{at_s:g} s".replace("-", "\N{MINUS SIGN}")))
