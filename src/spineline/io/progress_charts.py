"""Charts of weeks of lifting as inline SVG: one date axis, hatched where nothing was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from spineline.core.history import WORST_PAIN
from spineline.core.overview import Lift, Overview
from spineline.core.progress import EnteredPain, Session, Value, day_of
from spineline.core.settings import ProgressSettings, Settings
from spineline.core.terms import Severity, Verdict
from spineline.core.trend import Course
from spineline.io.drawing import DPI, STAND_IN, as_inline, draw_levels, own_style
from spineline.io.verdicts import reachable_levels, verdict_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NARROW_PX: Final = 500  # up to here with short titles
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX, _GAP_PX = 42, 78, 26, 26, 34
_LOAD_PX, _ROUNDING_PX, _PAIN_PX, _COMPARED_PX, _CREEP_PX, _STANDING_PX, _SLUMP_PX = 110, 190, 100, 230, 150, 120, 90
_LEGEND_PX: Final = 18
_LEAST_COLUMN_PX: Final = 8  # narrower, hatching cannot be seen
_LEAST_BAR_PX: Final = 3
_LEAST_BAR: Final = 0.4  # a pain of 0 that was entered can be seen
_YEAR_DAYS: Final = 330  # beyond, day and month do not tell a date
_DATE_PX: Final = 58  # room of a date along the axis
_TWO_SIDED_95: Final = 1.96
_BESIDE_DAYS: Final = 0.3  # sets of one day stand beside each other
_MARKERS: Final[dict[Verdict, str]] = {"ok": "o", "info": "D", "caution": "^", "flag": "s"}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKS: Final = (1, 2, 4, 8, 13, 26, 52, 104)


def sessions_svg(lift: Lift, seen: Overview, settings: Settings, *, width_px: int, name: str) -> str:
    """Draw load and rounding of every session of a lift, and pain, one under the other.

    Parameters
    ----------
    lift
        What is drawn.
    seen
        All that is known of its lifter: pain of every day, and the days that the date axis shows.
    settings
        Levels.
    width_px : int
        Width at which letters have their natural size.
    name : str
        Begins every id within the drawing; different for each drawing on a page.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    with own_style(name):
        figure, (load, rounding, felt) = _stacked(width_px, (_LOAD_PX, _ROUNDING_PX, _PAIN_PX))
        wide, sessions = width_px > _NARROW_PX, lift.sessions
        _date_axis(felt, seen.days, width_px)
        load.set_title("Heaviest load, kg")
        _draw_loads(load, sessions, width_px)
        rounding.set_title("Upper back at that load: change from the reference, degrees" if wide else
                           "Upper back: change, degrees")  # fmt: skip
        _draw_rounding(rounding, sessions, settings, width_px)
        felt.set_title(f"Pain, 0 to {WORST_PAIN}: the worst of each day" if wide else f"Pain, 0 to {WORST_PAIN}")
        _draw_pain(felt, sessions, seen.pain, settings.progress, width_px)
        return as_inline(figure, name)


def compared_svg(lift: Lift, settings: Settings, *, width_px: int, name: str) -> str:
    """Draw rounding against load, of sets of equal reps; there must be some. Parameters are those of `sessions_svg`."""
    with own_style(name):
        figure, (axes,) = _stacked(width_px, (_COMPARED_PX,), top_px=_TOP_PX + _LEGEND_PX)
        compared, latest = lift.comparison, lift.sessions[-1].day
        axes.set_title("Most rounded rep, degrees, against load, kg", pad=_LEGEND_PX + 4)
        earlier = compared.sets[: len(compared.sets) - len(compared.recent)]
        last = [lifted for lifted in compared.recent if day_of(lifted.record.date) == latest]
        between = [lifted for lifted in compared.recent if day_of(lifted.record.date) != latest]
        weeks = f"last {settings.progress.compared_weeks:g} weeks"
        for sets, label, colour, face, alpha in (
            (earlier, "earlier", "muted", "none", 0.6),
            (between, weeks, "change", STAND_IN["change"], 0.75),
            (last, "latest session", "ink", STAND_IN["ink"], 1.0),
        ):
            points = [(lifted.record.load_kg or 0.0, peak) for lifted in sets if (peak := lifted.peak_deg)]
            _points(axes, points, colour=STAND_IN[colour], face=face, alpha=alpha, label=label)
        line = compared.trend.line
        if line:
            ends = (line.low, line.high)
            named = compared.trend.direction in ("rises", "falls")
            axes.plot(ends, [line.at(load_kg) for load_kg in ends], color=STAND_IN["change"], linewidth=2.4,
                      linestyle="solid" if named else (0, (2, 2)))  # fmt: skip
        levels = reachable_levels(settings.rules.thoracic_rounding_deg, compared.trend.least)
        peaks = [peak for lifted in compared.sets if (peak := lifted.peak_deg)]
        _degrees_axis(axes, peaks, levels, least_deg=compared.trend.least, height_px=_COMPARED_PX)
        _legend(axes)
        return as_inline(figure, name)


