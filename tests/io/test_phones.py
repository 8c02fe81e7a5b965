"""What phones, cameras and screen recorders write: read right, or refused in one line that says what to do."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import pytest

from spineline.core.analysis import analyze
from spineline.core.picture import Image
from spineline.core.sim import lift, simulate
from spineline.errors import InputError
from spineline.io import decoder
from spineline.io.video import probe, read_frames
from tests.io.make_video import numbered_image, read_corners, read_number, write_video

UPRIGHT: Final = ("red", "green", "blue", "yellow")
AT_30: Final = [number / 30 for number in range(30)]
AT_25: Final = [number / 25 for number in range(25)]
HEVC: Final[dict[str, Any]] = {"codec": "libx265", "options": {"x265-params": "log-level=none"}}
FAST: Final = {"preset": "ultrafast"}
HLG: Final = {
    "codec": "libx265",
    "pixel_format": "yuv420p10le",
    "options": {"x265-params": "log-level=none:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"},
}
SCREEN_S: Final = np.cumsum([0.0, 0.01, 3.0, 0.2, 1.7, 5.0, 0.033, 0.033, 2.0]).tolist()
WRAP_S: Final = (1 << 33) / 90_000
"""When the clock of a transport stream starts anew: every 26.5 hours."""


@dataclass(frozen=True)
class Clip:
    """One kind of file: how it is written, and which of the pictures are to be seen at what size."""

    name: str
    times_s: Sequence[float] = tuple(AT_30)
    options: dict[str, Any] = field(default_factory=dict)
    spoil: Callable[[bytes], bytes] | None = None
    seen: Sequence[int] | None = None
    size_px: tuple[int, int] = (160, 120)
    codec: str = "H.264"
    dropped: int = 0


def edits(*entries: tuple[int, int]) -> Callable[[bytes], bytes]:
    """Give a MOV, its index at the end, another edit list: how long in ms, from which media time on (-1: nothing)."""

    def spoil(data: bytes) -> bytes:
        at = data.index(b"elst") - 4
        content = struct.pack(">II", 0, len(entries)) + b"".join(
            struct.pack(">Iihh", *entry, 1, 0) for entry in entries
        )
        box = struct.pack(">I4s", 8 + len(content), b"elst") + content
        old = struct.unpack_from(">I", data, at)[0]
        changed = bytearray(data[:at] + box + data[at + old :])
        for outer in (b"moov", b"trak", b"edts"):
            place = changed.index(outer) - 4
            struct.pack_into(">I", changed, place, struct.unpack_from(">I", changed, place)[0] + len(box) - old)
        return bytes(changed)

    return spoil


TICKS: Final = {"ticks_per_s": 12_000}
EDITED: Final = {**TICKS, "options": {"g": "10", "x264-params": "bframes=2:b-adapt=0"}}

READ: Final = {
    "phone, 240 fps with true times": Clip(
        "slow.mov", [n / 240 for n in range(60)], {**HEVC, "ticks_per_s": 2400}, codec="HEVC"
    ),
    "phone, 4K": Clip(
        "4k.mp4", AT_30[:3], {"width_px": 3840, "height_px": 2160, "options": FAST}, size_px=(3840, 2160)
    ),
    "phone, 4K upright, HEVC": Clip(
        "4k.mov",
        AT_30[:3],
        {
            "codec": "libx265",
            "options": {**HEVC["options"], **FAST},
            "width_px": 2160,
            "height_px": 3840,
            "turn_deg": 270,
        },
        size_px=(2160, 3840),
        codec="HEVC",
    ),
    "phone, HDR (10 bit, HLG)": Clip("hdr.mov", AT_30[:10], HLG, codec="HEVC"),
    "phone, short clip of a live photo": Clip(
        "IMG_0001.MOV",
        [n / 24 for n in range(72)],
        {**HEVC, "ticks_per_s": 600, "with_audio": True, "turn_deg": 90, "width_px": 120, "height_px": 160},
        size_px=(120, 160),
        codec="HEVC",
    ),
    "delayed start (empty edit)": Clip("delayed.mov", AT_30, TICKS, edits((500, -1), (1000, 0)), seen=range(28)),
    "trimmed start, within a group of pictures": Clip(
        "trim.mov", AT_30, EDITED, edits((600, 4800)), seen=range(10, 28)
    ),
    "trimmed and delayed": Clip("both.mov", AT_30, TICKS, edits((250, -1), (500, 2000)), seen=range(3, 18)),
    "two cuts joined": Clip("cuts.mov", AT_30, TICKS, edits((200, 0), (300, 8000)), seen=[0, 1, 2, 3, *range(18, 27)]),
    "full range": Clip("full.mp4", AT_30, {"pixel_format": "yuvj420p"}),
    "full range, HEVC": Clip("full_hevc.mp4", AT_30, {**HEVC, "pixel_format": "yuvj420p"}, codec="HEVC"),
    "4:4:4 screen": Clip("screen444.mp4", AT_30, {"pixel_format": "yuv444p"}),
    "screen recording, slow and irregular": Clip("screen.mp4", SCREEN_S),
    "screen recording, Matroska": Clip("screen.mkv", SCREEN_S, {"ticks_per_s": 1000}),
    "transport stream from the middle of a day": Clip("late.ts", [18_000 + time_s for time_s in AT_30]),
    "transport stream whose clock wraps": Clip("wrap.ts", [WRAP_S - 0.5 + time_s for time_s in AT_30]),
    "turned, Matroska": Clip(
        "turned.mkv", AT_30[:6], {"turn_deg": 90, "width_px": 120, "height_px": 160}, size_px=(120, 160)
    ),
    "turned, WebM": Clip(
        "turned.webm",
        AT_30[:6],
        {"codec": "libvpx-vp9", "ticks_per_s": 1000, "turn_deg": 270, "width_px": 120, "height_px": 160},
        size_px=(120, 160),
        codec="VP9",
    ),
    "old phone, 3GP H.263, wide pixels": Clip(
        "old.3gp",
        AT_30,
        {"codec": "h263", "width_px": 176, "height_px": 144, "ticks_per_s": 30, "pixel_aspect": Fraction(12, 11)},
        size_px=(176, 132),
        codec="H.263",
    ),
    "old phone, 3GP MPEG-4": Clip("asp.3gp", AT_30, {"codec": "mpeg4", "ticks_per_s": 30_000}, codec="MPEG-4 Part 2"),
    "camcorder, progressive MPEG-2 transport stream": Clip(
        "camcorder.m2ts", AT_25, {"codec": "mpeg2video", "container": "mpegts", "ticks_per_s": 25}, codec="MPEG-2"
    ),
    "DVD, progressive": Clip(
        "disc.mpg", AT_25, {"codec": "mpeg2video", "ticks_per_s": 25}, seen=range(24), codec="MPEG-2", dropped=1
    ),
    "camera, Motion JPEG in MOV": Clip(
        "camera.mov", AT_25, {"codec": "mjpeg", "pixel_format": "yuvj422p", "ticks_per_s": 25}, codec="Motion JPEG"
    ),
    "Flash video": Clip("old.flv", AT_25, {"ticks_per_s": 1000}),
    "Windows Media": Clip("old.wmv", AT_25, {"codec": "wmv2", "ticks_per_s": 1000}, codec="wmv2"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("phones")


def written(clip: Clip, folder: Path) -> Path:
    path = folder / clip.name
    if path.exists():
        return path
    options = {"width_px": clip.size_px[0], "height_px": clip.size_px[1], **clip.options}
    write_video(path, clip.times_s, **options)
    if clip.spoil:
        path.write_bytes(clip.spoil(path.read_bytes()))
    return path


def presented_s(path: Path) -> list[float]:
    """Return the times of all pictures as PyAV says them, counted from the first; those without are left out."""
    with av.open(str(path)) as source:
        times = [frame.time for frame in source.decode(video=0) if frame.time is not None]
    return [time_s - times[0] for time_s in times]


@pytest.mark.parametrize("kind", READ)
def test_what_phones_and_cameras_write_is_read_right(kind: str, folder: Path) -> None:
    clip = READ[kind]
    path = written(clip, folder)
    numbers = list(range(len(clip.times_s)) if clip.seen is None else clip.seen)

    info = probe(path)
    with read_frames(path, max_side_px=640) as stream:
        frames = list(stream)

    assert (info.codec, info.width_px, info.height_px) == (clip.codec, *clip.size_px)
    assert [read_number(frame.image) for frame in frames] == numbers
    assert {read_corners(frame.image) for frame in frames} == {UPRIGHT}
    # A tick apart at most, and that only where a time is no whole number of them.
    np.testing.assert_allclose([frame.time_s for frame in frames], presented_s(path)[: len(numbers)], atol=1e-6)
    assert (stream.stats.dropped, stream.stats.undecodable, stream.stats.missing) == (clip.dropped, 0, 0)


# But for HDR, whose colours take seconds to get ready for whenever a file is opened.
@pytest.mark.parametrize("kind", [kind for kind in READ if "HDR" not in kind])
def test_a_part_of_it_is_what_the_whole_has_there(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "_WORTH_A_JUMP_S", 0.0)
    monkeypatch.setattr(decoder, "_JUMPS_SHORT_BY_S", (0.05, 0.2))
    path = written(READ[kind], folder)
    with read_frames(path) as frames:
        whole = [(frame.time_s, read_number(frame.image)) for frame in frames]
    for start_s in (whole[len(whole) // 2][0], whole[-1][0]):
        with read_frames(path, start_s=start_s) as frames:
            part = [(frame.time_s, read_number(frame.image)) for frame in frames]
        assert part == [each for each in whole if each[0] >= start_s]


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p"])
def test_white_is_white_and_black_is_black_in_either_range(pixel_format: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / "range.mp4", AT_30[:3], pixel_format=pixel_format, options={"qp": "1"})
    with read_frames(path, max_side_px=None) as frames:
        image = next(frames).image
    drawn = numbered_image(0)
    for level in (20, 110):
        assert abs(float(np.median(image[(drawn == level).all(axis=2)])) - level) <= 3


def test_the_first_of_several_pictures_is_the_one_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "two.mp4"
    with av.open(str(path), "w") as sink:
        streams = [_stream(sink, size_px) for size_px in ((160, 120), (320, 240))]
        for number in range(10):
            for offset, stream in zip((0, 500), streams, strict=True):
                sink.mux(stream.encode(_picture(stream, number + offset, number)))
        for stream in streams:
            sink.mux(stream.encode(None))
    with read_frames(path) as frames:
        assert [read_number(frame.image) for frame in frames] == list(range(10))
    assert probe(path).width_px == 160


def test_sound_that_goes_on_after_the_pictures_adds_none(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    with av.open(str(path), "w") as sink:
        stream, sound = _stream(sink, (160, 120)), sink.add_stream("aac", rate=48_000)
        for number in range(15):
            sink.mux(stream.encode(_picture(stream, number, number)))
        sink.mux(stream.encode(None))
        for start in range(0, 5 * 48_000, 1024):
            silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            silence.sample_rate, silence.pts = 48_000, start
            sink.mux(sound.encode(silence))
    with read_frames(path) as frames:
        assert len(list(frames)) == 15
    assert probe(path).duration_s_hint == pytest.approx(0.5)


# Slow motion that plays slowly


def android(path: Path, rate_hz: str, *, as_float: bool = False) -> Path:
    """Write 30 pictures a second whose file says at what rate they were filmed, as Android and FFmpeg do."""
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as sink:
        sink.metadata["com.android.capture.fps"] = rate_hz
        stream = _stream(sink, (160, 120))
        for number in range(10):
            sink.mux(stream.encode(_picture(stream, number, number)))
        sink.mux(stream.encode(None))
    if as_float:
        data = path.read_bytes()
        text = struct.pack(">II", 1, 0) + rate_hz.encode()
        assert (data.count(text), len(rate_hz)) == (1, 4)
        path.write_bytes(data.replace(text, struct.pack(">2If", 23, 0, float(rate_hz))))
    return path


@pytest.mark.parametrize(
    ("rate_hz", "as_float", "filmed_hz"),
    [
        ("240.000000", False, 240.0),
        ("0240", True, 240.0),
        ("nan", False, None),
        ("-1", False, None),
        ("x", False, None),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_what_rate_was_filmed_at_is_known_where_the_file_says_so(
    rate_hz: str, as_float: bool, filmed_hz: float | None, suffix: str, tmp_path: Path
) -> None:
    path = android(tmp_path / f"slow{suffix}", rate_hz, as_float=as_float)
    assert probe(path).filmed_hz == filmed_hz
    with read_frames(path) as frames:
        assert [frame.time_s for frame in frames] == pytest.approx(AT_30[:10]), (
            "times are those of the file all the same"
        )


def test_the_rate_of_a_file_that_says_none_is_not_known(tmp_path: Path) -> None:
    assert probe(write_video(tmp_path / "plain.mp4", AT_30[:3])).filmed_hz is None


def test_slow_motion_with_true_times_gives_the_same_reps() -> None:
    script = lift("conventional", reps=2, rounding_deg=15.0)
    fast, plain = (analyze(simulate(script, style="conventional", fps=fps).track) for fps in (240.0, 30.0))
    assert fast.exercise == plain.exercise == "deadlift"
    for one, other in zip(fast.reps, plain.reps, strict=True):
        assert one.verdict == other.verdict
        at_s = [(rep.start_s, rep.turn_s, rep.end_s) for rep in (one.rep, other.rep)]
        np.testing.assert_allclose(at_s[0], at_s[1], atol=2 / 30)
        assert one.thoracic_change_peak_deg == pytest.approx(other.thoracic_change_peak_deg, abs=0.5)


# Interlaced


INTERLACED: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "MPEG-2": ("tape.ts", {"codec": "mpeg2video", "ticks_per_s": 25, "options": {"flags": "+ilme+ildct"}}),
    "MPEG-2, upper lines first": (
        "disc.mpg",
        {"codec": "mpeg2video", "ticks_per_s": 25, "options": {"flags": "+ilme+ildct", "field_order": "tt"}},
    ),
    "AVCHD": ("00001.mts", {"container": "mpegts", "options": {"x264-params": "interlaced=1:tff=1"}}),
    "H.264, lower lines first": ("clip.mp4", {"options": {"x264-params": "interlaced=1:bff=1"}}),
    "DV": ("tape.avi", {"codec": "dvvideo", "width_px": 720, "height_px": 576, "ticks_per_s": 25}),
}


@pytest.mark.parametrize("kind", INTERLACED)
def test_interlaced_is_refused_with_what_to_do(kind: str, tmp_path: Path) -> None:
    name, options = INTERLACED[kind]
    path = write_video(tmp_path / name, AT_25[:12], **options)
    told = r"is interlaced.*ffmpeg -i FILE -vf bwdif -c:v libx264 NEW\.mp4"
    with pytest.raises(InputError, match=told):
        probe(path)
    with pytest.raises(InputError, match=told):
        read_frames(path)


def test_what_is_told_to_do_with_interlaced_works(tmp_path: Path) -> None:
    """As FFmpeg does it: every half picture becomes one of its own, at its own time."""
    path = write_video(tmp_path / "tape.ts", AT_25, **INTERLACED["MPEG-2"][1])
    with av.open(str(path)) as source, av.open(str(tmp_path / "new.mp4"), "w") as sink:
        video = source.streams.video[0]
        graph = av.filter.Graph()
        graph.link_nodes(graph.add_buffer(template=video), graph.add("bwdif"), graph.add("buffersink")).configure()
        stream = sink.add_stream("libx264", rate=50)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for frame in source.decode(video):
            graph.vpush(frame)
            while True:
                try:
                    sink.mux(stream.encode(graph.vpull()))
                except (BlockingIOError, EOFError):
                    break
        sink.mux(stream.encode(None))
    with read_frames(tmp_path / "new.mp4") as frames:
        read = list(frames)
    assert len(read) >= 2 * len(AT_25) - 2
    assert {read_corners(frame.image) for frame in read} == {UPRIGHT}
    np.testing.assert_allclose(np.diff([frame.time_s for frame in read]), 0.02, atol=1e-3)


def test_the_documentation_names_all_of_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cameras_and_phones.md").read_text(encoding="utf-8")
    table = page.partition("## Read\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")]
    assert rows[2:] == list(READ)


def _stream(sink: av.container.OutputContainer, size_px: tuple[int, int]) -> av.VideoStream:
    stream = sink.add_stream("libx264", rate=30)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = size_px
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, 30)
    return stream


def _picture(stream: av.VideoStream, number: int, tick: int) -> av.VideoFrame:
    image: Image = numbered_image(number, width_px=stream.width, height_px=stream.height)
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
    frame.pts, frame.time_base = tick, Fraction(1, 30)
    return frame
