"""Small histories with known numbers: sets, pain and calibrations of one lifter."""

from hashlib import sha256

from spineline.core.history import CalibrationRecord, ConditionRecord, History, PainRecord, RepRecord, SetRecord, When
from spineline.core.terms import Exercise, Verdict

ME = "Ann"


def make_rep(
    index: int, peak_deg: float | None, *, sigma_deg: float = 2.0, verdict: Verdict | None = None
) -> RepRecord:
    """Make a rep; judged ok, caution from 8 degrees on, not measured without a peak, unless said otherwise."""
    usual: Verdict = "not_measured" if peak_deg is None else "caution" if peak_deg >= 8 else "ok"
    return RepRecord(
        index=index,
        start_s=3.0 * index,
        turn_s=3.0 * index + 1,
        end_s=3.0 * index + 2,
        verdict=verdict or usual,
        usable_share=0.0 if peak_deg is None else 1.0,
        thoracic_change_peak_deg=peak_deg,
        sigma_deg=None if peak_deg is None else sigma_deg,
        strain_index_pct=None if peak_deg is None else 2 * peak_deg,
        strain_index_sigma_pct=None if peak_deg is None else 5.0,
    )


def make_set(
    date: str,
    load_kg: float | None,
    *peaks_deg: float | None,
    exercise: Exercise | None = "deadlift",
    lifter: str = ME,
    folder: str | None = None,
    reference_source: str = "standing",
    reference_deg: float | None = 3.0,
    spine_sha256: str | None = None,
) -> SetRecord:
    """Make a set of as many reps as peaks are given, at a moment such as 2026-01-05T18:00."""
    return SetRecord(
        sha256=sha256(f"{date}{load_kg}".encode()).hexdigest(),
        from_s=0.0,
        to_s=20.0,
        date=f"{date}:00+01:00",
        lifter=lifter,
        name="set.mp4",
        folder=folder,
        exercise=exercise,
        load_kg=load_kg,
        usable_share=0.9 if any(peak is not None for peak in peaks_deg) else 0.1,
        reference_source=reference_source,
        reference_deg=reference_deg,
        spine_sha256=spine_sha256,
        mdc95_deg=7.5,
        version="0.1.0",
        reps=tuple(make_rep(i, peak) for i, peak in enumerate(peaks_deg, start=1)),
    )


def make_pain(date: str, when: When, pain: int, *, note: str = "", lifter: str = ME) -> PainRecord:
    """Make an entry of pain."""
    return PainRecord(date=f"{date}:00+01:00", lifter=lifter, when=when, pain=pain, note=note)


def make_calibration(date: str, thoracic_deg: float, *, slump_deg: float | None = None) -> CalibrationRecord:
    """Make a calibration."""
    return CalibrationRecord(
        date=f"{date}:00+01:00",
        lifter=ME,
        thoracic_deg=thoracic_deg,
        sigma_deg=1.0,
        slump_deg=slump_deg,
        slump_sigma_deg=None if slump_deg is None else 2.0,
    )


def make_condition(text: str = "something known") -> ConditionRecord:
    """Make a condition."""
    return ConditionRecord(date="2026-01-01T12:00:00+01:00", lifter=ME, text=text)


def calm_pain(day: str, next_day: str) -> tuple[PainRecord, ...]:
    """Enter low pain around a session: before, after and on the next morning."""
    return (
        make_pain(f"{day}T17:50", "before", 1),
        make_pain(f"{day}T19:00", "after", 1),
        make_pain(f"{next_day}T08:00", "next-morning", 1),
    )


def steady(*, top_kg: float = 100.0, peak_deg: float | None = 3.0) -> History:
    """One week ago and yesterday's like: two sessions with warm-up, three work sets of five, low pain."""
    sets: list[SetRecord] = []
    pain: list[PainRecord] = []
    for day, next_day in (("2026-03-02", "2026-03-03"), ("2026-03-09", "2026-03-10")):
        loads = [0.4 * top_kg, 0.6 * top_kg, 0.8 * top_kg, top_kg, top_kg, top_kg]
        sets += [make_set(f"{day}T18:{5 * i:02d}", load, *[peak_deg] * 5) for i, load in enumerate(loads)]
        pain += calm_pain(day, next_day)
    return History(sets=tuple(sets), pain=tuple(pain))
