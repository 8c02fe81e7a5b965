"""What a file's own bytes say about it, before any video library is asked.

A library that cannot open a file says no more than that. Reading a few headers here tells the lifter what the
file is instead (a picture, sound, a copy that broke off, a codec by name), keeps playlists and picture
sequences from ever being followed, and finds the one thing that OpenCV gets wrong: mirrored pictures.

`inspect_file` is the only door. Layouts read: ISO base media (MP4, MOV, HEIC), EBML (Matroska, WebM),
RIFF (AVI, WAV, WebP), GIF; of anything else only the first bytes are compared.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal

from spineline.errors import InputError

Kind = Literal["video", "picture", "sound", "text", "unfinished", "unknown"]

_HEAD_BYTES = 1 << 16
_MAX_INDEX_BYTES = 1 << 28

_PICTURE_STARTS = (
    b"\x89PNG",
    b"\xff\xd8\xff",  # JPEG
    b"BM",
    b"II*\0",  # TIFF, and most raw formats of cameras
    b"MM\0*",
    b"\0\0\0\x0cjP  ",  # JPEG 2000
    b"8BPS",
    b"#?RADIANCE",
)
_SOUND_STARTS = (b"ID3", b"fLaC", b"#!AMR", b"FORM", b"MThd", b"\xff\xfb", b"\xff\xf1", b"\xff\xf9")
_PICTURE_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif"}
_ISO_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}

_CODEC_NAMES = {
    "AV1": ("av01", "v_av1"),
    "H.264": ("avc1", "avc3", "h264", "x264", "v_mpeg4/iso/avc"),
    "HEVC": ("hvc1", "hev1", "hevc", "x265", "dvh1", "dvhe", "v_mpegh/iso/hevc"),
    "VVC": ("vvc1", "vvi1", "v_mpegi/iso/vvc"),
    "VP8": ("vp80", "vp08", "v_vp8"),
    "VP9": ("vp90", "vp09", "v_vp9"),
    "MPEG-4 Part 2": ("mp4v", "fmp4", "xvid", "divx", "dx50", "v_mpeg4/iso/asp"),
    "MPEG-2": ("mpg2", "m2v1", "v_mpeg2"),
    "Motion JPEG": ("mjpg", "jpeg", "mjpa", "v_mjpeg"),
    "ProRes": ("apco", "apcs", "apcn", "apch", "ap4h", "ap4x", "v_prores"),
    "ProRes RAW": ("aprn", "aprh"),
    "H.263": ("s263", "h263", "u263"),
    "DV": ("dvsd", "dvc", "dvcp", "dv25", "dvhd"),
    "GIF": ("gif",),
}
# FFmpeg follows such a pattern to other files where the name ends like that of a picture, of any of dozens of
# formats. These endings are safe.
_SEQUENCE_PATTERN = re.compile(r"%(\d*d|[][*?{}])")
VIDEO_SUFFIXES = {
    *(".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
    *(".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv"),
}

_REFUSALS = {
    "picture": "is a picture, expected a video",
    "sound": "holds only sound, expected a video",
    "text": "is a text file, expected a video",
    "unfinished": "its index is missing, because recording or copying broke off; copy it again",
}
_FILMED_AT = b"com.android.capture.fps"
_MOST_KEYS = 100
_FLOAT = struct.pack(">I", 23)  # the type of a value, as QuickTime numbers them
_ISO_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""A time of recording before that comes from a clock that was never set, or counts from elsewhere."""

_NAME_OF_TAG = {tag: name for name, tags in _CODEC_NAMES.items() for tag in tags}


@dataclass(frozen=True)
class Container:
    """What the headers of a file say.

    Attributes
    ----------
    kind : str
        "unfinished" is an MP4 or MOV whose index is missing: recording or copying broke off.
    codec : str or None
        Name of the video codec, where the container names one.
    cut_short : bool
        The file is shorter than its own headers say.
    mirrored : bool
        The player is asked to flip the picture, besides any turn.
    recorded : str or None
        When it was recorded, ISO 8601 in UTC, where MP4 or MOV say so.
    has_index : bool
        The container knows where the frame of a time lies (MP4, MOV, Matroska).
    filmed_hz : float or None
        Pictures a second as they were filmed, where MP4 or MOV say so: in slow motion more than are played.
    """

    kind: Kind
    codec: str | None = None
    cut_short: bool = False
    mirrored: bool = False
    recorded: str | None = None
    has_index: bool = False
    filmed_hz: float | None = None


