"""The file `history.db`: opened, made, brought up to date, looked after. What it holds: `spineline.io.history`."""

import contextlib
import functools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

from spineline.errors import InputError
from spineline.io.container import printable_name
from spineline.io.data_folder import DATA_VARIABLE
from spineline.io.history_schema import APPLICATION_ID, STEPS
from spineline.io.text import printable
from spineline.io.whole_file import cannot_be_written, whole_file

_WAIT_S: Final = 20.0
"""How long another program that writes is waited for."""

_MENDED_BY: Final = (
    "it is left as it is: put a copy of it in its place, or move it away and import your last export with spineline "
    "history import"
)
_DAMAGED: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database for the block, made if there is none; every error of it within is an InputError.

    Raises
    ------
    InputError
        It cannot be read or written, or what lies there is damaged or no history that this spineline knows.
    """
    with _errors_named(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.touch(mode=0o600)  # health is nobody else's business
        except OSError as error:
            raise cannot_be_written(path, error) from error
        with contextlib.closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as database:
            database.row_factory = sqlite3.Row
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("PRAGMA secure_delete = ON")  # what is deleted is to be gone
            if _version(database, path) < len(STEPS):
                _migrate(database, path)
            if _pragma(database, "journal_mode") != "wal":
                with contextlib.suppress(sqlite3.OperationalError):  # others look at it: the next one will do it
                    database.execute("PRAGMA journal_mode = WAL")
            yield database


@contextlib.contextmanager
def transaction(database: sqlite3.Connection, begin: Literal["BEGIN", "BEGIN IMMEDIATE"]) -> Iterator[None]:
    """Make one transaction of the block, a part of the one that goes on already if there is one."""
    within = database.in_transaction
    if not within:
        database.execute(begin)
    try:
        yield
        if not within:
            database.execute("COMMIT")
    finally:
        if not within and database.in_transaction:
            database.execute("ROLLBACK")


@contextlib.contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    """Turn every error of the database within the block into one line that says what to do."""
    name = printable_name(path)
    try:
        yield
    except sqlite3.Error as error:
        code, said = getattr(error, "sqlite_errorname", ""), printable(" ".join(str(error).split()))
        if code.startswith(_DAMAGED):
            raise InputError(f"{name}: is damaged, or is no history ({said}); {_MENDED_BY}") from error
        if code.startswith(_BUSY):
            raise InputError(f"{name}: is being written to by another program; try again when that is done") from error
        if code.startswith("SQLITE_CONSTRAINT"):
            raise InputError(f"{name}: expected values that a history can hold ({said})") from error
        raise cannot_be_written(path, error) from error
    except UnicodeDecodeError as error:  # of a message of the database that quotes what it found
        raise damaged(name, "it holds what is no text") from error


def damaged(name: str, said: str) -> InputError:
    """Make the error for a database in which something is wrong."""
    return InputError(f"{name}: is damaged ({printable(' '.join(said.split()))[:160]}); {_MENDED_BY}")


def name_of(database: sqlite3.Connection) -> str:
    """Return the name of the file of an open database, for messages."""
    return printable_name(Path(database.execute("PRAGMA database_list").fetchone()[2]))


def _pragma(database: sqlite3.Connection, name: str) -> Any:
    return database.execute(f"PRAGMA {name}").fetchone()[0]


def _version(database: sqlite3.Connection, path: Path) -> int:
    """Return the version of the tables, 0 before there are any, once it is certain that they are ours and sound."""
    with transaction(database, "BEGIN"):  # so that all of it is of one moment
        application, version = _pragma(database, "application_id"), _pragma(database, "user_version")
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION_ID and (application or version or tables):
            raise InputError(
                f"{printable_name(path)}: is the database of another program; move it away, or name another folder in "
                f"{DATA_VARIABLE}"
            )
        if version > len(STEPS):
            raise InputError(
                f"{printable_name(path)}: expected version {len(STEPS)} at most, found {version}, of a newer "
                "spineline: update this one"
            )
        if not _tables(STEPS[:version]) <= _tables_of(database):
            raise damaged(printable_name(path), "its tables are not those of a history")
        _require_sound(path, _quick_check(database))
    return int(version)


@functools.cache
def _tables(steps: tuple[tuple[str, ...], ...]) -> frozenset[tuple[str, str]]:
    """Return what these steps make."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        for statement in (statement for step in steps for statement in step):
            database.execute(statement)
        return _tables_of(database)


def _tables_of(database: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """Return every table by name, with the words that made it: they say what it can hold."""
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    return frozenset((name, " ".join(str(sql).split())) for name, sql in rows)


def _quick_check(database: sqlite3.Connection) -> str:
    """Return what is wrong with the tables, "ok" if nothing is.

    Pictures, nearly all of the bytes, are left out: what is wrong with one shows when it is read.
    """
    rows = database.execute(
        "SELECT quick_check FROM sqlite_master, pragma_quick_check(name) WHERE type = 'table' AND name <> 'stills'"
    )
    return next((row[0] for row in rows if row[0] != "ok"), "ok")


def _require_sound(path: Path, found: str) -> None:
    if found != "ok":
        raise damaged(printable_name(path), found)


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    """Bring the tables up to date, in one go; a copy of what was before is kept."""
    with transaction(database, "BEGIN IMMEDIATE"):
        version = _pragma(database, "user_version")  # another process may have been faster
        if 0 < version < len(STEPS):
            _require_sound(path, _pragma(database, "integrity_check"))
            _back_up(path, version)
        for step in STEPS[version:]:
            for statement in step:
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {len(STEPS)}")


def _back_up(path: Path, version: int) -> None:
    """Copy the database, of which nothing is changed yet, to a file beside it: `history.v1.db`."""
    number, target = 1, path.with_suffix(f".v{version}.db")
    while target.exists():
        number += 1
        target = path.with_suffix(f".v{version}.{number}.db")
    with (
        whole_file(target) as file,
        contextlib.closing(sqlite3.connect(path, timeout=_WAIT_S)) as source,
        contextlib.closing(sqlite3.connect(file.name)) as copy,
    ):
        Path(file.name).chmod(0o600)
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # so that one file is all of it
