"""What is kept of lifts over weeks: analysed sets, pain, calibrations, diagnosed conditions.

Plain records, so that they can be stored, exported and read back without loss. ``None`` is not measured, or not said.
Dates are ISO 8601 with the offset of local time, to the second.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from spineline.core.terms import Exercise, Severity, Verdict

When = Literal["before", "during", "after", "next-morning"]
"""When pain was felt: beside a session. `during` is what is noted while `spineline live` watches a set."""

WORST_PAIN: Final = 10


@dataclass(frozen=True, kw_only=True)
class FlagRecord:
    """One finding in a rep, as `spineline.core.verdict.Flag`."""

    rule: str
    severity: Severity
    value: float
    threshold: float
    unit: str
    time_s: float
    message: str


@dataclass(frozen=True, kw_only=True)
class RepRecord:
    """One rep, as in `analysis.json`; ``sigma_deg`` is one standard deviation of its thoracic change."""

    index: int
    start_s: float
    turn_s: float
    end_s: float
    verdict: Verdict
    usable_share: float
    thoracic_change_start_deg: float | None = None
    thoracic_change_peak_deg: float | None = None
    thoracic_growth_deg: float | None = None
    sigma_deg: float | None = None
    trunk_peak_deg: float | None = None
    knee_min_deg: float | None = None
    strain_index_pct: float | None = None
    strain_index_sigma_pct: float | None = None
    flags: tuple[FlagRecord, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Still:
    """One picture of the lifter in a rep (JPEG), and the same with nobody to be recognised; None if that failed."""

    rep: int
    time_s: float
    jpeg: bytes = field(repr=False)
    faceless: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class SetRecord:
    """One analysed set.

    Attributes
    ----------
    sha256, from_s, to_s
        Of the recording, and the times of its first and last frame that were analysed. Together they tell one set
        from another: the same set analysed anew takes the place of what was known of it.
    date
        When it was lifted.
    name, folder
        The recording as the user named it, and where its results were written (None: nowhere).
    usable_share
        Share of frames in which the upper back was measured.
    reference_deg, reference_source, profile
        What the change is measured from; see `spineline.core.reference`.
    still
        Its worst frame, if pictures were at hand.
    """

    sha256: str
    from_s: float
    to_s: float
    date: str
    lifter: str
    name: str
    folder: str | None = None
    exercise: Exercise | None = None
    load_kg: float | None = None
    body_mass_kg: float | None = None
    usable_share: float
    yaw_deg: float | None = None
    reference_deg: float | None = None
    reference_source: str
    profile: str | None = None
    mdc95_deg: float
    model: str | None = None
    spine_sha256: str | None = None
    version: str
    notes: tuple[str, ...] = ()
    reps: tuple[RepRecord, ...] = ()
    still: Still | None = None


@dataclass(frozen=True, kw_only=True)
class PainRecord:
    """Pain from 0 to `WORST_PAIN`, as the lifter said it."""

    date: str
    lifter: str
    when: When
    pain: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class CalibrationRecord:
    """A profile taken by `spineline calibrate`; ``slump_deg`` is how much more rounded a full slump was."""

    date: str
    lifter: str
    thoracic_deg: float
    sigma_deg: float
    slump_deg: float | None = None
    slump_sigma_deg: float | None = None
    spine_sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class ConditionRecord:
    """A diagnosed condition of the spine, in the lifter's own words."""

    date: str
    lifter: str
    text: str


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything kept, each kind in order of date."""

    sets: tuple[SetRecord, ...] = ()
    pain: tuple[PainRecord, ...] = ()
    calibrations: tuple[CalibrationRecord, ...] = ()
    conditions: tuple[ConditionRecord, ...] = ()


Record = SetRecord | PainRecord | CalibrationRecord | ConditionRecord
"""What the history is made of."""
