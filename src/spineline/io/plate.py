"""OpenCV: the barbell's near plate, a disc seen nearly from the side, in a picture whose lifter is known.

Edges near the hands and feet vote for the middles of circles of every size that a plate can have (Hough). The few
best are looked at closely: grey values along rays, one edge on every ray, and through these edges a circle, then a
nearly round ellipse. The one most like a near plate is chosen by its ring, its size and its place, and believed or not
by its ring, its inside and its place: a ball, a head or a pattern has one of them at most.

Positions are in pixels with the picture's corner at (0, 0), so that the middle of the first pixel is at 0.5.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from spineline.core.skeleton import Landmark
from spineline.core.track import Floats

MIN_SCORE: Final = 0.6
"""A find with a lower score is not told of."""

_REMEMBERED_S: Final = 4.0
"""So long after lifter and bar were lost the bar is looked for: as long as a slow way up and down."""

_SIZED_S: Final = 10.0
_SIZE_PERCENTILE: Final = 75.0
"""The lifter's size is that percentile of those seen in so long: less is a pose of which a part is hidden."""

Singles = NDArray[np.float32]

_CHAINS: Final = np.array(
    [
        [Landmark.LEFT_SHOULDER, Landmark.LEFT_HIP, Landmark.LEFT_KNEE, Landmark.LEFT_ANKLE],
        [Landmark.RIGHT_SHOULDER, Landmark.RIGHT_HIP, Landmark.RIGHT_KNEE, Landmark.RIGHT_ANKLE],
    ]
)
_HANDS: Final = np.array([Landmark.LEFT_WRIST, Landmark.RIGHT_WRIST, Landmark.LEFT_INDEX, Landmark.RIGHT_INDEX])
_FEET: Final = _CHAINS[:, -1]
_USED: Final = np.concatenate([_CHAINS.ravel(), _HANDS])

# In body sizes: the length of shin, thigh and trunk, about 1.25 m.
_HAND_REACH: Final = 0.52
_FOOT_REACH: Final = 0.45
_SIZE_OF_TRUNK: Final = 2.5
_RADII: Final = (0.125, 0.36)
_USUAL_RADIUS: Final = 0.22
_SMALL_RADIUS: Final = 0.16
_NEAR_HAND: Final = 0.3
_TOO_FAR: Final = 0.43

_SIZES_PX: Final = (24.0, 1e5)  # bodies that can be looked at
_FINE_PX: Final = 160.0  # body size at which edges are measured, or up to twice that
_COARSE_PX: Final = 85.0  # and about at which they vote
_CELL_PX: Final = 2.0
_RADIUS_STEP_PX: Final = 1.8
_CANDIDATES: Final = 6

_RAYS: Final = 48
_RINGS: Final = 52
_BEYOND: Final = 1.3  # where rays end, in radii of the candidate
_FULL: Final = np.float32(_RINGS / _BEYOND)  # rings in that radius
_EDGE: Final = 4.0  # grey levels per pixel
_MIN_VISIBLE: Final = 0.5
_MIN_CONTRAST: Final = 0.35  # less is roughness all over
_ON_RING: Final = 0.035  # in radii
_PASSES: Final = ((0.2, 3), (0.1, 3), (0.06, 5))  # how far around the ring, in radii, and terms of its shape

_TURN: Final = np.arange(_RAYS, dtype=np.float32) * np.float32(2 * np.pi / _RAYS)
_RAY: Final = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)
_SHAPE: Final = np.stack([np.ones_like(_TURN), *_RAY.T, np.cos(2 * _TURN), np.sin(2 * _TURN)], axis=1)
_RING: Final = np.arange(_RINGS, dtype=np.float32)


@dataclass(frozen=True)
class Plate:
    """A plate in a picture.

    Attributes
    ----------
    x_px, y_px
        Middle of the disc.
    radius_px
        Half of the ellipse's long axis.
    score
        0 to 1: how surely it is the near plate, by this picture alone.
    """

    x_px: float
    y_px: float
    radius_px: float
    score: float


@dataclass(frozen=True, eq=False)
class _View:
    """The part of a picture that is searched: ``image`` (h, w, 3), and what is known in its pixels."""

    image: NDArray[np.uint8]
    low_px: Floats
    scale: float
    hands: Floats
    feet: Floats
    size: float


