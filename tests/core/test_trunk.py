"""The trunk's own frame, against slow twins; what is cut and marked in it does not depend on how it is filmed."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spineline.core import figure, trunk
from spineline.core.figure import Camera, Posture
from spineline.core.skeleton import MIRROR, SPINE_POINTS, Landmark
from spineline.core.track import Floats
from spineline.core.trunk import MARKS, PICTURE_SHAPE, PICTURE_STEP, cut_trunk, marks, trunk_frame
from tests import naive
from tests.core.scenes import blob

SEEDS = st.integers(0, 2**32 - 1)
Some = NDArray[np.floating[Any]]
SIGNS = st.sampled_from([1.0, -1.0])
ROUNDING = 0.5 + 2e-3
"""Of 255; the mask is sampled in single precision."""

PLACES, LEAN, TURNED = slice(0, 24), slice(24, 26), slice(26, 32)
SIDE_PX = 420
"""A mask that holds all that is cut of trunks as long as 140 pixels: the farthest corner lies 1.4 lengths away."""


def strewn(seed: int) -> tuple[Floats, Floats]:
    """Give landmarks ``(33, 2)`` and ``(33, 3)`` around an upright trunk one length long, in its own units."""
    draw = np.random.default_rng(seed)
    landmarks, world_m = draw.normal(0.0, 1.0, (33, 2)), draw.normal(0.0, 0.4, (33, 3))
    for part, at in (("SHOULDER", (0.0, 0.0)), ("HIP", (0.0, 1.0))):
        aside = draw.normal(0.0, 0.05, 2)
        landmarks[Landmark[f"LEFT_{part}"]] = at + aside
        landmarks[Landmark[f"RIGHT_{part}"]] = at - aside
    return landmarks, world_m


def soft_body(x: Some, y: Some) -> Floats:
    """Give a mask that changes slowly, 0 to 1, at points in lengths from the shoulders, x to the front and y down."""
    return np.asarray(0.5 + 0.25 * np.sin(3 * x + 2 * y) + 0.25 * np.cos(4 * y - x))


def photographed(
    landmarks: Floats, *, length_px: float, turn_deg: float, at_px: tuple[float, float]
) -> tuple[NDArray[np.float32], Floats]:
    """Film `soft_body`, facing right, with so large a trunk, turned clockwise: the mask and the landmarks in it."""
    cos, sin = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    turn = np.array([[cos, sin], [-sin, cos]])  # of rows (x, y)
    landmarks_px = landmarks @ turn * length_px + at_px
    row, column = np.mgrid[:SIDE_PX, :SIDE_PX]
    centres = np.stack([column + 0.5, row + 0.5], axis=-1)
    body = (centres - at_px) @ turn.T / length_px
    return soft_body(body[..., 0], body[..., 1]).astype(np.float32), landmarks_px


@pytest.mark.parametrize(
    ("seed", "facing", "margin", "length_px", "at_px"),
    [(1, 1.0, 0, 30.0, (40.0, 35.0)), (2, -1.0, 2, 26.5, (30.3, 41.7)), (3, 1.0, 1, 90.0, (5.0, -3.0))],
)
def test_cut_agrees_with_its_twin(
    seed: int, facing: float, margin: int, length_px: float, at_px: tuple[float, float]
) -> None:
    mask = blob(seed, 90, 70, 3.0)
    draw = np.random.default_rng(seed)
    landmarks_px = strewn(seed)[0] * length_px * (1.0, 0.8) + at_px + draw.uniform(-9, 9, (33, 2))
    cut = cut_trunk(mask, landmarks_px, facing, margin=margin)
    expected = np.array(naive.cut_trunk(mask.astype(np.float64), landmarks_px, facing, margin=margin))
    assert cut.shape == expected.shape == (PICTURE_SHAPE[0] + 2 * margin, PICTURE_SHAPE[1] + 2 * margin)
    assert cut.dtype == np.uint8
    assert np.ptp(cut) > 200
    np.testing.assert_allclose(cut, expected, rtol=0, atol=ROUNDING)


@given(SEEDS, SIGNS)
def test_marks_agree_with_their_twin(seed: int, facing: float) -> None:
    draw = np.random.default_rng(seed)
    landmarks_px, world_m = draw.uniform(-50, 300, (33, 2)), draw.normal(0.0, 0.5, (33, 3))
    found = marks(landmarks_px, world_m, facing)
    assert found.shape == (MARKS,)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, naive.marks(landmarks_px, world_m, facing), rtol=0, atol=1e-5)


@given(SEEDS)
def test_the_frame_places_and_finds_points(seed: int) -> None:
    draw = np.random.default_rng(seed)
    landmarks_px, facing = draw.uniform(0, 500, (4, 33, 2)), draw.choice([-1.0, 1.0], 4)
    frame = trunk_frame(landmarks_px, facing)
    shoulder, hip = landmarks_px[:, [11, 12]].mean(axis=1), landmarks_px[:, [23, 24]].mean(axis=1)
    np.testing.assert_allclose(frame.place(shoulder), [[0.0, 0.0]] * 4, atol=1e-9)
    np.testing.assert_allclose(frame.place(hip), [[1.0, 0.0]] * 4, atol=1e-9)
    np.testing.assert_allclose(frame.length_px, np.linalg.norm(hip - shoulder, axis=1), rtol=1e-12)
    place = draw.normal(0, 1, (4, 5, 2))
    np.testing.assert_allclose(frame.place(frame.pixel(place)), place, atol=1e-9)
    points_px = draw.uniform(0, 500, (4, 3, 2, 2))
    found = frame.place(points_px)
    for t, i, j in np.ndindex(4, 3, 2):
        expected = naive.in_trunk(landmarks_px[t], float(facing[t]), points_px[t, i, j])
        np.testing.assert_allclose(found[t, i, j], expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(frame.place(points_px[:, 1, 0]), found[:, 1, 0])


@given(SEEDS, st.floats(60.0, 140.0), st.floats(-180.0, 180.0), st.floats(-9.0, 9.0))
def test_size_turn_and_place_in_the_picture_change_nothing(
    seed: int, length_px: float, turn_deg: float, aside_px: float
) -> None:
    landmarks, world_m = strewn(seed)
    middle = SIDE_PX / 2
    plain, plain_px = photographed(landmarks, length_px=100.0, turn_deg=0.0, at_px=(middle, middle))
    mask, landmarks_px = photographed(
        landmarks, length_px=length_px, turn_deg=turn_deg, at_px=(middle + aside_px, middle - aside_px)
    )
    expected, found = cut_trunk(plain, plain_px, 1.0), cut_trunk(mask, landmarks_px, 1.0)
    columns = -PICTURE_STEP * (np.arange(PICTURE_SHAPE[1]) - (PICTURE_SHAPE[1] - 1) / 2)
    rows = trunk._TOP + PICTURE_STEP * np.arange(PICTURE_SHAPE[0])
    true = 255 * soft_body(columns[None], rows[:, None])
    np.testing.assert_allclose(found, true, rtol=0, atol=1.5)
    np.testing.assert_allclose(found.astype(int), expected, rtol=0, atol=2)
    plain_marks, found_marks = marks(plain_px, world_m, 1.0), marks(landmarks_px, world_m, 1.0)
    for part in (PLACES, TURNED):
        np.testing.assert_allclose(found_marks[part], plain_marks[part], rtol=0, atol=1e-5)
    turned = math.degrees(math.atan2(*found_marks[LEAN]) - math.atan2(*plain_marks[LEAN]))
    assert (turned - turn_deg + 180) % 360 == pytest.approx(180, abs=1e-3)


@given(SEEDS, SIGNS)
def test_a_mirror_changes_nothing(seed: int, facing: float) -> None:
    draw = np.random.default_rng(seed)
    mask = blob(seed, 80, 60, 3.0)
    landmarks, world_m = strewn(seed)
    landmarks_px = landmarks * 35.0 + draw.uniform(20, 40, 2)
    there_px, there_m = landmarks_px[MIRROR] * (-1, 1) + (60, 0), world_m[MIRROR] * (-1, 1, 1)
    found = cut_trunk(np.ascontiguousarray(mask[:, ::-1]), there_px, -facing)
    # Within one level: rounding may go either way.
    assert np.abs(found.astype(int) - cut_trunk(mask, landmarks_px, facing)).max() <= 1
    np.testing.assert_allclose(marks(there_px, there_m, -facing), marks(landmarks_px, world_m, facing), atol=1e-5)


def test_the_margin_lies_around_the_picture() -> None:
    mask, landmarks_px = blob(5, 120, 120, 4.0), strewn(5)[0] * 40.0 + (60, 45)
    plain, wide = cut_trunk(mask, landmarks_px, 1.0), cut_trunk(mask, landmarks_px, 1.0, margin=8)
    assert wide.shape == (PICTURE_SHAPE[0] + 16, PICTURE_SHAPE[1] + 16)
    assert np.abs(wide[8:-8, 8:-8].astype(int) - plain).max() <= 1


def test_beyond_the_mask_there_is_nobody() -> None:
    landmarks_px = strewn(6)[0] * 50.0 + (0.0, 50.0)  # half of the lifter to the left of the mask
    cut = cut_trunk(np.ones((200, 200), dtype=np.float32), landmarks_px, 1.0)
    half = PICTURE_SHAPE[1] // 2
    assert (cut[:, : half - 1] == 255).all(), "the front"
    assert (cut[:, half + 1 :] == 0).all(), "the back"


def test_marks_do_not_grow_without_bounds() -> None:
    landmarks_px, world_m = strewn(7)
    landmarks_px[[Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE]] = (-80.0, 900.0)
    found = marks(landmarks_px, np.zeros_like(world_m), 1.0)
    assert np.abs(found[PLACES]).max() == 6.0
    assert (found[TURNED] == 0).all(), "no shoulders and hips apart, no way that they are turned"


@pytest.mark.parametrize("facing", [1, -1])
def test_a_hinge_leaves_the_trunk_as_it_was(facing: int) -> None:
    """A bent and an upright lifter with one back look alike where neither arms nor thighs are."""
    zero = np.zeros(2)
    trunk_deg = np.array([4.0, 75.0])
    # The arms reach ahead, along the trunk.
    posture = Posture(trunk_deg, zero, zero, zero + 35, zero - 25, 150 - trunk_deg, *[zero] * 6)
    camera = Camera(facing=facing, px_per_m=250.0, image_size_px=(640, 640))
    body = figure.build(posture)
    landmarks_px, world_m = figure.landmarks(body, camera)
    outlines_px = [figure.in_picture(outline, camera) for outline in figure.outlines(body)]
    masks = figure.filled(outlines_px, 640).astype(np.float32)
    cuts = [cut_trunk(masks[i], landmarks_px[i], float(facing)) for i in range(2)]
    back = slice(0, 75), slice(PICTURE_SHAPE[1] // 2, None)
    assert (cuts[0][back] > 127).mean() > 0.2
    assert ((cuts[0][back] > 127) != (cuts[1][back] > 127)).mean() < 0.01
    upright, bent = (marks(landmarks_px[i], world_m[i], float(facing)) for i in range(2))
    head = slice(0, 4)
    np.testing.assert_allclose(bent[head], upright[head], atol=1e-5)
    np.testing.assert_allclose(
        [upright[LEAN], bent[LEAN]], [(math.sin(a), math.cos(a)) for a in np.radians(trunk_deg)], atol=1e-6
    )
    # The back lies where the points of the spine are placed: at the right of the picture.
    places = trunk_frame(landmarks_px, np.full(2, float(facing))).place(figure.in_picture(body.spine, camera))
    from_t3 = places[:, SPINE_POINTS.index("T3") :]
    assert (from_t3[..., 1] > 0).all()
    np.testing.assert_allclose(places[0], places[1], atol=1e-9)
