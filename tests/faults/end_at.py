"""Run spineline, and end it like a power switch just before its n-th change of the disk.

    python -m tests.faults.end_at N FOLDER analyze clip.mp4 ...

Counted is what the interpreter reports to its audit hooks: files opened to be written below FOLDER, and all that is
made, moved or removed. The process is killed, so no handler runs and nothing is cleaned up. With N of 0 it runs to its
end, and the last line on stderr says how many there were.
"""

import errno
import itertools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

CHANGES: Final = ("os.mkdir", "os.rename", "os.remove", "os.rmdir")
_WRITES: Final = os.O_WRONLY | os.O_RDWR


def kill() -> NoReturn:
    """End this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def refuse() -> NoReturn:
    """Fail as a disk does."""
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def interrupt() -> NoReturn:
    """Fail as if Ctrl-C had been pressed just then."""
    raise KeyboardInterrupt


def end_at(nth: int, folder: Path, act: Callable[[], NoReturn] = kill) -> "itertools.count[int]":
    """Count changes of the disk from now on, and act before the n-th; return the count to come."""
    count = itertools.count(1)
    below = str(folder.resolve()) + os.sep

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        changes = event in CHANGES
        if event == "open" and isinstance(arguments[0], str) and int(arguments[2]) & _WRITES:
            changes = os.path.abspath(arguments[0]).startswith(below)  # noqa: PTH100 - quick, and opens nothing
        if changes and next(count) == nth:
            act()

    sys.addaudithook(hook)
    return count


def main() -> int:
    """Do what the command line says."""
    from spineline.app import cli

    count = end_at(int(sys.argv[1]), Path(sys.argv[2]))
    sys.argv = ["spineline", *sys.argv[3:]]
    status = cli.main()
    sys.stderr.write(f"{next(count) - 1}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
