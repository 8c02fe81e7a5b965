"""The picture of a live set: the lifter stays in sight, and every state can be read without colours."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spineline.core.moment import Moment
from spineline.core.picture import Image
from spineline.io.letters import Line, text_block
from spineline.io.live_picture import READY, Showing, paint, words
from spineline.io.overlay import BAR

HEIGHT_PX, WIDTH_PX = 720, 1280
SPINE_PX = np.stack([np.linspace(600, 700, 9), np.linspace(150, 400, 9)], axis=1)
HIP_PX, PLATE_PX = np.array([600.0, 440.0]), np.array([500.0, 600.0])
LEVELS: Any = (("info", 5.0), ("caution", 8.0), ("flag", 12.0))


def moment(change_deg: float = 3.0, *, sigma_deg: float = 2.0, reason: str = "") -> Moment:
    return Moment(1.0, change_deg, sigma_deg, reason, 20.0, SPINE_PX, HIP_PX, PLATE_PX)


def noise(height_px: int = HEIGHT_PX, width_px: int = WIDTH_PX) -> Image:
    return np.random.default_rng(1).integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)


def around(canvas: Image) -> tuple[Image, Image]:
    """Return the strip beside a picture of usual size, and the band below it."""
    return canvas[:, WIDTH_PX:], canvas[HEIGHT_PX:, :WIDTH_PX]


def drawn(area: Image) -> NDArray[np.bool_]:
    """Tell which pixels are not ground, whatever their colour."""
    return np.asarray((area != area[0, -1]).any(axis=2))


USUAL = Showing(moment=moment(), levels=LEVELS, verdict="ok", count=2)


def test_nothing_but_spine_and_marks_lies_over_the_lifter() -> None:
    image = noise()
    before = image.copy()
    full = replace(USUAL, last=("flag", "Rep 2"), cue="Chest up.", advice="come closer", ready=True, state=("paused",))
    changed = (paint(image, full)[:HEIGHT_PX, :WIDTH_PX] != image).any(axis=2)
    rows, columns = np.nonzero(changed)
    line_px = np.concatenate([np.linspace(a, b, 20) for a, b in pairwise(SPINE_PX)])
    marks = np.concatenate([line_px, HIP_PX[None], PLATE_PX[None]])
    away_px = np.hypot(columns[:, None] - marks[:, 0], rows[:, None] - marks[:, 1]).min(axis=1)
    assert changed.any()
    assert away_px.max() < 20
    assert (image == before).all()


def test_without_a_moment_the_picture_is_as_it_came() -> None:
    image = noise()
    assert (paint(image, Showing())[:HEIGHT_PX, :WIDTH_PX] == image).all()


def test_a_mirror_turns_the_picture_and_leaves_the_words() -> None:
    image, showing = noise(), replace(USUAL, last=("ok", "Rep 2: nothing found"), state=("muted",))
    straight, mirrored = paint(image, showing), paint(image, showing, mirror=True)
    assert (mirrored[:HEIGHT_PX, :WIDTH_PX] == straight[:HEIGHT_PX, :WIDTH_PX][:, ::-1]).all()
    for here, there in zip(around(mirrored), around(straight), strict=True):
        assert (here == there).all()


def test_not_measured_looks_unlike_no_change() -> None:
    image = noise()
    nothing, zero = (around(paint(image, replace(USUAL, moment=moment(deg))))[0] for deg in (np.nan, 0.0))
    gauge, number = slice(214, 560), slice(568, 782)
    for rows in (gauge, number):
        assert (nothing[rows] != zero[rows]).any(axis=2).sum() > 500


@pytest.mark.parametrize(
    "change",
    [
        {"moment": None},
        {"moment": moment(4.0)},
        {"moment": moment(-3.0)},
        {"moment": moment(sigma_deg=5.0)},
        {"moment": moment(sigma_deg=np.nan)},
        {"moment": moment(np.nan, sigma_deg=np.nan)},
        {"moment": moment(np.nan, reason="turned_away")},
        {"levels": ()},
        {"levels": (("caution", 8.0), ("flag", 12.0))},
        {"levels": (("info", 5.0), ("caution", 8.0), ("flag", 12.5))},
        {"verdict": None},
        {"verdict": "info"},
        {"verdict": "caution"},
        {"verdict": "flag"},
        {"count": 3},
        {"last": ("flag", "Rep 2")},
        {"last": ("caution", "Rep 2")},
        {"cue": "Chest up."},
        {"advice": "come closer"},
        {"ready": True},
        {"state": ("paused",)},
    ],
    ids=str,
)
def test_every_state_is_seen_beside_the_picture_without_colour(change: dict[str, Any]) -> None:
    image = noise()
    usual, other = paint(image, USUAL), paint(image, replace(USUAL, **change))
    differ = [(drawn(a) != drawn(b)).sum() for a, b in zip(around(usual), around(other), strict=True)]
    assert max(differ) > 20


@pytest.mark.parametrize("verdict", ["info", "caution", "flag"])
def test_the_reached_level_is_told_by_a_symbol_too(verdict: Any) -> None:
    image = noise()
    usual, other = (around(paint(image, replace(USUAL, verdict=v)))[0][568:782] for v in ("ok", verdict))
    assert (drawn(usual) != drawn(other)).sum() > 20


@pytest.mark.parametrize(
    ("height_px", "width_px"), [(720, 1280), (1280, 720), (480, 640), (48, 64), (10, 3000), (3000, 10), (1, 1)]
)
def test_letters_are_as_large_whatever_the_picture(height_px: int, width_px: int) -> None:
    showing = replace(USUAL, advice="move the camera 40 degrees to the left, towards your back")
    canvas, usual = paint(noise(height_px, width_px), showing), paint(noise(), showing)
    assert canvas.shape[0] == usual.shape[0]
    assert 900 < canvas.shape[1] <= usual.shape[1]
    assert (canvas[:, -250:] == usual[:, -250:]).all()


def test_a_portrait_stands_undistorted_in_the_middle() -> None:
    image = np.full((1280, 720, 3), 255, np.uint8)
    room = paint(image, Showing())[:HEIGHT_PX, :-250]
    columns = np.flatnonzero((room == 255).all(axis=(0, 2)))
    assert columns[-1] - columns[0] + 1 == 405
    assert abs(columns[0] + columns[-1] + 1 - room.shape[1]) <= 1


def test_marks_lie_where_they_were_seen_in_the_full_picture() -> None:
    small = np.zeros((360, 640, 3), np.uint8)
    canvas = paint(small, USUAL, scale=0.5)
    assert tuple(canvas[int(PLATE_PX[1]), int(PLATE_PX[0])]) == BAR
    half = paint(small, USUAL, scale=0.25)
    assert tuple(half[int(PLATE_PX[1] / 2), int(PLATE_PX[0] / 2)]) == BAR


@pytest.mark.parametrize("text", ["+12°", "not measured: " + "something hides your back " * 4, "word " * 60, "a" * 30])
def test_words_are_never_cut_off(text: str) -> None:
    ground = (28, 30, 34)
    block = text_block((Line(text), Line(text, bold=True)), (250, 190), 60, ground)
    rows, columns = np.nonzero((block != ground).any(axis=2))
    assert rows.size > 100
    assert columns.min() >= 8
    assert columns.max() < 250 - 8
    assert rows.max() < 189


def test_a_block_of_words_is_made_once_and_cannot_be_spoilt() -> None:
    asked = ((Line("hold still"),), (200, 80), 40, (0, 0, 0))
    block = text_block(*asked)
    assert text_block(*asked) is block
    with pytest.raises(ValueError, match="read-only"):
        block[0, 0] = 1


def test_a_terminal_is_told_the_same_in_words() -> None:
    assert words(USUAL) == ["Reps: 2", "Upper back: 3° ± 2° more rounded"]
    told = words(replace(USUAL, last=("flag", "Rep 2: flag"), cue="Chest up.", advice="come closer", state=("muted",)))
    assert told[2:] == ["■ Rep 2: flag", "Cue: Chest up.", "come closer", "muted"]
    assert words(Showing(ready=True))[1:] == ["Upper back: not measured", READY]
