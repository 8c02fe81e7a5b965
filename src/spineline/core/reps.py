"""Phases and repetitions, from how high the bar is or the shoulders stand, relative to the lifter's own range.

A plate that is followed shows best what is lifted. Without one the shoulders do: they rise and sink in every deadlift
and every squat and are seldom hidden, which hips, knees and hands are. A rep is one completed ascent. A lift that
starts from the floor runs bottom - lockout - bottom; one that starts standing (squats, Romanian deadlifts) runs
top - bottom - top.
"""

from bisect import bisect
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
from scipy import signal

from spineline.core.settings import RepSettings
from spineline.core.signals import percentile_of, span
from spineline.core.terms import Exercise
from spineline.core.track import Bools, Floats, Ints, Texts

Start = Literal["floor", "top"]

_LOST_S: Final = 0.3
"""A gap that long near the top means that the lifter was lost there."""

_RISEN_DEG: Final = 20.0
"""Least straightening of the trunk before the lifter was lost, to take the way up for finished."""

_BETWEEN_HANDS_TORSOS: Final = 0.06
_BETWEEN_TRUNK_DEG: Final = 55.0
_BETWEEN_KNEE_DEG: Final = 80.0
"""Between deadlifts and squats at the bottom: weighed together, real and rendered
clips lie 0.12 or more to their side."""

_BETWEEN_HIP_AND_SHOULDER: Final = 0.65
"""Torso lengths below the shoulders; real and rendered bars lie 0.3 or more to their side."""

_HIGH_PERCENTILE: Final = 80.0

_STEEP_TRUNK_DEG: Final = 45.0
_DEEP_KNEE_DEG: Final = 75.0

_NEARLY_DONE: Final = 0.4
"""In this last part of the end of a way it may be fast again: that is swaying at the top."""

_FEWEST_FRAMES: Final = 5
_FEWEST_TO_COMPARE: Final = 3
_FEWEST_TO_LEAVE: Final = 2
_LONGER_THAN_HELD: Final = 1.5

_ODD_TRUNK_DEG: Final = 30.0
_ODD_HANDS_TORSOS: Final = 0.6
"""A bottom so far from the others' median is that of something else, such as picking something up."""


@dataclass(frozen=True)
class Rep:
    """One repetition; it turns at the lockout, or at the bottom of a rep from the top."""

    index: int
    start_s: float
    turn_s: float
    end_s: float
    begins: Start

    @property
    def pull_s(self) -> tuple[float, float]:
        """Start and end of the way up."""
        return (self.start_s, self.turn_s) if self.begins == "floor" else (self.turn_s, self.end_s)


def inside(time_s: Floats, reps: list[Rep]) -> Bools:
    """Tell which frames belong to a rep, ``(T,)``."""
    out = np.zeros(time_s.shape, dtype=np.bool_)
    for rep in reps:
        out[span(time_s, rep.start_s, rep.end_s)] = True
    return out


