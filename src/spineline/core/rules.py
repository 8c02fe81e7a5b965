"""One pure function per fault: each measures one rep, or says why it cannot.

What a value means is not decided here but in `spineline.core.verdict`, by the levels in the settings.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from spineline.core.reps import Rep
from spineline.core.scene import Found, Measure, Scene, peak, rise_from, unseen, value_at
from spineline.core.settings import RuleSettings
from spineline.core.terms import Exercise
from spineline.core.track import Floats

Unit = Literal["deg", "m", "pct"]

_BACK_UNSEEN: Final = "the upper back was not measured"
_LOW_BACK_UNSEEN: Final = "the lower back was not measured"
_NECK_UNSEEN: Final = "head or upper back was not measured"
_POSE_UNSEEN: Final = "shoulders or hips were not seen"
_LEGS_UNSEEN: Final = "the legs were not seen"
_BAR_UNSEEN: Final = "the weight was not seen"
_NO_STANDING: Final = "no calm standing to compare with"
_NOT_FROM_THE_SIDE: Final = "the camera does not look from the side"
_NOT_ALONG: Final = "only a camera in front or behind shows it"
_FIRST_REPS: Final = "needs two measured reps before this one"
_NO_OTHER: Final = "needs another rep to compare with"

_LEAST_BEFORE: Final = 2
_THIGH_M: Final = 0.42
"""Of an average lifter (0.245 of the height, Winter); about level, the hip sinks by it for each radian."""

_NEAR_TOP: Final = 0.85
_AROUND_S: Final = 0.05


def thoracic_setup(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Thoracic change from the reference when the weight leaves the floor."""
    change = scene.before(scene.change_deg, rep, settings.before_s)
    return Found(change, rep.pull_s[0]) if np.isfinite(change) else unseen(_BACK_UNSEEN)


