"""Files that OpenSim, Sports2D and Pose2Sim read: angles as `.mot`, points as `.trc`.

Both are tables of text with tabs. Times are those of the frames, however uneven; the rate in a `.trc` is nominal.
Missing is NaN, which every reader takes for a number that is not there; empty cells would be skipped by some.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from spineline.core.markers import MARKERS
from spineline.io.tables import frames_table

if TYPE_CHECKING:
    from spineline.core.analysis import Analysis
    from spineline.core.track import Floats

_AXES: Final = ("X", "Y", "Z")
_DIGITS: Final = {"px": 2, "m": 4}

# OpenSim reads NaN in version 3, while in version 1 it loses all that follows one.
_MOT_HEADER: Final = """\
Coordinates
version=3
nRows={rows}
nColumns={columns}
inDegrees=yes
Estimated by spineline from one camera. Columns as in its table of frames, flexion and forward lean positive.
NaN is not measured.
endheader
"""

_TRC_HEADER: Final = """\
PathFileType\t4\t(X/Y/Z)\t{name}
DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames
{rate:g}\t{rate:g}\t{frames}\t{markers}\t{unit}\t{rate:g}\t0\t{frames}
"""


def write_mot(analysis: "Analysis", path: Path) -> None:
    """Write every angle of the table of frames, under its name there and with its digits."""
    columns = [column for column in frames_table(analysis) if column.name.endswith("_deg")]
    header = _MOT_HEADER.format(rows=len(analysis.track), columns=len(columns) + 1)
    names = ["time", *(column.name for column in columns)]
    times = map(_seconds, analysis.track.time_s)
    values = (["NaN" if value is None else str(value) for value in column.values] for column in columns)
    _write(path, header, [names, *zip(times, *values, strict=True)])


def write_trc(time_s: "Floats", points: "Floats", unit: str, path: Path) -> None:
    """Write points of a plane, with z = 0.

    Parameters
    ----------
    time_s
        ``(T,)``.
    points
        ``(T, 42, 2)`` in the order of `MARKERS`.
    unit
        ``px`` or ``m``.
    path
        Of the file.
    """
    header = _TRC_HEADER.format(
        name=path.name, rate=_nominal_hz(time_s), frames=len(time_s), markers=len(MARKERS), unit=unit
    )
    names = ["Frame#", "Time", *(cell for name in MARKERS for cell in (name, "", ""))]
    axes = ["", "", *(f"{axis}{number}" for number in range(1, len(MARKERS) + 1) for axis in _AXES)]
    digits = _DIGITS[unit]
    in_space = np.concatenate([points, 0 * points[..., :1]], axis=2)
    flat = np.round(in_space, digits).reshape(len(time_s), -1) + 0.0  # no -0.0
    cell = f"%.{digits}f"
    rows = (
        [str(frame), _seconds(at_s), *("NaN" if math.isnan(value) else cell % value for value in row)]
        for frame, (at_s, row) in enumerate(zip(time_s, flat.tolist(), strict=True))
    )
    _write(path, header, [names, axes, [], *rows])


def _nominal_hz(time_s: "Floats") -> float:
    """Return the usual rate of frames, 0 for a single one."""
    return float(1 / np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0


def _seconds(at_s: float) -> str:
    return f"{at_s:.6f}"


def _write(path: Path, header: str, rows: Sequence[Sequence[str]]) -> None:
    table = "".join("\t".join(row) + "\n" for row in rows)
    path.write_text(header + table, encoding="utf-8", newline="\n")
