"""Things in the picture other than the lifter: weights, room, clutter and lights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from training.vtk_arrays import to_vtk

if TYPE_CHECKING:
    from training.look import Colour
    from training.scene import Image, Room, Weight

WALLS: tuple[Colour, ...] = (
    (0.78, 0.77, 0.74), (0.62, 0.64, 0.66), (0.5, 0.55, 0.6), (0.35, 0.36, 0.38), (0.7, 0.62, 0.52), (0.55, 0.6, 0.52),
)  # fmt: skip
FLOORS: tuple[Colour, ...] = (
    (0.28, 0.28, 0.29), (0.45, 0.44, 0.43), (0.6, 0.5, 0.38), (0.2, 0.22, 0.25), (0.55, 0.55, 0.57),
)  # fmt: skip
STEEL: Colour = (0.55, 0.56, 0.58)
INNER_PLATE_M, PLATE_STEP_M, PLATE_THICK_M = 0.665, 0.05, 0.045
"""Of a barbell: from its middle to the first plate, from plate to plate, and how thick one is."""


def floor_colour(room: Room) -> Colour:
    """Return the floor's mean colour."""
    return FLOORS[int(np.random.default_rng([room.seed, 2]).integers(len(FLOORS)))]


def _actor(source: Any, colour: Colour, *, ambient: float = 0.3, specular: float = 0.05) -> Any:
    import vtk

    mapper, actor = vtk.vtkPolyDataMapper(), vtk.vtkActor()
    mapper.SetInputConnection(source.GetOutputPort())
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    look.SetColor(*colour)
    look.SetAmbient(ambient)
    look.SetDiffuse(0.75)
    look.SetSpecular(specular)
    look.SetSpecularPower(25)
    return actor


def _cylinder(radius_m: float, from_y_m: float, to_y_m: float, colour: Colour, *, specular: float = 0.1) -> Any:
    """Return a cylinder along y."""
    import vtk

    source = vtk.vtkCylinderSource()
    source.SetRadius(radius_m)
    source.SetHeight(abs(to_y_m - from_y_m))
    source.SetCenter(0.0, 0.5 * (from_y_m + to_y_m), 0.0)
    source.SetResolution(48)
    return _actor(source, colour, specular=specular)


def _box(low: tuple[float, float, float], high: tuple[float, float, float], colour: Colour) -> Any:
    import vtk

    source = vtk.vtkCubeSource()
    source.SetBounds(low[0], high[0], low[1], high[1], low[2], high[2])
    return _actor(source, colour)


def plate_face_y(weight: Weight, plate: int) -> float:
    """Return how far from a barbell's middle the outer face of a plate is, 1 the innermost; NaN without plates."""
    if weight.kind != "barbell" or not 1 <= plate <= weight.plates:
        return float("nan")
    return INNER_PLATE_M + PLATE_STEP_M * (plate - 1) + PLATE_THICK_M


def weight_actors(weight: Weight) -> list[Any]:
    """Return the actors of a weight, placed so that the grip's middle is at the origin."""
    import vtk

    if weight.kind == "barbell":
        parts = [_cylinder(0.014, -0.655, 0.655, STEEL, specular=0.5)]
        for side in (-1.0, 1.0):
            parts.append(_cylinder(0.025, side * 0.655, side * 1.08, STEEL, specular=0.5))
            inner = INNER_PLATE_M
            for k in range(weight.plates):
                radius = weight.plate_m if k == 0 else weight.plate_m * (0.82 if weight.plates > 1 else 1.0)
                parts.append(_cylinder(radius, side * inner, side * (inner + PLATE_THICK_M), weight.colour))
                parts.append(_cylinder(radius * 0.35, side * (inner - 0.003), side * (inner + 0.048), STEEL))
                inner += PLATE_STEP_M
        return parts
    if weight.kind == "kettlebell":
        ring, source = vtk.vtkParametricTorus(), vtk.vtkParametricFunctionSource()
        ring.SetRingRadius(0.058)
        ring.SetCrossSectionRadius(0.016)
        source.SetParametricFunction(ring)
        upright = vtk.vtkTransform()  # the ring stands across the lifter, its top at the grip
        upright.Translate(0.0, 0.0, -0.045)
        upright.RotateY(90.0)
        turned = vtk.vtkTransformFilter()
        turned.SetInputConnection(source.GetOutputPort())
        turned.SetTransform(upright)
        ball = _ball(0.0, 0.0, weight.plate_m - weight.grip_height_m, weight.plate_m, weight.colour)
        return [ball, _actor(turned, (0.2, 0.2, 0.2))]
    if weight.kind == "dumbbells":
        parts = []
        for middle in (-weight.apart_m, weight.apart_m):
            parts.append(_cylinder(0.016, middle - 0.07, middle + 0.07, STEEL, specular=0.5))
            for end in (-1.0, 1.0):
                parts.append(_cylinder(weight.plate_m, middle + end * 0.055, middle + end * 0.125, weight.colour))
        return parts
    if weight.kind == "thing":
        return [_box((-0.05, -0.05, -0.06), (0.05, 0.05, 0.08), weight.colour)]
    return []


