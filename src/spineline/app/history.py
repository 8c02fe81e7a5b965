"""`spineline history` and `spineline pain`: what is kept of lifts over weeks, shown, corrected, taken out and in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import App, Parameter

from spineline.app.arguments import any_date, mass, past_date, whole
from spineline.core.history import WORST_PAIN, When
from spineline.core.terms import Exercise
from spineline.errors import InputError, SettingsError
from spineline.io.data_folder import DEFAULT_PROFILE

if TYPE_CHECKING:
    from spineline.core.history import History
    from spineline.io.history import HistoryStore

history = App(name="history", help="Look after what is kept of your lifts: sets, pain, calibrations, conditions.")

Id = Annotated[int, Parameter(name="ID", converter=whole)]
Lifter = Annotated[str | None, Parameter(metavar="NAME")]
Date = Annotated[str | None, Parameter(metavar="DATE", validator=past_date)]

_SUFFIXES: Final[dict[str, Literal["json", "csv"]]] = {".json": "json", ".csv": "csv"}


@history.command(name="list")
def list_(
    *,
    lifter: Lifter = None,
    exercise: Exercise | None = None,
    since: Annotated[str | None, Parameter(metavar="DATE", validator=any_date)] = None,
    json: bool = False,
) -> int:
    """List the sets that are kept, in order of date.

    Parameters
    ----------
    lifter
        Only of this lifter.
    exercise
        Only these.
    since
        Only from this day on, such as 2026-10-02.
    json
        Print a JSON array instead of a table.
    """
    from spineline.app.cli import OK, terminal, write
    from spineline.app.history_tables import sets_table, sets_text
    from spineline.io.dates import parsed_date
    from spineline.io.history import open_history

    with open_history() as store:
        _require(store, lifter)
        found = store.sets(lifter, parsed_date(since) if since else None)
    found = [each for each in found if exercise in (None, each[1].exercise)]
    if json:
        write(sets_text(found))
    elif found:
        terminal().print(sets_table(found))
    else:
        write("no set is kept\n")
    return OK


@history.command
def show(set_id: Id, /, *, json: bool = False) -> int:
    """Show what is kept of a set.

    Parameters
    ----------
    set_id
        Number of the set, as listed.
    json
        Print it as JSON.
    """
    from spineline.app.cli import OK, terminal, write
    from spineline.app.history_tables import print_set, set_text
    from spineline.io.history import open_history

    with open_history() as store:
        record = store.get(set_id)
    if json:
        write(set_text(set_id, record))
    else:
        print_set(set_id, record, terminal())
    return OK


@history.command
def change(
    set_id: Id,
    /,
    *,
    load: Annotated[float | None, Parameter(metavar="KG", validator=mass)] = None,
    lifter: Lifter = None,
    date: Date = None,
    exercise: Exercise | None = None,
) -> int:
    """Correct what is kept of a set. What was measured stays as it is.

    Parameters
    ----------
    set_id
        Number of the set, as listed.
    load
        Mass lifted, in kg.
    lifter
        Who lifted.
    date
        When it was lifted, such as 2026-10-02 or 2026-10-02T18:30.
    exercise
        What was lifted.
    """
    from spineline.app.cli import OK, terminal
    from spineline.app.history_tables import sets_table
    from spineline.io.history import open_history

    if all(each is None for each in (load, lifter, date, exercise)):
        raise SettingsError("expected what to change: --load, --lifter, --date or --exercise")
    with open_history() as store:
        store.change(set_id, load_kg=load, lifter=lifter, date=_kept(date) if date else None, exercise=exercise)
        terminal().print(sets_table([(set_id, store.get(set_id))]))
    return OK


@history.command(usage="Usage: spineline history delete ID... | --lifter NAME --yes")
def delete(
    *set_ids: Id,
    lifter: Lifter = None,
    yes: bool = False,
) -> int:
    """Delete sets, or all that is kept of a lifter, for good.

    Parameters
    ----------
    set_ids
        Numbers of the sets, as listed.
    lifter
        Delete all of this lifter: sets, pain, calibrations, condition.
    yes
        Needed for that.
    """
    from spineline.app.cli import OK, write
    from spineline.io.history import open_history

    if bool(set_ids) == bool(lifter):
        raise SettingsError("expected the numbers of sets, or --lifter NAME")
    with open_history() as store:
        if lifter:
            _require(store, lifter)
            kept = _counted(store.read(lifter))
            if not yes:
                raise SettingsError(f"all that is kept of {lifter!r} would be deleted ({kept}): say so with --yes")
            store.delete_lifter(lifter)
        else:
            store.delete(set_ids)
            kept = f"set {', '.join(map(str, dict.fromkeys(set_ids)))}"
    write(f"deleted: {kept}\n")
    return OK


@history.command
def export(
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], metavar="FILE")] = None,
    format: Annotated[Literal["json", "csv"] | None, Parameter(metavar="NAME")] = None,  # noqa: A002
    lifter: Lifter = None,
) -> int:
    """Write everything that is kept to a file, from which it can be imported again without loss.

    Parameters
    ----------
    output
        The file; printed if not given.
    format
        json or csv (as the file's name ends if not given, else json).
    lifter
        Only of this lifter.
    """
    from spineline.app.cli import OK, write
    from spineline.io.history import open_history
    from spineline.io.history_files import history_text
    from spineline.io.whole_file import whole_file

    form = format or (_SUFFIXES.get(output.suffix.lower()) if output else "json")
    if form is None:
        raise SettingsError(f"expected a file that ends in .json or .csv, or --format, found {str(output)!r}")
    with open_history() as store:
        _require(store, lifter)
        kept = store.read(lifter)
    text = history_text(kept, form)
    if output is None:
        write(text)
        return OK
    with whole_file(output) as file:
        file.write(text.encode())
    write(f"{output}: {_counted(kept)}\n")
    return OK


@history.command(name="import")
def import_(file: Annotated[Path, Parameter(name="FILE")], /) -> int:
    """Add what was exported to what is kept here, all of it or nothing. What is known already is replaced.

    Parameters
    ----------
    file
        JSON or CSV, made by export.
    """
    from spineline.app.cli import OK, write
    from spineline.io.history import open_history
    from spineline.io.history_files import import_history

    with open_history() as store:
        found = import_history(store, file)
    write(f"imported: {_counted(found)}\n")
    return OK


@history.command
def condition(
    text: Annotated[str | None, Parameter(name="TEXT")] = None,
    /,
    *,
    lifter: Annotated[str, Parameter(metavar="NAME")] = DEFAULT_PROFILE,
    clear: bool = False,
) -> int:
    """Enter a diagnosed condition of your spine, in your own words; alone, show what is entered.

    Parameters
    ----------
    text
        The condition, in place of what was entered before.
    lifter
        Whose (me if not given).
    clear
        Forget it.
    """
    from spineline.app.cli import OK, write
    from spineline.core.history import ConditionRecord
    from spineline.io.container import valid_text
    from spineline.io.dates import date_now
    from spineline.io.history import open_history
    from spineline.io.text import printable

    if text is not None and (clear or not text.strip()):
        raise SettingsError("expected a text, or --clear")
    with open_history() as store:
        if clear:
            store.clear_condition(lifter)
        if text is not None:
            store.set_condition(ConditionRecord(date=date_now(), lifter=lifter, text=valid_text(text)))
        entered = store.condition(lifter)
    write(f"{entered.date[:10]}, {entered.lifter}: {printable(entered.text)}\n" if entered else "nothing is entered\n")
    return OK


def pain(
    level: Annotated[int, Parameter(name=f"0-{WORST_PAIN}", converter=whole)],
    /,
    *,
    when: When = "after",
    note: Annotated[str, Parameter(metavar="TEXT")] = "",
    lifter: Annotated[str, Parameter(metavar="NAME")] = DEFAULT_PROFILE,
    date: Date = None,
) -> int:
    """Note how much your back hurts, from 0 (not at all) to 10 (the worst you can think of).

    What is noted of the same moment again takes the place of what was.

    Parameters
    ----------
    level
        The pain.
    when
        before, during or after a session, or next-morning (after if not given).
    note
        Anything worth keeping, such as where it hurts.
    lifter
        Whose (me if not given).
    date
        When it was felt, such as 2026-10-02 or 2026-10-02T18:30 (now if not given).
    """
    from spineline.app.cli import OK, write
    from spineline.core.history import PainRecord
    from spineline.io.container import valid_text
    from spineline.io.dates import date_now
    from spineline.io.history import open_history

    felt = _kept(date) if date else date_now()
    with open_history() as store:
        store.add_pain(PainRecord(date=felt, lifter=lifter, when=when, pain=level, note=valid_text(note)))
    write(f"pain {level} of {WORST_PAIN}, {when}, noted for {lifter}, {felt}\n")
    return OK


def _kept(date: str) -> str:
    from spineline.io.dates import kept_date, parsed_date

    return kept_date(parsed_date(date))


def _require(store: "HistoryStore", lifter: str | None) -> None:
    """Refuse a lifter of whom nothing is kept, so that a typing error does not look like that."""
    if lifter is not None and not store.knows(lifter):
        raise InputError(f"nothing is kept of {lifter!r}: expected one of {', '.join(store.lifters()) or 'none yet'}")


def _counted(kept: "History") -> str:
    """Say how much there is of everything."""
    counts = {
        "set": len(kept.sets),
        "note of pain": len(kept.pain),
        "calibration": len(kept.calibrations),
        "condition": len(kept.conditions),
    }
    plural = {"note of pain": "notes of pain"}
    return ", ".join(f"{n} {word if n == 1 else plural.get(word, word + 's')}" for word, n in counts.items())