@dataclass(frozen=True, eq=False)
class _Rings:
    """Candidates looked at closely, each field ``(N,)``.

    Attributes
    ----------
    x, y, radius
        In pixels of the searched part.
    visible
        Share of the ring that is inside the picture.
    support
        Share of that which has an edge on it.
    contrast
        How much steeper edges are on the ring than near it, as a logarithm.
    radial
        0 to 1: how far the edges on the disc run around its middle rather than away from it.
    """

    x: Singles
    y: Singles
    radius: Singles
    visible: Singles
    support: Singles
    contrast: Singles
    radial: Singles


def find_plate(
    image: NDArray[np.uint8], landmarks_px: Floats, previous: Plate | None = None, size_px: float | None = None
) -> Plate | None:
    """Find the near plate of the barbell that the lifter holds or stands at.

    Parameters
    ----------
    image
        ``(H, W, 3)`` RGB, upright.
    landmarks_px
        ``(33, 2)`` the lifter's pose in pixels of ``image``.
    previous
        What was found in the frame before. It is only one more place to look at and counts for nothing in the
        choice, so that a wrong find does not last.
    size_px
        Length of shin, thigh and trunk, if known better than from this pose.

    Returns
    -------
    None where no plate is seen, or none that can be told from other round things.
    """
    view = _view(image, landmarks_px, size_px)
    if view is None:
        return None
    places = _vote(view)
    if previous is not None:
        at = (np.array([previous.x_px, previous.y_px]) - view.low_px) * view.scale
        places = np.vstack([places, [*at, previous.radius_px * view.scale]])
    if not len(places):
        return None
    rings = _measure(view.image, places.astype(np.float32))
    rank, score = _judge(rings, view)
    best = int(rank.argmax())
    if not score[best] >= MIN_SCORE:
        return None
    x_px, y_px = np.array([rings.x[best], rings.y[best]]) / view.scale + view.low_px
    return Plate(float(x_px), float(y_px), float(rings.radius[best] / view.scale), float(score[best]))


class PlateFollower:
    """Finds the plate frame after frame, for a while also where the lifter was lost: the bar goes on without.

    A plate often hides half of the lifter, who then looks small for a moment; the size of the last seconds counts.
    While the lifter is lost, the bar takes the place of the hands along.
    """

    def __init__(self) -> None:
        self._landmarks_px: Floats | None = None
        self._seen_s = 0.0
        self._sizes_px: deque[tuple[float, float]] = deque()
        self._last: Plate | None = None

    def follow(
        self, image: NDArray[np.uint8], time_s: float, landmarks_px: Floats | None, scale: float = 1.0
    ) -> tuple[float, float, float, float] | None:
        """Find the plate in one frame.

        Parameters
        ----------
        image
            ``(H, W, 3)`` RGB, upright.
        time_s
            Rising from call to call.
        landmarks_px
            ``(33, 2)`` in full-picture pixels, None where the lifter was not found.
        scale
            Size of ``image`` relative to the full picture.

        Returns
        -------
        Middle and radius in full-picture pixels, and the score; None without a find.
        """
        if landmarks_px is not None and np.isfinite(landmarks_px).all():
            self._landmarks_px, self._seen_s = landmarks_px, time_s
            self._sizes_px.append((time_s, _size_px(landmarks_px)))
            while time_s - self._sizes_px[0][0] > _SIZED_S:
                self._sizes_px.popleft()
        if self._landmarks_px is None or time_s - self._seen_s > _REMEMBERED_S:
            return None
        size_px = float(np.percentile([size for _, size in self._sizes_px], _SIZE_PERCENTILE))
        before, self._last = self._last, find_plate(image, self._landmarks_px * scale, self._last, size_px * scale)
        if self._last is None:
            return None
        if landmarks_px is None and before is not None:
            moved_px = np.array([self._last.x_px - before.x_px, self._last.y_px - before.y_px]) / scale
            self._landmarks_px, self._seen_s = self._landmarks_px + moved_px, time_s
        found = self._last
        return found.x_px / scale, found.y_px / scale, found.radius_px / scale, found.score


def _view(image: NDArray[np.uint8], landmarks_px: Floats, size_px: float | None) -> _View | None:
    """Cut and shrink the part in which the plate can be; None where there is nothing to search."""
    if not (np.abs(landmarks_px[_USED]) < _SIZES_PX[1]).all():
        return None
    size = _size_px(landmarks_px) if size_px is None else size_px
    if size < _SIZES_PX[0]:
        return None
    picture = image.shape[1::-1]
    hands, feet = landmarks_px[_HANDS], landmarks_px[_FEET].mean(axis=0)
    hand, foot = (_HAND_REACH + _RADII[1]) * size, (_FOOT_REACH + _RADII[1]) * size
    low = np.clip(np.floor(np.minimum(hands.min(axis=0) - hand, feet - foot)), 0, picture).astype(int)
    high = np.clip(np.ceil(np.maximum(hands.max(axis=0) + hand, feet + foot)), 0, picture).astype(int)
    if (high - low < _SIZES_PX[0]).any():
        return None
    fold = max(1, int(size / _FINE_PX))
    part = _shrunk(image[low[1] : high[1], low[0] : high[0]], fold)
    return _View(part, low.astype(float), 1 / fold, (hands - low) / fold, (feet - low) / fold, size / fold)


