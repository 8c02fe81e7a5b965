"""Keypoints as OpenPose writes them, one JSON file a frame, in the order of SpineTrack, which knows the spine.

SpineTrack (Khan, Krauss and Stricker 2025) has 37 keypoints: the body, and nine points along the spine.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spineline.core.markers import believed_px
from spineline.core.skeleton import N_LANDMARKS, SPINE_POINTS, Landmark

if TYPE_CHECKING:
    from spineline.core.analysis import Analysis
    from spineline.core.track import Floats

KEYPOINTS: Final = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee"),
    *("left_ankle", "right_ankle", "head", "neck", "hip", "left_big_toe", "right_big_toe"),
    *("left_small_toe", "right_small_toe", "left_heel", "right_heel"),
    *("spine_01", "spine_02", "spine_03", "spine_04", "spine_05"),
    *("left_latissimus", "right_latissimus", "left_clavicle", "right_clavicle", "neck_02", "neck_03"),
)
"""Keypoints of SpineTrack, in its order."""

SPINE_KEYPOINTS: Final = dict(
    zip(
        SPINE_POINTS,
        ("neck_03", "neck_02", "neck", "spine_05", "spine_04", "spine_03", "spine_02", "spine_01", "hip"),
        strict=True,
    )
)
"""What each spine point is called there."""

_MOST_OF_STEM: Final = 50
"""Letters, so that a name is never longer than file systems take."""

_SHOULDERS: Final = [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]
_EMPTY: Final[dict[str, list[float]]] = {
    f"{part}_keypoints_{dimensions}": []
    for dimensions in ("2d", "3d")
    for part in ("face", "hand_left", "hand_right", "pose")
    if (part, dimensions) != ("pose", "2d")
}


def _sources() -> dict[int, int]:
    """Return where the keypoints that are known come from, by place in `KEYPOINTS`: among landmarks, then spine."""
    names = {mark.name.lower().replace("foot_index", "big_toe"): int(mark) for mark in Landmark}
    names |= {name: N_LANDMARKS + number for number, name in enumerate(SPINE_KEYPOINTS.values())}
    return {place: names[name] for place, name in enumerate(KEYPOINTS) if name in names}


_KNOWN: Final = _sources()


def keypoints(analysis: "Analysis") -> "Floats":
    """Return x, y and score of each keypoint, ``(T, 37, 3)`` in the order of `KEYPOINTS`, as seen in the picture.

    The score of a landmark is its visibility. That of a spine point is the visibility of the shoulder that is seen
    better, where the upper back was measured. All three are 0 where the score is, or the keypoint is none of ours.
    """
    spine_px = analysis.spine.points_px
    points_px = np.concatenate([believed_px(analysis), spine_px], axis=1)
    visibility = analysis.track.visibility
    spine_score = np.broadcast_to(visibility[:, _SHOULDERS].max(axis=1)[:, None], spine_px.shape[:2])
    found = np.dstack([points_px.round(2), np.concatenate([visibility, spine_score], axis=1).round(3)])
    with np.errstate(invalid="ignore"):
        known = np.isfinite(found).all(axis=2) & (found[:, :, 2] > 0)
    rows = np.zeros((len(analysis.track), len(KEYPOINTS), 3))
    rows[:, list(_KNOWN)] = np.where(known[:, :, None], found, 0.0)[:, list(_KNOWN.values())]
    return rows


def write_openpose(analysis: "Analysis", folder: Path, stem: str) -> None:
    """Write one file a frame into a new folder: OpenPose's version 1.3, and the time of the frame beside it."""
    folder.mkdir()
    for frame, (time_s, rows) in enumerate(zip(analysis.track.time_s.tolist(), keypoints(analysis), strict=True)):
        people = [{"person_id": [-1], "pose_keypoints_2d": rows.ravel().tolist(), **_EMPTY}] if rows.any() else []
        document = {"version": 1.3, "time_s": round(time_s, 6), "people": people}
        _write(folder / f"{stem[:_MOST_OF_STEM]}_{frame:012d}_keypoints.json", document)


def write_key(path: Path) -> None:
    """Write the order of the keypoints, and where the spine points are among them."""
    spine = {point: KEYPOINTS.index(name) for point, name in SPINE_KEYPOINTS.items()}
    _write(path, {"keypoints": KEYPOINTS, "spine_points": spine})


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, allow_nan=False) + "\n", encoding="utf-8", newline="\n")
