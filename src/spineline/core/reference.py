"""What the change is measured from: the lifter's own neutral, as saved, or as far as this recording shows it."""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from spineline.core.profile import Profile
from spineline.core.reps import Motion, Rep, inside
from spineline.core.settings import ReferenceSettings
from spineline.core.signals import held
from spineline.core.spine import Spine
from spineline.core.terms import Exercise
from spineline.core.track import Bools, Floats

_FLEXED_SPREADS: Final = 2.0
"""Whoever is so many population spreads beyond neutral even at the tops is taken to round throughout."""

_TWO_SIDED_95: Final = 1.96

Source = Literal["profile", "standing", "least_flexed", "population"]

REFERENCE_TEXT: Final = {
    "profile": "Reference: your own standing as saved in your profile of {date}.",
    "standing": "Reference: your own calm standing in this recording.",
    "least_flexed": "Reference: the upright moments of this set; calm standing could not be measured.",
    "population": "Reference: an average neutral, none of your own was measured; only large changes can be told.",
}
"""What each kind of reference means to a reader; see `reference_text`."""


@dataclass(frozen=True)
class Reference:
    """The thoracic angle that counts as no change, its sigma, where it came from, and the frames it rests on.

    ``bend_deg`` is the bend in those frames, NaN for the population's. ``sessions_sigma_deg`` is what of its sigma
    comes from another day, camera and clothes, 0 within one recording.
    """

    thoracic_deg: float
    sigma_deg: float
    source: Source
    frames: int
    bend_deg: float = float("nan")
    sessions_sigma_deg: float = 0.0

    def change(self, spine: Spine) -> tuple[Floats, Floats]:
        """Return the change of thoracic flexion from this reference and its sigma, both ``(T,)``.

        From the lifter's own reference it is read off the bend.
        """
        if self.source == "population":
            return spine.thoracic_deg - self.thoracic_deg, np.hypot(spine.sigma_deg, self.sigma_deg)
        return spine.bend_deg - self.bend_deg, np.hypot(spine.bend_sigma_deg, self.sigma_deg)


def find_reference(
    motion: Motion,
    spine: Spine,
    reps: list[Rep],
    exercise: Exercise | None,
    tops: Bools,
    settings: ReferenceSettings,
    profile: Profile | None = None,
) -> Reference:
    """Choose the reference: profile, calm standing, the least-flexed phase of the set (its tops), the population.

    Parameters
    ----------
    motion
        T frames.
    spine
        What was read, NaN where not usable.
    reps, exercise
        The set.
    tops
        ``(T,)`` where the lifter is upright within it.
    settings
        Thresholds.
    profile
        The lifter's own, if there is one.
    """
    if profile is not None:
        return from_profile(profile, settings)
    usable = np.isfinite(spine.bend_deg)
    standing = calm_standing(motion, usable, reps, exercise, settings)
    if standing.any():
        return from_frames(spine, standing, "standing")
    if (tops & usable).sum() * frame_s(motion.time_s) >= settings.tops_s:
        found = from_frames(spine, tops & usable, "least_flexed")
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
    return serves if serves.sum() * frame_s(motion.time_s) >= settings.standing_s else np.zeros_like(serves)


def frame_s(time_s: Floats) -> float:
    """Return how long one frame lasts on the mean, 0 for a single one; a gap counts for two usual frames at most."""
    steps_s = np.diff(time_s)
    return float(np.minimum(steps_s, 2 * np.median(steps_s)).mean()) if steps_s.size else 0.0


def _speed(time_s: Floats, values: Floats) -> Floats:
    return np.asarray(np.gradient(values, time_s)) if len(time_s) > 1 else np.zeros_like(values)


def from_frames(spine: Spine, frames: Bools, source: Source) -> Reference:
    """Rest a reference on some frames: medians. Neighbours err alike, so sigma does not shrink with their number."""
    read = (spine.thoracic_deg, spine.bend_sigma_deg, spine.bend_deg)
    thoracic_deg, sigma_deg, bend_deg = (float(np.median(values[frames])) for values in read)
    return Reference(thoracic_deg, sigma_deg, source, int(frames.sum()), bend_deg)


def from_profile(profile: Profile, settings: ReferenceSettings) -> Reference:
    """Rest a reference on a profile: to what was uncertain in it comes what differs from session to session."""
    return Reference(
        thoracic_deg=profile.thoracic_deg,
        sigma_deg=math.hypot(profile.sigma_deg, settings.profile_sigma_deg),
        source="profile",
        frames=profile.frames,
        bend_deg=profile.bend_deg,
        sessions_sigma_deg=settings.profile_sigma_deg,
    )


def reference_text(reference: Reference, profile: Profile | None) -> str:
    """Say what the change is measured from."""
    return REFERENCE_TEXT[reference.source].format(date=profile.date if profile else "")


def unlike(own: Reference, saved: Reference) -> list[str]:
    """Remark on calm standing in this recording that differs from the profile by more than both leave open."""
    more_deg = own.bend_deg - saved.bend_deg
    if own.source != "standing" or abs(more_deg) <= _TWO_SIDED_95 * math.hypot(own.sigma_deg, saved.sigma_deg):
        return []
    how = "more" if more_deg > 0 else "less"
    return [
        f"Your calm standing in this recording is {abs(more_deg):.0f} degrees {how} rounded than in your profile: is "
        "it yours? If so, take it again with spineline calibrate, in such clothes and from such a view."
    ]
