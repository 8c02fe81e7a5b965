"""MediaPipe: picture to landmarks and person mask, following one lifter.

MediaPipe 1.x reports usage over the network as soon as a landmarker is created and offers no switch against it.
`silence_telemetry` points the proxy variables of this process at a closed loopback port first, so that no packet
leaves the machine; `tests/io/test_privacy.py` proves it with a system-call trace.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from spineline.core.lifter import (
    TAKE_OVER_RATIO,
    Observation,
    Person,
    inside,
    overlap,
    same_person,
    same_size,
    score,
    window_px,
)
from spineline.core.silhouette import cut_silhouette, facing
from spineline.core.track import Floats
from spineline.errors import ModelError
from spineline.io.native_log import native_log_hidden
from spineline.io.scaling import shrink

CLOSED_PROXY: Final = "http://127.0.0.1:9"
POSE_SIDE_PX: Final = 640
"""Long side of what the pose model is given: smaller loses people, larger is slower and no better."""

SCOUT_EVERY_S: Final = 1.0
"""How often the whole picture is searched for everybody in it."""

_SCOUT_PEOPLE: Final = 4
_FAR_PICTURES: Final = 10.0  # from the corner of the picture; no part of a body is seen from there
_LOST_AFTER: Final = 3
_FORGET_AFTER_S: Final = 2.0
_CHALLENGES: Final = 2


class ReadSpine(Protocol):
    """Reads the spine from one picture: mask ``(H, W)``, landmarks in its pixels, world landmarks, facing +-1."""

    def __call__(self, mask: NDArray[np.float32], landmarks_px: Floats, world_m: Floats, facing: float) -> Floats:
        """Return columns as in `spineline.core.track.RAW`."""


def silence_telemetry() -> None:
    """Keep MediaPipe from reaching anything beyond this machine. Must run before a landmarker is created."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ[name] = os.environ[name.upper()] = CLOSED_PROXY
    for name in ("no_proxy", "NO_PROXY"):
        os.environ.pop(name, None)


@dataclass(frozen=True, eq=False)
class Sight:
    """The lifter found in one frame, not read yet.

    Attributes
    ----------
    person : Person
        In pixels of the picture that was given.
    mask : ndarray of float32, shape (h, w)
        The person's probability in the part of that picture which begins at ``corner_px`` and was shrunk by
        ``mask_scale``.
    scale : float
        Size of that picture relative to the full one.
    others : list of Person
        Everybody else there was when the whole picture was last searched.
    identity : int
        Changes when somebody else is taken for the lifter.
    """

    person: Person
    mask: NDArray[np.float32]
    mask_scale: float
    corner_px: tuple[int, int]
    scale: float
    others: list[Person]
    identity: int


