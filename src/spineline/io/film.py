"""The video of a live set, written beside the measuring: no frame waits for the disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from spineline.core.picture import Image
from spineline.errors import SpinelineError
from spineline.io.encode import write_h264
from spineline.io.whole_file import cannot_be_written

_WAITING: Final = 90
"""Frames that may wait for the encoder: three seconds, some 250 MB of 1280 x 720."""


class Film:
    """Writes frames with their times, in a thread of its own, whole once it is closed.

    Attributes
    ----------
    start_s : float or None
        Time of the first frame, which the video has at 0.
    lost : int
        Frames that the encoder was too slow for.
    trouble : str or None
        Why nothing more is written.
    """

    def __init__(self, path: Path) -> None:
        self.start_s: float | None = None
        self.lost = 0
        self.trouble: str | None = None
        self._frames: queue.Queue[tuple[float, Image] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._write, args=(path,), name="spineline-film", daemon=True)
        self._thread.start()

    @property
    def remark(self) -> str | None:
        """What is to be said of the video: that there is none, or that pictures are missing in it."""
        if self.trouble is None and self.lost:
            return f"{self.lost} pictures are not in the video, because writing it took too long"
        return self.trouble

    def add(self, time_s: float, image: Image) -> None:
        """Give a frame, RGB ``(H, W, 3)``, that nobody changes any more; times rise."""
        if self.trouble is None:
            if self.start_s is None:
                self.start_s = time_s
            try:
                self._frames.put_nowait((time_s, image))
            except queue.Full:
                self.lost += 1

    def close(self) -> None:
        """Wait until everything is written."""
        while self._thread.is_alive():
            try:
                self._frames.put(None, timeout=0.1)
                break
            except queue.Full:
                continue
        self._thread.join()

    def _write(self, path: Path) -> None:
        try:
            write_h264(self._given(), path)
        except SpinelineError as error:
            if self.start_s is not None:  # without a frame there is nothing to be written
                self.trouble = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the set goes on without its video
            self.trouble = str(cannot_be_written(path, error))

    def _given(self) -> Iterator[tuple[float, Image]]:
        while (frame := self._frames.get()) is not None:
            yield frame
