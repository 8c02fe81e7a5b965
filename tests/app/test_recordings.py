"""Recorded sets analysed again: as they were asked for, whatever is missing of them, and never changed."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from spineline.app.analyze import Done, Failed, Request, analyze_all, check_request, each_set
from spineline.app.cli import run
from spineline.app.footage import FILM_START
from spineline.app.records import save
from spineline.core.profile import Profile
from spineline.core.track import PoseTrack
from spineline.errors import InputError
from spineline.io.config import Options
from spineline.io.data_folder import DATA_VARIABLE
from spineline.io.profiles import save_profile
from spineline.io.results import CONFIG, FILM, TRACK, recordings_in, set_path
from spineline.io.tracks import load_track, save_track
from spineline.io.video import read_frames
from tests.app.make_inputs import write_recording
from tests.contents import everything_in
from tests.io.make_video import read_number

TABLES = {"analysis.json", "config.toml", "frames.csv", "reps.csv"}


def request(folder: Path | None, **changes: Any) -> Request:
    """Ask for the tables only."""
    options = changes.pop("options", {})
    return Request(options=Options(**options), output_dir=folder, **{"report": False, **changes})


def analyzed(folder: Path, ask: Request) -> Done | Failed:
    (result,) = analyze_all([str(folder)], ask, model=None, workers=1, on_progress=lambda *_: None)
    return result


def done(folder: Path, ask: Request) -> Done:
    result = analyzed(folder, ask)
    assert isinstance(result, Done), result
    return result


def failed(folder: Path, ask: Request) -> str:
    result = analyzed(folder, ask)
    assert isinstance(result, Failed)
    assert "\n" not in result.message
    return result.message


def tree(folder: Path) -> dict[str, tuple[str, int]]:
    """Return everything below a folder: what it holds, and when it was written."""
    held = everything_in(folder)
    return {
        str(path.relative_to(folder)): (held.get(path.relative_to(folder).as_posix(), ""), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PoseTrack]:
    """Record a set whose video began before the track does, at odd times."""
    folder = tmp_path_factory.mktemp("made") / "rec"
    return folder, write_recording(folder, starts_s=7.0123456, filmed_before=20)


@pytest.fixture
def rec(made: tuple[Path, PoseTrack], tmp_path: Path) -> Path:
    """Give a copy of it."""
    return Path(shutil.copytree(made[0], tmp_path / "rec"))


def with_source(folder: Path, **changes: str) -> None:
    """Change what the track of a recording says of itself."""
    track, _ = load_track(folder / TRACK)
    save_track(replace(track, source={**track.source, **changes}), folder / TRACK)


# As it was, and as often as one likes


def test_the_recording_is_never_changed_and_gives_the_same_bytes_again(rec: Path, tmp_path: Path) -> None:
    before = tree(rec)
    everything = request(None, report=True, save_vid=True, save_track=True)
    first = done(rec, everything)
    assert first.folder == tmp_path / "rec_spineline"
    assert set(first.files) == TABLES | {"report.html", "overlay.mp4", TRACK}
    written = everything_in(first.folder)
    again = done(rec, everything)
    assert everything_in(again.folder) == written
    assert tree(rec) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rec", "rec_spineline"]


def test_the_track_alone_says_the_same(rec: Path, tmp_path: Path) -> None:
    of_folder = json.loads(done(rec, request(tmp_path / "a")).text)
    of_track = json.loads(done(rec / TRACK, request(tmp_path / "b")).text)
    assert len(of_folder["reps"]) == 2
    assert of_folder["reps"] == of_track["reps"]


def test_what_was_asked_for_then_is_asked_for_again_unless_something_else_is(tmp_path: Path) -> None:
    write_recording(tmp_path / "rec", load_kg=60.0, exercise="squat")
    asked = {"load_kg": 60.0, "exercise": "squat"}
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, asked),
        ({"load_kg": 80.0}, {**asked, "load_kg": 80.0}),
        ({"exercise": "deadlift"}, {**asked, "exercise": "deadlift"}),
    ]
    for options, expected in cases:
        result = done(tmp_path / "rec", request(tmp_path / "out", options=options))
        config = (result.folder / CONFIG).read_text()
        for key, value in expected.items():
            assert re.search(rf'^{key} = "?{value}"?$', config, re.MULTILINE), config


def test_a_recording_without_its_config_is_analysed_with_what_is_asked_for(rec: Path, tmp_path: Path) -> None:
    expected = done(rec, request(tmp_path / "a")).text
    (rec / CONFIG).unlink()
    assert done(rec, request(tmp_path / "b")).text == expected


# Its pictures


def overlaid(folder: Path) -> list[tuple[float, int]]:
    with read_frames(folder / "overlay.mp4") as frames:
        return [(frame.time_s, read_number(frame.image)) for frame in frames]


def test_the_overlay_shows_the_frames_of_the_track_at_their_times(
    rec: Path, made: tuple[Path, PoseTrack], tmp_path: Path
) -> None:
    result = done(rec, request(tmp_path / "out", save_vid=True))
    found = overlaid(result.folder)
    times_s = made[1].time_s
    assert [number for _, number in found] == list(range(len(times_s)))
    np.testing.assert_allclose([time_s for time_s, _ in found], times_s - times_s[0], rtol=0, atol=25e-6)


@pytest.mark.parametrize("first_frame", [0, 31, 60])
def test_a_time_range_is_that_of_the_track(
    first_frame: int, rec: Path, made: tuple[Path, PoseTrack], tmp_path: Path
) -> None:
    times_s = made[1].time_s
    time_range_s = (float(times_s[first_frame]), float(times_s[first_frame + 50]))
    ask = request(tmp_path / "out", save_vid=True, options={"time_range_s": time_range_s})
    result = done(rec, ask)
    assert json.loads(result.text)["input"]["frames"] == 50
    assert [number for _, number in overlaid(result.folder)] == list(range(first_frame, first_frame + 50))


def test_a_time_range_before_the_track_is_one_line(rec: Path, tmp_path: Path) -> None:
    ask = request(tmp_path / "out", save_vid=True, options={"time_range_s": (0.0, 5.0)})
    assert failed(rec, ask) == f"{rec}: has no frame between 0 and 5 s; choose another --time-range"


@pytest.mark.parametrize("scale", [0.25, 0.5])
def test_what_is_drawn_lies_where_it_was_seen_whatever_pixels_the_video_has(scale: float, tmp_path: Path) -> None:
    track = write_recording(tmp_path / "rec", scale=scale)
    result = done(tmp_path / "rec", request(tmp_path / "out", save_vid=True))
    frame = 10  # standing
    with read_frames(result.folder / "overlay.mp4") as drawn, read_frames(tmp_path / "rec" / FILM) as plain:
        pictures = [next(f.image.astype(int) for f in frames if f.index == frame) for frames in (drawn, plain)]
    changed = np.abs(pictures[0] - pictures[1]).max(axis=2) > 60
    rows, columns = np.mgrid[: changed.shape[0], : changed.shape[1]]
    hip_px = track.landmarks_px[frame, [23, 24]].mean(axis=0) * scale
    shoulder_px = track.landmarks_px[frame, [11, 12]].mean(axis=0) * scale
    torso_px = np.hypot(*(hip_px - shoulder_px))
    middle_px = (hip_px + shoulder_px) / 2
    near = np.hypot(columns - middle_px[0], rows - middle_px[1]) < 0.7 * torso_px
    assert changed[near].sum() > 0.3 * torso_px  # the line of the spine is there
    assert np.ptp(rows[near & changed]) > 0.6 * torso_px


def test_the_report_has_its_stills_and_does_without_a_video(rec: Path, tmp_path: Path) -> None:
    with_film = done(rec, request(tmp_path / "a", report=True))
    stills = (with_film.folder / "report.html").read_text().count("data:image/jpeg")
    assert stills == 2
    (rec / FILM).unlink()
    without = done(rec, request(tmp_path / "b", report=True))
    assert "data:image/jpeg" not in (without.folder / "report.html").read_text()
    assert without.text == with_film.text


def test_an_overlay_without_a_video_is_one_line(rec: Path, tmp_path: Path) -> None:
    (rec / FILM).unlink()
    assert failed(rec, request(tmp_path / "out", save_vid=True)).startswith(f"{rec / FILM}: no such file")
    assert not (tmp_path / "out").exists()


def test_a_damaged_video_is_one_line_unless_it_is_not_needed(rec: Path, tmp_path: Path) -> None:
    expected = done(rec, request(tmp_path / "a")).text
    (rec / FILM).write_bytes(b"")
    assert failed(rec, request(tmp_path / "out", report=True)).startswith(f"{rec / FILM}: is empty")
    assert not (tmp_path / "out").exists()
    assert done(rec, request(tmp_path / "b")).text == expected


@pytest.mark.parametrize("start", ["soon", "nan", "inf", ""])
def test_a_start_of_the_video_that_is_no_number_is_one_line(start: str, rec: Path, tmp_path: Path) -> None:
    with_source(rec, **{FILM_START: start})
    said = failed(rec, request(tmp_path / "out", report=True))
    assert said == f"{rec / TRACK}: does not say when its video begins; use --no-report"
    assert isinstance(done(rec, request(tmp_path / "out")), Done)


# What is damaged in it


def test_a_damaged_track_is_one_line(rec: Path, tmp_path: Path) -> None:
    (rec / TRACK).write_bytes((rec / TRACK).read_bytes()[:1000])
    assert failed(rec, request(tmp_path / "out", report=True)).startswith(f"{rec / TRACK}: is not a saved track")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["[rules]\nheld_s = 99\n", "not = [toml", "surprise = 1\n", "\x00", 'profile = ""'])
def test_a_damaged_config_is_one_line_and_the_other_sets_are_done(text: str, rec: Path, tmp_path: Path) -> None:
    later = Path(shutil.copytree(rec, set_path(rec, 2)))
    (rec / CONFIG).write_text(text)
    first, second = analyze_all(
        [str(rec), str(later)], request(tmp_path / "out"), model=None, workers=1, on_progress=lambda *_: None
    )
    assert isinstance(first, Failed)
    assert "\n" not in first.message
    assert isinstance(second, Done)


PROFILE = Profile(
    thoracic_deg=0.0,
    bend_deg=7.0,
    sigma_deg=1.0,
    chest_deg=4.0,
    neck_deg=0.0,
    side="left",
    yaw_deg=0.0,
    spine_sha256="",
    pose_model="full",
    date="2026-01-01T10:00:00",
    frames=60,
    seconds=3.0,
)


def test_the_profile_it_was_compared_with_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    write_recording(tmp_path / "rec", profile="me")
    assert "me" in failed(tmp_path / "rec", request(tmp_path / "out"))
    save_profile("me", PROFILE)
    document = json.loads(done(tmp_path / "rec", request(tmp_path / "out")).text)
    assert document["reference"]["source"] == "profile"
    save_profile("me", replace(PROFILE, spine_sha256="ab" * 32), replace=True)
    assert "\n" not in failed(tmp_path / "rec", request(tmp_path / "out"))


# Several sets


@pytest.fixture
def sets(rec: Path) -> list[Path]:
    folders = [set_path(rec, number) for number in (1, 2, 10)]
    for folder in folders[1:]:
        folder.mkdir()
        for name in (TRACK, CONFIG):
            shutil.copy(rec / name, folder / name)
    return folders


def test_a_folder_stands_for_all_its_sets(sets: list[Path], tmp_path: Path) -> None:
    clip = str(tmp_path / "clip.mp4")
    assert each_set([clip, str(sets[0]), str(sets[0] / TRACK)]) == [clip, *map(str, sets), str(sets[0] / TRACK)]
    assert each_set([str(sets[1])]) == [str(sets[1])]
    assert each_set([str(tmp_path), str(tmp_path / "nowhere")]) == [str(tmp_path), str(tmp_path / "nowhere")]


def test_all_sets_are_analysed_beside_the_recording_time_and_again(
    sets: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(sets[0])
    for _ in range(2):
        assert run(["analyze", str(sets[0]), "--no-report", "--save-track", "--quiet"]) == 0
        assert capsys.readouterr().err == ""
    results = ["rec_set_10_spineline", "rec_set_2_spineline", "rec_spineline"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rec", *results]
    assert tree(sets[0]) == before


def test_sets_of_two_recordings_do_not_meet(sets: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(sets[0], other)
    check_request(each_set([str(sets[0]), str(other)]), request(tmp_path / "out"))
    with pytest.raises(InputError, match="would both be written to"):
        check_request(each_set([str(sets[0]), str(sets[0])]), request(tmp_path / "out"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs rights that can be taken away")
def test_a_place_without_rights_is_one_line(rec: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "Permission denied" in failed(rec, request(None))
    finally:
        tmp_path.chmod(0o700)


# Kept


@pytest.mark.parametrize("fails", ["track", "notes"])
def test_a_set_that_cannot_be_kept_is_no_set(
    fails: str, rec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track, _ = load_track(rec / TRACK)

    def half_written(_: PoseTrack, file: IO[bytes]) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    if fails == "track":
        monkeypatch.setattr("spineline.app.records.save_track", half_written)
    else:
        (tmp_path / "new" / "notes.json").mkdir(parents=True)
    (tmp_path / "new").mkdir(exist_ok=True)
    with pytest.raises(InputError, match="cannot be written"):
        save(tmp_path / "new", track, pain=[{"time_s": 1.0, "level": 2}])
    assert recordings_in(tmp_path / "new") == []
    assert not list((tmp_path / "new").glob(".spineline*"))
