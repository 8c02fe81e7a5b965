"""Profiles: what is taken from standing and slump, what is compared with them, and when they are refused."""

import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from functools import cache, partial

import numpy as np
import pytest

from spineline.core.analysis import Analysis, analyze
from spineline.core.calibration import measure_slump, measure_standing
from spineline.core.figure import Camera
from spineline.core.profile import Profile
from spineline.core.settings import Settings
from spineline.core.sim import THORACIC_EDGE_DEG, Flaws, Move, lift, simulate
from spineline.core.track import PoseTrack
from spineline.errors import InputError
from tests.core.scenes import bare, mirrored, scaled

SETTINGS = Settings()
DATE = "2026-11-23"


def seen(script: Sequence[Move], *, fps: float = 25.0, yaw_deg: float = 0.0, noise_px: float = 1.0) -> PoseTrack:
    """Record without silhouettes, but with the jitter of a pose model."""
    camera, flaws = Camera(yaw_deg=yaw_deg), Flaws(noise_px=noise_px)
    return simulate(script, fps=fps, camera=camera, flaws=flaws, silhouettes=False).track


def upright(seconds: float = 3.0, *, more_deg: float = 0.0, neck_deg: float | None = None) -> list[Move]:
    """Stand, the upper back so much more rounded than the simulator's neutral."""
    return [Move("stand", seconds, 0.0, THORACIC_EDGE_DEG + more_deg, neck_deg=neck_deg)]


def slumped(more_deg: float) -> list[Move]:
    """Slump from standing, and hold it."""
    return [*upright(1.0), Move("stand", 1.0, None, THORACIC_EDGE_DEG + more_deg), Move("stand", 1.5)]


def bent_throughout(more_deg: float, neck_deg: float | None = None) -> list[Move]:
    """Join a deadlift at the bar whose lifter stays so much rounded, at the tops too."""
    rounded_deg = THORACIC_EDGE_DEG + more_deg
    moves = lift("conventional", reps=2, before_s=0.0, after_s=0.0)
    first = replace(moves[0], thoracic_deg=rounded_deg, neck_deg=neck_deg)
    return [first, *(replace(move, thoracic_deg=rounded_deg) for move in moves[1:])]


@cache
def standing() -> Profile:
    """Take a profile of the neutral lifter."""
    return measure_standing(seen(upright()), date=DATE)


def changes(found: Analysis) -> list[float]:
    """Give the largest change of every rep."""
    return [rep.thoracic_change_peak_deg for rep in found.reps]


# What is taken


@pytest.mark.parametrize("more_deg", [-6.0, 0.0, 9.0])
def test_a_profile_holds_the_standing_that_was_seen(more_deg: float) -> None:
    track = replace(seen(upright(more_deg=more_deg), yaw_deg=6.0), source={"spine_sha256": "ab", "model": "lite"})
    found = measure_standing(track, date=DATE)
    assert found.thoracic_deg == pytest.approx(more_deg, abs=0.5)
    assert found.bend_deg == pytest.approx(more_deg + 7.0, abs=0.5)  # the simulator's constant of the lifter's own
    assert found.sigma_deg == pytest.approx(SETTINGS.filters.bend_sigma_left * 1.0)
    assert (found.side, found.spine_sha256, found.pose_model, found.date) == ("right", "ab", "lite", DATE)
    assert found.yaw_deg == pytest.approx(0.0, abs=1.0)  # 6 degrees less the pose model's bias of 6
    assert found.seconds == pytest.approx(3.0, abs=0.1)
    assert found.frames == pytest.approx(25 * found.seconds)
    assert math.isnan(found.slump_deg)


def test_a_whole_set_gives_the_standing_before_it() -> None:
    found = measure_standing(seen(lift("conventional", rounding_deg=25.0)), date=DATE)
    assert found.bend_deg == pytest.approx(standing().bend_deg, abs=0.5)
    assert found.seconds == pytest.approx(2.0, abs=0.5)  # and the begin of the way down


def test_no_other_view_of_it_changes_a_profile_but_for_the_side() -> None:
    track = seen(upright(more_deg=5.0))
    expected = measure_standing(track, date=DATE)
    for other, side in ((mirrored, "left"), (partial(scaled, factor=0.4), "right")):
        found = measure_standing(other(track), date=DATE)
        assert found.side == side
        np.testing.assert_allclose(astuple(found)[:5], astuple(expected)[:5], atol=1e-6)
        assert found.yaw_deg == pytest.approx(expected.yaw_deg, abs=1e-6)


@pytest.mark.parametrize("fps", [12.5, 50.0])
def test_the_frame_rate_hardly_changes_a_profile(fps: float) -> None:
    found = measure_standing(seen(upright(), fps=fps), date=DATE)
    np.testing.assert_allclose(astuple(found)[:5], astuple(standing())[:5], atol=0.7)
    assert found.seconds == pytest.approx(standing().seconds, abs=0.15)


