"""Reps told of while the set goes on: analyses of growing tracks against that of the whole."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.analysis import Analysis, RepResult, analyze
from spineline.core.announce import Announcer
from spineline.core.reps import Rep
from spineline.core.settings import Settings
from spineline.core.sim import STYLES, Flaws, Move, lift, simulate
from spineline.core.terms import Verdict
from spineline.core.track import PoseTrack
from tests.core.scenes import head_of, posed

LIVE = Settings().live
SETTLE_S = LIVE.settle_s
FPS = 12.5

SCRIPTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "rounding from rep to rep": {"rounding_deg": [0.0, 15.0]},
    "from the bottom": {"before_s": 0.0},
    "fast": {"down_s": 0.8, "up_s": 0.7, "high_s": 0.1},
    "slow": {"down_s": 2.5, "up_s": 2.5, "low_s": 1.0, "high_s": 1.5},
}
QUICK = ("rounding from rep to rep", "from the bottom")


@dataclass(frozen=True)
class Told:
    """One rep that was told of, and when."""

    now_s: float
    result: RepResult


def told_of(track: PoseTrack, *, every_s: float = 0.5) -> tuple[list[Told], Analysis]:
    """Tell of the reps of a track as it grows, and of what is left at its end; and analyse the whole."""
    announcer = Announcer(LIVE)
    told: list[Told] = []
    for now_s in np.arange(every_s, track.time_s[-1], every_s):
        found = analyze(head_of(track, int(np.searchsorted(track.time_s, now_s, side="right"))))
        told += [Told(float(now_s), result) for result in announcer.new(found)]
    whole = analyze(track)
    told += [Told(float("inf"), result) for result in announcer.new(whole, over=True)]
    assert announcer.new(whole, over=True) == []
    return told, whole


def check(
    style: str, script: dict[str, Any], *, reps: int, every_s: float = 0.5, fps: float = FPS, noise_px: float = 2.0
) -> None:
    flaws = Flaws(noise_px=noise_px, seed=3)
    set_of = simulate(lift(style, reps=reps, **script), style=style, fps=fps, flaws=flaws, silhouettes=False)
    told, whole = told_of(set_of.track, every_s=every_s)
    assert len(whole.reps) >= reps
    assert [each.result.rep.index for each in told] == [result.rep.index for result in whole.reps]
    assert [each.result.verdict for each in told] == [result.verdict for result in whole.reps]
    for each, result in zip(told, whole.reps, strict=True):
        assert each.result.rep.turn_s == pytest.approx(result.rep.turn_s, abs=2 / fps + 1e-9)
        assert each.result.rep.end_s == pytest.approx(result.rep.end_s, abs=2 / fps + 1e-9)
        if each.now_s < float("inf"):
            assert SETTLE_S <= each.now_s - each.result.rep.end_s <= SETTLE_S + every_s + 2 / fps
        else:  # nobody can know that it is over before the set is
            assert result is whole.reps[-1]


@pytest.mark.parametrize("script", QUICK)
@pytest.mark.parametrize("style", STYLES)
def test_each_rep_is_told_once_in_time_and_as_the_whole_has_it(style: str, script: str) -> None:
    check(style, SCRIPTS[script], reps=2)


@pytest.mark.long
@pytest.mark.parametrize("noise_px", [0.0, 2.0])
@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("style", STYLES)
def test_the_same_of_longer_sets(style: str, script: str, noise_px: float) -> None:
    more = {"rounding_deg": [0.0, 10.0, 15.0, 20.0]} if script.startswith("rounding") else {}
    check(style, SCRIPTS[script] | more, reps=4, every_s=0.25, fps=20.0, noise_px=noise_px)


def test_a_lift_that_is_held_is_told_once_it_is_lowered() -> None:
    script = [Move("hold", 4.0) if move.phase == "hold" else move for move in lift("conventional", reps=2)]
    told, _ = told_of(simulate(script, fps=FPS, silhouettes=False).track)
    for each in told:
        assert each.result.rep.end_s - each.result.rep.turn_s > 4.0
        assert each.now_s < float("inf")


def test_a_weight_that_is_not_seen_to_go_down_is_told_after_a_while() -> None:
    script = [*lift("conventional", reps=1, after_s=0.0)[:-3], Move("hold", LIVE.lowered_s + 2.0)]
    told, whole = told_of(simulate(script, fps=FPS, silhouettes=False).track)
    (each,) = told
    assert each.result.rep.end_s == each.result.rep.turn_s
    assert LIVE.lowered_s <= each.now_s - each.result.rep.turn_s <= LIVE.lowered_s + 0.7
    assert len(whole.reps) == 1


def test_a_weight_left_on_the_floor_is_no_rep() -> None:
    told, whole = told_of(posed("kettlebell").track)
    assert len(told) == len(whole.reps) == 2


def test_a_set_that_is_cut_off_has_its_last_rep_told() -> None:
    track = posed("conventional").track
    second = analyze(track).reps[1].rep
    cut = head_of(track, int(np.searchsorted(track.time_s, second.turn_s + 0.3)))
    told, whole = told_of(cut)
    assert [each.result.rep.index for each in told] == [1, 2]
    assert [each.now_s < float("inf") for each in told] == [True, False]
    assert whole.reps[1].rep.end_s == whole.reps[1].rep.turn_s


def test_without_frames_there_is_nothing_to_tell() -> None:
    track = posed("conventional").track
    assert Announcer(LIVE).new(analyze(head_of(track, 0)), over=True) == []
    assert Announcer(LIVE).new(analyze(head_of(track, 1)), over=True) == []


# Analyses that differ a little from one to the next, made up


BASE = analyze(posed("conventional").track)


def made_up(now_s: float, reps: list[Rep], verdict: Verdict = "ok") -> Analysis:
    """Make an analysis up to a time of such reps."""
    track = replace(head_of(BASE.track, 2), time_s=np.array([0.0, now_s]))
    results = tuple(replace(BASE.reps[0], rep=replace(rep, index=i + 1), verdict=verdict) for i, rep in enumerate(reps))
    return replace(BASE, track=track, reps=results)


@given(
    st.lists(st.tuples(st.floats(0.3, 3.0), st.floats(0.3, 3.0), st.floats(0.0, 3.0), st.booleans()), max_size=6),
    st.sampled_from([0.1, 0.25, 1.0, 7.0]),
    st.integers(0, 2**32 - 1),
)
def test_a_rep_that_comes_out_a_little_different_is_told_once(
    script: list[tuple[float, float, float, bool]], every_s: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    reps: list[Rep] = []
    clock_s = 1.0
    for first_s, second_s, pause_s, floor in script:
        bottom_start = not floor and not reps and rng.random() < 0.5
        turn_s = clock_s if bottom_start else clock_s + first_s
        reps.append(Rep(0, clock_s, turn_s, turn_s + second_s, "floor" if floor else "top"))
        clock_s = turn_s + second_s + pause_s
    announcer, told = Announcer(LIVE), []
    end_s = clock_s + 2 * SETTLE_S
    for now_s in np.arange(every_s, end_s, every_s):
        ends_s = np.array([(r.start_s, r.turn_s, r.end_s) for r in reps]).reshape(-1, 3)
        wobbling_s = np.maximum.accumulate(ends_s + rng.uniform(-0.04, 0.04, ends_s.shape), axis=1)
        seen = [
            replace(r, **dict(zip(("start_s", "turn_s", "end_s"), np.minimum(now_s, times_s).tolist(), strict=True)))
            for r, times_s in zip(reps, wobbling_s, strict=True)
            if r.turn_s < now_s
        ]
        found = made_up(now_s, seen, verdict=rng.choice(["ok", "flag", "not_measured"]))
        told += [result.rep.index for result in announcer.new(found)]
        late = [i + 1 for i, r in enumerate(reps) if r.end_s + SETTLE_S + 0.1 < now_s]
        assert set(late) <= set(told)
    told += [result.rep.index for result in announcer.new(made_up(end_s, reps), over=True)]
    assert told == list(range(1, len(reps) + 1))


def test_a_rep_that_is_found_late_does_not_bring_those_before_again() -> None:
    announcer = Announcer(LIVE)
    first, second, third = (Rep(0, s, s + 1, s + 2, "top") for s in (1.0, 4.0, 7.0))
    assert len(announcer.new(made_up(7.0, [first, second]))) == 2
    assert announcer.new(made_up(7.1, [second])) == []  # the first was none after all
    assert announcer.new(made_up(7.2, [first, second])) == []
    assert [result.rep.index for result in announcer.new(made_up(10.0, [second, third]))] == [2]
