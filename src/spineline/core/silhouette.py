"""Person mask to small silhouette in the body's own frame, and the dorsal profile read from it.

The body's own frame: the lifter faces +x, y is down, the middle of the shoulders lies in the centre, and the
unit is the square root of the mask's area, so that hips hidden by plates move nothing. The dorsal profile
is the distance from a line ear - shoulder - hip to the edge of the back, station by station.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spineline.core.skeleton import Landmark
from spineline.core.track import SILHOUETTE_SIDE, Bools, Floats, PoseTrack, middle

HALF_WIDTH_AREAS: Final = 1.2
"""Half the side of a silhouette in square roots of the mask's area: from the crown to below the sacrum."""

_SUBSAMPLES: Final = 2
_CENTRE: Final = SILHOUETTE_SIDE / 2 - 0.5
"""Where the middle of the shoulders lies in a silhouette, in pixels."""

STATIONS: Final = np.linspace(-0.15, 1.05, 41)
"""Stations along the back in shoulder-to-hip lengths: 0 at the middle of the shoulders, 1 between the hips."""

_REACH: Final = np.linspace(-0.05, 0.70, 76)
"""Where a ray towards the back is looked at, in shoulder-to-hip lengths from the line shoulder - hip."""

_CLEAR: Final = 3
"""So many samples in a row must be empty for a ray to have left the body; fewer are a hole in the mask."""

_STARTS: Final = 16
"""A ray must meet the body within its first samples, up to 0.1 behind the line."""

_CHUNK: Final = 256

_SHOULDERS = [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]
_HIPS = [Landmark.LEFT_HIP, Landmark.RIGHT_HIP]
_EARS = [Landmark.LEFT_EAR, Landmark.RIGHT_EAR]


def facing(landmarks_px: Floats) -> Floats:
    """Tell which way the lifter faces, from nose to ear and toe to heel.

    Parameters
    ----------
    landmarks_px
        ``(..., 33, 2)`` x right, y down.

    Returns
    -------
    ``(...)`` +1 facing the right of the picture, -1 left, 0 where the landmarks are missing.
    """
    x = landmarks_px[..., 0]
    head = x[..., Landmark.NOSE] - x[..., _EARS].mean(axis=-1)
    feet = (
        x[..., [Landmark.LEFT_FOOT_INDEX, Landmark.RIGHT_FOOT_INDEX]]
        - x[..., [Landmark.LEFT_HEEL, Landmark.RIGHT_HEEL]]
    ).sum(axis=-1)
    return np.asarray(np.nan_to_num(np.sign(head + feet)))


def cut_silhouette(mask: NDArray[np.float32], landmarks_px: Floats, facing_sign: float) -> tuple[Bools, float]:
    """Cut one person mask into the body's own frame.

    Parameters
    ----------
    mask
        ``(H, W)`` 0 to 1, the person's probability.
    landmarks_px
        ``(33, 2)`` in pixels of the mask.
    facing_sign
        -1 mirrors, anything else does not.

    Returns
    -------
    The ``(128, 128)`` silhouette and the side of one of its pixels in mask pixels. An empty mask gives an
    empty silhouette and NaN.
    """
    area_px2 = float(np.count_nonzero(mask > 0.5))
    centre = landmarks_px[_SHOULDERS].mean(axis=0)
    if area_px2 < 16 or not np.isfinite(centre).all():
        return np.zeros((SILHOUETTE_SIDE, SILHOUETTE_SIDE), dtype=np.bool_), float("nan")
    step_px = 2 * HALF_WIDTH_AREAS * np.sqrt(area_px2) / SILHOUETTE_SIDE
    offsets_px = _cell_offsets() * step_px
    x = centre[0] + (-offsets_px if facing_sign < 0 else offsets_px)
    y = centre[1] + offsets_px
    rows = _averaged(_sampled(mask, y))
    coarse = _averaged(_sampled(np.ascontiguousarray(rows.T), x)).T
    return coarse > 0.5, float(step_px)


def _cell_offsets() -> Floats:
    """Return the offsets of the subsamples from the centre, in silhouette pixels."""
    n = SILHOUETTE_SIDE * _SUBSAMPLES
    return (np.arange(n) + 0.5) / _SUBSAMPLES - SILHOUETTE_SIDE / 2


def _sampled(mask: NDArray[np.float32], at: Floats) -> NDArray[np.float32]:
    """Read rows of ``mask`` linearly at any places ``(n,)``; outside is empty."""
    low = np.floor(at).astype(np.intp)
    share = at - low
    read = np.zeros((at.size, mask.shape[1]), dtype=np.float32)
    for row, weight in ((low, 1 - share), (low + 1, share)):
        inside = (row >= 0) & (row < len(mask))
        read[inside] += mask[row[inside]] * weight[inside, None].astype(np.float32)
    return read