def test_pictures_that_come_unevenly_count_for_the_time_they_take() -> None:
    time_s = np.arange(0, 3, 1 / 32)[np.resize([True, True, True, False, False, False], 96)]
    found = measure_standing(simulate(upright(), time_s=time_s, silhouettes=False).track, date=DATE)
    assert found.frames == len(time_s)
    assert found.seconds > 1.9  # not 1.5, though most pictures came 1/32 s after the one before
    assert found.bend_deg == pytest.approx(standing().bend_deg, abs=0.7)


def hidden(track: PoseTrack) -> PoseTrack:
    """Leave the spine model nothing that it could read."""
    return replace(track, spine_raw=np.full_like(track.spine_raw, np.nan))


def crowded(track: PoseTrack) -> PoseTrack:
    """Put somebody in front."""
    return replace(track, others=np.ones(len(track)))


@pytest.mark.parametrize(
    ("track", "why"),
    [
        (partial(seen, upright(1.0)), "found 1.0 s: calm and upright for 1.0 s; stand still and upright"),
        (partial(seen, [Move("walk", 3.0, travel_m=2.0)]), "stand still and upright, arms hanging"),
        (partial(seen, [Move("bottom", 3.0, 1.0)]), "found 0.0 s: calm and upright for 0.0 s"),
        (lambda: seen(upright(), yaw_deg=45.0), "found 0.0 s: the camera stands too far from a side view; turn"),
        (lambda: hidden(seen(upright())), "could not be read with enough certainty; wear a fitted shirt"),
        (lambda: crowded(seen(upright())), "somebody else in front of or behind the lifter; be alone"),
        (
            lambda: simulate(upright(), flaws=Flaws(missing_s=[(0, 9)]), silhouettes=False).track,
            "nobody could be followed; stand where the camera sees all of you",
        ),
    ],
    ids=["too short", "walking", "bent", "not from the side", "not certain", "second person", "nobody"],
)
def test_too_little_standing_is_refused_with_the_reason_and_what_to_do(
    track: Callable[[], PoseTrack], why: str
) -> None:
    with pytest.raises(InputError) as caught:
        measure_standing(track(), date=DATE)
    message = str(caught.value)
    assert message.startswith("expected 1.5 s of relaxed standing with the upper back measured, found ")
    assert why in message
    assert "\n" not in message


def test_a_slump_is_added_with_its_sigma() -> None:
    found = measure_slump(seen(slumped(20.0)), standing())
    assert found.slump_deg == pytest.approx(20.0, abs=1.0)
    # One day, one camera: only what two readings leave open.
    assert found.slump_sigma_deg == pytest.approx(math.hypot(0.7, 0.7), abs=0.01)
    assert replace(found, slump_deg=math.nan, slump_sigma_deg=math.nan) != standing()  # NaN is never equal
    assert astuple(found)[:-2] == astuple(standing())[:-2]


@pytest.mark.parametrize(
    ("track", "why"),
    [
        (lambda: seen(slumped(5.0)), "expected a slump at least 8 degrees more rounded than standing, found 5: round"),
        (lambda: hidden(seen(slumped(20.0))), "expected a slump held for 0.5 s, found none: the upper back could not"),
        (lambda: replace(seen(slumped(20.0)), source={"spine_sha256": "cd"}), "the two cannot be compared"),
    ],
    ids=["too little", "not seen", "another model"],
)
def test_no_slump_is_refused_with_the_reason(track: Callable[[], PoseTrack], why: str) -> None:
    with pytest.raises(InputError, match=why):
        measure_slump(track(), standing())


# What is compared with it


@pytest.mark.parametrize("more_deg", [0.0, 15.0])
@pytest.mark.parametrize("yaw_deg", [0.0, 15.0])
def test_without_standing_the_change_is_right_by_a_profile_alone(more_deg: float, yaw_deg: float) -> None:
    track = seen(bent_throughout(more_deg), yaw_deg=yaw_deg)
    without, found = analyze(track), analyze(track, profile=standing())
    assert (without.reference.source, found.reference.source) == ("least_flexed", "profile")
    known = np.isfinite(found.thoracic_change_deg)
    assert known.mean() > 0.9
    error_deg = np.abs(found.thoracic_change_deg - more_deg)[known]
    assert (error_deg <= found.sigma_change_deg[known]).all()
    assert error_deg.max() < 1.5
    # Whoever never straightens is held against just that.
    np.testing.assert_allclose(changes(without), 0.0, atol=1.5)
    np.testing.assert_allclose(changes(found), more_deg, atol=1.5)
    assert {rep.verdict for rep in without.reps} == {"ok"}
    assert {rep.verdict for rep in found.reps} == {"flag" if more_deg else "ok"}


@pytest.mark.parametrize("before_s", [0.0, 2.0])
def test_a_profile_goes_first_and_changes_no_rep(before_s: float) -> None:
    track = seen(lift("conventional", reps=3, rounding_deg=[0.0, 20.0, 0.0], before_s=before_s))
    without, found = analyze(track), analyze(track, profile=standing())
    assert [rep.rep for rep in found.reps] == [rep.rep for rep in without.reps]
    assert found.exercise == without.exercise
    assert found.reference.source == "profile"
    assert found.profile == standing()
    np.testing.assert_array_equal(found.spine.usable, without.spine.usable)
    np.testing.assert_array_equal(found.phase, without.phase)
    np.testing.assert_allclose(found.thoracic_change_deg, without.thoracic_change_deg, atol=1.5)


