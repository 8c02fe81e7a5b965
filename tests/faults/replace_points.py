"""Replace a folder of results, ended before every single change of the disk; `twice`: then mend it, ended likewise.

    python -m tests.faults.replace_points kill|refuse|interrupt once|twice FOLDER

For each way that went, one line of JSON: `ended` before which changes, what another program sees in the folder then
(`seen`), what spineline finds there (`found`), and what is there `after` one more replacement. A process of its own,
because it forks.
"""

import contextlib
import itertools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NoReturn

from spineline.errors import SpinelineError
from spineline.io.results import ANALYSIS, OPENPOSE, result_folder, settle
from tests.faults.end_at import end_at, interrupt, kill, refuse

FILES: Final = {
    "old": (ANALYSIS, "overlay.mp4", OPENPOSE),
    "new": (ANALYSIS, "reps.csv", OPENPOSE),
    "next": (ANALYSIS,),
}
"""What each result has; every file says whose it is."""

KEYPOINTS: Final = f"{OPENPOSE}/x_{0:012d}_keypoints.json"
MINE: Final = "mine.txt"
"""A file that is not ours."""


def put(target: Path, name: str) -> None:
    """Write the result of that name."""
    with result_folder(target) as folder:
        for file in FILES[name]:
            path = folder / (KEYPOINTS if file == OPENPOSE else file)
            path.parent.mkdir(exist_ok=True)
            path.write_text(name)


def tree(folder: Path) -> dict[str, str]:
    """Return every file below a folder with its text, and every empty folder."""
    paths = [path for path in folder.rglob("*") if path.is_file() or not any(path.iterdir())]
    return {str(path.relative_to(folder)): path.read_text() if path.is_file() else "(empty)" for path in paths}


def seen_in(folder: Path) -> dict[str, str]:
    """Return what a program sees that looks into no hidden folder."""
    return {name: text for name, text in tree(folder).items() if not name.startswith(".")}


def ended(nth: int, root: Path, work: Callable[[], None], act: Callable[[], NoReturn]) -> bool:
    """Do some work in another process, ended before its n-th change; tell whether there were so many."""
    child = os.fork()
    if not child:
        count = end_at(nth, root, act)
        try:
            with contextlib.suppress(OSError, SpinelineError, KeyboardInterrupt):
                work()
        finally:
            os._exit(int(next(count) > nth))
    return os.waitpid(child, 0)[1] != 0


def every_end(root: Path, work: Callable[[], None], act: Callable[[], NoReturn]) -> Iterator[int]:
    """Do some work on a folder again and again, each time ended at a later change, and once not at all (0)."""
    with tempfile.TemporaryDirectory(dir=root.parent) as before:
        shutil.copytree(root, before, dirs_exist_ok=True)
        for nth in itertools.count(1):
            was_ended = ended(nth, root, work, act)
            yield nth if was_ended else 0
            shutil.rmtree(root)
            shutil.copytree(before, root)
            if not was_ended:
                break


def ways(root: Path, act: Callable[[], NoReturn], *, twice: bool) -> Iterator[dict[str, object]]:
    """Go every way, with and without an earlier result."""
    target = root / "x_spineline"
    for earlier in (True, False):
        root.mkdir()
        if earlier:
            put(target, "old")
            (target / MINE).write_text("mine")
        for first in every_end(root, lambda: put(target, "new"), act):
            seen = seen_in(target)
            mendings = (lambda: settle(target), lambda: put(target, "next"))
            for mending in mendings if twice and any(root.glob("*/.spineline.swap")) else (lambda: None,):
                for second in every_end(root, mending, act):
                    settle(target)
                    found = seen_in(target)
                    put(target, "next")
                    yield {
                        "earlier": earlier,
                        "ended": (first, second),
                        "seen": seen,
                        "found": found,
                        "after": tree(root),
                    }
        shutil.rmtree(root)


if __name__ == "__main__":
    acts = {"kill": kill, "refuse": refuse, "interrupt": interrupt}
    for way in ways(Path(sys.argv[3]), acts[sys.argv[1]], twice=sys.argv[2] == "twice"):
        sys.stdout.write(json.dumps(way) + "\n")
