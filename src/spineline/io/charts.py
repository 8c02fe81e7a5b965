"""Charts of one analysis as inline SVG, drawn with matplotlib.

Colours are left to the page: the SVG refers to the CSS variables in `COLOURS`, so one drawing serves light, dark
and print. Equal input gives equal bytes, whatever the user's own matplotlib configuration says.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from spineline.core.analysis import Analysis, RepResult
from spineline.core.signals import runs
from spineline.core.track import Bools, Floats
from spineline.io.verdicts import VERDICTS, rounding_levels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# matplotlib wants real colours, so each variable goes in as a colour of its own that is replaced in the SVG.
_NAMES: Final = (
    "ink", "muted", "grid", "shade", "hatch", "change", "trunk", "hip", "knee",
    "ok", "info", "caution", "flag", "not_measured",
)  # fmt: skip
_STAND_IN: Final = {name: f"#a1b2{i:02x}" for i, name in enumerate(_NAMES, start=1)}

COLOURS: Final = tuple(f"--{name.replace('_', '-')}" for name in _NAMES)
"""CSS variables that the page must define."""

_POINTS_PER_PX: Final = 0.72
_MOST_POINTS: Final = 1500
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
    with _own_style(name):
        from matplotlib.figure import Figure

        height_px = 430 if width_px > 500 else 400
        figure = Figure(figsize=(width_px / 100, height_px / 100), dpi=100, layout="constrained")
        change, joints = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        _draw_change(change, analysis, width_px)
        _draw_joints(joints, analysis)
        _time_axis(joints, analysis.track.time_s, width_px)
        return _as_inline(figure, name)


@contextlib.contextmanager
def _own_style(salt: str) -> Iterator[None]:
    """Draw with matplotlib's defaults and ours, not with those of the user; theirs are back afterwards."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        ink, muted = _STAND_IN["ink"], _STAND_IN["muted"]
        matplotlib.rcParams.update(
            {
                "svg.hashsalt": salt,
                "svg.fonttype": "none",
                "font.size": 9.0,
                "text.color": ink,
                "axes.edgecolor": muted,
                "axes.labelcolor": muted,
                "axes.titlesize": 9.5,
                "axes.titlelocation": "left",
                "axes.spines.top": False,
                "axes.spines.right": False,
                "xtick.color": muted,
                "ytick.color": muted,
                "hatch.color": _STAND_IN["hatch"],
                "hatch.linewidth": 0.8,
                "legend.frameon": False,
                "path.simplify_threshold": 0.2,
            }
        )
        yield


def _draw_change(axes: Axes, analysis: Analysis, width_px: int) -> None:
    time_s, change_deg = analysis.track.time_s, analysis.thoracic_change_deg
    axes.set_title("Upper back: change from the reference, degrees (up = more rounded)" if width_px > 500 else
                   "Upper back: change, degrees (up = more rounded)")  # fmt: skip
    low, high = _change_limits(analysis)
    axes.set_ylim(low, high)
    _shade_reps(axes, analysis.reps, width_px, time_s)
    _hatch_gaps(axes, time_s, np.isfinite(change_deg))
    axes.axhline(0.0, color=_STAND_IN["muted"], linewidth=0.8)
    for severity, level in rounding_levels(analysis):
        colour = _STAND_IN[severity]
        axes.axhline(level, color=colour, linewidth=1.1, linestyle=(0, (6, 3)))
        axes.annotate(
            f"{severity} {level:.0f}°", (1.0, level), xycoords=("axes fraction", "data"), xytext=(3, 0),
            textcoords="offset points", va="center", color=colour, annotation_clip=False,
        )  # fmt: skip
    _band(axes, time_s, change_deg, analysis.sigma_change_deg)
    axes.plot(time_s, change_deg, color=_STAND_IN["change"], linewidth=1.8, solid_capstyle="round")
    for result in analysis.reps:
        for flag in result.flags:
            if flag.rule == "thoracic_rounding":
                axes.plot(flag.time_s, flag.value, marker="o", markersize=6, color=_STAND_IN[flag.severity],
                          markeredgecolor=_STAND_IN["ink"], markeredgewidth=0.8)  # fmt: skip


