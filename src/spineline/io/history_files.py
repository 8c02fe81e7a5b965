"""The history out of the program and in again without loss: one JSON document, or one CSV table.

JSON (`spineline.history/1`): `sets`, `pain`, `calibrations`, `conditions`, with the fields of `spineline.core.history`;
pictures are base64. CSV: one row a record, told apart by the first column; reps follow their set, flags their rep. A
cell is empty where its field has its default. A text that a spreadsheet might take for a formula, or that begins with
an apostrophe, has an apostrophe put before it.
"""

import base64
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spineline.core.history import (
    CalibrationRecord,
    ConditionRecord,
    FlagRecord,
    History,
    PainRecord,
    Record,
    RepRecord,
    SetRecord,
    Still,
)
from spineline.errors import InputError, SettingsError
from spineline.io.container import printable_name
from spineline.io.history import HistoryStore, moment
from spineline.io.plain_file import read_plain
from spineline.io.text import json_text, no_formula, printable

Format = Literal["json", "csv"]

SCHEMA: Final = "spineline.history/1"

_ANY_SCHEMA: Final = re.compile(r"spineline\.history/\d{1,9}")
_MAX_BYTES: Final = 1 << 29
_MAX_CELL_CHARACTERS: Final = 1 << 24
_MAX_SHOWN: Final = 80  # characters of what is wrong
_KIND: Final = "record"
_KINDS: Final[Mapping[str, type]] = {
    "set": SetRecord,
    "rep": RepRecord,
    "flag": FlagRecord,
    "pain": PainRecord,
    "calibration": CalibrationRecord,
    "condition": ConditionRecord,
}
_HOMES: Final = {
    "set": ("", "sets"),
    "rep": ("set", "reps"),
    "flag": ("rep", "flags"),
    "pain": ("", "pain"),
    "calibration": ("", "calibrations"),
    "condition": ("", "conditions"),
}
"""In which other kind of record, if any, and under what name the document has them."""

_LISTS: Final = {kind: name for kind, (outer, name) in _HOMES.items() if not outer}
_WITHIN: Final = ("reps", "flags", "still")  # have rows or columns of their own
_STILL: Final = "still_"
_NOTES: Final = "notes"
_PICTURES: Final = ("jpeg", "faceless")
_COLUMNS: Final = tuple(
    dict.fromkeys(
        [
            _KIND,
            *(field.name for kind in _KINDS.values() for field in fields(kind) if field.name not in _WITHIN),
            *(_STILL + field.name for field in fields(Still)),
        ]
    )
)


