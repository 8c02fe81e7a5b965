"""`spineline analyze` killed at any moment: what is left, and that the next run does all of the work."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.app.make_inputs import CLIP, ONE_REP_S, write_lift
from tests.contents import Contents
from tests.faults.program import Place, check_clean, check_left, contents

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux shows them")

SEED = 20261123
EVERYTHING = ("--save-vid", "--save-chart", "--save-track", "--save-mot", "--save-trc", "--save-openpose")


@dataclass(frozen=True)
class Case:
    """One way to run: how often it is killed, of which so often in the default run."""

    name: str
    inputs: tuple[str, ...]
    options: tuple[str, ...]
    earlier: bool
    kills: int
    quick: int = 0


CASES = (
    Case("video", ("clip.mp4",), (*EVERYTHING, "--time-range", *ONE_REP_S), earlier=False, kills=12),
    Case("video again", ("clip.mp4",), (*EVERYTHING, "--time-range", *ONE_REP_S), earlier=True, kills=13),
    Case("videos", ("clip.mp4", "other.mp4"), ("--time-range", *ONE_REP_S, "--workers", "2"), earlier=True, kills=12),
    Case("mixed", ("clip.mp4", "squats.npz", "rounded.npz"), ("--workers", "2"), earlier=False, kills=13),
    Case("track again", ("squats.npz",), ("--save-openpose", "--save-chart"), earlier=True, kills=25),
    Case("track", ("squats.npz",), ("--save-openpose", "--no-report"), earlier=True, kills=25, quick=2),
    Case("tracks", ("squats.npz", "rounded.npz"), ("--workers", "2", "--no-report"), earlier=True, kills=25),
)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory, pose_model: Path) -> Path:
    """Make a folder with two videos and two saved tracks."""
    assert pose_model.is_file()
    folder = tmp_path_factory.mktemp("inputs")
    for name in ("clip.mp4", "other.mp4"):
        shutil.copyfile(CLIP, folder / name)
    with (folder / "other.mp4").open("ab") as file:  # the same to look at, and yet another recording
        file.write((8).to_bytes(4, "big") + b"free")
    write_lift(folder / "squats.npz")
    write_lift(folder / "rounded.npz", style="conventional", rounding_deg=30.0)
    return folder


def moments_s(count: int, whole_s: float) -> list[float]:
    """Return moments spread over a run, more of them near its end, some after it."""
    chance, late = np.random.default_rng(SEED), count // 3
    shares = [*chance.uniform(0.0, 1.0, count - late), *chance.uniform(0.8, 1.1, late)]
    return [whole_s * float(share) for share in shares]


def targets_of(case: Case, out: Path) -> list[Path]:
    return [out / f"{Path(name).stem}_spineline" for name in case.inputs]


def check_kills(case: Case, kills: int, inputs: Path, folder: Path) -> None:
    """Kill a run again and again, each time at another moment, and let the next one finish."""
    place = Place(folder)
    names = [inputs / name for name in case.inputs]
    results: list[list[Contents]] = []
    took_s = 0.0
    for load in ("60", "80"):  # an earlier result, and the one that is to come
        began_s = time.monotonic()
        status, _, error = place.run("analyze", *names, *case.options, "--load", load, "-o", load, "--quiet")
        took_s = time.monotonic() - began_s
        assert (status, error) == (0, "")
        results.append([contents(target) for target in targets_of(case, folder / load)])
    for moment_s in moments_s(kills, took_s):
        shutil.rmtree(folder / "data")
        if case.earlier:
            shutil.copytree(folder / "60", folder / "out")
        again: tuple[str | Path, ...] = ("analyze", *names, *case.options, "--load", "80", "-o", "out", "--quiet")
        status, error = place.killed(moment_s, *again)
        assert (status, error) in ((-9, ""), (0, "")), error
        for target, earlier, later in zip(targets_of(case, folder / "out"), *results, strict=True):
            check_left(target, *([earlier, later] if case.earlier else [later]))
            assert target.is_dir() or not case.earlier
        assert place.run(*again) == (0, "", "")
        assert [contents(target) for target in targets_of(case, folder / "out")] == results[1]
        check_clean(folder)
        assert place.sets_kept() == len(case.inputs)
        shutil.rmtree(folder / "out")


@pytest.mark.parametrize("case", [case for case in CASES if case.quick], ids=lambda case: case.name)
def test_a_killed_run_leaves_results_whole_and_the_next_one_succeeds(case: Case, inputs: Path, tmp_path: Path) -> None:
    check_kills(case, case.quick, inputs, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_run_killed_at_any_moment_does_so_too(case: Case, inputs: Path, tmp_path: Path) -> None:
    check_kills(case, case.kills, inputs, tmp_path)
