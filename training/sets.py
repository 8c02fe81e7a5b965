"""Which clips are made: the samples, and a test set of varied lifts and of things that are no lift."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from training.body import Shape, draw_shape
from training.faults import CLEAN, FAULTS, OPEN_BACK
from training.lifts import EXERCISES, Recipe
from training.look import CLOTH, HAIR, SKIN, Outfit, draw_outfit
from training.scene import Camera, Room, Weight


@dataclass(frozen=True)
class Clip:
    """Everything that fixes one clip.

    Attributes
    ----------
    name
        Stem of its files.
    recipe, shape, outfit, camera, weight, room
        The parts.
    fps, crf
        Frames a second; x264's quality.
    noise, blur_px
        Of the camera.
    max_s
        The clip is cut there.
    """

    name: str
    recipe: Recipe
    shape: Shape
    outfit: Outfit
    camera: Camera
    weight: Weight
    room: Room
    fps: float = 20.0
    crf: int = 26
    noise: float = 1.0
    blur_px: float = 0.0
    max_s: float = 30.0


def describe(clip: Clip) -> dict[str, Any]:
    """Return the description of a clip as JSON would give it back; `clip_from` reads it."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(clip)))
    return plain | {"recipe": plain_recipe(clip.recipe)}


def plain_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe for JSON; without a fault it looks as it did before there were faults."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(recipe)))
    if recipe.fault is None:
        del plain["fault"], plain["strengths"]
    return plain


def clip_from(plain: dict[str, Any]) -> Clip:
    """Return the clip of a description, the ``clip`` block of a truth."""
    parts = {"recipe": Recipe, "shape": Shape, "outfit": Outfit, "camera": Camera, "weight": Weight, "room": Room}

    def read(values: dict[str, Any]) -> dict[str, Any]:
        return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}

    return Clip(**(plain | {name: kind(**read(plain[name])) for name, kind in parts.items()}))


PLATES_M = (0.225, 0.225, 0.225, 0.2, 0.175, 0.15)
FLOOR_PLATES_M = (0.225, 0.225, 0.225, 0.21, 0.195)  # smaller ones would stand on blocks
SIZES_PX = ((640, 480), (640, 360), (480, 640), (640, 480))


def draw_weight(recipe: Recipe, rng: np.random.Generator) -> Weight:
    """Draw a weight that fits a recipe."""
    exercise = EXERCISES[recipe.exercise]
    if recipe.event == "pickup":
        return Weight("thing", 0.08, colour=CLOTH[int(rng.integers(len(CLOTH)))])
    carried = recipe.event == "lift" or (exercise.from_floor and recipe.event in ("aborted", "setup_only"))
    if not carried or exercise.implement == "none":
        return Weight("none")
    dark = (0.1, 0.1, 0.11) if rng.random() < 0.6 else CLOTH[int(rng.integers(len(CLOTH)))]
    if exercise.implement == "kettlebell":
        return Weight("kettlebell", float(rng.uniform(0.085, 0.12)), colour=dark)
    return Weight(
        "barbell", float(rng.choice(FLOOR_PLATES_M if exercise.from_floor else PLATES_M)), int(rng.integers(1, 4)), dark
    )


def draw_camera(rng: np.random.Generator, *, stature_m: float, yaw_deg: float, size_px: tuple[int, int]) -> Camera:
    """Draw a camera that has the whole lifter in its picture, with room for hips and head going out sideways."""
    width, height = size_px
    fov = float(rng.uniform(32.0, 48.0) if width > height else rng.uniform(52.0, 64.0))
    filled = float(rng.uniform(0.62, 0.8) if width > height else rng.uniform(0.5, 0.64))
    distance = stature_m / filled / (2 * np.tan(np.radians(fov) / 2))
    return Camera(
        yaw_deg=yaw_deg,
        side="right" if rng.random() < 0.5 else "left",
        distance_m=float(distance),
        height_m=float(rng.uniform(0.65, 1.3)),
        target_m=(float(rng.uniform(-0.05, 0.15)), 0.0, float(rng.uniform(0.46, 0.52) * stature_m)),
        fov_deg=fov,
        roll_deg=float(rng.normal(0.0, 0.8)),
        width_px=width,
        height_px=height,
    )


