"""The set-up coach, on simulated cameras whose place is known, and what must hold of any."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.coach import ANOTHER, NOT_MEASURED, Setup, coach
from spineline.core.figure import Camera
from spineline.core.picture import Light, light
from spineline.core.settings import Settings
from spineline.core.sim import Flaws, Move, simulate
from spineline.core.skeleton import Landmark
from spineline.core.spine import estimate
from spineline.core.track import PoseTrack
from spineline.core.view import trusted
from tests.core.scenes import delayed, mirrored, scaled

SETTINGS = Settings()
DAY = Light(110.0, 45.0)
YAWS_DEG = range(-80, 81, 5)


def standing(flaws: Flaws | None = None, **camera: Any) -> PoseTrack:
    """Film two seconds of standing."""
    flaws = flaws or Flaws(noise_px=2.0)
    return simulate([Move("stand", 2.0)], fps=15.0, camera=Camera(**camera), flaws=flaws, silhouettes=False).track


def said(track: PoseTrack, light: Light = DAY, **more: Any) -> Setup:
    return coach(track, light, SETTINGS, **more)


def kinds(found: Setup) -> list[str]:
    return [advice.kind for advice in found.advice]


def unreadable(track: PoseTrack) -> PoseTrack:
    """Make the spine model unsure of everything."""
    raw = track.spine_raw.copy()
    raw[:, [2, 4]] = 15.0
    return replace(track, spine_raw=raw)


def with_plate(track: PoseTrack, *, ahead_px: float = 0.0) -> PoseTrack:
    """Put a plate before the shoulders."""
    middle = track.landmarks_px[:, [11, 12]].mean(axis=1) + np.array([ahead_px, 20.0])
    return replace(track, plate_px=np.column_stack([middle, np.full(len(track), 90.0), np.ones(len(track))]))


def test_a_good_view_is_ready_and_needs_no_words() -> None:
    assert said(standing(yaw_deg=6.0)) == Setup((), (), 0.0)


@pytest.mark.parametrize("facing", [1, -1])
@pytest.mark.parametrize("yaw_deg", YAWS_DEG)
def test_following_the_advice_makes_it_ready(yaw_deg: float, facing: int) -> None:
    """As in `spineline.core.coach`: ``move_deg`` to the right raises the yaw by that times the facing."""
    rounds, found = 0, said(standing(yaw_deg=yaw_deg, facing=facing))
    while not found.ready:
        rounds += 1
        yaw_deg += facing * found.advice[0].move_deg
        found = said(standing(yaw_deg=yaw_deg, facing=facing), before=found)
        assert rounds <= 3
    assert abs(yaw_deg) <= SETTINGS.view.max_yaw_deg + SETTINGS.view.yaw_bias_deg


@pytest.mark.parametrize(("facing", "yaw_deg"), [(1, 46.0), (1, -34.0), (-1, 46.0), (-1, -34.0)])
def test_where_the_camera_goes(facing: int, yaw_deg: float) -> None:
    """Of a lifter who faces right, the front is on the right: a camera that sees too much of it goes to the left."""
    found = said(standing(facing=facing, yaw_deg=yaw_deg))
    sees_front = yaw_deg > 0
    side = "left" if (facing > 0) == sees_front else "right"
    part = "back" if sees_front else "front"
    assert found.advice[0].words == f"move the camera 40 degrees to the {side}, towards your {part}"
    assert found.notes == (NOT_MEASURED,)


@pytest.mark.parametrize("yaw_deg", [-80.0, 90.0])
def test_seen_from_in_front_or_behind_the_lifter_shall_turn(yaw_deg: float) -> None:
    assert said(standing(yaw_deg=yaw_deg)).advice[0].words == "stand side-on to the camera"


def test_a_camera_somewhat_off_is_corrected_and_says_so() -> None:
    found = said(standing(yaw_deg=21.0))
    assert found.ready
    assert found.notes == ("camera 15 degrees off the side: corrected",)


CAMERAS = st.fixed_dictionaries(
    {
        "yaw_deg": st.floats(-85.0, 85.0),
        "facing": st.sampled_from([1, -1]),
        "px_per_m": st.floats(60.0, 900.0),
        "shift_px": st.tuples(st.floats(-700.0, 700.0), st.floats(-500.0, 500.0)),
    }
)


def swapped(words: str) -> str:
    other = {"left": "right", "right": "left"}
    return re.sub("left|right", lambda found: other[found[0]], words)


@given(CAMERAS, st.sampled_from([0.25, 0.5, 2.0, 4.0]), st.booleans())
def test_a_mirror_swaps_left_and_right_in_the_words_and_pixels_say_nothing(
    camera: dict[str, Any], factor: float, plates: bool
) -> None:
    track = standing(Flaws(), **camera)
    track = unreadable(with_plate(track)) if plates else track
    found, turned = said(track), said(mirrored(track))
    assert [advice.words for advice in turned.advice] == [swapped(advice.words) for advice in found.advice]
    assert [advice.move_deg for advice in turned.advice] == [-advice.move_deg for advice in found.advice]
    assert (turned.notes, kinds(turned)) == (found.notes, kinds(found))
    assert said(scaled(track, factor)) == said(delayed(track, 9.0)) == found or np.isnan(found.yaw_deg)


@given(CAMERAS, st.floats(0.0, 1.0), st.integers(0, 2**31))
def test_ready_means_measured(camera: dict[str, Any], share: float, seed: int) -> None:
    track = standing(Flaws(seed=seed), **camera)
    unsure = np.random.default_rng(seed).random(len(track)) < share
    track = replace(track, spine_raw=np.where(unsure[:, None], unreadable(track).spine_raw, track.spine_raw))
    found = said(track)
    if found.ready:
        believed = trusted(track, max_torso_ratio=SETTINGS.view.max_torso_ratio)
        yaw_deg = np.full(len(track), found.yaw_deg)
        usable = estimate(track, track.facing, yaw_deg, believed, SETTINGS.view).usable
        assert usable.mean() >= SETTINGS.coach.min_usable_share


@pytest.mark.parametrize("gone_s", [(0.0, 3.0), (0.0, 1.5)])
def test_nobody(gone_s: tuple[float, float]) -> None:
    found = said(standing(Flaws(missing_s=[gone_s])))
    assert kinds(found) == ["nobody"]
    assert (found.advice[0].words == "no one in the picture") == (gone_s[1] == 3.0)


def test_no_frames_at_all_are_nobody() -> None:
    assert kinds(said(simulate([Move("stand", 1.0)], time_s=np.array([]), silhouettes=False).track)) == ["nobody"]


def test_frames_now_and_then_without_a_pose_change_nothing() -> None:
    assert said(standing(Flaws(noise_px=2.0, missing_s=[(0.3, 0.5), (1.2, 1.4)]))).ready


def test_somebody_else() -> None:
    beside = said(standing(), people=3)
    assert beside.ready
    assert beside.notes == (ANOTHER,)
    over = said(standing(Flaws(others=[(0.0, 3.0, 0.6)])), people=2)
    assert kinds(over) == ["another_person"]
    assert over.notes == ()


@pytest.mark.parametrize(
    ("camera", "words"),
    [
        ({"shift_px": (0.0, 140.0)}, "your feet are cut off: tilt the camera down"),
        ({"shift_px": (0.0, -300.0)}, "your head is cut off: tilt the camera up"),
        ({"shift_px": (-640.0, 0.0)}, "you are cut off: aim the camera further left"),
        ({"shift_px": (640.0, 0.0)}, "you are cut off: aim the camera further right"),
        ({"px_per_m": 600.0, "shift_px": (0.0, 100.0)}, "you are cut off: step back"),
        ({"px_per_m": 560.0, "shift_px": (0.0, 120.0)}, "you are cut off: step back"),
        ({"px_per_m": 150.0}, "come closer"),
    ],
)
def test_framing(camera: dict[str, Any], words: str) -> None:
    assert [advice.words for advice in said(standing(**camera)).advice] == [words]


@pytest.mark.parametrize("move", [Move("walk", 2.0, travel_m=1.0), Move("descend", 2.0, depth=1.0)])
def test_who_moves_shall_hold_still_first(move: Move) -> None:
    for yaw_deg in (0.0, 50.0):
        camera = Camera(yaw_deg=yaw_deg)
        track = simulate([Move("stand", 0.1), move], fps=15.0, camera=camera, silhouettes=False).track
        assert kinds(said(track)) == ["hold_still"]


@pytest.mark.parametrize("facing", [1, -1])
def test_a_plate_over_the_back(facing: int) -> None:
    track = unreadable(with_plate(standing(yaw_deg=6.0, facing=facing)))
    side = "right" if facing > 0 else "left"
    found = said(track)
    assert found.advice[0].words == (
        f"a plate hides your upper back: move the camera 15 degrees to the {side}, towards your front"
    )
    assert NOT_MEASURED in found.notes
    beside = unreadable(with_plate(standing(yaw_deg=21.0, facing=facing)))
    assert said(beside).advice[0].words == "a plate hides your upper back, also from here"


def test_a_plate_that_hides_nothing_is_no_matter() -> None:
    assert said(with_plate(standing())).ready
    assert kinds(said(unreadable(with_plate(standing(), ahead_px=300.0)))) == ["hidden"]


def test_hands_at_the_shoulders_or_clothes_hide_the_back() -> None:
    track = standing(yaw_deg=6.0)
    assert said(unreadable(track)).advice[0].words.startswith("your back is hidden")
    marks = track.landmarks_px.copy()
    marks[:, [Landmark.LEFT_WRIST, Landmark.RIGHT_WRIST]] = marks[:, [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]]
    held = said(unreadable(replace(track, landmarks_px=marks)))
    assert held.advice[0].words == (
        "your upper back is hidden: move the camera 15 degrees to the right, towards your front"
    )


def test_light_is_told_first() -> None:
    assert kinds(said(standing(yaw_deg=50.0), Light(12.0, 6.0))) == ["too_dark", "move_camera"]
    assert kinds(said(standing(), Light(240.0, 5.0))) == ["too_pale"]
    assert said(standing(), Light(20.0, 48.0)).ready


def test_advice_does_not_flicker() -> None:
    """Around its limit, advice once given stays, and its number too."""
    limit_deg = SETTINGS.view.max_yaw_deg + SETTINGS.view.yaw_bias_deg
    now, words = Setup(()), []
    for off_deg in (-1.0, 0.8, -1.0, 0.8, -1.5, -3.0, 1.5):
        now = said(standing(Flaws(), yaw_deg=limit_deg + off_deg), before=now)
        words.append(now.advice[0].words if now.advice else "")
    assert words[0] == ""
    assert len(set(words[1:])) == 1
    assert said(standing(yaw_deg=limit_deg - 7.0), before=now).ready
    dark = said(standing(), Light(12.0, 6.0))
    assert kinds(said(standing(), Light(15.0, 8.0), before=dark)) == ["too_dark"]
    assert said(standing(), Light(15.0, 8.0)).ready
    assert said(standing(), Light(18.0, 9.0), before=dark).ready


@given(st.integers(0, 255), st.integers(0, 255), st.integers(1, 40), st.integers(1, 40))
def test_light_of_two_halves(low: int, high: int, rows: int, columns: int) -> None:
    image = np.full((16 * rows, 8 * columns, 3), low, dtype=np.uint8)
    image[8 * rows :] = high
    found = light(image)
    assert found.mean == pytest.approx((low + high) / 2, abs=1e-5)
    assert found.spread == pytest.approx(abs(high - low) / 2, abs=1e-5)


def test_light_weighs_colours_as_the_eye_does() -> None:
    red, green, blue = (light(np.eye(3, dtype=np.uint8)[[c]][None] * np.uint8(200)).mean for c in range(3))
    assert blue < red < green
