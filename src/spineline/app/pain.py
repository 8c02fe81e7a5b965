"""A number for pain, typed key by key while a set goes on."""

from spineline.core.history import WORST_PAIN


class PainEntry:
    """Takes in 0 to `WORST_PAIN` while it is open."""

    def __init__(self) -> None:
        self.open = False
        self._typed = ""

    @property
    def words(self) -> tuple[str, ...]:
        """What is shown of it."""
        return (f"pain 0 to {WORST_PAIN}: {self._typed}_", "Enter keeps it")

    def begin(self) -> None:
        """Open it, with nothing typed."""
        self.open, self._typed = True, ""

    def press(self, key: str) -> int | None:
        """Take in a key, and return the number once it is entered; escape leaves it."""
        if key in ("enter", "escape"):
            self.open = False
            return int(self._typed) if key == "enter" and self._typed else None
        if key == "backspace":
            self._typed = self._typed[:-1]
        elif key.isdecimal() and int(self._typed + key) <= WORST_PAIN:
            self._typed += key
        return None
