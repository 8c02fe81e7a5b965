"""The download bar: in a terminal, elsewhere, and when quiet."""

import io

import pytest
from rich.console import Console

from spineline.app.progress import download_progress


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_elsewhere_than_in_a_terminal_it_is_one_plain_line() -> None:
    console = Console(file=io.StringIO(), force_terminal=False)
    with download_progress("Fetching the pose model", console=console) as update:
        update(0, 35_622_638)
        update(35_622_638, 35_622_638)
    assert shown(console) == "Fetching the pose model (36 MB)\n"


def test_a_terminal_shows_how_much_is_done() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with download_progress("Fetching the pose model", console=console) as update:
        update(0, None)
        update(12_000_000, 36_000_000)
    assert "Fetching the pose model" in shown(console)
    assert "12.0/36.0 MB" in shown(console)


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_is_shown_when_nothing_is_downloaded_or_quiet(terminal: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal)
    with download_progress("Fetching", console=console):
        pass
    with download_progress("Fetching", quiet=True, console=console) as update:
        update(1, 2)
    assert shown(console) == ""
