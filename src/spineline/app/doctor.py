"""Whether this machine can measure lifts: what is here, what is not, and how to mend it. Nothing is fetched."""

import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from spineline import __version__
from spineline.errors import SpinelineError
from spineline.io.models import CACHE_VARIABLE, ModelInfo, cache_folder, list_models

if TYPE_CHECKING:
    from rich.table import Table

State = Literal["ok", "warning", "wrong"]

_PACKAGES: Final = ("mediapipe", "opencv-contrib-python", "numpy", "scipy", "av", "sounddevice")
_RIVALS: Final = ("opencv-python", "opencv-python-headless", "opencv-contrib-python-headless")
_DEFAULT_MODEL: Final = "full"
_SLOW_HZ: Final = 10.0  # a value held for 0.2 s is then seen twice
_LITTLE_BYTES: Final = 1e9  # some ten minutes of video as `live --record` keeps it
_NOTHING_BYTES: Final = 5e7
_PICTURES: Final = 12
_OTHER_CACHE: Final = f"name another folder in {CACHE_VARIABLE}"

_STYLES: Final = {"ok": "green", "warning": "yellow", "wrong": "bold red"}


@dataclass(frozen=True)
class Check:
    """One thing looked at: what was found, and what to do about it where that is not as it should be."""

    name: str
    state: State
    found: str
    mend: str = ""


def look() -> Iterator[Check]:
    """Look at everything, one after the other."""
    for name, check in _CHECKS:
        try:
            yield from check(name)
        except ImportError as error:
            yield Check(name, "wrong", _one_line(error), "install spineline anew; a bare Linux lacks libgl1 libegl1")
        except (SpinelineError, OSError) as error:
            yield _failed(name, "wrong", error)


def is_well(checks: Sequence[Check]) -> bool:
    """Tell whether recorded and live lifts can be measured."""
    return all(check.state != "wrong" for check in checks)


def checks_text(checks: Sequence[Check]) -> str:
    """Return the checks as JSON."""
    return json.dumps({"well": is_well(checks), "checks": [asdict(check) for check in checks]}, indent=2) + "\n"


