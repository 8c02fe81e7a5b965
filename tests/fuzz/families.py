"""Every kind of hostile input: how one is made from a number, and what of the product reads it."""

from __future__ import annotations

import contextlib
import os
import pickle
import random
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spineline.app.cli import run
from spineline.io.config import read_config
from spineline.io.curves import read_set, result_at
from spineline.io.history import open_history
from spineline.io.history_files import import_history
from spineline.io.models import DETECTOR_MEMBER, LANDMARKS_MEMBER, resolve_model, stored_zip
from spineline.io.profiles import read_profile
from spineline.io.tracks import load_track
from spineline.io.video import probe, read_frames
from tests.app.make_inputs import CLIP
from tests.fuzz import damage, seeds
from tests.fuzz.spoilt_tracks import Payload, write_spoilt

LIMIT_S: Final = 60.0
"""How long one input may take."""

Make = Callable[[random.Random, Path, Path], Path]
"""From chance, the folder of the seeds and the folder that the case may fill, the input."""

Read = Callable[[Path, Path], int | None]
"""Read an input, with a folder to write to. Returns an exit status, or None from what raises instead."""


@dataclass(frozen=True)
class Family:
    """One kind of input; ``few`` of it are in the quick run, ``many`` in the long one."""

    make: Make
    read: Read
    few: int
    many: int


# Read


def _watch(path: Path, _out: Path) -> None:
    probe(path)
    with read_frames(path) as frames:
        for _ in frames:
            pass


def _analyze(path: Path, out: Path) -> int:
    return run(["analyze", "--no-report", "--no-history", "-o", str(out), "--", str(path)])


def _program(path: Path, out: Path) -> int:
    """Run the program itself, with everything it can write but a video."""
    options = ["--save-track", "--save-trc", "--save-openpose", "--height", "1.8", "-o", str(out)]
    command = [sys.executable, "-m", "spineline", "analyze", *options, "--", str(path)]
    return subprocess.run(command, check=False, timeout=LIMIT_S - 5).returncode


def _with_model(path: Path, out: Path) -> int:
    """Analyse some frames of a real clip with that pose model."""
    part = ["--time-range", "3", "3.2", "--no-report", "--no-history"]
    return run(["analyze", *part, "--model", str(path), "-o", str(out), "--", str(CLIP)])


def _import(path: Path, out: Path) -> None:
    with open_history(out / "history.db") as store:
        try:
            import_history(store, path)
        finally:
            store.read()


def _open_database(path: Path, out: Path) -> None:
    shutil.copy(path, out / "history.db")
    with open_history(out / "history.db") as store:
        store.lifters()
        for number, record in store.sets():
            store.get(number)
            store.add_set(record)
        store.read()


def _by_name(path: Path, out: Path) -> None:
    """Give a path to the reader that its name calls for."""
    _BY_NAME[path.name](path, out)


_BY_NAME: Final[dict[str, Callable[[Path, Path], object]]] = {
    seeds.TRACK: lambda path, _: load_track(path),
    seeds.CONFIG: lambda path, _: read_config(path),
    seeds.PROFILE_FILE: lambda path, _: read_profile(path),
    **dict.fromkeys(seeds.HISTORIES, _import),
    seeds.MODEL: lambda path, _: resolve_model(str(path)),
    seeds.RESULT: lambda path, _: read_set(result_at(path)),
    "clip.mp4": _watch,
}


# Make


def _video(chance: random.Random, folder: Path, work: Path) -> Path:
    names = [*seeds.VIDEOS]
    name = chance.choice(names)
    data, suffix = (folder / name).read_bytes(), Path(name).suffix
    for _ in range(chance.choice((1, 1, 2, 3))):
        way = chance.choice((*damage.BLIND, *damage.BY_SUFFIX[suffix] * 3, None))
        data = way(chance, data) if way else damage.splice(chance, data, (folder / chance.choice(names)).read_bytes())
        data = data or b"\0"
    return _written(work / f"clip{chance.choice((suffix, suffix, suffix, '.mp4', ''))}", data)


def _spoilt(names: tuple[str, ...], ways: tuple[damage.Damage, ...]) -> Make:
    def make(chance: random.Random, folder: Path, work: Path) -> Path:
        name = chance.choice(names)
        return _written(work / name, chance.choice(ways)(chance, (folder / name).read_bytes()))

    return make


def _track(chance: random.Random, folder: Path, work: Path) -> Path:
    if chance.random() < 0.35:
        data = (folder / seeds.TRACK).read_bytes()
        ways = (*damage.BLIND, *damage.BY_SUFFIX[".npz"] * 6)
        return _written(work / seeds.TRACK, chance.choice(ways)(chance, data))
    return write_spoilt(chance, folder / seeds.TRACK, work / seeds.TRACK, work)


def _result(chance: random.Random, folder: Path, work: Path) -> Path:
    target = work / seeds.RESULT
    shutil.copytree(folder / seeds.RESULT, target)
    path = target / chance.choice(("analysis.json", "frames.csv"))
    _written(path, chance.choice(damage.TEXTUAL)(chance, path.read_bytes()))
    return target


