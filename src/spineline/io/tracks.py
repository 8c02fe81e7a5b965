"""`track.npz`: what was seen of a lifter, saved, so that it can be analysed again without video and pose model.

A zip of plain arrays (`numpy.load` opens it), named as the fields of PoseTrack, with `schema` and, as JSON, `source`.
Numbers are stored as they are, which hardly get smaller, and silhouettes deflated; they stay so until somebody looks.
The same track gives the same bytes. Reading trusts nothing: no pickles, nothing more or less than these
arrays, every size checked before memory is taken for it, every byte read once.
"""

import hashlib
import io
import json
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from spineline.core.packed import Block, Packed, inflator
from spineline.core.track import SILHOUETTE_SIDE, PoseTrack
from spineline.errors import InputError, TrackError
from spineline.io.container import printable_name
from spineline.io.plain_file import open_plain

SCHEMA: Final = "spineline.track/3"
_ALL_FLOAT64: Final = "spineline.track/2"
_WITHOUT_PLATE: Final = "spineline.track/1"
SUFFIX: Final = ".npz"

IDENTITY: Final = "sha256"
"""Under that name the source of a track holds the hash of what it was taken from."""

RECORDED: Final = "recorded"
"""Under that name it holds when that was recorded: ISO 8601, with an offset."""

MAX_BYTES: Final = 2 << 30
"""Largest sum of all arrays that is read: over four hours at 30 frames a second."""

_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MAX_SOURCE_CHARACTERS: Final = 1 << 16
_MAX_HEAD_BYTES: Final = 256
_MAGIC: Final = b"\x93NUMPY\x01\x00"
_HEAD: Final = re.compile(
    rb"\{'descr': '(?P<type>[<|][fiuU]\d{1,8})', 'fortran_order': False, 'shape': \((?P<shape>[\d, ]{0,80})\), \} *\n"
)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PLATE: Final = "plate_px"
_SILHOUETTES: Final = "silhouette_bits"
_WIDTH: Final = SILHOUETTE_SIDE**2 // 8
_BLOCK_ROWS: Final = 1024
_LOCAL_HEAD_BYTES: Final = 30
"""Of a member of a zip; what its name and the rest take stands in its last four bytes."""

_CHUNK_BYTES: Final = 1 << 16
_TEXTS: Final = ("schema", "source")
_NAMES: Final = (*_TEXTS, *(field.name for field in fields(PoseTrack) if field.name != "source"))
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
)
"""What zipfile, zlib and numpy raise on bytes that are not what they should be."""


def save_track(track: PoseTrack, path: Path | IO[bytes]) -> None:
    """Write a track, to a path or an open file. An OSError is passed on."""
    texts = {"schema": SCHEMA, "source": json.dumps(dict(track.source), sort_keys=True)}
    with zipfile.ZipFile(path, "w") as archive:
        for name in _NAMES:
            member = zipfile.ZipInfo(f"{name}.npy", _ZIP_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED if name == _SILHOUETTES else zipfile.ZIP_STORED
            member.create_system = 3  # as on Unix, also where it is made on Windows
            member.external_attr = 0o644 << 16
            array = np.array(texts[name]) if name in texts else getattr(track, name)
            array = array if isinstance(array, Packed) else np.asarray(array)
            with archive.open(member, "w", force_zip64=True) as file:
                little = array.dtype.newbyteorder("<")
                head = {"descr": npy.dtype_to_descr(little), "fortran_order": False, "shape": array.shape}
                npy.write_array_header_1_0(file, head)
                for part in _parts(array):
                    file.write(np.ascontiguousarray(part, dtype=little).tobytes())


def _parts(array: NDArray[Any] | Packed) -> Iterator[NDArray[Any]]:
    """Give an array part by part, so that hardly any memory is needed for it; a packed one is unpacked by it."""
    if not array.ndim:
        yield np.asarray(array)
        return
    for first in range(0, len(array), _BLOCK_ROWS):
        yield array[first : first + _BLOCK_ROWS]


def load_track(path: Path) -> tuple[PoseTrack, str]:
    """Read a track.

    Returns
    -------
    The track, and the SHA-256 of the file in hexadecimal.

    Raises
    ------
    InputError
        One line: the file, what is wrong with it, what to do.
    """
    name = printable_name(path)
    try:
        with open_plain(path) as file:
            return _read(file)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror or error})") from error
    except TrackError as error:
        raise InputError(f"{name}: is not a saved track ({error}); save it again with --save-track") from error
    except _UNREADABLE as error:
        raise InputError(
            f"{name}: is not a saved track, or is damaged; give a video, or a track.npz made with --save-track"
        ) from error


