"""Two sets, or one rep of each, side by side: what each was, and what differs by more than noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from spineline.core.comparison import Difference, Known, least_change_deg, least_growth_deg, least_strain_pct
from spineline.core.terms import Verdict
from spineline.errors import InputError
from spineline.io.curves import RepCurve, SavedSet
from spineline.io.text import json_text
from spineline.io.verdicts import NOT_MEASURED, VERDICTS, counted, worst_of

SCHEMA: Final = "spineline.comparison/1"
LETTERS: Final = ("A", "B")

_PEAK, _START = "thoracic_change_peak_deg", "thoracic_change_start_deg"
_GROWTH, _STRAIN = "thoracic_growth_deg", "strain_index_pct"
QUANTITIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        _PEAK: "Most rounded",
        _START: "When the way up began",
        _GROWTH: "Gained on the way up",
        _STRAIN: "Strain index",
    }
)
"""What is compared, by its name in `analysis.json`, and in words."""


@dataclass(frozen=True)
class Reading:
    """One value: of a rep, or the largest of the reps of a set, with its standard error; NaN is not measured.

    ``partly``: too little of the rep was seen to judge it, and the value is that of the part seen.
    """

    value: float
    sigma: float
    rep: int | None
    partly: bool = False


_UNKNOWN: Final = Reading(math.nan, math.nan, None)


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two that are compared: a set, or one rep of it."""

    saved: SavedSet
    rep: RepCurve | None = None

    @property
    def title(self) -> str:
        """Name of the recording, and the rep."""
        return f"{self.saved.name}, rep {self.rep.rep.index}" if self.rep else self.saved.name

    @property
    def reps(self) -> tuple[RepCurve, ...]:
        """What of it is compared."""
        return (self.rep,) if self.rep else self.saved.curves.reps

    @property
    def verdict(self) -> Verdict:
        """The worst of its reps."""
        return worst_of(rep.verdict for rep in self.reps)

    @property
    def usable_share(self) -> float:
        """Share of the rep, or of all frames, in which the upper back was measured."""
        return self.rep.usable_share if self.rep else self.saved.usable_share

    def reading(self, quantity: str) -> Reading:
        """Return one of `QUANTITIES`; of a set its largest value, over the reps that could be judged."""
        known = [rep for rep in self.reps if math.isfinite(getattr(rep, quantity))]
        judged = [rep for rep in known if rep.verdict != "not_measured"] or (known if self.rep else [])
        if not judged:
            return _UNKNOWN
        rep = max(judged, key=lambda rep: float(getattr(rep, quantity)))
        partly = rep.verdict == "not_measured"
        return Reading(getattr(rep, quantity), self._sigma(rep, quantity), rep.rep.index, partly)

    def _sigma(self, rep: RepCurve, quantity: str) -> float:
        """Return one standard error; that of a growth is not known apart."""
        if quantity == _STRAIN:
            return rep.strain_index_sigma_pct
        sigma_deg = self.saved.curves.sigma_deg[self.saved.curves.inside(rep.rep)]
        sigma_deg = sigma_deg[np.isfinite(sigma_deg)]
        return float(np.median(sigma_deg)) if sigma_deg.size and quantity != _GROWTH else math.nan

    def known(self) -> Known:
        """Return how well its rounding is known."""
        return Known(self.saved.mdc95_deg, self.saved.growth_mdc95_deg, self.reading(_PEAK).sigma)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    first: str
    second: str
    difference: str = ""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two sides, what they differ by (`QUANTITIES`), and the same as a table with remarks in words."""

    first: Side
    second: Side
    differences: Mapping[str, Difference]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]


def side_of(saved: SavedSet, index: int | None = None) -> Side:
    """Choose a set, or one of its reps.

    Raises
    ------
    InputError
        There is no such rep, or no rep at all.
    """
    reps = saved.curves.reps
    if not reps:
        raise InputError(f"{saved.stem!r}: no lift was found in it, so there is nothing to compare")
    if index is None:
        return Side(saved)
    for rep in reps:
        if rep.rep.index == index:
            return Side(saved, rep)
    has = f"reps 1 to {len(reps)}" if len(reps) > 1 else "rep 1 alone"
    raise InputError(f"{saved.stem!r}: expected one of its reps, found {index}; it has {has}")


def compare(first: Side, second: Side) -> Comparison:
    """Compare two sets, or one rep of each; with the sides swapped everything is mirrored.

    Raises
    ------
    InputError
        The two have no common zero, or are one and the same rep.
    """
    _require_comparable(first, second)
    one_reference = _one_reference(first, second)
    least = {
        _PEAK: least_change_deg(first.known(), second.known(), one_reference=one_reference),
        _GROWTH: least_growth_deg(first.known(), second.known()),
        _STRAIN: least_strain_pct(first.reading(_STRAIN).sigma, second.reading(_STRAIN).sigma),
    }
    least[_START] = least[_PEAK]
    differences = {name: _difference(first.reading(name), second.reading(name), least[name]) for name in QUANTITIES}
    return Comparison(
        first,
        second,
        differences,
        rows=_rows(first, second, differences),
        remarks=(_ground(least[_PEAK], one_reference=one_reference), *_remarks(first, second, one_reference)),
    )


def _require_comparable(first: Side, second: Side) -> None:
    a, b = first.saved, second.saved
    if _one_reference(first, second) and [shown.rep for shown in first.reps] == [shown.rep for shown in second.reps]:
        raise InputError(f"{a.stem!r}: expected two, found one and the same; name two reps of it, as in --reps 1 2")
    if a.spine_sha256 != b.spine_sha256 and "population" in (a.reference, b.reference):
        raise InputError(
            f"{a.stem!r} and {b.stem!r} were read by different spine models, and at least one has no reference of the "
            "lifter's own, so that they have no zero in common; analyse both again with one version of spineline"
        )


def _one_reference(first: Side, second: Side) -> bool:
    """Tell whether both are of one recording, and measured from the same reference."""
    a, b = first.saved, second.saved
    return (a.sha256, a.spine_sha256, a.reference, a.reference_deg) == (
        b.sha256, b.spine_sha256, b.reference, b.reference_deg,
    )  # fmt: skip


def _difference(first: Reading, second: Reading, least: float) -> Difference:
    value = math.nan if first.partly or second.partly else second.value - first.value
    return Difference(value, least)


def _rows(first: Side, second: Side, differences: Mapping[str, Difference]) -> tuple[Row, ...]:
    def row(name: str, text: Callable[[Side], str]) -> Row:
        return Row(name, text(first), text(second))

    measured = [
        Row(words, _value(first, name), _value(second, name), _difference_text(differences[name], _unit(name)))
        for name, words in QUANTITIES.items()
    ]
    return (
        row("Verdict" if first.rep else "Worst rep", lambda side: _verdict_text(side.verdict)),
        *measured,
        row("Measured", lambda side: f"{side.usable_share:.0%} of the {'rep' if side.rep else 'frames'}"),
        row("Smallest change named", lambda side: f"{side.saved.mdc95_deg:.2g}°"),
        row("Reference", lambda side: side.saved.reference_words.removeprefix("the lifter's ")),
    )


def _unit(quantity: str) -> str:
    return "%" if quantity == _STRAIN else "°"


def _verdict_text(verdict: Verdict) -> str:
    look = VERDICTS[verdict]
    return f"{look.symbol} {look.word.lower()}"


def _value(side: Side, quantity: str) -> str:
    """Write a value with its standard error, and of a set the rep that it is of."""
    found, unit = side.reading(quantity), _unit(quantity)
    if not math.isfinite(found.value):
        return NOT_MEASURED
    text = f"{round(found.value) + 0:+d}{unit}".replace("-", "\N{MINUS SIGN}")
    text += f" ± {found.sigma:.0f}{unit}" if math.isfinite(found.sigma) else ""
    text += " in the part seen" if found.partly else ""
    return text if side.rep else f"{text}, rep {found.rep}"


def _difference_text(found: Difference, unit: str) -> str:
    if not math.isfinite(found.value):
        return NOT_MEASURED
    if not found.told:
        return f"within noise ({found.least:.2g}{unit})"
    return f"{LETTERS[found.value > 0]} {abs(found.value):.0f}{unit} more"


def _ground(least_deg: float, *, one_reference: bool) -> str:
    where = "Within one recording" if one_reference else "Between two recordings, each with a reference of its own"
    return f"{where}, differences in rounding up to {least_deg:.2g}° cannot be told from noise."


def _remarks(first: Side, second: Side, one_reference: bool) -> tuple[str, ...]:
    """Say what limits the comparison, the most important first."""
    a, b = first.saved, second.saved
    lines = []
    if a.exercise != b.exercise:
        lines.append(f"A is a {a.exercise}, B a {b.exercise}: what differs may be the lift.")
    if a.spine_sha256 != b.spine_sha256:
        lines.append("Read by different spine models: each change is from a zero of its own.")
    if not one_reference:
        lines += [
            f"{letter} has no reference of the lifter's own: only large differences can be told."
            for letter, saved in zip(LETTERS, (a, b), strict=True)
            if saved.reference == "population"
        ]
    if a.curves.levels != b.curves.levels:
        drawn = "; none is drawn" if first.rep else ""
        lines.append(f"The levels of A and B differ, as each has settings and a least change of its own{drawn}.")
    lines += _unseen(first, second)
    if len(first.reps) != len(second.reps):
        counts = f"A has {counted(len(first.reps), 'rep')}, B {len(second.reps)}"
        lines.append(f"{counts}: the largest of more reps is larger by chance alone.")
    return tuple(lines)


def _unseen(first: Side, second: Side) -> list[str]:
    """Never leave unsaid which reps were not measured."""
    missing = [
        f"rep {rep.rep.index} of {letter}"
        for letter, side in zip(LETTERS, (first, second), strict=True)
        for rep in side.reps
        if rep.verdict == "not_measured"
    ]
    if not missing:
        return []
    return [f"Not measured: {', '.join(missing)}. Nothing is known about {'it' if len(missing) == 1 else 'them'}."]


def comparison_text(found: Comparison) -> str:
    """Return a comparison as strict JSON, indented, ending in a newline."""
    return json_text(comparison_document(found))


def comparison_document(found: Comparison) -> dict[str, Any]:
    """Return a comparison for other programs, as nested dicts and lists; what is not measured is None."""
    return {
        "schema": SCHEMA,
        "first": _side_document(found.first),
        "second": _side_document(found.second),
        "differences": {
            name: {"value": _rounded(each.value), "least": _rounded(each.least), "told": each.told}
            for name, each in found.differences.items()
        },
        "remarks": list(found.remarks),
    }


def _side_document(side: Side) -> dict[str, Any]:
    saved = side.saved
    readings = {name: side.reading(name) for name in QUANTITIES}
    return {
        "name": saved.name,
        "sha256": saved.sha256,
        "exercise": saved.exercise,
        "load_kg": saved.load_kg,
        "rep": side.rep.rep.index if side.rep else None,
        "reps": len(saved.curves.reps),
        "verdict": side.verdict,
        "usable_share": side.usable_share,
        "reference": saved.reference,
        "mdc95_deg": saved.mdc95_deg,
        **{
            name: {"value": _rounded(each.value), "sigma": _rounded(each.sigma), "rep": each.rep}
            for name, each in readings.items()
        },
    }


def _rounded(value: float) -> float | None:
    return round(value, 2) + 0.0 if math.isfinite(value) else None
