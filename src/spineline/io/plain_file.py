"""Input files: plain ones, of a size that can be borne."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def open_plain(path: Path) -> BufferedReader:
    """Open a file to read, but no pipe, which might never answer, and no device, which might never end.

    Raises
    ------
    OSError
        It cannot be read, or is one of these.
    """
    try:
        mode = path.stat().st_mode
    except ValueError as error:  # no file can have such a name
        raise OSError(errno.EINVAL, str(error), str(path)) from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of a folder the system says so itself
        raise OSError(errno.EINVAL, "it is a device or a pipe, expected a plain file", str(path))
    return path.open("rb")


def read_plain(path: Path, most_bytes: int) -> bytes:
    """Read a file that can be opened by `open_plain`.

    Returns
    -------
    All of it; of one that is larger than ``most_bytes``, one byte more than that.

    Raises
    ------
    OSError
        As `open_plain`.
    """
    with open_plain(path) as file:
        # Python takes memory for as much as it is asked for, not for as much as there is.
        return file.read(min(most_bytes, os.fstat(file.fileno()).st_size) + 1)
