"""A screen that nobody sees, on Linux: an X server in memory (package `xvfb`), its window, keys, and pictures of it."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

SIZE_PX: Final = (1920, 1080)
PATIENCE_S: Final = 60.0
"""How long anything is waited for before it counts as missing."""

_POLL_S: Final = 0.02
Found = TypeVar("Found")


def missing() -> str | None:
    """Say what is not installed that a virtual screen needs, None if all is there."""
    try:
        import Xlib  # noqa: F401
    except ImportError:
        return "python-xlib is not installed"
    return None if shutil.which("Xvfb") else "Xvfb is not installed (Debian and Ubuntu: apt-get install xvfb)"


def until(look: Callable[[], Found | None], what: str) -> Found:
    """Look again and again until something is found.

    Raises
    ------
    TimeoutError
        It is still missing after `PATIENCE_S`.
    """
    end_s = time.monotonic() + PATIENCE_S
    while not (found := look()):
        if time.monotonic() > end_s:
            raise TimeoutError(f"waited for in vain: {what}")
        time.sleep(_POLL_S)
    return found


class VirtualScreen:
    """An X server on a free display, as long as the ``with`` block lasts.

    Attributes
    ----------
    name : str
        Of the display, for the environment variable DISPLAY.
    """

    def __init__(self) -> None:
        self.name = ""
        self._server: subprocess.Popen[bytes] | None = None
        self._display: Any = None

    def __enter__(self) -> Self:
        from Xlib.display import Display

        reads, writes = os.pipe()
        size = "x".join(str(side) for side in (*SIZE_PX, 24))
        asked = ["Xvfb", "-displayfd", str(writes), "-screen", "0", size, "-nolisten", "tcp"]
        self._server = subprocess.Popen(asked, pass_fds=[writes], stderr=subprocess.DEVNULL)
        os.close(writes)
        with os.fdopen(reads) as told:
            self.name = f":{told.readline().strip()}"
        self._display = Display(self.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._display:
            self._display.close()
        if self._server:
            self._server.terminate()
            self._server.wait()

    def environment(self) -> dict[str, str]:
        """Return the environment for a program that is to open its window here."""
        return {**os.environ, "DISPLAY": self.name, "QT_QPA_PLATFORM": "xcb"}

    def window(self, title: str) -> Any:
        """Wait for a window to be shown."""
        return until(lambda: self._shown(title), f"a window {title!r}")

    def gone(self, title: str) -> bool:
        """Tell whether there is no such window."""
        return self._shown(title) is None

    def press(self, window: Any, key: str) -> None:
        """Press and let go of a key in a window, by its X name: ``q``, ``space``, ``Return``."""
        from Xlib import XK, X
        from Xlib.ext import xtest

        window.set_input_focus(X.RevertToParent, X.CurrentTime)
        code = self._display.keysym_to_keycode(XK.string_to_keysym(key))
        for event in (X.KeyPress, X.KeyRelease):
            xtest.fake_input(self._display, event, code)
        self._display.sync()

    def close_window(self, window: Any) -> None:
        """Ask a window to close, as the cross in its corner does."""
        from Xlib import X
        from Xlib.protocol.event import ClientMessage

        protocols, delete = (self._display.intern_atom(name) for name in ("WM_PROTOCOLS", "WM_DELETE_WINDOW"))
        data = (32, [delete, X.CurrentTime, 0, 0, 0])
        window.send_event(ClientMessage(window=window, client_type=protocols, data=data))
        self._display.sync()

    def picture(self, window: Any) -> NDArray[np.uint8]:
        """Return what a window shows now, RGB ``(H, W, 3)``; nothing ``(0, 0, 3)`` if it is hidden or gone."""
        from Xlib import X, error

        try:
            size = window.get_geometry()
            data = window.get_image(0, 0, size.width, size.height, X.ZPixmap, 0xFFFFFFFF).data
        except (error.BadMatch, error.BadDrawable):
            return np.zeros((0, 0, 3), np.uint8)
        return np.frombuffer(data, np.uint8).reshape(size.height, size.width, 4)[..., 2::-1].copy()

    def _shown(self, title: str) -> Any:
        from Xlib import X, error

        for window in self._display.screen().root.query_tree().children:
            try:
                if window.get_wm_name() == title and window.get_attributes().map_state == X.IsViewable:
                    return window
            except error.XError:  # it went meanwhile
                continue
        return None


def save(picture: NDArray[np.uint8], path: Path) -> None:
    """Write an RGB picture as a small PNG of 256 colours."""
    from PIL import Image

    few = Image.fromarray(picture).quantize(256, kmeans=2, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
