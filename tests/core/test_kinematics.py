"""Joint angles, against a slow twin, the simulated truth, and what must not change them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.kinematics import Kinematics, from_vertical_deg, kinematics, sagittal, wrapped_deg
from spineline.core.sim import STYLES
from spineline.core.skeleton import MIRROR, Landmark
from spineline.core.track import Bools, Floats
from tests import naive
from tests.core.scenes import posed, random_landmarks

SEEDS = st.integers(0, 2**32 - 1)
NAMES = ("trunk_deg", "hip_deg", "knee_deg", "thigh_deg")


def angles(landmarks_px: Floats, facing: Floats, yaw_deg: Floats, side: str) -> Kinematics:
    """Compute every angle."""
    return kinematics(sagittal(dict(zip(Landmark, landmarks_px.swapaxes(0, 1), strict=True)), facing, yaw_deg, side))


def assert_alike(one: Kinematics, other: Kinematics) -> None:
    """Compare all angles; -180 and 180 are one."""
    for name in NAMES:
        a, b = getattr(one, name), getattr(other, name)
        assert np.array_equal(np.isnan(a), np.isnan(b))
        assert np.nan_to_num(np.abs(wrapped_deg(a - b))).max(initial=0.0) < 1e-7, name


def draw_view(seed: int) -> tuple[Floats, Floats, Floats]:
    """Draw landmarks, facing and yaw of 15 frames."""
    draw = np.random.default_rng(seed)
    return random_landmarks(15, seed), draw.choice([-1.0, 1.0], 15), draw.uniform(-40, 40, 15)


@given(SEEDS, st.sampled_from(["left", "right"]))
def test_angles_agree_with_their_twin(seed: int, side: str) -> None:
    landmarks_px, facing, yaw_deg = draw_view(seed)
    found = angles(landmarks_px, facing, yaw_deg, side)
    for i in range(len(facing)):
        expected = naive.angles_deg(landmarks_px[i], facing[i], yaw_deg[i], side)
        for name in NAMES:
            np.testing.assert_allclose(getattr(found, name)[i], expected[name], rtol=0, atol=1e-9)


@given(SEEDS)
def test_a_mirror_changes_no_angle(seed: int) -> None:
    landmarks_px, facing, yaw_deg = draw_view(seed)
    flipped = landmarks_px[:, MIRROR] * (-1, 1) + (640, 0)
    assert_alike(angles(landmarks_px, facing, yaw_deg, "left"), angles(flipped, -facing, yaw_deg, "right"))


@given(SEEDS, st.floats(0.05, 20.0), st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_scale_and_shift_change_no_angle(seed: int, scale: float, right: float, down: float) -> None:
    landmarks_px, facing, yaw_deg = draw_view(seed)
    moved = landmarks_px * scale + (right, down)
    assert_alike(angles(landmarks_px, facing, yaw_deg, "left"), angles(moved, facing, yaw_deg, "left"))


@given(SEEDS)
def test_missing_frames_stay_missing_and_touch_no_other(seed: int) -> None:
    landmarks_px, facing, yaw_deg = draw_view(seed)
    gone: Bools = np.isnan(landmarks_px[:, 0, 0])
    filled = np.where(gone[:, None, None], np.arange(66.0).reshape(33, 2), landmarks_px)
    whole = angles(filled, facing, yaw_deg, "right")
    found = angles(landmarks_px, facing, yaw_deg, "right")
    for name in NAMES:
        values, expected = getattr(found, name), getattr(whole, name)
        assert np.isnan(values[gone]).all()
        np.testing.assert_array_equal(values[~gone], expected[~gone])
    assert np.isfinite(found.trunk_deg[~gone]).all()


@pytest.mark.parametrize("knee_deg", [60.0, 164.0, 166.0, -19.0, -21.0])
def test_a_knee_that_no_knee_can_do_is_not_measured(knee_deg: float) -> None:
    px = np.zeros((1, 33, 2))
    for mark, at in zip(("SHOULDER", "HIP", "KNEE"), (2.0, 1.0, 0.0), strict=True):
        px[0, [Landmark[f"LEFT_{mark}"], Landmark[f"RIGHT_{mark}"]], 1] = -at
    shin = np.radians(knee_deg)  # the thigh stands upright
    px[0, [Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE]] = (-np.sin(shin), np.cos(shin))
    found = angles(px, np.ones(1), np.zeros(1), "left").knee_deg[0]
    if -20 <= knee_deg <= 165:
        assert found == pytest.approx(knee_deg)
    else:
        assert np.isnan(found)


@given(st.floats(-2000, 2000))
def test_wrapped_angles_differ_by_whole_turns(angle_deg: float) -> None:
    wrapped = float(wrapped_deg(np.array([angle_deg]))[0])
    assert -180 <= wrapped < 180
    turns = (angle_deg - wrapped) / 360
    assert turns == pytest.approx(round(turns), abs=1e-9)


def test_inclination_is_forward_positive() -> None:
    low = np.zeros((4, 2))
    high = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [-1.0, 1.0]])
    np.testing.assert_allclose(from_vertical_deg(low, high), [0, 45, 90, -45])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("facing", [1, -1])
def test_angles_of_a_simulated_lifter_are_the_true_ones(style: str, facing: int) -> None:
    done = posed(style, facing=facing)
    side = "right" if facing > 0 else "left"
    found = angles(done.track.landmarks_px, done.track.facing, np.zeros(len(done.track)), side)
    for name in NAMES:
        np.testing.assert_allclose(getattr(found, name), getattr(done.truth, name), atol=1e-9)


@pytest.mark.parametrize("yaw_deg", [-30.0, 30.0])
def test_yaw_is_taken_out(yaw_deg: float) -> None:
    done = posed(yaw_deg=yaw_deg)
    found = angles(done.track.landmarks_px, done.track.facing, np.full(len(done.track), yaw_deg), "right")
    np.testing.assert_allclose(found.trunk_deg, done.truth.trunk_deg, atol=1e-9)
    # Hip, knee and ankle are not equally far aside, which no yaw undoes.
    np.testing.assert_allclose(found.hip_deg, done.truth.hip_deg, atol=1.0)
    np.testing.assert_allclose(found.knee_deg, done.truth.knee_deg, atol=1.0)
