"""The chart of one set as files to share, PNG and SVG."""

from __future__ import annotations

from typing import Final

from spineline.io.charts import draw_timeline
from spineline.io.curves import SavedSet
from spineline.io.picture import EDGE_PX, finished, paper, samples

_HEIGHT_PX: Final = 630
_HEAD_PX: Final = 62
_FOOT_PX: Final = 104


def set_chart(saved: SavedSet) -> dict[str, bytes]:
    """Draw one set: its name, what was lifted, the curves that the report shows, a legend, and what they rest on.

    Returns
    -------
    The bytes by the suffix of the file, ``.png`` and ``.svg``; the same for the same set.
    """
    with paper(_HEIGHT_PX) as sheet:
        sheet.write(saved.name, EDGE_PX, 34, size_px=18.0, bold=True)
        seen = f"upper back measured in {saved.usable_share:.0%} of the frames"
        sheet.write(f"{saved.about} · {seen}", EDGE_PX, 54, colour="muted")
        draw_timeline(sheet.figure, saved.curves, sheet.colours, head_px=_HEAD_PX, foot_px=_FOOT_PX)
        lines = samples(sheet.colours)
        sheet.explain(list(lines.values()), _HEIGHT_PX - _FOOT_PX + 8)
        sheet.close(
            f"Reference: {saved.reference_words}. Changes under {saved.mdc95_deg:.2g}° cannot be told from noise.",
            "Estimated from one camera by spineline.",
        )  # fmt: skip
        return finished(sheet, f"{saved.name}: change of the upper back over time")
