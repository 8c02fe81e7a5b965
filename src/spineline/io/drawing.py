"""How every chart is drawn: matplotlib in a style of our own, out as SVG that is part of a page.

Colours are left to the page: the SVG refers to the CSS variables in `COLOURS`, so one drawing serves light, dark
and print. Equal input gives equal bytes, whatever the user's own matplotlib configuration says.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# matplotlib wants real colours, so each variable goes in as a colour of its own that is replaced in the SVG.
_NAMES: Final = (
    "ink", "muted", "grid", "shade", "hatch", "change", "trunk", "hip", "knee",
    "ok", "info", "caution", "flag", "not_measured",
)  # fmt: skip
STAND_IN: Final = {name: f"#a1b2{i:02x}" for i, name in enumerate(_NAMES, start=1)}

COLOURS: Final = tuple(f"--{name.replace('_', '-')}" for name in _NAMES)
"""CSS variables that the page must define."""

DPI: Final = 72  # of matplotlib's SVG, so that a point is a pixel


@contextlib.contextmanager
def own_style(salt: str) -> Iterator[None]:
    """Draw with matplotlib's defaults and ours, not with those of the user; theirs are back afterwards."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        ink, muted = STAND_IN["ink"], STAND_IN["muted"]
        matplotlib.rcParams.update(
            {
                "svg.hashsalt": salt,
                "svg.fonttype": "none",
                "font.size": 12.0,
                "text.color": ink,
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
                "hatch.color": STAND_IN["hatch"],
                "hatch.linewidth": 0.8,
                "legend.frameon": False,
                "lines.linewidth": 2.0,
            }
        )
        yield


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
