"""A lifter's own relaxed standing, kept so that later recordings can be compared with it."""

from dataclasses import dataclass

from spineline.core.settings import ReferenceSettings
from spineline.core.view import Side
from spineline.errors import InputError

_NAN = float("nan")


@dataclass(frozen=True)
class Profile:
    """What was read of one lifter standing relaxed, and how.

    Attributes
    ----------
    thoracic_deg, bend_deg, sigma_deg
        Thoracic flexion, the bend and its sigma in that standing; see `spineline.core.spine.Spine`.
    chest_deg, neck_deg
        The same frames' inclination of the chest and flexion of the neck, NaN where not measured. The tilt of the
        shoulders is not kept: from the side, where a profile is taken, it cannot be seen.
    side, yaw_deg
        The lifter's side that was turned to the camera, and how far it stood off a pure side view.
    spine_sha256, pose_model
        What read it; the first is empty where the edge of the back was read.
    date
        ISO 8601, as the caller says.
    frames, seconds
        How much standing it rests on.
    slump_deg, slump_sigma_deg
        How much more rounded the lifter is when slumping as far as possible, NaN if that was not taken.
    """

    thoracic_deg: float
    bend_deg: float
    sigma_deg: float
    chest_deg: float
    neck_deg: float
    side: Side
    yaw_deg: float
    spine_sha256: str
    pose_model: str
    date: str
    frames: int
    seconds: float
    slump_deg: float = _NAN
    slump_sigma_deg: float = _NAN


def require_same_reader(profile: Profile, spine_sha256: str) -> None:
    """Refuse a profile that another spine model has read: every one reads the bend up to a constant of its own.

    Raises
    ------
    InputError
        It did.
    """
    if profile.spine_sha256 != spine_sha256:
        raise InputError(
            f"the profile of {profile.date} was read by {_reader(profile.spine_sha256)}, this recording by "
            f"{_reader(spine_sha256)}, and the two cannot be compared: take the profile again with spineline "
            "calibrate, or leave it out"
        )


def _reader(spine_sha256: str) -> str:
    return f"the spine model {spine_sha256[:8]}" if spine_sha256 else "the edge of the back alone"


def remarks(profile: Profile, *, yaw_deg: float, pose_model: str, settings: ReferenceSettings) -> list[str]:
    """Say in plain words what makes a recording hard to compare with a profile.

    Parameters
    ----------
    profile
        What it is compared with.
    yaw_deg, pose_model
        Of the recording.
    settings
        Thresholds.
    """
    found = []
    if abs(yaw_deg - profile.yaw_deg) > settings.profile_yaw_deg:
        found.append(
            f"Your profile was taken {profile.yaw_deg:+.0f} degrees off a side view, this recording {yaw_deg:+.0f}: "
            "how well views so far apart compare is not known."
        )
    if pose_model != profile.pose_model:
        found.append(
            f"Your profile was read with the pose model {profile.pose_model or 'unknown'}, this recording with "
            f"{pose_model or 'unknown'}: with the same one the comparison is surer."
        )
    return found
