"""What libraries write straight to standard error is hidden, what Python writes is not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from spineline.io.native_log import native_log_hidden


def noise(text: str) -> None:
    os.write(2, f"{text}\n".encode())


def raise_within(error: BaseException) -> None:
    with native_log_hidden():
        raise error


def python(script: str) -> subprocess.CompletedProcess[str]:
    head = "import os, sys\nfrom spineline.io.native_log import native_log_hidden\nnoise = lambda x: os.write(2, x)\n"
    return subprocess.run([sys.executable, "-c", head + script], capture_output=True, text=True, check=False)


def test_only_within_the_block_it_is_hidden(capfd: pytest.CaptureFixture[str]) -> None:
    noise("before")
    with native_log_hidden():
        noise("hidden")
        with native_log_hidden():
            noise("hidden")
        noise("hidden")
        sys.stderr.write("seen\n")
    noise("after")
    assert sorted(capfd.readouterr().err.split()) == ["after", "before", "seen"]


@pytest.mark.parametrize("error", [ValueError("wrong"), GeneratorExit()])
def test_an_error_ends_it(error: BaseException, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(type(error)):
        raise_within(error)
    noise("after")
    assert capfd.readouterr().err == "after\n"


def test_python_goes_on_writing_in_its_own_process() -> None:
    script = (
        "sys.stderr.write('one ')\n"
        "with native_log_hidden():\n"
        "    noise(b'hidden')\n"
        "    sys.stderr.write('zwei é ')\n"
        "noise(b'three ')\n"
        "sys.stderr.write('four ')\n"
        "with native_log_hidden():\n"
        "    1 / 0\n"
    )
    shown = python(script).stderr
    assert shown.startswith("one zwei é three four Traceback")
    assert shown.endswith("ZeroDivisionError: division by zero\n")


def test_after_an_interrupt_only_python_writes() -> None:
    script = (
        "try:\n"
        "    with native_log_hidden():\n"
        "        raise KeyboardInterrupt\n"
        "except KeyboardInterrupt:\n"
        "    noise(b'hidden')\n"
        "    sys.stderr.write('stopped')\n"
    )
    assert python(script).stderr == "stopped"


def test_without_standard_error_nothing_happens() -> None:
    script = "os.close(2)\nwith native_log_hidden():\n    pass\nsys.stdout.write('done')"
    assert python(script).stdout == "done"
