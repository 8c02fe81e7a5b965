"""Processes that work for one that was killed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.program import Place

SILENT = """
from spineline.app.crew import in_crew
from tests.faults.silent import work
if __name__ == "__main__":
    list(in_crew(work, [600.0, 600.0], workers=2))
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux shows them")
def test_even_one_that_gives_no_sign_ends_after_its_parent(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SILENT)
    assert Place(tmp_path).killed(5.0, launcher=("main.py",)) == (-9, "")
