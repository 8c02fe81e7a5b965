"""What is said of a recording as a file: what it lacks, and what its rate leaves unknown."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from spineline.app.footage import FILMED
from spineline.core.track import PoseTrack
from spineline.io.verdicts import counted

_NOTED_DROPPED_SHARE: Final = 0.01
_NOTED_SLOWER: Final = 1.2
_MOST_SLOWER: Final = 100.0
_FEW_HZ: Final = 8.0
"""Below, the lowest moment of a quick rep may lie between two pictures."""


def file_notes(track: PoseTrack, time_range_s: tuple[float, float] | None) -> list[str]:
    """Say in plain words what limits a recording of at least one picture, of which a part may be left out."""
    return [*_reading_notes(track.source, time_range_s), *_rate_notes(track)]


def _reading_notes(source: Mapping[str, str], time_range_s: tuple[float, float] | None) -> list[str]:
    """Say in plain words what of the recording is not in the track."""
    count = {key: int(value) for key, value in source.items() if key.startswith("frames_") and _is_count(value)}
    lost, dropped, decoded = (count.get(f"frames_{name}", 0) for name in ("lost", "dropped", "decoded"))
    notes = []
    if time_range_s:
        notes.append(f"Only {time_range_s[0]:g} to {time_range_s[1]:g} s of the recording were analysed.")
    if source.get("cut_short") == "yes":
        missing = f"; about {lost} frames are missing" if lost else ""
        notes.append(f"The video file is cut short: recording or copying broke off{missing}.")
    elif lost:
        notes.append(f"The video file is damaged: {counted(lost, 'frame')} could not be read.")
    if dropped > _NOTED_DROPPED_SHARE * decoded:
        notes.append(f"{counted(dropped, 'frame')} left out, because the file gives them no time of their own.")
    return notes


def _rate_notes(track: PoseTrack) -> list[str]:
    """Say in plain words what the rate of the pictures leaves unknown."""
    if len(track) < 2:
        return []
    rate_hz = 1 / float(np.median(np.diff(track.time_s)))
    if rate_hz < _FEW_HZ:
        return [
            f"Only about {rate_hz:.2g} pictures a second: what lies between them was not seen, and peaks may be missed."
        ]
    try:
        slower = float(track.source.get(FILMED, "")) / rate_hz
    except ValueError:
        return []
    if not _NOTED_SLOWER < slower < _MOST_SLOWER:
        return []
    return [
        f"Filmed at {slower * rate_hz:.0f} and played at {rate_hz:.0f} pictures a second: times are those of the file, "
        f"about {slower:.2g} times as long as in life."
    ]


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) < 10  # what is longer was never counted
