"""What measured values mean: levels, flags, the verdict on a rep, and the cues for the next set.

No level is used below the minimal detectable change, nor below what the reference itself leaves open.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from spineline.core.reference import Reference
from spineline.core.reps import Rep
from spineline.core.rules import RULES, Unit, place
from spineline.core.scene import Found, Scene
from spineline.core.settings import Levels, RuleSettings
from spineline.core.strain import Strain
from spineline.core.terms import SEVERITIES, Severity, Verdict
from spineline.core.track import Bools, Floats

_ONE_SIDED_95: Final = 1.645
_TWO_SIDED_95: Final = 1.96

MOST_CUES: Final = 2
_SAME_CAUSE: Final = (
    {"thoracic_setup", "thoracic_rounding", "thoracic_growth", "thoracic_creep"},
    {"chest_drop", "hips_rise"},
    {"neck_back", "neck_tucked"},
    {"soft_lockout", "overextension"},
)
"""Rules that one cue answers."""


def _setting(rule: str, unit: Unit) -> str:
    return f"{rule}_{unit}"


@dataclass(frozen=True)
class Flag:
    """One finding: which rule, in which rep, when, how much, beyond which level."""

    rule: str
    rep: int
    time_s: float
    value: float
    threshold: float
    unit: Unit
    severity: Severity
    message: str

    @property
    def setting(self) -> str:
        """Name of its levels in the settings of the rules."""
        return _setting(self.rule, self.unit)


@dataclass(frozen=True)
class Check:
    """What one rule measured in one rep, whether or not that is worth a flag; or why it could not be told."""

    rule: str
    unit: Unit
    found: Found

    @property
    def setting(self) -> str:
        """Name of its levels in the settings of the rules."""
        return _setting(self.rule, self.unit)


def checks(rep: Rep, scene: Scene, settings: RuleSettings) -> tuple[Check, ...]:
    """Measure one rep by every rule that is about it."""
    return tuple(
        Check(name, rule.unit, rule.measure(rep, scene, settings))
        for name, rule in RULES.items()
        if rule.applies(rep, scene.exercise)
    )


@dataclass(frozen=True)
class Least:
    """The least that may be named of one set: thoracic change, way of the bar, and the strain index of each rep."""

    change_deg: float
    bar_sigma_m: float
    strains: tuple[Strain, ...]

    def of(self, rule: str, rep: Rep, settings: RuleSettings) -> float:
        """Return it for one rule in one rep, in its unit."""
        if rule in ("thoracic_setup", "thoracic_rounding"):
            return self.change_deg
        if rule == "strain_index":
            return _ONE_SIDED_95 * self.strains[rep.index - 1].sigma_pct
        return {
            "thoracic_growth": settings.growth_mdc95_deg,
            "bar_drift": _ONE_SIDED_95 * self.bar_sigma_m,
            "thoracic_creep": settings.growth_mdc95_deg,
            "lumbar_growth": settings.lumbar_mdc95_deg,
            "chest_drop": settings.lean_mdc95_deg,
            "hips_rise": settings.lean_mdc95_deg,
        }.get(rule, 0.0)


def flags(rep: Rep, scene: Scene, found: Sequence[Check], least: Least, settings: RuleSettings) -> tuple[Flag, ...]:
    """Compare everything measured in one rep with its levels."""
    judged = (_flag(rep, scene, check, least.of(check.rule, rep, settings), settings) for check in found)
    return tuple(flag for flag in judged if flag)


def named_levels(check: Check | Flag, settings: RuleSettings) -> list[tuple[Severity, float]]:
    """Return the levels of a rule in its unit, rising: three of a rule about the mid-back, one of a remark."""
    levels: Levels | float = getattr(settings, check.setting)
    if isinstance(levels, float):
        return [("info", levels)]
    return [(name, getattr(levels, name)) for name in SEVERITIES]


def _flag(rep: Rep, scene: Scene, check: Check, least: float, settings: RuleSettings) -> Flag | None:
    """Compare one value with its levels; NaN is never a finding."""
    value, time_s = check.found.value, check.found.time_s
    if math.isnan(value):
        return None
    passed = [(name, level) for name, plain in named_levels(check, settings) if value >= (level := max(plain, least))]
    if not passed:
        return None
    severity, level = passed[-1]
    words = RULES[check.rule].words
    where = place(rep, scene, time_s) if "{place}" in words else ""
    text = words.format(value=in_words(value, check.unit), place=where)
    message = f"Rep {rep.index}, {time_s:.1f} s: {text} ({severity} from {in_words(level, check.unit)})."
    return Flag(check.rule, rep.index, time_s, value, level, check.unit, severity, message)


def in_words(value: float, unit: Unit) -> str:
    """Write a value as people read it.

    >>> in_words(12.3, "deg"), in_words(0.053, "m"), in_words(24.6, "pct")
    ('12 deg', '5.3 cm', '25 %')
    """
    number, name = {"deg": (value, "deg"), "m": (100 * value, "cm"), "pct": (value, "%")}[unit]
    return f"{number:.2g} {name}" if abs(number) < 10 else f"{number:.0f} {name}"


def least_level_deg(reference: Reference, settings: RuleSettings) -> float:
    """Return the least change that may be named.

    It is more than detectable within a recording where the reference is from another session or not the lifter's own.
    """
    if reference.source != "population":
        return math.hypot(settings.mdc95_deg, _TWO_SIDED_95 * reference.sessions_sigma_deg)
    return max(settings.mdc95_deg, _ONE_SIDED_95 * reference.sigma_deg)


def in_doubt(change_deg: Floats | float, settings: RuleSettings, *, noise_deg: float) -> Bools:
    """Tell which changes would be worth a caution, if the uncertainty did not forbid to name them."""
    with np.errstate(invalid="ignore"):
        return np.asarray((change_deg >= settings.thoracic_rounding_deg.caution) & (change_deg < noise_deg))


def verdict(
    found: Iterable[Flag], peak_deg: float, settings: RuleSettings, *, usable_share: float, noise_deg: float
) -> Verdict:
    """Combine the findings of one rep: the most severe, `ok` without any, `not_measured` if that cannot be said.

    A caution or a flag in what was measured stands, however little that was. Without one, nothing is `ok` or mere
    `info` of which too little was usable, or whose peak is `in_doubt`.
    """
    worst = max((flag.severity for flag in found), key=SEVERITIES.index, default=None)
    if worst in ("caution", "flag"):
        return worst
    enough = np.isfinite(peak_deg) and usable_share >= settings.min_usable_share
    if not enough or in_doubt(peak_deg, settings, noise_deg=noise_deg):
        return "not_measured"
    return worst or "ok"


@dataclass(frozen=True)
class Cue:
    """What to work on in the next set, and in which reps it was found."""

    rule: str
    reps: tuple[int, ...]


def cues(found: Sequence[Flag]) -> tuple[Cue, ...]:
    """Choose what to say after a set: at most two things, the most severe and most frequent first, one a cause."""
    order = list(RULES)

    def weight(rule: str) -> tuple[int, int, int]:
        mine = [flag for flag in found if flag.rule == rule]
        worst = max(SEVERITIES.index(flag.severity) for flag in mine)
        return -worst, -len({flag.rep for flag in mine}), order.index(rule)

    chosen: list[str] = []
    # An index has no cue of its own: what drives it has.
    for rule in sorted({flag.rule for flag in found} - {"strain_index"}, key=weight):
        if not any({rule, other} <= cause for cause in _SAME_CAUSE for other in chosen):
            chosen.append(rule)
    reps = {rule: tuple(sorted({flag.rep for flag in found if flag.rule == rule})) for rule in chosen}
    return tuple(Cue(rule, reps[rule]) for rule in chosen[:MOST_CUES])
