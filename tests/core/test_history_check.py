"""What a record of the history may hold, and what is refused by name."""

from dataclasses import replace
from typing import Any

import pytest

from spineline.core.history import Record
from spineline.core.history_check import MOST_CHARACTERS, MOST_STILL_BYTES, check, shown_in
from spineline.errors import InputError
from tests.io.make_history import CALIBRATION, CONDITION, FLAG, JPEG, PAIN, REP, STILL, UNSEEN, lifted

NAN, INF = float("nan"), float("inf")


def with_rep(**changes: Any) -> Record:
    return lifted(reps=(replace(REP, **changes), UNSEEN))


def with_still(**changes: Any) -> Record:
    return lifted(still=replace(STILL, **changes))


@pytest.mark.parametrize(
    "record",
    [
        lifted(still=STILL), PAIN, CALIBRATION, CONDITION, lifted(reps=()), lifted(load_kg=None, exercise=None),
        replace(PAIN, pain=0), replace(PAIN, pain=10, note="n" * MOST_CHARACTERS), replace(PAIN, note="a\n李 ✓"),
        lifted(usable_share=0.0), lifted(usable_share=1.0), with_rep(thoracic_change_peak_deg=-180.0),
        with_rep(turn_s=REP.start_s), with_still(faceless=None), lifted(from_s=3.0, to_s=3.0),
        lifted(date="2026-10-02T18:30:00-00:00".replace("-00:00", "-11:30")),
        with_still(jpeg=JPEG[:4] + bytes(MOST_STILL_BYTES - 6) + JPEG[-2:]),
    ],
)  # fmt: skip
def test_what_is_measured_and_said_may_be_kept(record: Record) -> None:
    check(record)


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (replace(PAIN, pain=11), "pain: expected a number from 0 to 10, found '11'"),
        (replace(PAIN, pain=-1), "pain: expected a number from 0 to 10, found '-1'"),
        (replace(PAIN, note="n" * (MOST_CHARACTERS + 1)), "note: expected a text of at most 4096 characters, found"),
        (replace(PAIN, note="\0"), "note: expected a text"),
        (replace(PAIN, note="\udcff"), "note: expected a text"),
        (replace(PAIN, date="2026-10-02T18:30:00"), "date: expected a date such as 2026-10-02T18:30:00+02:00, found "),
        (replace(PAIN, date="2026-10-02"), "date: expected a date"),
        (replace(PAIN, date="2026-10-02T18:30:00.5+02:00"), "date: expected a date"),
        (replace(PAIN, date="2026-10-02T18:30:00+02:00:30"), "date: expected a date"),
        (replace(PAIN, date="2026-10-02T18:30:00Z"), "date: expected a date"),
        (replace(PAIN, date="soon"), "date: expected a date"),
        (lifted(sha256="ab"), "sha256: expected 64 hexadecimal digits, found 'ab'"),
        (lifted(sha256="G" * 64), "sha256: expected 64 hexadecimal digits"),
        (lifted(usable_share=1.01), "usable_share: expected a number from 0 to 1, found '1.01'"),
        (lifted(load_kg=-5.0), "load_kg: expected a number from 0 to 1000"),
        (lifted(load_kg=NAN), "load_kg: expected a number from 0 to 1000, found 'nan'"),
        (lifted(mdc95_deg=INF), "mdc95_deg: expected a number from -360 to 360, found 'inf'"),
        (lifted(from_s=2.0, to_s=1.0), "to_s: expected 2 or later, found 1"),
        (lifted(notes=("fine", "n" * 5000)), "notes[1]: expected a text"),
        (lifted(notes=("n",) * 10_001), "notes: expected at most 10000 of them"),
        (lifted(reps=(UNSEEN, REP)), "reps[1].index: expected more than 2, found 1"),
        (with_rep(sigma_deg=-1.0), "reps[0].sigma_deg: expected a number from 0 to 360, found '-1.0'"),
        (with_rep(strain_index_sigma_pct=-1.0), "reps[0].strain_index_sigma_pct: expected a number from 0 to 1e+06"),
        (with_rep(turn_s=0.5), "reps[0]: expected times that rise, found 1 to 3"),
        (with_rep(index=0), "reps[0].index: expected a number from 1 to 1e+06"),
        (with_rep(flags=(FLAG, replace(FLAG, value=NAN))), "reps[0].flags[1].value: expected a finite number"),
        (with_still(jpeg=b""), "still.jpeg: expected a JPEG of at most 4 MiB, found "),
        (with_still(jpeg=b"\x89PNG" + JPEG), "still.jpeg: expected a JPEG"),
        (with_still(jpeg=JPEG[:-1]), "still.jpeg: expected a JPEG"),
        (with_still(jpeg=JPEG + bytes(MOST_STILL_BYTES) + JPEG), "still.jpeg: expected a JPEG"),
        (with_still(faceless=b"blurred"), "still.faceless: expected a JPEG"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_by_name(record: Record, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        check(record)
    assert str(caught.value).startswith(complaint)
    assert len(str(caught.value)) < 250


def test_a_picture_belongs_to_the_rep_it_was_taken_in() -> None:
    assert shown_in(STILL, (REP, UNSEEN))
    assert not shown_in(replace(STILL, time_s=REP.end_s + 0.1), (REP, UNSEEN))
    assert not shown_in(replace(STILL, rep=2), (REP, UNSEEN))
    assert not shown_in(STILL, ())
