"""How findings are put before people: one set of words, symbols and colours for report, charts and overlay.

No colour stands alone: a word and a symbol always go with it. What was not measured looks unlike anything else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from spineline.core.analysis import Analysis, RepResult
from spineline.core.reference import reference_text
from spineline.core.settings import Levels
from spineline.core.signals import held, span
from spineline.core.spine import REASON_TEXT
from spineline.core.terms import BY_SEVERITY, SEVERITIES, Severity, Verdict
from spineline.core.track import Bools
from spineline.core.verdict import Flag, in_doubt

NOT_MEASURED: Final = "not measured"


@dataclass(frozen=True)
class Look:
    """How one verdict is shown: the word, the symbol, what it means, and its colour on moving pictures (RGB)."""

    word: str
    symbol: str
    meaning: str
    rgb: tuple[int, int, int]


VERDICTS: Final[Mapping[Verdict, Look]] = MappingProxyType(
    {
        "ok": Look("Nothing found", "✓", "measured, and no level was reached", (64, 214, 150)),
        "info": Look("Info", "○", "worth knowing: the first level was reached", (120, 200, 255)),
        "caution": Look("Caution", "▲", "the second level was reached", (255, 190, 50)),
        "flag": Look("Flag", "■", "the highest level was reached", (255, 105, 90)),
        "not_measured": Look(
            "Not measured", "?", "not enough could be seen to tell; nothing is known about it", (200, 200, 200)
        ),
    }
)

CUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "thoracic_setup": "Lift the chest and set the upper back before the weight leaves the floor.",
        "thoracic_rounding": "Lift the chest and set the upper back before you start to move.",
        "thoracic_growth": "Keep the upper back on the way up as it was when you started.",
        "thoracic_creep": "Stop the set, or take less weight, when the upper back rounds more from rep to rep.",
        "lumbar_growth": "Brace before you pull, and keep the lower back as it was when you started.",
        "chest_drop": "Out of the bottom, let chest and hips rise together.",
        "hips_rise": "Push the floor away: let hips and shoulders rise together until the bar is at the knee.",
        "bar_drift": "Keep the bar close to your legs all the way up.",
        "neck_back": "Look at a point on the floor ahead of you, so that the neck stays long.",
        "neck_tucked": "Keep the chin a hand's width off the chest.",
        "hitch": "Take a weight that goes up without stopping.",
        "soft_lockout": "Finish upright: stand as tall as before the set.",
        "overextension": "Finish standing tall, without leaning back.",
        "depth": "Go as deep in every rep as in your deepest.",
        "asymmetry": "Press evenly with both feet, and keep the shoulders level.",
    }
)
"""One line of coaching for each rule."""

SHORT_CUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "thoracic_setup": "chest up before you pull",
        "thoracic_rounding": "chest up",
        "thoracic_growth": "hold your upper back",
        "thoracic_creep": "you are rounding more: rest",
        "lumbar_growth": "brace",
        "chest_drop": "chest and hips together",
        "hips_rise": "hips and shoulders together",
        "bar_drift": "bar close",
        "neck_back": "eyes down",
        "neck_tucked": "chin off the chest",
        "soft_lockout": "stand tall",
        "overextension": "do not lean back",
        "depth": "deeper",
        "asymmetry": "press evenly",
    }
)
"""The same in the few words that can be heard between two reps."""


def counted(number: int, word: str) -> str:
    """Put a number before its noun.

    >>> counted(1, "rep"), counted(3, "rep")
    ('1 rep', '3 reps')
    """
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def change_in_words(change_deg: float, sigma_deg: float = float("nan")) -> str:
    """Say a thoracic change in plain words, with its sigma if that is known.

    >>> change_in_words(7.4, 3.0), change_in_words(-2.0), change_in_words(float("nan"))
    ('7° ± 3° more rounded', '2° less rounded', 'not measured')
    """
    if not np.isfinite(change_deg):
        return NOT_MEASURED
    sigma = f" ± {sigma_deg:.0f}°" if np.isfinite(sigma_deg) else ""
    if round(change_deg) == 0:
        return f"0°{sigma}, like the reference"
    return f"{abs(change_deg):.0f}°{sigma} {'less' if change_deg < 0 else 'more'} rounded"


def reason_in_words(reason: str) -> str:
    """Say why a frame was not measured."""
    return REASON_TEXT.get(reason, reason.replace("_", " ") or "the frame was not analysed")


def reference_in_words(analysis: Analysis) -> str:
    """Say what the change is measured from."""
    return reference_text(analysis.reference, analysis.profile)


def rounding_levels(analysis: Analysis) -> list[tuple[Severity, float]]:
    """Return the levels of the thoracic change that can be reached, rising, in degrees.

    None lies below the minimal detectable change. Where levels meet there, only the most severe is left.
    """
    return reachable_levels(analysis.settings.rules.thoracic_rounding_deg, analysis.mdc95_deg)


def reachable_levels(levels: Levels, mdc95_deg: float) -> list[tuple[Severity, float]]:
    """Return those of three levels that can be reached, see `rounding_levels`."""
    reachable = {max(getattr(levels, name), mdc95_deg): name for name in SEVERITIES}
    return [(name, level) for level, name in sorted(reachable.items())]


def worst_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the most severe verdict; `not_measured` only where there is no other."""
    return max(verdicts, key=BY_SEVERITY.index, default="not_measured")


