"""The trunk's own frame: what a spine model is shown of one picture, and where its points lie in the picture.

The frame runs from the middle of the shoulders (0, 0) to that of the hips (1, 0): down the trunk, and across it
towards the back, in shoulder-to-hip lengths. A bent and an upright lifter, facing left or right, look alike in it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spineline.core.skeleton import Landmark
from spineline.core.track import Floats, middle

PICTURE_SHAPE: Final = (96, 80)
"""Rows from above the crown to below the hips, columns from before the arms to behind the back."""

PICTURE_STEP: Final = 0.02
"""Side of a pixel of the picture, in shoulder-to-hip lengths."""

_TOP: Final = -0.79
"""Where the first row lies; the columns are centred on the line shoulder - hip."""

MARKS: Final = 32
_FARTHEST_MARK: Final = 6.0
_ON_THE_MIDDLE: Final = (
    (Landmark.NOSE, Landmark.NOSE),
    (Landmark.LEFT_EAR, Landmark.RIGHT_EAR),
    (Landmark.LEFT_KNEE, Landmark.RIGHT_KNEE),
    (Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE),
)
_SHOULDERS: Final = (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER)
_HIPS: Final = (Landmark.LEFT_HIP, Landmark.RIGHT_HIP)
_ON_BOTH_SIDES: Final = (
    _SHOULDERS,
    _HIPS,
    (Landmark.LEFT_ELBOW, Landmark.RIGHT_ELBOW),
    (Landmark.LEFT_WRIST, Landmark.RIGHT_WRIST),
)


@dataclass(frozen=True, eq=False)
class Trunk:
    """The frame in T pictures, each ``(T, 2)`` in pixels: its origin, one length down, one length to the back."""

    shoulder: Floats
    down: Floats
    back: Floats

    @property
    def length_px(self) -> Floats:
        """``(T,)`` shoulder to hip."""
        return np.asarray(np.hypot(*self.down.T))

    @property
    def lean_deg(self) -> Floats:
        """``(T,)`` inclination from the vertical, + forward."""
        return np.asarray(np.degrees(np.arctan2(-self.back[:, 1], self.down[:, 1])))

    def place(self, point_px: Floats) -> Floats:
        """Coordinates down and to the back of points ``(T, ..., 2)``, in lengths, ``(T, ..., 2)``."""
        axis = (slice(None),) + (None,) * (point_px.ndim - 2)
        away = point_px - self.shoulder[axis]
        length2 = (self.down**2).sum(axis=1)[axis[: point_px.ndim - 1]]
        down, back = (away * self.down[axis]).sum(axis=-1), (away * self.back[axis]).sum(axis=-1)
        return np.stack([down / length2, back / length2], axis=-1)

    def pixel(self, place: Floats) -> Floats:
        """Picture pixels of coordinates down and to the back ``(T, n, 2)``, the inverse of `place`."""
        px: Floats = place[..., :1] * self.down[:, None]
        px += place[..., 1:] * self.back[:, None]
        px += self.shoulder[:, None]
        return px


def trunk_frame(landmarks_px: Floats, facing: Floats) -> Trunk:
    """Lay the frame; ``landmarks_px`` ``(T, 33, 2)``, ``facing`` ``(T,)`` +1 right, -1 left."""
    shoulder = middle(landmarks_px, _SHOULDERS)
    down = middle(landmarks_px, _HIPS) - shoulder
    back = np.stack([-down[:, 1], down[:, 0]], axis=1) * facing[:, None]
    return Trunk(shoulder, down, back)


def cut_trunk(mask: NDArray[np.float32], landmarks_px: Floats, facing: float, *, margin: int = 0) -> NDArray[np.uint8]:
    """Cut the person mask in the trunk's own frame.

    Parameters
    ----------
    mask
        ``(H, W)`` 0 to 1, the person's probability.
    landmarks_px
        ``(33, 2)`` in pixels of the mask.
    facing
        +1 where the lifter faces the right of the mask, -1 left.
    margin
        Pixels more on every side.

    Returns
    -------
    ``PICTURE_SHAPE`` 0 to 255; outside the mask it is 0.
    """
    trunk = trunk_frame(landmarks_px[None], np.array([facing]))
    rows, columns = (side + 2 * margin for side in PICTURE_SHAPE)
    first_down = _TOP - margin * PICTURE_STEP
    first_back = -PICTURE_STEP * (columns - 1) / 2
    step = PICTURE_STEP * np.stack([trunk.down[0], trunk.back[0]], axis=1)[::-1]  # (y, x) by (row, column)
    start = trunk.pixel(np.array([[[first_down, first_back]]]))[0, 0, ::-1] - 0.5
    cut = ndimage.affine_transform(mask, step, offset=start, output_shape=(rows, columns), order=1, mode="constant")
    return np.asarray(np.round(np.clip(cut, 0.0, 1.0) * 255), dtype=np.uint8)


def marks(landmarks_px: Floats, world_m: Floats, facing: float) -> NDArray[np.float32]:
    """Gather where head, arms and legs are in the trunk's own frame, and how shoulders and hips are turned.

    Parameters
    ----------
    landmarks_px, world_m
        ``(33, 2)`` and ``(33, 3)``.
    facing
        +1 right, -1 left; it tells the near side from the far one.

    Returns
    -------
    ``(MARKS,)``: 12 places, the sine and cosine of the trunk's lean, and the directions of shoulders and hips from
    the far to the near side.
    """
    near, far = (1, 0) if facing > 0 else (0, 1)
    trunk = trunk_frame(landmarks_px[None], np.array([facing]))
    points = [landmarks_px[list(pair)].mean(axis=0) for pair in _ON_THE_MIDDLE]
    points += [landmarks_px[pair[side]] for pair in _ON_BOTH_SIDES for side in (near, far)]
    places = trunk.place(np.array(points)[None])[0].ravel()
    lean = np.array([-trunk.back[0, 1], trunk.down[0, 1]]) / trunk.length_px[0]
    across = [world_m[pair[near]] - world_m[pair[far]] for pair in (_SHOULDERS, _HIPS)]
    turned = [way * (facing, 1.0, 1.0) / max(float(np.linalg.norm(way)), 1e-6) for way in across]
    out = np.concatenate([places, lean, *turned])
    return np.asarray(np.clip(out, -_FARTHEST_MARK, _FARTHEST_MARK), dtype=np.float32)
