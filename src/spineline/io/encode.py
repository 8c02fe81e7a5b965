"""H.264 out, with PyAV: pictures with their own times into an MP4 file that browsers and phones play.

The only module that writes videos. Equal pictures and times give equal bytes. It also tells of a video coming in
what OpenCV does not: whether it is interlaced.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spineline.core.picture import Image
from spineline.errors import InputError
from spineline.io.container import printable_name
from spineline.io.whole_file import cannot_be_written, whole_file

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet


TICKS_PER_S: Final = 90_000
"""Times are rounded to this, the common clock of video: 11 microseconds."""

_ENCODER: Final = "libx264"
# No macroblock tree: on processors with AVX-512 x264 reads memory for it that nothing was written to, and the bytes
# differ between runs. One thread, because their number would be in the bytes. No B-frames and a key frame at least
# every second or two make stepping through a lift quick.
_OPTIONS: Final = {
    "preset": "veryfast",
    "crf": "22",
    "mbtree": "0",
    "threads": "1",
    "bf": "0",
    "g": "48",
    "flags": "+bitexact",
}
# Without its time scale, sound that begins a little after the pictures would be moved to a whole millisecond.
_MUXER: Final = {"fflags": "+bitexact", "movie_timescale": str(TICKS_PER_S)}
_MP4_SOUND: Final = frozenset({"aac", "mp3", "opus", "ac3", "eac3", "alac", "flac"})
_BT709: Final = 1
_LOOKED_AT: Final = 4
_UNREADABLE: Final = (OSError, ValueError, LookupError, TypeError, MemoryError)
"""What PyAV raises on files that are not what they should be."""


def write_h264(
    pictures: Iterable[tuple[float, Image]], path: Path | str, *, sound_from: Path | str | None = None
) -> int:
    """Write pictures as a video that begins at 0 and keeps the time between any two of them.

    Parameters
    ----------
    pictures
        Time in s, strictly increasing, and RGB picture, shape (height, width, 3), all of one size. An odd
        side gets one more row or column, a copy of the last, because H.264 has no odd sides.
    path : Path or str
        Written whole or not at all.
    sound_from : Path or str, optional
        Video whose clock the times count on, 0 at its first picture; its sound is copied unchanged. Left out if
        there is none, or none that an MP4 file can hold.

    Returns
    -------
    int
        Number of pictures written.

    Raises
    ------
    InputError
        The file cannot be written, this build of PyAV has no H.264 encoder, or there are no pictures.
    """
    path = Path(path)
    row = iter(pictures)
    first = next(row, None)
    if first is None:
        raise InputError(f"{printable_name(path)}: no pictures to write; expected at least one")
    with contextlib.ExitStack() as stack:
        sound = stack.enter_context(_opened_sound(sound_from, start_s=first[0]))
        file = stack.enter_context(whole_file(path))
        sink = stack.enter_context(_opened_sink(file, path))
        return _write(sink, path, first, row, sound)


@dataclass(frozen=True, eq=False)
class _Sound:
    """The sound of another file: its stream, and when 0 of the new file is on the clock of that one."""

    container: InputContainer
    start_s: float

    def packets(self) -> Iterator[Packet[AudioStream]]:
        """Yield the timed packets from the start on, moved to the clock of the new file, as far as they are whole."""
        import av

        with contextlib.suppress(OSError, av.error.FFmpegError):
            for packet in self.container.demux(self.container.streams.audio[0]):
                if packet.pts is None or packet.dts is None or packet.time_base is None:
                    continue
                shift = round(self.start_s / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                if packet.pts >= 0:
                    yield packet


class _SoundTrack:
    """Sound on its way into the new file, always a little behind the pictures."""

    def __init__(self, sink: OutputContainer, sound: _Sound | None) -> None:
        self._sink = sink
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        if sound is not None:
            self._stream = sink.add_stream_from_template(sound.container.streams.audio[0])
            self._packets = sound.packets()
        self._next = next(self._packets, None)

    def catch_up(self, until_s: Fraction) -> None:
        """Write what begins at `until_s` or before."""
        while self._next is not None and _begins_s(self._next) <= until_s:
            self._next.stream = self._stream
            self._sink.mux(self._next)
            self._next = next(self._packets, None)


def _begins_s(packet: Packet[AudioStream]) -> Fraction:
    return Fraction(packet.pts or 0) * (packet.time_base or 0)


def is_interlaced(path: Path) -> bool:
    """Tell whether one of the first pictures of a video is made of two halves that were taken one after the other.

    False also where that cannot be told.
    """
    import av

    try:
        with path.open("rb") as file, av.open(file, "r") as container:
            return any(frame.interlaced_frame for frame in itertools.islice(container.decode(video=0), _LOOKED_AT))
    except (*_UNREADABLE, av.error.FFmpegError):
        return False


@contextlib.contextmanager
def _opened_sound(path: Path | str | None, *, start_s: float) -> Iterator[_Sound | None]:
    """Open the sound of a file; None if there is none that can be copied. A file that cannot be read has none."""
    import av

    with contextlib.ExitStack() as stack:
        sound = None
        with contextlib.suppress(OSError, av.error.FFmpegError, StopIteration):
            if path is not None:
                file = stack.enter_context(Path(path).open("rb"))
                container = stack.enter_context(av.open(file, "r"))
                audio, video = container.streams.audio, container.streams.video
                if audio and video and audio[0].codec_context.name in _MP4_SOUND:
                    first_s = next(container.decode(video[0])).time or 0.0
                    container.seek(0, any_frame=True)
                    sound = _Sound(container, first_s + start_s)
        yield sound


@contextlib.contextmanager
def _opened_sink(file: Any, path: Path) -> Iterator[OutputContainer]:
    """Open the MP4 writer, and name the file in whatever goes wrong within it."""
    import av

    try:
        with av.open(file, "w", format="mp4", container_options=dict(_MUXER)) as sink:
            yield sink
    except av.error.FFmpegError as error:
        # What PyAV raises when our file could not be written to hides the reason behind it.
        behind = error.__cause__ or error.__context__
        raise cannot_be_written(path, behind if isinstance(behind, OSError) else error) from error


def _write(
    sink: OutputContainer,
    path: Path,
    first: tuple[float, Image],
    rest: Iterator[tuple[float, Image]],
    sound: _Sound | None,
) -> int:
    stream = _video_stream(sink, first[1].shape)
    track = _SoundTrack(sink, sound)
    count, last_tick = 0, -1
    for time_s, image in _with(first, rest):
        if image.shape != first[1].shape:
            raise InputError(f"{printable_name(path)}: pictures of different sizes; expected {first[1].shape}")
        tick = max(last_tick + 1, round((time_s - first[0]) * TICKS_PER_S))
        sink.mux(stream.encode(_video_frame(image, tick)))
        track.catch_up(Fraction(tick, TICKS_PER_S))
        count, last_tick = count + 1, tick
    sink.mux(stream.encode(None))
    return count


def _with(first: tuple[float, Image], rest: Iterator[tuple[float, Image]]) -> Iterator[tuple[float, Image]]:
    yield first
    yield from rest


def _video_stream(sink: OutputContainer, shape: tuple[int, ...]) -> Any:
    import av

    try:
        stream: Any = sink.add_stream(_ENCODER, options=dict(_OPTIONS))
    except (av.error.FFmpegError, ValueError) as error:
        raise InputError(
            f"no video can be written: this build of PyAV has no H.264 encoder ({_ENCODER}); "
            "install the av wheel from the package registry, or leave --save-vid out"
        ) from error
    stream.height, stream.width = (side + side % 2 for side in shape[:2])
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, TICKS_PER_S)
    for name in ("colorspace", "color_primaries", "color_trc", "color_range"):
        setattr(stream.codec_context, name, _BT709)  # 1 is BT.709 in the first three and limited in the last
    return stream


@functools.cache
def _exactly() -> Any:
    """Return the way of changing colours that gives the same on every machine, in any number of parts."""
    from av.video.reformatter import Interpolation

    return Interpolation.BILINEAR | Interpolation.BITEXACT


def _video_frame(image: Image, tick: int) -> Any:
    """Turn an RGB picture into a frame of even size in the colours that high-definition video has."""
    import av

    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    frame = frame.reformat(
        format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG", interpolation=_exactly(), threads=1
    )
    frame.pts, frame.time_base = tick, Fraction(1, TICKS_PER_S)
    return frame
