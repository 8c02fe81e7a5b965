"""What was measured, drawn into the picture: the line of the spine, angles, reps, findings.

Pictures are RGB unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from spineline.core.analysis import Analysis, RepResult
from spineline.core.history import Still
from spineline.core.picture import Image
from spineline.core.signals import runs
from spineline.core.skeleton import SPINE_POINTS
from spineline.core.track import Floats
from spineline.io.decoder import Frame
from spineline.io.encode import write_h264
from spineline.io.faces import without_faces
from spineline.io.letters import Colour, Line, draw_panel
from spineline.io.verdicts import (
    CUES,
    NOT_MEASURED,
    VERDICTS,
    change_in_words,
    main_reason,
    moment_verdicts,
    reason_in_words,
    worst_flag,
    worst_frame,
)
from spineline.io.video import SAME_TIME_S

_WHITE: Final[Colour] = (255, 255, 255)
_BLACK: Final[Colour] = (0, 0, 0)
_THORACIC: Final = range(SPINE_POINTS.index("C7"), SPINE_POINTS.index("L1") + 1)
BAR: Final[Colour] = (255, 120, 220)
_BAR_WIDTH: Final = 0.004  # as a share of the picture's shorter side
_LINE_WIDTH: Final = 0.018  # as a share of the length of the spine
_STILL_SIDE_PX: Final = 480
_STILL_QUALITY: Final = 82
_LEAST_LETTER_PX, _LETTER_SHARE = 11, 0.033
_SUBPIXEL_BITS: Final = 4


def write_overlay(
    frames: Iterable[Frame], analysis: Analysis, path: Path | str, *, sound_from: Path | str | None = None
) -> None:
    """Write the video with what was measured drawn into it, as H.264 in MP4.

    Parameters
    ----------
    frames : iterable of Frame
        Those that were analysed, of full size for a full-size video. A frame that was not analysed is shown as
        not measured.
    analysis : Analysis
    path : Path or str
        Written whole or not at all. The video begins at 0 with the first frame; the time between frames stays.
    sound_from : Path or str, optional
        The video that the frames come from, if its sound is to be kept.

    Raises
    ------
    InputError
        It cannot be written, or there is no encoder; and whatever `frames` raises.
    """
    painter = Painter(analysis)
    pictures = ((f.time_s, painter.draw(f.image, painter.frame_at(f.time_s), scale=f.scale)) for f in frames)
    write_h264(pictures, path, sound_from=sound_from)


def times_of_stills_s(analysis: Analysis) -> list[float]:
    """Return the times of the frames that `stills` needs, rising."""
    worst = (worst_frame(analysis, result) for result in analysis.reps)
    return [float(analysis.track.time_s[index]) for index in sorted({each for each in worst if each is not None})]


def stills(frames: Iterable[Frame], analysis: Analysis) -> dict[int, Still]:
    """Take one picture of each measured rep: its worst frame, cut to the lifter, with the line of the spine.

    Parameters
    ----------
    frames : iterable of Frame
        With those at `times_of_stills_s`.
    analysis : Analysis

    Returns
    -------
    dict of int to Still
        By index of the rep, as `spineline.io.report.write_report` takes them.
    """
    painter = Painter(analysis)
    wanted: dict[int, list[RepResult]] = {}
    for result in analysis.reps:
        index = worst_frame(analysis, result)
        if index is not None:
            wanted.setdefault(index, []).append(result)
    found: dict[int, Still] = {}
    for frame in frames if wanted else ():
        index = painter.frame_at(frame.time_s)
        if index in wanted:
            for result in wanted.pop(index):
                found[result.rep.index] = painter.still(frame.image, index, result, scale=frame.scale)
        if not wanted:
            break
    return dict(sorted(found.items()))


def draw(image: Image, analysis: Analysis, frame_index: int | None, *, scale: float = 1.0, bgr: bool = False) -> Image:
    """Draw what was measured in one frame into a copy of its picture.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
    analysis : Analysis
    frame_index : int or None
        Which frame of the analysis; None where the picture was not analysed.
    scale : float
        Pixels of `image` per pixel of the full-size picture.
    bgr : bool
        The picture is BGR, as OpenCV has it, instead of RGB.
    """
    if bgr:
        return np.ascontiguousarray(Painter(analysis).draw(image[..., ::-1], frame_index, scale=scale)[..., ::-1])
    return Painter(analysis).draw(image, frame_index, scale=scale)


class Painter:
    """Draws the frames of one analysis."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._by_end = sorted(analysis.reps, key=lambda result: result.rep.end_s)
        self._verdicts = moment_verdicts(analysis)
        self._panel_right = _lifter_leans_left(analysis)

    def frame_at(self, time_s: float) -> int | None:
        """Find the frame of the analysis that is shown at a time, None if there is none."""
        times_s = self._analysis.track.time_s
        if not len(times_s):
            return None
        index = int(np.clip(np.searchsorted(times_s, time_s), 1, max(1, len(times_s) - 1)))
        nearest = min((i for i in (index - 1, index) if i < len(times_s)), key=lambda i: abs(times_s[i] - time_s))
        return nearest if abs(times_s[nearest] - time_s) <= SAME_TIME_S else None

    def draw(self, image: Image, frame_index: int | None, *, scale: float = 1.0) -> Image:
        """Draw everything into a copy of an RGB picture."""
        picture = np.ascontiguousarray(image).copy()
        if frame_index is not None:
            _, colour = self._look(frame_index)
            self._draw_bar(picture, frame_index, scale)
            draw_spine(picture, self._analysis.spine.points_px[frame_index] * scale, colour)
        size_px = max(_LEAST_LETTER_PX, round(min(picture.shape[:2]) * _LETTER_SHARE))
        draw_panel(picture, self.now(frame_index), size_px, top=True, right=self._panel_right)
        draw_panel(picture, self.last_rep(frame_index), size_px, top=False, right=False)
        return picture

    def still(self, image: Image, frame_index: int, result: RepResult, *, scale: float = 1.0) -> Still:
        """Return the lifter in one RGB picture, with the line of the spine and nothing else."""
        landmarks_px = self._analysis.track.landmarks_px[frame_index] * scale
        spine_px = self._analysis.spine.points_px[frame_index] * scale
        hidden = without_faces(image, landmarks_px, spine_px)

        def jpeg(picture: Image) -> bytes:
            picture = np.ascontiguousarray(picture).copy()
            colour = VERDICTS[result.verdict].rgb
            draw_spine(picture, spine_px, colour)
            return _small_jpeg(picture[_around(landmarks_px, picture.shape[:2])])

        return Still(
            rep=result.rep.index,
            time_s=float(self._analysis.track.time_s[frame_index]),
            jpeg=jpeg(image),
            faceless=None if hidden is None else jpeg(hidden),
        )

    def _draw_bar(self, picture: Image, frame_index: int, scale: float) -> None:
        """Draw the way of the weight in this rep so far, in place."""
        a = self._analysis
        index = a.rep_index[frame_index]
        first = int(np.argmax(a.rep_index == index)) if index else frame_index
        path_px = a.bar_px[first : frame_index + 1] * scale
        width_px = max(1, round(min(picture.shape[:2]) * _BAR_WIDTH))
        for colour, thickness in ((_BLACK, 3 * width_px), (BAR, width_px)):
            _polylines(picture, known_stretches(path_px), colour, thickness)
        if np.isfinite(path_px[-1]).all():
            draw_mark(picture, path_px[-1], 3.0 * width_px, BAR)

    def _look(self, frame_index: int) -> tuple[str, Colour]:
        """Give symbol and colour of a moment; outside reps nothing is judged, so there it has none."""
        verdict = self._verdicts[frame_index]
        return ("", _WHITE) if verdict is None else (VERDICTS[verdict].symbol + " ", VERDICTS[verdict].rgb)

    def now(self, frame_index: int | None) -> list[Line]:
        """Say what is measured at this moment."""
        a = self._analysis
        if frame_index is None:
            return [Line(f"Upper back: {NOT_MEASURED}", bold=True), Line("the frame was not analysed")]
        symbol, colour = self._look(frame_index)
        change = change_in_words(float(a.thoracic_change_deg[frame_index]), float(a.sigma_change_deg[frame_index]))
        lines = [self._counter(frame_index), Line(f"{symbol}Upper back: {change}", colour, bold=True)]
        if change == NOT_MEASURED:
            lines.append(Line(reason_in_words(str(a.spine.reason[frame_index])), colour))
        trunk_deg = a.angles.trunk_deg[frame_index]
        trunk = f"{trunk_deg:.0f}°".replace("-", "\N{MINUS SIGN}") if np.isfinite(trunk_deg) else NOT_MEASURED
        return [*lines, Line(f"Trunk lean: {trunk}")]

    def _counter(self, frame_index: int) -> Line:
        """Say which rep this is, or how many are done."""
        a, count = self._analysis, len(self._analysis.reps)
        time_s, rep = a.track.time_s[frame_index], int(a.rep_index[frame_index])
        done = sum(result.rep.end_s <= time_s for result in a.reps)
        text = f"Rep {rep} of {count}" if rep else f"Reps done: {done} of {count}"
        return Line(f"{text} · {time_s:.1f} s")

    def last_rep(self, frame_index: int | None) -> list[Line]:
        """Say what the last finished rep was like, and one cue for the next."""
        if frame_index is None:
            return []
        time_s = self._analysis.track.time_s[frame_index]
        done = [result for result in self._by_end if result.rep.end_s <= time_s]
        return _verdict_lines(self._analysis, done[-1]) if done else []


