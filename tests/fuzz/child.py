"""The process that reads hostile inputs: one line of JSON before and after each, so that a crash is laid at its door.

    python -m tests.fuzz.child SEEDS WORK FAMILY:NUMBER...

makes the same inputs again, in WORK, and reads them. Seeds are written to SEEDS if it is empty. Kept are the inputs of
findings.
"""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import json
import os
import random
import re
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from spineline.app.quiet import quiet_libraries
from spineline.errors import SpinelineError
from spineline.io.data_folder import DATA_VARIABLE
from tests.fuzz import seeds
from tests.fuzz.families import FAMILIES, LIMIT_S, Family
from tests.fuzz.spoilt_tracks import PROOF

LIMIT_BYTES: Final = 3 << 30
"""How much more memory the process may ask for than it needs to begin with."""

LIMIT_CHARACTERS: Final = 1000
"""How long a line may be that says what is wrong; half of it may be the name of the file."""

_STATUSES: Final = (0, 2, 3)


def main(arguments: list[str]) -> None:
    """Read the inputs named on the command line."""
    seeds_folder, work = Path(arguments[0]), Path(arguments[1])
    if not any(seeds_folder.glob("*")):
        seeds_folder.mkdir(parents=True, exist_ok=True)
        seeds.write_seeds(seeds_folder)
    quiet_libraries()
    _limit_memory()
    report = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    alarm = os.fdopen(os.dup(2), "w")
    for case in arguments[2:]:
        name, number = case.split(":")
        print(json.dumps({"case": case}), file=report)
        begun_s = time.monotonic()
        faulthandler.dump_traceback_later(LIMIT_S, exit=True, file=alarm)
        finding, outcome = _tried(FAMILIES[name], case, seeds_folder, work / f"{name}_{number}")
        faulthandler.cancel_dump_traceback_later()
        seconds = round(time.monotonic() - begun_s, 2)
        print(json.dumps({"case": case, "finding": finding, "outcome": outcome, "seconds": seconds}), file=report)


def _tried(family: Family, case: str, seeds_folder: Path, work: Path) -> tuple[str, str]:
    """Return what is wrong ("" if nothing is), and what became of the input."""
    shutil.rmtree(work, ignore_errors=True)
    given, out = work / "in", work / "out"
    given.mkdir(parents=True)
    out.mkdir()
    os.environ[DATA_VARIABLE] = str(out / "data")
    path = family.make(random.Random(case), seeds_folder, given)  # noqa: S311 - to be made again, not kept secret
    before = _tree(given)
    refused, status, said = "", None, ""
    with _captured(work / "said") as captured:
        try:
            status = family.read(path, out)
        except SpinelineError as error:
            refused = str(error)
        except BaseException:  # noqa: BLE001 - whatever it is, it is a finding
            return f"raises {traceback.format_exc()}", "raised"
    said = captured.read_text(encoding="utf-8", errors="replace")
    finding = _wrong(status, refused, said) or _left(given, out, before, failed=bool(refused) or status == 2)
    if not finding:
        shutil.rmtree(work, ignore_errors=True)
    return finding, "refused" if refused or status == 2 else "read"


def _wrong(status: int | None, refused: str, said: str) -> str:
    """Say what is wrong with how an input was answered."""
    if status is None:
        if said:
            return f"writes {said[:200]!r} to stderr"
        one_line = refused.isprintable() and len(refused) < LIMIT_CHARACTERS
        return "" if one_line else f"refuses in more than one printable line: {refused[:300]!r}"
    if status not in _STATUSES:
        return f"ends with status {status}: {said[:200]!r}"
    one_line = said.startswith("spineline: ") and said[-1] == "\n" and said[:-1].isprintable()
    one_line &= len(said) < LIMIT_CHARACTERS
    return "" if (one_line if status == 2 else not said) else f"status {status}, but on stderr {said[:300]!r}"


def _left(given: Path, out: Path, before: dict[str, str], *, failed: bool) -> str:
    """Say what was written that should not have been."""
    if any(path.name == PROOF for path in given.parent.rglob("*")):
        return "a payload was unpickled"
    if _tree(given) != before:
        return f"changes its input: {sorted(set(_tree(given)) ^ set(before))[:5]}"
    if half := [path.name for path in out.rglob("*") if re.search(r"\.part$|-journal$", path.name)]:
        return f"leaves {half} behind"
    results = [path.name for path in out.iterdir() if path.name.endswith("_spineline")]
    return f"leaves {results} though it failed" if failed and results else ""


def _tree(folder: Path) -> dict[str, str]:
    """Return what lies in a folder, and the hash of what can be read of it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        plain = path.is_file() and not path.is_symlink()
        found[os.fsdecode(path)] = hashlib.sha256(path.read_bytes()).hexdigest() if plain else ""
    return found


@contextlib.contextmanager
def _captured(path: Path) -> Iterator[Path]:
    """Send what the process writes to stderr into a file, and what it writes to stdout nowhere, for the block."""
    kept = os.dup(1), os.dup(2)
    file, nowhere = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(file, 2)
    try:
        yield path
    finally:
        for stream in (sys.stdout, sys.stderr):
            _flushed(stream)
        for number, descriptor in enumerate(kept, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.close(file)
        os.close(nowhere)


def _flushed(stream: IO[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        stream.flush()


def _limit_memory() -> None:
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main(sys.argv[1:])
