"""A video that is looked through, more than once if need be, and what was seen in it: a track."""

import contextlib
import importlib.metadata
import math
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spineline import __version__
from spineline.core.profile import Profile, require_same_reader
from spineline.core.recording import Recording
from spineline.core.track import PoseTrack
from spineline.errors import InputError
from spineline.io.container import printable_name
from spineline.io.results import TRACK
from spineline.io.tracks import IDENTITY, RECORDED

if TYPE_CHECKING:
    from spineline.io.decoder import Frame, ReadStats
    from spineline.io.pose import PoseObserver, Sight
    from spineline.io.video import FrameStream, VideoInfo

MAX_SIDE_PX: Final = 1280
"""Long side of the frames that are looked through; the pose model is given a part of them."""

FILM_START: Final = "film_start_s"
"""Under that name the source of a recorded set says at what time of the track its video begins."""

FILMED: Final = "filmed_hz"
"""Under that name it says how many pictures a second were filmed, where the video knows."""

_POSES_AHEAD: Final = 4  # frames held between finding the lifter and reading what was found

_TICK_S: Final = 2e-5
"""More than the times of a recorded video differ from those of its track."""

OnProgress = Callable[[str, int, int | None], None]
"""Called with what is being worked on, how much of it is done, and of how much; None: not known."""


@dataclass(frozen=True)
class Footage:
    """The part of a video that is analysed; can be read more than once.

    It begins at ``begins_s`` of the track, and has ``scale`` of the pixels that the track counts.
    """

    info: "VideoInfo"
    time_range_s: tuple[float, float] | None
    on_progress: OnProgress
    begins_s: float = 0.0
    scale: float = 1.0

    @contextlib.contextmanager
    def frames(
        self, *, max_side_px: int | None, lead_s: float = 0.0, threads: int = 0
    ) -> "Generator[FrameStream, None, None]":
        """Open the frames, and those of so long before."""
        from spineline.io.video import read_frames

        start_s, end_s = (time_s - self.begins_s for time_s in self.time_range_s) if self.time_range_s else (None, None)
        with read_frames(
            self.info.path, max_side_px=max_side_px, start_s=start_s, end_s=end_s, lead_s=lead_s, threads=threads
        ) as stream:
            yield stream

    @contextlib.contextmanager
    def moments(self, times_s: Sequence[float], *, max_side_px: int | None) -> "Generator[FrameStream, None, None]":
        """Open the frames at some times of the track, which rise."""
        from spineline.io.video import read_moments

        at_s = [time_s - self.begins_s for time_s in times_s]
        with read_moments(self.info.path, at_s, max_side_px=max_side_px) as stream:
            yield stream

    def told(self, frames: "Iterable[Frame]", doing: str = "", of: int | None = None) -> "Iterator[Frame]":
        """Pass frames on, and tell how far that is."""
        total = of or self.expected_frames
        for done, frame in enumerate(frames, start=1):
            yield replace(frame, time_s=frame.time_s + self.begins_s, scale=frame.scale * self.scale)
            self.on_progress(self.info.path.name + doing, done, total)

    @property
    def expected_frames(self) -> int | None:
        """About how many frames will come, None if nothing is known."""
        frames, duration_s = self.info.frames_hint, self.info.duration_s_hint
        if frames is None or not duration_s or self.time_range_s is None:
            return frames
        start_s, end_s = (time_s - self.begins_s for time_s in self.time_range_s)
        return round(frames * max(0.0, min(end_s, duration_s) - start_s) / duration_s) or None


def recorded_footage(path: Path, track: PoseTrack, on_progress: OnProgress) -> Footage:
    """Return the video of a set that `spineline live` has recorded, as far as its track goes.

    Raises
    ------
    InputError
        It cannot be read, or the track does not say when it begins.
    """
    from spineline.io.video import probe

    try:
        begins_s = float(track.source.get(FILM_START, "0"))
    except ValueError:
        begins_s = math.nan
    if not math.isfinite(begins_s):
        raise InputError(f"{printable_name(path.parent / TRACK)}: does not say when its video begins; use --no-report")
    info = probe(path)
    # Of what was filmed before the set or after it there is no track.
    span_s = (max(begins_s, float(track.time_s[0]) - _TICK_S), float(track.time_s[-1]) + _TICK_S)
    return Footage(info, span_s, on_progress, begins_s, info.width_px / track.image_size_px[0])


