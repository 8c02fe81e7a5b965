"""Profiles on the command line: compared with, named in every result, and looked after."""

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spineline.app.analyze import Done, Request, analyze_all
from spineline.app.cli import run
from spineline.core.calibration import measure_standing
from spineline.core.settings import Settings
from spineline.core.sim import lift, simulate
from spineline.io.config import Options
from spineline.io.profiles import list_profiles, save_profile
from spineline.io.tracks import between, load_track, save_track
from tests.app.make_inputs import SAMPLES, SOURCE, write_standing

DATE = "2026-11-23"
CLIP = SAMPLES / "deadlift_rounded.mp4"
BENT_S = ("2.2", "9")
"""Part of `CLIP` without the standing at its begin, in which its lifter is already on the way to the bar."""


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the profiles where nobody else does."""
    monkeypatch.setenv("SPINELINE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def standing_as(name: str, folder: Path, **changes: Any) -> None:
    """Save the profile of somebody simulated."""
    track, _ = load_track(write_standing(folder / "standing.npz"))
    save_profile(name, replace(measure_standing(track, date=DATE), **changes))


@pytest.fixture
def squats(tmp_path: Path) -> Path:
    """Save the track of a set of squats."""
    done = simulate(lift("goblet_squat", reps=2), style="goblet_squat", fps=15.0, silhouettes=False)
    save_track(replace(done.track, source=SOURCE), tmp_path / "squats.npz")
    return tmp_path / "squats.npz"


@pytest.fixture(scope="module")
def sample(pose_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Look through a sample once, and keep the track."""
    ask = Request(output_dir=tmp_path_factory.mktemp("sample"), save_track=True, report=False)
    (done,) = analyze_all([str(CLIP)], ask, model=pose_model, workers=1, on_progress=lambda *_: None)
    assert isinstance(done, Done)
    return done.folder / "track.npz"


@pytest.fixture
def analysed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def analyse(path: Path, *options: str) -> dict[str, Any]:
        """Analyse through the command line and return what is in analysis.json."""
        assert run(["analyze", str(path), "-o", str(tmp_path / "out"), "--no-report", "--json", *options]) == 0
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document

    return analyse


def test_a_profile_is_named_in_the_result_and_in_its_config(
    squats: Path, tmp_path: Path, analysed: Callable[..., dict[str, Any]]
) -> None:
    standing_as("Anna", tmp_path, slump_deg=21.0, slump_sigma_deg=2.0)
    without, document = analysed(squats), analysed(squats, "--profile", "anna")
    assert document["reference"] == {
        "thoracic_deg": pytest.approx(0, abs=0.5), "source": "profile", "profile": "anna", "profile_date": DATE,
        "slump_deg": 21.0,
    }  # fmt: skip
    nothing = {"profile": None, "profile_date": None, "slump_deg": None}
    assert without["reference"].items() >= {"source": "standing", **nothing}.items()
    assert f"Reference: your own standing as saved in your profile of {DATE}." in document["notes"]
    times = [[rep[key] for key in ("index", "start_s", "turn_s", "end_s")] for rep in document["reps"]]
    assert times == [[rep[key] for key in ("index", "start_s", "turn_s", "end_s")] for rep in without["reps"]]
    config = tmp_path / "out" / "squats_spineline" / "config.toml"
    assert tomllib.loads(config.read_text())["analyze"]["profile"] == "anna"
    again = tmp_path / "again.toml"
    again.write_bytes(config.read_bytes())
    assert analysed(squats, "--config", str(again)) == document


