"""Sessions out of sets: what belongs together, what was warm-up, which pain belongs to it."""

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.history import History, PainRecord, SetRecord
from spineline.core.overview import overview
from spineline.core.progress import Session, SessionPain, Value, entered_pain, of_lifter, sessions_of
from spineline.core.settings import ProgressSettings, Settings
from tests.core.make_weeks import (
    ME,
    make_calibration,
    make_condition,
    make_pain,
    make_rep,
    make_set,
    steady,
)

SETTINGS = ProgressSettings()


def sessions(*sets: SetRecord, pain: tuple[PainRecord, ...] = ()) -> tuple[Session, ...]:
    return sessions_of(of_lifter(History(sets=sets, pain=pain), ME), SETTINGS)


def test_a_session_is_one_lift_on_one_local_date() -> None:
    late = make_set("2026-01-05T23:50", 100, 2)
    found = sessions(late, make_set("2026-01-06T00:10", 100, 2), make_set("2026-01-05T18:00", 60, 2, exercise="squat"))
    assert [(s.day, s.exercise, len(s.sets)) for s in found] == [
        (date(2026, 1, 5), "squat", 1),
        (date(2026, 1, 5), "deadlift", 1),
        (date(2026, 1, 6), "deadlift", 1),
    ]


def test_warm_up_sets_are_lighter_and_come_before_the_heaviest() -> None:
    (session,) = sessions(
        make_set("2026-01-05T18:00", 60, 2),
        make_set("2026-01-05T18:05", 84.9, 2),
        make_set("2026-01-05T18:10", 85, 2),
        make_set("2026-01-05T18:15", 100, 2, 5, 4),
        make_set("2026-01-05T18:20", 60, 2),
        make_set("2026-01-05T18:25", None, 2),
        make_set("2026-01-05T18:30", 100, 1, 1),
    )
    kinds = ["warm-up", "warm-up", "work", "work", "work", "unknown", "work"]
    assert [lifted.kind for lifted in session.sets] == kinds
    assert session.top_load_kg == 100
    assert session.reps_at_top == (3, 2)
    assert session.peak_deg == Value(5, 2.0)
    assert session.strain_pct == Value(10, 5.0)


def test_a_session_without_any_load_has_no_warm_up_and_no_top_load() -> None:
    (session,) = sessions(make_set("2026-01-05T18:00", None, 2), make_set("2026-01-05T18:05", None, 4))
    assert session.top_load_kg is None
    assert session.heavy is None
    assert [lifted.kind for lifted in session.sets] == ["unknown", "unknown"]
    assert session.peak_deg == Value(4, 2.0), "all its sets may be the heaviest"
    assert not session.lacks_warm_up


def test_heavy_is_told_from_earlier_weeks_only() -> None:
    found = sessions(
        make_set("2026-01-05T18:00", 100, 2),
        make_set("2026-01-12T18:00", 79, 2),
        make_set("2026-01-19T18:00", 80, 2),
        make_set("2026-03-20T18:00", 70, 2),
        make_set("2026-03-21T18:00", 50, 2, exercise="squat"),
    )
    assert [session.heavy for session in found] == [None, False, True, None, None]


@pytest.mark.parametrize(
    ("before", "lacks"),
    [
        ((), True),
        ((make_set("2026-01-12T17:50", 95, 2),), True),
        ((make_set("2026-01-12T17:50", 60, 2),), False),
        ((make_set("2026-01-12T17:50", None, 2),), False),
        ((make_set("2026-01-12T18:50", 60, 2),), True),
    ],
    ids=["alone", "nearly as heavy", "warm-up", "load not said", "lighter, but after"],
)
def test_a_heavy_session_without_warm_up_is_noticed(before: tuple[SetRecord, ...], lacks: bool) -> None:
    found = sessions(make_set("2026-01-05T18:00", 90, 2), make_set("2026-01-12T18:00", 100, 2), *before)
    assert [session.lacks_warm_up for session in found] == [False, lacks]


