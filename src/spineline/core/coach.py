"""The set-up coach: from what was seen in the last two seconds to what keeps the back from being measured.

Where the camera has to go is said in degrees around the lifter, and in left and right as seen from behind the camera.
A camera that goes around to the right comes to see more of the front of a lifter who faces the right of the picture,
and more of the back of one who faces left: the yaw rises by that angle times the facing (+1 right, -1 left). So from
yaw ``y`` to yaw ``z`` it goes ``facing * (z - y)`` degrees to the right. Only the picture shown may be mirrored, never
the one that is measured; behind the camera, left stays left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from spineline.core import spine, view
from spineline.core.picture import Light
from spineline.core.settings import CoachSettings, Settings
from spineline.core.skeleton import Landmark
from spineline.core.track import Bools, Floats, PoseTrack, Texts

Kind = Literal[
    "too_dark",
    "too_pale",
    "nobody",
    "another_person",
    "cut_off",
    "come_closer",
    "hold_still",
    "plate",
    "side_on",
    "move_camera",
    "hidden",
]
"""What advice is about, the most important first."""

_SHOULDERS: Final = (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER)
_HIPS: Final = (Landmark.LEFT_HIP, Landmark.RIGHT_HIP)
_WHOLE: Final = tuple(
    mark for mark in Landmark if mark.name.split("_")[-1] in ("EAR", "SHOULDER", "HIP", "KNEE", "ANKLE")
)

_AIM: Final = (
    "you are cut off: aim the camera further left",
    "your head is cut off: tilt the camera up",
    "you are cut off: aim the camera further right",
    "your feet are cut off: tilt the camera down",
)
"""What to do about each edge of the picture: left, top, right, bottom."""

_ROOM_TORSOS: Final = np.array([0.2, 0.3, 0.2, 0.2])
"""How much further than the landmarks the body reaches towards each edge."""

_MID_THORAX: Final = 0.3  # of the way from shoulder to hip
_HALF: Final = 0.5

NOT_MEASURED: Final = "the upper back is not measured from here"
FRONT_SQUAT: Final = "with the bar before your neck, towards your back instead"
ANOTHER: Final = "someone else is in the picture"


@dataclass(frozen=True)
class Advice:
    """One thing to do: ``words`` for the lifter; ``move_deg`` how far the camera goes around them, + to the right."""

    kind: Kind
    words: str
    move_deg: float = 0.0


@dataclass(frozen=True)
class Setup:
    """What keeps the back from being measured, the most important first, and what else there is to say.

    ``yaw_deg`` is where the camera stands, as said: rounded, and kept while it changes little; NaN if unknown.
    """

    advice: tuple[Advice, ...]
    notes: tuple[str, ...] = ()
    yaw_deg: float = float("nan")

    @property
    def ready(self) -> bool:
        """Whether the back can be measured."""
        return not self.advice


@dataclass(frozen=True, eq=False)
class _Seen:
    """The window, and what was said last: limits that hold advice are harder to come back from."""

    track: PoseTrack
    settings: Settings
    before: Setup
    trusted: Bools
    reason: Texts
    yaw_deg: float
    facing: int
    torso_px: float

    @property
    def limits(self) -> CoachSettings:
        return self.settings.coach

    def over(self, value: float, limit: float, kind: Kind) -> bool:
        """Tell whether a value is beyond its limit; by a margin less where advice of this kind stands."""
        stands = any(advice.kind == kind for advice in self.before.advice)
        return value > limit - abs(limit) * self.limits.slack * stands

    def under(self, value: float, limit: float, kind: Kind) -> bool:
        """Tell the same of a value that shall be above its limit."""
        return self.over(-value, -limit, kind)

    def mostly(self, frames: Bools, kind: Kind) -> bool:
        """Tell whether that holds in too many of the frames."""
        return self.over(float(frames.mean()), 1 - self.limits.min_usable_share, kind)


def coach(
    track: PoseTrack,
    light: Light,
    settings: Settings,
    *,
    people: int | None = None,
    before: Setup | None = None,
) -> Setup:
    """Say what to change before the first repetition.

    Parameters
    ----------
    track
        The last one or two seconds, T frames, also those without anybody.
    light
        That of the newest picture.
    settings
        Thresholds.
    people
        How many are in sight, if known.
    before
        What was said last, so that advice does not flicker.
    """
    seen = _look(track, settings, before or Setup(()))
    advice = [*_light(seen, light), *_person(seen)]
    if any(each.kind == "nobody" for each in advice):
        return Setup(tuple(advice))
    yaw_deg = _held(seen)
    advice += _framing(seen)
    advice += _place(seen, yaw_deg, alone=not advice)
    return Setup(tuple(advice), tuple(_notes(advice, people, yaw_deg, seen.limits)), yaw_deg)


def _look(track: PoseTrack, settings: Settings, before: Setup) -> _Seen:
    facing = view.steady_facing(track.time_s, track.facing)
    trusted = view.trusted(track, max_torso_ratio=settings.view.max_torso_ratio)
    yaw_deg = view.yaw_deg(track.world_m, facing) - settings.view.yaw_bias_deg
    # As if from the side: what else is wrong shall be known as well.
    found = spine.estimate(track, facing, np.zeros(len(track)), trusted, settings.view)
    return _Seen(
        track=track,
        settings=settings,
        before=before,
        trusted=trusted,
        reason=found.reason,
        yaw_deg=_median(yaw_deg[trusted]),
        facing=1 if facing[trusted].sum() > 0 else -1,
        torso_px=_median(view.torso_px(track.landmarks_px)[trusted]),
    )


def _median(values: Floats) -> float:
    return float(np.median(values)) if values.size else float("nan")


def _held(seen: _Seen) -> float:
    """Round the yaw, and keep what was said last unless that is too far off."""
    step_deg, last_deg = seen.limits.step_deg, seen.before.yaw_deg
    if abs(seen.yaw_deg - last_deg) < step_deg * (0.5 + seen.limits.slack):
        return last_deg
    return step_deg * round(seen.yaw_deg / step_deg)


def _light(seen: _Seen, light: Light) -> Iterator[Advice]:
    """Advise on the light: a lifter lit before a black wall is seen well, so darkness alone says nothing."""
    kind: Kind = "too_dark" if light.mean < seen.limits.dark_mean else "too_pale"
    if seen.under(light.spread, seen.limits.min_spread, kind):
        yield Advice(kind, "too dark" if kind == "too_dark" else "too pale: turn the camera from the light, or wipe it")


def _person(seen: _Seen) -> Iterator[Advice]:
    """Advise on who is in sight."""
    if not len(seen.track) or seen.mostly(seen.reason == "no_pose", "nobody"):
        anybody = bool(seen.track.seen.any())
        yield Advice(
            "nobody", "you are not found: show your whole body, clear of plates" if anybody else "no one in the picture"
        )
    elif seen.mostly(seen.reason == "second_person", "another_person"):
        yield Advice("another_person", f"{ANOTHER}: stand apart")


def _framing(seen: _Seen) -> Iterator[Advice]:
    """Advise on what the picture cuts off, and on the lifter's size in it."""
    parts = seen.track.landmarks_px[seen.trusted][:, _WHOLE]
    size_px = np.array(seen.track.image_size_px)
    marks = np.concatenate([-parts.min(axis=1), parts.max(axis=1) - size_px], axis=1)
    beyond = marks / seen.torso_px + _ROOM_TORSOS
    cut = [seen.mostly(over > 0, "cut_off") for over in beyond.T]
    if any(cut):
        yield Advice("cut_off", _reframing(cut, np.median(beyond, axis=0)))
    elif seen.under(seen.torso_px / max(size_px), seen.limits.min_torso_share, "come_closer"):
        yield Advice("come_closer", "come closer")


