"""What a camera or a file gives, one after the other: pictures at their times, and what there is to say of them.

`from_camera` watches for a camera that vanishes, goes black or freezes, and opens it again; `from_file` plays a video.
Both are generators without threads: `spineline.io.feed` runs them in one. A None between two items is a breath, at
which the run may be ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np

from spineline.core.picture import Image, is_black, is_frozen, repeated
from spineline.core.settings import CameraSettings
from spineline.io.camera import Camera
from spineline.io.container import printable_name
from spineline.io.scaling import shrink
from spineline.io.video import VideoInfo, read_frames

Kind = Literal["opened", "lost", "back", "black", "frozen", "ended"]

_POLL_S: Final = 0.02


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture of a feed.

    Attributes
    ----------
    image : ndarray of uint8, shape (H, W, 3)
        RGB, upright, of one size throughout a feed; belongs to the reader.
    time_s : float
        Rising. Of cameras and streams: when it was grabbed, since the opening. Of files: its presentation time.
    grabbed_s : float
        The clock of the feed at the grab; of files when it was due.
    index : int
        Place among the pictures taken, unread ones included.
    scale : float
        Pixels of `image` per pixel of the full-size picture, at most 1.
    """

    image: Image
    time_s: float
    grabbed_s: float
    index: int
    scale: float = 1.0


@dataclass(frozen=True)
class Event:
    """Something to say of the source: its kind, and one line for the lifter."""

    kind: Kind
    words: str

    @property
    def trouble(self) -> str:
        """What is wrong from now on: the words, or nothing where it is news only."""
        return self.words if self.kind in ("lost", "black", "frozen") else ""


Items = Generator[Shot | Event | None]


def from_camera(
    camera: Camera,
    reopen: Callable[[], Camera | None],
    *,
    settings: CameraSettings,
    clock: Callable[[], float],
    pause: Callable[[float], bool],
    max_side_px: int,
) -> Items:
    """Watch an open camera until the generator is closed, and let go of it then.

    A picture that is the last one over again, to the bit, is no new measurement and is left out, as is any while the
    camera is frozen. All pictures have the size of the first: others are fitted into it with black bars.

    Parameters
    ----------
    camera
    reopen
        Opens it again after a loss; None if that failed.
    settings
    clock, pause
        As of `spineline.io.camera.open_camera`.
    max_side_px
        Larger pictures are shrunk to this long side.
    """
    watch = _Watch(camera, reopen, settings, clock, pause, max_side_px)
    try:
        yield Event("opened", _opened(camera.name, camera.size_px, camera.rate_hz))
        while True:
            yield from watch.step()
    finally:
        watch.camera.close()


def _opened(name: str, size_px: tuple[int, int], rate_hz: float | None) -> str:
    rate = f", {rate_hz:.3g} pictures a second" if rate_hz else ""
    return f"{name}: {size_px[0]} x {size_px[1]}{rate}"


class _Watch:
    """One camera through all its troubles."""

    def __init__(
        self,
        camera: Camera,
        reopen: Callable[[], Camera | None],
        settings: CameraSettings,
        clock: Callable[[], float],
        pause: Callable[[float], bool],
        max_side_px: int,
    ) -> None:
        self.camera = camera
        self._reopen, self._settings, self._clock, self._pause = reopen, settings, clock, pause
        self._max_side_px = max_side_px
        self._opened_s = self._seen_s = clock()
        self._retry_s = settings.retry_s
        self._lost = False
        self._trouble = _Trouble(camera.name, settings)
        self._first: Image | None = None  # as it came
        self._last: Image | None = None
        self._time_s = -math.inf
        self._index = -1

    def step(self) -> Items:
        """Take one picture, or miss one."""
        grabbed = self.camera.grab()
        now_s = self._clock()
        image = self.camera.picture() if grabbed else None
        if image is not None:
            yield from self._seen(image, now_s)
        elif now_s - self._seen_s < self._settings.lost_s:
            self._pause(_POLL_S)
            yield None
        else:
            yield from self._regain()

    def _seen(self, image: Image, now_s: float) -> Items:
        self._seen_s, self._index, self._retry_s = now_s, self._index + 1, self._settings.retry_s
        if self._lost:
            self._lost = False
            yield Event("back", f"{self.camera.name}: here again; the set goes on")
        last, self._last = self._last, image
        event, idle = self._trouble.judge(image, last, now_s)
        if event:
            yield event
        time_s = now_s - self._opened_s
        if idle or time_s <= self._time_s:
            yield None
            return
        self._time_s = time_s
        yield self._shot(image, now_s)

    def _shot(self, image: Image, now_s: float) -> Shot:
        if self._first is None:
            self._first = image
        shown = shrink(fitted(image, self._first.shape), self._max_side_px)
        if shown is self._last:  # which is kept for the next comparison
            shown = shown.copy()
        scale = shown.shape[1] / self._first.shape[1]
        return Shot(image=shown, time_s=self._time_s, grabbed_s=now_s, index=self._index, scale=scale)

    def _regain(self) -> Items:
        """Say that it is gone, if that is news, and try to open it again."""
        if not self._lost:
            self._lost = True
            yield lost(self.camera.name)
        self.camera.close()
        self._trouble = _Trouble(self.camera.name, self._settings)
        self._last = None
        camera = None
        while camera is None:
            self._pause(self._retry_s)
            yield None
            self._retry_s = min(2 * self._retry_s, self._settings.longest_retry_s)
            camera = self._reopen()
        self.camera, self._seen_s = camera, self._clock()


