"""Whether two sets, or two reps, differ by more than noise.

A change is known within its minimal detectable change, ``mdc95_deg``: 1.96 standard errors, that of its reference
included (`spineline.core.verdict.least_level_deg`). Two recordings err independently, each with a reference of its
own, so the variances of both add up, and the least difference that can be told is the root of the sum of the squares
of both. With equal ones that is the 1.96 * sqrt(2) * SEM of test and retest (Weir 2005, J Strength Cond Res
19:231-240), 10.6 degrees by default; the same rep filmed twice differs by SD 5.5 degrees (docs/accuracy.md), which
gives 10.8. Where this pair was read less surely than usual, 1.96 of its own standard errors are asked for.

Reps of one recording have one reference and much of their error in common: what is left was measured as
``growth_mdc95_deg`` (docs/rules.md), with which the rule ``thoracic_creep`` compares them too. In growth the reference
falls out, but each is a difference of its own: their variances add up, be they of one recording or two.
"""

import math
from dataclasses import dataclass
from typing import Final

_TWO_SIDED_95: Final = 1.96


@dataclass(frozen=True)
class Known:
    """How well one side of a comparison is known: least change and growth that can be told, and one standard error."""

    mdc95_deg: float
    growth_mdc95_deg: float
    sigma_deg: float


@dataclass(frozen=True)
class Difference:
    """The second less the first, NaN unless both were measured, and the least that can be told from noise."""

    value: float
    least: float

    @property
    def told(self) -> bool:
        """Whether it is more than noise."""
        return abs(self.value) > self.least


def least_change_deg(first: Known, second: Known, *, one_reference: bool) -> float:
    """Return the least difference between two changes that can be told.

    Parameters
    ----------
    first, second
    one_reference
        Both are of one recording, and measured from the same reference.
    """
    if one_reference:
        return max(first.growth_mdc95_deg, second.growth_mdc95_deg)
    own_deg = _TWO_SIDED_95 * math.hypot(first.sigma_deg, second.sigma_deg)
    return max(math.hypot(first.mdc95_deg, second.mdc95_deg), own_deg if math.isfinite(own_deg) else 0.0)


def least_growth_deg(first: Known, second: Known) -> float:
    """Return the same between what two reps gained on their way up."""
    return math.hypot(first.growth_mdc95_deg, second.growth_mdc95_deg)


def least_strain_pct(first_sigma_pct: float, second_sigma_pct: float) -> float:
    """Return the same between two strain indices."""
    return _TWO_SIDED_95 * math.hypot(first_sigma_pct, second_sigma_pct)
