"""A kinematic lifter with known truth, for tests, benchmarks and the documentation.

A script of moves drives one number, the depth of the lift (0 standing, 1 bottom), and from it every joint, and apart
from that the curvature of the back. `spineline.core.figure` gives it a body. Masses, muscles and the bar are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from spineline.core import figure
from spineline.core.figure import Body, Camera, Posture, eased
from spineline.core.kinematics import from_vertical_deg, wrapped_deg
from spineline.core.reps import Rep, Start
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.core.terms import Exercise
from spineline.core.track import SILHOUETTE_SIDE, Floats, PoseTrack
from spineline.core.trunk import trunk_frame

__all__ = ["STYLES", "Camera", "Flaws", "Move", "Simulated", "Style", "Truth", "lift", "simulate"]

Phase = Literal["stand", "descend", "bottom", "ascend", "hold", "walk", "wave", "pickup", "abort"]

THORACIC_EDGE_DEG: Final = 35.0
"""Curvature of the edge of the back between C7 and T12 in neutral, about that of a lightly dressed adult."""

LUMBAR_EDGE_DEG: Final = -25.0
"""The same between T12 and S1, negative for a hollow back."""

_LIFTING: Final = ("descend", "bottom", "ascend", "hold", "abort")

PLATE_M: Final = 0.45

_READING_SIGMA_DEG: Final = 1.0
_OWN_BEND_DEG: Final = 7.0
"""The bend is read up to such a constant of the lifter's own."""


@dataclass(frozen=True)
class Style:
    """How one lift looks at its bottom, in degrees.

    ``arm_deg`` is the upper arm, forward from straight down where it ``hangs``, otherwise from along the trunk.
    ``bar`` is where a barbell is, if one is lifted.
    """

    exercise: Exercise
    begins: Start
    trunk_deg: float
    knee_deg: float
    shin_deg: float
    arm_deg: float = 0.0
    elbow_deg: float = 0.0
    hangs: bool = True
    bar: Literal["hands", "shoulders"] | None = None


STYLES: Final[Mapping[str, Style]] = {
    "conventional": Style("deadlift", "floor", 55.0, 75.0, 14.0, bar="hands"),
    "sumo": Style("deadlift", "floor", 47.0, 80.0, 8.0, bar="hands"),
    "kettlebell": Style("deadlift", "floor", 60.0, 60.0, 10.0),
    "romanian": Style("deadlift", "top", 72.0, 22.0, 2.0, bar="hands"),
    "back_squat": Style("squat", "top", 42.0, 115.0, 30.0, 15.0, 140.0, hangs=False, bar="shoulders"),
    "front_squat": Style("squat", "top", 25.0, 120.0, 36.0, 80.0, 140.0, hangs=False, bar="shoulders"),
    "goblet_squat": Style("squat", "top", 28.0, 115.0, 34.0, 10.0, 130.0, hangs=False),
    "bodyweight_squat": Style("squat", "top", 35.0, 110.0, 30.0, 85.0, 5.0, hangs=False),
}
_STANDING: Final = (4.0, 6.0, 3.0)  # trunk, knee and shin of every style, degrees
_STOOPING: Final = (92.0, 60.0, 18.0)  # the same with a hand on the floor, to pick something up


@dataclass(frozen=True)
class Move:
    """One entry of a script.

    Everything after ``seconds`` is reached at its end, smoothly; None keeps what was. ``depth`` and ``travel_m``
    (forward from where the ankles began); curvatures of the edge of the back ``thoracic_deg`` and ``lumbar_deg``; and
    what goes wrong: ``lean_deg`` more of the trunk, ``neck_deg`` flexion, ``bar_m`` forward, ``tilt_deg`` of the
    shoulders, the right one lower.

    An ``abort`` visits them and comes back; a ``pickup`` stoops for something on the floor and comes back. Only a way
    up named ``ascend`` that ``counts`` is a repetition.
    """

    phase: Phase
    seconds: float
    depth: float | None = None
    thoracic_deg: float | None = None
    lumbar_deg: float | None = None
    travel_m: float | None = None
    lean_deg: float | None = None
    neck_deg: float | None = None
    bar_m: float | None = None
    tilt_deg: float | None = None
    counts: bool = True


