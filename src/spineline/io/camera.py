"""Cameras and streams in: opened, asked for a sensible picture, read upright in RGB.

The only module that opens cameras with OpenCV. `Camera` is one that has given a picture; `camera_error` says in one
line why there is none, and `list_cameras` which there are. `spineline.io.shots` gives pictures their times.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np

from spineline.core.picture import Image
from spineline.core.settings import CameraSettings
from spineline.errors import CameraError
from spineline.io.container import printable_name
from spineline.io.decoder import MAX_FRAME_SIDE_PX, silence_decoder
from spineline.io.native_log import native_log_hidden

ASKED_SIZE_PX: Final = (1280, 720)
"""What a camera is asked for; what comes is taken."""

_ASKED_RATE_HZ: Final = 30.0
_MOST_CAMERAS: Final = 10
_MISSES: Final = 2  # indices in a row without a camera, after which no more are tried
_POLL_S: Final = 0.02
_MAX_RATE_HZ: Final = 1000.0
_MAX_FRAMES: Final = 1e9
_STREAM: Final = re.compile(r"(rtsp|rtmp|https?|udp|tcp)://", re.IGNORECASE)
_SYSFS: Final = Path("/sys/class/video4linux")

# On Windows DirectShow first: Media Foundation takes up to tens of seconds to open (opencv #17687), fewer if it leaves
# hardware transforms alone, which it is told to below. Some cameras are known to the latter only.
_BACKENDS: Final = {"linux": (cv2.CAP_V4L2,), "darwin": (cv2.CAP_AVFOUNDATION,), "win32": (cv2.CAP_DSHOW, cv2.CAP_MSMF)}


class Capture(Protocol):
    """What is used of a ``cv2.VideoCapture``."""

    def isOpened(self) -> bool: ...  # noqa: D102, N802 - OpenCV's name
    def set(self, prop: int, value: float, /) -> bool: ...  # noqa: D102
    def get(self, prop: int, /) -> float: ...  # noqa: D102
    def grab(self) -> bool: ...  # noqa: D102
    def retrieve(self) -> tuple[bool, Any]: ...  # noqa: D102
    def release(self) -> None: ...  # noqa: D102


Opener = Callable[[int | str, int, Sequence[int]], Capture]
"""Opens a camera index, device path or address with one of OpenCV's back-ends and parameters for it."""


def open_capture(target: int | str, backend: int, parameters: Sequence[int], /) -> Capture:
    """Open with OpenCV."""
    return cv2.VideoCapture(target, backend, parameters)


def is_stream(source: str) -> bool:
    """Tell whether a source is the address of a stream."""
    return bool(_STREAM.match(source))


def is_camera(source: str) -> bool:
    """Tell whether a source is a camera: an index, or the path of a device."""
    if source.isascii() and source.isdecimal():
        return True
    try:
        return source.startswith("/dev/video") or stat.S_ISCHR(Path(source).stat().st_mode)
    except (OSError, ValueError):
        return False


def shown_source(source: str) -> str:
    """Name a source in messages; of an address only what holds no password."""
    if is_stream(source):
        scheme, _, rest = source.partition("://")
        return f"{scheme}://{re.split('[/?#]', rest.rpartition('@')[2])[0]}"
    return f"camera {source}" if source.isdecimal() else printable_name(Path(source))


class Camera:
    """An open camera or stream.

    Attributes
    ----------
    size_px : tuple of int
        Width and height, as announced.
    rate_hz : float or None
        As announced; None where it is not, or is absurd.
    """

    def __init__(self, source: str, capture: Capture) -> None:
        self.name = shown_source(source)
        self._capture = capture
        self.size_px = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        rate_hz = capture.get(cv2.CAP_PROP_FPS)
        self.rate_hz = rate_hz if 0 < rate_hz <= _MAX_RATE_HZ else None

    def grab(self) -> bool:
        """Wait for the next picture; False if none came."""
        try:
            return bool(self._capture.grab())
        except Exception:  # noqa: BLE001 - whatever a driver throws, no picture came
            return False

    def picture(self) -> Image | None:
        """Return the picture grabbed, RGB ``(H, W, 3)``, the caller's own; None if it is no picture."""
        try:
            ok, image = self._capture.retrieve()
            return _rgb(image) if ok else None
        except Exception:  # noqa: BLE001 - as above
            return None

    def close(self) -> None:
        """Let go of the device."""
        self._capture.release()


def _rgb(image: Any) -> Image | None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.size == 0:
        return None
    channels = image.shape[2] if image.ndim == 3 else 1 if image.ndim == 2 else 0
    turn = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}.get(channels)
    if turn is None or max(image.shape[:2]) > MAX_FRAME_SIDE_PX:
        return None
    return np.asarray(cv2.cvtColor(image, turn), np.uint8)


def open_camera(
    source: str,
    *,
    settings: CameraSettings,
    clock: Callable[[], float],
    pause: Callable[[float], bool],
    opener: Opener = open_capture,
) -> Camera | None:
    """Open a camera or stream and wait for its first picture.

    Parameters
    ----------
    source
        A camera index, the path of a device, or the address of a stream.
    settings
    clock, pause
        Seconds, rising; and a wait of some seconds that returns True if all is to end.
    opener
        In place of `open_capture`.

    Returns
    -------
    None if it cannot be opened or gives no picture; `camera_error` says why.

    Raises
    ------
    CameraError
        The address is that of a recording, whose pictures would come as fast as the line and not at their times.
    """
    for capture in _captures(source, settings, opener):
        camera = Camera(source, capture)
        if _is_recording(source, capture):
            camera.close()
            raise CameraError(f"{camera.name}: is a recording, expected a live stream; download it and name the file")
        deadline_s = clock() + settings.opening_s
        while clock() < deadline_s:
            if camera.grab() and camera.picture() is not None:
                return camera
            if pause(_POLL_S):
                break
        camera.close()
    return None


