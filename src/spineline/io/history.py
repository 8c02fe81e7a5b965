"""`history.db` in the user's data folder: what is kept of lifts over weeks.

    with open_history() as history:
        history.add_set(record)
        kept = history.read(lifter="anna")

Several processes may read and write at once. What is written is there whole or not at all, whatever ends the process.
A file that is damaged, foreign or of a newer spineline is refused and left as it is.
"""

import contextlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

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
from spineline.core.history_check import check, shown_in
from spineline.core.terms import Exercise
from spineline.errors import InputError
from spineline.io.data_folder import checked_name, data_folder, name_key
from spineline.io.history_file import damaged, name_of, opened, transaction

FILE: Final = "history.db"

_TOO_LARGE: Final = 1 << 63  # for the database

_Dated = TypeVar("_Dated", PainRecord, CalibrationRecord, ConditionRecord)
_Kept = TypeVar("_Kept", bound=Record)
_Table = Literal["sets", "reps", "flags", "stills", "pain", "calibrations", "conditions"]
_OF_LIFTERS: Final[tuple[_Table, ...]] = ("sets", "pain", "calibrations", "conditions")
_ELSEWHERE: Final = {"lifter", "reps", "flags", "still", "notes"}
"""Fields of records that are no column of the same name and type."""


@contextlib.contextmanager
def open_history(path: Path | None = None) -> Iterator["HistoryStore"]:
    """Open the history for the block, made if there is none; that of the user's data folder if no path is given.

    Raises
    ------
    InputError
        It cannot be read or written, or what lies there is damaged or no history that this spineline knows.
    """
    with opened(path or data_folder() / FILE) as database:
        yield HistoryStore(database)


