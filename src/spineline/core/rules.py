"""One pure function per fault. Each judges one rep and answers with a Flag, with None, or not at all.

A level is never used below the minimal detectable change, nor below what the reference itself leaves open.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from spineline.core.reference import Reference
from spineline.core.reps import Rep
from spineline.core.settings import Levels, RuleSettings
from spineline.core.signals import held
from spineline.core.track import Bools, Floats

Severity = Literal["info", "caution", "flag"]
Verdict = Literal["ok", "info", "caution", "flag", "not_measured"]
_ONE_SIDED_95: Final = 1.645

SEVERITIES: Final[tuple[Severity, ...]] = ("info", "caution", "flag")


@dataclass(frozen=True)
class Flag:
    """One finding: which rule, in which rep, when, how much, beyond which level."""

    rule: str
    rep: int
    time_s: float
    value: float
    threshold: float
    unit: str
    severity: Severity
    message: str


@dataclass(frozen=True, eq=False)
class Change:
    """Thoracic change from the reference, each ``(T,)``; NaN where not measured."""

    time_s: Floats
    change_deg: Floats

    def within(self, start_s: float, end_s: float) -> tuple[Floats, Floats]:
        """Return times and changes from ``start_s`` to ``end_s``, both included, gaps left in as NaN."""
        inside = (self.time_s >= start_s) & (self.time_s <= end_s)
        return self.time_s[inside], self.change_deg[inside]


def sustained_peak(time_s: Floats, values: Floats, *, held_s: float) -> tuple[float, float]:
    """Return the largest value that is reached or passed for ``held_s`` without a break, and when it is passed first.

    Parameters
    ----------
    time_s, values
        ``(n,)``; a NaN breaks a stretch.
    held_s
        How long.

    Returns
    -------
    The value and the time of the greatest value within that stretch; NaN, NaN without such a stretch.
    """
    known = np.sort(values[np.isfinite(values)])
    low, high = -1, known.size
    while high - low > 1:  # the largest level that is held: bisection over the values themselves
        middle = (low + high) // 2
        if held(time_s, _reaching(values, known[middle]), at_least_s=held_s).any():
            low = middle
        else:
            high = middle
    if low < 0:
        return float("nan"), float("nan")
    stretch = held(time_s, _reaching(values, known[low]), at_least_s=held_s)
    return float(known[low]), float(time_s[np.argmax(np.where(stretch, values, -np.inf))])


def _reaching(values: Floats, level: float) -> Bools:
    with np.errstate(invalid="ignore"):
        return np.asarray(values >= level)


def value_at(time_s: Floats, values: Floats, moment_s: float, *, around_s: float) -> float:
    """Return the median of what was measured within ``around_s`` of a moment, NaN if nothing was."""
    near = values[np.abs(time_s - moment_s) <= around_s]
    near = near[np.isfinite(near)]
    return float(np.median(near)) if near.size else float("nan")


@dataclass(frozen=True)
class Measures:
    """Thoracic change of one rep: when the way up starts, at its sustained peak, on the way up, and gained there."""

    start_deg: float
    peak_deg: float
    peak_s: float
    pull_peak_deg: float
    growth_deg: float
    growth_s: float


def measure(rep: Rep, change: Change, settings: RuleSettings) -> Measures:
    """Measure one rep; NaN where not measured."""
    pull_s = rep.pull_s
    start_deg = value_at(change.time_s, change.change_deg, pull_s[0], around_s=settings.held_s / 2)
    peak_deg, peak_s = sustained_peak(*change.within(rep.start_s, rep.end_s), held_s=settings.held_s)
    pull_peak_deg, growth_s = sustained_peak(*change.within(*pull_s), held_s=settings.held_s)
    return Measures(start_deg, peak_deg, peak_s, pull_peak_deg, pull_peak_deg - start_deg, growth_s)


def least_level_deg(reference: Reference, settings: RuleSettings) -> float:
    """Return the least change that may be named, more than detectable where the reference is not the lifter's own."""
    if reference.source != "population":
        return settings.mdc95_deg
    return max(settings.mdc95_deg, _ONE_SIDED_95 * reference.sigma_deg)


def thoracic_rounding(rep: Rep, measures: Measures, settings: RuleSettings, *, noise_deg: float) -> Flag | None:
    """Judge how far the rep rounds beyond the reference."""
    words = "upper back {value:.0f} deg more rounded than your reference"
    levels = settings.thoracic_rounding_deg
    return _judge("thoracic_rounding", rep, measures.peak_s, measures.peak_deg, levels, noise_deg, words)


def thoracic_growth(rep: Rep, measures: Measures, settings: RuleSettings) -> Flag | None:
    """Judge the rounding gained on the way up, as far as it goes beyond the reference.

    Coming back from an extended back to one's own neutral is no rounding.
    """
    words = "upper back rounded by {value:.0f} deg on the way up"
    value = float(np.minimum(measures.growth_deg, measures.pull_peak_deg))
    levels = settings.thoracic_growth_deg
    return _judge("thoracic_growth", rep, measures.growth_s, value, levels, settings.mdc95_deg, words)


def _judge(
    rule: str, rep: Rep, moment_s: float, value: float, levels: Levels, noise_deg: float, words: str
) -> Flag | None:
    """Compare a value with its levels; NaN is never a finding."""
    passed: list[tuple[Severity, float]] = [
        (name, level) for name in SEVERITIES if value >= (level := max(getattr(levels, name), noise_deg))
    ]
    if not passed:
        return None
    severity, level = passed[-1]
    text = words.format(value=value)
    message = f"Rep {rep.index}, {moment_s:.1f} s: {text} ({severity} from {level:.2g} deg)."
    return Flag(rule, rep.index, moment_s, value, level, "deg", severity, message)


def in_doubt(change_deg: Floats | float, settings: RuleSettings, *, noise_deg: float) -> Bools:
    """Tell which changes would be worth a caution, if the uncertainty did not forbid to name them."""
    with np.errstate(invalid="ignore"):
        return np.asarray((change_deg >= settings.thoracic_rounding_deg.caution) & (change_deg < noise_deg))


def verdict(
    flags: list[Flag], peak_deg: float, settings: RuleSettings, *, usable_share: float, noise_deg: float
) -> Verdict:
    """Combine the findings of one rep: the most severe, `ok` without any, `not_measured` if that cannot be said.

    A finding in what was measured stands, however little that was. Nothing is `ok` of which too little was usable, or
    whose peak is `in_doubt`.
    """
    if flags:
        return max((flag.severity for flag in flags), key=SEVERITIES.index)
    enough = np.isfinite(peak_deg) and usable_share >= settings.min_usable_share
    return "ok" if enough and not in_doubt(peak_deg, settings, noise_deg=noise_deg) else "not_measured"
