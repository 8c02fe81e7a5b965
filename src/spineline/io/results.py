"""The folder of results: whole, or not there.

Everything is first written into a hidden folder, within the target or beside it if there is none yet, and moved into
place when nothing can go wrong any more. Files of other programs in the target stay as they are; those of an earlier
analysis are replaced or removed, so that what lies there always belongs together. Where a process was ended from
outside in the middle of that, whoever opens the folder next brings it to its end.
"""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from spineline.errors import InputError
from spineline.io import swap
from spineline.io.container import printable_name
from spineline.io.part_folder import part_folder, sweep
from spineline.io.whole_file import cannot_be_written

ANALYSIS: Final = "analysis.json"
TRACK: Final = "track.npz"
CONFIG: Final = "config.toml"
OVERLAY: Final = "overlay.mp4"
FILM: Final = "video.mp4"
"""The video of a set that `spineline live` has recorded; the track and the results lie beside it."""

PROFILE: Final = "profile.toml"
"""The profile that such a set was compared with."""

RECEIPT: Final = "batch.json"
"""What `spineline batch` needs to know that a result is there."""

PENDING: Final = "history.json"
"""A set that the history has not taken yet."""

OPENPOSE: Final = "openpose"
OPENPOSE_KEY: Final = "openpose_keypoints.json"
MOT: Final = "angles.mot"
TRC_PX: Final = "points_px.trc"
TRC_M: Final = "points_m.trc"
CHART: Final = "chart"
"""The picture to share, with the suffixes that follow."""

OWN_FILES: Final = (
    ANALYSIS,
    "frames.csv",
    "reps.csv",
    "frames.parquet",
    "reps.parquet",
    "report.html",
    OVERLAY,
    f"{CHART}.png",
    f"{CHART}.svg",
    TRACK,
    CONFIG,
    MOT,
    TRC_PX,
    TRC_M,
    OPENPOSE_KEY,
    RECEIPT,
    PENDING,
)
"""Every name that an analysis may write. Nothing else in a folder of results is touched."""

OWN_FOLDERS: Final = {
    OPENPOSE: re.compile(r".+_\d{12}_keypoints\.json|\.DS_Store|Thumbs\.db|desktop\.ini", re.DOTALL),
}
"""Likewise folders, which are replaced whole, and what may lie in each: our files, and what systems put beside them."""

SUFFIX: Final = "_spineline"
"""What the name of a folder of results ends with."""

_LATER_SET: Final = re.compile(r"set_\d+")


def folder_for(input_path: Path, output_dir: Path | None) -> Path:
    """Return where the results of one input belong: ``<stem>_spineline`` in ``output_dir``, or beside the input.

    The folder of a recording is never written into: results of a later set, which lies in it, belong beside it too.
    """
    name = input_path.stem
    if input_path.is_dir():
        input_path = input_path.resolve() if input_path.name in ("", "..") else input_path
        name = input_path.name
        record = input_path.absolute().parent
        if _LATER_SET.fullmatch(name) and is_recording(input_path) and is_recording(record):
            input_path, name = record, f"{record.name}_{name}"
    return (input_path.parent if output_dir is None else output_dir) / f"{name}{SUFFIX}"


def folder_key(target: Path) -> str:
    """Return what tells a folder of results from others, on this system."""
    key = os.path.normcase(os.path.realpath(target))
    return key.casefold() if sys.platform == "darwin" else key


def stem_of(target: Path) -> str:
    """Return the name of the input whose results belong into a folder, without its ending."""
    return target.name.removesuffix(SUFFIX)


def is_recording(folder: Path) -> bool:
    """Tell whether a folder holds a set that `spineline live` has recorded."""
    if not folder.is_dir():
        return False
    settle(folder)
    return (folder / TRACK).is_file()


def settle(folder: Path) -> None:
    """Bring to its end the replacing of results during which a process was ended from outside.

    Raises
    ------
    InputError
        The folder cannot be written to.
    """
    with writing_to(folder):
        swap.settle(folder, mark=ANALYSIS)


def set_path(record: Path, number: int) -> Path:
    """Return the folder of a set: the first lies in the folder recorded into, later ones in folders within."""
    return record if number == 1 else record / f"set_{number}"


def recordings_in(folder: Path) -> list[Path]:
    """Return every set recorded into a folder, in order."""
    later = [path for path in folder.glob("set_*") if _LATER_SET.fullmatch(path.name)]
    later.sort(key=lambda path: int(path.name.removeprefix("set_")))
    return list(filter(is_recording, [folder, *later]))


@contextlib.contextmanager
def ensured_folder(folder: Path) -> Iterator[None]:
    """Make a folder, and those above it, for the block; those that were missing before go again if left empty.

    Raises
    ------
    InputError
        The folder cannot be made.
    """
    missing: list[Path] = []
    try:
        with writing_to(folder):
            if folder.is_file():
                raise InputError(f"{printable_name(folder)}: is a file, expected a folder; name another with -o DIR")
            missing += [each for each in (folder, *folder.parents) if not each.exists()]
            folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()


@contextlib.contextmanager
def result_folder(target: Path) -> Iterator[Path]:
    """Give a fresh folder to write into; at the end of the block its files become those of ``target``.

    After any error, Ctrl-C included, the target is as it was before.

    Raises
    ------
    InputError
        The target cannot be written to.
    """
    with ensured_folder(target.parent), contextlib.ExitStack() as stack:
        settle(target)
        with writing_to(target):
            _check(target)
            real = target.resolve()
            place = real.parent
            if real.is_dir():  # beside it may be another disk, or a place that cannot be written to
                sweep(place)
                place = real
            part = stack.enter_context(part_folder(place))
        try:
            yield part
        except InputError as error:  # nobody knows the hidden folder
            raise type(error)(str(error).replace(str(part), str(target))) from error
        with writing_to(target):
            _move_into_place(part, real)


@contextlib.contextmanager
def writing_to(target: Path) -> Iterator[None]:
    """Turn every OSError within the block into an InputError that says the target cannot be written."""
    try:
        yield
    except OSError as error:
        raise cannot_be_written(target, error) from error


def _check(target: Path) -> None:
    """Refuse a target in which one of our names is taken by something that cannot be ours."""
    for folder in (target, *(target / name for name in OWN_FOLDERS)):
        if folder.exists() and not folder.is_dir():
            raise _taken(folder, "is a file, expected a folder")
    for name in OWN_FILES:
        if (target / name).is_dir():
            raise _taken(target / name, "is a folder, expected a file")
    for name, own in OWN_FOLDERS.items():
        for path in (target / name).glob("*"):
            if not own.fullmatch(path.name):
                raise _taken(path, "is not of spineline, and would be removed")


def _taken(path: Path, what: str) -> InputError:
    return InputError(f"{printable_name(path)}: {what}; move it, or name another place with -o DIR")


def _move_into_place(part: Path, target: Path) -> None:
    """Replace what is ours in the target by what is in ``part``, all of it or nothing."""
    if not target.exists():
        try:
            part.rename(target)
        except OSError:
            if not target.exists():  # else another process was faster
                raise
        else:
            return
    # Whoever finds an analysis.json finds all that belongs to it.
    swap.swap(part, target, (*OWN_FILES, *OWN_FOLDERS), mark=ANALYSIS)
