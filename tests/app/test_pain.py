"""A number for pain, key by key."""

import pytest

from spineline.app.pain import PainEntry


def entered(keys: list[str]) -> int | None:
    entry = PainEntry()
    entry.begin()
    found = [entry.press(key) for key in keys]
    assert all(pain is None for pain in found[:-1])
    return found[-1]


@pytest.mark.parametrize(
    ("typed", "pain"),
    [("0", 0), ("7", 7), ("10", 10), ("11", 1), ("99", 9), ("x5", 5), ("", None)],
)
def test_what_is_typed_up_to_ten_is_entered(typed: str, pain: int | None) -> None:
    assert entered([*typed, "enter"]) == pain


def test_backspace_takes_back_and_escape_leaves() -> None:
    assert entered(["1", "0", "backspace", "enter"]) == 1
    assert entered(["backspace", "4", "enter"]) == 4
    assert entered(["3", "escape"]) is None


@pytest.mark.parametrize("key", ["enter", "escape"])
def test_it_is_open_until_it_is_entered_or_left(key: str) -> None:
    entry = PainEntry()
    entry.begin()
    entry.press("3")
    assert entry.words[0].endswith("3_")
    opened = [entry.open, entry.press(key), entry.open]
    assert opened == [True, 3 if key == "enter" else None, False]
    assert not PainEntry().open
