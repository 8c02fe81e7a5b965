"""What the rules look at: everything measured of one set, and where to look in it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from spineline.core.bar import Bar
from spineline.core.reps import Rep
from spineline.core.settings import RuleSettings
from spineline.core.signals import long_runs, percentile_of, span, windows
from spineline.core.terms import Exercise
from spineline.core.track import Floats

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

    def between(self, start_s: float, end_s: float) -> slice:
        """Return the frames from ``start_s`` to ``end_s``, both included."""
        return span(self.time_s, start_s, end_s)

    def before(self, values: Floats, rep: Rep, before_s: float) -> float:
        """Return the median of ``values`` over the last ``before_s`` before the way up begins, NaN if not measured."""
        middle_s = rep.pull_s[0] - before_s / 2
        return value_at(self.time_s, values, middle_s, around_s=before_s / 2)

    def way_up(self, rep: Rep) -> slice:
        """Return the frames of the way up."""
        return self.between(*rep.pull_s)

    def share(self, rep: Rep, rise: Floats) -> Floats:
        """Return how much of its way up is done where the shoulders are so high: 0 at its begin, 1 at its end."""
        if rep not in self._ends:
            low, high = (value_at(self.time_s, self.rise, moment_s, around_s=0.1) for moment_s in rep.pull_s)
            self._ends[rep] = low, high
        low, high = self._ends[rep]
        return (rise - low) / (high - low) if high > low else np.full_like(rise, np.nan)

    def early(self, rep: Rep, share: float) -> slice:
        """Return the frames of the first ``share`` of the way up, until it is passed first."""
        pull = self.way_up(rep)
        with np.errstate(invalid="ignore"):
            passed = np.flatnonzero(self.share(rep, self.rise[pull]) > share)
        return slice(pull.start, pull.start + int(passed[0])) if passed.size else pull

    @cached_property
    def _ends(self) -> dict[Rep, tuple[float, float]]:
        return {}

    @cached_property
    def _measured(self) -> "dict[tuple[Measure, RuleSettings], tuple[Found, ...]]":
        return {}

    def every(self, measure: "Measure", settings: RuleSettings) -> "tuple[Found, ...]":
        """Measure every rep, once, for what compares a rep with others."""
        key = measure, settings
        if key not in self._measured:
            self._measured[key] = tuple(measure(rep, self, settings) for rep in self.reps)
        return self._measured[key]


@dataclass(frozen=True)
class Found:
    """What one rule measured in one rep and when; NaN with the reason ``why`` where it cannot be told."""

    value: float
    time_s: float = float("nan")
    why: str = ""


Measure = Callable[[Rep, Scene, RuleSettings], Found]
"""How one fault is measured in one rep."""


def unseen(why: str) -> Found:
    """Say that a rule cannot be judged."""
    return Found(float("nan"), why=why)


def peak(scene: Scene, frames: slice, values: Floats, *, held_s: float, why: str) -> Found:
    """Return the largest of the ``values`` of some frames that is held for ``held_s``, and when."""
    value, time_s = sustained_peak(scene.time_s[frames], values, held_s=held_s)
    return Found(value, time_s) if np.isfinite(value) else unseen(why)


def rise_from(scene: Scene, frames: slice, values: Floats, start: float, *, held_s: float, why: str) -> Found:
    """Return how far the ``values`` of some frames rise above ``start``."""
    most = peak(scene, frames, values, held_s=held_s, why=why)
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
    first, last = windows(time_s, lasting_s=held_s)
    if not first.size:
        return float("nan"), float("nan")
    # What a window holds is its least value; that from each first to each last frame, without what lies between them.
    known = np.full(len(values) + 1, -np.inf)
    np.copyto(known[:-1], values, where=~np.isnan(values))
    edges = np.empty(2 * first.size, dtype=np.intp)
    edges[::2], edges[1::2] = first, last + 1
    level = float(np.minimum.reduceat(known, edges)[::2].max())
    if level == -np.inf:
        return float("nan"), float("nan")
    stretches = long_runs(time_s, known[:-1] >= level, at_least_s=held_s)
    at = max((start + int(known[start:stop].argmax()) for start, stop in stretches), key=known.__getitem__)
    return level, float(time_s[at])


def value_at(time_s: Floats, values: Floats, moment_s: float, *, around_s: float) -> float:
    """Return the median of what was measured within ``around_s`` of a moment, NaN if nothing was."""
    about = span(time_s, moment_s - 2 * around_s, moment_s + 2 * around_s)  # the edges of the window are told exactly
    return percentile_of(values[about][np.abs(time_s[about] - moment_s) <= around_s], 50)