def _verdict_lines(analysis: Analysis, result: RepResult) -> list[Line]:
    look = VERDICTS[result.verdict]
    lines = [Line(f"Rep {result.rep.index}: {look.symbol} {look.word}", look.rgb, bold=True)]
    flag = worst_flag(result)
    if flag is not None:
        lines.append(Line(flag.message))
        lines += [Line(f"Cue: {CUES[flag.rule]}")] if flag.rule in CUES else []
    elif result.verdict == "not_measured":
        lines.append(Line(main_reason(analysis, result)))
    return lines


def draw_spine(picture: Image, points_px: Floats, colour: Colour) -> None:
    """Draw the line of the spine into an RGB picture, in place, the thoracic part of it thicker.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    points_px : ndarray, shape (9, 2)
        In the order of `SPINE_POINTS`; one that is NaN is left out, and the line is broken there.
    colour : RGB
    """
    known = points_px[np.isfinite(points_px).all(axis=1)]
    if not len(known):
        return
    length_px = float(np.hypot(*np.diff(known, axis=0).T).sum())
    width_px = max(1, round(length_px * _LINE_WIDTH))
    curves = [(smooth_line(points_px), width_px), (smooth_line(points_px[_THORACIC]), 2 * width_px)]
    for pieces, thickness in curves:
        _polylines(picture, pieces, _BLACK, thickness + 2 * max(1, width_px // 2))
    for pieces, thickness in curves:
        _polylines(picture, pieces, colour, thickness)
    for point in known:
        _dot(picture, point, 1.1 * width_px + 1.0, _BLACK)
        _dot(picture, point, 0.9 * width_px, _WHITE)


def draw_mark(picture: Image, centre: Floats, radius_px: float, colour: Colour) -> None:
    """Draw a disc with a dark rim into an RGB picture, in place."""
    _dot(picture, centre, radius_px, _BLACK)
    _dot(picture, centre, 2.0 / 3.0 * radius_px, colour)


def _dot(picture: Image, centre: Floats, radius_px: float, colour: Colour) -> None:
    x, y = (int(value) for value in np.round(centre * 2**_SUBPIXEL_BITS))
    cv2.circle(picture, (x, y), round(radius_px * 2**_SUBPIXEL_BITS), colour, -1, cv2.LINE_AA, _SUBPIXEL_BITS)


def smooth_line(points: Floats, *, steps: int = 8) -> list[Floats]:
    """Lay a Catmull-Rom curve through points; it passes through each of them.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        A NaN breaks the line.
    steps : int
        Pieces between two points.

    Returns
    -------
    list of ndarray, shape (m, 2)
        One for each unbroken stretch of two points or more.
    """
    curves = []
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    for part in known_stretches(points):
        p = np.concatenate([2 * part[:1] - part[1:2], part, 2 * part[-1:] - part[-2:-1]])
        pieces = [
            b + 0.5 * t * (c - a) + t**2 * (a - 2.5 * b + 2 * c - 0.5 * d) + 0.5 * t**3 * (d - a + 3 * (b - c))
            for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
        ]
        curves.append(np.concatenate([*pieces, part[-1:]]))
    return curves


def known_stretches(points: Floats) -> list[Floats]:
    """Cut ``points (n, 2)`` wherever one is NaN; only stretches of two points or more are left."""
    known = np.asarray(np.isfinite(points).all(axis=1))
    return [points[start:stop] for start, stop in runs(known) if stop - start > 1]


def _polylines(picture: Image, pieces: Sequence[Floats], colour: Colour, thickness: int) -> None:
    lines = [np.round(piece * 2**_SUBPIXEL_BITS).astype(np.int32) for piece in pieces]
    cv2.polylines(picture, lines, False, colour, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def _small_jpeg(picture: Image) -> bytes:
    shrink = min(1.0, _STILL_SIDE_PX / max(picture.shape[:2]))
    size_px = max(1, round(picture.shape[1] * shrink)), max(1, round(picture.shape[0] * shrink))
    small = cv2.resize(picture, size_px, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _STILL_QUALITY])
    return jpeg.tobytes()


def _around(landmarks_px: Floats, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Cut out the lifter with some room, ``(rows, columns)``; the whole picture if the lifter is unknown."""
    known = landmarks_px[np.isfinite(landmarks_px).all(axis=1)]
    if not len(known):
        return slice(None), slice(None)
    low, high = known.min(axis=0), known.max(axis=0)
    room = 0.15 * float((high - low).max()) + 8.0
    (left, top), (right, bottom) = np.floor(low - room).astype(int), np.ceil(high + room).astype(int)
    rows = slice(max(0, min(top, shape[0] - 2)), max(2, bottom))
    return rows, slice(max(0, min(left, shape[1] - 2)), max(2, right))


def _lifter_leans_left(analysis: Analysis) -> bool:
    """Tell whether the lifter fills the upper left of the picture more than the upper right."""
    width_px, height_px = analysis.track.image_size_px
    points = analysis.track.landmarks_px.reshape(-1, 2)
    upper = points[points[:, 1] < height_px / 2, 0]  # NaN compares False
    return bool((upper < width_px / 2).sum() > upper.size / 2)
