r"""An analysis as text: `analysis.json`, and one table of the frames and one of the reps as CSV or Parquet.

Other programs read these, so names and order are those of the design page, missing is `null` or an empty cell,
and the same analysis gives the same bytes: rounded numbers, UTF-8, "\\n", no date, no timing.
"""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal, TextIO

from spineline.core.settings import origin
from spineline.core.strain import Stated
from spineline.errors import InputError, SettingsError
from spineline.io.container import printable_name, valid_text
from spineline.io.text import json_text
from spineline.io.verdicts import CUES

if TYPE_CHECKING:
    from spineline.core.analysis import Analysis, RepResult
    from spineline.core.track import Floats
    from spineline.core.verdict import Check, Flag

SCHEMA: Final = "spineline.analysis/1"

Kind = Literal["float", "int", "bool", "text"]
Cell = float | int | bool | str | None

FRAMES: Final = ("frames.csv", "frames.parquet")
"""Names that the table of the frames may have."""

_TIME_DIGITS: Final = 3
_ANGLE_DIGITS: Final = 2
_SHARE_DIGITS: Final = 3
_LENGTH_DIGITS: Final = 4

_NEAR_HALF: Final = 1e-6
_MOST_SCALED: Final = 1e8
"""Up to here scaling errs by far less than that."""

_ROWS: Final = 4096
"""So many frames are written at a time."""

REP_COLUMNS: Final[Mapping[str, Kind]] = {
    "index": "int",
    "start_s": "float",
    "turn_s": "float",
    "end_s": "float",
    "verdict": "text",
    "usable_share": "float",
    "thoracic_change_start_deg": "float",
    "thoracic_change_peak_deg": "float",
    "thoracic_growth_deg": "float",
    "trunk_peak_deg": "float",
    "knee_min_deg": "float",
    "strain_index_pct": "float",
    "strain_index_sigma_pct": "float",
}
"""What every table of reps has of each, as `analysis.json` does, and of which kind it is."""


@dataclass(frozen=True, kw_only=True)
class InputRecord:
    """What was analysed: the path as the user gave it, the hash of that file, and what else the user stated.

    ``profile`` is the name of the one it was compared with.
    """

    path: str
    sha256: str
    stated: Stated = field(default_factory=Stated)
    profile: str | None = None


@dataclass(frozen=True)
class Column:
    """One column of a table; ``None`` among the values is missing."""

    name: str
    kind: Kind
    values: Sequence[Cell]


def analysis_document(analysis: "Analysis", record: InputRecord) -> dict[str, Any]:
    """Return what `analysis.json` holds, as nested dicts and lists in its order.

    Parameters
    ----------
    analysis
        Of the whole recording.
    record
        What was analysed.
    """
    time_s = analysis.track.time_s
    source = analysis.track.source
    return {
        "schema": SCHEMA,
        "input": {
            "path": valid_text(record.path),
            "sha256": record.sha256,
            "frames": len(time_s),
            "duration_s": _time(time_s[-1] - time_s[0]) if len(time_s) else 0.0,
            **asdict(record.stated),
        },
        "model": {
            "name": source.get("model"),
            "sha256": source.get("model_sha256"),
            "spine_sha256": source.get("spine_sha256"),
            "mediapipe": source.get("mediapipe"),
        },
        "exercise": analysis.exercise,
        "view": {
            "side": analysis.view.side,
            "facing": analysis.view.facing,
            "yaw_deg": _angle(analysis.view.yaw_deg),
        },
        "usable_share": _share(analysis.usable_share),
        "reference": {
            "thoracic_deg": _angle(analysis.reference.thoracic_deg),
            "source": analysis.reference.source,
            "profile": record.profile,
            "profile_date": analysis.profile.date if analysis.profile else None,
            "slump_deg": _angle(analysis.profile.slump_deg) if analysis.profile else None,
        },
        "mdc95_deg": _angle(analysis.mdc95_deg),
        "bar": {
            "source": analysis.bar.source,
            "scale": analysis.bar.scale,
            "scale_sigma": _length(analysis.bar.scale_sigma),
            "sigma_m": _length(analysis.bar.sigma_m),
        },
        "settings": analysis.settings.model_dump(mode="json"),
        "notes": list(analysis.notes),
        "cues": [{"rule": cue.rule, "reps": list(cue.reps), "text": CUES[cue.rule]} for cue in analysis.cues],
        "reps": [
            {
                **_rep(rep),
                "flags": [_flag(flag, analysis) for flag in rep.flags],
                "checks": [_check(check) for check in rep.checks],
            }
            for rep in analysis.reps
        ],
    }


def analysis_text(analysis: "Analysis", record: InputRecord) -> str:
    """Return the text of `analysis.json`: strict JSON, indented, ending in a newline."""
    document = analysis_document(analysis, record)
    return json_text(document)


