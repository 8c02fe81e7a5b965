"""The sounds of the cues: within bounds, without clicks, and told apart by ear, which is by pitch and by rhythm."""

from itertools import combinations

import numpy as np
import pytest

from spineline.core.tones import FADE_S, LOUDEST, PATTERNS, Level, Samples, tone

RATES_HZ = [8000.0, 22050.0, 44100.0, 48000.0]
LEVELS = list(PATTERNS)


def heard(samples: Samples, rate_hz: float) -> list[tuple[float, float]]:
    """Listen: the pitch in Hz and the length in s of every note between two rests, from the samples alone."""
    loud = np.convolve(np.abs(samples), np.ones(256) / 256, mode="same") > 0.02
    edges = np.flatnonzero(np.diff(np.r_[False, loud, False].astype(int)))
    notes = []
    for start, stop in edges.reshape(-1, 2):
        power = np.abs(np.fft.rfft(samples[start:stop], 1 << 17))
        notes.append((float(np.argmax(power)) * rate_hz / (1 << 17), float(stop - start) / rate_hz))
    return notes


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("level", LEVELS)
def test_every_tone_stays_within_bounds(level: Level, rate_hz: float) -> None:
    samples = tone(level, rate_hz=rate_hz)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert np.isfinite(samples).all()
    assert 0.5 * LOUDEST < np.abs(samples).max() <= LOUDEST < 1
    length_s = sum(note.length_s + note.rest_s for note in PATTERNS[level])
    assert samples.size / rate_hz == pytest.approx(length_s, abs=0.001)
    assert length_s < 0.8  # a cue must be over before the rep is


@pytest.mark.parametrize("level", LEVELS)
def test_notes_swell_and_fade(level: Level) -> None:
    samples = tone(level, rate_hz=48000.0)
    fade = round(FADE_S * 48000)
    assert samples[0] == samples[-1] == 0
    for edge in (samples[: fade // 10], samples[-fade // 10 :]):
        assert np.abs(edge).max() < 0.03
    assert abs(float(samples.mean())) < 1e-3


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_heard_is_what_was_meant(level: Level) -> None:
    notes = heard(tone(level, rate_hz=44100.0), 44100.0)
    assert [pitch_hz for pitch_hz, _ in notes] == pytest.approx([note.pitch_hz for note in PATTERNS[level]], rel=0.02)


@pytest.mark.parametrize(("one", "other"), list(combinations(["info", "caution", "flag"], 2)))
def test_levels_differ_in_pitch_and_in_rhythm(one: Level, other: Level) -> None:
    low, high = sorted((heard(tone(level, rate_hz=44100.0), 44100.0) for level in (one, other)), key=lambda n: n[0])
    assert high[0][0] / low[0][0] > 1.3  # more than a third apart
    assert len(high) > len(low)
    assert high[0][1] < 0.75 * low[0][1]


@pytest.mark.parametrize(("one", "other"), list(combinations(LEVELS, 2)))
def test_no_two_sound_alike(one: Level, other: Level) -> None:
    first, second = (heard(tone(level, rate_hz=44100.0), 44100.0) for level in (one, other))
    assert len(first) != len(second) or any(
        max(a / b, b / a) > 1.15 for (a, _), (b, _) in zip(first, second, strict=True)
    )


def test_praise_and_start_rise_and_the_end_falls() -> None:
    for level, sign in (("good", 1), ("start", 1), ("stop", -1)):
        pitches_hz = [note.pitch_hz for note in PATTERNS[level]]  # type: ignore[index]
        assert (np.sign(np.diff(pitches_hz)) == sign).all()
