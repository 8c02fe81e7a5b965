"""What the change is measured from: the lifter's own neutral, as far as this recording shows it."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from spineline.core.reps import Exercise, Motion, Rep
from spineline.core.settings import ReferenceSettings
from spineline.core.signals import held
from spineline.core.track import Bools, Floats

Source = Literal["standing", "least_flexed", "population"]

_FLEXED_SPREADS: Final = 2.0
_EXTENDED_SPREADS: Final = 1.0
"""A lifter never seen nearer to neutral than so many population spreads was not seen neutral."""


@dataclass(frozen=True)
class Reference:
    """The thoracic angle that counts as no change, its sigma, where it came from, and the frames it rests on."""

    thoracic_deg: float
    sigma_deg: float
    source: Source
    frames: int


def find_reference(
    motion: Motion,
    thoracic_deg: Floats,
    sigma_deg: Floats,
    reps: list[Rep],
    exercise: Exercise | None,
    settings: ReferenceSettings,
) -> Reference:
    """Choose the reference: calm standing, else the least-flexed phases of the set, else the population's neutral.

    Parameters
    ----------
    motion
        T frames.
    thoracic_deg, sigma_deg
        ``(T,)``, NaN where not usable.
    reps, exercise
        The set.
    settings
        Thresholds.
    """
    population = Reference(settings.population_deg, settings.population_sd_deg, "population", 0)
    standing = calm_standing(motion, np.isfinite(thoracic_deg), reps, exercise, settings)
    if standing.any():
        return _from_frames(thoracic_deg, sigma_deg, standing, "standing")
    least = least_flexed(motion.time_s, thoracic_deg, reps, settings)
    if not least.any():
        return population
    found = _from_frames(thoracic_deg, sigma_deg, least, "least_flexed")
    spreads = (found.thoracic_deg - settings.population_deg) / settings.population_sd_deg
    return found if -_EXTENDED_SPREADS <= spreads <= _FLEXED_SPREADS else population


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
    outside = np.ones_like(usable)
    for rep in reps:
        outside &= (motion.time_s < rep.start_s) | (motion.time_s > rep.end_s)
    if exercise == "deadlift" and reps:
        outside &= motion.time_s < reps[0].start_s
    with np.errstate(invalid="ignore"):
        upright = (np.abs(motion.trunk_deg) <= settings.standing_trunk_deg) & (
            np.abs(motion.knee_deg) <= settings.standing_knee_deg
        )
        calm = np.abs(_speed(motion.time_s, motion.height)) <= settings.calm_torsos_s
    serves = held(motion.time_s, usable & outside & upright & calm, at_least_s=settings.standing_s / 2)
    frame_s = float(np.median(np.diff(motion.time_s))) if len(motion.time_s) > 1 else 0.0
    return serves if serves.sum() * frame_s >= settings.standing_s else np.zeros_like(serves)


def least_flexed(time_s: Floats, thoracic_deg: Floats, reps: list[Rep], settings: ReferenceSettings) -> Bools:
    """Tell which frames belong to the least-flexed share of the reps, ``(T,)``."""
    inside = np.zeros(time_s.shape, dtype=np.bool_)
    for rep in reps:
        inside |= (time_s >= rep.start_s) & (time_s <= rep.end_s)
    inside &= np.isfinite(thoracic_deg)
    if not inside.any():
        return inside
    limit = np.quantile(thoracic_deg[inside], settings.least_flexed_share)
    with np.errstate(invalid="ignore"):
        return np.asarray(inside & (thoracic_deg <= limit))


def _speed(time_s: Floats, values: Floats) -> Floats:
    return np.asarray(np.gradient(values, time_s)) if len(time_s) > 1 else np.zeros_like(values)


def _from_frames(thoracic_deg: Floats, sigma_deg: Floats, frames: Bools, source: Source) -> Reference:
    """Take the median; errors of neighbouring frames are alike, so sigma does not shrink with their number."""
    return Reference(
        float(np.median(thoracic_deg[frames])), float(np.median(sigma_deg[frames])), source, int(frames.sum())
    )