class PoseObserver:
    """Finds people, keeps to one of them, and cuts their silhouette. Use as a context manager.

    Without ``read_spine`` the observations hold no reading of the spine. While it is open, what libraries write
    straight to standard error is not shown.
    """

    def __init__(self, model: Path, read_spine: ReadSpine | None = None) -> None:
        self._read_spine = read_spine
        with contextlib.ExitStack() as stack:
            stack.enter_context(native_log_hidden())
            self._follow = stack.enter_context(contextlib.closing(_landmarker(model, video=True, people=1)))
            self._scout = stack.enter_context(contextlib.closing(_landmarker(model, video=False, people=_SCOUT_PEOPLE)))
            self._opened = stack.pop_all()
        self._last: Person | None = None
        self._known: Person | None = None  # as last found in the whole picture, apart from the following
        self._window: tuple[int, int, int, int] | None = None
        self._others: list[Person] = []
        self._people = 0
        self._identity = 0
        self._missed = 0
        self._challenges = 0
        self._stamp_ms = -1
        self._scouted_s = -np.inf
        self._seen_s = -np.inf

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    @property
    def people(self) -> int:
        """How many people were in the whole picture when it was last searched, about once a second."""
        return self._people

    def forget(self) -> None:
        """Start anew: the next frame has nothing to do with the last."""
        self._last = self._known = self._window = None
        self._missed = self._challenges = 0

    def observe(self, image: NDArray[np.uint8], time_s: float, scale: float = 1.0) -> Observation | None:
        """Find the lifter in one frame, and search the whole picture if that is due: `find`, then `look_around`."""
        seen = self.find(image, time_s, scale)
        self.look_around(image, time_s)
        return seen

    def find(self, image: NDArray[np.uint8], time_s: float, scale: float = 1.0) -> Observation | None:
        """Find the lifter in one frame, and read what was found: `look`, then `read`."""
        sight = self.look(image, time_s, scale)
        return self.read(sight) if sight else None

    def look(self, image: NDArray[np.uint8], time_s: float, scale: float = 1.0) -> Sight | None:
        """Find the lifter in one frame.

        Parameters
        ----------
        image
            ``(H, W, 3)`` RGB, upright.
        time_s
            Presentation time, rising from call to call.
        scale
            Size of ``image`` relative to the full picture.

        Returns
        -------
        None where no pose of the lifter was found.
        """
        picture = (image.shape[1], image.shape[0])
        if self._window is None or self._missed >= _LOST_AFTER:
            self._search(image, time_s)
        if self._window is None:
            return None
        corner_px = self._window[:2]
        person, mask, mask_scale = self._follow_in(self._window, image, time_s)
        if person is None or mask is None or (self._last and not same_person(self._last, person, 1 + self._missed)):
            self._missed += 1
            return None
        self._last, self._missed, self._seen_s = person, 0, time_s
        if not inside(person, self._window, picture):
            self._aim(person, picture)
        return Sight(person, mask, mask_scale, corner_px, scale, self._others, self._identity)

    def read(self, sight: Sight) -> Observation | None:
        """Cut the silhouette and read the spine, in any one thread; None where the mask does not bear the pose out.

        Everything returned is in full-picture pixels.
        """
        person, scale = sight.person, sight.scale
        in_mask_px = (person.landmarks_px - sight.corner_px) * sight.mask_scale
        sign = float(facing(person.landmarks_px))
        silhouette, cell_px = cut_silhouette(sight.mask, in_mask_px, sign)
        if not np.isfinite(cell_px) or not _supported(sight.mask, in_mask_px):
            return None
        read = self._read_spine
        return Observation(
            person=Person(person.landmarks_px / scale, person.world_m, person.visibility),
            silhouette_bits=np.packbits(silhouette),
            silhouette_scale_px=cell_px / sight.mask_scale / scale,
            facing=sign,
            others=overlap(person, sight.others),
            identity=sight.identity,
            spine_raw=read(sight.mask, in_mask_px, person.world_m, sign) if read else np.empty(0),
        )

    def look_around(self, image: NDArray[np.uint8], time_s: float) -> None:
        """Search the same frame for everybody, every `SCOUT_EVERY_S`, to go by from the next frame on."""
        if time_s - self._scouted_s >= SCOUT_EVERY_S:
            self._search(image, time_s)

    def _follow_in(
        self, window: tuple[int, int, int, int], image: NDArray[np.uint8], time_s: float
    ) -> tuple[Person | None, NDArray[np.float32] | None, float]:
        """Run the following landmarker on a part of the picture."""
        left, top, right, bottom = window
        part = shrink(image[top:bottom, left:right], POSE_SIDE_PX)
        self._stamp_ms = max(self._stamp_ms + 1, round(time_s * 1000))
        result = self._follow.detect_for_video(_image(part), self._stamp_ms)
        people = _people(result, (left, top), (right - left, bottom - top))
        if not people or not result.segmentation_masks:
            return None, None, 1.0
        # The mask lives in memory that MediaPipe takes back with the result.
        mask = result.segmentation_masks[0].numpy_view().squeeze().copy()
        return people[0], mask, part.shape[1] / (right - left)

    def _search(self, image: NDArray[np.uint8], time_s: float) -> None:
        """Search the whole picture, keep to the lifter, and take note of everybody else."""
        self._scouted_s = time_s
        picture = (image.shape[1], image.shape[0])
        people = _people(self._scout.detect(_image(shrink(image, POSE_SIDE_PX))), (0, 0), picture)
        people = sorted(people, key=lambda p: score(p, picture), reverse=True)
        if not people:
            self._others, self._people = [], 0
            return
        chosen = self._choose(people, picture, time_s)
        self._known = chosen or self._known
        self._others = [p for p in people if p is not chosen and not _twins(p, chosen)] if chosen else people
        self._people = len(self._others) + (chosen is not None)

    def _choose(self, people: list[Person], picture: tuple[int, int], time_s: float) -> Person | None:
        """Choose the lifter among everybody found, best first, and turn to them if they are not followed already."""
        best, last = people[0], self._last
        if last is None:
            return self._turn_to(best, picture)
        mine = [p for p in people if same_person(last, p, max(1 + self._missed, 4))]
        if not mine:
            return self._replace(people, picture, time_s)
        chosen = min(mine, key=lambda p: float(np.linalg.norm(p.centre_px - last.centre_px)))
        challenged = best is not chosen and score(best, picture) > TAKE_OVER_RATIO * score(chosen, picture)
        self._challenges = self._challenges + 1 if challenged else 0
        if self._challenges >= _CHALLENGES:
            self._identity += 1
            return self._turn_to(best, picture)
        return self._turn_to(chosen, picture) if self._missed else chosen

    def _replace(self, people: list[Person], picture: tuple[int, int], time_s: float) -> Person | None:
        """Take somebody for the lifter after the lifter was lost: at once if alone and of the same size."""
        lost = self._known or self._last
        if self._missed < _LOST_AFTER or lost is None:
            return None
        alike = [p for p in people if same_size(lost, p) or same_size(self._last or lost, p)]
        if not alike and time_s - self._seen_s < _FORGET_AFTER_S:
            return None
        if len(people) > 1 or not alike:
            self._identity += 1
        return self._turn_to((alike or people)[0], picture)

    def _turn_to(self, person: Person, picture: tuple[int, int]) -> Person:
        """Make this person the one to follow."""
        self._last, self._missed, self._challenges = person, 0, 0
        self._aim(person, picture)
        return person

    def _aim(self, person: Person, picture: tuple[int, int]) -> None:
        """Move the window to the person."""
        self._aim_at(window_px(person, picture))

    def _aim_at(self, window: tuple[int, int, int, int]) -> None:
        """Move the window; a blank picture makes the landmarker forget where it was."""
        self._window = window
        self._stamp_ms += 1
        self._follow.detect_for_video(_image(np.zeros((64, 64, 3), dtype=np.uint8)), self._stamp_ms)


