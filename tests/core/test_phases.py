"""Which frames belong to a rep, to its way up, and to the tops of the set."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.reps import Rep, Start, inside, phases, upright
from spineline.core.settings import RepSettings
from spineline.core.sim import STYLES, Style, lift
from tests import naive_series as naive
from tests.core.scenes import watched

SEEDS = st.integers(0, 2**32 - 1)


def random_reps(draw: np.random.Generator, begins: Start) -> list[Rep]:
    """Give three reps, one after the other, within 6 s."""
    edges = np.sort(draw.uniform(0, 6, 9)).tolist()
    return [Rep(i // 3 + 1, edges[i], edges[i + 1], edges[i + 2], begins) for i in (0, 3, 6)]


@given(SEEDS, st.integers(0, 50), st.sampled_from(["floor", "top"]))
def test_phases_agree_with_their_twin(seed: int, frames: int, begins: Start) -> None:
    draw = np.random.default_rng(seed)
    time_s, reps = np.cumsum(draw.uniform(0.02, 0.2, frames)), random_reps(draw, begins)
    phase, index = phases(time_s, reps)
    assert (phase.tolist(), index.tolist()) == naive.phases(time_s.tolist(), reps)
    assert inside(time_s, reps).tolist() == naive.inside(time_s.tolist(), reps)


@given(SEEDS, st.integers(0, 50), st.floats(0.1, 0.8), st.integers(0, 3))
def test_upright_agrees_with_its_twin(seed: int, frames: int, share: float, count: int) -> None:
    draw = np.random.default_rng(seed)
    time_s, reps = np.cumsum(draw.uniform(0.02, 0.2, frames)), random_reps(draw, "floor")[:count]
    trunk_deg = draw.uniform(-10, 70, frames)
    trunk_deg[draw.random(frames) < draw.choice([0.0, 0.2, 1.0])] = np.nan
    found = upright(time_s, trunk_deg, reps, RepSettings(upright_share=share))
    assert found.tolist() == naive.upright(time_s.tolist(), trunk_deg.tolist(), reps, share=share)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("fps", [12.5, 30.0, 60.0])
def test_the_lifter_is_upright_at_the_tops_of_the_set(style: str, fps: float) -> None:
    done, found = watched(lift(style, reps=3), style, fps=fps)
    time_s, reps = done.track.time_s, [result.rep for result in found.reps]
    tops = upright(time_s, found.angles.trunk_deg, reps, RepSettings())
    within = (time_s >= reps[0].start_s) & (time_s <= reps[-1].end_s)
    assert not tops[~within].any()
    assert not tops[done.truth.depth > 0.5].any()
    assert tops[within & (done.truth.depth < 0.1)].all()
    # Whatever the frame rate, the time at the tops is what the depth says: the trunk stands at 4 degrees.
    most_deg = done.truth.trunk_deg.max()
    limit = (RepSettings().upright_share * most_deg - 4) / (most_deg - 4)
    at_top_s = (within & (done.truth.depth <= limit)).sum() / fps
    assert tops.sum() / fps == pytest.approx(at_top_s, abs=0.1 * at_top_s + 2 / fps)


def test_standing_before_and_after_the_set_is_not_its_top_but_rest_between_reps_is() -> None:
    time_s = np.arange(0, 10, 0.1)
    reps = [Rep(1, 2.0, 3.0, 4.0, "top"), Rep(2, 6.0, 7.0, 8.0, "top")]
    trunk_deg = np.where(inside(time_s, reps), 50.0, 3.0)
    trunk_deg[45] = np.nan
    between = (time_s > 4.0) & (time_s < 6.0) & (np.arange(100) != 45)
    assert np.array_equal(upright(time_s, trunk_deg, reps, RepSettings()), between)


@pytest.mark.parametrize("factor", [0.3, 0.7])
def test_how_far_the_lifter_leans_in_all_does_not_matter(factor: float) -> None:
    done, found = watched(lift("romanian", reps=2), "romanian")
    time_s, reps = done.track.time_s, [result.rep for result in found.reps]
    expected = upright(time_s, found.angles.trunk_deg, reps, RepSettings())
    assert np.array_equal(upright(time_s, factor * found.angles.trunk_deg, reps, RepSettings()), expected)


def test_a_single_wild_lean_moves_no_limit() -> None:
    done, found = watched(lift("romanian", reps=2), "romanian")
    time_s, reps = done.track.time_s, [result.rep for result in found.reps]
    expected = upright(time_s, found.angles.trunk_deg, reps, RepSettings())
    wild_deg = found.angles.trunk_deg.copy()
    wild_deg[np.flatnonzero((time_s > reps[0].start_s) & (done.truth.depth > 0.9))[3]] = 170.0
    assert np.array_equal(upright(time_s, wild_deg, reps, RepSettings()), expected)


def test_leaning_back_is_not_upright(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STYLES, "hack_squat", Style("squat", "top", -15.0, 110.0, 30.0))
    done, found = watched(lift("hack_squat", reps=2), "hack_squat")
    reps = [result.rep for result in found.reps]
    assert len(reps) == 2
    tops = upright(done.track.time_s, found.angles.trunk_deg, reps, RepSettings())
    assert not tops[done.truth.depth > 0.9].any()
