"""PoseTrack: what was seen of one lifter, frame by frame. The central type between seeing and measuring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spineline.core.packed import Bytes, Packed
from spineline.core.skeleton import N_LANDMARKS, SPINE_POINTS
from spineline.errors import TrackError

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
Texts = NDArray[np.str_]

RAW_ANGLES = 5
RAW = RAW_ANGLES + 2 * len(SPINE_POINTS)
"""Columns of ``spine_raw``: in degrees thoracic and lumbar flexion and the sigma of the first, the bend and its sigma;
then the spine points, each down and to the back in the trunk's frame (`spineline.core.trunk`). The bend is thoracic
flexion read up to a constant of the lifter's own, which cancels in a change: so it can be read better."""

SILHOUETTE_SIDE = 128
"""Rows and columns of a stored silhouette."""


def middle(points: Floats, pair: Sequence[int]) -> Floats:
    """Return the middle of two of the points ``(T, n, ...)`` in float64, ``(T, ...)``."""
    one, other = pair
    total: Floats = np.add(points[:, one], points[:, other], dtype=np.float64)
    total /= 2
    return total


@dataclass(frozen=True, eq=False)
class PoseTrack:
    """One lifter through T frames. Missing is NaN, never a guess.

    Times are float64. All else that was seen is kept as exactly as it was given, float32 or float64: a pose model gives
    no more than float32, and what is measured of it is computed in float64. Silhouettes may be packed: of a track that
    a spine model has read hardly anything looks at them.

    Attributes
    ----------
    time_s
        ``(T,)`` presentation time of each frame, strictly increasing.
    landmarks_px
        ``(T, 33, 2)`` x to the right, y down, in pixels of the upright full-size picture.
    world_m
        ``(T, 33, 3)`` the pose model's own metric landmarks, origin between the hips.
    visibility
        ``(T, 33)`` 0 to 1, NaN where the pose is missing.
    silhouette_bits
        ``(T, 128 * 128 / 8)`` uint8, the person mask in the body's own frame, bit-packed; all zero where missing.
    silhouette_scale_px
        ``(T,)`` side of one silhouette pixel in picture pixels, NaN where missing.
    facing
        ``(T,)`` +1 where the lifter faces the right of the picture, -1 left, 0 unknown: the silhouette is
        mirrored where it is -1.
    others
        ``(T,)`` how much of the lifter's bounding box is shared with another person, 0 to 1.
    plate_px
        ``(T, 4)`` middle (x, y) and radius of the bar's near plate in picture pixels, and how surely it is that, 0 to
        1; NaN where none was found.
    spine_raw
        ``(T, RAW)`` what a spine model read; ``(T, 0)`` without one.
    image_size_px
        Width and height of the upright picture.
    source
        Where it came from: file name and hash, model name and hash, versions.
    """

    time_s: Floats
    landmarks_px: Floats
    world_m: Floats
    visibility: Floats
    silhouette_bits: Bytes | Packed
    silhouette_scale_px: Floats
    facing: Floats
    others: Floats
    plate_px: Floats
    spine_raw: Floats
    image_size_px: tuple[int, int]
    source: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every shape, and that time rises.

        Raises
        ------
        TrackError
            If an array has the wrong shape or type, or if ``time_s`` is not strictly increasing.
        """
        frames = self.time_s.shape[0] if self.time_s.ndim == 1 else -1
        shapes = {
            "time_s": (frames,),
            "landmarks_px": (frames, N_LANDMARKS, 2),
            "world_m": (frames, N_LANDMARKS, 3),
            "visibility": (frames, N_LANDMARKS),
            "silhouette_bits": (frames, SILHOUETTE_SIDE**2 // 8),
            "silhouette_scale_px": (frames,),
            "facing": (frames,),
            "others": (frames,),
            "plate_px": (frames, 4),
            "spine_raw": (frames, RAW if self.spine_raw.shape[-1:] != (0,) else 0),
        }
        for name, expected in shapes.items():
            found = getattr(self, name)
            types = {"time_s": ("float64",), "silhouette_bits": ("uint8",)}.get(name, ("float32", "float64"))
            if found.shape != expected or found.dtype.name not in types:
                wanted = f"shape {expected} of {' or '.join(types)}"
                raise TrackError(f"{name}: expected {wanted}, found {found.shape} of {found.dtype}")
        if not np.isfinite(self.time_s).all() or (np.diff(self.time_s) <= 0).any():
            raise TrackError("time_s: expected finite, strictly increasing times; sort the frames and drop repeats")
        if len(self.image_size_px) != 2 or min(self.image_size_px) < 1:
            raise TrackError(f"image_size_px: expected width and height above 0, found {self.image_size_px}")

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.time_s)

    @property
    def seen(self) -> Bools:
        """``(T,)`` True where a pose was found."""
        return np.asarray(np.isfinite(self.landmarks_px).all(axis=(1, 2)))
