"""Whether a file is still the one that it was."""

from pathlib import Path

from spineline.errors import InputError
from spineline.io.container import printable_name

Stamp = tuple[int, ...]


def stamp(path: Path) -> Stamp | None:
    """Return what tells a file from itself once it is changed or replaced, None if there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def require_unchanged(path: Path, before: Stamp | None) -> None:
    """Refuse a file that is another than before. One that is gone was there as long as it was read.

    Raises
    ------
    InputError
        It was changed or replaced.
    """
    if stamp(path) not in (before, None):
        raise InputError(f"{printable_name(path)}: was changed while it was read; analyse it again when that is done")
