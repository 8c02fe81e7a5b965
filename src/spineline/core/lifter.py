"""Which person in the picture is the lifter, and where to look for them next. Pure rules, no pose model."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spineline.core.skeleton import Landmark
from spineline.core.track import Floats

_TORSO = [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER, Landmark.LEFT_HIP, Landmark.RIGHT_HIP]
_CHAINS = (
    [Landmark.LEFT_SHOULDER, Landmark.LEFT_HIP, Landmark.LEFT_KNEE, Landmark.LEFT_ANKLE],
    [Landmark.RIGHT_SHOULDER, Landmark.RIGHT_HIP, Landmark.RIGHT_KNEE, Landmark.RIGHT_ANKLE],
)

MAX_STEP_SIZES: Final = 0.45
"""Farthest a torso moves between two neighbouring frames, in body sizes."""

MAX_SIZE_RATIO: Final = 1.6
"""Largest change of body size between two neighbouring frames: more, and the pose has slipped off the lifter."""

MAX_STRETCH: Final = 2.0
"""Largest change of torso length between two neighbouring frames, as above; leaning to the camera shortens it."""

TAKE_OVER_RATIO: Final = 1.6
"""How much better another person must score, twice in a row, to be taken for the lifter instead."""


@dataclass(frozen=True, eq=False)
class Person:
    """One detected person: ``landmarks_px`` (33, 2) in picture pixels, ``world_m`` (33, 3), ``visibility`` (33,)."""

    landmarks_px: Floats
    world_m: Floats
    visibility: Floats

    @property
    def box_px(self) -> Floats:
        """``(4,)`` left, top, right, bottom around all landmarks."""
        return np.concatenate([self.landmarks_px.min(axis=0), self.landmarks_px.max(axis=0)])

    @property
    def centre_px(self) -> Floats:
        """``(2,)`` middle of shoulders and hips."""
        return np.asarray(self.landmarks_px[_TORSO].mean(axis=0))

    @property
    def torso_px(self) -> float:
        """Length from the middle of the shoulders to the middle of the hips."""
        return float(
            np.linalg.norm(self.landmarks_px[_TORSO[:2]].mean(axis=0) - self.landmarks_px[_TORSO[2:]].mean(axis=0))
        )

    @property
    def size_px(self) -> float:
        """As `size_px`."""
        return float(size_px(self.landmarks_px))


def size_px(landmarks_px: Floats) -> Floats:
    """Length of shin, thigh and torso of the longer side, a size that does not shrink in a squat.

    ``landmarks_px`` ``(..., 33, 2)``; returns ``(...)``.
    """
    steps = [np.diff(landmarks_px[..., chain, :], axis=-2) for chain in _CHAINS]
    return np.asarray(np.max([np.linalg.norm(step, axis=-1).sum(axis=-1) for step in steps], axis=0))


@dataclass(frozen=True, eq=False)
class Observation:
    """The lifter in one frame.

    ``identity`` counts up each time somebody else had to be taken for the lifter; ``others`` is the share of the
    lifter's box that another person covers; ``spine_raw`` ``(R,)`` is what a spine model read, R = 0 without one.
    """

    person: Person
    silhouette_bits: NDArray[np.uint8]
    silhouette_scale_px: float
    facing: float
    others: float
    identity: int
    spine_raw: Floats


def score(person: Person, picture_px: tuple[int, int]) -> float:
    """Rate how likely a person is the lifter: large, central and well seen."""
    middle = picture_px[0] / 2
    centrality = 1 - 0.5 * min(1.0, abs(float(person.centre_px[0]) - middle) / middle)
    return person.size_px * centrality * float(person.visibility[_TORSO].mean())


def same_size(before: Person, after: Person) -> bool:
    """Tell whether two detections can be one body by their proportions."""
    size = max(before.size_px, 1.0) / max(after.size_px, 1.0)
    torso = max(before.torso_px, 1.0) / max(after.torso_px, 1.0)
    return max(size, 1 / size) <= MAX_SIZE_RATIO and max(torso, 1 / torso) <= MAX_STRETCH


def same_person(before: Person, after: Person, frames_apart: int = 1) -> bool:
    """Tell whether two detections can be one body that moved on."""
    step_px = float(np.linalg.norm(after.centre_px - before.centre_px))
    near = step_px <= MAX_STEP_SIZES * np.sqrt(frames_apart) * max(before.size_px, 1.0)
    return bool(near and same_size(before, after))


def overlap(person: Person, others: list[Person]) -> float:
    """Share of the person's box that the boxes of others cover at most, 0 to 1."""
    left, top, right, bottom = person.box_px
    area = max((right - left) * (bottom - top), 1.0)
    shares = [0.0]
    for other in others:
        o = other.box_px
        width = min(right, o[2]) - max(left, o[0])
        height = min(bottom, o[3]) - max(top, o[1])
        shares.append(float(max(width, 0) * max(height, 0) / area))
    return min(1.0, max(shares))


def window_px(person: Person, picture_px: tuple[int, int]) -> tuple[int, int, int, int]:
    """Choose the part of the picture to look at: room for the lifter to stand up, reach overhead and lie down.

    Returns left, top, right, bottom in whole pixels; the whole picture where little would be cut away.
    """
    side = 2.0 * person.size_px
    left, _, right, bottom = person.box_px
    centre = np.array([(left + right) / 2, bottom - 0.5 * person.size_px])
    low = np.clip(np.floor(centre - side / 2), 0, None)
    high = np.clip(np.ceil(centre + side / 2), None, picture_px)
    window = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    share = (window[2] - window[0]) * (window[3] - window[1]) / (picture_px[0] * picture_px[1])
    return (0, 0, *picture_px) if share > 0.75 else window


def inside(person: Person, window: tuple[int, int, int, int], picture_px: tuple[int, int]) -> bool:
    """Tell whether the person keeps clear of the window's edges (edges of the picture itself do not count)."""
    margin = 0.1 * person.size_px
    left, top, right, bottom = person.box_px
    return bool(
        (window[0] == 0 or left > window[0] + margin)
        and (window[1] == 0 or top > window[1] + margin)
        and (window[2] == picture_px[0] or right < window[2] - margin)
        and (window[3] == picture_px[1] or bottom < window[3] - margin)
    )
