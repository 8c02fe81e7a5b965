"""When a cue is due, against a slow twin that looks at the whole past anew at every picture."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.analysis import Analysis, analyze
from spineline.core.cueing import CueGate
from spineline.core.moment import newest
from spineline.core.settings import CueSettings, Levels, Settings
from spineline.core.sim import STYLES, Flaws, lift, simulate
from spineline.core.terms import SEVERITIES, Severity
from tests.core.scenes import head_of

LEVELS = Levels(info=5, caution=8, flag=12)
SETTINGS = CueSettings()
STEP_S = 1 / 32
NAN = math.nan

Cues = list[tuple[float, Severity]]


def cues(
    values_deg: list[float],
    *,
    settings: CueSettings = SETTINGS,
    times_s: list[float] | None = None,
    lowest: Severity = "info",
) -> Cues:
    gate = CueGate(settings, lowest)
    times_s = times_s or [STEP_S * number for number in range(len(values_deg))]
    given_cues = [
        (time_s, gate.feed(time_s, value, 3.0, LEVELS)) for time_s, value in zip(times_s, values_deg, strict=True)
    ]
    return [(time_s, cue) for time_s, cue in given_cues if cue]


def naive(values_deg: list[float], times_s: list[float], settings: CueSettings) -> Cues:
    at_deg = [LEVELS.info, LEVELS.caution, LEVELS.flag]
    found: Cues = []
    told = -1
    for now, value in enumerate(values_deg):
        if not math.isfinite(value):
            continue
        while told >= 0 and value < at_deg[told] - settings.hysteresis_deg:
            told -= 1
        due = -1
        for level in range(3):
            first = now
            while (
                first > 0
                and math.isfinite(values_deg[first - 1])
                and values_deg[first - 1] >= at_deg[level]
                and times_s[first] - times_s[first - 1] <= settings.max_gap_s + 1e-6
            ):
                first -= 1
            if value >= at_deg[level] and times_s[now] - times_s[first] >= settings.held_s - 1e-6:
                due = level
        waited = not found or times_s[now] - found[-1][0] >= settings.between_s - 1e-6
        if due > told and waited:
            told = due
            found.append((times_s[now], SEVERITIES[due]))
    return found


def for_s(seconds: float, value_deg: float) -> list[float]:
    return [value_deg] * round(seconds / STEP_S)


def test_a_value_must_be_held() -> None:
    assert cues(for_s(1, 0) + for_s(0.2, 9) + for_s(1, 0)) == []
    held = cues(for_s(1, 0) + for_s(1, 9))
    assert held == [(1 + 7 * STEP_S, "caution")]  # 7 steps are the first to last 0.2 s


def test_the_very_level_is_reached() -> None:
    assert [cue for _, cue in cues(for_s(1, 8.0))] == ["caution"]
    assert cues(for_s(1, 4.999)) == []


def test_what_is_not_measured_ends_the_stretch() -> None:
    six = [9.0] * 6
    assert cues(([*six, NAN]) * 20) == []
    assert cues([*six, *six]) != []
    gate = CueGate(SETTINGS)
    assert [gate.feed(STEP_S * n, 9.0, NAN if n % 6 == 5 else 3.0, LEVELS) for n in range(60)] == [None] * 60


def test_a_long_time_between_two_pictures_ends_it_too() -> None:
    assert cues([9.0] * 20, times_s=[0.26 * number for number in range(20)]) == []
    assert cues([9.0] * 20, times_s=[0.24 * number for number in range(20)]) == [(0.24, "caution")]


def test_one_fault_is_one_cue() -> None:
    wavering = [9.0 + math.sin(number) for number in range(2000)]  # a minute, never 2 degrees below
    assert [cue for _, cue in cues(wavering)] == ["caution"]


def test_the_next_fault_has_its_own_cue_but_not_too_soon() -> None:
    rep = for_s(1, 9) + for_s(1, 0)
    times_s = [time_s for time_s, _ in cues(rep * 6)]
    assert np.diff(times_s).tolist() == pytest.approx([4.0, 4.0])


def test_a_fault_that_grows_is_no_second_one_but_goes_on_if_it_lasts() -> None:
    growing = for_s(1, 6) + for_s(1, 9) + for_s(1, 13)
    assert [cue for _, cue in cues(growing + for_s(3, 0))] == ["info"]
    assert [cue for _, cue in cues(growing + for_s(3, 13))] == ["info", "flag"]
    assert [cue for _, cue in cues(growing, lowest="flag")] == ["flag"]
    assert [cue for _, cue in cues(for_s(1, 13) + for_s(4, 0) + for_s(1, 9))] == ["flag", "caution"]


def test_what_is_over_stays_unsaid_and_what_goes_on_is_said_in_time() -> None:
    first = for_s(1, 9) + for_s(1, 0)
    assert len(cues(first + for_s(1, 9) + for_s(3, 0))) == 1
    assert [time_s for time_s, _ in cues(first + for_s(5, 9))] == pytest.approx([7 * STEP_S, 4 + 7 * STEP_S])


def test_hysteresis() -> None:
    assert len(cues(for_s(1, 9) + for_s(5, 6.5) + for_s(1, 9))) == 1
    assert len(cues(for_s(1, 9) + for_s(5, 5.9) + for_s(1, 9))) == 2


def test_a_fault_does_not_end_while_it_is_not_measured() -> None:
    assert len(cues(for_s(1, 9) + for_s(10, NAN) + for_s(1, 9))) == 1


def test_a_new_set_begins_anew() -> None:
    gate = CueGate(SETTINGS)
    for round_s in (0.0, 0.5):
        answers = [gate.feed(round_s + STEP_S * number, 9.0, 3.0, LEVELS) for number in range(10)]
        assert [answer for answer in answers if answer] == ["caution"]
        gate.forget()


def test_levels_may_rise_in_between() -> None:
    gate = CueGate(SETTINGS)
    higher = Levels(info=16, caution=16, flag=16)
    assert all(gate.feed(STEP_S * number, 13.0, 3.0, higher) is None for number in range(32))
    assert any(gate.feed(1 + STEP_S * number, 13.0, 3.0, LEVELS) == "flag" for number in range(32))


@given(
    st.lists(
        st.tuples(st.sampled_from([NAN, 0.0, 3.5, 5.0, 6.0, 7.9, 8.0, 9.5, 12.0, 15.0]), st.integers(1, 12)),
        max_size=40,
    ),
    st.sampled_from([0.02, 0.0625, 0.1, 0.3]),
    st.sampled_from([0.0, 0.2, 0.5]),
    st.sampled_from([0.0, 1.0, 4.0]),
)
def test_it_agrees_with_its_slow_twin(
    stretches: list[tuple[float, int]], step_s: float, held_s: float, between_s: float
) -> None:
    values_deg = [value for value, count in stretches for _ in range(count)]
    times_s = [step_s * number for number in range(len(values_deg))]
    settings = CueSettings(held_s=held_s, between_s=between_s)
    found = cues(values_deg, settings=settings, times_s=times_s)
    assert found == naive(values_deg, times_s, settings)
    for (one_s, _), (other_s, _) in itertools.pairwise(found):
        assert other_s - one_s >= between_s - 1e-5


# Whole sets, as they go on


def live_cues(style: str, rounding_deg: float, *, fps: float = 12.5, reps: int = 2) -> tuple[Cues, Analysis]:
    """Play a set picture by picture, judged twice a second; return the cues, and the analysis of the whole."""
    settings = Settings()
    script = lift(style, reps=reps, rounding_deg=rounding_deg, after_s=0.5)
    track = simulate(script, style=style, fps=fps, flaws=Flaws(noise_px=2.0, seed=3), silhouettes=False).track
    gate, found = CueGate(settings.cues, lowest="caution"), None
    given_cues: Cues = []
    for i, time_s in enumerate(track.time_s.tolist()):
        if i % round(fps / 2) == 0:
            found = analyze(head_of(track, i + 1))
        assert found is not None
        first = int(np.searchsorted(track.time_s, time_s - settings.live.window_s))
        moment = newest(head_of(track, i + 1, first=first), found.reference, settings)
        levels = settings.rules.thoracic_rounding_deg
        reachable = Levels(**{name: max(getattr(levels, name), found.mdc95_deg) for name in SEVERITIES})
        cue = gate.feed(time_s, moment.change_deg, moment.sigma_deg, reachable)
        given_cues += [(time_s, cue)] if cue else []
    return given_cues, analyze(track)


SOME = ("conventional", "back_squat")
EVERY = [pytest.param(style, marks=[] if style in SOME else pytest.mark.long) for style in STYLES]


@pytest.mark.parametrize("style", EVERY)
def test_a_clean_set_has_no_cue(style: str) -> None:
    assert live_cues(style, 0.0)[0] == []


@pytest.mark.parametrize("rounding_deg", [10.0, 20.0])
@pytest.mark.parametrize("style", EVERY)
def test_from_one_top_to_the_next_there_is_one_cue_and_in_time(style: str, rounding_deg: float) -> None:
    found, whole = live_cues(style, rounding_deg)
    tops_s = [result.rep.turn_s if result.rep.begins == "floor" else result.rep.end_s for result in whole.reps]
    assert found[0][0] < tops_s[0]
    for begin_s, end_s in itertools.pairwise([0.0, *tops_s]):
        assert len([time_s for time_s, _ in found if begin_s <= time_s < end_s]) <= 1
    assert not [time_s for time_s, _ in found if time_s > tops_s[-1]]