def _averaged(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the subsamples along the first axis."""
    return np.asarray(fine.reshape(SILHOUETTE_SIDE, _SUBSAMPLES, -1).mean(axis=1))


def silhouettes(track: PoseTrack, frames: slice, facing_sign: Floats) -> Bools:
    """Unpack the silhouettes of some frames, all facing +x, ``(n, 128, 128)``.

    ``facing_sign`` ``(T,)`` is which way the lifter faces; a frame that was stored the other way round is turned.
    """
    bits = np.unpackbits(track.silhouette_bits[frames], axis=1).astype(np.bool_)
    pictures: Bools = bits.reshape(-1, SILHOUETTE_SIDE, SILHOUETTE_SIDE)
    stored = np.where(track.facing[frames] < 0, -1, 1)
    wrong = stored != np.where(facing_sign[frames] < 0, -1, 1)
    pictures[wrong] = pictures[wrong, :, ::-1]
    return pictures


def dorsal_profile(track: PoseTrack, facing_sign: Floats) -> Floats:
    """Read the edge of the back.

    Rays run from `STATIONS` on the line shoulder - hip, at right angles to it, towards the back. A profile value
    is where the ray leaves the silhouette.

    Parameters
    ----------
    track
        T frames.
    facing_sign
        ``(T,)`` +1 or -1.

    Returns
    -------
    ``(T, 41)`` distance from the line, towards the back, in shoulder-to-hip lengths; NaN where the ray starts
    outside the body, leaves the silhouette's square, or the frame is missing.
    """
    return _profile(track, facing_sign, side=1.0)


def ventral_profile(track: PoseTrack, facing_sign: Floats) -> Floats:
    """Read the front edge of the trunk, ``(T, 41)``, + towards the front; otherwise as `dorsal_profile`."""
    return _profile(track, facing_sign, side=-1.0)


def _along(track: PoseTrack, facing_sign: Floats) -> Floats:
    """Shoulder to hip in silhouette pixels, facing +x, ``(T, 2)``."""
    along = middle(track.landmarks_px, _HIPS) - middle(track.landmarks_px, _SHOULDERS)
    turned = along * np.stack([facing_sign, np.ones_like(facing_sign)], axis=1)
    return np.asarray(turned / track.silhouette_scale_px[:, None])


def _softened(pictures: Bools) -> NDArray[np.float32]:
    return np.asarray(ndimage.uniform_filter(pictures.astype(np.float32), size=(1, 3, 3)))


def _profile(track: PoseTrack, facing_sign: Floats, *, side: float) -> Floats:
    out = np.full((len(track), STATIONS.size), np.nan)
    along = _along(track, facing_sign)
    for start in range(0, len(track), _CHUNK):
        frames = slice(start, start + _CHUNK)
        known = np.flatnonzero(np.isfinite(along[frames]).all(axis=1))
        if known.size:
            pictures = silhouettes(track, frames, facing_sign)[known]
            out[start + known] = _first_exit(pictures, along[frames][known], side)
    return out


def _first_exit(pictures: Bools, along: Floats, side: float) -> Floats:
    """Cast the rays of n frames, ``(n, 41)``; ``along`` ``(n, 2)`` is shoulder to hip in silhouette pixels.

    ``side`` is +1 towards the back, -1 towards the front.
    """
    out_of_trunk = side * np.stack([-along[:, 1], along[:, 0]], axis=1)
    at = (
        _CENTRE
        + STATIONS[None, :, None, None] * along[:, None, None, :]
        + _REACH[None, None, :, None] * out_of_trunk[:, None, None, :]
    )
    level = _bilinear(_softened(pictures), at[..., 1], at[..., 0])
    inside = level > 0.5
    left = ~inside
    for step in range(1, _CLEAR):
        left[..., :-step] &= ~inside[..., step:]
    starts = np.asarray(inside[..., :_STARTS].any(axis=-1))
    left[..., :_STARTS] &= np.cumsum(inside[..., :_STARTS], axis=-1) > 0
    first = np.maximum(left.argmax(axis=-1), 1)[..., None]
    before, after = np.take_along_axis(level, first - 1, axis=-1), np.take_along_axis(level, first, axis=-1)
    share = np.clip((before - 0.5) / np.maximum(before - after, 1e-6), 0, 1)
    edge = (_REACH[first - 1] + share * (_REACH[1] - _REACH[0]))[..., 0]
    return np.where(starts & left.any(axis=-1), edge, np.nan)


def _bilinear(pictures: NDArray[np.float32], y: Floats, x: Floats) -> NDArray[np.float32]:
    """Sample each of n pictures at its own points ``(n, ...)``; the border is carried on outwards."""
    y = np.clip(y, 0, SILHOUETTE_SIDE - 1.001)
    x = np.clip(x, 0, SILHOUETTE_SIDE - 1.001)
    row, col = y.astype(np.intp), x.astype(np.intp)
    fy, fx = (y - row).astype(np.float32), (x - col).astype(np.float32)
    n = np.arange(len(pictures)).reshape(-1, *[1] * (y.ndim - 1))
    top = pictures[n, row, col] * (1 - fx) + pictures[n, row, col + 1] * fx
    bottom = pictures[n, row + 1, col] * (1 - fx) + pictures[n, row + 1, col + 1] * fx
    return np.asarray(top * (1 - fy) + bottom * fy)