def creep_svg(lift: Lift, seen: Overview, settings: Settings, *, width_px: int, name: str) -> str:
    """Draw how much more rounded the last reps of each work set were. Parameters are those of `sessions_svg`."""
    with own_style(name):
        figure, (axes,) = _stacked(width_px, (_CREEP_PX,))
        rules = settings.rules
        levels = reachable_levels(rules.thoracic_creep_deg, rules.growth_mdc95_deg)
        sigma_deg = rules.growth_mdc95_deg / _TWO_SIDED_95
        axes.set_title("Last reps against the first two of a set, degrees" if width_px > _NARROW_PX else
                       "Last reps against the first, degrees")  # fmt: skip
        _date_axis(axes, seen.days, width_px)
        found: dict[Verdict, list[tuple[float, Value]]] = {}
        for session in lift.sessions:
            if session.creep_deg is None:
                _hatch(axes, session.day, width_px)
            for place, lifted in enumerate(session.work_sets):
                if (creep_deg := lifted.creep_deg) is not None:
                    at = session.day.toordinal() + _BESIDE_DAYS * (place - (len(session.work_sets) - 1) / 2)
                    verdict = verdict_of(creep_deg, levels) or "ok"
                    found.setdefault(verdict, []).append((at, Value(creep_deg, sigma_deg)))
        for verdict, points in found.items():
            _points(axes, points, colour=STAND_IN[verdict], marker=_MARKERS[verdict], face=STAND_IN[verdict])
        drawn = [value for points in found.values() for _, value in points]
        _degrees_axis(axes, drawn, levels, least_deg=rules.growth_mdc95_deg, height_px=_CREEP_PX)
        return as_inline(figure, name)


def posture_svg(seen: Overview, *, width_px: int, name: str) -> str:
    """Draw standing and slump over the weeks; there must be a reading. Parameters are those of `sessions_svg`."""
    with own_style(name):
        courses = [("Standing at ease, degrees", seen.standing, _STANDING_PX),
                   ("Full slump: more rounded than standing by, degrees" if width_px > _NARROW_PX else
                    "Full slump, degrees more", seen.slump, _SLUMP_PX)]  # fmt: skip
        courses = [course for course in courses if course[1].readings]
        figure, rows = _stacked(width_px, [height_px for _, _, height_px in courses], top_px=_TOP_PX + _LEGEND_PX)
        _date_axis(rows[-1], seen.days, width_px)
        for axes, (title, course, _) in zip(rows, courses, strict=True):
            axes.set_title(title, pad=_LEGEND_PX + 4 if axes is rows[0] else None)
            _draw_course(axes, course)
        _legend(rows[0])
        return as_inline(figure, name)


def _stacked(width_px: int, heights_px: Sequence[int], *, top_px: int = _TOP_PX) -> tuple[Figure, list[Axes]]:
    """Make axes one under the other, on one horizontal axis, of these heights."""
    from matplotlib.figure import Figure

    inner_px = sum(heights_px) + _GAP_PX * (len(heights_px) - 1)
    height_px = inner_px + top_px + _BOTTOM_PX
    figure = Figure(figsize=(width_px / DPI, height_px / DPI), dpi=DPI)
    figure.subplots_adjust(
        left=_LEFT_PX / width_px, right=1 - _RIGHT_PX / width_px, bottom=_BOTTOM_PX / height_px,
        top=1 - top_px / height_px, hspace=_GAP_PX * len(heights_px) / sum(heights_px),
    )  # fmt: skip
    rows = figure.subplots(len(heights_px), 1, sharex=True, squeeze=False, height_ratios=list(heights_px))
    return figure, list(rows[:, 0])


