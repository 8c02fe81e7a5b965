"""Observations, frame by frame, gathered into a PoseTrack of one lifter."""

from bisect import bisect, bisect_left
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spineline.core.lifter import Observation, size_px
from spineline.core.packed import BLOCK_ROWS, Block, Bytes, Packed
from spineline.core.skeleton import N_LANDMARKS, Landmark
from spineline.core.track import RAW, SILHOUETTE_SIDE, Bools, Floats, PoseTrack

Plate = tuple[float, float, float, float]
"""Middle (x, y) and radius of the bar's near plate, in picture pixels, and how surely it is that, 0 to 1."""

_FRAME: Final = np.dtype(
    [
        ("time_s", "f8"),
        ("landmarks_px", "f4", (N_LANDMARKS, 2)),
        ("world_m", "f4", (N_LANDMARKS, 3)),
        ("visibility", "f4", (N_LANDMARKS,)),
        ("silhouette_scale_px", "f4"),
        ("facing", "f4"),
        ("others", "f4"),
        ("plate_px", "f4", (4,)),
        ("spine_raw", "f4", (RAW,)),
    ]
)
"""A frame without its silhouette. What was seen is float32: no pose model gives more."""

_SILHOUETTE: Final = SILHOUETTE_SIDE**2 // 8
_SEEN: Final = [name for name in _FRAME.names or () if name not in ("time_s", "plate_px")]
_NOBODY: Final = -1
_SAME_PLACE: Final = 0.03  # in body sizes: ten times what one run differs from another in most frames
_SHOULDERS: Final = [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]


def _missing() -> NDArray[np.void]:
    frame = np.zeros((), _FRAME)
    for name in set(_SEEN) - {"facing", "others"} | {"plate_px"}:
        frame[name] = np.nan
    return frame


_MISSING: Final = _missing()


class _Stretch:
    """Neighbouring frames from a number on, or room for them; their silhouettes are deflated when it is full."""

    def __init__(self, number: int, frames: NDArray[np.void], silhouettes: Bytes | Block | Packed) -> None:
        self.number, self.frames, self.silhouettes = number, frames, silhouettes

    @property
    def stop(self) -> int:
        """Number of the first frame there is no room for."""
        return self.number + len(self.frames)

    @property
    def begins_s(self) -> float:
        """Time of the first frame."""
        return float(self.frames["time_s"][0])

    def cut(self, first: int, stop: int) -> "_Stretch":
        """Return the frames from one number to another, as far as they are here; the first of all shall be 0."""
        rows = slice(max(first - self.number, 0), min(stop - self.number, len(self.frames)))
        silhouettes = self.silhouettes
        if isinstance(silhouettes, Block) and len(self.frames[rows]) < len(silhouettes):
            silhouettes = Packed([silhouettes], _SILHOUETTE)
        if not isinstance(silhouettes, Block):
            silhouettes = silhouettes[rows] if isinstance(silhouettes, np.ndarray) else silhouettes.cut(rows)
        return _Stretch(self.number + rows.start - first, self.frames[rows], silhouettes)


