"""Repetitions: counted, timed and told apart, whatever else is on the recording."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.analysis import Analysis, analyze
from spineline.core.figure import Camera
from spineline.core.reps import Motion, ascents, turning_points
from spineline.core.settings import RepSettings
from spineline.core.sim import STYLES, Flaws, Move, Simulated, Style, lift, simulate
from spineline.core.terms import Exercise
from tests import naive_series as naive
from tests.core.scenes import unplated, watched

SEEDS = st.integers(0, 2**32 - 1)
FROM_FLOOR = [name for name, style in STYLES.items() if style.begins == "floor"]
FEW = ["conventional", "romanian", "back_squat"]
REST = Move("stand", 2.0, 0.0)


def check(seen: tuple[Simulated, Analysis]) -> None:
    """Compare with the truth: how many, which lift, and where in the motion each rep starts, turns and ends."""
    done, found = seen
    true = done.truth.reps
    assert len(found.reps) == len(true)
    if not true:
        return
    assert found.exercise == done.truth.exercise
    time_s = done.track.time_s
    for result, expected in zip(found.reps, true, strict=True):
        rep = result.rep
        assert (rep.index, rep.begins) == (expected.index, expected.begins)
        assert rep.start_s < rep.turn_s <= rep.end_s
        # Where a stay is left or reached is a matter of centimetres: the depth of the lift tells how well it was hit.
        low, high = np.interp(rep.pull_s, time_s, done.truth.depth)
        assert low > 0.8, "the way up does not begin at the bottom"
        assert high < 0.3, "the way up does not end at the top"
        rising = (time_s >= expected.pull_s[0]) & (time_s <= expected.pull_s[1])
        rising &= (done.truth.depth > 0.35) & (done.truth.depth < 0.8)
        assert ((time_s[rising] > rep.pull_s[0]) & (time_s[rising] < rep.pull_s[1])).all()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(4))
def test_a_plain_set(style: str, seed: int) -> None:
    draw = np.random.default_rng(seed)
    script = lift(
        style,
        reps=int(draw.integers(1, 6)),
        down_s=draw.uniform(0.8, 2.5),
        up_s=draw.uniform(0.7, 2.5),
        low_s=draw.uniform(0.0, 0.5) if style != "romanian" else 0.0,  # it never rests low
        high_s=draw.uniform(0.1, 1.2),
        before_s=draw.uniform(0.8, 4.0),
        after_s=draw.uniform(2.0, 4.0),
    )
    check(watched(script, style, flaws=Flaws(noise_px=draw.uniform(0, 4), seed=seed), fps=draw.uniform(20, 60)))


@pytest.mark.parametrize(("trunk_deg", "knee_deg", "shin_deg"), [(35.0, 110.0, 30.0), (44.0, 80.0, 20.0)])
def test_a_squat_with_hanging_arms_is_a_squat(
    monkeypatch: pytest.MonkeyPatch, trunk_deg: float, knee_deg: float, shin_deg: float
) -> None:
    monkeypatch.setitem(STYLES, "hanging", Style("squat", "top", trunk_deg, knee_deg, shin_deg))
    check(watched(lift("hanging", reps=2), "hanging"))


@pytest.mark.parametrize("style", STYLES)
def test_touch_and_go(style: str) -> None:
    check(watched(lift(style, reps=5, low_s=0.0, high_s=0.0, down_s=0.9, up_s=0.8), style))


@pytest.mark.parametrize("style", STYLES)
def test_pauses_at_bottom_and_top(style: str) -> None:
    low_s = 2.5 if style != "romanian" else 0.3
    # Held that long at every lockout, only standing on for much longer shows that the bar was left.
    check(watched(lift(style, reps=3, low_s=low_s, high_s=3.0, after_s=6.0), style))


@pytest.mark.parametrize("style", ["back_squat", "goblet_squat"])
def test_a_paused_rep_turns_in_the_middle_of_its_pause(style: str) -> None:
    done, found = watched(lift(style, reps=2, low_s=2.5), style)
    for result, true in zip(found.reps, done.truth.reps, strict=True):
        assert result.rep.turn_s == pytest.approx(true.turn_s + 1.25, abs=0.3)


def test_a_paused_romanian_deadlift_is_not_from_the_floor() -> None:
    check(watched(lift("romanian", reps=3, low_s=0.8), "romanian"))


def test_a_last_lockout_held_as_long_as_the_others_counts() -> None:
    script = lift("conventional", reps=3, high_s=3.0)
    check(watched(script, time_s=np.arange(0, pull("conventional", 2, high_s=3.0)[1] + 2.8, 1 / 30)))


@pytest.mark.parametrize("style", FROM_FLOOR)
def test_start_at_the_bottom(style: str) -> None:
    check(watched(lift(style, reps=3, before_s=0.0), style))


@pytest.mark.parametrize("style", FROM_FLOOR)
def test_start_at_the_moment_of_the_pull(style: str) -> None:
    script = lift(style, reps=3)
    check(watched(script, style, time_s=np.arange(pull(style, 0)[0] - 0.1, total(script), 1 / 30)))


@pytest.mark.parametrize("style", ["conventional", "back_squat"])
@pytest.mark.parametrize("before_s", [1.0, 12.0])
def test_single_rep(style: str, before_s: float) -> None:
    check(watched(lift(style, reps=1, before_s=before_s), style))


@pytest.mark.parametrize("style", FEW)
def test_long_standing_before_and_after(style: str) -> None:
    check(watched(lift(style, reps=3, before_s=25.0, after_s=8.0), style, fps=20.0))


def pull(style: str, number: int, *, low_s: float = 0.2, high_s: float = 0.6) -> tuple[float, float]:
    """Begin and end of a way up in the plain script of three."""
    script = lift(style, reps=3, low_s=low_s, high_s=high_s)
    ends_s = np.cumsum([move.seconds for move in script]).tolist()
    ways = [(end_s - move.seconds, end_s) for move, end_s in zip(script, ends_s, strict=True) if move.phase == "ascend"]
    return ways[number]


@pytest.mark.parametrize("style", FEW)
@pytest.mark.parametrize("share", [0.1, 0.35])
def test_a_recording_that_ends_on_the_way_up_lacks_that_rep(style: str, share: float) -> None:
    begin_s, end_s = pull(style, 2)
    check(watched(lift(style, reps=3), style, time_s=np.arange(0, begin_s + share * (end_s - begin_s), 1 / 30)))


@pytest.mark.parametrize("style", FEW)
def test_a_recording_that_ends_at_the_top_has_it(style: str) -> None:
    check(watched(lift(style, reps=3), style, time_s=np.arange(0, pull(style, 2)[1] + 0.2, 1 / 30)))


@pytest.mark.parametrize("plates", [True, pytest.param(False, marks=pytest.mark.xfail(
    reason="without a bar to see, taken for somebody who bows", strict=True))])  # fmt: skip
def test_a_single_pull_that_ends_the_recording(plates: bool) -> None:
    script = lift("conventional", reps=1)
    check(watched(script, time_s=np.arange(0, pull("conventional", 0)[1] + 0.5, 1 / 30), plates=plates))


BARBELL = [name for name, style in STYLES.items() if style.bar]


@pytest.mark.parametrize("style", BARBELL)
@pytest.mark.parametrize("pause_s", [0.0, 2.0])
def test_a_bar_that_is_seen_shows_the_reps(style: str, pause_s: float) -> None:
    script = lift(style, reps=3, low_s=pause_s, high_s=pause_s)
    seen = watched(script, style, plates=True)
    check(seen)
    assert seen[1].bar.source == "plate"


@pytest.mark.parametrize("style", ["conventional", "sumo"])
@pytest.mark.parametrize("after_s", [0.0, 0.4, 5.0])
def test_standing_up_without_the_bar_is_no_rep_where_it_is_seen(style: str, after_s: float) -> None:
    check(watched(lift(style, reps=3, after_s=after_s), style, plates=True))


@pytest.mark.parametrize("style", BARBELL)
def test_a_lifter_who_is_lost_for_a_whole_rep_is_counted_by_the_bar(style: str) -> None:
    begin_s, end_s = pull(style, 1)
    gone = Flaws(noise_px=2.0, missing_s=[(begin_s - 0.4, end_s + 0.4)])
    done, found = watched(lift(style, reps=3), style, flaws=gone, plates=True)
    assert len(found.reps) == len(done.truth.reps) == 3
    assert found.exercise == done.truth.exercise


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_an_aborted_pull_is_no_rep_where_the_bar_is_seen(share: float) -> None:
    script = list(lift("conventional"))
    at = next(i for i, move in enumerate(script) if move.phase == "bottom")
    aborted = [Move("abort", 2.5, 1 - share), Move("bottom", 0.5)]
    done, found = watched([*script[: at + 1], *aborted, *script[at + 1 :]], plates=True)
    assert len(found.reps) == len(done.truth.reps) == 3


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_a_pull_that_stalls_off_the_floor_has_begun(share: float) -> None:
    script = lift("conventional", reps=3)
    at = [i for i, move in enumerate(script) if move.phase == "ascend"][1]
    moves = [(0.5, 1 - share), (0.4, 1 - share), (0.9, 0.0)]
    stalled = [replace(script[at], seconds=seconds, depth=depth) for seconds, depth in moves]
    done = simulate([*script[:at], *stalled, *script[at + 1 :]], style="conventional", silhouettes=False)
    begun_s = sum(move.seconds for move in script[:at])
    assert begun_s <= analyze(done.track).reps[1].rep.start_s <= begun_s + 0.35


def test_which_way_a_lifter_faces_does_not_matter_from_behind() -> None:
    done = simulate(lift("conventional", reps=3), style="conventional", camera=Camera(yaw_deg=-85.0), silhouettes=False)
    guessed = np.where(np.floor(done.track.time_s / 1.3) % 2 == 0, 1.0, -1.0)
    aside_px = np.full_like(done.track.landmarks_px, (900.0, 0.0))
    track = unplated(replace(done.track, facing=guessed, landmarks_px=done.track.landmarks_px + aside_px))
    assert len(analyze(track, exercise="deadlift").reps) == len(done.truth.reps) == 3


def test_rowing_is_no_rep_where_the_bar_is_seen() -> None:
    row = [Move("ascend", 0.8, 0.55, counts=False), Move("hold", 0.3), Move("descend", 0.8, 1.0), Move("bottom", 0.3)]
    assert watched([Move("bottom", 1.0, 1.0), *row * 4], "romanian", plates=True)[1].reps == ()


@pytest.mark.parametrize("style", ["conventional", "back_squat"])
@pytest.mark.parametrize("share", [0.65, 0.8])
def test_a_recording_that_begins_on_the_way_up_lacks_that_rep(style: str, share: float) -> None:
    script = lift(style, reps=3, low_s=1.0)
    begin_s, end_s = pull(style, 0, low_s=1.0)
    check(watched(script, style, time_s=np.arange(begin_s + share * (end_s - begin_s), total(script), 1 / 30)))


@pytest.mark.parametrize("style", ["romanian", "back_squat"])
def test_a_recording_that_begins_on_the_way_down_has_that_rep(style: str) -> None:
    script = lift(style, reps=3)
    check(watched(script, style, time_s=np.arange(2.7, total(script), 1 / 30)))


def total(script: Sequence[Move]) -> float:
    """Say how long a script takes."""
    return sum(move.seconds for move in script)


@pytest.mark.parametrize("style", FEW)
def test_quarter_reps_alone_are_none(style: str) -> None:
    quarter = [
        Move("descend", 0.8, 0.25),
        Move("bottom", 0.2),
        Move("ascend", 0.8, 0.0, counts=False),
        Move("hold", 0.5),
    ]
    check(watched([REST, *quarter * 4, REST], style))


@pytest.mark.parametrize(
    ("style", "short"), [*((style, 0.3) for style in FEW), ("back_squat", 0.65), ("romanian", 0.65)]
)
def test_shallow_reps_among_full_ones_are_left_out(style: str, short: float) -> None:
    done, found = watched(mixed(style, short), style)
    assert len(found.reps) == len(done.truth.reps) == 3


@pytest.mark.parametrize(("short", "number"), [(0.3, 3), (0.62, 5)])
def test_a_shallow_squat_counts_where_the_bar_is_seen(short: float, number: int) -> None:
    assert len(watched(mixed("back_squat", short), "back_squat", plates=True)[1].reps) == number


def mixed(style: str, short: float) -> list[Move]:
    """Script a set of full, short, full, short and full."""
    moves = [REST]
    for depth in (1.0, short, 1.0, short, 1.0):
        long = len(moves) == 1 and style in FROM_FLOOR
        moves += [
            Move("descend", 1.4 * depth + 0.3, depth),
            Move("bottom", 1.2 if long else 0.3),
            Move("ascend", 1.2 * depth + 0.3, 0.0, counts=depth == 1),
            Move("hold", 0.6),
        ]
    if style in FROM_FLOOR:
        moves += [Move("descend", 1.4, 1.0), Move("bottom", 0.4), Move("stand", 1.4, 0.0)]
    # Rests between the reps were long; standing on has to be longer to show that the bar was left.
    return [*moves, *[REST] * 3]


@pytest.mark.parametrize("style", FEW)
def test_walking_in_and_out_is_no_rep(style: str) -> None:
    script = [Move("walk", 4.0, 0.0, travel_m=1.5), *lift(style), Move("walk", 4.0, travel_m=-1.0)]
    check(watched(script, style))


def test_getting_up_and_walking_on_is_no_rep() -> None:
    up = [Move("bottom", 1.0, 1.0), Move("ascend", 2.0, 0.0, travel_m=1.5, counts=False)]
    done, found = watched([*up, Move("stand", 2.0)])
    assert len(found.reps) == len(done.truth.reps) == 0


def test_never_upright_is_no_rep() -> None:
    row = [Move("ascend", 0.8, 0.55, counts=False), Move("hold", 0.3), Move("descend", 0.8, 1.0), Move("bottom", 0.3)]
    done, found = watched([Move("bottom", 1.0, 1.0), *row * 4], "romanian")
    assert done.truth.trunk_deg.min() > 40
    assert found.reps == ()


def test_a_camera_that_nods_makes_no_rep() -> None:
    track = simulate([Move("stand", 10.0)], silhouettes=False, flaws=Flaws(noise_px=2.0)).track
    nod_px = np.stack([np.zeros(len(track)), 120 * np.sin(2.5 * track.time_s)], axis=1)
    assert analyze(replace(track, landmarks_px=track.landmarks_px + nod_px[:, None])).reps == ()


def test_walking_alone_is_no_rep() -> None:
    check(watched([Move("walk", 7.0, 0.0, travel_m=3.0), REST]))


@pytest.mark.parametrize("style", FEW)
def test_waving_is_no_rep(style: str) -> None:
    check(watched([REST, Move("wave", 3.0), *lift(style), Move("wave", 3.0), REST], style))


def test_waving_alone_is_no_rep() -> None:
    check(watched([REST, Move("wave", 5.0), REST]))


def test_bowing_is_no_rep() -> None:
    check(watched([REST, Move("hold", 1.0, 0.3), REST, Move("hold", 1.0, 0.0), REST]))


@pytest.mark.parametrize("style", ["back_squat", "front_squat"])
def test_unracking_is_no_rep(style: str) -> None:
    dip = [Move("hold", 1.5, 0.25), Move("hold", 1.0, 0.0), Move("walk", 2.0, travel_m=-0.6)]
    check(watched([*dip, *lift(style)], style))


@pytest.mark.parametrize("style", ["back_squat", "bodyweight_squat"])
def test_picking_something_up_after_the_set_is_no_rep(style: str) -> None:
    check(watched([*lift(style), REST, Move("pickup", 2.5), REST], style))


@pytest.mark.parametrize("style", ["conventional", "back_squat"])  # a Romanian deadlift looks like it
def test_picking_something_up_before_the_set_is_no_rep(style: str) -> None:
    check(watched([REST, Move("pickup", 2.5), REST, *lift(style)], style))


def test_picking_something_up_is_no_lift() -> None:
    check(watched([REST, Move("pickup", 2.5), REST]))


@pytest.mark.parametrize("style", ["conventional", "back_squat"])
@pytest.mark.parametrize("share", [0.3, 0.5])
@pytest.mark.parametrize("number", [0, 1])
def test_an_aborted_pull_is_no_rep(style: str, share: float, number: int) -> None:
    script = list(lift(style))
    at = [i for i, move in enumerate(script) if move.phase == "bottom"][number]
    aborted = [Move("abort", 2.5, 1 - share), Move("bottom", 0.5)]
    done, found = watched([*script[: at + 1], *aborted, *script[at + 1 :]], style)
    assert len(found.reps) == len(done.truth.reps) == 3
    assert {rep.rep.begins for rep in found.reps} == {rep.begins for rep in done.truth.reps}


@pytest.mark.parametrize("style", FEW)
@pytest.mark.parametrize(("before_s", "after_s"), [(0.3, 0.6), (-0.1, 0.4), (0.6, -0.2)])
def test_a_lifter_lost_at_the_top_is_counted_still(style: str, before_s: float, after_s: float) -> None:
    top_s = pull(style, 1)[1]
    gap = Flaws(noise_px=2.0, missing_s=[(top_s - before_s, top_s + after_s)])
    done, found = watched(lift(style, reps=3), style, flaws=gap)
    assert len(found.reps) == len(done.truth.reps) == 3
    assert found.exercise == done.truth.exercise


@pytest.mark.parametrize("style", ["conventional", "romanian"])
def test_a_lifter_lost_from_half_way_up_until_lower_again_is_counted_still(style: str) -> None:
    top_s = pull(style, 1)[1]
    gap = Flaws(noise_px=2.0, missing_s=[(top_s - 0.6, top_s + 1.5)])
    done, found = watched(lift(style, reps=3), style, flaws=gap)
    assert len(found.reps) == len(done.truth.reps) == 3


@pytest.mark.parametrize("style", FEW)
def test_a_lifter_lost_half_way_is_counted_still(style: str) -> None:
    begin_s, end_s = pull(style, 1)
    gap = Flaws(noise_px=2.0, missing_s=[(begin_s + 0.3, end_s - 0.3)])
    check(watched(lift(style, reps=3), style, flaws=gap))


@pytest.mark.parametrize("style", FEW)
@pytest.mark.parametrize("exercise", ["deadlift", "squat"])
def test_a_named_exercise_is_believed(style: str, exercise: Exercise) -> None:
    track = simulate(lift(style, reps=2), style=style, silhouettes=False).track
    assert analyze(track, exercise=exercise).exercise == exercise


@given(SEEDS, st.integers(2, 80), st.floats(0.2, 4.0))
def test_turning_points_agree_with_a_zigzag(seed: int, frames: int, prominence: float) -> None:
    height = np.cumsum(np.random.default_rng(seed).normal(0, 1, frames))
    assert turning_points(height, prominence=prominence) == naive.turning_points(height.tolist(), prominence=prominence)


@given(SEEDS, st.integers(2, 80), st.floats(0.2, 4.0))
def test_turning_points_take_turns_and_stand_out(seed: int, frames: int, prominence: float) -> None:
    height = np.cumsum(np.random.default_rng(seed).normal(0, 1, frames))
    lows, highs = turning_points(height, prominence=prominence)
    turns = sorted([(i, -1) for i in lows] + [(i, 1) for i in highs])
    for (i, kind), (j, other) in pairwise(turns):
        assert kind == -other
        assert other * (height[j] - height[i]) >= prominence


def drifting(seed: int, frames: int) -> Motion:
    """Give a motion whose height walks at random."""
    draw = np.random.default_rng(seed)
    zero = np.zeros(frames)
    time_s = np.cumsum(draw.uniform(0.02, 0.1, frames))
    return Motion(time_s, 0.2 * np.cumsum(draw.normal(0, 1, frames)), zero + np.nan, zero, zero, zero, zero)


@given(SEEDS, st.integers(0, 80))
def test_ascents_run_from_every_low_to_the_next_high(seed: int, frames: int) -> None:
    motion, settings = drifting(seed, frames), RepSettings()
    span = float(np.ptp(motion.height)) if frames else 0.0
    prominence = max(settings.min_range_torsos, settings.turning_share * span)
    lows, highs = naive.turning_points(motion.height.tolist(), prominence=prominence)
    found = ascents(motion, settings)
    assert [a.low for a in found] == [low for low in lows if frames >= 5 and any(high > low for high in highs)]
    for a in found:
        assert a.high == min(high for high in highs if high > a.low)
        assert a.before == max((high for high in highs if high < a.low), default=None)
        assert a.after == min((low for low in lows if low > a.high), default=None)
        moments = (a.before, a.leaves_top, a.reaches_low, a.low, a.leaves_low, a.reaches_top, a.high)
        known = [m for m in (*moments, a.reaches_next, a.after) if m is not None]
        assert known == sorted(known)
        assert a.leaves_low < a.reaches_top


@pytest.mark.parametrize("frames", [1, 2, 4, 5, 8])
def test_a_moment_is_no_set(frames: int) -> None:
    assert watched(lift("conventional"), time_s=np.arange(frames) / 30)[1].reps == ()
