"""The picture: a room, a lifter, a weight, a light and a camera, drawn offscreen with VTK.

The camera looks at the lifter from the side. ``yaw_deg`` is 0 for a pure side view, positive when the camera stands
nearer to the lifter's front, negative nearer to the back. ``side`` says which side of the lifter it sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from training.look import Colour, Floats, Surface
from training.skeleton import Array
from training.vtk_arrays import from_vtk, to_vtk, to_vtk_ids

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    Attributes
    ----------
    yaw_deg, side
        See the module.
    distance_m, height_m
        From the target on the floor plan; of the lens above the floor.
    target_m
        Point looked at.
    fov_deg
        Vertical field of view.
    roll_deg
        Tilt of the picture.
    width_px, height_px
        Size of the picture.
    """

    yaw_deg: float = 0.0
    side: Literal["left", "right"] = "right"
    distance_m: float = 3.4
    height_m: float = 1.0
    target_m: tuple[float, float, float] = (0.0, 0.0, 0.85)
    fov_deg: float = 40.0
    roll_deg: float = 0.0
    width_px: int = 640
    height_px: int = 480

    def axes(self) -> tuple[Array, Array]:
        """Return the lens's position (3,), and the axes right, down, forward as rows (3, 3)."""
        yaw = np.radians(self.yaw_deg)
        sideways = -1.0 if self.side == "right" else 1.0
        target = np.array(self.target_m)
        eye = target + self.distance_m * np.array([np.sin(yaw), sideways * np.cos(yaw), 0.0])
        eye[2] = self.height_m
        forward = (target - eye) / np.linalg.norm(target - eye)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        roll = np.radians(self.roll_deg)
        c, s = np.cos(roll), np.sin(roll)
        return eye, np.stack([c * right + s * down, c * down - s * right, forward])

    def project(self, points_m: Array) -> Array:
        """Return where points (..., 3) appear, pixels (..., 2), x right, y down, pixel centres at integers + 0.5."""
        eye, axes = self.axes()
        seen = (points_m - eye) @ axes.T
        focal = 0.5 * self.height_px / np.tan(np.radians(self.fov_deg) / 2)
        centre = np.array([self.width_px / 2, self.height_px / 2])
        return np.asarray(focal * seen[..., :2] / np.maximum(seen[..., 2:], 1e-6) + centre)


@dataclass(frozen=True)
class Weight:
    """The weight.

    Attributes
    ----------
    kind
        What it is; ``thing`` is a small object that is picked up.
    apart_m
        Distance of each dumbbell from the middle.
    plate_m
        Radius of the plates, or of the kettlebell's ball.
    plates
        Plates on each side.
    colour
        Of plates or ball.
    """

    kind: Literal["barbell", "kettlebell", "dumbbells", "thing", "none"]
    plate_m: float = 0.225
    plates: int = 1
    colour: Colour = (0.1, 0.1, 0.11)
    apart_m: float = 0.25

    @property
    def grip_height_m(self) -> float:
        """Height of the grip while the weight stands on the floor."""
        if self.kind == "kettlebell":
            return 2.0 * self.plate_m + 0.045
        return self.plate_m


@dataclass(frozen=True)
class Room:
    """What is around.

    Attributes
    ----------
    seed
        Of textures and clutter.
    clutter
        How many things stand about behind the lifter.
    wall_m
        Distance of the wall behind the lifter.
    light, warmth
        Brightness (1 is normal) and colour of the light (-1 cold .. 1 warm).
    patterned
        Whether walls and floor have patterns or are plain.
    mirror
        Whether the wall shows the lifter's reflection.
    bystanders
        People who stand about behind the lifter.
    """

    seed: int = 0
    clutter: int = 0
    wall_m: float = 2.0
    light: float = 1.0
    warmth: float = 0.0
    patterned: bool = False
    mirror: bool = False
    bystanders: int = 0


Posed = tuple[Floats, Floats]
"""Vertices and unit normals of a dressed body, both (V, 3)."""


