"""What weeks of sessions show: load against rounding at equal reps, volume, standing and slump.

Equal reps: only sets of one exercise are compared whose number of reps is that of the latest session's heaviest set,
give or take `progress.similar_reps`. Warm-up sets of as many reps are among them: without lighter sets there is nothing
to compare a heavy one with.

A trend is a straight line, each value weighed by its uncertainty. It is named only if it is beyond both its own
uncertainty and, over the range that was seen, the minimal detectable change.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Final, Literal

import numpy as np

from spineline.core.history import History
from spineline.core.progress import LiftedSet, Session, Value, day_of
from spineline.core.settings import ProgressSettings, Settings

_TWO_SIDED_95: Final = 1.96


@dataclass(frozen=True)
class Line:
    """A weighted straight line through values at places from `low` to `high`, and the sigma of its slope."""

    slope: float
    sigma: float
    low: float
    high: float
    middle: float
    height: float

    def at(self, place: float) -> float:
        """Return its value."""
        return self.height + self.slope * (place - self.middle)


@dataclass(frozen=True)
class Trend:
    """A line through so many values, None where they are too few or all at one place; smaller changes are not named."""

    line: Line | None
    count: int
    least: float

    @property
    def direction(self) -> Literal["rises", "falls", "level", "unknown"]:
        """Which way it goes, `level` where that cannot be told from noise."""
        if self.line is None:
            return "unknown"
        change = self.line.slope * (self.line.high - self.line.low)
        if abs(change) < self.least or abs(self.line.slope) < _TWO_SIDED_95 * self.line.sigma:
            return "level"
        return "rises" if change > 0 else "falls"


@dataclass(frozen=True)
class Comparison:
    """Sets of about as many reps whose load is known and whose upper back was measured; the trend is of the recent."""

    reps: int
    sets: tuple[LiftedSet, ...]
    recent: tuple[LiftedSet, ...]
    trend: Trend


@dataclass(frozen=True)
class Week:
    """What was lifted of one exercise from Monday to Sunday: load times reps, and sets whose load was not said.

    ``volume_kg`` is None where no load was said.
    """

    monday: date
    sessions: int
    sets: int
    reps: int
    volume_kg: float | None
    unknown_sets: int


@dataclass(frozen=True)
class Reading:
    """An angle read on one day, from where, and by which spine model: others read up to a constant of their own."""

    day: date
    angle_deg: Value
    source: Literal["calibration", "sets"]
    spine_sha256: str


@dataclass(frozen=True)
class Course:
    """Readings over weeks; the trend is of those by the model of the newest."""

    readings: tuple[Reading, ...]
    trend: Trend


def trend_of(
    places: Sequence[float], values: Sequence[Value], *, unknown_sigma: float, least: float, least_points: float
) -> Trend:
    """Fit a line through values, each weighed by its sigma.

    The sigma of its slope follows from those of the values, or from how far they lie off the line if that is farther.

    Parameters
    ----------
    places, values
        As many of each.
    unknown_sigma
        Of values whose own is not known; above 0.
    least
        Minimal detectable change.
    least_points
        Fewer values give no line.
    """
    if len(values) < least_points or min(places) == max(places):
        return Trend(None, len(values), least)
    x, y = np.asarray(places, dtype=float), np.array([value.value for value in values])
    weight = np.array([value.sigma or unknown_sigma for value in values]) ** -2.0
    middle, height = float(np.average(x, weights=weight)), float(np.average(y, weights=weight))
    spread = float(weight @ (x - middle) ** 2)
    slope = float(weight @ ((x - middle) * (y - height))) / spread
    off = y - height - slope * (x - middle)
    scatter = math.sqrt(float(weight @ off**2) / (len(x) - 2))
    sigma = max(1.0, scatter) / math.sqrt(spread)
    return Trend(Line(slope, sigma, float(x.min()), float(x.max()), middle, height), len(values), least)


def compare(sessions: Sequence[Session], settings: Settings) -> Comparison:
    """Set load beside rounding in the sessions of one exercise, one or more, in order of time."""
    latest, limits = sessions[-1], settings.progress
    reps = max(latest.reps_at_top)
    sets = tuple(
        lifted
        for session in sessions
        for lifted in session.sets
        if abs(len(lifted.record.reps) - reps) <= limits.similar_reps and lifted.record.load_kg and lifted.peak_deg
    )
    since = latest.day - timedelta(weeks=limits.compared_weeks)
    recent = tuple(lifted for lifted in sets if day_of(lifted.record.date) > since)
    trend = trend_of(
        [lifted.record.load_kg or 0.0 for lifted in recent],
        [lifted.peak_deg for lifted in recent if lifted.peak_deg],
        unknown_sigma=settings.reference.profile_sigma_deg,
        least=max([settings.rules.mdc95_deg, *(lifted.record.mdc95_deg for lifted in recent)]),
        least_points=limits.least_points,
    )
    return Comparison(reps, sets, recent, trend)


def weeks_of(sessions: Sequence[Session]) -> tuple[Week, ...]:
    """Add up the sessions of one exercise by week; weeks between without any are there too, empty."""
    mondays = [session.day - timedelta(days=session.day.weekday()) for session in sessions]
    if not mondays:
        return ()
    count = (max(mondays) - min(mondays)).days // 7 + 1
    return tuple(
        _week(monday, [session for session, at in zip(sessions, mondays, strict=True) if at == monday])
        for monday in (min(mondays) + timedelta(weeks=i) for i in range(count))
    )


def _week(monday: date, sessions: Sequence[Session]) -> Week:
    sets = [lifted.record for session in sessions for lifted in session.sets]
    known = [record.load_kg * len(record.reps) for record in sets if record.load_kg is not None]
    return Week(
        monday=monday,
        sessions=len(sessions),
        sets=len(sets),
        reps=sum(len(record.reps) for record in sets),
        volume_kg=sum(known) if known else None,
        unknown_sets=len(sets) - len(known),
    )


def standing_of(history: History, settings: Settings) -> Course:
    """Collect how the lifter stood: in calibrations, and in sets that were compared with standing of their own.

    Sets of one day count once, by their median: they share clothes, camera and room. The sigma is that of another
    session: these, and standing not quite alike.
    """
    between_deg = settings.reference.profile_sigma_deg
    stood: dict[tuple[date, str], list[float]] = defaultdict(list)
    for lifted in history.sets:
        if lifted.reference_source == "standing" and lifted.reference_deg is not None:
            stood[day_of(lifted.date), lifted.spine_sha256 or ""].append(lifted.reference_deg)
    readings = [
        Reading(
            day_of(taken.date),
            Value(taken.thoracic_deg, math.hypot(taken.sigma_deg, between_deg)),
            "calibration",
            taken.spine_sha256,
        )
        for taken in history.calibrations
    ]
    readings += [Reading(day, Value(median(angles), between_deg), "sets", sha) for (day, sha), angles in stood.items()]
    least_deg = math.hypot(settings.rules.mdc95_deg, _TWO_SIDED_95 * between_deg)
    return _course(readings, between_deg, least_deg, settings.progress)


def slump_of(history: History, settings: Settings) -> Course:
    """Collect how much more rounded than standing a full slump was, from calibrations."""
    readings = [
        Reading(day_of(taken.date), Value(taken.slump_deg, taken.slump_sigma_deg), "calibration", taken.spine_sha256)
        for taken in history.calibrations
        if taken.slump_deg is not None
    ]
    return _course(readings, settings.reference.profile_sigma_deg, settings.rules.mdc95_deg, settings.progress)


def _course(readings: list[Reading], unknown_sigma: float, least: float, settings: ProgressSettings) -> Course:
    readings.sort(key=lambda reading: reading.day)
    same = [reading for reading in readings if reading.spine_sha256 == readings[-1].spine_sha256]
    trend = trend_of(
        [reading.day.toordinal() for reading in same],
        [reading.angle_deg for reading in same],
        unknown_sigma=unknown_sigma,
        least=least,
        least_points=settings.least_points,
    )
    return Course(tuple(readings), trend)
