"""`spineline export --for-clinician`: a page and a table to take along."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from spineline.app.arguments import any_date
from spineline.core.history import History
from spineline.errors import InputError, SettingsError


def export(
    *,
    for_clinician: bool = False,
    lifter: Annotated[str | None, Parameter(metavar="NAME")] = None,
    since: Annotated[str | None, Parameter(metavar="DATE", validator=any_date)] = None,
    until: Annotated[str | None, Parameter(metavar="DATE", validator=any_date)] = None,
    show_faces: bool = False,
    output_dir: Annotated[Path, Parameter(name=["--output-dir", "-o"], metavar="DIR")] = Path(),
) -> int:
    """Write what was measured for somebody else to read.

    With --for-clinician: one page (HTML) and one table (CSV) of every set in the
    history, with error bars, what was not measured, pain as entered, pictures
    with faces blurred, and the limits of the method. No diagnosis, no advice.

    Parameters
    ----------
    for_clinician
        For a physician or a physical therapist.
    lifter
        Whose sets; not needed if the history is of one lifter.
    since
        First day, such as 2026-09-01.
    until
        Last day.
    show_faces
        Leave the pictures as they are.
    output_dir
        Where the two files go (the current folder if not given).
    """
    from spineline.app.cli import OK, write
    from spineline.app.trend import kept_of
    from spineline.core.settings import Settings
    from spineline.io.data_folder import name_key
    from spineline.io.handover import handover_table, render_handover
    from spineline.io.results import ensured_folder
    from spineline.io.whole_file import write_files

    if not for_clinician:
        raise SettingsError("expected --for-clinician; to take everything out: spineline history export")
    kept, name = kept_of(lifter)
    shown = _between(kept, _day(since), _day(until))
    if not (shown.sets or shown.pain):
        raise InputError("nothing is kept of that time: choose another --since or --until")
    today, settings = datetime.now().astimezone().date(), Settings()
    page = render_handover(shown, lifter=name, today=today, settings=settings, faces=show_faces)
    table = handover_table(shown, lifter=name, settings=settings)
    with ensured_folder(output_dir):
        stem = output_dir / f"lifts_{name_key(name)}_{today}"
        paths = write_files({".html": page.encode(), ".csv": table.encode()}, stem)
    write("".join(f"{path}\n" for path in paths))
    return OK


def _day(given: str | None) -> date | None:
    from spineline.io.dates import parsed_date

    return parsed_date(given).date() if given else None


def _between(kept: History, first: date | None, last: date | None) -> History:
    """Leave what is of these days, and conditions of any."""

    def within(moment: str) -> bool:
        day = date.fromisoformat(moment[:10])
        return (first is None or first <= day) and (last is None or day <= last)

    return replace(
        kept,
        sets=tuple(record for record in kept.sets if within(record.date)),
        pain=tuple(record for record in kept.pain if within(record.date)),
        calibrations=tuple(record for record in kept.calibrations if within(record.date)),
    )
