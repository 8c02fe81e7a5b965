"""What the set-up coach says of the first two seconds of clips, and whether the back was then measured, as Markdown.

    python -m benchmarks.coach clips DIR... [--tracks OUT]
    python -m benchmarks.coach limits CLIP...

DIR holds clips, rendered ones with their truth beside them. What `spineline analyze --save-track` made of them is kept
in OUT, and used again if it is there. Raised arms are counted over the whole of every clip. `limits` makes the first
seconds of a clip darker, paler, and the lifter smaller, and observes them anew.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track as progress

from benchmarks import clips
from spineline.core import view
from spineline.core.analysis import analyze
from spineline.core.coach import Setup, coach
from spineline.core.gesture import ArmRaise, arm_up
from spineline.core.picture import Light, light
from spineline.core.recording import Recording
from spineline.core.settings import Settings
from spineline.core.track import PoseTrack
from spineline.io.models import resolve_model
from spineline.io.pose import PoseObserver
from spineline.io.scaling import shrink
from spineline.io.spine_net import SpineNet
from spineline.io.tracks import between, load_track
from spineline.io.video import probe, read_frames

SETTINGS = Settings()
MEASURED = 0.5
"""Share of all frames of a clip from which on its back counts as measured."""

WORSE = {"dark": (0.3, 0.15, 0.1, 0.06), "pale": (0.4, 0.2, 0.1), "small": (1.0, 0.6, 0.5, 0.4, 0.3)}
"""What a clip is made, and how much of light, contrast or size is kept."""

COVERED = ("back_squat", "front_squat")


@dataclass(frozen=True)
class Row:
    """One clip: the camera's true yaw (None: unknown), what was said, the usable share, raises counted."""

    name: str
    yaw_deg: float | None
    said: Setup
    usable_share: float
    raises: int
    seconds: float

    @property
    def first(self) -> str:
        """What is said first."""
        return self.said.advice[0].kind if self.said.advice else "ready"


def row(clip: Path, out: Path) -> Row:
    """Ask the coach about one clip."""
    track = followed(clip, out / clip.parent.name)
    begin_s = float(track.time_s[0])
    with closing(read_frames(clip, max_side_px=640)) as frames:
        picture = next(iter(frames)).image
    window = between(track, begin_s, begin_s + SETTINGS.coach.window_s)
    truth = clip.with_suffix(".truth.json")
    return Row(
        name=clip.stem,
        yaw_deg=json.loads(truth.read_text())["camera"]["yaw_deg"] if truth.exists() else None,
        said=coach(window, light(picture), SETTINGS),
        usable_share=analyze(track).usable_share,
        raises=raises(track),
        seconds=float(track.time_s[-1]) - begin_s,
    )


def followed(clip: Path, out: Path) -> PoseTrack:
    """Return the track of a clip, made anew only if it is not there."""
    saved = out / f"{clip.stem}_spineline" / "track.npz"
    if not saved.exists():
        result = clips.analyse(clip, out, "--save-track")
        if not saved.exists():
            raise SystemExit(result.stderr)
    return load_track(saved)[0]


def raises(track: PoseTrack) -> int:
    """Count the raised arms."""
    count = ArmRaise(SETTINGS.gesture)
    up = arm_up(track, SETTINGS.gesture, SETTINGS.view)
    return sum(count.feed(float(t), float(u)) for t, u in zip(track.time_s, up, strict=True))


def report(rows: Sequence[Row]) -> None:
    """Print the tables."""
    print("| said first | clips | back then measured |")
    print("| --- | --- | --- |")
    said = Counter(r.first for r in rows)
    for kind, count in said.most_common():
        print(f"| {kind} | {count} | {sum(r.usable_share >= MEASURED for r in rows if r.first == kind)} |")
    known = [(r, r.yaw_deg) for r in rows if r.yaw_deg is not None]
    moved = [(r, yaw_deg) for r, yaw_deg in known if r.first in ("move_camera", "side_on")]
    right = sum(np.sign(r.said.yaw_deg) == np.sign(yaw_deg) for r, yaw_deg in moved)
    print(f"\nOff the side, said to move or turn: {len(moved)}; the true side in {right}.")
    off = np.array([r.said.yaw_deg - yaw_deg for r, yaw_deg in known if r.said.ready])
    if off.size:
        print(f"\nYaw as said of the ready ones: median error {np.median(np.abs(off)):.1f} deg.")
    print(f"\nRaised arms counted: {sum(r.raises for r in rows)} in {sum(r.seconds for r in rows) / 60:.0f} minutes.")
    covered_report([(r, yaw_deg) for r, yaw_deg in known if any(name in r.name for name in COVERED)])


