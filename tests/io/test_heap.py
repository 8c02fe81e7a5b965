"""How many heaps threads fill."""

import subprocess
import sys
import textwrap

import pytest

PROGRAM = textwrap.dedent("""
    import ctypes, sys, threading
    from spineline.io.heap import share_heaps
    if sys.argv[1] == "shared":
        assert share_heaps()
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    together = threading.Barrier(8)
    def fill():
        together.wait()
        libc.malloc(1000)
        together.wait()
    threads = [threading.Thread(target=fill) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    libc.malloc_stats()
""")


def arenas(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return done.stderr.count("Arena")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="heaps of glibc")
def test_threads_share_two_heaps() -> None:
    assert arenas("each") > 2
    assert arenas("shared") <= 2