def test_creep_is_that_of_the_last_two_reps_against_the_first_two() -> None:
    (five, three, two, gaps) = (
        sessions(make_set("2026-01-05T18:00", 100, *peaks))[0].sets[0]
        for peaks in ((1, 3, 9, 5, 7), (1, 3, 9), (1, 9), (None, 1, 3, None, 6))
    )
    assert five.creep_deg == pytest.approx(6 - 2)
    assert three.creep_deg == pytest.approx(9 - 2)
    assert two.creep_deg is None
    assert gaps.creep_deg == pytest.approx(6 - 2), "from measured reps alone"


def test_what_was_not_measured_stays_unknown() -> None:
    (session,) = sessions(make_set("2026-01-05T18:00", 100, None, None, None))
    assert session.peak_deg is None
    assert session.creep_deg is None
    assert session.strain_pct is None
    assert session.usable_share == pytest.approx(0.1)
    partly = make_rep(1, 3.0, verdict="not_measured")
    (judged,) = sessions(SetRecord(**{**vars(make_set("2026-01-05T18:00", 100, 2)), "reps": (partly,)}))
    assert judged.peak_deg is None, "a peak of the part that was seen is none of the rep"


def test_pain_belongs_to_its_session() -> None:
    pain = (
        make_pain("2026-01-05T08:00", "before", 1),
        make_pain("2026-01-05T18:10", "during", 2),
        make_pain("2026-01-05T18:12", "during", 4),
        make_pain("2026-01-06T00:30", "after", 3),
        make_pain("2026-01-06T20:00", "next-morning", 5),
        make_pain("2026-01-09T08:00", "before", 9),
    )
    trained = make_set("2026-01-05T18:00", 100, 2), make_set("2026-01-06T07:00", 60, 2, exercise="squat")
    first, second = sessions(*trained, pain=pain)
    assert first.pain == SessionPain(before=1, during=4, after=None, next_morning=5)
    assert first.pain.rise == 4
    assert second.pain == SessionPain(after=3), "a date with a session has its entries"
    (only,) = sessions(trained[0], pain=pain)
    assert only.pain.after == 3, "past midnight"


@pytest.mark.parametrize(
    ("morning", "day"),
    [("2026-01-06T08:00", 5), ("2026-01-07T05:59", 5), ("2026-01-07T06:01", None), ("2026-01-05T17:00", None)],
)
def test_the_next_morning_comes_within_a_day_and_a_half(morning: str, day: int | None) -> None:
    history = of_lifter(
        History(sets=(make_set("2026-01-05T18:00", 100, 2),), pain=(make_pain(morning, "next-morning", 3),)), ME
    )
    (entry,) = entered_pain(history, SETTINGS)
    assert entry.session_day == (date(2026, 1, day) if day else None)


def test_a_morning_between_two_days_of_training_belongs_to_the_first() -> None:
    history = History(
        sets=(make_set("2026-01-05T18:00", 100, 2), make_set("2026-01-06T07:00", 100, 2)),
        pain=(make_pain("2026-01-06T09:00", "next-morning", 3),),
    )
    (entry,) = entered_pain(of_lifter(history, ME), SETTINGS)
    assert entry.session_day == date(2026, 1, 5)


def test_others_are_left_out() -> None:
    mine, other = make_set("2026-01-05T18:00", 100, 2), make_set("2026-01-05T18:00", 200, 2, lifter="Bob")
    assert of_lifter(History(sets=(other, mine)), ME).sets == (mine,)


@given(st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_records_does_not_matter(shuffler: random.Random, ill: bool) -> None:
    history = steady()
    sets = [*history.sets, make_set("2026-03-09T18:00", 40, 1), make_set("2026-03-09T18:00", None, 1, exercise=None)]
    pain = [*history.pain, make_pain("2026-03-09T19:00", "after", 4)]
    calibrations = [make_calibration("2026-03-02T17:00", 3.0, slump_deg=12), make_calibration("2026-03-09T17:00", 4.0)]

    def seen() -> object:
        records = History(
            sets=tuple(sets),
            pain=tuple(pain),
            calibrations=tuple(calibrations),
            conditions=(make_condition(),) * ill,
        )
        return overview(records, lifter=ME, today=date(2026, 3, 12), settings=Settings())

    straight = seen()
    for records in (sets, pain, calibrations):
        shuffler.shuffle(records)
    assert seen() == straight
