"""OpenCV: one video file, moved forward frame by frame. The only module that opens videos with it."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from spineline.core.picture import Image
from spineline.errors import CodecError, InputError
from spineline.io.container import Container, codec_name, inspect_file, printable_name
from spineline.io.encode import is_interlaced
from spineline.io.scaling import resized

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

# Every build of OpenCV from the package registry decodes these, so a failure is the file's own.
_SURELY_DECODABLE = ("H.264", "HEVC", "VP8", "VP9", "MPEG-4 Part 2", "MPEG-2", "Motion JPEG", "ProRes", "GIF")


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


class Decoder:
    """One open file, moved forward to the next frame whose time rises.

    Raises
    ------
    InputError, CodecError
        The file cannot be read, or is nothing that can be decoded here; from every method, where that shows only later.
    """

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
        """Let go of the file."""
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
                full = resized(full, size_px)
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