def draw_clip(name: str, recipe: Recipe, *, seed: int, yaw_deg: float, **changes: Any) -> Clip:
    """Draw body, clothes, camera, weight and room around a recipe; ``changes`` replace fields of the clip."""
    rng = np.random.default_rng([seed, 7])
    shape = draw_shape(rng)
    size = SIZES_PX[int(rng.integers(len(SIZES_PX)))]
    camera = draw_camera(rng, stature_m=shape.stature_m, yaw_deg=yaw_deg, size_px=size)
    if recipe.opening == "walk_in":
        camera = replace(camera, target_m=(-0.25, 0.0, camera.target_m[2]))
    clip = Clip(
        name=name,
        recipe=recipe,
        shape=shape,
        outfit=draw_outfit(rng, woman=shape.gender > 0.5),
        camera=camera,
        weight=draw_weight(recipe, rng),
        room=draw_room(rng),
        fps=float(rng.choice([15.0, 20.0, 20.0])),
        crf=int(rng.integers(23, 29)),
        noise=float(rng.uniform(0.0, 3.5)),
        blur_px=float(rng.choice([0.0, rng.uniform(0.4, 0.9)])),
    )
    return replace(clip, **changes)


def draw_room(rng: np.random.Generator) -> Room:
    """Draw a room."""
    return Room(
        seed=int(rng.integers(1 << 30)),
        clutter=int(rng.choice([0, 2, 4, 7])),
        wall_m=float(rng.uniform(1.3, 3.5)),
        light=float(rng.uniform(0.6, 1.15)),
        warmth=float(rng.uniform(-1.0, 1.0)),
        patterned=bool(rng.random() < 0.65),
    )


@dataclass(frozen=True)
class _Wanted:
    exercise: str
    rounding: Any = "neutral"
    more: dict[str, Any] = field(default_factory=dict)


def trial_set(*, seed: int) -> list[Clip]:
    """Return about forty-five varied clips.

    Every exercise neutral and rounded, every way to begin, to pause and to end, clips cut within a repetition, and
    behaviour that is no lift.
    """
    wanted = [_Wanted(name, rounding) for name in EXERCISES for rounding in ("neutral", "rounded")]
    wanted += [
        _Wanted("deadlift", "late", {"reps": 4}),
        _Wanted("front_squat", "late", {"reps": 4}),
        _Wanted("deadlift", "rounded", {"opening": "walk_in", "reps": 2}),
        _Wanted("sumo_deadlift", "neutral", {"opening": "walk_in", "reps": 2}),
        _Wanted("back_squat", "neutral", {"opening": "unrack"}),
        _Wanted("front_squat", "rounded", {"opening": "unrack", "reps": 2}),
        _Wanted("deadlift", "neutral", {"pace": "touch_and_go", "reps": 5, "ending": "floor"}),
        _Wanted("romanian_deadlift", "rounded", {"pace": "touch_and_go", "reps": 4}),
        _Wanted("bodyweight_squat", "neutral", {"pace": "touch_and_go", "reps": 5}),
        _Wanted("deadlift", "rounded", {"pace": "pause_bottom", "reps": 2, "ending": "floor"}),
        _Wanted("goblet_squat", "neutral", {"pace": "pause_bottom", "reps": 2}),
        _Wanted("kettlebell_deadlift", "neutral", {"pace": "pause_top", "reps": 3}),
        _Wanted("back_squat", "rounded", {"pace": "pause_top", "reps": 3}),
        _Wanted("deadlift", "rounded", {"opening": "bottom", "reps": 3, "ending": "floor"}),
        _Wanted("sumo_deadlift", "rounded", {"opening": "bottom", "reps": 2}),
        _Wanted("deadlift", "neutral", {"reps": 1, "ending": "floor"}),
        _Wanted("bodyweight_squat", "rounded", {"reps": 1}),
        _Wanted("deadlift", "rounded", {"reps": 2, "ending": "stand_up"}),
        _Wanted("romanian_deadlift", "neutral", {"crop_s": (2.3, 0.0), "reps": 4}),
        _Wanted("goblet_squat", "rounded", {"crop_s": (0.0, 1.6), "reps": 4}),
        _Wanted("bodyweight_squat", "neutral", {"crop_s": (2.6, 1.5), "reps": 5}),
        _Wanted("deadlift", more={"event": "pickup"}),
        _Wanted("deadlift", more={"event": "pickup", "opening": "walk_in"}),
        _Wanted("deadlift", more={"event": "tie_shoe"}),
        _Wanted("bodyweight_squat", more={"event": "wave"}),
        _Wanted("deadlift", more={"event": "wave", "opening": "walk_in"}),
        _Wanted("deadlift", "rounded", {"event": "aborted"}),
        _Wanted("sumo_deadlift", "neutral", {"event": "aborted"}),
        _Wanted("deadlift", more={"event": "setup_only"}),
        _Wanted("bodyweight_squat", more={"event": "walk", "opening": "walk_in"}),
    ]
    clips = []
    for index, want in enumerate(wanted):
        rng = np.random.default_rng([seed, index])
        yaw = float(rng.uniform(0.0, 25.0) * rng.choice([-1.0, 1.0]))
        recipe = Recipe(want.exercise, seed * 1000 + index, rounding=want.rounding, **want.more)
        name = f"{index:02d}_{_title(recipe)}"
        clips.append(draw_clip(name, recipe, seed=seed * 1000 + index, yaw_deg=yaw))
    return clips


