"""What the benchmarks count, on numbers small enough to be counted by hand."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import accuracy, clips, coach, live, rules
from spineline.core.coach import Advice, Setup
from tests.app.make_inputs import SAMPLES

TRUTH: dict[str, Any] = {
    "frames": {"time_s": [0.0, 1.0, 2.0], "thoracic_change_deg": [0.0, 10.0, 0.0]},
    "reps": [{"start_s": 0.5, "end_s": 1.5, "thoracic_change_peak_deg": 10.0}],
    "camera": {"yaw_deg": -20.0},
    "label": "rounded",
    "recipe": {"seed": 7},
}


def seen(yaw_deg: float, *peaks: float | None) -> accuracy.Clip:
    """Return a clip of one true rep every two seconds, found a little late."""
    times = [{"start_s": 2.0 * i + 0.5, "end_s": 2.0 * i + 1.5} for i in range(len(peaks))]
    found = [
        {"start_s": time["start_s"] + 0.1, "end_s": time["end_s"] + 0.1, "thoracic_change_peak_deg": peak}
        for time, peak in zip(times, peaks, strict=True)
    ]
    reps = [time | {"thoracic_change_peak_deg": 10.0} for time in times]
    truth = TRUTH | {"camera": {"yaw_deg": yaw_deg}, "reps": reps}
    return accuracy.Clip(truth, {"reps": found}, np.zeros(0), np.zeros(0), 1.0)


def test_only_frames_within_reps_are_compared(tmp_path: Path) -> None:
    folder = tmp_path / "lift_spineline"
    folder.mkdir()
    (folder / "frames.csv").write_text(
        "time_s,thoracic_change_deg,sigma_deg\n0.25,99,1\n0.75,9.5,3\n1.0,,\n1.25,7.0,2\n1.75,-99,1\n"
    )
    miss, sigma = clips.misses(tmp_path, tmp_path / "lift.mp4", TRUTH)
    np.testing.assert_allclose(miss, [2.0, np.nan, -0.5])
    np.testing.assert_allclose(sigma, [3.0, np.nan, 2.0])


def test_a_clip_is_set_beside_its_truth(tmp_path: Path, pose_model: Path) -> None:
    assert pose_model.is_file()
    video = SAMPLES / "squat_rounded.mp4"
    clip = accuracy.analyse(video, tmp_path)
    true = json.loads(video.with_suffix(".truth.json").read_text())["reps"]
    assert [one["thoracic_change_peak_deg"] for _, one in clip.reps()] == [
        rep["thoracic_change_peak_deg"] for rep in true
    ]
    assert clip.usable_share > 0.8
    assert 0.0 < np.abs(clip.miss_deg).mean() < 5.0
    assert clip.miss_deg.shape == clip.sigma_deg.shape


def test_the_same_rep_from_two_sides_makes_a_pair() -> None:
    front, oblique = seen(0.0, 11.0, None, 12.0, 13.0), seen(-20.0, 8.0, 7.0, None, 9.0)
    assert accuracy._pairs([front, oblique, seen(35.0, 1.0, 1.0, 1.0, 1.0)], 20.0) == [(11.0, 8.0), (13.0, 9.0)]


def test_agreement_and_sigma() -> None:
    miss = np.array([-1.0, 1.0, 3.0, 5.0])
    assert accuracy.agreement(miss) == ["2.5", "+2.0", "-2.4 .. +6.4"]
    assert accuracy.within_sigma(miss, np.full(4, 2.0)) == "50%, 75%"


def rep(index: int, strength: float, true: float, severity: str | None, fault: str = "chest_drop") -> dict[str, Any]:
    """Return one rep, found and true, in which one fault was planted and measured a degree too small."""
    time = {"start_s": 2.0 * index, "end_s": 2.0 * index + 1.5}
    check = {"rule": fault, "value": true - 1.0, "reason": None}
    flags = [{"rule": fault, "severity": severity}] if severity else []
    planted = {"fault": fault, "strength": strength}
    return {
        "found": time | {"index": index + 1, "flags": flags, "checks": [check], "verdict": severity or "ok"},
        "true": time | {"index": index, "planted": planted, "metrics": {fault: true}},
    }


def test_rules_are_judged_by_what_the_motion_shows(capsys: Any) -> None:
    reps = [rep(0, 0.0, 1.0, None), rep(1, 6.0, 6.1, "info"), rep(2, 12.0, 12.2, "caution"), rep(3, 0.0, 0.5, "info")]
    said = {"reps": [each["found"] for each in reps], "exercise": "squat"}
    truth = {"reps": [each["true"] for each in reps], "family": "squat"}
    rows = rules.judged("clip", said, truth)
    assert [row.clean for row in rows] == [True, False, False, True]
    rules.faults_report(rows)
    rules.clean_report([("clip", said, truth)], rows)
    rules.counts_report([("clip", said, truth)])
    printed = capsys.readouterr().out
    assert "| chest_drop | 6, 12, 18 deg | 1 of 1 | 1 of 1 | 0 of 0 | 2 | 1 | 0.67 | 1.0, -1.0 | 0 of 4 |" in printed
    assert "2 reps in which nothing was planted: 1 false findings." in printed
    assert "Reps counted right in 1 of 1 clips, exercise told right in 1." in printed


def test_a_rep_that_the_ends_of_a_clip_cut_counts_if_its_way_up_is_there() -> None:
    cut = [{"start_s": -0.5, "turn_s": 0.3, "end_s": 1.0}, {"start_s": 1.5, "turn_s": 1.9, "end_s": 2.6}]
    truth = TRUTH | {"partial_reps": cut}
    assert clips.shown_reps(truth | {"recipe": {"exercise": "goblet_squat"}}) == 2
    assert clips.shown_reps(truth | {"recipe": {"exercise": "deadlift"}}) == 2


def test_the_coach_is_held_against_the_camera_and_what_was_measured(capsys: Any) -> None:
    move = Setup((Advice("move_camera", "move the camera", -40.0),), (), 40.0)
    rows = [
        coach.Row("a_deadlift", 4.0, Setup((), (), 0.0), 0.9, 0, 30.0),
        coach.Row("b_back_squat", 12.0, Setup((), (), 10.0), 0.4, 1, 30.0),
        coach.Row("c_deadlift", 35.0, move, 0.1, 0, 30.0),
        coach.Row("d_deadlift", -30.0, move, 0.1, 0, 30.0),
    ]
    coach.report(rows)
    printed = capsys.readouterr().out
    assert "| ready | 2 | 1 |" in printed
    assert "| move_camera | 2 | 0 |" in printed
    assert "said to move or turn: 2; the true side in 1." in printed
    assert "median error 3.0 deg" in printed
    assert "Raised arms counted: 1 in 2 minutes." in printed
    assert "| back squat: usable, median (clips) | - | - | - | - | 0.40 (1) | - |" in printed


def test_a_steady_rise_is_told_from_none() -> None:
    times_s = np.arange(0.0, 600.0, 0.05)
    still = np.random.default_rng(0).normal(30.0, 5.0, times_s.size)
    rise, error = live.slope(times_s, still)
    assert abs(rise) < 4 * error < 0.5
    rise, error = live.slope(times_s, still + 2.0 * times_s / 60)
    assert abs(rise - 2.0) < 4 * error < 0.5


def test_a_played_camera_gives_pictures_at_its_rate_and_loses_those_nobody_takes() -> None:
    jpegs = live.pictures(SAMPLES / "squat_rounded.mp4", (320, 180))[:40]
    camera = live.Played(jpegs, (320, 180), 200.0)
    taken = []
    for pause_s in (0.0, 0.0, 0.06):
        assert camera.grab()
        taken.append(camera._number)
        time.sleep(pause_s)
    assert camera.grab()
    assert camera._number - taken[-1] >= 12
    ok, image = camera.retrieve()
    assert ok
    assert image.shape == (180, 320, 3)


def test_the_time_of_a_live_picture_is_its_parts(pose_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jpegs = live.pictures(SAMPLES / "squat_rounded.mp4", (640, 480))
    given = argparse.Namespace(minutes=0.03, size=(640, 480), rate=30.0, model="full", no_window=True, set_s=0.0)
    given.record = None
    ran = live.run(pose_model, live.Played(jpegs, given.size, given.rate), given)
    _, delays_s, *parts_s = np.array(ran.watch.shown_s).reshape(-1, 2 + len(live.ALL_PARTS)).T
    assert delays_s.size > 5
    np.testing.assert_allclose(np.sum(parts_s, axis=0), delays_s)
    assert (np.array(parts_s) > -1e-3).all()
    live.report(ran, {"alone": [0.02, 0.02]}, given)
    assert f"{ran.looked} pictures looked through" in capsys.readouterr().out
