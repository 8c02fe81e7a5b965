"""What the change is measured from: the order of the sources, and which frames serve."""

import numpy as np
import pytest

from spineline.core.reference import calm_standing, find_reference, least_flexed
from spineline.core.reps import Exercise, Motion, Rep
from spineline.core.settings import ReferenceSettings
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
        hand_height=zero,
        travel=zero,
        trunk_deg=np.where(lifting, 60.0, trunk_deg),
        knee_deg=np.where(lifting, 60.0, knee_deg),
    )


THORACIC = np.where(LIFTING, 30.0 + 5 * np.sin(TIME_S), np.where(TIME_S < 3, 18.0, 25.0))
SIGMA = np.full(TIME_S.shape, 4.0)


def test_calm_standing_comes_first() -> None:
    found = find_reference(motion(), THORACIC, SIGMA, REPS, "deadlift", SETTINGS)
    assert (found.source, found.thoracic_deg, found.sigma_deg) == ("standing", 18.0, 4.0)
    # Not the frames around the first rep, whose height jumps.
    assert 80 <= found.frames <= 90


def test_without_it_the_least_flexed_moments_of_the_reps_serve() -> None:
    hidden = np.where(LIFTING, THORACIC - 15, np.nan)
    found = find_reference(motion(), hidden, SIGMA, REPS, "deadlift", SETTINGS)
    inside = np.any([(rep.start_s <= TIME_S) & (rep.end_s >= TIME_S) for rep in REPS], axis=0)
    assert found.source == "least_flexed"
    assert found.frames == pytest.approx(SETTINGS.least_flexed_share * inside.sum(), abs=2)
    assert found.thoracic_deg == pytest.approx(np.quantile(hidden[inside], SETTINGS.least_flexed_share / 2), abs=0.1)


def test_never_near_neutral_is_no_reference_of_ones_own() -> None:
    hidden = np.where(LIFTING, 45.0, np.nan)
    found = find_reference(motion(), hidden, SIGMA, REPS, "deadlift", SETTINGS)
    assert (found.source, found.thoracic_deg, found.sigma_deg, found.frames) == (
        "population",
        SETTINGS.population_deg,
        SETTINGS.population_sd_deg,
        0,
    )


@pytest.mark.parametrize("reps", [REPS, []])
def test_nothing_measured_leaves_the_population(reps: list[Rep]) -> None:
    found = find_reference(motion(), np.full(TIME_S.shape, np.nan), SIGMA, reps, "squat", SETTINGS)
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


def test_least_flexed_looks_inside_the_reps_only() -> None:
    thoracic = np.where(LIFTING, 20.0 + TIME_S, -50.0)
    served = least_flexed(TIME_S, thoracic, REPS, SETTINGS)
    assert served.any()
    assert not served[~LIFTING].any()
    between = (TIME_S > 5.0) & (TIME_S < 5.5)
    assert not served[between].any()
    assert thoracic[served].max() <= thoracic[LIFTING & ~between & ~served].min()


def test_no_frame_and_no_rep_are_no_reference() -> None:
    assert not least_flexed(TIME_S, THORACIC, [], SETTINGS).any()
    assert not least_flexed(TIME_S, np.full(TIME_S.shape, np.nan), REPS, SETTINGS).any()
