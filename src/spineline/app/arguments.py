"""What several commands check of their arguments; cyclopts names the one that is refused."""

from datetime import datetime
from typing import Final

_MAX_MASS_KG: Final = 1000


def mass(_type: object, value: float | None) -> None:
    """Refuse a mass that nobody has or lifts."""
    if value is not None and not 0 < value < _MAX_MASS_KG:
        raise ValueError(f"Must be above 0 and below {_MAX_MASS_KG} kg.")


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
