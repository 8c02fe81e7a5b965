"""Hidden folders in which lies what is not finished, beside the place where it belongs.

They go when the work is done or has failed. One whose process was ended from outside goes when the next is made
beside it; that of a process that still lives never does, because it holds the lock in it.
"""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from spineline.io.lock import locked

_NAMES: Final = ".spineline.*.part"
_LOCK: Final = "lock"
_INNER: Final = "new"
_TRIES: Final = 20


@contextlib.contextmanager
def part_folder(place: Path) -> Iterator[Path]:
    """Give an empty folder within ``place`` to write into. What lies in it at the end of the block goes with it.

    Raises
    ------
    OSError
        It cannot be made there.
    """
    sweep(place)
    with contextlib.ExitStack() as stack:
        part = _begun(place, stack)
        inner = part / _INNER  # the lock lies beside it: no folder with an open file can be moved on Windows
        stack.callback(shutil.rmtree, inner, ignore_errors=True)
        inner.mkdir()
        yield inner


def _begun(place: Path, stack: contextlib.ExitStack) -> Path:
    """Make a hidden folder and lock it until the stack is left."""
    for _ in range(_TRIES):
        part = place / _NAMES.replace("*", secrets.token_hex(6))
        with contextlib.ExitStack() as mine:
            mine.callback(_remove_if_empty, part)  # before it is made: Ctrl-C may come as soon as it is
            part.mkdir()
            with contextlib.suppress(FileNotFoundError, BlockingIOError):  # swept before it was locked
                mine.enter_context(locked(part / _LOCK))
                stack.push(mine.pop_all())
                return part
    raise BlockingIOError("other programs are writing there")


def sweep(place: Path) -> None:
    """Remove from a place the hidden folders of processes that live no more."""
    with contextlib.suppress(OSError):
        for part in place.glob(_NAMES):
            with contextlib.suppress(OSError), locked(part / _LOCK, strict=True):
                shutil.rmtree(part / _INNER)
            _remove_if_empty(part)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