def covered_report(known: Sequence[tuple[Row, float]]) -> None:
    """Print from where the back was measured under a bar."""
    if not known:
        return
    edges = (-25, -15, -8, 0, 8, 15, 25)
    print("\n| bar at the neck, yaw | " + " | ".join(f"{a} to {b}" for a, b in pairwise(edges)) + " |")
    print("| --- " * len(edges) + "|")
    for name in COVERED:
        cells = []
        for low, high in pairwise(edges):
            shares = [r.usable_share for r, yaw_deg in known if name in r.name and low <= yaw_deg < high]
            cells.append(f"{np.median(shares):.2f} ({len(shares)})" if shares else "-")
        print(f"| {name.replace('_', ' ')}: usable, median (clips) | " + " | ".join(cells) + " |")


def limits_report(videos: Sequence[Path]) -> None:
    """Print how much of the worsened clips is seen and measured."""
    print("| clip | made | share kept | mean, spread of brightness | torso, share of long side | seen | usable |")
    print("| --- " * 7 + "|")
    for video in videos:
        for made, shares in WORSE.items():
            for share in shares:
                track, found = observed(video, made, share)
                torso_px = view.torso_px(track.landmarks_px)[track.seen]
                size = f"{np.median(torso_px) / max(track.image_size_px):.3f}" if torso_px.size else "-"
                seen, usable = track.seen.mean(), analyze(track).usable_share
                light_is = f"{found.mean:.0f}, {found.spread:.0f}"
                print(
                    f"| {video.stem} | {made} | {share} | {light_is} | {size} | {seen:.2f} | {usable:.2f} |", flush=True
                )


def observed(video: Path, made: str, share: float) -> tuple[PoseTrack, Light]:
    """Observe every other picture of the first five seconds, made worse; return also the light of the last one."""
    info, rng = probe(video), np.random.default_rng(0)
    recording, picture = Recording((info.width_px, info.height_px)), np.zeros((4, 4, 3), dtype=np.uint8)
    with (
        PoseObserver(resolve_model("full"), SpineNet()) as observer,
        closing(read_frames(video, max_side_px=1280, end_s=5.0)) as frames,
    ):
        for frame in islice(frames, 0, None, 2):
            picture = worse(frame.image, made, share, rng)
            recording.add(frame.time_s, observer.observe(picture, frame.time_s, frame.scale))
    return recording.track(), light(picture)


def worse(image: NDArray[np.uint8], made: str, share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Keep a share of the light, of the contrast under a white veil, or of the size."""
    if made == "small":
        part = shrink(image, round(max(image.shape[:2]) * share))
        out = np.full_like(image, np.median(image, axis=(0, 1)).astype(np.uint8))
        top, left = ((whole - inner) // 2 for whole, inner in zip(image.shape[:2], part.shape[:2], strict=True))
        out[top : top + part.shape[0], left : left + part.shape[1]] = part
        return out
    veil = 255 * (1 - share) if made == "pale" else 0.0
    return np.clip(image * share + veil + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coach", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("action", choices=("clips", "limits"))
    parser.add_argument("inputs", type=Path, nargs="+")
    parser.add_argument("--tracks", type=Path)
    given = parser.parse_args()
    if given.action == "limits":
        limits_report(given.inputs)
        return
    videos = [video for folder in given.inputs for video in sorted(folder.glob("*.mp4"))]
    with tempfile.TemporaryDirectory() as name:
        out = given.tracks or Path(name)
        rows = [row(v, out) for v in progress(videos, "clips", console=Console(stderr=True))]
    report(rows)


if __name__ == "__main__":
    main()