def _reframing(cut: list[bool], beyond: Floats) -> str:
    """Say how to bring the whole body in, from how far it reaches beyond each edge, in torso lengths."""
    edge = cut.index(True)
    room = -beyond[(edge + 2) % 4]
    if sum(cut) > 1 or room < beyond[edge]:
        return "you are cut off: step back"
    return _AIM[edge]


def _place(seen: _Seen, yaw_deg: float, *, alone: bool) -> Iterator[Advice]:
    """Advise on where the camera stands, once the lifter does; on what hides the back if nothing else is wrong."""
    covered: Kind = "plate" if _plate_covers(seen) else "hidden"
    unread = alone and seen.mostly(seen.reason != "", covered)
    if seen.over(_sway(seen), seen.limits.max_sway_torsos, "hold_still"):
        yield Advice("hold_still", "hold still")
    elif unread and covered == "plate":
        yield _uncovered(seen, yaw_deg, "plate", "a plate hides your upper back")
    elif seen.over(abs(seen.yaw_deg), seen.settings.view.across_deg, "side_on"):
        yield Advice("side_on", "stand side-on to the camera", -seen.facing * yaw_deg)
    elif seen.over(abs(seen.yaw_deg), seen.settings.view.max_yaw_deg, "move_camera"):
        yield _moved("move_camera", "", -seen.facing * yaw_deg, seen.facing)
    elif unread and _mostly_held(seen):
        yield _uncovered(seen, yaw_deg, "hidden", "your upper back is hidden")
    elif unread:
        yield Advice("hidden", "your back is hidden: clear arms, hair and loose clothes from it")


