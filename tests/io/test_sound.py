"""Cues to be heard: the newest first, no waiting for the giver, and silence where there is nothing to sound them."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from spineline.core.tones import PATTERNS, Samples, tone
from spineline.errors import SpinelineError
from spineline.io.sound import DevicePlayer, Player, Sounds, Speaker

LONG_S = 20.0


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert "spineline-sound" not in {thread.name for thread in threading.enumerate()}


class Device:
    """Notes what it is to play, and plays on only when it is told to."""

    rate_hz = 8000.0

    def __init__(self) -> None:
        self.played: list[str] = []
        self.begun, self.go_on = threading.Semaphore(0), threading.Semaphore(0)
        self.fails = False

    def play(self, samples: Samples) -> None:
        """Note the level of these samples."""
        (level,) = (name for name in PATTERNS if np.array_equal(tone(name, rate_hz=self.rate_hz), samples))
        self.played.append(level)
        self.begun.release()
        assert self.go_on.acquire(timeout=LONG_S)
        if self.fails:
            raise SpinelineError("no tones: unplugged")

    def await_next(self) -> None:
        """Wait until it plays."""
        assert self.begun.acquire(timeout=LONG_S)


class Mouth:
    """Notes what it is to say, and says it until hushed if it is to."""

    def __init__(self, *, endless: bool = False) -> None:
        self.said: list[str] = []
        self.begun, self.hushed = threading.Event(), threading.Event()
        self.endless = endless

    def say(self, words: str) -> None:
        """Say."""
        self.said.append(words)
        self.begun.set()
        if self.endless:
            assert self.hushed.wait(LONG_S)

    def hush(self) -> None:
        """Break off."""
        self.hushed.set()


def missing(what: str) -> Callable[[], Player]:
    def find() -> Player:
        raise SpinelineError(what)

    return find


def dumb(what: str) -> Callable[[], Speaker]:
    def find() -> Speaker:
        raise SpinelineError(what)

    return find


def test_the_newest_cue_takes_the_place_of_one_that_waits() -> None:
    device, mouth = Device(), Mouth()
    with Sounds(player=lambda: device, voice=lambda: mouth) as sounds:
        sounds.cue("info", "first")
        device.await_next()
        sounds.cue("caution", "second")
        sounds.cue("flag", "third")
        device.go_on.release()
        device.await_next()
        device.go_on.release()
        sounds.cue("good")
        device.await_next()
        device.go_on.release()
        assert sounds.trouble is None
    assert device.played == ["info", "flag", "good"]
    assert mouth.said == ["first", "third"]


def test_muted_nothing_is_heard() -> None:
    device, mouth = Device(), Mouth()
    with Sounds(mute=True, player=lambda: device, voice=lambda: mouth) as sounds:
        assert sounds.muted
        sounds.cue("flag", "unheard")
        sounds.muted = False
        sounds.cue("info", "heard")
        device.await_next()
        device.go_on.release()
        assert mouth.begun.wait(LONG_S)
        sounds.muted = True
        sounds.cue("flag", "unheard")
    assert device.played == ["info"]
    assert mouth.said == ["heard"]


def test_muting_drops_what_waits_and_what_would_be_said() -> None:
    device, mouth = Device(), Mouth()
    with Sounds(player=lambda: device, voice=lambda: mouth) as sounds:
        sounds.cue("info", "unsaid")
        device.await_next()
        sounds.cue("flag", "unheard")
        sounds.muted = True
        device.go_on.release()
    assert device.played == ["info"]
    assert mouth.said == []


@pytest.mark.parametrize("how", ["close", "mute"])
def test_what_is_being_said_is_broken_off(how: str) -> None:
    mouth = Mouth(endless=True)
    with Sounds(player=missing("none"), voice=lambda: mouth) as sounds:
        sounds.cue("info", "a long story")
        assert mouth.begun.wait(LONG_S)
        if how == "mute":
            sounds.muted = True
    assert mouth.hushed.is_set()


def test_without_device_and_engine_it_is_silent_and_says_so() -> None:
    with Sounds(player=missing("no tones: none"), voice=dumb("cues are not spoken: none")) as sounds:
        assert sounds.trouble == "no tones: none; cues are not spoken: none"
        sounds.cue("flag", "unheard")


def test_a_device_that_fails_is_given_up_and_words_go_on() -> None:
    device, mouth = Device(), Mouth()
    with Sounds(player=lambda: device, voice=lambda: mouth) as sounds:
        device.fails = True
        device.go_on.release()
        sounds.cue("flag", "said")
        assert mouth.begun.wait(LONG_S)
        assert sounds.trouble == "no tones: unplugged"
        mouth.begun.clear()
        sounds.cue("flag", "said again")
        assert mouth.begun.wait(LONG_S)
    assert device.played == ["flag"]
    assert mouth.said == ["said", "said again"]


# The device of the machine, through modules in the place of sounddevice

MODULE = """
class PortAudioError(Exception):
    pass
def query_devices(kind):
    assert kind == "output"
    {query}
def play(samples, rate_hz, blocking):
    assert blocking
    {play}
"""


@pytest.fixture
def sounddevice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give a call that puts a module in the place of sounddevice."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)

    def write(text: str) -> None:
        (tmp_path / "sounddevice.py").write_text(text)
        importlib.invalidate_caches()

    return write


def test_the_tone_goes_to_the_device_at_its_own_rate(sounddevice: Callable[[str], None], tmp_path: Path) -> None:
    note = f"import pathlib; pathlib.Path({str(tmp_path / 'heard')!r}).write_text(f'{{rate_hz}} {{len(samples)}}')"
    sounddevice(MODULE.format(query="return {'default_samplerate': 48000.0}", play=note))
    player = DevicePlayer()
    assert player.rate_hz == 48000.0
    player.play(np.zeros(12, np.float32))
    assert (tmp_path / "heard").read_text() == "48000.0 12"


@pytest.mark.parametrize(
    ("module", "complaint"),
    [
        ("raise OSError('PortAudio library not found')", "no tones: PortAudio is not installed; on Linux install"),
        ("raise ImportError('broken')", "no tones: PortAudio is not installed"),
        (MODULE.format(query="raise PortAudioError('no default')", play="pass"), "no tones: no device for sound found"),
        (MODULE.format(query="raise ValueError('no such')", play="pass"), "no tones: no device for sound found"),
    ],
)
def test_no_device_is_one_line(module: str, complaint: str, sounddevice: Callable[[str], None]) -> None:
    sounddevice(module)
    with pytest.raises(SpinelineError) as caught:
        DevicePlayer()
    assert str(caught.value).startswith(complaint)


def test_a_device_unplugged_later_is_one_line(sounddevice: Callable[[str], None]) -> None:
    sounddevice(MODULE.format(query="return {'default_samplerate': 8000.0}", play="raise PortAudioError('gone')"))
    mouth = Mouth()
    with Sounds(voice=lambda: mouth) as sounds:
        assert sounds.trouble is None
        sounds.cue("info", "said all the same")
        assert mouth.begun.wait(LONG_S)
        assert sounds.trouble == "no tones: no device for sound found; plug one in"


def test_the_device_of_this_machine_whatever_it_has(capfd: pytest.CaptureFixture[str]) -> None:
    try:
        assert DevicePlayer().rate_hz > 0
    except SpinelineError as error:
        assert str(error).startswith("no tones: ")  # noqa: PT017 - both are right, according to the machine
    assert capfd.readouterr() == ("", "")
