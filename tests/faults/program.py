"""The real program in a process of its own, what it leaves behind, and what must be true of that."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spineline.io.data_folder import DATA_VARIABLE
from spineline.io.history import open_history
from spineline.io.results import ANALYSIS, settle
from tests.contents import Contents, everything_in

LONG_S = 120.0
"""No run takes that long."""

GONE_WITHIN_S = 45.0
"""Every process of a program that was killed ends within that time: at its next sign of progress, or after 30 s."""


@dataclass(frozen=True)
class Place:
    """A folder to run in, with a history of its own."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(
        self,
        *arguments: str | Path,
        before: Sequence[str] = (),
        launcher: Sequence[str] = ("-m", "spineline"),
        stdout: int = subprocess.PIPE,
    ) -> subprocess.Popen[str]:
        """Start the program in a session of its own, by way of another program where one comes ``before``."""
        return subprocess.Popen(
            [*before, sys.executable, *launcher, *map(str, arguments)],
            cwd=self.folder,
            env={
                **os.environ,
                DATA_VARIABLE: str(self.folder / "data"),
                "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]),
                "PYTHONDONTWRITEBYTECODE": "1",
                **self.environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *arguments: str | Path, before: Sequence[str] = (), launcher: Sequence[str] = ("-m", "spineline")
    ) -> tuple[int, str, str]:
        """Run it to its end: status, stdout, stderr."""
        with self.start(*arguments, before=before, launcher=launcher) as program:
            shown, error = program.communicate(timeout=LONG_S)
        return program.returncode, shown, error

    def killed(
        self,
        after_s: float,
        *arguments: str | Path,
        number: int = signal.SIGKILL,
        launcher: Sequence[str] = ("-m", "spineline"),
    ) -> tuple[int, str]:
        """Run it, send a signal to the first process of it after a while, and wait for all: status, stderr."""
        with self.start(*arguments, launcher=launcher) as program:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(after_s)
            program.send_signal(number)  # nothing happens if it has ended
            left = _left_after(GONE_WITHIN_S, program.pid)
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            error = program.communicate(timeout=LONG_S)[1]
        assert not left, f"still there {GONE_WITHIN_S} s after its end: {left}"
        return program.returncode, error

    def sets_kept(self) -> int:
        """Return how many sets the history holds."""
        with open_history(self.folder / "data" / "history.db") as history:
            return len(history.read().sets)


def _left_after(wait_s: float, session: int) -> list[int]:
    until_s = time.monotonic() + wait_s
    while (left := list(processes_of(session))) and time.monotonic() < until_s:
        time.sleep(0.05)
    return left


def processes_of(session: int) -> Iterator[int]:
    """Yield the processes that live in a session (Linux only)."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(entry.name)
            state, *rest = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(rest[2]) == session and state != "Z":
                yield pid


def contents(target: Path) -> Contents:
    """Return what lies in a folder of results, as any program sees it."""
    return {name: sha256 for name, sha256 in everything_in(target).items() if not name.startswith(".")}


def check_left(target: Path, *whole: Contents) -> None:
    """Check what a run has left that was ended from outside: nothing half-written, and one result whole.

    Parameters
    ----------
    target
        The folder of results.
    whole
        The results that may lie there.
    """
    seen = contents(target)
    for name, sha256 in seen.items():
        assert any(each.get(name) == sha256 for each in whole), f"{name} belongs to no result"
    if ANALYSIS in seen:
        assert seen in whole, "an analysis.json, and not all that belongs to it"
    if target.is_dir():
        settle(target)  # as everything does that opens it
        assert contents(target) in whole


def check_clean(folder: Path) -> None:
    """Check that nothing lies there that was not finished."""
    assert not [path for path in folder.rglob("*") if path.name.startswith(".spineline")]
