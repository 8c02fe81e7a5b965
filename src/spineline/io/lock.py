"""Locks that end with the process that holds them, whatever ends it: the system sees to that."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOOK_EVERY_S: Final = 0.02


@contextlib.contextmanager
def locked(path: Path, *, wait_s: float = 0.0, strict: bool = False) -> Iterator[None]:
    """Hold the lock of a file for the block; the file is made for it, and goes at the end.

    Parameters
    ----------
    path
        Of the file.
    wait_s
        How long another process that holds it is waited for.
    strict
        Refuse where the disk knows no locks, rather than go on without.

    Raises
    ------
    BlockingIOError
        Another process holds it.
    OSError
        The file cannot be made, or the disk knows no locks.
    """
    until_s = time.monotonic() + wait_s
    while (file := _taken(path, strict=strict)) is None:
        if time.monotonic() >= until_s:
            raise BlockingIOError("another program is writing there")
        time.sleep(_LOOK_EVERY_S)
    try:
        yield
    finally:
        if sys.platform == "win32":  # no open file can be removed there
            file.close()
        with file, contextlib.suppress(OSError):
            path.unlink()


def _taken(path: Path, *, strict: bool) -> BinaryIO | None:
    """Return the open file once it is locked, None if another process has it."""
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(path.open("a+b"))
        try:
            _lock(file)
        except (BlockingIOError, PermissionError):  # the latter on Windows
            return None
        except OSError:
            if strict:
                raise
        if not _is_at(file, path):  # who held it has removed it
            return None
        stack.pop_all()
        return file


def _lock(file: BinaryIO) -> None:
    if sys.platform == "win32":
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
