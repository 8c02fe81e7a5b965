"""What the rules look at: everything measured of one set, and where to look in it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from spineline.core.bar import Bar
from spineline.core.reps import Rep
from spineline.core.signals import held
from spineline.core.terms import Exercise
from spineline.core.track import Bools, Floats

Aspect = Literal["side", "between", "across"]
"""From the side, from in front or behind, or from neither."""


@dataclass(frozen=True)
class Standing:
    """Medians over the lifter's calm standing in this recording, NaN where there was none or it was not measured."""

    chest_deg: float
    neck_deg: float
    tilt_deg: float


@dataclass(frozen=True, eq=False)
class Scene:
    """One set, each ``(T,)``; NaN where not measured.

    ``change_deg`` thoracic change from the reference, but for standing at the tops; ``rise`` height of the shoulders in
    torso lengths; ``tilt_deg`` of the line of the shoulders against level; ``strains`` the index of each rep;
    ``aspect`` from where the camera looks.
    """

    time_s: Floats
    exercise: Exercise
    reps: tuple[Rep, ...]
    change_deg: Floats
    lumbar_deg: Floats
    neck_deg: Floats
    chest_deg: Floats
    trunk_deg: Floats
    thigh_deg: Floats
    tilt_deg: Floats
    rise: Floats
    bar: Bar
    strains: "tuple[Found, ...]"
    standing: Standing
    aspect: Aspect

    def between(self, start_s: float, end_s: float) -> Bools:
        """Tell which frames lie from ``start_s`` to ``end_s``, both included."""
        return np.asarray((self.time_s >= start_s) & (self.time_s <= end_s))

    def before(self, values: Floats, rep: Rep, before_s: float) -> float:
        """Return the median of ``values`` over the last ``before_s`` before the way up begins, NaN if not measured."""
        middle_s = rep.pull_s[0] - before_s / 2
        return value_at(self.time_s, values, middle_s, around_s=before_s / 2)

    def way_up(self, rep: Rep) -> Bools:
        """Tell which frames belong to the way up."""
        return self.between(*rep.pull_s)

    def share(self, rep: Rep) -> Floats:
        """Return how much of its way up is done, by the shoulders: 0 at its begin, 1 at its end, ``(T,)``."""
        low, high = (value_at(self.time_s, self.rise, moment_s, around_s=0.1) for moment_s in rep.pull_s)
        return (self.rise - low) / (high - low) if high > low else np.full_like(self.rise, np.nan)

    def early(self, rep: Rep, share: float) -> Bools:
        """Tell which frames belong to the first ``share`` of the way up, until it is passed first."""
        pull = self.way_up(rep)
        with np.errstate(invalid="ignore"):
            passed = pull & (self.share(rep) > share)
        return np.asarray(pull & (np.cumsum(passed) == 0))


@dataclass(frozen=True)
class Found:
    """What one rule measured in one rep and when; NaN with the reason ``why`` where it cannot be told."""

    value: float
    time_s: float = float("nan")
    why: str = ""


def unseen(why: str) -> Found:
    """Say that a rule cannot be judged."""
    return Found(float("nan"), why=why)


def peak(scene: Scene, values: Floats, within: Bools, *, held_s: float, why: str) -> Found:
    """Return the largest value held for ``held_s`` within some frames, and when."""
    value, time_s = sustained_peak(scene.time_s[within], values[within], held_s=held_s)
    return Found(value, time_s) if np.isfinite(value) else unseen(why)


def rise_from(scene: Scene, values: Floats, start: float, within: Bools, *, held_s: float, why: str) -> Found:
    """Return how far ``values`` rise above ``start``."""
    most = peak(scene, values, within, held_s=held_s, why=why)
    return Found(most.value - start, most.time_s) if np.isfinite(most.value - start) else unseen(why)


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
