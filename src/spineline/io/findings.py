"""What was looked for in every rep, and how the bar was followed: rows and lines for the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from spineline.core.analysis import Analysis, RepResult
from spineline.core.settings import origin
from spineline.core.verdict import Check, in_words, named_levels

CHECKS_CAPTION: Final = (
    "Every rule in every rep, with the levels it is compared with and where these come from. A number without a mark "
    "is below the first level, or too near to it to be told from noise. A dash was not judged, for the reason given."
)

_BAR_TEXT: Final = {
    "plate": "followed by the edge of the plate that is nearer to the camera",
    "hands": "followed by your hands, as no plate was seen",
}
_SCALE_TEXT: Final = {
    "plate": "the plate, taken to be {plate_cm:.0f} cm wide",
    "height": "the height you gave",
    "average_height": "an average height of {height_cm:.0f} cm; give yours with --height",
}


@dataclass(frozen=True)
class Mark:
    """What one rule measured in one rep: its value in words, its severity if that is a finding, and when."""

    text: str
    severity: str
    moment: str


@dataclass(frozen=True)
class Checked:
    """One rule over all reps."""

    rule: str
    levels: str
    origin: str
    marks: tuple[Mark, ...]
    why: str


def bar_lines(analysis: Analysis) -> list[str]:
    """Say how the weight was followed and how far its way can be trusted; nothing if it was not."""
    bar, settings = analysis.bar, analysis.settings.bar
    within = analysis.rep_index > 0
    if bar.source == "none" or not np.isfinite(bar.forward_m[within]).any():
        return []
    scale = _SCALE_TEXT[bar.scale].format(plate_cm=100 * settings.plate_m, height_cm=100 * settings.average_height_m)
    return [
        f"The weight was {_BAR_TEXT[bar.source]}. Its scale rests on {scale}: right to about ± {bar.scale_sigma:.0%}. "
        f"A way of 5 cm is known to about ± {100 * bar.sigma_of(0.05):.1f} cm. Where over the foot the bar is cannot "
        "be told from one camera."
    ]


def checked(analysis: Analysis) -> list[Checked]:
    """List what every rule measured in every rep."""
    settings = analysis.settings.rules
    rows = []
    for of_reps in zip(*(result.checks for result in analysis.reps), strict=True):
        first = of_reps[0]
        levels = named_levels(first, settings)
        rows.append(
            Checked(
                rule=first.rule.replace("_", " ").capitalize(),
                levels=", ".join(f"{severity} {in_words(level, first.unit)}" for severity, level in levels),
                origin=origin(settings, first.setting),
                marks=tuple(_mark(check, result) for check, result in zip(of_reps, analysis.reps, strict=True)),
                why="; ".join(dict.fromkeys(check.found.why for check in of_reps if check.found.why)),
            )
        )
    return rows


def _mark(check: Check, result: RepResult) -> Mark:
    if not np.isfinite(check.found.value):
        return Mark("", "", "")
    severity = next((flag.severity for flag in result.flags if flag.rule == check.rule), "")
    return Mark(in_words(check.found.value, check.unit), severity, f"{check.found.time_s:.1f} s")