def codec_name(tag: str) -> str:
    """Turn a four-character code or a Matroska codec id into the name people know, if there is one."""
    tag = "".join(letter for letter in tag.strip("\0 ") if letter.isprintable())
    return _NAME_OF_TAG.get(tag.lower(), tag or "unknown")


def printable_name(path: Path) -> str:
    """Name of a file for messages: one line, whatever the file is called."""
    name = str(path)
    return name if name.isprintable() else repr(name)


def valid_text(text: str) -> str:
    """Return a text that UTF-8 can hold, whatever bytes the name of a file is made of."""
    return os.fsencode(text).decode("utf-8", errors="replace")


def inspect_file(path: Path) -> Container:
    """Read the headers of a file, and refuse what is surely no video.

    Raises
    ------
    InputError
        The file cannot be read, or is empty, a folder, a device, a picture, sound, text, or an unfinished
        video.
    """
    name = printable_name(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{name}: is a folder, expected a video file")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{name}: is a device or a pipe, expected a video file")
        with path.open("rb") as file:
            container = _inspect(file, status.st_size)
    except FileNotFoundError as error:
        raise InputError(f"{name}: no such file; check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{name}: cannot be read ({reason}); check its permissions and name") from error
    if status.st_size == 0:
        raise InputError(f"{name}: is empty (0 bytes); copy or record it again")
    if container.kind in _REFUSALS:
        raise InputError(f"{name}: {_REFUSALS[container.kind]}")
    if _SEQUENCE_PATTERN.search(str(path.absolute())) and path.suffix.lower() not in VIDEO_SUFFIXES:
        raise InputError(f"{name}: would be read as a sequence of pictures; rename it without %")
    return container


def _inspect(file: BinaryIO, size_bytes: int) -> Container:
    head = file.read(_HEAD_BYTES)
    if head[4:8] in _ISO_BOXES:
        return _inspect_iso(file, head, size_bytes)
    if head.startswith(b"\x1aE\xdf\xa3"):
        return _inspect_matroska(head, size_bytes)
    if head.startswith(b"RIFF"):
        return _inspect_riff(head, size_bytes)
    if head.startswith((b"GIF87a", b"GIF89a")):
        file.seek(max(0, size_bytes - 64))
        whole = file.read().rstrip(b"\0").endswith(b";")
        return Container("video", codec="GIF", cut_short=not whole)
    return Container(_kind_from_start(head))


def _kind_from_start(head: bytes) -> Kind:
    if head.startswith(_PICTURE_STARTS):
        return "picture"
    if head.startswith(_SOUND_STARTS) or (head.startswith(b"OggS") and b"theora" not in head):
        return "sound"
    # Playlists and concat scripts are text, and would lead the decoder to other files. Compressed pictures
    # never go this long without a control byte.
    start = head[:512]
    if start and not any(byte < 9 or 13 < byte < 32 for byte in start):
        return "text"
    return "unknown"


def _inspect_iso(file: BinaryIO, head: bytes, size_bytes: int) -> Container:
    index, cut_short = b"", False
    for kind, start, end in _top_boxes(file, size_bytes):
        cut_short = cut_short or end > size_bytes
        if kind == b"moov" and not index and end - start < _MAX_INDEX_BYTES:
            file.seek(start)
            index = file.read(end - start)
    if not index:
        is_picture = head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS
        return Container("picture" if is_picture else "unfinished", cut_short=cut_short)
    tracks = [track for track in map(_read_track, _find(index, b"trak")) if track is not None]
    videos = [track for track in tracks if track[0] == b"vide"]
    if tracks and not videos:
        return Container("sound", cut_short=cut_short)
    codec, mirrored = videos[0][1:] if videos else (None, False)
    recorded = _recorded(next(_find(index, b"mvhd"), b""))
    return Container(
        "video",
        codec=codec,
        cut_short=cut_short,
        mirrored=mirrored,
        recorded=recorded,
        has_index=True,
        filmed_hz=_filmed_hz(index),
    )


