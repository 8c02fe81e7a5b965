"""Sounds of the cues, made from sines: each level has a pitch and a rhythm of its own, so that a noisy gym leaves one.

A level is told by how many notes it has and where they go: the graver, the more and the faster; praise rises, the
begin of a set rises farther, its end falls.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Level = Literal["info", "caution", "flag", "good", "start", "stop"]
Samples = NDArray[np.float32]

LOUDEST: Final = 0.8
"""Most that a sample reaches, of full scale."""

FADE_S: Final = 0.01
"""How long a note swells and fades: without it, it clicks."""

_OVERTONES: Final = (1.0, 0.5, 0.25)  # a bare sine is hard to place, and small loudspeakers lose low ones


@dataclass(frozen=True)
class Note:
    """One note: its pitch, how long it sounds, and the rest after it."""

    pitch_hz: float
    length_s: float
    rest_s: float = 0.0


PATTERNS: Final[Mapping[Level, tuple[Note, ...]]] = MappingProxyType(
    {
        "info": (Note(587.0, 0.25),),
        "caution": (Note(880.0, 0.15, 0.12), Note(880.0, 0.15)),
        "flag": (Note(1319.0, 0.09, 0.05),) * 3 + (Note(1319.0, 0.09),),
        "good": (Note(659.0, 0.12, 0.04), Note(988.0, 0.24)),
        "start": (Note(523.0, 0.12, 0.04), Note(659.0, 0.12, 0.04), Note(784.0, 0.30)),
        "stop": (Note(784.0, 0.12, 0.04), Note(523.0, 0.36)),
    }
)
"""What each level sounds like."""


def tone(level: Level, *, rate_hz: float) -> Samples:
    """Return the sound of a level, mono, shape ``(n,)``, within +-`LOUDEST`, from silence to silence.

    Parameters
    ----------
    level
    rate_hz
        Samples a second, 8000 or more.
    """
    return np.concatenate([part for note in PATTERNS[level] for part in _sounding(note, rate_hz)])


def _sounding(note: Note, rate_hz: float) -> tuple[Samples, Samples]:
    time_s = np.arange(round(note.length_s * rate_hz)) / rate_hz
    wave = sum(
        share * np.sin(2 * np.pi * note.pitch_hz * (number + 1) * time_s) for number, share in enumerate(_OVERTONES)
    )
    to_end_s = np.minimum(time_s, time_s[-1] - time_s)
    swell = np.sin(np.pi / 2 * np.clip(to_end_s / FADE_S, 0, 1)) ** 2
    sound = LOUDEST / sum(_OVERTONES) * swell * wave
    return sound.astype(np.float32), np.zeros(round(note.rest_s * rate_hz), np.float32)
