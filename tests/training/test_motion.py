"""The rendered lifters' truth: what is planted is there, and the lifter moves like one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training import limbs, posture
from training import skeleton as sk
from training.lifts import EXERCISES, MOST_SHARE, Recipe, choreograph, draw_shares, draw_style, peak_degs
from training.motion import CHANNELS, Act, Motion, build, perform
from training.scene import Camera, Weight
from training.score import Score, min_jerk
from training.sets import samples, trial_set
from training.skeleton import SEGMENT, nominal_skeleton
from training.truth import angles, clip_truth, label, reps_table

PLATE_M = 0.225


def play(exercise: str, seed: int = 1, fps: float = 12.0, stature_m: float = 1.74, **more: object) -> Motion:
    recipe = Recipe(exercise, seed, **{"reps": 2, **more})  # type: ignore[arg-type]
    grip = Weight("kettlebell", 0.1).grip_height_m if exercise == "kettlebell_deadlift" else PLATE_M
    return build(nominal_skeleton(stature_m), recipe, fps=fps, floor_grip_m=grip)


def change(motion: Motion) -> np.ndarray:
    return motion.thoracic_deg - motion.standing_deg


@pytest.mark.parametrize("exercise", EXERCISES)
def test_neutral_lifts_stay_within_three_degrees_of_standing(exercise: str) -> None:
    for seed in range(2):
        assert np.abs(change(play(exercise, seed))).max() <= 3.0


@pytest.mark.parametrize("exercise", EXERCISES)
def test_rounded_lifts_reach_the_planted_peak_in_every_repetition(exercise: str) -> None:
    for seed in range(2):
        motion = play(exercise, seed, fps=30.0, rounding="rounded")
        rows = reps_table(motion)
        assert len(rows) == 2
        for row in rows:
            assert row["label"] == "rounded"
            assert 15.0 <= row["planted_peak_deg"] <= 35.0
            assert row["thoracic_change_peak_deg"] == pytest.approx(row["planted_peak_deg"], abs=1.2)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_feet_stay_planted_limbs_keep_their_lengths_and_the_lifter_is_balanced(exercise: str) -> None:
    for seed, stature in ((1, 1.55), (2, 1.74), (3, 1.95)):
        motion = play(exercise, seed, stature_m=stature, rounding="rounded")
        s = motion.skeleton
        assert np.ptp(motion.ankles_m, axis=0).max() < 1e-12
        for upper, lower, length in (
            (motion.hips_m, motion.knees_m, s.thigh_m),
            (motion.knees_m, motion.ankles_m, s.shank_m),
            (motion.shoulders_m, motion.elbows_m, s.upper_arm_m),
        ):
            np.testing.assert_allclose(np.linalg.norm(upper - lower, axis=-1), length, rtol=1e-6)
        assert motion.com_x_m.min() > s.heel_x_m + 0.25 * (s.toe_x_m - s.heel_x_m)
        assert motion.com_x_m.max() < s.toe_x_m - 0.25 * (s.toe_x_m - s.heel_x_m)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_joints_keep_to_human_limits_and_nothing_jumps(exercise: str) -> None:
    for seed in range(2):
        motion = play(exercise, seed, fps=20.0, rounding="rounded")
        found = angles(motion)
        assert found["knee_deg"].min() > 40.0
        assert found["trunk_deg"].max() < (60.0 if exercise.endswith("squat") else 90.0)
        steps = np.diff(motion.pitch_rad[:, : SEGMENT["neck_low"]], axis=1)  # joint by joint
        assert np.degrees(np.abs(steps[:, sk.THORACIC_JOINTS]).max()) < 9.0
        assert np.abs(np.diff(motion.hip_mid_m, axis=0)).max() * 20.0 < 1.8
        assert np.abs(np.diff(motion.hands_m, axis=0)).max() * 20.0 < 3.0


@pytest.mark.parametrize("exercise", ["deadlift", "sumo_deadlift", "kettlebell_deadlift"])
def test_a_weight_on_the_floor_leaves_it_at_the_start_of_a_repetition(exercise: str) -> None:
    motion = play(exercise, 5, fps=60.0, ending="floor")
    height, rep = motion.implement_m[:, 2], motion.reps[0]
    floor = height[0]
    assert height.min() == pytest.approx(floor, abs=1e-3)
    before = motion.time_s < rep.start_s
    assert np.ptp(height[before]) < 1e-9
    lifted = motion.time_s[height > floor + 0.01][0]
    assert 0.0 < lifted - rep.start_s < 0.4
    assert motion.time_s[np.argmax(height)] == pytest.approx(rep.turn_s, abs=0.5)
    held = (motion.time_s > rep.start_s) & (motion.time_s < rep.end_s)
    np.testing.assert_allclose(motion.hands_m[held].mean(axis=1), motion.implement_m[held], atol=5e-3)


@pytest.mark.parametrize("exercise", [name for name, e in EXERCISES.items() if e.kind == "squat"])
def test_a_squat_turns_where_the_hips_are_lowest(exercise: str) -> None:
    motion = play(exercise, 2, fps=30.0)
    for rep in motion.reps:
        within = (motion.time_s >= rep.start_s) & (motion.time_s <= rep.end_s)
        lowest = motion.time_s[within][np.argmin(motion.hip_mid_m[within, 2])]
        assert lowest == pytest.approx(rep.turn_s, abs=0.25)


def test_the_same_seed_gives_the_same_motion_and_another_seed_another() -> None:
    first, again, other = (play("deadlift", seed, rounding="rounded") for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.spine_m, again.spine_m)
    np.testing.assert_array_equal(first.hands_m, again.hands_m)
    assert first.style != other.style


def test_truth_does_not_depend_on_the_frame_rate() -> None:
    slow, fast = play("deadlift", 6, fps=10.0, rounding="late"), play("deadlift", 6, fps=30.0, rounding="late")
    assert slow.reps == fast.reps
    count = min(len(slow.time_s), len(fast.time_s[::3]))
    np.testing.assert_allclose(slow.thoracic_deg[:count], fast.thoracic_deg[::3][:count], atol=1e-9)
    np.testing.assert_allclose(slow.hip_mid_m[:count], fast.hip_mid_m[::3][:count], atol=1e-5)


def test_a_clip_cut_within_a_repetition_counts_only_whole_ones() -> None:
    whole = play("goblet_squat", 3, reps=4)
    first = whole.reps[0]
    cut = play("goblet_squat", 3, reps=4, crop_s=(first.turn_s, 0.0))
    assert len(cut.reps) == 3
    assert len(cut.partial_reps) == 1
    assert cut.reps[0].start_s == pytest.approx(whole.reps[1].start_s - first.turn_s)


@pytest.mark.parametrize("event", ["pickup", "tie_shoe", "wave", "aborted", "setup_only", "walk"])
def test_what_is_no_lift_has_no_repetitions(event: str) -> None:
    truth = clip_truth(play("deadlift", 7, event=event), Camera())
    assert truth["reps"] == []
    assert truth["family"] is None


def test_an_aborted_pull_leaves_the_floor_but_stays_low() -> None:
    motion = play("deadlift", 8, event="aborted")
    rise = motion.implement_m[:, 2].max() - PLATE_M
    assert 0.01 < rise < 0.12


@pytest.mark.parametrize(("opening", "exercise"), [("walk_in", "deadlift"), ("unrack", "back_squat")])
def test_a_walk_ends_in_the_stance_and_never_slides_the_standing_foot(opening: str, exercise: str) -> None:
    motion = play(exercise, 9, fps=50.0, opening=opening)
    speed = np.abs(np.diff(motion.ankles_m, axis=0)).max(axis=2)
    assert speed.min(axis=1).max() < 2e-4  # one foot stands at any time, but for the change of step
    assert abs(motion.ankles_m[0, 0, 0]) > 0.2
    np.testing.assert_allclose(motion.ankles_m[-1, :, 0], 0.0, atol=1e-9)
    length = np.linalg.norm(motion.hips_m - motion.knees_m, axis=-1)
    np.testing.assert_allclose(length, motion.skeleton.thigh_m, rtol=2e-3)


def test_a_rigid_turn_of_the_pelvis_carries_the_spine_without_bending_it() -> None:
    s = nominal_skeleton()
    pelvis = np.radians([0.0, 30.0, 90.0])
    pitch = sk.segment_pitch(pelvis, np.zeros((3, sk.N_JOINTS)))
    spine = sk.spine_positions(s, np.tile([s.hip_m[0], 0.0, s.hip_m[2]], (3, 1)), pitch)
    np.testing.assert_allclose(spine[0], s.spine_m, atol=1e-12)
    span = np.linalg.norm(spine[:, 0] - spine[:, -1], axis=1)
    np.testing.assert_allclose(span, span[0])
    assert spine[2, -1, 0] > spine[0, -1, 0] + 0.3  # flexion is forward


def test_the_joints_of_the_two_sums_are_those_between_sacrum_t12_and_t1() -> None:
    joints = np.radians(np.arange(sk.N_JOINTS, dtype=np.float64))[None]
    pitch = np.degrees(sk.segment_pitch(np.zeros(1), joints))[0]
    thoracic = np.degrees(joints[0, sk.THORACIC_JOINTS].sum())
    lumbar = np.degrees(joints[0, sk.LUMBAR_JOINTS].sum())
    assert thoracic == pytest.approx(pitch[SEGMENT["T1"]] - pitch[SEGMENT["T12"]])
    assert lumbar == pytest.approx(pitch[SEGMENT["T12"]] - pitch[SEGMENT["S1"]])


def test_the_lowest_thoracic_joints_flex_against_those_above_and_the_sum_stays() -> None:
    skeleton, rng = nominal_skeleton(1.74), np.random.default_rng(2)
    style = draw_style(EXERCISES["deadlift"], stature_m=1.74, floor_grip_m=PLATE_M, rng=rng)
    channels = {name: np.zeros(3) for name in CHANNELS}
    channels |= {"depth": np.full(3, 0.5), "thorax": np.full(3, 10.0), "junction": np.array([0.0, 12.0, -6.0])}
    motion = perform(Act(skeleton, Recipe("deadlift", 1), style, np.arange(3.0), channels, PLATE_M), None, rng)
    np.testing.assert_allclose(motion.thoracic_deg, style.standing_deg + 10.0)
    lower_deg = np.degrees(motion.pitch_rad[:, SEGMENT["T8"]] - motion.pitch_rad[:, SEGMENT["T12"]])
    np.testing.assert_allclose(lower_deg - lower_deg[0], [0.0, 12.0, -6.0], atol=1e-9)


def test_spine_points_run_down_the_back_in_their_order() -> None:
    points = sk.spine_points(nominal_skeleton().spine_m[None])[0]
    assert points.shape == (len(sk.SPINE_POINTS), 3)
    assert (np.diff(points[:, 2]) < 0).all()


def test_two_links_reach_what_is_in_reach_and_point_at_what_is_not() -> None:
    root = np.zeros((2, 3))
    target = np.array([[0.3, 0.1, 0.2], [3.0, 0.0, 0.0]])
    middle, end = limbs.two_links(root, target, 0.3, 0.25, np.array([0.0, 0.0, -1.0]))
    np.testing.assert_allclose(end[0], target[0], atol=1e-12)
    np.testing.assert_allclose(end[1], [0.55, 0.0, 0.0], atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(middle, axis=1), 0.3)
    np.testing.assert_allclose(np.linalg.norm(end - middle, axis=1), 0.25)
    assert middle[0, 2] < 0.5 * end[0, 2]  # it bends to the side of the pole


def test_newton_solves_all_frames_at_once() -> None:
    wanted = np.linspace(0.2, 1.0, 7)
    found = posture.newton(
        lambda x: np.stack([x[:, 0] ** 2 - wanted, x[:, 1] + x[:, 0] - 1.0], axis=1), np.ones((7, 2))
    )
    np.testing.assert_allclose(found[:, 0], np.sqrt(wanted), atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)


def test_channels_are_smooth_between_keys_and_step_only_where_set() -> None:
    score = Score()
    score.phase("rest", 1.0)
    score.phase("move", 2.0, depth=1.0)
    score.set(held=1.0)
    score.phase("rest", 1.0)
    time_s = np.array([0.0, 1.0, 2.0, 3.0, 3.5])
    np.testing.assert_allclose(score.sample("depth", time_s), [0.0, 0.0, 0.5, 1.0, 1.0])
    np.testing.assert_allclose(score.sample("held", np.array([0.0, 1.5, 2.99, 3.0, 3.5])), [0, 0, 0, 1, 1])
    assert score.phase_at(time_s) == ["rest", "move", "move", "rest", "rest"]
    assert np.diff(min_jerk(np.linspace(0, 1, 50))).min() >= 0.0


def test_the_shares_of_a_thoracic_change_add_up_and_none_is_too_large() -> None:
    for seed in range(50):
        shares = np.array(draw_shares(np.random.default_rng(seed)))
        assert shares.sum() == pytest.approx(1.0)
        assert shares.min() > 0.0
        assert shares.max() <= MOST_SHARE + 1e-9


def test_late_rounding_grows_from_repetition_to_repetition() -> None:
    peaks = peak_degs(Recipe("deadlift", 1, reps=4, rounding="late"), np.random.default_rng(1))
    assert peaks == sorted(peaks)
    assert label(peaks[0]) == "neutral"
    assert label(peaks[-1]) == "rounded"


def test_a_weight_lifted_to_the_top_at_the_end_ends_its_repetition_at_lockout() -> None:
    score, _ = choreograph(Recipe("deadlift", 1, reps=2, ending="top"), np.random.default_rng(1))
    assert score.reps[0].end_s > score.reps[0].turn_s
    assert score.reps[1].end_s == score.reps[1].turn_s


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_camera_sees_the_lifter_face_the_right_way_and_yaw_narrow_him(side: str) -> None:
    camera = Camera(side=side, target_m=(0.0, 0.0, 0.9), height_m=0.9)  # type: ignore[arg-type]
    points = np.array([[0.0, 0.0, 0.9], [0.3, 0.0, 0.9], [0.0, 0.0, 1.2]])
    middle, front, above = camera.project(points)
    np.testing.assert_allclose(middle, [320.0, 240.0], atol=1e-9)
    assert (front[0] > middle[0]) == (side == "right")
    assert above[1] < middle[1]
    turned = replace(camera, yaw_deg=30.0).project(points)
    assert abs(turned[1, 0] - turned[0, 0]) == pytest.approx(
        np.cos(np.radians(30.0)) * abs(front[0] - middle[0]), rel=0.1
    )
    nearer = replace(camera, yaw_deg=30.0).axes()[0]
    assert nearer[0] > 0.0  # positive yaw: the camera stands towards the lifter's front


def test_the_sets_have_distinct_names_and_what_they_promise() -> None:
    clips = trial_set(seed=1)
    assert len({clip.name for clip in clips}) == len(clips) >= 40
    assert {clip.recipe.exercise for clip in clips} == set(EXERCISES)
    assert all(abs(clip.camera.yaw_deg) <= 25.0 for clip in clips)
    assert [clip.name for clip in samples()] == [
        "deadlift_neutral",
        "deadlift_rounded",
        "squat_neutral",
        "squat_rounded",
    ]
