"""Take a lifter's profile: from relaxed standing, and if wanted from a full slump."""

from dataclasses import replace
from typing import Final

import numpy as np

from spineline.core.analysis import Analysis, analyze
from spineline.core.profile import Profile, require_same_reader
from spineline.core.reference import Reference, frame_s
from spineline.core.scene import sustained_peak
from spineline.core.settings import Settings
from spineline.core.spine import REASON_TEXT
from spineline.core.track import Bools, PoseTrack
from spineline.errors import InputError

_MORE_LIGHT: Final = "wear a fitted shirt, put long hair up, have light on you, and keep the arms off the back"
_TO_DO: Final = {
    "no_pose": "stand where the camera sees all of you",
    "out_of_frame": "step back until head and feet are in the picture",
    "second_person": "be alone in the picture",
    "low_visibility": _MORE_LIGHT,
    "yaw": "turn until shoulder and hip lie one behind the other",
    "edge_hidden": _MORE_LIGHT,
    "uncertain": _MORE_LIGHT,
}


def measure_standing(track: PoseTrack, settings: Settings | None = None, *, date: str) -> Profile:
    """Take a profile from a recording that shows its lifter standing calm, relaxed and upright.

    Parameters
    ----------
    track
        T frames, about three seconds of standing; whatever else they show is left aside.
    settings
        Thresholds; the defaults if None.
    date
        When it was recorded, ISO 8601.

    Raises
    ------
    InputError
        Too little of such standing, or of the upper back in it, was seen.
    """
    settings = settings or Settings()
    found = analyze(track, settings)
    own = found.reference
    seconds = own.frames * frame_s(track.time_s) if own.source == "standing" else 0.0
    if found.view.side == "unknown" or seconds < settings.reference.profile_s:
        raise InputError(
            f"expected {settings.reference.profile_s:g} s of relaxed standing with the upper back measured, found "
            f"{seconds:.1f} s: {_why(found, settings)}"
        )
    return Profile(
        thoracic_deg=own.thoracic_deg,
        bend_deg=own.bend_deg,
        sigma_deg=own.sigma_deg,
        chest_deg=found.standing.chest_deg,
        neck_deg=found.standing.neck_deg,
        side=found.view.side,
        yaw_deg=found.view.yaw_deg,
        spine_sha256=track.source.get("spine_sha256", ""),
        pose_model=track.source.get("model", ""),
        date=date,
        frames=own.frames,
        seconds=seconds,
    )


def measure_slump(track: PoseTrack, profile: Profile, settings: Settings | None = None) -> Profile:
    """Add to a profile how far its lifter can round, from a recording of a full slump of the same day and camera.

    Parameters
    ----------
    track
        T frames in which the upper back is rounded as far as it goes, and held there.
    profile
        Of the same lifter.
    settings
        Thresholds; the defaults if None.

    Raises
    ------
    InputError
        No such slump was seen, or another spine model reads it.
    """
    settings = settings or Settings()
    require_same_reader(profile, track.source.get("spine_sha256", ""))
    found = analyze(track, settings)
    own = Reference(profile.thoracic_deg, profile.sigma_deg, "standing", profile.frames, profile.bend_deg)
    change_deg, sigma_deg = own.change(found.spine)
    held_s, least_deg = settings.reference.standing_s, settings.reference.min_slump_deg
    slump_deg, time_s = sustained_peak(track.time_s, change_deg, held_s=held_s)
    if not np.isfinite(slump_deg):
        everywhere = np.ones(len(track), dtype=np.bool_)
        raise InputError(f"expected a slump held for {held_s:g} s, found none: {_unseen(found, everywhere)}")
    if slump_deg < least_deg:
        raise InputError(
            f"expected a slump at least {least_deg:g} degrees more rounded than standing, found {slump_deg:.0f}: round "
            "the upper back as far as is comfortable and hold it, or leave the slump out"
        )
    return replace(profile, slump_deg=slump_deg, slump_sigma_deg=float(sigma_deg[track.time_s == time_s][0]))


def _why(found: Analysis, settings: Settings) -> str:
    """Say why there was too little standing, and what to do."""
    calm_s = float(found.calm.sum()) * frame_s(found.track.time_s)
    if calm_s < settings.reference.profile_s and found.track.seen.any():
        return f"calm and upright for {calm_s:.1f} s; stand still and upright, arms hanging, nothing in the hands"
    return _unseen(found, found.calm)


def _unseen(found: Analysis, frames: Bools) -> str:
    """Name the main reason why the upper back was not measured in some frames, and what to do."""
    reasons, counts = np.unique(found.spine.reason[frames & ~found.spine.usable], return_counts=True)
    reason = str(reasons[np.argmax(counts)]) if reasons.size else "no_pose"
    return f"{REASON_TEXT[reason]}; {_TO_DO[reason]}"