VIEWS_DEG = (0.0, 20.0, 35.0)


def view_set(*, seed: int) -> list[Clip]:
    """Return the same lifts filmed from several sides: each exercise neutral and rounded, by a lifter of its own."""
    clips = []
    for index, exercise in enumerate(OPEN_BACK):
        behind = -1.0 if index % 2 else 1.0
        for rounding in ("neutral", "rounded"):
            recipe = Recipe(exercise, seed * 1000 + index, reps=2, rounding=rounding)
            for yaw_deg in VIEWS_DEG:
                name = f"{index:02d}_{exercise}_{rounding}_{yaw_deg:02.0f}"
                clips.append(draw_clip(name, recipe, seed=seed * 1000 + index, yaw_deg=behind * yaw_deg, fps=15.0))
    return clips


EACH_FAULT, CLEAN_CLIPS = 6, 16


def fault_set(*, seed: int) -> list[Clip]:
    """Return clips of one fault each, and clean ones, so ordered that any beginning of the list has a bit of all.

    Four repetitions: a clean, a mild, a middle and a strong one in random order; but where earlier repetitions are
    what later ones are held against, the clean ones come first.
    """
    clips = []
    for turn in range(EACH_FAULT):
        for number, (name, fault) in enumerate(FAULTS.items()):
            rng = np.random.default_rng([seed, 5, number, turn])
            strengths: tuple[float, ...] = (0.0, *fault.strengths)
            if name == "thoracic_creep":
                strengths = (0.0, *strengths)
            elif name == "depth":
                strengths = (0.0, *rng.permutation(fault.strengths).tolist())
            else:
                strengths = tuple(rng.permutation(strengths).tolist())
            exercise = fault.exercises[(turn + seed - 1) % len(fault.exercises)]
            clips.append(
                _fault_clip(f"{name}_{turn}_{exercise}", exercise, name, strengths, seed * 1000 + number * 20 + turn)
            )
        for index in range(turn, CLEAN_CLIPS, EACH_FAULT):
            exercise = OPEN_BACK[(index + seed - 1) % len(OPEN_BACK)]
            clips.append(
                _fault_clip(f"clean_{index}_{exercise}", exercise, CLEAN, (0.0,) * 4, seed * 1000 + 500 + index)
            )
    return clips


