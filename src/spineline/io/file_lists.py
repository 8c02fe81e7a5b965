"""Lists of recordings: plain text with one path a line, or CSV with what is known of each.

Paths are relative to the list. In text, empty lines and those that begin with # are passed over. CSV has a header with
`file`, and any of the other `COLUMNS`; an empty cell says nothing. A row that is wrong is named, and spoils no other.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from spineline.errors import InputError, SettingsError
from spineline.io.config import Options
from spineline.io.container import printable_name
from spineline.io.dates import kept_date, parsed_date

SUFFIXES: Final = (".txt", ".csv")

FILE: Final = "file"
DATE: Final = "date"
COLUMNS: Final = (FILE, "lifter", DATE, "load_kg", "body_mass_kg", "height_m", "exercise")

_DELIMITERS: Final = (",", ";", "\t")  # the first if a header has none of them
_MAX_BYTES: Final = 1 << 28


@dataclass(frozen=True)
class Line:
    """One recording of a list; ``said`` has the names of `Options`, and `DATE`. ``wrong`` says why it is of no use."""

    path: Path
    said: dict[str, Any] = field(default_factory=dict)
    wrong: str = ""


def read_list(path: Path) -> list[Line]:
    """Read a list, CSV if it is called so.

    Raises
    ------
    InputError
        It cannot be read, names nothing, or its header is wrong.
    """
    name = printable_name(path)
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(f"{name}: no such list; check the path") from error
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror or error}), expected a list of files") from error
    if len(data) > _MAX_BYTES or b"\0" in data:
        raise InputError(f"{name}: is no list of files; expected text with one path a line, or CSV")
    # Whatever bytes a name is made of: `find > list.txt` writes them as they are.
    text = data.decode("utf-8-sig", errors="surrogateescape")
    try:
        lines = list(_from_csv(text, path) if path.suffix.lower() == ".csv" else _from_text(text, path.parent))
    except csv.Error as error:
        raise InputError(f"{name}: expected CSV ({error})") from error
    if not lines:
        raise InputError(f"{name}: names no file; write one path a line")
    return lines


def _from_text(text: str, folder: Path) -> Iterator[Line]:
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield Line(folder / line.strip())


def _from_csv(text: str, path: Path) -> Iterator[Line]:
    header = text.partition("\n")[0]
    delimiter = next((sign for sign in _DELIMITERS if sign in header), _DELIMITERS[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = [name.strip().casefold() for name in next(reader, [])]
    if FILE not in names or len(set(names)) != len(names) or not set(names) <= set(COLUMNS):
        wrong = next((name for name in names if name not in COLUMNS), ",".join(names))
        raise InputError(
            f"{printable_name(path)}: expected a header with {FILE} and any of {', '.join(COLUMNS[1:])}, "
            f"found {wrong[:80]!r}"
        )
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield _row(names, cells, path.parent, f"{printable_name(path)}, line {reader.line_num}")


def _row(names: list[str], cells: list[str], folder: Path, where: str) -> Line:
    row = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
    path = folder / row.pop(FILE, "")
    if len(cells) != len(names):
        return Line(path, wrong=f"{where}: expected {len(names)} cells, found {len(cells)}")
    if path == folder:
        return Line(path, wrong=f"{where}: expected a path in the column {FILE}, found nothing")
    try:
        return Line(path, _said(row))
    except (ValueError, SettingsError) as error:
        return Line(path, wrong=f"{where}: {str(error).rstrip('.')}")


def _said(row: dict[str, str]) -> dict[str, Any]:
    """Return what a row says, checked."""
    said: dict[str, Any] = {name: cell for name, cell in row.items() if name != DATE}
    for name in said.keys() & {"load_kg", "body_mass_kg", "height_m"}:
        try:
            said[name] = float(row[name].replace(",", "."))
        except ValueError:
            raise ValueError(f"{name}: expected a number, found {row[name][:40]!r}") from None
    checked = Options.from_mapping(said).model_dump(exclude_unset=True)
    if DATE in row:
        when = parsed_date(row[DATE])
        if when > datetime.now().astimezone():
            raise ValueError(f"{DATE}: must not be in the future, found {row[DATE][:40]!r}")
        checked[DATE] = kept_date(when)
    return checked
