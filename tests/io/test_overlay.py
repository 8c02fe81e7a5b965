"""The overlay video and the stills: right places, right times, whole or not there, the same bytes again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.container import InputContainer

from spineline.core.picture import Image
from spineline.core.terms import Verdict
from spineline.core.track import Floats
from spineline.errors import InputError
from spineline.io import encode
from spineline.io.decoder import Frame
from spineline.io.encode import write_h264
from spineline.io.letters import Line, draw_panel
from spineline.io.overlay import Painter, draw, smooth_line, stills, write_overlay
from spineline.io.verdicts import CUES, NOT_MEASURED, VERDICTS
from spineline.io.video import read_frames
from tests.io.make_analysis import SIZE_PX, empty_analysis, make_analysis
from tests.io.make_video import numbered_image, read_number, write_video

GREY = 110


def grey(width_px: int = SIZE_PX[0], height_px: int = SIZE_PX[1]) -> Image:
    return np.full((height_px, width_px, 3), GREY, np.uint8)


def frames_of(times_s: Floats, *, scale: float = 1.0) -> Iterator[Frame]:
    size_px = [round(side * scale) for side in SIZE_PX]
    for i, time_s in enumerate(times_s):
        yield Frame(time_s=float(time_s), image=grey(*size_px), scale=scale, index=i)


def numbered(times_s: Floats, width_px: int = 160, height_px: int = 120) -> Iterator[tuple[float, Image]]:
    for i, time_s in enumerate(times_s):
        yield float(time_s), numbered_image(i, width_px=width_px, height_px=height_px)


def uneven_times_s(count: int, *, start_s: float = 0.0) -> Floats:
    return start_s + np.cumsum(np.random.default_rng(5).uniform(0.008, 0.2, count))


def read_back(path: Path) -> tuple[Floats, list[Image]]:
    with av.open(str(path)) as container:
        decoded = [(frame.time or 0.0, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    return np.array([time_s for time_s, _ in decoded]), [np.asarray(image, np.uint8) for _, image in decoded]


# -- the video file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start_s", [0.0, 3.7])
def test_times_stay_as_uneven_as_they_were(tmp_path: Path, start_s: float) -> None:
    times_s = uneven_times_s(40, start_s=start_s)
    assert write_h264(numbered(times_s), tmp_path / "o.mp4") == 40
    back_s, images = read_back(tmp_path / "o.mp4")
    np.testing.assert_allclose(back_s, times_s - times_s[0], atol=1.0 / encode.TICKS_PER_S)
    assert [read_number(image) for image in images] == list(range(40))


def test_is_h264_that_browsers_play(tmp_path: Path) -> None:
    write_h264(numbered(uneven_times_s(5)), tmp_path / "o.mp4")
    with av.open(str(tmp_path / "o.mp4")) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
        assert "creation_time" not in {**container.metadata, **container.streams.video[0].metadata}


@pytest.mark.parametrize(("width_px", "height_px"), [(161, 121), (160, 121), (161, 120), (33, 35), (1, 1)])
def test_odd_sides_gain_one_row_or_column(tmp_path: Path, width_px: int, height_px: int) -> None:
    write_h264(((i / 9, grey(width_px, height_px)) for i in range(3)), tmp_path / "o.mp4")
    _, images = read_back(tmp_path / "o.mp4")
    assert images[0].shape == (height_px + height_px % 2, width_px + width_px % 2, 3)
    assert np.abs(images[0].astype(int) - GREY).max() <= 3, "the added edge is a copy, not black"


@pytest.mark.parametrize("colour", [(200, 40, 40), (40, 160, 60), (50, 60, 200), (240, 240, 240)])
def test_colours_come_out_as_they_went_in(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    image = np.full((64, 64, 3), colour, np.uint8)
    write_h264([(0.0, image), (0.1, image)], tmp_path / "o.mp4")
    with read_frames(tmp_path / "o.mp4") as frames:  # a decoder other than the one of the encoder
        image = next(iter(frames)).image
    assert np.abs(image[32, 32].astype(int) - colour).max() <= 4


def test_same_bytes_again(tmp_path: Path) -> None:
    analysis = make_analysis(("flag",))
    for name in ("a.mp4", "b.mp4"):
        write_overlay(frames_of(analysis.track.time_s[:30]), analysis, tmp_path / name)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


_ENCODE = """
import hashlib, sys
from pathlib import Path
import cv2, numpy as np
from spineline.io.encode import write_h264
scene = cv2.GaussianBlur(np.random.default_rng(5).integers(0, 256, (260, 400, 3), np.uint8), (0, 0), 3)
scene = cv2.normalize(scene, None, 0, 255, cv2.NORM_MINMAX)
path = Path(sys.argv[1])
write_h264(((i / 30, scene[i // 4 : i // 4 + 240, i : i + 320]) for i in range(60)), path)
print(hashlib.sha256(path.read_bytes()).hexdigest())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a C library that can fill memory")
def test_same_bytes_whatever_lay_in_memory_before(tmp_path: Path) -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", _ENCODE, str(tmp_path / "o.mp4")],
            env={**os.environ, "MALLOC_PERTURB_": filling},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for filling in ("0", "1", "85", "170")
    ]
    assert len(set(said)) == 1


def test_nothing_is_left_when_reading_fails(tmp_path: Path) -> None:
    (tmp_path / "o.mp4").write_bytes(b"earlier")

    def broken() -> Iterator[tuple[float, Image]]:
        yield from numbered(uneven_times_s(3))
        raise InputError("clip.mp4: decoding failed")

    with pytest.raises(InputError, match="decoding failed"):
        write_h264(broken(), tmp_path / "o.mp4")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("o.mp4", b"earlier")]


def test_nothing_is_left_when_the_disk_is_full(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="file size limits need a Unix system")
    noise = np.random.default_rng(1).integers(0, 255, (20, 120, 160, 3), dtype=np.uint8)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(InputError, match=r"o\.mp4: cannot be written \(File too large\)"):
            write_h264(((i / 30, image) for i, image in enumerate(noise)), tmp_path / "o.mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"o\.mp4: cannot be written"):
        write_h264(numbered(uneven_times_s(2)), tmp_path / "no" / "o.mp4")


def test_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures"):
        write_h264(iter(()), tmp_path / "o.mp4")
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_two_sizes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="different sizes"):
        write_h264([(0.0, grey(60, 60)), (0.1, grey(80, 60))], tmp_path / "o.mp4")
    assert list(tmp_path.iterdir()) == []


def test_missing_encoder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "_ENCODER", "libx264_of_another_build")
    with pytest.raises(InputError, match=r"no H\.264 encoder \(libx264_of_another_build\)"):
        write_h264(numbered(uneven_times_s(2)), tmp_path / "o.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("start_s", [0.0, 0.9])
def test_sound_goes_with_the_pictures(tmp_path: Path, start_s: float) -> None:
    source = write_video(tmp_path / "s.mp4", [i / 10 for i in range(30)], with_audio=True)
    write_h264(numbered(np.arange(start_s, 2.45, 0.1)), tmp_path / "o.mp4", sound_from=source)
    with av.open(str(tmp_path / "o.mp4")) as made, av.open(str(source)) as read:
        copied, originals = _sound_of(made), _sound_of(read)
    shift = round(start_s * 48_000)
    assert 0 <= min(copied) <= 1024
    assert max(copied) + shift == max(tick for tick in originals if tick <= round(2.4 * 48_000))
    assert copied == {tick: originals[tick + shift] for tick in copied}


def _sound_of(container: InputContainer) -> dict[int, bytes]:
    """Packets of the sound by their time in samples."""
    packets = container.demux(container.streams.audio[0])
    return {packet.pts: bytes(packet) for packet in packets if packet.pts is not None}


@pytest.mark.parametrize("source", ["none", "silent", "gone", "rubbish"])
def test_without_sound_there_is_none(tmp_path: Path, source: str) -> None:
    path = tmp_path / "s.mp4"
    if source == "silent":
        write_video(path, [0.0, 0.1, 0.2])
    elif source == "rubbish":
        path.write_bytes(b"no video at all" * 99)
    write_h264(numbered(uneven_times_s(3)), tmp_path / "o.mp4", sound_from=None if source == "none" else path)
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


# -- what is drawn -----------------------------------------------------------------------------------------------


def middle_of_rep(verdict: Verdict) -> tuple[Painter, int]:
    analysis = make_analysis((verdict,))
    rep = analysis.reps[0].rep
    return Painter(analysis), int(np.searchsorted(analysis.track.time_s, (rep.start_s + rep.end_s) / 2))


@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize("verdict", ["ok", "info", "caution", "flag"])
def test_line_lies_on_the_spine_in_the_colour_of_the_level(verdict: Verdict, scale: float) -> None:
    analysis = make_analysis((verdict,))
    _, frame = middle_of_rep(verdict)
    size_px = [round(side * scale) for side in SIZE_PX]
    picture = draw(grey(*size_px), analysis, frame, scale=scale)
    points_px = analysis.spine.points_px[frame] * scale
    for x, y in np.round(points_px).astype(int):
        assert (picture[y - 1 : y + 2, x - 1 : x + 2] != GREY).any()
    x, y = np.round(points_px[3:5].mean(axis=0)).astype(int)  # in the thick part, between two dots
    around = picture[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).astype(int)
    assert np.abs(around - VERDICTS[verdict].rgb).max(axis=1).min() <= 60 / scale
    assert (picture[int(points_px[:, 1].max()) + 12, int(points_px[8, 0])] == GREY).all()


def test_no_line_where_the_back_was_not_measured() -> None:
    _, frame = middle_of_rep("not_measured")
    analysis = make_analysis(("not_measured",))
    analysis = replace(analysis, bar_px=np.full_like(analysis.bar_px, np.nan))
    picture = draw(grey(), analysis, frame)
    lower = slice(SIZE_PX[1] // 2, None)  # below the panel, where the lifter stands
    assert (picture[lower] == GREY).all()
    measured = make_analysis(("ok",))
    assert (draw(grey(), measured, frame)[lower] != GREY).any()


def test_draws_into_a_copy_and_knows_bgr() -> None:
    analysis = make_analysis(("flag",))
    _, frame = middle_of_rep("flag")
    image = grey()
    rgb = draw(image, analysis, frame)
    assert (image == GREY).all()
    np.testing.assert_array_equal(draw(image, analysis, frame, bgr=True), rgb[..., ::-1])


def test_says_what_is_measured_now() -> None:
    painter, frame = middle_of_rep("flag")
    texts = [line.text for line in painter.now(frame)]
    assert texts[0].startswith("Rep 1 of 1 · ")
    assert texts[1] == "■ Upper back: 14° ± 3° more rounded"
    assert texts[2].startswith("Trunk lean: ")
    assert painter.now(0)[1].text == "Upper back: 0° ± 3°, like the reference", "outside reps nothing is judged"


def test_says_what_is_not_measured_and_why() -> None:
    painter, frame = middle_of_rep("not_measured")
    texts = [line.text for line in painter.now(frame)]
    assert texts[1] == f"? Upper back: {NOT_MEASURED}"
    assert "hidden" in texts[2]
    assert NOT_MEASURED in painter.now(None)[0].text
    nobody = [line.text for line in Painter(empty_analysis(3)).now(1)]
    assert nobody[-1] == f"Trunk lean: {NOT_MEASURED}"


def test_verdict_comes_when_the_rep_is_done() -> None:
    analysis = make_analysis(("flag", "not_measured", "ok"))
    painter, times_s = Painter(analysis), analysis.track.time_s
    ends = [int(np.flatnonzero(times_s >= result.rep.end_s)[0]) for result in analysis.reps]
    assert painter.last_rep(ends[0] - 1) == []
    first = [line.text for line in painter.last_rep(ends[0])]
    assert first == ["Rep 1: ■ Flag", analysis.reps[0].flags[0].message, f"Cue: {CUES['thoracic_rounding']}"]
    assert [line.text for line in painter.last_rep(ends[1] - 1)] == first
    second = [line.text for line in painter.last_rep(ends[1])]
    assert second[0] == "Rep 2: ? Not measured"
    assert "hidden" in second[1]
    assert [line.text for line in painter.last_rep(len(times_s) - 1)] == ["Rep 3: ✓ Nothing found"]


def test_overlay_keeps_size_and_times_and_marks_what_was_not_analysed(tmp_path: Path) -> None:
    analysis = make_analysis(("flag",), times_s=uneven_times_s(40))
    shown_s = np.append(analysis.track.time_s, analysis.track.time_s[-1] + 0.5)
    write_overlay(frames_of(shown_s), analysis, tmp_path / "o.mp4")
    back_s, images = read_back(tmp_path / "o.mp4")
    np.testing.assert_allclose(back_s, shown_s - shown_s[0], atol=1.0 / encode.TICKS_PER_S)
    assert images[0].shape == (SIZE_PX[1], SIZE_PX[0], 3)
    assert (np.abs(images[-2].astype(int) - images[-1]) > 60).any()
    assert Painter(analysis).frame_at(float(shown_s[-1])) is None


def test_each_time_finds_its_frame() -> None:
    painter, analysis = Painter(make_analysis(())), make_analysis(())
    times_s = analysis.track.time_s
    assert [painter.frame_at(float(t)) for t in times_s] == list(range(len(times_s)))
    assert painter.frame_at(-1.0) is None
    assert Painter(empty_analysis(0)).frame_at(0.0) is None
    assert Painter(empty_analysis(1)).frame_at(0.0) == 0


@pytest.mark.parametrize("size_px", [(1, 1), (20, 9), (9, 200), (640, 360)])
def test_any_size_of_picture_can_be_drawn_into(size_px: tuple[int, int]) -> None:
    analysis = make_analysis(("flag",))
    for frame in (0, 30, len(analysis.track) - 1, None):
        assert draw(grey(*size_px), analysis, frame, scale=size_px[0] / SIZE_PX[0]).shape == (*size_px[::-1], 3)


# -- stills ------------------------------------------------------------------------------------------------------


def test_one_still_of_each_measured_rep() -> None:
    analysis = make_analysis(("flag", "not_measured", "ok"))
    made = stills(frames_of(analysis.track.time_s), analysis)
    assert list(made) == [1, 3]
    picture = cv2.imdecode(np.frombuffer(made[1].jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[0] < SIZE_PX[1], "cut to the lifter"
    red = VERDICTS["flag"].rgb
    assert (np.abs(picture[..., ::-1].astype(int) - red).max(axis=2) < 40).sum() > 20
    assert made == stills(frames_of(analysis.track.time_s, scale=1.0), analysis)


def test_stills_read_no_further_than_needed() -> None:
    analysis = make_analysis(("flag", "ok"))
    reader = frames_of(analysis.track.time_s)
    stills(reader, analysis)
    left = len(list(reader))
    assert left > 10
    assert stills(iter(()), make_analysis(("not_measured",))) == {}


# -- lines and letters -------------------------------------------------------------------------------------------


def test_curve_passes_through_its_points_and_breaks_at_gaps() -> None:
    points = np.array([[0, 0], [1, 2], [3, 3], [np.nan, 1], [5, 5], [np.nan, np.nan], [7, 7], [8, 9]], dtype=float)
    first, second = smooth_line(points, steps=4)
    np.testing.assert_allclose(first[::4], points[:3])
    np.testing.assert_allclose(second[[0, -1]], points[6:])
    assert smooth_line(np.full((9, 2), np.nan)) == []
    straight = smooth_line(np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]))[0]
    np.testing.assert_allclose(straight[:, 1], 2 * straight[:, 0], atol=1e-12)


@pytest.mark.parametrize("symbol", [*"°±·\N{MINUS SIGN}", *{look.symbol for look in VERDICTS.values()}])
def test_every_sign_in_use_can_be_drawn(symbol: str) -> None:
    def drawn(text: str) -> Image:
        picture = np.zeros((60, 60, 3), np.uint8)
        draw_panel(picture, [Line(text, bold=True)], 30, top=True, right=False)
        return picture

    assert drawn(symbol).any()
    assert (drawn(symbol) != drawn("\ue123")).any(), "not the box that stands for a missing letter"


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("top", [True, False])
def test_panels_stay_in_their_corner_and_wrap(top: bool, right: bool) -> None:
    picture = np.full((200, 300, 3), 200, np.uint8)
    draw_panel(picture, [Line("word " * 12)], 12, top=top, right=right)
    rows, columns = np.nonzero((picture != 200).any(axis=2))
    assert (rows.max() < 100) if top else (rows.min() > 100)
    assert rows.max() - rows.min() > 25, "more than one line"
    assert columns.max() < 300 - 5 or right
    assert columns.min() >= 5
    empty = np.full((20, 30, 3), 200, np.uint8)
    draw_panel(empty, [], 12, top=True, right=False)
    assert (empty == 200).all()
