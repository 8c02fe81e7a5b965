"""What the change is measured from: the order of the sources, and which frames serve."""

import numpy as np
import pytest

from spineline.core.reference import Reference, Source, calm_standing, find_reference
from spineline.core.reps import Motion, Rep
from spineline.core.settings import ReferenceSettings
from spineline.core.spine import Spine
from spineline.core.terms import Exercise
from spineline.core.track import Bools, Floats

SETTINGS = ReferenceSettings()
TIME_S = np.arange(0, 12, 1 / 30)
REPS = [Rep(1, 3.0, 4.0, 5.0, "floor"), Rep(2, 5.5, 6.5, 7.5, "floor")]
LIFTING = (TIME_S >= 3.0) & (TIME_S <= 7.5)


def motion(
    *, trunk_deg: float = 3.0, knee_deg: float = 5.0, height: Floats | None = None, lifting: Bools = LIFTING
) -> Motion:
    """Give somebody who stands like this before and after two reps."""
    zero = np.zeros(TIME_S.shape)
    return Motion(
        time_s=TIME_S,
        height=np.where(lifting, -0.5, 0.0) if height is None else height,
        bar_height=np.full_like(zero, np.nan),
        hand_height=zero,
        travel=zero,
        trunk_deg=np.where(lifting, 60.0, trunk_deg),
        knee_deg=np.where(lifting, 60.0, knee_deg),
    )


THORACIC = np.where(LIFTING, 10.0 + 5 * np.sin(TIME_S), np.where(TIME_S < 3, 18.0, 25.0))
SIGMA = 4.0 + 0.1 * TIME_S
TOPS = ((TIME_S >= 3.9) & (TIME_S <= 4.3)) | ((TIME_S >= 6.4) & (TIME_S <= 6.6))
NOWHERE = np.zeros(TIME_S.shape, dtype=np.bool_)


def chosen(thoracic_deg: Floats, tops: Bools = TOPS, seen: Motion | None = None) -> Reference:
    """Choose the reference of a deadlift."""
    return find_reference(seen or motion(), read(thoracic_deg), REPS, "deadlift", tops, SETTINGS)


def read(thoracic_deg: Floats, sigma_deg: Floats = SIGMA) -> Spine:
    """Give a reading whose bend is 9 degrees more than the flexion, and surer."""
    sigma_deg = sigma_deg[: len(thoracic_deg)]
    usable = np.isfinite(thoracic_deg)
    return Spine(
        points_px=np.zeros((len(usable), 9, 2)),
        thoracic_deg=thoracic_deg,
        lumbar_deg=np.zeros(len(usable)),
        sigma_deg=sigma_deg + 1.0,
        bend_deg=thoracic_deg + 9.0,
        bend_sigma_deg=sigma_deg,
        neck_deg=np.zeros(len(usable)),
        chest_deg=np.zeros(len(usable)),
        usable=usable,
        reason=np.where(usable, "", "uncertain"),
    )


def test_calm_standing_comes_first() -> None:
    found = chosen(THORACIC)
    assert (found.source, found.thoracic_deg) == ("standing", 18.0)
    assert found.sigma_deg == pytest.approx(np.median(SIGMA[TIME_S < 3]), abs=0.02)
    # Not the frames around the first rep, whose height jumps.
    assert 80 <= found.frames <= 90
    assert chosen(THORACIC, NOWHERE) == found


def test_without_it_the_tops_of_the_set_serve() -> None:
    for hidden in (np.where(LIFTING, THORACIC, np.nan), np.where(TOPS, THORACIC, np.nan)):
        found = chosen(hidden)
        assert (found.source, found.frames) == ("least_flexed", TOPS.sum())
        assert found.thoracic_deg == np.median(THORACIC[TOPS])
        assert found.sigma_deg == np.median(SIGMA[TOPS])
    leaning = chosen(THORACIC, seen=motion(trunk_deg=SETTINGS.standing_trunk_deg + 10))
    assert leaning == found


def test_only_what_was_measured_at_the_tops_serves() -> None:
    first = TOPS & (TIME_S < 5)
    found = chosen(np.where(LIFTING & ~(TOPS & ~first), THORACIC, np.nan))
    assert (found.source, found.frames) == ("least_flexed", first.sum())
    assert found.thoracic_deg == np.median(THORACIC[first])


def test_whoever_is_far_from_neutral_at_the_tops_rounds_throughout() -> None:
    far_deg = SETTINGS.population_deg + 2 * SETTINGS.population_sd_deg
    sources = [chosen(np.where(LIFTING, deg, np.nan)).source for deg in (far_deg - 0.1, far_deg + 0.1)]
    assert sources == ["least_flexed", "population"]


def test_what_happens_away_from_the_tops_does_not_touch_the_reference() -> None:
    one, other = (chosen(np.where(TOPS, THORACIC, np.where(LIFTING, deg, np.nan))) for deg in (-20.0, 60.0))
    assert one == other


