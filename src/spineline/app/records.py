"""The sets that `spineline live` keeps: a folder each, with video, track, notes and all that an analysis writes."""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from spineline.app.analyze import Done, Job, Request, analyze_recording
from spineline.core.profile import Profile
from spineline.core.track import PoseTrack
from spineline.errors import InputError
from spineline.io.container import printable_name
from spineline.io.profiles import write_profile
from spineline.io.results import FILM, PROFILE, TRACK, recordings_in, set_path, writing_to
from spineline.io.tracks import save_track
from spineline.io.whole_file import whole_file

NOTES: Final = "notes.json"
"""What the lifter has noted during a set: pain, 0 to 10, at times of the track."""

_SCHEMA: Final = "spineline.notes/1"


def check_record(record: Path) -> None:
    """Refuse a folder that a set was recorded into already.

    Raises
    ------
    InputError
        It was.
    """
    if recordings_in(record) or (record / FILM).exists():
        raise InputError(f"{printable_name(record)}: holds a recorded set already; name another folder with --record")


def set_folder(record: Path, number: int) -> Path:
    """Make the folder of a set.

    Raises
    ------
    InputError
        It cannot be made.
    """
    folder = set_path(record, number)
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def save(folder: Path, track: PoseTrack, *, pain: Sequence[dict[str, float]], profile: Profile | None = None) -> None:
    """Write track and notes of a set beside its video, and the profile that it is compared with.

    The track comes last, and each is whole: where there is one, all of the set is there.

    Raises
    ------
    InputError
        The folder cannot be written to.
    """
    if profile:
        write_profile(folder / PROFILE, profile)
    if pain:
        notes = json.dumps({"schema": _SCHEMA, "pain": list(pain)}, indent=2)
        with whole_file(folder / NOTES) as file:
            file.write(f"{notes}\n".encode())
    with whole_file(folder / TRACK) as file:
        save_track(track, file)


def written(folder: Path, request: Request) -> Done:
    """Analyse a set that was saved as `spineline analyze` does, and write the results beside it.

    Raises
    ------
    InputError
        The folder cannot be read or written to.
    """
    request = replace(request, save_track=True, output_dir=None)
    job = Job(name=str(folder), request=request, model=None)
    return analyze_recording(job, folder, lambda *_: None)


def drop(folder: Path) -> None:
    """Remove what was kept of a set that did not come about."""
    with contextlib.suppress(OSError):
        for name in (FILM, TRACK, NOTES, PROFILE):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
