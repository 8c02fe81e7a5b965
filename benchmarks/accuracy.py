"""Error of the spine model against truth, on rendered lifters that it was not fitted on. Prints Markdown.

    python -m benchmarks.accuracy frames DIR [--lifters 200] [--seed 202] [--workers 2]
    python -m benchmarks.accuracy clips DIR...

`frames` judges single pictures, with what peers use in place of the back on the same pictures; what is not in DIR yet
is rendered first (extra `[train]`). `clips` judges whole recordings, filtered over time, through `spineline analyze`;
DIR is what `python -m training.clips set` and `views` wrote. Training uses other seeds, so bodies, clothes, cameras
and rooms are others too.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track as progress

from benchmarks import clips
from spineline.core import contour, spine, view
from spineline.core.reference import from_frames
from spineline.core.settings import Settings, ViewSettings
from spineline.core.silhouette import STATIONS, dorsal_profile
from spineline.core.skeleton import Landmark
from spineline.core.track import Bools, Floats, PoseTrack
from spineline.core.trunk import trunk_frame
from spineline.io.spine_net import SpineNet
from training.dataset import MARGIN_PX, DataSet, fill, read_set

SIDE_DEG, OBLIQUE_DEG = 20.0, 45.0
COVERED = ("back_squat", "front_squat")
"""Lifts in which the bar and its plates lie over the upper back."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What was read of N pictures, and what is true: angles in degrees ``(N,)``."""

    data: DataSet
    read: spine.Spine
    stand_ins: dict[str, Floats]

    @property
    def true_deg(self) -> Floats:
        """True thoracic flexion."""
        return np.asarray(self.data.column("thoracic_deg"))


def judge(data: DataSet, settings: ViewSettings) -> Judged:
    """Read every picture as `analyze` would, but for smoothing over time."""
    inner = slice(MARGIN_PX, -MARGIN_PX)
    raw = SpineNet().run(np.ascontiguousarray(data.pictures[:, inner, inner]), data.marks)
    track = replace(data.track, spine_raw=raw)
    facing = data.facing
    yaw_deg = view.yaw_deg(track.world_m, facing) - settings.yaw_bias_deg
    parts = []
    for size, some in _by_size(data):
        part = spine.estimate(
            _only(track, some, size), facing[some], yaw_deg[some], np.ones(int(some.sum()), np.bool_), settings
        )
        parts.append((some, part))
    whole = {
        name: np.zeros((len(data.rows), *getattr(parts[0][1], name).shape[1:]), getattr(parts[0][1], name).dtype)
        for name in vars(parts[0][1])
    }
    for some, part in parts:
        for name, values in vars(part).items():
            whole[name][some] = values
    return Judged(data, spine.Spine(**whole), stand_ins(track, facing))


def _by_size(data: DataSet) -> Iterator[tuple[tuple[int, int], Bools]]:
    sizes = data.column("image_size_px")
    for width, height in np.unique(sizes, axis=0):
        yield (int(width), int(height)), (sizes == (width, height)).all(axis=1)


def _only(track: PoseTrack, some: Bools, size_px: tuple[int, int]) -> PoseTrack:
    names = [name for name in vars(track) if name not in ("image_size_px", "source")]
    return PoseTrack(image_size_px=size_px, **{name: getattr(track, name)[some] for name in names})


def stand_ins(track: PoseTrack, facing: Floats) -> dict[str, Floats]:
    """Return what peers measure in place of the back, degrees or lengths, each ``(N,)``."""
    trunk = trunk_frame(track.landmarks_px, facing)
    ear = trunk.place(track.landmarks_px[:, [Landmark.LEFT_EAR, Landmark.RIGHT_EAR]].mean(axis=1))
    profile = dorsal_profile(track, facing)
    inside = (STATIONS >= 0.0) & (STATIONS <= 1.0)
    arc = np.polynomial.polynomial.polyfit(STATIONS[inside], np.nan_to_num(profile[:, inside]).T, 2)[2]
    read, _ = contour.read(track, facing)
    return {
        "trunk lean": trunk.lean_deg,
        "ear-shoulder-hip angle": np.degrees(np.arctan2(-ear[:, 1], -ear[:, 0])),
        "one arc along the back": arc,
        "contour fit": read[:, 0],
    }


