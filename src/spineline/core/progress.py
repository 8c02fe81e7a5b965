"""Weeks of lifting in order: sets make sessions, pain belongs to its session, and loads stand beside rounding.

A session is all sets of one exercise on one date, as the clock on the wall says. What was not measured or not said is
None throughout.

- warm-up set: lighter than a share of the day's heaviest set of that exercise, and lifted before it
- heavy session: its heaviest load is at least a share of the heaviest of the last weeks, this session included; not
  known (None) where no earlier session in these weeks says its load
- pain: before, during and after belong to the same date, next morning to the session of the day before
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Final, Literal, TypeVar

from spineline.core.history import CalibrationRecord, ConditionRecord, History, PainRecord, SetRecord
from spineline.core.settings import ProgressSettings
from spineline.core.terms import Exercise

Kind = Literal["warm-up", "work", "unknown"]
"""Of a set; `unknown`: its load was not said."""

_Record = TypeVar("_Record", SetRecord, PainRecord, CalibrationRecord, ConditionRecord)

_FIRST_REPS: Final = 2
"""What creep is measured from, as in the rule `thoracic_creep`."""


@dataclass(frozen=True)
class Value:
    """Something measured, and one standard deviation of it, None if that is not known."""

    value: float
    sigma: float | None


def _value(measured: Value) -> float:
    return measured.value


@dataclass(frozen=True)
class LiftedSet:
    """One set and what it was within its session."""

    record: SetRecord
    kind: Kind

    @property
    def peaks_deg(self) -> tuple[Value, ...]:
        """Thoracic change of every rep in which the upper back was measured well enough to be judged."""
        return tuple(
            Value(rep.thoracic_change_peak_deg, rep.sigma_deg)
            for rep in self.record.reps
            if rep.verdict != "not_measured" and rep.thoracic_change_peak_deg is not None
        )

    @property
    def peak_deg(self) -> Value | None:
        """That of the most rounded rep."""
        return max(self.peaks_deg, key=_value, default=None)

    @property
    def creep_deg(self) -> float | None:
        """How much more rounded the last two measured reps were than the first two (one last if there are three)."""
        peaks = [peak.value for peak in self.peaks_deg]
        first, last = peaks[:_FIRST_REPS], peaks[_FIRST_REPS:][-_FIRST_REPS:]
        return sum(last) / len(last) - sum(first) / len(first) if last else None


@dataclass(frozen=True)
class SessionPain:
    """The worst pain entered of each kind, None where none was."""

    before: int | None = None
    during: int | None = None
    after: int | None = None
    next_morning: int | None = None

    @property
    def by_name(self) -> dict[str, int]:
        """What was entered."""
        named = {"before": self.before, "during": self.during, "after": self.after, "next morning": self.next_morning}
        return {name: pain for name, pain in named.items() if pain is not None}

    @property
    def rise(self) -> int | None:
        """How much worse the next morning was than before the session."""
        return None if self.before is None or self.next_morning is None else self.next_morning - self.before


@dataclass(frozen=True, kw_only=True)
class Session:
    """All sets of one exercise on one day, in order; `heavy` is None where it cannot be told."""

    day: date
    exercise: Exercise | None
    sets: tuple[LiftedSet, ...]
    heavy: bool | None = None
    pain: SessionPain = SessionPain()

    @property
    def top_load_kg(self) -> float | None:
        """The heaviest load."""
        return top_load_kg(lifted.record for lifted in self.sets)

    @property
    def top_sets(self) -> tuple[LiftedSet, ...]:
        """The sets at the heaviest load; all of them where no load was said."""
        return tuple(lifted for lifted in self.sets if lifted.record.load_kg == self.top_load_kg)

    @property
    def work_sets(self) -> tuple[LiftedSet, ...]:
        """All but warm-up sets."""
        return tuple(lifted for lifted in self.sets if lifted.kind != "warm-up")

    @property
    def warm_up_sets(self) -> tuple[LiftedSet, ...]:
        """What was lifted to warm up."""
        return tuple(lifted for lifted in self.sets if lifted.kind == "warm-up")

    @property
    def reps_at_top(self) -> tuple[int, ...]:
        """Reps of each set at the heaviest load."""
        return tuple(len(lifted.record.reps) for lifted in self.top_sets)

    @property
    def peak_deg(self) -> Value | None:
        """Thoracic change of the most rounded rep at the heaviest load."""
        peaks = [lifted.peak_deg for lifted in self.top_sets]
        return max((peak for peak in peaks if peak), key=_value, default=None)

    @property
    def creep_deg(self) -> float | None:
        """The largest creep of its work sets."""
        return max((c for lifted in self.work_sets if (c := lifted.creep_deg) is not None), default=None)

    @property
    def strain_pct(self) -> Value | None:
        """The largest strain index at the heaviest load."""
        found = [
            Value(rep.strain_index_pct, rep.strain_index_sigma_pct)
            for lifted in self.top_sets
            for rep in lifted.record.reps
            if rep.strain_index_pct is not None
        ]
        return max(found, key=_value, default=None)

    @property
    def usable_share(self) -> float:
        """Share of the time recorded in which the upper back was measured."""
        seconds = [max(lifted.record.to_s - lifted.record.from_s, 1e-9) for lifted in self.sets]
        usable = sum(s * lifted.record.usable_share for s, lifted in zip(seconds, self.sets, strict=True))
        return usable / sum(seconds)

    @property
    def lacks_warm_up(self) -> bool:
        """Whether it is heavy, and nothing that could be a warm-up set was recorded before its heaviest set."""
        before = takewhile(lambda lifted: lifted.record.load_kg != self.top_load_kg, self.sets)
        return bool(self.heavy) and all(lifted.kind == "work" for lifted in before)


@dataclass(frozen=True)
class EnteredPain:
    """An entry of pain, and the day of training it belongs to, None for none."""

    record: PainRecord
    session_day: date | None


def day_of(moment: str) -> date:
    """Return the local date of an ISO 8601 moment."""
    return date.fromisoformat(moment[:10])


def moment(record: SetRecord | PainRecord | CalibrationRecord) -> datetime:
    """Return when something was recorded."""
    return datetime.fromisoformat(record.date)


def of_lifter(history: History, lifter: str) -> History:
    """Leave only what is kept of one lifter, in order of time whatever the order was."""

    def own(records: Iterable[_Record]) -> tuple[_Record, ...]:
        mine = (record for record in records if record.lifter == lifter)
        return tuple(sorted(mine, key=lambda record: (datetime.fromisoformat(record.date), repr(record))))

    return History(
        sets=own(history.sets),
        pain=own(history.pain),
        calibrations=own(history.calibrations),
        conditions=own(history.conditions),
    )


def sessions_of(history: History, settings: ProgressSettings) -> tuple[Session, ...]:
    """Group the sets of one lifter by date and exercise, in order of time.

    Parameters
    ----------
    history
        Of one lifter, as `of_lifter` gives it.
    settings
        Thresholds.
    """
    groups: dict[tuple[date, Exercise | None], list[SetRecord]] = defaultdict(list)
    for record in history.sets:
        groups[day_of(record.date), record.exercise].append(record)
    felt = pain_by_day(entered_pain(history, settings))
    return tuple(
        Session(
            day=day,
            exercise=exercise,
            sets=_lifted(sets, settings),
            heavy=_heavy(day, exercise, groups, settings),
            pain=felt.get(day, SessionPain()),
        )
        for (day, exercise), sets in groups.items()
    )


def in_order(sessions: Iterable[Session]) -> tuple[Session, ...]:
    """Return sessions by day, those of one day by the name of the lift."""
    return tuple(sorted(sessions, key=lambda session: (session.day, session.exercise or "")))


def top_load_kg(sets: Iterable[SetRecord]) -> float | None:
    """Return the heaviest load that was said."""
    return max((record.load_kg for record in sets if record.load_kg is not None), default=None)


def _lifted(sets: Sequence[SetRecord], settings: ProgressSettings) -> tuple[LiftedSet, ...]:
    """Tell warm-up sets from work sets."""
    top_kg = top_load_kg(sets)
    first_top = next((i for i, record in enumerate(sets) if record.load_kg == top_kg), 0)

    def kind(place: int, load_kg: float | None) -> Kind:
        if load_kg is None or top_kg is None:
            return "unknown"
        return "warm-up" if place < first_top and load_kg < settings.warm_up_share * top_kg else "work"

    return tuple(LiftedSet(record, kind(place, record.load_kg)) for place, record in enumerate(sets))


def _heavy(
    day: date,
    exercise: Exercise | None,
    groups: Mapping[tuple[date, Exercise | None], Sequence[SetRecord]],
    settings: ProgressSettings,
) -> bool | None:
    """Compare the heaviest load of a day with that of the weeks before."""
    since = day - timedelta(weeks=settings.heavy_weeks)
    own_kg = top_load_kg(groups[day, exercise])
    earlier = (
        record for (at, what), sets in groups.items() if what == exercise and since <= at < day for record in sets
    )
    earlier_kg = top_load_kg(earlier)
    if own_kg is None or earlier_kg is None:
        return None
    return own_kg >= settings.heavy_share * max(own_kg, earlier_kg)


def entered_pain(history: History, settings: ProgressSettings) -> tuple[EnteredPain, ...]:
    """Find the day of training that each entry of pain belongs to.

    Parameters are those of `sessions_of`.
    """
    last: dict[date, datetime] = {}
    for record in history.sets:
        last[day_of(record.date)] = moment(record)
    within = timedelta(hours=settings.morning_h)

    def session_day(entry: PainRecord) -> date | None:
        day, at = day_of(entry.date), moment(entry)
        if entry.when != "next-morning" and (day in last or entry.when == "before"):
            return day if day in last else None
        recent = [trained for trained, ended in last.items() if ended < at <= ended + within]
        return max((trained for trained in recent if trained < day), default=max(recent, default=None))

    return tuple(EnteredPain(entry, session_day(entry)) for entry in history.pain)


def pain_by_day(entries: Iterable[EnteredPain]) -> dict[date, SessionPain]:
    """Take the worst of each kind for every day of training."""
    worst: dict[date, dict[str, int]] = defaultdict(dict)
    for entry in entries:
        if entry.session_day:
            of_day, name = worst[entry.session_day], entry.record.when.replace("-", "_")
            of_day[name] = max(entry.record.pain, of_day.get(name, 0))
    return {day: SessionPain(**of_day) for day, of_day in worst.items()}