class Stage:
    """A window in memory with one lifter; draws frame after frame. ``bystander`` is how others in the room stand."""

    def __init__(
        self, surface: Surface, camera: Camera, weight: Weight, room: Room, bystander: Posed | None = None
    ) -> None:
        import vtk

        from training import props

        vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)
        self._vtk = vtk
        self._camera = camera
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetSize(camera.width_px, camera.height_px)
        self._window.SetMultiSamples(0)
        self._renderer = vtk.vtkRenderer()
        self._renderer.UseFXAAOn()  # as smooth as multisampling, at half its price without a graphics card
        self._window.AddRenderer(self._renderer)
        sideways = 1.0 if camera.side == "right" else -1.0  # the wall stands opposite the camera
        self._aim()
        props.illuminate(self._renderer, room, sideways)
        self._empty_room(room, sideways, surface, bystander)
        self._body, lifter = self._mesh(surface.faces, surface.colours)
        self._weight = props.weight_actors(weight)
        for actor in (lifter, *self._weight):
            self._renderer.AddActor(actor)
        if room.mirror:
            self._reflect([lifter], self._weight, sideways * room.wall_m)
        self._shadow(props.floor_colour(room))

    def _empty_room(self, room: Room, sideways: float, surface: Surface, bystander: Posed | None) -> None:
        """Draw the room once and keep its picture as background: nothing in it ever hides the lifter."""
        from training import props

        props.furnish(self._renderer, room, sideways)
        if bystander is not None:
            self._gather(room, sideways, surface, bystander)
        picture = self._shoot()
        self._renderer.RemoveAllViewProps()
        texture = self._vtk.vtkTexture()
        texture.SetInputData(props.image_data(picture[::-1]))
        self._renderer.SetBackgroundTexture(texture)
        self._renderer.TexturedBackgroundOn()

    def _gather(self, room: Room, sideways: float, surface: Surface, bystander: Posed) -> None:
        """Put bystanders into the room: the lifter's own body turned, elsewhere, in other colours."""
        rng = np.random.default_rng([room.seed, 4])
        for _ in range(room.bystanders):
            data, actor = self._mesh(surface.faces, surface.colours[:, rng.permutation(3)])
            self._shape(data, *bystander)
            actor.RotateZ(float(rng.uniform(0.0, 360.0)))
            away = sideways * float(rng.uniform(0.7, max(room.wall_m - 0.3, 0.9)))
            actor.AddPosition(float(rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 2.0)), away, 0.0)
            self._renderer.AddActor(actor)

    def _reflect(self, body: list[Any], weight: list[Any], wall_y_m: float) -> None:
        """Show body and weight in a wall that is a mirror."""
        vtk = self._vtk
        across = vtk.vtkMatrix4x4()
        across.DeepCopy((1, 0, 0, 0, 0, -1, 0, 2 * wall_y_m, 0, 0, 1, 0, 0, 0, 0, 1))
        images = []
        for actor in (*body, *weight):
            image, look = vtk.vtkActor(), vtk.vtkProperty()
            look.DeepCopy(actor.GetProperty())
            look.SetDiffuse(0.5)
            image.SetMapper(actor.GetMapper())
            image.SetProperty(look)
            image.SetUserMatrix(across)
            self._renderer.AddActor(image)
            images.append(image)
        self._weight = [*weight, *images[len(body) :]]

    def _mesh(self, faces: NDArray[np.int32], colours: NDArray[np.uint8]) -> tuple[Any, Any]:
        """Return the data and the actor of a skin without places yet."""
        vtk = self._vtk
        data, points, cells = vtk.vtkPolyData(), vtk.vtkPoints(), vtk.vtkCellArray()
        corners = faces.astype(np.int64).ravel()
        offsets = np.arange(0, len(corners) + 1, 3, dtype=np.int64)
        cells.SetData(to_vtk_ids(offsets), to_vtk_ids(corners))
        data.SetPoints(points)
        data.SetPolys(cells)
        data.GetPointData().SetScalars(to_vtk(colours))
        mapper, actor = vtk.vtkPolyDataMapper(), vtk.vtkActor()
        mapper.SetInputData(data)
        actor.SetMapper(mapper)
        look = actor.GetProperty()
        look.SetAmbient(0.3)
        look.SetDiffuse(0.75)
        look.SetSpecular(0.06)
        look.SetSpecularPower(12)
        return data, actor

    @staticmethod
    def _shape(data: Any, vertices_m: Floats, normals: Floats) -> None:
        data.GetPoints().SetData(to_vtk(vertices_m))
        data.GetPointData().SetNormals(to_vtk(normals))
        data.Modified()

    def _shadow(self, colour: Colour) -> None:
        """Lay the body flat on the floor, along the light, in a darker floor colour."""
        vtk = self._vtk
        flat, actor, mapper = vtk.vtkMatrix4x4(), vtk.vtkActor(), vtk.vtkPolyDataMapper()
        flat.DeepCopy((1, 0, -0.12, 0, 0, 1, 0.1, 0, 0, 0, 0.0005, 0.003, 0, 0, 0, 1))
        mapper.SetInputData(self._body)
        mapper.ScalarVisibilityOff()
        actor.SetMapper(mapper)
        actor.SetUserMatrix(flat)
        actor.GetProperty().SetColor(*(0.62 * c for c in colour))
        actor.GetProperty().LightingOff()
        self._renderer.AddActor(actor)

    def _aim(self) -> None:
        eye, axes = self._camera.axes()
        camera = self._renderer.GetActiveCamera()
        camera.SetPosition(*eye)
        camera.SetFocalPoint(*(eye + axes[2] * 3.0))
        camera.SetViewUp(*(-axes[1]))
        camera.SetViewAngle(self._camera.fov_deg)
        camera.SetClippingRange(0.1, 40.0)

    def draw(self, vertices_m: Floats, normals: Floats, weight_m: Array, weight_roll_deg: float = 0.0) -> Image:
        """Return the picture (H, W, 3), RGB; ``weight_m`` NaN hides the weight, which is rolled about x."""
        self._shape(self._body, vertices_m, normals)
        there = bool(np.isfinite(weight_m).all())
        for actor in self._weight:
            actor.SetVisibility(there)
            if there:
                actor.SetPosition(*weight_m)
                actor.SetOrientation(weight_roll_deg, 0.0, 0.0)
        return self._shoot()

    def _shoot(self) -> Image:
        self._renderer.ResetCameraClippingRange()
        self._window.Render()
        width, height = self._camera.width_px, self._camera.height_px
        pixels = self._vtk.vtkUnsignedCharArray()
        self._window.GetPixelData(0, 0, width - 1, height - 1, 0, pixels, 0)
        return np.asarray(from_vtk(pixels).reshape(height, width, 3)[::-1], dtype=np.uint8).copy()

    def close(self) -> None:
        """Free the window."""
        self._window.Finalize()