def between(track: PoseTrack, start_s: float, end_s: float) -> PoseTrack:
    """Return the frames with ``start_s <= time_s < end_s``."""
    kept = slice(*np.searchsorted(track.time_s, [start_s, end_s]).tolist())
    cut: dict[str, Any] = {
        field.name: _cut(getattr(track, field.name), kept)
        for field in fields(PoseTrack)
        if field.name not in ("image_size_px", "source")
    }
    return replace(track, **cut)


def _cut(values: NDArray[Any] | Packed, frames: slice) -> NDArray[Any] | Packed:
    return values.cut(frames) if isinstance(values, Packed) else values[frames]


def identified(track: PoseTrack) -> PoseTrack:
    """Return the track with, in its source, what tells its recording from all others.

    That is the hash of the video, if it was taken from one, or else of what was seen.
    """
    if _SHA256.fullmatch(track.source.get(IDENTITY, "")):
        return track
    seen = hashlib.sha256()
    for name in _NAMES:
        if name not in _TEXTS:
            array = getattr(track, name)
            array = array if isinstance(array, Packed) else np.asarray(array)
            seen.update(f"{name} {array.shape}".encode())
            for part in _parts(array):
                seen.update(np.ascontiguousarray(part, dtype=array.dtype.newbyteorder("<")).tobytes())
    return replace(track, source={**track.source, IDENTITY: seen.hexdigest()})


def _read(file: io.BufferedReader) -> tuple[PoseTrack, str]:
    """Read a track and the hash of its file."""
    if file.seek(0, io.SEEK_END) > MAX_BYTES:
        raise TrackError(f"expected at most {MAX_BYTES >> 30} GiB")
    with zipfile.ZipFile(file) as archive:
        names = _names(archive)
        members = _members(archive, names)
        source = _source(_text(archive, members["source"], _MAX_SOURCE_CHARACTERS))
        shapes = {name: _declared_shape(archive, members[name]) for name in members if name not in _TEXTS}
        if sum(members[name].file_size for name in shapes) > MAX_BYTES:
            raise TrackError(f"expected at most {MAX_BYTES >> 30} GiB of arrays")
        _require_as_many(shapes)
        deflated = _deflated(archive, members[_SILHOUETTES], file)
        with ThreadPoolExecutor(1) as beside:  # inflating takes as long as all the rest
            inflating = beside.submit(_checked, *deflated) if deflated else None
            plain = [name for name in shapes if not (deflated and name == _SILHOUETTES)]
            arrays: dict[str, Any] = {name: _array(archive, members[name]) for name in plain}
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            if inflating:
                arrays[_SILHOUETTES] = inflating.result()
    size = arrays.pop("image_size_px")
    if size.shape != (2,) or size.dtype.kind != "i":
        raise TrackError(f"image_size_px: expected two whole numbers, found {size.shape} of {size.dtype}")
    for name, array in arrays.items():
        if array.ndim == 0:
            raise TrackError(f"{name}: expected an array, found a single value")
    if _PLATE not in arrays:
        arrays[_PLATE] = np.full((len(arrays["time_s"]), 4), np.nan)
    return PoseTrack(**arrays, image_size_px=(int(size[0]), int(size[1])), source=source), sha256


