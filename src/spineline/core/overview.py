"""Everything that is shown of a lifter's weeks: sessions, trends, pain, advice."""

from dataclasses import dataclass, replace
from datetime import date

from spineline.core.advice import Advice, advise
from spineline.core.history import History
from spineline.core.progress import EnteredPain, Session, day_of, entered_pain, in_order, of_lifter, sessions_of
from spineline.core.settings import Settings
from spineline.core.terms import Exercise
from spineline.core.trend import Comparison, Course, Week, compare, slump_of, standing_of, weeks_of


@dataclass(frozen=True)
class Lift:
    """The sessions of one exercise, in order; `advice` is None if a condition of the spine was entered."""

    exercise: Exercise
    sessions: tuple[Session, ...]
    comparison: Comparison
    weeks: tuple[Week, ...]
    advice: Advice | None


@dataclass(frozen=True)
class Overview:
    """What is known of one lifter; `other` are sessions whose lift was not recognised."""

    lifter: str
    clinician_first: bool
    lifts: tuple[Lift, ...]
    other: tuple[Session, ...]
    pain: tuple[EnteredPain, ...]
    standing: Course
    slump: Course

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All of them, in order of time."""
        known = [session for lift in self.lifts for session in lift.sessions]
        return in_order([*known, *self.other])

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of which something is known, in order."""
        read = [reading.day for course in (self.standing, self.slump) for reading in course.readings]
        felt = [day_of(entry.record.date) for entry in self.pain]
        return tuple(sorted({*(session.day for session in self.sessions), *felt, *read}))

    @property
    def without_warm_up(self) -> tuple[Session, ...]:
        """Heavy sessions before whose heaviest set no warm-up set was recorded."""
        return tuple(session for session in self.sessions if session.lacks_warm_up)


def overview(history: History, *, lifter: str, today: date, settings: Settings, since: date = date.min) -> Overview:
    """Set everything kept of a lifter side by side.

    Parameters
    ----------
    history
        In any order, and of others too.
    lifter
        Whose.
    today
        The date of the advice.
    settings
        Thresholds.
    since
        What lies before is left out, and only serves to tell which session was heavy, and which pain belongs to it.
    """
    own = of_lifter(history, lifter)
    sessions = [session for session in sessions_of(own, settings.progress) if session.day >= since]
    pain = tuple(e for e in entered_pain(own, settings.progress) if day_of(e.record.date) >= since)
    shown = replace(
        own,
        sets=tuple(record for record in own.sets if day_of(record.date) >= since),
        calibrations=tuple(record for record in own.calibrations if day_of(record.date) >= since),
    )

    def lift(exercise: Exercise) -> Lift:
        mine = tuple(session for session in sessions if session.exercise == exercise)
        compared = compare(mine, settings)
        advice = None if own.conditions else advise(mine[-1], compared, pain, settings.progress, today=today)
        return Lift(exercise, mine, compared, weeks_of(mine), advice)

    return Overview(
        lifter=lifter,
        clinician_first=bool(own.conditions),
        lifts=tuple(lift(exercise) for exercise in sorted({s.exercise for s in sessions if s.exercise})),
        other=tuple(session for session in sessions if session.exercise is None),
        pain=pain,
        standing=standing_of(shown, settings),
        slump=slump_of(shown, settings),
    )
