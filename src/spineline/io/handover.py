"""What a lifter takes along to a clinician: one page and one table, of what was measured and how surely."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from spineline import __version__
from spineline.core.history import WORST_PAIN, CalibrationRecord, History, PainRecord, RepRecord, Still
from spineline.core.overview import Lift, Overview, overview
from spineline.core.progress import LiftedSet, Session, Value, in_order, of_lifter, sessions_of
from spineline.core.settings import Settings
from spineline.io.pages import at_both_widths, jpeg_uri, page_template
from spineline.io.progress_charts import sessions_svg
from spineline.io.progress_words import lift_name, load_in_words, sets_at_top, value_in_words
from spineline.io.tables import Cell, Column, csv_text
from spineline.io.verdicts import NOT_MEASURED, VERDICTS, counted

if TYPE_CHECKING:
    from markupsafe import Markup

_MOST_PICTURES: Final = 24
_NONE: Final = "\N{EN DASH}"

_REFERENCES: Final[dict[str, str]] = {
    "standing": "own standing",
    "profile": "own, saved",
    "least_flexed": "own, least flexed",
    "population": "average",
}

_ABOUT: Final = (
    "Estimated from videos of one ordinary camera. It is the outline of the back that is seen, not the bones; no angle "
    "here is one of a radiograph.",
    "Every angle is a change from what the column Reference says: the lifter's own standing in the same recording or "
    "saved earlier, the least flexed moments of the set, or an average of others; + is more flexed. ± is one standard "
    "deviation of the estimate. Changes below the column Least cannot be told from noise (95 %).",
    "Not measured means that nothing is known about that moment. Measured is the share of the time in which the upper "
    "back could be read.",
    "Marks (info, caution, flag) are coaching defaults. No study gives a limit for how much an upper back may round "
    "under load.",
    "Loose clothing, shoulders pulled forward, plates and a camera off the side can all move the outline although the "
    "spine does not move.",
    "Pain and conditions are what the lifter entered. This page holds no diagnosis and no advice.",
)


@dataclass(frozen=True)
class _Picture:
    """One picture, and what it shows."""

    uri: str
    text: str


_COLUMNS: Final = (
    "Date",
    "Lift",
    "Heaviest load, sets x reps",
    "Most flexed rep at that load",
    "Least",
    "Reference",
    "Marks in all reps",
    "Most trunk lean",
    "Strain index",
    "Measured",
    "Pain before, during, after, next morning",
)


_TABLE: Final[dict[str, Literal["float", "int", "text"]]] = {
    "date": "text",
    "exercise": "text",
    "load_kg": "float",
    "body_mass_kg": "float",
    "set_usable_share": "float",
    "mdc95_deg": "float",
    "reference": "text",
    "rep": "int",
    "verdict": "text",
    "usable_share": "float",
    "thoracic_change_start_deg": "float",
    "thoracic_change_peak_deg": "float",
    "thoracic_growth_deg": "float",
    "sigma_deg": "float",
    "trunk_peak_deg": "float",
    "knee_min_deg": "float",
    "strain_index_pct": "float",
    "strain_index_sigma_pct": "float",
    "flags": "text",
    "pain_before": "int",
    "pain_during": "int",
    "pain_after": "int",
    "pain_next_morning": "int",
}
_OF_REP: Final = tuple(name for name in _TABLE if name in RepRecord.__annotations__ and name != "flags")


def render_handover(
    history: History, *, lifter: str, today: date, settings: Settings, faces: bool = False, made_up: bool = False
) -> str:
    """Return the page.

    Parameters
    ----------
    history
        Of the time that is handed over, of others too.
    lifter
        Whose.
    today
        When the page is made.
    settings
        Thresholds.
    faces
        Show pictures as they are. Else nobody is recognised in them, and those that cannot vouch for that are left out.
    made_up
        Say large that nobody lifted this.
    """
    own = of_lifter(history, lifter)
    seen = overview(own, lifter=lifter, today=today, settings=settings)
    pictures, left_out = _pictures(seen.sessions, faces=faces)
    return page_template("handover.html").render(
        lifter=lifter,
        today=today.isoformat(),
        version=__version__,
        about=_ABOUT,
        facts=_facts(own, seen),
        conditions=own.conditions,
        lifts=[(lift_name(lift.exercise), _charts(lift, seen, settings)) for lift in seen.lifts],
        columns=_COLUMNS,
        rows=[_row(session) for session in reversed(seen.sessions)],
        pain=[_pain(entry.record) for entry in reversed(seen.pain) if entry.record.note or not entry.session_day],
        worst_pain=WORST_PAIN,
        calibrations=[_calibration(record) for record in own.calibrations],
        pictures=pictures,
        left_out=left_out,
        faces=faces,
        made_up=made_up,
        not_measured=NOT_MEASURED,
    )


def handover_table(history: History, *, lifter: str, settings: Settings) -> str:
    """Return the table as CSV: one row a rep, and one for each set without any. Parameters as of the page."""
    sessions = in_order(sessions_of(of_lifter(history, lifter), settings.progress))
    rows = [row for session in sessions for lifted in session.sets for row in _table_rows(lifted, session)]
    return csv_text([Column(name, kind, [row[name] for row in rows]) for name, kind in _TABLE.items()])


def _table_rows(lifted: LiftedSet, session: Session) -> list[dict[str, Cell]]:
    record = lifted.record
    of_set: dict[str, Cell] = {
        **dict.fromkeys(_TABLE),
        "date": record.date,
        "exercise": record.exercise,
        "load_kg": record.load_kg,
        "body_mass_kg": record.body_mass_kg,
        "set_usable_share": record.usable_share,
        "mdc95_deg": record.mdc95_deg,
        "reference": record.reference_source,
        **{f"pain_{name.replace(' ', '_')}": pain for name, pain in session.pain.by_name.items()},
    }
    of_reps = [
        {
            **of_set,
            **{name: getattr(rep, name) for name in _OF_REP},
            "rep": rep.index,
            "flags": ";".join(f"{flag.rule}:{flag.severity}" for flag in rep.flags) or None,
        }
        for rep in record.reps
    ]
    return of_reps or [of_set]


def _facts(own: History, seen: Overview) -> list[tuple[str, str]]:
    reps = [rep for record in own.sets for rep in record.reps]
    judged = [rep for rep in reps if rep.verdict != "not_measured"]
    days = sorted({session.day for session in seen.sessions})
    span = f"{days[0]} to {days[-1]}" if days else "none"
    worst = max((entry.pain for entry in own.pain), default=None)
    return [
        ("Sets", f"{counted(len(own.sets), 'set')} of {counted(len(reps), 'rep')} on {counted(len(days), 'day')}"),
        ("Days", span),
        ("Upper back measured", f"in {len(judged)} of {counted(len(reps), 'rep')}"),
        ("Marks", _marks(reps)),
        ("Pain entered", "never" if worst is None else
         f"{counted(len(own.pain), 'time')}, at most {worst} of {WORST_PAIN}"),
    ]  # fmt: skip


def _marks(reps: Sequence[RepRecord]) -> str:
    """Count the verdicts of some reps, and never leave unsaid how many were not measured."""
    count = {name: sum(rep.verdict == name for rep in reps) for name in VERDICTS}
    said = [f"{count[name]} {look.symbol} {look.word.lower()}" for name, look in VERDICTS.items() if count[name]]
    return ", ".join(said) or "no reps"


def _charts(lift: Lift, seen: Overview, settings: Settings) -> dict[str, Markup]:
    return at_both_widths(
        lambda width_px, name: sessions_svg(lift, seen, settings, width_px=width_px, name=f"{name}-{lift.exercise}")
    )


def _row(session: Session) -> tuple[str, ...]:
    """Tell of a session: of its heaviest sets what was measured, of all of them the marks."""
    records = [lifted.record for lifted in session.sets]
    reps = [rep for record in records for rep in record.reps]
    leans_deg = [rep.trunk_peak_deg for rep in reps if rep.trunk_peak_deg is not None]
    sources = dict.fromkeys(record.reference_source for record in records)
    return (
        session.day.isoformat(),
        lift_name(session.exercise),
        f"{load_in_words(session)}, {sets_at_top(session)}",
        _rounded(session.peak_deg, "°"),
        f"{max(record.mdc95_deg for record in records):.0f}°",
        "; ".join(_REFERENCES.get(source, source) for source in sources),
        _marks(reps),
        f"{max(leans_deg):.0f}°" if leans_deg else NOT_MEASURED,
        _rounded(session.strain_pct, "%"),
        f"{session.usable_share:.0%}",
        " / ".join(_NONE if pain is None else str(pain) for pain in astuple(session.pain)),
    )


def _rounded(found: Value | None, unit: str) -> str:
    return value_in_words(found, unit, decimals=0, sign=True)


def _pain(record: PainRecord) -> tuple[str, ...]:
    return record.date[:16].replace("T", " "), record.when.replace("-", " "), str(record.pain), record.note


def _calibration(record: CalibrationRecord) -> tuple[str, ...]:
    slump = None if record.slump_deg is None else Value(record.slump_deg, record.slump_sigma_deg)
    return record.date[:10], _rounded(Value(record.thoracic_deg, record.sigma_deg), "°"), (
        "not taken" if slump is None else _rounded(slump, "°"))  # fmt: skip


def _pictures(sessions: Sequence[Session], *, faces: bool) -> tuple[list[_Picture], int]:
    """Take the most rounded set of each session, newest first, and count those that may not be shown."""
    shown = [most for session in reversed(sessions) if (most := _most_flexed(session))][:_MOST_PICTURES]
    found = [_picture(lifted, still, faces=faces) for lifted, still in shown]
    return [picture for picture in found if picture], found.count(None)


def _most_flexed(session: Session) -> tuple[LiftedSet, Still] | None:
    """Return the set of a session that has a picture and was measured as most flexed."""
    pictured = [(lifted, lifted.record.still) for lifted in session.sets if lifted.record.still]
    return max(pictured, key=lambda pair: pair[0].peak_deg.value if pair[0].peak_deg else -math.inf, default=None)


def _picture(lifted: LiftedSet, still: Still, *, faces: bool) -> _Picture | None:
    """Say what a picture shows; None if somebody may be recognised in it who should not."""
    jpeg = still.jpeg if faces else still.faceless
    if jpeg is None:
        return None
    record = lifted.record
    peaks = [
        Value(rep.thoracic_change_peak_deg, rep.sigma_deg)
        for rep in record.reps
        if rep.index == still.rep and rep.thoracic_change_peak_deg is not None
    ]
    most = _rounded(peaks[0] if peaks else None, "°")
    load = "" if record.load_kg is None else f", {record.load_kg:g} kg"
    return _Picture(
        uri=jpeg_uri(jpeg),
        text=f"{record.date[:10]}, {lift_name(record.exercise).lower()}{load}, rep {still.rep}: most flexed {most}",
    )
