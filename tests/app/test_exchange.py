"""Files for other programs: only if asked for, from videos, tracks and recorded sets, and gone with the next result."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from trc import TRCData

from spineline.app.analyze import Done, Failed, Request, analyze_all
from spineline.app.cli import run
from spineline.io.config import Options
from tests.app.make_inputs import CLIP, ONE_REP_S, write_lift, write_recording, write_unseen
from tests.contents import everything_in

TABLES = {"analysis.json", "config.toml", "frames.csv", "reps.csv"}
EXCHANGED = {"angles.mot", "points_px.trc", "points_m.trc", "openpose", "openpose_keypoints.json"}
ALL: dict[str, Any] = {"save_mot": True, "save_trc": True, "save_openpose": True}
NO_METRES = "points_m.trc was not written: "


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lift(tmp_path_factory.mktemp("lifts") / "squats.npz")


def result(path: Path, folder: Path, *, height_m: float | None = 1.8, **saved: Any) -> Any:
    ask = Request(options=Options(height_m=height_m), output_dir=folder, report=False, **saved)
    (found,) = analyze_all([str(path)], ask, model=None, workers=1, on_progress=lambda *_: None)
    return found


def written(found: Any) -> set[str]:
    assert isinstance(found, Done), found
    names = {path.name for path in found.folder.iterdir()}
    assert names == set(found.files)
    return names


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def check(folder: Path, stem: str) -> None:
    """Hold what was written against the table of frames."""
    frames = rows(folder / "frames.csv")
    mot = (folder / "angles.mot").read_text(encoding="utf-8").split("endheader\n")[1].splitlines()
    names = mot[0].split("\t")[1:]
    assert [line.split("\t")[1:] for line in mot[1:]] == [[row[name] or "NaN" for name in names] for row in frames]
    times = [float(row["time_s"]) for row in frames]
    for name in ("points_px.trc", "points_m.trc"):
        trc = TRCData()
        trc.parse((folder / name).read_text(encoding="utf-8"), line_sep="\n")
        assert trc["Time"] == pytest.approx(times, abs=6e-4)
        assert [xyz[0] == xyz[0] for xyz in trc["T8"]] == [row["usable"] == "true" for row in frames]
    spine = json.loads((folder / "openpose_keypoints.json").read_text(encoding="utf-8"))["spine_points"]
    for number, row in enumerate(frames):
        path = folder / "openpose" / f"{stem}_{number:012d}_keypoints.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        assert document["time_s"] == pytest.approx(times[number], abs=6e-4)
        (person,) = document["people"]
        assert (person["pose_keypoints_2d"][3 * spine["T8"] + 2] > 0) == (row["usable"] == "true")


def test_nothing_is_written_unasked(track: Path, tmp_path: Path) -> None:
    assert written(result(track, tmp_path)) == TABLES


def test_a_track_gives_all_that_is_asked_for(track: Path, tmp_path: Path) -> None:
    found = result(track, tmp_path, **ALL)
    assert written(found) == TABLES | EXCHANGED
    check(found.folder, "squats")
    assert not any(note.startswith(NO_METRES) for note in json.loads(found.text)["notes"])
    first = everything_in(found.folder)
    again = result(track, tmp_path / "again", **ALL)
    assert everything_in(again.folder) == first


def test_a_recorded_set_gives_them_too(tmp_path: Path) -> None:
    write_recording(tmp_path / "rec", starts_s=7.0123456, height_m=1.7)
    found = result(tmp_path / "rec", tmp_path / "out", height_m=None, **ALL)
    assert written(found) == TABLES | EXCHANGED
    check(found.folder, "rec")


def test_a_film_gives_them_too(pose_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = "--save-mot --save-trc --save-openpose --height 1.8 --no-report --quiet"
    status = run(["analyze", str(CLIP), "-o", str(tmp_path), "--time-range", *ONE_REP_S, *options.split()])
    assert (status, capsys.readouterr().err) == (0, "")
    assert pose_model.is_file()
    check(tmp_path / f"{CLIP.stem}_spineline", CLIP.stem)


def test_what_is_not_asked_for_again_goes(track: Path, tmp_path: Path) -> None:
    result(track, tmp_path, **ALL)
    assert written(result(track, tmp_path, save_mot=True)) == TABLES | {"angles.mot"}


def test_without_the_height_there_are_no_metres_and_it_says_why(track: Path, tmp_path: Path) -> None:
    found = result(track, tmp_path, height_m=None, save_trc=True)
    assert written(found) == TABLES | {"points_px.trc"}
    said = [note for note in json.loads(found.text)["notes"] if note.startswith(NO_METRES)]
    assert said == [f"{NO_METRES}the height of the lifter is not known; state it with --height."]
    assert not any(NO_METRES in note for note in json.loads(result(track, tmp_path, height_m=None).text)["notes"])


def test_a_back_never_seen_is_missing_everywhere(tmp_path: Path) -> None:
    found = result(write_unseen(tmp_path / "unseen.npz"), tmp_path, **ALL)
    check(found.folder, "unseen")
    assert {row["usable"] for row in rows(found.folder / "frames.csv")} == {"false"}


@pytest.mark.skipif(sys.platform == "win32", reason="such names cannot be there")
@pytest.mark.parametrize("stem", ["a\nb\x1b[2J", "-o", "é%d", "x" * 230])
def test_inputs_of_odd_names(stem: str, track: Path, tmp_path: Path) -> None:
    odd = tmp_path / f"{stem}.npz"
    odd.write_bytes(track.read_bytes())
    found = result(odd, tmp_path / "out", **ALL)
    assert written(found) == TABLES | EXCHANGED
    check(found.folder, stem[:50])


def test_keypoints_of_another_program_are_never_removed(track: Path, tmp_path: Path) -> None:
    mine = tmp_path / "squats_spineline" / "openpose" / "frame_00000.json"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    for asked in ({}, ALL):
        found = result(track, tmp_path, **asked)
        assert isinstance(found, Failed)
        assert "frame_00000.json: is not of spineline, and would be removed; move it" in found.message
        assert "\n" not in found.message
    assert [path.name for path in mine.parent.parent.rglob("*")] == ["openpose", "frame_00000.json"]
    assert mine.read_text() == "mine"