def frames_table(analysis: "Analysis", frames: slice = slice(None)) -> list[Column]:
    """Return the table of the frames, or of some of them, one row each."""
    spine, angles = analysis.spine, analysis.angles

    def numbers(name: str, values: "Floats", digits: int = _ANGLE_DIGITS) -> Column:
        return Column(name, "float", _all_rounded(values[frames], digits))

    return [
        numbers("time_s", analysis.track.time_s, _TIME_DIGITS),
        numbers("thoracic_deg", spine.thoracic_deg),
        numbers("thoracic_change_deg", analysis.thoracic_change_deg),
        numbers("sigma_deg", analysis.sigma_change_deg),
        numbers("lumbar_deg", spine.lumbar_deg),
        numbers("thoracolumbar_deg", spine.thoracic_deg + spine.lumbar_deg),
        numbers("trunk_deg", angles.trunk_deg),
        numbers("hip_deg", angles.hip_deg),
        numbers("knee_deg", angles.knee_deg),
        numbers("neck_deg", spine.neck_deg),
        numbers("yaw_deg", analysis.yaw_deg),
        Column("usable", "bool", spine.usable[frames].tolist()),
        Column("reason", "text", [text or None for text in spine.reason[frames].tolist()]),
        Column("phase", "text", [text or None for text in analysis.phase[frames].tolist()]),
        Column("rep", "int", [index or None for index in analysis.rep_index[frames].tolist()]),
        numbers("bar_forward_m", analysis.bar.forward_m, _LENGTH_DIGITS),
        numbers("bar_up_m", analysis.bar.up_m, _LENGTH_DIGITS),
    ]


def reps_table(analysis: "Analysis") -> list[Column]:
    """Return the table of the reps; flags are joined as ``rule:severity;rule:severity``."""
    rows = [_rep(rep) for rep in analysis.reps]
    columns = [Column(name, kind, [row[name] for row in rows]) for name, kind in REP_COLUMNS.items()]
    flags = [";".join(f"{flag.rule}:{flag.severity}" for flag in rep.flags) or None for rep in analysis.reps]
    return [*columns, Column("flags", "text", flags)]


def csv_text(table: Sequence[Column]) -> str:
    """Return a table as CSV with a header; missing is an empty cell."""
    text = io.StringIO()
    _write_csv([table], text)
    return text.getvalue()


def write_frames_csv(analysis: "Analysis", path: Path) -> None:
    """Write the table of the frames as CSV, part by part. An OSError is passed on."""
    parts = (slice(first, first + _ROWS) for first in range(0, max(1, len(analysis.track)), _ROWS))
    with path.open("w", encoding="utf-8", newline="") as file:
        _write_csv((frames_table(analysis, part) for part in parts), file)


def _write_csv(parts: Iterable[Sequence[Column]], file: TextIO) -> None:
    """Write the parts of one table one below the other."""
    writer = csv.writer(file, lineterminator="\n")
    for number, table in enumerate(parts):
        if not number:
            writer.writerow([column.name for column in table])
        writer.writerows(zip(*map(_cells, table), strict=True))


