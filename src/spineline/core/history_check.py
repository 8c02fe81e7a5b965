"""What a record of the history may hold: whatever is kept can be exported, imported and shown."""

import math
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from spineline.core.history import WORST_PAIN, Record, RepRecord, SetRecord, Still
from spineline.errors import InputError

MOST_CHARACTERS: Final = 4096
"""Of one text."""

MOST_STILL_BYTES: Final = 4 << 20

_MOST_ITEMS: Final = 10_000
_RANGES: Final = {
    "deg": (-360.0, 360.0),
    "share": (0.0, 1.0),
    "pct": (-1e6, 1e6),
    "kg": (0.0, 1000.0),
    "s": (-1e9, 1e9),
    "pain": (0.0, float(WORST_PAIN)),
    "index": (1.0, 1e6),
    "rep": (1.0, 1e6),
}
"""By the last word of a field's name, which is its unit."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"


def check(record: Record) -> None:
    """Refuse a record with a value that nothing measures, nobody says, or no other program can read.

    Raises
    ------
    InputError
        It has one: which, what was expected, what was found.
    """
    for where, name, value in _values("", "", record):
        expected = _expected(name, value)
        if expected:
            raise InputError(f"{where}: expected {expected}, found {str(value)[:80]!r}")
    if isinstance(record, SetRecord):
        _check_order(record)


def _values(where: str, name: str, value: object) -> Iterator[tuple[str, str, object]]:
    """Yield every single value in a record: where it is, the name of its field, and the value."""
    if is_dataclass(value):
        for field in fields(value):
            inner = f"{where}.{field.name}" if where else field.name
            yield from _values(inner, field.name, getattr(value, field.name))
    elif isinstance(value, tuple) and len(value) <= _MOST_ITEMS:
        for number, item in enumerate(value):
            yield from _values(f"{where}[{number}]", name, item)
    elif value is not None:
        yield where, name, value


def _expected(name: str, value: object) -> str:
    """Return what was expected of a value in place of what it is; nothing if it is right."""
    if isinstance(value, str):
        return _expected_text(name, value)
    if isinstance(value, bytes):
        is_jpeg = value.startswith(_JPEG_START) and value.endswith(_JPEG_END)
        return "" if is_jpeg and len(value) <= MOST_STILL_BYTES else f"a JPEG of at most {MOST_STILL_BYTES >> 20} MiB"
    if isinstance(value, tuple):
        return f"at most {_MOST_ITEMS} of them"
    low, high = _RANGES.get(name.rsplit("_", 1)[-1], (-math.inf, math.inf))
    low = 0.0 if "sigma" in name else low
    right = isinstance(value, int | float) and math.isfinite(value) and low <= value <= high
    return "" if right else f"a number from {low:g} to {high:g}" if math.isfinite(low) else "a finite number"


def _expected_text(name: str, text: str) -> str:
    if name == "date":
        return "" if _is_date(text) else "a date such as 2026-10-02T18:30:00+02:00"
    if name == "sha256":
        return "" if _SHA256.fullmatch(text) else "64 hexadecimal digits"
    plain = "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
    return "" if plain and len(text) <= MOST_CHARACTERS else f"a text of at most {MOST_CHARACTERS} characters"


def _is_date(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    offset = moment.utcoffset()
    return offset is not None and not offset % timedelta(minutes=1) and moment.isoformat(timespec="seconds") == text


def _check_order(record: SetRecord) -> None:
    """Refuse times that go backwards, and reps that are numbered so."""
    if record.from_s > record.to_s:
        raise InputError(f"to_s: expected {record.from_s:g} or later, found {record.to_s:g}")
    for number, rep in enumerate(record.reps):
        if not rep.start_s <= rep.turn_s <= rep.end_s:
            raise InputError(f"reps[{number}]: expected times that rise, found {rep.start_s:g} to {rep.end_s:g}")
    for number, (before, after) in enumerate(pairwise(record.reps), start=1):
        if before.index >= after.index:
            raise InputError(f"reps[{number}].index: expected more than {before.index}, found {after.index}")


def shown_in(still: Still, reps: tuple[RepRecord, ...]) -> bool:
    """Tell whether a picture is of one of these reps."""
    return any(still.rep == rep.index and rep.start_s <= still.time_s <= rep.end_s for rep in reps)