def test_several_processes_compare_with_it_too(
    squats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    standing_as("anna", tmp_path)
    other = tmp_path / "other.npz"
    other.write_bytes(squats.read_bytes())
    command = ["analyze", str(squats), str(other), "-o", str(tmp_path / "out"), "--no-report", "--json"]
    assert run([*command, "--workers", "2", "--profile", "anna"]) == 0
    assert [each["reference"]["source"] for each in json.loads(capsys.readouterr().out)] == ["profile"] * 2


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (
            "berta",
            r"no profile 'berta': expected one of those kept \(anna\), or take it first with spineline calibrate",
        ),
        ("../anna", "expected a name of 1 to 60 letters, .* found '../anna'"),
    ],
)
def test_a_profile_that_cannot_be_is_wrong_usage(
    name: str, complaint: str, squats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    standing_as("anna", tmp_path)
    assert run(["analyze", str(squats), "-o", str(tmp_path / "out"), "--profile", name]) == 2
    assert re.fullmatch(f"spineline: {complaint}\n", capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_a_profile_of_another_spine_model_is_refused_and_nothing_written(
    squats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    standing_as("anna", tmp_path, spine_sha256="ab" * 32)
    assert run(["analyze", str(squats), "-o", str(tmp_path / "out"), "--profile", "anna"]) == 2
    assert "was read by the spine model abababab" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_of_a_video_it_is_refused_before_the_long_work(pose_model: Path, tmp_path: Path) -> None:
    standing_as("anna", tmp_path)
    looked_at: list[int] = []
    profile = replace(measure_standing(load_track(tmp_path / "standing.npz")[0], date=DATE), spine_sha256="ab" * 32)
    ask = Request(options=Options(profile="anna"), profile=profile, output_dir=tmp_path / "out")
    (failed,) = analyze_all(
        [str(CLIP)], ask, model=pose_model, workers=1, on_progress=lambda _, done, __: looked_at.append(done)
    )
    assert not isinstance(failed, Done)
    assert "cannot be compared: take the profile again with spineline calibrate" in failed.message
    assert looked_at == []


def test_a_sample_cut_short_of_its_standing_is_right_by_its_profile(
    sample: Path, analysed: Callable[..., dict[str, Any]]
) -> None:
    truth = json.loads(CLIP.with_suffix(".truth.json").read_text())
    track, _ = load_track(sample)
    settings = Settings.from_mapping({"reference": {"profile_s": 1.2}})
    save_profile("me", measure_standing(between(track, 0.0, 2.0), settings, date=DATE))
    cut = ["--time-range", *BENT_S]
    without, document = analysed(sample, *cut), analysed(sample, *cut, "--profile", "me")
    assert (without["reference"]["source"], document["reference"]["source"]) == ("least_flexed", "profile")
    peaks = {key: np.array([rep["thoracic_change_peak_deg"] for rep in said["reps"]])
             for key, said in (("without", without), ("with", document))}  # fmt: skip
    true = np.array([rep["thoracic_change_peak_deg"] for rep in truth["reps"]])
    assert np.abs(peaks["with"] - true).max() < Settings().reference.profile_sigma_deg
    assert np.abs(peaks["with"] - true).mean() < np.abs(peaks["without"] - true).mean()
    assert [rep["start_s"] for rep in document["reps"]] == [rep["start_s"] for rep in without["reps"]]


# Looking after them


def test_profiles_are_listed_shown_and_deleted(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profiles", "list"]) == 0
    standing_as("Anna Ö", tmp_path)
    (data / "profiles" / "broken.toml").write_text("schema = 1")
    capsys.readouterr()
    assert run(["profiles", "list"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [" ".join(row.split()) for row in rows] == [
        "Name Taken Spine model", f"Anna Ö {DATE}", "broken cannot be read",
    ]  # fmt: skip
    assert run(["profiles", "show", "anna ö"]) == 0
    shown = capsys.readouterr().out
    assert f"date: {DATE}\n" in shown
    assert "sigma_deg: 0.7\n" in shown
    assert "nan" not in shown
    assert run(["profiles", "delete", "Anna Ö"]) == 0
    assert capsys.readouterr().out.endswith("deleted\n")
    assert list_profiles() == ("broken",)
    for command in ("show", "delete"):
        assert run(["profiles", command, "Anna Ö"]) == 2
        assert "expected one of those kept (broken)" in capsys.readouterr().err
    assert run(["profiles", "show", "broken"]) == 2
    assert "broken.toml: schema: " in capsys.readouterr().err
