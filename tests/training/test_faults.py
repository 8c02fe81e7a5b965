"""Planted faults: they are as strong as asked, nothing else is wrong, and the truth says so."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from training.faults import CLEAN, FAULTS, OPEN_BACK, SOFT_TRUNK, choreograph, first_doses
from training.lifts import EXERCISES, Recipe
from training.metrics import angles, rep_metrics
from training.motion import Motion, build
from training.plant import plant
from training.props import plate_face_y
from training.scene import Camera, Weight
from training.score import TrueRep
from training.sets import Clip, clip_from, describe, fault_set, trial_set
from training.skeleton import nominal_skeleton
from training.truth import clip_truth

GRIP_M = {"kettlebell_deadlift": 0.235}
BELOW = {
    "thoracic_setup": 2.0, "thoracic_growth": 2.0, "thoracic_creep": 2.0, "chest_drop": 2.5, "hips_rise": 5.0,
    "bar_drift": 0.025, "neck_back": 9.0, "neck_tucked": 2.0, "lumbar_growth": 1.5, "hitch": 0.003,
    "soft_lockout": 5.0, "overextension": 1.0, "depth": 2.0, "asymmetry": 0.1,
}  # fmt: skip


@cache
def planted(fault: str, exercise: str, seed: int, strengths: tuple[float, ...]) -> Motion:
    recipe = Recipe(exercise, seed, reps=len(strengths), ending="floor", fault=fault, strengths=strengths)
    grip_m = GRIP_M.get(exercise, 0.225)
    return plant(nominal_skeleton(1.66 + 0.06 * seed), recipe, fps=20.0, floor_grip_m=grip_m)


def greatest(value: Any) -> float:
    return max(value.values()) if isinstance(value, dict) else float(value)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_middle_strength_is_reached_and_the_clean_repetition_stays_clean(fault: str, seed: int) -> None:
    strength = FAULTS[fault].strengths[1]
    exercise = FAULTS[fault].exercises[seed % len(FAULTS[fault].exercises)]
    before = (0.0, 0.0) if fault == "thoracic_creep" else (0.0,)
    rows = rep_metrics(planted(fault, exercise, seed, (*before, strength)))
    got = rows[-1][fault]
    if fault == "soft_lockout":
        assert got["trunk_deg"] == pytest.approx(np.interp(strength, *SOFT_TRUNK), rel=0.25)
        got = got["knee_deg"]
    assert got == pytest.approx(strength, rel=0.25)
    for name, below in BELOW.items():
        if rows[0][name] is not None:
            assert greatest(rows[0][name]) < below, name


@pytest.mark.parametrize("exercise", [*OPEN_BACK, "back_squat", "front_squat"])
def test_a_careful_lifter_shows_no_fault(exercise: str) -> None:
    motion = planted(CLEAN, exercise, 3, (0.0, 0.0, 0.0))
    for row in rep_metrics(motion):
        for name, below in BELOW.items():
            assert row[name] is None or greatest(row[name]) < below, name
    found = angles(motion)
    assert np.abs(found["thoracic_change_deg"]).max() < 2.0
    assert np.abs(found["neck_deg"] - found["neck_deg"][0]).max() < 9.0


def test_faults_that_cannot_be_are_told_as_none() -> None:
    squat, hinge = (rep_metrics(planted(CLEAN, name, 3, (0.0,) * 3))[0] for name in ("goblet_squat", "deadlift"))
    assert {name for name, value in squat.items() if value is None} == {
        "hips_rise", "bar_drift", "hitch", "soft_lockout", "overextension", "thoracic_creep",
    }  # fmt: skip
    assert {name for name, value in hinge.items() if value is None} == {"chest_drop", "depth", "thoracic_creep"}
    assert set(FAULTS) <= set(squat)


def test_without_calm_standing_nothing_is_held_against_it() -> None:
    motion = planted(CLEAN, "deadlift", 3, (0.0,) * 3)
    row = rep_metrics(replace(motion, phase=["setup"] * len(motion.phase)))[0]
    assert row["overextension"] is None
    assert row["soft_lockout"] == {"knee_deg": None, "trunk_deg": None}
    assert row["thoracic_setup"] is not None


def test_metrics_measure_the_motion_not_the_plan() -> None:
    motion = planted(CLEAN, "deadlift", 3, (0.0,) * 3)
    rep = motion.reps[0]
    late = (motion.time_s > 0.5 * (rep.start_s + rep.turn_s)) & (motion.time_s <= rep.turn_s)
    bent = replace(motion, thoracic_deg=motion.thoracic_deg + 9.0 * late, lumbar_deg=motion.lumbar_deg + 30.0 * late)
    before, after = rep_metrics(motion)[0], rep_metrics(bent)[0]
    assert after["thoracic_growth"] == pytest.approx(9.0, abs=1.0)
    assert after["thoracic_growth_at"] > 0.4
    assert after["lumbar_growth"] > before["lumbar_growth"] + 10.0
    assert after["thoracic_setup"] == before["thoracic_setup"]
    assert rep_metrics(bent)[1] == rep_metrics(motion)[1]


def test_a_growing_change_is_never_more_than_what_is_there_at_the_worst() -> None:
    motion = planted(CLEAN, "goblet_squat", 3, (0.0,) * 3)
    flat = replace(motion, thoracic_deg=motion.thoracic_deg - 10.0)
    assert all(row["thoracic_growth"] <= 0.0 for row in rep_metrics(flat))


def test_a_lower_plate_never_goes_through_the_floor() -> None:
    motion = planted("asymmetry", "deadlift", 1, (0.0, 12.0))
    outer = np.sin(np.abs(motion.roll_rad)) * plate_face_y(Weight("barbell"), 1)
    assert (motion.implement_m[:, 2] - outer).min() > 0.225 - 0.01
    lengths = np.linalg.norm(motion.shoulders_m - motion.elbows_m, axis=-1)
    np.testing.assert_allclose(lengths, motion.skeleton.upper_arm_m, rtol=1e-6)
    links = np.linalg.norm(np.diff(motion.spine_m, axis=1), axis=-1)
    np.testing.assert_allclose(links, np.broadcast_to(links[0], links.shape), rtol=1e-6)


def test_doses_change_nothing_but_the_fault() -> None:
    recipe = Recipe("deadlift", 5, reps=3, fault="bar_drift", strengths=(0.0, 0.04, 0.12))
    doses = first_doses(recipe)
    weak, strong = (choreograph(recipe, np.random.default_rng(1), doses=share * doses) for share in (0.5, 2.0))
    assert weak.reps == strong.reps
    assert {name for name in weak.keys if weak.keys[name] != strong.keys[name]} == {"forward"}


def test_a_recipe_without_a_fault_is_played_as_ever() -> None:
    skeleton, recipe = nominal_skeleton(), Recipe("goblet_squat", 4, reps=1, rounding="rounded")
    direct, through = (
        build(skeleton, recipe, fps=10.0, floor_grip_m=0.2),
        plant(skeleton, recipe, fps=10.0, floor_grip_m=0.2),
    )
    np.testing.assert_array_equal(direct.spine_m, through.spine_m)
    assert not direct.roll_rad.any()
    assert direct.style.gaze < 0.86
    assert (direct.style.knees_stay, direct.style.shins_stay) == (1.35, 0.0)
    truth = clip_truth(direct, Camera())
    assert truth["reps"][0]["planted"] is None
    assert "fault" not in truth["recipe"]


def test_the_motion_does_not_depend_on_the_frame_rate() -> None:
    recipe = Recipe("deadlift", 1, reps=1, fault="bar_drift", strengths=(0.08,))
    slow, fast = (plant(nominal_skeleton(), recipe, fps=fps, floor_grip_m=0.225) for fps in (10.0, 20.0))
    count = min(len(slow.time_s), len(fast.time_s[::2]))
    np.testing.assert_allclose(slow.implement_m[:count], fast.implement_m[::2][:count], atol=1e-5)


@pytest.mark.parametrize("index", [0, 16, -1])
def test_a_clip_comes_back_from_its_description(index: int) -> None:
    for clip in (trial_set(seed=1)[index], fault_set(seed=1)[index]):
        assert clip_from(json.loads(json.dumps(describe(clip)))) == clip


def test_a_description_without_a_fault_looks_as_before_there_were_faults() -> None:
    assert set(describe(trial_set(seed=1)[0])["recipe"]) == {
        "exercise", "seed", "reps", "rounding", "event", "opening", "ending", "pace", "crop_s",
    }  # fmt: skip


def test_the_set_of_faults_has_a_bit_of_all_in_its_first_round() -> None:
    clips = fault_set(seed=1)
    assert len({clip.name for clip in clips}) == len(clips) == 6 * len(FAULTS) + 16
    assert {clip.recipe.fault for clip in clips[: len(FAULTS) + 1]} == {*FAULTS, CLEAN}
    assert {clip.recipe.exercise for clip in clips if clip.recipe.fault == CLEAN} == set(OPEN_BACK)
    for clip in clips:
        recipe, sideways = clip.recipe, clip.recipe.fault == "asymmetry"
        off_deg = abs(abs(clip.camera.yaw_deg) - (90.0 if sideways else 0.0))
        assert off_deg <= 15.0
        if recipe.fault != CLEAN:
            fault = FAULTS[str(recipe.fault)]
            assert recipe.exercise in fault.exercises
            assert set(recipe.strengths) == {0.0, *fault.strengths}
        if recipe.fault in ("depth", "thoracic_creep"):
            assert recipe.strengths[0] == 0.0
        assert clip.weight.kind != "barbell" or clip.weight.plate_m == 0.225


def weight_truth(clip: Clip) -> tuple[Motion, dict[str, Any]]:
    motion = build(nominal_skeleton(), clip.recipe, fps=10.0, floor_grip_m=clip.weight.grip_height_m)
    return motion, clip_truth(motion, clip.camera, clip.weight)["frames"]


def test_the_truth_tells_where_bar_and_plate_are() -> None:
    camera = Camera(side="left", target_m=(0.0, 0.0, 0.6), height_m=0.6, distance_m=4.0)
    clip = replace(trial_set(seed=1)[0], camera=camera, weight=Weight("barbell", 0.225, 2))
    clip = replace(clip, recipe=replace(clip.recipe, reps=1))
    motion, frames = weight_truth(clip)
    assert frames["bar_m"][0][1] == pytest.approx(0.225)
    assert frames["bar_m"][0][0] == pytest.approx(motion.implement_m[0, 0] - motion.skeleton.midfoot_x_m, abs=1e-3)
    focal_px = 0.5 * camera.height_px / np.tan(np.radians(camera.fov_deg) / 2)
    for name, plate in (("plate", 2), ("large_plate", 1)):
        depth_m = 4.0 - plate_face_y(clip.weight, plate)
        assert frames[f"{name}_radius_px"][0] == pytest.approx(focal_px * 0.225 / depth_m, rel=0.01)
        drop_m = 0.6 - 0.225
        assert frames[f"{name}_px"][0][1] == pytest.approx(240 + focal_px * drop_m / depth_m, abs=1.0)
    assert frames["bar_px"][0] == pytest.approx(camera.project(motion.implement_m[0]).tolist(), abs=0.06)


def test_what_is_not_there_is_null_in_the_truth() -> None:
    clips = {clip.recipe.exercise: clip for clip in trial_set(seed=1)}
    _, bell = weight_truth(clips["kettlebell_deadlift"])
    _, none = weight_truth(clips["bodyweight_squat"])
    assert bell["bar_m"][0] is not None
    assert bell["plate_px"][0] is bell["plate_radius_px"][0] is None
    assert none["bar_m"][0] is none["bar_px"][0] is none["plate_px"][0] is None
    json.dumps([bell, none], allow_nan=False)


def test_a_level_thigh_has_ninety_degrees_and_tilted_shoulders_their_angle() -> None:
    motion = planted("asymmetry", "back_squat", 2, (0.0, 8.0))
    found = angles(motion)
    assert abs(found["thigh_deg"][0]) < 12.0
    lowest = int(np.argmin(motion.hip_mid_m[:, 2]))
    hips_below_m = motion.knees_m[lowest, 0, 2] - motion.hips_m[lowest, 0, 2]
    assert (found["thigh_deg"][lowest] > 90.0) == (hips_below_m > 0.0)
    np.testing.assert_allclose(np.abs(found["shoulder_tilt_deg"]), np.abs(np.degrees(motion.roll_rad)), atol=1e-6)


def test_every_exercise_has_metrics_for_each_of_its_repetitions() -> None:
    for exercise in EXERCISES:
        recipe = Recipe(exercise, 1, reps=2, rounding="rounded", pace="touch_and_go")
        motion = build(nominal_skeleton(), recipe, fps=12.0, floor_grip_m=0.225)
        rows = rep_metrics(motion)
        assert len(rows) == len(motion.reps) == 2
        assert all(row["thoracic_growth"] is not None for row in rows)
    empty = replace(motion, reps=[TrueRep(0.0, 0.0, 0.0, 0.0)][:0])
    assert rep_metrics(empty) == []
