"""The near plate: drawn pictures whose disc is known."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from spineline.core.picture import Image
from spineline.core.skeleton import Landmark
from spineline.io.plate import MIN_SCORE, Plate, PlateFollower, find_plate

Marks = NDArray[np.float64]
Colour = tuple[int, int, int]

SIZE = (640, 480)
FINE = 16  # cv2 draws to 1/16 of a pixel


@dataclass(frozen=True)
class Scene:
    """A lifter at the floor of a deadlift and a plate; sizes in pixels of a picture of 640 x 480."""

    x: float = 338.3
    y: float = 352.7
    radius: float = 58.0
    ratio: float = 0.97
    plate: Colour = (30, 30, 34)
    wall: Colour = (176, 172, 160)
    clutter: int = 0
    leg_in_front: bool = False
    scale: float = 1.0
    noise: float = 3.0


def _pose() -> Marks:
    marks = np.full((33, 2), (330.0, 170.0))
    places = {
        "SHOULDER": (338, 195), "ELBOW": (345, 265), "WRIST": (345, 325), "INDEX": (346, 340),
        "HIP": (230, 240), "KNEE": (310, 300), "ANKLE": (300, 392),
    }  # fmt: skip
    for name, (x, y) in places.items():
        marks[Landmark[f"LEFT_{name}"]] = x + 4, y + 3
        marks[Landmark[f"RIGHT_{name}"]] = x - 4, y - 3
    return marks


def _disc(image: Image, scene: Scene, radius: float, colour: Colour) -> None:
    middle = (round((scene.x * scene.scale - 0.5) * FINE), round((scene.y * scene.scale - 0.5) * FINE))
    axes = (round(radius * scene.ratio * scene.scale * FINE), round(radius * scene.scale * FINE))
    points = np.array(cv2.ellipse2Poly(middle, axes, 0, 0, 360, 2))
    cv2.fillPoly(image, [points], colour, cv2.LINE_AA, 4)


def _line(image: Image, scene: Scene, start: Marks, end: Marks, width: float, colour: Colour) -> None:
    a, b = ((round(float(p[0]) * scene.scale), round(float(p[1]) * scene.scale)) for p in (start, end))
    cv2.line(image, a, b, colour, max(1, round(width * scene.scale)), cv2.LINE_AA)


def _draw(scene: Scene, *, plate: bool = True) -> tuple[Image, Marks]:
    """Return a picture and the pose in it."""
    rng = np.random.default_rng(3)
    width, height = (round(side * scene.scale) for side in SIZE)
    image = np.full((height, width, 3), scene.wall, dtype=np.uint8)
    image[round(410 * scene.scale) :] = (92, 84, 80)
    for _ in range(scene.clutter):
        corner, side = rng.integers((0, 0), SIZE), rng.integers(20, 160, 2)
        low, high = ((np.array(p) * scene.scale).astype(int).tolist() for p in (corner, corner + side))
        cv2.rectangle(image, low, high, rng.integers(60, 230, 3).tolist(), cv2.FILLED)
    pose = _pose()
    body = [("SHOULDER", "HIP", 60), ("HIP", "KNEE", 44), ("KNEE", "ANKLE", 30), ("SHOULDER", "WRIST", 20)]
    for start, end, thick in body:
        _line(image, scene, pose[Landmark[f"LEFT_{start}"]], pose[Landmark[f"LEFT_{end}"]], thick, (150, 90, 70))
    if plate:
        _disc(image, scene, scene.radius, scene.plate)
        _disc(image, scene, 0.35 * scene.radius, (150, 152, 155))
        _disc(image, scene, 0.1 * scene.radius, (90, 90, 92))
    if scene.leg_in_front:
        _line(image, scene, np.array([318.0, 260.0]), np.array([306.0, 420.0]), 24, (70, 90, 150))
    image = cv2.GaussianBlur(image, (3, 3), 0).astype(np.uint8)
    noisy = image + rng.normal(0, scene.noise, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), pose * scene.scale


def _assert_found(found: Plate | None, scene: Scene, *, centre: float = 0.03, radius: float = 0.04) -> None:
    assert found is not None
    off = np.hypot(found.x_px - scene.x * scene.scale, found.y_px - scene.y * scene.scale)
    assert off < centre * scene.radius * scene.scale
    assert found.radius_px == pytest.approx(scene.radius * scene.scale, rel=radius)
    assert MIN_SCORE <= found.score <= 1


@pytest.mark.parametrize("radius", [46.0, 58.0, 72.0, 86.0])
@pytest.mark.parametrize("ratio", [0.9, 0.94, 1.0])
def test_the_middle_and_the_radius_are_right(radius: float, ratio: float) -> None:
    scene = Scene(radius=radius, ratio=ratio)
    _assert_found(find_plate(*_draw(scene)), scene)


@pytest.mark.parametrize(
    ("plate", "wall"),
    [
        ((30, 30, 34), (176, 172, 160)),
        ((200, 40, 40), (96, 96, 96)),  # as bright as the wall, told by its colour alone
        ((40, 60, 160), (60, 66, 60)),
        ((220, 220, 214), (90, 100, 96)),
        ((40, 40, 42), (70, 70, 70)),
    ],
)
def test_any_colour_that_differs_from_the_wall_is_seen(plate: Colour, wall: Colour) -> None:
    scene = Scene(plate=plate, wall=wall)
    _assert_found(find_plate(*_draw(scene)), scene)


@pytest.mark.parametrize("place", [(300.2, 330.5), (360.6, 300.1), (330.4, 362.9)])
def test_it_is_found_in_clutter_and_behind_a_leg(place: tuple[float, float]) -> None:
    scene = Scene(x=place[0], y=place[1], clutter=12, leg_in_front=True)
    _assert_found(find_plate(*_draw(scene)), scene)


@pytest.mark.parametrize("lost", [0.1, 0.3])
def test_a_plate_cut_by_the_edge_of_the_picture_keeps_its_middle(lost: float) -> None:
    scene = Scene(y=352.7)
    image, pose = _draw(scene)
    bottom = round(scene.y + scene.radius * (1 - 2 * lost))
    _assert_found(find_plate(image[:bottom], pose), scene, centre=0.05, radius=0.06)


def test_a_smaller_plate_in_front_does_not_shrink_it() -> None:
    scene = Scene(radius=70.0)
    image, pose = _draw(scene)
    _disc(image, scene, 0.8 * scene.radius, (60, 60, 66))
    _disc(image, scene, 0.3 * scene.radius, (150, 152, 155))
    _assert_found(find_plate(image, pose), scene)


def test_the_nearer_of_two_plates_is_taken() -> None:
    scene = Scene(radius=66.0)
    far = Scene(x=416.0, y=332.0, radius=45.0)
    image, pose = _draw(far)
    _disc(image, scene, scene.radius, scene.plate)
    _disc(image, scene, 0.35 * scene.radius, (150, 152, 155))
    _assert_found(find_plate(image, pose), scene)


@pytest.mark.parametrize("clutter", [0, 6, 12, 25])
def test_a_lifter_without_a_plate_gives_none(clutter: int) -> None:
    assert find_plate(*_draw(Scene(clutter=clutter), plate=False)) is None


@pytest.mark.parametrize(
    "elsewhere",
    [
        Scene(x=560.0, y=120.0),  # a clock on the wall
        Scene(x=70.0, y=330.0),  # a ball at the wall
        Scene(x=345.0, y=340.0, radius=22.0),  # a kettlebell
    ],
)
def test_round_things_of_another_place_or_size_are_no_plate(elsewhere: Scene) -> None:
    assert find_plate(*_draw(elsewhere)) is None


@pytest.mark.parametrize("seed", range(5))
def test_noise_alone_gives_none(seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert find_plate(image, _pose()) is None


def test_a_mirrored_picture_gives_the_mirrored_plate() -> None:
    image, pose = _draw(Scene(clutter=8))
    plain, turned = find_plate(image, pose), find_plate(image[:, ::-1], (SIZE[0], 0) + pose * (-1, 1))
    assert plain is not None
    assert turned is not None
    assert SIZE[0] - turned.x_px == pytest.approx(plain.x_px, abs=0.5)
    assert turned.y_px == pytest.approx(plain.y_px, abs=0.5)
    assert turned.radius_px == pytest.approx(plain.radius_px, rel=0.02)


@pytest.mark.parametrize("scale", [0.4, 0.7, 1.6, 3.0])
def test_the_size_of_the_picture_does_not_matter(scale: float) -> None:
    scene = replace(Scene(clutter=5), scale=scale)
    _assert_found(find_plate(*_draw(scene)), scene, centre=0.04, radius=0.05)


def test_the_find_before_is_only_a_hint() -> None:
    scene = Scene()
    image, pose = _draw(scene)
    alone = find_plate(image, pose)
    _assert_found(find_plate(image, pose, alone), scene)
    _assert_found(find_plate(image, pose, Plate(250.0, 250.0, 90.0, 1.0)), scene)
    assert find_plate(*_draw(scene, plate=False), alone) is None


@pytest.mark.parametrize(
    "previous", [Plate(-900.0, 1e4, 50.0, 1.0), Plate(338.0, 352.0, 1e-3, 1.0), Plate(0.0, 0.0, 1e5, 1.0)]
)
def test_an_absurd_find_before_does_no_harm(previous: Plate) -> None:
    scene = Scene()
    _assert_found(find_plate(*_draw(scene), previous), scene)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e300])
def test_landmarks_that_are_no_places_give_none(value: float) -> None:
    image, pose = _draw(Scene())
    pose[Landmark.LEFT_WRIST, 0] = value
    assert find_plate(image, pose) is None


@pytest.mark.parametrize("shift", [(-3000.0, 0.0), (3000.0, 0.0), (0.0, -3000.0), (0.0, 3000.0)])
def test_a_lifter_outside_the_picture_gives_none(shift: tuple[float, float]) -> None:
    image, pose = _draw(Scene())
    assert find_plate(image, pose + shift) is None


def test_a_lifter_of_no_size_gives_none() -> None:
    image, pose = _draw(Scene())
    assert find_plate(image, np.full_like(pose, 300.0)) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 640), (480, 1), (20, 20), (25, 400)])
def test_tiny_pictures_give_none(size: tuple[int, int]) -> None:
    assert find_plate(np.zeros((*size, 3), dtype=np.uint8), _pose()) is None


def test_a_flat_picture_gives_none() -> None:
    assert find_plate(np.full((480, 640, 3), 128, dtype=np.uint8), _pose()) is None


def _moved(scene: Scene, up_px: float) -> Image:
    """Return a picture of the bar so far up, without a lifter."""
    image = _draw(replace(scene, noise=0.0), plate=False)[0]
    raised = replace(scene, y=scene.y - up_px)
    _disc(image, raised, raised.radius, raised.plate)
    return image


def test_a_lifter_who_looks_small_for_a_moment_does_not_shrink_the_plate() -> None:
    scene = Scene()
    image, pose = _draw(scene)
    follower = PlateFollower()
    for i in range(6):
        follower.follow(image, i / 30, pose)
    folded = 0.4 * (pose - pose.mean(axis=0)) + pose.mean(axis=0)  # half of it is hidden
    alone = find_plate(image, folded)
    assert alone is None or alone.radius_px < 0.5 * scene.radius
    found = follower.follow(image, 0.25, folded)
    assert found is not None
    _assert_found(Plate(*found), scene)


def test_the_bar_is_followed_where_the_lifter_stays_lost() -> None:
    scene = Scene()
    image, pose = _draw(scene)
    follower = PlateFollower()
    follower.follow(image, 0.0, pose)
    for i in range(1, 200):
        up_px = 110.0 * (1 - np.cos(i / 15))
        found = follower.follow(_moved(scene, up_px), i / 15, None)
        assert found is not None, i
        assert found[1] == pytest.approx(scene.y - up_px, abs=4.0)


def test_with_bar_and_lifter_lost_it_is_given_up() -> None:
    image, pose = _draw(Scene())
    empty = _draw(Scene(), plate=False)[0]
    follower = PlateFollower()
    assert follower.follow(image, 0.0, None) is None
    assert follower.follow(image, 0.1, pose) is not None
    assert follower.follow(empty, 3.0, None) is None
    assert follower.follow(image, 4.0, None) is not None
    assert follower.follow(empty, 6.0, None) is None
    assert follower.follow(image, 8.5, None) is None
