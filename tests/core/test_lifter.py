"""Who in the picture is the lifter, and where to look for them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.figure import Camera
from spineline.core.lifter import MAX_SIZE_RATIO, MAX_STEP_SIZES, Person, inside, overlap, same_person, score, window_px
from spineline.core.sim import Move, simulate
from tests import naive

SEEDS = st.integers(0, 2**32 - 1)
PICTURE = (1280, 960)
SIMULATED = {
    depth: simulate([Move("stand", 0.1, depth)], camera=Camera(px_per_m=200.0), silhouettes=False).track
    for depth in (0.0, 1.0)
}


def person(
    at_px: tuple[float, float] = (640.0, 860.0), *, scale: float = 1.0, depth: float = 0.0, visibility: float = 0.9
) -> Person:
    """Give somebody who stands with the ankles there, 350 pixels tall at scale 1."""
    track = SIMULATED[depth]
    landmarks_px = (track.landmarks_px[0] - (640, 864)) * scale + at_px
    return Person(landmarks_px, track.world_m[0], np.full(33, visibility))


def boxed(box: tuple[int, int, int, int]) -> Person:
    """Give somebody whose landmarks fill a box."""
    someone = person()
    landmarks_px = np.tile(np.mean([box[:2], box[2:]], axis=0), (33, 1))
    landmarks_px[0], landmarks_px[1] = box[:2], box[2:]
    return replace(someone, landmarks_px=landmarks_px)


@given(SEEDS, st.integers(0, 4))
def test_overlap_agrees_with_its_twin(seed: int, count: int) -> None:
    draw = np.random.default_rng(seed)

    def box() -> tuple[int, int, int, int]:
        left, top, width, height = (int(v) for v in draw.integers([0, 0, 1, 1], [20, 20, 20, 20]))
        return left, top, left + width, top + height

    mine, others = box(), [box() for _ in range(count)]
    found = overlap(boxed(mine), [boxed(other) for other in others])
    assert found == pytest.approx(naive.overlap(mine, others), abs=1e-9)


def test_size_hardly_changes_in_a_squat() -> None:
    up, down = person(), person(depth=1.0)
    assert up.size_px == pytest.approx(down.size_px, rel=0.02)
    assert up.size_px == pytest.approx(200 * (0.434 + 0.422 + 0.5), rel=0.05)
    assert (up.box_px[3] - up.box_px[1]) > 1.2 * (down.box_px[3] - down.box_px[1])


@given(st.floats(0.2, 3.0), st.floats(-300, 300), st.floats(-300, 300))
def test_size_box_and_centre_follow_scale_and_shift(scale: float, right: float, down: float) -> None:
    one = person()
    other = replace(one, landmarks_px=one.landmarks_px * scale + (right, down))
    assert other.size_px == pytest.approx(one.size_px * scale)
    np.testing.assert_allclose(other.centre_px, one.centre_px * scale + (right, down))
    np.testing.assert_allclose(other.box_px, one.box_px * scale + (right, down, right, down))


def test_the_lifter_is_large_central_and_well_seen() -> None:
    lifter = score(person(), PICTURE)
    assert lifter > score(person(scale=0.5), PICTURE)
    assert lifter > score(person((150.0, 860.0)), PICTURE)
    assert score(person((150.0, 860.0)), PICTURE) == pytest.approx(score(person((1130.0, 860.0)), PICTURE), rel=0.1)
    assert lifter > score(person(visibility=0.5), PICTURE)
    # Large near the edge beats small in the middle.
    assert score(person((200.0, 860.0), scale=1.8), PICTURE) > score(person(scale=0.8), PICTURE)


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_one_body_moves_only_so_far_and_changes_only_so_much(factor: float) -> None:
    before = person()
    step_px = np.array([factor * MAX_STEP_SIZES * before.size_px, 0.0])
    moved = replace(before, landmarks_px=before.landmarks_px + step_px)
    assert same_person(before, moved) == (factor < 1)
    assert same_person(before, moved, 4)
    middle = before.centre_px
    grown = replace(before, landmarks_px=middle + (before.landmarks_px - middle) * MAX_SIZE_RATIO * factor)
    assert same_person(before, grown) == (factor < 1)
    assert same_person(grown, before) == (factor < 1)


def test_standing_up_is_one_body_and_a_neighbour_is_another() -> None:
    assert same_person(person(depth=1.0), person())
    assert not same_person(person(), person((640.0 + 250, 860.0)))
    assert not same_person(person(), person(scale=0.5))


@given(st.floats(100, 1180), st.floats(500, 950), st.floats(0.2, 1.2), st.sampled_from([0.0, 1.0]))
def test_the_window_lies_in_the_picture_and_contains_the_lifter(
    right: float, down: float, scale: float, depth: float
) -> None:
    someone = person((right, down), scale=scale, depth=depth)
    left, top, stop_x, stop_y = window = window_px(someone, PICTURE)
    assert 0 <= left < stop_x <= PICTURE[0]
    assert 0 <= top < stop_y <= PICTURE[1]
    box = np.clip(someone.box_px, 0, (*PICTURE, *PICTURE))
    assert (box[:2] >= (left, top)).all()
    assert (box[2:] <= (stop_x, stop_y)).all()
    assert inside(someone, window, PICTURE)
    up = person((right, down), scale=scale)
    assert inside(up, window_px(person((right, down), scale=scale, depth=1.0), PICTURE), PICTURE)


def test_a_small_lifter_is_looked_at_closely_and_a_large_one_in_the_whole_picture() -> None:
    left, top, right, bottom = window_px(person(scale=0.5), PICTURE)
    assert (right - left) * (bottom - top) < 0.2 * PICTURE[0] * PICTURE[1]
    assert window_px(person(scale=2.2), PICTURE) == (0, 0, *PICTURE)


@pytest.mark.parametrize("edge", range(4))
def test_inside_means_clear_of_every_edge_but_the_pictures(edge: int) -> None:
    someone = person(scale=0.5)
    margin = 0.1 * someone.size_px
    snug = [int(v) for v in someone.box_px + np.array([-1, -1, 1, 1]) * (margin + 2)]
    assert inside(someone, (snug[0], snug[1], snug[2], snug[3]), PICTURE)
    tight = snug.copy()
    tight[edge] += 6 if edge < 2 else -6
    window = (tight[0], tight[1], tight[2], tight[3])
    assert not inside(someone, window, PICTURE)
    # The same edge as the picture's own does not count.
    picture = (tight[2] if edge == 2 else PICTURE[0], tight[3] if edge == 3 else PICTURE[1])
    if edge >= 2:
        assert inside(someone, window, picture)
