"""What lies in a folder, short enough to be shown when it is not what it should be."""

import hashlib
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
