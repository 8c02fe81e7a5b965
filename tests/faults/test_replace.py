"""A folder of results is replaced, and at every single step of that the process ends, or the disk refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spineline.io.results import OPENPOSE
from tests.faults.replace_points import FILES, KEYPOINTS, MINE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


def whole(name: str | None, *, earlier: bool = True) -> dict[str, str]:
    """Return a result as it lies in its folder, None for none, beside the file that is not ours."""
    files = FILES[name] if name else ()
    named = {KEYPOINTS if file == OPENPOSE else file: str(name) for file in files}
    return {**named, **({MINE: "mine"} if earlier else {})}


def ways(manner: str, times: str, folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.replace_points", manner, times, str(folder / "root")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("manner", "times"),
    [
        ("kill", "once"),
        pytest.param("kill", "twice", marks=pytest.mark.long),
        ("refuse", "once"),
        ("interrupt", "once"),
    ],
)
def test_whatever_step_is_the_last_one_result_is_whole_and_the_next_run_succeeds(
    manner: str, times: str, tmp_path: Path
) -> None:
    found = ways(manner, times, tmp_path)
    assert len(found) > 40
    for way in found:
        earlier = way["earlier"]
        before, after = whole("old" if earlier else None, earlier=earlier), whole("next", earlier=earlier)
        results = [before, whole("new", earlier=earlier), after]
        # Another program sees no file of which half is there, and all of a result if it sees the analysis.
        assert all(any(text == each.get(name) for each in results) for name, text in way["seen"].items()), way
        assert "analysis.json" not in way["seen"] or way["seen"] in results, way
        # What only fails puts everything back itself.
        assert manner == "kill" or way["seen"] in results, way
        # spineline finds all of the earlier result, or all of a later one.
        assert way["found"] in results, way
        assert way["after"] == {f"x_spineline/{name}": text for name, text in after.items()}, way
