"""What must not change a measurement: mirrors, pixels, margins, the clock, the frame rate. What is missing stays so."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spineline.core.analysis import Analysis, analyze
from spineline.core.sim import Flaws, lift, simulate
from spineline.core.track import Floats, PoseTrack
from tests.core.scenes import bare, delayed, edged, filmed, mirrored, scaled, shifted, watched

SEEDS = st.integers(0, 2**32 - 1)
NAMES = ("trunk_deg", "hip_deg", "knee_deg", "thigh_deg")
STYLE = "romanian"


def series(found: Analysis) -> dict[str, Floats]:
    """Give everything that is measured per frame."""
    return {
        **{name: getattr(found.angles, name) for name in NAMES},
        "thoracic_deg": found.spine.thoracic_deg,
        "lumbar_deg": found.spine.lumbar_deg,
        "neck_deg": found.spine.neck_deg,
        "sigma_deg": found.spine.sigma_deg,
        "yaw_deg": found.yaw_deg,
    }


def times(found: Analysis) -> Floats:
    """Give all times of all reps, ``(reps, 3)``."""
    return np.array([[r.rep.start_s, r.rep.turn_s, r.rep.end_s] for r in found.reps])


def assert_same(found: Analysis, expected: Analysis, *, later_s: float = 0.0, tolerance: float = 1e-6) -> None:
    """Compare two analyses of one motion."""
    assert found.exercise == expected.exercise
    assert [rep.verdict for rep in found.reps] == [rep.verdict for rep in expected.reps]
    np.testing.assert_allclose(times(found) - later_s, times(expected), atol=1e-6)
    others = series(expected)
    for name, values in series(found).items():
        np.testing.assert_allclose(values, others[name], rtol=0, atol=tolerance, err_msg=name)
    assert np.array_equal(found.spine.reason, expected.spine.reason)
    assert (found.reference.source, found.reference.frames) == (expected.reference.source, expected.reference.frames)
    np.testing.assert_allclose(found.thoracic_change_deg, expected.thoracic_change_deg, rtol=0, atol=2 * tolerance)


@cache
def grounded() -> Analysis:
    """Analyse a deadlift that the recording joins at the bottom: its reference are the tops."""
    script = lift("conventional", reps=2, rounding_deg=20.0, before_s=0.0)
    found = analyze(simulate(script, fps=12.5, silhouettes=False).track)
    assert found.reference.source == "least_flexed"
    return found


def flawed() -> PoseTrack:
    """Give a set with a gap and a passer-by."""
    flaws = Flaws(missing_s=[(3.0, 3.5)], others=[(4.0, 4.4, 0.9)])
    return bare(simulate(lift(STYLE, reps=2, rounding_deg=15.0), style=STYLE, fps=12.5, flaws=flaws).track)


@pytest.mark.parametrize("yaw_deg", [0.0, 20.0])
def test_a_mirror_changes_only_the_side(yaw_deg: float) -> None:
    expected = edged(STYLE, 20.0, yaw_deg=yaw_deg)
    found = analyze(mirrored(expected.track))
    assert_same(found, expected)
    assert (expected.view.side, found.view.side) == ("right", "left")


def test_no_other_view_changes_what_the_tops_say() -> None:
    expected = grounded()
    assert [rep.verdict for rep in expected.reps] == ["flag", "flag"]
    for seen in (mirrored, partial(scaled, factor=0.37), partial(shifted, right_px=300, down_px=40)):
        assert_same(analyze(seen(expected.track)), expected)
    assert_same(analyze(delayed(expected.track, 77.0)), expected, later_s=77.0)


def test_filming_the_other_side_changes_little() -> None:
    one, other = edged(STYLE, 20.0, facing=1), edged(STYLE, 20.0, facing=-1)
    assert_same(one, other, tolerance=3.0)


@settings(max_examples=4)
@given(st.floats(0.2, 5.0))
def test_more_pixels_change_nothing(factor: float) -> None:
    expected = edged(STYLE, 20.0)
    assert_same(analyze(scaled(expected.track, factor)), expected)


@settings(max_examples=4)
@given(st.integers(0, 2000), st.integers(0, 2000))
def test_a_margin_changes_nothing(right_px: int, down_px: int) -> None:
    expected = edged(STYLE, 20.0)
    assert_same(analyze(shifted(expected.track, right_px, down_px)), expected)


@settings(max_examples=4)
@given(st.integers(-1000, 10000))
def test_the_clock_changes_nothing(by_s: int) -> None:
    expected = edged(STYLE, 20.0)
    assert_same(analyze(delayed(expected.track, float(by_s))), expected, later_s=by_s)


def clock(rate: str, end_s: float) -> Floats:
    """Give times of frames."""
    draw = np.random.default_rng(5)
    return {
        "24": np.arange(0, end_s, 1 / 24),
        "60": np.arange(0, end_s, 1 / 60),
        "jittered": np.cumsum(draw.uniform(0.015, 0.05, int(end_s / 0.0325))),
        "dropped": np.arange(0, end_s, 1 / 30)[draw.random(int(np.ceil(end_s * 30))) > 0.2],
    }[rate]


@pytest.mark.parametrize("style", ["conventional", "back_squat"])
@pytest.mark.parametrize("rate", ["24", "60", "jittered", "dropped"])
def test_the_frame_rate_changes_nothing(style: str, rate: str) -> None:
    script = lift(style, reps=3, low_s=0.4)
    time_s = clock(rate, sum(move.seconds for move in script))
    still = Flaws()
    _, expected = watched(script, style, flaws=still)
    _, found = watched(script, style, time_s=time_s, flaws=still)
    assert len(found.reps) == len(expected.reps)
    assert found.exercise == expected.exercise
    # Within two frames of the slower recording.
    np.testing.assert_allclose(times(found), times(expected), atol=2 * float(np.diff(time_s).max()))
    for name in NAMES:
        at_s = found.track.time_s[5:-5]
        other = np.interp(at_s, expected.track.time_s, getattr(expected.angles, name))
        assert np.abs(getattr(found.angles, name)[5:-5] - other).max() < 1.0


@pytest.mark.parametrize("rate", ["24", "60", "jittered", "dropped"])
def test_the_frame_rate_hardly_changes_what_the_tops_say(rate: str) -> None:
    expected = grounded()
    script = lift("conventional", reps=2, rounding_deg=20.0, before_s=0.0)
    time_s = clock(rate, sum(move.seconds for move in script))
    found = watched(script, time_s=time_s, flaws=Flaws())[1]
    assert found.reference.source == "least_flexed"
    assert found.reference.thoracic_deg == pytest.approx(expected.reference.thoracic_deg, abs=0.5)
    for one, other in zip(found.reps, expected.reps, strict=True):
        assert one.verdict == other.verdict
        assert one.thoracic_change_peak_deg == pytest.approx(other.thoracic_change_peak_deg, abs=1.0)


@pytest.mark.parametrize("fps", [20.0, 30.0])
def test_the_frame_rate_hardly_changes_the_back(fps: float) -> None:
    script = lift(STYLE, reps=2, rounding_deg=20.0, before_s=1.2)
    found = analyze(bare(simulate(script, style=STYLE, fps=fps).track))
    expected = edged(STYLE, 20.0)
    for one, other in zip(found.reps, expected.reps, strict=True):
        assert one.verdict == other.verdict
        assert one.thoracic_change_peak_deg == pytest.approx(other.thoracic_change_peak_deg, abs=1.5)


@settings(max_examples=4)
@given(SEEDS)
def test_missing_frames_stay_missing_and_no_other_is_lost(seed: int) -> None:
    track = bare(filmed(STYLE, 20.0).track)
    gone = np.random.default_rng(seed).random(len(track)) < 0.1
    landmarks_px = np.where(gone[:, None, None], np.nan, track.landmarks_px)
    found = analyze(replace(track, landmarks_px=landmarks_px))
    for name, values in series(found).items():
        assert np.array_equal(np.isnan(values), gone), name
    assert np.array_equal(found.spine.usable, ~gone)
    assert np.array_equal(np.isnan(found.thoracic_change_deg), gone)


def test_what_is_seen_is_finite_and_what_is_not_is_nan() -> None:
    track = flawed()
    found = analyze(track)
    for name in NAMES:
        assert np.array_equal(np.isfinite(getattr(found.angles, name)), track.seen)
    assert np.array_equal(found.spine.usable, track.seen & (track.others < 0.5))


def test_an_analysis_leaves_its_track_alone() -> None:
    track = flawed()
    names = ("time_s", "landmarks_px", "world_m", "visibility", "silhouette_bits", "silhouette_scale_px", "facing")
    before = {name: getattr(track, name).copy() for name in names}
    analyze(track)
    for name, values in before.items():
        np.testing.assert_array_equal(getattr(track, name), values)
