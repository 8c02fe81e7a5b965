"""The curve along the back, against a slow twin and a back whose curvature is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core import analysis, silhouette, spine
from spineline.core.figure import Camera
from spineline.core.settings import Settings
from spineline.core.silhouette import STATIONS
from spineline.core.sim import THORACIC_EDGE_DEG, Flaws, Move, lift, simulate
from spineline.core.skeleton import SPINE_POINTS
from spineline.core.track import Floats, PoseTrack
from tests import naive
from tests.core.scenes import bare, edged, filmed, judged, mirrored, scaled

SEEDS = st.integers(0, 2**32 - 1)
ENDS = np.array([0.07, 0.60, 0.95])
"""C7, T12 and S1 along the line shoulder - hip."""


@given(SEEDS)
def test_fit_agrees_with_its_twin(seed: int) -> None:
    draw = np.random.default_rng(seed)
    profile = draw.uniform(0.05, 0.4, 6)[:, None] + 0.05 * draw.normal(0, 1, (6, STATIONS.size))
    profile[2, draw.integers(2, STATIONS.size)] = np.nan
    profile[3] = np.nan
    profile[4, :2] = np.nan  # above the fitted part
    curve = spine.fit_curve(profile)
    found = curve.tangents_deg(ENDS)
    for i in range(6):
        tangents, residual = naive.curve(profile[i], ENDS.tolist())
        np.testing.assert_allclose(found[i], tangents, rtol=0, atol=1e-8)
        np.testing.assert_allclose(curve.residual[i], residual, rtol=0, atol=1e-9)
    assert np.isnan(found[2:4]).all()
    assert np.isfinite(found[[0, 1, 4, 5]]).all()


def test_a_straight_back_has_no_curvature() -> None:
    slope = 0.3
    curve = spine.fit_curve((0.2 + slope * STATIONS)[None])
    np.testing.assert_allclose(curve.tangents_deg(ENDS), np.degrees(np.arctan(slope)), atol=1e-9)
    np.testing.assert_allclose(curve.distance(ENDS)[0], 0.2 + slope * ENDS, atol=1e-12)
    assert curve.residual[0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("style", ["conventional", "romanian", "back_squat"])
@pytest.mark.parametrize(("yaw_deg", "bias_deg"), [(0.0, 5.0), (20.0, 8.0)])
def test_curvature_follows_the_simulated_back(style: str, yaw_deg: float, bias_deg: float) -> None:
    done = filmed(style, 25.0, yaw_deg=yaw_deg)
    c7, t12, s1 = spine.fit_curve(silhouette.dorsal_profile(done.track, done.track.facing)).tangents_deg(ENDS).T
    # A polynomial rounds the corners off: a steady bias, which a calibration takes out. The rest is the coarse grid of
    # the silhouette; the lumbar part ends where the fit does, and feels it most.
    for found, true, spread_deg in (
        (c7 - t12, done.truth.thoracic_edge_deg, 4.0),
        (t12 - s1, done.truth.lumbar_edge_deg, 5.0),
    ):
        miss = found - true
        assert abs(np.median(miss)) < bias_deg
        assert np.percentile(np.abs(miss - np.median(miss)), 95) < spread_deg


@pytest.mark.parametrize("style", ["romanian", "goblet_squat"])
def test_change_is_found_whatever_the_lumbar_spine_does(style: str) -> None:
    script = [
        Move("stand", 1.5, 0.0, THORACIC_EDGE_DEG, -25.0),
        Move("descend", 1.5, 1.0, THORACIC_EDGE_DEG, 5.0),
        Move("bottom", 1.5),
    ]
    measured = analysis.analyze(bare(simulate(script, style=style, fps=15.0).track)).spine
    assert abs(measured.thoracic_deg[-15:].mean() - measured.thoracic_deg[:15].mean()) < 3.0
    assert measured.lumbar_deg[-15:].mean() - measured.lumbar_deg[:15].mean() == pytest.approx(30.0, abs=4.0)


@given(SEEDS)
def test_the_frame_of_the_trunk_places_and_finds_points(seed: int) -> None:
    draw = np.random.default_rng(seed)
    landmarks_px, facing = draw.uniform(0, 500, (4, 33, 2)), draw.choice([-1.0, 1.0], 4)
    trunk = spine.trunk_frame(landmarks_px, facing)
    hip = landmarks_px[:, [23, 24]].mean(axis=1)
    np.testing.assert_allclose(trunk.place(hip), [[1.0, 0.0]] * 4, atol=1e-9)
    station, distance = draw.normal(0, 1, (2, 4, 5))
    pixels = trunk.pixel(station, distance)
    for k in range(5):
        found = trunk.place(pixels[:, k])
        np.testing.assert_allclose(found, np.stack([station[:, k], distance[:, k]], axis=1), atol=1e-9)


@pytest.mark.parametrize("facing", [1, -1])
@pytest.mark.parametrize("style", ["conventional", "front_squat"])
def test_spine_points_lie_in_the_back_from_head_to_sacrum(style: str, facing: int) -> None:
    done = filmed(style, 10.0, facing=facing)
    points_px = analysis.analyze(done.track).spine.points_px
    assert np.isfinite(points_px).all()
    down = done.truth.edge_px[:, -1] - done.truth.edge_px[:, 0]
    length = np.linalg.norm(down, axis=1)
    along = np.einsum("tnd,td->tn", points_px - done.truth.edge_px[:, :1], down / length[:, None])
    order = [SPINE_POINTS.index(name) for name in ("C7", "T3", "T8", "L1", "L3", "L5", "S1")]
    assert (np.diff(along[:, order], axis=1) > 0).all()
    for i in range(0, len(points_px), 7):
        gaps = np.linalg.norm(points_px[i, :, None] - done.truth.edge_px[i], axis=2).min(axis=1) / length[i]
        assert (gaps[3:] > 0.02).all(), "under the skin"
        assert (gaps[2:] < 0.35).all(), "and not out in front"


def test_estimate_is_nan_exactly_where_it_is_not_usable() -> None:
    script = lift("conventional", reps=2)
    flaws = Flaws(missing_s=[(3.0, 3.6), (6.0, 6.1)], others=[(4.5, 5.0, 0.8)])
    measured = analysis.analyze(simulate(script, flaws=flaws, fps=12.5).track).spine
    assert 0 < measured.usable.mean() < 1
    assert np.array_equal(measured.usable, measured.reason == "")
    for values in (measured.thoracic_deg, measured.lumbar_deg, measured.sigma_deg):
        assert np.array_equal(np.isfinite(values), measured.usable)
    assert measured.points_px.shape == (len(measured.usable), 9, 2)
    assert np.array_equal(np.isfinite(measured.points_px).all(axis=(1, 2)), measured.usable)
    assert np.isnan(measured.points_px[~measured.usable]).all()


def bitten(track: PoseTrack) -> PoseTrack:
    """Hide the middle of the back, as an arm or a plate would."""
    pictures = silhouette.silhouettes(track, slice(None), track.facing)
    pictures[:, 78:92, :60] = False
    return replace(track, silhouette_bits=np.packbits(pictures.reshape(len(track), -1), axis=1))


def dimmed(track: PoseTrack) -> PoseTrack:
    return replace(track, visibility=track.visibility * 0.4)


def standing(camera: Camera | None = None, flaws: Flaws | None = None) -> PoseTrack:
    """Film somebody who only stands, one second."""
    return simulate([Move("stand", 1.0)], camera=camera, flaws=flaws, fps=10.0).track


@pytest.mark.parametrize(
    ("track", "reason"),
    [
        (standing(), ""),
        (standing(flaws=Flaws(missing_s=[(0.0, 1.0)])), "no_pose"),
        (standing(Camera(shift_px=(0, -300))), "out_of_frame"),
        (standing(flaws=Flaws(others=[(0.0, 1.0, 0.9)])), "second_person"),
        (dimmed(standing()), "low_visibility"),
        (standing(Camera(yaw_deg=55)), "yaw"),
        (standing(Camera(yaw_deg=-55)), "yaw"),
        (bitten(standing()), "edge_hidden"),
        (dimmed(standing(Camera(yaw_deg=55, shift_px=(0, -300)), Flaws(others=[(0.0, 1.0, 0.9)]))), "out_of_frame"),
        (dimmed(standing(Camera(yaw_deg=55), Flaws(others=[(0.0, 1.0, 0.9)]))), "second_person"),
    ],
)
def test_each_reason_is_named_and_the_first_one_counts(track: PoseTrack, reason: str) -> None:
    assert (analysis.analyze(track).spine.reason == reason).all()


def test_every_reason_has_words() -> None:
    assert set(spine.REASON_TEXT) == set(spine.REASONS) - {""}
    assert max(map(len, spine.REASONS)) <= judged().spine.reason.dtype.itemsize // 4


@pytest.mark.parametrize("facing", [1, -1])
def test_thoracic_change_is_the_true_one(facing: int) -> None:
    done, found = filmed("back_squat", 20.0, facing=facing), edged("back_squat", 20.0, facing=facing)
    true: Floats = done.truth.thoracic_edge_deg - THORACIC_EDGE_DEG
    miss = found.thoracic_change_deg - true
    assert np.abs(miss).max() < 4.0


def test_stricter_gates_leave_less() -> None:
    track = standing(Camera(yaw_deg=20))
    strict = Settings.from_mapping({"view": {"max_yaw_deg": 10}})
    assert analysis.analyze(track).spine.usable.all()
    assert not analysis.analyze(track, strict).spine.usable.any()


def test_a_models_reading_is_taken_where_there_is_one() -> None:
    track = filmed("goblet_squat", 20.0).track
    facing, zero = track.facing, np.zeros(len(track))
    view = Settings().view
    read = spine.estimate(track, facing, zero, track.seen, view)
    np.testing.assert_array_equal(
        np.stack([read.thoracic_deg, read.lumbar_deg, read.sigma_deg], axis=1)[read.usable],
        track.spine_raw[read.usable],
    )
    alone = spine.estimate(bare(track), facing, zero, track.seen, view)
    assert np.abs(alone.thoracic_deg - read.thoracic_deg).min() > 10
    for name in ("usable", "reason", "points_px"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(read, name))


@pytest.mark.parametrize("facing", [1, -1])
def test_features_agree_with_their_twin(facing: int) -> None:
    track = filmed("conventional", 20.0, facing=facing).track
    profile = silhouette.dorsal_profile(track, track.facing)
    found = spine.features(track.landmarks_px, track.facing, spine.fit_curve(profile))
    for i in range(0, len(track), 11):
        expected = naive.features(track.landmarks_px[i], float(facing), profile[i])
        np.testing.assert_allclose(found[i], expected, rtol=0, atol=1e-8)


def test_a_spine_model_is_a_line_over_its_input() -> None:
    track = simulate(lift("romanian", reps=1), style="romanian", fps=5.0, flaws=Flaws(missing_s=[(1.0, 1.5)])).track
    read = spine.model_input(track, track.facing)
    draw = np.random.default_rng(3)
    model = spine.SpineModel(draw.normal(0, 1, 2), draw.normal(0, 0.1, (2, read.shape[1])), sigma_deg=4.0)
    found = model.read(track, track.facing)
    assert np.array_equal(np.isfinite(found).all(axis=1), track.seen)
    assert np.array_equal(np.isnan(found).all(axis=1), ~track.seen)
    for i in np.flatnonzero(track.seen)[::5]:
        for k in range(2):
            expected = model.offset_deg[k] + sum(w * v for w, v in zip(model.weights[k], read[i], strict=True))
            assert found[i, k] == pytest.approx(expected, abs=1e-9)
        assert found[i, 2] == 4.0
    # What it reads does not change with the size of the picture, and hardly with the side that is filmed.
    np.testing.assert_allclose(spine.model_input(scaled(track, 3.0), track.facing), read, atol=1e-6)
    np.testing.assert_allclose(spine.model_input(mirrored(track), -track.facing), read, atol=1e-6)


def plated(track: PoseTrack) -> PoseTrack:
    """Hang a plate at the hands, as wide as 0.45 m."""
    pictures = silhouette.silhouettes(track, slice(None), track.facing)
    hands = track.landmarks_px[:, [15, 16]].mean(axis=1) - track.landmarks_px[:, [11, 12]].mean(axis=1)
    middle = hands * np.stack([track.facing, np.ones(len(track))], axis=1) / track.silhouette_scale_px[:, None] + 63.5
    row, col = np.mgrid[:128, :128]
    radius = 0.225 * 400 / track.silhouette_scale_px[:, None, None]
    pictures |= np.hypot(col - middle[:, 0, None, None], row - middle[:, 1, None, None]) < radius
    return replace(track, silhouette_bits=np.packbits(pictures.reshape(len(track), -1), axis=1))


def test_a_plate_at_the_hips_spoils_standing_and_not_the_bottom() -> None:
    done = filmed("romanian")
    reason = analysis.analyze(plated(done.track)).spine.reason
    assert (reason[done.truth.depth < 0.02] == "edge_hidden").all()
    assert (reason[done.truth.depth > 0.9] == "").all()
    assert (judged("romanian").spine.reason == "").all()


@pytest.mark.usefixtures("real_calibration")
@pytest.mark.parametrize("style", ["conventional", "back_squat", "romanian"])
def test_the_real_calibration_ranks_simulated_backs(style: str) -> None:
    found = []
    for more_deg in (0.0, 10.0, 20.0, 30.0):
        script = [Move("bottom", 0.3, 1.0, THORACIC_EDGE_DEG + more_deg)]
        found.append(analysis.analyze(bare(simulate(script, style=style, fps=10.0).track)).spine.thoracic_deg[0])
    # The figure has no flesh and moves no shoulder blades, so that only the direction and the size can be right.
    assert ((np.diff(found) > 2) & (np.diff(found) < 10)).all()
