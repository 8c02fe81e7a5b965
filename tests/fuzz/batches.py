"""Many hostile inputs, read in processes of their own: one that crashes or hangs is a finding, and the rest goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_BATCH: Final = 250
_PROGRAM: Final = (sys.executable, "-m", "tests.fuzz.child")


@dataclass
class Outcome:
    """What became of all inputs: findings by case, and how many were read, refused, or neither."""

    findings: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")

    def add(self, cases: Sequence[str], said: str, status: int, complained: str) -> int:
        """Add what a process said of its cases, and return how many of them are done with."""
        lines = [json.loads(line) for line in said.splitlines()]
        done = [line for line in lines if "outcome" in line]
        for line in done:
            family = line["case"].partition(":")[0]
            self.counts[f"{family} {line['outcome']}"] += 1
            self.slowest = max(self.slowest, (line["seconds"], line["case"]))
            if line["finding"]:
                self.findings[line["case"]] = line["finding"]
        if len(done) == len(cases):
            return len(cases)
        fatal = cases[len(done)]
        self.findings[fatal] = f"ends the process (status {status}): {complained[-2000:]}"
        self.counts[f"{fatal.partition(':')[0]} crashed"] += 1
        return len(done) + 1


def read_all(cases: Sequence[str], seeds: Path, work: Path, program: Sequence[str] = _PROGRAM) -> Outcome:
    """Read every case, ``FAMILY:NUMBER``, in batches."""
    outcome, left = Outcome(), list(cases)
    while left:
        batch = left[:_BATCH]
        command = [*program, str(seeds), str(work), *batch]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, errors="replace")
        left = left[outcome.add(batch, ended.stdout, ended.returncode, ended.stderr) :]
    return outcome
