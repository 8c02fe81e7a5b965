"""The body of the simulated lifter: from joint angles to landmarks, outlines and silhouettes.

The figure is planar, with segment lengths after de Leva (1996). The edge of its back is built by integrating the
tangent along the arc, so that its curvature between C7 and T12 and between T12 and S1 is exactly the one asked for.
Off a side view it is narrowed like a figure cut out of cardboard; only the landmarks know left from right.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spineline.core.kinematics import from_vertical_deg
from spineline.core.silhouette import HALF_WIDTH_AREAS
from spineline.core.skeleton import N_LANDMARKS, Landmark
from spineline.core.track import SILHOUETTE_SIDE, Bools, Floats

_BACK_M: Final = 0.515  # along the edge from C7 to S1
_HALF_DEPTH_M: Final = 0.11  # from the edge to the line shoulder - hip
_UPPER_ARM_M: Final = 0.282
_FOREARM_M: Final = 0.269
ARM_M: Final = _UPPER_ARM_M + _FOREARM_M
"""Shoulder to wrist."""

_HAND_M: Final = 0.086
_SPINE_DEPTH_M: Final = 0.06  # from the edge to the middle of the vertebrae
_THIGH_M: Final = 0.422
_SHANK_M: Final = 0.434
_ANKLE_M: Final = 0.08

_ARC: Final = np.linspace(-0.20, 1.12, 133)
"""Where the edge is computed, in shares of the arc: 0 at C7, 1 at S1."""

_C7, _S1 = int(np.argmin(np.abs(_ARC))), int(np.argmin(np.abs(_ARC - 1.0)))

_THORACIC_BEND: Final = (0.10, 0.57)
_LUMBAR_BEND: Final = (0.63, 0.93)
"""The edge bends between these shares of the arc; around C7, T12 and S1 it runs straight."""

_LEVELS: Final = np.array([0.0, 0.14, 0.39, 0.65, 0.78, 0.92, 1.0])
"""C7, T3, T8, L1, L3, L5 and S1 lie under these shares of the arc."""

_C1_FROM_EAR_M: Final = (-0.02, -0.03)  # forward and up in the head


@dataclass(frozen=True)
class Camera:
    """Where the camera stands: ``facing`` +1 if the lifter faces the right of the picture, else -1."""

    facing: int = 1
    yaw_deg: float = 0.0
    px_per_m: float = 400.0
    shift_px: tuple[float, float] = (0.0, 0.0)
    image_size_px: tuple[int, int] = (1280, 960)


@dataclass(frozen=True, eq=False)
class Posture:
    """What the figure is asked to do, each ``(T,)``.

    ``shin_deg`` and ``trunk_deg`` lean forward from vertical, ``knee_deg`` and ``elbow_deg`` are flexion;
    ``thoracic_edge_deg`` and ``lumbar_edge_deg`` curvatures of the edge of the back between C7 and T12 and between T12
    and S1, + = flexed; ``upper_arm_deg`` from hanging straight down, + forward; ``stride`` from -1 to 1.
    """

    trunk_deg: Floats
    knee_deg: Floats
    shin_deg: Floats
    thoracic_edge_deg: Floats
    lumbar_edge_deg: Floats
    upper_arm_deg: Floats
    elbow_deg: Floats
    neck_deg: Floats
    tilt_deg: Floats
    travel_m: Floats
    bob_m: Floats
    stride: Floats


@dataclass(frozen=True, eq=False)
class Body:
    """Points in the sagittal plane, each ``(T, 2)`` in metres, x forward and y up.

    ``edge`` ``(T, n, 2)`` runs down the back, ``spine`` ``(T, 9, 2)`` under it in the order of `SPINE_POINTS`;
    ``head_deg`` and ``trunk_deg`` are inclinations, ``swing`` ``(T, 2)`` is how far the right knee is ahead of the
    middle in a stride (the ankle twice that, the left the other way); ``drop`` ``(T,)`` how far the right shoulder is
    below the middle, the left one the other way.
    """

    ankle: Floats
    knee: Floats
    hip: Floats
    shoulder: Floats
    elbow: Floats
    wrist: Floats
    hand: Floats
    head: Floats
    head_deg: Floats
    trunk_deg: Floats
    edge: Floats
    spine: Floats
    swing: Floats
    drop: Floats

    @property
    def back(self) -> Floats:
        """The edge of the back from C7 to S1, ``(T, n, 2)``."""
        return self.edge[:, _C7 : _S1 + 1]


def build(posture: Posture) -> Body:
    """Put the joints in place, from the ankle up."""
    ankle = np.stack([posture.travel_m, _ANKLE_M + posture.bob_m], axis=1)
    knee = ankle + _SHANK_M * _direction(posture.shin_deg)
    hip = knee + _THIGH_M * _direction(posture.shin_deg - posture.knee_deg)
    edge, tangent_deg = _back_edge(posture)
    forward = _direction(posture.trunk_deg + 90.0)
    edge = edge + (hip - _HALF_DEPTH_M * forward)[:, None]
    shoulder = edge[:, _C7] + _HALF_DEPTH_M * forward
    head_deg = tangent_deg[:, _C7] - 5.0 + posture.neck_deg
    head = edge[:, _C7] + 0.09 * _direction(head_deg + 90.0) + 0.15 * _direction(head_deg)
    forearm_deg = posture.upper_arm_deg + posture.elbow_deg
    elbow = shoulder - _UPPER_ARM_M * _direction(-posture.upper_arm_deg)
    wrist = elbow - _FOREARM_M * _direction(-forearm_deg)
    return Body(
        ankle=ankle,
        knee=knee,
        hip=hip,
        shoulder=shoulder,
        elbow=elbow,
        wrist=wrist,
        hand=wrist - _HAND_M * _direction(-forearm_deg),
        head=head,
        head_deg=head_deg,
        trunk_deg=posture.trunk_deg,
        edge=edge,
        spine=_spine(edge, tangent_deg, head, head_deg),
        swing=posture.stride[:, None] * np.array([0.12, 0.0]),
        drop=0.18 * np.sin(np.radians(posture.tilt_deg)),
    )


def _direction(inclination_deg: Floats) -> Floats:
    """Return unit vectors ``(..., 2)`` that lean forward from vertical."""
    angle = np.radians(inclination_deg)
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def _back_edge(posture: Posture) -> tuple[Floats, Floats]:
    """Integrate the tangent of the back; ``(T, n, 2)`` from above C7 to below S1, S1 at the origin, and the tangent."""
    thoracic, lumbar = (1 - eased((_ARC - a) / (b - a)) for a, b in (_THORACIC_BEND, _LUMBAR_BEND))
    tangent_deg = posture.thoracic_edge_deg[:, None] * thoracic + posture.lumbar_edge_deg[:, None] * lumbar
    up = _direction(tangent_deg)
    step = _BACK_M * np.diff(_ARC)[:, None] * (up[:, 1:] + up[:, :-1]) / 2
    edge = -np.concatenate([np.zeros((len(step), 1, 2)), np.cumsum(step, axis=1)], axis=1)
    edge = edge - edge[:, [_S1]]
    # Turn it, so that the chord from S1 to C7 leans as the trunk does.
    turn_deg = posture.trunk_deg - from_vertical_deg(np.zeros((1, 2)), edge[:, _C7])
    cos, sin = np.cos(np.radians(turn_deg))[:, None], np.sin(np.radians(turn_deg))[:, None]
    x, y = edge[..., 0], edge[..., 1]
    return np.stack([x * cos + y * sin, y * cos - x * sin], axis=-1), tangent_deg + turn_deg[:, None]


def _spine(edge: Floats, tangent_deg: Floats, head: Floats, head_deg: Floats) -> Floats:
    """Place the spine points, ``(T, 9, 2)``: C7 to S1 under the edge of the back, C1 under the ear, C4 between."""
    under = edge + _SPINE_DEPTH_M * _direction(tangent_deg + 90.0)
    levels = np.searchsorted(_ARC, _LEVELS - 1e-9)  # each is one of the places where the edge is computed
    from_c7 = under[:, levels]
    forward_m, up_m = _C1_FROM_EAR_M
    c1 = (head + forward_m * _direction(head_deg + 90.0) + up_m * _direction(head_deg))[:, None]
    return np.concatenate([c1, (c1 + from_c7[:, :1]) / 2, from_c7], axis=1)


def eased(share: Floats) -> Floats:
    """Go from 0 to 1 with the least jerk; below 0 and above 1 it stands still."""
    u = np.clip(share, 0.0, 1.0)
    return np.asarray(u**3 * (10 - 15 * u + 6 * u**2))


def _places(body: Body) -> dict[str, tuple[Floats, float, int]]:
    """Say for each landmark where it lies, how far aside in metres, and how often it takes the swing of a stride."""
    forward, up = _direction(body.head_deg + 90.0), _direction(body.head_deg)
    eye = body.head + 0.09 * forward + 0.02 * up
    return {
        "NOSE": (body.head + 0.12 * forward, 0.0, 0),
        "EAR": (body.head, 0.07, 0),
        "EYE_INNER": (eye, 0.015, 0),
        "EYE": (eye, 0.03, 0),
        "EYE_OUTER": (eye - 0.01 * forward, 0.045, 0),
        "MOUTH": (body.head + 0.09 * forward - 0.06 * up, 0.025, 0),
        "SHOULDER": (body.shoulder, 0.18, 0),
        "ELBOW": (body.elbow, 0.22, 0),
        "WRIST": (body.wrist, 0.20, 0),
        "PINKY": (body.hand, 0.22, 0),
        "INDEX": (body.hand, 0.19, 0),
        "THUMB": ((body.hand + body.wrist) / 2, 0.18, 0),
        "HIP": (body.hip, 0.09, 0),
        "KNEE": (body.knee, 0.10, 1),
        "ANKLE": (body.ankle, 0.11, 2),
        "HEEL": (body.ankle + np.array([-0.05, -0.06]), 0.11, 2),
        "FOOT_INDEX": (body.ankle + np.array([0.16, -0.07]), 0.13, 2),
    }


def landmarks(body: Body, camera: Camera) -> tuple[Floats, Floats]:
    """Place the landmarks in the picture, ``(T, 33, 2)`` in pixels, and in the world, ``(T, 33, 3)`` in metres."""
    plane = np.zeros((len(body.hip), N_LANDMARKS, 2))
    right_m = np.zeros(N_LANDMARKS)  # how far to the lifter's right
    places = _places(body)
    for mark in Landmark:
        at, aside_m, swings = places["_".join(w for w in mark.name.split("_") if w not in ("LEFT", "RIGHT"))]
        side = 1 if "RIGHT" in mark.name else -1
        plane[:, mark] = at + side * swings * body.swing
        if "SHOULDER" in mark.name:
            plane[:, mark, 1] -= side * body.drop
        right_m[mark] = side * aside_m
    cos, sin = np.cos(np.radians(camera.yaw_deg)), np.sin(np.radians(camera.yaw_deg))
    x, y = (plane - body.hip[:, None]).transpose(2, 0, 1)
    world_m = np.stack([x * camera.facing * cos - right_m * sin, -y, -x * sin - right_m * camera.facing * cos], axis=-1)
    px = in_picture(plane, camera)
    px[..., 0] -= right_m * sin * camera.px_per_m
    return px, world_m


def in_picture(plane_m: Floats, camera: Camera) -> Floats:
    """Turn points of the sagittal plane ``(..., 2)`` into picture pixels."""
    narrowed = camera.facing * np.cos(np.radians(camera.yaw_deg))
    origin = np.array(camera.image_size_px) * (0.5, 0.9) + camera.shift_px
    return np.asarray(origin + plane_m * (narrowed * camera.px_per_m, -camera.px_per_m))


def outlines(body: Body) -> list[Floats]:
    """Return the closed polygons, each ``(T, n, 2)`` in the sagittal plane, that together are the body."""
    thick_m = np.interp(_ARC, [-0.2, 0.0, 0.3, 0.6, 1.0, 1.12], [0.12, 0.17, 0.25, 0.22, 0.21, 0.15])
    front = body.edge + thick_m[:, None] * _direction(body.trunk_deg + 90.0)[:, None]
    around = np.linspace(0, 2 * np.pi, 25)[:-1, None]
    forward, up = _direction(body.head_deg + 90.0)[:, None], _direction(body.head_deg)[:, None]
    head = body.head[:, None] + 0.10 * np.cos(around) * forward + 0.12 * np.sin(around) * up
    limbs = [_limb(body.shoulder, body.elbow, 0.055, 0.045), _limb(body.elbow, body.wrist, 0.045, 0.035)]
    for side in (-1, 1):
        knee, ankle = body.knee + side * body.swing, body.ankle + 2 * side * body.swing
        heel, toe = ankle + np.array([-0.04, -0.04]), ankle + np.array([0.15, -0.05])
        limbs += [_limb(body.hip, knee, 0.095, 0.065), _limb(knee, ankle, 0.06, 0.045), _limb(heel, toe, 0.04, 0.03)]
    return [np.concatenate([body.edge, front[:, ::-1]], axis=1)[:, ::2], head, *limbs]


def _limb(start: Floats, end: Floats, start_m: float, end_m: float) -> Floats:
    """Return a limb with round ends of the given radii, ``(T, 18, 2)``."""
    along_deg = from_vertical_deg(start, end)[:, None]
    turn_deg = np.linspace(-90, 90, 9)
    far = end[:, None] + end_m * _direction(along_deg + turn_deg)
    near = start[:, None] + start_m * _direction(along_deg + 180 + turn_deg)
    return np.concatenate([far, near], axis=1)


def filled(outlines_cells: list[Floats], side: int) -> Bools:
    """Fill polygons, each by the even-odd rule and row by row, and unite them.

    Parameters
    ----------
    outlines_cells
        At most 16 polygons, each ``(T, n, 2)``; the centre of the cell in row i and column j lies at
        ``(j + 0.5, i + 0.5)``.
    side
        Rows and columns of the grid.

    Returns
    -------
    ``(T, side, side)``, True where the centre of a cell lies inside any of them.
    """
    rows = np.arange(side) + 0.5
    crossings = np.zeros((len(outlines_cells[0]), side, side + 1), dtype=np.uint16)  # one bit a polygon
    for bit, corners in enumerate(outlines_cells):
        ahead = np.roll(corners, -1, axis=1)
        frame, corner, row = np.nonzero((corners[..., 1, None] <= rows) != (ahead[..., 1, None] <= rows))
        (x0, y0), (x1, y1) = corners[frame, corner].T, ahead[frame, corner].T
        x = x0 + (rows[row] - y0) / (y1 - y0) * (x1 - x0)
        column = np.clip(np.floor(x - 0.5).astype(np.intp) + 1, 0, side)  # the first centre beyond the crossing
        np.bitwise_xor.at(crossings, (frame, row, column), np.uint16(1 << bit))
    return np.asarray(np.bitwise_xor.accumulate(crossings, axis=2)[..., :side] != 0)


def silhouettes(outlines_px: list[Floats], landmarks_px: Floats, facing: int) -> tuple[NDArray[np.uint8], Floats]:
    """Cut the body out as `spineline.core.silhouette.cut_silhouette` does.

    Parameters
    ----------
    outlines_px
        Polygons, each ``(T, n, 2)`` in picture pixels.
    landmarks_px
        ``(T, 33, 2)``; the middle of the shoulders is the centre.
    facing
        -1 mirrors.

    Returns
    -------
    ``(T, 2048)`` bit-packed silhouettes and ``(T,)`` the side of their pixels in picture pixels.
    """
    centre = landmarks_px[:, [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]].mean(axis=1)
    bits, scales = [], []
    for start in range(0, len(centre), 64):
        part = [(outline - centre[:, None])[start : start + 64] for outline in outlines_px]
        # First on a finer grid that holds the whole body, for its area.
        cell = np.abs(np.concatenate(part, axis=1)).max(axis=(1, 2), keepdims=True) / 128
        area_cells = filled([outline / cell + 128 for outline in part], 256).sum(axis=(1, 2))
        step = 2 * HALF_WIDTH_AREAS * np.sqrt(area_cells) * cell[:, 0, 0] / SILHOUETTE_SIDE
        turned = [outline * (facing, 1) / step[:, None, None] + SILHOUETTE_SIDE / 2 for outline in part]
        bits.append(np.packbits(filled(turned, SILHOUETTE_SIDE).reshape(len(step), -1), axis=1))
        scales.append(step)
    return np.concatenate(bits), np.concatenate(scales)