def _recording(chance: random.Random, folder: Path, work: Path) -> Path:
    """Make a folder as `spineline live` keeps a set, one or two of its files spoilt."""
    target = work / "set"
    target.mkdir()
    names = {
        seeds.TRACK: seeds.TRACK,
        seeds.CONFIG: seeds.CONFIG,
        "video.mp4": "h264.mp4",
        "profile.toml": "profile.toml",
    }
    for name, seed in names.items():
        shutil.copy(folder / seed, target / name)
    config = (target / seeds.CONFIG).read_text(encoding="utf-8")
    (target / seeds.CONFIG).write_text(config.replace("[analyze]", '[analyze]\nprofile = "anna"'), encoding="utf-8")
    for name in chance.sample([*names], chance.choice((1, 1, 2))):
        if name == seeds.TRACK:
            write_spoilt(chance, folder / seeds.TRACK, target / name, work)
        else:
            ways = damage.TEXTUAL if name.endswith(".toml") else (*damage.BLIND, *damage.BY_SUFFIX[".mp4"])
            _written(target / name, chance.choice(ways)(chance, (target / name).read_bytes()))
    return target


def _model(chance: random.Random, folder: Path, work: Path) -> Path:
    data = (folder / seeds.MODEL).read_bytes()
    if chance.random() < 0.6:
        ways = (*damage.BLIND, *damage.BY_SUFFIX[".task"] * 6)
        return _written(work / "pose.task", chance.choice(ways)(chance, data))
    path = work / "pose.task"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (DETECTOR_MEMBER, LANDMARKS_MEMBER):
            content = chance.choice((b"", bytes(1000), data, b"TFL3" * 100))
            archive.writestr(chance.choice((name, name, f"../{name}", name.upper())), content)
        if chance.random() < 0.3:
            archive.writestr("bomb", bytes(100_000_000), zipfile.ZIP_DEFLATED)
    return path


def _bundle(chance: random.Random, _folder: Path, work: Path) -> Path:
    """Damage one of the two networks of the real pose model."""
    with zipfile.ZipFile(resolve_model("full")) as archive:
        networks = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice([*networks])
    networks[name] = chance.choice(damage.BLIND)(chance, networks[name])
    return _written(work / seeds.MODEL, stored_zip(networks))


_NAMES: Final = (
    *(
        "--help",
        "-o",
        "-",
        "--",
        "http:",
        "rtsp:",
        "file:",
        "pipe:0",
        "concat:a|b",
        "data:,x",
        "img_%03d",
        "*",
        "[a-z]",
    ),
    *("a b", "new\nline", "tab\t", "\x1b[31mred", "\N{RIGHT-TO-LEFT OVERRIDE}gpj", "e\N{COMBINING ACUTE ACCENT}" * 30),
    *("\U0001f3cb" * 40, "x" * 240, "x" * 300, ".", "..", " ", "nul", "a'b\"c", "$(touch x)", "%s%n", "\udcff\udcfe"),
)


def _special(chance: random.Random, _folder: Path, work: Path) -> Path:
    """Put something that is no plain file where one is expected."""
    path = work / chance.choice([*_BY_NAME])
    kinds = ["folder", "loop", "nowhere", "device", "endless", "pipe", "socket", "itself"]
    kind = chance.choice(kinds if hasattr(os, "mkfifo") else kinds[:3])
    match kind:
        case "folder":
            path.mkdir()
        case "loop":
            other = work / "other"
            other.symlink_to(path)
            path.symlink_to(other)
        case "nowhere":
            path.symlink_to(work / "nowhere")
        case "device":
            path.symlink_to("/dev/null")
        case "endless":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "socket":
            here = Path.cwd()
            os.chdir(work)  # their names must be short
            with socket.socket(socket.AF_UNIX) as door:
                door.bind(path.name)
            os.chdir(here)
        case "itself":
            path.symlink_to(path.name)
    if path.name == seeds.RESULT and chance.random() < 0.7 and not path.is_symlink() and path.is_dir():
        os.mkfifo(path / "analysis.json") if hasattr(os, "mkfifo") else (path / "analysis.json").mkdir()
    return path


def _named(chance: random.Random, folder: Path, work: Path) -> Path:
    """Give a whole file an odd name."""
    seed = folder / chance.choice((*seeds.VIDEOS, seeds.TRACK))
    path = work / f"{chance.choice(_NAMES)}{chance.choice((seed.suffix, seed.suffix, ''))}"
    with contextlib.suppress(OSError):  # the system has no such names: then it is not there
        shutil.copy(seed, path)
    return path


def _text(chance: random.Random, folder: Path, work: Path) -> Path:
    """Give one reader the file of another, or a payload."""
    files = [name for name in _BY_NAME if name != seeds.RESULT]
    path = work / chance.choice(files)
    other = folder / chance.choice((*seeds.VIDEOS, *files[:-1], seeds.DATABASE))
    return _written(path, chance.choice((other.read_bytes(), pickle.dumps(Payload(work)), b"", b"\0" * 5000, b"{" * 9)))


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


FAMILIES: Final[dict[str, Family]] = {
    "video": Family(_video, _watch, 60, 1000),
    "track": Family(_track, _analyze, 20, 250),
    "config": Family(_spoilt((seeds.CONFIG,), damage.TEXTUAL), _by_name, 15, 150),
    "profile": Family(_spoilt((seeds.PROFILE_FILE,), damage.TEXTUAL), _by_name, 15, 100),
    "history": Family(_spoilt(seeds.HISTORIES, damage.TEXTUAL), _import, 15, 200),
    "database": Family(_spoilt((seeds.DATABASE,), damage.BLIND), _open_database, 15, 200),
    "result": Family(_result, _by_name, 15, 150),
    "model": Family(_model, _by_name, 10, 60),
    "recording": Family(_recording, _analyze, 10, 100),
    "special": Family(_special, _by_name, 25, 100),
    "text": Family(_text, _by_name, 10, 60),
    "named": Family(_named, _analyze, 2, 80),
    "program": Family(_video, _program, 1, 40),
    "bundle": Family(_bundle, _with_model, 1, 20),
}
if sys.platform == "win32":
    del FAMILIES["special"]
