"""Bad input: one line that says which file and what to do, the right status, and nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spineline.app.cli import run
from tests.app.make_inputs import CLIP, write_lift
from tests.contents import everything_in
from tests.io.make_video import cut_short, write_audio, write_video

TIMES_S = [number / 10 for number in range(8)]


def unfinished(folder: Path) -> Path:
    return cut_short(write_video(folder / "whole.mp4", TIMES_S), keep_share=0.6)


def damaged(folder: Path) -> Path:
    path = folder / "damaged.mp4"
    data = bytearray(write_video(folder / "whole.mp4", TIMES_S, mux_options={"movflags": "faststart"}).read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = b"\xff" * (len(data) - start)
    path.write_bytes(data)
    return path


def holding(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def a_folder(folder: Path) -> Path:
    (folder / "clips").mkdir()
    return folder / "clips"


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "nowhere.mp4", "no such file"),
    "in no folder": (lambda folder: folder / "no" / "folder.mp4", "no such file"),
    "empty": (holding("empty.mp4", b""), "is empty"),
    "text": (holding("text.mp4", b"not a video at all\n" * 50), "is a text file, expected a video"),
    "noise": (holding("noise.mp4", bytes(range(256)) * 40), "is not a video that can be read"),
    "picture": (holding("picture.mp4", b"\x89PNG\r\n\x1a\n" + bytes(100)), "is a picture, expected a video"),
    "sound": (lambda folder: write_audio(folder / "sound.m4a"), "expected a video"),
    "unfinished": (unfinished, "copy it again"),
    "damaged": (damaged, "not one frame of its H.264 video can be decoded"),
    "undecodable": (lambda folder: write_video(folder / "av1.mp4", TIMES_S, codec="libsvtav1", ticks_per_s=10), "AV1"),
    "a folder": (a_folder, "is a folder; name the files in it, such as"),
    "no track": (holding("track.npz", b"PK" + bytes(100)), "is not a saved track"),
    "no track at all": (lambda folder: folder / "nowhere.npz", "cannot be read (No such file or directory)"),
}


def told(capfd: pytest.CaptureFixture[str]) -> str:
    """Return the one line on stderr; nothing is on stdout."""
    shown = capfd.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("spineline: ")
    assert shown.err.count("\n") == 1, shown.err
    return shown.err.removeprefix("spineline: ").rstrip("\n")


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_input_is_one_line(
    kind: str, pose_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert pose_model.is_file()
    make, complaint = BAD[kind]
    path = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    capfd.readouterr()  # encoders talk
    assert run(["analyze", str(path), "-o", str(tmp_path / "out")]) == 2
    line = told(capfd)
    assert line.startswith(f"{path}: ")
    assert complaint in line
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs rights that can be taken away")
def test_rights_that_lack_are_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    track = write_lift(tmp_path / "squats.npz")
    track.chmod(0)
    assert run(["analyze", str(track)]) == 2
    assert told(capfd) == f"{track}: cannot be read (Permission denied)"
    track.chmod(0o600)
    (tmp_path / "out").mkdir(mode=0o500)
    assert run(["analyze", str(track), "-o", str(tmp_path / "out")]) == 2
    assert told(capfd).startswith(f"{tmp_path / 'out' / 'squats_spineline'}: cannot be written (Permission denied)")


def test_nobody_in_the_picture_is_a_result(pose_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert pose_model.is_file()
    path = write_video(tmp_path / "empty room.mp4", TIMES_S)
    assert run(["analyze", str(path)]) == 3
    shown = capfd.readouterr()
    assert shown.err == ""
    assert "no lift found" in " ".join(shown.out.split())
    assert "Growth" not in shown.out
    assert "No person was found in the picture." in shown.out
    assert (tmp_path / "empty room_spineline" / "report.html").is_file()


@pytest.mark.parametrize(
    "name", ["[bold]clip.npz", "Kniebeuge é 視.npz", "-o.npz", "new\nline.npz", "\x1b[31mred.npz", "a b.npz"]
)
def test_odd_names_are_just_names(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.name == "nt" and not name.isprintable():
        pytest.skip("no such names on Windows")
    monkeypatch.chdir(tmp_path)
    write_lift(tmp_path / name, reps=1)
    assert run(["analyze", "--no-report", "--", name]) == 0
    assert (tmp_path / f"{Path(name).stem}_spineline" / "analysis.json").is_file()
    shown = capfd.readouterr()
    assert shown.err == ""
    assert shown.out.startswith(f"{name if name.isprintable() else repr(name)}: squat, 1 rep")
    (tmp_path / name).write_bytes(b"spoilt")
    assert run(["analyze", "--no-report", "--", name]) == 2
    assert "is not a saved track" in told(capfd)


# Places that cannot be written to


def test_an_output_folder_that_is_a_file_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    track = write_lift(tmp_path / "squats.npz", reps=1)
    (tmp_path / "out").write_text("mine")
    assert run(["analyze", str(track), "-o", str(tmp_path / "out")]) == 2
    assert told(capfd) == f"{tmp_path / 'out'}: is a file, expected a folder; name another with -o DIR"
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit that Windows lacks")
@pytest.mark.parametrize("limit_bytes", [1000, 3000, 20_000])
def test_a_disk_that_fills_up_is_one_line_and_leaves_nothing(
    limit_bytes: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import resource

    track = write_lift(tmp_path / "squats.npz", reps=1)
    assert run(["analyze", str(track), "--quiet"]) == 0
    before = everything_in(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limits[1]))
    try:
        status = run(["analyze", str(track), "--save-track", "--load", "100"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert status == 2
    assert "cannot be written (File too large); make room" in told(capfd)
    assert everything_in(tmp_path) == before


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that Linux can make")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    write_lift(tmp_path / "squats.npz", reps=1)
    (tmp_path / "small").mkdir()
    # In a namespace of its own, where anybody may be root: a file system of 64 kB.
    script = 'mount -t tmpfs -o size=64k none small && "$0" -m spineline analyze squats.npz -o small; '
    script += 'status=$?; ls -A small; exit "$status"'
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", script, sys.executable]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip("this machine does not let its users make namespaces")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "cannot be written (No space left on device); make room" in done.stderr


# Mistakes that are seen before any work


def test_two_inputs_of_one_name_are_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    track = write_lift(tmp_path / "clip.npz", reps=1)
    assert run(["analyze", str(track), str(tmp_path / "clip.mov")]) == 2
    assert "clip.npz and " in told(capfd)
    assert not (tmp_path / "clip_spineline").exists()


def test_a_config_that_is_not_allowed_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my.toml").write_text("[rules]\nheld_s = 99\n")
    assert run(["analyze", str(CLIP), "--config", str(tmp_path / "my.toml")]) == 2
    assert told(capfd).startswith(f"{tmp_path / 'my.toml'}: rules.held_s: ")


def test_a_pose_model_that_is_none_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(CLIP), "--model", "giant", "-o", str(tmp_path / "out")]) == 2
    assert told(capfd).startswith("no pose model 'giant': expected one of lite, full, heavy or an existing .task file")
    (tmp_path / "bad.task").write_text("nothing")
    assert run(["analyze", str(CLIP), "--model", str(tmp_path / "bad.task"), "-o", str(tmp_path / "out")]) == 2
    assert "bad.task is not a pose bundle" in told(capfd)
    assert not (tmp_path / "out").exists()


def test_parquet_without_pyarrow_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert run(["analyze", str(CLIP), "--format", "parquet", "-o", str(tmp_path / "out")]) == 2
    assert "install spineline[parquet]" in told(capfd)