def upright(time_s: Floats, trunk_deg: Floats, reps: list[Rep], settings: RepSettings) -> Bools:
    """Tell where the lifter is upright between first and last rep: at the tops, hardly leaning, ``(T,)``.

    There the back bears least, and a bar at the hips hides part of it.
    """
    lean_deg = np.abs(trunk_deg)
    most_deg = percentile_of(lean_deg[inside(time_s, reps)], 95)
    if not np.isfinite(most_deg):
        return np.zeros(time_s.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        hardly = lean_deg <= settings.upright_share * most_deg
        return np.asarray(hardly & (time_s >= reps[0].start_s) & (time_s <= reps[-1].end_s))


_ASPECT: Final = "from_the_side"


@dataclass(frozen=True, eq=False)
class Motion:
    """What repetitions are found from, each ``(T,)`` and smoothed, NaN where unseen.

    ``height`` of the shoulders, ``bar_height`` of the bar's plate, all NaN without one, ``hand_height`` of the hands
    above the knee and ``travel`` of the bar, or else of the hips, along the picture, all in torso lengths;
    angles in degrees, which are those of the body if it is seen ``from_the_side``.
    """

    time_s: Floats
    height: Floats
    bar_height: Floats
    hand_height: Floats
    travel: Floats
    trunk_deg: Floats
    knee_deg: Floats
    from_the_side: bool = True

    def at(self, index: Ints) -> "Motion":
        """Pick frames."""
        picked: dict[str, Any] = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name != _ASPECT}
        return replace(self, **picked)

    @cached_property
    def by_bar(self) -> bool:
        """Whether a bar that was followed shows the reps, better than the shoulders do."""
        return bool(np.isfinite(self.bar_height).any())

    @cached_property
    def lead(self) -> Floats:
        """The height that shows the reps; where a bar on the shoulders was not seen, they show it."""
        if not self.by_bar:
            return self.height
        if self.told_by_bar != "squat":
            return self.bar_height
        below = _median(self.height - self.bar_height)
        return np.where(np.isfinite(self.bar_height), self.bar_height, self.height - below)

    @cached_property
    def told_by_bar(self) -> Exercise | None:
        """What is lifted: when it is high, the bar hangs at the hips or lies on the shoulders; None if unseen."""
        if not self.by_bar:
            return None
        with np.errstate(invalid="ignore"):
            high = self.bar_height >= np.nanpercentile(self.bar_height, _HIGH_PERCENTILE)
        below = _median((self.height - self.bar_height)[high])
        if not np.isfinite(below):
            return None
        return "deadlift" if below > _BETWEEN_HIP_AND_SHOULDER else "squat"


@dataclass(frozen=True)
class Ascent:
    """One way up, as indices: its turning points, when they are left and reached, and those next to it.

    ``leaves_top`` and ``reaches_low`` belong to the way down before, ``lowers`` and ``reaches_next`` to that after it.
    """

    before: int | None
    leaves_top: int
    reaches_low: int
    low: int
    leaves_low: int
    reaches_top: int
    high: int
    lowers: int | None
    reaches_next: int | None
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
    seen = motion.at(np.flatnonzero(np.isfinite(motion.lead)))
    every = ascents(seen, settings)
    found = _alike(seen, [a for a in every if _is_lift(seen, a, settings)], settings)
    if not found:
        return None, []
    exercise = exercise or seen.told_by_bar or tell_exercise(seen, found)
    begins: Start = "top"
    if exercise == "deadlift":
        begins = "floor" if _starts_on_floor(seen, every, found, settings) else "top"
        if not motion.by_bar:
            found = _without_leaving(seen, found, begins, settings)
            found = [] if _bowed_once(found) else found
    reps = [_rep(seen, a, begins, i) for i, a in enumerate(found, start=1)]
    return (exercise if reps else None), reps


def tell_exercise(motion: Motion, found: list[Ascent]) -> Exercise:
    """Tell a deadlift from a squat at the bottom: hanging hands, a level trunk and straighter knees make a deadlift.

    From in front or behind only the hands tell.

    A bodyweight squat with hanging arms reaches low too, but with a steep trunk over deeply bent knees.
    """
    lows = [a.leaves_low for a in found]
    hands, trunk, knee = (_median(values[lows]) for values in (motion.hand_height, motion.trunk_deg, motion.knee_deg))
    trunk = trunk if np.isfinite(trunk) else _BETWEEN_TRUNK_DEG
    knee = knee if np.isfinite(knee) else _BETWEEN_KNEE_DEG
    if not motion.from_the_side:
        return "squat" if hands > _BETWEEN_HANDS_TORSOS else "deadlift"
    sits = trunk < _STEEP_TRUNK_DEG and knee > _DEEP_KNEE_DEG
    rather_squat = hands - 0.015 * (trunk - _BETWEEN_TRUNK_DEG) + 0.003 * (knee - _BETWEEN_KNEE_DEG)
    return "squat" if sits or rather_squat > _BETWEEN_HANDS_TORSOS else "deadlift"


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def phases(time_s: Floats, reps: list[Rep]) -> tuple[Texts, Ints]:
    """Label every frame: ``concentric`` on the way up, ``eccentric`` in the rest of a rep, else empty; and the rep.

    Returns
    -------
    ``(T,)`` phase and ``(T,)`` index of the rep, 0 outside.
    """
    phase = np.full(time_s.shape, "", dtype="<U10")
    index = np.zeros(time_s.shape, dtype=np.intp)
    for rep in reps:
        within = span(time_s, rep.start_s, rep.end_s)
        phase[within], index[within] = "eccentric", rep.index
        phase[span(time_s, *rep.pull_s)] = "concentric"
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
    if height.size == 0 or np.ptp(height) < prominence:
        return [], []
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