class _Document(BaseModel):
    """What the JSON document holds."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, val_json_bytes="base64")

    schema_: Literal["spineline.history/1"] = Field(alias="schema")
    sets: tuple[SetRecord, ...] = ()
    pain: tuple[PainRecord, ...] = ()
    calibrations: tuple[CalibrationRecord, ...] = ()
    conditions: tuple[ConditionRecord, ...] = ()


# Out


def history_text(history: History, form: Format) -> str:
    """Return the history as text; the same history gives the same text."""
    return _json_text(history) if form == "json" else _csv_text(history)


def plain(record: Record) -> dict[str, Any]:
    """Return a record as JSON has it."""
    values = asdict(record)
    still = values.get("still") or {}
    for name in _PICTURES:
        if still.get(name):
            still[name] = _base64(still[name])
    return values


def _json_text(history: History) -> str:
    lists = {name: [plain(record) for record in getattr(history, name)] for name in _LISTS.values()}
    return json_text({"schema": SCHEMA, **lists})


def _csv_text(history: History) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\r\n")  # both signs have then to be quoted in cells
    writer.writeheader()
    for kind, name in _LISTS.items():
        for record in getattr(history, name):
            still = getattr(record, "still", None)
            writer.writerow({_KIND: kind, **_cells(record), **(_cells(still, _STILL) if still else {})})
            for rep in getattr(record, "reps", ()):
                writer.writerow({_KIND: "rep", **_cells(rep)})
                writer.writerows({_KIND: "flag", **_cells(flag)} for flag in rep.flags)
    return text.getvalue()


def _cells(record: Any, prefix: str = "") -> dict[str, str]:
    """Return the cells of what is not as it is by default."""
    values = {field.name: (getattr(record, field.name), field.default) for field in fields(record)}
    return {
        prefix + name: _cell(value) for name, (value, default) in values.items()
        if name not in _WITHIN and value != default
    }  # fmt: skip


def _cell(value: object) -> str:
    if isinstance(value, str):
        return no_formula(value) if value else "'"
    if isinstance(value, bytes):
        return _base64(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, tuple) else repr(value)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


# In


def import_history(store: HistoryStore, path: Path) -> History:
    """Add what a file holds to the history, all of it or nothing, and return it.

    What is known already is replaced; of two conditions of one lifter the later stays.

    Raises
    ------
    InputError
        The file cannot be read, or is wrong: where, what was expected, what was found.
    """
    name = printable_name(path)
    try:
        data = read_plain(path, _MAX_BYTES)
    except OSError as error:
        reason = "is a folder" if path.is_dir() else f"cannot be read ({error.strerror or error})"
        raise InputError(f"{name}: {reason}, expected a file made by spineline history export") from error
    if len(data) > _MAX_BYTES:
        raise InputError(f"{name}: expected at most {_MAX_BYTES >> 20} MiB; export the lifters one by one")
    try:
        text = data.decode("utf-8-sig")
        document, lines = _from_json(text) if text.lstrip().startswith("{") else _from_csv(text)
        with store.writing():
            for kind in _LISTS.values():
                for number, record in enumerate(getattr(document, kind)):
                    _add(store, record, _where((kind, number), lines))
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: expected JSON or CSV in UTF-8, made by spineline history export") from error
    except (InputError, SettingsError) as error:
        raise InputError(f"{name}: {error}; nothing was imported") from error
    return _as_history(document)


def records_in(path: Path) -> History:
    """Read back what `history_text` gave as JSON.

    Raises
    ------
    InputError
        The file cannot be read, or is wrong.
    """
    name = printable_name(path)
    try:
        return _as_history(_from_json(path.read_text("utf-8"))[0])
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{name}: cannot be read ({error})") from error
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def _as_history(document: "_Document") -> History:
    return History(**{kind: getattr(document, kind) for kind in _LISTS.values()})


def _add(store: HistoryStore, record: Record, where: str) -> None:
    try:
        known = store.condition(record.lifter) if isinstance(record, ConditionRecord) else None
        if known is None or moment(known.date) <= moment(record.date):
            store.add(record)
    except (InputError, SettingsError) as error:
        raise InputError(f"{where}: {error}") from error


_Place = tuple[str | int, ...]
_Lines = dict[_Place, int]
"""On which line of a CSV file which part of the document begins; nothing of a JSON file."""


def _from_json(text: str) -> tuple[_Document, _Lines]:
    try:
        return _Document.model_validate_json(text, strict=True), {}
    except ValidationError as error:
        raise _wrong(error, {}) from error


def _from_csv(text: str) -> tuple[_Document, _Lines]:
    document: dict[str, Any] = {"schema": SCHEMA}
    lines: _Lines = {}
    stack: list[tuple[str, _Place, dict[str, Any]]] = [("", (), document)]
    for line, kind, values in _csv_rows(text):
        outer, name = _HOMES[kind]
        while stack and stack[-1][0] != outer:
            stack.pop()
        if not stack:
            raise InputError(f"line {line}: expected a {outer} before this {kind}")
        _, above, home = stack[-1]
        siblings = home.setdefault(name, [])
        place = (*above, name, len(siblings))
        siblings.append(values)
        stack.append((kind, place, values))
        lines[place] = line
    try:
        return _Document.model_validate(document), lines
    except ValidationError as error:
        raise _wrong(error, lines) from error


def _csv_rows(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield the line on which each row begins, the kind of its record, and what its cells hold."""
    csv.field_size_limit(_MAX_CELL_CHARACTERS)  # pictures are long
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = next(reader, [])
        if head[:1] != [_KIND] or len(set(head)) != len(head) or not set(head) <= set(_COLUMNS):
            wrong = next((name for name in head if name not in _COLUMNS), ",".join(head))
            raise InputError(f"line 1: expected names of columns as spineline history export has, found {wrong[:80]!r}")
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) != len(head):
                raise InputError(f"line {line}: expected {len(head)} cells, found {len(cells)}")
            if cells[0] not in _KINDS:
                raise InputError(f"line {line}: expected one of {', '.join(_KINDS)}, found {cells[0][:80]!r}")
            yield line, cells[0], _from_cells(dict(zip(head[1:], cells[1:], strict=True)), line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"line {reader.line_num}: expected CSV ({error})") from error


def _from_cells(cells: dict[str, str], line: int) -> dict[str, Any]:
    """Return what the cells of one row hold, as the document has it."""
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        if cell:
            home = values.setdefault("still", {}) if name.startswith(_STILL) else values
            try:
                home[name.removeprefix(_STILL)] = _from_cell(name, cell)
            except (ValueError, RecursionError) as error:
                raise InputError(f"line {line}, {name}: {error}") from error
    return values


def _from_cell(name: str, cell: str) -> Any:
    if name == _NOTES:
        return json.loads(cell)
    is_picture = name.removeprefix(_STILL) in _PICTURES
    return base64.b64decode(cell, validate=True) if is_picture else cell.removeprefix("'")


def _wrong(error: ValidationError, lines: _Lines) -> InputError:
    """Say what is wrong first, and where."""
    first = error.errors(include_url=False)[0]
    found = first["input"]
    if first["loc"] == ("schema",) and isinstance(found, str) and _ANY_SCHEMA.fullmatch(found):
        return InputError(f"expected the schema {SCHEMA}, found {found}, of a newer spineline: update this one")
    where = _where(first["loc"], lines)
    what = f"{where[:_MAX_SHOWN] + ': ' if where else ''}{first['msg']}"
    if first["type"] == "json_invalid":  # then found is all there is
        return InputError(what)
    found = found[:_MAX_SHOWN] if isinstance(found, str) else found
    return InputError(f"{printable(what)}, found {repr(found)[:_MAX_SHOWN]}")


def _where(place: _Place, lines: _Lines) -> str:
    """Name a place in the document: `sets[1].reps[0].verdict`, or `line 7, verdict` if it came from a line."""
    known = next((count for count in range(len(place), 0, -1) if place[:count] in lines), 0)
    rest = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place[known:]).removeprefix(".")
    return ", ".join(filter(None, [f"line {lines[place[:known]]}" if known else "", rest]))
