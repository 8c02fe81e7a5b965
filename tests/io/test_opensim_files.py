"""angles.mot and points_*.trc: read back by another's loader, and by readers written from OpenSim's documentation."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from trc import TRCData

from spineline.core.analysis import Analysis
from spineline.core.markers import MARKERS, markers_px
from spineline.core.track import Floats
from spineline.io.opensim_files import write_mot, write_trc
from spineline.io.tables import frames_table
from tests.io.make_analysis import empty_analysis, make_analysis

UNEVEN_S = np.cumsum(np.random.default_rng(1).uniform(0.011, 0.093, 80))


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """Two reps at uneven times, one of them not measured."""
    return make_analysis(("flag", "not_measured"), times_s=UNEVEN_S)


def read_mot(path: Path) -> tuple[dict[str, str], dict[str, list[float]]]:
    """Read a motion file as OpenSim's documentation describes it: what the header says, and the columns."""
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[-1] == ""
    end = lines.index("endheader")
    said = dict(line.split("=") for line in lines[:end] if "=" in line)
    names = lines[end + 1].split("\t")
    rows = [[float(cell) for cell in line.split("\t")] for line in lines[end + 2 : -1]]
    assert lines[0] == "Coordinates"
    assert names[0] == "time"
    assert int(said["nRows"]) == len(rows)
    assert {int(said["nColumns"])} == {len(names), *map(len, rows)}
    return said, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def read_trc(path: Path) -> TRCData:
    read = TRCData()
    read.parse(path.read_text(encoding="utf-8"), line_sep="\n")
    return read


def points_in(read: TRCData) -> Floats:
    """Return ``(T, n, 3)``."""
    return np.stack([np.array(read[name]) for name in read["Markers"]], axis=1)


# angles.mot


def test_angles_are_those_of_the_table_of_frames(analysis: Analysis, tmp_path: Path) -> None:
    write_mot(analysis, tmp_path / "angles.mot")
    said, read = read_mot(tmp_path / "angles.mot")
    assert said["inDegrees"] == "yes"
    table = {column.name: column.values for column in frames_table(analysis) if column.name.endswith("_deg")}
    assert list(read)[1:] == list(table)
    assert {"thoracic_change_deg", "trunk_deg", "hip_deg", "knee_deg"} <= set(read)
    for name, values in table.items():
        assert [None if math.isnan(value) else value for value in read[name]] == list(values)
    assert sum(map(math.isnan, read["thoracic_change_deg"])) == np.isnan(analysis.thoracic_change_deg).sum() > 0
    np.testing.assert_allclose(read["time"], UNEVEN_S, atol=5e-7)


def test_opensim_reads_what_follows_a_missing_value(analysis: Analysis, tmp_path: Path) -> None:
    # Its reader of version 1 stops at the first NaN; no line of the header may be empty for other readers.
    write_mot(analysis, tmp_path / "angles.mot")
    said, _ = read_mot(tmp_path / "angles.mot")
    assert int(said["version"]) >= 2
    assert all((tmp_path / "angles.mot").read_text(encoding="utf-8").removesuffix("\n").split("\n"))


def test_nobody_is_a_file_of_missing_values(tmp_path: Path) -> None:
    write_mot(empty_analysis(3), tmp_path / "angles.mot")
    _, read = read_mot(tmp_path / "angles.mot")
    assert len(read["time"]) == 3
    assert np.isnan([read[name] for name in ("thoracic_deg", "trunk_deg", "knee_deg")]).all()


# points_px.trc, points_m.trc


def test_points_are_read_back_by_another_loader(analysis: Analysis, tmp_path: Path) -> None:
    points_px = markers_px(analysis)
    write_trc(analysis.track.time_s, points_px, "px", tmp_path / "points_px.trc")
    read = read_trc(tmp_path / "points_px.trc")
    assert (read["FileName"], read["DataFormat"], read["Units"]) == ("points_px.trc", "(X/Y/Z)", "px")
    assert tuple(read["Markers"]) == MARKERS
    assert (read["NumFrames"], read["NumMarkers"], len(read["Time"])) == (80, 42, 80)
    assert read["Frame#"] == list(range(80))
    np.testing.assert_allclose(read["Time"], UNEVEN_S, atol=5e-7)
    found = points_in(read)
    np.testing.assert_allclose(found[..., :2], points_px, atol=0.005 + 1e-9)
    assert set(np.unique(found[..., 2][np.isfinite(found[..., 0])])) == {0.0}
    assert np.isnan(found[~analysis.spine.usable, -9:]).all()
    assert (~analysis.spine.usable).any()


def test_the_header_is_the_standard_one(tmp_path: Path) -> None:
    write_trc(np.array([0.0, 0.02, 0.04, 0.1]), np.zeros((4, 42, 2)), "m", tmp_path / "points_m.trc")
    lines = (tmp_path / "points_m.trc").read_text(encoding="utf-8").split("\n")
    assert lines[0] == "PathFileType\t4\t(X/Y/Z)\tpoints_m.trc"
    keys = "DataRate CameraRate NumFrames NumMarkers Units OrigDataRate OrigDataStartFrame OrigNumFrames"
    assert lines[1].split("\t") == keys.split()
    assert lines[2].split("\t") == ["50", "50", "4", "42", "m", "50", "0", "4"]
    assert lines[3].split("\t")[:6] == ["Frame#", "Time", "Nose", "", "", "LEyeInner"]
    assert lines[4].split("\t")[:5] == ["", "", "X1", "Y1", "Z1"]
    assert lines[4].endswith("X42\tY42\tZ42")
    assert lines[5] == ""
    assert {len(line.split("\t")) for line in lines[3:5] + lines[6:-1]} == {2 + 3 * 42}


def test_a_single_frame_has_no_rate(tmp_path: Path) -> None:
    write_trc(np.array([3.5]), np.full((1, 42, 2), np.nan), "px", tmp_path / "points_px.trc")
    read = read_trc(tmp_path / "points_px.trc")
    assert (read["DataRate"], read["Time"], read["NumFrames"]) == (0.0, [3.5], 1)
    assert np.isnan(points_in(read)).all()


values_m = st.one_of(st.floats(-5, 5, allow_subnormal=False), st.just(float("nan")))


@settings(deadline=None, max_examples=25)
@given(
    steps_s=arrays(float, st.integers(1, 6), elements=st.floats(1e-3, 30.0)),
    data=st.data(),
)
def test_whatever_is_written_comes_back_to_the_printed_digits(steps_s: Floats, data: st.DataObject) -> None:
    time_s = np.cumsum(steps_s)
    few = data.draw(arrays(float, (len(time_s), 3, 2), elements=values_m))
    points_m = np.tile(few, (1, 14, 1))
    points_m[np.isnan(points_m).any(axis=2)] = np.nan
    with TemporaryDirectory() as folder:
        path = Path(folder) / "points_m.trc"
        write_trc(time_s, points_m, "m", path)
        read = read_trc(path)
        assert "-0.0000" not in path.read_text(encoding="utf-8").replace("\n", "\t").split("\t")
    np.testing.assert_allclose(read["Time"], time_s, atol=5.1e-7)
    np.testing.assert_allclose(points_in(read)[..., :2], points_m, atol=5.1e-5)


def test_the_same_analysis_gives_the_same_bytes(analysis: Analysis, tmp_path: Path) -> None:
    again = replace(analysis)
    for copy, found in enumerate((analysis, again)):
        write_mot(found, tmp_path / f"{copy}.mot")
    assert (tmp_path / "0.mot").read_bytes() == (tmp_path / "1.mot").read_bytes()
