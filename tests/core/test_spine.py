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
from tests.core.scenes import filmed, judged

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
    measured = analysis.analyze(simulate(script, style=style, fps=15.0).track).spine
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
    done, found = filmed("back_squat", 20.0, facing=facing), judged("back_squat", 20.0, facing=facing)
    true: Floats = done.truth.thoracic_edge_deg - THORACIC_EDGE_DEG
    miss = found.thoracic_change_deg - true
    assert np.abs(miss).max() < 4.0


def test_stricter_gates_leave_less() -> None:
    track = standing(Camera(yaw_deg=20))
    strict = Settings.from_mapping({"view": {"max_yaw_deg": 10}})
    assert analysis.analyze(track).spine.usable.all()
    assert not analysis.analyze(track, strict).spine.usable.any()
