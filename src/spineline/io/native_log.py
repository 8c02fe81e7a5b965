"""Keep what libraries write straight to the process's standard error away from the terminal.

MediaPipe and the libraries in it log to file descriptor 2, and neither variables nor options stop them. Python's
own `sys.stderr` goes on working, so that progress bars, errors and tracebacks are seen as ever.
"""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Final

_STDERR: Final = 2


@contextlib.contextmanager
def native_log_hidden() -> Iterator[None]:
    """Send file descriptor 2 nowhere within the block. Blocks may lie within one another, but not overlap.

    When Ctrl-C or the like ends the block it stays hidden: the program is about to end, and the libraries' threads,
    cut off in the middle, may have more to say than it.
    """
    try:
        kept = os.dup(_STDERR)
    except OSError:  # there is none, as in a program without a console
        yield
        return
    with contextlib.ExitStack() as restore:
        restore.callback(os.close, kept)
        if _writes_to_stderr():
            sys.stderr.flush()
            restore.callback(setattr, sys, "stderr", sys.stderr)
            sys.stderr = _same_text(kept)
        _turn(_STDERR, to=os.devnull)
        restore.callback(os.dup2, kept, _STDERR)
        try:
            yield
        except (Exception, GeneratorExit):
            raise
        except BaseException:
            restore.pop_all()
            raise


def _turn(descriptor: int, *, to: str) -> None:
    nowhere = os.open(to, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _writes_to_stderr() -> bool:
    try:
        return sys.stderr.fileno() == _STDERR
    except (AttributeError, OSError, ValueError):  # none, a file in memory, or closed
        return False


def _same_text(descriptor: int) -> io.TextIOWrapper:
    """Open a descriptor as `sys.stderr` is open: encoding, handling of what it cannot hold, line by line."""
    return open(descriptor, "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors, closefd=False)
