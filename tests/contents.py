"""What lies in a folder, short enough to be shown when it is not what it should be."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

Contents = dict[str, str]
"""SHA-256 by path within the folder."""


def everything_in(folder: Path) -> Contents:
    """Return every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def paths_below(folder: Path) -> Iterator[Path]:
    """Yield everything below a folder in which others work: unlike `rglob` it goes on where a folder has gone."""
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))
