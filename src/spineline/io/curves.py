"""What a chart of one set is drawn from: of an analysis, or of the folder that its results were written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spineline.core.reference import Source
from spineline.core.reps import Rep
from spineline.core.settings import Levels
from spineline.core.terms import Exercise, Severity, Verdict
from spineline.core.track import Bools, Floats
from spineline.errors import InputError
from spineline.io.container import printable_name
from spineline.io.results import ANALYSIS, OWN_FILES, folder_for, settle, stem_of
from spineline.io.tables import FRAMES, SCHEMA, Cell, read_columns
from spineline.io.verdicts import counted, reachable_levels, rounding_levels

if TYPE_CHECKING:
    from spineline.core.analysis import Analysis, RepResult

_ROUNDING: Final = "thoracic_rounding"
_COLUMNS: Final = {
    "time_s": "time_s",
    "change_deg": "thoracic_change_deg",
    "sigma_deg": "sigma_deg",
    "trunk_deg": "trunk_deg",
    "hip_deg": "hip_deg",
    "knee_deg": "knee_deg",
}
"""Arrays of `Curves`, and what the table of the frames calls them."""


@dataclass(frozen=True)
class Mark:
    """A level of rounding that a rep reached: when, at which change, and which level."""

    time_s: float
    change_deg: float
    severity: Severity


@dataclass(frozen=True)
class RepCurve:
    """One rep as it is drawn and compared. NaN is not measured; for names and units see `analysis.json`."""

    rep: Rep
    verdict: Verdict
    usable_share: float
    thoracic_change_start_deg: float
    thoracic_change_peak_deg: float
    thoracic_growth_deg: float
    strain_index_pct: float
    strain_index_sigma_pct: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, eq=False)
class Curves:
    """One set over time. Arrays are ``(T,)`` in seconds and degrees, NaN where not measured.

    ``levels`` of rounding that can be reached, rising, in degrees.
    """

    time_s: Floats
    change_deg: Floats
    sigma_deg: Floats
    trunk_deg: Floats
    hip_deg: Floats
    knee_deg: Floats
    reps: tuple[RepCurve, ...]
    levels: tuple[tuple[Severity, float], ...]

    def inside(self, rep: Rep) -> Bools:
        """Tell which frames belong to a rep, ``(T,)``."""
        return np.asarray((self.time_s >= rep.start_s) & (self.time_s <= rep.end_s))

    def between(self, start_s: float, end_s: float) -> Curves:
        """Return what lies from one time to another, both included, with all reps."""
        kept = (self.time_s >= start_s) & (self.time_s <= end_s)
        return replace(self, **{name: getattr(self, name)[kept] for name in _COLUMNS})


@dataclass(frozen=True, eq=False)
class SavedSet:
    """One set as its folder of results tells of it.

    Attributes
    ----------
    name
        Of the recording.
    stem
        Name of its folder, without what every such folder ends in.
    sha256, spine_sha256
        Of the recording and of the spine model (None: read from the edge of the back).
    reference, reference_deg, profile_date
        What the change is measured from; see `spineline.core.reference`.
    mdc95_deg, growth_mdc95_deg
        Least change, and least growth, that can be told from noise.
    """

    name: str
    stem: str
    sha256: str
    spine_sha256: str | None
    exercise: Exercise | None
    load_kg: float | None
    usable_share: float
    reference: Source
    reference_deg: float
    profile_date: str | None
    mdc95_deg: float
    growth_mdc95_deg: float
    curves: Curves

    @property
    def about(self) -> str:
        """Exercise, load and number of reps in words."""
        facts = [(self.exercise or "no lift found").capitalize()]
        facts += [] if self.load_kg is None else [f"{self.load_kg:g} kg"]
        facts += [counted(len(self.curves.reps), "rep")] if self.exercise else []
        return " · ".join(facts)

    @property
    def reference_words(self) -> str:
        """What the change is measured from, for others than the lifter."""
        return {
            "profile": f"the lifter's own standing, saved {self.profile_date}",
            "standing": "the lifter's own calm standing",
            "least_flexed": "the lifter's own upright moments",
            "population": "an average neutral, not the lifter's own",
        }[self.reference]


def curves_of(analysis: Analysis) -> Curves:
    """Take from an analysis what is drawn."""
    angles = analysis.angles
    return Curves(
        time_s=analysis.track.time_s,
        change_deg=analysis.thoracic_change_deg,
        sigma_deg=analysis.sigma_change_deg,
        trunk_deg=angles.trunk_deg,
        hip_deg=angles.hip_deg,
        knee_deg=angles.knee_deg,
        reps=tuple(_rep_of(result) for result in analysis.reps),
        levels=tuple(rounding_levels(analysis)),
    )


def _rep_of(result: RepResult) -> RepCurve:
    return RepCurve(
        rep=result.rep,
        verdict=result.verdict,
        usable_share=result.usable_share,
        thoracic_change_start_deg=result.thoracic_change_start_deg,
        thoracic_change_peak_deg=result.thoracic_change_peak_deg,
        thoracic_growth_deg=result.thoracic_growth_deg,
        strain_index_pct=result.strain.pct,
        strain_index_sigma_pct=result.strain.sigma_pct,
        marks=tuple(
            Mark(flag.time_s, flag.value, flag.severity) for flag in result.flags if flag.rule == _ROUNDING
        ),
    )  # fmt: skip


def result_at(path: Path) -> Path:
    """Find a folder of results: itself, by one of its files, or by the recording that it lies beside.

    Raises
    ------
    InputError
        There is none.
    """
    folders = (path, path.parent if path.name in OWN_FILES else path, folder_for(path, None))
    for folder in folders:
        settle(folder)
        if (folder / ANALYSIS).is_file():
            return folder
    name = printable_name(path)
    if not path.exists():
        raise InputError(f"{name}: there is no such file or folder; name a folder of results, such as clip_spineline")
    if path.is_dir():
        raise InputError(f"{name}: holds no {ANALYSIS}; name a folder that spineline analyze has written")
    raise InputError(
        f"{name}: has no results beside it; run spineline analyze on it first, or name the folder they were written to"
    )


def read_set(folder: Path) -> SavedSet:
    """Read one set back from its folder of results: `analysis.json` and the table of its frames.

    Raises
    ------
    InputError
        A file is missing or damaged, was written by a newer version, or the two do not belong together.
    SettingsError
        The table is Parquet, and pyarrow is not installed.
    """
    document, table = _document(folder / ANALYSIS), _table(folder)
    path, stem = printable_name(folder), stem_of(folder.resolve())
    arrays = {name: np.array(table[column], np.float64) for name, column in _COLUMNS.items()}  # None becomes NaN
    time_s, up = arrays["time_s"], np.array([phase == "concentric" for phase in table["phase"]], np.bool_)
    if len(time_s) != document.input.frames:
        raise InputError(
            f"{path}: its table of frames has {len(time_s)} rows, expected the {document.input.frames} "
            f"that {ANALYSIS} names; analyse the recording again"
        )
    if not (np.isfinite(time_s).all() and (np.diff(time_s) >= 0).all()):
        raise InputError(f"{path}: the times in its table of frames do not rise; analyse the recording again")
    for rep in document.reps:
        if not (rep.start_s <= rep.turn_s <= rep.end_s and ((time_s >= rep.start_s) & (time_s <= rep.end_s)).any()):
            raise InputError(f"{path}: its rep {rep.index} lies outside its frames; analyse the recording again")
    rules = document.settings.rules
    curves = Curves(
        **arrays,
        reps=tuple(_rep_read(rep, time_s[up]) for rep in document.reps),
        levels=tuple(reachable_levels(rules.thoracic_rounding_deg, document.mdc95_deg)),
    )
    return SavedSet(
        name=Path(document.input.path).name or "recording",
        stem=stem,
        sha256=document.input.sha256,
        spine_sha256=document.model.spine_sha256,
        exercise=document.exercise,
        load_kg=document.input.load_kg,
        usable_share=document.usable_share,
        reference=document.reference.source,
        reference_deg=document.reference.thoracic_deg,
        profile_date=document.reference.profile_date,
        mdc95_deg=document.mdc95_deg,
        growth_mdc95_deg=rules.growth_mdc95_deg,
        curves=curves,
    )


class _Part(BaseModel):
    """What is read of one object in `analysis.json`; the rest of it may change."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Input(_Part):
    path: str
    sha256: str
    frames: Annotated[int, Field(ge=0)]
    load_kg: float | None = None