def _size_px(landmarks_px: Floats) -> float:
    """Return the length of shin, thigh and trunk; from the trunk where a plate hides the legs and they look short."""
    parts = np.linalg.norm(np.diff(landmarks_px[_CHAINS], axis=1), axis=2)
    trunk = landmarks_px[_CHAINS[:, :2]].mean(axis=0)
    return max(float(parts.sum(axis=1).max()), _SIZE_OF_TRUNK * float(np.linalg.norm(trunk[0] - trunk[1])))


def _shrunk(image: NDArray[np.uint8], fold: int) -> NDArray[np.uint8]:
    """Return the means of blocks, which is fast for whole numbers of pixels."""
    if fold == 1:
        return image
    height, width = image.shape[0] // fold, image.shape[1] // fold
    whole = image[: height * fold, : width * fold]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _vote(view: _View) -> Floats:
    """Let edges vote; return the best circles (N, 3): x, y and radius in pixels of the view, most votes first."""
    fold = max(1, round(view.size / _COARSE_PX))
    image = _shrunk(view.image, fold)
    size = view.size / fold
    radii = np.arange(_RADII[0] * size, _RADII[1] * size + 0.1, _RADIUS_STEP_PX, dtype=np.float32)
    pad = int(radii[-1] / _CELL_PX) + 2  # so that votes for middles outside the picture need no sorting out
    votes = _ballot(image, radii, pad)
    votes[1:-1] += 0.7 * (votes[:-2] + votes[2:])
    votes /= radii[:, None, None]
    count, rows, cols = votes.shape
    votes = np.asarray(cv2.blur(votes.reshape(-1, cols), (3, 3)), dtype=np.float32).reshape(count, rows, cols)
    cell_px = _CELL_PX * fold
    most = votes.max(axis=0) * _within_reach(view, (rows, cols), 1 / cell_px, pad)
    found = []
    for _ in range(_CANDIDATES):
        i, j = divmod(int(most.argmax()), cols)
        if most[i, j] <= 0:
            break
        found.append(
            ((j - pad + 0.5) * cell_px, (i - pad + 0.5) * cell_px, float(radii[votes[:, i, j].argmax()]) * fold)
        )
        most[max(0, i - 1) : i + 2, max(0, j - 1) : j + 2] = 0
    return np.array(found, dtype=np.float64).reshape(-1, 3)


def _within_reach(view: _View, shape: tuple[int, int], scale: float, pad: int) -> NDArray[np.uint8]:
    """Return 1 in cells (rows, cols) that hands or feet are near enough to."""
    mask = np.zeros(shape, dtype=np.uint8)
    for anchor in (*view.hands, view.feet):
        reach = _FOOT_REACH if anchor is view.feet else _HAND_REACH
        x, y = np.rint(anchor * scale + pad - 0.5).astype(int).tolist()
        cv2.circle(mask, (x, y), round(reach * view.size * scale), 1, cv2.FILLED)
    return mask


def _ballot(image: NDArray[np.uint8], radii: Singles, pad: int) -> Singles:
    """Count the votes (radii, rows, cols) of edges, each for the two middles that lie a radius away across it."""
    image = np.asarray(cv2.GaussianBlur(image, (3, 3), 0), dtype=np.uint8)
    y, x = np.nonzero(cv2.Canny(image, 30, 70))
    across, down = cv2.Sobel(image, cv2.CV_16S, 1, 0)[y, x], cv2.Sobel(image, cv2.CV_16S, 0, 1)[y, x]
    # A red plate can be as bright as the wall: each edge is taken from the colour that shows it best.
    best = (np.abs(across) + np.abs(down)).argmax(axis=1)[:, None]
    dx = np.take_along_axis(across, best, axis=1)[:, 0].astype(np.float32)
    dy = np.take_along_axis(down, best, axis=1)[:, 0].astype(np.float32)
    steep = np.maximum(np.hypot(dx, dy), 1) * np.float32(_CELL_PX)
    rows, cols = (int(side / _CELL_PX) + 1 + 2 * pad for side in image.shape[:2])
    signed = np.concatenate([radii, -radii])[:, None]
    # Whole numbers by cutting off: the padding keeps everything above zero.
    col = (((x + 0.5) / _CELL_PX + pad).astype(np.float32) + signed * (dx / steep)).astype(np.int32)
    cell = (((y + 0.5) / _CELL_PX + pad).astype(np.float32) + signed * (dy / steep)).astype(np.int32)
    cell *= cols
    cell += col
    cell += np.tile(np.arange(len(radii), dtype=np.int32) * (rows * cols), 2)[:, None]
    count = np.bincount(cell.ravel(), minlength=len(radii) * rows * cols)
    return count.astype(np.float32).reshape(len(radii), rows, cols)


