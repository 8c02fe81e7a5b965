"""What is kept of lifts, as tables and JSON for `spineline history`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spineline.core.history import RepRecord, SetRecord
from spineline.core.terms import BY_SEVERITY
from spineline.io.container import printable_name
from spineline.io.text import json_text, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SETS: Final = ("ID", "Date", "Lifter", "Exercise", "Load", "Reps", "Verdicts", "Peak", "Strain", "Seen")
_REPS: Final = ("Rep", "Time, s", "Verdict", "Start", "Peak", "Growth", "Strain", "Trunk", "Knee", "Seen")
_LEFT: Final = ("Date", "Lifter", "Exercise", "Verdict", "Verdicts")
_WRAPPED: Final = ("Lifter", "Exercise", "Verdicts")


def sets_table(found: Sequence[tuple[int, SetRecord]]) -> "Table":
    """Make a table of sets with their ids."""
    table = _table(_SETS)
    for set_id, record in found:
        table.add_row(
            str(set_id),
            record.date[:10],
            record.lifter,
            record.exercise or "-",
            _load(record),
            str(len(record.reps)),
            _verdicts(record),
            _worst(record, "thoracic_change_peak_deg", "sigma_deg", "°"),
            _worst(record, "strain_index_pct", "strain_index_sigma_pct", "%"),
            f"{record.usable_share:.0%}",
        )
    return table


def sets_text(found: Sequence[tuple[int, SetRecord]]) -> str:
    """Return sets as a JSON array, without their pictures."""
    return json_text([_document(set_id, record, leave="still") for set_id, record in found])


def set_text(set_id: int, record: SetRecord) -> str:
    """Return a set as JSON."""
    return json_text(_document(set_id, record))


def print_set(set_id: int, record: SetRecord, console: "Console") -> None:
    """Show all that is kept of a set."""
    from rich.text import Text

    name, date = printable_name(Path(record.name)), record.date[:16].replace("T", " ")
    console.print(Text.assemble((f"Set {set_id}", "bold"), f": {record.lifter}, {date}, {name}"))
    load = "" if record.load_kg is None else f", {_load(record)}"
    console.print(Text(f"{record.exercise or 'lift'}{load}, upper back measured in {record.usable_share:.0%}"))
    table = _table(_REPS)
    for rep in record.reps:
        table.add_row(
            str(rep.index),
            f"{rep.start_s:.1f}-{rep.end_s:.1f}",
            _words(rep.verdict),
            _measured(rep.thoracic_change_start_deg, rep.sigma_deg, "°"),
            _measured(rep.thoracic_change_peak_deg, rep.sigma_deg, "°"),
            _measured(rep.thoracic_growth_deg, None, "°"),
            _measured(rep.strain_index_pct, rep.strain_index_sigma_pct, "%"),
            _measured(rep.trunk_peak_deg, None, "°", sign=""),
            _measured(rep.knee_min_deg, None, "°", sign=""),
            f"{rep.usable_share:.0%}",
        )
    console.print(table)
    for line in (flag.message for rep in record.reps for flag in rep.flags):
        console.print(Text(printable(line)))
    for line in (*record.notes, f"Changes under {record.mdc95_deg:.2g}° cannot be told from noise and are not named."):
        console.print(Text(printable(line), style="dim"))
    if record.folder:
        console.print(Text(f"Results: {printable_name(Path(record.folder))}", style="dim"), soft_wrap=True)


def _table(titles: Sequence[str]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for title in titles:
        table.add_column(title, justify="left" if title in _LEFT else "right", no_wrap=title not in _WRAPPED)
    return table


def _document(set_id: int, record: SetRecord, *, leave: str = "") -> dict[str, Any]:
    from spineline.io.history_files import plain  # loads what the tables can do without

    return {"id": set_id, **{name: value for name, value in plain(record).items() if name != leave}}


def _load(record: SetRecord) -> str:
    return "-" if record.load_kg is None else f"{record.load_kg:g} kg"


def _words(verdict: str) -> str:
    return verdict.replace("_", " ")


def _verdicts(record: SetRecord) -> str:
    """Count the verdicts, the worst first."""
    counts = Counter(rep.verdict for rep in record.reps)
    return ", ".join(f"{counts[verdict]} {_words(verdict)}" for verdict in reversed(BY_SEVERITY) if counts[verdict])


def _worst(record: SetRecord, name: str, sigma: str, unit: str) -> str:
    """Write the largest value of any rep, with its sigma."""
    measured: list[RepRecord] = [rep for rep in record.reps if getattr(rep, name) is not None]
    if not measured:
        return "-"
    worst = max(measured, key=lambda rep: float(getattr(rep, name)))
    return _measured(getattr(worst, name), getattr(worst, sigma), unit)


def _measured(value: float | None, sigma: float | None, unit: str, *, sign: str = "+") -> str:
    if value is None:
        return "-"
    return f"{round(value) + 0:{sign}d}{unit}" + (f" ±{sigma:.0f}" if sigma is not None else "")