def thoracic_rounding(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Largest thoracic change from the reference in the whole rep."""
    return scene.every(_largest_change, settings)[rep.index - 1]


def _largest_change(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    within = scene.between(rep.start_s, rep.end_s)
    return peak(scene, within, scene.change_deg[within], held_s=settings.held_s, why=_BACK_UNSEEN)


def thoracic_growth(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Thoracic flexion gained on the way up, as far as it goes beyond the reference.

    Coming back from an extended back to one's own neutral is no rounding.
    """
    start, up = scene.before(scene.change_deg, rep, settings.before_s), scene.way_up(rep)
    gained = rise_from(scene, up, scene.change_deg[up], start, held_s=settings.held_s, why=_BACK_UNSEEN)
    return Found(gained.value + min(start, 0.0), gained.time_s, gained.why)


def thoracic_creep(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Peak of the thoracic change, less the median of the first two reps that were measured."""
    peaks = scene.every(_largest_change, settings)
    measured = (found.value for found in peaks[: rep.index - 1] if math.isfinite(found.value))
    known = list(islice(measured, _LEAST_BEFORE))
    if len(known) < _LEAST_BEFORE:
        return unseen(_FIRST_REPS)
    mine = peaks[rep.index - 1]
    # Up to the reference itself nothing is rounded.
    return Found(float(np.minimum(mine.value - np.median(known), mine.value)), mine.time_s, mine.why)


def lumbar_growth(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Lumbar flexion gained on the way up; that of the start is usual (Bengtsson 2022)."""
    start, up = scene.before(scene.lumbar_deg, rep, settings.before_s), scene.way_up(rep)
    found = rise_from(scene, up, scene.lumbar_deg[up], start, held_s=settings.held_s, why=_LOW_BACK_UNSEEN)
    return found if found.value <= settings.max_lumbar_growth_deg else unseen(_LOW_BACK_UNSEEN)


def chest_drop(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Trunk lean gained over the first share of the way up out of a squat."""
    return _leans(rep, scene, settings, settings.chest_share)


def hips_rise(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Trunk lean gained between lift-off and about the knee: the hips rise faster than the shoulders."""
    return _leans(rep, scene, settings, settings.hips_share)


def _leans(rep: Rep, scene: Scene, settings: RuleSettings, share: float) -> Found:
    if scene.aspect != "side":
        return unseen(_NOT_FROM_THE_SIDE)
    start, early = _at_start(rep, scene, scene.trunk_deg, settings), scene.early(rep, share)
    return rise_from(scene, early, scene.trunk_deg[early], start, held_s=0.0, why=_POSE_UNSEEN)


def _at_start(rep: Rep, scene: Scene, values: Floats, settings: RuleSettings) -> float:
    """Return a value as the way up begins: at the floor the lifter waits there, at the bottom of a squat not."""
    if rep.begins == "floor":
        return scene.before(values, rep, settings.before_s)
    return value_at(scene.time_s, values, rep.pull_s[0], around_s=_AROUND_S)


def bar_drift(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Way of the weight forward from where it was at the begin of the way up."""
    if scene.aspect != "side":
        return unseen(_NOT_FROM_THE_SIDE)
    start, below_top = _at_start(rep, scene, scene.bar.forward_m, settings), scene.early(rep, _NEAR_TOP)
    forward_m = scene.bar.forward_m[below_top]
    return rise_from(scene, below_top, forward_m, start, held_s=settings.held_s / 2, why=_BAR_UNSEEN)


def strain_index(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:  # noqa: ARG001
    """Relative moment about the mid-back over that in the lifter's reference posture; see `spineline.core.strain`."""
    return scene.strains[rep.index - 1]


def neck_back(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Extension of the head against the upper back, more than in standing, on the way up."""
    return _neck(rep, scene, settings, sign=-1.0)


def neck_tucked(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Flexion of the head against the upper back, more than in standing, on the way up."""
    return _neck(rep, scene, settings, sign=1.0)


def _neck(rep: Rep, scene: Scene, settings: RuleSettings, *, sign: float) -> Found:
    if not np.isfinite(scene.standing.neck_deg):
        return unseen(_NO_STANDING)
    up = scene.way_up(rep)
    more_deg = sign * (scene.neck_deg[up] - scene.standing.neck_deg)
    return peak(scene, up, more_deg, held_s=settings.held_s, why=_NECK_UNSEEN)


def hitch(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:  # noqa: ARG001
    """Way of the weight down again before the lockout (IPF rules call any such movement a failed lift)."""
    if scene.bar.source != "plate":
        return unseen(_BAR_UNSEEN)
    # A stall may look like the end of the way up, so the whole of what follows is looked through.
    frames = scene.between(rep.pull_s[0], rep.end_s)
    at = frames.start + np.flatnonzero(np.isfinite(scene.bar.up_m[frames]))
    if not at.size:
        return unseen(_BAR_UNSEEN)
    rising = at[: int(np.argmax(scene.bar.up_m[at])) + 1]
    drop_m = np.maximum.accumulate(scene.bar.up_m[rising]) - scene.bar.up_m[rising]
    worst = int(np.argmax(drop_m))
    return Found(float(drop_m[worst]), float(scene.time_s[rising[worst]]))


def soft_lockout(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Forward lean of the chest that is left at the top, more than in standing."""
    return _at_the_top(rep, scene, settings, sign=1.0)


def overextension(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Lean of the chest backwards at the top, more than in standing."""
    return _at_the_top(rep, scene, settings, sign=-1.0)


def _at_the_top(rep: Rep, scene: Scene, settings: RuleSettings, *, sign: float) -> Found:
    if scene.aspect != "side":
        return unseen(_NOT_FROM_THE_SIDE)
    if not np.isfinite(scene.standing.chest_deg):
        return unseen(_NO_STANDING)
    end_s = rep.pull_s[1]
    chest_deg = value_at(scene.time_s, scene.chest_deg, end_s + settings.top_s / 2, around_s=settings.top_s / 2)
    more_deg = sign * (chest_deg - scene.standing.chest_deg)
    return Found(more_deg, end_s + settings.top_s / 2) if np.isfinite(more_deg) else unseen(_BACK_UNSEEN)


def depth(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """How far the thigh stays above that of the lifter's own deepest rep of the set."""
    if scene.aspect != "side":
        return unseen(_NOT_FROM_THE_SIDE)
    if len(scene.reps) < _LEAST_BEFORE:
        return unseen(_NO_OTHER)
    deepest = scene.every(_deepest, settings)
    mine = deepest[rep.index - 1]
    known = [found.value for found in deepest if math.isfinite(found.value)]
    return Found(max(known) - mine.value, mine.time_s) if np.isfinite(mine.value) else mine


def _deepest(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Find how far the thigh goes down; a plate at the shoulders may hide it, but shows how far the bar goes down."""
    within = scene.between(rep.start_s, rep.end_s)
    by_bar = scene.bar.source == "plate"
    down_deg = np.degrees(-scene.bar.up_m[within] / _THIGH_M) if by_bar else scene.thigh_deg[within]
    return peak(scene, within, down_deg, held_s=settings.held_s / 2, why=_BAR_UNSEEN if by_bar else _LEGS_UNSEEN)


def asymmetry(rep: Rep, scene: Scene, settings: RuleSettings) -> Found:
    """Tilt of the line of the shoulders, more than in standing, on the way up; from in front or behind only."""
    if scene.aspect != "across":
        return unseen(_NOT_ALONG)
    if not np.isfinite(scene.standing.tilt_deg):
        return unseen(_NO_STANDING)
    up = scene.way_up(rep)
    more_deg = np.abs(scene.tilt_deg[up] - scene.standing.tilt_deg)
    return peak(scene, up, more_deg, held_s=settings.held_s, why=_POSE_UNSEEN)


@dataclass(frozen=True)
class Rule:
    """One rule: how it measures, in which unit, what it says (with ``{value}``), and where it applies."""

    measure: Measure
    unit: Unit
    words: str
    exercise: Exercise | None = None
    from_floor_only: bool = False

    def applies(self, rep: Rep, exercise: Exercise) -> bool:
        """Tell whether the rule is about such a rep."""
        return self.exercise in (None, exercise) and (rep.begins == "floor" or not self.from_floor_only)


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "thoracic_setup": Rule(
            thoracic_setup, "deg", "upper back {value} more rounded than your reference at the start of the pull",
            "deadlift", from_floor_only=True,
        ),
        "thoracic_rounding": Rule(thoracic_rounding, "deg", "upper back {value} more rounded than your reference"),
        "thoracic_growth": Rule(thoracic_growth, "deg", "upper back rounded by {value} on the way up{place}"),
        "thoracic_creep": Rule(thoracic_creep, "deg", "upper back {value} more rounded than in your first two reps"),
        "lumbar_growth": Rule(lumbar_growth, "deg", "lower back rounded by {value} on the way up{place}"),
        "chest_drop": Rule(
            chest_drop, "deg", "chest dropped: the trunk leaned {value} further forward out of the bottom", "squat"
        ),
        "hips_rise": Rule(
            hips_rise, "deg", "hips rose first: the trunk leaned {value} further forward off the floor", "deadlift",
            from_floor_only=True,
        ),
        "bar_drift": Rule(bar_drift, "m", "bar {value} forward of where it started", "deadlift"),
        "strain_index": Rule(
            strain_index, "pct", "estimated mid-back strain index {value} above your reference posture"
        ),
        "neck_back": Rule(neck_back, "deg", "head {value} further back than in standing"),
        "neck_tucked": Rule(neck_tucked, "deg", "chin {value} further down than in standing"),
        "hitch": Rule(hitch, "m", "the bar went down {value} before the lockout", "deadlift"),
        "soft_lockout": Rule(soft_lockout, "deg", "not upright at the top, {value} short", "deadlift"),
        "overextension": Rule(overextension, "deg", "leaning back {value} at the top", "deadlift"),
        "depth": Rule(depth, "deg", "{value} less deep than your deepest rep", "squat"),
        "asymmetry": Rule(asymmetry, "deg", "shoulders {value} more tilted to one side than in standing"),
    }
)  # fmt: skip
"""Every rule by its name, the most useful to the mid-back first."""


def place(rep: Rep, scene: Scene, moment_s: float) -> str:
    """Say where on the way up a moment lies, in words that follow a statement."""
    share = scene.share(rep, np.asarray(value_at(scene.time_s, scene.rise, moment_s, around_s=0.1)))
    words = _FROM_FLOOR if rep.begins == "floor" else _FROM_TOP
    known = [word for word, until in words if share <= until]
    return f", {known[0]}" if known else ""


_FROM_TOP: Final = (("at the bottom", 0.3), ("half-way up", 0.75), ("near the top", 2.0))
_FROM_FLOOR: Final = (("off the floor", 0.35), ("about the knee", 0.65), ("towards the lockout", 2.0))