def _measure(image: NDArray[np.uint8], places: Singles) -> _Rings:
    """Look closely at circles (N, 3): x, y and radius in pixels of ``image`` (h, w, 3)."""
    step = places[:, 2:] / _FULL  # pixels from ring to ring
    polar = _polar(image, places)
    seen = _limit(image, places, step)[..., None] > _RING
    slope = np.zeros(polar.shape[:3], dtype=np.float32)
    slope[..., 1:-1] = _strongest(polar[:, :, 2:] - polar[:, :, :-2]) / (2 * step[..., None])
    slope *= seen
    shape, at, edge = _fit(slope)
    ring = shape @ _SHAPE.T
    visible = np.take_along_axis(seen, _whole(ring), axis=2)[..., 0]
    on_ring = visible & (np.abs(edge) > _EDGE) & (np.abs(at - ring) < _ON_RING * shape[:, :1])
    steep = np.abs(slope)
    long = np.hypot(shape[:, 3], shape[:, 4])
    turning = np.abs(_strongest(np.roll(polar, -1, axis=1) - np.roll(polar, 1, axis=1)))
    turning *= seen * np.float32(_RAYS / (4 * np.pi))
    on_disc = (ring[..., None] * 1.04 > _RING) & (ring[..., None] * 0.1 < _RING)
    around = (steep * _RING * on_disc).sum(axis=(1, 2)) * step[:, 0]
    near = (np.abs(_RING / ring[..., None] - 1) < 0.25) & seen
    here = np.take_along_axis(steep, _whole(ring), axis=2)[..., 0]
    return _Rings(
        x=places[:, 0] + shape[:, 1] * step[:, 0],
        y=places[:, 1] + shape[:, 2] * step[:, 0],
        radius=(shape[:, 0] + long) * step[:, 0],
        visible=visible.mean(axis=1, dtype=np.float32),
        support=_share(on_ring, visible),
        contrast=np.log(_share(here * visible, visible) + 0.5) - np.log(_share(steep * near, near) + 0.5),
        radial=around / (around + (turning * on_disc).sum(axis=(1, 2)) + np.float32(1e-6)),
    )


def _polar(image: NDArray[np.uint8], places: Singles) -> Singles:
    """Return colours (N, rays, rings, 3) around places."""
    flags = cv2.INTER_LINEAR | cv2.WARP_FILL_OUTLIERS
    size = (_RINGS, _RAYS)
    return np.stack(
        [cv2.warpPolar(image, size, (x - 0.5, y - 0.5), r * _BEYOND, flags) for x, y, r in places.tolist()]
    ).astype(np.float32)


def _strongest(change: Singles) -> Singles:
    """Return, of changes of colour (..., 3), the one that is largest."""
    red, green, blue = change[..., 0], change[..., 1], change[..., 2]
    most = np.where(np.abs(red) > np.abs(green), red, green)
    return np.where(np.abs(blue) > np.abs(most), blue, most)


def _limit(image: NDArray[np.uint8], places: Singles, step: Singles) -> Singles:
    """Return how far each ray (N, rays) runs inside the picture, in rings, less what a slope needs beside it."""
    size = np.array(image.shape[1::-1], dtype=np.float32)
    room = np.where(_RAY > 0, size - places[:, None, :2], places[:, None, :2])
    ends = (room / np.maximum(np.abs(_RAY), np.float32(1e-6))).min(axis=-1)
    return np.asarray(ends / step - 2, dtype=np.float32)


