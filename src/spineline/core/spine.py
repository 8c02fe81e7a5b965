"""From a spine model's reading to spine points, thoracic and lumbar flexion, with sigma and a reason where not usable.

A spine model reads every picture on its own, before the core is entered (`PoseTrack.spine_raw`). A
track without it is read by the dorsal contour alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from spineline.core import contour
from spineline.core.kinematics import from_vertical_deg, in_plane, wrapped_deg
from spineline.core.settings import ViewSettings
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.core.track import RAW_ANGLES, Bools, Floats, PoseTrack, Texts, middle
from spineline.core.trunk import trunk_frame
from spineline.core.view import WRISTS, out_of_frame

REASONS: Final = ("", "no_pose", "out_of_frame", "second_person", "low_visibility", "yaw", "edge_hidden", "uncertain")
"""Why a frame is not measured, the first that holds; empty where it is."""

_C7, _T3, _L1 = (SPINE_POINTS.index(name) for name in ("C7", "T3", "L1"))
_EARS: Final = (Landmark.LEFT_EAR, Landmark.RIGHT_EAR)
_MOUTH: Final = (Landmark.MOUTH_LEFT, Landmark.MOUTH_RIGHT)
_SHOULDERS: Final = (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER)

_NECK_PER_HEAD: Final = 0.45
_NECK_PER_CHEST: Final = 0.8
_NECK_PER_BEND: Final = 0.25
_NECK_ZERO_DEG: Final = -35.0
"""Read from the whole back and the face, as fitted on rendered lifters: the line T3 - C7 alone is too short."""

REASON_TEXT: Final = {
    "no_pose": "nobody could be followed",
    "out_of_frame": "head, shoulders or hips outside the picture",
    "second_person": "somebody else in front of or behind the lifter",
    "low_visibility": "shoulder or hip not seen well enough",
    "yaw": "the camera stands too far from a side view",
    "edge_hidden": "the edge of the back hidden by plate, arm, hair or clothing",
    "uncertain": "the upper back could not be read with enough certainty",
}
"""Each reason in plain words."""


@dataclass(frozen=True, eq=False)
class Spine:
    """Estimate per frame.

    ``points_px`` ``(T, 9, 2)`` in the order of `SPINE_POINTS`; ``thoracic_deg``, ``lumbar_deg`` and ``sigma_deg``
    ``(T,)``, + = flexion, 0 = the neutral of the model. For changes, up to a constant of the lifter's own:
    ``bend_deg``, ``bend_sigma_deg`` ``(T,)``, thoracic flexion, and ``neck_deg`` ``(T,)``, flexion of the line C7 - C1
    against T3 - C7. ``chest_deg`` ``(T,)`` inclination of the line L1 - T3, which plates at the hips leave alone;
    ``usable`` and ``reason`` ``(T,)``. All NaN where not usable.
    """

    points_px: Floats
    thoracic_deg: Floats
    lumbar_deg: Floats
    sigma_deg: Floats
    bend_deg: Floats
    bend_sigma_deg: Floats
    neck_deg: Floats
    chest_deg: Floats
    usable: Bools
    reason: Texts


def estimate(track: PoseTrack, facing: Floats, yaw_deg: Floats, trusted: Bools, settings: ViewSettings) -> Spine:
    """Estimate spine points and flexion in every frame, unsmoothed.

    Parameters
    ----------
    track
        T frames.
    facing, yaw_deg, trusted
        ``(T,)`` from `spineline.core.view`.
    settings
        Gates.
    """
    raw, unread = _reading(track, facing, settings)
    reason = _reason(track, yaw_deg, trusted, unread, settings)
    usable = reason == ""
    raw = np.where(usable[:, None], raw, np.nan)
    places = raw[:, RAW_ANGLES:].reshape(len(track), len(SPINE_POINTS), 2)
    points_px = trunk_frame(track.landmarks_px, facing).pixel(places)
    return Spine(
        points_px=points_px,
        thoracic_deg=raw[:, 0],
        lumbar_deg=raw[:, 1],
        sigma_deg=raw[:, 2],
        bend_deg=raw[:, 3],
        bend_sigma_deg=raw[:, 4],
        **_lines(points_px, raw[:, 3], track.landmarks_px, facing, yaw_deg),
        usable=usable,
        reason=reason,
    )


def _lines(
    points_px: Floats, bend_deg: Floats, landmarks_px: Floats, facing: Floats, yaw_deg: Floats
) -> dict[str, Floats]:
    """Return the angles that are read off lines between spine points and landmarks of the head.

    Of many these were best on renderings: docs/decisions/0006-bar-and-rules.md.
    """
    head_px = [middle(landmarks_px, pair)[:, None] for pair in (_EARS, _MOUTH)]
    marks = in_plane(np.concatenate([points_px[:, [_C7, _T3, _L1]], *head_px], axis=1), facing, yaw_deg)
    c7, t3, l1, ear, mouth = (marks[:, i] for i in range(5))
    chest_deg = from_vertical_deg(l1, t3)
    head_deg = from_vertical_deg(c7, ear) + wrapped_deg(from_vertical_deg(ear, mouth) - 90)  # 0 when level
    neck_deg = _NECK_PER_HEAD * head_deg - _NECK_PER_CHEST * chest_deg - _NECK_PER_BEND * bend_deg + _NECK_ZERO_DEG
    return {"neck_deg": neck_deg, "chest_deg": chest_deg}


def _reading(track: PoseTrack, facing: Floats, settings: ViewSettings) -> tuple[Floats, dict[str, Bools]]:
    """Return ``(T, RAW)``, and for what reasons that cannot be used."""
    if not track.spine_raw.shape[1]:
        raw, hidden = contour.read(track, facing)
        return raw, {"edge_hidden": hidden, "uncertain": np.asarray(~np.isfinite(raw).all(axis=1))}
    # What was read of a lifter taken to face the other way is of no use.
    turned = np.sign(track.facing) * facing < 0
    raw = np.where(turned[:, None], np.nan, track.spine_raw)
    held = hand_at_shoulder(track, settings)
    with np.errstate(invalid="ignore"):
        certain = raw[:, 4] <= np.where(held, settings.max_sigma_held_deg, settings.max_sigma_deg)
        certain &= ~held | (raw[:, 0] <= settings.max_flexion_held_deg)
    certain &= np.isfinite(raw).all(axis=1)
    return raw, {"edge_hidden": np.zeros(len(track), dtype=np.bool_), "uncertain": ~certain}


def hand_at_shoulder(track: PoseTrack, settings: ViewSettings) -> Bools:
    """Tell where a bar may lie over the upper back, ``(T,)``; never while neither hand is known."""
    reach_px = np.linalg.norm(track.landmarks_px[:, WRISTS] - track.landmarks_px[:, _SHOULDERS], axis=2)
    length_px = trunk_frame(track.landmarks_px, track.facing).length_px
    with np.errstate(invalid="ignore"):
        return np.asarray((reach_px < settings.hand_at_shoulder * length_px[:, None]).any(axis=1))


def _reason(
    track: PoseTrack, yaw_deg: Floats, trusted: Bools, unread: dict[str, Bools], settings: ViewSettings
) -> Texts:
    """Name the first reason, in the order of `REASONS`, why a frame cannot be measured."""
    shoulders = track.visibility[:, _SHOULDERS].max(axis=1)
    with np.errstate(invalid="ignore"):
        holds = {
            "no_pose": ~trusted,
            "out_of_frame": out_of_frame(track, margin=settings.frame_margin),
            "second_person": track.others > settings.max_overlap,
            "low_visibility": ~(shoulders >= settings.min_visibility),
            "yaw": ~(np.abs(yaw_deg) <= settings.max_yaw_deg),
            **unread,
        }
    return np.select([holds[name] for name in REASONS[1:]], REASONS[1:], default="").astype("<U14")
