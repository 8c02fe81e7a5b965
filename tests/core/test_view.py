"""Where the camera stands, against slow twins and the simulated camera."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core import view
from spineline.core.figure import Camera
from spineline.core.sim import Move, simulate
from spineline.core.skeleton import Landmark
from spineline.core.track import PoseTrack
from tests import naive
from tests.core.scenes import posed, random_landmarks

SEEDS = st.integers(0, 2**32 - 1)


def with_landmarks(seed: int, frames: int = 30) -> PoseTrack:
    """Give a track whose landmarks are strewn."""
    track = simulate([Move("stand", (frames - 1) / 30)], silhouettes=False).track
    return replace(track, landmarks_px=random_landmarks(frames, seed), image_size_px=(640, 480))


@given(SEEDS)
def test_torso_agrees_with_its_twin(seed: int) -> None:
    landmarks_px = random_landmarks(20, seed)
    np.testing.assert_allclose(
        view.torso_px(landmarks_px), [naive.torso_px(points) for points in landmarks_px], rtol=0, atol=1e-9
    )


@given(SEEDS, st.floats(1.1, 4.0))
def test_trusted_agrees_with_its_twin(seed: int, ratio: float) -> None:
    track = with_landmarks(seed)
    expected = naive.trusted(track.landmarks_px, max_torso_ratio=ratio, most_head_down=view._MOST_HEAD_DOWN)
    assert view.trusted(track, max_torso_ratio=ratio).tolist() == expected


@given(SEEDS, st.floats(0.3, 0.95))
def test_folded_agrees_with_its_twin(seed: int, share: float) -> None:
    track = replace(posed().track, landmarks_px=random_landmarks(len(posed().track), seed))
    expected = naive.folded(track.landmarks_px, min_thigh_share=share)
    assert view.folded(track, min_thigh_share=share).tolist() == expected


def test_legs_found_on_a_plate_are_not_believed() -> None:
    track = posed().track
    assert not view.folded(track, min_thigh_share=0.6).any()
    landmarks_px = track.landmarks_px.copy()
    shoulder = landmarks_px[20:30, [11, 12]].mean(axis=1, keepdims=True)
    landmarks_px[20:30, 23:] = shoulder + 0.5 * (landmarks_px[20:30, 23:] - shoulder)
    found = view.folded(replace(track, landmarks_px=landmarks_px), min_thigh_share=0.6)
    assert np.flatnonzero(found).tolist() == list(range(20, 30))


def test_nobody_is_trusted_where_nobody_was_seen() -> None:
    track = posed().track
    blind = replace(track, landmarks_px=np.full_like(track.landmarks_px, np.nan))
    assert not view.trusted(blind, max_torso_ratio=2.0).any()


def test_a_pose_on_a_plate_or_upside_down_is_not_trusted() -> None:
    track = posed().track
    landmarks_px = track.landmarks_px.copy()
    centre = landmarks_px[5].mean(axis=0)
    landmarks_px[5] = centre + 0.3 * (landmarks_px[5] - centre)
    landmarks_px[6] = centre - (landmarks_px[6] - centre)
    trusted = view.trusted(replace(track, landmarks_px=landmarks_px), max_torso_ratio=1.8)
    assert np.flatnonzero(~trusted).tolist() == [5, 6]


@given(SEEDS, st.integers(1, 60))
def test_steady_facing_agrees_with_its_twin(seed: int, frames: int) -> None:
    draw = np.random.default_rng(seed)
    time_s = np.cumsum(draw.uniform(0.02, 0.3, frames))
    facing = draw.choice([-1.0, 0.0, 1.0], frames)
    expected = naive.steady_facing(time_s, facing, window_s=view._FACING_WINDOW_S)
    assert view.steady_facing(time_s, facing).tolist() == expected


def test_steady_facing_outvotes_single_frames_and_fills_unknown_ones() -> None:
    facing = np.ones(60)
    facing[[10, 11, 40]] = -1
    facing[[20, 50]] = 0
    assert (view.steady_facing(np.arange(60) / 30, facing) == 1).all()


def test_half_a_second_either_way_is_within_the_window() -> None:
    facing = view.steady_facing(np.array([0.0, 0.5, 1.5]), np.array([0.0, -1.0, 1.0]))
    assert facing.tolist() == [-1.0, -1.0, 1.0]


@given(SEEDS)
def test_yaw_agrees_with_its_twin(seed: int) -> None:
    draw = np.random.default_rng(seed)
    world_m = draw.normal(0, 1, (20, 33, 3))
    world_m[draw.random(20) < 0.2] = np.nan
    facing = draw.choice([-1.0, 1.0], 20)
    expected = [naive.yaw_deg(points, sign) for points, sign in zip(world_m, facing, strict=True)]
    np.testing.assert_allclose(view.yaw_deg(world_m, facing), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("facing", [1, -1])
@pytest.mark.parametrize("yaw_deg", [-60.0, -20.0, 0.0, 15.0, 45.0, 90.0])
def test_yaw_is_that_of_the_camera(facing: int, yaw_deg: float) -> None:
    track = simulate([Move("stand", 0.2)], camera=Camera(facing=facing, yaw_deg=yaw_deg), silhouettes=False).track
    np.testing.assert_allclose(view.yaw_deg(track.world_m, track.facing), yaw_deg, atol=1e-9)


@given(SEEDS)
def test_near_side_agrees_with_its_twin(seed: int) -> None:
    draw = np.random.default_rng(seed)
    visibility = draw.random((10, 33))
    visibility[draw.random(10) < 0.2] = np.nan
    visibility[0] = draw.random(33)
    assert view.near_side(visibility) == naive.near_side(visibility)


@pytest.mark.parametrize(("facing", "side"), [(1, "right"), (-1, "left")])
def test_the_near_side_is_the_one_turned_to_the_camera(facing: int, side: str) -> None:
    assert view.near_side(posed(facing=facing).track.visibility) == side


@given(SEEDS, st.floats(0.0, 0.5))
def test_out_of_frame_agrees_with_its_twin(seed: int, margin: float) -> None:
    track = with_landmarks(seed)
    expected = [naive.out_of_frame(points, track.image_size_px, margin=margin) for points in track.landmarks_px]
    assert view.out_of_frame(track, margin=margin).tolist() == expected


def test_feet_may_leave_the_picture_and_the_head_may_not() -> None:
    track = posed().track
    low, high = track.landmarks_px[0, :, 1].max(), track.landmarks_px[0, Landmark.LEFT_EAR, 1]
    cut_below = replace(track, image_size_px=(track.image_size_px[0], int(low) - 50))
    assert not view.out_of_frame(cut_below, margin=0.05)[0]
    above = replace(track, landmarks_px=track.landmarks_px - (0.0, high + 40.0))
    assert view.out_of_frame(above, margin=0.05)[0]
