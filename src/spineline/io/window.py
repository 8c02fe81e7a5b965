"""OpenCV: a window that shows pictures and hands out keys."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from types import TracebackType
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

TITLE: Final = "spineline"
_NAMES: Final = {27: "escape", 32: "space", 13: "enter", 10: "enter", 8: "backspace", 127: "backspace"}
_NO_KEY: Final = -1


def no_screen() -> str | None:
    """Say why no window can be opened, which would end the program; None if one probably can."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "no screen found (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    return None


class Window:
    """One window. To be used from the thread that opened it."""

    def __init__(self, title: str = TITLE) -> None:
        self._title = title
        self._shown = self._closed = False

    def __enter__(self) -> Self:
        _leave_events_to_qt()
        cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.open:
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)

    @property
    def open(self) -> bool:
        """False once the user has closed it."""
        if self._shown and not self._closed:
            try:
                self._closed = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1
            except cv2.error:  # Qt has nobody left to ask once its last window is gone
                self._closed = True
        return not self._closed

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Show an RGB picture ``(H, W, 3)``; the first sets the window's size. Once closed, it stays closed."""
        if not self.open:
            return
        if not self._shown:
            cv2.resizeWindow(self._title, picture.shape[1], picture.shape[0])
            self._shown = True
        cv2.imshow(self._title, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))

    def key(self, wait_ms: int) -> str | None:
        """Wait for a key: a character, or escape, space, enter or backspace by name; None without one."""
        code = cv2.waitKeyEx(max(1, wait_ms))
        if code == _NO_KEY:
            return None
        return _NAMES.get(code & 0xFF) or (chr(code) if 32 < code < 127 else None)


def _leave_events_to_qt() -> None:
    """Keep libX11 from taking events that Qt waits for, such as that of the window being shown: it then stays black.

    Qt asks libX11 not to, but through the libX11-xcb that comes with OpenCV, which writes that where an older libX11
    kept it (byte 64 of its private data; 72 in 1.8.4). That of the system knows the place, and goes first once loaded
    for all.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):  # not installed: as good as before
            ctypes.CDLL("libX11-xcb.so.1", mode=ctypes.RTLD_GLOBAL)