def _fit(slope: Singles) -> tuple[Singles, Singles, Singles]:
    """Fit shapes through the edges on rays (N, rays, rings), edges off the shape counting little.

    Returns the terms (N, 5): radius, shift right and down, and half the difference of the ellipse's axes as a vector
    of twice its angle; then the edges on rays (N, rays), where and how steep. All in rings.
    """
    count = len(slope)
    steep = np.abs(slope)
    shape = np.zeros((count, 5), dtype=np.float32)
    shape[:, 0] = _FULL
    bounds = np.array([0.3, 0.3, 0.3, 0.1, 0.1], dtype=np.float32) * _FULL
    for reach, terms in _PASSES:
        ring = shape @ _SHAPE.T
        near = steep * np.exp(-0.5 * ((_RING - ring[..., None]) / (reach * _FULL)) ** 2)
        at, edge = _edges(near, slope)
        there = (np.abs(edge) > _EDGE) & (np.abs(at - ring) < 1.5 * reach * _FULL)
        weight = there.astype(np.float32)
        basis = _SHAPE[:, :terms]
        products = (basis[:, :, None] * basis[:, None]).reshape(_RAYS, -1)
        for _ in range(3):
            normal = (weight @ products).reshape(count, terms, terms) + 1e-2 * np.eye(terms, dtype=np.float32)
            change = np.linalg.solve(normal, ((weight * (at - ring)) @ basis)[..., None])[..., 0]
            off = (at - ring - change @ basis.T) / np.maximum(0.25 * reach * _FULL, np.float32(0.5))
            weight = there / (1 + off**2) ** 2
        shape[:, :terms] += change
        shape[:, 0] -= _FULL
        shape = np.clip(shape, -bounds, bounds)
        shape[:, 0] += _FULL
    return shape, at, edge


def _edges(near: Singles, slope: Singles) -> tuple[Singles, Singles]:
    """Return the top of ``near`` on each ray, to a fraction of a ring, and the slope there, both (N, rays)."""
    top = np.clip(near.argmax(axis=2), 1, _RINGS - 2)[..., None]
    before, here, after = (np.take_along_axis(near, top + d, axis=2)[..., 0] for d in (-1, 0, 1))
    bend = np.minimum(before - 2 * here + after, np.float32(-1e-6))
    at = top[..., 0].astype(np.float32) + np.clip(0.5 * (before - after) / bend, -1, 1)
    return at, np.take_along_axis(slope, top, axis=2)[..., 0]


def _whole(ring: Singles) -> NDArray[np.int64]:
    return np.clip(np.rint(ring), 1, _RINGS - 2).astype(np.int64)[..., None]


def _share(part: NDArray[np.generic], whole: NDArray[np.bool_]) -> Singles:
    """Return sums over all but the first axis, of a part relative to the whole."""
    axes = tuple(range(1, whole.ndim))
    return np.asarray(part.sum(axis=axes) / np.maximum(whole.sum(axis=axes), 1), dtype=np.float32)


def _judge(rings: _Rings, view: _View) -> tuple[Singles, Singles]:
    """Return how good each candidate is among its like, any number, and how surely it is the plate, 0 to 1.

    Two logistic models, fitted on rendered and on real lifts with and without a plate: the first on all candidates, the
    second on the first's choices. The first asks for a large one, because the far plate is as round as the near one.
    """
    at = np.stack([rings.x, rings.y], axis=1)
    from_hand = np.linalg.norm(at[:, None] - view.hands, axis=2).min(axis=1) / view.size
    aside = np.abs(rings.x - view.feet[0]) / view.size
    below = (rings.y + rings.radius - view.feet[1]) / view.size
    # What lies on the floor nearer than the lifter's feet reaches below them in the picture.
    on_floor = 0.25 + np.hypot(np.maximum(aside - 0.35, 0), 3 * np.maximum(0.12 - below, 0))
    far = np.minimum(from_hand, on_floor)
    log_radius = np.log(rings.radius / view.size)
    fits = (log_radius > np.log(_RADII[0]) - 0.05) & (log_radius < np.log(_RADII[1]) + 0.03)
    fits &= (rings.visible > _MIN_VISIBLE) & (rings.contrast > _MIN_CONTRAST) & (far < _TOO_FAR)
    rank = (
        13.8 * rings.support
        + 20.5 * rings.radial
        - 12.3 * far**2
        + 14.2 * log_radius
        - 7.8 * (log_radius - np.log(_USUAL_RADIUS)) ** 2
    )
    logit = (
        -28.3
        + 17.9 * rings.support
        + 23.2 * rings.radial
        - 57.0 * np.maximum(far - _NEAR_HAND, 0)
        - 61.3 * np.maximum(np.log(_SMALL_RADIUS) - log_radius, 0)
    )
    rank = np.where(fits, rank, -np.inf).astype(np.float32)
    return rank, np.where(fits, 1 / (1 + np.exp(-np.clip(logit, -50, 50))), 0).astype(np.float32)
