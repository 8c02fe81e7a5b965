"""`spineline live` as a program: what ends it, and mistakes that are seen before anything is measured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from spineline.app.cli import run
from spineline.io import camera
from spineline.io.data_folder import DATA_VARIABLE
from spineline.io.history import open_history
from spineline.io.tracks import load_track
from tests.app.make_inputs import SAMPLES, write_lift
from tests.app.test_bad_input import told

CLIP = SAMPLES / "squat_rounded.mp4"
LONG_S = 120.0  # for what surely comes; never waited for


# Ended from outside


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_a_signal_ends_it_in_good_order_and_keeps_everything(
    number: signal.Signals, pose_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    arguments = ["live", "--source", str(CLIP), "--no-window", "--mute", "--model", str(pose_model), "--record", "rec"]
    with subprocess.Popen(
        [sys.executable, "-m", "spineline", *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where these tests run in the background, interrupts are ignored, which it must not inherit.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        start_new_session=True,
    ) as program:
        try:
            assert program.stdout is not None
            lines = []
            for line in program.stdout:
                lines.append(line)
                if "Rep 1" in line:
                    break
            os.killpg(program.pid, number)  # as a terminal does: all its processes
            rest, error = program.communicate(timeout=LONG_S)
        finally:
            program.kill()
    assert program.returncode == 0, error
    assert error == ""
    assert "the video is over" not in "".join(lines) + rest
    assert "Written to rec" in rest
    rec = tmp_path / "rec"
    assert {"video.mp4", "track.npz", "analysis.json", "config.toml", "report.html"} <= {p.name for p in rec.iterdir()}
    track, _ = load_track(rec / "track.npz")
    document = json.loads((rec / "analysis.json").read_text())
    assert len(document["reps"]) >= 1
    assert document["input"]["frames"] == len(track)
    assert track.time_s[-1] >= document["reps"][0]["end_s"]
    assert not [path for path in rec.rglob("*") if path.name.startswith(".")]
    with open_history() as history:
        ((_, record),) = history.sets()
    assert (record.folder, len(record.reps)) == (str(rec), len(document["reps"]))


# Mistakes


def test_a_source_that_is_not_there_is_one_line(
    pose_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "nowhere.mp4"
    rec = tmp_path / "rec"
    arguments = ["--source", str(missing), "--model", str(pose_model), "--no-window", "--record", str(rec)]
    assert run(["live", *arguments]) == 2
    assert told(capfd) == f"{missing}: no such file; check the path"
    assert not rec.exists()


def test_a_source_that_is_no_video_is_one_line(
    pose_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    track = write_lift(tmp_path / "squats.npz", reps=1)
    assert run(["live", "--source", str(track), "--model", str(pose_model), "--no-window"]) == 2
    assert told(capfd).startswith(f"{track}: is not a video")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not say which cameras there are")
def test_a_camera_that_is_not_there_is_one_line_that_names_those_that_are(
    pose_model: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "system_cameras", lambda *_: ("0 (Face)", "2 (Gym)"))
    assert run(["live", "--source", "7", "--model", str(pose_model), "--no-window"]) == 2
    assert told(capfd) == "camera 7: there is none such; cameras here: 0 (Face), 2 (Gym)"


def test_a_folder_that_holds_a_recording_is_one_line_before_anything_is_opened(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_lift(tmp_path / "track.npz", reps=1)
    assert run(["live", "--source", str(CLIP), "--no-window", "--record", str(tmp_path)]) == 2
    assert told(capfd) == f"{tmp_path}: holds a recorded set already; name another folder with --record"


def test_a_profile_that_nobody_knows_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    rec = tmp_path / "rec"
    assert run(["live", "--source", str(CLIP), "--no-window", "--profile", "nobody", "--record", str(rec)]) == 2
    assert "nobody" in told(capfd)
    assert not rec.exists()


def test_a_config_that_is_not_allowed_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my.toml").write_text("[live]\nsettle_s = 99\n")
    assert run(["live", "--source", str(CLIP), "--no-window", "--config", str(tmp_path / "my.toml")]) == 2
    assert told(capfd).startswith(f"{tmp_path / 'my.toml'}: live.settle_s: ")


@pytest.mark.skipif(sys.platform != "linux", reason="only there can a machine be without a screen")
def test_without_a_screen_it_says_how_to_do_without(
    pose_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    rec = tmp_path / "rec"
    assert run(["live", "--source", str(CLIP), "--model", str(pose_model), "--record", str(rec)]) == 2
    assert told(capfd).endswith("show words in the terminal instead: --no-window")
    assert not rec.exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--source"], "--source"),
        (["--exercise", "bench"], 'Choose from: "auto", "deadlift", "squat"'),
        (["--load", "-5"], "Must be above 0 and below 1000 kg"),
        (["extra"], "extra"),
        (["--bogus"], "Unknown option: --bogus"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], complaint: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["live", *arguments]) == 2
    assert complaint in told(capfd)


@pytest.mark.parametrize("command", ["live", "calibrate"])
def test_a_missing_file_is_refused_before_a_model_is_fetched(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPINELINE_CACHE_DIR", str(tmp_path / "cache"))
    assert run([command, "--source", "nowhere.mp4", "--no-window"]) == 2
    assert told(capfd) == "nowhere.mp4: no such file; check the path"
    assert not (tmp_path / "cache").exists()