def ascents(motion: Motion, settings: RepSettings) -> list[Ascent]:
    """Return every way up between neighbouring turning points."""
    height = motion.lead
    if len(height) < _FEWEST_FRAMES:
        return []
    prominence = max(settings.min_range_torsos, settings.turning_share * float(np.ptp(height)))
    lows, highs = turning_points(height, prominence=prominence)
    speed = np.gradient(height, motion.time_s)
    # A bar that has left the floor may stall; shoulders drift before a pull.
    off_floor = settings.bar_start_share if motion.told_by_bar == "deadlift" else settings.end_share
    found = []
    for low in lows:
        before, high = _beside(highs, low)
        if high is None:
            continue
        after = _beside(lows, high)[1]
        leaves_top, reaches_low = (low, low) if before is None else _moves(height, speed, before, low, settings)
        leaves_low, reaches_top = _moves(height, speed, low, high, settings, begins_within=off_floor)
        lowers, reaches_next = (None, None) if after is None else _moves(height, speed, high, after, settings)
        down = (before, leaves_top, reaches_low)
        found.append(Ascent(*down, low, leaves_low, reaches_top, high, lowers, reaches_next, after))
    return found


def _beside(rising: list[int], index: int) -> tuple[int | None, int | None]:
    """Return the last of rising indices before, and the first after one that is not among them."""
    place = bisect(rising, index)
    return rising[place - 1] if place else None, rising[place] if place < len(rising) else None


def _moves(
    height: Floats, speed: Floats, first: int, last: int, settings: RepSettings, begins_within: float | None = None
) -> tuple[int, int]:
    """Return when the way from one turning point to the next begins, and when it is done.

    Near its ends it is slow; so a pause, or drifting on while standing, belongs to no way.
    """
    way = np.abs(height[first : last + 1] - height[first]) / abs(height[last] - height[first])
    pace = np.abs(speed[first : last + 1])
    slow = pace <= settings.slow_share * pace.max()
    early = np.flatnonzero(slow & (way <= (begins_within or settings.end_share)))
    # After a stall on the way it goes on fast; only then it is done.
    underway = np.flatnonzero(~slow & (way < 1 - _NEARLY_DONE * settings.end_share))
    late = np.flatnonzero(slow & (way >= 1 - settings.end_share))
    begins = int(early[-1]) if early.size else 0
    late = late[late > max([begins, *underway[-1:]])]
    return first + begins, first + int(late[0]) if late.size else last


def _is_lift(motion: Motion, a: Ascent, settings: RepSettings) -> bool:
    """Tell a way up of a lift from walking, reaching and an aborted pull.

    It ends upright, and the body unfolds or the bar itself was seen to rise.
    """
    low, top = a.leaves_low, a.reaches_top
    took_s = motion.time_s[top] - motion.time_s[low]
    unfolds = (
        motion.by_bar
        or not motion.from_the_side
        or motion.trunk_deg[low] - motion.trunk_deg[top] >= settings.min_trunk_change_deg
        or motion.knee_deg[low] - motion.knee_deg[top] >= settings.min_knee_change_deg
    )
    # With the bar seen, it does no harm if the body was not; a plate at the shoulders hides how it leans.
    still = not abs(motion.travel[top] - motion.travel[low]) > settings.max_travel_torsos
    hidden = motion.by_bar and (np.isnan(motion.trunk_deg[top]) or motion.told_by_bar == "squat")
    upright = (
        hidden or not motion.from_the_side or motion.trunk_deg[top] <= settings.top_trunk_deg or _top_unseen(motion, a)
    )
    return bool(settings.min_ascent_s <= took_s <= settings.max_ascent_s and unfolds and still and upright)