def _sway(seen: _Seen) -> float:
    """Return how far the shoulders come around in the window, in torso lengths."""
    middle_px = seen.track.landmarks_px[seen.trusted][:, _SHOULDERS].mean(axis=1)
    return float(np.ptp(np.percentile(middle_px, (10, 90), axis=0), axis=0).max() / seen.torso_px)


def _plate_covers(seen: _Seen) -> bool:
    """Tell whether the near plate lies over the upper back most of the time."""
    shoulder, hip = (seen.track.landmarks_px[seen.trusted][:, pair].mean(axis=1) for pair in (_SHOULDERS, _HIPS))
    x_px, y_px, radius_px, _ = seen.track.plate_px[seen.trusted].T
    apart = shoulder + _MID_THORAX * (hip - shoulder) - np.stack([x_px, y_px], axis=1)
    with np.errstate(invalid="ignore"):
        return float((np.hypot(apart[:, 0], apart[:, 1]) < radius_px).mean()) > _HALF


def _mostly_held(seen: _Seen) -> bool:
    """Tell whether a hand is at its shoulder most of the time, as under a bar."""
    return float(spine.hand_at_shoulder(seen.track, seen.settings.view)[seen.trusted].mean()) > _HALF


def _uncovered(seen: _Seen, yaw_deg: float, kind: Kind, what: str) -> Advice:
    """Say from where one sees past the plates; under them a pose may turn any way, so never farther than that."""
    known_deg = yaw_deg if 0 < yaw_deg <= seen.settings.view.max_yaw_deg else 0.0
    ahead_deg = seen.limits.ahead_deg - known_deg
    if ahead_deg < seen.limits.step_deg:
        return Advice(kind, f"{what}, also from here")
    return _moved(kind, f"{what}: ", seen.facing * ahead_deg, seen.facing)


def _moved(kind: Kind, why: str, move_deg: float, facing: int) -> Advice:
    """Say how far to move the camera around the lifter, and which way."""
    side, part = ("right", 1) if move_deg > 0 else ("left", -1)
    towards = "front" if part == facing else "back"
    words = f"{why}move the camera {abs(move_deg):.0f} degrees to the {side}, towards your {towards}"
    return Advice(kind, words, move_deg)


def _notes(advice: list[Advice], people: int | None, yaw_deg: float, limits: CoachSettings) -> Iterator[str]:
    """Say what is not perfect but corrected, or is not and cannot be."""
    kinds = {each.kind for each in advice}
    if kinds & {"side_on", "move_camera", "plate", "hidden"}:
        yield NOT_MEASURED
        if any(each.move_deg for each in advice) and kinds & {"plate", "hidden"}:
            yield FRONT_SQUAT
    elif not advice and abs(yaw_deg) >= limits.worth_saying_deg:
        yield f"camera {abs(yaw_deg):.0f} degrees off the side: corrected"
    if people is not None and people > 1 and "another_person" not in kinds:
        yield ANOTHER
