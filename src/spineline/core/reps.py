"""Phases and repetitions, from how high the shoulders stand, relative to the lifter's own range.

The shoulders rise and sink in every deadlift and every squat and are seldom hidden, which hips, knees and hands
behind plates are. A rep is one completed ascent. A lift that starts from the floor runs bottom - lockout - bottom;
one that starts standing (squats, Romanian deadlifts) runs top - bottom - top.
"""

from dataclasses import dataclass, fields
from typing import Final, Literal

import numpy as np
from scipy import signal

from spineline.core.settings import RepSettings
from spineline.core.track import Floats, Ints, Texts

Exercise = Literal["deadlift", "squat"]


Start = Literal["floor", "top"]

_LOST_S: Final = 0.3
_LOST_NEAR_S: Final = 0.3
_RISEN_DEG: Final = 20.0


@dataclass(frozen=True)
class Rep:
    """One repetition: ``start_s``, turning point ``turn_s`` (lockout, or the bottom of a rep from the top), ``end_s``."""

    index: int
    start_s: float
    turn_s: float
    end_s: float
    begins: Start

    @property
    def pull_s(self) -> tuple[float, float]:
        """Start and end of the way up."""
        return (self.start_s, self.turn_s) if self.begins == "floor" else (self.turn_s, self.end_s)


@dataclass(frozen=True, eq=False)
class Motion:
    """What repetitions are found from, each ``(T,)`` and smoothed, NaN where unseen.

    ``height`` of the shoulders, ``hand_height`` of the hands above the knee and ``travel`` of the hips along the
    picture, all in torso lengths; angles in degrees.
    """

    time_s: Floats
    height: Floats
    hand_height: Floats
    travel: Floats
    trunk_deg: Floats
    knee_deg: Floats

    def at(self, index: Ints) -> "Motion":
        """Pick frames."""
        return Motion(*(getattr(self, field.name)[index] for field in fields(self)))


@dataclass(frozen=True)
class Ascent:
    """One way up, as indices: the turning points ``low`` and ``high``, and those before and after if there are any."""

    before: int | None
    low: int
    high: int
    after: int | None


def find_reps(
    motion: Motion, settings: RepSettings, exercise: Exercise | None = None
) -> tuple[Exercise | None, list[Rep]]:
    """Find the repetitions of a set, and tell deadlift and squat apart.

    Parameters
    ----------
    motion
        T frames.
    settings
        Thresholds.
    exercise
        What is lifted, if known; otherwise told from the posture at the bottom.

    Returns
    -------
    The exercise, None where there is no rep, and the reps in time order.
    """
    seen = motion.at(np.flatnonzero(np.isfinite(motion.height)))
    if len(seen.time_s) < 5:
        return None, []
    span = float(np.ptp(seen.height))
    found = ascents(seen.height, prominence=max(settings.min_range_torsos, settings.turning_share * span))
    found = _alike(seen, [a for a in found if _is_lift(seen, a, settings)], settings)
    if not found:
        return None, []
    exercise = exercise or tell_exercise(seen, found)
    begins: Start = "floor" if exercise == "deadlift" and _starts_on_floor(seen, found[0], settings) else "top"
    if exercise == "deadlift":
        found = _without_leaving(seen, found, begins, settings)
    return exercise if found else None, [
        _rep(seen, ascent, begins, i, settings) for i, ascent in enumerate(found, start=1)
    ]


def tell_exercise(motion: Motion, found: list[Ascent]) -> Exercise:
    """Tell a deadlift from a squat at the bottom: in a deadlift the hands reach below the knees.

    A bodyweight squat with hanging arms reaches low too, but with a steep trunk over deeply bent knees.
    """
    lows = [a.low for a in found]
    hands = float(np.median(motion.hand_height[lows]))
    trunk, knee = float(np.median(motion.trunk_deg[lows])), float(np.median(motion.knee_deg[lows]))
    hangs = hands < 0.25
    return "deadlift" if hangs and not (trunk < 45 and knee > 75) else "squat"


def phases(time_s: Floats, reps: list[Rep]) -> tuple[Texts, Ints]:
    """Label every frame: ``concentric`` on the way up, ``eccentric`` in the rest of a rep, else empty; and the rep.

    Returns
    -------
    ``(T,)`` phase and ``(T,)`` index of the rep, 0 outside.
    """
    phase = np.full(time_s.shape, "", dtype="<U10")
    index = np.zeros(time_s.shape, dtype=np.intp)
    for rep in reps:
        inside = (time_s >= rep.start_s) & (time_s <= rep.end_s)
        pull = (time_s >= rep.pull_s[0]) & (time_s <= rep.pull_s[1])
        phase[inside], index[inside] = "eccentric", rep.index
        phase[pull] = "concentric"
    return phase, index


def turning_points(height: Floats, *, prominence: float) -> tuple[list[int], list[int]]:
    """Find lows and highs that take turns and stand out by ``prominence``. The ends may be turning points too.

    Parameters
    ----------
    height
        ``(n,)`` finite.
    prominence
        Smallest way between a low and a neighbouring high, same unit.

    Returns
    -------
    Indices of the lows and of the highs, each rising; between two lows lies exactly one high.
    """
    highs = signal.find_peaks(np.pad(height, 1, constant_values=-np.inf), prominence=prominence)[0] - 1
    lows = signal.find_peaks(-np.pad(height, 1, constant_values=np.inf), prominence=prominence)[0] - 1
    kept: list[tuple[int, int]] = []  # index, +1 high or -1 low
    for index, kind in sorted([(int(i), 1) for i in highs] + [(int(i), -1) for i in lows]):
        if kept and kept[-1][1] == kind:
            if kind * height[index] > kind * height[kept[-1][0]]:
                kept[-1] = (index, kind)
        else:
            kept.append((index, kind))
    return [i for i, kind in kept if kind < 0], [i for i, kind in kept if kind > 0]


