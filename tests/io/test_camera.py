"""Cameras: how they are opened and asked, which there are, and what is said where there is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from spineline.core.settings import CameraSettings
from spineline.errors import CameraError
from spineline.io import camera
from spineline.io.camera import (
    CameraInfo,
    camera_error,
    is_camera,
    is_stream,
    list_cameras,
    open_camera,
    shown_source,
    system_cameras,
)
from tests.io.fake_camera import Bench, Closed, FakeCapture, FakeClock, scene

SETTINGS = CameraSettings()
PICTURES = [scene(number) for number in range(3)]


def opened(source: str, *captures: FakeCapture, clock: FakeClock) -> tuple[camera.Camera | None, Bench]:
    bench = Bench(captures)
    found = open_camera(source, settings=SETTINGS, clock=clock, pause=clock.pause, opener=bench)
    return found, bench


def knowing(folder: Path, **names: str) -> Path:
    """Make a folder such as that in which Linux lists its cameras; an index is written behind the name."""
    for node, text in names.items():
        name, _, index = text.partition(":")
        (folder / node).mkdir()
        (folder / node / "name").write_text(f"{name}\n")
        if index:
            (folder / node / "index").write_text(f"{index}\n")
    return folder


# What a source is


@pytest.mark.parametrize(
    ("source", "stream", "device"),
    [
        ("0", False, True),
        ("12", False, True),
        ("/dev/video2", False, True),
        ("rtsp://10.0.0.5/live", True, False),
        ("HTTP://10.0.0.5:8080/video", True, False),
        ("udp://@:1234", True, False),
        ("clip.mp4", False, False),
        ("http.mp4", False, False),
        ("-1", False, False),
        ("\N{SUPERSCRIPT TWO}", False, False),
        ("bad\0name", False, False),
        ("", False, False),
    ],
)
def test_sources_are_told_apart(source: str, stream: bool, device: bool) -> None:
    assert (is_stream(source), is_camera(source)) == (stream, device)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("0", "camera 0"),
        ("rtsp://me:secret@10.0.0.5:554/live?key=secret", "rtsp://10.0.0.5:554"),
        ("http://10.0.0.5?token=secret@x", "http://x"),
        ("rtsp://10.0.0.5/secret", "rtsp://10.0.0.5"),
        ("clip.mp4", "clip.mp4"),
    ],
)
def test_no_password_is_shown(source: str, shown: str) -> None:
    assert shown_source(source) == shown


# Opening


def test_a_camera_is_asked_for_what_the_measurement_needs() -> None:
    clock = FakeClock()
    found, bench = opened("0", FakeCapture(PICTURES, clock, size_px=(640, 480), rate_hz=15.0), clock=clock)
    assert found is not None
    assert (found.size_px, found.rate_hz) == ((640, 480), 15.0)
    assert bench.calls[0][0] == 0
    asked = dict(bench.opened[0].asked)
    assert asked[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
    assert (asked[cv2.CAP_PROP_FRAME_WIDTH], asked[cv2.CAP_PROP_FRAME_HEIGHT]) == (1280, 720)
    assert asked[cv2.CAP_PROP_BUFFERSIZE] == 1
    # The coding first: it decides which sizes and rates there are.
    assert bench.opened[0].asked[0][0] == cv2.CAP_PROP_FOURCC


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, 1e7, float("nan")])
def test_an_absurd_rate_is_none(rate_hz: float) -> None:
    clock = FakeClock()
    found, _ = opened("0", FakeCapture(PICTURES, clock, rate_hz=rate_hz), clock=clock)
    assert found is not None
    assert found.rate_hz is None


def test_the_first_picture_may_take_a_while() -> None:
    clock = FakeClock()
    found, _ = opened("0", FakeCapture([*[False, None] * 20, *PICTURES], clock), clock=clock)
    assert found is not None


def test_a_camera_without_a_picture_is_let_go() -> None:
    clock = FakeClock()
    found, bench = opened("0", FakeCapture([False] * 1000, clock), clock=clock)
    assert found is None
    assert bench.opened[0].released
    assert clock() - 1000.0 == pytest.approx(SETTINGS.opening_s, abs=0.1)


def test_waiting_for_a_picture_ends_when_all_is_to_end() -> None:
    clock = FakeClock()
    bench = Bench([FakeCapture([False] * 1000, clock)])
    assert open_camera("0", settings=SETTINGS, clock=clock, pause=lambda _: True, opener=bench) is None
    assert clock() - 1000.0 < 0.1
    assert bench.opened[0].released


@pytest.mark.parametrize(
    ("system", "backends"),
    [
        ("linux", [cv2.CAP_V4L2]),
        ("darwin", [cv2.CAP_AVFOUNDATION]),
        ("win32", [cv2.CAP_DSHOW, cv2.CAP_MSMF]),
        ("freebsd13", [cv2.CAP_ANY]),
    ],
)
def test_each_system_has_its_back_ends(system: str, backends: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    clock = FakeClock()
    refusing = [Closed([], clock) for _ in backends[:-1]]
    found, bench = opened("1", *refusing, FakeCapture(PICTURES, clock), clock=clock)
    assert found is not None
    assert [backend for _, backend, _ in bench.calls] == backends
    assert all(capture.released for capture in refusing)


def test_a_stream_is_opened_with_time_limits_and_not_asked() -> None:
    clock = FakeClock()
    found, bench = opened("rtsp://10.0.0.5/live", FakeCapture(PICTURES, clock), clock=clock)
    assert found is not None
    target, backend, parameters = bench.calls[0]
    assert (target, backend) == ("rtsp://10.0.0.5/live", cv2.CAP_FFMPEG)
    limits = dict(zip(parameters[::2], parameters[1::2], strict=True))
    assert limits == {cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: 5000, cv2.CAP_PROP_READ_TIMEOUT_MSEC: 2000}
    assert bench.opened[0].asked == []


def test_a_recording_behind_an_address_is_refused() -> None:
    clock = FakeClock()
    capture = FakeCapture(PICTURES, clock)
    capture.known[cv2.CAP_PROP_FRAME_COUNT] = 250.0
    with pytest.raises(CameraError, match=r"https://x: is a recording, expected a live stream; download it"):
        opened("https://x/clip.mp4", capture, clock=clock)
    assert capture.released


# Which there are


def test_linux_lists_its_cameras_without_opening_one(tmp_path: Path) -> None:
    folder = knowing(tmp_path, video10="Capture Card:0", video0="Webcam:0", video1="Webcam:1", video2="Old", other="x")
    assert system_cameras(folder) == [
        CameraInfo(0, "Webcam"), CameraInfo(2, "Old"), CameraInfo(10, "Capture Card")
    ]  # fmt: skip
    assert system_cameras(tmp_path / "nowhere") == []
    assert [str(info) for info in (CameraInfo(0, "Webcam"), CameraInfo(1, None))] == ["0 (Webcam)", "1"]


def test_what_they_give_is_found_by_opening_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = system_cameras(knowing(tmp_path, video0="Webcam", video3="In use"))
    monkeypatch.setattr(camera, "system_cameras", lambda: known)
    monkeypatch.setattr(sys, "platform", "linux")
    clock = FakeClock()
    bench = Bench([FakeCapture([], clock, size_px=(1280, 720)), Closed([], clock)])
    found = list_cameras(opener=bench, system="linux")
    assert found == [CameraInfo(0, "Webcam", (1280, 720), 30.0), CameraInfo(3, "In use")]
    assert all(capture.released for capture in bench.opened)


def test_elsewhere_numbers_are_tried_until_two_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    clock = FakeClock()
    kinds: list[Any] = [FakeCapture, Closed, FakeCapture, Closed, Closed]
    bench = Bench([kind([], clock) for kind in kinds])
    assert [info.index for info in list_cameras(opener=bench, system="darwin")] == [0, 2]
    assert len(bench.calls) == len(kinds)


def test_looking_for_cameras_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    list_cameras(system="darwin")  # really tries the numbers of this machine
    list_cameras()
    assert capfd.readouterr() == ("", "")


# What is said where there is none


def test_no_camera_at_all(tmp_path: Path) -> None:
    message = str(camera_error("97", system="linux", folder=tmp_path))
    assert message.startswith("camera 97: no camera found; plug one in, or give --source a video file")


def test_a_number_that_is_none_of_those_here(tmp_path: Path) -> None:
    folder = knowing(tmp_path, video0="Webcam", video2="Capture Card")
    message = str(camera_error("97", system="linux", folder=folder))
    assert message == "camera 97: there is none such; cameras here: 0 (Webcam), 2 (Capture Card)"


def test_a_device_that_one_may_not_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path / "video0"
    device.touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "sudo usermod -aG video $USER" in str(camera_error(str(device), system="linux"))


def test_a_camera_in_use(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.touch()
    message = str(camera_error(str(device), system="linux"))
    assert "opens, but gives no picture; close other programs that use it" in message


@pytest.mark.parametrize(
    ("source", "system", "hint"),
    [
        ("0", "darwin", "Privacy & Security > Camera allow this terminal"),
        ("0", "win32", "Settings > Privacy > Camera let desktop apps"),
        ("0", "freebsd13", "see that it is plugged in"),
        ("rtsp://me:secret@10.0.0.5/live", "linux", "rtsp://10.0.0.5: gives no picture; see that the camera is on"),
    ],
)
def test_each_system_has_its_hint(source: str, system: str, hint: str) -> None:
    message = str(camera_error(source, system=system))
    assert hint in message
    assert "\n" not in message
    assert "secret" not in message