def _change_limits(analysis: Analysis) -> tuple[float, float]:
    """Show everything measured, the levels and some room for the numbers of the reps."""
    top_level = max(level for _, level in rounding_levels(analysis))
    known = analysis.thoracic_change_deg[np.isfinite(analysis.thoracic_change_deg)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    low, high = min(low - 3.0, -8.0), max(high + 3.0, top_level + 4.0)
    return low, high + 0.1 * (high - low)


def _shade_reps(axes: Axes, reps: tuple[RepResult, ...], width_px: int, time_s: Floats) -> None:
    """Shade every rep, and write its number and the symbol of its verdict above as far as there is room."""
    span_s = float(np.ptp(time_s)) if len(time_s) > 1 else 1.0
    every = max(1, int(np.ceil(len(reps) * 24 / (0.85 * width_px)))) if span_s else 1
    for i, result in enumerate(reps):
        rep = result.rep
        axes.axvspan(rep.start_s, rep.end_s, color=_STAND_IN["shade"], linewidth=0, zorder=0)
        if i % every == 0:
            look = VERDICTS[result.verdict]
            axes.annotate(
                f"{rep.index} {look.symbol}", ((rep.start_s + rep.end_s) / 2, 1.0), xycoords=("data", "axes fraction"),
                xytext=(0, -3), textcoords="offset points", ha="center", va="top", fontweight="bold",
                color=_STAND_IN[result.verdict],
            )  # fmt: skip


def _hatch_gaps(axes: Axes, time_s: Floats, known: Bools) -> None:
    """Hatch the time that was not measured, each gap half-way to its measured neighbours."""
    if not len(time_s):
        return
    middle = (time_s[1:] + time_s[:-1]) / 2
    edges = np.concatenate([time_s[:1], middle, time_s[-1:]])
    for start, stop in runs(~known):
        axes.axvspan(edges[start], edges[stop], facecolor="none", edgecolor=_STAND_IN["hatch"], hatch="////",
                     linewidth=0, zorder=0.5)  # fmt: skip


def _band(axes: Axes, time_s: Floats, change_deg: Floats, sigma_deg: Floats) -> None:
    """Shade one sigma either way; of a long recording only the outline that can be seen."""
    low, high = change_deg - sigma_deg, change_deg + sigma_deg
    for start, stop in runs(np.isfinite(low)):
        every = max(1, len(time_s) // _MOST_POINTS)
        at = np.arange(start, stop, every)
        lowest, highest = np.minimum.reduceat(low[:stop], at), np.maximum.reduceat(high[:stop], at)
        times = time_s[np.append(at, stop - 1)]
        lowest, highest = np.append(lowest, lowest[-1]), np.append(highest, highest[-1])
        axes.fill_between(times, lowest, highest, color=_STAND_IN["change"], alpha=0.18, linewidth=0)


def _draw_joints(axes: Axes, analysis: Analysis) -> None:
    time_s, angles = analysis.track.time_s, analysis.angles
    axes.set_title("Trunk lean, hip and knee bend, degrees (0 = standing straight)")
    for result in analysis.reps:
        axes.axvspan(result.rep.start_s, result.rep.end_s, color=_STAND_IN["shade"], linewidth=0, zorder=0)
    lines: tuple[tuple[str, Floats, str | tuple[int, tuple[int, int]]], ...] = (
        ("trunk", angles.trunk_deg, "solid"),
        ("hip", angles.hip_deg, (0, (6, 2))),
        ("knee", angles.knee_deg, (0, (2, 2))),
    )
    for name, values, style in lines:
        axes.plot(time_s, values, color=_STAND_IN[name], linewidth=1.5, linestyle=style, label=name)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0, handlelength=2.2)
    axes.margins(y=0.08)


def _time_axis(axes: Axes, time_s: Floats, width_px: int) -> None:
    """Put seconds at round steps, as many as fit."""
    from matplotlib.ticker import FormatStrFormatter, MultipleLocator

    start_s, end_s = (float(time_s[0]), float(time_s[-1])) if len(time_s) else (0.0, 1.0)
    end_s = max(end_s, start_s + 0.1)
    axes.set_xlim(start_s, end_s)
    wanted_s = (end_s - start_s) / (width_px / 75)
    step_s = next((step for step in _STEPS_S if step >= wanted_s), _STEPS_S[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step_s))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g s"))


def _as_inline(figure: Figure, name: str) -> str:
    """Render and turn the file into an element of a page: no header, no names from elsewhere, ids of its own."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = io.StringIO()
    FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r"font: ((?:bold )?[\d.]+)px [^;\"]*", _font, svg)
    svg = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = svg.replace("url(#", f"url(#{name}-").replace('xlink:href="#', f'href="#{name}-')
    for variable, colour in zip(COLOURS, _STAND_IN.values(), strict=True):
        svg = svg.replace(colour, f"var({variable})")
    return svg.strip()


def _font(match: re.Match[str]) -> str:
    """Keep weight and size of a font, and leave its family to the page."""
    weight, _, size = match[1].rpartition(" ")
    return f"font-size: {size}px" + (f"; font-weight: {weight}" if weight else "")
