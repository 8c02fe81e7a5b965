"""What a person reads in the terminal after an analysis: a table of the reps, and what it rests on."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spineline.app.analyze import Done, Summary
from spineline.io.container import printable_name
from spineline.io.verdicts import NOT_MEASURED, VERDICTS, counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_STYLES = {"ok": "green", "info": "cyan", "caution": "yellow", "flag": "bold red", "not_measured": "dim"}


_LEGEND = (
    "Start, Peak, Growth: rounding of the upper back against the reference when the way up began, at its most, and "
    "gained on the way up; ± is one standard deviation. Trunk: most lean. Knee: smallest angle. Seen: share of the "
    "rep in which the upper back was measured."
)


def print_legend(console: "Console") -> None:
    """Say what the columns of the tables mean."""
    from rich.text import Text

    console.print(Text(_LEGEND, style="dim"))


def print_summary(done: Summary, console: "Console", kept: int | None = None) -> None:
    """Show one analysed input, and as what number the history has it."""
    from rich.text import Text

    document = json.loads(done.text)
    console.print(Text.assemble((printable_name(Path(done.name)), "bold"), ": ", _headline(document)))
    if document["reps"]:
        console.print(_table(document, done))
    for line in _findings(document, done):
        console.print(Text(line))
    for cue in document["cues"]:
        console.print(Text(f"For the next set: {cue['text']}", style="bold"))
    for line in _ground(document):
        console.print(Text(line, style="dim"))
    if isinstance(done, Done):
        console.print(Text(f"Written to {printable_name(done.folder)}: {', '.join(done.files)}"), soft_wrap=True)
    if kept:
        console.print(Text(f"Kept in the history as set {kept}.", style="dim"))
    console.print()


def _headline(document: dict[str, Any]) -> str:
    if not document["reps"]:
        return "no lift found"
    reps = counted(len(document["reps"]), "rep")
    side, yaw_deg = document["view"]["side"], document["view"]["yaw_deg"]
    seen = "" if yaw_deg is None else f", seen from the {side} side, {abs(yaw_deg):.0f}° off a true side view"
    return f"{document['exercise']}, {reps}{seen}"


def _table(document: dict[str, Any], done: Summary) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for title in ("Rep", "Time, s", "Verdict", "Start", "Peak", "Growth", "Trunk", "Knee", "Seen"):
        table.add_column(title, justify="left" if title == "Verdict" else "right", no_wrap=True)
    for rep, seen in zip(document["reps"], done.reps, strict=True):
        look = VERDICTS[rep["verdict"]]
        table.add_row(
            str(rep["index"]),
            f"{rep['start_s']:.1f}-{rep['end_s']:.1f}",
            Text(f"{look.symbol} {rep['verdict'].replace('_', ' ')}", style=_STYLES[rep["verdict"]]),
            _degrees(rep["thoracic_change_start_deg"], seen.sigma_deg),
            _degrees(rep["thoracic_change_peak_deg"], seen.sigma_deg),
            _degrees(rep["thoracic_growth_deg"]),
            _degrees(rep["trunk_peak_deg"], sign=""),
            _degrees(rep["knee_min_deg"], sign=""),
            f"{rep['usable_share']:.0%}",
        )
    return table


def _degrees(value: float | None, sigma_deg: float = math.nan, *, sign: str = "+") -> str:
    if value is None:
        return "-"
    spread = f" ±{sigma_deg:.0f}" if math.isfinite(sigma_deg) else ""
    return f"{round(value) + 0:{sign}d}°{spread}"


def _findings(document: dict[str, Any], done: Summary) -> list[str]:
    """One line for each finding, and for each rep that could not be measured."""
    lines = []
    for rep, seen in zip(document["reps"], done.reps, strict=True):
        lines += [flag["message"] for flag in rep["flags"]]
        if rep["verdict"] == "not_measured":
            lines.append(f"Rep {rep['index']}: {NOT_MEASURED}: {seen.unseen_because}.")
    return lines


def _ground(document: dict[str, Any]) -> list[str]:
    """Say what the numbers rest on."""
    lines = [f"Upper back measured in {document['usable_share']:.0%} of the frames."]
    if document["reps"]:
        lines.append(f"Changes under {document['mdc95_deg']:.2g}° cannot be told from noise and are not named.")
    return [*lines, *document["notes"]]