def ascents(height: Floats, *, prominence: float) -> list[Ascent]:
    """Return every way up between neighbouring turning points of ``(n,)`` finite heights."""
    lows, highs = turning_points(height, prominence=prominence)
    found = []
    for low in lows:
        later = [h for h in highs if h > low]
        if not later:
            continue
        earlier = [h for h in highs if h < low]
        after = [i for i in lows if i > later[0]]
        found.append(Ascent(earlier[-1] if earlier else None, low, later[0], after[0] if after else None))
    return found


def _is_lift(motion: Motion, a: Ascent, settings: RepSettings) -> bool:
    """Tell a way up of a lift from walking, reaching and an aborted pull: it ends upright and the body unfolds."""
    took_s = motion.time_s[a.high] - motion.time_s[a.low]
    unfolds = (
        motion.trunk_deg[a.low] - motion.trunk_deg[a.high] >= settings.min_trunk_change_deg
        or motion.knee_deg[a.low] - motion.knee_deg[a.high] >= settings.min_knee_change_deg
    )
    still = abs(motion.travel[a.high] - motion.travel[a.low]) <= settings.max_travel_torsos
    upright = motion.trunk_deg[a.high] <= settings.top_trunk_deg or _top_unseen(motion, a)
    return bool(settings.min_ascent_s <= took_s and unfolds and still and upright)


def _top_unseen(motion: Motion, a: Ascent) -> bool:
    """Tell whether the lifter was lost at the top, still rising, and found again lower down."""
    if a.after is None:
        return False
    near = np.arange(a.high, np.searchsorted(motion.time_s, motion.time_s[a.high] + _LOST_NEAR_S) + 1)
    near = near[near < a.after]
    lost = (np.diff(motion.time_s)[near] > _LOST_S).any()
    return bool(lost and motion.trunk_deg[a.low] - motion.trunk_deg[a.high] >= _RISEN_DEG)


def _alike(motion: Motion, found: list[Ascent], settings: RepSettings) -> list[Ascent]:
    """Keep the ways up that go far enough, measured by the lifter's own full ones."""
    if not found:
        return []
    way = np.array([motion.height[a.high] - motion.height[a.low] for a in found])
    return [a for a, w in zip(found, way, strict=True) if w >= settings.min_share * np.percentile(way, 75)]


def _starts_on_floor(motion: Motion, first: Ascent, settings: RepSettings) -> bool:
    """Tell whether the set starts at the bottom, or with a stay there to grip the bar."""
    if first.before is None:
        return True
    left, right = _stay(motion, first.low, first.before, first.high, settings)
    return bool(motion.time_s[right] - motion.time_s[left] >= settings.setup_s)


def _without_leaving(motion: Motion, found: list[Ascent], begins: Start, settings: RepSettings) -> list[Ascent]:
    """Drop the last way up if the lifter left the bar on the floor: stands on and never lowers again."""
    last = found[-1]
    stands_s = motion.time_s[-1] - motion.time_s[last.high]
    lowered_before = any(a.after is not None for a in found[:-1])
    if begins == "floor" and last.after is None and lowered_before and stands_s >= settings.leave_s:
        return found[:-1]
    return found


def _stay(motion: Motion, turn: int, left: int, right: int, settings: RepSettings) -> tuple[int, int]:
    """Return the first and last frame around ``turn`` that are as good as at the turning point.

    The shorter of the two ways sets the scale, so that a step towards the camera after the set moves nothing.
    """
    offset = np.abs(motion.height - motion.height[turn])
    ways = [offset[side] for side in (left, right) if side != turn]
    inside = offset <= settings.edge_share * min(ways, default=0.0)
    before, after = np.flatnonzero(~inside[left:turn]), np.flatnonzero(~inside[turn : right + 1])
    first = left + int(before[-1]) + 1 if before.size else left
    last = turn + int(after[0]) - 1 if after.size else right
    return first, last


def _rep(motion: Motion, a: Ascent, begins: Start, index: int, settings: RepSettings) -> Rep:
    """Put times to one rep."""
    last = len(motion.time_s) - 1
    if begins == "floor":
        after = last if a.after is None else a.after
        start = _stay(motion, a.low, a.low, a.high, settings)[1]
        turn, leave = _stay(motion, a.high, a.low, after, settings)
        end = leave if a.after is None else _stay(motion, after, a.high, after, settings)[0]
    else:
        before = 0 if a.before is None else a.before
        way = min(motion.height[[before, a.high]]) - motion.height[a.low]
        down = motion.height >= motion.height[a.low] + (1 - settings.edge_share) * way
        start = before + int(np.flatnonzero(down[before : a.low])[-1]) if down[before : a.low].any() else before
        turn, end = a.low, a.low + int(np.flatnonzero(down[a.low : a.high + 1])[0])
    start_s, turn_s, end_s = (float(motion.time_s[i]) for i in (start, turn, end))
    return Rep(index, start_s, turn_s, end_s, begins)
