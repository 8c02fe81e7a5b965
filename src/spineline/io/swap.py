"""The files of a folder replaced by others: all of them or none, whatever ends the process meanwhile.

The old ones wait in a hidden folder within until the new ones are in. What lies there tells how far that had come:

    earlier/ next/    the old ones are being taken out: what is out goes back in
    earlier/ coming/  the new ones are being brought in: what is not in yet goes in
    coming/           all of them are in
"""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from spineline.io.lock import locked

_SWAP: Final = ".spineline.swap"
_LOCK: Final = ".spineline.lock"
_EARLIER, _NEXT, _COMING = "earlier", "next", "coming"

_WAIT_S: Final = 20.0
"""How long another process that does so is waited for; it takes milliseconds."""


def swap(new: Path, target: Path, own: Iterable[str], *, mark: str) -> None:
    """Replace whatever has a name of ``own`` in a folder by what is in another.

    Parameters
    ----------
    new
        On the same disk; it is gone then.
    target
        The folder.
    own
        Names; nothing else in the target is touched.
    mark
        The file by which others know that all of it is there: it goes first and comes last.

    Raises
    ------
    OSError
        It cannot be done; all is as it was before.
    """
    place = target / _SWAP
    with locked(target / _LOCK, wait_s=_WAIT_S):
        _end(target, mark)
        old = [name for name in own if os.path.lexists(target / name)]
        names = _names_in(new)
        try:
            for folder in (place, place / _EARLIER):
                folder.mkdir()
            new.rename(place / _NEXT)
            _move(sorted(old, key=lambda name: name != mark), target, place / _EARLIER)
            (place / _NEXT).rename(place / _COMING)
            _bring(place / _COMING, target, mark)
        except BaseException:
            _undo(target, names, mark)
            raise
        _clear(place)


def settle(target: Path, *, mark: str) -> None:
    """Bring to its end what a process was doing in a folder when it was ended from outside.

    Raises
    ------
    OSError
        It cannot be done; another try may do it.
    """
    if (target / _SWAP).is_dir():
        with locked(target / _LOCK, wait_s=_WAIT_S):
            _end(target, mark)


def _end(target: Path, mark: str) -> None:
    place = target / _SWAP
    if (place / _COMING).is_dir():
        _bring(place / _COMING, target, mark)
    elif (place / _EARLIER).is_dir():
        _bring(place / _EARLIER, target, mark)
    _clear(place)


def _undo(target: Path, names: Iterable[str], mark: str) -> None:
    """Put everything back. Only once the new ones are out again is it settled that the old ones go in."""
    coming = target / _SWAP / _COMING
    if coming.is_dir():
        arrived = [name for name in names if not os.path.lexists(coming / name)]
        _move(sorted(arrived, key=lambda name: name != mark), target, coming)
        coming.rename(coming.with_name(_NEXT))
    _end(target, mark)


def _bring(folder: Path, target: Path, mark: str) -> None:
    _move(sorted(_names_in(folder), key=lambda name: name == mark), folder, target)


def _names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _move(names: Iterable[str], source: Path, target: Path) -> None:
    for name in names:
        (source / name).replace(target / name)


def _clear(place: Path) -> None:
    """Remove the hidden folder: what would be put back first, so that it never is once all is settled."""
    with contextlib.suppress(OSError):
        if (place / _EARLIER).is_dir():
            shutil.rmtree(place / _EARLIER)
        shutil.rmtree(place)
