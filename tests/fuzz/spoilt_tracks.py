"""Saved tracks whose arrays are of the wrong shape, type, size or value, or no arrays at all."""

from __future__ import annotations

import io
import pickle
import random
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

PROOF: Final = "unpickled"
"""Name of the file that a payload makes when it is unpickled; nobody may ever find one."""

_NUMBERS: Final = (np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 1e-308, 1e300, -1e300, 1e9, 181.0, 65536.0)
_TYPES: Final = ("f4", "f2", "i8", "u1", "U3", "S3", "?", "c16", "M8[s]", ">f8")


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PROOF

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self._path,)


def spoilt_values(chance: random.Random, arrays: dict[str, Array]) -> dict[str, Array]:
    """Put odd numbers into some places, frames, columns or all of one or more arrays."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        name = chance.choice([name for name, array in arrays.items() if array.dtype.kind in "fui"])
        array = arrays[name].astype(np.float64) if arrays[name].dtype.kind == "f" else arrays[name].copy()
        number = chance.choice(_NUMBERS) if array.dtype.kind == "f" else chance.choice((0, 1, 255, 2))
        if array.size:
            first = chance.randrange(len(array))
            array[first : chance.choice((first + 1, first + 10, len(array)))] = number
        arrays[name] = array
    return arrays


def spoilt_times(chance: random.Random, arrays: dict[str, Array]) -> dict[str, Array]:
    """Let time jump, crawl, begin long ago or last for ages."""
    time_s = arrays["time_s"]
    scale = chance.choice((1e-300, 1e-9, 1e-3, 1.0, 100.0, 1e9, 1e200))
    time_s = time_s * scale + chance.choice((0.0, -1e3, 1e6, -1e15, 1e300))
    if chance.random() < 0.5:
        time_s[chance.randrange(len(time_s)) :] += chance.choice((1e4, 1e9, 1e18, 1e308))
    arrays["time_s"] = time_s
    return arrays


def spoilt_shape(chance: random.Random, arrays: dict[str, Array]) -> dict[str, Array]:
    """Cut, turn, empty, repeat or retype one array; or take the same frames out of all."""
    name = chance.choice([*arrays])
    array = arrays[name]
    changes: list[Callable[[], Array]] = [
        lambda: array[:0],
        lambda: array[..., None],
        lambda: array.T,
        lambda: array.reshape(-1)[:1],
        lambda: np.concatenate([array, array]),
        lambda: np.array(array.dtype.type(0)),
        lambda: np.zeros((0,) * chance.randrange(1, 30)),
    ]
    if array.dtype.kind in "fui":
        changes.append(lambda: array.astype(chance.choice(_TYPES)))
    if array.ndim:
        arrays[name] = chance.choice(changes)()
    if chance.random() < 0.4:
        count = chance.choice((0, 1, 2, 3))
        whole = {name for name, each in arrays.items() if each.ndim and len(each) == len(arrays["time_s"])}
        arrays = {name: each[:count] if name in whole else each for name, each in arrays.items()}
    return arrays


def write_spoilt(chance: random.Random, seed: Path, target: Path, proof: Path) -> Path:
    """Copy a track with its arrays, or its zip, spoilt; a payload would leave its mark in the folder ``proof``."""
    with np.load(seed, allow_pickle=False) as whole:
        arrays: dict[str, Array] = dict(whole)
    spoil = chance.choice((spoilt_values, spoilt_values, spoilt_times, spoilt_times, spoilt_shape, None))
    if spoil:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            arrays = spoil(chance, arrays)
        members = {f"{name}.npy": _npy(array) for name, array in arrays.items()}
    else:
        members = _odd_members(chance, {f"{name}.npy": _npy(array) for name, array in arrays.items()}, proof)
    _write_zip(chance, target, members, odd=spoil is None)
    return target


def _odd_members(chance: random.Random, members: dict[str, bytes], proof: Path) -> dict[str, bytes]:
    name = chance.choice([*members])
    payload = Payload(proof)
    odd: list[Callable[[], dict[str, bytes]]] = [
        lambda: {name: _npy(np.array([payload], dtype=object))},
        lambda: {name: pickle.dumps(payload)},
        lambda: {name.removesuffix(".npy"): pickle.dumps(payload)},
        lambda: {f"../{name}": members[name]},
        lambda: {f"/{name}": members[name]},
        lambda: {"data.pkl": pickle.dumps(payload)},
        lambda: {name: bytes(50_000_000)},
        lambda: {name: _head(f"({10**17},)")},
        lambda: {name: _head("(-1,)")},
        lambda: {name: _head("(" + "1," * 1000 + ")")},
        lambda: {name: _head("(0, 99999999999999999999)")},
        lambda: {name: _head("(3,)", "|O")},
        lambda: {name: b"\x93NUMPY\x01\x00\xff\xff" + b"[" * 65535},
        lambda: {"source.npy": _npy(np.array("[" * 60_000))},
        lambda: {"source.npy": _npy(np.array('{"file": "\\ud800\\u0000\\u001b[31m"}'))},
        lambda: {"source.npy": _npy(np.array('{"frames_decoded": "9' + "9" * 5000 + '"}'))},
        lambda: {"schema.npy": _npy(np.array("spineline.track/" + "9" * 30))},
        lambda: {"image_size_px.npy": _npy(np.array([1 << 62, 1 << 62]))},
        lambda: {"a" * 60_000: b""},
        lambda: {f"{number}.npy": b"" for number in range(2000)},
    ]
    return {**members, **chance.choice(odd)()}


def _write_zip(chance: random.Random, target: Path, members: dict[str, bytes], *, odd: bool) -> None:
    way = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)) if odd else zipfile.ZIP_DEFLATED
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", way) as archive:
        warnings.simplefilter("ignore")  # a name twice is what is wanted
        for name, data in members.items():
            archive.writestr(name, data)
        if odd and chance.random() < 0.2:
            archive.writestr(chance.choice([*members]), b"once more")
    if odd and chance.random() < 0.2:  # a zip within a zip
        inner = target.read_bytes()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("schema.npy", inner)


def _npy(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _head(shape: str, kind: str = "<f8") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
