"""A score: what the lifter is to do and when, as keys on named channels, smooth in between.

Between two keys a channel runs along the minimum-jerk curve, so it starts and ends every movement at rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from training.skeleton import Array


@dataclass(frozen=True)
class TrueRep:
    """One repetition as performed.

    Attributes
    ----------
    start_s, turn_s, end_s
        Begin of its first movement; its turning point (lockout of a lift from the floor, bottom of a lift that
        starts standing); end of its last movement.
    peak_deg
        Thoracic change from standing that was planted.
    """

    start_s: float
    turn_s: float
    end_s: float
    peak_deg: float


def min_jerk(share: Array) -> Array:
    """Return the minimum-jerk course 0..1 of shares 0..1 of a movement's duration."""
    s = np.clip(share, 0.0, 1.0)
    return np.asarray(s**3 * (10 - 15 * s + 6 * s * s))


@dataclass
class Score:
    """Keys of all channels, phases and repetitions, written from the start to the end.

    Attributes
    ----------
    now_s
        Where writing goes on.
    keys
        For every channel its keys ``(time_s, value)``, in order of time.
    phases
        ``(start_s, name)``, in order of time.
    reps
        The repetitions.
    """

    now_s: float = 0.0
    keys: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    phases: list[tuple[float, str]] = field(default_factory=list)
    reps: list[TrueRep] = field(default_factory=list)

    def value(self, channel: str) -> float:
        """Return the last key's value (0 before the first)."""
        keys = self.keys.get(channel)
        return keys[-1][1] if keys else 0.0

    def set(self, **values: float) -> None:
        """Set channels at once, as a step."""
        for channel, value in values.items():
            keys = self.keys.setdefault(channel, [])
            if self.now_s > 0.0:
                keys.append((self.now_s, keys[-1][1] if keys else 0.0))
            keys.append((self.now_s, value))

    def move(self, channel: str, begin_s: float, end_s: float, value: float) -> None:
        """Move one channel between two times; times before its last key are moved up to it."""
        keys = self.keys.setdefault(channel, [(0.0, 0.0)])
        begin_s = max(begin_s, keys[-1][0])
        if begin_s > keys[-1][0]:
            keys.append((begin_s, keys[-1][1]))
        keys.append((max(end_s, begin_s + 1e-6), value))

    def phase(self, name: str, seconds: float, **targets: float) -> None:
        """Add a phase in which the named channels move to their targets and all others rest."""
        self.phases.append((self.now_s, name))
        for channel, value in targets.items():
            self.move(channel, self.now_s, self.now_s + seconds, value)
        self.now_s += seconds

    def sample(self, channel: str, time_s: Array) -> Array:
        """Return the values (T,) of a channel."""
        keys = self.keys.get(channel, [(0.0, 0.0)])
        at = np.array([k[0] for k in keys])
        value = np.array([k[1] for k in keys])
        right = np.clip(np.searchsorted(at, time_s, side="right"), 1, max(len(at) - 1, 1))
        if len(at) == 1:
            return np.full(len(time_s), value[0])
        share = (time_s - at[right - 1]) / np.maximum(at[right] - at[right - 1], 1e-9)
        between = value[right - 1] + (value[right] - value[right - 1]) * min_jerk(share)
        return np.asarray(np.where(time_s >= at[-1], value[-1], between))

    def phase_at(self, time_s: Array) -> list[str]:
        """Return the name of the phase at every time."""
        begins = np.array([start for start, _ in self.phases])
        index = np.clip(np.searchsorted(begins, time_s, side="right") - 1, 0, len(begins) - 1)
        return [self.phases[i][1] for i in index]


def smooth_noise(time_s: Array, rng: np.random.Generator, *, sd: float, period_s: float) -> Array:
    """Return slow noise (T,): a few sines of random phase whose periods lie around ``period_s``."""
    total = np.zeros(len(time_s))
    for _ in range(5):
        period = period_s * rng.uniform(0.5, 2.0)
        total += np.sin(2 * np.pi * (time_s / period + rng.uniform()))
    return np.asarray(total * sd * np.sqrt(2 / 5))