_STATE: Final = {
    "depth": 0.0,
    "thoracic_deg": THORACIC_EDGE_DEG,
    "lumbar_deg": LUMBAR_EDGE_DEG,
    "travel_m": 0.0,
    "lean_deg": 0.0,
    "neck_deg": 0.0,
    "bar_m": 0.0,
    "tilt_deg": 0.0,
}
"""What a move may ask for, and what it is before any has."""


@dataclass(frozen=True)
class Flaws:
    """What goes wrong.

    Normal noise of every landmark, stretches (from, to) without a pose, and stretches (from, to, share) in which
    somebody else covers a share of the lifter.
    """

    noise_px: float = 0.0
    seed: int = 0
    missing_s: Sequence[tuple[float, float]] = ()
    others: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True, eq=False)
class Truth:
    """What the lifter really did, each ``(T,)``, angles in degrees as in `spineline.core.kinematics`.

    ``neck_deg`` and ``bar_m`` are what the script asked for; ``thoracic_edge_deg`` and ``lumbar_edge_deg`` are
    curvatures of the edge of the back, ``edge_px`` ``(T, n, 2)`` is
    that edge from C7 to S1, ``spine_px`` ``(T, 9, 2)`` the spine points. ``reps`` has those whose way up lies wholly
    within the recording.
    """

    exercise: Exercise
    phase: NDArray[np.str_]
    depth: Floats
    thoracic_edge_deg: Floats
    lumbar_edge_deg: Floats
    trunk_deg: Floats
    knee_deg: Floats
    hip_deg: Floats
    thigh_deg: Floats
    neck_deg: Floats
    bar_m: Floats
    edge_px: Floats
    spine_px: Floats
    reps: tuple[Rep, ...]


@dataclass(frozen=True, eq=False)
class Simulated:
    """A track as the camera saw it, and the truth behind it."""

    track: PoseTrack
    truth: Truth


def lift(
    style: str,
    *,
    reps: int = 3,
    rounding_deg: float | Sequence[float] = 0.0,
    down_s: float = 1.4,
    up_s: float = 1.2,
    low_s: float = 0.2,
    high_s: float = 0.6,
    setup_s: float = 1.2,
    before_s: float = 2.0,
    after_s: float = 2.0,
) -> tuple[Move, ...]:
    """Write the script of one set.

    Parameters
    ----------
    style
        A key of `STYLES`.
    reps
        How many.
    rounding_deg
        Curvature added to the thoracic edge at the bottom, one for all reps or one for each.
    down_s, up_s, low_s, high_s
        How long the ways and the stays at either end take; a stay of 0 is left out.
    setup_s
        Stay at the first bottom of a lift that begins on the floor.
    before_s, after_s
        Standing before and after; without standing before, the recording begins at the bottom.
    """
    each = [float(rounding_deg)] * reps if isinstance(rounding_deg, int | float) else list(rounding_deg)
    floor = STYLES[style].begins == "floor"
    moves = [Move("stand", before_s, 0.0, THORACIC_EDGE_DEG)] if before_s > 0 else []
    for i, more_deg in enumerate(each):
        rounded_deg = THORACIC_EDGE_DEG + more_deg
        moves += [Move("descend", down_s, 1.0, rounded_deg)] if moves else []
        moves.append(Move("bottom", setup_s if floor and i == 0 else low_s, 1.0, rounded_deg))
        moves += [Move("ascend", up_s, 0.0, THORACIC_EDGE_DEG), Move("hold", high_s)]
    if floor:
        moves += [Move("descend", down_s, 1.0), Move("bottom", max(low_s, 0.3)), Move("stand", down_s, 0.0)]
    return tuple(move for move in [*moves, Move("stand", after_s)] if move.seconds > 0)


