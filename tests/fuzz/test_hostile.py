"""Hostile inputs: one line or a result, within a bound of time and memory, and nothing left behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.fuzz.batches import Outcome, read_all
from tests.fuzz.families import FAMILIES

NEVER_READ = {"special"}
SELDOM_READ = {"config", "profile", "text", "named", "program", "bundle"}
"""Of so few there need not be one that is read and one that is refused."""

pytestmark = pytest.mark.usefixtures("pose_model")


def outcome_of(cases: list[str], folder: Path) -> Outcome:
    outcome = read_all(cases, folder / "seeds", folder / "work")
    told = "\n".join(f"python -m tests.fuzz.child SEEDS WORK {case}: {what}" for case, what in outcome.findings.items())
    assert not outcome.findings, told
    assert sum(outcome.counts.values()) == len(cases)
    return outcome


def test_hostile_inputs_end_in_one_line_or_a_result(tmp_path: Path) -> None:
    cases = [f"{name}:{number}" for name, family in FAMILIES.items() for number in range(family.few)]
    outcome = outcome_of(cases, tmp_path)
    for name in FAMILIES.keys() - NEVER_READ - SELDOM_READ:
        assert outcome.counts[f"{name} read"], f"every {name} was refused: is it read at all?"
        assert outcome.counts[f"{name} refused"], f"no {name} was refused: is it damaged at all?"


@pytest.mark.long
def test_more_than_a_thousand_hostile_inputs_end_in_one_line_or_a_result(tmp_path: Path) -> None:
    cases = [f"{name}:{number}" for name, family in FAMILIES.items() for number in range(family.many)]
    assert len(cases) > 2000
    outcome = outcome_of(cases, tmp_path)
    for name in FAMILIES.keys() - NEVER_READ:
        assert outcome.counts[f"{name} read"]
        assert outcome.counts[f"{name} refused"]
    print(table(outcome))  # noqa: T201 - for docs/reliability.md: pytest -m long -s tests/fuzz/test_hostile.py


def table(outcome: Outcome) -> str:
    """Return the rows of the table in the documentation."""
    rows = [
        f"| {name} | {family.many} | {outcome.counts[f'{name} read']} | {outcome.counts[f'{name} refused']} |"
        for name, family in FAMILIES.items()
    ]
    return "\n".join([*rows, f"slowest: {outcome.slowest}"])


# The suite itself can fail

FAULTS: dict[str, tuple[str, str]] = {
    "traceback": ("raise ValueError('oh')", "ValueError: oh"),
    "hang": ("import time; time.sleep(9)", "Timeout"),
    "crash": ("import ctypes; ctypes.string_at(0)", "ends the process"),
    "memory": ("bytes(8 << 30)", "MemoryError"),
    "chatter": ("print('said', file=sys.stderr)", "writes 'said"),
    "changed": ("path.write_bytes(b'')", "changes its input"),
    "payload": ("(path.parent / 'unpickled').touch()", "a payload was unpickled"),
    "half": ("(out / 'x.part').touch()", "leaves"),
    "lines": ("raise SpinelineError('two\\nlines')", "more than one printable line"),
    "status": ("return 1", "ends with status 1"),
    "silence": ("return 2", "status 2, but on stderr ''"),
    "nothing": ("pass", ""),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Read an input with a reader that breaks each promise."""
    folder = tmp_path_factory.mktemp("faulty")
    lines = [
        "import sys",
        "from tests.fuzz import child, families",
        "from spineline.errors import SpinelineError",
        "make = lambda chance, folder, work: families._written(work / 'given', b'x')",
        *(f"def {name}(path, out):\n    {fault}" for name, (fault, _) in FAULTS.items()),
        *(f"child.FAMILIES['{name}'] = families.Family(make, {name}, 1, 1)" for name in FAULTS),
        "child.LIMIT_S = 2.0",
        "child.seeds.write_seeds = lambda folder: (folder / 'seed').touch()",
        "child.main(sys.argv[1:])",
    ]
    program = [sys.executable, "-c", "\n".join(lines)]
    return read_all([f"{name}:0" for name in FAULTS], folder / "seeds", folder / "work", program=program)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_breaks_a_promise_is_found(fault: str, faulty: Outcome) -> None:
    found, wanted = faulty.findings.get(f"{fault}:0", ""), FAULTS[fault][1]
    assert wanted in found
    assert bool(wanted) == bool(found)
