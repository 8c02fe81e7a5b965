"""A kinematic lifter with known truth, for tests, benchmarks and the documentation.

The body is planar, with segment lengths after de Leva (1996). A script of moves drives one number, the depth of the
lift (0 standing, 1 bottom), and from it every joint. The edge of the back is built by integrating its tangent along
the arc, so that its curvature between C7 and T12 and between T12 and S1 is exactly the one asked for. Off a side view
the body is narrowed like a figure cut out of cardboard. Masses, muscles and the bar itself are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from spineline.core.kinematics import from_vertical_deg, wrapped_deg
from spineline.core.reps import Exercise, Rep, Start
from spineline.core.silhouette import HALF_WIDTH_AREAS
from spineline.core.skeleton import N_LANDMARKS, Landmark
from spineline.core.track import SILHOUETTE_SIDE, Bools, Floats, PoseTrack

Phase = Literal["stand", "descend", "bottom", "ascend", "hold", "walk", "wave", "pickup", "abort"]

THORACIC_EDGE_DEG: Final = 35.0
"""Curvature of the edge of the back between C7 and T12 in neutral, about that of a lightly dressed adult."""

LUMBAR_EDGE_DEG: Final = -25.0
"""The same between T12 and S1, negative for a hollow back."""

_BACK_M: Final = 0.515  # along the edge from C7 to S1
_HALF_DEPTH_M: Final = 0.11  # from the edge to the line shoulder - hip
_UPPER_ARM_M: Final = 0.282
_FOREARM_M: Final = 0.269
_HAND_M: Final = 0.086
_THIGH_M: Final = 0.422
_SHANK_M: Final = 0.434
_ANKLE_M: Final = 0.08

_ARC: Final = np.linspace(-0.20, 1.12, 133)
"""Where the edge is computed, in shares of the arc: 0 at C7, 1 at S1."""

_THORACIC_BEND: Final = (0.10, 0.57)
_LUMBAR_BEND: Final = (0.63, 0.93)
"""The edge bends between these shares of the arc; around C7, T12 and S1 it runs straight."""


@dataclass(frozen=True)
class Style:
    """How one lift looks at its bottom, angles in degrees; ``arms_deg`` of the upper arm (forward) and of the elbow."""

    exercise: Exercise
    begins: Start
    trunk_deg: float
    knee_deg: float
    shin_deg: float
    arms_deg: tuple[float, float] = (0.0, 0.0)
    hanging: bool = True


STYLES: Final[Mapping[str, Style]] = {
    "conventional": Style("deadlift", "floor", 55.0, 75.0, 14.0),
    "sumo": Style("deadlift", "floor", 47.0, 80.0, 8.0),
    "kettlebell": Style("deadlift", "floor", 60.0, 60.0, 10.0),
    "romanian": Style("deadlift", "top", 72.0, 22.0, 2.0),
    "back_squat": Style("squat", "top", 42.0, 115.0, 30.0, (15.0, 140.0), hanging=False),
    "front_squat": Style("squat", "top", 25.0, 120.0, 36.0, (80.0, 140.0), hanging=False),
    "goblet_squat": Style("squat", "top", 28.0, 115.0, 34.0, (10.0, 130.0), hanging=False),
    "bodyweight_squat": Style("squat", "top", 35.0, 110.0, 30.0, (85.0, 5.0), hanging=False),
}
_STANDING: Final = (4.0, 6.0, 3.0)  # trunk, knee and shin of every style, degrees


@dataclass(frozen=True)
class Move:
    """One entry of a script.

    ``depth``, ``thoracic_deg``, ``lumbar_deg`` (curvatures of the edge) and ``travel_m`` (forward, from the beginning)
    are reached at its end, smoothly; None keeps what was. A ``pickup`` and an ``abort`` visit ``depth`` and come back.
    Only a way up named ``ascend`` that ``counts`` is a repetition.
    """

    phase: Phase
    seconds: float
    depth: float | None = None
    thoracic_deg: float | None = None
    lumbar_deg: float | None = None
    travel_m: float | None = None
    counts: bool = True


@dataclass(frozen=True)
class Camera:
    """Where the camera stands: ``facing`` +1 if the lifter faces the right of the picture, else -1."""

    facing: int = 1
    yaw_deg: float = 0.0
    px_per_m: float = 400.0
    shift_px: tuple[float, float] = (0.0, 0.0)
    image_size_px: tuple[int, int] = (1280, 960)


@dataclass(frozen=True)
class Flaws:
    """What goes wrong: normal noise of the landmarks, stretches without a pose, stretches shared with somebody else."""

    noise_px: float = 0.0
    seed: int = 0
    missing_s: Sequence[tuple[float, float]] = ()
    others: Sequence[tuple[float, float, float]] = ()  # from, to, share


@dataclass(frozen=True, eq=False)
class Truth:
    """What the lifter really did, each ``(T,)``, angles in degrees as in `spineline.core.kinematics`.

    ``thoracic_edge_deg`` and ``lumbar_edge_deg`` are curvatures of the edge of the back, ``edge_px`` ``(T, n, 2)`` is
    that edge from C7 to S1. ``reps`` has those whose way up lies wholly within the recording.
    """

    exercise: Exercise
    phase: NDArray[np.str_]
    depth: Floats
    thoracic_edge_deg: Floats
    lumbar_edge_deg: Floats
    trunk_deg: Floats
    knee_deg: Floats
    hip_deg: Floats
    neck_deg: Floats
    edge_px: Floats
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
    after_s: float = 1.0,
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
        How long the ways and the stays take; a stay of 0 is left out.
    setup_s
        Stay at the first bottom of a lift that begins on the floor.
    before_s, after_s
        Standing before and after; without standing before, a lift from the floor begins at the bottom.
    """
    each = [float(rounding_deg)] * reps if isinstance(rounding_deg, int | float) else list(rounding_deg)
    floor = STYLES[style].begins == "floor"
    moves = [Move("stand", before_s, 0.0, THORACIC_EDGE_DEG)] if before_s > 0 or not floor else []
    for i, more_deg in enumerate(each):
        rounded_deg = THORACIC_EDGE_DEG + more_deg
        if moves:
            moves.append(Move("descend", down_s, 1.0, rounded_deg))
        moves.append(Move("bottom", setup_s if floor and i == 0 else low_s, 1.0, rounded_deg))
        moves += [Move("ascend", up_s, 0.0, THORACIC_EDGE_DEG), Move("hold", high_s)]
    if floor:
        moves += [Move("descend", down_s, 1.0), Move("bottom", max(low_s, 0.3)), Move("hold", down_s, 0.0)]
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
    body = _body(drive, STYLES[style])
    px, world_m = _project(body, camera)
    noise = np.random.default_rng(flaws.seed)
    px = px + noise.normal(0.0, flaws.noise_px, px.shape)
    world_m = world_m + noise.normal(0.0, flaws.noise_px / camera.px_per_m, world_m.shape)
    bits = np.zeros((len(time_s), SILHOUETTE_SIDE**2 // 8), dtype=np.uint8)
    scale_px = np.full(len(time_s), np.nan)
    if silhouettes:
        bits, scale_px = _silhouettes([_in_picture(outline, camera) for outline in _outlines(body)], px, camera.facing)
    track = PoseTrack(
        time_s=time_s,
        landmarks_px=px,
        world_m=world_m,
        visibility=_visibility(len(time_s), camera.facing),
        silhouette_bits=bits,
        silhouette_scale_px=scale_px,
        facing=np.full(len(time_s), float(camera.facing)),
        others=sum(((time_s >= a) & (time_s <= b)) * share for a, b, share in flaws.others) + np.zeros(len(time_s)),
        spine_raw=np.empty((len(time_s), 0)),
        image_size_px=camera.image_size_px,
        source={"file": "simulated"},
    )
    return Simulated(_with_gaps(track, flaws.missing_s), _truth(script, time_s, drive, body, style, camera))


@dataclass(frozen=True, eq=False)
class _Drive:
    """State over time, each ``(T,)``: what a script asks for."""

    phase: NDArray[np.str_]
    depth: Floats
    thoracic_deg: Floats
    lumbar_deg: Floats
    travel_m: Floats
    stride: Floats  # -1..1, a leg forward or back
    bob_m: Floats
    reach: Floats  # 0 arms as the style has them, 1 overhead


def _drive(script: Sequence[Move], time_s: Floats) -> _Drive:
    """Play the script: every number goes from move to move with the least jerk."""
    first = script[0]
    state = np.array([first.depth or 0.0, THORACIC_EDGE_DEG, LUMBAR_EDGE_DEG, first.travel_m or 0.0])
    state = _target(first, state)
    values = np.tile(state[:, None], len(time_s))
    phase = np.full(time_s.shape, script[-1].phase, dtype="<U8")
    stride, bob_m, reach = (np.zeros(time_s.shape) for _ in range(3))
    begin_s = 0.0
    for move in script:
        share = np.clip((time_s - begin_s) / move.seconds, 0.0, 1.0)
        now = (time_s >= begin_s) & (time_s < begin_s + move.seconds)
        target = _target(move, state)
        there = np.sin(np.pi * share) ** 2 if move.phase in ("pickup", "abort") else _eased(share)
        values = np.where(time_s >= begin_s, state[:, None] + (target - state)[:, None] * there, values)
        phase[now] = move.phase
        begin_s += move.seconds
        state = state if move.phase in ("pickup", "abort") else target
        swell = np.where(now, np.minimum(1.0, 8 * share * (1 - share)), 0.0)
        if move.phase == "walk":
            stride += swell * np.sin(2 * np.pi * time_s)
            bob_m += swell * 0.03 * np.sin(2 * np.pi * time_s) ** 2
        if move.phase == "wave":
            reach += swell * (0.8 + 0.2 * np.sin(4 * np.pi * time_s))
            bob_m += swell * 0.02
    return _Drive(phase, *values, stride, bob_m, reach)


def _target(move: Move, state: Floats) -> Floats:
    """State at the end of a move, ``(4,)``."""
    asked = (move.depth, move.thoracic_deg, move.lumbar_deg, move.travel_m)
    return np.array([old if new is None else new for old, new in zip(state, asked, strict=True)])


def _eased(share: Floats) -> Floats:
    """Turn 0..1 into 0..1 with the least jerk."""
    return np.asarray(share**3 * (10 - 15 * share + 6 * share**2))


def _direction(inclination_deg: Floats) -> Floats:
    """Unit vectors ``(..., 2)`` that lean forward from vertical."""
    angle = np.radians(inclination_deg)
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)


@dataclass(frozen=True, eq=False)
class _Body:
    """Points in the sagittal plane, each ``(T, 2)`` in metres, x forward and y up; ``edge`` ``(T, n, 2)``."""

    ankle: Floats
    knee: Floats
    hip: Floats
    shoulder: Floats
    elbow: Floats
    wrist: Floats
    head: Floats
    edge: Floats
    head_deg: Floats
    forearm_deg: Floats
    trunk_deg: Floats
    stride: Floats


def _body(drive: _Drive, style: Style) -> _Body:
    """Put the joints in place from the ankle up."""
    bottom = (style.trunk_deg, style.knee_deg, style.shin_deg)
    trunk, knee, shin = (a + drive.depth * (b - a) for a, b in zip(_STANDING, bottom, strict=True))
    ankle = np.stack([drive.travel_m, _ANKLE_M + drive.bob_m], axis=1)
    knee_at = ankle + _SHANK_M * _direction(shin)
    hip = knee_at + _THIGH_M * _direction(shin - knee)
    edge, edge_deg = _back_edge(drive, trunk)
    normal = _direction(trunk + 90.0)  # forward, at right angles to the trunk
    edge = edge + (hip - _HALF_DEPTH_M * normal)[:, None]
    c7 = edge[:, _index(0.0)]
    shoulder = c7 + _HALF_DEPTH_M * normal
    head_deg = edge_deg[:, _index(0.0)] - 5.0
    head = c7 + 0.09 * _direction(head_deg + 90.0) + 0.15 * _direction(head_deg)
    carried_deg = style.arms_deg[0] - (0.0 if style.hanging else 1.0) * trunk
    upper_deg = carried_deg + drive.reach * (170.0 - carried_deg)
    forearm_deg = upper_deg + (1 - drive.reach) * style.arms_deg[1]
    elbow = shoulder - _UPPER_ARM_M * _direction(-upper_deg)
    wrist = elbow - _FOREARM_M * _direction(-forearm_deg)
    return _Body(
        ankle, knee_at, hip, shoulder, elbow, wrist, head, edge, head_deg, forearm_deg, trunk, drive.stride
    )


def _index(arc: float) -> int:
    return int(np.argmin(np.abs(_ARC - arc)))


def _back_edge(drive: _Drive, trunk_deg: Floats) -> tuple[Floats, Floats]:
    """Integrate the tangent of the back; ``(T, n, 2)`` from above C7 to below S1, S1 at the origin, and the tangent."""
    bent = [1 - _eased(np.clip((_ARC - a) / (b - a), 0, 1)) for a, b in (_THORACIC_BEND, _LUMBAR_BEND)]
    tangent_deg = drive.thoracic_deg[:, None] * bent[0] + drive.lumbar_deg[:, None] * bent[1]
    for _ in range(2):  # once to see how the chord C7 - S1 leans, once with that turned into the trunk
        step = _BACK_M * np.diff(_ARC)[:, None] * (_direction(tangent_deg)[:, 1:] + _direction(tangent_deg)[:, :-1]) / 2
        edge = -np.concatenate([np.zeros((len(step), 1, 2)), np.cumsum(step, axis=1)], axis=1)
        edge = edge - edge[:, [_index(1.0)]]
        tangent_deg = tangent_deg + (trunk_deg - from_vertical_deg(np.zeros(2)[None], edge[:, _index(0.0)]))[:, None]
    return edge, tangent_deg


def _project(body: _Body, camera: Camera) -> tuple[Floats, Floats]:
    """Landmarks in the picture ``(T, 33, 2)`` and in the world ``(T, 33, 3)``."""
    plane = np.zeros((len(body.hip), N_LANDMARKS, 2))
    aside_m = np.zeros(N_LANDMARKS)  # + to the lifter's right
    forward, up = _direction(body.head_deg + 90.0), _direction(body.head_deg)
    hand = body.wrist - _HAND_M * _direction(-body.forearm_deg)
    stride_m = body.stride[:, None] * np.array([0.12, 0.0])
    places: dict[str, tuple[Floats, float, float]] = {  # where, how far aside, share of the stride
        "EAR": (body.head, 0.07, 0),
        "EYE_INNER": (body.head + 0.09 * forward + 0.02 * up, 0.015, 0),
        "EYE": (body.head + 0.09 * forward + 0.02 * up, 0.03, 0),
        "EYE_OUTER": (body.head + 0.08 * forward + 0.02 * up, 0.045, 0),
        "MOUTH": (body.head + 0.09 * forward - 0.06 * up, 0.025, 0),
        "SHOULDER": (body.shoulder, 0.18, 0),
        "ELBOW": (body.elbow, 0.22, 0),
        "WRIST": (body.wrist, 0.20, 0),
        "PINKY": (hand, 0.22, 0),
        "INDEX": (hand, 0.19, 0),
        "THUMB": ((hand + body.wrist) / 2, 0.18, 0),
        "HIP": (body.hip, 0.09, 0),
        "KNEE": (body.knee, 0.10, 1),
        "ANKLE": (body.ankle, 0.11, 2),
        "HEEL": (body.ankle + (-0.05, -0.06), 0.11, 2),
        "FOOT_INDEX": (body.ankle + (0.16, -0.07), 0.13, 2),
    }
    for mark in Landmark:
        part = "_".join(word for word in mark.name.split("_") if word not in ("LEFT", "RIGHT"))
        side = 0 if mark == Landmark.NOSE else 1 if "RIGHT" in mark.name else -1
        at, aside, swing = places[part] if side else (body.head + 0.12 * forward, 0.0, 0)
        plane[:, mark] = at + side * swing * stride_m
        aside_m[mark] = side * aside
    yaw = np.radians(camera.yaw_deg)
    x, y = plane[..., 0] - body.hip[:, None, 0], body.hip[:, None, 1] - plane[..., 1]
    world_m = np.stack(
        [
            x * camera.facing * np.cos(yaw) - aside_m * np.sin(yaw),
            y,
            -x * np.sin(yaw) - aside_m * camera.facing * np.cos(yaw),
        ],
        axis=-1,
    )
    px = _in_picture(plane, camera)
    px[..., 0] -= aside_m * np.sin(yaw) * camera.px_per_m
    return px, world_m


def _in_picture(plane_m: Floats, camera: Camera) -> Floats:
    """Turn points of the sagittal plane ``(..., 2)`` into picture pixels."""
    narrowed = camera.facing * np.cos(np.radians(camera.yaw_deg))
    origin = np.array(camera.image_size_px) * (0.5, 0.9) + camera.shift_px
    return np.asarray(origin + plane_m * (narrowed * camera.px_per_m, -camera.px_per_m))


def _visibility(frames: int, facing: int) -> Floats:
    """The side turned to the camera is seen well, the other one is half a guess."""
    near = "RIGHT" if facing > 0 else "LEFT"
    return np.tile([0.98 if near in mark.name or mark == Landmark.NOSE else 0.6 for mark in Landmark], (frames, 1))


def _outlines(body: _Body) -> list[Floats]:
    """Closed polygons, each ``(T, n, 2)`` in the sagittal plane, that make up the body."""
    thick_m = np.interp(_ARC, [-0.2, 0.0, 0.3, 0.6, 1.0, 1.12], [0.12, 0.17, 0.25, 0.22, 0.21, 0.15])
    normal = _direction(body.trunk_deg + 90.0)[:, None]
    front = body.edge + thick_m[:, None] * normal
    round_the_head = np.linspace(0, 2 * np.pi, 25)[:-1, None]
    forward, up = _direction(body.head_deg + 90.0)[:, None], _direction(body.head_deg)[:, None]
    head = body.head[:, None] + 0.10 * np.cos(round_the_head) * forward + 0.12 * np.sin(round_the_head) * up
    limbs = []
    for side in (-1, 1):
        swing = side * body.stride[:, None] * np.array([0.12, 0.0])
        knee, ankle = body.knee + swing, body.ankle + 2 * swing
        limbs += [_limb(body.hip, knee, 0.095, 0.065), _limb(knee, ankle, 0.06, 0.045)]
        limbs.append(_limb(ankle + (-0.04, -0.04), ankle + (0.15, -0.05), 0.04, 0.03))
    arms = [_limb(body.shoulder, body.elbow, 0.055, 0.045), _limb(body.elbow, body.wrist, 0.045, 0.035)]
    return [np.concatenate([body.edge, front[:, ::-1]], axis=1)[:, ::2], head, *limbs, *arms]


def _limb(start: Floats, end: Floats, start_m: float, end_m: float) -> Floats:
    """A limb with round ends, ``(T, 18, 2)``, of half the given widths."""
    along = from_vertical_deg(start, end)[:, None]
    turn = np.linspace(-90, 90, 9)
    return np.concatenate(
        [end[:, None] + end_m * _direction(along + turn), start[:, None] + start_m * _direction(along + 180 + turn)],
        axis=1,
    )


def filled(outline: Floats, side: int) -> Bools:
    """Fill polygons by the even-odd rule, row by row.

    Parameters
    ----------
    outline
        ``(T, n, 2)`` corners in cells; the centre of the cell in row i and column j lies at ``(j + 0.5, i + 0.5)``.
    side
        Rows and columns of the grid.

    Returns
    -------
    ``(T, side, side)``, True where the centre of a cell lies inside.
    """
    ahead = np.roll(outline, -1, axis=1)
    rows = np.arange(side) + 0.5
    crossed = (outline[..., 1, None] <= rows) != (ahead[..., 1, None] <= rows)
    frame, corner, row = np.nonzero(crossed)
    (x0, y0), (x1, y1) = outline[frame, corner].T, ahead[frame, corner].T
    x = x0 + (rows[row] - y0) / (y1 - y0) * (x1 - x0)
    column = np.clip(np.floor(x - 0.5).astype(np.intp) + 1, 0, side)
    shape = (len(outline), side, side + 1)
    count = np.bincount(np.ravel_multi_index((frame, row, column), shape), minlength=int(np.prod(shape)))
    return np.asarray(count.reshape(shape).cumsum(axis=2)[..., :side] % 2 == 1)


def _silhouettes(outlines_px: list[Floats], landmarks_px: Floats, facing: int) -> tuple[NDArray[np.uint8], Floats]:
    """Cut the body out as `spineline.core.silhouette.cut_silhouette` does, bits and pixel size."""
    centre = landmarks_px[:, [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]].mean(axis=1)
    bits, scales = [], []
    for start in range(0, len(centre), 64):
        part = [outline[start : start + 64] for outline in outlines_px]
        about = centre[start : start + 64, None]
        corners = np.concatenate(part, axis=1)
        reach = np.abs(corners - about).max(axis=(1, 2))[:, None, None] / 128  # a grid of 256 that holds the whole body
        whole = np.any([filled((outline - about) / reach + 128, 256) for outline in part], axis=0)
        area_px2 = whole.sum(axis=(1, 2)) * reach[:, 0, 0] ** 2
        step = 2 * HALF_WIDTH_AREAS * np.sqrt(area_px2) / SILHOUETTE_SIDE
        cells = [(outline - about) / step[:, None, None] * (facing, 1) + SILHOUETTE_SIDE / 2 for outline in part]
        cut = np.any([filled(outline, SILHOUETTE_SIDE) for outline in cells], axis=0)
        bits.append(np.packbits(cut.reshape(len(cut), -1), axis=1))
        scales.append(step)
    return np.concatenate(bits), np.concatenate(scales)


def _with_gaps(track: PoseTrack, missing_s: Sequence[tuple[float, float]]) -> PoseTrack:
    """Take the pose away in some stretches, ends included."""
    gone = np.zeros(len(track), dtype=np.bool_)
    for start_s, stop_s in missing_s:
        gone |= (track.time_s >= start_s) & (track.time_s <= stop_s)
    return replace(
        track,
        landmarks_px=np.where(gone[:, None, None], np.nan, track.landmarks_px),
        world_m=np.where(gone[:, None, None], np.nan, track.world_m),
        visibility=np.where(gone[:, None], np.nan, track.visibility),
        silhouette_bits=np.where(gone[:, None], 0, track.silhouette_bits).astype(np.uint8),
        silhouette_scale_px=np.where(gone, np.nan, track.silhouette_scale_px),
        facing=np.where(gone, 0.0, track.facing),
        others=np.where(gone, 0.0, track.others),
    )


def _truth(
    script: Sequence[Move], time_s: Floats, drive: _Drive, body: _Body, style: str, camera: Camera
) -> Truth:
    thigh_deg = from_vertical_deg(body.knee, body.hip)
    back = slice(_index(0.0), _index(1.0) + 1)
    return Truth(
        exercise=STYLES[style].exercise,
        phase=drive.phase,
        depth=drive.depth,
        thoracic_edge_deg=drive.thoracic_deg,
        lumbar_edge_deg=drive.lumbar_deg,
        trunk_deg=body.trunk_deg,
        knee_deg=wrapped_deg(from_vertical_deg(body.ankle, body.knee) - thigh_deg),
        hip_deg=wrapped_deg(body.trunk_deg - thigh_deg),
        neck_deg=wrapped_deg(from_vertical_deg(body.shoulder, body.head) - body.trunk_deg),
        edge_px=_in_picture(body.edge[:, back], camera),
        reps=_true_reps(script, time_s, STYLES[style].begins),
    )


def _true_reps(script: Sequence[Move], time_s: Floats, begins: Start) -> tuple[Rep, ...]:
    """Read the repetitions off the script."""
    ends_s = np.cumsum([move.seconds for move in script])
    merged: list[tuple[str, bool, float, float]] = []  # neighbours of one phase are one
    for move, end_s in zip(script, ends_s.tolist(), strict=True):
        begin_s = merged.pop()[2] if merged and merged[-1][0] == move.phase else end_s - move.seconds
        merged.append((move.phase, move.counts, begin_s, end_s))
    first_s, last_s = float(time_s[0]), float(time_s[-1])
    reps: list[Rep] = []
    for i, (phase, counts, begin_s, end_s) in enumerate(merged):
        if phase != "ascend" or not counts or begin_s < first_s or end_s > last_s + 1e-9:
            continue
        down_before = next((m for m in reversed(merged[:i]) if m[0] in ("descend", "ascend")), None)
        down_after = next((m for m in merged[i + 1 :] if m[0] in ("descend", "ascend")), None)
        if begins == "floor":
            stop_s = min(last_s, down_after[3]) if down_after and down_after[0] == "descend" else last_s
            times = (begin_s, end_s, stop_s)
        else:
            lowered = down_before if down_before and down_before[0] == "descend" else ("", True, first_s, first_s)
            times = (max(first_s, lowered[2]), max(first_s, lowered[3]), end_s)
        reps.append(Rep(len(reps) + 1, *times, begins))
    return tuple(reps)
