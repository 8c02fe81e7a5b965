"""The simulated lifter is what it says it is: everything else in these tests leans on that."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core import figure
from spineline.core.sim import LUMBAR_EDGE_DEG, STYLES, THORACIC_EDGE_DEG, Camera, Flaws, Move, lift, simulate
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.core.track import RAW, RAW_ANGLES, Floats
from spineline.core.trunk import trunk_frame
from tests.core.scenes import posed


def inclination_deg(edge_px: Floats, facing: int, at: slice) -> Floats:
    """Lean of the line through a part of the edge, forward positive, for every frame."""
    low, high = edge_px[:, at][:, -1], edge_px[:, at][:, 0]
    return np.degrees(np.arctan2(facing * (high - low)[:, 0], -(high - low)[:, 1]))


@pytest.mark.parametrize("facing", [1, -1])
@pytest.mark.parametrize("style", STYLES)
def test_the_back_has_the_curvature_asked_for(style: str, facing: int) -> None:
    done = posed(style, 20.0, facing=facing)
    edge = done.truth.edge_px
    assert edge.shape[1] == 101
    c7, t12, s1 = (inclination_deg(edge, facing, part) for part in (slice(0, 10), slice(57, 64), slice(93, 101)))
    np.testing.assert_allclose(c7 - t12, done.truth.thoracic_edge_deg, atol=1e-9)
    np.testing.assert_allclose(t12 - s1, done.truth.lumbar_edge_deg, atol=1e-9)
    assert np.ptp(done.truth.thoracic_edge_deg) == pytest.approx(20.0)


def test_the_back_has_its_length_and_lies_behind_the_trunk() -> None:
    done = posed(rounding_deg=30.0)
    steps = np.linalg.norm(np.diff(done.truth.edge_px, axis=1), axis=2)
    np.testing.assert_allclose(steps.sum(axis=1), 0.515 * 400, rtol=1e-3)
    shoulder, hip = (done.truth.edge_px[:, end] for end in (0, -1))
    for part, at in (("SHOULDER", shoulder), ("HIP", hip)):
        marks = done.track.landmarks_px[:, [Landmark[f"LEFT_{part}"], Landmark[f"RIGHT_{part}"]]]
        np.testing.assert_allclose(np.linalg.norm(marks.mean(axis=1) - at, axis=1), 0.11 * 400, rtol=1e-9)


@pytest.mark.parametrize("facing", [1, -1])
@pytest.mark.parametrize("style", ["conventional", "goblet_squat"])
def test_the_spine_runs_under_the_skin_from_the_ear_to_the_hips(style: str, facing: int) -> None:
    done = posed(style, 30.0, facing=facing)
    spine_m, edge_m = done.truth.spine_px / 400, done.truth.edge_px / 400
    from_c7 = spine_m[:, SPINE_POINTS.index("C7") :]
    apart = np.linalg.norm(from_c7[:, :, None] - edge_m[:, None], axis=3)
    np.testing.assert_allclose(apart.min(axis=2), 0.06, atol=1e-3)
    assert (np.diff(apart.argmin(axis=2), axis=1) > 5).all(), "down the back, no two in one place"
    ends = edge_m[:, [0, -1]]
    down = ends[:, 1] - ends[:, 0]
    in_front = from_c7[:, [0, -1]] - ends
    across = down[:, None, 0] * in_front[..., 1] - down[:, None, 1] * in_front[..., 0]
    assert (across * facing < 0).all(), "in front of the skin"
    ear = done.track.landmarks_px[:, [Landmark.LEFT_EAR, Landmark.RIGHT_EAR]].mean(axis=1) / 400
    assert np.linalg.norm(spine_m[:, 0] - ear, axis=1) == pytest.approx(np.hypot(0.02, 0.03))
    np.testing.assert_allclose(spine_m[:, 1], (spine_m[:, 0] + spine_m[:, 2]) / 2, atol=1e-12)


@pytest.mark.parametrize("yaw_deg", [0.0, 20.0])
@pytest.mark.parametrize("facing", [1, -1])
def test_the_reading_is_the_truth(facing: int, yaw_deg: float) -> None:
    done = posed("conventional", 30.0, facing=facing, yaw_deg=yaw_deg)
    raw = done.track.spine_raw
    assert raw.shape == (len(done.track), RAW)
    np.testing.assert_allclose(raw[:, 0], done.truth.thoracic_edge_deg - THORACIC_EDGE_DEG, atol=1e-9)
    np.testing.assert_allclose(raw[:, 1], done.truth.lumbar_edge_deg - LUMBAR_EDGE_DEG, atol=1e-9)
    assert (raw[:, [2, 4]] == raw[0, 2]).all()
    assert 0 < raw[0, 2] < 3
    own_deg = raw[:, 3] - raw[:, 0]
    np.testing.assert_allclose(own_deg, own_deg[0])
    assert abs(own_deg[0]) > 5, "a constant that must cancel"
    places = raw[:, RAW_ANGLES:].reshape(len(raw), -1, 2)
    found_px = trunk_frame(done.track.landmarks_px, done.track.facing).pixel(places)
    np.testing.assert_allclose(found_px, done.truth.spine_px, atol=1e-6)


def test_segments_keep_their_lengths() -> None:
    px = posed("front_squat").track.landmarks_px / 400

    def length(one: Landmark, other: Landmark) -> Floats:
        return np.asarray(np.linalg.norm(px[:, one] - px[:, other], axis=1))

    np.testing.assert_allclose(length(Landmark.LEFT_ANKLE, Landmark.LEFT_KNEE), 0.434, rtol=1e-9)
    np.testing.assert_allclose(length(Landmark.LEFT_KNEE, Landmark.LEFT_HIP), 0.422, rtol=1e-9)
    np.testing.assert_allclose(length(Landmark.LEFT_SHOULDER, Landmark.LEFT_ELBOW), 0.282, rtol=1e-9)
    np.testing.assert_allclose(length(Landmark.LEFT_ELBOW, Landmark.LEFT_WRIST), 0.269, rtol=1e-9)


@pytest.mark.parametrize("style", STYLES)
def test_bottom_and_top_look_as_the_style_says(style: str) -> None:
    truth = posed(style).truth
    bottom, top = truth.depth > 0.999, truth.depth < 0.001
    look = STYLES[style]
    assert truth.trunk_deg[bottom] == pytest.approx(look.trunk_deg, abs=0.2)
    assert truth.knee_deg[bottom] == pytest.approx(look.knee_deg, abs=0.3)
    assert truth.hip_deg[bottom] == pytest.approx(look.trunk_deg - look.shin_deg + look.knee_deg, abs=0.5)
    assert truth.trunk_deg[top] == pytest.approx(4.0, abs=0.2)


@given(st.floats(-50, 50), st.sampled_from([1, -1]), st.floats(100, 800))
def test_picture_and_world_tell_one_story(yaw_deg: float, facing: int, px_per_m: float) -> None:
    camera = Camera(facing=facing, yaw_deg=yaw_deg, px_per_m=px_per_m)
    track = simulate([Move("bottom", 0.1, 1.0)], camera=camera, silhouettes=False).track
    hips = [Landmark.LEFT_HIP, Landmark.RIGHT_HIP]
    from_hips = (track.landmarks_px - track.landmarks_px[:, hips].mean(axis=1, keepdims=True)) / px_per_m
    np.testing.assert_allclose(from_hips, track.world_m[..., :2], atol=1e-9)
    assert np.abs(track.world_m[:, hips].mean(axis=1)).max() < 1e-9
    near = track.world_m[:, Landmark.RIGHT_HIP if facing > 0 else Landmark.LEFT_HIP, 2]
    assert (near < 0).all()


def test_frames_may_be_taken_at_any_time() -> None:
    script = lift("back_squat", reps=1, rounding_deg=15.0)
    whole = simulate(script, style="back_squat", fps=100.0, silhouettes=False)
    odd = np.array([0.1, 0.15, 2.03, 3.3333, 5.0, 7.77])
    picked = simulate(script, style="back_squat", time_s=odd, silhouettes=False)
    np.testing.assert_array_equal(picked.track.time_s, odd)
    for name in ("depth", "thoracic_edge_deg", "trunk_deg", "knee_deg"):
        expected = np.interp(odd, whole.track.time_s, getattr(whole.truth, name))
        np.testing.assert_allclose(getattr(picked.truth, name), expected, atol=0.05)


def test_noise_is_what_was_asked_for_and_a_seed_repeats_it() -> None:
    script = [Move("stand", 20.0)]
    clean = simulate(script, silhouettes=False).track
    noisy, again, other = (
        simulate(script, flaws=Flaws(noise_px=3.0, seed=seed), silhouettes=False).track for seed in (1, 1, 2)
    )
    miss = noisy.landmarks_px - clean.landmarks_px
    assert miss.std() == pytest.approx(3.0, rel=0.02)
    assert abs(miss.mean()) < 0.05
    assert np.array_equal(noisy.landmarks_px, again.landmarks_px)
    assert not np.array_equal(noisy.landmarks_px, other.landmarks_px)
    assert (noisy.world_m - clean.world_m).std() == pytest.approx(3.0 / 400, rel=0.02)


def test_what_is_missing_is_missing_everywhere() -> None:
    track = simulate(lift("sumo", reps=1), fps=10.0, flaws=Flaws(missing_s=[(1.0, 2.0), (4.05, 4.2)])).track
    gone = ((track.time_s >= 1) & (track.time_s <= 2)) | ((track.time_s >= 4.05) & (track.time_s <= 4.2))
    assert 12 <= gone.sum() <= 13
    assert np.array_equal(~track.seen, gone)
    for name in ("world_m", "visibility", "silhouette_scale_px", "spine_raw"):
        values = getattr(track, name).reshape(len(track), -1)
        assert np.array_equal(np.isnan(values).all(axis=1), gone)
        assert np.isfinite(values[~gone]).all()
    assert np.array_equal(~np.asarray(track.silhouette_bits).any(axis=1), gone)
    assert np.array_equal(track.facing == 0, gone)


@pytest.mark.parametrize("style", STYLES)
def test_true_reps_are_those_of_the_script(style: str) -> None:
    script = lift(style, reps=4, before_s=1.5, after_s=2.5)
    done = simulate(script, style=style, silhouettes=False)
    reps, time_s = done.truth.reps, done.track.time_s
    assert [rep.index for rep in reps] == [1, 2, 3, 4]
    assert {rep.begins for rep in reps} == {STYLES[style].begins}
    for rep in reps:
        ends = np.interp([*rep.pull_s], time_s, done.truth.depth)
        np.testing.assert_allclose(ends, [1, 0], atol=0.01)
        assert rep.start_s < rep.turn_s < rep.end_s
    for rep, later in pairwise(reps):
        assert rep.end_s <= later.start_s


def test_only_a_counted_way_up_within_the_recording_is_a_rep() -> None:
    script = [
        Move("stand", 1.0, 0.0),
        Move("pickup", 2.0),
        Move("descend", 1.0, 1.0),
        Move("abort", 1.0, 0.5),
        Move("ascend", 1.0, 0.0),
        Move("descend", 1.0, 0.3),
        Move("ascend", 1.0, 0.0, counts=False),
        Move("descend", 1.0, 1.0),
        Move("ascend", 0.5, 0.6),
        Move("ascend", 0.5, 0.0),
    ]
    reps = simulate(script, style="back_squat", silhouettes=False).truth.reps
    assert [(rep.turn_s, rep.end_s) for rep in reps] == [(4.0, 6.0), (9.0, 10.0)]
    cut = np.arange(1, 294) / 30
    assert len(simulate(script, style="back_squat", time_s=cut, silhouettes=False).truth.reps) == 1


def test_waving_walking_and_stooping_move_what_they_should() -> None:
    script = [Move("stand", 1.0, 0.0), Move("wave", 2.0), Move("walk", 2.0, travel_m=1.0), Move("pickup", 2.0)]
    done = simulate(script, silhouettes=False)
    px, phase = done.track.landmarks_px, done.truth.phase
    wrist, shoulder, hip = (px[:, mark] for mark in (Landmark.LEFT_WRIST, Landmark.LEFT_SHOULDER, Landmark.LEFT_HIP))
    assert (wrist[phase == "wave"][20:-20, 1] < shoulder[phase == "wave"][20:-20, 1]).all()
    assert hip[phase == "walk"][-1, 0] - hip[phase == "walk"][0, 0] == pytest.approx(400, rel=0.02)
    stride = px[:, Landmark.LEFT_ANKLE, 0] - px[:, Landmark.RIGHT_ANKLE, 0]
    assert np.abs(stride[phase == "walk"]).max() > 100
    assert np.abs(stride[phase == "stand"]).max() < 1e-9
    assert done.truth.trunk_deg[phase == "pickup"].max() == pytest.approx(92, abs=1)
    # The fingers come within a hand of the floor.
    assert px[:, Landmark.LEFT_INDEX, 1].max() > px[0, Landmark.LEFT_HEEL, 1] - 0.2 * 400


@given(st.integers(0, 2**32 - 1), st.integers(3, 12))
def test_filling_agrees_with_asking_every_cell(seed: int, corners: int) -> None:
    draw = np.random.default_rng(seed)
    outlines: list[Floats] = [draw.uniform(-4, 20, (2, corners, 2)), draw.uniform(-4, 20, (2, 3, 2))]
    found = figure.filled(outlines, 16)
    for frame in range(2):
        for i in range(16):
            for j in range(16):
                expected = any(_inside(j + 0.5, i + 0.5, outline[frame]) for outline in outlines)
                assert found[frame, i, j] == expected


def _inside(x: float, y: float, corners: Floats) -> bool:
    """Count how often a ray to the left crosses the outline."""
    odd = False
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if (y0 <= y) != (y1 <= y) and x0 + (y - y0) / (y1 - y0) * (x1 - x0) < x:
            odd = not odd
    return odd


def test_a_script_begins_in_the_state_of_its_first_move() -> None:
    done = simulate([Move("bottom", 1.0, 1.0, 60.0, 3.0), Move("ascend", 1.0, 0.0)], silhouettes=False)
    assert done.truth.depth[0] == 1.0
    assert done.truth.thoracic_edge_deg[0] == 60.0
    assert done.truth.lumbar_edge_deg[-1] == 3.0
    assert simulate(lift("conventional", before_s=0.0), silhouettes=False).truth.depth[0] == 1.0
    assert simulate(lift("conventional"), silhouettes=False).truth.thoracic_edge_deg[0] == THORACIC_EDGE_DEG