class Recording:
    """Grows with every frame; `track` may be asked for at any time."""

    def __init__(self, image_size_px: tuple[int, int], source: Mapping[str, str] | None = None) -> None:
        self._image_size_px = image_size_px
        self._source = dict(source or {})
        self._stretches: list[_Stretch] = []
        self._identity: list[int] = []  # of whom is seen
        self._reads_spine = False

    def __len__(self) -> int:
        return len(self._identity)

    @property
    def last_s(self) -> float:
        """Time of the newest frame, NaN before there is one."""
        return self._time_s(len(self) - 1) if len(self) else float("nan")

    @property
    def last_seen_s(self) -> float:
        """Time of the newest frame in which somebody was seen, NaN if there is none."""
        last = _last_seen(self._identity)
        return float("nan") if last is None else self._time_s(last)

    def add(self, time_s: float, observation: Observation | None, plate: Plate | None = None) -> None:
        """Append one frame; None where the lifter, or a plate, was not found."""
        stretch, silhouettes = self._open()
        frames, row = stretch.frames, len(self) - stretch.number
        frames[row] = _MISSING
        frames["time_s"][row] = time_s
        if plate is not None:
            frames["plate_px"][row] = plate
        if observation is not None:
            for name, value in _fields(observation).items():
                frames[name][row] = value
            silhouettes[row] = observation.silhouette_bits
            self._reads_spine |= observation.spine_raw.size > 0
        self._identity.append(_NOBODY if observation is None else observation.identity)  # last: now others may look

    def add_plate(self, number: int, plate: Plate | None) -> None:
        """Say later where the plate was in a frame, by its number; also in what was taken of it by `since`."""
        frames, row = self._find(number)
        frames["plate_px"][row] = _MISSING["plate_px"] if plate is None else plate

    def since(self, time_s: float) -> "Recording":
        """Return the frames from a time on. Both may grow meanwhile, each on its own."""
        stop = len(self)
        stretches = self._stretches[: bisect_left(self._stretches, stop, key=lambda each: each.number)]
        stretches = stretches[max(bisect(stretches, time_s, key=lambda each: each.begins_s) - 1, 0) :]
        times_s = stretches[0].frames["time_s"][: stop - stretches[0].number] if stretches else np.empty(0)
        first = int(np.searchsorted(times_s, time_s)) + (stretches[0].number if stretches else 0)
        part = Recording(self._image_size_px, self._source)
        part._stretches = [each.cut(first, stop) for each in stretches if first < min(each.stop, stop)]
        part._identity = self._identity[first:stop]
        part._reads_spine = self._reads_spine
        return part

    def continue_with(self, later: "Recording", at_s: float) -> bool:
        """Append the frames from a time on of another recording, which has begun some time before that.

        Returns
        -------
        False, and nothing is appended, unless both have a last frame before that time, it is the same, and somebody
        was last seen in the same frame and place.
        """
        count, added = len(self), later.since(at_s)
        first = len(later) - len(added)
        if not (count and first) or self.last_s != later._time_s(first - 1):
            return False
        here, there = _last_seen(self._identity), _last_seen(later._identity[:first])
        shift = 0
        if here is not None or there is not None:
            if here is None or there is None or not _alike(self._frame(here), later._frame(there)):
                return False
            shift = self._identity[here] - later._identity[there]
        self._stretches = self.since(-np.inf)._stretches  # full: what is added goes elsewhere
        for stretch in added._stretches:
            stretch.number += count
            self._stretches.append(stretch)
        self._identity += [_NOBODY if identity == _NOBODY else identity + shift for identity in added._identity]
        self._reads_spine |= later._reads_spine
        return True

    def track(self) -> PoseTrack:
        """Return the frames so far as a track. Frames of anybody but the lifter are missing in it."""
        whole = self.since(-np.inf)  # others may go on adding
        frames = [stretch.frames for stretch in whole._stretches] or [np.empty(0, _FRAME)]
        columns: dict[str, Any] = {name: np.concatenate([part[name] for part in frames]) for name in _FRAME.names or ()}
        identity = np.array(whole._identity, dtype=np.intp)
        others = identity != _lifter(identity, columns["landmarks_px"])
        for name in _SEEN:
            columns[name][others] = _MISSING[name]
        if not whole._reads_spine:
            columns["spine_raw"] = np.empty((len(whole), 0), dtype=np.float32)
        silhouettes = Packed([stretch.silhouettes for stretch in whole._stretches], _SILHOUETTE, blank=others)
        return PoseTrack(**columns, silhouette_bits=silhouettes, image_size_px=self._image_size_px, source=self._source)

    def _find(self, number: int) -> tuple[NDArray[np.void], int]:
        """Return the frames that a frame is among, and its row in them."""
        stretch = self._stretches[bisect(self._stretches, number, key=lambda each: each.number) - 1]
        return stretch.frames, number - stretch.number

    def _frame(self, number: int) -> NDArray[np.void]:
        frames, row = self._find(number)
        return np.asarray(frames[row])

    def _time_s(self, number: int) -> float:
        frames, row = self._find(number)
        return float(frames["time_s"][row])

    def _open(self) -> tuple[_Stretch, Bytes]:
        """Return the stretch with room for another frame, and its silhouettes, which are not deflated yet."""
        last = self._stretches[-1] if self._stretches else None
        if last and len(self) < last.stop and isinstance(last.silhouettes, np.ndarray):
            return last, last.silhouettes
        if last and isinstance(last.silhouettes, np.ndarray):
            last.silhouettes = Block.of(last.silhouettes)
        silhouettes = np.zeros((BLOCK_ROWS, _SILHOUETTE), dtype=np.uint8)
        self._stretches.append(_Stretch(len(self), np.empty(BLOCK_ROWS, _FRAME), silhouettes))
        return self._stretches[-1], silhouettes


def _fields(observation: Observation) -> dict[str, Any]:
    person = observation.person
    fields = {
        "landmarks_px": person.landmarks_px,
        "world_m": person.world_m,
        "visibility": person.visibility,
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


def _lifter(identity: NDArray[np.intp], landmarks_px: Floats) -> int:
    """Choose whom the recording is about: who moves most up and down, largest and longest."""
    people = np.unique(identity[identity != _NOBODY])
    if len(people) < 2:
        return int(people[0]) if len(people) else _NOBODY
    height_px = landmarks_px[:, _SHOULDERS, 1].mean(axis=1)
    body_px = size_px(landmarks_px)

    def work(mine: Bools) -> float:
        low, high = np.percentile(height_px[mine], [5, 95])
        return float((0.05 + (high - low) / np.median(body_px[mine])) * mine.sum() * np.median(body_px[mine]))

    return int(max(people, key=lambda who: work(identity == who)))