def require_parquet() -> None:
    """Raise SettingsError unless Parquet can be written here."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise SettingsError(
            "--format parquet needs pyarrow, which is not installed: "
            "install spineline[parquet], or leave --format out for CSV"
        ) from None


def write_parquet(table: Sequence[Column], path: Path | IO[bytes]) -> None:
    """Write a table as Parquet. `require_parquet` says whether that is possible."""
    import pyarrow
    import pyarrow.parquet

    kinds = {
        "float": pyarrow.float64(),
        "int": pyarrow.int64(),
        "bool": pyarrow.bool_(),
        "text": pyarrow.string(),
    }
    arrays = [pyarrow.array(column.values, type=kinds[column.kind]) for column in table]
    pyarrow.parquet.write_table(pyarrow.table(arrays, names=[column.name for column in table]), path)


def read_columns(path: Path, names: Sequence[str]) -> dict[str, Sequence[Cell]]:
    """Read some columns of a table of the frames back; what is missing is None.

    Parameters
    ----------
    path
        One of `FRAMES`.
    names
        Of the columns: numbers, but for ``phase``.

    Raises
    ------
    InputError
        The file cannot be read, or is not such a table.
    SettingsError
        It is Parquet, and pyarrow is not installed.
    """
    if path.suffix == ".parquet":
        require_parquet()
    try:
        return _parquet_columns(path, names) if path.suffix == ".parquet" else _csv_columns(path, names)
    except OSError as error:
        reason = error.strerror or "it is no table"
        raise InputError(f"{printable_name(path)}: cannot be read ({reason}); analyse the recording again") from error
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{printable_name(path)}: is damaged ({reason}); analyse the recording again") from error


def _csv_columns(path: Path, names: Sequence[str]) -> dict[str, Sequence[Cell]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    places = {name: header.index(name) for name in names}
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells, expected {len(header)}")
    return {name: [_read_cell(name, row[place] or None) for row in rows] for name, place in places.items()}


def _read_cell(name: str, cell: Any) -> Cell:
    if cell is None or name == "phase":
        return cell and str(cell)
    if not math.isfinite(number := float(cell)):
        raise ValueError(f"{name}: found {cell}, expected a number or nothing")
    return number


def _parquet_columns(path: Path, names: Sequence[str]) -> dict[str, Sequence[Cell]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with path.open("rb") as file:
            table = pyarrow.parquet.read_table(file, columns=list(names))
        return {name: [_read_cell(name, cell) for cell in table.column(name).to_pylist()] for name in names}
    except pyarrow.ArrowException as error:
        raise ValueError(str(error)) from error


def _rep(rep: "RepResult") -> dict[str, Cell]:
    return {
        "index": rep.rep.index,
        "start_s": _time(rep.rep.start_s),
        "turn_s": _time(rep.rep.turn_s),
        "end_s": _time(rep.rep.end_s),
        "verdict": rep.verdict,
        "usable_share": _share(rep.usable_share),
        "thoracic_change_start_deg": _angle(rep.thoracic_change_start_deg),
        "thoracic_change_peak_deg": _angle(rep.thoracic_change_peak_deg),
        "thoracic_growth_deg": _angle(rep.thoracic_growth_deg),
        "trunk_peak_deg": _angle(rep.trunk_peak_deg),
        "knee_min_deg": _angle(rep.knee_min_deg),
        "strain_index_pct": _share(rep.strain.pct),
        "strain_index_sigma_pct": _share(rep.strain.sigma_pct),
    }


def _flag(flag: "Flag", analysis: "Analysis") -> dict[str, Cell]:
    """Give a finding with everything it can be traced by: its frame, value and level, and where the level is from."""
    return {
        "rule": flag.rule,
        "severity": flag.severity,
        "value": _value(flag.value, flag.unit),
        "threshold": _value(flag.threshold, flag.unit),
        "unit": flag.unit,
        "time_s": _time(flag.time_s),
        "frame": _nearest(analysis.track.time_s, flag.time_s),
        "setting": f"rules.{flag.setting}",
        "source": origin(analysis.settings.rules, flag.setting),
        "message": flag.message,
    }


def _nearest(time_s: "Floats", moment_s: float) -> int:
    """Return the frame nearest to a moment, of two the earlier."""
    after = min(int(time_s.searchsorted(moment_s)), len(time_s) - 1)
    before = max(after - 1, 0)
    return before if abs(time_s[before] - moment_s) <= abs(time_s[after] - moment_s) else after


def _check(check: "Check") -> dict[str, Cell]:
    """Give what a rule measured, whether or not that is a finding, or why it could not be told."""
    return {
        "rule": check.rule,
        "value": _value(check.found.value, check.unit),
        "unit": check.unit,
        "time_s": _time(check.found.time_s),
        "reason": check.found.why or None,
    }


def _value(value: float, unit: str) -> float | None:
    return _length(value) if unit == "m" else _angle(value)


def _time(value_s: float) -> float | None:
    return _rounded(value_s, _TIME_DIGITS)


def _angle(value_deg: float) -> float | None:
    return _rounded(value_deg, _ANGLE_DIGITS)


def _length(value_m: float) -> float | None:
    return _rounded(value_m, _LENGTH_DIGITS)


def _share(value: float) -> float | None:
    return _rounded(value, _SHARE_DIGITS)


def _rounded(value: float, digits: int) -> float | None:
    """Round; None where not measured. Adding 0 turns -0.0 into 0.0."""
    return round(float(value), digits) + 0.0 if math.isfinite(value) else None


def _all_rounded(values: "Floats", digits: int) -> list[float | None]:
    """Round as `_rounded` does, but at once: only near a half it matters that a binary number is no decimal one."""
    import numpy as np

    scale = 10.0**digits
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = values * scale
        whole = np.rint(scaled)
        rounded: list[float | None] = (whole / scale + 0.0).tolist()
        near = ~(np.abs(np.abs(scaled - whole) - 0.5) > _NEAR_HALF) | ~(np.abs(whole) < _MOST_SCALED)
    for place in np.flatnonzero(near).tolist():
        rounded[place] = _rounded(float(values[place]), digits)
    return rounded


def _cells(column: Column) -> Sequence[Cell]:
    """Return what stands in CSV, where None is an empty cell."""
    if column.kind != "bool":
        return column.values
    return [None if value is None else "true" if value else "false" for value in column.values]