def _require_as_many(shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse arrays of more or fewer frames than there are times, before memory is taken for them."""
    frames = shapes["time_s"][:1]
    for name, shape in shapes.items():
        if name != "image_size_px" and shape and shape[:1] != frames:
            raise TrackError(f"{name}: expected shape {frames} and as many frames as time_s has, found {shape[:1]}")


def _names(archive: zipfile.ZipFile) -> tuple[str, ...]:
    """Return which arrays belong there; an earlier version knew of no plates."""
    if "schema.npy" not in archive.namelist():
        raise TrackError("expected one array schema, found 0")
    schema = _text(archive, archive.getinfo("schema.npy"), len(SCHEMA) + 32)
    if schema not in (SCHEMA, _ALL_FLOAT64, _WITHOUT_PLATE):
        raise TrackError(f"schema: expected {SCHEMA}, found {schema[:40]!r}")
    return tuple(name for name in _NAMES if name != _PLATE) if schema == _WITHOUT_PLATE else _NAMES


def _members(archive: zipfile.ZipFile, names: tuple[str, ...]) -> dict[str, zipfile.ZipInfo]:
    """Return the members by array name: exactly those that belong there, each once."""
    found = [info.filename for info in archive.infolist()]
    wanted = [f"{name}.npy" for name in names]
    for name in wanted:
        if found.count(name) != 1:
            raise TrackError(f"expected one array {name[:-4]}, found {found.count(name)}")
    if extra := sorted(set(found) - set(wanted)):
        raise TrackError(f"expected no {extra[0][:80]!r}")
    for info in archive.infolist():
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
            raise TrackError(f"{info.filename}: expected a plain zip")
    return {name: archive.getinfo(f"{name}.npy") for name in names}


def _head(file: IO[bytes]) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
    """Read the head of an array, shape and type. NumPy's own reader would evaluate it, at length, as Python."""
    magic, length = file.read(len(_MAGIC)), int.from_bytes(file.read(2), "little")
    found = _HEAD.fullmatch(file.read(length)) if magic == _MAGIC else None
    if not found:
        raise TrackError("expected plain numbers or text in the npy format 1.0")
    return tuple(int(size) for size in found["shape"].split(b",") if size.strip()), np.dtype(found["type"].decode())


def _declared_shape(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[int, ...]:
    """Return the shape of an array, after checking that its head and the zip agree on it."""
    with archive.open(info) as file:
        shape, dtype = _head(file)
        if file.tell() + math.prod(shape) * dtype.itemsize != info.file_size:
            raise TrackError(f"{info.filename}: expected an array of the size it declares")
    return shape


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    """Read an array to its end, which also checks its checksum."""
    with archive.open(info) as file:
        shape, dtype = _head(file)
        array = np.empty(shape, dtype)
        missing = array.reshape(-1).view(np.uint8).data
        while part := file.read(_CHUNK_BYTES):
            missing[: len(part)], missing = part, missing[len(part) :]
    if missing:
        raise EOFError
    return array.astype(dtype.newbyteorder("="), copy=False)


def _deflated(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: IO[bytes]
) -> tuple[memoryview, int, int, int] | None:
    """Read silhouettes as they are in the file, for `_checked`; None if they are not deflated, or no silhouettes."""
    with archive.open(info) as member:
        shape, dtype = _head(member)
        head_bytes = member.tell()
    if info.compress_type != zipfile.ZIP_DEFLATED or shape[1:] != (_WIDTH,) or dtype != np.uint8:
        return None
    if info.compress_size > file.seek(0, io.SEEK_END):  # memory is taken for as much as is asked for
        raise zipfile.BadZipFile
    file.seek(info.header_offset + _LOCAL_HEAD_BYTES - 4)
    file.seek(sum(struct.unpack("<HH", file.read(4))), io.SEEK_CUR)
    return memoryview(file.read(info.compress_size)), head_bytes, shape[0], info.CRC


def _checked(data: memoryview, head_bytes: int, count: int, expected: int) -> Packed:
    """Inflate so many silhouettes behind their head once, block by block, and leave them deflated."""
    state = inflator()
    head, data = _inflated(state, data, head_bytes)
    blocks, checksum = [], zlib.crc32(head)
    for first in range(0, count, _BLOCK_ROWS):
        rows, before = min(count - first, _BLOCK_ROWS), state.copy()
        inflated, left = _inflated(state, data, rows * _WIDTH)
        blocks.append(Block(data[: len(data) - len(left)], rows, _WIDTH, before))
        checksum, data = zlib.crc32(inflated, checksum), left
    if state.decompress(data[:_CHUNK_BYTES], 1) or not state.eof or checksum != expected:
        raise zipfile.BadZipFile
    return Packed(blocks, _WIDTH)


def _inflated(state: Any, data: memoryview, count: int) -> tuple[bytes, memoryview]:
    """Inflate so many bytes, and return them and what of the data is left."""
    parts = []
    while count:
        given = data[:_CHUNK_BYTES]
        parts.append(state.decompress(given, count))
        data, count = data[len(given) - len(state.unconsumed_tail) :], count - len(parts[-1])
        if count and (state.eof or not given):
            raise EOFError
    return b"".join(parts), data


def _text(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most_characters: int) -> str:
    if info.file_size > 4 * most_characters + _MAX_HEAD_BYTES:
        raise TrackError(f"{info.filename}: expected at most {most_characters} characters")
    _declared_shape(archive, info)
    data = io.BytesIO(archive.read(info))
    shape, dtype = _head(data)
    array = np.frombuffer(data.read(), dtype).reshape(shape)
    if array.shape != () or array.dtype.kind != "U":
        raise TrackError(f"{info.filename}: expected a text, found {array.shape} of {array.dtype}")
    return str(array)


def _source(text: str) -> Mapping[str, str]:
    values = json.loads(text)
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise TrackError("source: expected texts by name")
    return values