def _landmarker(model: Path, *, video: bool, people: int) -> Any:
    """Create a landmarker without telemetry.

    Raises
    ------
    ModelError
        If MediaPipe refuses the bundle.
    """
    silence_telemetry()
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model.read_bytes()),
        running_mode=vision.RunningMode.VIDEO if video else vision.RunningMode.IMAGE,
        num_poses=people,
        output_segmentation_masks=video,
    )
    try:
        return vision.PoseLandmarker.create_from_options(options)
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"{model.name}: expected a pose landmarker bundle, MediaPipe refuses it; "
            "choose --model lite, full, heavy or a .task file of a pose landmarker"
        ) from error


def _image(pixels: NDArray[np.uint8]) -> Any:
    import mediapipe

    return mediapipe.Image(mediapipe.ImageFormat.SRGB, np.ascontiguousarray(pixels))


def _people(result: Any, offset: tuple[int, int], size: tuple[int, int]) -> list[Person]:
    """Convert a landmarker's result to persons in picture pixels; what a damaged model makes up is nobody."""
    people = []
    for marks, world in zip(result.pose_landmarks, result.pose_world_landmarks, strict=True):
        normal = np.array([(m.x, m.y) for m in marks], dtype=np.float64)
        if not (np.abs(normal) < _FAR_PICTURES).all():  # nor where it is no number
            continue
        person = Person(
            landmarks_px=normal * size + offset,
            world_m=np.array([(m.x, m.y, m.z) for m in world], dtype=np.float64),
            visibility=np.array([m.visibility for m in marks], dtype=np.float64),
        )
        if person.size_px > 0:
            people.append(person)
    return people


def _twins(one: Person, other: Person) -> bool:
    """Tell whether two detections lie on one body."""
    apart = float(np.linalg.norm(one.centre_px - other.centre_px))
    return apart < 0.15 * other.size_px and max(one.size_px / other.size_px, other.size_px / one.size_px) < 1.5


def _supported(mask: NDArray[np.float32], landmarks_px: Floats) -> bool:
    """Tell whether the mask bears the pose out: some body under the line from the shoulders to the hips."""
    shoulders, hips = landmarks_px[[11, 12]].mean(axis=0), landmarks_px[[23, 24]].mean(axis=0)
    line = shoulders + np.linspace(0, 0.8, 9)[:, None] * (hips - shoulders)
    col = np.round(line[:, 0]).astype(int)
    row = np.round(line[:, 1]).astype(int)
    known = (row >= 0) & (row < mask.shape[0]) & (col >= 0) & (col < mask.shape[1])
    return bool((mask[row[known], col[known]] > 0.5).sum() >= 4)
