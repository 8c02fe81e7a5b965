"""How every chart is drawn: matplotlib in a style of our own, out as SVG that is part of a page, or as files.

On a page colours are left to it: the SVG refers to the CSS variables in `COLOURS`, so one drawing serves light, dark
and print. A file has the light ones in it. Equal input gives equal bytes, whatever the user's own matplotlib
configuration says.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from spineline.core.terms import Severity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Palette = Mapping[str, str]
"""Colours by what they are for."""

LIGHT: Final[Palette] = {
    "ink": "#1b2129",
    "muted": "#55606d",
    "grid": "#d4d8de",
    "shade": "#e9edf3",
    "hatch": "#a9b2bd",
    "change": "#14509a",
    "trunk": "#14509a",
    "hip": "#8a4a00",
    "knee": "#5c2d91",
    "ok": "#0b6b4a",
    "info": "#17609f",
    "caution": "#8f5200",
    "flag": "#b3141f",
    "not_measured": "#55606d",
}
"""What files are drawn in, on white: the light colours of the pages."""

# matplotlib wants real colours, so each variable goes in as a colour of its own that is replaced in the SVG.
STAND_IN: Final[Palette] = {name: f"#a1b2{i:02x}" for i, name in enumerate(LIGHT, start=1)}

COLOURS: Final = tuple(f"--{name.replace('_', '-')}" for name in LIGHT)
"""CSS variables that the page must define."""

DPI: Final = 72  # of matplotlib's SVG, so that a point is a pixel
_FILE_SCALE: Final = 2  # pixels of a PNG to one of the drawing
_PAPER: Final = "#ffffff"
_LINE_PX: Final = 13  # least room of a line of text


@contextlib.contextmanager
def own_style(salt: str, colours: Palette = STAND_IN) -> Iterator[Palette]:
    """Draw with matplotlib's defaults and ours, not with those of the user; theirs are back afterwards.

    Parameters
    ----------
    salt : str
        Goes into the ids within an SVG.
    colours : mapping of str to str
        Given to the block: stand-ins for a page (`as_inline`), `LIGHT` for files (`as_files`).
    """
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        ink, muted = colours["ink"], colours["muted"]
        matplotlib.rcParams.update(
            {
                "svg.hashsalt": salt,
                "svg.fonttype": "none",
                "font.size": 12.0,
                "text.color": ink,
                "text.parse_math": False,  # names of files may hold what would pass for a formula
                "figure.facecolor": "none",
                "axes.facecolor": "none",
                "axes.edgecolor": muted,
                "axes.labelcolor": muted,
                "axes.titlesize": 13.0,
                "axes.titlelocation": "left",
                "axes.spines.top": False,
                "axes.spines.right": False,
                "xtick.color": muted,
                "ytick.color": muted,
                "hatch.linewidth": 0.8,
                "legend.frameon": False,
                "lines.linewidth": 2.0,
            }
        )
        yield colours


def draw_levels(
    axes: Axes, levels: Iterable[tuple[Severity, float]], colours: Palette, *, degrees_per_px: float
) -> None:
    """Draw each level as a line, with its name beside it, and names that would touch moved apart."""
    place_deg = -math.inf
    for severity, level in levels:
        colour = colours[severity]
        axes.axhline(level, color=colour, linewidth=1.4, linestyle=(0, (6, 3)))
        place_deg = max(level, place_deg + _LINE_PX * degrees_per_px)
        axes.annotate(
            f"{severity} {level:.2g}°", (1.0, place_deg), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", color=colour, annotation_clip=False,
        )  # fmt: skip


def as_inline(figure: Figure, name: str) -> str:
    """Render and turn the file into an element of a page: no header, no names from elsewhere, ids of its own."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = io.StringIO()
    FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})  # type: ignore[no-untyped-call]
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s*<style.*?</style>", "", svg, flags=re.DOTALL)  # it would reach the whole page
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r"font: (?:(\w+) )?([\d.]+px) [^;\"]*", _font, svg)
    svg = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = svg.replace("url(#", f"url(#{name}-").replace('xlink:href="#', f'href="#{name}-')
    for variable, colour in zip(COLOURS, STAND_IN.values(), strict=True):
        svg = svg.replace(colour, f"var({variable})")
    return svg.strip()


def _font(match: re.Match[str]) -> str:
    """Keep weight and size of a font, and leave its family to the page."""
    weight, size = match.groups()
    return f"font-size: {size}" + (f"; font-weight: {weight}" if weight else "")


def as_files(figure: Figure, title: str) -> dict[str, bytes]:
    """Render on white, for itself: the bytes by the suffix of the file, ``.png`` at double size and ``.svg``.

    Parameters
    ----------
    figure : Figure
        Drawn within `own_style`, and not used any more.
    title : str
        Name of the SVG for those who do not see it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    figure.set_facecolor(_PAPER)
    png, text = io.BytesIO(), io.StringIO()
    about = {"Title": title, "Date": None, "Creator": None, "Format": None, "Type": None}
    FigureCanvasSVG(figure).print_svg(text, metadata=about)  # type: ignore[no-untyped-call]
    figure.set_dpi(_FILE_SCALE * DPI)
    FigureCanvasAgg(figure).print_png(png, metadata={"Software": None})  # type: ignore[no-untyped-call]
    svg = text.getvalue()
    svg = re.sub(r"<!DOCTYPE.*?>\n", "", svg, count=1, flags=re.DOTALL)  # it names an address to read
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return {".png": png.getvalue(), ".svg": svg.encode("utf-8")}
