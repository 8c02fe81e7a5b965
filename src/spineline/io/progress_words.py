"""The words in which weeks of lifting are put before people, on a page and in the terminal."""

from __future__ import annotations

from typing import Final

from spineline.core.advice import Kind
from spineline.core.overview import Lift, Overview
from spineline.core.progress import Session, Value
from spineline.core.trend import Course
from spineline.io.verdicts import NOT_MEASURED, change_in_words, counted

NOT_ENTERED: Final = "not entered"
NOT_KNOWN: Final = "not known"
_MOST_REMINDERS: Final = 3

BADGES: Final[dict[Kind, tuple[str, str]]] = {
    "lighter": ("flag", "Lighter, and ask"),
    "hold": ("caution", "Hold"),
    "step": ("info", "Small steps"),
    "none": ("not_measured", "No load advice"),
}
"""Colour and word of each kind of advice."""


def lift_name(exercise: str | None) -> str:
    """Write the name of a lift, or that it was not recognised."""
    return (exercise or "lift not recognised").capitalize()


def latest_in_words(lift: Lift) -> str:
    """Say what the latest session of a lift was like."""
    session = lift.sessions[-1]
    peak = session.peak_deg
    back = change_in_words(peak.value, peak.sigma if peak.sigma is not None else float("nan")) if peak else NOT_MEASURED
    return (
        f"{session.day}: {load_in_words(session)}, {sets_at_top(session)}; upper back at most {back}; "
        f"pain {pain_in_words(session)}."
    )


def load_in_words(session: Session) -> str:
    """Write the heaviest load."""
    return f"load {NOT_KNOWN}" if session.top_load_kg is None else f"{session.top_load_kg:g} kg"


def sets_at_top(session: Session) -> str:
    """Write "3 x 5", or every number of reps where they differ."""
    reps = session.reps_at_top
    if len(set(reps)) == 1:
        return f"{len(reps)} x {reps[0]}"
    return ", ".join(map(str, reps))


def pain_in_words(session: Session) -> str:
    """Say what pain was entered for a session."""
    entered = session.pain.by_name
    return ", ".join(f"{pain} {name}" for name, pain in entered.items()) if entered else NOT_ENTERED


def value_in_words(measured: Value | None, unit: str, *, decimals: int = 1, sign: bool = False) -> str:
    """Write a value with its sigma, or that it was not measured."""
    if measured is None:
        return NOT_MEASURED
    number = f"{round(measured.value, decimals) + 0.0:{'+' if sign else ''}.{decimals}f}"
    spread = "" if measured.sigma is None else f" ± {measured.sigma:.{decimals}f}{unit}"
    return f"{number}{unit}{spread}".replace("-", "\N{MINUS SIGN}")


def reminders(seen: Overview) -> list[str]:
    """Name the latest heavy sessions without a warm-up set; nothing to those who shall ask their clinician first."""
    if seen.clinician_first:
        return []
    return [
        f"{session.day}, {session.exercise}: {load_in_words(session)} without a lighter set recorded before. "
        "Before heavy sets, warm up with the bar and then about 40, 60 and 80 % of the load."
        for session in seen.without_warm_up[-_MOST_REMINDERS:]
    ]


def posture_lines(seen: Overview) -> list[str]:
    """Say how standing and slump went over time."""
    return [
        _course_in_words("Standing", "more rounded", "less rounded", seen.standing),
        _course_in_words("Full slump", "farther", "less far", seen.slump),
    ]


def _course_in_words(name: str, more: str, less: str, course: Course) -> str:
    """Say how an angle went over time."""
    if not course.readings:
        return f"{name}: {NOT_MEASURED}."
    newest = course.readings[-1]
    line, sigma = course.trend.line, newest.angle_deg.sigma
    spread = "" if sigma is None else f" ± {sigma:.0f}°"
    latest = f"{name}: {counted(len(course.readings), 'reading')}, the latest {newest.angle_deg.value:.0f}°{spread} " \
             f"on {newest.day}"  # fmt: skip
    if line is None:
        return f"{latest}; too few to tell a trend."
    weekly = f"{28 * line.slope:+.1f}° ± {28 * line.sigma:.1f}° in four weeks".replace("-", "\N{MINUS SIGN}")
    if course.trend.direction == "level":
        return f"{latest}; no change beyond the {course.trend.least:.2g}° that can be told ({weekly})."
    return f"{latest}; {more if course.trend.direction == 'rises' else less} than before ({weekly})."
