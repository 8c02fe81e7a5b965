"""Records of a history for tests: plain ones, and any that it may hold."""

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

from hypothesis import strategies as st

from spineline.core.history import (
    CalibrationRecord,
    ConditionRecord,
    FlagRecord,
    History,
    PainRecord,
    RepRecord,
    SetRecord,
    Still,
)
from spineline.core.terms import Verdict

DATE = "2026-10-02T18:30:00+02:00"
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"

FLAG = FlagRecord(
    rule="thoracic_rounding", severity="flag", value=14.2, threshold=12.0, unit="deg", time_s=2.5,
    message="Rep 1, 2.5 s: upper back 14 deg more rounded than your reference (flag from 12 deg).",
)  # fmt: skip
REP = RepRecord(
    index=1, start_s=1.0, turn_s=2.0, end_s=3.0, verdict="flag", usable_share=0.9, thoracic_change_start_deg=4.0,
    thoracic_change_peak_deg=14.2, thoracic_growth_deg=10.2, sigma_deg=2.5, trunk_peak_deg=60.0, knee_min_deg=80.0,
    strain_index_pct=21.0, strain_index_sigma_pct=6.0, flags=(FLAG,),
)  # fmt: skip
UNSEEN = RepRecord(index=2, start_s=3.5, turn_s=4.5, end_s=5.0, verdict="not_measured", usable_share=0.0)
STILL = Still(rep=1, time_s=2.5, jpeg=JPEG, faceless=JPEG + b"blurred" + JPEG)
PAIN = PainRecord(date=DATE, lifter="me", when="after", pain=3, note="left of the spine")
CALIBRATION = CalibrationRecord(date=DATE, lifter="me", thoracic_deg=1.5, sigma_deg=0.7, slump_deg=21.0)
CONDITION = ConditionRecord(date=DATE, lifter="me", text="Scheuermann's disease")


def lifted(number: int = 0, **changes: Any) -> SetRecord:
    """Return a set of two reps; another number is another recording, lifted as many hours later."""
    date = datetime.fromisoformat(DATE) + timedelta(hours=number)
    record = SetRecord(
        sha256=f"{number:064x}", from_s=0.0, to_s=6.25, date=date.isoformat(), lifter="me", name=f"clip_{number}.mp4",
        exercise="deadlift", load_kg=100.0, usable_share=0.875, reference_source="standing", mdc95_deg=7.5,
        version="0.1.0", notes=("Reference: your own calm standing in this recording.",), reps=(REP, UNSEEN),
    )  # fmt: skip
    return replace(record, **changes)


# Any that may be


def _number(low: float = -1e3, high: float = 1e3) -> st.SearchStrategy[float]:
    # SQLite does not tell -0.0 from 0.0.
    return st.floats(low, high).map(lambda value: value + 0.0)


_share = _number(0, 1)
_angle = _number(-180, 180)
_sigma = _number(0, 180)
_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.builds(
    "{}{}".format,
    st.sampled_from(["=", "+", "-", "@", "'", "''", "\t", "\r", "\n", "\r\n", '"', ",", "\uff1d", "\ufeff", " "]),
    st.text(string.printable, max_size=4),
)
_zones = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_dates = st.builds(
    lambda moment, zone: moment.astimezone(zone).isoformat(timespec="seconds"),
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    _zones,
)
_lifters = st.sampled_from(["me", "Anna", "Zo\u00eb", "\u674e\u56db", "b-2"])


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


_flags = st.builds(FlagRecord, value=_number(), threshold=_number(), time_s=_number(), rule=_text, unit=_text,
                   message=_text)  # fmt: skip


def _rep(index: int) -> st.SearchStrategy[RepRecord]:
    times = st.tuples(_number(), _number(), _number()).map(sorted)
    rest = st.fixed_dictionaries(
        {
            "usable_share": _share,
            "thoracic_change_start_deg": _maybe(_angle),
            "thoracic_change_peak_deg": _maybe(_angle),
            "sigma_deg": _maybe(_sigma),
            "strain_index_pct": _maybe(_number()),
            "verdict": st.sampled_from(get_args(Verdict)),
            "flags": st.lists(_flags, max_size=2).map(tuple),
        }
    )
    return st.builds(
        lambda at, values: RepRecord(index=index, start_s=at[0], turn_s=at[1], end_s=at[2], **values), times, rest
    )


_reps = st.integers(0, 3).flatmap(lambda count: st.tuples(*(_rep(3 * number + 1) for number in range(count))))
_jpegs = st.binary(max_size=20).map(lambda data: JPEG + data + JPEG)
_stills = st.builds(
    Still, rep=st.integers(1, 30), time_s=_number(), jpeg=_jpegs,
    faceless=_maybe(_jpegs),
)  # fmt: skip
_sets = st.builds(
    SetRecord, sha256=st.text("0123456789abcdef", min_size=64, max_size=64), from_s=_number(-9, 0), to_s=_number(0, 9),
    date=_dates, lifter=_lifters, name=_text, folder=_maybe(_text), load_kg=_maybe(_number(0, 999)),
    body_mass_kg=_maybe(_number(0, 999)), usable_share=_share, yaw_deg=_maybe(_angle), reference_deg=_maybe(_angle),
    reference_source=_text, profile=_maybe(_text), mdc95_deg=_sigma, model=_maybe(_text), spine_sha256=_maybe(_text),
    version=_text, notes=st.lists(_text, max_size=2).map(tuple), reps=_reps, still=_maybe(_stills),
)  # fmt: skip
_pain = st.builds(PainRecord, date=_dates, lifter=_lifters, pain=st.integers(0, 10), note=_text)
_calibrations = st.builds(
    CalibrationRecord, date=_dates, lifter=_lifters, thoracic_deg=_angle, sigma_deg=_sigma, slump_deg=_maybe(_angle),
    slump_sigma_deg=_maybe(_sigma), spine_sha256=_text,
)  # fmt: skip
_conditions = st.builds(ConditionRecord, date=_dates, lifter=_lifters, text=_text)


def _some(records: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(records, max_size=3).map(tuple)


histories = st.builds(
    History, sets=_some(_sets), pain=_some(_pain), calibrations=_some(_calibrations), conditions=_some(_conditions)
)