def _top_boxes(file: BinaryIO, size_bytes: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type, start of content and end of each outermost box; the last may end past the file."""
    start = 0
    while start + 8 <= size_bytes:
        file.seek(start)
        header = file.read(16)
        length, kind = struct.unpack(">I4s", header[:8])
        content = start + 8
        if length == 1 and len(header) == 16:
            (length,) = struct.unpack(">Q", header[8:])
            content = start + 16
        end = size_bytes if length == 0 else start + length
        if end < content or not all(32 <= byte < 127 or byte == 0xA9 for byte in kind):
            return
        yield kind, content, end
        start = end


def _find(data: bytes, *path: bytes) -> Iterator[bytes]:
    """Yield the content of every box found by going down `path`."""
    start = 0
    while start + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, start)
        if length < 8:
            return
        if kind == path[0]:
            content = data[start + 8 : start + length]
            yield from _find(content, *path[1:]) if len(path) > 1 else (content,)
        start += length


def _read_track(track: bytes) -> tuple[bytes, str | None, bool] | None:
    """Return handler, codec and whether the display matrix mirrors, of one track."""
    handler = next(_find(track, b"mdia", b"hdlr"), b"")[8:12]
    if handler not in (b"vide", b"soun"):
        return None
    samples = next(_find(track, b"mdia", b"minf", b"stbl", b"stsd"), b"")
    codec = codec_name(samples[12:16].decode("latin-1")) if len(samples) >= 16 else None
    header = next(_find(track, b"tkhd"), b"")
    at = 52 if header[:1] == b"\1" else 40
    if len(header) < at + 20:
        return handler, codec, False
    a, b, _, c, d = struct.unpack_from(">5i", header, at)
    return handler, codec, a * d - b * c < 0


def _recorded(header: bytes) -> str | None:
    """Return the time at which a movie was made by its header."""
    is_long = header[:1] == b"\1"
    field = header[4 : 12 if is_long else 8]
    try:
        recorded = _ISO_EPOCH + timedelta(seconds=int.from_bytes(field, "big"))
    except OverflowError:
        return None
    return recorded.isoformat() if recorded >= _EARLIEST else None


def _filmed_hz(index: bytes) -> float | None:
    """Return the rate at which slow motion was filmed, as Android's cameras write it."""
    for home in (index, next(_find(index, b"udta"), b"")):
        meta = next(_find(home, b"meta"), b"")
        meta = meta[4:] if meta[:4] == bytes(4) else meta  # in MP4 it begins with a version, in MOV not
        names = list(islice(_find(next(_find(meta, b"keys"), b"")[8:], b"mdta"), _MOST_KEYS))
        if _FILMED_AT in names:
            number = struct.pack(">I", 1 + names.index(_FILMED_AT))
            return _rate_hz(next(_find(meta, b"ilst", number, b"data"), b""))
    return None


def _rate_hz(value: bytes) -> float | None:
    """Read a rate, a text or a number; None if it makes no sense."""
    try:
        rate_hz = struct.unpack(">f", value[8:])[0] if value[:4] == _FLOAT else float(value[8:])
    except (ValueError, struct.error):
        return None
    return rate_hz if 1 <= rate_hz <= 1e5 else None


def _inspect_matroska(head: bytes, size_bytes: int) -> Container:
    name = re.search(rb"V_[A-Z0-9]+(?:/[A-Z0-9]+)*", head)
    if name is None and re.search(rb"A_[A-Z0-9]+", head):
        return Container("sound")
    codec = codec_name(name.group().decode()) if name else None
    return Container("video", codec=codec, cut_short=_matroska_end(head) > size_bytes, has_index=True)


def _matroska_end(head: bytes) -> int:
    """End of the outermost element, or 0 where the writer left it open, as live recorders do."""
    at = head.find(b"\x18\x53\x80\x67") + 4
    if not 4 <= at < len(head):
        return 0
    width = 9 - head[at].bit_length()
    field = int.from_bytes(head[at : at + width], "big") & ((1 << 7 * width) - 1)
    is_open = field == (1 << 7 * width) - 1
    return 0 if is_open else at + width + field


def _inspect_riff(head: bytes, size_bytes: int) -> Container:
    form = head[8:12]
    if form == b"WEBP":
        return Container("picture")
    if form != b"AVI ":
        return Container("sound" if form in (b"WAVE", b"RMID") else "unknown")
    (length,) = struct.unpack_from("<I", head, 4)
    name = re.search(rb"strh.{4}vids.{4}.*?strf.{4}.{16}(.{4})", head, re.DOTALL)
    codec = codec_name(name.group(1).decode("latin-1")) if name else None
    return Container("video", codec=codec, cut_short=8 + length > size_bytes)
