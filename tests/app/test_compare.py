"""`spineline chart` and `spineline compare`, and the chart that `analyze` writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spineline.app.cli import run
from tests.app.make_inputs import write_lift
from tests.io.make_analysis import make_analysis
from tests.io.make_results import write_result


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with two folders of results."""
    folder = tmp_path_factory.mktemp("results")
    write_result(folder / "one_spineline", make_analysis(("ok", "ok")), name="one.mp4", sha256="11")
    write_result(folder / "two_spineline", make_analysis(("flag",)), name="two.mp4", sha256="22")
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def line_of(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that an error is."""
    text = capsys.readouterr().err
    assert text.startswith("spineline: ")
    assert text.count("\n") == 1
    return text


def test_charts_go_into_the_results_or_where_they_are_wanted(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["chart", str(results / "one.mp4")]) == 0
    one = results / "one_spineline"
    assert capsys.readouterr().out.splitlines() == [f"{one / 'chart.png'}", f"{one / 'chart.svg'}"]
    target = tmp_path / "new" / "charts"
    assert run(["chart", str(one), str(results / "two_spineline"), "-o", str(target)]) == 0
    assert names(target) == {f"{name}_chart.{suffix}" for name in ("one", "two") for suffix in ("png", "svg")}
    assert (target / "one_chart.png").read_bytes() == (one / "chart.png").read_bytes()


def test_analyze_writes_the_chart_that_chart_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    track = write_lift(tmp_path / "squats.npz")
    folder = tmp_path / "squats_spineline"
    assert run(["analyze", str(track), "--no-report", "--save-chart"]) == 0
    assert "chart.png, chart.svg" in " ".join(capsys.readouterr().out.split())
    first = [(folder / name).read_bytes() for name in ("chart.png", "chart.svg")]
    assert run(["chart", str(track)]) == 0
    assert [(folder / name).read_bytes() for name in ("chart.png", "chart.svg")] == first
    assert run(["analyze", str(track), "--no-report"]) == 0  # an earlier chart would not belong to it
    assert not any(name.startswith("chart") for name in names(folder))


def test_nothing_is_written_where_one_result_is_wrong(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for other, words in ((tmp_path / "gone.mp4", "no such file"), (results / "two_spineline", "written twice")):
        target = tmp_path / "charts"
        assert run(["chart", str(results / "two_spineline"), str(other), "-o", str(target)]) == 2
        assert words in line_of(capsys)
        assert not target.exists()


def test_two_sets_are_compared(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["compare", str(results / "one_spineline"), str(results / "two_spineline")]) == 0
    assert names(tmp_path) == {"compare_one_two.png", "compare_one_two.svg"}
    shown = capsys.readouterr().out
    for words in ("A one.mp4: Deadlift · 2 reps", "B two.mp4", "Most rounded", "B 12° more", "compare_one_two.png"):
        assert words in shown


def test_two_reps_are_compared_and_other_programs_read_it(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compare", str(results / "one.mp4"), "--reps", "1", "2", "-o", str(tmp_path), "--json"]
    assert run(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["first"]["rep"], document["second"]["rep"]) == (1, 2)
    assert not document["differences"]["thoracic_change_peak_deg"]["told"]
    assert names(tmp_path) == {f"compare_one_rep1_one_rep2.{suffix}" for suffix in ("png", "svg")}


def test_long_names_make_no_name_too_long(tmp_path: Path) -> None:
    folders = [write_result(tmp_path / f"{'ü' * 110}{i}_spineline", make_analysis(("ok",)), sha256=i) for i in "ab"]
    target = tmp_path / "out"
    assert run(["compare", *map(str, folders), "-o", str(target)]) == 0
    assert all(len(name.encode()) < 200 for name in names(target))


@pytest.mark.parametrize(
    ("rest", "words"),
    [([], "two reps of one"), (["--reps", "1", "9"], "reps 1 to 2"), (["--reps", "1", "1"], "one and the same")],
)
def test_what_cannot_be_compared_is_said(
    results: Path, tmp_path: Path, rest: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out"
    assert run(["compare", str(results / "one_spineline"), *rest, "-o", str(target)]) == 2
    assert words in line_of(capsys)
    assert not target.exists()
