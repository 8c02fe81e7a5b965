"""glibc: how many heaps the threads of this process may fill, and what they keep."""

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
    return _glibc("mallopt", _M_ARENA_MAX, _HEAPS)


def give_back() -> bool:
    """Give free memory back to the system, and tell whether there was any: what is left lies in pieces that do not fit.

    A process that goes through one video after the other would hold a fifth more after a few.
    """
    return _glibc("malloc_trim", 0)


def _glibc(function: str, *arguments: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(getattr(ctypes.CDLL(None), function)(*arguments))
    except (AttributeError, OSError):  # another C library
        return False