def _top_unseen(motion: Motion, a: Ascent) -> bool:
    """Tell whether the lifter was lost near the top, still rising, and found again lower down."""
    if a.after is None:
        return False
    until = int(np.searchsorted(motion.time_s, motion.time_s[a.high] + _LOST_S))
    lost = (np.diff(motion.time_s[a.reaches_top : min(until + 1, a.after) + 1]) > _LOST_S).any()
    return bool(lost and motion.trunk_deg[a.low] - motion.trunk_deg[a.high] >= _RISEN_DEG)


def _alike(motion: Motion, found: list[Ascent], settings: RepSettings) -> list[Ascent]:
    """Keep the reps of one set: as far and as high as the lifter's own full ones, from a like bottom."""
    if not found:
        return []
    lows, highs = ([a.leaves_low for a in found], [a.high for a in found])
    way = motion.lead[highs] - motion.lead[lows]
    full = float(np.percentile(way, 75))
    short = np.percentile(motion.lead[highs], 75) - motion.lead[highs]
    unseen = np.array([_top_unseen(motion, a) for a in found])
    # A shallow squat is a squat; a plate that goes down and up again under the lifter shows nothing else.
    least = settings.min_squat_share if motion.told_by_bar == "squat" else settings.min_share
    keep = (way >= least * full) & ((short <= settings.short_share * full) | unseen)
    if keep.sum() >= _FEWEST_TO_COMPARE and not motion.by_bar:
        trunk, hands = motion.trunk_deg[lows], motion.hand_height[lows]
        keep &= ~(np.abs(trunk - _median(trunk[keep])) > _ODD_TRUNK_DEG)
        keep &= ~(np.abs(hands - _median(hands[keep])) > _ODD_HANDS_TORSOS)
    return [a for a, kept in zip(found, keep, strict=True) if kept]


def _starts_on_floor(motion: Motion, every: list[Ascent], found: list[Ascent], settings: RepSettings) -> bool:
    """Tell whether the set starts at the bottom, or with a stay there to grip the bar.

    The stay may lie before an aborted pull. A slow Romanian deadlift stays low too, but with nearly straight knees and
    in every rep alike.
    """
    if every[0].before is None:
        return True

    def stay_s(a: Ascent) -> float:
        return float(motion.time_s[a.leaves_low] - motion.time_s[a.reaches_low])

    first_s = max(stay_s(a) for a in every if a.low <= found[0].low)
    bent = motion.knee_deg[found[0].low] >= settings.floor_knee_deg
    odd = len(found) > 1 and first_s >= 2 * np.median([stay_s(a) for a in found[1:]])
    return bool(first_s >= settings.setup_s and (bent or odd))


def _without_leaving(motion: Motion, found: list[Ascent], begins: Start, settings: RepSettings) -> list[Ascent]:
    """Drop the last way up if the lifter left the bar on the floor: stands on, far longer than at any lockout."""
    last = found[-1]
    if begins != "floor" or last.after is not None or len(found) < _FEWEST_TO_LEAVE:
        return found
    stands_s = motion.time_s[-1] - motion.time_s[last.reaches_top]
    holds_s = [motion.time_s[a.lowers] - motion.time_s[a.reaches_top] for a in found if a.lowers is not None]
    longest_hold_s = max(holds_s, default=0.0)
    leaves = stands_s >= max(settings.leave_s, _LONGER_THAN_HELD * longest_hold_s)
    return found[:-1] if leaves else found


def _bowed_once(found: list[Ascent]) -> bool:
    """Tell a single bow and back, picking something up or giving up a pull, from a lift: nothing is put down again."""
    return len(found) == 1 and found[0].before is not None and found[0].after is None


def _rep(motion: Motion, a: Ascent, begins: Start, index: int) -> Rep:
    """Put times to one rep."""
    if begins == "floor":
        moments = (a.leaves_low, a.reaches_top, a.reaches_top if a.reaches_next is None else a.reaches_next)
    else:
        moments = (a.leaves_top, (a.reaches_low + a.leaves_low) // 2, a.reaches_top)
    start_s, turn_s, end_s = (float(motion.time_s[i]) for i in moments)
    return Rep(index, start_s, turn_s, end_s, begins)
