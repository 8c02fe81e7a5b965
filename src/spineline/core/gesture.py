"""One arm raised straight up and held: the sign that starts and ends a set without hands on a key.

The arm on the camera's side is meant: in a side view the other one is half hidden, and often not seen when raised.
"""

from typing import Final

import numpy as np

from spineline.core import view
from spineline.core.settings import GestureSettings, ViewSettings
from spineline.core.skeleton import Landmark
from spineline.core.track import Floats, PoseTrack

_HEAD: Final = (Landmark.NOSE, Landmark.LEFT_EAR, Landmark.RIGHT_EAR)
_SHOULDERS: Final = (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER)


def arm_up(track: PoseTrack, gesture: GestureSettings, pose: ViewSettings) -> Floats:
    """Tell in which frames exactly one arm is straight up.

    Parameters
    ----------
    track
        T frames: the last second or two, for a typical size of the lifter.
    gesture, pose
        Thresholds.

    Returns
    -------
    ``(T,)`` 1 where one is, 0 where none is or both are, NaN where the lifter was not seen.
    """
    trusted = view.trusted(track, max_torso_ratio=pose.max_torso_ratio)
    marks = np.where(trusted[:, None, None], track.landmarks_px, np.nan)
    height_px, sight = marks[:, view.WRISTS, 1], track.visibility[:, view.WRISTS]
    length_px = view.torso_px(marks)[:, None]
    with np.errstate(invalid="ignore"):
        above_head = marks[:, _HEAD, 1].min(axis=1, keepdims=True) - height_px > gesture.above_head_torsos * length_px
        raised = above_head & (sight >= gesture.min_visibility)
        # Of an arm behind the body a pose model has but a vague idea, which it says.
        lifted = (height_px < marks[:, _SHOULDERS, 1]) & (sight >= gesture.min_other_visibility)
    return np.where(trusted, (raised & ~lifted[:, ::-1]).any(axis=1), np.nan)


class ArmRaise:
    """Counts raises that are held, each once. Feed it every frame as it comes.

    What is shorter than ``gesture.max_gap_s``, unseen or as if the arm were down, is bridged and does not count as time
    held; as long must the arm be down before another raise begins.
    """

    def __init__(self, gesture: GestureSettings) -> None:
        self._limits = gesture
        self._last_s = self._up_s = self._down_s = -np.inf  # the last frame, the last raised, the first down since
        self._was_up = self._counted = False
        self._held_s = 0.0

    def feed(self, time_s: float, up: float) -> bool:
        """Take one frame in: ``up`` is 1, 0, or NaN for unseen. True once a raise has been held long enough."""
        gap_s = self._limits.max_gap_s
        if up > 0:
            if time_s - self._up_s > gap_s:
                self._held_s = 0.0
            elif self._was_up:
                self._held_s += time_s - self._last_s
            self._up_s, self._down_s = time_s, np.inf
        elif up == 0:
            self._down_s = min(self._down_s, time_s)
            if time_s - self._down_s > gap_s:
                self._held_s, self._counted = 0.0, False
        self._was_up, self._last_s = up > 0, time_s
        done = not self._counted and self._held_s >= self._limits.hold_s
        self._counted |= done
        return done