def verdict_of(change_deg: float, levels: Sequence[tuple[Severity, float]]) -> Verdict | None:
    """Tell which of these levels a change reaches; None before there are any."""
    if not math.isfinite(change_deg):
        return "not_measured"
    reached = [name for name, level_deg in levels if change_deg >= level_deg]
    return reached[-1] if reached else "ok" if levels else None


def moment_verdicts(analysis: Analysis) -> list[Verdict | None]:
    """Tell for every frame which level of rounding it belongs to, held as long as the rules want it held.

    None outside reps, where nothing is judged.
    """
    time_s, change_deg, settings = analysis.track.time_s, analysis.thoracic_change_deg, analysis.settings.rules
    found: list[Verdict | None] = [None if measured else "not_measured" for measured in np.isfinite(change_deg)]

    def mark(which: Bools, verdict: Verdict) -> None:
        for i in np.flatnonzero(which):
            found[frames.start + i] = verdict

    for result in analysis.reps:
        frames = span(time_s, result.rep.start_s, result.rep.end_s)
        at_s, rep_deg = time_s[frames], change_deg[frames]
        mark(np.isfinite(rep_deg), "ok")
        doubtful = in_doubt(rep_deg, settings, noise_deg=analysis.mdc95_deg)
        mark(held(at_s, doubtful, at_least_s=settings.held_s), "not_measured")
        for name, level in rounding_levels(analysis):
            reached = np.nan_to_num(rep_deg, nan=-np.inf) >= level
            mark(held(at_s, reached, at_least_s=settings.held_s), name)
    return found


def worst_flag(result: RepResult) -> Flag | None:
    """Return the most severe finding of a rep, None without any."""
    return max(result.flags, key=lambda flag: SEVERITIES.index(flag.severity), default=None)


def worst_frame(analysis: Analysis, result: RepResult) -> int | None:
    """Return the frame to show for a rep: of its worst finding, else its most rounded; None if it was not measured."""
    if result.verdict == "not_measured":
        return None
    frames = span(analysis.track.time_s, result.rep.start_s, result.rep.end_s)
    time_s, change_deg = analysis.track.time_s[frames], analysis.thoracic_change_deg[frames]
    measured = np.isfinite(change_deg)
    if not measured.any():
        return None
    flag = worst_flag(result)
    score = change_deg if flag is None else -np.abs(time_s - flag.time_s)
    return int(frames.start + np.argmax(np.where(measured, score, -np.inf)))


def main_reason(analysis: Analysis, result: RepResult) -> str:
    """Say what kept most of a rep from being measured."""
    if in_doubt(result.thoracic_change_peak_deg, analysis.settings.rules, noise_deg=analysis.mdc95_deg):
        reference = "without a reference" if analysis.reference.source == "population" else "against a reference"
        return f"{reference} of your own, less than {analysis.mdc95_deg:.0f}° cannot be told from none"
    frames = span(analysis.track.time_s, result.rep.start_s, result.rep.end_s)
    unusable = analysis.spine.reason[frames][~analysis.spine.usable[frames]]
    names, counts = np.unique(unusable, return_counts=True)
    return reason_in_words(str(names[np.argmax(counts)])) if names.size else "too little of it was seen"