def _date_axis(axes: Axes, days: Iterable[date], width_px: int) -> None:
    """Put Mondays at steps of whole weeks, as many as fit."""
    places = [day.toordinal() for day in days]
    low, high = min(places) - 2, max(places) + 2
    axes.set_xlim(low, high)
    weeks = (high - low) / 7 / max(1, (width_px - _LEFT_PX - _RIGHT_PX) / _DATE_PX)
    step = next((step for step in _WEEKS if step >= weeks), _WEEKS[-1])
    first = date.fromordinal(low) + timedelta(days=-date.fromordinal(low).weekday() % 7)
    ticks = range(first.toordinal(), high + 1, 7 * step)
    axes.set_xticks(list(ticks), [_short(date.fromordinal(tick), years=high - low > _YEAR_DAYS) for tick in ticks])


def _short(day: date, *, years: bool) -> str:
    """Write a date without the help of the machine's language; over years its month and year."""
    return f"{_MONTHS[day.month - 1]} {day.year}" if years else f"{day.day} {_MONTHS[day.month - 1]}"


def _days(axes: Axes, width_px: int, wanted_px: float) -> float:
    """Return how many days are as wide as so many pixels."""
    low, high = axes.get_xlim()
    return wanted_px * (high - low) / (width_px - _LEFT_PX - _RIGHT_PX)


def _hatch(axes: Axes, day: date, width_px: int) -> None:
    """Hatch the column of a day about which nothing is known."""
    half = max(0.45, _days(axes, width_px, _LEAST_COLUMN_PX) / 2)
    axes.axvspan(day.toordinal() - half, day.toordinal() + half, facecolor="none", edgecolor=STAND_IN["hatch"],
                 hatch="//////", linewidth=0, zorder=0.5)  # fmt: skip
    axes.annotate("?", (day.toordinal(), 0.0), xycoords=("data", "axes fraction"), xytext=(0, 2), ha="center",
                  textcoords="offset points", fontweight="bold", color=STAND_IN["not_measured"])  # fmt: skip


def _points(
    axes: Axes, points: Sequence[tuple[float, Value]], *, colour: str, face: str, marker: str = "o",
    alpha: float = 1.0, label: str = "",
) -> None:  # fmt: skip
    """Draw values with a bar of one sigma either way; the bars are one path, which keeps the page small."""
    if not points:
        return
    x, y = np.array([at for at, _ in points], dtype=float), np.array([value.value for _, value in points])
    sigma = np.array([np.nan if value.sigma is None else value.sigma for _, value in points])
    bars = np.column_stack([y - sigma, y + sigma, np.full(len(y), np.nan)])
    axes.plot(np.repeat(x, 3), bars.ravel(), color=colour, linewidth=1.2, alpha=0.6 * alpha, solid_capstyle="butt")
    axes.plot(x, y, linestyle="none", marker=marker, markersize=6.5, markerfacecolor=face, markeredgecolor=colour,
              markeredgewidth=1.2, alpha=alpha, label=label)  # fmt: skip


def _draw_loads(axes: Axes, sessions: Sequence[Session], width_px: int) -> None:
    known = [(session.day.toordinal(), session.top_load_kg) for session in sessions if session.top_load_kg is not None]
    if known:
        axes.plot(*zip(*known, strict=True), color=STAND_IN["trunk"], linewidth=1.2, marker="o", markersize=5.5)
        low, high = min(kg for _, kg in known), max(kg for _, kg in known)
        axes.set_ylim(low - 0.15 * (high - low) - 2.5, high + 0.15 * (high - low) + 2.5)
    for session in sessions:
        if session.top_load_kg is None:
            _hatch(axes, session.day, width_px)


