"""Words, levels and moments that report and overlay share."""

from __future__ import annotations

import doctest
from dataclasses import replace

import numpy as np
import pytest

from spineline.core import verdict
from spineline.core.rules import thoracic_rounding
from spineline.core.terms import Verdict
from spineline.core.verdict import Check, Least
from spineline.io import verdicts
from spineline.io.verdicts import VERDICTS, main_reason, moment_verdicts, reason_in_words, worst_frame
from tests.core.make_scene import make_scene
from tests.io.make_analysis import PEAK_DEG, make_analysis


def test_examples_hold() -> None:
    assert doctest.testmod(verdicts).failed == 0


def test_looks_differ_in_word_symbol_and_colour() -> None:
    for name in ("word", "symbol", "rgb", "meaning"):
        assert len({getattr(look, name) for look in VERDICTS.values()}) == len(VERDICTS) == 5


@pytest.mark.parametrize("peak_deg", [-4.0, 4.9, 5.0, 7.9, 8.0, 12.5, 40.0])
@pytest.mark.parametrize("noise_deg", [5.0, 9.0, 16.0])
@pytest.mark.parametrize("frames_beyond", [1, 12])
def test_moments_agree_with_the_rule(peak_deg: float, noise_deg: float, frames_beyond: int) -> None:
    """The worst moment of a rep is as severe as the rule finds the rep."""
    analysis = replace(make_analysis(("ok",)), mdc95_deg=noise_deg)
    rep, time_s = analysis.reps[0].rep, analysis.track.time_s
    change_deg = np.zeros(len(time_s))
    first = int(np.searchsorted(time_s, rep.start_s)) + 2
    change_deg[first : first + frames_beyond] = peak_deg
    analysis = replace(analysis, thoracic_change_deg=change_deg)
    settings = analysis.settings.rules
    blank = np.zeros(len(time_s))
    scene = replace(make_scene(bar=analysis.bar, rise=blank), time_s=time_s, change_deg=change_deg)
    found = thoracic_rounding(rep, scene, settings)
    flags = verdict.flags(rep, scene, [Check("thoracic_rounding", "deg", found)], Least(noise_deg, 0.0, ()), settings)
    said = verdict.verdict(flags, found.value, settings, usable_share=1.0, noise_deg=noise_deg)
    order: list[Verdict] = ["ok", "not_measured", "info", "caution", "flag"]
    shown = [verdict for verdict in moment_verdicts(analysis) if verdict is not None]
    assert max(shown, key=order.index) == said


def test_a_rep_seen_well_but_in_doubt_says_so() -> None:
    analysis = make_analysis(("ok", "not_measured"))
    seen, hidden = analysis.reps
    doubtful = replace(seen, verdict="not_measured", thoracic_change_peak_deg=12.0)
    assert "16° cannot be told" in main_reason(replace(analysis, mdc95_deg=16.4), doubtful)
    assert main_reason(analysis, hidden) == reason_in_words("edge_hidden")


def test_moments_outside_reps_are_not_judged() -> None:
    analysis = make_analysis(("flag", "not_measured"))
    shown = moment_verdicts(analysis)
    inside = analysis.rep_index > 0
    assert [verdict is not None for verdict in shown] == inside.tolist()
    assert {verdict for verdict, rep in zip(shown, analysis.rep_index, strict=True) if rep == 2} == {"not_measured"}


def test_worst_frame_is_that_of_the_finding() -> None:
    analysis = make_analysis(("flag", "ok", "not_measured"))
    flagged, fine, unknown = (worst_frame(analysis, result) for result in analysis.reps)
    assert flagged is not None
    assert fine is not None
    assert analysis.track.time_s[flagged] == pytest.approx(analysis.reps[0].flags[0].time_s, abs=0.04)
    assert analysis.thoracic_change_deg[fine] == PEAK_DEG["ok"]
    assert unknown is None
