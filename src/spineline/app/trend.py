"""`spineline history trend` and `page`: weeks of lifting in the terminal, and as a page."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from spineline.core.history import History
from spineline.core.terms import Exercise
from spineline.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from spineline.core.overview import Lift, Overview
    from spineline.core.progress import Session
    from spineline.core.settings import Settings
    from spineline.core.trend import Trend

PAGE: Final = "spineline_progress.html"

_SCHEMA: Final = "spineline.trend/1"
_LEGEND: Final = (
    "Upper back: most rounded rep at the heaviest load, against the reference; ± is one standard deviation. In a set: "
    "last reps against the first two. Seen: share of the time in which the upper back was measured. Pain: before, "
    "during, after, next morning."
)
_MOST_NAMED: Final = 5
_KG: Final = 10
"""A slope is told for so many kilograms."""


def trend(
    *,
    lifter: Annotated[str | None, Parameter(metavar="NAME")] = None,
    exercise: Exercise | None = None,
    config: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    json: bool = False,
) -> int:
    """Show load, rounding and pain session by session, and what the latest says about the next.

    Parameters
    ----------
    lifter
        Whose, if there are several.
    exercise
        Only this lift.
    config
        TOML file of settings; the table [progress] has what is compared, and when which advice is given.
    json
        Print JSON instead of a table.
    """
    from spineline.app.cli import OK, terminal, write

    history, name = kept_of(lifter)
    seen = _overview(history, name, exercise=exercise, today=_today(), settings=_settings(config))
    if json:
        write(trend_text(seen))
    else:
        print_trend(seen, terminal())
    return OK


def page(
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"], metavar="FILE")] = Path(PAGE),
    lifter: Annotated[str | None, Parameter(metavar="NAME")] = None,
    since: Annotated[str | None, Parameter(metavar="DATE")] = None,
    config: Annotated[Path | None, Parameter(metavar="FILE")] = None,
) -> int:
    """Write the progress page: load, rounding and pain over weeks, in one file that needs nothing else.

    Parameters
    ----------
    output
        The page (spineline_progress.html if not given); an earlier one is replaced.
    lifter
        Whose, if there are several.
    since
        Leave out what lies before, such as 2026-01-31.
    config
        As for trend.
    """
    from spineline.app.cli import OK, write
    from spineline.io.container import printable_name
    from spineline.io.progress_page import write_progress

    first = _date(since)
    history, name = kept_of(lifter)
    write_progress(
        history,
        output,
        lifter=name,
        today=_today().isoformat(),
        settings=_settings(config),
        since=first,
    )
    write(f"Written to {printable_name(output)}\n")
    return OK


def kept_of(lifter: str | None) -> tuple[History, str]:
    """Read all that is kept of the lifter named, or of the only one there is, and return whose it is.

    Raises
    ------
    InputError
        There are several, or none of that name.
    """
    from spineline.io.history import open_history

    with open_history() as store:
        name = _one_of(store.lifters(), lifter)
        return store.read(name), name


def _today() -> date:
    return datetime.now().astimezone().date()


def _settings(config: Path | None) -> "Settings":
    from spineline.core.settings import Settings
    from spineline.io.config import read_config

    return read_config(config)[1] if config else Settings()


def _date(since: str | None) -> str | None:
    """Check a date, and write it in full."""
    try:
        return None if since is None else date.fromisoformat(since).isoformat()
    except ValueError as error:
        raise InputError(f"--since: expected a date such as 2026-01-31, found {since!a}") from error


def _one_of(names: Sequence[str], lifter: str | None) -> str:
    from spineline.io.data_folder import checked_name, name_key

    key = None if lifter is None else name_key(checked_name(lifter))
    meant = [name for name in names if key in (None, name_key(name))]
    if len(meant) == 1:
        return meant[0]
    if not names:
        raise InputError("nothing is kept yet: expected analysed sets; run spineline analyze first")
    found = ", ".join(map(ascii, names[:_MOST_NAMED])) + (", ..." if len(names) > _MOST_NAMED else "")
    asked = "" if lifter is None else f" named {lifter!a}"
    raise InputError(f"expected one lifter{asked}, found {found}; name one with --lifter")


def _overview(
    history: History, lifter: str, *, exercise: Exercise | None, today: date, settings: "Settings"
) -> "Overview":
    from dataclasses import replace

    from spineline.core.overview import overview

    seen = overview(history, lifter=lifter, today=today, settings=settings)
    if exercise is None:
        return seen
    return replace(seen, lifts=tuple(lift for lift in seen.lifts if lift.exercise == exercise), other=())


def print_trend(seen: "Overview", console: "Console") -> None:
    """Show a lifter's weeks in the terminal."""
    from rich.text import Text

    from spineline.core.advice import CLINICIAN_FIRST
    from spineline.io.progress_words import posture_lines, reminders

    if not seen.sessions:
        console.print("No set has been recorded yet.")
    for sessions in (*(lift.sessions for lift in seen.lifts), seen.other):
        if sessions:
            console.print(_table(sessions))
            console.print()
    if seen.sessions:
        console.print(Text(_LEGEND, style="dim"))
        console.print()
    for lift in seen.lifts:
        _print_advice(lift, console)
    for line in CLINICIAN_FIRST if seen.clinician_first else ():
        console.print(Text(line, style="bold"))
    origins = [line for lift in seen.lifts if lift.advice for line in lift.advice.origin]
    signs = "The signs with which to see a clinician stand on the page: spineline history page."
    for line in (*reminders(seen), *posture_lines(seen), *dict.fromkeys(origins), signs):
        console.print(Text(line, style="dim"))


