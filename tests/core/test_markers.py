"""Points for other programs: their names, what is missing, and metres only where they can be told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spineline.core.analysis import Analysis, analyze
from spineline.core.figure import Camera
from spineline.core.markers import MARKERS, markers_m, markers_px, without_metres
from spineline.core.sim import lift, simulate
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.core.strain import Stated
from spineline.core.track import Floats

HEIGHT_M = 1.75


def analysis(*, height_m: float | None = HEIGHT_M, camera: Camera | None = None) -> Analysis:
    track = simulate(lift("goblet_squat", reps=1), style="goblet_squat", fps=15.0, camera=camera or Camera()).track
    return analyze(track, stated=Stated(height_m=height_m))


def at(points: Floats, name: str) -> Floats:
    return np.asarray(points[:, MARKERS.index(name)])


@pytest.fixture(scope="module")
def squat() -> Analysis:
    return analysis()


def test_names_are_those_of_opensim_and_of_the_spine() -> None:
    assert MARKERS[Landmark.LEFT_FOOT_INDEX] == "LBigToe"
    assert MARKERS[Landmark.RIGHT_EYE_INNER] == "REyeInner"
    assert MARKERS[Landmark.MOUTH_LEFT] == "LMouth"
    assert MARKERS[Landmark.NOSE] == "Nose"
    assert MARKERS[-9:] == SPINE_POINTS
    assert len(set(MARKERS)) == len(MARKERS) == 42


def test_points_stand_where_they_were_seen(squat: Analysis) -> None:
    points_px = markers_px(squat)
    np.testing.assert_array_equal(at(points_px, "RHip"), squat.track.landmarks_px[:, Landmark.RIGHT_HIP])
    np.testing.assert_array_equal(at(points_px, "T8"), squat.spine.points_px[:, SPINE_POINTS.index("T8")])
    assert np.isfinite(points_px).any(axis=(0, 2)).all()


def test_what_was_not_seen_is_missing(squat: Analysis) -> None:
    visibility = squat.track.visibility.copy()
    visibility[3, Landmark.RIGHT_KNEE] = 0.4
    visibility[4, Landmark.RIGHT_KNEE] = np.nan
    reason = squat.spine.reason.copy()
    reason[5] = "no_pose"
    found = replace(squat, track=replace(squat.track, visibility=visibility), spine=replace(squat.spine, reason=reason))
    missing = np.asarray(np.isnan(markers_px(found)).all(axis=2))
    assert np.flatnonzero(missing[:, MARKERS.index("RKnee")]).tolist() == [3, 4, 5]
    assert np.flatnonzero(missing[:, MARKERS.index("RHip")]).tolist() == [5]
    np.testing.assert_array_equal(missing[:, -1], ~squat.spine.usable)
    np.testing.assert_array_equal(np.isnan(markers_m(found)).all(axis=2), missing)


@pytest.mark.parametrize("facing", [1, -1])
@pytest.mark.parametrize("px_per_m", [200.0, 400.0])
def test_metres_go_forward_and_up_from_the_near_foot(facing: int, px_per_m: float) -> None:
    found = analysis(camera=Camera(facing=facing, px_per_m=px_per_m, shift_px=(40.0, 15.0)))
    side = "R" if facing > 0 else "L"
    points_m = markers_m(found)
    foot_m = (at(points_m, f"{side}Heel") + at(points_m, f"{side}BigToe")) / 2
    np.testing.assert_allclose(np.median(foot_m, axis=0), 0.0, atol=1e-9)
    assert (at(points_m, f"{side}BigToe")[:, 0] > at(points_m, f"{side}Heel")[:, 0]).all()
    standing_m = at(points_m, f"{side}Shoulder")[0, 1] - at(points_m, f"{side}Ankle")[0, 1]
    assert standing_m == pytest.approx(0.752 * HEIGHT_M, rel=0.03)  # that of the share that the scale rests on


def test_the_scale_follows_the_height_and_not_the_plate() -> None:
    track = simulate(lift("conventional", reps=1), fps=15.0).track
    small, tall = (analyze(track, stated=Stated(height_m=height_m)) for height_m in (1.6, 2.0))
    assert small.bar.scale == tall.bar.scale == "plate"
    np.testing.assert_allclose(markers_m(tall), 1.25 * markers_m(small))


def test_metres_are_refused_where_they_cannot_be_told(squat: Analysis) -> None:
    assert without_metres(squat, HEIGHT_M) == ""
    assert without_metres(squat, None).endswith("state it with --height")
    cases = {
        "nobody could be followed": replace(squat, view=replace(squat.view, facing="unknown", side="unknown")),
        "the camera stands too far from a side view": replace(squat, view=replace(squat.view, yaw_deg=-26.0)),
        "the foot nearer to the camera was not seen": replace(
            squat, track=replace(squat.track, visibility=np.full_like(squat.track.visibility, 0.3))
        ),
    }
    for why, found in cases.items():
        assert without_metres(found, HEIGHT_M) == why
    unknown = replace(squat, view=replace(squat.view, yaw_deg=float("nan")))
    assert without_metres(unknown, HEIGHT_M) == "the camera stands too far from a side view"
