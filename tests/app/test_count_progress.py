"""The bar of an analysis: in a terminal, elsewhere, when quiet, and out of the way of what is printed."""

import io

import pytest
from rich.console import Console

from spineline.app.progress import CountProgress


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, color_system=None, width=100)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_what_is_done_of_how_much() -> None:
    screen = console(terminal=True)
    with CountProgress("frames", console=screen) as progress:
        progress.update("[b]clip.mp4", 0, None)
        progress.update("[b]clip.mp4", 30, 120)
        with progress.hidden():
            pass
    assert "[b]clip.mp4" in shown(screen)
    assert " 30/120 frames" in shown(screen)


def test_a_new_label_begins_anew() -> None:
    screen = console(terminal=True)
    with CountProgress("frames", console=screen) as progress:
        progress.update("one", 120, 120)
        progress.update("other", 1, 50)
        with progress.hidden():
            before = len(shown(screen))
    assert "other" in shown(screen)[:before]
    assert " 1/50 frames" in shown(screen)[:before]


def test_nothing_moves_while_something_else_is_printed() -> None:
    screen = console(terminal=True)
    with CountProgress("frames", console=screen) as progress:
        progress.update("one", 1, 2)
        with progress.hidden():
            before = shown(screen)
            progress.update("one", 2, 2)
            assert shown(screen) == before
        assert len(shown(screen)) > len(before)


@pytest.mark.parametrize("terminal", [True, False])
def test_elsewhere_and_when_quiet_nothing_is_shown(terminal: bool) -> None:
    screen = console(terminal=terminal)
    with CountProgress("frames", quiet=terminal, console=screen) as progress:
        progress.update("one", 1, 2)
        with progress.hidden():
            progress.update("other", 1, 2)
    assert shown(screen) == ""
