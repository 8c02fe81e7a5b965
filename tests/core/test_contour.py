"""The curve along the back, against slow twins and a back whose curvature is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core import analysis, contour, silhouette
from spineline.core.silhouette import STATIONS
from spineline.core.sim import THORACIC_EDGE_DEG, Flaws, Move, lift, simulate
from spineline.core.skeleton import SPINE_POINTS
from spineline.core.track import RAW, Floats
from tests import naive
from tests.core.scenes import bare, bitten, edged, filmed, mirrored, plated, scaled

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
    curve = contour.fit_curve(profile)
    found = curve.tangents_deg(ENDS)
    for i in range(6):
        tangents, residual = naive.curve(profile[i], ENDS.tolist())
        np.testing.assert_allclose(found[i], tangents, rtol=0, atol=1e-8)
        np.testing.assert_allclose(curve.residual[i], residual, rtol=0, atol=1e-9)
    assert np.isnan(found[2:4]).all()
    assert np.isfinite(found[[0, 1, 4, 5]]).all()


def test_a_straight_back_has_no_curvature() -> None:
    slope = 0.3
    curve = contour.fit_curve((0.2 + slope * STATIONS)[None])
    np.testing.assert_allclose(curve.tangents_deg(ENDS), np.degrees(np.arctan(slope)), atol=1e-9)
    np.testing.assert_allclose(curve.distance(ENDS)[0], 0.2 + slope * ENDS, atol=1e-12)
    assert curve.residual[0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("style", ["conventional", "romanian", "back_squat"])
@pytest.mark.parametrize(("yaw_deg", "bias_deg"), [(0.0, 5.0), (20.0, 8.0)])
def test_curvature_follows_the_simulated_back(style: str, yaw_deg: float, bias_deg: float) -> None:
    done = filmed(style, 25.0, yaw_deg=yaw_deg)
    c7, t12, s1 = contour.fit_curve(silhouette.dorsal_profile(done.track, done.track.facing)).tangents_deg(ENDS).T
    # A polynomial rounds the corners off: a steady bias, which a calibration takes out. The rest is the coarse grid of
    # the silhouette; the lumbar part ends where the fit does, and feels it most.
    for found, true, spread_deg in (
        (c7 - t12, done.truth.thoracic_edge_deg, 4.0),
        (t12 - s1, done.truth.lumbar_edge_deg, 5.0),
    ):
        miss = found - true
        assert abs(np.median(miss)) < bias_deg
        assert np.percentile(np.abs(miss - np.median(miss)), 95) < spread_deg


@pytest.mark.parametrize("facing", [1, -1])
def test_features_agree_with_their_twin(facing: int) -> None:
    track = filmed("conventional", 20.0, facing=facing).track
    profile = silhouette.dorsal_profile(track, track.facing)
    found = contour.features(track.landmarks_px, track.facing, contour.fit_curve(profile))
    for i in range(0, len(track), 11):
        expected = naive.features(track.landmarks_px[i], float(facing), profile[i])
        np.testing.assert_allclose(found[i], expected, rtol=0, atol=1e-8)


@pytest.mark.usefixtures("real_calibration")
@pytest.mark.parametrize("spoilt", ["nothing", "bitten", "plated"])
@pytest.mark.parametrize("facing", [1, -1])
def test_a_reading_agrees_with_its_twin(facing: int, spoilt: str) -> None:
    track = filmed("romanian", facing=facing).track
    track = bitten(track) if spoilt == "bitten" else plated(track) if spoilt == "plated" else track
    back, front = silhouette.dorsal_profile(track, track.facing), silhouette.ventral_profile(track, track.facing)
    raw, hidden = contour.read(track, track.facing)
    assert raw.shape == (len(track), RAW)
    assert hidden.any() == (spoilt != "nothing")
    for i in range(0, len(track), 7):
        expected, expected_hidden = naive.read_contour(track.landmarks_px[i], float(facing), back[i], front[i])
        np.testing.assert_allclose(raw[i], expected, rtol=0, atol=1e-7)
        assert hidden[i] == expected_hidden


def test_what_is_missing_is_hidden_and_touches_no_other() -> None:
    track = filmed("romanian", 20.0).track
    landmarks_px, gone = track.landmarks_px.copy(), np.zeros(len(track), dtype=np.bool_)
    gone[30:33] = True
    landmarks_px[gone] = np.nan
    whole, _ = contour.read(track, track.facing)
    raw, hidden = contour.read(replace(track, landmarks_px=landmarks_px), track.facing)
    assert np.array_equal(hidden, gone)
    assert np.isnan(raw[gone, :2]).all()
    np.testing.assert_array_equal(raw[~gone], whole[~gone])


def test_no_frame_at_all_is_read_to_nothing() -> None:
    track = simulate([Move("stand", 1.0)], time_s=np.empty(0)).track
    raw, hidden = contour.read(bare(track), track.facing)
    assert (raw.shape, hidden.shape) == ((0, RAW), (0,))


def test_size_and_mirror_of_the_picture_change_nothing() -> None:
    track = filmed("goblet_squat", 20.0).track
    raw, hidden = contour.read(track, track.facing)
    for other in (scaled(track, 3.0), scaled(track, 0.4), mirrored(track)):
        found, found_hidden = contour.read(other, other.facing)
        np.testing.assert_allclose(found, raw, rtol=0, atol=1e-6)
        assert np.array_equal(found_hidden, hidden)


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


@pytest.mark.parametrize("facing", [1, -1])
def test_thoracic_change_is_the_true_one(facing: int) -> None:
    done, found = filmed("back_squat", 20.0, facing=facing), edged("back_squat", 20.0, facing=facing)
    true: Floats = done.truth.thoracic_edge_deg - THORACIC_EDGE_DEG
    assert np.abs(found.thoracic_change_deg - true).max() < 4.0


@pytest.mark.parametrize("facing", [1, -1])
@pytest.mark.parametrize("style", ["conventional", "front_squat"])
def test_spine_points_lie_in_the_back_from_head_to_sacrum(style: str, facing: int) -> None:
    truth, points_px = filmed(style, 10.0, facing=facing).truth, edged(style, 10.0, facing=facing).spine.points_px
    assert np.isfinite(points_px).all()
    down = truth.edge_px[:, -1] - truth.edge_px[:, 0]
    length = np.linalg.norm(down, axis=1)
    along = np.einsum("tnd,td->tn", points_px - truth.edge_px[:, :1], down / length[:, None])
    order = [SPINE_POINTS.index(name) for name in ("C7", "T3", "T8", "L1", "L3", "L5", "S1")]
    assert (np.diff(along[:, order], axis=1) > 0).all()
    for i in range(0, len(points_px), 7):
        gaps = np.linalg.norm(points_px[i, :, None] - truth.edge_px[i], axis=2).min(axis=1) / length[i]
        assert (gaps[3:] > 0.02).all(), "under the skin"
        assert (gaps[2:] < 0.35).all(), "and not out in front"


def test_a_plate_at_the_hips_spoils_standing_and_not_the_bottom() -> None:
    done = filmed("romanian")
    reason = analysis.analyze(bare(plated(done.track))).spine.reason
    assert (reason[done.truth.depth < 0.02] == "edge_hidden").all()
    assert (reason[done.truth.depth > 0.9] == "").all()
    assert (edged("romanian").spine.reason == "").all()


@pytest.mark.usefixtures("real_calibration")
@pytest.mark.parametrize("style", ["conventional", "back_squat", "romanian"])
def test_the_real_calibration_ranks_simulated_backs(style: str) -> None:
    found = []
    for more_deg in (0.0, 10.0, 20.0, 30.0):
        script = [Move("bottom", 0.3, 1.0, THORACIC_EDGE_DEG + more_deg)]
        found.append(analysis.analyze(bare(simulate(script, style=style, fps=10.0).track)).spine.thoracic_deg[0])
    # The figure has no flesh and moves no shoulder blades, so that only the direction and the size can be right.
    assert ((np.diff(found) > 2) & (np.diff(found) < 10)).all()


def test_estimate_is_nan_exactly_where_it_is_not_usable() -> None:
    flaws = Flaws(missing_s=[(3.0, 3.6), (6.0, 6.1)], others=[(4.5, 5.0, 0.8)])
    measured = analysis.analyze(bare(simulate(lift("conventional", reps=2), flaws=flaws, fps=12.5).track)).spine
    assert 0 < measured.usable.mean() < 1
    assert np.array_equal(measured.usable, measured.reason == "")
    for values in (measured.thoracic_deg, measured.lumbar_deg, measured.sigma_deg):
        assert np.array_equal(np.isfinite(values), measured.usable)
    assert np.array_equal(np.isfinite(measured.points_px).all(axis=(1, 2)), measured.usable)
    assert np.isnan(measured.points_px[~measured.usable]).all()
