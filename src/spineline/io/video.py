"""Recorded videos in: upright frames with the time at which each is shown.

The only module that opens videos with OpenCV. What a caller can rely on:

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

import contextlib
import functools
import hashlib
import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from spineline.errors import CodecError, InputError, SettingsError
from spineline.io.ahead import Ahead
from spineline.io.container import Container, codec_name, inspect_file, printable_name
from spineline.io.encode import is_interlaced

MAX_FRAME_SIDE_PX = 16_384
MAX_FRAME_PX = 1 << 26
"""Twice what 8K has: a few bytes can ask for more than the memory holds."""

_MAX_FRAME_COUNT = 1e9
# OpenCV reports the end of the file and a broken packet alike. Asking again tells them apart: after the end
# it keeps failing, at no cost, and after a broken packet it goes on.
_FAILURES_THAT_MEAN_END = 256
_FRAMES_THAT_MUST_RISE = 30
# A jump that ends too late is tried again from so much earlier; after the last, everything is decoded.
_JUMPS_SHORT_BY_S = (0.5, 5.0)
_WORTH_A_JUMP_S = 2.0

SAME_TIME_S = 1e-3
"""Times less than that apart are those of one frame: a track has them as exactly as its recording."""

# Every build of OpenCV from the package registry decodes these, so a failure is the file's own.
_SURELY_DECODABLE = ("H.264", "HEVC", "VP8", "VP9", "MPEG-4 Part 2", "MPEG-2", "Motion JPEG", "ProRes", "GIF")

Image = NDArray[np.uint8]


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


@dataclass(frozen=True, eq=False)
class Frame:
    """One upright picture.

    Attributes
    ----------
    time_s : float
        Since the first frame of the file.
    image : ndarray of uint8, shape (height, width, 3)
        RGB; belongs to the caller.
    scale : float
        Pixels of `image` per pixel of the full-size frame, at most 1.
    index : int
        Place among the frames that the stream has decoded, dropped ones included.
    """

    time_s: float
    image: Image
    scale: float
    index: int


@dataclass
class ReadStats:
    """Counts kept while reading the range asked for; final once the iterator has ended.

    Attributes
    ----------
    decoded : int
        Frames decoded, dropped ones included.
    dropped : int
        Frames left out because their time did not rise.
    undecodable : int
        Places in the file where decoding failed and went on afterwards.
    promised : int or None
        Frames of the whole file by its header.
    cut_short : bool
        The file is shorter than its own headers say.
    ended : bool
        The end of the file was reached.
    """

    decoded: int = 0
    dropped: int = 0
    undecodable: int = 0
    promised: int | None = None
    cut_short: bool = False
    ended: bool = False

    @property
    def missing(self) -> int | None:
        """Frames promised by the header that never came, of a file read from its start; None where unknown.

        Only counted where the file is cut short or damaged: whole files may hide frames on purpose (trimming by edit
        list). As inexact as `VideoInfo.frames_hint`.
        """
        if not self.ended:
            return None
        if not (self.cut_short or self.undecodable):
            return 0
        return None if self.promised is None else max(0, self.promised - self.decoded)

    def begin(self) -> None:
        """Count from the present frame on."""
        self.decoded, self.dropped, self.undecodable = 1, 0, 0

    def followed_by(self, later: ReadStats) -> ReadStats:
        """Return the counts of two ranges that adjoin."""
        return replace(
            later,
            decoded=self.decoded + later.decoded,
            dropped=self.dropped + later.dropped,
            undecodable=self.undecodable + later.undecodable,
        )


def probe(path: str | Path) -> VideoInfo:
    """Say what a video file holds.

    Raises
    ------
    InputError
        The file cannot be read, or holds no video with frame times.
    CodecError
        The file holds a video whose codec cannot be decoded here.
    """
    decoder = _Decoder(Path(path))
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
    start_s, end_s = 0.0 if start_s is None else start_s, np.inf if end_s is None else end_s
    if not 0 <= start_s < end_s:
        raise SettingsError(f"expected 0 <= start < end of the time range, got {start_s:g} to {end_s:g} s")
    if not 0 <= lead_s < np.inf:
        raise SettingsError(f"lead_s must be 0 or more, got {lead_s:g}")
    decoder = _Decoder(Path(path), threads)
    frames = _selected_frames(decoder, max_side_px=max_side_px, start_s=start_s, end_s=end_s, lead_s=lead_s)
    return FrameStream(frames, stats=decoder.stats, read_ahead=read_ahead)


def read_moments(path: str | Path, times_s: Sequence[float], *, max_side_px: int | None = 640) -> FrameStream:
    """Open a video and deliver only the frames shown at times ``(n,)`` that rise; one that is not there is left out.

    What lies between is jumped over where the file has an index to go by. Raises as `read_frames`.
    """
    decoder = _Decoder(Path(path))
    return FrameStream(_frames_at(decoder, times_s, max_side_px), stats=decoder.stats, read_ahead=1)


def scale_in(threads: int) -> None:
    """Let this process scale pictures in so many threads; where OpenCV cannot be told, in as many as it likes."""
    cv2.setNumThreads(threads)


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


def shrink(image: Image, max_side_px: int) -> Image:
    """Scale a picture ``(H, W, 3)`` down so that its long side is at most ``max_side_px``; never up."""
    height, width = image.shape[:2]
    scale = max_side_px / max(height, width)
    if scale >= 1:
        return image
    return _resized(image, (max(1, round(width * scale)), max(1, round(height * scale))))


def _resized(image: Image, size_px: tuple[int, int]) -> Image:
    """Scale a picture down to (width, height)."""
    # Down to half the size a linear reading skips no pixel, and takes a seventh of the time.
    halved = 2 * size_px[0] >= image.shape[1] and 2 * size_px[1] >= image.shape[0]
    way = cv2.INTER_LINEAR if halved else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size_px, interpolation=way), np.uint8)


def _selected_frames(
    decoder: _Decoder, *, max_side_px: int | None, start_s: float, end_s: float, lead_s: float
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


def _frames_at(decoder: _Decoder, times_s: Sequence[float], max_side_px: int | None) -> Generator[Frame]:
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


class _Decoder:
    """One open file, moved forward to the next frame whose time rises."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        self.path = path
        self.name = printable_name(path)
        self.container = inspect_file(path)
        self.cut_note = "; the file is cut short, copy it again" if self.container.cut_short else ""
        self.stats = ReadStats(cut_short=self.container.cut_short)
        self._threads = threads
        self._capture = _open_capture(path, self.name, self.container, threads)
        self.grabbed = 0
        self._first_stamp_s: float | None = None
        self._last_s = 0.0
        self._full_image: Image | None = None
        self._can_jump = self.container.has_index
        self._read_header()
        self._refuse_interlaced()

    def close(self) -> None:
        self._capture.release()

    def _read_header(self) -> None:
        get = self._capture.get
        tag = (int(get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF).to_bytes(4, "little").decode("latin-1")
        self.codec = self.container.codec or codec_name(tag)
        count, rate_hz = get(cv2.CAP_PROP_FRAME_COUNT), get(cv2.CAP_PROP_FPS)
        self.frames_hint = int(count) if 0 < count < _MAX_FRAME_COUNT else None
        self.stats.promised = self.frames_hint
        self.duration_s_hint = count / rate_hz if self.frames_hint and rate_hz > 0 else None
        self.rotation_deg = round(get(cv2.CAP_PROP_ORIENTATION_META)) % 360
        width_px, height_px = get(cv2.CAP_PROP_FRAME_WIDTH), get(cv2.CAP_PROP_FRAME_HEIGHT)
        is_sane = 0 < width_px <= MAX_FRAME_SIDE_PX and 0 < height_px <= MAX_FRAME_SIDE_PX
        if not is_sane or width_px * height_px > MAX_FRAME_PX:
            self.close()
            raise InputError(
                f"{self.name}: frames of {width_px:.0f} x {height_px:.0f} pixels, "
                f"expected 1 to {MAX_FRAME_SIDE_PX} a side, and at most {MAX_FRAME_PX / 1e6:.0f} million in all"
            )
        aspect = _pixel_aspect(self._capture, self.rotation_deg)
        self.full_size_px = _square_pixels(width_px, height_px, aspect)

    def _refuse_interlaced(self) -> None:
        # OpenCV says that it has read such a picture, and hands out memory that nothing was written to.
        if is_interlaced(self.path):
            self.close()
            raise InputError(
                f"{self.name}: is interlaced, every picture made of two halves of different moments, which cannot be "
                "read here; convert it first: ffmpeg -i FILE -vf bwdif -c:v libx264 NEW.mp4"
            )

    def start_near(self, to_s: float) -> float | None:
        """Go to the first frame, or to a later one that is not after ``to_s``, and return its time as `advance`."""
        time_s = self.advance()
        return None if time_s is None else self.forward(time_s, to_s)

    def forward(self, now_s: float, to_s: float) -> float | None:
        """Stay, or go to a later frame that is not after ``to_s``, and return its time as `advance`.

        Where jumps do not end in between, reading begins anew, once, and there are no more jumps.
        """
        if to_s - now_s < _WORTH_A_JUMP_S or not self._can_jump:
            return now_s
        for earlier_s in _JUMPS_SHORT_BY_S:
            landed_s = self._jump(to_s - earlier_s)
            if landed_s is not None and now_s < landed_s <= to_s:
                return landed_s
        self._can_jump = False
        self._capture.release()
        self._capture = _open_capture(self.path, self.name, self.container, self._threads)
        self.grabbed, self._first_stamp_s, self._last_s = 0, None, 0.0
        return self.advance()

    def _jump(self, to_s: float) -> float | None:
        """Jump to about a time; return where that ended, None if nowhere that reading goes on from."""
        if to_s <= 0 or self._first_stamp_s is None:
            return None
        with self._errors_named():
            self._capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * (self._first_stamp_s + to_s))
            if not self._capture.grab():
                return None
        self._last_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 - self._first_stamp_s
        return self._last_s

    def advance(self) -> float | None:
        """Go to the next frame whose time rises and return that time in s; None at the end of the file."""
        while self._grab():
            self.grabbed += 1
            self.stats.decoded += 1
            stamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if self._first_stamp_s is None:
                self._first_stamp_s = stamp_s
                return 0.0
            if stamp_s - self._first_stamp_s > self._last_s:
                self._last_s = stamp_s - self._first_stamp_s
                return self._last_s
            self.stats.dropped += 1
            if self.stats.dropped == _FRAMES_THAT_MUST_RISE and self._last_s == 0:
                break
        if self.stats.dropped and self._last_s == 0:
            raise InputError(
                f"{self.name}: holds no frame times, expected times that rise; rewrite it at the rate it was "
                "filmed with: ffmpeg -r RATE -i FILE -c:v libx264 NEW.mp4"
            )
        self._finish()
        return None

    def frame(self, time_s: float, max_side_px: int | None) -> Frame | None:
        """Fetch the present frame, shown at ``time_s``, shrunk until its long side is no longer than that."""
        width_px, height_px = self.full_size_px
        scale = 1.0 if max_side_px is None else min(1.0, max_side_px / max(width_px, height_px))
        image = self._image((max(1, round(width_px * scale)), max(1, round(height_px * scale))))
        return None if image is None else Frame(time_s=time_s, image=image, scale=scale, index=self.grabbed - 1)

    def _image(self, size_px: tuple[int, int]) -> Image | None:
        """Fetch the present picture as RGB, shape (height, width, 3), shrunk to (width, height)."""
        with self._errors_named():
            ok, full = self._capture.retrieve(self._full_image)
            if not ok:
                self.stats.undecodable += 1
                return None
            full = self._full_image = np.asarray(full, np.uint8)
            if (full.shape[1], full.shape[0]) != size_px:
                full = _resized(full, size_px)
            image = cv2.cvtColor(full, cv2.COLOR_BGR2RGB)
            if self.container.mirrored:
                # OpenCV turns by the angle of the picture's x axis alone, so its y axis is left reversed.
                image = cv2.flip(image, 1 if self.rotation_deg % 180 else 0)
        return np.asarray(image, np.uint8)

    def _grab(self) -> bool:
        with self._errors_named():
            if self._capture.grab():
                return True
            if any(self._capture.grab() for _ in range(_FAILURES_THAT_MEAN_END)):
                self.stats.undecodable += 1
                return True
        return False

    def _finish(self) -> None:
        if self._first_stamp_s is None:
            raise _nothing_decoded(self.name, self.codec, self.cut_note)
        self.stats.ended = True

    @contextlib.contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except cv2.error as error:
            what = " ".join(str(error.err or error).split())
            raise InputError(f"{self.name}: decoding failed after {self._last_s:.2f} s ({what})") from error


