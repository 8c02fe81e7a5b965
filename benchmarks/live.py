"""How late `spineline live` shows what the camera saw, how much it leaves out, and whether that grows, as Markdown.

    python -m benchmarks.live [--minutes 10] [--size 1280x720] [--rate 30] [--model full|lite] [--no-window]
        [--set-s 120] [--record DIR] [CLIP]

CLIP is played over and over as a camera that gives JPEG pictures at an exact rate, as webcams do, through the whole
program: with a window on the screen, or on a virtual one where there is none (Linux, package `xvfb`). The pose model
alone, with its mask, is timed on the same pictures just before and just after. What takes how long is measured by
wrapping functions from outside; a new set is begun every so often, by its key (0: one set).
"""

import argparse
import contextlib
import functools
import math
import multiprocessing
import os
import threading
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.virtual_screen import VirtualScreen
from spineline.app import live, lookout, screens
from spineline.app.analyze import Request, Summary
from spineline.app.apart import Apart
from spineline.core import recording
from spineline.core.picture import Image
from spineline.core.settings import Settings
from spineline.core.track import Floats
from spineline.io import feed, models, pose, shots, sound, window
from spineline.io.config import Options
from spineline.io.heap import share_heaps
from spineline.io.native_log import native_log_hidden
from spineline.io.video import read_frames

SAMPLE = Path(__file__).parents[1] / "samples" / "deadlift_rounded.mp4"
BARE_S = 10.0
"""So long the pose model alone is timed, before and after."""

JPEG_QUALITY, NOISE = 85, 2.0
BLOCK_S = 10.0
"""Slopes are fitted to medians of so long, which hardly depend on each other."""

PARTS = (
    (pose.PoseObserver, "find", "pose and spine models"),
    (recording.Recording, "track", "track of the last seconds"),
    (live, "newest", "the moment"),
    (live, "arm_up", "set-up and raised arm"),
    (live, "coach", "set-up and raised arm"),
    (live, "light", "set-up and raised arm"),
    (screens, "paint", "painting"),
    (window.Window, "show", "window"),
    (window.Window, "key", "window"),
)
"""What is timed, and under what name; the plate is looked for when the picture is on its way to the screen."""

FOR_EYES, FOR_SCREEN, REST = "waited to be looked through", "waited to be shown", "the rest"
ALL_PARTS = (FOR_EYES, *dict.fromkeys(label for *_, label in PARTS), FOR_SCREEN, REST)


class Played:
    """A camera that plays pictures over and over at an exact rate; what nobody grabs in time is gone."""

    def __init__(self, jpegs: Sequence[NDArray[np.uint8]], size_px: tuple[int, int], rate_hz: float) -> None:
        self._jpegs, self._rate_hz = jpegs, rate_hz
        self._known = {
            cv2.CAP_PROP_FRAME_WIDTH: float(size_px[0]),
            cv2.CAP_PROP_FRAME_HEIGHT: float(size_px[1]),
            cv2.CAP_PROP_FPS: rate_hz,
        }
        self._began_s = time.perf_counter()
        self._number = -1
        self.released = False

    def isOpened(self) -> bool:  # noqa: D102, N802 - OpenCV's name
        return True

    def set(self, _prop: int, _value: float, /) -> bool:  # noqa: D102
        return False

    def get(self, prop: int, /) -> float:  # noqa: D102
        return self._known.get(prop, 0.0)

    def grab(self) -> bool:  # noqa: D102
        now = (time.perf_counter() - self._began_s) * self._rate_hz
        self._number = max(self._number + 1, int(now))
        time.sleep(max(0.0, self._began_s + self._number / self._rate_hz - time.perf_counter()))
        return True

    def retrieve(self) -> tuple[bool, Any]:  # noqa: D102
        return True, decoded(self._jpegs[self._number % len(self._jpegs)])

    def release(self) -> None:  # noqa: D102
        self.released = True


