"""glibc: how many heaps the threads of this process may fill."""

import ctypes
import sys
from typing import Final

_M_ARENA_MAX: Final = -8
_HEAPS: Final = 2


def share_heaps() -> bool:
    """Let threads share few heaps, and tell whether that was possible; to be called before there are any.

    On Linux every thread has a heap of its own, which keeps the most it ever held: with a thread or two for each set,
    an hour of lifting would hold more and more.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _HEAPS))
    except (AttributeError, OSError):  # another C library
        return False
