"""Where the camera stands: which way the lifter faces, the yaw, the near side, what the picture cuts off."""

from typing import Final, Literal

import numpy as np

from spineline.core.skeleton import Landmark
from spineline.core.track import Bools, Floats, PoseTrack, middle

Side = Literal["left", "right"]
"""The lifter's own left or right, or that of the picture where said so."""

_FACING_WINDOW_S: Final = 1.0
_MOST_HEAD_DOWN: Final = 0.57  # the sine of 35 degrees below horizontal, deeper than any hinge

_SHOULDERS: Final = [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]
HIPS: Final = [Landmark.LEFT_HIP, Landmark.RIGHT_HIP]
_THIGHS: Final = ((Landmark.LEFT_HIP, Landmark.LEFT_KNEE), (Landmark.RIGHT_HIP, Landmark.RIGHT_KNEE))
_RIGHT: Final = (Landmark.RIGHT_SHOULDER, Landmark.RIGHT_HIP)
_LEFT: Final = (Landmark.LEFT_SHOULDER, Landmark.LEFT_HIP)
_LONG: Final = 80
_EARS: Final = [Landmark.LEFT_EAR, Landmark.RIGHT_EAR]
WRISTS: Final = (Landmark.LEFT_WRIST, Landmark.RIGHT_WRIST)


def torso_px(landmarks_px: Floats) -> Floats:
    """Return the length from mid-shoulder to mid-hip, ``(T,)``."""
    return np.asarray(np.hypot(*(middle(landmarks_px, _SHOULDERS) - middle(landmarks_px, HIPS)).T))


def trusted(track: PoseTrack, *, max_torso_ratio: float) -> Bools:
    """Tell which poses can be believed: no torso shrinks out of all proportion or hangs upside down.

    A pose model that has lost the lifter puts its landmarks on a plate or into the background.

    Parameters
    ----------
    track
        T frames.
    max_torso_ratio
        Largest factor between a frame's torso length and the median of the track.

    Returns
    -------
    ``(T,)``, False where no pose was found.
    """
    length_px = torso_px(track.landmarks_px)
    if not track.seen.any():
        return track.seen
    ratio = length_px / np.nanmedian(length_px)
    shoulder_px, hip_px = (middle(track.landmarks_px, pair)[:, 1] for pair in (_SHOULDERS, HIPS))
    with np.errstate(invalid="ignore"):
        in_proportion = (ratio < max_torso_ratio) & (ratio > 1 / max_torso_ratio)
        upside_down = shoulder_px - hip_px > _MOST_HEAD_DOWN * length_px
        return np.asarray(track.seen & in_proportion & ~upside_down)


def folded(track: PoseTrack, *, min_thigh_share: float) -> Bools:
    """Tell where the thigh looks much shorter than it is: the hips were found on a plate, and the lean is wrong.

    For a camera at the side, from where it looks alike in every phase of a lift.

    Parameters
    ----------
    track
        T frames.
    min_thigh_share
        Least length of the longer one, as a share of the track's 80th percentile.
    """
    px = track.landmarks_px
    thighs = [np.subtract(px[:, hip], px[:, knee], dtype=np.float64) for hip, knee in _THIGHS]
    length_px = np.max([np.hypot(*thigh.T) for thigh in thighs], axis=0)
    if not np.isfinite(length_px).any():
        return np.zeros(len(track), dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        return np.asarray(length_px < min_thigh_share * np.nanpercentile(length_px, _LONG))


def steady_facing(time_s: Floats, facing: Floats) -> Floats:
    """Replace each frame's facing by that of the majority within a second around it.

    Parameters
    ----------
    time_s
        ``(T,)``.
    facing
        ``(T,)`` +1 right, -1 left, 0 unknown.

    Returns
    -------
    ``(T,)`` +1 or -1; 0 only where nothing around was known either.
    """
    total = np.concatenate([[0.0], np.cumsum(facing)])
    low = np.searchsorted(time_s, time_s - _FACING_WINDOW_S / 2, side="left")
    high = np.searchsorted(time_s, time_s + _FACING_WINDOW_S / 2, side="right")
    majority = np.sign(total[high] - total[low])
    return np.where(majority == 0, facing, majority)


def yaw_deg(world_m: Floats, facing: Floats) -> Floats:
    """Estimate how far the camera stands off a pure side view.

    Parameters
    ----------
    world_m
        ``(T, 33, 3)`` metric landmarks, x to the right of the picture, z away from the camera.
    facing
        ``(T,)`` +1 or -1.

    Returns
    -------
    ``(T,)`` 0 = side view, + = the camera sees more of the front, - = more of the back, -180..180.
    """
    across = middle(world_m, _RIGHT) - middle(world_m, _LEFT)
    return np.asarray(np.degrees(np.arctan2(-across[:, 0], -facing * across[:, 2])))


def tilt_deg(left_px: Floats, right_px: Floats) -> Floats:
    """Return how far the line between two sides ``(T, 2)`` lies off level, ``(T,)``, + with the right one lower."""
    across = right_px - left_px
    return np.asarray(np.degrees(np.arctan2(across[:, 1], np.abs(across[:, 0]))))


def near_side(visibility: Floats) -> Side:
    """Name the lifter's side that is turned to the camera: the one whose landmarks are seen better."""
    sides: dict[Side, list[Landmark]] = {
        "left": [Landmark.LEFT_SHOULDER, Landmark.LEFT_ELBOW, Landmark.LEFT_HIP, Landmark.LEFT_KNEE],
        "right": [Landmark.RIGHT_SHOULDER, Landmark.RIGHT_ELBOW, Landmark.RIGHT_HIP, Landmark.RIGHT_KNEE],
    }
    return max(sides, key=lambda side: float(np.nanmean(visibility[:, sides[side]])))


def out_of_frame(track: PoseTrack, *, margin: float) -> Bools:
    """Tell where the picture cuts off the head, a shoulder or a hip.

    ``margin`` is how far outside a landmark may lie, in torso lengths. Returns ``(T,)``; False where unseen.
    """
    parts = track.landmarks_px[:, [*_EARS, *_SHOULDERS, *HIPS]]
    slack = (margin * torso_px(track.landmarks_px))[:, None]
    width, height = track.image_size_px
    with np.errstate(invalid="ignore"):
        outside = (
            (parts[..., 0] < -slack)
            | (parts[..., 1] < -slack)
            | (parts[..., 0] > width + slack)
            | (parts[..., 1] > height + slack)
        )
    return np.asarray(outside.any(axis=1))
