"""The tables over many recordings: `batch_reps.csv`, one row a rep, and `batch_files.csv`, one row a file.

Both are written whole each time, in the order of the files, and left alone where they would not change. What is not
measured is an empty cell. Names and units are those of `analysis.json`.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from spineline.io.container import valid_text
from spineline.io.part_folder import part_folder
from spineline.io.tables import REP_COLUMNS, Cell, Column, Kind, csv_text, write_parquet
from spineline.io.text import no_formula
from spineline.io.whole_file import cannot_be_written, whole_file

Status = Literal["done", "no lift", "failed"]

REPS: Final = "batch_reps"
FILES: Final = "batch_files"

FILE_COLUMNS: Final[Mapping[str, Kind]] = {
    "file": "text",
    "status": "text",
    "reason": "text",
    "folder": "text",
    "sha256": "text",
    "frames": "int",
    "duration_s": "float",
    "usable_share": "float",
}
REP_ROW_COLUMNS: Final[Mapping[str, Kind]] = {
    "file": "text",
    "lifter": "text",
    "date": "text",
    "exercise": "text",
    "load_kg": "float",
    "rep": "int",
    **{name: kind for name, kind in REP_COLUMNS.items() if name != "index"},
    "flags": "text",
    "reference_source": "text",
    "mdc95_deg": "float",
}

Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Entry:
    """What the tables have of one file: its row, those of its reps, and for people what was found in a few words."""

    status: Status
    file: Row
    reps: tuple[Row, ...] = ()
    headline: str = ""

    @property
    def name(self) -> str:
        """Name of the file."""
        return str(self.file[0])

    @property
    def reason(self) -> str:
        """Why it failed, or why there is no lift."""
        return str(self.file[2] or "")


def failed_entry(file: str, reason: str) -> Entry:
    """Return what the tables have of a file that could not be analysed."""
    said = {"file": file, "status": "failed", "reason": reason}
    return Entry("failed", _row(FILE_COLUMNS, said))


def entry_of(document: Mapping[str, Any], *, file: str, folder: str, lifter: str | None, date: str | None) -> Entry:
    """Return what the tables have of an analysed file.

    Parameters
    ----------
    document
        Its `analysis.json`.
    file, folder
        What the tables call it and the folder of its results.
    lifter, date
        Who lifted, and when.
    """
    reps = document["reps"]
    measured = any(rep["verdict"] != "not_measured" for rep in reps)
    status: Status = "done" if measured else "no lift"
    said = {
        "file": file,
        "status": status,
        "reason": None if measured else _no_lift(document),
        "folder": folder,
        "sha256": document["input"]["sha256"],
        "frames": document["input"]["frames"],
        "duration_s": document["input"]["duration_s"],
        "usable_share": document["usable_share"],
    }
    of_set = {
        "file": file,
        "lifter": lifter,
        "date": date,
        "exercise": document["exercise"],
        "load_kg": document["input"]["load_kg"],
        "reference_source": document["reference"]["source"],
        "mdc95_deg": document["mdc95_deg"],
    }
    rows = (_row(REP_ROW_COLUMNS, {**rep, **of_set, "rep": rep["index"], "flags": _flags(rep)}) for rep in reps)
    return Entry(status, _row(FILE_COLUMNS, said), tuple(rows), _headline(document))


class BatchTables:
    """Both tables in a folder, and what goes into them.

    Parameters
    ----------
    folder
        Where they are.
    parquet
        Write `batch_reps.parquet` too.
    """

    def __init__(self, folder: Path, *, parquet: bool = False) -> None:
        self.folder, self._parquet = folder, parquet
        self._entries: dict[int, Entry] = {}
        self._changed = True

    def require_writable(self) -> None:
        """Raise InputError if nothing can be written in the folder."""
        try:
            with part_folder(self.folder):
                pass
        except OSError as error:
            raise cannot_be_written(self.folder / f"{FILES}.csv", error) from error

    def put(self, place: int, entry: Entry) -> None:
        """Take what is known of a file at a place in the order."""
        self._entries[place] = entry
        self._changed = True

    def in_order(self) -> Iterator[Entry]:
        """Yield what is known, in order."""
        return (self._entries[place] for place in sorted(self._entries))

    def write(self) -> None:
        """Write the tables.

        Raises
        ------
        InputError
            They cannot be written.
        """
        if not self._changed:
            return
        entries = list(self.in_order())
        _write_csv(self.folder / f"{FILES}.csv", FILE_COLUMNS, [entry.file for entry in entries])
        reps = [row for entry in entries for row in entry.reps]
        _write_csv(self.folder / f"{REPS}.csv", REP_ROW_COLUMNS, reps)
        if self._parquet:
            table = io.BytesIO()
            write_parquet(_columns(REP_ROW_COLUMNS, reps), table)
            _write(self.folder / f"{REPS}.parquet", table.getvalue())
        self._changed = False


def _write_csv(path: Path, kinds: Mapping[str, Kind], rows: Sequence[Row]) -> None:
    protected = [[no_formula(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    _write(path, csv_text(_columns(kinds, protected)).encode())


def _write(path: Path, data: bytes) -> None:
    """Write a file, unless it is there already as it would be."""
    if not (path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data):
        with whole_file(path) as file:
            file.write(data)


def _columns(kinds: Mapping[str, Kind], rows: Sequence[Sequence[Cell]]) -> list[Column]:
    cells = zip(*rows, strict=True) if rows else [()] * len(kinds)
    return [Column(name, kind, values) for (name, kind), values in zip(kinds.items(), cells, strict=True)]


def _row(kinds: Mapping[str, Kind], said: Mapping[str, Cell]) -> Row:
    cells = (said.get(name) for name in kinds)
    return tuple(valid_text(cell) if isinstance(cell, str) else cell for cell in cells)


def _flags(rep: Mapping[str, Any]) -> str | None:
    """Join flags as `reps.csv` does."""
    return ";".join(f"{flag['rule']}:{flag['severity']}" for flag in rep["flags"]) or None


def _no_lift(document: Mapping[str, Any]) -> str:
    """Say why there is no lift."""
    said = " ".join(document["notes"])
    return f"The upper back could not be measured in any rep. {said}".strip() if document["reps"] else said


def _headline(document: Mapping[str, Any]) -> str:
    verdicts = [rep["verdict"].replace("_", " ") for rep in document["reps"]]
    return f"{document['exercise']}: {', '.join(verdicts)}" if verdicts else "no lift found"
