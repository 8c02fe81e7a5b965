"""From a spine model's reading, or that of the contour, to an estimate: what is taken, and why it is not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core import analysis, contour, spine
from spineline.core.figure import Camera
from spineline.core.settings import Settings
from spineline.core.sim import Flaws, Move, lift, simulate
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.core.spine import Spine, hand_at_shoulder
from spineline.core.track import RAW, RAW_ANGLES, Floats, PoseTrack
from spineline.errors import TrackError
from tests.core.scenes import bare, bitten, filmed, judged, scaled

SIGMA = 4
"""Column of ``spine_raw``."""


def estimated(track: PoseTrack, facing: Floats | None = None) -> Spine:
    """Estimate without smoothing, seen from the side by somebody who is trusted."""
    facing = track.facing if facing is None else facing
    return spine.estimate(track, facing, np.zeros(len(track)), track.seen, Settings().view)


def read_as(track: PoseTrack, column: int, value: float, frames: slice | int = slice(None)) -> PoseTrack:
    """Put a value into one column of the reading."""
    raw = track.spine_raw.copy()
    raw[frames, column] = value
    return replace(track, spine_raw=raw)


@pytest.mark.parametrize("facing", [1, -1])
def test_a_models_reading_is_taken_as_it_is(facing: int) -> None:
    track = filmed("goblet_squat", 20.0, facing=facing).track
    assert track.spine_raw.shape == (len(track), RAW)
    found = estimated(track)
    assert found.usable.all()
    names = ("thoracic_deg", "lumbar_deg", "sigma_deg", "bend_deg", "bend_sigma_deg")
    angles = np.stack([getattr(found, name) for name in names], axis=1)
    np.testing.assert_array_equal(angles, track.spine_raw[:, :RAW_ANGLES])


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, -1]), st.floats(0.3, 3.0))
def test_spine_points_are_placed_where_the_model_saw_them(seed: int, facing: int, factor: float) -> None:
    """In shoulder-to-hip lengths down from the shoulders and to the back, whatever the size of the picture."""
    track = scaled(filmed("goblet_squat", facing=facing).track, factor)
    places = np.random.default_rng(seed).normal(0.0, 1.0, (len(track), len(SPINE_POINTS), 2))
    raw = np.concatenate([track.spine_raw[:, :RAW_ANGLES], places.reshape(len(track), -1)], axis=1)
    found = estimated(replace(track, spine_raw=raw)).points_px
    shoulder, hip = track.landmarks_px[:, [11, 12]].mean(axis=1), track.landmarks_px[:, [23, 24]].mean(axis=1)
    for i in range(0, len(track), 13):
        down = hip[i] - shoulder[i]
        # Whoever faces right has the back to the left: a quarter turn clockwise from down, y being down.
        back = facing * np.array([-down[1], down[0]])
        expected = [shoulder[i] + p[0] * down + p[1] * back for p in places[i]]
        np.testing.assert_allclose(found[i], expected, rtol=0, atol=1e-6)


def test_a_simulated_lifters_points_are_the_true_ones_though_landmarks_err() -> None:
    script = [Move("stand", 1.0, 0.0), Move("descend", 1.0, 1.0)]
    done = simulate(script, style="romanian", fps=10.0, flaws=Flaws(noise_px=3.0), silhouettes=False)
    np.testing.assert_allclose(estimated(done.track).points_px, done.truth.spine_px, rtol=0, atol=1e-6)


def test_without_a_model_the_contour_is_read() -> None:
    track = bare(filmed("goblet_squat", 20.0).track)
    found = estimated(track)
    raw, hidden = contour.read(track, track.facing)
    assert np.array_equal(found.usable, ~hidden)
    assert found.usable.any()
    angles = np.stack([found.thoracic_deg, found.lumbar_deg, found.sigma_deg], axis=1)
    np.testing.assert_array_equal(angles[found.usable], raw[found.usable, :3])


def test_a_models_reading_needs_no_edge() -> None:
    track = bitten(filmed("goblet_squat").track)
    assert estimated(track).usable.all()
    assert (estimated(bare(track)).reason == "edge_hidden").any()


@pytest.mark.parametrize("columns", [1, 3, RAW - 1, RAW + 1])
def test_the_reading_of_another_model_is_refused(columns: int) -> None:
    track = filmed().track
    with pytest.raises(TrackError, match=r"^spine_raw: expected shape "):
        replace(track, spine_raw=np.zeros((len(track), columns)))


# What is not usable


def assert_missing_where(found: Spine, missing: list[int], reason: str) -> None:
    assert np.flatnonzero(found.reason == reason).tolist() == missing
    assert np.flatnonzero(~found.usable).tolist() == missing
    for values in (found.thoracic_deg, found.lumbar_deg, found.sigma_deg):
        assert np.flatnonzero(np.isnan(values)).tolist() == missing
    unplaced = np.isnan(found.points_px).reshape(len(found.usable), -1)
    assert np.flatnonzero(unplaced.all(axis=1)).tolist() == np.flatnonzero(unplaced.any(axis=1)).tolist() == missing


@pytest.mark.parametrize("column", [0, 1, 2, 3, SIGMA, RAW - 1])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_reading_with_a_hole_is_none(column: int, value: float) -> None:
    assert_missing_where(estimated(read_as(filmed().track, column, value, 7)), [7], "uncertain")


def test_a_model_that_is_not_certain_is_not_believed() -> None:
    most_deg = Settings().view.max_sigma_deg
    track = read_as(filmed().track, SIGMA, most_deg)
    assert estimated(track).usable.all()
    track = read_as(track, SIGMA, most_deg + 0.01, 4)
    assert_missing_where(estimated(track), [4], "uncertain")
    lax = Settings.from_mapping({"view": {"max_sigma_deg": most_deg + 1}}).view
    zero = np.zeros(len(track))
    assert spine.estimate(track, track.facing, zero, track.seen, lax).usable.all()


def with_a_hand_at_the_shoulder(track: PoseTrack, frames: list[int]) -> PoseTrack:
    landmarks_px = track.landmarks_px.copy()
    landmarks_px[frames, Landmark.LEFT_WRIST] = landmarks_px[frames, Landmark.LEFT_SHOULDER] + 1.0
    return replace(track, landmarks_px=landmarks_px)


@pytest.mark.parametrize(("style", "held"), [("conventional", False), ("back_squat", True), ("front_squat", True)])
def test_hands_at_the_shoulders_tell_where_a_bar_may_lie_over_the_back(style: str, held: bool) -> None:
    track = filmed(style).track
    found = hand_at_shoulder(track, Settings().view)
    middle = slice(len(track) // 3, 2 * len(track) // 3)
    assert (found[middle] == held).all()
    one = with_a_hand_at_the_shoulder(filmed("conventional").track, [3])
    assert np.flatnonzero(hand_at_shoulder(one, Settings().view)).tolist() == [3]


@pytest.mark.parametrize(
    ("column", "most"), [(SIGMA, Settings().view.max_sigma_held_deg), (0, Settings().view.max_flexion_held_deg)]
)
def test_where_a_bar_may_lie_over_the_back_less_is_believed(column: int, most: float) -> None:
    free = read_as(read_as(filmed("conventional").track, column, most), column, most + 0.01, 4)
    assert estimated(free).usable.all()
    assert_missing_where(estimated(with_a_hand_at_the_shoulder(free, [3, 4])), [4], "uncertain")


def test_what_was_read_of_a_lifter_taken_to_face_the_other_way_is_not_believed() -> None:
    track = filmed("back_squat", facing=-1).track
    turned, steady = track.facing.copy(), track.facing.copy()
    turned[[5, 6]] = 1.0
    turned[9] = 0.0  # not known: read as it is
    assert_missing_where(estimated(replace(track, facing=turned), steady), [5, 6], "uncertain")
    whole = analysis.analyze(replace(track, facing=turned)).spine
    assert_missing_where(whole, [5, 6], "uncertain")


def test_estimate_is_nan_exactly_where_it_is_not_usable() -> None:
    flaws = Flaws(missing_s=[(3.0, 3.6), (6.0, 6.1)], others=[(4.5, 5.0, 0.8)])
    track = simulate(lift("conventional", reps=2), flaws=flaws, fps=12.5, silhouettes=False).track
    measured = analysis.analyze(track).spine
    assert measured.points_px.shape == (len(track), 9, 2)
    assert set(measured.reason) == {"", "no_pose", "second_person"}
    missing = np.flatnonzero(~track.seen | (track.others > 0.5)).tolist()
    assert np.flatnonzero(~measured.usable).tolist() == missing
    for values in (measured.thoracic_deg, measured.lumbar_deg, measured.sigma_deg, measured.points_px):
        flat = np.isnan(values).reshape(len(track), -1)
        assert np.flatnonzero(flat.all(axis=1)).tolist() == np.flatnonzero(flat.any(axis=1)).tolist() == missing


def dimmed(track: PoseTrack) -> PoseTrack:
    return replace(track, visibility=track.visibility * 0.4)


def vague(track: PoseTrack) -> PoseTrack:
    return read_as(track, SIGMA, 25.0)


def standing(camera: Camera | None = None, flaws: Flaws | None = None) -> PoseTrack:
    """Film somebody who only stands, one second."""
    return simulate([Move("stand", 1.0)], camera=camera, flaws=flaws, fps=10.0).track


ASIDE = Camera(yaw_deg=55)
CROWDED = Flaws(others=[(0.0, 1.0, 0.9)])


@pytest.mark.parametrize(
    ("track", "reason"),
    [
        (standing(), ""),
        (bare(standing()), ""),
        (standing(flaws=Flaws(missing_s=[(0.0, 1.0)])), "no_pose"),
        (standing(Camera(shift_px=(0, -300))), "out_of_frame"),
        (standing(flaws=CROWDED), "second_person"),
        (dimmed(standing()), "low_visibility"),
        (standing(ASIDE), "yaw"),
        (standing(Camera(yaw_deg=-55)), "yaw"),
        (bitten(bare(standing())), "edge_hidden"),
        (vague(standing()), "uncertain"),
        (vague(dimmed(standing(Camera(yaw_deg=55, shift_px=(0, -300)), CROWDED))), "out_of_frame"),
        (vague(dimmed(standing(ASIDE, CROWDED))), "second_person"),
        (vague(dimmed(standing(ASIDE))), "low_visibility"),
        (vague(standing(ASIDE)), "yaw"),
    ],
)
def test_each_reason_is_named_and_the_first_one_counts(track: PoseTrack, reason: str) -> None:
    assert (analysis.analyze(track).spine.reason == reason).all()


def test_every_reason_has_words() -> None:
    assert set(spine.REASON_TEXT) == set(spine.REASONS) - {""}
    assert max(map(len, spine.REASONS)) <= judged().spine.reason.dtype.itemsize // 4


def test_stricter_gates_leave_less() -> None:
    track = standing(Camera(yaw_deg=20))
    strict = Settings.from_mapping({"view": {"max_yaw_deg": 10}})
    assert analysis.analyze(track).spine.usable.all()
    assert not analysis.analyze(track, strict).spine.usable.any()