def _fault_clip(name: str, exercise: str, fault: str, strengths: tuple[float, ...], seed: int) -> Clip:
    rng = np.random.default_rng([seed, 6])
    yaw_deg = float(rng.uniform(-15.0, 15.0))
    recipe = Recipe(exercise, 700_000 + seed, reps=len(strengths), ending="floor", fault=fault, strengths=strengths)
    if fault != "asymmetry":
        clip = draw_clip(name, recipe, seed=700_000 + seed, yaw_deg=yaw_deg)
    else:  # seen from the front or from behind, near enough to stand within the room
        clip = draw_clip(name, recipe, seed=700_000 + seed, yaw_deg=yaw_deg + float(rng.choice([-90.0, 90.0])))
        fov_deg, filled = float(rng.uniform(46.0, 52.0)), float(rng.uniform(0.7, 0.76))
        away = clip.shape.stature_m / filled / (2 * np.tan(np.radians(fov_deg) / 2))
        camera = replace(clip.camera, fov_deg=fov_deg, distance_m=float(away), width_px=640, height_px=480)
        camera = replace(camera, target_m=(0.0, 0.0, camera.target_m[2]))
        clip = replace(clip, camera=camera, room=replace(clip.room, clutter=0))
    if clip.weight.kind == "barbell":
        clip = replace(clip, weight=replace(clip.weight, plate_m=PLATES_M[0]))
    return clip


def _title(recipe: Recipe) -> str:
    if recipe.event != "lift":
        return recipe.event + ("" if recipe.opening == "stand" else "_" + recipe.opening)
    parts = [recipe.exercise, recipe.rounding]
    parts += [p for p in (recipe.opening, recipe.pace) if p not in ("stand", "normal")]
    return "_".join(parts + (["cropped"] if any(recipe.crop_s) else []))


def samples() -> list[Clip]:
    """Return the four sample clips."""
    man = Shape(gender=0.0, age=0.7, muscle=0.75, weight=0.55, proportions=0.6, stature_m=1.79, lats=0.3)
    woman = Shape(gender=1.0, age=0.68, muscle=0.6, weight=0.5, proportions=0.6, stature_m=1.67, buttocks=0.2)
    first = Outfit(SKIN[1], HAIR[1], CLOTH[5], CLOTH[2], CLOTH[3], sleeve=0.26, leg=0.4, loose_m=0.004)
    second = Outfit(SKIN[3], HAIR[0], CLOTH[8], CLOTH[1], CLOTH[3], sleeve=0.02, leg=0.97)
    view = Camera(
        side="right",
        distance_m=3.6,
        height_m=0.95,
        target_m=(0.05, 0.0, 0.8),
        fov_deg=34.0,
        width_px=640,
        height_px=480,
    )
    plates, bell = Weight("barbell", 0.225, 1, (0.1, 0.1, 0.11)), Weight("kettlebell", 0.095, colour=CLOTH[6])
    lift: dict[str, Any] = {
        "shape": man,
        "outfit": first,
        "weight": plates,
        "room": Room(seed=5, clutter=3, patterned=True),
    }
    squat: dict[str, Any] = {
        "shape": woman, "outfit": second, "weight": bell, "room": Room(seed=11, clutter=2, wall_m=2.6, patterned=True),
    }  # fmt: skip
    clips = [
        Clip("deadlift_neutral", Recipe("deadlift", 21, 2), camera=replace(view, yaw_deg=4.0), **lift),
        Clip("deadlift_rounded", Recipe("deadlift", 22, 2, "rounded"), camera=replace(view, yaw_deg=-5.0), **lift),
        Clip("squat_neutral", Recipe("goblet_squat", 23, 2), camera=replace(view, yaw_deg=-3.0), **squat),
        Clip("squat_rounded", Recipe("goblet_squat", 24, 2, "rounded"), camera=replace(view, yaw_deg=6.0), **squat),
    ]
    return [replace(clip, crf=22) for clip in clips]
