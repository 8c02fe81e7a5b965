"""The whole way from a track to a judgement, on lifters whose truth is known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from spineline.core.analysis import Analysis, analyze
from spineline.core.figure import Camera
from spineline.core.reference import REFERENCE_TEXT
from spineline.core.settings import FilterSettings, Settings
from spineline.core.sim import STYLES, THORACIC_EDGE_DEG, Flaws, Move, lift, simulate
from tests.core.scenes import bare, filmed, judged, watched


@pytest.mark.parametrize("style", STYLES)
def test_a_neutral_back_is_not_flagged(style: str) -> None:
    found = judged(style)
    assert found.exercise == STYLES[style].exercise
    assert found.reps
    assert [rep.verdict for rep in found.reps] == ["ok"] * len(found.reps)
    assert found.usable_share > 0.95
    assert all(rep.flags == () for rep in found.reps)


@pytest.mark.parametrize("style", STYLES)
def test_a_rounded_back_is_flagged_with_rep_moment_and_number(style: str) -> None:
    found, done = judged(style, 25.0), filmed(style, 25.0)
    rounded = found.reps[: len(done.truth.reps)]
    assert [rep.verdict for rep in rounded] == ["flag"] * len(done.truth.reps)
    for rep in rounded:
        flag = next(flag for flag in rep.flags if flag.rule == "thoracic_rounding")
        assert flag.severity == "flag"
        assert flag.rep == rep.rep.index
        assert rep.rep.start_s <= flag.time_s <= rep.rep.end_s
        assert flag.value == rep.thoracic_change_peak_deg
        assert flag.value >= flag.threshold
        assert np.interp(flag.time_s, done.track.time_s, done.truth.depth) > 0.6


def test_rounding_is_ranked() -> None:
    peaks = [judged("back_squat", rounding).reps[0].thoracic_change_peak_deg for rounding in (0.0, 12.0, 25.0)]
    assert peaks[0] < 4
    assert peaks[0] + 5 < peaks[1]
    assert peaks[1] + 5 < peaks[2]


def test_growth_on_the_way_up_is_named() -> None:
    script = [
        Move("stand", 1.5, 0.0),
        Move("descend", 1.4, 1.0),
        Move("bottom", 1.2),
        Move("ascend", 0.8, 0.7, THORACIC_EDGE_DEG + 25),
        Move("ascend", 1.2, 0.0, THORACIC_EDGE_DEG),
        Move("hold", 1.0),
        Move("descend", 1.2, 1.0),
        Move("bottom", 0.5),
    ]
    found = analyze(simulate(script, fps=12.5).track)
    assert len(found.reps) == 1
    assert found.reps[0].thoracic_growth_deg > 8
    assert "thoracic_growth" in {flag.rule for flag in found.reps[0].flags}
    steady = judged("conventional", 25.0)
    assert steady.reps[0].thoracic_growth_deg < 5


def test_the_reference_is_the_lifters_own_standing() -> None:
    found = judged("conventional", 20.0)
    assert found.reference.source == "standing"
    standing = found.track.time_s < 1.0
    assert found.reference.thoracic_deg == pytest.approx(np.median(found.spine.thoracic_deg[standing]), abs=0.5)
    np.testing.assert_allclose(found.thoracic_change_deg, found.spine.thoracic_deg - found.reference.thoracic_deg)
    usable = found.spine.usable
    assert usable.mean() > 0.9
    change_deg, sigma_deg = found.reference.change(found.spine)
    np.testing.assert_array_equal(found.thoracic_change_deg, change_deg)
    np.testing.assert_array_equal(found.sigma_change_deg, sigma_deg)
    assert np.array_equal(np.isfinite(sigma_deg), usable)
    assert REFERENCE_TEXT["standing"] in found.notes


def test_the_filters_leave_a_share_of_sigma() -> None:
    track = simulate(lift("conventional")).track
    whole, part = (
        analyze(track, Settings(filters=FilterSettings(bend_sigma_left=left))).sigma_change_deg for left in (1.0, 0.4)
    )
    assert np.isfinite(whole).mean() > 0.9
    np.testing.assert_allclose(part, 0.4 * whole)


@pytest.mark.parametrize("style", ["conventional", "sumo", "kettlebell"])
@pytest.mark.parametrize(("rounding_deg", "verdict"), [(0.0, "ok"), (25.0, "flag")])
def test_without_standing_before_it_the_tops_of_a_deadlift_are_its_reference(
    style: str, rounding_deg: float, verdict: str
) -> None:
    done, found = watched(lift(style, reps=2, rounding_deg=rounding_deg, before_s=0.0), style)
    assert found.reference.source == "least_flexed"
    assert REFERENCE_TEXT["least_flexed"] in found.notes
    assert found.mdc95_deg == found.settings.rules.mdc95_deg
    # At the tops the lifter is near neutral, which the simulator reads as 0.
    assert found.reference.thoracic_deg == pytest.approx(0, abs=2)
    assert [rep.verdict for rep in found.reps] == [verdict] * len(done.truth.reps)
    for rep in found.reps:
        assert rep.thoracic_change_peak_deg == pytest.approx(rounding_deg, abs=4)


@pytest.mark.parametrize(("rounding_deg", "verdict"), [(4.0, "ok"), (13.0, "not_measured"), (25.0, "flag")])
def test_hidden_tops_leave_an_average_neutral_and_only_large_changes(rounding_deg: float, verdict: str) -> None:
    script = lift("conventional", reps=2, rounding_deg=rounding_deg, before_s=0.0, up_s=2.0, down_s=2.0, high_s=0.1)
    done = simulate(script, silhouettes=False)
    seen = analyze(done.track)
    found = analyze(replace(done.track, others=np.where(done.truth.depth < 0.33, 0.9, 0.0)))
    assert (seen.reference.source, found.reference.source) == ("least_flexed", "population")
    assert found.mdc95_deg == pytest.approx(1.645 * found.settings.reference.population_sd_deg)
    assert [rep.verdict for rep in seen.reps] == ["ok" if rounding_deg < 5 else "flag"] * 2
    assert [rep.verdict for rep in found.reps[:2]] == [verdict] * 2


@pytest.mark.parametrize(("hidden", "verdict"), [("deep", "not_measured"), ("high", "ok")])
def test_a_rep_is_not_ok_unless_its_deep_half_was_seen(hidden: str, verdict: str) -> None:
    done = simulate(lift("conventional", reps=2, up_s=2.0, down_s=2.0), silhouettes=False)
    middle = np.median(done.truth.depth[(analyze(done.track).rep_index > 0) & (done.truth.depth > 0.3)])
    away = (done.truth.depth > middle) == (hidden == "deep")
    found = analyze(replace(done.track, others=np.where(away & (done.track.time_s > 2.0), 0.9, 0.0)))
    assert found.reference.source == "standing"
    for rep in found.reps:
        assert found.settings.rules.min_usable_share <= rep.usable_share < 0.75
        assert rep.verdict == verdict


_WAY_UP = {"half way up": 0.5, "near the top": 0.2}


@cache
def slumping(at: str) -> Analysis:
    """Watch one who is neutral but for 25 degrees on the way down or up, or at the top, of every rep."""
    rounded = THORACIC_EDGE_DEG + 25
    script = [Move("stand", 1.5, 0.0, THORACIC_EDGE_DEG)]
    for _ in range(2):
        if at == "half way down":
            script += [Move("descend", 0.8, 0.5, rounded), Move("descend", 0.8, 1.0, THORACIC_EDGE_DEG)]
            script += [Move("bottom", 1.2), Move("ascend", 1.2, 0.0)]
            continue
        script += [Move("descend", 1.4, 1.0), Move("bottom", 1.2)]
        if at in _WAY_UP:
            script += [Move("ascend", 0.8, _WAY_UP[at], rounded), Move("ascend", 0.8, 0.0, THORACIC_EDGE_DEG)]
        else:
            script += [Move("ascend", 1.2, 0.0), Move("hold", 0.4, None, rounded), Move("hold", 0.6)]
            script.append(Move("hold", 0.4, None, THORACIC_EDGE_DEG))
    return watched([*script, Move("descend", 1.4, 1.0), Move("bottom", 0.6)])[1]


def test_rounding_at_the_top_alone_is_measured_but_not_judged() -> None:
    found = slumping("top")
    assert len(found.reps) == 2
    for rep in found.reps:
        assert found.thoracic_change_deg[found.rep_index == rep.rep.index].max() > 20
        assert rep.thoracic_change_peak_deg < 3
        assert rep.thoracic_growth_deg < 3
        assert (rep.verdict, rep.flags, rep.usable_share) == ("ok", (), 1.0)
    assert np.isfinite(found.thoracic_change_deg).all()


@pytest.mark.parametrize("at", _WAY_UP)
def test_the_same_rounding_on_the_way_up_is_judged(at: str) -> None:
    found = slumping(at)
    assert len(found.reps) == 2
    for rep in found.reps:
        assert rep.thoracic_change_peak_deg > 15
        assert {"thoracic_rounding", "thoracic_growth"} <= {flag.rule for flag in rep.flags}


def test_how_much_of_the_way_down_is_judged_is_a_setting() -> None:
    found = slumping("half way down")
    assert [rep.verdict for rep in found.reps] == ["flag", "ok"]  # on the way down between the two
    less = Settings.from_mapping({"reps": {"upright_share": 0.8}})
    assert [rep.verdict for rep in analyze(found.track, less).reps] == ["ok", "ok"]


def test_a_rep_seen_at_its_top_alone_is_not_measured() -> None:
    done = simulate(lift("conventional", reps=2, rounding_deg=25.0, before_s=0.0, high_s=2.0), silhouettes=False)
    found = analyze(replace(done.track, others=np.where(done.truth.depth > 0.2, 0.9, 0.0)))
    assert np.isnan([rep.thoracic_change_peak_deg for rep in found.reps[:2]]).all()
    assert [rep.verdict for rep in found.reps[:2]] == ["not_measured"] * 2


@pytest.mark.parametrize("by", ["model", "contour"])
def test_too_little_seen_is_not_measured_and_never_fine(by: str) -> None:
    whole = filmed("back_squat")
    first, track = whole.truth.reps[0], whole.track
    hidden = (track.time_s >= first.start_s) & (track.time_s <= first.end_s)
    if by == "model":
        track = replace(track, spine_raw=np.where(hidden[:, None], np.nan, track.spine_raw))
    else:
        bits = np.where(hidden[:, None], np.uint8(0), track.silhouette_bits)
        track = replace(bare(track), silhouette_bits=bits)
    found = analyze(track)
    assert [rep.verdict for rep in found.reps] == ["not_measured", "ok"]
    assert found.reps[0].usable_share < 0.2
    assert np.isnan(found.reps[0].thoracic_change_peak_deg)
    said = {"model": "could not be read with enough certainty", "contour": "edge of the back hidden"}
    assert any(said[by] in note for note in found.notes)


def test_without_reading_and_silhouettes_nothing_is_said_about_the_back() -> None:
    done = simulate(lift("back_squat", reps=2), style="back_squat", silhouettes=False, flaws=Flaws(noise_px=2.0))
    found = analyze(bare(done.track))
    assert [rep.verdict for rep in found.reps] == ["not_measured"] * 2
    assert found.usable_share == 0
    assert found.reference.source == "population"
    assert np.isnan(found.thoracic_change_deg).all()


def test_nobody_is_said_to_be_nobody() -> None:
    gone = simulate([Move("stand", 2.0)], flaws=Flaws(missing_s=[(0.0, 9.0)]), silhouettes=False).track
    found = analyze(gone)
    assert found.exercise is None
    assert found.reps == ()
    assert found.view.side == found.view.facing == "unknown"
    assert found.notes == ("No person was found in the picture.",)


def test_no_lift_is_said_to_be_none() -> None:
    _, found = watched([Move("stand", 4.0, 0.0)])
    assert found.exercise is None
    assert found.reps == ()
    assert any("No repetition" in note for note in found.notes)


@pytest.mark.parametrize(("facing", "yaw_deg"), [(1, 0.0), (-1, 0.0), (1, 20.0), (-1, -20.0)])
def test_the_view_is_that_of_the_camera(facing: int, yaw_deg: float) -> None:
    found = judged(facing=facing, yaw_deg=yaw_deg)
    assert found.view.yaw_deg == pytest.approx(yaw_deg - found.settings.view.yaw_bias_deg, abs=0.1)
    assert found.view.facing == found.view.side == ("right" if facing > 0 else "left")


def test_angles_survive_smoothing() -> None:
    done, found = filmed("conventional"), judged("conventional")
    for name in ("trunk_deg", "hip_deg", "knee_deg", "thigh_deg"):
        np.testing.assert_allclose(getattr(found.angles, name), getattr(done.truth, name), atol=1.0)


def test_every_rep_knows_its_lean_and_its_knees() -> None:
    done, found = filmed("back_squat"), judged("back_squat")
    for rep in found.reps:
        assert rep.trunk_peak_deg == pytest.approx(done.truth.trunk_deg.max(), abs=1.0)
        assert rep.knee_min_deg == pytest.approx(180 - done.truth.knee_deg.max(), abs=1.5)


def test_phases_and_rep_numbers_follow_the_reps() -> None:
    found = judged("back_squat")
    for rep in found.reps:
        inside = found.rep_index == rep.rep.index
        assert inside.any()
        assert set(found.phase[inside]) == {"concentric", "eccentric"}
        up = inside & (found.phase == "concentric")
        assert found.track.time_s[up].min() >= rep.rep.pull_s[0]
        assert found.track.time_s[up].max() <= rep.rep.pull_s[1]
    assert (found.phase[found.rep_index == 0] == "").all()


def test_stricter_levels_find_more() -> None:
    track = filmed("back_squat", 12.0).track
    names = ("thoracic_rounding_deg", "thoracic_growth_deg")
    lax = {name: {"info": 60, "caution": 70, "flag": 80} for name in names}
    strict = {name: {"info": 1, "caution": 2, "flag": 3} for name in names}
    verdicts = [analyze(track, Settings.from_mapping({"rules": rules})).reps[0].verdict for rules in (lax, strict)]
    assert verdicts == ["ok", "flag"]


def test_what_limits_an_analysis_is_noted() -> None:
    aside = analyze(simulate(lift("conventional", reps=1), fps=10.0, camera=Camera(yaw_deg=50)).track)
    assert any("too far from a side view" in note for note in aside.notes)
    assert {rep.verdict for rep in aside.reps} == {"not_measured"}


def test_analysis_is_the_same_every_time() -> None:
    track = filmed("sumo", 12.0).track
    one, other = analyze(track), analyze(track)
    np.testing.assert_array_equal(one.thoracic_change_deg, other.thoracic_change_deg)
    assert repr(one.reps) == repr(other.reps)


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
def test_hardly_any_frames_are_analysed_to_nothing(frames: int) -> None:
    script = [Move("stand", 1.0)]
    track = simulate(script, time_s=np.arange(frames) / 30, silhouettes=False).track
    found = analyze(track)
    assert found.reps == ()
    assert found.thoracic_change_deg.shape == found.phase.shape == (frames,)
    assert found.notes
    assert 0 <= found.usable_share <= 1


def test_a_pose_that_cannot_be_believed_is_missing() -> None:
    done = filmed("back_squat")
    landmarks_px, wrong = done.track.landmarks_px.copy(), [20, 21, 60]
    landmarks_px[wrong] = 300 + 0.2 * landmarks_px[wrong]
    found = analyze(replace(done.track, landmarks_px=landmarks_px))
    for lost in (np.isnan(found.angles.trunk_deg), found.spine.reason == "no_pose"):
        assert np.flatnonzero(lost).tolist() == wrong
    # Nor does it draw its neighbours along.
    others = np.delete(np.arange(len(done.track)), wrong)
    np.testing.assert_allclose(found.angles.trunk_deg[others], done.truth.trunk_deg[others], atol=1.0)


def test_nothing_below_the_detectable_change_is_named() -> None:
    track = filmed("back_squat", 12.0).track
    found = analyze(track)
    assert found.reps[0].verdict != "ok"
    change_deg = found.reps[0].thoracic_change_peak_deg
    blind = analyze(track, Settings.from_mapping({"rules": {"mdc95_deg": change_deg + 1}}))
    assert blind.mdc95_deg == change_deg + 1
    assert blind.reps[0].thoracic_change_peak_deg == change_deg
    assert blind.reps[0].flags == ()
    assert blind.reps[0].verdict == "not_measured"


def test_a_frame_taken_for_facing_the_other_way_is_turned() -> None:
    track = bare(filmed("back_squat", 20.0).track)
    bits, facing = np.array(track.silhouette_bits), track.facing.copy()
    for i in (10, 40, 41):
        facing[i] = -1.0
        bits[i] = np.packbits(np.unpackbits(bits[i]).reshape(128, 128)[:, ::-1])
    expected, found = analyze(track), analyze(replace(track, silhouette_bits=bits, facing=facing))
    np.testing.assert_array_equal(found.thoracic_change_deg, expected.thoracic_change_deg)
    np.testing.assert_array_equal(found.angles.trunk_deg, expected.angles.trunk_deg)