def _open_capture(path: Path, name: str, container: Container, threads: int) -> cv2.VideoCapture:
    silence_decoder()
    # "file:" keeps names such as "http:..." or "-" what they are. Bytes, because a name that is not valid
    # Unicode crashes the interpreter in OpenCV 5.0 when given as str.
    address = b"file:" + os.fsencode(path.absolute())
    options = [cv2.CAP_PROP_N_THREADS, threads]
    capture: cv2.VideoCapture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, options)  # type: ignore[call-overload]
    if not capture.isOpened():
        cut = "; the file is cut short, copy it again" if container.cut_short else ""
        if container.codec:
            raise _nothing_decoded(name, container.codec, cut)
        raise InputError(f"{name}: is not a video that can be read{cut}")
    # Off by default in some versions.
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


@functools.cache
def silence_decoder() -> None:
    """Keep FFmpeg and OpenCV from writing to stderr; what matters of it ends up in our errors.

    FFmpeg's level is read when the first video of the process is opened. Whoever has set it keeps it.
    """
    if "OPENCV_FFMPEG_LOGLEVEL" not in os.environ and "OPENCV_FFMPEG_DEBUG" not in os.environ:
        os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def _nothing_decoded(name: str, codec: str, cut_note: str) -> InputError:
    if codec in _SURELY_DECODABLE:
        return InputError(f"{name}: damaged, not one frame of its {codec} video can be decoded{cut_note}")
    return CodecError(
        f"{name}: its video codec, {codec}, cannot be decoded here{cut_note}; "
        "convert it first: ffmpeg -i FILE -c:v libx264 NEW.mp4"
    )


def _pixel_aspect(capture: cv2.VideoCapture, rotation_deg: int) -> float:
    """Width of an upright pixel over its height; 1 where the file does not say, or says something absurd."""
    aspect = capture.get(cv2.CAP_PROP_SAR_NUM) / (capture.get(cv2.CAP_PROP_SAR_DEN) or 1)
    if not 0.25 <= aspect <= 4:
        return 1.0
    return 1 / aspect if rotation_deg % 180 else aspect


def _square_pixels(width_px: float, height_px: float, aspect: float) -> tuple[int, int]:
    """Size with square pixels; shrinks the longer side of a pixel, so that nothing is enlarged."""
    return max(1, round(width_px * min(1.0, aspect))), max(1, round(height_px / max(1.0, aspect)))
