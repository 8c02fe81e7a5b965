"""Dates as they are kept: ISO 8601, to the second, with the offset of local time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

_MINUTE: Final = timedelta(minutes=1)


def date_now() -> str:
    """Return the present moment."""
    return kept_date(datetime.now().astimezone())


def kept_date(moment: datetime) -> str:
    """Return a moment as it is kept; one that names no time zone is local time."""
    local = moment.astimezone()
    # Local time of long ago may be off by seconds, which hardly any program can read.
    offset = local.utcoffset() or timedelta()
    return (local.astimezone(UTC) if offset % _MINUTE else local).isoformat(timespec="seconds")


def parsed_date(text: str) -> datetime:
    """Return the moment that somebody wrote: a date, or a date and a time; local time if it names no zone.

    Raises
    ------
    ValueError
        It is neither.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):  # the last two from years beyond what clocks know
        raise ValueError(f"Must be a date such as 2026-10-02 or 2026-10-02T18:30, found {text!r}.") from None


def recording_date(said: str | None, path: Path) -> str:
    """Return when a recording was made: as it says, else when its file was last changed. Never in the future."""
    now = datetime.now().astimezone()
    known = [moment for moment in (_said(said), _changed(path)) if moment is not None and moment <= now]
    return kept_date((known or [now])[0])


def _said(text: str | None) -> datetime | None:
    try:
        return parsed_date(text) if text else None
    except ValueError:
        return None


def _changed(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):  # gone, or beyond what clocks know
        return None
