"""Observations, frame by frame, gathered into a PoseTrack of one lifter."""

import bisect
from collections.abc import Mapping
from typing import Final

import numpy as np

from spineline.core.lifter import Observation
from spineline.core.skeleton import N_LANDMARKS, Landmark
from spineline.core.track import SILHOUETTE_SIDE, PoseTrack

Plate = tuple[float, float, float, float]
"""Middle (x, y) and radius of the bar's near plate, in picture pixels, and how surely it is that, 0 to 1."""

_NO_PLATE: Final[Plate] = (float("nan"), float("nan"), float("nan"), float("nan"))


class Recording:
    """Grows with every frame; `track` may be asked for at any time."""

    def __init__(self, image_size_px: tuple[int, int], source: Mapping[str, str] | None = None) -> None:
        self._image_size_px = image_size_px
        self._source = dict(source or {})
        self._times: list[float] = []
        self._observations: list[Observation | None] = []
        self._plates: list[Plate | None] = []

    def __len__(self) -> int:
        return len(self._times)

    def add(self, time_s: float, observation: Observation | None, plate: Plate | None = None) -> None:
        """Append one frame; None where the lifter, or a plate, was not found."""
        self._times.append(time_s)
        self._observations.append(observation)
        self._plates.append(plate)

    def since(self, time_s: float) -> "Recording":
        """Return a copy of the frames from a time on. Others may add meanwhile."""
        stop = len(self._plates)  # the last that is added of a frame
        first = bisect.bisect_left(self._times, time_s, hi=stop)
        part = Recording(self._image_size_px, self._source)
        part._times = self._times[first:stop]
        part._observations, part._plates = self._observations[first:stop], self._plates[first:stop]
        return part

    def track(self) -> PoseTrack:
        """Return the frames so far as a track. Frames of anybody but the lifter are missing in it."""
        lifter = _lifters_identity([o for o in self._observations if o])
        frames = len(self._times)
        width = max((o.spine_raw.size for o in self._observations if o), default=0)
        track = PoseTrack(
            time_s=np.array(self._times, dtype=np.float64),
            landmarks_px=np.full((frames, N_LANDMARKS, 2), np.nan),
            world_m=np.full((frames, N_LANDMARKS, 3), np.nan),
            visibility=np.full((frames, N_LANDMARKS), np.nan),
            silhouette_bits=np.zeros((frames, SILHOUETTE_SIDE**2 // 8), dtype=np.uint8),
            silhouette_scale_px=np.full(frames, np.nan),
            facing=np.zeros(frames),
            others=np.zeros(frames),
            plate_px=np.array([plate or _NO_PLATE for plate in self._plates], dtype=np.float64).reshape(frames, 4),
            spine_raw=np.full((frames, width), np.nan),
            image_size_px=self._image_size_px,
            source=self._source,
        )
        for i, o in enumerate(self._observations):
            if o is None or o.identity != lifter:
                continue
            track.landmarks_px[i], track.world_m[i] = o.person.landmarks_px, o.person.world_m
            track.visibility[i], track.silhouette_bits[i] = o.person.visibility, o.silhouette_bits
            track.silhouette_scale_px[i], track.facing[i] = o.silhouette_scale_px, o.facing
            track.others[i], track.spine_raw[i] = o.others, o.spine_raw
        return track


def _lifters_identity(observations: list[Observation]) -> int:
    """Choose whom the recording is about: who moves most up and down, largest and longest."""
    if not observations:
        return 0
    identity = np.array([o.identity for o in observations])
    height_px = np.array(
        [o.person.landmarks_px[[Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER], 1].mean() for o in observations]
    )
    size_px = np.array([o.person.size_px for o in observations])

    def work(who: int) -> float:
        mine = identity == who
        low, high = np.percentile(height_px[mine], [5, 95])
        return float((0.05 + (high - low) / np.median(size_px[mine])) * mine.sum() * np.median(size_px[mine]))

    return int(max(sorted(set(identity.tolist())), key=work))