@pytest.mark.parametrize("fps", [15, 30, 60])
@pytest.mark.parametrize(
    ("share", "source"), [(0.0, "population"), (0.8, "population"), (1.2, "least_flexed"), (4.0, "least_flexed")]
)
def test_the_tops_must_be_seen_long_enough_together(fps: int, share: float, source: str) -> None:
    time_s = np.arange(0, 6, 1 / fps)
    zero = np.zeros(time_s.shape)
    bent = Motion(time_s, zero, zero + np.nan, zero, zero, zero + 60.0, zero + 60.0)
    each_s = share * SETTINGS.tops_s / 2
    tops = ((time_s >= 2) & (time_s < 2 + each_s)) | ((time_s >= 4) & (time_s < 4 + each_s))
    found = find_reference(bent, read(zero + 7.0, zero + 3.0), REPS, "deadlift", tops, SETTINGS)
    assert found.source == source
    assert found.thoracic_deg == (7.0 if source == "least_flexed" else SETTINGS.population_deg)


@pytest.mark.parametrize(
    ("thoracic_deg", "tops"),
    [
        (np.where(LIFTING & ~TOPS, THORACIC, np.nan), TOPS),
        (np.where(LIFTING, THORACIC, np.nan), NOWHERE),
        (np.full(TIME_S.shape, np.nan), TOPS),
    ],
    ids=["tops hidden", "never upright", "nothing measured"],
)
def test_neither_standing_nor_tops_leave_the_population(thoracic_deg: Floats, tops: Bools) -> None:
    assert chosen(thoracic_deg, tops) == Reference(SETTINGS.population_deg, SETTINGS.population_sd_deg, "population", 0)


@pytest.mark.parametrize("source", ["standing", "least_flexed"])
def test_a_change_from_ones_own_reference_is_read_off_the_bend(source: Source) -> None:
    reference = Reference(1.0, 5.0, source, 9, bend_deg=10.0)
    change_deg, sigma_deg = reference.change(read(np.array([4.0, np.nan, 2.0]), np.array([5.0, 5.0, 12.0])))
    np.testing.assert_allclose(change_deg, [3.0, np.nan, 1.0])
    np.testing.assert_allclose(sigma_deg[[0, 2]], np.sqrt([50, 169]))


def test_a_change_from_the_average_lifter_is_read_off_the_flexion() -> None:
    reference = Reference(1.0, 5.0, "population", 0)
    change_deg, sigma_deg = reference.change(read(np.array([4.0]), np.array([11.0])))
    assert change_deg[0] == 3.0
    assert sigma_deg[0] == pytest.approx(13.0)


@pytest.mark.parametrize("frames", [0, 1])
def test_a_moment_is_no_reference(frames: int) -> None:
    one = motion().at(np.arange(frames))
    tops = np.ones(frames, dtype=np.bool_)
    found = find_reference(one, read(THORACIC[:frames]), [], None, tops, SETTINGS)
    assert found.source == "population"


@pytest.mark.parametrize(
    "wrong",
    [
        motion(trunk_deg=SETTINGS.standing_trunk_deg + 1),
        motion(trunk_deg=-SETTINGS.standing_trunk_deg - 1),
        motion(knee_deg=SETTINGS.standing_knee_deg + 1),
        motion(height=0.15 * np.sin(4 * TIME_S)),
    ],
    ids=["leaning", "leaning back", "knees bent", "moving"],
)
def test_only_calm_and_upright_is_standing(wrong: Motion) -> None:
    usable = np.ones(TIME_S.shape, dtype=np.bool_)
    assert calm_standing(motion(), usable, REPS, "squat", SETTINGS).any()
    served = calm_standing(wrong, usable, REPS, "squat", SETTINGS)
    steady = np.abs(np.gradient(wrong.height, TIME_S)) <= SETTINGS.calm_torsos_s
    assert not served[~steady].any()
    assert not served.any() or served.sum() < 0.4 * (~LIFTING).sum()


@pytest.mark.parametrize(("exercise", "after"), [("deadlift", False), ("squat", True), (None, True)])
def test_in_a_deadlift_only_the_time_before_serves(exercise: Exercise | None, after: bool) -> None:
    served = calm_standing(motion(), np.ones(TIME_S.shape, dtype=np.bool_), REPS, exercise, SETTINGS)
    assert served[TIME_S < 2.5].all()
    assert served[TIME_S > 8.0].any() == after
    assert not served[LIFTING].any()


def test_frames_that_were_not_measured_do_not_serve() -> None:
    usable = TIME_S > 1.0
    served = calm_standing(motion(), usable, REPS, "deadlift", SETTINGS)
    assert served.any()
    assert not served[~usable].any()


@pytest.mark.parametrize(("seconds", "serves"), [(0.4, False), (0.6, True)])
def test_standing_must_last(seconds: float, serves: bool) -> None:
    usable = (TIME_S > 1.0) & (1.0 + seconds > TIME_S)
    assert calm_standing(motion(), usable, REPS, "deadlift", SETTINGS).any() == serves


def test_scattered_frames_are_no_standing() -> None:
    usable = np.arange(len(TIME_S)) % 3 == 0
    assert not calm_standing(motion(), usable, REPS, "deadlift", SETTINGS).any()
