"""What all pictures to share have in common: white paper, letters that every installation has, legend and foot."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spineline.io.drawing import DPI, LIGHT, Palette, as_files, own_style
from spineline.io.text import printable
from spineline.io.verdicts import VERDICTS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

WIDTH_PX: Final = 960
EDGE_PX: Final = 24
LINE_PX: Final = 19

_MISSING: Final = "\N{REPLACEMENT CHARACTER}"
_SMALL_PX, _PLAIN_PX = 11.0, 12.0


@dataclass(frozen=True)
class Paper:
    """A figure that is written on in pixels from its upper left corner."""

    figure: Figure
    colours: Palette
    height_px: int

    def place(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Return where a pixel lies as shares of the figure, from its lower left corner."""
        return x_px / WIDTH_PX, 1 - y_px / self.height_px

    def write(
        self,
        text: str,
        x_px: float,
        y_px: float,
        *,
        room_px: float | None = None,
        size_px: float = _PLAIN_PX,
        colour: str = "ink",
        bold: bool = False,
    ) -> None:
        """Write one line on ``y_px``; what has no room, by default up to the right edge, is cut out of its middle."""
        room_px = WIDTH_PX - EDGE_PX - x_px if room_px is None else room_px
        self.figure.text(
            *self.place(x_px, y_px), fitting(text, room_px, size_px, bold=bold), fontsize=size_px,
            fontweight="bold" if bold else "normal", color=self.colours[colour], va="baseline",
        )  # fmt: skip

    def explain(self, lines: Sequence[Artist], y_px: float) -> None:
        """Draw the legend from ``y_px`` down: what the lines mean, by their labels, and below them the verdicts."""
        self.figure.legend(
            handles=lines, loc="upper left", bbox_to_anchor=self.place(EDGE_PX, y_px), borderaxespad=0.0, borderpad=0.0,
            ncols=len(lines), fontsize=_SMALL_PX, handlelength=2.4, columnspacing=1.6,
        )  # fmt: skip
        self._verdicts(y_px + LINE_PX + 3)

    def _verdicts(self, y_px: float) -> None:
        from matplotlib.offsetbox import AnchoredOffsetbox, HPacker, TextArea

        looks = [("Verdict of a rep:", "ink")]
        looks += [(f"{look.symbol} {look.word.lower()}", name) for name, look in VERDICTS.items()]
        words: list[Artist] = [
            TextArea(text, textprops={"size": _SMALL_PX, "color": self.colours[name]}) for text, name in looks
        ]
        row = AnchoredOffsetbox(
            "upper left", child=HPacker(pad=0, sep=14, children=words), pad=0, borderpad=0, frameon=False,
            bbox_to_anchor=self.place(EDGE_PX, y_px), bbox_transform=self.figure.transFigure,
        )  # fmt: skip
        self.figure.add_artist(row)

    def close(self, *lines: str) -> None:
        """Write the last lines, small, at the lower edge."""
        for i, text in enumerate(reversed(lines)):
            y_px = self.height_px - 14 - i * (LINE_PX - 3)
            self.write(text, EDGE_PX, y_px, size_px=_SMALL_PX, colour="muted")


@contextlib.contextmanager
def paper(height_px: int) -> Iterator[Paper]:
    """Give a sheet to draw on within the block."""
    with own_style("share", LIGHT) as colours:
        from matplotlib.figure import Figure

        yield Paper(Figure(figsize=(WIDTH_PX / DPI, height_px / DPI), dpi=DPI), colours, height_px)


def finished(sheet: Paper, title: str) -> dict[str, bytes]:
    """Return the files of a sheet by their suffix; within the block of `paper`."""
    return as_files(sheet.figure, printable(title))


def samples(colours: Palette) -> dict[str, Artist]:
    """Return what a legend can show, by name: a band, a level, a level reached, a rep and what was not measured."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return {
        "band": Patch(color=colours["change"], alpha=0.18, linewidth=0, label="± 1 standard deviation"),
        "level": Line2D([], [], color=colours["caution"], linewidth=1.4, linestyle=(0, (6, 3)), label="level"),
        "reached": Line2D(
            [], [], linestyle="none", marker="o", markersize=7, color=colours["caution"],
            markeredgecolor=colours["ink"], markeredgewidth=0.8, label="level reached",
        ),
        "rep": Patch(color=colours["shade"], linewidth=0, label="rep"),
        "gap": Patch(facecolor="none", edgecolor=colours["hatch"], hatch="////", linewidth=0, label="not measured"),
    }  # fmt: skip


def fitting(text: str, room_px: float, size_px: float, *, bold: bool = False) -> str:
    """Return text that fits into a room: letters we do not have replaced, and its middle cut out if need be."""
    known = _known_letters(bold)
    whole = "".join(c if ord(c) in known else _MISSING for c in printable(text))
    kept, fewest = whole, len(whole)
    while fewest and _width_px(kept, size_px, bold) > room_px:
        fewest -= max(1, fewest // 20)
        kept = f"{whole[: (fewest + 1) // 2]}…{whole[len(whole) - fewest // 2 :]}"
    return kept


@functools.lru_cache(maxsize=2)
def _font_file(bold: bool) -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")


@functools.lru_cache(maxsize=2)
def _known_letters(bold: bool) -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(get_font(str(_font_file(bold))).get_charmap())


def _width_px(text: str, size_px: float, bold: bool) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(fname=str(_font_file(bold)), size=size_px)
    return float(TextToPath().get_text_width_height_descent(text, font, ismath=False)[0])