def _draw_rounding(axes: Axes, sessions: Sequence[Session], settings: Settings, width_px: int) -> None:
    rules = settings.rules
    least_deg = max([rules.mdc95_deg, *(lifted.record.mdc95_deg for session in sessions for lifted in session.sets)])
    levels = reachable_levels(rules.thoracic_rounding_deg, least_deg)
    found: dict[Verdict, list[tuple[float, Value]]] = {}
    for session in sessions:
        if session.peak_deg is None:
            _hatch(axes, session.day, width_px)
        else:
            verdict = verdict_of(session.peak_deg.value, levels) or "ok"
            found.setdefault(verdict, []).append((session.day.toordinal(), session.peak_deg))
    for verdict, points in found.items():
        _points(axes, points, colour=STAND_IN[verdict], face=STAND_IN[verdict], marker=_MARKERS[verdict])
    drawn = [value for points in found.values() for _, value in points]
    _degrees_axis(axes, drawn, levels, least_deg=least_deg, height_px=_ROUNDING_PX)


def _degrees_axis(
    axes: Axes, drawn: Sequence[Value], levels: Sequence[tuple[Severity, float]], *, least_deg: float, height_px: int
) -> None:
    """Show everything measured, all levels, and shade what cannot be told from no change."""
    spans = [(value.value - (value.sigma or 0.0), value.value + (value.sigma or 0.0)) for value in drawn]
    low = min([-least_deg, *(start for start, _ in spans)]) - 1.0
    high = max([levels[-1][1] + 2.0, *(end for _, end in spans)]) + 1.0
    axes.set_ylim(low, high)
    axes.axhspan(-least_deg, least_deg, color=STAND_IN["shade"], linewidth=0, zorder=0)
    axes.axhline(0.0, color=STAND_IN["muted"], linewidth=0.8)
    draw_levels(axes, levels, STAND_IN, degrees_per_px=(high - low) / height_px)


def _draw_pain(
    axes: Axes, sessions: Sequence[Session], pain: Sequence[EnteredPain], settings: ProgressSettings, width_px: int
) -> None:
    """Draw the worst of each day as a bar, of 0 as a low one, and hatch sessions without an entry."""
    low, high = settings.low_pain, settings.high_pain
    worst: dict[date, int] = {}
    for entry in pain:
        day = day_of(entry.record.date)
        worst[day] = max(entry.record.pain, worst.get(day, 0))
    width = max(0.8, _days(axes, width_px, _LEAST_BAR_PX))
    for name, words, above, up_to in (
        ("info", "low", -1.0, low),
        ("caution", "middle", low, high),
        ("flag", "high", high, float(WORST_PAIN)),
    ):
        chosen = {day: felt for day, felt in worst.items() if above < felt <= up_to}
        axes.bar([day.toordinal() for day in chosen], [max(felt, _LEAST_BAR) for felt in chosen.values()], width,
                 color=STAND_IN[name], linewidth=0)  # fmt: skip
        axes.annotate(
            words, (1.0, (max(above, 0.0) + up_to) / 2), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", color=STAND_IN[name], annotation_clip=False,
        )  # fmt: skip
    for level in (low, high):
        axes.axhline(level, color=STAND_IN["grid"], linewidth=1.0, zorder=0)
    axes.set_ylim(0, WORST_PAIN)
    axes.set_yticks([0, low, high, WORST_PAIN])
    for session in sessions:
        if not session.pain.by_name:
            _hatch(axes, session.day, width_px)


def _draw_course(axes: Axes, course: Course) -> None:
    """Draw the readings of one angle: calibrations and sets, those of another spine model hollow."""
    own = course.readings[-1].spine_sha256
    for source, marker in (("calibration", "D"), ("sets", "o")):
        for same in (True, False):
            points = [
                (reading.day.toordinal(), reading.angle_deg)
                for reading in course.readings
                if reading.source == source and (reading.spine_sha256 == own) == same
            ]
            colour = STAND_IN["hip" if source == "calibration" else "change"]
            label = source if same else f"{source}, other spine model"
            _points(axes, points, colour=colour, face=colour if same else "none", marker=marker, label=label)


def _legend(axes: Axes) -> None:
    """Say what the points are, between the title and the axes."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.0, ncols=3, handletextpad=0.2,
                columnspacing=1.0, fontsize=11)  # fmt: skip