class _Model(_Part):
    spine_sha256: str | None


class _Reference(_Part):
    thoracic_deg: float
    source: Source
    profile_date: str | None = None


class _Rules(_Part):
    thoracic_rounding_deg: Levels
    growth_mdc95_deg: float


class _Settings(_Part):
    rules: _Rules


class _Flag(_Part):
    rule: str
    severity: Severity
    value: float
    time_s: float


class _Rep(_Part):
    index: Annotated[int, Field(ge=1)]
    start_s: float
    turn_s: float
    end_s: float
    verdict: Verdict
    usable_share: float
    thoracic_change_start_deg: float | None
    thoracic_change_peak_deg: float | None
    thoracic_growth_deg: float | None
    strain_index_pct: float | None
    strain_index_sigma_pct: float | None
    flags: tuple[_Flag, ...]


class _Document(_Part):
    kind: Literal["spineline.analysis/1"] = Field(alias="schema")
    input: _Input
    model: _Model
    exercise: Exercise | None
    usable_share: float
    reference: _Reference
    mdc95_deg: float
    settings: _Settings
    reps: tuple[_Rep, ...]


def _document(path: Path) -> _Document:
    name = printable_name(path)
    try:
        return _Document.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror or error}), expected an analysis") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        if where == "schema":
            found = str(first["input"])[:40] if first["type"] == "literal_error" else "none"
            raise InputError(
                f"{name}: expected the schema {SCHEMA}, found {found!r}; use the version of spineline that wrote it, "
                "or analyse the recording again"
            ) from error
        what = f"{where}: {first['msg']}" if where else first["msg"]
        raise InputError(f"{name}: is damaged ({what}); analyse the recording again") from error