def lost(name: str) -> Event:
    """Return what is said of a source that gives no more pictures."""
    return Event("lost", f"{name}: no picture any more; see to its plug or network. Measuring goes on once it is back")


class _Trouble:
    """What is wrong with the pictures of one camera: since when they are black or the same, and what was said of it."""

    def __init__(self, name: str, settings: CameraSettings) -> None:
        self._name, self._settings = name, settings
        self._black_since_s = self._frozen_since_s = math.nan
        self._said: Kind | None = None

    def judge(self, image: Image, last: Image | None, now_s: float) -> tuple[Event | None, bool]:
        """Return what there is to say now, if anything, and whether the picture is nothing new."""
        settings = self._settings
        black = is_black(image, below=settings.black_below)
        still = last is not None and is_frozen(image, last, below=settings.frozen_below)
        self._black_since_s = _since(black, self._black_since_s, now_s)
        self._frozen_since_s = _since(still and not black, self._frozen_since_s, now_s)
        state: Kind | None = None
        if now_s - self._black_since_s >= settings.black_s:
            state = "black"
        elif now_s - self._frozen_since_s >= settings.frozen_s:
            state = "frozen"
        elif black or still:
            state = self._said  # not for long enough to change what was said
        event = self._event(state) if state != self._said else None
        self._said = state
        idle = state == "frozen" or (last is not None and still and repeated(image, last))
        return event, idle

    def _event(self, state: Kind | None) -> Event:
        words = {
            "black": "the picture is black; take the cap off, open the shutter, or turn on a light",
            "frozen": "the picture stands still; unplug the camera and plug it in again",
        }
        return Event(state or "back", f"{self._name}: {words.get(state or '', 'a live picture again')}")


def _since(holds: bool, since_s: float, now_s: float) -> float:
    """Return since when something holds, NaN if it does not."""
    return (now_s if math.isnan(since_s) else since_s) if holds else math.nan


def fitted(image: Image, shape: Sequence[int]) -> Image:
    """Scale a picture ``(H, W, 3)``, without distortion, into the middle of one of another shape, the rest black."""
    height, width = shape[:2]
    if image.shape[:2] == (height, width):
        return image
    factor = min(width / image.shape[1], height / image.shape[0])
    size_px = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
    small = cv2.resize(image, size_px, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    whole = np.zeros((height, width, 3), np.uint8)
    top, left = (height - size_px[1]) // 2, (width - size_px[0]) // 2
    whole[top : top + size_px[1], left : left + size_px[0]] = small
    return whole


def from_file(
    info: VideoInfo,
    *,
    pace: bool,
    clock: Callable[[], float],
    pause: Callable[[float], bool],
    max_side_px: int,
) -> Items:
    """Play a video: every picture when it is due, by the clock, or with ``pace=False`` as soon as it is decoded.

    Nothing is left out here: what comes late comes at once.
    """
    name = printable_name(Path(info.path.name))
    rate_hz = info.frames_hint / info.duration_s_hint if info.frames_hint and info.duration_s_hint else None
    yield Event("opened", _opened(name, (info.width_px, info.height_px), rate_hz))
    began_s = math.nan
    with read_frames(info.path, max_side_px=max_side_px) as frames:
        for frame in frames:
            if math.isnan(began_s):
                began_s = clock() - frame.time_s
            while pace and (early_s := began_s + frame.time_s - clock()) > 0:
                pause(early_s)
                yield None
            yield Shot(frame.image, frame.time_s, clock(), frame.index, frame.scale)
    yield Event("ended", f"{name}: the video is over")
