"""What charts are drawn from: the same of an analysis and of its folder, and no folder that is damaged."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spineline.core.analysis import Analysis, analyze
from spineline.core.sim import lift, simulate
from spineline.errors import InputError, SettingsError
from spineline.io.curves import Curves, RepCurve, curves_of, read_set, result_at
from tests.io.make_analysis import empty_analysis, make_analysis
from tests.io.make_results import write_result

ARRAYS = ("time_s", "change_deg", "sigma_deg", "trunk_deg", "hip_deg", "knee_deg")
NUMBERS = (
    "usable_share", "thoracic_change_start_deg", "thoracic_change_peak_deg", "thoracic_growth_deg",
    "strain_index_pct", "strain_index_sigma_pct",
)  # fmt: skip


@pytest.fixture(scope="module")
def lifted() -> Analysis:
    """Three deadlifts, the last rounded."""
    track = simulate(lift("conventional", reps=3, rounding_deg=[0.0, 5.0, 25.0]), fps=20.0, silhouettes=False).track
    return analyze(track)


def require_alike(read: Curves, drawn: Curves) -> None:
    """Compare to half a unit of the last digit that is written."""
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(read, name), getattr(drawn, name), atol=0.00501, rtol=0)
    np.testing.assert_array_equal(np.isnan(read.change_deg), np.isnan(drawn.change_deg))
    assert read.levels == drawn.levels
    for mine, other in zip(read.reps, drawn.reps, strict=True):
        require_alike_rep(mine, other)


def require_alike_rep(mine: RepCurve, other: RepCurve) -> None:
    assert (mine.rep.index, mine.rep.begins, mine.verdict) == (other.rep.index, other.rep.begins, other.verdict)
    assert [mark.severity for mark in mine.marks] == [mark.severity for mark in other.marks]
    times, wanted_s = ((rep.rep.start_s, rep.rep.turn_s, rep.rep.end_s) for rep in (mine, other))
    np.testing.assert_allclose(times, wanted_s, atol=0.0005)
    numbers, wanted = ([getattr(rep, name) for name in NUMBERS] for rep in (mine, other))
    np.testing.assert_allclose(numbers, wanted, atol=0.00501)


@pytest.mark.parametrize("parquet", [False, True])
def test_the_folder_holds_what_the_report_draws(lifted: Analysis, tmp_path: Path, parquet: bool) -> None:
    if parquet:
        pytest.importorskip("pyarrow")
    read = read_set(write_result(tmp_path / "a_spineline", lifted, name="dir/a.mp4", load_kg=80.0, parquet=parquet))
    require_alike(read.curves, curves_of(lifted))
    assert (read.name, read.stem, read.about) == ("a.mp4", "a", "Deadlift · 80 kg · 3 reps")
    assert read.usable_share == pytest.approx(lifted.usable_share, abs=0.001)
    assert any(rep.marks for rep in read.curves.reps)


def test_a_rep_that_begins_standing_is_known_by_its_way_up(tmp_path: Path) -> None:
    analysis = analyze(simulate(lift("goblet_squat", reps=2), style="goblet_squat", fps=15.0).track)
    read = read_set(write_result(tmp_path, analysis))
    require_alike(read.curves, curves_of(analysis))
    assert {rep.rep.begins for rep in read.curves.reps} == {"top"}


@pytest.mark.parametrize("frames", [0, 1, 5])
def test_nobody_in_the_picture(tmp_path: Path, frames: int) -> None:
    read = read_set(write_result(tmp_path, empty_analysis(frames)))
    assert len(read.curves.time_s) == frames
    assert np.isnan(read.curves.change_deg).all()
    assert read.about == "No lift found"


@pytest.mark.parametrize(
    ("source", "words"),
    [("standing", "own calm standing"), ("population", "average neutral"), ("least_flexed", "upright moments")],
)
def test_the_reference_is_named(tmp_path: Path, source: Any, words: str) -> None:
    analysis = make_analysis(("ok",))
    analysis = replace(analysis, reference=replace(analysis.reference, source=source))
    assert words in read_set(write_result(tmp_path, analysis)).reference_words


# What is not as it should be


def change_json(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def damage(folder: Path) -> None:
        path = folder / "analysis.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        change(document)
        path.write_text(json.dumps(document), encoding="utf-8")

    return damage


def change_csv(change: Callable[[list[str]], object]) -> Callable[[Path], object]:
    def damage(folder: Path) -> None:
        path = folder / "frames.csv"
        lines = path.read_text(encoding="utf-8").splitlines()
        change(lines)
        path.write_text("\n".join(lines), encoding="utf-8")

    return damage


def in_first_row(column: int, text: str) -> Callable[[list[str]], None]:
    def change(lines: list[str]) -> None:
        cells = lines[1].split(",")
        cells[column] = text
        lines[1] = ",".join(cells)

    return change


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "analysis.json").unlink(), "cannot be read"),
        (lambda folder: (folder / "analysis.json").write_bytes(b""), "is damaged"),
        (lambda folder: (folder / "analysis.json").write_bytes(b"\xff\xfe{"), "is damaged"),
        (lambda folder: (folder / "analysis.json").write_text("[" * 100_000), "is damaged"),
        (change_json(lambda d: d.update(schema="spineline.analysis/2")), "found 'spineline.analysis/2'"),
        (change_json(lambda d: d.pop("schema")), "found 'none'"),
        (change_json(lambda d: d.pop("reps")), r"damaged \(reps: "),
        (change_json(lambda d: d["reps"][0].update(verdict="fine")), r"damaged \(reps\.0\.verdict: "),
        (change_json(lambda d: d.update(mdc95_deg=float("nan"))), r"damaged \(mdc95_deg: "),
        (change_json(lambda d: d["input"].update(frames=3)), "expected the 3 that"),
        (change_json(lambda d: d["reps"][0].update(start_s=99.0)), "rep 1 lies outside"),
        (lambda folder: (folder / "frames.csv").unlink(), "found neither"),
        (lambda folder: (folder / "frames.csv").write_bytes(b""), "is damaged"),
        (lambda folder: (folder / "frames.csv").write_bytes(b"\xff\xfe"), "is damaged"),
        (change_csv(lambda lines: lines.pop()), "expected the"),
        (change_csv(lambda lines: lines.append("1,2")), "has 2 cells"),
        (change_csv(lambda lines: lines.__setitem__(0, lines[0].replace("sigma_deg", "s"))), "'sigma_deg'"),
        (change_csv(in_first_row(2, "many")), "could not convert"),
        (change_csv(in_first_row(2, "inf")), "found inf"),
        (change_csv(in_first_row(0, "5")), "do not rise"),
        (change_csv(in_first_row(0, "")), "do not rise"),
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(tmp_path: Path, damage: Callable[[Path], object], words: str) -> None:
    write_result(tmp_path, make_analysis(("flag", "ok")))
    damage(tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        read_set(tmp_path)
    assert "\n" not in str(caught.value)


def test_damaged_parquet_is_refused(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    write_result(tmp_path, make_analysis(("ok",)), parquet=True)
    path = tmp_path / "frames.parquet"
    whole = path.read_bytes()
    for damaged in (b"", b"PAR1", whole[:-20]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"frames\.parquet: (is damaged|cannot be read)"):
            read_set(tmp_path)
    parquet.write_table(pyarrow.table({"time_s": ["a"]}), path)
    with pytest.raises(InputError, match="is damaged"):
        read_set(tmp_path)


def test_parquet_needs_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_result(tmp_path, make_analysis(("ok",)))
    (tmp_path / "frames.csv").rename(tmp_path / "frames.parquet")
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SettingsError, match="pyarrow, which is not installed"):
        read_set(tmp_path)


# Where results are looked for


def test_results_are_found_by_folder_file_or_recording(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "clip_spineline", make_analysis(("ok",)))
    clip = tmp_path / "clip.mp4"
    assert result_at(clip) == folder  # the recording itself may be gone
    clip.touch()
    for path in (folder, folder / "analysis.json", folder / "report.html", clip):
        assert result_at(path) == folder


def test_results_that_were_being_replaced_when_that_was_ended_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "clip_spineline"
    (folder / ".spineline.swap" / "earlier").mkdir(parents=True)
    (folder / ".spineline.swap" / "earlier" / "analysis.json").write_text("{}")
    assert result_at(folder) == folder
    assert [path.name for path in folder.iterdir()] == ["analysis.json"]


def test_where_no_results_are_is_said(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").touch()
    for name, words in (("clip.mp4", "has no results beside it"), ("gone", "no such file"), ("", "holds no")):
        with pytest.raises(InputError, match=words):
            result_at(tmp_path / name)