def test_another_session_makes_the_change_less_sure_and_small_changes_unnamed() -> None:
    track = seen(lift("conventional", reps=2, rounding_deg=9.0))
    without, found = analyze(track), analyze(track, profile=standing())
    sessions_deg = SETTINGS.reference.profile_sigma_deg
    np.testing.assert_allclose(found.sigma_change_deg, np.hypot(without.sigma_change_deg, sessions_deg), atol=0.01)
    assert found.mdc95_deg == pytest.approx(math.hypot(without.mdc95_deg, 1.96 * sessions_deg))
    assert [rep.verdict for rep in without.reps] == ["caution"] * 2
    assert [rep.verdict for rep in found.reps] == ["not_measured"] * 2  # 9 degrees lie within the uncertainty
    surer = Settings(reference=SETTINGS.reference.model_copy(update={"profile_sigma_deg": 0.0}))
    assert [rep.verdict for rep in analyze(track, surer, profile=standing()).reps] == ["caution"] * 2


def test_no_other_view_of_the_set_changes_what_a_profile_says() -> None:
    track = seen(bent_throughout(15.0))
    expected = analyze(track, profile=standing())
    for other in (mirrored, partial(scaled, factor=0.4)):
        found = analyze(other(track), profile=standing())
        np.testing.assert_allclose(found.thoracic_change_deg, expected.thoracic_change_deg, atol=1e-6)
        assert found.notes == expected.notes
    faster = analyze(seen(bent_throughout(15.0), fps=50.0), profile=standing())
    np.testing.assert_allclose(changes(faster), changes(expected), atol=1.0)


def test_rules_about_neck_and_chest_hold_against_the_profile_where_there_is_no_standing() -> None:
    profile = measure_standing(seen(upright(neck_deg=10.0)), date=DATE)
    track = seen(bent_throughout(0.0, neck_deg=40.0))
    without, found = analyze(track), analyze(track, profile=profile)
    needy = {"neck_back", "neck_tucked", "soft_lockout", "overextension"}
    for rep, other in zip(without.reps, found.reps, strict=True):
        unseen = {check.rule for check in rep.checks if check.found.why == "no calm standing to compare with"}
        assert unseen == needy
        values = {check.rule: check.found.value for check in other.checks}
        assert np.isfinite([values[rule] for rule in needy]).all()
        most_deg = np.nanmax(found.spine.neck_deg[found.rep_index == rep.rep.index])
        assert values["neck_tucked"] == pytest.approx(most_deg - profile.neck_deg, abs=3.0)
        assert "neck_tucked" in {flag.rule for flag in other.flags}
    assert math.isnan(found.standing.tilt_deg)


def test_standing_of_the_recording_itself_serves_neck_and_chest_first() -> None:
    profile = replace(standing(), chest_deg=50.0, neck_deg=50.0)
    track = seen(lift("conventional", reps=1))
    assert analyze(track, profile=profile).standing == analyze(track).standing


# What is refused and remarked


def test_a_profile_of_another_spine_model_is_refused() -> None:
    profile = replace(standing(), spine_sha256="ab" * 32)
    with pytest.raises(
        InputError, match="read by the spine model abababab, this recording by the edge of the back alone"
    ):
        analyze(seen(upright()), profile=profile)
    assert analyze(bare(seen(upright())), profile=standing()).reference.source == "profile"


@pytest.mark.parametrize(("yaw_deg", "remarked"), [(0.0, False), (18.0, False), (24.0, True)])
def test_a_profile_from_another_view_is_remarked_on(yaw_deg: float, remarked: bool) -> None:
    for seen_from in (lambda track: track, mirrored):  # the side does not matter
        found = analyze(seen_from(seen(upright(), yaw_deg=yaw_deg)), profile=standing())
        assert any("degrees off a side view, this recording" in note for note in found.notes) == remarked


def test_another_pose_model_is_remarked_on() -> None:
    track = replace(seen(upright()), source={"model": "lite"})
    notes = analyze(track, profile=replace(standing(), pose_model="full")).notes
    assert any("with the pose model full, this recording with lite" in note for note in notes)
    assert not any(
        "pose model" in note for note in analyze(track, profile=replace(standing(), pose_model="lite")).notes
    )


@pytest.mark.parametrize(("more_deg", "how"), [(3.0, ""), (14.0, "14 degrees more"), (-14.0, "14 degrees less")])
def test_a_lifter_who_stands_otherwise_is_asked_whose_profile_it_is(more_deg: float, how: str) -> None:
    notes = analyze(seen(upright(more_deg=more_deg)), profile=standing()).notes
    found = [note for note in notes if note.startswith("Your calm standing")]
    assert len(found) == bool(how)
    assert all(f"is {how} rounded than in your profile" in note for note in found)


def test_the_date_is_said() -> None:
    notes = analyze(seen(bent_throughout(0.0)), profile=standing()).notes
    assert f"Reference: your own standing as saved in your profile of {DATE}." in notes