def _table(folder: Path) -> Mapping[str, Sequence[Cell]]:
    path = next((folder / name for name in FRAMES if (folder / name).is_file()), None)
    if path is None:
        raise InputError(f"{printable_name(folder)}: expected {' or '.join(FRAMES)}, found neither; analyse again")
    return read_columns(path, (*_COLUMNS.values(), "phase"))


def _rep_read(found: _Rep, up_s: Floats) -> RepCurve:
    """Build a rep; it begins on the floor if its way up, whose times ``up_s`` holds, comes before its turn."""
    mine = up_s[(up_s >= found.start_s) & (up_s <= found.end_s)]
    begins: Literal["floor", "top"] = "floor" if mine.size and mine[0] < found.turn_s else "top"
    return RepCurve(
        rep=Rep(found.index, found.start_s, found.turn_s, found.end_s, begins),
        verdict=found.verdict,
        usable_share=found.usable_share,
        thoracic_change_start_deg=_number(found.thoracic_change_start_deg),
        thoracic_change_peak_deg=_number(found.thoracic_change_peak_deg),
        thoracic_growth_deg=_number(found.thoracic_growth_deg),
        strain_index_pct=_number(found.strain_index_pct),
        strain_index_sigma_pct=_number(found.strain_index_sigma_pct),
        marks=tuple(Mark(flag.time_s, flag.value, flag.severity) for flag in found.flags if flag.rule == _ROUNDING),
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