@dataclass
class Watch:
    """What was timed, as the program went.

    Attributes
    ----------
    shown_s
        Of every picture shown, one after the other: when it was on the screen, its delay since the grab, and what of
        that went to each of `ALL_PARTS`. Numbers alone, so that it weighs little.
    judged_s
        How long each judging of the set took.
    memory_mb
        When, and how much this process then held.
    """

    shown_s: "array[float]" = field(default_factory=lambda: array("d"))
    judged_s: list[float] = field(default_factory=list)
    memory_mb: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._parts = threading.local()  # of the picture that a thread is at
        self._looked: dict[int, dict[str, float]] = {}
        self._at: shots.Shot | None = None

    def part(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Time a part of the work on a picture."""

        def timed(*given: Any, **named: Any) -> Any:
            began_s = time.perf_counter()
            result = function(*given, **named)
            parts = getattr(self._parts, "of", None)
            if parts is not None:
                parts[name] += time.perf_counter() - began_s
            return result

        return timed

    def look(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Note when a picture is looked through, from the grab on."""

        def timed(itself: Any, shot: shots.Shot) -> None:
            parts: dict[str, float] = defaultdict(float)
            parts[FOR_EYES] = time.perf_counter() - shot.grabbed_s
            self._parts.of = parts
            self._looked[shot.index] = parts
            function(itself, shot)

        return timed

    def see(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Note when the main thread takes a picture up."""

        def timed(itself: Any, look: Any) -> None:
            self._at = look.shot
            began_s = time.perf_counter()
            parts = self._looked[look.shot.index]
            self._looked = {index: kept for index, kept in list(self._looked.items()) if index > look.shot.index}
            parts[FOR_SCREEN] = began_s - look.shot.grabbed_s - parts[FOR_EYES] - look.took_s
            self._parts.of = parts
            function(itself, look)

        return timed

    def step(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Note when a picture is on the screen: a window draws while it waits for keys."""

        def timed(itself: Any) -> None:
            function(itself)
            if self._at:
                now_s = time.perf_counter()
                delay_s = now_s - self._at.grabbed_s
                parts = dict(self._parts.of)
                parts[REST] = delay_s - sum(parts.values())
                self.shown_s.extend([now_s, delay_s, *(parts.get(part, 0.0) for part in ALL_PARTS)])
                self._at = None

        return timed

    def judge(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Time the judging."""

        def timed(*given: Any) -> Any:
            began_s = time.perf_counter()
            found = function(*given)
            self.judged_s.append(time.perf_counter() - began_s)
            return found

        return timed

    @contextlib.contextmanager
    def within(self) -> Iterator[None]:
        """Wrap what is timed, and look at the memory every second, as long as the block lasts."""
        wrapped: list[tuple[Any, str, Any]] = [
            (owner, name, functools.partial(self.part, label)) for owner, name, label in PARTS
        ]
        wrapped += [(lookout.Lookout, "_see", self.look), (live.Live, "_see", self.see)]
        wrapped += [(live.Live, "_step", self.step), (live.Live, "_analyze", self.judge)]
        ended = threading.Event()
        meter = threading.Thread(target=self._meter, args=(ended,))
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in wrapped]
        for owner, name, around in wrapped:
            setattr(owner, name, around(getattr(owner, name)))
        meter.start()
        try:
            yield
        finally:
            ended.set()
            meter.join()
            for owner, name, function in before:
                setattr(owner, name, function)

    def _meter(self, ended: threading.Event) -> None:
        while not ended.wait(1.0):
            self.memory_mb.append((time.perf_counter(), memory_mb()))


def pictures(clip: Path, size_px: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Return a clip there and back, each picture scaled into this size, its edges continued, with noise, as JPEG."""
    rng = np.random.default_rng(0)
    jpegs = [_jpeg(_fitted(frame.image, size_px), rng) for frame in read_frames(clip)]
    return jpegs + jpegs[-2:0:-1]


def _fitted(image: Image, size_px: tuple[int, int]) -> Image:
    factor = min(size / side for size, side in zip(size_px, image.shape[1::-1], strict=True))
    inner = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    right, down = (size - side for size, side in zip(size_px, inner.shape[1::-1], strict=True))
    edges = down // 2, down - down // 2, right // 2, right - right // 2
    return np.asarray(cv2.copyMakeBorder(inner, *edges, cv2.BORDER_REPLICATE), np.uint8)


def _jpeg(image: Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    noisy = np.clip(image[..., ::-1] + rng.normal(0.0, NOISE, image.shape), 0, 255).astype(np.uint8)
    return np.asarray(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])


def decoded(jpeg: NDArray[np.uint8]) -> Image:
    """Return the picture, BGR."""
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


def bare_s(model: Path, jpegs: Sequence[NDArray[np.uint8]], seconds: float) -> list[float]:
    """Return how long the pose model takes with its mask for whole pictures, one after the other."""
    took_s: list[float] = []
    shown = [np.asarray(decoded(jpeg)[..., ::-1], np.uint8) for jpeg in jpegs[:60]]
    with native_log_hidden(), contextlib.closing(pose._landmarker(model, video=True, people=1)) as landmarker:
        end_s = time.perf_counter() + seconds
        while time.perf_counter() < end_s:
            image = pose._image(shown[len(took_s) % len(shown)])
            began_s = time.perf_counter()
            result = landmarker.detect_for_video(image, 33 * len(took_s))
            if result.segmentation_masks:
                result.segmentation_masks[0].numpy_view()
            took_s.append(time.perf_counter() - began_s)
    return took_s[5:]  # the first search the whole picture


def memory_mb() -> float:
    """Return how much memory this process and its children hold, NaN where that is not known."""
    numbers = [os.getpid(), *(child.pid for child in multiprocessing.active_children())]
    pages = 0
    for number in numbers:
        status = Path(f"/proc/{number}/statm")
        if not status.exists():
            return math.nan
        pages += int(status.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Keys:
    """Between the program and its screen: presses the key for a new set every so often."""

    def __init__(self, screen: Any, every_s: float) -> None:
        self._screen, self._every_s = screen, every_s
        self._due_s = time.perf_counter() + every_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._screen, name)

    def key(self) -> str | None:  # noqa: D102
        pressed: str | None = self._screen.key()
        if self._every_s and time.perf_counter() >= self._due_s:
            self._due_s += self._every_s
            return "r"
        return pressed


@dataclass(frozen=True)
class Ran:
    """One run of the program: what was timed, its length, pictures looked through and left out, reps told of."""

    watch: Watch
    seconds: float
    looked: int
    left_out: int
    sets: int
    reps: int


def run(model: Path, camera: Played, given: argparse.Namespace) -> Ran:
    """Run the program with a camera, for so many minutes."""
    watch, said, sets = Watch(), list[str](), list[Summary]()
    request = Request(options=Options(), settings=Settings(), report=False)
    screen = screens.TerminalScreen(Console(quiet=True)) if given.no_window else screens.WindowScreen()
    with (
        Apart() as apart,
        lookout.Eyes(model) as eyes,
        feed.Feed("0", opener=lambda *_: camera) as source,
        screen,
        sound.Sounds(True) as sounds,
        lookout.Lookout(source, eyes, request.settings.live) as looking,
        watch.within(),
    ):
        program = live.Live(
            looking,
            Keys(screen, given.set_s),
            sounds,
            request,
            source=source.name,
            eyes_kind=eyes.kind,
            record=given.record,
            say=said.append,
            show_summary=sets.append,
            clock=source.clock,
            analyze=apart,
        )
        began_s = time.perf_counter()
        program.run(lambda: time.perf_counter() - began_s >= 60 * given.minutes)
        seconds = time.perf_counter() - began_s
    reps = sum("Rep " in line for line in said)
    return Ran(watch, seconds, looking.looked, source.dropped + looking.late, len(sets), reps)


def slope(times_s: Floats, values: Floats) -> tuple[float, float]:
    """Return the rise per minute of medians of `BLOCK_S`, and its standard error."""
    block = ((times_s - times_s[0]) // BLOCK_S).astype(int)
    medians = np.array([np.median(values[block == number]) for number in np.unique(block)])
    minutes = (np.unique(block) + 0.5) * BLOCK_S / 60
    if len(medians) < 3:
        return math.nan, math.nan
    (rise, _), covariance = np.polyfit(minutes, medians, 1, cov="unscaled")
    left = medians - np.polyval(np.polyfit(minutes, medians, 1), minutes)
    return float(rise), float(np.sqrt(covariance[0, 0] * (left**2).sum() / (len(medians) - 2)))


def report(ran: Ran, bare: dict[str, list[float]], given: argparse.Namespace) -> None:
    """Print what was measured."""
    size = "{} x {}".format(*given.size)
    shown = "in the terminal" if given.no_window else "in a window"
    print(
        f"Pictures of {size}, {given.rate:g} a second, {ran.seconds / 60:.1f} minutes, model {given.model}, {shown}.\n"
    )
    times_s, *all_ms = np.array(ran.watch.shown_s).reshape(-1, 2 + len(ALL_PARTS)).T
    delays_ms, *parts_ms = (1000 * took_s for took_s in all_ms)
    print("| ms | median | 95 % below |\n| --- | --- | --- |")
    for name, took_s in bare.items():
        print(f"| {name} | {_middle_and_most(1000 * np.array(took_s))} |")
    print(f"| **from the camera to the drawn overlay** | {_middle_and_most(delays_ms)} |")
    for part, took_ms in zip(ALL_PARTS, parts_ms, strict=True):
        print(f"| ... {part} | {_middle_and_most(took_ms)} |")
    alone_ms = 1000 * np.percentile(next(iter(bare.values())), [50, 95])
    p95_ms = np.percentile(delays_ms, 95)
    print(
        f"\n95 % of the delays are below {p95_ms / alone_ms[0]:.2f} times the median of the pose model alone, "
        f"{p95_ms / alone_ms[1]:.2f} times its 95 %."
    )
    taken = ran.looked + ran.left_out
    print(
        f"{ran.looked} pictures looked through, {ran.looked / ran.seconds:.1f} a second; {ran.left_out} left out "
        f"({ran.left_out / taken:.0%}). {ran.sets} sets, {ran.reps} reps told of. Judging took at most "
        f"{1000 * max(ran.watch.judged_s, default=math.nan):.0f} ms.\n"
    )
    print("| over time | first quarter | last quarter | rise a minute |\n| --- | --- | --- | --- |")
    print(f"| delay, median, ms | {_over_time(times_s, delays_ms)} |")
    print(f"| memory, MB | {_over_time(*np.array(ran.watch.memory_mb).reshape(-1, 2).T)} |")


def _middle_and_most(values: Floats) -> str:
    middle, most = np.percentile(values, [50, 95])
    return f"{middle:.1f} | {most:.1f}"


def _over_time(times_s: Floats, values: Floats) -> str:
    quarter = max(1, len(values) // 4)
    rise, error = slope(times_s, values)
    return f"{np.median(values[:quarter]):.1f} | {np.median(values[-quarter:]):.1f} | {rise:+.2f} ± {error:.2f}"


def _size(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("clip", type=Path, nargs="?", default=SAMPLE)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--size", type=_size, default=(1280, 720), metavar="WIDTHxHEIGHT")
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--model", default="full")
    parser.add_argument("--no-window", action="store_true")
    parser.add_argument("--set-s", type=float, default=120.0)
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    share_heaps()
    model, jpegs = models.resolve_model(given.model), pictures(given.clip, given.size)
    with contextlib.ExitStack() as stack:
        if not given.no_window and window.no_screen():
            screen = stack.enter_context(VirtualScreen())
            os.environ.update(screen.environment())
        before = bare_s(model, jpegs, BARE_S)
        ran = run(model, Played(jpegs, given.size, given.rate), given)
        after = bare_s(model, jpegs, BARE_S)
    report(ran, {"the pose model alone, with its mask": before + after}, given)


if __name__ == "__main__":
    main()
