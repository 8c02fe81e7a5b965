"""The newest frame: a filter over the whole past, cut to the last seconds, and late by what is documented."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.figure import Camera
from spineline.core.moment import Moment, lag_s, newest
from spineline.core.reading import read_pose, read_spine
from spineline.core.reference import Reference
from spineline.core.settings import Settings
from spineline.core.sim import STYLES, Flaws, Move, lift, simulate
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.core.track import Floats, PoseTrack
from tests.core.scenes import delayed, head_of, mirrored, posed, scaled, shifted

SETTINGS = Settings()
WINDOW_S = SETTINGS.live.window_s
OWN = Reference(3.0, 1.0, "standing", 30, 10.0)
NOBODYS = Reference(0.0, 5.0, "population", 0)
NUMBERS = ("time_s", "change_deg", "sigma_deg", "trunk_deg", "points_px", "hip_px", "plate_px")

FLAWS = Flaws(noise_px=2.0, seed=5, missing_s=[(3.2, 3.3), (4.0, 4.5), (6.9, 7.05)], others=[(5.2, 5.4, 0.9)])


@cache
def filmed(style: str) -> PoseTrack:
    """Film a rounded set with jitter, with gaps short and long, and with somebody who walks through."""
    script = lift(style, reps=2, rounding_deg=15.0)
    return simulate(script, style=style, fps=20.0, flaws=FLAWS, silhouettes=False).track


def last_seconds(track: PoseTrack, frame: int, seconds: float = WINDOW_S) -> PoseTrack:
    """Return what is handed over when a frame is the newest."""
    first = int(np.searchsorted(track.time_s, track.time_s[frame] - seconds))
    return head_of(track, frame + 1, first=first)


def all_at_once(track: PoseTrack, reference: Reference) -> tuple[Floats, Floats, Floats]:
    """Filter the whole track forwards: change, its sigma, and the lean of the trunk, each ``(T,)``."""
    pose = read_pose(track, SETTINGS, causal=True)
    change_deg, sigma_deg = reference.change(read_spine(track, pose, SETTINGS, causal=True))
    return change_deg, sigma_deg, pose.angles.trunk_deg


def assert_same(one: Moment, other: Moment, atol: float = 1e-9) -> None:
    for name in NUMBERS:
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=0, atol=atol, err_msg=name)
    assert one.reason == other.reason


@pytest.mark.parametrize("reference", [OWN, NOBODYS], ids=lambda reference: reference.source)
@pytest.mark.parametrize("style", STYLES)
def test_the_last_seconds_say_what_the_whole_past_says(style: str, reference: Reference) -> None:
    track = filmed(style)
    expected = all_at_once(track, reference)
    frames = np.random.default_rng(len(style)).choice(len(track), 40, replace=False)
    measured = 0
    for frame in frames:
        moment = newest(last_seconds(track, frame), reference, SETTINGS)
        found = (moment.change_deg, moment.sigma_deg, moment.trunk_deg)
        np.testing.assert_allclose(found, [each[frame] for each in expected], rtol=0, atol=1e-6)
        assert moment.time_s == track.time_s[frame]
        measured += np.isfinite(moment.change_deg)
    assert measured > 20


@given(st.integers(0, 10**9))
def test_what_comes_before_the_window_does_not_matter(seed: int) -> None:
    track = filmed("back_squat")
    rng = np.random.default_rng(seed)
    frame = int(rng.integers(60, len(track)))
    first = int(np.searchsorted(track.time_s, track.time_s[frame] - WINDOW_S))
    raw = track.spine_raw.copy()
    raw[:first] += rng.uniform(-10.0, 10.0, (first, 1))
    longer = head_of(replace(track, spine_raw=raw), frame + 1)
    one, other = (newest(each, OWN, SETTINGS) for each in (longer, last_seconds(track, frame)))
    np.testing.assert_allclose(one.change_deg, other.change_deg, rtol=0, atol=1e-6)


@pytest.mark.parametrize("fps", [10.0, 15.0, 30.0, 60.0])
def test_a_steady_change_is_followed_late_by_the_lag(fps: float) -> None:
    rate_deg_s = 6.0
    track = simulate([Move("stand", 4.0)], fps=fps, silhouettes=False).track
    raw = track.spine_raw.copy()
    raw[:, 3] = OWN.bend_deg + rate_deg_s * track.time_s
    moment = newest(last_seconds(replace(track, spine_raw=raw), len(track) - 1), OWN, SETTINGS)
    late_s = moment.time_s - moment.change_deg / rate_deg_s
    assert late_s == pytest.approx(lag_s(SETTINGS.filters), rel=0.1)


def test_what_does_not_change_is_told_as_it_is() -> None:
    track = simulate([Move("stand", 3.0)], fps=20.0, silhouettes=False).track
    raw = track.spine_raw.copy()
    raw[:, 3] = OWN.bend_deg + 7.0
    moment = newest(replace(track, spine_raw=raw), OWN, SETTINGS)
    assert moment.change_deg == pytest.approx(7.0)
    expected_deg = np.hypot(OWN.sigma_deg, SETTINGS.filters.bend_sigma_left * raw[-1, 4])
    assert moment.sigma_deg == pytest.approx(expected_deg)
    assert moment.points_px.shape == (len(SPINE_POINTS), 2)
    np.testing.assert_allclose(moment.plate_px, track.plate_px[-1, :2])


# Not measured


@pytest.mark.parametrize("frame_rate", [12.5, 30.0])
@pytest.mark.parametrize(
    ("flaws", "camera", "reason"),
    [
        (Flaws(missing_s=[(1.8, 3.0)]), Camera(), "no_pose"),
        (Flaws(others=[(1.8, 3.0, 0.9)]), Camera(), "second_person"),
        (Flaws(), Camera(yaw_deg=60.0), "yaw"),
        (Flaws(), Camera(yaw_deg=-60.0), "yaw"),
    ],
)
def test_what_is_not_measured_has_its_reason(flaws: Flaws, camera: Camera, reason: str, frame_rate: float) -> None:
    track = simulate([Move("stand", 2.0)], fps=frame_rate, flaws=flaws, camera=camera, silhouettes=False).track
    moment = newest(track, OWN, SETTINGS)
    assert moment.reason == reason
    assert np.isnan([moment.change_deg, moment.sigma_deg]).all()
    assert np.isnan(moment.points_px).all()
    assert np.isfinite(moment.hip_px).all() == (reason != "no_pose")


def test_a_back_that_cannot_be_read_has_its_reason() -> None:
    track = posed("back_squat").track
    unread = replace(track, spine_raw=np.full_like(track.spine_raw, np.nan))
    outside = shifted(track, -round(track.landmarks_px[-1, Landmark.LEFT_SHOULDER, 0]) - 200, 0)
    dim = replace(track, visibility=np.full_like(track.visibility, 0.05))
    found = [newest(each, OWN, SETTINGS) for each in (unread, outside, dim)]
    assert [moment.reason for moment in found] == ["uncertain", "out_of_frame", "low_visibility"]
    assert np.isnan([moment.change_deg for moment in found]).all()
    assert np.isfinite([moment.trunk_deg for moment in found]).all()


def test_what_is_measured_has_no_reason() -> None:
    track = filmed("conventional")
    for frame in range(0, len(track), 7):
        moment = newest(last_seconds(track, frame), OWN, SETTINGS)
        assert np.isfinite(moment.change_deg) == (moment.reason == "")
        assert np.isfinite(moment.sigma_deg) == (moment.reason == "")


@pytest.mark.parametrize("style", ["conventional", "goblet_squat"])
def test_a_single_frame_is_told_as_it_was_seen(style: str) -> None:
    track = head_of(posed(style).track, 1)
    moment = newest(track, OWN, SETTINGS)
    assert moment.reason == ""
    assert moment.change_deg == pytest.approx(track.spine_raw[0, 3] - OWN.bend_deg)


@pytest.mark.parametrize("frames", [1, 2, 40])
@pytest.mark.parametrize("reading", [True, False], ids=["read", "by the edge"])
def test_nobody_in_the_picture(frames: int, reading: bool) -> None:
    track = simulate([Move("stand", 2.0)], fps=20.0, flaws=Flaws(missing_s=[(0.0, 9.0)])).track
    track = head_of(track if reading else replace(track, spine_raw=np.empty((len(track), 0))), frames)
    moment = newest(track, OWN, SETTINGS)
    assert moment.reason == "no_pose"
    assert np.isnan([moment.change_deg, moment.sigma_deg, moment.trunk_deg, *moment.hip_px]).all()


def test_after_a_long_gap_nothing_from_before_it_is_left() -> None:
    track = simulate([Move("stand", 3.0)], fps=20.0, flaws=Flaws(missing_s=[(1.0, 1.4)]), silhouettes=False).track
    raw = track.spine_raw.copy()
    raw[:, 3] = np.where(track.time_s < 1.2, 50.0, 12.0)
    for frame in np.flatnonzero(track.time_s > 1.45):
        moment = newest(last_seconds(replace(track, spine_raw=raw), int(frame)), OWN, SETTINGS)
        assert moment.change_deg == pytest.approx(12.0 - OWN.bend_deg)


# What must not matter


@given(st.integers(0, 10**9), st.sampled_from([0.2, 0.5, 1.7]), st.integers(-300, 300))
def test_mirror_pixels_place_and_clock_change_nothing(seed: int, factor: float, by_px: int) -> None:
    track = filmed("conventional")
    part = last_seconds(track, int(np.random.default_rng(seed).integers(len(track))))
    expected = newest(part, OWN, SETTINGS)
    width_px = track.image_size_px[0]
    turned, bigger, later = (
        newest(each, OWN, SETTINGS) for each in (mirrored(part), scaled(part, factor), delayed(part, 1000.0))
    )

    def moved(moment: Moment, scale: tuple[float, float], by: tuple[float, float]) -> Moment:
        marks = {name: getattr(moment, name) * scale + by for name in ("points_px", "hip_px", "plate_px")}
        return replace(moment, **marks)

    assert_same(turned, moved(expected, (-1.0, 1.0), (width_px, 0.0)), atol=1e-6)
    assert_same(bigger, moved(expected, (factor, factor), (0.0, 0.0)), atol=1e-6)
    assert_same(replace(later, time_s=expected.time_s), expected, atol=1e-6)
    room = shifted(part, abs(by_px), abs(by_px))
    assert_same(newest(room, OWN, SETTINGS), moved(expected, (1.0, 1.0), (abs(by_px), abs(by_px))), atol=1e-6)


def test_no_array_of_the_track_is_changed() -> None:
    track = last_seconds(filmed("conventional"), 100)
    before = {name: getattr(track, name).copy() for name in ("landmarks_px", "spine_raw", "plate_px", "facing")}
    newest(track, OWN, SETTINGS)
    for name, values in before.items():
        np.testing.assert_array_equal(getattr(track, name), values)
