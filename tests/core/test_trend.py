"""Trends: known slopes come out, and nothing is named that lies within the noise."""

from datetime import date

import numpy as np
import pytest

from spineline.core.history import History, SetRecord
from spineline.core.progress import Value, of_lifter, sessions_of
from spineline.core.settings import ProgressSettings, Settings
from spineline.core.trend import Comparison, compare, slump_of, standing_of, trend_of, weeks_of
from tests.core.make_weeks import ME, make_calibration, make_set

SETTINGS = Settings()


def values(*numbers: float, sigma: float | None = 1.0) -> list[Value]:
    return [Value(number, sigma) for number in numbers]


def test_a_line_through_equal_sigmas_is_the_textbook_one() -> None:
    x, y = np.array([60.0, 70.0, 80.0, 100.0]), np.array([1.0, 2.5, 3.0, 5.5])
    line = trend_of(list(x), values(*y, sigma=2.0), unknown_sigma=1.0, least=1.0, least_points=3).line
    assert line is not None
    slope, height = np.polyfit(x, y, 1)
    assert line.slope == pytest.approx(slope)
    assert line.at(0.0) == pytest.approx(height)
    assert line.sigma == pytest.approx(2.0 / np.sqrt(((x - x.mean()) ** 2).sum())), "they scatter less than that"


def test_sigma_grows_with_scatter_that_the_values_do_not_explain() -> None:
    x, y = [0.0, 1.0, 2.0, 3.0], values(0, 30, -30, 0)
    wild = trend_of(x, y, unknown_sigma=1.0, least=0.0, least_points=3).line
    calm = trend_of(x, values(0, 0, 0, 0), unknown_sigma=1.0, least=0.0, least_points=3).line
    assert wild is not None
    assert calm is not None
    assert wild.sigma > 10 * calm.sigma


def test_values_of_unknown_sigma_weigh_as_they_are_told_to() -> None:
    trend = trend_of([0, 1, 2], values(0, 1, 2, sigma=None), unknown_sigma=3.0, least=0.0, least_points=3)
    assert trend.line is not None
    assert trend.line.sigma == pytest.approx(3.0 / np.sqrt(2.0))


@pytest.mark.parametrize(
    ("numbers", "sigma", "least", "direction"),
    [
        ((0, 2, 4, 8), 1.0, 7.5, "rises"),
        ((8, 4, 2, 0), 1.0, 7.5, "falls"),
        ((0, 2, 4, 7), 1.0, 7.5, "level"),
        ((0, 2, 4, 9), 6.0, 7.5, "level"),
        ((0, 4, 8), 1.0, 7.5, "unknown"),
    ],
    ids=["rises", "falls", "below the detectable change", "within its uncertainty", "too few"],
)
def test_only_what_is_beyond_noise_is_named(
    numbers: tuple[float, ...], sigma: float, least: float, direction: str
) -> None:
    trend = trend_of(
        [60 + 10 * i for i in range(len(numbers))],
        values(*numbers, sigma=sigma),
        unknown_sigma=1.0,
        least=least,
        least_points=4,
    )
    assert trend.direction == direction


def test_sets_at_one_load_tell_nothing_about_load() -> None:
    assert trend_of([100.0] * 5, values(0, 1, 2, 9, 9), unknown_sigma=1, least=1, least_points=4).direction == "unknown"


def compared(*sets: SetRecord) -> Comparison:
    return compare(sessions_of(of_lifter(History(sets=sets), ME), ProgressSettings()), SETTINGS)


def test_only_sets_of_about_as_many_reps_are_compared() -> None:
    def lifted(minute: int, load_kg: float | None, reps: int) -> SetRecord:
        return make_set(f"2026-03-09T18:{minute:02d}", load_kg, *[3.0] * reps)

    found = compared(
        *(lifted(i, 40 + 10 * i, reps) for i, reps in enumerate((3, 4, 5, 6, 7))),
        lifted(10, None, 5),
        lifted(20, 100, 5),
        make_set("2026-03-09T18:30", 90, *[None] * 5),
        make_set("2026-01-20T18:30", 90, *[3.0] * 5),
    )
    assert found.reps == 5
    assert [(s.record.load_kg, len(s.record.reps)) for s in found.recent] == [(50, 4), (60, 5), (70, 6), (100, 5)]
    assert [s.record.load_kg for s in found.sets] == [90, 50, 60, 70, 100], "older ones are shown, not counted"
    assert found.trend.count == 4


def test_rounding_that_rises_with_load_is_named() -> None:
    rising = [make_set(f"2026-03-09T18:{i:02d}", 60 + 10 * i, *[1.0 + 3 * i] * 5) for i in range(5)]
    found = compared(*rising)
    assert found.trend.direction == "rises"
    assert found.trend.line is not None
    assert found.trend.line.slope == pytest.approx(0.3)


def test_volume_is_load_times_reps_and_empty_weeks_are_there() -> None:
    history = History(
        sets=(
            make_set("2026-01-05T18:00", 100, 2, 2, 2),
            make_set("2026-01-11T18:00", 50, 2, 2),
            make_set("2026-01-11T18:05", None, 2, 2),
            make_set("2026-01-19T18:00", None, 2),
        )
    )
    weeks = weeks_of(sessions_of(of_lifter(history, ME), ProgressSettings()))
    found = [(week.monday, week.sessions, week.sets, week.reps, week.volume_kg, week.unknown_sets) for week in weeks]
    assert found == [
        (date(2026, 1, 5), 2, 3, 7, 400, 1),
        (date(2026, 1, 12), 0, 0, 0, None, 0),
        (date(2026, 1, 19), 1, 1, 1, None, 1),
    ]
    assert weeks_of(()) == ()


def test_standing_comes_from_calibrations_and_from_sets_that_show_it() -> None:
    history = History(
        sets=(
            make_set("2026-01-06T18:00", 100, 2, reference_deg=1.0),
            make_set("2026-01-06T18:05", 100, 2, reference_deg=5.0),
            make_set("2026-01-06T18:10", 100, 2, reference_deg=2.0),
            make_set("2026-01-07T18:00", 100, 2, reference_source="profile"),
            make_set("2026-01-08T18:00", 100, 2, reference_deg=None),
            make_set("2026-01-09T18:00", 100, 2, reference_deg=9.0, spine_sha256="other"),
        ),
        calibrations=(make_calibration("2026-01-05T18:00", 3.0, slump_deg=12.0),),
    )
    course = standing_of(of_lifter(history, ME), SETTINGS)
    found = [(reading.day.day, reading.angle_deg.value, reading.source) for reading in course.readings]
    assert found == [(5, 3.0, "calibration"), (6, 2.0, "sets"), (9, 9.0, "sets")]
    assert course.readings[0].angle_deg.sigma == pytest.approx(np.hypot(1.0, 3.2))
    assert course.trend.count == 1, "another spine model reads it up to another constant"
    assert [reading.angle_deg for reading in slump_of(history, SETTINGS).readings] == [Value(12.0, 2.0)]


def test_standing_that_changes_by_less_than_two_sessions_differ_is_not_named() -> None:
    def course(rise_deg: float) -> str:
        taken = [make_calibration(f"2026-01-{day:02d}T18:00", rise_deg * (day - 1) / 20) for day in range(1, 22, 2)]
        return standing_of(of_lifter(History(calibrations=tuple(taken)), ME), SETTINGS).trend.direction

    assert course(9.0) == "level"
    assert course(14.0) == "rises"


def test_nothing_read_is_no_course() -> None:
    assert standing_of(History(), SETTINGS).readings == ()
    assert slump_of(History(), SETTINGS).trend.direction == "unknown"
