"""What the doctor says of this machine, and of others made up here."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from spineline.app import doctor
from spineline.app.cli import run
from spineline.app.doctor import Check, checks_table, checks_text, is_well, look
from spineline.errors import InputError, SpinelineError
from spineline.io.camera import CameraInfo


class Usage(NamedTuple):
    """As of `shutil.disk_usage`."""

    free: float


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a machine without models, cameras, sound and screen, whatever this one has; return its cache folder."""
    monkeypatch.setenv("SPINELINE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("spineline.io.camera.list_cameras", list)
    monkeypatch.setattr("spineline.io.sound.DevicePlayer", refusing(SpinelineError("no tones: none; plug one in")))
    monkeypatch.setattr("spineline.io.speech.Voice", refusing(SpinelineError("cues are not spoken: no engine")))
    monkeypatch.setattr("spineline.io.packages.download", refusing(AssertionError("the doctor fetches nothing")))
    return tmp_path


def refusing(error: Exception) -> Any:
    def refuse(*_: Any, **__: Any) -> Any:
        raise error

    return refuse


def found(name: str) -> list[Check]:
    return [check for check in look() if check.name == name]


def test_a_bare_machine(bare: Path) -> None:
    states = {check.name: check.state for check in look()}
    assert list(states) == [
        "versions",
        "pose model",
        "spine model",
        "speed",
        "video",
        "cameras",
        "sound",
        "screen",
        "disk",
    ]
    assert states["pose model"] == "wrong"
    assert {name for name, state in states.items() if state == "warning"} >= {"speed", "cameras", "sound", "screen"}
    assert {name for name, state in states.items() if state == "ok"} >= {"versions", "spine model", "video"}
    assert list(bare.iterdir()) == []


def test_whatever_is_not_well_can_be_mended(bare: Path) -> None:
    assert bare.is_dir()
    for check in look():
        assert check.found
        assert "\n" not in check.found + check.mend
        if check.state == "wrong":
            assert check.mend


@pytest.mark.parametrize(
    ("states", "well"),
    [(["ok", "ok"], True), (["ok", "warning"], True), (["warning", "wrong", "ok"], False), ([], True)],
)
def test_only_what_is_wrong_counts(states: list[Any], well: bool) -> None:
    checks = [Check("speed", state, "something") for state in states]
    assert is_well(checks) == well
    assert json.loads(checks_text(checks))["well"] == well
    assert checks_table(checks).row_count == len(states)


# Models and speed


def test_a_damaged_model_is_told(bare: Path) -> None:
    (bare / "models").mkdir()
    (bare / "models" / "full.task").write_bytes(b"half of it")
    (check,) = found("pose model")
    assert check == Check("pose model", "wrong", "full is damaged", "spineline models fetch full")


def test_a_whole_model_is_measured(bare: Path, pose_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "models").mkdir()
    shutil.copy(pose_model, bare / "models" / "full.task")
    rates_hz = iter([33.4, 4.0])
    monkeypatch.setattr("spineline.io.pose_speed.pose_rate_hz", lambda *_: next(rates_hz))
    checks = list(look())
    assert is_well(checks)
    assert Check("pose model", "ok", "full here and whole") in checks
    assert Check("speed", "ok", "33 pictures a second of 1280 x 720 with full") in checks
    (check,) = found("speed")
    assert (check.state, check.mend) == ("warning", "close other programs; use --model lite with live")


# Versions, codecs, and libraries that cannot be loaded


def test_a_missing_package_is_wrong_and_a_second_opencv_a_warning(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bare.is_dir()
    versions = {"mediapipe": "1.2.2", "opencv-contrib-python": "5", "numpy": "2", "scipy": "1", "sounddevice": "0.5"}

    def version(package: str) -> str:
        if package not in versions:
            raise importlib.metadata.PackageNotFoundError(package)
        return versions[package]

    monkeypatch.setattr(importlib.metadata, "version", version)
    (check,) = found("versions")
    assert (check.state, check.mend) == ("wrong", "install spineline anew")
    assert "missing: av" in check.found
    versions.update({"av": "18", "opencv-python": "4.9"})
    first, second = found("versions")
    assert (first.state, second.state) == ("ok", "warning")
    assert second.found == "opencv-python lies in the same folder as opencv-contrib-python"


def test_codecs_that_fail_are_wrong(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bare.is_dir()
    (check,) = found("video")
    assert check == Check("video", "ok", "H.264 is written and read")
    monkeypatch.setattr("spineline.io.encode.write_h264", refusing(InputError("no encoder; install the av wheel")))
    (check,) = found("video")
    assert check == Check("video", "wrong", "no encoder", "install the av wheel")


def test_a_library_that_cannot_be_loaded_is_wrong_and_the_rest_goes_on(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bare.is_dir()
    monkeypatch.setattr("spineline.io.camera.list_cameras", refusing(ImportError("libGL.so.1: cannot open")))
    (check,) = found("cameras")
    assert (check.state, check.found) == ("wrong", "libGL.so.1: cannot open")
    assert "libgl1" in check.mend
    assert found("disk")


# Cameras, sound, screen, disk


def test_cameras_are_listed_with_what_they_give(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bare.is_dir()
    cameras = [CameraInfo(0, "Webcam", (1280, 720), 29.97), CameraInfo(1, None, (640, 480)), CameraInfo(97, "Gone")]
    monkeypatch.setattr("spineline.io.camera.list_cameras", lambda: cameras)
    checks = found("cameras")
    assert [check.found for check in checks[:2]] == ["0 (Webcam): 1280 x 720, 30 pictures a second", "1: 640 x 480"]
    assert [check.state for check in checks] == ["ok", "ok", "warning"]
    assert checks[2].found.startswith("camera 97: ")


def test_sound_that_is_there(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bare.is_dir()
    monkeypatch.setattr("spineline.io.sound.DevicePlayer", lambda: type("Device", (), {"rate_hz": 48000.0}))
    monkeypatch.setattr("spineline.io.speech.Voice", lambda: type("Voice", (), {"name": "espeak-ng"}))
    assert [check.found for check in found("sound")] == ["tones at 48000 Hz", "words by espeak-ng"]


@pytest.mark.parametrize(("variable", "value"), [("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0")])
def test_a_screen_that_is_there(variable: str, value: str, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bare.is_dir()
    monkeypatch.setenv(variable, value)
    assert found("screen") == [Check("screen", "ok", f"{variable}={value}")]


@pytest.mark.parametrize(("free", "state"), [(5e9, "ok"), (5e8, "warning"), (1e6, "wrong")])
def test_room_on_the_disk(free: float, state: str, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bare.is_dir()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free))
    checks = found("disk")
    assert [check.state for check in checks] == [state, state]
    assert [check.mend for check in checks] == ["" if state == "ok" else "make room"] * 2


def test_a_folder_that_cannot_be_written_to(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    here, models = found("disk")
    assert here == Check(
        "disk", "warning", f"{Path.cwd()} cannot be written to", "change to another folder, or name one with -o"
    )
    assert models.found == f"{bare / 'models'} cannot be written to"
    assert "SPINELINE_CACHE_DIR" in models.mend


# The command


def test_the_command_tells_the_status(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bare.is_dir()
    assert run(["doctor"]) == 2
    shown = capsys.readouterr()
    assert shown.err == ""
    for check in doctor.look():
        assert f"{check.state} {check.name}" in " ".join(shown.out.split())


def test_the_program_as_it_is_called(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spineline", "doctor", "--json"],
        env={**os.environ, "SPINELINE_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "")
    document = json.loads(done.stdout)
    assert document["well"] is False
    assert {"name": "pose model", "state": "wrong", "found": "full is not here yet"}.items() <= document["checks"][
        1
    ].items()
    assert list(tmp_path.iterdir()) == []


def test_with_the_model_here_the_machine_is_well(pose_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pose_model.is_file()
    assert run(["doctor", "--json"]) == 0
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert "pictures a second of 1280 x 720 with full" in checks["speed"]["found"]