@dataclass(frozen=True, eq=False)
class Changes:
    """Change from the lifter's own standing at ease, read and true, and the sigma of what was read, each ``(n,)``."""

    read: Floats
    true: Floats
    sigma: Floats

    @property
    def miss(self) -> Floats:
        """Error."""
        return self.read - self.true


def changes(judged: Judged, usable: Bools, values: Floats | None = None, *, only: Bools | None = None) -> Changes:
    """Gather the changes of every lifter seen at ease and otherwise: by the spine model, or of a stand-in's values.

    ``only`` says of which pictures the change is wanted; the others may still serve as reference.
    """
    data, at_ease = judged.data, judged.data.column("at_ease")
    parts: list[tuple[Floats, Floats, Floats]] = []
    for lifter in np.unique(data.lifter[usable]):
        mine = usable & (data.lifter == lifter)
        rest, moved = mine & at_ease, mine & ~at_ease & (usable if only is None else only)
        if not (rest.any() and moved.any()):
            continue
        if values is None:
            read, sigma = from_frames(judged.read, rest, "standing").change(judged.read)
        else:
            read, sigma = values - np.median(values[rest]), np.full_like(values, np.nan)
        true = judged.true_deg - np.median(judged.true_deg[rest])
        parts.append((read[moved], true[moved], sigma[moved]))
    return Changes(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def fitted(values: Floats, true: Floats) -> Floats:
    """Return a stand-in in degrees of flexion: the best line, fitted on these very pictures, which favours it."""
    known = np.isfinite(values)
    slope, offset = np.polyfit(values[known], true[known], 1)
    return np.asarray(offset + slope * values)


def frames_report(judged: Judged) -> None:
    """Print the tables of single pictures."""
    yaw_deg = np.abs(judged.data.column("yaw_deg", "camera"))
    open_back = ~np.isin(judged.data.column("exercise"), COVERED)
    bands = {
        f"within {SIDE_DEG:.0f} deg of the side": (yaw_deg <= SIDE_DEG) & open_back,
        f"{SIDE_DEG:.0f} to {OBLIQUE_DEG:.0f} deg": (yaw_deg > SIDE_DEG) & (yaw_deg <= OBLIQUE_DEG) & open_back,
    }
    print("| camera | pictures | usable | what | MAE | bias | limits of agreement | r | within 1, 2 sigma |")
    print("| --- " * 9 + "|")
    read = judged.read
    for name, band in bands.items():
        usable = band & read.usable
        share = f"{usable.sum() / band.sum():.2f}"
        flexion = Changes(read.thoracic_deg[usable], judged.true_deg[usable], read.sigma_deg[usable])
        for what, found in {"flexion": flexion, "change from standing": changes(judged, usable)}.items():
            cells = [name, str(int(band.sum())), share, what, *agreement(found.miss), _r(found.read, found.true)]
            print("| " + " | ".join([*cells, within_sigma(found.miss, found.sigma)]) + " |")
    print("\n| in place of the back, same pictures | flexion: MAE | r | change: MAE | r |")
    print("| --- " * 5 + "|")
    usable = bands[f"within {SIDE_DEG:.0f} deg of the side"] & read.usable
    rows = {"spine model": (read.thoracic_deg[usable], judged.true_deg[usable], changes(judged, usable))}
    for name, values in judged.stand_ins.items():
        known = usable & np.isfinite(values)
        degrees = np.full_like(values, np.nan)
        degrees[known] = fitted(values[known], judged.true_deg[known])
        rows[name] = (degrees[known], judged.true_deg[known], changes(judged, known, degrees))
    for name, (flexion_deg, true_deg, change) in rows.items():
        cells = [name, f"{np.abs(flexion_deg - true_deg).mean():.1f}", _r(flexion_deg, true_deg)]
        print("| " + " | ".join([*cells, f"{np.abs(change.miss).mean():.1f}", _r(change.read, change.true)]) + " |")


def still_report(judged: Judged) -> None:
    """Print how far pictures of one lifter standing at ease differ in their error, and what that lets be told apart."""
    at_side = np.abs(judged.data.column("yaw_deg", "camera")) <= SIDE_DEG
    still = judged.read.usable & judged.data.column("at_ease") & at_side
    miss, lifter = (judged.read.bend_deg - judged.true_deg)[still], judged.data.lifter[still]
    _, number, count = np.unique(lifter, return_inverse=True, return_counts=True)
    beside = miss - (np.bincount(number, miss) / count)[number]
    spread = float(np.sqrt((beside**2).sum() / (count - 1).sum()))
    print(f"\nStanding at ease again and again ({len(miss)} pictures of {len(count)} lifters), readings differ by SD "
          f"{spread:.1f} deg; 1.96 * sqrt(2) * SD = {1.96 * 2**0.5 * spread:.1f} deg.")  # fmt: skip


def breakdown_report(judged: Judged) -> None:
    """Print the error within 45 degrees of the side by view, lift, clothes, body, weight and size in the picture."""
    data, seen = judged.data, judged.read.usable
    near = np.abs(data.column("yaw_deg", "camera")) <= OBLIQUE_DEG
    print("\n| what | pictures | usable | flexion: MAE | change: MAE | bias |")
    print("| --- " * 6 + "|")
    for name, group in _groups(data).items():
        known = near & group
        usable = known & seen
        if usable.sum() >= 20:
            miss = (judged.read.thoracic_deg - judged.true_deg)[usable]
            moved = changes(judged, usable | (near & seen & data.column("at_ease")), only=usable)
            cells = [name, str(int(known.sum())), f"{usable.sum() / known.sum():.2f}", f"{np.abs(miss).mean():.1f}"]
            print("| " + " | ".join([*cells, *agreement(moved.miss)[:2]]) + " |")


def _groups(data: DataSet) -> dict[str, Bools]:
    yaw_deg, exercise = data.column("yaw_deg", "camera"), data.column("exercise")
    loose_m, hood = data.column("loose_m", "outfit"), data.column("hood", "outfit")
    kind, weight = data.column("kind", "weight"), data.column("weight", "body")
    trunk_px = trunk_frame(data.track.landmarks_px, np.ones(len(data.rows))).length_px
    groups: dict[str, Bools] = {
        "camera in front of the side, 20 to 45 deg": yaw_deg > SIDE_DEG,
        "camera behind the side, 20 to 45 deg": yaw_deg < -SIDE_DEG,
    }
    groups |= {str(name).replace("_", " "): exercise == name for name in np.unique(exercise)}
    groups |= {"no shirt": data.column("bare", "outfit"), "tight": (loose_m == 0) & ~data.column("bare", "outfit")}
    groups |= {"loose, up to 12 mm": (loose_m > 0) & (loose_m <= 0.012), "loose, 12 to 35 mm": loose_m > 0.012}
    groups |= {f"hood {way}": hood == way for way in ("down", "up")}
    groups |= {"hair tied up": data.column("bun_m", "outfit") > 0, "men": data.column("gender", "body") < 0.5}
    groups |= {"women": data.column("gender", "body") > 0.5, "lighter bodies": weight < 0.55, "heavier": weight >= 0.55}
    groups |= {f"with {name}": kind == name for name in ("barbell", "kettlebell", "dumbbells")}
    groups |= {"without weight": kind == "none", "mirror": data.column("mirror", "room")}
    return groups | {"trunk under 60 pixels": trunk_px < 60, "trunk over 90 pixels": trunk_px > 90}


def agreement(miss: Floats) -> list[str]:
    """Return MAE, bias and the 95 % limits of agreement (Bland and Altman 1986) as text."""
    spread = 1.96 * float(miss.std())
    return [
        f"{np.abs(miss).mean():.1f}",
        f"{miss.mean():+.1f}",
        f"{miss.mean() - spread:+.1f} .. {miss.mean() + spread:+.1f}",
    ]


def within_sigma(miss: Floats, sigma: Floats) -> str:
    """Return which share of the errors lies within one and two sigma as text."""
    return ", ".join(f"{(np.abs(miss) <= k * sigma).mean():.0%}" for k in (1, 2))


def _r(one: Floats, other: Floats) -> str:
    return f"{np.corrcoef(one, other)[0, 1]:.2f}"


@dataclass(frozen=True, eq=False)
class Clip:
    """One analysed recording and its truth; ``miss_deg`` is the error of the change in usable frames of the reps."""

    truth: dict[str, Any]
    said: dict[str, Any]
    miss_deg: Floats
    sigma_deg: Floats
    usable_share: float

    @property
    def yaw_deg(self) -> float:
        """How far the camera stood off the side."""
        return abs(float(self.truth["camera"]["yaw_deg"]))

    def reps(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Return each rep found with the true one that it overlaps most."""
        for found in self.said["reps"]:
            shared = [
                min(found["end_s"], true["end_s"]) - max(found["start_s"], true["start_s"])
                for true in self.truth["reps"]
            ]
            if shared and max(shared) > 0:
                yield found, self.truth["reps"][int(np.argmax(shared))]


def analyse(video: Path, out: Path) -> Clip:
    """Analyse a clip through the command line and set it beside its truth."""
    said, truth = clips.said_and_true(video, out)
    miss, sigma = clips.misses(out, video, truth)
    known = np.isfinite(miss)
    return Clip(truth, said, miss[known], sigma[known], known.sum() / max(known.size, 1))


def clips_report(analysed: list[Clip]) -> None:
    """Print the tables of whole recordings."""
    lifts = [clip for clip in analysed if clip.truth["reps"]]
    uncovered = [clip for clip in lifts if clip.truth["exercise"] not in COVERED]
    groups = {
        f"within {SIDE_DEG:.0f} deg of the side": [c for c in uncovered if c.yaw_deg <= SIDE_DEG],
        f"{SIDE_DEG:.0f} to {OBLIQUE_DEG:.0f} deg": [c for c in uncovered if SIDE_DEG < c.yaw_deg <= OBLIQUE_DEG],
        "bar over the upper back": [c for c in lifts if c not in uncovered],
    }
    print(
        "| recordings | clips | usable in reps | change, filtered: MAE | bias | limits of agreement "
        "| within 1, 2 sigma | error of a rep's peak: SD |"
    )
    print("| --- " * 8 + "|")
    for name, group in groups.items():
        miss = np.concatenate([c.miss_deg for c in group]) if group else np.empty(0)
        if miss.size:
            peaks = np.array([f - t for f, t in _peaks(group)])
            shares = np.mean([c.usable_share for c in group])
            near = within_sigma(miss, np.concatenate([c.sigma_deg for c in group]))
            cells = [name, str(len(group)), f"{shares:.2f}", *agreement(miss), near, f"{peaks.std():.1f}"]
            print("| " + " | ".join(cells) + " |")
    side = groups[f"within {SIDE_DEG:.0f} deg of the side"]
    stiff = [c for c in side if c.truth["label"] == "neutral"]
    read = [f for f, _ in _peaks(stiff)]
    if read:
        hinge = np.concatenate([c.miss_deg for c in stiff])
        print(f"\nHinging without rounding reads {hinge.mean():+.1f} on average (MAE {np.abs(hinge).mean():.1f}); "
              f"peaks of such reps: median {np.median(read):.1f}, largest {max(read):.1f} deg.")  # fmt: skip
    same = _pairs(uncovered, SIDE_DEG)
    if same:
        apart = np.array([one - other for one, other in same])
        print(f"\nThe same rep from 0 and {SIDE_DEG:.0f} deg ({len(same)} pairs): peaks differ by "
              f"{apart.mean():+.1f}, SD {apart.std():.1f} deg.")  # fmt: skip
    peaks = np.array([f - t for f, t in _peaks(side)])
    if peaks.size:
        least = 1.96 * np.sqrt((peaks**2).mean())
        print(f"\nMinimal detectable change, 1.96 times the RMS error of {peaks.size} peaks: {least:.1f} deg.")
    verdicts_report(uncovered)


def _peaks(clips: list[Clip]) -> list[tuple[float, float]]:
    """Return the peak change of every rep, as found and as true."""
    pairs = [(f["thoracic_change_peak_deg"], t["thoracic_change_peak_deg"]) for c in clips for f, t in c.reps()]
    return [(found, true) for found, true in pairs if found is not None]


def _pairs(clips: list[Clip], yaw_deg: float) -> list[tuple[float, float]]:
    """Return the peaks of the same rep seen from the side and from ``yaw_deg``, where both were measured."""
    peaks: dict[tuple[Any, ...], float] = {}
    for clip in clips:
        lift = (clip.truth["recipe"]["seed"], clip.truth["label"])
        for found, true in clip.reps():
            if found["thoracic_change_peak_deg"] is not None:
                peaks[round(clip.yaw_deg), *lift, true["start_s"]] = found["thoracic_change_peak_deg"]
    pairs = [(peak, peaks.get((round(yaw_deg), *rep))) for (yaw, *rep), peak in peaks.items() if yaw == 0]
    return [(one, other) for one, other in pairs if other is not None]


def rounding(rep: dict[str, Any]) -> str:
    """Return what a rep is said to be as to its largest rounding alone; other findings have truths of their own."""
    found = [flag["severity"] for flag in rep["flags"] if flag["rule"] == "thoracic_rounding"]
    return found[0] if found else "not_measured" if rep["verdict"] == "not_measured" else "ok"


def verdicts_report(clips: list[Clip]) -> None:
    """Print what was said of reps that did not round, rounded somewhat, and rounded."""
    kinds = {"change up to 4": (-90.0, 4.0), "4 to 15": (4.0, 15.0), "15 and more": (15.0, 180.0)}
    words = ("ok", "info", "caution", "flag", "not_measured")
    print("\n| true peak | " + " | ".join(words) + " |\n" + "| --- " * 6 + "|")
    for name, (low, high) in kinds.items():
        said = [rounding(f) for c in clips for f, t in c.reps() if low < t["thoracic_change_peak_deg"] <= high]
        print(f"| {name} | " + " | ".join(str(said.count(word)) for word in words) + " |")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=(__doc__ or "").split("\n")[0])
    actions = parser.add_subparsers(dest="action", required=True)
    frames = actions.add_parser("frames")
    frames.add_argument("folder", type=Path)
    frames.add_argument("--lifters", type=int, default=200)
    frames.add_argument("--seed", type=int, default=202)
    frames.add_argument("--workers", type=int, default=1)
    actions.add_parser("clips").add_argument("folders", type=Path, nargs="+")
    given = parser.parse_args()
    if given.action == "frames":
        fill(given.folder, lifters=given.lifters, seed=given.seed, natural_standing=1.0, workers=given.workers)
        judged = judge(read_set(given.folder, most=given.lifters), Settings().view)
        frames_report(judged)
        still_report(judged)
        breakdown_report(judged)
        return
    with tempfile.TemporaryDirectory() as out:
        videos = [video for folder in given.folders for video in sorted(folder.glob("*.mp4"))]
        clips_report([analyse(video, Path(out)) for video in progress(videos, "clips", console=Console(stderr=True))])


if __name__ == "__main__":
    main()
