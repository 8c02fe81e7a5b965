"""What the latest session of a lift says about the next load, and when somebody else should be asked.

In this order; the first that holds is said:

1. a condition was entered: the words of `CLINICIAN_FIRST`, and nothing about loads (see `spineline.core.overview`)
2. pain above the highest level, or worse the next morning than before the session: lighter, and see a clinician,
   however good the form was
3. pain of the middle level: hold
4. pain not entered since, or load not known: no load advice, and what is missing
5. rounding rises with load, or form did not hold: hold
6. form not measured, or too long ago: no load advice, and what is missing
7. form held and pain stayed low: small steps

Pain counts from the day of the session on, whatever lift it was entered with. Its levels come from the pain-monitoring
model, steps from ACSM 2009, the rest are coaching defaults: see docs/progress.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from spineline.core.history import WORST_PAIN, PainRecord
from spineline.core.progress import EnteredPain, Session, SessionPain, day_of, pain_by_day
from spineline.core.settings import ProgressSettings
from spineline.core.trend import Comparison, Trend

Kind = Literal["lighter", "hold", "step", "none"]

EMERGENCY: Final = "Chest pain, or being short of breath without reason: call the emergency number now."

SIGNS: Final = (
    "New trouble with bladder or bowel, or numbness between the legs: the same day.",
    "A leg that gets weak, trouble with walking or balance, or a band of numbness around the trunk: the same day.",
    "A heavy fall or blow; a light one if your bones are brittle or you take steroids.",
    "Cancer now or earlier; fever; a weak immune system; injected drugs; weight lost without reason.",
    "Pain that stays all night, whatever you do.",
    "New back pain before 20 or after 50 years of age.",
    "A back whose shape has changed.",
    "Pain that is no better after a month. Pain in the mid-back that stays is worth asking about sooner.",
)
"""When to see a clinician; docs/progress.md has the sources."""

CLINICIAN_FIRST: Final = (
    "You have entered a known condition of the spine. Talk to your clinician first about what and how you lift.",
    "This page shows what was measured, to take along. It says nothing about what to do next.",
)

PAIN_ORIGIN: Final = (
    "The levels of pain come from the pain-monitoring model (Thomeé), which was made for knee and Achilles tendon, "
    "not for the spine."
)
STEP_ORIGIN: Final = "Steps: American College of Sports Medicine, 2009."
FORM_ORIGIN: Final = "To hold when the upper back rounds more is a coaching default; no study gives a limit."


@dataclass(frozen=True)
class Advice:
    """One line of advice after a session, why, what is missing for more, and where the rule comes from."""

    kind: Kind
    headline: str
    because: tuple[str, ...]
    missing: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Pain:
    """Entries that count for a session: the worst, the latest of equals; a day after which the morning was worse."""

    worst: PainRecord | None
    risen: SessionPain | None
    since: bool
    own: SessionPain


def advise(
    session: Session,
    comparison: Comparison,
    pain: Sequence[EnteredPain],
    settings: ProgressSettings,
    *,
    today: date,
) -> Advice:
    """Give the advice for a lift of a lifter who has entered no condition of the spine.

    Parameters
    ----------
    session, comparison
        The latest session of the lift, and its loads beside its rounding.
    pain
        All that was entered.
    settings
        Thresholds.
    today
        The date of the advice.
    """
    felt = _felt(session, pain, settings)
    because = (*_pain_words(felt), *_form_words(session), *_trend_words(comparison.trend))
    kind, missing = _kind(session, comparison, felt, settings, today=today)
    return Advice(
        kind=kind,
        headline=_headline(kind, session.top_load_kg, settings),
        because=because,
        missing=(*missing, *(_conditions(felt) if kind == "step" else ())),
        origin=(PAIN_ORIGIN, *((STEP_ORIGIN,) if kind == "step" else ()), FORM_ORIGIN),
    )


def _felt(session: Session, pain: Sequence[EnteredPain], settings: ProgressSettings) -> _Pain:
    """Collect the pain that counts for a session."""
    counting = [entry for entry in pain if day_of(entry.record.date) >= session.day]
    since = [
        entry
        for entry in counting
        if (entry.session_day or session.day) >= session.day
        and not (entry.record.when == "before" and entry.session_day == session.day)
    ]
    by_day = pain_by_day(pain)
    risen = [felt for day, felt in by_day.items() if day >= session.day and (felt.rise or 0) >= settings.pain_rise]
    return _Pain(
        worst=max((entry.record for entry in reversed(counting)), key=lambda record: record.pain, default=None),
        risen=risen[0] if risen else None,
        since=bool(since),
        own=session.pain,
    )


def _kind(
    session: Session, comparison: Comparison, felt: _Pain, settings: ProgressSettings, *, today: date
) -> tuple[Kind, tuple[str, ...]]:
    """Go through the rules in their order."""
    worst = felt.worst.pain if felt.worst else 0
    if worst > settings.high_pain or felt.risen:
        return "lighter", ()
    if worst > settings.low_pain:
        return "hold", ()
    unsaid = _unsaid(session, felt)
    if unsaid:
        return "none", unsaid
    if comparison.trend.direction == "rises" or _found(session):
        return "hold", ()
    reps, judged = sum(session.reps_at_top), _judged(session)
    if not reps or judged < settings.min_measured_share * reps:
        return "none", (f"The upper back was measured in {judged} of {reps} reps at the heaviest load: too few to say "
                        "that form held.",)  # fmt: skip
    days = (today - session.day).days
    if days > settings.stale_days:
        return "none", (f"The session is {days} days ago: too long to build on.",)
    return "step", ()


def _unsaid(session: Session, felt: _Pain) -> tuple[str, ...]:
    lines = []
    if not felt.since:
        lines.append("Pain has not been entered since the session began: spineline pain 0-10 --when after.")
    if session.top_load_kg is None:
        lines.append("The load has not been said: spineline analyze --load KG.")
    return tuple(lines)


def _conditions(felt: _Pain) -> tuple[str, ...]:
    """Say what could still speak against a step."""
    lines = []
    if felt.own.next_morning is None:
        lines.append("Pain of the next morning has not been entered, and it decides: if it is worse than before the "
                     "session, go lighter instead.")  # fmt: skip
    if felt.own.before is None:
        lines.append("Pain before the session has not been entered, so a rise by the next morning cannot be seen.")
    return tuple(lines)


def _headline(kind: Kind, load_kg: float | None, settings: ProgressSettings) -> str:
    load = "last time" if load_kg is None else f"{load_kg:g} kg"
    if kind == "lighter":
        return f"Go lighter than {load}, and see a clinician or physical therapist about the pain."
    if kind == "hold":
        return f"Stay at {load}, or below." if load_kg is not None else "Do not go beyond the load of last time."
    if kind == "none" or load_kg is None:
        return "No load advice."
    low_pct, high_pct = settings.step_low_pct, settings.step_high_pct
    low_kg, high_kg = (round(load_kg * pct / 100, 1) for pct in (low_pct, high_pct))
    return (
        f"Add {low_pct:g} to {high_pct:g} % ({low_kg:g} to {high_kg:g} kg on {load}), "
        "if one or two more reps were possible."
    )


def _pain_words(felt: _Pain) -> tuple[str, ...]:
    lines = []
    if felt.risen:
        lines.append(f"Pain was worse the next morning than before the session: {felt.risen.next_morning} of "
                     f"{WORST_PAIN} after {felt.risen.before}.")  # fmt: skip
    if felt.worst:
        when = felt.worst.when.replace("-", " ")
        lines.append(f"The most pain entered from that day on is {felt.worst.pain} of {WORST_PAIN} ({when}, "
                     f"{day_of(felt.worst.date)}).")  # fmt: skip
    return tuple(lines)


def _form_words(session: Session) -> tuple[str, ...]:
    found, reps = _found(session), sum(session.reps_at_top)
    if found:
        return (f"A caution or a flag in {found} of {_reps(session)} reps beyond warm-up.",)
    judged = _judged(session)
    return (f"{judged} of {reps} reps at the heaviest load measured, none with a caution or a flag.",) if judged else ()


def _trend_words(trend: Trend) -> tuple[str, ...]:
    return (trend_in_words(trend),) if trend.line else ()


def trend_in_words(trend: Trend) -> str:
    """Say how rounding goes with load at equal reps."""
    if trend.line is None:
        return f"Load against rounding at equal reps: too few sets measured to tell ({trend.count})."
    line = trend.line
    slope = f"{10 * line.slope:+.1f}° ± {10 * line.sigma:.1f}° for 10 kg".replace("-", "\N{MINUS SIGN}")
    seen = f"({slope}, {trend.count} sets of {line.low:g} to {line.high:g} kg)"
    if trend.direction == "level":
        return f"At equal reps no change of rounding with load beyond the {trend.least:.2g}° that can be told {seen}."
    more = "more" if trend.direction == "rises" else "less"
    return f"At equal reps the upper back is {more} rounded with more load {seen}."


def _found(session: Session) -> int:
    """Count the reps beyond warm-up with a caution or a flag."""
    return sum(rep.verdict in ("caution", "flag") for lifted in session.work_sets for rep in lifted.record.reps)


def _reps(session: Session) -> int:
    return sum(len(lifted.record.reps) for lifted in session.work_sets)


def _judged(session: Session) -> int:
    """Count the reps at the heaviest load in which the upper back was measured."""
    return sum(len(lifted.peaks_deg) for lifted in session.top_sets)