def _is_recording(source: str, capture: Capture) -> bool:
    return source.lower().startswith("http") and 0 < capture.get(cv2.CAP_PROP_FRAME_COUNT) < _MAX_FRAMES


def _captures(source: str, settings: CameraSettings, opener: Opener) -> Iterator[Capture]:
    """Yield what opens, asked for what is wanted of it."""
    silence_decoder()
    os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(max(1, round(settings.lost_s))))
    # `spineline.io.pose` closes the proxies of this process, which is not meant for a stream that the user names.
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_flags;prefer_tcp|http_proxy;none")
    if is_stream(source):
        waits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, settings.opening_s), (cv2.CAP_PROP_READ_TIMEOUT_MSEC, settings.lost_s)
        params = [number for name, wait_s in waits for number in (name, round(1000 * wait_s))]
        ways: list[tuple[int | str, int, list[int]]] = [(source, cv2.CAP_FFMPEG, params)]
    else:
        target = int(source) if source.isdecimal() else source
        ways = [(target, backend, []) for backend in _BACKENDS.get(sys.platform, (cv2.CAP_ANY,))]
    for way in ways:
        capture = opener(*way)
        if not capture.isOpened():
            capture.release()
            continue
        if not is_stream(source):
            _ask(capture)
        yield capture


def _ask(capture: Capture) -> None:
    """Ask for what the measurement needs. MJPG, because USB 2 carries 10 raw pictures of this size a second."""
    width_px, height_px = ASKED_SIZE_PX
    for prop, value in (
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, width_px),
        (cv2.CAP_PROP_FRAME_HEIGHT, height_px),
        (cv2.CAP_PROP_FPS, _ASKED_RATE_HZ),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ):
        capture.set(prop, value)


@dataclass(frozen=True)
class CameraInfo:
    """One camera of this machine; size and rate are None where it could not be opened, the name where it has none."""

    index: int
    name: str | None
    size_px: tuple[int, int] | None = None
    rate_hz: float | None = None

    def __str__(self) -> str:
        return f"{self.index} ({self.name})" if self.name else f"{self.index}"


def list_cameras(*, opener: Opener = open_capture, system: str = sys.platform) -> list[CameraInfo]:
    """Return the cameras of this machine with what they give when asked as `open_camera` asks."""
    with native_log_hidden():
        if system == "linux":
            return [_looked_at(info, opener) or info for info in system_cameras()]
        found: list[CameraInfo] = []
        misses = 0
        for index in range(_MOST_CAMERAS):
            info = _looked_at(CameraInfo(index, None), opener)
            misses = 0 if info else misses + 1
            found += [info] if info else []
            if misses == _MISSES:
                break
    return found


def system_cameras(folder: Path = _SYSFS) -> list[CameraInfo]:
    """Return the cameras that Linux knows, without opening one; nothing on other systems.

    A camera may have further devices, such as one of metadata; the first alone gives pictures.
    """
    found = []
    for entry in folder.glob("video*"):
        number = entry.name.removeprefix("video")
        if number.isdecimal() and _line(entry / "index") in ("", "0"):
            found.append(CameraInfo(int(number), _line(entry / "name") or None))
    return sorted(found, key=lambda info: info.index)


def _line(path: Path) -> str:
    try:
        return " ".join(path.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return ""


def _looked_at(info: CameraInfo, opener: Opener) -> CameraInfo | None:
    """Open a camera for a moment to see what it gives; None if it does not open."""
    for capture in _captures(str(info.index), CameraSettings(), opener):
        camera = Camera(str(info.index), capture)
        camera.close()
        return CameraInfo(info.index, info.name, camera.size_px, camera.rate_hz)
    return None


def camera_error(source: str, *, system: str = sys.platform, folder: Path = _SYSFS) -> CameraError:
    """Return why a source that `open_camera` refused gives no picture, as far as can be told, and what to do."""
    name = shown_source(source)
    if is_stream(source):
        return CameraError(f"{name}: gives no picture; see that the camera is on, its address whole, the network up")
    if system == "linux":
        return CameraError(f"{name}: {_linux_reason(source, folder)}")
    if system == "darwin":
        hint = "under System Settings > Privacy & Security > Camera allow this terminal, then start it anew"
    elif system == "win32":
        hint = "under Settings > Privacy > Camera let desktop apps use the camera"
    else:
        hint = "see that it is plugged in"
    return CameraError(
        f"{name}: gives no picture; see that its number is right (spineline doctor lists the cameras), close other "
        f"programs that use it, and {hint}"
    )


def _linux_reason(source: str, folder: Path) -> str:
    device = Path(f"/dev/video{source}" if source.isdecimal() else source)
    if not device.exists():
        others = ", ".join(map(str, system_cameras(folder)))
        if others:
            return f"there is none such; cameras here: {others}"
        return "no camera found; plug one in, or give --source a video file or the address of a stream"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"you may not use {device}; join the group that may: sudo usermod -aG video $USER, then log in anew"
    return "opens, but gives no picture; close other programs that use it, or plug it into another port"