def _print_advice(lift: "Lift", console: "Console") -> None:
    from rich.text import Text

    from spineline.io.progress_words import BADGES, lift_name

    if lift.advice is None:
        return
    word = BADGES[lift.advice.kind][1]
    headline = "" if lift.advice.kind == "none" else f": {lift.advice.headline}"
    console.print(Text(f"{lift_name(lift.exercise)}, {lift.sessions[-1].day}. {word}{headline}", style="bold"))
    for line in (*lift.advice.because, *lift.advice.missing):
        console.print(Text(f"- {line}"))
    console.print()


def _table(sessions: "Sequence[Session]") -> "Table":
    from rich import box
    from rich.table import Table

    from spineline.core.progress import Value
    from spineline.io.progress_words import lift_name, load_in_words, sets_at_top, value_in_words

    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False, title_justify="left",
        title=lift_name(sessions[0].exercise),
    )  # fmt: skip
    for title in ("Date", "Heaviest", "Reps", "Upper back", "In a set", "Strain", "Seen", "Pain"):
        table.add_column(title, justify="left" if title in ("Date", "Pain") else "right")
    for session in sessions:
        creep = None if session.creep_deg is None else Value(session.creep_deg, None)
        table.add_row(
            str(session.day),
            load_in_words(session).removeprefix("load "),
            sets_at_top(session),
            value_in_words(session.peak_deg, "°", sign=True),
            value_in_words(creep, "°", sign=True),
            value_in_words(session.strain_pct, " %", decimals=0, sign=True),
            f"{session.usable_share:.0%}",
            _pain(session),
        )
    return table


def _pain(session: "Session") -> str:
    """Write what was entered before, during, after and on the next morning."""
    from spineline.io.progress_words import NOT_ENTERED

    pain = session.pain
    entered = (pain.before, pain.during, pain.after, pain.next_morning)
    return "/".join("-" if felt is None else str(felt) for felt in entered) if pain.by_name else NOT_ENTERED


def trend_text(seen: "Overview") -> str:
    """Write the same as JSON; what was not measured or not entered is null."""
    from dataclasses import asdict

    from spineline.core.advice import CLINICIAN_FIRST
    from spineline.io.text import json_text

    document = {
        "schema": _SCHEMA,
        "lifter": seen.lifter,
        "clinician_first": list(CLINICIAN_FIRST) if seen.clinician_first else None,
        "sessions": [_session(session) for session in seen.sessions],
        "lifts": [
            {
                "exercise": lift.exercise,
                "equal_reps": lift.comparison.reps,
                "rounding_with_load": _slope(lift.comparison.trend),
                "advice": asdict(lift.advice) if lift.advice else None,
            }
            for lift in seen.lifts
        ],
    }
    return json_text(document)


def _session(session: "Session") -> dict[str, Any]:
    peak, strain = session.peak_deg, session.strain_pct
    return {
        "date": session.day.isoformat(),
        "exercise": session.exercise,
        "top_load_kg": session.top_load_kg,
        "reps_at_top": list(session.reps_at_top),
        "sets": len(session.sets),
        "warm_up_sets": len(session.warm_up_sets),
        "heavy": session.heavy,
        "thoracic_change_peak_deg": peak.value if peak else None,
        "sigma_deg": peak.sigma if peak else None,
        "thoracic_creep_deg": session.creep_deg,
        "strain_index_pct": strain.value if strain else None,
        "usable_share": session.usable_share,
        "pain": session.pain.by_name,
    }


def _slope(found: "Trend") -> dict[str, Any]:
    return {
        "direction": found.direction,
        "sets": found.count,
        "slope_deg_per_10kg": _KG * found.line.slope if found.line else None,
        "sigma_deg_per_10kg": _KG * found.line.sigma if found.line else None,
        "least_deg": found.least,
    }
