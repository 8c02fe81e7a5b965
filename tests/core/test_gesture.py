"""One arm raised: simulated arms, and random sequences against what must hold of any."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.figure import Camera
from spineline.core.gesture import ArmRaise, arm_up
from spineline.core.settings import GestureSettings, Settings
from spineline.core.sim import STYLES, Move, lift, simulate
from spineline.core.skeleton import Landmark
from spineline.core.track import Bools, Floats, PoseTrack
from tests.core.scenes import mirrored, posed, scaled

SETTINGS = Settings()
LIMITS = SETTINGS.gesture


def standing(seconds: float = 6.0, *, facing: int = 1, yaw_deg: float = 0.0) -> PoseTrack:
    """Film somebody who stands."""
    camera = Camera(facing=facing, yaw_deg=yaw_deg)
    return simulate([Move("stand", seconds)], fps=20.0, camera=camera, silhouettes=False).track


def raised(track: PoseTrack, sides: str, frames: Bools, *, reach: float = 0.9) -> PoseTrack:
    """Put wrists above their shoulders by ``reach`` torso lengths, and show them well."""
    landmarks_px, visibility = track.landmarks_px.copy(), track.visibility.copy()
    for side in sides.split():
        shoulder, wrist = Landmark[f"{side}_SHOULDER"], Landmark[f"{side}_WRIST"]
        torso_px = landmarks_px[:, Landmark.LEFT_HIP, 1] - landmarks_px[:, Landmark.LEFT_SHOULDER, 1]
        high = landmarks_px[:, shoulder] - np.stack([np.zeros(len(track)), reach * torso_px], axis=1)
        landmarks_px[frames, wrist] = high[frames]
        visibility[frames, wrist] = 0.95
    return replace(track, landmarks_px=landmarks_px, visibility=visibility)


def between(track: PoseTrack, start_s: float, stop_s: float) -> Bools:
    return (track.time_s >= start_s) & (track.time_s < stop_s)


def counted_s(time_s: Floats, up: Floats, limits: GestureSettings = LIMITS) -> list[float]:
    """Return when raises were counted."""
    raises = ArmRaise(limits)
    return [float(t) for t, u in zip(time_s, up, strict=True) if raises.feed(float(t), float(u))]


def seen(track: PoseTrack) -> list[float]:
    return counted_s(track.time_s, arm_up(track, LIMITS, SETTINGS.view))


@pytest.mark.parametrize("side", ["LEFT", "RIGHT"])
@pytest.mark.parametrize("yaw_deg", [-25.0, 0.0, 25.0])
def test_one_arm_held_up_counts_once(side: str, yaw_deg: float) -> None:
    track = standing(yaw_deg=yaw_deg)
    up = raised(track, side, between(track, 1.0, 4.5))
    assert seen(up) == pytest.approx([1.0 + LIMITS.hold_s], abs=0.06)
    assert seen(mirrored(up)) == seen(up)
    assert seen(scaled(up, 0.4)) == seen(up)


def test_it_counts_again_after_the_arm_was_down() -> None:
    track = standing(12.0)
    up = raised(track, "RIGHT", between(track, 1.0, 4.0) | between(track, 6.0, 9.0))
    assert seen(up) == pytest.approx([3.0, 8.0], abs=0.06)


@pytest.mark.parametrize(
    ("sides", "stop_s", "reach"),
    [("LEFT RIGHT", 5.0, 0.9), ("RIGHT", 2.8, 0.9), ("RIGHT", 5.0, 0.0), ("RIGHT", 5.0, 0.6)],
)
def test_what_does_not_count(sides: str, stop_s: float, reach: float) -> None:
    """Both arms; too short; hands at the shoulders as under a bar; a wave beside the head."""
    track = standing()
    assert seen(raised(track, sides, between(track, 1.0, stop_s), reach=reach)) == []


def test_an_arm_behind_the_body_that_is_but_guessed_to_be_up_does_not_forbid_it() -> None:
    track = standing()
    up = raised(track, "LEFT RIGHT", between(track, 1.0, 4.5))
    up.visibility[:, Landmark.LEFT_WRIST] = 0.15
    assert len(seen(up)) == 1


@pytest.mark.parametrize("style", STYLES)
def test_no_lift_is_taken_for_it(style: str) -> None:
    assert seen(posed(style).track) == []


def test_neither_is_waving_with_both_arms() -> None:
    script = [*lift("conventional", reps=1), Move("wave", 4.0), Move("stand", 1.0)]
    assert seen(simulate(script, fps=20.0, silhouettes=False).track) == []


def test_short_gaps_are_bridged_and_not_counted() -> None:
    track = standing()
    up = raised(track, "RIGHT", between(track, 1.0, 5.0))
    gone = between(track, 2.0, 2.4)
    hidden = replace(up, landmarks_px=np.where(gone[:, None, None], np.nan, up.landmarks_px))
    assert seen(hidden)[0] - seen(up)[0] == pytest.approx(0.45, abs=0.06)
    lowered = raised(track, "RIGHT", between(track, 1.0, 5.0) & ~gone)
    assert seen(lowered) == seen(hidden)


def test_long_gaps_begin_anew() -> None:
    track = standing()
    up = raised(track, "RIGHT", between(track, 1.0, 5.5))
    gone = between(track, 2.5, 3.2)
    hidden = replace(up, landmarks_px=np.where(gone[:, None, None], np.nan, up.landmarks_px))
    assert seen(hidden) == pytest.approx([3.2 + LIMITS.hold_s], abs=0.06)


def test_nobody_raises_nothing() -> None:
    track = standing(1.0)
    empty = replace(track, landmarks_px=np.full_like(track.landmarks_px, np.nan))
    assert np.isnan(arm_up(empty, LIMITS, SETTINGS.view)).all()


STEPS = st.lists(
    st.tuples(st.floats(0.01, 0.4), st.sampled_from([0.0, 1.0, 1.0, float("nan")]), st.integers(1, 30)), max_size=12
)


@given(STEPS)
def test_every_count_has_its_time_held_and_its_time_down(steps: list[tuple[float, Literal[0, 1], int]]) -> None:
    time_s = np.cumsum([dt for dt, _, n in steps for _ in range(n)])
    up = np.array([state for _, state, n in steps for _ in range(n)])
    counts = counted_s(time_s, up)
    both_up = np.concatenate([[False], (up[1:] == 1) & (up[:-1] == 1)]) if len(up) else np.array([], dtype=bool)
    since = -np.inf
    for count_s in counts:
        within = (time_s > since) & (time_s <= count_s)
        held_s = np.diff(time_s, prepend=0.0)[within & both_up].sum()
        assert held_s >= LIMITS.hold_s - 1e-9
        if since > -np.inf:
            assert (up[within] == 0).any()
        since = count_s
    if up.size and np.nansum(up) == 0:
        assert counts == []
