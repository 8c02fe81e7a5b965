"""Pictures in which nobody can be recognised: all but the lifter's body below the head is blurred away."""

from collections.abc import Iterator

import cv2
import numpy as np

from spineline.core.picture import Image
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.core.track import Floats

_HEAD = slice(Landmark.NOSE, Landmark.MOUTH_RIGHT + 1)
_SHOULDERS = [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]
_HIPS = [Landmark.LEFT_HIP, Landmark.RIGHT_HIP]
_BACK = slice(SPINE_POINTS.index("T3"), None)

# In lengths of the torso, about half a metre, which is from shoulders to hips: half of what is left sharp across.
_HEAD_RADIUS, _TRUNK, _SPINE = 0.34, 0.22, 0.16
_LIMBS = {
    ("SHOULDER", "ELBOW"): 0.12,
    ("ELBOW", "WRIST"): 0.1,
    ("WRIST", "INDEX"): 0.1,
    ("HIP", "KNEE"): 0.2,
    ("KNEE", "ANKLE"): 0.14,
    ("HEEL", "FOOT_INDEX"): 0.1,
}
_HEAD_SPREAD = 1.7  # radius of a head, over how far its landmarks lie from their middle
_SQUARES = 4  # that a head is wide once it is blurred


def without_faces(picture: Image, landmarks_px: Floats, spine_px: Floats) -> Image | None:
    """Return a copy in which only the lifter's body below the head is left sharp.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    landmarks_px : ndarray, shape (33, 2)
        Of the lifter in this picture; NaN is missing.
    spine_px : ndarray, shape (9, 2)
        Spine points, in the order of `SPINE_POINTS`; NaN is missing.

    Returns
    -------
    ndarray or None
        None if head or torso of the lifter are not known, so that nobody can vouch for it.
    """
    head = _known(landmarks_px[_HEAD])
    shoulders, hips = (_known(landmarks_px[pair]) for pair in (_SHOULDERS, _HIPS))
    if not (len(head) and len(shoulders) and len(hips)):
        return None
    trunk = np.stack([shoulders.mean(axis=0), hips.mean(axis=0)])
    torso_px = float(np.hypot(*(trunk[0] - trunk[1])))
    centre = head.mean(axis=0)
    spread_px = float(np.hypot(*(head - centre).T).max())
    radius_px = max(_HEAD_RADIUS * torso_px, _HEAD_SPREAD * spread_px, 1.0)
    sharp = np.zeros(picture.shape[:2], dtype=np.uint8)
    for line, half in _lines(trunk, landmarks_px, spine_px):
        cv2.polylines(sharp, [np.round(line).astype(np.int32)], False, 255, max(1, round(2 * half * torso_px)))
    cv2.circle(sharp, _whole(centre), round(radius_px), 0, -1)
    return np.where(sharp[..., None] > 0, picture, _coarse(picture, square_px=2 * radius_px / _SQUARES))


def _lines(trunk: Floats, landmarks_px: Floats, spine_px: Floats) -> Iterator[tuple[Floats, float]]:
    """Yield the lines along which the body lies, and how far it reaches to either side of each."""
    yield trunk, _TRUNK
    yield _known(spine_px[_BACK]), _SPINE
    for names, half in _LIMBS.items():
        for side in ("LEFT", "RIGHT"):
            limb = _known(landmarks_px[[Landmark[f"{side}_{name}"] for name in names]])
            if len(limb) == len(names):
                yield limb, half


def _known(points: Floats) -> Floats:
    return points[np.isfinite(points).all(axis=1)]


def _whole(point: Floats) -> tuple[int, int]:
    x, y = np.round(point).astype(int)
    return int(x), int(y)


def _coarse(picture: Image, *, square_px: float) -> Image:
    """Blur by way of a picture so small that one pixel stands for a square of that size."""
    height, width = picture.shape[:2]
    small = cv2.resize(
        picture, (max(1, round(width / square_px)), max(1, round(height / square_px))), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
