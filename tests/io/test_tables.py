"""analysis.json and the two tables: names, order, what is missing, and that the same gives the same."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.analysis import Analysis
from spineline.core.strain import Stated
from spineline.errors import SettingsError
from spineline.io import tables
from spineline.io.tables import (
    Column,
    InputRecord,
    analysis_document,
    analysis_text,
    csv_text,
    frames_table,
    reps_table,
    require_parquet,
    write_parquet,
)
from tests.io.make_analysis import make_analysis

RECORD = InputRecord(path="clip.mp4", sha256="ab" * 32, stated=Stated(load_kg=100.0))

TOP_KEYS = [
    "schema",
    "input",
    "model",
    "exercise",
    "view",
    "usable_share",
    "reference",
    "mdc95_deg",
    "bar",
    "settings",
    "notes",
    "cues",
    "reps",
]
REP_KEYS = [
    "index",
    "start_s",
    "turn_s",
    "end_s",
    "verdict",
    "usable_share",
    "thoracic_change_start_deg",
    "thoracic_change_peak_deg",
    "thoracic_growth_deg",
    "trunk_peak_deg",
    "knee_min_deg",
    "strain_index_pct",
    "strain_index_sigma_pct",
    "flags",
]
FLAG_KEYS = [
    "rule", "severity", "value", "threshold", "unit", "time_s", "frame", "setting", "source", "message",
]  # fmt: skip
FRAME_COLUMNS = (
    "time_s,thoracic_deg,thoracic_change_deg,sigma_deg,lumbar_deg,thoracolumbar_deg,trunk_deg,"
    "hip_deg,knee_deg,neck_deg,yaw_deg,usable,reason,phase,rep,bar_forward_m,bar_up_m"
)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """Three reps: flag, ok, not measured."""
    return make_analysis(("flag", "ok", "not_measured"))


def strict(text: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers(each)
    elif isinstance(value, float):
        yield value


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


# analysis.json


def test_the_document_has_the_keys_of_the_contract_in_their_order(analysis: Analysis) -> None:
    document = strict(analysis_text(analysis, RECORD))
    assert list(document) == TOP_KEYS
    assert list(document["input"]) == ["path", "sha256", "frames", "duration_s", "load_kg", "body_mass_kg", "height_m"]
    assert list(document["model"])[:2] == ["name", "sha256"]
    assert set(document["view"]) == {"side", "facing", "yaw_deg"}
    assert list(document["reference"]) == ["thoracic_deg", "source", "profile", "profile_date", "slump_deg"]
    assert [list(rep) for rep in document["reps"]] == [[*REP_KEYS, "checks"]] * 3
    assert [list(flag) for rep in document["reps"] for flag in rep["flags"]] == [FLAG_KEYS]


def test_the_document_says_what_was_analysed(analysis: Analysis) -> None:
    source = {"model": "full", "model_sha256": "cd" * 32, "spine_sha256": "ef" * 32, "mediapipe": "1.2.2"}
    track = replace(analysis.track, source=source)
    document = analysis_document(replace(analysis, track=track, notes=("A note.",)), RECORD)
    time_s = analysis.track.time_s
    assert document["schema"] == "spineline.analysis/1"
    assert document["input"] == {
        "path": "clip.mp4",
        "sha256": "ab" * 32,
        "frames": len(time_s),
        "duration_s": round(float(time_s[-1] - time_s[0]), 3),
        "load_kg": 100.0,
        "body_mass_kg": None,
        "height_m": None,
    }
    assert document["model"] == {
        "name": "full",
        "sha256": "cd" * 32,
        "spine_sha256": "ef" * 32,
        "mediapipe": "1.2.2",
    }
    assert document["exercise"] == "deadlift"
    assert document["settings"] == analysis.settings.model_dump(mode="json")
    assert document["notes"] == ["A note."]
    assert document["mdc95_deg"] == 5.0
    assert document["reference"]["source"] == "standing"


def test_the_reps_are_those_of_the_analysis(analysis: Analysis) -> None:
    reps = analysis_document(analysis, RECORD)["reps"]
    assert [rep["verdict"] for rep in reps] == ["flag", "ok", "not_measured"]
    for said, result in zip(reps, analysis.reps, strict=True):
        assert said["index"] == result.rep.index
        for name in ("start_s", "turn_s", "end_s"):
            assert said[name] == pytest.approx(getattr(result.rep, name), abs=0.0005)
        for name in REP_KEYS[6:11]:
            value = getattr(result, name)
            assert said[name] == (pytest.approx(value, abs=0.005) if math.isfinite(value) else None)
    (flag,) = reps[0]["flags"]
    (found,) = analysis.reps[0].flags
    assert (flag["rule"], flag["severity"], flag["unit"], flag["message"]) == (
        found.rule,
        found.severity,
        found.unit,
        found.message,
    )
    assert flag["value"] == pytest.approx(found.value, abs=0.005)


def test_what_is_not_measured_is_null(analysis: Analysis) -> None:
    unseen = analysis_document(analysis, RECORD)["reps"][2]
    assert unseen["thoracic_change_peak_deg"] is None
    assert unseen["strain_index_pct"] is None
    nowhere = replace(analysis, view=replace(analysis.view, yaw_deg=math.nan), mdc95_deg=math.inf)
    document = strict(analysis_text(nowhere, RECORD))
    assert document["view"]["yaw_deg"] is None
    assert document["mdc95_deg"] is None


def test_numbers_are_rounded_and_zero_has_no_sign(analysis: Analysis) -> None:
    text = analysis_text(replace(analysis, view=replace(analysis.view, yaw_deg=-0.001)), RECORD)
    document = strict(text)
    assert document["view"]["yaw_deg"] == 0
    assert "-0.0" not in text
    del document["settings"]
    assert all(round(number, 3) == number for number in numbers(document))


def test_the_same_analysis_gives_the_same_text() -> None:
    one, other = (analysis_text(make_analysis(("flag", "ok")), RECORD) for _ in range(2))
    assert one == other
    assert one.endswith("}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_a_name_that_is_not_unicode_gives_valid_text(analysis: Analysis) -> None:
    record = replace(RECORD, path=os.fsdecode(b"\xff\xe4 Kniebeuge \xc3\xa9.mp4"))
    text = analysis_text(analysis, record)
    path = strict(text.encode("utf-8").decode("utf-8"))["input"]["path"]
    assert path == "\N{REPLACEMENT CHARACTER}" * 2 + " Kniebeuge é.mp4"


# frames.csv


def test_frames_has_one_row_a_frame_and_the_columns_of_the_contract(analysis: Analysis) -> None:
    text = csv_text(frames_table(analysis))
    assert text.splitlines()[0] == FRAME_COLUMNS
    assert "\r" not in text
    assert text.endswith("\n")
    table = rows(text)
    assert len(table) == len(analysis.track)
    np.testing.assert_allclose([float(row["time_s"]) for row in table], analysis.track.time_s, atol=0.0005)


def test_frames_holds_what_was_measured_and_nothing_where_nothing_was(analysis: Analysis) -> None:
    table = rows(csv_text(frames_table(analysis)))
    columns = {
        "thoracic_deg": analysis.spine.thoracic_deg,
        "thoracic_change_deg": analysis.thoracic_change_deg,
        "sigma_deg": analysis.sigma_change_deg,
        "lumbar_deg": analysis.spine.lumbar_deg,
        "thoracolumbar_deg": analysis.spine.thoracic_deg + analysis.spine.lumbar_deg,
        "trunk_deg": analysis.angles.trunk_deg,
        "hip_deg": analysis.angles.hip_deg,
        "knee_deg": analysis.angles.knee_deg,
        "neck_deg": analysis.spine.neck_deg,
        "yaw_deg": analysis.yaw_deg,
    }
    for name, values in columns.items():
        read = np.array([float(row[name] or "nan") for row in table])
        np.testing.assert_allclose(read, values, atol=0.005, err_msg=name)
    assert any(row["thoracic_deg"] == "" for row in table)
    assert [row["usable"] for row in table] == [str(bool(on)).lower() for on in analysis.spine.usable]
    assert [row["reason"] for row in table] == analysis.spine.reason.tolist()
    assert [row["phase"] for row in table] == analysis.phase.tolist()
    assert [int(row["rep"] or 0) for row in table] == analysis.rep_index.tolist()
    assert {row["rep"] for row in table} == {"", "1", "2", "3"}


# reps.csv


def test_reps_has_the_fields_of_the_document_and_the_flags_in_short(analysis: Analysis) -> None:
    table = rows(csv_text(reps_table(analysis)))
    document = analysis_document(analysis, RECORD)
    assert [list(row) for row in table] == [REP_KEYS] * 3
    for row, rep in zip(table, document["reps"], strict=True):
        for name in REP_KEYS[:-1]:
            assert row[name] == ("" if rep[name] is None else str(rep[name]))
        assert row["flags"] == ";".join(f"{flag['rule']}:{flag['severity']}" for flag in rep["flags"])
    assert table[0]["flags"] == "thoracic_rounding:flag"


def test_without_reps_only_the_header_is_left() -> None:
    assert csv_text(reps_table(make_analysis(()))) == ",".join(REP_KEYS) + "\n"


def test_awkward_texts_survive_a_table() -> None:
    awkward = ['a,"b"\nc', "é", None]
    table = [Column("text", "text", awkward), Column("on", "bool", [True, False, None])]
    read = rows(csv_text(table))
    assert [row["text"] for row in read] == ['a,"b"\nc', "é", ""]
    assert [row["on"] for row in read] == ["true", "false", ""]


# Parquet


def test_parquet_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SettingsError, match=r"install spineline\[parquet\]"):
        require_parquet()


def test_parquet_holds_the_same_tables(analysis: Analysis, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra [parquet] is not installed")
    require_parquet()
    for number, table in enumerate((frames_table(analysis), reps_table(analysis), reps_table(make_analysis(())))):
        paths = [tmp_path / f"{number}_{copy}.parquet" for copy in range(2)]
        for path in paths:
            write_parquet(table, path)
        assert paths[0].read_bytes() == paths[1].read_bytes()
        read = parquet.read_table(paths[0])
        assert read.column_names == [column.name for column in table]
        assert read.to_pydict() == {column.name: list(column.values) for column in table}
        kinds = {"float": "double", "int": "int64", "bool": "bool", "text": "string"}
        assert [str(field.type) for field in read.schema] == [kinds[column.kind] for column in table]


def test_parquet_and_csv_are_read_as_the_same(analysis: Analysis, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra [parquet] is not installed")
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    for table in (frames_table(analysis), reps_table(analysis)):
        write_parquet(table, tmp_path / "table.parquet")
        (tmp_path / "table.csv").write_text(csv_text(table), encoding="utf-8", newline="\n")
        options = arrow_csv.ConvertOptions(strings_can_be_null=True)
        plain = arrow_csv.read_csv(tmp_path / "table.csv", convert_options=options)
        typed = parquet.read_table(tmp_path / "table.parquet")
        assert typed.to_pydict() == plain.to_pydict()
        for found, told in zip(typed.schema, plain.schema, strict=True):
            assert found.type == told.type or str(told.type) == "null"  # a column without a value has no type in CSV


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.integers(-40000, 40000).map(lambda n: n / 200)))
def test_many_numbers_are_rounded_as_each_alone(values: list[float]) -> None:
    for digits in (2, 3, 4):
        found = tables._all_rounded(np.array(values, dtype=np.float64), digits)
        assert repr(found) == repr([tables._rounded(value, digits) for value in values])


@given(st.lists(st.integers(0, 100), min_size=1, unique=True), st.integers(-20, 220))
def test_the_nearest_frame_is_what_asking_every_frame_gives(ticks: list[int], moment: int) -> None:
    time_s = np.array(sorted(ticks), dtype=np.float64)
    assert tables._nearest(time_s, moment / 2) == int(np.abs(time_s - moment / 2).argmin())


@pytest.mark.parametrize("rows_at_a_time", [1, 7, 100_000])
def test_the_table_of_frames_is_written_in_parts(
    rows_at_a_time: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysis = make_analysis()
    monkeypatch.setattr(tables, "_ROWS", rows_at_a_time)
    tables.write_frames_csv(analysis, tmp_path / "frames.csv")
    assert (tmp_path / "frames.csv").read_bytes() == csv_text(frames_table(analysis)).encode()
