"""Observations, frame by frame, gathered into a PoseTrack of one lifter."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spineline.core.lifter import Observation, size_px
from spineline.core.skeleton import N_LANDMARKS, Landmark
from spineline.core.track import RAW, SILHOUETTE_SIDE, Bools, PoseTrack

Plate = tuple[float, float, float, float]
"""Middle (x, y) and radius of the bar's near plate, in picture pixels, and how surely it is that, 0 to 1."""

_FRAME: Final = np.dtype(
    [
        ("time_s", "f8"),
        ("landmarks_px", "f8", (N_LANDMARKS, 2)),
        ("world_m", "f8", (N_LANDMARKS, 3)),
        ("visibility", "f8", (N_LANDMARKS,)),
        ("silhouette_bits", "u1", (SILHOUETTE_SIDE**2 // 8,)),
        ("silhouette_scale_px", "f8"),
        ("facing", "f8"),
        ("others", "f8"),
        ("plate_px", "f8", (4,)),
        ("spine_raw", "f8", (RAW,)),
    ]
)
_SEEN: Final = [name for name in _FRAME.names or () if name not in ("time_s", "plate_px")]
_NOBODY: Final = -1
_FIRST_ROOM: Final = 32
_SAME_PLACE: Final = 0.03  # in body sizes: ten times what one run differs from another in most frames
_SHOULDERS: Final = [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]


def _missing() -> NDArray[np.void]:
    frame = np.zeros((), _FRAME)
    for name in set(_SEEN) - {"silhouette_bits", "facing", "others"} | {"plate_px"}:
        frame[name] = np.nan
    return frame


_MISSING: Final = _missing()


class Recording:
    """Grows with every frame; `track` may be asked for at any time."""

    def __init__(self, image_size_px: tuple[int, int], source: Mapping[str, str] | None = None) -> None:
        self._image_size_px = image_size_px
        self._source = dict(source or {})
        self._frames: NDArray[np.void] = np.empty(0, _FRAME)
        self._identity: list[int] = []  # of whom is seen
        self._reads_spine = False

    def __len__(self) -> int:
        return len(self._identity)

    @property
    def last_s(self) -> float:
        """Time of the newest frame, NaN before there is one."""
        return float(self._frames["time_s"][len(self) - 1]) if len(self) else float("nan")

    @property
    def last_seen_s(self) -> float:
        """Time of the newest frame in which somebody was seen, NaN if there is none."""
        last = _last_seen(self._identity)
        return float("nan") if last is None else float(self._frames["time_s"][last])

    def add(self, time_s: float, observation: Observation | None, plate: Plate | None = None) -> None:
        """Append one frame; None where the lifter, or a plate, was not found."""
        self._room()
        count, frames = len(self), self._frames
        frames[count] = _MISSING
        frames["time_s"][count] = time_s
        if plate is not None:
            frames["plate_px"][count] = plate
        if observation is not None:
            for name, value in _fields(observation).items():
                frames[name][count] = value
            self._reads_spine |= observation.spine_raw.size > 0
        self._identity.append(_NOBODY if observation is None else observation.identity)  # last: now others may look

    def _room(self) -> None:
        """Make room for one more frame."""
        count = len(self)
        if count == len(self._frames):
            grown = np.empty(2 * count + _FIRST_ROOM, _FRAME)
            grown[:count] = self._frames
            self._frames = grown

    def add_plate(self, number: int, plate: Plate | None) -> None:
        """Say later where the plate was in a frame, by its number; also in what was taken of it by `since`."""
        self._frames["plate_px"][number] = _MISSING["plate_px"] if plate is None else plate

    def since(self, time_s: float) -> "Recording":
        """Return the frames from a time on. Both may grow meanwhile, each on its own."""
        stop = len(self)
        frames = self._frames[:stop]
        first = int(np.searchsorted(frames["time_s"], time_s))
        part = Recording(self._image_size_px, self._source)
        part._frames, part._identity = frames[first:], self._identity[first:stop]  # full: what is added goes elsewhere
        part._reads_spine = self._reads_spine
        return part

    def continue_with(self, later: "Recording", at_s: float) -> bool:
        """Append the frames from a time on of another recording, which has begun some time before that.

        Returns
        -------
        False, and nothing is appended, unless both have a last frame before that time, it is the same, and somebody
        was last seen in the same frame and place.
        """
        first = int(np.searchsorted(later._frames["time_s"][: len(later)], at_s))
        if not (len(self) and first) or self.last_s != later._frames["time_s"][first - 1]:
            return False
        here, there = _last_seen(self._identity), _last_seen(later._identity[:first])
        new_identity = 0
        if here is not None or there is not None:
            if here is None or there is None or not _alike(self._frames[here], later._frames[there]):
                return False
            new_identity = self._identity[here] - later._identity[there]
        for row, identity in zip(later._frames[first : len(later)], later._identity[first:], strict=True):
            self._room()
            self._frames[len(self)] = row
            self._identity.append(_NOBODY if identity == _NOBODY else identity + new_identity)
        self._reads_spine |= later._reads_spine
        return True

    def track(self) -> PoseTrack:
        """Return the frames so far as a track. Frames of anybody but the lifter are missing in it."""
        count = len(self)
        frames, identity = self._frames[:count].copy(), np.array(self._identity[:count], dtype=np.intp)
        others = identity != _lifter(identity, frames)
        for name in _SEEN:
            frames[name][others] = _MISSING[name]
        columns: dict[str, Any] = {name: np.ascontiguousarray(frames[name]) for name in _FRAME.names or ()}
        if not self._reads_spine:
            columns["spine_raw"] = np.empty((count, 0))
        return PoseTrack(**columns, image_size_px=self._image_size_px, source=self._source)


def _fields(observation: Observation) -> dict[str, Any]:
    person = observation.person
    fields = {
        "landmarks_px": person.landmarks_px,
        "world_m": person.world_m,
        "visibility": person.visibility,
        "silhouette_bits": observation.silhouette_bits,
        "silhouette_scale_px": observation.silhouette_scale_px,
        "facing": observation.facing,
        "others": observation.others,
    }
    return {**fields, "spine_raw": observation.spine_raw} if observation.spine_raw.size else fields


def _last_seen(identity: list[int]) -> int | None:
    """Return the number of the last frame in which somebody was seen."""
    return next((number for number in range(len(identity) - 1, -1, -1) if identity[number] != _NOBODY), None)


def _alike(one: NDArray[np.void], other: NDArray[np.void]) -> bool:
    """Tell whether two frames of two recordings are the same, and show the same person in the same place."""
    if one["time_s"] != other["time_s"]:
        return False
    apart_px = np.linalg.norm(one["landmarks_px"] - other["landmarks_px"], axis=1)
    return bool(np.median(apart_px) < _SAME_PLACE * size_px(one["landmarks_px"]))


def _lifter(identity: NDArray[np.intp], frames: NDArray[np.void]) -> int:
    """Choose whom the recording is about: who moves most up and down, largest and longest."""
    people = np.unique(identity[identity != _NOBODY])
    if len(people) < 2:
        return int(people[0]) if len(people) else _NOBODY
    height_px = frames["landmarks_px"][:, _SHOULDERS, 1].mean(axis=1)
    body_px = size_px(frames["landmarks_px"])

    def work(mine: Bools) -> float:
        low, high = np.percentile(height_px[mine], [5, 95])
        return float((0.05 + (high - low) / np.median(body_px[mine])) * mine.sum() * np.median(body_px[mine]))

    return int(max(people, key=lambda who: work(identity == who)))
