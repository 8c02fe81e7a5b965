"""Names and indices of the landmarks and of the spine points.

The 33 landmarks are those of MediaPipe Pose (BlazePose topology). The nine spine points follow the SpineTrack
order from head to sacrum.
"""

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray


class Landmark(IntEnum):
    """Index of each landmark in a ``(33, ...)`` array. Left and right are the lifter's own."""

    NOSE = 0
    LEFT_EYE_INNER = 1
    LEFT_EYE = 2
    LEFT_EYE_OUTER = 3
    RIGHT_EYE_INNER = 4
    RIGHT_EYE = 5
    RIGHT_EYE_OUTER = 6
    LEFT_EAR = 7
    RIGHT_EAR = 8
    MOUTH_LEFT = 9
    MOUTH_RIGHT = 10
    LEFT_SHOULDER = 11
    RIGHT_SHOULDER = 12
    LEFT_ELBOW = 13
    RIGHT_ELBOW = 14
    LEFT_WRIST = 15
    RIGHT_WRIST = 16
    LEFT_PINKY = 17
    RIGHT_PINKY = 18
    LEFT_INDEX = 19
    RIGHT_INDEX = 20
    LEFT_THUMB = 21
    RIGHT_THUMB = 22
    LEFT_HIP = 23
    RIGHT_HIP = 24
    LEFT_KNEE = 25
    RIGHT_KNEE = 26
    LEFT_ANKLE = 27
    RIGHT_ANKLE = 28
    LEFT_HEEL = 29
    RIGHT_HEEL = 30
    LEFT_FOOT_INDEX = 31
    RIGHT_FOOT_INDEX = 32


N_LANDMARKS: Final = len(Landmark)

SPINE_POINTS: Final = ("C1", "C4", "C7", "T3", "T8", "L1", "L3", "L5", "S1")


def _mirror_table() -> NDArray[np.intp]:
    """Index of the landmark on the other side of the body, for every landmark."""
    swap = {"LEFT": "RIGHT", "RIGHT": "LEFT"}
    return np.array(
        [Landmark["_".join(swap.get(word, word) for word in mark.name.split("_"))] for mark in Landmark],
        dtype=np.intp,
    )


MIRROR: Final = _mirror_table()
"""``landmarks[:, MIRROR]`` swaps left and right."""
