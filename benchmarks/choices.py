"""What other values of a setting would give: the tables behind the defaults. Prints Markdown.

    python -m benchmarks.choices frames DIR
    python -m benchmarks.choices clips DIR...

`frames` is about `view.max_sigma_deg` and `max_sigma_held_deg`; DIR is what `benchmarks.accuracy frames` filled.
`clips` is about the reference, `filters.bend_sigma_left` and the filters over time; DIR is what `training.clips` wrote.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track as progress

from benchmarks import clips
from benchmarks.accuracy import COVERED, OBLIQUE_DEG, SIDE_DEG, agreement, changes, judge, within_sigma
from spineline.core.analysis import Analysis, analyze
from spineline.core.reference import Source
from spineline.core.settings import Settings
from spineline.core.signals import smooth
from spineline.core.spine import hand_at_shoulder
from spineline.core.track import Bools, Floats, PoseTrack
from spineline.io.tracks import load_track
from training.dataset import read_set

LIMITS_DEG = (9.0, 7.0, 6.0, 5.2, 4.5, 3.8)
LEFT = (1.0, 0.8, 0.7, 0.65, 0.6, 0.5)
FILTERS = ((None, 0.0), (1.0, 0.3), (2.0, 0.0), (2.0, 0.3), (3.0, 0.0), (3.0, 0.3), (3.0, 0.5), (6.0, 0.0))
"""Cut-off in Hz and running median in seconds."""
NEVER_S = 5.0
"""More standing, or time at the tops, than any of the recordings holds."""
REFERENCES: dict[Source, dict[str, float]] = {
    "standing": {},
    "least_flexed": {"standing_s": NEVER_S},
    "population": {"standing_s": NEVER_S, "tops_s": NEVER_S},
}


@dataclass(frozen=True, eq=False)
class Recorded:
    """A recording seen from the side, its track, and the true change in every frame ``(T,)``."""

    track: PoseTrack
    true_deg: Floats
    within: Bools

    def error(self, found: Analysis) -> tuple[Floats, Floats]:
        """Return error and sigma of the change in usable frames of the reps."""
        known = self.within & np.isfinite(found.thoracic_change_deg)
        return (found.thoracic_change_deg - self.true_deg)[known], found.sigma_change_deg[known]


def limit_report(folder: Path) -> None:
    """Print what single pictures give under another limit of sigma."""
    view, most = Settings().view, max(LIMITS_DEG)
    judged = judge(read_set(folder), view.model_copy(update={"max_sigma_deg": most, "max_sigma_held_deg": most}))
    data = judged.data
    near = np.abs(data.column("yaw_deg", "camera")) <= OBLIQUE_DEG
    held = hand_at_shoulder(data.track, view)
    bar = (data.column("kind", "weight") == "barbell") & (data.column("plates", "weight") > 0)
    covered = np.isin(data.column("exercise"), COVERED) & bar
    bands = {view.max_sigma_deg: near & ~held & ~covered, view.max_sigma_held_deg: near & held & ~covered}
    print(
        "| at most | arms free: used | change: MAE | hands at the shoulders: used | change: MAE | behind plates: used |"
    )
    print("| --- " * 6 + "|")
    for limit_deg in LIMITS_DEG:
        used = judged.read.usable & (judged.read.bend_sigma_deg <= limit_deg)
        cells = [f"{limit_deg:.1f}"]
        for chosen_deg, band in bands.items():
            moved = changes(judged, used & (band | data.column("at_ease")), only=used & band)
            row = f"{(used & band).sum() / band.sum():.2f}", f"{np.abs(moved.miss).mean():.1f}"
            cells += [_bold(cell, limit_deg == chosen_deg) for cell in row]
        print("| " + " | ".join([*cells, f"{(used & near & covered).sum() / (near & covered).sum():.2f}"]) + " |")


def reference_report(recorded: list[Recorded]) -> None:
    """Print what each kind of reference gives where it is to be had."""
    now = Settings().reference
    print("| reference | recordings | change: MAE | bias | within 1, 2 sigma |\n" + "| --- " * 5 + "|")
    for source, without in REFERENCES.items():
        settings = Settings(reference=now.model_copy(update=without))
        found = [(clip, analyze(clip.track, settings)) for clip in recorded]
        errors = [clip.error(one) for clip, one in found if one.reference.source == source]
        miss, sigma = (np.concatenate(values) for values in zip(*errors, strict=True))
        cells = [source, str(len(errors)), *agreement(miss)[:2], within_sigma(miss, sigma)]
        print("| " + " | ".join(cells) + " |")


def left_report(recorded: list[Recorded]) -> None:
    """Print how honest sigma would be if filters left more or less of it."""
    now = Settings().filters
    print("| sigma left | within 1, 2 sigma |\n| --- | --- |")
    for left in LEFT:
        settings = Settings(filters=now.model_copy(update={"bend_sigma_left": left}))
        errors = [clip.error(analyze(clip.track, settings)) for clip in recorded]
        miss, sigma = (np.concatenate(values) for values in zip(*errors, strict=True))
        print(f"| {_bold(f'{left:.2f}', left == now.bend_sigma_left)} | {within_sigma(miss, sigma)} |")


def filters_report(recorded: list[Recorded]) -> None:
    """Print what other filters would give, with later pictures and without."""
    now = Settings().filters
    analysed = [analyze(clip.track) for clip in recorded]
    print("| cut-off | running median | without lag | as it comes |\n| --- | --- | --- | --- |")
    for cutoff_hz, median_s in FILTERS:
        cells = [f"{cutoff_hz:.0f} Hz" if cutoff_hz else "none", f"{median_s:.1f} s" if median_s else "none"]
        chosen = (cutoff_hz, median_s) == (now.spine_cutoff_hz, now.spine_median_s)
        cells = [_bold(cell, chosen) for cell in cells]
        for causal in (False, True):
            miss = [
                _filtered_miss(clip, found, cutoff_hz=cutoff_hz, median_s=median_s, causal=causal)
                for clip, found in zip(recorded, analysed, strict=True)
            ]
            cells.append(f"{np.abs(np.concatenate(miss)).mean():.2f}")
        print("| " + " | ".join(cells) + " |")


def _filtered_miss(
    clip: Recorded, found: Analysis, *, cutoff_hz: float | None, median_s: float, causal: bool
) -> Floats:
    bend_deg = np.where(found.spine.usable, clip.track.spine_raw[:, 3], np.nan)
    if cutoff_hz:
        gap_s = found.settings.filters.max_gap_s
        times = {"cutoff_hz": cutoff_hz, "median_s": median_s, "max_gap_s": gap_s}
        bend_deg = smooth(clip.track.time_s, bend_deg, **times, causal=causal)
    miss = bend_deg - found.reference.bend_deg - clip.true_deg
    return np.asarray(miss[clip.within & np.isfinite(miss)])


def recordings(folders: list[Path], out: Path) -> Iterator[Recorded]:
    """Follow the lifter through every recording that shows the back from the side."""
    videos = [video for folder in folders for video in sorted(folder.glob("*.mp4"))]
    for video in progress(videos, "clips", console=Console(stderr=True)):
        truth = json.loads(video.with_suffix(".truth.json").read_text())
        if _from_the_side(truth) and clips.analyse(video, out, "--save-track").returncode == 0:
            track, _ = load_track(out / f"{video.stem}_spineline" / "track.npz")
            yield Recorded(track, *clips.true_change(track.time_s, truth))


def _from_the_side(truth: dict[str, Any]) -> bool:
    return bool(truth["reps"]) and truth["exercise"] not in COVERED and abs(truth["camera"]["yaw_deg"]) <= SIDE_DEG


def _bold(text: str, chosen: bool) -> str:
    return f"**{text}**" if chosen else text


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.choices", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("choice", choices=("frames", "clips"))
    parser.add_argument("folders", type=Path, nargs="+")
    given = parser.parse_args()
    if given.choice == "frames":
        limit_report(given.folders[0])
        return
    with tempfile.TemporaryDirectory() as out:
        recorded = list(recordings(given.folders, Path(out)))
    reference_report(recorded)
    print()
    left_report(recorded)
    print()
    filters_report(recorded)


if __name__ == "__main__":
    main()
