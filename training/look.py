"""What a lifter wears: colours of the skin's vertices, and a shirt that hangs loose.

A shirt is the skin itself, coloured, smoothed so that it spans hollows as cloth does, and pushed outwards: little
where it lies on the body (the surface looks up), more where it hangs from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from training.body import BONE, SIDES, Body
from training.skeleton import SEGMENT, THORACIC

Floats = NDArray[np.float32]
Colour = tuple[float, float, float]

SKIN: tuple[Colour, ...] = (
    (0.93, 0.76, 0.65), (0.86, 0.66, 0.53), (0.76, 0.56, 0.43), (0.6, 0.42, 0.31), (0.44, 0.3, 0.22),
    (0.33, 0.22, 0.17),
)  # fmt: skip
HAIR: tuple[Colour, ...] = (
    (0.08, 0.06, 0.05), (0.22, 0.14, 0.08), (0.4, 0.27, 0.15), (0.62, 0.5, 0.3), (0.45, 0.44, 0.43),
)  # fmt: skip
CLOTH: tuple[Colour, ...] = (
    (0.09, 0.09, 0.1), (0.2, 0.2, 0.22), (0.42, 0.42, 0.44), (0.85, 0.85, 0.83), (0.14, 0.22, 0.42), (0.2, 0.42, 0.62),
    (0.62, 0.14, 0.15), (0.16, 0.38, 0.25), (0.75, 0.5, 0.16), (0.42, 0.22, 0.46), (0.8, 0.45, 0.5), (0.5, 0.6, 0.4),
)  # fmt: skip


@dataclass(frozen=True)
class Outfit:
    """What is worn.

    Attributes
    ----------
    skin, hair, shirt, trousers, shoes
        Colours, 0..1 each.
    sleeve, leg
        How far sleeves reach along the arm and trousers along the leg: 0 none, 0.5 to the elbow or knee, 1 to the end.
    bare
        No shirt at all.
    loose_m
        How far the shirt may hang from the body.
    bald
        No hair.
    hood
        A hood, lying on the neck or drawn over the head.
    bun_m
        How far long hair, tied up, stands off the back of the head.
    """

    skin: Colour
    hair: Colour
    shirt: Colour
    trousers: Colour
    shoes: Colour
    sleeve: float = 0.25
    leg: float = 0.35
    bare: bool = False
    loose_m: float = 0.0
    bald: bool = False
    hood: Literal["none", "down", "up"] = "none"
    bun_m: float = 0.0


def draw_outfit(rng: np.random.Generator, *, woman: bool) -> Outfit:
    """Draw clothes; shirt and trousers differ in colour."""
    shirt, trousers = rng.choice(len(CLOTH), size=2, replace=False)
    loose = float(rng.choice([0.0, rng.uniform(0.004, 0.012), rng.uniform(0.012, 0.035)], p=[0.4, 0.35, 0.25]))
    return Outfit(
        skin=SKIN[int(rng.integers(len(SKIN)))],
        hair=HAIR[int(rng.integers(len(HAIR)))],
        shirt=CLOTH[int(shirt)],
        trousers=CLOTH[int(trousers)],
        shoes=CLOTH[int(rng.integers(len(CLOTH)))],
        sleeve=float(rng.choice([0.02, 0.26, 0.3, 0.98], p=[0.25, 0.35, 0.25, 0.15])),
        leg=float(rng.choice([0.25, 0.38, 0.47, 0.97], p=[0.2, 0.3, 0.15, 0.35])),
        bare=not woman and bool(rng.random() < 0.15),
        loose_m=loose,
        bald=not woman and bool(rng.random() < 0.15),
    )


@dataclass(frozen=True)
class Surface:
    """The dressed skin of one body.

    Attributes
    ----------
    rest_m : shape (V, 3)
        The rest skin to pose: the body's, with shoes on.
    faces : shape (F, 3)
        Triangles.
    colours : shape (V, 3)
        0..255.
    cloth : shape (V,)
        Share of the looseness at every vertex, 0 off the shirt.
    stand_off_m : shape (V,)
        How far hair and hood stand off the skin.
    girdle : shape (V,)
        0..1 over the shoulder blades, beside the spine: what stands out where arms and muscles draw them.
    smooth, incidence
        Sparse matrices (V, V) and (V, F): one step of smoothing within the shirt; faces to vertices.
    loose_m
        See `Outfit`.
    """

    rest_m: Floats
    faces: NDArray[np.int32]
    colours: NDArray[np.uint8]
    cloth: Floats
    stand_off_m: Floats
    girdle: Floats
    smooth: Any
    incidence: Any
    loose_m: float


def dress(body: Body, outfit: Outfit, rng: np.random.Generator) -> Surface:
    """Dress a body."""
    from scipy import sparse

    count, faces = len(body.vertices_m), body.faces
    shirt, trousers, shoes, hair = _regions(body, outfit)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    near = sparse.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count)).tocsr()
    near = ((near + near.T) > 0).astype(np.float32)
    shirt, trousers, shoes, hair = (_even_edges(mask, near) for mask in (shirt, trousers, shoes, hair))
    trousers &= ~shirt
    colours = np.tile(np.array(outfit.skin), (count, 1))
    colours[trousers], colours[shirt] = outfit.trousers, outfit.shirt
    colours[shoes], colours[hair] = outfit.shoes, outfit.hair
    if outfit.hood == "up":
        colours[_hood_up(body)] = outfit.shirt
    colours[body.eyes] = (0.16, 0.13, 0.12)
    worn = shirt.astype(np.float32)
    step = sparse.diags(0.7 * worn / np.maximum(np.asarray(near.sum(axis=1)).ravel(), 1.0)) @ near
    smooth = (step + sparse.diags(1.0 - 0.7 * worn)).tocsr().astype(np.float32)
    rows = faces.ravel()
    columns = np.repeat(np.arange(len(faces)), 3)
    incidence = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, len(faces)))
    cloth = worn * _folds(body, rng)
    for _ in range(6):  # no step at the hems
        cloth = (smooth @ cloth) * worn
    return Surface(
        rest_m=_shod(body, near, shoes),
        faces=faces,
        colours=(np.clip(colours, 0, 1) * 255).astype(np.uint8),
        cloth=cloth.astype(np.float32),
        stand_off_m=_stand_off(body, outfit, hair, smooth_all=near),
        girdle=_girdle(body),
        smooth=smooth,
        incidence=incidence,
        loose_m=outfit.loose_m,
    )


def _stand_off(body: Body, outfit: Outfit, hair: NDArray[np.bool_], *, smooth_all: Any) -> Floats:
    """Return how far hair, a bun and a hood stand off the skin, (V,), metres, without steps at their edges."""
    s, v = body.skeleton, body.vertices_m
    h, head, neck = s.stature_m, s.spine_m[-1], s.spine_m[SEGMENT["T1"]]
    out = 0.012 * hair
    if outfit.bun_m > 0.0:
        from_bun = np.linalg.norm(v - (head + h * np.array([-0.05, 0.0, 0.05])), axis=1)
        out = out + outfit.bun_m * np.exp(-0.5 * (from_bun / (0.022 * h)) ** 2)
    if outfit.hood == "down":
        behind = np.clip((neck[0] - v[:, 0]) / (0.03 * h), 0.0, 1.0)
        roll = np.exp(-0.5 * ((v[:, 2] - neck[2] + 0.015 * h) / (0.025 * h)) ** 2)
        out = out + 0.055 * behind * roll * np.exp(-0.5 * (v[:, 1] / (0.05 * h)) ** 2)
    if outfit.hood == "up":
        out = np.where(_hood_up(body), 0.028, out)
    degree = np.maximum(np.asarray(smooth_all.sum(axis=1)).ravel(), 1.0)
    if outfit.hood == "up":
        for _ in range(10):
            out = 0.4 * out + 0.6 * (smooth_all @ out) / degree
    return np.asarray(out, dtype=np.float32)


def _girdle(body: Body) -> Floats:
    """Return where the shoulder blades lie: behind the ribs between T3 and T9, beside the spine."""
    s, v = body.skeleton, body.vertices_m
    h, high, low = s.stature_m, s.spine_m[SEGMENT["T3"] - 1], s.spine_m[SEGMENT["T9"] - 1]
    spine_x = np.interp(v[:, 2], s.spine_m[:, 2], s.spine_m[:, 0])
    behind = np.clip((spine_x - v[:, 0]) / (0.02 * h), 0.0, 1.0)
    along = np.exp(-0.5 * ((v[:, 2] - 0.5 * (high[2] + low[2])) / (0.35 * (high[2] - low[2]))) ** 2)
    beside = np.exp(-0.5 * ((np.abs(v[:, 1]) - 0.05 * h) / (0.022 * h)) ** 2)
    trunk = body.weights[:, : SEGMENT["T1"] + 1].sum(axis=1) + _weight_of(body.weights, "clavicle", "shoulder01")
    return np.asarray(behind * along * beside * np.clip(trunk, 0.0, 1.0), dtype=np.float32)


def _hood_up(body: Body) -> NDArray[np.bool_]:
    """Return the vertices under a hood drawn over the head: all of head and neck but the face."""
    head = body.skeleton.spine_m[-1]
    of_head = body.weights[:, SEGMENT["neck_low"] : SEGMENT["head"] + 1].sum(axis=1) > 0.5
    return np.asarray(of_head & (body.vertices_m[:, 0] < head[0] + 0.035 * body.skeleton.stature_m))


def _even_edges(mask: NDArray[np.bool_], near: Any) -> NDArray[np.bool_]:
    """Smooth the outline of a region of vertices."""
    share = mask.astype(np.float32)
    degree = np.maximum(np.asarray(near.sum(axis=1)).ravel(), 1.0)
    for _ in range(8):
        share = 0.3 * share + 0.7 * (near @ share) / degree
    return np.asarray(share > 0.5)


def _shod(body: Body, near: Any, shoes: NDArray[np.bool_]) -> Floats:
    """Return the rest skin with feet smoothed and widened into shoes that stand flat on the floor."""
    out = body.vertices_m.copy()
    degree = np.maximum(np.asarray(near.sum(axis=1)), 1.0).reshape(-1, 1)
    for _ in range(25):
        out[shoes] = (0.4 * out + 0.6 * (near @ out) / degree)[shoes]
    middle = np.stack([out[shoes & (out[:, 1] * sign > 0)].mean(axis=0) for sign in (1.0, -1.0)])
    centre = np.where(out[:, 1:2] > 0, middle[0], middle[1])
    wide = centre + (out - centre) * np.array([1.1, 1.18, 1.12], dtype=np.float32)
    low = np.clip(1.0 - out[:, 2:] / body.skeleton.ankle_m[2], 0.0, 1.0) ** 0.5  # none at the ankle
    out = np.where(shoes[:, None], out + low * (wide - out), out)
    out[shoes, 2] = np.maximum(out[shoes, 2], 0.0)
    out[shoes & (out[:, 2] < 0.02), 2] = 0.0
    return out.astype(np.float32)


def _folds(body: Body, rng: np.random.Generator) -> Floats:
    """Return an uneven looseness around 1, (V,): a few waves over the body."""
    out = np.ones(len(body.vertices_m))
    for _ in range(4):
        wave = rng.normal(0.0, 14.0, size=3)
        out += 0.22 * np.sin(body.vertices_m @ wave + rng.uniform(0, 2 * np.pi))
    return np.clip(out, 0.2, 2.0).astype(np.float32)


def _regions(body: Body, outfit: Outfit) -> tuple[NDArray[np.bool_], ...]:
    """Return which vertices belong to shirt, trousers, shoes and hair."""
    s, v, w = body.skeleton, body.vertices_m, body.weights
    chest = w[:, [SEGMENT[n] for n in THORACIC]].sum(axis=1)
    chest = chest + _weight_of(w, "clavicle", "shoulder01")
    arm = _weight_of(w, "upperarm01", "upperarm02", "lowerarm01", "lowerarm02")
    leg = _weight_of(w, "upperleg01", "upperleg02", "lowerleg01", "lowerleg02")
    trunk = w[:, : SEGMENT["T1"] + 1].sum(axis=1)
    foot, hand = _weight_of(w, "foot"), _weight_of(w, "wrist")
    neck = w[:, SEGMENT["neck_low"] : SEGMENT["head"] + 1].sum(axis=1)
    along_arm = _along(v, (s.shoulder_m, s.elbow_m, s.wrist_m))
    along_leg = _along(v, (s.hip_m, s.knee_m, s.ankle_m))
    waist = 0.5 * (s.spine_m[0, 2] + s.spine_m[SEGMENT["L4"] - 1, 2])
    on_arm = (arm > 0.5) | ((arm > 0.2) & (along_arm > 0.05))
    shirt = (trunk + chest + arm > 0.5) & (v[:, 2] > waist) & (neck < 0.4) & (~on_arm | (along_arm < outfit.sleeve))
    shirt &= hand < 0.5
    if outfit.bare:
        shirt[:] = False
    trousers = (trunk + leg > 0.5) & (v[:, 2] <= waist) & (along_leg < outfit.leg) & (arm < 0.1) & (hand < 0.1)
    shoes = (foot > 0.5) | (v[:, 2] < s.ankle_m[2] * 0.9)
    head = s.spine_m[-1]
    up, back = v[:, 2] - head[2], head[0] - v[:, 0]
    scalp = 0.045 * s.stature_m - 0.55 * np.clip(back + 0.02, -0.2, 0.12)
    hair = (w[:, BONE["head"]] > 0.6) & (up > scalp) & (back > -0.055 * s.stature_m)
    return shirt, trousers & ~shirt, shoes, hair & (not outfit.bald)


def _weight_of(weights: Floats, *bones: str) -> Floats:
    """Return the summed weight (V,) of bones of both sides."""
    return np.asarray(weights[:, [BONE[f"{bone}.{side}"] for bone in bones for side in SIDES]].sum(axis=1))


def _along(vertices_m: Floats, chain: tuple[Any, Any, Any]) -> Floats:
    """Return how far along a limb every vertex lies: 0 at its root, 0.5 at the middle joint, 1 at its end."""
    point = np.abs(vertices_m * [0.0, 1.0, 0.0]) + vertices_m * [1.0, 0.0, 1.0]  # fold both sides onto the left
    root, middle, end = (np.asarray(p, dtype=np.float64) for p in chain)

    def share(a: Any, b: Any) -> Any:
        way = b - a
        return ((point - a) @ way) / (way @ way)

    first, second = share(root, middle), share(middle, end)
    share_of_all = np.where(second > 0.0, 0.5 + 0.5 * second, 0.5 * np.minimum(first, 1.0))
    return np.asarray(share_of_all, dtype=np.float32)


def finish(surface: Surface, posed_m: Floats, *, girdle_m: float = 0.0) -> tuple[Floats, Floats]:
    """Let cloth and hair stand off the posed skin; return vertices and unit normals, both (V, 3).

    ``girdle_m`` is how far the shoulder blades stand out, beyond how they do at rest.
    """
    normals = vertex_normals(surface, posed_m)
    if girdle_m:
        posed_m = posed_m + np.float32(girdle_m) * surface.girdle[:, None] * normals
        normals = vertex_normals(surface, posed_m)
    out = posed_m + surface.stand_off_m[:, None] * normals
    if surface.loose_m > 0.0:
        spanned = posed_m
        for _ in range(12 if surface.loose_m < 0.012 else 30):
            spanned = surface.smooth @ spanned
        fill = np.clip(((spanned - posed_m) * normals).sum(axis=1), 0.0, 0.05)
        hang = np.clip(0.45 - 0.75 * normals[:, 2], 0.08, 1.2)
        push = np.where(surface.cloth > 0, fill, 0.0) + surface.loose_m * surface.cloth * hang
        out = out + push[:, None] * normals
    elif surface.cloth.any():
        out = out + 0.002 * surface.cloth[:, None] * normals
    if surface.loose_m > 0.0 or surface.stand_off_m.any():
        normals = vertex_normals(surface, out)
    return out.astype(np.float32), normals


def vertex_normals(surface: Surface, vertices_m: Floats) -> Floats:
    """Return area-weighted unit normals (V, 3)."""
    a, b, c = (vertices_m[surface.faces[:, k]] for k in range(3))
    total = surface.incidence @ np.cross(b - a, c - a)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12), dtype=np.float32)
