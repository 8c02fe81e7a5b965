"""Progress bars on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from spineline.io.packages import ProgressCallback


@contextmanager
def download_progress(
    label: str, *, quiet: bool = False, console: "Console | None" = None
) -> Iterator["ProgressCallback"]:
    """Show a download: a bar in a terminal, one plain line elsewhere, nothing when quiet.

    Nothing at all is shown until the first call, so that it can be put around what rarely downloads.

    Parameters
    ----------
    label : str
        What is being downloaded.
    quiet : bool
        Show nothing.
    console : rich.console.Console, optional
        Where to show it; stderr when not given.

    Yields
    ------
    callable
        To be called with the bytes done and the bytes in all; None in all = not known, the bar pulses.
    """
    if quiet:
        yield _nothing
        return
    view = _DownloadView(label, console)
    try:
        yield view.update
    finally:
        view.close()


def _nothing(_done_bytes: int, _total_bytes: int | None) -> None:
    pass


class _DownloadView:
    def __init__(self, label: str, console: "Console | None") -> None:
        self._label = label
        self._console = console
        self._started = False
        self._bar: Progress | None = None

    def update(self, done_bytes: int, total_bytes: int | None) -> None:
        if not self._started:
            self._started = True
            self._start(total_bytes)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done_bytes, total=total_bytes)

    def _start(self, total_bytes: int | None) -> None:
        from rich.console import Console

        console = self._console or Console(file=sys.stderr)
        if console.is_terminal:
            self._bar = _byte_bar(console)
            self._bar.add_task(self._label, total=total_bytes)
            self._bar.start()
        else:
            size = "" if total_bytes is None else f" ({total_bytes / 1e6:.0f} MB)"
            console.print(f"{self._label}{size}", soft_wrap=True, highlight=False)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()


def _byte_bar(console: "Console") -> "Progress":
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True)


class CountProgress:
    """How far something is, with the time left: a bar in a terminal, nothing elsewhere. Use as a context manager.

    Parameters
    ----------
    unit : str
        What is counted, in the plural.
    quiet : bool
        Show nothing.
    console : rich.console.Console, optional
        Where to show it; stderr when not given.
    """

    def __init__(self, unit: str, *, quiet: bool = False, console: "Console | None" = None) -> None:
        self._label: str | None = None
        self._bar: Progress | None = None
        if not quiet:
            from rich.console import Console

            console = console or Console(stderr=True)
            self._bar = _count_bar(console, unit) if console.is_terminal else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, label: str, done: float, total: int | None) -> None:
        """Show that ``done`` of ``total`` (None: not known) are done; a new label begins anew."""
        if self._bar is None:
            return
        if label != self._label:
            self._label = label
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._bar.add_task(label, total=total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the bar away while something else is written to the terminal."""
        if self._bar is None or not self._bar.live.is_started:
            yield
            return
        self._bar.stop()
        try:
            yield
        finally:
            self._bar.start()


def _count_bar(console: "Console", unit: str) -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    # What else is written to stdout and stderr meanwhile is none of the bar's business.
    return Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
