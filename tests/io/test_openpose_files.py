"""OpenPose's JSON in the order of SpineTrack: every keypoint at its place, and what is missing is nought."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from spineline.core.analysis import Analysis
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.io.openpose_files import KEYPOINTS, keypoints, write_key, write_openpose
from tests.io.make_analysis import empty_analysis, make_analysis

# By number, as the SpineTrack metadata names them; the spine from the sacrum to the skull.
PLACES = {"nose": 0, "left_eye": 1, "right_ear": 4, "left_shoulder": 5, "right_wrist": 10, "left_hip": 11}
PLACES |= {"right_ankle": 16, "left_big_toe": 20, "right_big_toe": 21, "left_heel": 24, "right_heel": 25}
SPINE_PLACES = {"S1": 19, "L5": 26, "L3": 27, "L1": 28, "T8": 29, "T3": 30, "C7": 18, "C4": 35, "C1": 36}
NOT_OURS = {"head": 17, "left_small_toe": 22, "right_small_toe": 23, "left_latissimus": 31, "right_clavicle": 34}


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """Two reps, one of them not measured; the pose lost in the first two frames."""
    found = make_analysis(("ok", "not_measured"))
    reason, usable = found.spine.reason.copy(), found.spine.usable.copy()
    reason[:2], usable[:2] = "no_pose", False
    points_px = np.where(usable[:, None, None], found.spine.points_px, np.nan)
    return replace(found, spine=replace(found.spine, reason=reason, usable=usable, points_px=points_px))


def strict(path: Path) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def by_number(folder: Path) -> list[Path]:
    """Order files by the last number in their names, which is how Pose2Sim finds the frame."""
    return sorted(folder.glob("*.json"), key=lambda path: int(re.findall(r"\d+", path.name)[-1]))


def test_the_order_is_that_of_spinetrack() -> None:
    assert len(set(KEYPOINTS)) == len(KEYPOINTS) == 37
    for name, place in {**PLACES, **NOT_OURS}.items():
        assert KEYPOINTS[place] == name


def test_every_keypoint_is_at_its_place(analysis: Analysis) -> None:
    found = keypoints(analysis)
    for name, place in PLACES.items():
        mark = Landmark[name.upper().replace("BIG_TOE", "FOOT_INDEX")]
        np.testing.assert_allclose(found[2:, place, :2], analysis.track.landmarks_px[2:, mark], atol=0.005 + 1e-9)
        np.testing.assert_allclose(found[2:, place, 2], analysis.track.visibility[2:, mark], atol=5e-4)
    usable = analysis.spine.usable
    for name, place in SPINE_PLACES.items():
        points_px = analysis.spine.points_px[usable, SPINE_POINTS.index(name)]
        np.testing.assert_allclose(found[usable, place, :2], points_px, atol=0.005 + 1e-9)


def test_the_spine_scores_as_the_shoulder_does_and_nothing_where_it_was_not_measured(analysis: Analysis) -> None:
    found = keypoints(analysis)[:, list(SPINE_PLACES.values())]
    usable = analysis.spine.usable
    assert 0 < usable.mean() < 1
    better = analysis.track.visibility[:, [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]].max(axis=1)
    np.testing.assert_allclose(found[usable, :, 2], np.tile(better[usable, None], 9), atol=5e-4)
    assert not found[~usable].any()


def test_what_is_not_ours_or_not_seen_is_nought(analysis: Analysis) -> None:
    visibility = analysis.track.visibility.copy()
    visibility[4, Landmark.NOSE], visibility[5, Landmark.NOSE] = 0.0001, np.nan
    found = keypoints(replace(analysis, track=replace(analysis.track, visibility=visibility)))
    assert not found[:, list(NOT_OURS.values())].any()
    assert not found[:2].any()
    assert np.flatnonzero(~found[:, 0].any(axis=1)).tolist() == [0, 1, 4, 5]
    np.testing.assert_array_equal(found[..., 2] > 0, found[..., :2].any(axis=2))


def test_one_file_a_frame_as_openpose_names_and_fills_it(analysis: Analysis, tmp_path: Path) -> None:
    write_openpose(analysis, tmp_path / "openpose", "clip_01")
    files = by_number(tmp_path / "openpose")
    assert [path.name for path in files[:1]] == ["clip_01_000000000000_keypoints.json"]
    assert len(files) == len(analysis.track) == len(list((tmp_path / "openpose").iterdir()))
    expected = keypoints(analysis)
    for frame, path in enumerate(files):
        document = strict(path)
        assert document["version"] == 1.3
        assert document["time_s"] == pytest.approx(analysis.track.time_s[frame], abs=5e-7)
        if frame < 2:
            assert document["people"] == []
            continue
        (person,) = document["people"]
        assert person["person_id"] == [-1]
        np.testing.assert_array_equal(np.reshape(person["pose_keypoints_2d"], (37, 3)), expected[frame])
        others = [value for name, value in person.items() if name not in ("person_id", "pose_keypoints_2d")]
        assert others == [[]] * 7


def test_nobody_at_all(tmp_path: Path) -> None:
    write_openpose(empty_analysis(3), tmp_path / "openpose", "clip")
    assert [strict(path)["people"] for path in by_number(tmp_path / "openpose")] == [[]] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="such names cannot be there")
@pytest.mark.parametrize(
    "stem",
    [
        "",
        ".",
        "..",
        ".hidden",
        "a b\n\x1b[31m\t",
        '"; rm -rf ',
        "%s{frame}",
        "é漢字🏋",
        "7_000000000009_keypoints",
        "x\udcff",
    ],
)
def test_odd_names_stay_in_the_folder_and_in_order(stem: str, tmp_path: Path) -> None:
    write_openpose(empty_analysis(12), tmp_path / "openpose", stem)
    files = by_number(tmp_path / "openpose")
    assert [path.name for path in files] == [f"{stem}_{n:012d}_keypoints.json" for n in range(12)]
    assert [path.name for path in tmp_path.iterdir()] == ["openpose"]


@pytest.mark.parametrize("letter", ["a", "é", "🏋"])
def test_long_names_are_cut(letter: str, tmp_path: Path) -> None:
    write_openpose(empty_analysis(1), tmp_path / "openpose", 240 * letter)
    (path,) = (tmp_path / "openpose").iterdir()
    assert path.name == f"{50 * letter}_000000000000_keypoints.json"


def test_the_key_says_where_the_spine_is(tmp_path: Path) -> None:
    write_key(tmp_path / "key.json")
    key = strict(tmp_path / "key.json")
    assert key["keypoints"] == list(KEYPOINTS)
    assert key["spine_points"] == SPINE_PLACES