def pattern(rng: np.random.Generator, colour: Colour, *, kind: str, size: int = 512) -> Image:
    """Return a texture (size, size, 3): ``plain``, ``tiles``, ``planks``, ``bricks`` or ``speckle``."""
    grain = rng.normal(0.0, 0.02, (size, size, 1))
    shade = np.ones((size, size, 1)) + grain
    y, x = np.mgrid[0:size, 0:size]
    if kind == "tiles":
        step = int(rng.choice([32, 64, 128]))
        shade[((x % step) < 3) | ((y % step) < 3)] *= rng.uniform(0.6, 0.9)
    elif kind == "planks":
        step = int(rng.choice([32, 48, 64]))
        shade *= rng.uniform(0.82, 1.08, (size // step + 1,))[(x // step)][..., None]
        shade[(x % step) < 2] *= 0.7
    elif kind == "bricks":
        step = int(rng.choice([24, 40]))
        shift = (y // step % 2) * step
        shade *= rng.uniform(0.85, 1.1, (64, 64))[(y // step) % 64, ((x + shift) // (2 * step)) % 64][..., None]
        shade[((y % step) < 3) | (((x + shift) % (2 * step)) < 3)] *= 0.72
    elif kind == "speckle":
        shade *= np.where(rng.random((size, size, 1)) < 0.06, rng.uniform(0.6, 1.5), 1.0)
    return np.asarray(np.clip(np.array(colour) * shade, 0, 1) * 255, dtype=np.uint8)


def image_data(image: Image) -> Any:
    """Return a picture (H, W, 3), lowest row first, as VTK data."""
    import vtk

    data = vtk.vtkImageData()
    data.SetDimensions(image.shape[1], image.shape[0], 1)
    data.GetPointData().SetScalars(to_vtk(image.reshape(-1, 3)))
    return data


def _plane(
    origin: tuple[float, float, float],
    first: tuple[float, float, float],
    second: tuple[float, float, float],
    image: Image,
    repeat: float,
) -> Any:
    """Return a textured rectangle from a corner and its two neighbours."""
    import vtk

    plane = vtk.vtkPlaneSource()
    plane.SetOrigin(*origin)
    plane.SetPoint1(*first)
    plane.SetPoint2(*second)
    texture = vtk.vtkTexture()
    texture.SetInputData(image_data(image))
    texture.InterpolateOn()
    texture.MipmapOn()
    texture.RepeatOn()
    scale = vtk.vtkTransformTextureCoords()
    scale.SetInputConnection(plane.GetOutputPort())
    scale.SetScale(repeat, repeat, 1.0)
    actor = _actor(scale, (1.0, 1.0, 1.0), ambient=0.45)
    actor.SetTexture(texture)
    return actor


def furnish(renderer: Any, room: Room, sideways: float) -> None:
    """Add floor, walls and clutter; the wall stands at y = sideways * wall_m."""
    rng = np.random.default_rng([room.seed, 2])
    floor, wall = FLOORS[int(rng.integers(len(FLOORS)))], WALLS[int(rng.integers(len(WALLS)))]
    ground = str(rng.choice(["tiles", "planks", "speckle"])) if room.patterned else "plain"
    upright = str(rng.choice(["bricks", "tiles", "planks", "plain"])) if room.patterned else "plain"
    span, y = 9.0, sideways * room.wall_m
    renderer.SetBackground(*wall)
    image = pattern(rng, floor, kind=ground)
    renderer.AddActor(_plane((-span, -span, 0), (span, -span, 0), (-span, span, 0), image, 8))
    renderer.AddActor(_plane((-span, y, 0), (span, y, 0), (-span, y, 4), pattern(rng, wall, kind=upright), 5))
    for side in (-1.0, 1.0):
        x = side * rng.uniform(3.0, 6.0)
        image = pattern(rng, wall, kind="plain")
        renderer.AddActor(_plane((x, -span, 0), (x, span, 0), (x, -span, 4), image, 5))
    for actor in clutter(rng, room, sideways):
        renderer.AddActor(actor)


def clutter(rng: np.random.Generator, room: Room, sideways: float) -> list[Any]:
    """Return things behind the lifter: posters on the wall, boxes, posts, racks, balls and benches."""
    out: list[Any] = []
    for _ in range(room.clutter):
        kind = str(rng.choice(["poster", "box", "post", "rack", "ball", "bench"]))
        colour: Colour = (float(rng.uniform(0.05, 0.9)), float(rng.uniform(0.05, 0.9)), float(rng.uniform(0.05, 0.9)))
        x = float(rng.uniform(-2.8, 2.8))
        y = sideways * float(rng.uniform(0.95, max(room.wall_m - 0.05, 1.0)))
        if kind == "poster":
            w, h, z = rng.uniform(0.2, 0.9), rng.uniform(0.3, 0.9), rng.uniform(0.4, 1.8)
            flat = sideways * (room.wall_m - 0.02)
            out.append(_box((x - w, flat - 0.01, z), (x + w, flat, z + h), colour))
        elif kind == "box":
            s = rng.uniform(0.15, 0.45, 3)
            out.append(_box((x - s[0], y - s[1], 0.0), (x + s[0], y + s[1], 2 * s[2]), colour))
        elif kind == "post":
            out.append(_box((x - 0.04, y - 0.04, 0.0), (x + 0.04, y + 0.04, 2.4), colour))
        elif kind == "rack":
            out += _rack(rng, x, y, colour)
        elif kind == "ball":
            radius = float(rng.uniform(0.2, 0.36))
            out.append(_ball(x, y, radius, radius, colour))
        else:
            out += _bench(x, y, colour)
    return out


def _ball(x: float, y: float, z: float, radius_m: float, colour: Colour) -> Any:
    import vtk

    ball = vtk.vtkSphereSource()
    ball.SetRadius(radius_m)
    ball.SetCenter(x, y, z)
    ball.SetThetaResolution(32)
    ball.SetPhiResolution(32)
    return _actor(ball, colour)


def _rack(rng: np.random.Generator, x: float, y: float, colour: Colour) -> list[Any]:
    """Return shelves with small weights on them."""
    dark = (0.12, 0.12, 0.14)
    out = [_box((x + d - 0.03, y - 0.03, 0.0), (x + d + 0.03, y + 0.03, 1.1), dark) for d in (-0.6, 0.6)]
    for z in (0.35, 0.75, 1.05):
        out.append(_box((x - 0.65, y - 0.12, z), (x + 0.65, y + 0.12, z + 0.05), dark))
        out += [_ball(x - 0.5 + 0.25 * k, y, z + 0.12, float(rng.uniform(0.05, 0.09)), colour) for k in range(5)]
    return out


def _bench(x: float, y: float, colour: Colour) -> list[Any]:
    legs = [_box((x + d - 0.03, y - 0.1, 0.0), (x + d + 0.03, y + 0.1, 0.38), (0.1, 0.1, 0.1)) for d in (-0.5, 0.5)]
    return [_box((x - 0.6, y - 0.14, 0.38), (x + 0.6, y + 0.14, 0.47), colour), *legs]


def illuminate(renderer: Any, room: Room, sideways: float) -> None:
    """Put a lamp overhead on the camera's side, and a weak fill from the camera."""
    import vtk

    rng = np.random.default_rng([room.seed, 3])
    renderer.SetAutomaticLightCreation(0)
    tint = np.clip(np.array([1.0 + 0.12 * room.warmth, 1.0, 1.0 - 0.14 * room.warmth]), 0.0, 1.2)
    lamp = vtk.vtkLight()
    lamp.SetLightTypeToSceneLight()
    lamp.SetPosition(float(rng.uniform(-2.5, 2.5)), -sideways * float(rng.uniform(1.0, 3.0)), 3.2)
    lamp.SetFocalPoint(0.0, 0.0, 0.8)
    lamp.SetIntensity(0.7 * room.light)
    lamp.SetColor(*tint)
    fill = vtk.vtkLight()
    fill.SetLightTypeToHeadlight()
    fill.SetIntensity(0.35 * room.light)
    fill.SetColor(*tint)
    renderer.AddLight(lamp)
    renderer.AddLight(fill)
    renderer.SetAmbient(*(np.clip(tint * room.light, 0, 1)))
