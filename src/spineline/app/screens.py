"""Where a live set is shown: in a window, or in words in the terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from spineline.core.picture import Image
from spineline.io.live_picture import Showing, paint, words

if TYPE_CHECKING:
    from rich.console import Console


_REFRESH_HZ: Final = 8


class Screen(Protocol):
    """Where a live set is shown, and keys come from."""

    @property
    def open(self) -> bool:
        """False once the user has closed it."""

    def show(self, image: Image, showing: Showing, scale: float) -> None:
        """Show a picture, RGB, and what is to be said."""

    def key(self) -> str | None:
        """Return a key pressed since the last call, None without one."""


class WindowScreen:
    """A window with the picture, the gauge and the words; keys come from it."""

    def __init__(self, *, mirror: bool = False) -> None:
        from spineline.io.window import Window

        self._mirror = mirror
        self._window = Window()

    def __enter__(self) -> Self:
        self._window.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._window.__exit__(kind, error, trace)

    @property
    def open(self) -> bool:
        """False once the user has closed it."""
        return self._window.open

    def show(self, image: Image, showing: Showing, scale: float) -> None:
        """Show a picture, RGB, and what is to be said."""
        self._window.show(paint(image, showing, scale=scale, mirror=self._mirror))

    def key(self) -> str | None:
        """Return a key pressed since the last call, None without one."""
        return self._window.key(1)

    def say(self, line: str) -> None:
        """Write a line to the terminal."""
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


class TerminalScreen:
    """The same in words, for machines without a screen; there are no keys but Ctrl-C."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self._console = console
        self._live = Live(console=console, refresh_per_second=_REFRESH_HZ, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    @property
    def open(self) -> bool:
        """Always: a terminal cannot be closed like a window."""
        return True

    def show(self, _image: Image, showing: Showing, _scale: float) -> None:
        """Show in words what is to be said."""
        from rich.text import Text

        self._live.update(Text("\n".join(words(showing))))

    def key(self) -> None:
        """Return None: no key is heard."""
        return

    def say(self, line: str) -> None:
        """Write a line above what is shown."""
        from rich.text import Text

        self._console.print(Text(line), soft_wrap=True)
