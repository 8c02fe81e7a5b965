"""How many heaps threads fill, and what they keep."""

import subprocess
import sys
import textwrap

import pytest

on_glibc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="heaps of glibc")

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


@on_glibc
def test_threads_share_two_heaps() -> None:
    assert arenas("each") > 2
    assert arenas("shared") <= 2


LEFT_IN_PIECES = textwrap.dedent("""
    import ctypes
    from pathlib import Path
    from spineline.io.heap import give_back
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    def held_mb():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
    pieces = [libc.malloc(10_000) for _ in range(20_000)]
    for piece in pieces:
        ctypes.memset(piece, 1, 10_000)
    for piece in pieces[:-1]:
        libc.free(piece)
    kept_mb = held_mb()
    assert give_back()
    print(kept_mb - held_mb())
""")


@on_glibc
def test_what_is_free_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", LEFT_IN_PIECES], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 150
