"""How far one lifter's standing reads alike in another session: what a saved profile is worth. Prints Markdown.

    python -m benchmarks.sessions DIR [--lifters 48] [--seed 4711] [--workers 2]

What is not in DIR yet is rendered first (extra `[train]`), five minutes on one core: the same bodies and postures in
four sessions, each with its own camera and room, the first two in the same clothes. Training uses other seeds.
"""

import argparse
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
from rich.progress import track as progress

from benchmarks.accuracy import Judged, judge, within_sigma
from spineline.core import view
from spineline.core.reference import Reference, from_frames
from spineline.core.settings import Settings
from spineline.core.track import Bools, Floats
from training.dataset import observe, read_set
from training.frames import each_lifter
from training.sessions import SAME_CLOTHES, SESSIONS, shoot_sessions

FEWEST = 2
"""Pictures of standing in a session to make a reference of it."""

ALIKE_DEG = 10.0

Key = tuple[int, int]
"""Lifter and session."""


@dataclass(frozen=True)
class Standing:
    """Medians of one lifter's standing in one session; the first two less what is true."""

    bend_deg: float
    thoracic_deg: float
    chest_deg: float
    neck_deg: float
    yaw_deg: float
    reference: Reference


def fill(folder: Path, *, lifters: int, seed: int, workers: int) -> None:
    """Render and observe who is missing in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [k for k in range(lifters) if not _file(folder, k).exists()]
    if wanted:
        work = partial(_work, folder, seed=seed)
        for _ in progress(each_lifter(work, wanted, workers=workers), total=len(wanted), description="lifters"):
            pass


def _work(folder: Path, lifter: int, *, seed: int) -> None:
    observe(_file(folder, lifter), shoot_sessions(lifter, seed))


def _file(folder: Path, lifter: int) -> Path:
    return folder / f"{lifter:05d}.npz"


def standings(judged: Judged) -> dict[Key, Standing]:
    """Gather what was read of every lifter's standing in every session."""
    data, read, true_deg = judged.data, judged.read, judged.true_deg
    yaw_deg = view.yaw_deg(data.track.world_m, data.facing) - Settings().view.yaw_bias_deg
    found = {}
    for key, mine in _sessions(judged):
        frames = mine & read.usable & data.column("at_ease")
        if frames.sum() >= FEWEST:
            found[key] = Standing(
                bend_deg=float(np.median((read.bend_deg - true_deg)[frames])),
                thoracic_deg=float(np.median((read.thoracic_deg - true_deg)[frames])),
                chest_deg=float(np.median(read.chest_deg[frames])),
                neck_deg=float(np.median(read.neck_deg[frames])),
                yaw_deg=float(np.median(yaw_deg[frames])),
                reference=from_frames(read, frames, "standing"),
            )
    return found


def _sessions(judged: Judged) -> list[tuple[Key, Bools]]:
    lifter, session = judged.data.lifter, judged.data.column("session")
    keys = [(int(who), number) for who in np.unique(lifter) for number in range(SESSIONS)]
    return [(key, (lifter == key[0]) & (session == key[1])) for key in keys]


def apart_report(found: dict[Key, Standing]) -> None:
    """Print by how much two sessions of one lifter differ."""
    pairs = [(a, b) for a, b in combinations(sorted(found), 2) if a[0] == b[0]]
    same = np.array([(a[1], b[1]) == SAME_CLOTHES for a, b in pairs])
    off_deg = np.array([abs(found[a].yaw_deg - found[b].yaw_deg) for a, b in pairs])
    groups = {
        "other camera and room, same clothes": same,
        "other camera, room and clothes": ~same,
        f"all, seen from views up to {ALIKE_DEG:.0f} deg apart": off_deg <= ALIKE_DEG,
        "all, further apart": off_deg > ALIKE_DEG,
    }
    print("| sessions | pairs | bend: RMS difference | thoracic flexion | chest | neck |\n" + "| --- " * 6 + "|")
    for name, group in groups.items():
        rms = []
        for what in ("bend_deg", "thoracic_deg", "chest_deg", "neck_deg"):
            apart = np.array([getattr(found[a], what) - getattr(found[b], what) for a, b in pairs])[group]
            rms.append(f"{np.sqrt((apart**2).mean()):.1f}")
        print("| " + " | ".join([name, str(int(group.sum())), *rms]) + " |")


def change_report(judged: Judged, found: dict[Key, Standing]) -> None:
    """Print the error of the change of bent pictures from one's own session's standing, and from another's."""
    moved = judged.read.usable & ~judged.data.column("at_ease")
    rows: dict[str, list[tuple[Floats, Floats]]] = {}
    for key, mine in _sessions(judged):
        for other, standing in found.items():
            if other[0] == key[0]:
                name = _relation(key[1], other[1])
                change_deg, sigma_deg = standing.reference.change(judged.read)
                stood_deg = standing.reference.bend_deg - standing.bend_deg
                miss, frames = change_deg + stood_deg - judged.true_deg, mine & moved
                rows.setdefault(name, []).append((miss[frames], sigma_deg[frames]))
    added = (0.0, 2.0, 2.5, 3.0)
    heads = [f"within 1, 2 sigma, {x:g} added" for x in added]
    print("\n| standing of | pictures | change: MAE | RMS | " + " | ".join(heads) + " |")
    print("| --- " * (4 + len(added)) + "|")
    for name in sorted(rows):
        miss, sigma = (np.concatenate(column) for column in zip(*rows[name], strict=True))
        cells = [name, str(len(miss)), f"{np.abs(miss).mean():.1f}", f"{np.sqrt((miss**2).mean()):.1f}"]
        print("| " + " | ".join([*cells, *(within_sigma(miss, np.hypot(sigma, x)) for x in added)]) + " |")


def _relation(session: int, other: int) -> str:
    if session == other:
        return "the same session"
    return "another, same clothes" if {session, other} == set(SAME_CLOTHES) else "another, other clothes"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sessions", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lifters", type=int, default=48)
    parser.add_argument("--seed", type=int, default=4711)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    fill(given.folder, lifters=given.lifters, seed=given.seed, workers=given.workers)
    judged = judge(read_set(given.folder, most=given.lifters), Settings().view)
    found = standings(judged)
    print(f"{len(judged.data.rows)} pictures of {len(np.unique(judged.data.lifter))} lifters.\n")
    apart_report(found)
    change_report(judged, found)


if __name__ == "__main__":
    main()