def checks_table(checks: Sequence[Check]) -> "Table":
    """Return the checks as a table for people."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("Looked at", no_wrap=True)
    table.add_column("Found", overflow="fold")
    table.add_column("To mend it", overflow="fold")
    for check in checks:
        table.add_row(Text(check.state, style=_STYLES[check.state]), check.name, Text(check.found), Text(check.mend))
    return table


def _failed(name: str, state: State, error: Exception) -> Check:
    found, _, mend = _one_line(error).partition("; ")
    return Check(name, state, found, mend)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _versions(name: str) -> Iterator[Check]:
    versions = {"spineline": __version__, "Python": platform.python_version()}
    missing = []
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    found = ", ".join(f"{package} {version}" for package, version in versions.items())
    if missing:
        yield Check(name, "wrong", f"{found}; missing: {', '.join(missing)}", "install spineline anew")
        return
    yield Check(name, "ok", found)
    rivals = [package for package in _RIVALS if _is_installed(package)]
    if rivals:
        mend = f"python -m pip uninstall {' '.join(rivals)}, then --force-reinstall opencv-contrib-python"
        yield Check(name, "warning", f"{', '.join(rivals)} lies in the same folder as opencv-contrib-python", mend)


def _is_installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _pose_model(name: str) -> Iterator[Check]:
    infos = {info.name: info for info in list_models()}
    here = [info.name for info in infos.values() if info.present]
    wanted = infos[_DEFAULT_MODEL]
    mend = f"spineline models fetch {_DEFAULT_MODEL}"
    if wanted.present:
        yield Check(name, "ok", f"{', '.join(here)} here and whole")
    elif here:
        yield Check(name, "warning", f"{', '.join(here)} here and whole; {_state_of(wanted)}", mend)
    else:
        yield Check(name, "wrong", _state_of(wanted), mend)


def _state_of(info: ModelInfo) -> str:
    return f"{info.name} is damaged" if info.path.exists() else f"{info.name} is not here yet"


def _spine_model(name: str) -> Iterator[Check]:
    from spineline.io.spine_net import SpineNet

    yield Check(name, "ok", f"{SpineNet().sha256[:8]} is here and runs")


def _speed(name: str) -> Iterator[Check]:
    from spineline.io.camera import ASKED_SIZE_PX
    from spineline.io.pose_speed import pose_rate_hz
    from spineline.io.spine_net import SpineNet

    here = {info.name: info for info in list_models() if info.present}
    info = here.get(_DEFAULT_MODEL) or next(iter(here.values()), None)
    if info is None:
        yield Check(name, "warning", "not measured without a pose model")
        return
    rate_hz = pose_rate_hz(info.path, SpineNet())
    found = f"{rate_hz:.0f} pictures a second of {ASKED_SIZE_PX[0]} x {ASKED_SIZE_PX[1]} with {info.name}"
    if rate_hz < _SLOW_HZ:
        yield Check(name, "warning", found, "close other programs; use --model lite with live")
    else:
        yield Check(name, "ok", found)


def _codecs(name: str) -> Iterator[Check]:
    import numpy as np

    from spineline.io.encode import write_h264
    from spineline.io.video import read_frames

    pictures = ((number / 30, np.full((64, 96, 3), 20 * number, np.uint8)) for number in range(_PICTURES))
    with tempfile.TemporaryDirectory(prefix="spineline-") as folder:
        path = Path(folder) / "probe.mp4"
        write_h264(pictures, path)
        with read_frames(path) as frames:
            greys = [float(frame.image.mean()) for frame in frames]
    if len(greys) != _PICTURES or any(abs(grey - 20 * number) > 5 for number, grey in enumerate(greys)):
        found = f"of {_PICTURES} pictures written {len(greys)} were read, or not as they were"
        yield Check(name, "wrong", found, "install av and opencv-contrib-python anew")
        return
    yield Check(name, "ok", "H.264 is written and read")


def _cameras(name: str) -> Iterator[Check]:
    from spineline.io.camera import camera_error, list_cameras

    cameras = list_cameras()
    if not cameras:
        yield Check(name, "warning", "none found", "plug one in for live; recorded lifts need none")
    for camera in cameras:
        if camera.size_px is None:
            yield _failed(name, "warning", camera_error(str(camera.index)))
        else:
            rate = f", {camera.rate_hz:.3g} pictures a second" if camera.rate_hz else ""
            yield Check(name, "ok", f"{camera}: {camera.size_px[0]} x {camera.size_px[1]}{rate}")


def _sound(name: str) -> Iterator[Check]:
    from spineline.io.sound import DevicePlayer
    from spineline.io.speech import Voice

    tries: tuple[Callable[[], str], ...] = (
        lambda: f"tones at {DevicePlayer().rate_hz:.0f} Hz",
        lambda: f"words by {Voice().name}",
    )
    for attempt in tries:
        try:
            yield Check(name, "ok", attempt())
        except SpinelineError as error:
            yield _failed(name, "warning", error)


def _screen(name: str) -> Iterator[Check]:
    if sys.platform in ("win32", "darwin"):
        yield Check(name, "ok", "the system's own")
        return
    named = [f"{key}={os.environ[key]}" for key in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(key)]
    if named:
        yield Check(name, "ok", ", ".join(named))
    else:
        yield Check(name, "warning", "none: neither DISPLAY nor WAYLAND_DISPLAY is set", "use live with --no-window")


def _room(name: str) -> Iterator[Check]:
    for what, folder in (("results, here", Path.cwd()), ("models", cache_folder())):
        there = next(path for path in (folder, *folder.parents) if path.is_dir())
        free_bytes = shutil.disk_usage(there).free
        found = f"{free_bytes / 1e9:.1f} GB free for {what}: {folder}"
        if not os.access(there, os.W_OK):
            mend = "change to another folder, or name one with -o" if folder == Path.cwd() else _OTHER_CACHE
            yield Check(name, "warning", f"{folder} cannot be written to", mend)
        elif free_bytes < _LITTLE_BYTES:
            yield Check(name, "warning" if free_bytes >= _NOTHING_BYTES else "wrong", found, "make room")
        else:
            yield Check(name, "ok", found)


_CHECKS: Final[tuple[tuple[str, Callable[[str], Iterator[Check]]], ...]] = (
    ("versions", _versions),
    ("pose model", _pose_model),
    ("spine model", _spine_model),
    ("speed", _speed),
    ("video", _codecs),
    ("cameras", _cameras),
    ("sound", _sound),
    ("screen", _screen),
    ("disk", _room),
)
