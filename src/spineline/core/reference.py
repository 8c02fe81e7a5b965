"""What the change is measured from: the lifter's own neutral, as far as this recording shows it."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from spineline.core.reps import Exercise, Motion, Rep, inside
from spineline.core.settings import ReferenceSettings
from spineline.core.signals import held
from spineline.core.track import Bools, Floats

_FLEXED_SPREADS: Final = 2.0
"""Whoever is so many population spreads beyond neutral even at the tops is taken to round throughout."""

Source = Literal["standing", "least_flexed", "population"]


@dataclass(frozen=True)
class Reference:
    """The thoracic angle that counts as no change, its sigma, where it came from, and the frames it rests on."""

    thoracic_deg: float
    sigma_deg: float
    source: Source
    frames: int

    def sigma_change_deg(self, sigma_deg: Floats, settings: ReferenceSettings) -> Floats:
        """Sigma of the change from this reference, ``(T,)``, of angles whose own sigma is ``sigma_deg``.

        Part of the error is the lifter's own, such as clothes or the shape of the back, and alike in both.
        """
        shared = 0.0 if self.source == "population" else settings.shared_error
        return np.asarray(np.sqrt(sigma_deg**2 + self.sigma_deg**2 - 2 * shared * sigma_deg * self.sigma_deg))


def find_reference(
    motion: Motion,
    thoracic_deg: Floats,
    sigma_deg: Floats,
    reps: list[Rep],
    exercise: Exercise | None,
    tops: Bools,
    settings: ReferenceSettings,
) -> Reference:
    """Choose the reference: calm standing, else the least-flexed phase of the set, its tops, else the population.

    Parameters
    ----------
    motion
        T frames.
    thoracic_deg, sigma_deg
        ``(T,)``, NaN where not usable.
    reps, exercise
        The set.
    tops
        ``(T,)`` where the lifter is upright within it.
    settings
        Thresholds.
    """
    usable = np.isfinite(thoracic_deg)
    standing = calm_standing(motion, usable, reps, exercise, settings)
    if standing.any():
        return _from_frames(thoracic_deg, sigma_deg, standing, "standing")
    if (tops & usable).sum() * _frame_s(motion.time_s) >= settings.tops_s:
        found = _from_frames(thoracic_deg, sigma_deg, tops & usable, "least_flexed")
        if found.thoracic_deg <= settings.population_deg + _FLEXED_SPREADS * settings.population_sd_deg:
            return found
    return Reference(settings.population_deg, settings.population_sd_deg, "population", 0)


def calm_standing(
    motion: Motion, usable: Bools, reps: list[Rep], exercise: Exercise | None, settings: ReferenceSettings
) -> Bools:
    """Tell which frames show the lifter standing calm and upright, measured, and outside every rep.

    In a deadlift only the time before the first rep serves: later the plates hang at the hips, where they move the
    landmarks and hide the lower back.

    Returns
    -------
    ``(T,)``; all False where such standing lasts less than ``standing_s``.
    """
    outside = ~inside(motion.time_s, reps)
    if exercise == "deadlift" and reps:
        outside &= motion.time_s < reps[0].start_s
    with np.errstate(invalid="ignore"):
        upright = (np.abs(motion.trunk_deg) <= settings.standing_trunk_deg) & (
            np.abs(motion.knee_deg) <= settings.standing_knee_deg
        )
        calm = np.abs(_speed(motion.time_s, motion.height)) <= settings.calm_torsos_s
    serves = held(motion.time_s, usable & outside & upright & calm, at_least_s=settings.standing_s / 2)
    return serves if serves.sum() * _frame_s(motion.time_s) >= settings.standing_s else np.zeros_like(serves)


def _frame_s(time_s: Floats) -> float:
    return float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0


def _speed(time_s: Floats, values: Floats) -> Floats:
    return np.asarray(np.gradient(values, time_s)) if len(time_s) > 1 else np.zeros_like(values)


def _from_frames(thoracic_deg: Floats, sigma_deg: Floats, frames: Bools, source: Source) -> Reference:
    """Take the median; errors of neighbouring frames are alike, so sigma does not shrink with their number."""
    return Reference(
        float(np.median(thoracic_deg[frames])), float(np.median(sigma_deg[frames])), source, int(frames.sum())
    )