@dataclass(frozen=True)
class Followed:
    """What was seen of a lifter in a video, and how reading it went."""

    recording: Recording
    stats: "ReadStats"


def observe(film: Footage, model: Path, profile: Profile | None, *, workers: int = 1) -> PoseTrack:
    """Follow the lifter through every frame, in that many processes."""
    from spineline.app.parts import follow_in_parts
    from spineline.io.spine_net import SpineNet

    spine_sha256 = SpineNet().sha256
    if profile is not None:  # the core would refuse it too, but only after the long work
        require_same_reader(profile, spine_sha256)
    found = (follow_in_parts(film, model, workers=workers) if workers > 1 else None) or follow(film, model)
    source = {**_file(film.info, found.stats), **seen_with(model, spine_sha256)}
    return replace(found.recording.track(), source=source)


def follow(film: Footage, model: Path, *, lead_s: float = 0.0) -> Followed:
    """Follow the lifter in this process, from so long before the first frame on; decoding, finding, reading overlap."""
    from spineline.app.cores import spare_cores
    from spineline.io.ahead import Ahead
    from spineline.io.plate import PlateFollower
    from spineline.io.pose import PoseObserver
    from spineline.io.scaling import scale_in
    from spineline.io.spine_net import SpineNet

    threads = spare_cores()
    scale_in(threads)
    recording, plates = Recording((film.info.width_px, film.info.height_px)), PlateFollower()
    with (
        PoseObserver(model, SpineNet()) as observer,
        film.frames(max_side_px=MAX_SIDE_PX, lead_s=lead_s, threads=threads) as frames,
        Ahead(_looked_through(observer, film.told(frames)), limit=_POSES_AHEAD, name="spineline-pose") as poses,
    ):
        for frame, sight in poses:
            seen = observer.read(sight) if sight else None
            landmarks_px = seen.person.landmarks_px if seen else None
            plate = plates.follow(frame.image, frame.time_s, landmarks_px, frame.scale)
            recording.add(frame.time_s, seen, plate)
    return Followed(recording, frames.stats)


def _looked_through(
    observer: "PoseObserver", frames: "Iterable[Frame]"
) -> "Generator[tuple[Frame, Sight | None], None, None]":
    for frame in frames:
        sight = observer.look(frame.image, frame.time_s, frame.scale)
        observer.look_around(frame.image, frame.time_s)
        yield frame, sight


def seen_with(model: Path, spine_sha256: str) -> dict[str, str]:
    """Say with what a track was seen, for its ``source``."""
    from spineline.io.models import identify_bundle

    bundle = identify_bundle(model)
    return {
        "model": bundle.name,
        "model_sha256": bundle.sha256,
        "spine_sha256": spine_sha256,
        "mediapipe": importlib.metadata.version("mediapipe"),
        "opencv": importlib.metadata.version("opencv-contrib-python"),
        "spineline": __version__,
    }


def _file(info: "VideoInfo", stats: "ReadStats") -> dict[str, str]:
    """Say from what file a track came, for its ``source``."""
    return {
        "file": os.fsencode(info.path.name).decode("utf-8", errors="replace"),
        IDENTITY: info.sha256,
        **({RECORDED: info.recorded} if info.recorded else {}),
        **({FILMED: repr(info.filmed_hz)} if info.filmed_hz else {}),
        "frames_decoded": str(stats.decoded),
        "frames_dropped": str(stats.dropped),
        "frames_lost": str(stats.undecodable if stats.missing is None else stats.missing),
        "cut_short": "yes" if info.cut_short else "no",
    }
