"""Analyses in a process of their own."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from spineline.app.analyze import Request, analyzed
from spineline.app.apart import Apart
from spineline.core.analysis import Analysis
from spineline.core.sim import Flaws, lift, simulate
from spineline.errors import InputError
from spineline.io.tables import InputRecord, analysis_text
from tests.app.test_recordings import PROFILE

FLAWS = Flaws(noise_px=1.0, seed=3)
SET = simulate(lift("goblet_squat", reps=2), style="goblet_squat", fps=10.0, flaws=FLAWS, silhouettes=False).track
TRACK = replace(SET, source={"spine_sha256": "cd" * 32})
FOREIGN = replace(PROFILE, spine_sha256="ab" * 32)


def said(found: Analysis) -> str:
    return analysis_text(found, InputRecord(path="a", sha256=""))


def test_it_is_the_same_analysis() -> None:
    with Apart() as apart, ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: apart(TRACK, Request()), range(3)))
    assert {said(each) for each in found} == {said(analyzed(TRACK, Request()))}
    assert all(each.track is TRACK for each in found)


def test_what_goes_wrong_there_is_raised_here_and_it_goes_on() -> None:
    with Apart() as apart:
        with pytest.raises(InputError, match="profile"):
            apart(TRACK, Request(profile=FOREIGN))
        assert apart(TRACK, Request()).reps


def test_where_that_process_was_ended_this_one_does_its_work() -> None:
    with Apart() as apart:
        process = apart._process
        process.kill()
        process.join()
        assert [said(apart(TRACK, Request())) for _ in range(2)] == [said(analyzed(TRACK, Request()))] * 2


def test_leaving_ends_the_process() -> None:
    with Apart() as apart:
        assert apart._process.is_alive()
    assert not apart._process.is_alive()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the process in /proc")
def test_it_ends_with_the_program_however_that_ends() -> None:
    program = textwrap.dedent("""
        import sys, time
        from spineline.app.apart import Apart
        if __name__ == "__main__":
            with Apart() as apart:
                print(apart._process.pid, flush=True)
                time.sleep(600)
    """)
    running = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    with running.stdout as lines:
        child = int(lines.readline())
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    until_s = time.monotonic() + 60.0
    while _runs(child) and time.monotonic() < until_s:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
