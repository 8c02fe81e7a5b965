"""From inputs to folders of results: what is written, that it is the same every time, and side by side."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spineline.app.analyze import Done, Failed, Request, analyze_all, check_request, needs_pose_model
from spineline.core.sim import lift, simulate
from spineline.errors import InputError, ModelError
from spineline.io.config import Options
from spineline.io.models import shipped_folder
from spineline.io.tracks import load_track, save_track
from tests.app.make_inputs import CLIP, ONE_REP_S, SOURCE, write_lift, write_standing, write_unseen
from tests.contents import everything_in
from tests.io.make_video import cut_short, write_video

PLAIN = {"analysis.json", "config.toml", "frames.csv", "reps.csv"}


def silent(_label: str, _done: int, _total: int | None) -> None:
    """Progress that nobody looks at."""


def request(folder: Path | None, **changes: Any) -> Request:
    """Ask for the tables only."""
    options = changes.pop("options", {})
    return Request(options=Options(**options), output_dir=folder, **{"report": False, **changes})


def analyzed(
    *inputs: Path | str, model: Path | None = None, workers: int = 1, ask: Request | None = None
) -> list[Done | Failed]:
    names = [str(path) for path in inputs]
    return list(analyze_all(names, ask or request(None), model=model, workers=workers, on_progress=silent))


def one(*args: Any, **kwargs: Any) -> Done:
    (result,) = analyzed(*args, **kwargs)
    assert isinstance(result, Done), result
    return result


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lift(tmp_path_factory.mktemp("lifts") / "squats.npz")


@pytest.fixture(scope="module")
def film(pose_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """One rep of a sample clip, with everything that can be written."""
    ask = Request(
        options=Options(time_range_s=(float(ONE_REP_S[0]), float(ONE_REP_S[1]))),
        output_dir=tmp_path_factory.mktemp("film"),
        save_track=True,
        save_vid=True,
    )
    return one(CLIP, model=pose_model, ask=ask)


# What is written


def test_a_track_gives_a_folder_beside_it(track: Path) -> None:
    done = one(track)
    assert done.folder == track.parent / "squats_spineline"
    assert set(done.files) == set(everything_in(done.folder)) == PLAIN
    document = json.loads(done.text)
    assert (done.folder / "analysis.json").read_text(encoding="utf-8") == done.text
    assert document["input"]["path"] == str(track)
    assert document["model"]["sha256"] == SOURCE["model_sha256"]
    assert document["exercise"] == "squat"
    assert len(document["reps"]) == len(done.reps) == 2
    assert done.measured


def test_a_film_gives_everything(film: Done) -> None:
    assert set(film.files) == PLAIN | {"report.html", "overlay.mp4", "track.npz"}
    document = json.loads(film.text)
    assert len(document["reps"]) == 1
    assert film.measured
    assert document["model"]["name"] == "full"
    weights = shipped_folder() / "spine.onnx"
    assert document["model"]["spine_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert document["model"]["mediapipe"]
    assert "Only 3 to 6.6 s of the recording were analysed." in document["notes"]
    assert 3.0 <= document["reps"][0]["start_s"] < document["reps"][0]["end_s"] < 6.6
    assert "data:image/jpeg" in (film.folder / "report.html").read_text(encoding="utf-8")


def test_a_saved_track_says_the_same_as_the_film(film: Done, tmp_path: Path) -> None:
    again = one(film.folder / "track.npz", ask=request(tmp_path, options={"time_range_s": (3.0, 6.6)}))
    before, after = json.loads(film.text), json.loads(again.text)
    assert before.pop("input")["sha256"] != after.pop("input")["sha256"]
    assert before == after
    for name in ("frames.csv", "reps.csv"):
        assert (film.folder / name).read_bytes() == (again.folder / name).read_bytes()


def test_the_same_film_gives_the_same_bytes(pose_model: Path, tmp_path: Path) -> None:
    ask = request(None, options={"time_range_s": (3.0, 3.5)}, report=True, save_track=True, save_vid=True)
    found = []
    for name in ("one", "other"):
        done = one(CLIP, model=pose_model, ask=replace(ask, output_dir=tmp_path / name))
        found.append(everything_in(done.folder))
    assert len(found[0]) == 7
    assert found[0] == found[1]


def test_the_same_track_gives_the_same_bytes(track: Path, tmp_path: Path) -> None:
    ask = request(None, report=True, save_track=True)
    found = [
        everything_in(one(track, ask=replace(ask, output_dir=tmp_path / name)).folder) for name in ("one", "other")
    ]
    assert found[0] == found[1]
    assert found[0]["track.npz"] == everything_in(track.parent)[track.name]


def test_options_are_obeyed_and_recorded(track: Path, tmp_path: Path) -> None:
    options = {"exercise": "deadlift", "load_kg": 100, "body_mass_kg": 82.5, "time_range_s": (0.0, 3.0)}
    done = one(track, ask=request(tmp_path, options=options))
    document = json.loads(done.text)
    assert document["exercise"] in ("deadlift", None)
    assert (document["input"]["load_kg"], document["input"]["body_mass_kg"]) == (100.0, 82.5)
    assert document["input"]["duration_s"] < 3.0
    config = (done.folder / "config.toml").read_text()
    assert 'exercise = "deadlift"' in config
    assert "load_kg = 100.0" in config


def test_parquet_takes_the_place_of_csv(track: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra [parquet] is not installed")
    one(track, ask=request(tmp_path))
    done = one(track, ask=request(tmp_path, table_format="parquet"))
    assert set(everything_in(done.folder)) == {"analysis.json", "config.toml", "frames.parquet", "reps.parquet"}


# What cannot be measured


def test_without_a_lift_there_is_a_result_all_the_same(tmp_path: Path) -> None:
    done = one(write_standing(tmp_path / "standing.npz"))
    assert not done.measured
    assert json.loads(done.text)["reps"] == []
    assert "No repetition of a deadlift or a squat was found." in json.loads(done.text)["notes"]


def test_a_back_that_was_never_seen_is_not_measured(tmp_path: Path) -> None:
    done = one(write_unseen(tmp_path / "unseen.npz"))
    assert not done.measured
    assert {rep["verdict"] for rep in json.loads(done.text)["reps"]} == {"not_measured"}
    assert done.reps[0].unseen_because


def test_a_time_range_without_frames_is_refused(track: Path, tmp_path: Path) -> None:
    (failed,) = analyzed(track, ask=request(tmp_path, options={"time_range_s": (500.0, 501.0)}))
    assert isinstance(failed, Failed)
    assert failed.message == f"{track}: has no frame between 500 and 501 s; choose another --time-range"
    assert list(tmp_path.iterdir()) == []


# Notes on the file


def notes(tmp_path: Path, **source: str) -> list[str]:
    done = simulate(lift("goblet_squat", reps=1), style="goblet_squat", fps=10.0, silhouettes=False)
    save_track(replace(done.track, source={**SOURCE, **source}), tmp_path / "x.npz")
    found: list[str] = json.loads(one(tmp_path / "x.npz").text)["notes"]
    return found


def test_what_the_file_lacks_is_noted(tmp_path: Path) -> None:
    plain = notes(tmp_path, frames_lost="0", frames_dropped="1", frames_decoded="200", cut_short="no")
    assert notes(tmp_path, frames_lost="many", cut_short="perhaps") == plain
    (lost,) = set(notes(tmp_path, frames_lost="3")) - set(plain)
    assert lost == "The video file is damaged: 3 frames could not be read."
    (short,) = set(notes(tmp_path, frames_lost="40", cut_short="yes")) - set(plain)
    assert short == "The video file is cut short: recording or copying broke off; about 40 frames are missing."
    (dropped,) = set(notes(tmp_path, frames_dropped="10", frames_decoded="200")) - set(plain)
    assert dropped == "10 frames left out, because the file gives them no time of their own."


def test_slow_motion_that_plays_slowly_is_noted(tmp_path: Path) -> None:
    plain = notes(tmp_path, filmed_hz="10.0")
    for nonsense in ("nan", "inf", "x", "0", "-240", "1e300"):
        assert notes(tmp_path, filmed_hz=nonsense) == plain
    (slow,) = set(notes(tmp_path, filmed_hz="80.0")) - set(plain)
    assert slow == (
        "Filmed at 80 and played at 10 pictures a second: "
        "times are those of the file, about 8 times as long as in life."
    )


def test_few_pictures_a_second_are_noted(tmp_path: Path) -> None:
    done = simulate(lift("goblet_squat", reps=1), style="goblet_squat", fps=3.0, silhouettes=False)
    save_track(replace(done.track, source={**SOURCE, "filmed_hz": "240.0"}), tmp_path / "few.npz")
    found = json.loads(one(tmp_path / "few.npz").text)["notes"]
    assert found[-1] == (
        "Only about 3 pictures a second: what lies between them was not seen, and peaks may be missed."
    )


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("img_001.JPG", "img_002.JPG"), r"is a folder of pictures.*ffmpeg -framerate RATE .*\*\.jpg"),
        (("clip.mp4",), "is a folder; name the files in it, such as"),
    ],
)
def test_a_folder_is_refused_with_what_to_do(names: tuple[str, ...], told: str, tmp_path: Path) -> None:
    (tmp_path / "shots").mkdir()
    for name in names:
        (tmp_path / "shots" / name).write_bytes(b"x")
    (failed,) = analyzed(tmp_path / "shots")
    assert isinstance(failed, Failed)
    assert re.search(told, failed.message)


def test_a_film_that_breaks_off_is_analysed_and_noted(pose_model: Path, tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4", [n / 10 for n in range(20)], mux_options={"movflags": "faststart"})
    done = one(cut_short(whole, keep_share=0.8), model=pose_model, ask=request(None, save_track=True))
    assert any(note.startswith("The video file is cut short") for note in json.loads(done.text)["notes"])
    source = load_track(done.folder / "track.npz")[0].source
    assert source["cut_short"] == "yes"
    assert int(source["frames_lost"]) > 0


# Several inputs


def test_each_input_is_done_in_order_whatever_happens_to_others(track: Path, tmp_path: Path) -> None:
    standing = write_standing(tmp_path / "standing.npz")
    results = analyzed(tmp_path / "nowhere.mp4", track, tmp_path / "nowhere.npz", standing, ask=request(tmp_path / "o"))
    assert [type(result) for result in results] == [Failed, Done, Failed, Done]
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["squats_spineline", "standing_spineline"]


def test_several_processes_give_the_same(track: Path, tmp_path: Path) -> None:
    names = (track, tmp_path / "nowhere.npz", write_standing(tmp_path / "standing.npz"))
    told: list[tuple[str, int, int | None]] = []
    ask = request(tmp_path / "side")
    side = list(
        analyze_all(
            [str(name) for name in names], ask, model=None, workers=2, on_progress=lambda *args: told.append(args)
        )
    )
    alone = analyzed(*names, ask=request(tmp_path / "alone"))
    assert [getattr(result, "text", "") or str(result) for result in side] == [
        getattr(result, "text", "") or str(result) for result in alone
    ]
    assert sorted(told) == [("Analysing", done, 3) for done in range(4)]


def test_two_inputs_of_one_name_are_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    names = [str(tmp_path / "clip.mp4"), str(tmp_path / "b" / "clip.mov")]
    check_request(names, request(None))
    with pytest.raises(InputError, match=r"would both be written to .*clip_spineline; rename one"):
        check_request(names, request(tmp_path))
    with pytest.raises(InputError, match="would both be written"):
        check_request([names[0], os.path.relpath(names[0])], request(None))


def test_pictures_of_a_saved_track_are_refused(track: Path) -> None:
    with pytest.raises(InputError, match="is a saved track, which has no pictures; --save-vid needs the video"):
        check_request([str(track)], request(None, save_vid=True))


# The pose model


def test_the_pose_model_is_only_wanted_for_something_that_can_be_a_film(track: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    assert not needs_pose_model([str(track), str(tmp_path / "nowhere.mp4"), str(tmp_path / "text.mp4")])
    assert needs_pose_model([str(tmp_path / "text.mp4"), str(CLIP)])


def test_a_film_without_a_pose_model_is_an_error() -> None:
    with pytest.raises(ModelError, match="needs a pose model"):
        analyzed(CLIP)


def test_a_bundle_that_is_none_ends_everything(tmp_path: Path) -> None:
    (tmp_path / "bad.task").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"bad\.task: expected a pose landmarker bundle"):
        analyzed(CLIP, model=tmp_path / "bad.task", ask=request(tmp_path / "o"))
    assert not (tmp_path / "o").exists()
