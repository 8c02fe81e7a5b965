"""The pictures of the rules: which frames they show, how they are cut, and that they are made from a small clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spineline.core.rules import RULES
from training import pictures
from training.pictures import SHOWN, Shown, crop_box, frames_of, largest, make_picture, risen, risen_by, way_up

JOINTS = ("shoulder", "elbow", "hand", "hip", "knee", "ankle")
POINTS = ("C1", "C7", "L1", "S1")


def made_up(exercise: str = "deadlift", *, strengths: tuple[float, ...] = (9.0, 0.0)) -> dict[str, Any]:
    """Two repetitions of 11 frames in two seconds each; the shoulders rise by 100 px in a straight line, then sink."""
    share = np.concatenate([np.linspace(0.0, 1.0, 6), np.linspace(0.8, 0.0, 5)])
    up = np.tile(share, 2)
    still = np.array([[20, 60], [25, 90], [25, 110], [0, 130], [10, 160], [0, 190]], dtype=float)
    joints = np.repeat(np.repeat(still[None, :, None], len(up), 0), 2, 2)
    joints[:, 0, :, 1] += 100 * (1 - up)[:, None] - 50
    joints[:, :, 1, 0] += 12  # the other side
    joints += [100.0, 0.0]
    spine = np.array([[124, 30], [118, 45], [108, 90], [100, 120]], dtype=float)
    bar = np.stack([np.zeros(22), 0.2 + 0.5 * up], axis=1)
    bar[3] = (0.1, 0.4)
    bar[5] = (0.3, 0.7)  # forward at the very top, where no drift is looked for
    columns = {
        "time_s": np.arange(22) * 0.2, "joints_px": joints, "points_px": np.tile(spine, (22, 1, 1)),
        "bar_m": bar, "bar_px": np.stack([125.0 + 5.0 * up, 190.0 - 60.0 * up], axis=1), "plate_px": np.full(22, None),
        "trunk_deg": 80.0 - 60.0 * up, "shoulder_tilt_deg": -20.0 * up,
        "lean_deg": np.tile([0, 1, 5, 9, 20, 30, 0, 0, 0, 0, 0], 2),
    }  # fmt: skip
    rows = [
        {"start_s": 2.2 * k, "turn_s": 2.2 * k + 1.0, "end_s": 2.2 * k + 2.0, "planted": {"strength": strength}}
        for k, strength in enumerate(strengths)
    ]
    frames = {name: np.asarray(values).tolist() for name, values in columns.items()}
    return {
        "exercise": exercise, "reps": rows, "frames": frames, "joint_names": JOINTS, "point_names": POINTS,
        "camera": {"side": "right", "yaw_deg": 0.0},
    }  # fmt: skip


def test_every_rule_has_its_picture_and_no_other_has() -> None:
    assert list(SHOWN) == list(RULES)


def test_the_way_up_begins_at_the_floor_or_at_the_turn() -> None:
    assert way_up(made_up("deadlift"), 1).tolist() == [11, 12, 13, 14, 15, 16]
    assert way_up(made_up("romanian_deadlift"), 0).tolist() == [5, 6, 7, 8, 9, 10]
    np.testing.assert_allclose(risen(made_up(), 0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0], atol=1e-9)


def test_the_clean_repetition_is_shown_as_far_on_the_way_up() -> None:
    truth = made_up()
    assert frames_of(truth, largest("lean_deg")) == (16, 5)
    assert frames_of(truth, largest("lean_deg", until=0.6)) == (14, 3)
    assert frames_of(made_up(strengths=(0.0, 9.0)), largest("lean_deg", until=0.6)) == (3, 14)


@pytest.mark.parametrize(
    ("moment", "frame"),
    [
        (risen_by(0.0), 0),
        (risen_by(1.0), 5),
        (largest("trunk_deg"), 0),
        (pictures.furthest_forward, 3),
        (pictures.lowest_again, 3),
    ],
)
def test_each_moment_is_where_the_fault_shows_most(moment: pictures.Moment, frame: int) -> None:
    truth = made_up()
    truth["frames"]["bar_m"][2] = [0.0, 0.45]  # from there down to 0.4 m
    assert moment(truth, 0) == frame


def test_a_box_has_the_panels_shape_around_all_points_inside_the_picture() -> None:
    points = np.array([[300.0, 100.0], [340.0, 300.0]])
    left, top, width, height = crop_box(points, picture_px=(640, 480), panel_px=(300, 340), margin=0.1)
    assert (width, height) == (211, 240)
    assert (left + width / 2, top + height / 2) == pytest.approx((320, 200), abs=1.0)
    assert crop_box(points - [290, 90], picture_px=(640, 480), panel_px=(300, 340), margin=0.1)[:2] == (0, 0)


def test_a_box_is_never_larger_than_the_picture() -> None:
    left, top, width, height = crop_box(
        np.array([[5.0, 5.0], [630.0, 350.0]]), picture_px=(640, 360), panel_px=(300, 340)
    )
    assert top == 0
    assert height == 360
    assert width == 317
    assert 0 <= left <= 640 - width


@pytest.mark.parametrize("name", ["thoracic_setup", "bar_drift", "hitch", "depth", "asymmetry", "strain_index"])
def test_a_picture_shows_both_repetitions_with_lines(tmp_path: Path, name: str) -> None:
    from training.film import Film

    truth = made_up()
    with Film(tmp_path / "a.mp4", width_px=320, height_px=240, fps=5.0, crf=10) as film:
        for frame, time_s in enumerate(truth["frames"]["time_s"]):
            film.add(np.full((240, 320, 3), 40 if frame < 11 else 160, np.uint8), time_s)
    shown = Shown("a", SHOWN[name].moment, SHOWN[name].draw)
    picture = make_picture(tmp_path / "a.mp4", truth, shown)
    assert picture.shape == (366, 606, 3)
    clean, worst = picture[:340, :300].astype(int), picture[:340, 306:].astype(int)
    assert np.median(clean) == pytest.approx(160, abs=3)
    assert np.median(worst) == pytest.approx(40, abs=3)
    for panel in (clean, worst):
        orange = (panel[:, :, 0] > 200) & (panel[:, :, 2] < 60)
        assert orange.sum() > 40


def test_a_missing_clip_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="hitch_4"):
        pictures.make_all(tmp_path, tmp_path / "out", ["hitch"])
