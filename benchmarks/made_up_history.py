"""Twelve weeks of deadlifts and squats that nobody lifted, and the progress page of them.

    python -m benchmarks.made_up_history [FILE]        # docs/examples/progress.html if not named

Loads rise until, in weeks 7 and 8, the upper back rounds at the heaviest deadlifts and pain goes up; then they begin
lower again. One session could not be measured, one squat came without a warm-up set, on one day no pain was entered.
The same numbers at every run.
"""

import sys
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

from spineline import __version__
from spineline.core.history import (
    CalibrationRecord,
    FlagRecord,
    History,
    PainRecord,
    RepRecord,
    SetRecord,
    When,
)
from spineline.core.settings import Settings
from spineline.core.terms import SEVERITIES, Exercise, Verdict
from spineline.io.progress_page import write_progress

LIFTER: Final = "Example"
FIRST: Final = date(2026, 1, 5)
TODAY: Final = "2026-03-29"
PAGE: Final = Path(__file__).parents[1] / "docs" / "examples" / "progress.html"

_ZONE: Final = timezone(timedelta(hours=1))
_SEED: Final = 12
_RULES: Final = Settings().rules
_WARM_UP: Final = (0.4, 0.6, 0.8)
_DEADLIFT_KG: Final = (80, 85, 90, 95, 100, 105, 110, 112.5, 90, 95, 100, 102.5)
_SQUAT_KG: Final = (55, 57.5, 60, 62.5, 65, 67.5, 70, 70, 65, 70, 75, 77.5)
_MONDAY, _THURSDAY, _SATURDAY = 0, 3, 5

_PAIN: Final[dict[int, tuple[int | None, ...]]] = {6: (1, 3, 4, 3), 7: (3, 5, 6, 5), 8: (3, 3, 3, 2), 9: (1, 2, 1, 1)}
"""In the weeks that were not good: before, during, after, the next morning."""


@dataclass(frozen=True)
class Day:
    """One session: what, in which week, how heavy, and how much the back rounds at the heaviest load."""

    exercise: Exercise
    week: int
    weekday: int
    top_kg: float
    top_deg: float
    warm_up: bool = True
    measured: bool = True

    @property
    def date(self) -> date:
        """When."""
        return FIRST + timedelta(weeks=self.week, days=self.weekday)

    @property
    def start(self) -> datetime:
        """When its first set began, by the clock on the wall."""
        return datetime(self.date.year, self.date.month, self.date.day, 18, 10, tzinfo=_ZONE)


def days() -> list[Day]:
    """Plan twelve weeks: deadlifts on Monday, squats on Thursday, lighter deadlifts on every other Saturday."""
    plan = []
    for week, (pull_kg, squat_kg) in enumerate(zip(_DEADLIFT_KG, _SQUAT_KG, strict=True)):
        bad = {6: 6.0, 7: 8.5}.get(week, 0.0)
        plan.append(Day("deadlift", week, _MONDAY, pull_kg, 2.5 + 0.02 * (pull_kg - 80) + bad))
        squat_deg = {10: 6.0, 11: 9.5}.get(week, 3.0)
        plan.append(Day("squat", week, _THURSDAY, squat_kg, squat_deg, warm_up=week != 5))
        if week % 2 == 0:
            plan.append(Day("deadlift", week, _SATURDAY, 0.9 * pull_kg, 2.0 + 0.5 * bad, measured=week != 4))
    return plan


def made_up_history() -> History:
    """Return what would be kept of it."""
    random, plan = Random(_SEED), days()  # noqa: S311
    sets = [lifted for day in plan for lifted in _sets(day, random)]
    pain = [entry for day in plan for entry in _pain(day, random)]
    return History(
        sets=tuple(sets),
        pain=tuple(sorted(pain, key=lambda entry: entry.date)),
        calibrations=tuple(_calibration(week, random) for week in (0, 5, 11)),
    )


def _sets(day: Day, random: Random) -> list[SetRecord]:
    loads = [2.5 * round(share * day.top_kg / 2.5) for share in _WARM_UP] if day.warm_up else []
    top_kg = 2.5 * round(day.top_kg / 2.5)
    return [_set(day, place, load_kg, top_kg, random) for place, load_kg in enumerate([*loads, top_kg, top_kg, top_kg])]


