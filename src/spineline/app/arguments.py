"""What several commands check of their arguments; cyclopts names the one that is refused."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cyclopts import Token

_MAX_MASS_KG: Final = 1000


def mass(_type: object, value: float | None) -> None:
    """Refuse a mass that nobody has or lifts."""
    if value is not None and not 0 < value < _MAX_MASS_KG:
        raise ValueError(f"Must be above 0 and below {_MAX_MASS_KG} kg.")


def whole(type_: type, tokens: "Sequence[Token]") -> int | tuple[int, ...]:
    """Read whole numbers, and nothing that has to be rounded to one."""
    for token in tokens:
        if not re.fullmatch(r"[+-]?[0-9]+", token.value):
            raise ValueError(f"Must be a whole number, found {token.value!r}.")
    values = tuple(int(token.value) for token in tokens)
    return values[0] if type_ is int else values


def any_date(_type: object, value: str | None) -> None:
    """Refuse what is neither a date nor a date with a time."""
    from spineline.io.dates import parsed_date

    if value is not None:
        parsed_date(value)


def past_date(_type: object, value: str | None) -> None:
    """Refuse also what has not come yet."""
    from spineline.io.dates import parsed_date

    if value is not None and parsed_date(value) > datetime.now().astimezone():
        raise ValueError("Must not be in the future.")
