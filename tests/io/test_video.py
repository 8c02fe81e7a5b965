"""Videos in: times, order, orientation and refusals, on files written for the purpose."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import PictureType

from spineline.errors import InputError, SettingsError
from spineline.io.decoder import Frame, ReadStats
from spineline.io.video import probe, read_frames, read_moments
from tests.io.make_video import cut_short, numbered_image, read_corners, read_number, write_video

UPRIGHT = ("red", "green", "blue", "yellow")
STEADY_S = [number / 25 for number in range(40)]
B_FRAMES = {"x264-params": "bframes=3:b-adapt=0"}
QUIET_X265 = {"x265-params": "log-level=none"}

Options = dict[str, Any]


def irregular_times_s(*, ticks_per_s: int, start_s: float = 0.0, count: int = 40) -> list[float]:
    """Return times 7 to 100 ms apart that fall on whole ticks."""
    # Players, and so the decoder, take less than 2 ticks in a GIF for a mistake.
    shortest_s = max(0.007, 2.5 / ticks_per_s)
    steps = np.random.default_rng(7).uniform(shortest_s, 0.1, count)
    return (np.round((start_s + np.cumsum(steps)) * ticks_per_s) / ticks_per_s).tolist()  # type: ignore[no-any-return]


def read_all(path: Path, **options: Any) -> list[Frame]:
    with read_frames(path, **options) as frames:
        return list(frames)


def decode_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "spineline-decode"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def steady(folder: Path) -> Path:
    return write_video(folder / "steady.mp4", STEADY_S)


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    yield
    assert decode_threads() == []


# Times, order and completeness


@pytest.mark.parametrize(
    ("name", "ticks_per_s", "options"),
    [
        ("h264.mp4", 90_000, {"options": {"bf": "0"}}),
        ("h264_b_frames.mp4", 90_000, {"options": B_FRAMES}),
        ("h264_10_bit.mp4", 90_000, {"pixel_format": "yuv420p10le"}),
        ("h264_fragments.mp4", 90_000, {"mux_options": {"movflags": "frag_keyframe+empty_moov"}}),
        ("h264_with_sound.mp4", 90_000, {"with_audio": True}),
        ("hevc.mp4", 90_000, {"codec": "libx265", "options": QUIET_X265}),
        (
            "hevc_10_bit.mp4",
            90_000,
            {"codec": "libx265", "options": QUIET_X265, "pixel_format": "yuv420p10le"},
        ),
        ("vp9.webm", 1000, {"codec": "libvpx-vp9"}),
        ("h264.mkv", 1000, {}),
        ("stream.ts", 90_000, {}),
        ("prores.mov", 90_000, {"codec": "prores_ks", "pixel_format": "yuv422p10le"}),
        ("animated.gif", 100, {"codec": "gif", "pixel_format": "rgb8"}),
    ],
)
@pytest.mark.parametrize("start_s", [0.0, 1.07])
def test_irregular_times_come_back_exactly(
    folder: Path, name: str, ticks_per_s: int, options: Options, start_s: float
) -> None:
    times_s = irregular_times_s(ticks_per_s=ticks_per_s, start_s=start_s)
    path = write_video(folder / f"{start_s}_{name}", times_s, ticks_per_s=ticks_per_s, **options)

    frames = read_all(path)

    assert [read_number(frame.image) for frame in frames] == list(range(40))
    assert [frame.index for frame in frames] == list(range(40))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.subtract(times_s, times_s[0]), atol=1e-9)
    assert {read_corners(frame.image) for frame in frames} == {UPRIGHT}


@pytest.mark.parametrize(
    ("name", "rate_hz", "options"),
    [
        ("mjpeg.avi", 25, {"codec": "mjpeg", "pixel_format": "yuvj420p"}),
        ("mpeg4.avi", 30, {"codec": "mpeg4"}),
        ("mjpeg.mov", 25, {"codec": "mjpeg", "pixel_format": "yuvj420p"}),
        ("h264_without_b_frames.avi", 25, {"options": {"bf": "0"}}),
        ("slow_motion.mp4", 120, {}),
    ],
)
def test_steady_times_come_back_exactly(folder: Path, name: str, rate_hz: int, options: Options) -> None:
    times_s = [number / rate_hz for number in range(60)]
    frames = read_all(write_video(folder / name, times_s, ticks_per_s=rate_hz, **options))
    assert [read_number(frame.image) for frame in frames] == list(range(60))
    np.testing.assert_allclose([frame.time_s for frame in frames], times_s, atol=1e-9)


def test_b_frames_are_really_there(folder: Path) -> None:
    path = write_video(folder / "b.mp4", STEADY_S, options=B_FRAMES)
    with av.open(str(path)) as source:
        kinds = {frame.pict_type for frame in source.decode(video=0)}
    assert PictureType.B in kinds


def test_frames_without_stamps_at_the_end_are_dropped_and_counted(folder: Path) -> None:
    # AVI keeps no presentation times: with B frames the last ones leave the decoder without a stamp.
    path = write_video(folder / "b_frames.avi", STEADY_S, ticks_per_s=25, options=B_FRAMES)
    with read_frames(path) as stream:
        frames = list(stream)
    assert stream.stats.dropped == 40 - len(frames) <= 3
    assert [read_number(frame.image) for frame in frames] == list(range(len(frames)))
    np.testing.assert_allclose([frame.time_s for frame in frames], STEADY_S[: len(frames)], atol=1e-9)


def test_frames_whose_times_go_back_are_dropped_and_counted(folder: Path) -> None:
    part = write_video(folder / "part.ts", STEADY_S[:20])
    twice = folder / "twice.ts"
    twice.write_bytes(part.read_bytes() * 2)
    with read_frames(twice) as stream:
        frames = list(stream)
    assert [read_number(frame.image) for frame in frames] == list(range(20))
    assert (stream.stats.decoded, stream.stats.dropped) == (40, 20)


def test_a_file_without_times_is_refused(folder: Path) -> None:
    path = write_video(folder / "bare.h264", STEADY_S, ticks_per_s=25, container="h264")
    with pytest.raises(InputError, match=r"holds no frame times.*ffmpeg -r RATE"):
        probe(path)
    with pytest.raises(InputError, match="holds no frame times"):
        read_all(path)


def test_time_range_is_half_open_and_keeps_the_times_of_the_file(steady: Path) -> None:
    frames = read_all(steady, start_s=0.4, end_s=0.8)
    assert [read_number(frame.image) for frame in frames] == list(range(10, 20))
    assert [frame.index for frame in frames] == list(range(10, 20))
    np.testing.assert_allclose([frame.time_s for frame in frames], STEADY_S[10:20], atol=1e-9)


def test_a_range_past_the_end_holds_no_frames(steady: Path) -> None:
    assert read_all(steady, start_s=100.0) == []


LONG: dict[str, Options] = {
    "rare.mp4": {"options": {"g": "1000"}},
    "b_frames.mp4": {"options": {"g": "30", "bf": "3"}},
    "open.mp4": {"options": {"g": "24", "bf": "3", "x264-params": "open-gop=1"}},
    "hevc.mov": {"codec": "libx265", "options": {"x265-params": "keyint=40:log-level=none"}},
    "vp9.webm": {"codec": "libvpx-vp9", "ticks_per_s": 1000},
    "vp8.mkv": {"codec": "libvpx", "ticks_per_s": 1000},
    "a.avi": {"codec": "mpeg4", "ticks_per_s": 30, "steady": True},
    "a.ts": {"options": {"g": "30"}},
    "frag.mp4": {"mux_options": {"movflags": "frag_keyframe+empty_moov"}},
    "late.mp4": {},
}


def long_clip(folder: Path, name: str) -> Path:
    """Write a clip of 12 s and more, of one of the kinds in `LONG`; a file is written once."""
    path = folder / f"long_{name}"
    if not path.exists():
        settings = dict(LONG[name])
        start_s = 1.07 if name == "late.mp4" else 0.0
        steady = settings.pop("steady", False)
        times_s = np.arange(360) / 30 if steady else irregular_times_s(ticks_per_s=1000, count=360)
        write_video(path, (start_s + np.asarray(times_s)).tolist(), **settings)
    return path


@pytest.mark.parametrize("name", LONG)
def test_ranges_that_adjoin_hold_every_frame_once_and_the_same(folder: Path, name: str) -> None:
    path = long_clip(folder, name)
    whole = read_all(path)
    cuts_s = [0.0, 2.1, 5.0, whole[200].time_s, 11.3, None]
    parts, stats = [], ReadStats()
    for first_s, last_s in pairwise(cuts_s):
        with read_frames(path, start_s=first_s, end_s=last_s, lead_s=1.0 if first_s else 0.0) as stream:
            frames = list(stream)
        own = [frame for frame in frames if frame.time_s >= (first_s or 0.0)]
        led = [frame.time_s for frame in frames if frame.time_s < (first_s or 0.0)]
        assert led == [frame.time_s for frame in whole if (first_s or 0.0) - 1.0 <= frame.time_s < (first_s or 0.0)]
        parts += own
        stats = stats.followed_by(stream.stats)
    assert [frame.time_s for frame in parts] == [frame.time_s for frame in whole]
    assert all((one.image == other.image).all() for one, other in zip(parts, whole, strict=True))
    assert (stats.decoded, stats.dropped, stats.undecodable, stats.missing) == (len(whole), 0, 0, 0)


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("wanted", [[0, 1, 100, 200, 201, 359], [150], [300, 340], range(360), []])
def test_moments_are_the_frames_that_are_there_at_that_time(folder: Path, name: str, wanted: Sequence[int]) -> None:
    path = long_clip(folder, name)
    whole = read_all(path)
    with read_moments(path, [whole[index].time_s for index in wanted]) as stream:
        found = list(stream)
    assert [frame.time_s for frame in found] == [whole[index].time_s for index in wanted]
    assert all((frame.image == whole[index].image).all() for frame, index in zip(found, wanted, strict=True))


def test_a_moment_that_is_not_there_is_left_out(steady: Path) -> None:
    whole = read_all(steady)
    between_s = (whole[3].time_s + whole[4].time_s) / 2
    with read_moments(steady, [between_s, whole[5].time_s, whole[-1].time_s + 1.0]) as stream:
        assert [frame.time_s for frame in stream] == [whole[5].time_s]


# Pictures


@pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("name", ["phone.mp4", "phone.mov"])
def test_frames_are_upright(tmp_path: Path, name: str, turn_deg: int, mirror: bool) -> None:
    path = write_video(tmp_path / name, STEADY_S[:6], width_px=120, height_px=200, turn_deg=turn_deg, mirror=mirror)

    info, frames = probe(path), read_all(path)

    assert (info.width_px, info.height_px) == (120, 200)
    assert info.mirrored == mirror
    # The file asks for a counter-clockwise turn, OpenCV names the clockwise one; mirroring may add half one.
    assert (info.rotation_deg + turn_deg) % (180 if mirror else 360) == 0
    assert {frame.image.shape for frame in frames} == {(200, 120, 3)}
    assert {read_corners(frame.image) for frame in frames} == {UPRIGHT}
    assert [read_number(frame.image) for frame in frames] == list(range(6))


@pytest.mark.parametrize(("turn_deg", "size_px"), [(0, (160, 90)), (90, (120, 120))])
def test_pixels_are_made_square(tmp_path: Path, turn_deg: int, size_px: tuple[int, int]) -> None:
    path = write_video(tmp_path / "wide.mp4", STEADY_S[:3], turn_deg=turn_deg, pixel_aspect=Fraction(4, 3))
    info, frames = probe(path), read_all(path, max_side_px=None)
    assert (info.width_px, info.height_px) == size_px
    assert {frame.image.shape for frame in frames} == {(size_px[1], size_px[0], 3)}
    assert {read_corners(frame.image) for frame in frames} == {UPRIGHT}


def test_odd_sizes_keep_every_pixel(tmp_path: Path) -> None:
    path = write_video(tmp_path / "odd.mp4", STEADY_S[:3], width_px=321, height_px=241, pixel_format="yuv444p")
    (frame, *_) = read_all(path, max_side_px=None)
    assert frame.image.shape == (241, 321, 3)
    assert frame.scale == 1
    difference = np.abs(frame.image.astype(int) - numbered_image(0, width_px=321, height_px=241))
    assert np.median(difference) < 6  # lossy, but the same picture pixel for pixel, red and blue in place


@pytest.mark.parametrize(
    ("max_side_px", "shape", "scale"),
    [
        (None, (240, 320, 3), 1),
        (1000, (240, 320, 3), 1),
        (320, (240, 320, 3), 1),
        (100, (75, 100, 3), 100 / 320),
    ],
)
def test_frames_are_shrunk_and_never_enlarged(
    folder: Path, max_side_px: int | None, shape: tuple[int, int, int], scale: float
) -> None:
    path = write_video(folder / f"{max_side_px}.mp4", STEADY_S[:5], width_px=320, height_px=240)
    frames = read_all(path, max_side_px=max_side_px)
    assert [frame.image.shape for frame in frames] == [shape] * 5
    assert [frame.scale for frame in frames] == [scale] * 5
    assert [read_number(frame.image) for frame in frames] == list(range(5))
    assert all(frame.image.dtype == np.uint8 and frame.image.flags.c_contiguous for frame in frames)


def test_pictures_belong_to_the_caller(steady: Path) -> None:
    frames = read_all(steady, max_side_px=None)
    frames[0].image[:] = 0
    assert [read_number(frame.image) for frame in frames[1:]] == list(range(1, 40))


# What a file is


def test_probe_tells_what_is_there(steady: Path) -> None:
    info = probe(str(steady))
    assert info.path == steady
    assert info.sha256 == hashlib.sha256(steady.read_bytes()).hexdigest()
    assert (info.width_px, info.height_px, info.rotation_deg, info.mirrored) == (160, 120, 0, False)
    assert (info.codec, info.frames_hint, info.cut_short) == ("H.264", 40, False)
    assert info.duration_s_hint == pytest.approx(1.6)


@pytest.mark.parametrize(
    ("name", "options", "codec"),
    [
        ("c.webm", {"codec": "libvpx-vp9", "ticks_per_s": 1000}, "VP9"),
        ("c.mov", {"codec": "libx265", "options": QUIET_X265}, "HEVC"),
        ("c.avi", {"codec": "mjpeg", "pixel_format": "yuvj420p", "ticks_per_s": 25}, "Motion JPEG"),
        ("c.gif", {"codec": "gif", "pixel_format": "rgb8", "ticks_per_s": 100}, "GIF"),
        ("c.ts", {}, "H.264"),
        ("c.mkv", {"codec": "ffv1"}, "V_FFV1"),
    ],
)
def test_probe_names_the_codec(folder: Path, name: str, options: Options, codec: str) -> None:
    assert probe(write_video(folder / name, STEADY_S[:5], **options)).codec == codec


@pytest.mark.parametrize(
    "name",
    ["with space.mp4", "Kniebeuge é 視.mp4", "-o.mp4", "img_%03d.mp4", "http:host.mp4", "a|b,c=d#e?.mp4"],
)
def test_a_path_is_a_plain_file(steady: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    if os.name == "nt" and set(name) & set(":|?"):
        pytest.skip("no such names on Windows")
    (tmp_path / name).write_bytes(steady.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert probe(name).frames_hint == 40
    assert len(read_all(Path(name))) == 40


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are not Unicode")
def test_a_name_that_is_not_unicode(steady: Path, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff\xfe.mp4")
    path.write_bytes(steady.read_bytes())
    assert len(read_all(path)) == 40


# Broken files


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("short.mp4", {"mux_options": {"movflags": "faststart"}}),
        ("short.mkv", {}),
        ("short.webm", {"codec": "libvpx-vp9", "ticks_per_s": 1000}),
        ("short.avi", {"codec": "mjpeg", "pixel_format": "yuvj420p", "ticks_per_s": 25}),
    ],
)
def test_a_broken_off_file_gives_what_is_there(folder: Path, name: str, options: Options) -> None:
    path = cut_short(write_video(folder / name, STEADY_S, **options), keep_share=0.7)
    with read_frames(path) as stream:
        frames = list(stream)
    assert probe(path).cut_short
    assert 10 < len(frames) < 40
    # The last picture may be half there.
    assert [read_number(frame.image) for frame in frames[:-1]] == list(range(len(frames) - 1))
    np.testing.assert_allclose([frame.time_s for frame in frames], STEADY_S[: len(frames)], atol=1e-3)
    assert stream.stats.missing == 40 - len(frames)


def test_a_broken_off_gif_is_noticed(folder: Path) -> None:
    whole = write_video(folder / "short.gif", STEADY_S, codec="gif", pixel_format="rgb8", ticks_per_s=100)
    assert not probe(whole).cut_short
    assert probe(cut_short(whole, keep_share=0.7)).cut_short


def test_reading_goes_on_after_damage(folder: Path) -> None:
    # Every picture is a key frame here, so that damage to one leaves the others whole.
    path = write_video(folder / "whole.mp4", STEADY_S, options={"g": "1"})
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as source:
        packets = [(packet.pos, packet.size) for packet in source.demux(video=0) if packet.size]
    for position, size in packets[15:18]:
        assert position is not None
        data[position : position + size] = b"\xff" * size
    damaged = folder / "damaged.mp4"
    damaged.write_bytes(data)

    with read_frames(damaged) as stream:
        frames = list(stream)

    assert [read_number(frame.image) for frame in frames] == [*range(15), *range(18, 40)]
    np.testing.assert_allclose([frame.time_s for frame in frames], np.delete(STEADY_S, [15, 16, 17]), atol=1e-9)
    assert stream.stats.undecodable >= 1
    assert stream.stats.missing == 3
    assert probe(damaged).sha256 == hashlib.sha256(data).hexdigest()


def test_frames_hidden_by_an_edit_list_are_not_missing(folder: Path) -> None:
    path = write_video(folder / "untrimmed.mp4", STEADY_S, ticks_per_s=12_800, options={"g": "1", "bf": "0"})
    data = bytearray(path.read_bytes())
    at = data.index(b"elst")
    # One entry: the media time at which the player shall begin, ten frames in.
    assert struct.unpack_from(">I", data, at + 8) == (1,)
    struct.pack_into(">i", data, at + 16, 10 * 512)
    trimmed = folder / "trimmed.mp4"
    trimmed.write_bytes(data)

    with read_frames(trimmed) as stream:
        frames = list(stream)

    assert [read_number(frame.image) for frame in frames] == list(range(10, 40))
    np.testing.assert_allclose([frame.time_s for frame in frames], STEADY_S[:30], atol=1e-9)
    assert stream.stats.missing == 0


def test_missing_is_unknown_when_reading_stopped_early(steady: Path) -> None:
    with read_frames(steady, end_s=0.5) as stream:
        assert len(list(stream)) == 13
    assert stream.stats.missing is None


@pytest.mark.parametrize(
    "options",
    [
        {"max_side_px": 0},
        {"read_ahead": 0},
        {"start_s": -1.0},
        {"start_s": 2.0, "end_s": 2.0},
        {"end_s": np.nan},
    ],
)
def test_senseless_parameters_are_refused(steady: Path, options: Options) -> None:
    with pytest.raises(SettingsError):
        read_frames(steady, **options)


# The thread


def test_leaving_early_ends_the_thread(steady: Path) -> None:
    with read_frames(steady, read_ahead=2) as stream:
        assert next(stream).index == 0
        assert len(decode_threads()) == 1
    assert decode_threads() == []
    assert list(stream) == []


def test_an_error_of_the_consumer_ends_the_thread(steady: Path) -> None:
    def consume() -> None:
        for _ in read_frames(steady, read_ahead=2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consume()
    assert decode_threads() == []


def test_a_stream_still_open_at_exit_does_not_hang(steady: Path) -> None:
    script = (
        "import sys\n"
        "from spineline.io.video import read_frames\n"
        "stream = read_frames(sys.argv[1], read_ahead=1)\n"
        "print(next(stream).index)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(steady)], capture_output=True, text=True, check=True, timeout=30
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")


def test_only_so_many_frames_are_read_ahead(steady: Path) -> None:
    with read_frames(steady, read_ahead=3) as stream:
        taken = [next(stream) for _ in range(5)]
        deadline = time.monotonic() + 5
        while stream.stats.decoded < 8 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.1)
        # Five taken, three ready; the thread waits, so that memory does not grow with the video.
        assert stream.stats.decoded == len(taken) + 3
        assert len(list(stream)) == 35


def test_reading_twice_gives_the_same(steady: Path) -> None:
    for one, other in zip(read_all(steady), read_all(steady), strict=True):
        assert one.time_s == other.time_s
        np.testing.assert_array_equal(one.image, other.image)
