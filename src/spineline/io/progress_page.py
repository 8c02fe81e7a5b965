"""Weeks of lifting as one self-contained page: load, rounding and pain side by side, and what that suggests."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from spineline.core.advice import CLINICIAN_FIRST, EMERGENCY, SIGNS, trend_in_words
from spineline.core.history import WORST_PAIN, History, SetRecord
from spineline.core.overview import Lift, Overview, overview
from spineline.core.progress import EnteredPain, Session, Value, day_of
from spineline.core.settings import ProgressSettings, Settings
from spineline.core.trend import Week
from spineline.io.pages import at_both_widths, page_template, write_page
from spineline.io.progress_charts import compared_svg, creep_svg, posture_svg, sessions_svg
from spineline.io.progress_words import (
    BADGES,
    NOT_ENTERED,
    NOT_KNOWN,
    latest_in_words,
    lift_name,
    pain_in_words,
    posture_lines,
    reminders,
    sets_at_top,
    value_in_words,
)
from spineline.io.settings_rows import settings_rows
from spineline.io.verdicts import NOT_MEASURED, counted

if TYPE_CHECKING:
    from markupsafe import Markup

_COLUMNS: Final = (
    "Date",
    "Lift",
    "Heaviest load",
    "Sets",
    "Upper back at that load",
    "Gained within a set",
    "Strain index",
    "Measured",
    "Pain",
    "Results",
)

_TABLE_CAPTION: Final = (
    "Upper back: the most rounded rep at the day's heaviest load, against the reference; ± is one standard deviation "
    "of the estimate. Gained within a set: the last two reps against the first two, in the work set "
    "where that is most. "
    "Measured: share of the time in which the upper back was measured. Pain of the whole day, as entered."
)

_LIMITS: Final = (
    "Everything measured here is estimated from one ordinary camera, and compared with your own reference in each "
    "recording. Days differ in clothes, camera and light, and that can look like a change.",
    "Not measured means that nothing is known about it. It does not mean that all was well.",
    "Sets are compared at about equal reps, but not at equal rest, sleep or effort. "
    "That two things change together does not say that one makes the other.",
    "Loads and pain are what you entered. What was not recorded is not here.",
    "Volume is load times reps, week by week. No ratio of weeks is formed: none has been shown to foretell anything.",
    "This is feedback for training. It does not examine you and says nothing about your health.",
)


@dataclass(frozen=True)
class _Chart:
    """One drawing at both widths, what it shows in a sentence, and how to read it."""

    text: str
    caption: str
    wide: Markup
    narrow: Markup


@dataclass(frozen=True)
class _Results:
    """Where the report of a set is; None where there is none any more."""

    text: str
    link: str | None


@dataclass(frozen=True)
class _Row:
    """One session in the table."""

    cells: tuple[str, ...]
    results: tuple[_Results, ...]
    gone: str


def write_progress(
    history: History,
    target: Path,
    *,
    lifter: str,
    today: str,
    settings: Settings,
    made_up: bool = False,
    since: str | None = None,
) -> None:
    """Write the page that `render_progress` returns, whole or not at all; reports are linked from where it lies.

    Raises
    ------
    InputError
        It cannot be written there.
    """
    page = render_progress(
        history, lifter=lifter, today=today, settings=settings, made_up=made_up, since=since, folder=target.parent
    )
    write_page(page, target)


def render_progress(
    history: History,
    *,
    lifter: str,
    today: str,
    settings: Settings,
    made_up: bool = False,
    since: str | None = None,
    folder: Path | None = None,
) -> str:
    """Return the page of a lifter's weeks.

    Parameters
    ----------
    history : History
        Also of others, in any order.
    lifter : str
        Whose. Any text is fit: it is shown, never interpreted.
    today : str
        Date of the page, ISO 8601.
    settings : Settings
    made_up : bool
        Say large that nobody lifted this.
    since : str, optional
        First date that is shown.
    folder : Path, optional
        Where the page will lie: reports are linked from there, else by their full place.
    """
    first = date.fromisoformat(since) if since else date.min
    seen = overview(history, lifter=lifter, today=date.fromisoformat(today), settings=settings, since=first)
    return page_template("progress.html").render(
        lifter=lifter,
        today=today,
        made_up=made_up,
        headline=_headline(seen),
        notes=_notes(seen),
        clinician_first=CLINICIAN_FIRST if seen.clinician_first else (),
        advice=[(lift_name(lift.exercise), lift.sessions[-1].day, lift.advice, *BADGES[lift.advice.kind])
                 for lift in seen.lifts if lift.advice],
        origins=list(dict.fromkeys(line for lift in seen.lifts if lift.advice for line in lift.advice.origin)),
        reminders=reminders(seen),
        emergency=EMERGENCY,
        signs=SIGNS,
        lifts=[(lift_name(lift.exercise), _charts(lift, seen, settings), _weeks(lift.weeks)) for lift in seen.lifts],
        posture=_posture(seen),
        posture_lines=posture_lines(seen),
        columns=_COLUMNS,
        rows=[_row(session, folder) for session in reversed(seen.sessions)],
        caption=_TABLE_CAPTION,
        unknown=(NOT_MEASURED, NOT_ENTERED, NOT_KNOWN),
        pain=[_pain_row(entry, settings.progress) for entry in reversed(seen.pain)],
        limits=_LIMITS,
        settings=() if seen.clinician_first else settings_rows(settings, "progress"),
    )  # fmt: skip


def _headline(seen: Overview) -> str:
    if not seen.sessions:
        return "No set has been recorded yet."
    lifts = [f"{len(lift.sessions)} of {lift.exercise}" for lift in seen.lifts]
    lifts += [f"{len(seen.other)} whose lift was not recognised"] * bool(seen.other)
    count = counted(len(seen.sessions), "session")
    return f"{count} from {seen.sessions[0].day} to {seen.sessions[-1].day}: {', '.join(lifts)}."


def _notes(seen: Overview) -> list[str]:
    """Say in words what the latest sessions were like, and what is not known."""
    lines = [f"{lift_name(lift.exercise)}, latest on {latest_in_words(lift)}" for lift in seen.lifts]
    unseen = [session for session in seen.sessions if session.peak_deg is None]
    if unseen:
        lines.append(f"In {counted(len(unseen), 'session')} the upper back was not measured at the heaviest load: "
                     f"{_dates(unseen)}. Nothing is known about {'it' if len(unseen) == 1 else 'them'}.")  # fmt: skip
    unsaid = [session for session in seen.sessions if not session.pain.by_name]
    if unsaid:
        lines.append(f"No pain was entered for {counted(len(unsaid), 'session')}: {_dates(unsaid)}.")
    return lines


def _dates(sessions: Sequence[Session]) -> str:
    shown = [str(session.day) for session in sessions[-3:]]
    earlier = len(sessions) - len(shown)
    return ", ".join([f"{earlier} earlier"] * bool(earlier) + shown)


def _charts(lift: Lift, seen: Overview, settings: Settings) -> list[_Chart]:
    name = lift_name(lift.exercise)
    charts = [
        _chart(
            f"{name}: heaviest load, rounding and pain of {counted(len(lift.sessions), 'session')} over time. "
            "The table of sessions has every number.",
            "Bars at a point: one standard deviation. Grey: cannot be told from the reference. Dashed: levels. "
            "Hatched, with a question mark: not measured, or not entered.",
            lambda width_px, key: sessions_svg(lift, seen, settings, width_px=width_px, name=f"{lift.exercise}-{key}"),
        ),
        _chart(
            f"{name}: how much more rounded the last reps of each work set were than the first. "
            "The table of sessions has the largest of each day.",
            "Last two reps of each work set against its first two (three measured reps at least). "
            "In grey: cannot be told from nothing.",
            lambda width_px, key: creep_svg(
                lift, seen, settings, width_px=width_px, name=f"creep-{lift.exercise}-{key}"
            ),
        ),
    ]
    if lift.comparison.sets:
        charts.insert(1, _compared(lift, settings))
    return charts


def _compared(lift: Lift, settings: Settings) -> _Chart:
    words, limits = trend_in_words(lift.comparison.trend), settings.progress
    reps, slack = lift.comparison.reps, int(limits.similar_reps)
    return _chart(
        f"{lift_name(lift.exercise)}: rounding against load. {words}",
        f"Sets of {max(1, reps - slack)} to {reps + slack} reps, warm-up sets too: as many as in the latest session, "
        f"give or take {slack}. {words} The line is that of the last {limits.compared_weeks:g} weeks, dotted where it "
        "says nothing.",
        lambda width_px, key: compared_svg(lift, settings, width_px=width_px, name=f"load-{lift.exercise}-{key}"),
    )


def _chart(text: str, caption: str, draw: Callable[[int, str], str]) -> _Chart:
    return _Chart(text, caption, **at_both_widths(draw))


def _posture(seen: Overview) -> _Chart | None:
    if not (seen.standing.readings or seen.slump.readings):
        return None
    return _chart(
        f"Standing and slump over time. {' '.join(posture_lines(seen))}",
        "Standing: the angle that changes are measured from, in calibrations and in sets that began with standing. It "
        "is read up to a constant of your own and of the spine model, so only its way over time means something.",
        lambda width_px, key: posture_svg(seen, width_px=width_px, name=f"posture-{key}"),
    )


def _weeks(weeks: Sequence[Week]) -> list[tuple[str, ...]]:
    """Write the weeks, newest first; those without a set are there too."""
    rows: list[tuple[str, ...]] = []
    for week in reversed(weeks):
        volume = NOT_KNOWN if week.volume_kg is None else f"{week.volume_kg:.0f} kg"
        if week.unknown_sets and week.volume_kg is not None:
            volume += f", and {counted(week.unknown_sets, 'set')} of unknown load"
        if not week.sets:
            rows.append((str(week.monday), "nothing recorded", "", ""))
        else:
            rows.append((str(week.monday), counted(week.sessions, "session"), str(week.reps), volume))
    return rows


def _row(session: Session, folder: Path | None) -> _Row:
    results = [_results(place, lifted.record, folder) for place, lifted in enumerate(session.sets, start=1)]
    gone = [place for place, lifted in enumerate(session.sets, start=1)
            if lifted.record.folder and not results[place - 1].link]  # fmt: skip
    warm_up = f"{len(session.warm_up_sets) or 'no'} warm-up"
    measured = sum(len(lifted.peaks_deg) for lifted in session.top_sets)
    return _Row(
        cells=(
            str(session.day),
            lift_name(session.exercise),
            NOT_KNOWN if session.top_load_kg is None else f"{session.top_load_kg:g} kg, {sets_at_top(session)}",
            f"{len(session.sets)}, {warm_up}",
            value_in_words(session.peak_deg, "°", sign=True)
            + (f", {measured} of {sum(session.reps_at_top)} reps" if session.peak_deg else ""),
            value_in_words(None if session.creep_deg is None else Value(session.creep_deg, None), "°", sign=True),
            value_in_words(session.strain_pct, " %", decimals=0, sign=True),
            f"{session.usable_share:.0%}",
            pain_in_words(session),
        ),
        results=tuple(result for result in results if result.link),
        gone=f"results of {'set' if len(gone) == 1 else 'sets'} {', '.join(map(str, gone))} moved or deleted"
        if gone
        else "",
    )


def _results(place: int, record: SetRecord, folder: Path | None) -> _Results:
    """Link the report of a set if it is still there."""
    load = "" if record.load_kg is None else f", {record.load_kg:g} kg"
    report = Path(record.folder) / "report.html" if record.folder else None
    found = report is not None and report.is_file()
    return _Results(f"set {place}{load}", _link(report.resolve(), folder) if report and found else None)


def _link(report: Path, folder: Path | None) -> str:
    """Return the way from a folder to a file, or its full place where there is none, as between drives."""
    try:
        if folder is not None:
            return quote(os.fsencode(os.path.relpath(report, folder.resolve()).replace(os.sep, "/")))
    except ValueError:
        pass
    return report.as_uri()


def _pain_row(entry: EnteredPain, settings: ProgressSettings) -> tuple[str, ...]:
    record = entry.record
    high, low = record.pain > settings.high_pain, record.pain <= settings.low_pain
    words = "high" if high else "low" if low else "middle"
    belongs = f"session of {entry.session_day}" if entry.session_day else "no session"
    when = record.when.replace("-", " ")
    return str(day_of(record.date)), f"{record.pain} of {WORST_PAIN}, {words}", f"{when}, {belongs}", record.note
