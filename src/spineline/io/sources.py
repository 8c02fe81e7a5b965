"""What a SOURCE of many recordings is: a folder that is searched, a glob, a list of files, or a single recording.

A folder is searched through with its subfolders, in the natural order of names, for videos, saved tracks and sets
recorded with `spineline live`. Left out are folders of results, whatever is hidden, and folders met before, so that
links may go in circles.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from spineline.errors import InputError
from spineline.io.container import VIDEO_SUFFIXES, printable_name
from spineline.io.file_lists import SUFFIXES as LIST_SUFFIXES
from spineline.io.file_lists import Line, read_list
from spineline.io.results import FILM, SUFFIX, TRACK, is_recording
from spineline.io.tracks import SUFFIX as TRACK_SUFFIX

_MAGIC: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Found:
    """One recording: its path, or what is wrong with how it was named.

    ``said`` is what a list says of it, by names of `spineline.io.config.Options`, and ``date``.
    """

    path: Path
    said: dict[str, Any] = field(default_factory=dict)
    wrong: str = ""


@dataclass(frozen=True)
class Source:
    """What was found in one SOURCE, and the folder that it was looked for in."""

    root: Path
    found: Sequence[Found]
    is_folder: bool = False


def read_source(name: str) -> Source:
    """Find every recording that a SOURCE means.

    Raises
    ------
    InputError
        It is a list that cannot be read, or a glob or a folder in which there is nothing.
    """
    path = Path(name)
    if path.is_dir():
        recorded = is_recording(path)
        return Source(path.parent if recorded else path, _some(_searched(path), name, "holds"), not recorded)
    if path.suffix.lower() in LIST_SUFFIXES:
        return Source(path.parent, [each for line in read_list(path) for each in _listed(line)])
    if os.path.lexists(path):
        return Source(path.parent, [Found(path)])
    if not _MAGIC.search(name):
        raise InputError(f"{printable_name(path)}: no such file or folder; check the path")
    root, pattern = _split(path.expanduser())
    try:
        return Source(root, _some(_matching(root, pattern), name, "matches"))
    except (ValueError, NotImplementedError) as error:  # from pathlib
        raise InputError(f'{printable_name(path)}: is no glob ({error}); such as "clips/**/*.mp4"') from error


def common_root(sources: Sequence[Source]) -> Path:
    """Return the folder in which all sources lie; the first one's if they lie on several disks."""
    roots = [_absolute(source.root) for source in sources]
    try:
        return Path(os.path.commonpath(roots))
    except ValueError:
        return roots[0]


def place_in(root: Path, path: Path) -> Path:
    """Return a path relative to a folder; that of a file elsewhere without the root of its disk, so that it has one."""
    absolute = _absolute(path)
    return absolute.relative_to(root if absolute.is_relative_to(root) else absolute.anchor)


def name_in(root: Path, path: Path) -> str:
    """Return how a path is called in tables: relative to a folder if it lies there."""
    absolute, folder = _absolute(path), _absolute(root)
    return (absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute).as_posix()


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - links keep the names that they have been given


def natural_key(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return what sorts names as people do: clip 2 before clip 10."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part), name


def _some(found: Sequence[Found], name: str, how: str) -> Sequence[Found]:
    if not found:
        raise InputError(f"{printable_name(Path(name))}: {_nothing(how)}")
    return found


def _nothing(how: str) -> str:
    return f"{how} no video, no saved track and no recorded set; name another folder, or the files in a list"


def _listed(line: Line) -> Iterator[Found]:
    """Yield what a line of a list means; a folder in it is searched too."""
    if line.wrong or not line.path.is_dir():
        yield Found(line.path, line.said, line.wrong)
        return
    below = _searched(line.path)
    yield from (Found(each.path, line.said, each.wrong) for each in below)
    if not below:
        yield Found(line.path, wrong=_nothing("holds"))


def _searched(folder: Path, met: set[tuple[int, int]] | None = None) -> list[Found]:
    """Return every recording in a folder and below it."""
    met = set() if met is None else met
    try:
        known = folder.stat()
        if (known.st_dev, known.st_ino) in met:
            return []
        met.add((known.st_dev, known.st_ino))
        entries = sorted(os.scandir(folder), key=lambda entry: natural_key(entry.name))
        recorded = is_recording(folder)
    except OSError as error:
        return [Found(folder, wrong=f"cannot be read ({error.strerror or error}); check its permissions")]
    except InputError as error:  # the end of a run that was ended from outside cannot be brought about there
        return [Found(folder, wrong=str(error))]
    found = [Found(folder)] if recorded else []
    for entry in entries:
        if _left_out(entry.name) or (recorded and entry.name in (TRACK, FILM)):
            continue
        if os.path.isdir(entry.path):  # noqa: PTH112 - follows links, and no broken one puts it out
            found += _searched(folder / entry.name, met)
        elif is_by_name(entry.name):
            found.append(Found(folder / entry.name))
    return found


def is_by_name(name: str) -> bool:
    """Tell whether a file is called as videos and tracks are."""
    return Path(name).suffix.lower() in {*VIDEO_SUFFIXES, TRACK_SUFFIX}


def _left_out(name: str) -> bool:
    return name.startswith(".") or name.endswith(SUFFIX)


def _split(pattern: Path) -> tuple[Path, str]:
    """Split a glob into the folder before its first sign that matches several, and the rest."""
    parts = pattern.parts
    first = next(place for place, part in enumerate(parts) if _MAGIC.search(part))
    return Path(*parts[:first]), str(Path(*parts[first:]))


def _matching(root: Path, pattern: str) -> list[Found]:
    """Return what a glob matches: files called as videos and tracks are, recorded sets, all that folders hold."""
    met: set[tuple[int, int]] = set()
    found: list[Found] = []
    matches = (path for path in root.glob(pattern) if not any(map(_left_out, path.relative_to(root).parts)))
    for path in sorted(matches, key=lambda path: [natural_key(part) for part in path.parts]):
        if path.is_dir():
            found += _searched(path, met)
        elif is_by_name(path.name) and not (is_recording(path.parent) and path.name in (TRACK, FILM)):
            found.append(Found(path))
    return list({each.path: each for each in found}.values())
