"""A camera that does as it is told, on a clock that goes on only when something waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np

from spineline.core.picture import Image

PICTURE_S = 1 / 32  # exact in binary


class OutOfScriptError(BaseException):
    """Everything that the camera was to do is done. Not an Exception, so that no driver's trouble is seen in it."""


class FakeClock:
    """A clock, and the waiting by it."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s
        self.waited_s: list[float] = []

    def __call__(self) -> float:
        """Tell the time."""
        return self.now_s

    def pause(self, seconds: float) -> bool:
        """Let time pass."""
        self.waited_s.append(seconds)
        self.now_s += seconds
        return False


class FakeCapture:
    """The few methods of ``cv2.VideoCapture`` that are used, and a script of what each grab brings.

    A step is a picture, as OpenCV gives it (BGR), ``False`` where the grab fails, an error that it raises, or anything
    else, which `retrieve` returns in place of a picture. The first picture is taken twice, by the opening also.
    """

    def __init__(
        self, script: Iterable[Any], clock: FakeClock, *, size_px: tuple[int, int] = (64, 48), rate_hz: float = 30.0
    ) -> None:
        self.script = iter(script)
        self.clock = clock
        self.released = False
        self.asked: list[tuple[int, float]] = []
        self.known = {
            cv2.CAP_PROP_FRAME_WIDTH: float(size_px[0]),
            cv2.CAP_PROP_FRAME_HEIGHT: float(size_px[1]),
            cv2.CAP_PROP_FPS: rate_hz,
        }
        self._now: Any = None

    def isOpened(self) -> bool:  # noqa: D102, N802
        return True

    def set(self, prop: int, value: float, /) -> bool:  # noqa: D102
        self.asked.append((prop, value))
        return False

    def get(self, prop: int, /) -> float:  # noqa: D102
        return self.known.get(prop, 0.0)

    def grab(self) -> bool:  # noqa: D102
        assert not self.released
        self.clock.now_s += PICTURE_S
        try:
            self._now = next(self.script)
        except StopIteration:
            raise OutOfScriptError from None
        if isinstance(self._now, Exception):
            raise self._now
        return self._now is not False

    def retrieve(self) -> tuple[bool, Any]:  # noqa: D102
        return self._now is not None, self._now

    def release(self) -> None:  # noqa: D102
        self.released = True


class Closed(FakeCapture):
    """A camera that cannot be opened."""

    def isOpened(self) -> bool:  # noqa: D102, N802
        return False


class Bench:
    """Hands out one capture after the other, as `opener`, and keeps what it was asked for."""

    def __init__(self, captures: Sequence[FakeCapture]) -> None:
        self.captures = list(captures)
        self.opened: list[FakeCapture] = []
        self.calls: list[tuple[int | str, int, tuple[int, ...]]] = []

    def __call__(self, target: int | str, backend: int, parameters: Sequence[int], /) -> FakeCapture:
        """Open the next."""
        self.calls.append((target, backend, tuple(parameters)))
        if not self.captures:
            raise OutOfScriptError
        self.opened.append(self.captures.pop(0))
        return self.opened[-1]


def scene(number: int, *, width_px: int = 64, height_px: int = 48) -> Image:
    """Make a picture of its own for every number: noise around a middle grey, BGR."""
    rng = np.random.default_rng(number)
    return rng.integers(60, 200, (height_px, width_px, 3), dtype=np.uint8)
