"""What a PoseTrack takes and what it refuses."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from spineline.core.track import RAW, PoseTrack
from spineline.errors import TrackError
from tests.core.scenes import filmed

ARRAYS = [
    "time_s",
    "landmarks_px",
    "world_m",
    "visibility",
    "silhouette_bits",
    "silhouette_scale_px",
    "facing",
    "others",
    "plate_px",
    "spine_raw",
]


def short() -> PoseTrack:
    """Give five frames."""
    track = filmed().track
    return replace(track, **{name: getattr(track, name)[:5] for name in ARRAYS})


def test_the_list_of_arrays_is_complete() -> None:
    assert set(ARRAYS) == {f.name for f in fields(PoseTrack)} - {"image_size_px", "source"}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("wrong", ["too long", "too short", "one more axis", "other type"])
def test_every_wrong_array_is_refused_by_name(name: str, wrong: str) -> None:
    track = short()
    array = getattr(track, name)
    bad = {
        "too long": np.concatenate([array, array[-1:] + 1]),
        "too short": array[:-1],
        "one more axis": array[..., None],
        "other type": array.astype(np.int16),
    }[wrong]
    # A time axis of another length makes the next array the one that does not fit.
    blamed = "landmarks_px" if name == "time_s" and wrong in ("too long", "too short") else name
    with pytest.raises(TrackError, match=f"^{blamed}: expected shape .* found"):
        replace(track, **{name: bad})


@pytest.mark.parametrize(
    ("name", "axis"), [("landmarks_px", 1), ("landmarks_px", 2), ("world_m", 2), ("visibility", 1)]
)
def test_a_wrong_number_of_landmarks_or_coordinates_is_refused(name: str, axis: int) -> None:
    track = short()
    with pytest.raises(TrackError, match=f"^{name}: "):
        replace(track, **{name: np.delete(getattr(track, name), 0, axis=axis)})


def test_a_silhouette_of_another_size_is_refused() -> None:
    track = short()
    with pytest.raises(TrackError, match=r"^silhouette_bits: "):
        replace(track, silhouette_bits=track.silhouette_bits[:, :-1])


@pytest.mark.parametrize(
    "times", [[0, 1, 1, 2, 3], [0, 2, 1, 3, 4], [0, 1, 2, 3, np.nan], [0, 1, 2, 3, np.inf], [4, 3, 2, 1, 0]]
)
def test_time_must_rise(times: list[float]) -> None:
    with pytest.raises(TrackError, match=r"^time_s: expected finite, strictly increasing"):
        replace(short(), time_s=np.array(times, dtype=np.float64))


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-1, 5), (5,), (5, 5, 3)])
def test_a_picture_without_area_is_refused(size: Any) -> None:
    with pytest.raises(TrackError, match=r"^image_size_px: expected width and height above 0, found"):
        replace(short(), image_size_px=size)


def test_a_learned_estimate_of_any_width_is_taken() -> None:
    assert replace(short(), spine_raw=np.zeros((5, RAW))).spine_raw.shape == (5, RAW)


def test_no_frame_at_all_is_a_track_too() -> None:
    track = short()
    empty = replace(track, **{name: getattr(track, name)[:0] for name in ARRAYS})
    assert len(empty) == 0
    assert empty.seen.shape == (0,)


def test_a_frame_is_seen_if_every_landmark_is() -> None:
    track = short()
    landmarks_px = track.landmarks_px.copy()
    landmarks_px[1] = np.nan
    landmarks_px[3, 20, 1] = np.nan
    assert replace(track, landmarks_px=landmarks_px).seen.tolist() == [True, False, True, False, True]
