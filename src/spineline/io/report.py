"""One analysis as one self-contained page: no request to anywhere, the same bytes for the same input.

Without a video it has no script; with one beside it, a few lines keep video and chart together.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import numpy as np

from spineline.core.analysis import Analysis, RepResult
from spineline.core.history import Still
from spineline.core.signals import span
from spineline.core.terms import Verdict
from spineline.errors import InputError
from spineline.io.charts import axis_shares, bar_path_svg, timeline_svg
from spineline.io.findings import CHECKS_CAPTION, bar_lines, checked
from spineline.io.pages import NARROW_PX, WIDE_PX, at_both_widths, jpeg_uri, page_template, write_page
from spineline.io.settings_rows import settings_rows
from spineline.io.verdicts import (
    CUES,
    NOT_MEASURED,
    VERDICTS,
    Look,
    change_in_words,
    counted,
    main_reason,
    reason_in_words,
    reference_in_words,
    rounding_levels,
    worst_of,
)

if TYPE_CHECKING:
    from markupsafe import Markup

_BESIDE_PX: Final = 600  # of the chart beside a video
_SCRIPT: Final = "report.js"

_COLUMNS: Final = (
    "Rep",
    "Verdict",
    "Time",
    "Most rounded, against the reference",
    "When the way up began",
    "Gained on the way up",
    "Most trunk lean",
    "Smallest knee angle",
    "Strain index",
    "Measured",
)

_TABLE_CAPTION: Final = (
    "Degrees with + are more rounded than the reference, with \N{MINUS SIGN} less. ± is one standard deviation of "
    "the estimate: about two times in three the true value lies within it. Knee angle: 180° is a straight leg. "
    "Strain index: estimated moment about the mid-back at its most, over that of your own reference posture with the "
    "same load; it has no unit and is no measure of harm."
)

_CHART_CAPTION: Final = (
    "Top: how much more (+) or less (\N{MINUS SIGN}) rounded the upper back was than the reference; the band is one "
    "standard deviation either way, dashed lines are the levels, grey columns the reps with their number and verdict. "
    "Hatched: not measured. Bottom: how the body moved."
)

_LIMITS: Final = (
    "Everything here is estimated from one ordinary camera. It is the outline of the back that is seen, not the bones.",
    "The upper back is compared with your own reference, not with other people and not with an ideal. "
    "How good the reference is decides how good the comparison is.",
    "The levels are coaching defaults, a place to start from. No study gives a limit for how much an upper back may "
    "round under load, and more rounding is not bad as such. They can be changed in the settings.",
    "Not measured means that nothing is known about that moment. It does not mean that all was well.",
    "Loose clothing, long hair, shoulders pulled forward, plates and a camera that does not look from the side can "
    "all move the outline although the spine does not move.",
    "This is feedback for training. It does not examine you and says nothing about your health. "
    "If something hurts, stop and ask somebody qualified.",
)


@dataclass(frozen=True)
class _Shown:
    """A verdict with the name that JSON and style sheet use for it."""

    name: Verdict
    look: Look


@dataclass(frozen=True)
class _Picture:
    """One picture, and at what time of the recording it was taken."""

    time_s: float
    text: str
    uri: str


@dataclass(frozen=True)
class _Row:
    """One rep in the table."""

    index: int
    verdict: _Shown
    cells: tuple[str, ...]
    said: tuple[str, ...]
    still: _Picture | None


@dataclass(frozen=True)
class _Share:
    """One line of how much was and was not measured."""

    text: str
    share: str
    width: str


def write_report(
    analysis: Analysis,
    target: Path | str | TextIO,
    *,
    title: str,
    stills: Mapping[int, Still] | None = None,
    video: str | None = None,
) -> None:
    """Write the report of one recording.

    Parameters
    ----------
    analysis : Analysis
    target : path or text stream
        A path is written whole or not at all.
    title : str
        Heading, such as the name of the video. Any text is fit: it is shown, never interpreted.
    stills : mapping of int to Still, optional
        Picture of each rep by its index, as `spineline.io.overlay.stills` makes them.
    video : str, optional
        Name of the file beside the page that holds what `spineline.io.overlay.write_overlay` writes.

    Raises
    ------
    InputError
        The report cannot be written there, or a still is no JPEG or belongs to no rep.
    """
    write_page(render_report(analysis, title=title, stills=stills, video=video), target)


def render_report(
    analysis: Analysis, *, title: str, stills: Mapping[int, Still] | None = None, video: str | None = None
) -> str:
    """Return the page that `write_report` writes."""
    pictures = _pictures(analysis, stills or {})
    return page_template("report.html").render(
        title=title,
        not_measured=NOT_MEASURED,
        worst=_shown(_worst(analysis)),
        headline=_headline(analysis),
        headline_notes=_headline_notes(analysis),
        cues=[CUES[cue.rule] + f" ({_named(cue.reps)})" for cue in analysis.cues],
        bar_lines=bar_lines(analysis),
        checked=checked(analysis),
        checks_caption=CHECKS_CAPTION,
        facts=_facts(analysis),
        notes=[note for note in analysis.notes if note != reference_in_words(analysis)],
        chart_text=_chart_text(analysis),
        chart_caption=_CHART_CAPTION,
        columns=_COLUMNS,
        reps=[_row(analysis, result, pictures.get(result.rep.index)) for result in analysis.reps],
        pictures=bool(pictures),
        table_caption=_TABLE_CAPTION,
        legend=[_shown(name) for name in VERDICTS if any(r.verdict == name for r in analysis.reps)],
        camera=_camera(analysis),
        shares=_shares(analysis),
        limits=_LIMITS,
        source=[(key.replace("_", " "), value) for key, value in sorted(analysis.track.source.items())],
        settings=settings_rows(analysis.settings),
        **_film(analysis, video),
        **_charts(analysis, wide_px=_BESIDE_PX if video else WIDE_PX),
    )


def _charts(analysis: Analysis, *, wide_px: int) -> dict[str, dict[str, Markup]]:
    """Draw what the page shows; the way of the bar only where it was followed."""
    chart = at_both_widths(lambda width_px, name: timeline_svg(analysis, width_px=width_px, name=name), wide_px=wide_px)
    if not bar_lines(analysis):
        return {"chart": chart}
    path = at_both_widths(lambda width_px, name: bar_path_svg(analysis, width_px=width_px, name=f"path-{name}"))
    return {"chart": chart, "path": path}


def _film(analysis: Analysis, video: str | None) -> dict[str, object]:
    """Return what the page needs to know of the video beside it, and the only script that it may run."""
    from markupsafe import Markup

    script = (resources.files("spineline.io") / "templates" / _SCRIPT).read_text("utf-8") if video else ""
    time_s = analysis.track.time_s
    return {
        "video": video,
        "script": Markup(script),  # noqa: S704
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
        "begin_s": float(time_s[0]) if len(time_s) else 0.0,
        "end_s": float(time_s[-1]) if len(time_s) else 0.0,
        "axis": {name: axis_shares(px) for name, px in (("wide", _BESIDE_PX), ("narrow", NARROW_PX))},
    }


def _shown(name: Verdict) -> _Shown:
    return _Shown(name, VERDICTS[name])


def _worst(analysis: Analysis) -> Verdict:
    return worst_of(result.verdict for result in analysis.reps)


def _headline(analysis: Analysis) -> str:
    if not analysis.reps:
        return "No lift was found in this recording."
    worst = _worst(analysis)
    count = counted(len(analysis.reps), "rep")
    if worst == "not_measured":
        return f"{count}, and the upper back could not be measured in {'it' if len(analysis.reps) == 1 else 'any'}."
    if worst == "ok":
        measured = sum(result.verdict == "ok" for result in analysis.reps)
        return f"No level was reached in {counted(measured, 'measured rep')}."
    found = sum(result.verdict == worst for result in analysis.reps)
    return f"in {found} of {count}: {_listed(analysis, worst)}."


def _headline_notes(analysis: Analysis) -> list[str]:
    """Say what was found, and never leave unsaid that reps were not measured."""
    worst = _worst(analysis)
    lines = []
    if worst in ("info", "caution", "flag"):
        first = max(
            (result for result in analysis.reps if result.verdict == worst),
            key=lambda result: max(flag.value for flag in result.flags),
        )
        lines += [flag.message for flag in first.flags if flag.severity == worst]
    unknown = sum(result.verdict == "not_measured" for result in analysis.reps)
    if unknown and worst != "not_measured":
        lines.append(f"Not measured: {_listed(analysis, 'not_measured')}. Nothing is known about "
                     f"{'it' if unknown == 1 else 'them'}.")  # fmt: skip
    return lines


def _listed(analysis: Analysis, verdict: Verdict) -> str:
    """Name the reps with a verdict: "rep 2", "reps 2, 3 and 7"."""
    return _named([result.rep.index for result in analysis.reps if result.verdict == verdict])


def _named(indices: Sequence[int]) -> str:
    names = [str(index) for index in indices]
    if len(names) == 1:
        return f"rep {names[0]}"
    return f"reps {', '.join(names[:-1])} and {names[-1]}"


def _facts(analysis: Analysis) -> list[tuple[str, str]]:
    time_s = analysis.track.time_s
    duration_s = float(np.ptp(time_s)) if len(time_s) else 0.0
    levels = ", ".join(f"{name} from {level:.2g}°" for name, level in rounding_levels(analysis))
    reference = reference_in_words(analysis).removeprefix("Reference: ")
    return [
        ("Exercise", (analysis.exercise or "none found").capitalize()),
        ("Reps", str(len(analysis.reps))),
        ("Recording", f"{duration_s:.1f} s, {counted(len(time_s), 'frame')}"),
        ("Upper back measured", f"in {analysis.usable_share:.0%} of the frames"),
        ("Compared with", reference[:1].upper() + reference[1:]),
        ("Levels", f"{levels} more rounded than the reference, held for {analysis.settings.rules.held_s:g} s"),
        ("Smallest change named", f"{analysis.mdc95_deg:.2g}°; less cannot be told from noise"),
    ]


def _chart_text(analysis: Analysis) -> str:
    """Say in a sentence what the chart shows, for those who do not see it."""
    known = analysis.thoracic_change_deg[np.isfinite(analysis.thoracic_change_deg)]
    if not known.size:
        return "Chart over time. The upper back was not measured. The table below has the numbers of each rep."
    least, most = (change_in_words(float(value)) for value in (known.min(), known.max()))
    return (
        f"Chart over time, compared with the reference. Upper back at its least: {least}; at its most: {most}; "
        f"measured in {analysis.usable_share:.0%} of the frames. The table below has the numbers of each rep."
    )


def _row(analysis: Analysis, result: RepResult, still: _Picture | None) -> _Row:
    rep = result.rep
    sigma_deg = analysis.sigma_change_deg[span(analysis.track.time_s, rep.start_s, rep.end_s)]
    sigma_deg = sigma_deg[np.isfinite(sigma_deg)]
    partly = " in the part seen" if result.verdict == "not_measured" else ""
    sigma = f" ± {np.median(sigma_deg):.1f}°" if sigma_deg.size else ""
    said = tuple(flag.message for flag in result.flags)
    if result.verdict == "not_measured":
        said = (f"Not measured: {main_reason(analysis, result)}.",)
    return _Row(
        index=rep.index,
        verdict=_shown(result.verdict),
        cells=(
            f"{rep.start_s:.1f}\N{EN DASH}{rep.end_s:.1f} s",
            _degrees(result.thoracic_change_peak_deg, sign=True, after=sigma + partly),
            _degrees(result.thoracic_change_start_deg, sign=True, after=partly),
            _degrees(result.thoracic_growth_deg, sign=True, after=partly),
            _degrees(result.trunk_peak_deg, decimals=0),
            _degrees(result.knee_min_deg, decimals=0),
            _percentage(result.strain.pct, result.strain.sigma_pct),
            f"{result.usable_share:.0%}",
        ),
        said=said,
        still=still,
    )


def _degrees(value: float, *, sign: bool = False, decimals: int = 1, after: str = "") -> str:
    """Write an angle, or that it was not measured."""
    if not np.isfinite(value):
        return NOT_MEASURED
    rounded = round(float(value), decimals) + 0.0
    text = f"{rounded:{'+' if sign else ''}.{decimals}f}".replace("-", "\N{MINUS SIGN}")
    return f"{text}°{after}"


def _percentage(value: float, sigma: float) -> str:
    """Write the strain index, or that it was not measured."""
    if not np.isfinite(value):
        return NOT_MEASURED
    return f"{round(value) + 0:+d}% ± {sigma:.0f}%".replace("-", "\N{MINUS SIGN}")


def _pictures(analysis: Analysis, stills: Mapping[int, Still]) -> dict[int, _Picture]:
    for index in stills.keys() - {result.rep.index for result in analysis.reps}:
        raise InputError(f"stills: expected the index of a rep, found {index}; give pictures of found reps only")
    return {index: _picture(still) for index, still in sorted(stills.items())}


def _picture(still: Still) -> _Picture:
    return _Picture(
        time_s=still.time_s,
        text=f"The lifter in rep {still.rep} at {still.time_s:.1f} s, with the estimated line of the spine drawn in",
        uri=jpeg_uri(still.jpeg),
    )


def _camera(analysis: Analysis) -> list[str]:
    """Say where the camera stood, and what to do about it."""
    view, limit_deg = analysis.view, analysis.settings.view.max_yaw_deg
    if view.side == "unknown" or not np.isfinite(view.yaw_deg):
        return ["Where the camera stood could not be told, because nobody could be followed."]
    off_deg = abs(view.yaw_deg)
    off = f"{off_deg:.0f}° off that, more from {'the front' if view.yaw_deg > 0 else 'behind'}"
    lines = [
        f"The camera saw your {view.side} side; you faced the {view.facing} of the picture. 0° is a true side view; "
        f"yours was about {off if off_deg >= 1 else 'that'}."
    ]
    if off_deg > limit_deg:
        lines.append(
            f"That is too far round: beyond {limit_deg:.0f}° the upper back is not measured. "
            "Put the camera level with your hip, straight to your side."
        )
    elif off_deg > 15:
        lines.append("The estimate allows for that, but it is best straight from the side.")
    return lines


def _shares(analysis: Analysis) -> list[_Share]:
    """List the share of frames measured, and of each reason for those that were not, largest first."""
    frames = max(1, len(analysis.track))
    names, counts = np.unique(analysis.spine.reason[~analysis.spine.usable], return_counts=True)
    reasons = sorted(zip(counts.tolist(), names.tolist(), strict=True), key=lambda pair: (-pair[0], pair[1]))
    rows = [("Measured", analysis.usable_share)]
    rows += [(f"Not measured: {reason_in_words(name)}", count / frames) for count, name in reasons]
    return [_Share(text, _percent(share), f"{100 * share:.1f}") for text, share in rows]


def _percent(share: float) -> str:
    return "under 1%" if 0 < share < 0.01 else f"{share:.0%}"
