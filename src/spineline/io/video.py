"""Recorded videos in: upright frames with the time at which each is shown.

What a caller can rely on:

- Pictures are upright (turned and mirrored as the container asks), RGB, with square pixels.
- Times are those of the container, never index / rate. They start at 0 with the first decoded frame (a
  delayed start is a property of the container, not of the lift) and rise strictly. A frame whose stamp does
  not rise (repeated, backward, or none at all) is dropped and counted. A file whose stamps never rise is
  refused, because any rate assumed for it would be an invention.
- Interlaced files are refused.
- A frame that cannot be decoded is skipped and counted, and reading goes on with the next that can.
- A path is a plain file: never a web address, a device, a playlist or a numbered sequence of pictures.

`probe` says what a file is, or why it cannot be used, in one line. `read_frames` decodes ahead in a thread::

    with read_frames(path) as frames:
        for frame in frames:
            ...
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spineline.errors import InputError, SettingsError
from spineline.io.ahead import Ahead
from spineline.io.decoder import Decoder, Frame, ReadStats

SAME_TIME_S = 1e-3
"""Times less than that apart are those of one frame: a track has them as exactly as its recording."""


@dataclass(frozen=True)
class VideoInfo:
    """What a video file holds.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the whole file, in hexadecimal.
    width_px, height_px : int
        Of a full-size frame: upright, with square pixels.
    codec : str
        Name of the video codec, such as "H.264"; its four-character code where that is better known.
    frames_hint : int or None
        Number of frames by the header: exact in whole MP4, MOV and AVI files, estimated from duration and
        mean rate in others. Fit for progress bars, not for arithmetic.
    duration_s_hint : float or None
    rotation_deg : int
        Clockwise turn that the container asks for, and that frames already have had: 0, 90, 180 or 270.
    mirrored : bool
        The container asks for a mirrored picture, and frames already are.
    cut_short : bool
        The file is shorter than its own headers say: recording or copying broke off.
    recorded : str or None
        When it was recorded, ISO 8601 in UTC, where the container says so.
    filmed_hz : float or None
        Pictures a second as they were filmed, where the container says so. Slow motion may be played at less.
    """

    path: Path
    sha256: str
    width_px: int
    height_px: int
    codec: str
    frames_hint: int | None
    duration_s_hint: float | None
    rotation_deg: int
    mirrored: bool
    cut_short: bool
    recorded: str | None
    filmed_hz: float | None = None


def probe(path: str | Path) -> VideoInfo:
    """Say what a video file holds.

    Raises
    ------
    InputError
        The file cannot be read, or holds no video with frame times.
    CodecError
        The file holds a video whose codec cannot be decoded here.
    """
    decoder = Decoder(Path(path))
    try:
        times_s = [decoder.advance() for _ in range(2)]
        if None in times_s:
            raise InputError(f"{decoder.name}: holds a single picture, expected a video{decoder.cut_note}")
        with decoder.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        width_px, height_px = decoder.full_size_px
        return VideoInfo(
            path=decoder.path,
            sha256=sha256,
            width_px=width_px,
            height_px=height_px,
            codec=decoder.codec,
            frames_hint=decoder.frames_hint,
            duration_s_hint=decoder.duration_s_hint,
            rotation_deg=decoder.rotation_deg,
            mirrored=decoder.container.mirrored,
            cut_short=decoder.container.cut_short,
            recorded=decoder.container.recorded,
            filmed_hz=decoder.container.filmed_hz,
        )
    finally:
        decoder.close()


def read_frames(
    path: str | Path,
    *,
    max_side_px: int | None = 640,
    start_s: float | None = None,
    end_s: float | None = None,
    lead_s: float = 0.0,
    read_ahead: int = 8,
    threads: int = 0,
) -> FrameStream:
    """Open a video and start decoding it ahead in a thread.

    Parameters
    ----------
    path : str or Path
    max_side_px : int or None
        Frames are shrunk until their long side is no longer than this; None leaves them full-size. Frames are
        never enlarged.
    start_s, end_s : float or None
        Deliver only frames with ``start_s <= time_s < end_s``. What comes before is jumped over where the file has an
        index to go by, else decoded; frames and their times are the same either way.
    lead_s : float
        Deliver also the frames of so long before the start, which count for nothing in the stats.
    read_ahead : int
        Frames kept ready at most; with `max_side_px` they bound the memory used.
    threads : int
        That decode; 0 is as many as there are cores.

    Returns
    -------
    FrameStream
        Iterator of `Frame`; close it, or use it in a ``with`` statement, when leaving early.

    Raises
    ------
    InputError, CodecError
        As `probe`; also from the iterator, where the trouble shows only later.
    SettingsError
        A parameter that makes no sense.
    """
    if max_side_px is not None and max_side_px < 1:
        raise SettingsError(f"max_side_px must be 1 or more, got {max_side_px}")
    if read_ahead < 1:
        raise SettingsError(f"read_ahead must be 1 or more, got {read_ahead}")
    start_s, end_s = 0.0 if start_s is None else start_s, math.inf if end_s is None else end_s
    if not 0 <= start_s < end_s:
        raise SettingsError(f"expected 0 <= start < end of the time range, got {start_s:g} to {end_s:g} s")
    if not 0 <= lead_s < math.inf:
        raise SettingsError(f"lead_s must be 0 or more, got {lead_s:g}")
    decoder = Decoder(Path(path), threads)
    frames = _selected_frames(decoder, max_side_px=max_side_px, start_s=start_s, end_s=end_s, lead_s=lead_s)
    return FrameStream(frames, stats=decoder.stats, read_ahead=read_ahead)


def read_moments(path: str | Path, times_s: Sequence[float], *, max_side_px: int | None = 640) -> FrameStream:
    """Open a video and deliver only the frames shown at times ``(n,)`` that rise; one that is not there is left out.

    What lies between is jumped over where the file has an index to go by. Raises as `read_frames`.
    """
    decoder = Decoder(Path(path))
    return FrameStream(_frames_at(decoder, times_s, max_side_px), stats=decoder.stats, read_ahead=1)


class FrameStream(Ahead[Frame]):
    """Iterator over the frames of one file, decoded ahead in a thread; `Ahead` says when the thread ends.

    Attributes
    ----------
    stats : ReadStats
        Counts so far; the thread is a few frames ahead of the consumer.
    """

    def __init__(self, frames: Generator[Frame], *, stats: ReadStats, read_ahead: int) -> None:
        super().__init__(frames, limit=read_ahead, name="spineline-decode")
        self.stats = stats


def _selected_frames(
    decoder: Decoder, *, max_side_px: int | None, start_s: float, end_s: float, lead_s: float
) -> Generator[Frame]:
    """Yield the frames in range, shrunk; closes the decoder at the end."""
    led_in = start_s == 0
    try:
        time_s = decoder.start_near(start_s - lead_s)
        while time_s is not None and time_s < end_s:
            if time_s >= start_s and not led_in:
                led_in = True
                decoder.stats.begin()
            if time_s >= start_s - lead_s and (frame := decoder.frame(time_s, max_side_px)):
                yield frame
            time_s = decoder.advance()
        if time_s is not None:
            decoder.stats.decoded -= 1  # the first beyond the range
    finally:
        decoder.close()


def _frames_at(decoder: Decoder, times_s: Sequence[float], max_side_px: int | None) -> Generator[Frame]:
    """Yield the frames at some times, shrunk; closes the decoder at the end."""
    try:
        time_s = decoder.advance() if times_s else None
        for at_s in times_s:
            if time_s is not None:
                time_s = decoder.forward(time_s, at_s)
            while time_s is not None and time_s < at_s - SAME_TIME_S:
                time_s = decoder.advance()
            if time_s is None:
                return
            if time_s <= at_s + SAME_TIME_S and (frame := decoder.frame(time_s, max_side_px)):
                yield frame
    finally:
        decoder.close()
