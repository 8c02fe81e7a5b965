"""Pictures in which nobody can be recognised: all but the lifter's body below the head is blurred away."""

import cv2
import numpy as np
from numpy.typing import NDArray

from spineline.core.skeleton import Landmark
from spineline.core.track import Floats

Image = NDArray[np.uint8]

_HEAD = slice(Landmark.NOSE, Landmark.MOUTH_RIGHT + 1)
_BODY = slice(Landmark.MOUTH_RIGHT + 1, None)
_TORSO = ([Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER], [Landmark.LEFT_HIP, Landmark.RIGHT_HIP])
# In lengths of the torso, which is about half a metre: a head is 0.25 m high, a back 0.12 m behind shoulder and hip.
_HEAD_RADIUS, _BODY_ROOM = 0.34, 0.22
_HEAD_SPREAD = 1.7  # radius of a head, over how far its landmarks lie from their middle
_SQUARES = 4  # that a head is wide once it is blurred


def without_faces(picture: Image, landmarks_px: Floats) -> Image | None:
    """Return a copy in which only the lifter's body below the head is left sharp.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    landmarks_px : ndarray, shape (33, 2)
        Of the lifter in this picture; NaN is missing.

    Returns
    -------
    ndarray or None
        None if head or torso of the lifter are not known, so that nobody can vouch for it.
    """
    head = _known(landmarks_px[_HEAD])
    shoulders, hips = (_known(landmarks_px[pair]) for pair in _TORSO)
    if not (len(head) and len(shoulders) and len(hips)):
        return None
    torso_px = float(np.hypot(*(shoulders.mean(axis=0) - hips.mean(axis=0))))
    centre = head.mean(axis=0)
    spread_px = float(np.hypot(*(head - centre).T).max())
    radius_px = max(_HEAD_RADIUS * torso_px, _HEAD_SPREAD * spread_px, 1.0)
    sharp = _filled(picture.shape[:2], _known(landmarks_px[_BODY]), room_px=_BODY_ROOM * torso_px)
    cv2.circle(sharp, _whole(centre), round(radius_px), 0, -1)
    return np.where(sharp[..., None] > 0, picture, _coarse(picture, square_px=2 * radius_px / _SQUARES))


def _known(points: Floats) -> Floats:
    return points[np.isfinite(points).all(axis=1)]


def _whole(point: Floats) -> tuple[int, int]:
    x, y = np.round(point).astype(int)
    return int(x), int(y)


def _filled(shape: tuple[int, ...], points: Floats, *, room_px: float) -> NDArray[np.uint8]:
    """Fill the convex hull of some points, and as much room around it."""
    mask = np.zeros(shape, dtype=np.uint8)
    hull = cv2.convexHull(np.round(points).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 255)
    cv2.polylines(mask, [hull], True, 255, max(1, round(2 * room_px)))
    return mask


def _coarse(picture: Image, *, square_px: float) -> Image:
    """Blur by way of a picture so small that one pixel stands for a square of that size."""
    height, width = picture.shape[:2]
    small = cv2.resize(
        picture, (max(1, round(width / square_px)), max(1, round(height / square_px))), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
