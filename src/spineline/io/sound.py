"""Cues to be heard: a tone, and words after it, in a thread of its own. The only module that knows sounddevice.

A cue never makes its giver wait. While one sounds, one may wait, and a newer one takes its place: what was worth saying
two seconds ago is not any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Protocol, Self

from spineline.core.tones import Level, Samples, tone
from spineline.errors import SpinelineError
from spineline.io.native_log import native_log_hidden
from spineline.io.speech import Voice

_POLL_S: Final = 0.05
_NO_PORTAUDIO: Final = "no tones: PortAudio is not installed; on Linux install libportaudio2"
_NO_DEVICE: Final = "no tones: no device for sound found; plug one in"


class Player(Protocol):
    """A device for sound: its sampling rate, and a call that plays samples ``(n,)`` to their end."""

    rate_hz: float

    def play(self, samples: Samples) -> None:
        """Play; SpinelineError if the device fails."""


class Speaker(Protocol):
    """What speaks; see `spineline.io.speech.Voice`."""

    def say(self, words: str) -> None:
        """Speak; SpinelineError if that fails."""

    def hush(self) -> None:
        """Break off."""


class DevicePlayer:
    """The default device of this machine.

    Raises
    ------
    SpinelineError
        There is none, or no library to reach it.
    """

    def __init__(self) -> None:
        with native_log_hidden():
            try:
                import sounddevice
            except (ImportError, OSError) as error:  # the latter where only PortAudio itself is missing
                raise SpinelineError(_NO_PORTAUDIO) from error
            self._library: Any = sounddevice
            try:
                self.rate_hz = float(sounddevice.query_devices(kind="output")["default_samplerate"])
            except (sounddevice.PortAudioError, ValueError) as error:
                raise SpinelineError(_NO_DEVICE) from error

    def play(self, samples: Samples) -> None:
        """Play samples ``(n,)`` and return at their end."""
        try:
            self._library.play(samples, self.rate_hz, blocking=True)
        except (self._library.PortAudioError, ValueError) as error:
            raise SpinelineError(_NO_DEVICE) from error


class Sounds:
    """Plays cues as long as the ``with`` block lasts. What cannot be heard here is missed in silence.

    Parameters
    ----------
    mute : bool
        Begin muted.
    player, voice : callable
        Open the device and the speech engine; they raise SpinelineError where there is none.

    Attributes
    ----------
    trouble : str or None
        One line on what cannot be heard, and what to do; to be said once. May come up later, as when a device is
        unplugged.
    """

    def __init__(
        self,
        mute: bool = False,
        *,
        player: Callable[[], Player] = DevicePlayer,
        voice: Callable[[], Speaker] = Voice,
    ) -> None:
        self._muted = mute
        self._open_player, self._open_voice = player, voice
        self._troubles: list[str] = []
        self._player: Player | None = None
        self._voice: Speaker | None = None
        self._changed = threading.Condition()
        self._waiting: tuple[Level, str | None] | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="spineline-sound", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._player = self._open_player()
        except SpinelineError as error:
            self._troubles.append(str(error))
        try:
            self._voice = self._open_voice()
        except SpinelineError as error:
            self._troubles.append(str(error))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closing, self._waiting = True, None
            self._changed.notify()
        while self._thread.is_alive():  # it may be about to speak just now
            self._hush()
            self._thread.join(_POLL_S)

    @property
    def trouble(self) -> str | None:
        """See above."""
        return "; ".join(self._troubles) or None

    @property
    def muted(self) -> bool:
        """Whether cues are passed over. Muting also breaks off what is being said."""
        return self._muted

    @muted.setter
    def muted(self, mute: bool) -> None:
        with self._changed:
            self._muted = mute
            if mute:
                self._waiting = None
        if mute:
            self._hush()

    def cue(self, level: Level, words: str | None = None) -> None:
        """Have a cue sounded, as soon as the one before has ended, unless a newer one comes until then."""
        with self._changed:
            if not (self._muted or self._closing):
                self._waiting = (level, words)
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if self._closing or self._waiting is None:
                    return
                (level, words), self._waiting = self._waiting, None
            self._play(level)
            if words and not (self._muted or self._closing):
                self._say(words)

    def _play(self, level: Level) -> None:
        if self._player:
            try:
                self._player.play(tone(level, rate_hz=self._player.rate_hz))
            except SpinelineError as error:
                self._player = None
                self._troubles.append(str(error))

    def _say(self, words: str) -> None:
        if self._voice:
            try:
                self._voice.say(words)
            except SpinelineError as error:
                self._voice = None
                self._troubles.append(str(error))

    def _hush(self) -> None:
        voice = self._voice
        if voice:
            voice.hush()