def simulate(
    script: Sequence[Move],
    *,
    style: str = "conventional",
    fps: float = 30.0,
    time_s: Floats | None = None,
    camera: Camera | None = None,
    flaws: Flaws | None = None,
    silhouettes: bool = True,
) -> Simulated:
    """Record a lifter.

    Parameters
    ----------
    script
        What is done, beginning in the state that the first move asks for.
    style
        A key of `STYLES`.
    fps, time_s
        When frames are taken: at a steady rate over the whole script, or at ``(T,)`` rising times of any kind.
    camera, flaws
        How it is seen.
    silhouettes
        False leaves them empty, which is quicker: repetitions and joint angles do not need them.

    Examples
    --------
    >>> done = simulate(lift("goblet_squat", reps=2), style="goblet_squat", silhouettes=False)
    >>> len(done.truth.reps), done.truth.exercise
    (2, 'squat')
    """
    camera, flaws = camera or Camera(), flaws or Flaws()
    if time_s is None:
        time_s = np.arange(int(sum(move.seconds for move in script) * fps) + 1) / fps
    drive = _drive(script, time_s)
    body = figure.build(_posture(drive, STYLES[style]))
    px, world_m = figure.landmarks(body, camera)
    noise = np.random.default_rng(flaws.seed)
    px = px + noise.normal(0.0, flaws.noise_px, px.shape)
    bits = np.zeros((len(time_s), SILHOUETTE_SIDE**2 // 8), dtype=np.uint8)
    scale_px = np.full(len(time_s), np.nan)
    if silhouettes and len(time_s):
        outlines_px = [figure.in_picture(outline, camera) for outline in figure.outlines(body)]
        bits, scale_px = figure.silhouettes(outlines_px, px, camera.facing)
    track = PoseTrack(
        time_s=time_s,
        landmarks_px=px,
        world_m=world_m + noise.normal(0.0, flaws.noise_px / camera.px_per_m, world_m.shape),
        visibility=_visibility(len(time_s), camera.facing),
        silhouette_bits=bits,
        silhouette_scale_px=scale_px,
        facing=np.full(time_s.shape, float(camera.facing)),
        others=np.zeros(time_s.shape),
        plate_px=_plate(drive, body, STYLES[style], camera, noise.normal(0.0, flaws.noise_px / 2, (len(time_s), 2))),
        spine_raw=_perfect_reading(drive, figure.in_picture(body.spine, camera), px, camera.facing),
        image_size_px=camera.image_size_px,
        source={"file": "simulated"},
    )
    return Simulated(_flawed(track, flaws), _truth(script, time_s, drive, body, style, camera))


@dataclass(frozen=True, eq=False)
class _Drive:
    """State over time, each ``(T,)``: what a script asks for."""

    phase: NDArray[np.str_]
    asked: Mapping[str, Floats]
    stride: Floats
    bob_m: Floats
    reach: Floats  # 0 arms as the style has them, 1 overhead
    stoop: Floats  # 0 as the lift has it, 1 hands on the floor

    def __getitem__(self, name: str) -> Floats:
        return self.asked[name]


def _drive(script: Sequence[Move], time_s: Floats) -> _Drive:
    """Play the script: every number goes from move to move with the least jerk."""
    state = _target(script[0], np.array(list(_STATE.values())))
    values = np.tile(state[:, None], len(time_s))
    phase = np.full(time_s.shape, script[-1].phase, dtype="<U8")
    stride, bob_m, reach, stoop = (np.zeros(time_s.shape) for _ in range(4))
    begin_s = 0.0
    for move in script:
        share = np.clip((time_s - begin_s) / move.seconds, 0.0, 1.0)
        now = (time_s >= begin_s) & (time_s < begin_s + move.seconds)
        target, bump = _target(move, state), np.sin(np.pi * share) ** 2
        there = bump if move.phase == "abort" else eased(share)
        values = np.where(time_s >= begin_s, state[:, None] + (target - state)[:, None] * there, values)
        state = state if move.phase == "abort" else target
        phase[now] = move.phase
        begin_s += move.seconds
        swell = np.where(now, np.minimum(1.0, 8 * share * (1 - share)), 0.0)
        if move.phase == "walk":
            stride += swell * np.sin(2 * np.pi * time_s)
            bob_m -= swell * 0.03 * np.sin(2 * np.pi * time_s) ** 2  # nobody walks taller than they stand
        if move.phase == "pickup":
            stoop += bump
        if move.phase == "wave":
            reach += swell * (0.8 + 0.2 * np.sin(4 * np.pi * time_s))
            bob_m += swell * 0.02
    return _Drive(phase, dict(zip(_STATE, values, strict=True)), stride, bob_m, reach, stoop)


def _target(move: Move, state: Floats) -> Floats:
    """Return what a move asks for, in the order of `_STATE`."""
    asked = (getattr(move, name) for name in _STATE)
    return np.array([old if new is None else new for old, new in zip(state, asked, strict=True)])


def _posture(drive: _Drive, style: Style) -> Posture:
    """Turn depth into joint angles."""
    bottom = (style.trunk_deg, style.knee_deg, style.shin_deg)
    trunk, knee, shin = (
        a + drive["depth"] * (b - a) + drive.stoop * (c - a)
        for a, b, c in zip(_STANDING, bottom, _STOOPING, strict=True)
    )
    trunk = trunk + drive["lean_deg"]
    arm = (style.arm_deg - (0.0 if style.hangs else trunk)) * (1 - drive.stoop)
    arm = arm + np.degrees(np.arcsin(drive["bar_m"] / figure.ARM_M))
    return Posture(
        trunk_deg=trunk,
        knee_deg=knee,
        shin_deg=shin,
        thoracic_edge_deg=drive["thoracic_deg"],
        lumbar_edge_deg=drive["lumbar_deg"],
        upper_arm_deg=arm + drive.reach * (170.0 - arm),
        elbow_deg=style.elbow_deg * (1 - drive.reach) * (1 - drive.stoop),
        neck_deg=drive["neck_deg"],
        tilt_deg=drive["tilt_deg"],
        travel_m=drive["travel_m"],
        bob_m=drive.bob_m,
        stride=drive.stride,
    )


def _perfect_reading(drive: _Drive, spine_px: Floats, landmarks_px: Floats, facing: int) -> Floats:
    """Return ``spine_raw`` of a spine model that makes no mistake, ``(T, RAW)``."""
    thoracic, lumbar = drive["thoracic_deg"] - THORACIC_EDGE_DEG, drive["lumbar_deg"] - LUMBAR_EDGE_DEG
    sigma = np.full_like(thoracic, _READING_SIGMA_DEG)
    angles = np.stack([thoracic, lumbar, sigma, thoracic + _OWN_BEND_DEG, sigma], axis=1)
    trunk = trunk_frame(landmarks_px, np.full(len(spine_px), float(facing)))
    return np.concatenate([angles, trunk.place(spine_px).reshape(len(spine_px), 2 * len(SPINE_POINTS))], axis=1)


def _plate(drive: _Drive, body: Body, style: Style, camera: Camera, noise_px: Floats) -> Floats:
    """Return middle, radius and score of the near plate, ``(T, 4)``; before and after the set it rests on the floor."""
    if style.bar is None or not len(drive.phase):
        return np.full((len(drive.phase), 4), np.nan)
    bar = body.wrist if style.bar == "hands" else body.shoulder
    if style.begins == "floor":
        low, lifting = np.flatnonzero(drive.phase == "bottom"), np.flatnonzero(np.isin(drive.phase, _LIFTING))
        held = np.clip(np.arange(len(bar)), low[0], lifting[-1]) if low.size else np.full(len(bar), len(bar) - 1)
        bar = bar[held]
    radius_px = np.full(len(bar), PLATE_M / 2 * camera.px_per_m)
    return np.column_stack([figure.in_picture(bar, camera) + noise_px, radius_px, np.ones(len(bar))])


def _visibility(frames: int, facing: int) -> Floats:
    """Return ``(T, 33)``: the side turned to the camera is seen well, the other one is half a guess."""
    near = "RIGHT" if facing > 0 else "LEFT"
    return np.tile([0.98 if near in mark.name or mark == Landmark.NOSE else 0.6 for mark in Landmark], (frames, 1))


def _flawed(track: PoseTrack, flaws: Flaws) -> PoseTrack:
    """Put somebody else in front, and take the pose away, in their stretches, ends included."""
    others = track.others.copy()
    for start_s, stop_s, share in flaws.others:
        others[(track.time_s >= start_s) & (track.time_s <= stop_s)] = share
    gone = np.zeros(len(track), dtype=np.bool_)
    for start_s, stop_s in flaws.missing_s:
        gone |= (track.time_s >= start_s) & (track.time_s <= stop_s)
    return replace(
        track,
        landmarks_px=np.where(gone[:, None, None], np.nan, track.landmarks_px),
        world_m=np.where(gone[:, None, None], np.nan, track.world_m),
        visibility=np.where(gone[:, None], np.nan, track.visibility),
        silhouette_bits=np.where(gone[:, None], np.uint8(0), track.silhouette_bits),
        silhouette_scale_px=np.where(gone, np.nan, track.silhouette_scale_px),
        facing=np.where(gone, 0.0, track.facing),
        others=np.where(gone, 0.0, others),
        spine_raw=np.where(gone[:, None], np.nan, track.spine_raw),
    )


def _truth(script: Sequence[Move], time_s: Floats, drive: _Drive, body: Body, style: str, camera: Camera) -> Truth:
    """Read the truth off the body and the script."""
    thigh_deg = from_vertical_deg(body.knee, body.hip)
    return Truth(
        exercise=STYLES[style].exercise,
        phase=drive.phase,
        depth=drive["depth"],
        thoracic_edge_deg=drive["thoracic_deg"],
        lumbar_edge_deg=drive["lumbar_deg"],
        trunk_deg=body.trunk_deg,
        knee_deg=wrapped_deg(from_vertical_deg(body.ankle, body.knee) - thigh_deg),
        hip_deg=wrapped_deg(body.trunk_deg - thigh_deg),
        thigh_deg=-thigh_deg,
        neck_deg=drive["neck_deg"],
        bar_m=drive["bar_m"],
        edge_px=figure.in_picture(body.back, camera),
        spine_px=figure.in_picture(body.spine, camera),
        reps=_true_reps(script, time_s, STYLES[style].begins),
    )


def _true_reps(script: Sequence[Move], time_s: Floats, begins: Start) -> tuple[Rep, ...]:
    """Read the repetitions off the script."""
    ways: list[tuple[str, float, float]] = []  # down and up in turns, neighbours of one name made one
    begin_s = 0.0
    for move in script:
        name: str = move.phase if move.counts else "other"
        if ways and ways[-1][0] == name:
            ways[-1] = (name, ways[-1][1], begin_s + move.seconds)
        elif name in ("descend", "ascend", "other"):
            ways.append((name, begin_s, begin_s + move.seconds))
        begin_s += move.seconds
    if not len(time_s):
        return ()
    first_s, last_s = float(time_s[0]), float(time_s[-1])
    reps: list[Rep] = []
    for i, (way, begin_s, end_s) in enumerate(ways):
        if way != "ascend" or begin_s < first_s or end_s > last_s + 1e-9:
            continue
        if begins == "floor":
            lowered = i + 1 < len(ways) and ways[i + 1][0] == "descend"
            times = (begin_s, end_s, min(last_s, ways[i + 1][2]) if lowered else last_s)
        else:
            lowered = i > 0 and ways[i - 1][0] == "descend"
            down = ways[i - 1][1:] if lowered else (begin_s, begin_s)
            times = (max(first_s, down[0]), max(first_s, down[1]), end_s)
        reps.append(Rep(len(reps) + 1, *times, begins))
    return tuple(reps)
