"""Write small and odd video files with PyAV, for the tests of whatever reads videos.

Every frame carries its own number as a pattern of blocks and four coloured corners, so that a skipped,
repeated, turned or mirrored frame is seen by looking at the picture alone::

    red     . . . . .   green
    .       b9 ... b5   .          b = bit of the frame number, white = 1, black = 0
    .       b4 ... b0   .
    blue    . . . . .   yellow
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from spineline.core.picture import Image

CORNERS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220), "yellow": (220, 220, 30)}
BITS = 10
_COLUMNS = 5


def numbered_image(number: int, *, width_px: int = 160, height_px: int = 120) -> Image:
    """Draw an upright RGB picture, shape (height_px, width_px, 3), that carries `number` (0..1023)."""
    image = np.full((height_px, width_px, 3), 110, np.uint8)
    for rows, columns, colour in _corner_slices(height_px, width_px):
        image[rows, columns] = colour
    for bit, (rows, columns) in enumerate(_bit_slices(height_px, width_px)):
        image[rows, columns] = 235 if number >> bit & 1 else 20
    return image


def read_number(image: Image) -> int:
    """Read back the number that `numbered_image` drew; works at any scale."""
    height_px, width_px = image.shape[:2]
    bits = [_middle(image[cell]).mean() > 127 for cell in _bit_slices(height_px, width_px)]
    return sum(int(on) << bit for bit, on in enumerate(bits))


def read_corners(image: Image) -> tuple[str, str, str, str]:
    """Name the colours nearest to those found top left, top right, bottom left, bottom right."""
    height_px, width_px = image.shape[:2]
    return tuple(  # type: ignore[return-value]
        _nearest_colour(_middle(image[rows, columns]).reshape(-1, 3).mean(axis=0))
        for rows, columns, _ in _corner_slices(height_px, width_px)
    )


def write_video(
    path: Path | str,
    times_s: Sequence[float],
    *,
    width_px: int = 160,
    height_px: int = 120,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    container: str | None = None,
    ticks_per_s: int = 90_000,
    turn_deg: int = 0,
    mirror: bool = False,
    pixel_aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    mux_options: dict[str, str] | None = None,
    with_audio: bool = False,
) -> Path:
    """Write one numbered picture for each time and return the path.

    Parameters
    ----------
    times_s : sequence of float
        Presentation times; rounded to `ticks_per_s`. For containers that store a rate instead of
        times (AVI), `ticks_per_s` must be that rate and the times its multiples.
    width_px, height_px : int
        Size of the upright picture, after the player has turned it.
    turn_deg : {0, 90, 180, 270}
        Counter-clockwise turn that the player must apply, written as display matrix.
    mirror : bool
        Also ask the player to mirror the picture left to right.
    """
    stored = _stored_images(len(times_s), width_px, height_px, turn_deg=turn_deg, mirror=mirror)
    time_base = Fraction(1, ticks_per_s)
    with _scheduled_as_before(), av.open(str(path), "w", format=container, options=mux_options or {}) as sink:
        stream = sink.add_stream(codec, rate=_nominal_rate(times_s), options=options or {})
        assert isinstance(stream, av.VideoStream)
        turned = turn_deg % 180 != 0
        stream.width, stream.height = (height_px, width_px) if turned else (width_px, height_px)
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = time_base
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if turn_deg or mirror:
            stream.set_display_rotation(turn_deg, hflip=mirror)
        audio = sink.add_stream("aac", rate=48_000) if with_audio else None
        for image, time_s in zip(stored, times_s, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = round(time_s * ticks_per_s), time_base
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))
        if audio is not None:
            assert isinstance(audio, av.AudioStream)
            _write_silence(sink, audio, seconds=max(times_s))
    return Path(path)


@contextlib.contextmanager
def _scheduled_as_before() -> Iterator[None]:
    """Undo what libsvtav1 does as root: thread and later children real-time, so that nothing else gets a turn."""
    if sys.platform != "linux":
        yield
        return
    policy, of_policy = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, of_policy)


def write_audio(path: Path | str, *, codec: str = "aac", seconds: float = 1.0) -> Path:
    """Write a file that holds a sound track and nothing else."""
    with av.open(str(path), "w") as sink:
        audio = sink.add_stream(codec, rate=48_000)
        assert isinstance(audio, av.AudioStream)
        _write_silence(sink, audio, seconds=seconds)
    return Path(path)


def cut_short(path: Path, *, keep_share: float) -> Path:
    """Keep only the first part of a file, as a broken-off copy would."""
    data = path.read_bytes()
    short = path.with_name(f"{path.stem}_cut{path.suffix}")
    short.write_bytes(data[: int(len(data) * keep_share)])
    return short


def swap_bytes(path: Path, new_path: Path, *pairs: tuple[bytes, bytes]) -> Path:
    """Copy a file with some bytes replaced wherever they occur."""
    data = path.read_bytes()
    for old, new in pairs:
        assert old in data
        data = data.replace(old, new)
    new_path.write_bytes(data)
    return new_path


def _stored_images(count: int, width_px: int, height_px: int, *, turn_deg: int, mirror: bool) -> Iterable[Image]:
    for number in range(count):
        image = numbered_image(number % (1 << BITS), width_px=width_px, height_px=height_px)
        # The player turns counter-clockwise and mirrors last, so undo the mirroring first.
        image = image[:, ::-1] if mirror else image
        yield np.ascontiguousarray(np.rot90(image, -turn_deg // 90))


def _nominal_rate(times_s: Sequence[float]) -> Fraction:
    span_s = max(times_s) - min(times_s)
    rate = (len(times_s) - 1) / span_s if span_s > 0 else 30.0
    return Fraction(rate).limit_denominator(1001)


def _write_silence(sink: av.container.OutputContainer, stream: av.AudioStream, *, seconds: float) -> None:
    for start in range(0, int(seconds * 48_000), 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, start
        sink.mux(stream.encode(frame))
    sink.mux(stream.encode(None))


def _corner_slices(height_px: int, width_px: int) -> list[tuple[slice, slice, tuple[int, int, int]]]:
    top, left = slice(0, height_px // 4), slice(0, width_px // 6)
    bottom, right = slice(height_px - height_px // 4, None), slice(width_px - width_px // 6, None)
    places = ((top, left), (top, right), (bottom, left), (bottom, right))
    return [(*place, colour) for place, colour in zip(places, CORNERS.values(), strict=True)]


def _bit_slices(height_px: int, width_px: int) -> list[tuple[slice, slice]]:
    """Cells of the bits, lowest bit first, in the middle of the picture."""
    y = np.linspace(0.28, 0.72, BITS // _COLUMNS + 1) * height_px
    x = np.linspace(0.2, 0.8, _COLUMNS + 1) * width_px
    cells = [
        (slice(round(y[row]), round(y[row + 1])), slice(round(x[col]), round(x[col + 1])))
        for row in range(BITS // _COLUMNS)
        for col in range(_COLUMNS)
    ]
    return cells[::-1]


def _middle(block: Image) -> Image:
    """Drop the rim of a block, which lossy coding and scaling smear."""
    height_px, width_px = block.shape[:2]
    return block[height_px // 4 : -(height_px // 4) or None, width_px // 4 : -(width_px // 4) or None]


def _nearest_colour(rgb: NDArray[np.float64]) -> str:
    return min(CORNERS, key=lambda name: float(np.abs(rgb - np.array(CORNERS[name])).sum()))
