"""What is no usable video is refused in one line that names the file and says what it is."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.errors import CodecError, InputError
from spineline.io.container import inspect_file
from spineline.io.video import probe, read_frames
from tests.io.make_video import cut_short, numbered_image, swap_bytes, write_audio, write_video

STEADY_S = [number / 25 for number in range(40)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def steady(folder: Path) -> Path:
    return write_video(folder / "steady.mp4", STEADY_S)


def make_bad_input(kind: str, folder: Path, steady: Path) -> Path:  # noqa: C901
    path = folder / f"{kind}.mp4"
    match kind:
        case "absent":
            pass
        case "folder":
            path.mkdir(exist_ok=True)
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n")
        case "concat script":
            path.write_text(f"ffconcat version 1.0\nfile '{steady.name}'\n")
        case "noise":
            path.write_bytes(np.random.default_rng(0).bytes(50_000))
        case "no index":
            path = cut_short(steady, keep_share=0.6)
        case "only index":
            whole = write_video(folder / "begin.mp4", STEADY_S, mux_options={"movflags": "faststart"})
            data = whole.read_bytes()
            path.write_bytes(data[: data.index(b"mdat") + 4])
        case "sound":
            write_audio(path)
        case "sound with cover":
            path = _sound_with_cover(folder)
        case "one frame":
            write_video(path, [0.0])
        case "unknown codec":
            path = swap_bytes(steady, path, (b"avc1", b"zzz9"), (b"avcC", b"zzzC"))
        case "unknown codec in Matroska":
            whole = write_video(folder / "known.mkv", STEADY_S[:5])
            path = swap_bytes(whole, folder / "unknown.mkv", (b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/XYZ"))
        case "AV1":
            write_video(path, STEADY_S[:5], codec="libsvtav1", ticks_per_s=25)
        case "AV1 in WebM":
            path = write_video(folder / "av1.webm", STEADY_S[:5], codec="libsvtav1", ticks_per_s=1000)
        case "wide":
            path = folder / "wide.avi"
            write_video(
                path,
                STEADY_S[:2],
                width_px=16_400,
                height_px=32,
                codec="mjpeg",
                pixel_format="yuvj420p",
                ticks_per_s=25,
            )
    return path


def _sound_with_cover(folder: Path) -> Path:
    ok, jpeg = cv2.imencode(".jpg", numbered_image(1))
    assert ok
    body = b"\0image/jpeg\0\x03\0" + jpeg.tobytes()
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\0\0" + body
    length = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    sound = write_audio(folder / "bare.mp3", codec="libmp3lame").read_bytes()
    path = folder / "cover.mp3"
    path.write_bytes(b"ID3\x03\0\0" + length + frame + sound)
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("absent", "no such file"),
        ("folder", "is a folder"),
        ("empty", "is empty"),
        ("text", "is a text file"),
        ("concat script", "is a text file"),
        ("noise", "is not a video that can be read"),
        ("no index", "its index is missing"),
        ("only index", "not one frame of its H.264 video can be decoded.*cut short"),
        ("sound", "holds only sound"),
        ("sound with cover", "holds only sound"),
        ("one frame", "holds a single picture"),
        ("unknown codec", "its video codec, zzz9, cannot be decoded"),
        ("unknown codec in Matroska", "its video codec, V_MPEG9/ISO/XYZ, cannot be decoded"),
        ("AV1", "its video codec, AV1, cannot be decoded here; convert it first"),
        ("AV1 in WebM", "its video codec, AV1, cannot be decoded here"),
        ("wide", "frames of 16400 x 32 pixels, expected 1 to 16384"),
    ],
)
def test_refusals_are_one_line_and_name_the_file(
    folder: Path, steady: Path, capfd: pytest.CaptureFixture[str], kind: str, message: str
) -> None:
    path = make_bad_input(kind, folder, steady)
    capfd.readouterr()  # AV1's encoder talks
    with pytest.raises(InputError, match=message) as caught:
        probe(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, CodecError) == ("codec" in message)
    if kind != "one frame":  # as a video of one frame it can be read
        with pytest.raises(InputError, match=message):
            list(read_frames(path))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tiff", "webp", "avif", "jp2", "gif", "ppm"])
def test_pictures_are_refused(folder: Path, suffix: str) -> None:
    path = folder / f"shot.{suffix}"
    assert cv2.imwrite(str(path), numbered_image(3))
    with pytest.raises(InputError, match=r"(is a|holds a single) picture"):
        probe(path)


@pytest.mark.parametrize("suffix", ["png", "gif", "ppm"])
def test_numbered_pictures_are_not_followed(folder: Path, suffix: str) -> None:
    for name in ("shot_%03d", "shot_000", "shot_001"):
        assert cv2.imwrite(str(folder / f"{name}.{suffix}"), numbered_image(3))
    with pytest.raises(InputError, match=r"shot_%03d.*(is a picture|holds a single picture|rename)"):
        probe(folder / f"shot_%03d.{suffix}")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows keeps permissions otherwise")
def test_a_file_that_may_not_be_read(tmp_path: Path, steady: Path) -> None:
    path = tmp_path / "locked.mp4"
    path.write_bytes(steady.read_bytes())
    path.chmod(0)
    # Nothing is locked to the superuser, so step down for the moment.
    user_id = os.geteuid()
    if user_id == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(InputError, match=r"locked\.mp4: cannot be read \(Permission denied\)"):
            probe(path)
    finally:
        os.seteuid(user_id)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(InputError, match="is a device or a pipe"):
        probe(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("name", ["two\nlines.mp4", "nul\0inside.mp4", "x" * 300 + ".mp4"])
def test_impossible_names_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        probe(tmp_path / name)
    assert str(caught.value).isprintable()


def test_decoder_says_nothing_on_stderr(folder: Path, steady: Path) -> None:
    """In a fresh process, because the decoder's level is fixed by the first video that a process opens."""
    kinds = ("unknown codec", "AV1", "noise", "only index", "no index")
    paths = [make_bad_input(kind, folder, steady) for kind in kinds]
    damaged = bytearray(steady.read_bytes())
    damaged[2000:5000:37] = bytes(len(range(2000, 5000, 37)))
    (folder / "noisy.mp4").write_bytes(damaged)
    script = (
        "import sys\n"
        "from spineline.errors import InputError\n"
        "from spineline.io.video import read_frames\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        print(sum(1 for _ in read_frames(path)))\n"
        "    except InputError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, [*paths, folder / "noisy.mp4", steady])],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert [line.partition(": ")[0] for line in lines[:5]] == [str(path) for path in paths]
    assert lines[6] == "40"


# Headers no encoder at hand writes, and headers nobody should write


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(("a", "mirrored"), [(1, False), (-1, True)])
def test_display_matrix_of_both_versions(tmp_path: Path, version: int, a: int, mirrored: bool) -> None:
    before_matrix = {0: 40, 1: 52}[version]
    matrix = struct.pack(">9i", a << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    header = box(b"tkhd", bytes([version]).ljust(before_matrix, b"\0") + matrix + bytes(8))
    media = box(b"mdia", box(b"hdlr", bytes(8) + b"vide" + bytes(12)))
    path = tmp_path / "one.mp4"
    path.write_bytes(box(b"ftyp", b"isom") + box(b"moov", box(b"trak", header + media)))
    assert inspect_file(path).mirrored == mirrored


@pytest.mark.parametrize(
    ("header", "recorded"),
    [
        (struct.pack(">4xI", 3_866_000_000), "2026-07-04T08:53:20+00:00"),
        (struct.pack(">B3xQ", 1, 3_866_000_000), "2026-07-04T08:53:20+00:00"),
        (struct.pack(">4xI", 0), None),  # what most programs write
        (struct.pack(">4xI", 1_800_000_000), None),  # counted from 1970, or a clock that was never set
        (struct.pack(">B3xQ", 1, 1 << 63), None),
        (b"", None),
    ],
)
def test_the_time_of_recording_is_read_where_it_makes_sense(
    tmp_path: Path, header: bytes, recorded: str | None
) -> None:
    media = box(b"mdia", box(b"hdlr", bytes(8) + b"vide" + bytes(12)))
    path = tmp_path / "one.mp4"
    path.write_bytes(box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd", header) + box(b"trak", media)))
    assert inspect_file(path).recorded == recorded


def test_boxes_with_a_long_length_are_stepped_over(tmp_path: Path) -> None:
    # As cameras write them around more than 4 GB of pictures.
    pictures = struct.pack(">I4sQ", 1, b"mdat", 16 + 100) + bytes(100)
    media = box(b"mdia", box(b"hdlr", bytes(8) + b"soun" + bytes(12)))
    path = tmp_path / "long.mp4"
    path.write_bytes(box(b"ftyp", b"isom") + pictures + box(b"moov", box(b"trak", media)))
    with pytest.raises(InputError, match="holds only sound"):
        inspect_file(path)


STARTS = [
    *(b"", b"\0\0\0\x08ftyp", b"\0\0\0\x08moov", b"\x1aE\xdf\xa3\x18\x53\x80\x67"),
    *(b"RIFF", b"RIFF0000AVI ", b"GIF89a"),
]


@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=200))
def test_strange_headers_never_break_the_reader(start: bytes, rest: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "strange.mp4"
        path.write_bytes(start + rest)
        with contextlib.suppress(InputError):
            assert inspect_file(path).kind in ("video", "unknown")


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_writing_av1_leaves_this_process_to_share_the_processor(tmp_path: Path) -> None:
    write_video(tmp_path / "av1.mp4", STEADY_S[:5], codec="libsvtav1", ticks_per_s=25)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