class HistoryStore:
    """The open history. Of an unknown id, or a record that no history may hold, InputError is raised."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database

    # Writing

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keep all that is changed within the block, or nothing of it."""
        with transaction(self._db, "BEGIN IMMEDIATE"):
            yield

    def add(self, record: Record) -> int | None:
        """Keep a record of any kind, and return the id of a set."""
        if isinstance(record, SetRecord):
            return self.add_set(record)
        if isinstance(record, PainRecord):
            self.add_pain(record)
        elif isinstance(record, CalibrationRecord):
            self.add_calibration(record)
        else:
            self.set_condition(record)
        return None

    def add_set(self, record: SetRecord) -> int:
        """Keep a set and return its id: that of the same set, which it replaces, or a new one.

        The picture known of it stays if there is no new one and it still is of one of the reps.
        """
        check(record)
        with self.writing():
            known = self._id_of(record)
            still = record.still or (self._still(known) if known else None)
            lifter_id, notes = self._lifter_id(record.lifter), json.dumps(record.notes, ensure_ascii=False)
            set_id = self._put("sets", id=known, lifter_id=lifter_id, **_plain(record), notes=notes)
            for rep in record.reps:
                self._put("reps", set_id=set_id, **_plain(rep))
                for place, flag in enumerate(rep.flags):
                    self._put("flags", set_id=set_id, rep=rep.index, place=place, **_plain(flag))
            if still and (still is record.still or shown_in(still, record.reps)):
                self._put("stills", set_id=set_id, **_plain(still))
            self._forget_lifters()  # who was named for it before
        return set_id

    def add_pain(self, record: PainRecord) -> None:
        """Keep what was said of pain, in place of what was said of the same moment."""
        self._add("pain", record)

    def add_calibration(self, record: CalibrationRecord) -> None:
        """Keep a calibration, in place of the one that the same lifter took at the same time."""
        self._add("calibrations", record)

    def set_condition(self, record: ConditionRecord) -> None:
        """Keep a lifter's condition, in place of what was entered before."""
        self._add("conditions", record)

    def clear_condition(self, lifter: str) -> None:
        """Forget a lifter's condition."""
        with self.writing():
            self._db.execute(
                "DELETE FROM conditions WHERE lifter_id IN (SELECT id FROM lifters WHERE key = ?)", (_key(lifter),)
            )
            self._forget_lifters()

    def change(
        self,
        set_id: int,
        *,
        load_kg: float | None = None,
        lifter: str | None = None,
        date: str | None = None,
        exercise: Exercise | None = None,
    ) -> None:
        """Correct what is given of a set."""
        given = {"load_kg": load_kg, "lifter": lifter, "date": date, "exercise": exercise}
        with self.writing():
            changes: Any = {name: value for name, value in given.items() if value is not None}
            check(replace(self.get(set_id), **changes))
            if lifter is not None:
                changes["lifter_id"] = self._lifter_id(changes.pop("lifter"))
            for name, value in changes.items():
                self._db.execute(f"UPDATE sets SET {name} = ? WHERE id = ?", (value, set_id))  # noqa: S608 - our names
            self._forget_lifters()

    def delete(self, set_ids: Iterable[int]) -> None:
        """Delete sets, all of those named or none."""
        with self.writing():
            for set_id in dict.fromkeys(set_ids):
                self._require(set_id)
                self._db.execute("DELETE FROM sets WHERE id = ?", (set_id,))
            self._forget_lifters()

    def delete_lifter(self, lifter: str) -> None:
        """Delete all that is kept of a lifter."""
        with self.writing():
            for table in _OF_LIFTERS:
                of_lifter = "lifter_id IN (SELECT id FROM lifters WHERE key = ?)"
                self._db.execute(f"DELETE FROM {table} WHERE {of_lifter}", (_key(lifter),))  # noqa: S608 - our names
            self._forget_lifters()

    def _add(self, table: _Table, record: PainRecord | CalibrationRecord | ConditionRecord) -> None:
        check(record)
        with self.writing():
            self._put(table, lifter_id=self._lifter_id(record.lifter), **_plain(record))

    def _put(self, table: _Table, **values: Any) -> int:
        """Insert a row, in place of the one that it must differ from."""
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        text = f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names are ours
        return int(self._db.execute(text, tuple(values.values())).lastrowid or 0)

    def _lifter_id(self, lifter: str) -> int:
        name = checked_name(lifter)
        self._db.execute("INSERT OR IGNORE INTO lifters (key, name) VALUES (?, ?)", (name_key(name), name))
        return int(self._db.execute("SELECT id FROM lifters WHERE key = ?", (name_key(name),)).fetchone()[0])

    def _forget_lifters(self) -> None:
        """Forget the names of those of whom nothing is kept any more."""
        kept = " UNION ".join(f"SELECT lifter_id FROM {table}" for table in _OF_LIFTERS)  # noqa: S608 - our names
        self._db.execute(f"DELETE FROM lifters WHERE id NOT IN ({kept})")  # noqa: S608 - our names

    # Reading

    def read(self, lifter: str | None = None, since: datetime | None = None) -> History:
        """Return everything, or all of one lifter, or from a moment on; each kind in order of date."""
        with self._reading():
            return History(
                sets=tuple(record for _, record in self.sets(lifter, since, stills=True)),
                pain=self._all("pain", PainRecord, lifter, since),
                calibrations=self._all("calibrations", CalibrationRecord, lifter, since),
                conditions=self._all("conditions", ConditionRecord, lifter, since),
            )

    def sets(
        self, lifter: str | None = None, since: datetime | None = None, *, stills: bool = False
    ) -> list[tuple[int, SetRecord]]:
        """Return sets with their ids, in order of date; their pictures only if asked for."""
        with self._reading():
            found = [(row["id"], self._set(row, stills=stills)) for row in self._rows("sets", lifter, since)]
        return sorted(found, key=lambda each: moment(each[1].date))

    def lifters(self) -> tuple[str, ...]:
        """Return the names of all of whom something is kept, in order."""
        return tuple(row["name"] for row in self._db.execute("SELECT name FROM lifters ORDER BY key"))

    def knows(self, lifter: str) -> bool:
        """Tell whether anything is kept of a lifter."""
        return _key(lifter) in map(name_key, self.lifters())

    def condition(self, lifter: str) -> ConditionRecord | None:
        """Return the condition that a lifter has entered."""
        return next(iter(self._all("conditions", ConditionRecord, lifter, None)), None)

    def get(self, set_id: int) -> SetRecord:
        """Return a set by its id."""
        with self._reading():
            self._require(set_id)
            row = self._db.execute(f"{_SELECT.format('sets')} WHERE kept.id = ?", (set_id,)).fetchone()
            return self._set(row, stills=True)

    def same(self, record: SetRecord) -> SetRecord | None:
        """Return what is known of a set, None if nothing."""
        known = self._id_of(record)
        return self.get(known) if known else None

    def _reading(self) -> contextlib.AbstractContextManager[None]:
        """Look at one moment of the history, whoever writes meanwhile."""
        return transaction(self._db, "BEGIN")

    def _require(self, set_id: int) -> None:
        known = 0 < set_id < _TOO_LARGE
        if not (known and self._db.execute("SELECT 1 FROM sets WHERE id = ?", (set_id,)).fetchone()):
            raise InputError(f"no set {set_id}: expected one of those that spineline history list shows")

    def _id_of(self, record: SetRecord) -> int | None:
        found = self._db.execute(
            "SELECT id FROM sets WHERE sha256 = ? AND from_s = ? AND to_s = ?",
            (record.sha256, record.from_s, record.to_s),
        ).fetchone()
        return int(found[0]) if found else None

    def _rows(self, table: _Table, lifter: str | None, since: datetime | None) -> Iterator[sqlite3.Row]:
        where, values = (" WHERE lifters.key = ?", (_key(lifter),)) if lifter is not None else ("", ())
        for row in self._db.execute(f"{_SELECT.format(table)}{where} ORDER BY kept.id", values).fetchall():
            if since is None or moment(row["date"]) >= since:
                yield row

    def _all(self, table: _Table, kind: type[_Dated], lifter: str | None, since: datetime | None) -> tuple[_Dated, ...]:
        rows = self._rows(table, lifter, since)
        found = (self._sound(kind(**_picked(row, kind), lifter=row["lifter"])) for row in rows)
        return tuple(sorted(found, key=lambda record: moment(record.date)))

    def _set(self, row: sqlite3.Row, *, stills: bool) -> SetRecord:
        return self._sound(
            SetRecord(
                **_picked(row, SetRecord),
                lifter=row["lifter"],
                notes=self._notes(row["notes"]),
                reps=self._reps(row["id"]),
                still=self._still(row["id"]) if stills else None,
            )
        )

    def _sound(self, record: _Kept) -> _Kept:
        """Return a record that was read, if it could have been written."""
        try:
            check(record)
        except InputError as error:
            raise damaged(name_of(self._db), str(error)) from error
        return record

    def _notes(self, text: str) -> tuple[str, ...]:
        try:
            notes = json.loads(text)
        except (ValueError, RecursionError):
            notes = None
        if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
            raise damaged(name_of(self._db), f"notes: expected texts, found {text[:80]!r}")
        return tuple(notes)

    def _reps(self, set_id: int) -> tuple[RepRecord, ...]:
        flags: dict[int, list[FlagRecord]] = defaultdict(list)
        for row in self._db.execute("SELECT * FROM flags WHERE set_id = ? ORDER BY rep, place", (set_id,)):
            flags[row["rep"]].append(FlagRecord(**_picked(row, FlagRecord)))
        rows = self._db.execute('SELECT * FROM reps WHERE set_id = ? ORDER BY "index"', (set_id,))
        return tuple(RepRecord(**_picked(row, RepRecord), flags=tuple(flags[row["index"]])) for row in rows)

    def _still(self, set_id: int) -> Still | None:
        for row in self._db.execute("SELECT * FROM stills WHERE set_id = ?", (set_id,)):
            return Still(**_picked(row, Still))
        return None


_SELECT: Final = "SELECT kept.*, lifters.name AS lifter FROM {} AS kept JOIN lifters ON lifters.id = kept.lifter_id"


def _columns(kind: type) -> list[str]:
    return [field.name for field in fields(kind) if field.name not in _ELSEWHERE]


def _plain(record: Any) -> dict[str, Any]:
    """Return the values of a record that are columns as they are."""
    return {name: getattr(record, name) for name in _columns(type(record))}


def _picked(row: sqlite3.Row, kind: type) -> dict[str, Any]:
    return {name: row[name] for name in _columns(kind)}


def _key(lifter: str) -> str:
    return name_key(checked_name(lifter))


def moment(date: str) -> datetime:
    """Return the moment that the date of a record is."""
    return datetime.fromisoformat(date)
