"""Words out, spoken by whatever speech engine the system has, in a process of its own.

No shell is ever involved, and the words never stand where an option could.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from spineline.errors import SpinelineError

LONGEST_S: Final = 10.0
"""An engine that speaks for longer is ended."""

_MOST_CHARACTERS: Final = 200
_VARIABLE: Final = "SPINELINE_WORDS"
_POWERSHELL: Final = (
    "Add-Type -AssemblyName System.Speech; "
    f"(New-Object System.Speech.Synthesis.SpeechSynthesizer).Speak($env:{_VARIABLE})"
)


@dataclass(frozen=True)
class _Engine:
    """A command, and how it takes the words."""

    command: tuple[str, ...]
    takes: Literal["stdin", "argument", "variable"]


_LINUX: Final = (
    _Engine(("espeak-ng", "-s", "160", "--stdin"), "stdin"),
    _Engine(("espeak", "-s", "160", "--stdin"), "stdin"),
    _Engine(("spd-say", "--wait", "--"), "argument"),
)
_ENGINES: Final[Mapping[str, tuple[_Engine, ...]]] = {
    "darwin": (_Engine(("say", "-f", "-"), "stdin"),),
    "win32": (_Engine(("powershell", "-NoProfile", "-NonInteractive", "-Command", _POWERSHELL), "variable"),),
}
_INSTALL: Final = "install espeak-ng"


class Voice:
    """Speaks one thing at a time, with the first engine found on the path.

    Raises
    ------
    SpinelineError
        There is none.
    """

    def __init__(self, system: str = sys.platform) -> None:
        for engine in _ENGINES.get(system, _LINUX):
            if found := shutil.which(engine.command[0]):
                self.name = engine.command[0]
                self._command = (found, *engine.command[1:])
                self._takes = engine.takes
                break
        else:
            hint = f"; {_INSTALL}" if system not in _ENGINES else ""
            raise SpinelineError(f"cues are not spoken: no speech engine found{hint}")
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._hushed = False

    def say(self, words: str) -> None:
        """Speak, and return when that is done, `hush` was called, or it takes longer than `LONGEST_S`.

        Raises
        ------
        SpinelineError
            The engine cannot be started, or fails.
        """
        text = spoken(words)
        with self._lock:
            self._hushed = False
            process = self._process = self._started(text)
        try:
            process.communicate(text.encode() if self._takes == "stdin" else None, timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            self.hush()
        finally:
            with self._lock:
                self._process = None
            process.kill()
            process.wait()
        if process.returncode and not self._hushed:
            raise SpinelineError(f"cues are not spoken: {self.name} fails (status {process.returncode})")

    def hush(self) -> None:
        """Break off what is being said; from any thread."""
        with self._lock, suppress(ProcessLookupError):
            self._hushed = True
            if self._process:
                self._process.kill()

    def _started(self, text: str) -> "subprocess.Popen[bytes]":
        command = (*self._command, text) if self._takes == "argument" else self._command
        try:
            return subprocess.Popen(  # noqa: S603 - no shell, and the words are no option
                command,
                stdin=subprocess.PIPE if self._takes == "stdin" else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, _VARIABLE: text},
                start_new_session=os.name == "posix",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise SpinelineError(f"cues are not spoken: {self.name} cannot be started ({error.strerror})") from error


def spoken(words: str) -> str:
    """Return words as an engine gets them: one line, printable, not endless, without the commands of `say`."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    return line.replace("[[", "").replace("]]", "")[:_MOST_CHARACTERS]
