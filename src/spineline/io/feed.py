"""The newest picture of a camera, a stream or a video, taken in a thread of its own while the last is worked on.

    with Feed("0") as feed:
        while ...:
            item = feed.next(0.5)   # a Shot, an Event, or None after half a second without either

The newest wins: a picture that is taken before the last was read takes its place, and `Feed.dropped` counts it. Events
are never lost, and keep their place between the pictures. With ``pace=False`` a video waits for its reader instead.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from spineline.core.settings import CameraSettings
from spineline.io.camera import (
    Camera,
    Opener,
    camera_error,
    is_camera,
    is_stream,
    open_camera,
    open_capture,
    shown_source,
)
from spineline.io.container import inspect_file
from spineline.io.shots import Event, Items, Shot, from_camera, from_file, lost
from spineline.io.video import probe

MAX_SIDE_PX: Final = 1280
"""Long side of the pictures handed out, at most: as large as recorded ones are looked through."""


def check_source(source: str) -> None:
    """Refuse a file that can be no video, before anything is loaded for it; whether a camera is there shows later.

    Raises
    ------
    InputError
        It is one.
    """
    if not (is_stream(source) or is_camera(source)):
        inspect_file(Path(source))


class Feed:
    """A camera, a stream or a video, as long as the ``with`` block lasts.

    Parameters
    ----------
    source : str
        Index of a camera ("0"), path of a device, address of a stream, or path of a video.
    settings : CameraSettings
    pace : bool
        Play a video in real time; if not, hand out every picture of it, as fast as they are read.
    clock : callable
        Seconds, rising. The one of highest resolution: the other, `time.monotonic`, goes by 15 ms on Windows and is
        the same elsewhere.
    pause : callable, optional
        Waits some seconds, and returns True at once if the feed is being closed.
    opener : callable
        In place of `spineline.io.camera.open_capture`.
    max_side_px : int
        Larger pictures are shrunk to this long side.

    Attributes
    ----------
    dropped : int
        Pictures taken but never read.
    live : bool
        Whether it is a camera or a stream.
    """

    def __init__(
        self,
        source: str,
        *,
        settings: CameraSettings | None = None,
        pace: bool = True,
        clock: Callable[[], float] = time.perf_counter,
        pause: Callable[[float], bool] | None = None,
        opener: Opener = open_capture,
        max_side_px: int = MAX_SIDE_PX,
    ) -> None:
        self.name = shown_source(source)
        self.live = is_stream(source) or is_camera(source)
        self.clock = clock
        self.dropped = 0
        self._source, self._opener, self._max_side_px = source, opener, max_side_px
        self._settings = settings or CameraSettings()
        self._pace = pace or self.live
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._changed = threading.Condition()
        self._row: deque[Shot | Event] = deque()  # one picture at most
        self._error: BaseException | None = None
        self._over = True
        self._breath_s = 0.0  # when the thread last came by
        self._gone = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Open the source.

        Raises
        ------
        CameraError
            The camera or stream cannot be opened or gives no picture.
        InputError
            The file cannot be read or is no video.
        """
        # In the caller's thread, because macOS asks for permission in the main thread alone.
        items = self._camera_items() if self.live else self._file_items()
        self._over, self._breath_s = False, self.clock()
        self._thread = threading.Thread(target=self._run, args=(items,), name="spineline-feed", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the thread and let go of the source; a camera may keep it for as long as it waits for a picture."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread:
            self._thread.join()

    def next(self, timeout_s: float) -> Shot | Event | None:
        """Return the newest unread picture, or an event that came before it.

        Parameters
        ----------
        timeout_s
            How long to wait for one. On Windows Ctrl-C is heard only after it.

        Returns
        -------
        None if nothing came in time, or if all is over.

        Raises
        ------
        InputError
            The video is damaged from here on.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._row or self._over, timeout_s)
            if self._row:
                item = self._row.popleft()
                self._changed.notify_all()
                return item
            if self._error:
                error, self._error = self._error, None
                raise error
            stuck = self.live and not (self._over or self._gone)
            if stuck and self.clock() - self._breath_s > self._settings.lost_s:
                self._gone = True
                return lost(self.name)
            return None

    def _camera_items(self) -> Items:
        camera = self._open()
        if camera is None:
            raise camera_error(self._source)
        return from_camera(
            camera,
            self._open,
            settings=self._settings,
            clock=self.clock,
            pause=self._pause,
            max_side_px=self._max_side_px,
        )

    def _open(self) -> Camera | None:
        return open_camera(
            self._source, settings=self._settings, clock=self.clock, pause=self._pause, opener=self._opener
        )

    def _file_items(self) -> Items:
        return from_file(
            probe(Path(self._source)),
            pace=self._pace,
            clock=self.clock,
            pause=self._pause,
            max_side_px=self._max_side_px,
        )

    def _run(self, items: Items) -> None:
        try:
            for item in items:
                with self._changed:
                    self._breath_s = self.clock()
                    if item is not None:
                        self._put(item)
                if self._stopping.is_set():
                    break
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the reader
            self._error = error
        finally:
            items.close()
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def _put(self, item: Shot | Event) -> None:
        """Put an item in the row, in place of a picture that is still in it."""
        if self._gone and not (isinstance(item, Event) and item.kind == "back"):
            if isinstance(item, Event) and item.kind == "lost":
                return  # the reader has found out by itself
            if isinstance(item, Shot):
                self._row.append(Event("back", f"{self.name}: here again; the set goes on"))
                self._gone = False
        if isinstance(item, Event) and item.kind in ("lost", "back"):
            self._gone = item.kind == "lost"
        if isinstance(item, Shot):
            self._make_room()
        self._row.append(item)
        self._changed.notify_all()

    def _make_room(self) -> None:
        if not self._pace:
            self._changed.wait_for(lambda: self._stopping.is_set() or not self._row)
            return
        for item in list(self._row):
            if isinstance(item, Shot):
                self._row.remove(item)
                self.dropped += 1
