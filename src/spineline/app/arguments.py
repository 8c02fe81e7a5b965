"""What several commands check of their arguments."""

from typing import Final

_MAX_MASS_KG: Final = 1000


def mass(_type: object, value: float | None) -> None:
    """Refuse a mass that nobody has or lifts; for cyclopts, which names the argument."""
    if value is not None and not 0 < value < _MAX_MASS_KG:
        raise ValueError(f"Must be above 0 and below {_MAX_MASS_KG} kg.")
