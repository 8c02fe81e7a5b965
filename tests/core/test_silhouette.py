"""The silhouette and the edge of the back, against slow twins and the simulated body."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spineline.core import figure, silhouette
from spineline.core.figure import Camera, Posture
from spineline.core.silhouette import STATIONS
from spineline.core.sim import STYLES
from spineline.core.skeleton import Landmark
from spineline.core.track import SILHOUETTE_SIDE, Bools, Floats, PoseTrack
from tests import naive
from tests.core.scenes import blob, filmed, posed, random_landmarks

SEEDS = st.integers(0, 2**32 - 1)
FLOAT32 = 2e-5
"""The profile is read in single precision, and a share of a small step between two levels magnifies that."""


def placed(shoulder: tuple[float, float], hip: tuple[float, float]) -> Floats:
    """Give landmarks ``(33, 2)`` with the middles of shoulders and hips where asked."""
    points = np.zeros((33, 2))
    for marks, at in (("SHOULDER", shoulder), ("HIP", hip)):
        points[Landmark[f"LEFT_{marks}"]] = np.add(at, (3.0, -2.0))
        points[Landmark[f"RIGHT_{marks}"]] = np.subtract(at, (3.0, -2.0))
    return points


@given(SEEDS)
def test_facing_agrees_with_its_twin(seed: int) -> None:
    landmarks_px = random_landmarks(20, seed)
    assert silhouette.facing(landmarks_px).tolist() == [naive.facing(points) for points in landmarks_px]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("facing", [1, -1])
def test_a_simulated_lifter_faces_where_they_do(style: str, facing: int) -> None:
    assert (silhouette.facing(posed(style, facing=facing).track.landmarks_px) == facing).all()


@pytest.mark.parametrize(("seed", "facing", "at"), [(1, 1.0, (40.0, 50.0)), (2, -1.0, (5.5, 70.0)), (3, 0.0, (62, 3))])
def test_cut_silhouette_agrees_with_its_twin(seed: int, facing: float, at: tuple[float, float]) -> None:
    mask, points = blob(seed, 90, 70, 4.0), placed(at, (at[0], at[1] + 20))
    cut, step_px = silhouette.cut_silhouette(mask, points, facing)
    expected, expected_px = naive.cut_silhouette(mask.astype(np.float64), points, facing)
    assert step_px == pytest.approx(expected_px, abs=1e-9)
    assert cut.any()
    assert np.array_equal(cut, expected)


def test_no_mask_or_no_shoulder_gives_no_silhouette() -> None:
    points = placed((30, 30), (30, 50))
    for mask, marks in (
        (np.zeros((60, 60), dtype=np.float32), points),
        (np.ones((60, 60), dtype=np.float32), np.full((33, 2), np.nan)),
    ):
        cut, step_px = silhouette.cut_silhouette(mask, marks, 1.0)
        assert not cut.any()
        assert np.isnan(step_px)


def test_cut_silhouette_does_not_change_with_picture_size() -> None:
    mask = blob(7, 60, 60, 5.0)
    small, small_px = silhouette.cut_silhouette(mask, placed((29.5, 29.5), (29.5, 50)), 1.0)
    large = np.repeat(np.repeat(mask, 3, axis=0), 3, axis=1)
    big, big_px = silhouette.cut_silhouette(large, placed((89.5, 89.5), (89.5, 151)), 1.0)
    assert big_px == pytest.approx(3 * small_px)
    assert (big != small).mean() < 0.01


def along_px(track: PoseTrack, facing: Floats) -> Floats:
    """Vectors from shoulder to hip in silhouette pixels, ``(T, 2)``."""
    middle = [
        track.landmarks_px[:, [Landmark[f"LEFT_{part}"], Landmark[f"RIGHT_{part}"]]].mean(axis=1)
        for part in ("SHOULDER", "HIP")
    ]
    turned = np.stack([facing, np.ones_like(facing)], axis=1)
    return np.asarray((middle[1] - middle[0]) * turned / track.silhouette_scale_px[:, None])


def with_pictures(pictures: Bools, vectors: Floats) -> PoseTrack:
    """Give a track with these silhouettes, facing +x, and these vectors from shoulder to hip."""
    few = len(pictures)
    track = filmed().track
    names = ("time_s", "world_m", "visibility", "facing", "others", "spine_raw")
    return replace(
        track,
        **{name: getattr(track, name)[:few] for name in names},
        landmarks_px=np.array([placed((200, 200), (200 + x, 200 + y)) for x, y in vectors]),
        silhouette_bits=np.packbits(pictures.reshape(few, -1), axis=1),
        silhouette_scale_px=np.ones(few),
        plate_px=np.full((few, 4), np.nan),
    )


@settings(max_examples=2)
@given(SEEDS)
def test_profiles_agree_with_their_twin_on_ragged_pictures(seed: int) -> None:
    draw = np.random.default_rng(seed)
    side = SILHOUETTE_SIDE
    pictures = np.array([blob(seed + k, side, side, rough) > 0.45 for k, rough in enumerate([1.5, 10.0])])
    vectors = draw.uniform(15, 60, 2)[:, None] * np.stack([draw.uniform(-1, 0.3, 2), draw.uniform(0.3, 1, 2)], axis=1)
    track = with_pictures(pictures, vectors)
    for read, dorsal in ((silhouette.dorsal_profile, True), (silhouette.ventral_profile, False)):
        found = read(track, np.ones(2))
        expected = np.array([naive.profile(p, v, dorsal=dorsal) for p, v in zip(pictures, vectors, strict=True)])
        assert np.isfinite(found).any()
        np.testing.assert_allclose(found, expected, rtol=0, atol=FLOAT32)


@pytest.mark.parametrize(("style", "facing"), [("conventional", 1), ("back_squat", -1)])
def test_profiles_agree_with_their_twin_on_a_lifter(style: str, facing: int) -> None:
    track = filmed(style, 20.0, facing=facing).track
    back, front = silhouette.dorsal_profile(track, track.facing), silhouette.ventral_profile(track, track.facing)
    assert np.isfinite(back).all()
    pictures = silhouette.silhouettes(track, slice(None), track.facing)
    vectors = along_px(track, track.facing)
    i = 40
    np.testing.assert_allclose(back[i], naive.profile(pictures[i], vectors[i]), rtol=0, atol=FLOAT32)
    np.testing.assert_allclose(front[i], naive.profile(pictures[i], vectors[i], dorsal=False), rtol=0, atol=FLOAT32)


@pytest.mark.parametrize("style", ["conventional", "goblet_squat"])
def test_profile_is_where_the_simulated_back_is(style: str) -> None:
    done = filmed(style, 20.0)
    track = done.track
    profile = silhouette.dorsal_profile(track, track.facing)
    edge = (done.truth.edge_px - track.landmarks_px[:, [11, 12]].mean(axis=1)[:, None]) / track.silhouette_scale_px[
        :, None, None
    ]
    vectors = along_px(track, track.facing)
    length = np.hypot(*vectors.T)
    for i in range(0, len(track), 9):
        down = vectors[i] / length[i]
        station = edge[i] @ down / length[i]
        away = edge[i] @ np.array([-down[1], down[0]]) / length[i]
        between = (STATIONS > 0.02) & (STATIONS < 0.98)
        np.testing.assert_allclose(profile[i, between], np.interp(STATIONS[between], station, away), atol=0.02)


def test_a_frame_stored_the_other_way_round_is_turned() -> None:
    track = filmed().track
    frame = slice(40, 41)
    right = silhouette.silhouettes(track, frame, track.facing)[0]
    bits = np.array(track.silhouette_bits)
    bits[40] = np.packbits(right[:, ::-1])
    facing = track.facing.copy()
    facing[40] = -1.0  # as if this one frame had been taken for facing left
    wrong = replace(track, silhouette_bits=bits, facing=facing)
    assert np.array_equal(silhouette.silhouettes(wrong, frame, track.facing)[0], right)
    np.testing.assert_array_equal(
        silhouette.dorsal_profile(wrong, track.facing), silhouette.dorsal_profile(track, track.facing)
    )


def test_missing_frames_have_no_profile_and_touch_no_other() -> None:
    track = filmed().track
    landmarks_px = track.landmarks_px.copy()
    landmarks_px[[3, 50]] = np.nan
    others = np.delete(np.arange(len(track)), [3, 50])
    for read in (silhouette.dorsal_profile, silhouette.ventral_profile):
        whole = read(track, track.facing)
        found = read(replace(track, landmarks_px=landmarks_px), track.facing)
        assert np.isnan(found[[3, 50]]).all()
        np.testing.assert_array_equal(found[others], whole[others])


def test_long_recordings_are_cut_in_parts_without_seams() -> None:
    track = filmed().track
    picked = np.resize(np.arange(len(track)), 2 * silhouette._CHUNK + 3)
    long = replace(
        track,
        time_s=np.arange(len(picked)) / 20,
        **{
            name: getattr(track, name)[picked]
            for name in ("landmarks_px", "world_m", "visibility", "silhouette_bits", "silhouette_scale_px", "plate_px")
        },
        **{name: getattr(track, name)[picked] for name in ("facing", "others", "spine_raw")},
    )
    whole = silhouette.dorsal_profile(track, track.facing)
    np.testing.assert_array_equal(silhouette.dorsal_profile(long, long.facing), whole[picked])


@pytest.mark.parametrize(("facing", "yaw_deg"), [(1, 0.0), (-1, 0.0), (1, 25.0)])
def test_simulated_silhouettes_are_what_cutting_a_picture_gives(facing: int, yaw_deg: float) -> None:
    camera = Camera(facing=facing, yaw_deg=yaw_deg, px_per_m=250.0, image_size_px=(640, 640))
    one = np.ones(1)
    posture = Posture(40 * one, 70 * one, 20 * one, 45 * one, -10 * one, *[0 * one] * 7)
    body = figure.build(posture)
    outlines_px = [figure.in_picture(outline, camera) for outline in figure.outlines(body)]
    landmarks_px, _ = figure.landmarks(body, camera)
    bits, scale_px = figure.silhouettes(outlines_px, landmarks_px, facing)
    mask = figure.filled([outline + 0.5 for outline in outlines_px], 640)[0].astype(np.float32)
    cut, step_px = silhouette.cut_silhouette(mask, landmarks_px[0], facing)
    assert scale_px[0] == pytest.approx(step_px, rel=0.01)
    drawn = np.unpackbits(bits[0]).astype(np.bool_).reshape(cut.shape)
    assert (drawn != cut).sum() < 0.02 * cut.sum()
