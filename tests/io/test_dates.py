"""Dates: as somebody writes them, as they are kept, and that of a recording."""

import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from spineline.io.dates import date_now, kept_date, parsed_date, recording_date


@pytest.fixture(params=["Europe/Berlin", "Asia/Kolkata", "Africa/Monrovia", "UTC"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Live elsewhere."""
    if not hasattr(time, "tzset"):
        pytest.skip("Windows has its time zone elsewhere")
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("moment", [datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(1950, 1, 1, tzinfo=UTC)])
def test_a_date_is_kept_to_the_second_with_an_offset_in_minutes(zone: str, moment: datetime) -> None:
    kept = kept_date(moment + timedelta(microseconds=999_999))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", kept), zone
    assert datetime.fromisoformat(kept) == moment


def test_now_is_now(zone: str) -> None:
    assert abs(datetime.fromisoformat(date_now()) - datetime.now(UTC)) < timedelta(minutes=1), zone


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-10-02", "2026-10-02T00:00:00"),
        ("2026-10-02T18:30", "2026-10-02T18:30:00"),
        ("2026-10-02 18:30:05", "2026-10-02T18:30:05"),
        ("2026-10-02T18:30+02:00", "2026-10-02T16:30:00"),
        ("2026-10-02T18:30Z", "2026-10-02T18:30:00"),
    ],
)
def test_what_somebody_writes_is_local_time_unless_it_says_otherwise(text: str, utc: str) -> None:
    local = datetime.fromisoformat(text)
    assert parsed_date(text) == (local if local.tzinfo else local.astimezone())
    if local.tzinfo:
        assert parsed_date(text).astimezone(UTC).isoformat()[:19] == utc


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-02-30", "12.10.2026", "0001-01-01T00:00+14:00"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Must be a date such as 2026-10-02 or 2026-10-02T18:30, found "):
        parsed_date(text)


def test_a_recording_tells_its_date_itself_else_its_file_does(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.touch()
    os.utime(file, (1_700_000_000, 1_700_000_000))
    changed = datetime.fromtimestamp(1_700_000_000, UTC)

    def found(said: str | None, path: Path = file) -> datetime:
        return datetime.fromisoformat(recording_date(said, path))

    assert found("2020-05-04T03:02:01+00:00") == datetime(2020, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert found(None) == found("") == found("someday") == found("9000-01-01T00:00:00+00:00") == changed
    assert abs(found(None, tmp_path / "gone") - datetime.now(UTC)) < timedelta(minutes=1)
    os.utime(file, (1e11, 1e11))
    assert abs(found(None) - datetime.now(UTC)) < timedelta(minutes=1)