def _set(day: Day, place: int, load_kg: float, top_kg: float, random: Random) -> SetRecord:
    name = f"{day.exercise}_{day.date}_{place + 1}.mp4"
    share = 0.9 + 0.1 * random.random() if day.measured else 0.08 + 0.08 * random.random()
    set_deg = day.top_deg * (load_kg / top_kg) ** 2 + random.gauss(0, 0.7)
    return SetRecord(
        sha256=sha256(name.encode()).hexdigest(),
        from_s=0.0,
        to_s=round(22 + 4 * random.random(), 2),
        date=(day.start + timedelta(minutes=5 * place)).isoformat(timespec="seconds"),
        lifter=LIFTER,
        name=name,
        exercise=day.exercise,
        load_kg=load_kg,
        body_mass_kg=74.0,
        usable_share=round(share, 3),
        yaw_deg=round(random.gauss(3, 3), 1),
        reference_deg=round(2.6 - 0.05 * day.week + random.gauss(0, 1.6), 1) if day.measured else 0.0,
        reference_source="standing" if day.measured else "population",
        mdc95_deg=_RULES.mdc95_deg,
        version=__version__,
        reps=tuple(_rep(i, day, set_deg, heavy=load_kg == top_kg, random=random) for i in range(5)),
    )


def _rep(index: int, day: Day, set_deg: float, *, heavy: bool, random: Random) -> RepRecord:
    start_s = 4.0 + 3.4 * index
    unseen = RepRecord(
        index=index + 1, start_s=start_s, turn_s=start_s + 1.3, end_s=start_s + 2.6, verdict="not_measured",
        usable_share=0.0,
    )  # fmt: skip
    if not day.measured:
        return replace(unseen, usable_share=round(0.2 * random.random(), 2))
    creep_deg = index * (0.12 * set_deg if heavy else 0.1)
    peak_deg = round(set_deg - 0.3 * set_deg * heavy + creep_deg + random.gauss(0, 0.6), 1)
    verdict, flags = _judged(index + 1, peak_deg, start_s + 0.8)
    return replace(
        unseen,
        verdict=verdict,
        usable_share=round(0.93 + 0.07 * random.random(), 2),
        thoracic_change_start_deg=round(0.7 * peak_deg, 1),
        thoracic_change_peak_deg=peak_deg,
        thoracic_growth_deg=round(max(0.0, 0.3 * peak_deg), 1),
        sigma_deg=round(2.2 + 0.6 * random.random(), 1),
        trunk_peak_deg=round(66 + random.gauss(0, 2), 1),
        knee_min_deg=round(98 + random.gauss(0, 3), 1),
        strain_index_pct=round(2 + 0.6 * peak_deg + random.gauss(0, 2), 1),
        strain_index_sigma_pct=round(7 + 2 * random.random(), 1),
        flags=flags,
    )


def _judged(rep: int, peak_deg: float, time_s: float) -> tuple[Verdict, tuple[FlagRecord, ...]]:
    levels = _RULES.thoracic_rounding_deg
    for severity in reversed(SEVERITIES):
        least = max(getattr(levels, severity), _RULES.mdc95_deg)
        if peak_deg >= least:
            words = f"upper back {peak_deg:.2g} deg more rounded than your reference ({severity} from {least:.2g} deg)"
            flag = FlagRecord(rule="thoracic_rounding", severity=severity, value=peak_deg, threshold=least, unit="deg",
                              time_s=time_s, message=f"Rep {rep}, {time_s:.1f} s: {words}.")  # fmt: skip
            return severity, (flag,)
    return "ok", ()


def _pain(day: Day, random: Random) -> list[PainRecord]:
    if (day.week, day.weekday) == (10, _SATURDAY):
        return []
    usual = (random.randint(0, 1), None, random.randint(0, 2), 0)
    levels = _PAIN.get(day.week, usual) if day.exercise == "deadlift" else usual
    before, during, after, morning = levels
    moments: tuple[tuple[When, int | None, timedelta], ...] = (
        ("before", before, timedelta(minutes=-10)),
        ("during", during, timedelta(minutes=26)),
        ("after", after, timedelta(minutes=40)),
        ("next-morning", morning if before is None or before else before, timedelta(hours=13)),
    )
    bad = {7: "between the shoulder blades", 8: "less, but still there"}.get(day.week, "")
    return [
        PainRecord(
            date=(day.start + later).isoformat(timespec="seconds"),
            lifter=LIFTER,
            when=when,
            pain=pain,
            note=bad if when == "after" and day.weekday == _MONDAY else "",
        )
        for when, pain, later in moments
        if pain is not None
    ]


def _calibration(week: int, random: Random) -> CalibrationRecord:
    at = datetime(FIRST.year, FIRST.month, FIRST.day, 18, 0, tzinfo=_ZONE) + timedelta(weeks=week)
    return CalibrationRecord(
        date=at.isoformat(timespec="seconds"),
        lifter=LIFTER,
        thoracic_deg=round(2.6 - 0.05 * week + random.gauss(0, 1.0), 1),
        sigma_deg=1.3,
        slump_deg=round(13.5 + 0.15 * week + random.gauss(0, 0.8), 1),
        slump_sigma_deg=2.4,
    )


if __name__ == "__main__":
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    write_progress(made_up_history(), page, lifter=LIFTER, today=TODAY, settings=Settings(), made_up=True)
