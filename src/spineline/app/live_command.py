"""The commands `spineline live` and `spineline calibrate`: read the command line, open what a live picture needs."""

import contextlib
import signal
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from cyclopts import Group, Parameter

from spineline.app.arguments import mass
from spineline.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from spineline.app.analyze import Request
    from spineline.app.live import Figures
    from spineline.app.lookout import Lookout
    from spineline.app.screens import TerminalScreen, WindowScreen
    from spineline.core.settings import LiveSettings
    from spineline.io.feed import Feed

AUTO: Final = "auto"
"""The pose model `full`, or `lite` where the machine is too slow for it."""

_PERCENTILE: Final = 20  # of twenty parts the nineteenth is the 95th percentile
_SOURCE = Group("The camera", sort_key=1)
_HOW = Group("How it is measured", sort_key=2)
_OUT = Group("What is shown and kept", sort_key=3)


def live(
    *,
    source: Annotated[str, Parameter(group=_SOURCE, metavar="0|FILE|URL")] = "0",
    exercise: Annotated[Literal["auto", "deadlift", "squat"] | None, Parameter(group=_HOW, metavar="NAME")] = None,
    profile: Annotated[str | None, Parameter(group=_HOW, metavar="NAME")] = None,
    load: Annotated[float | None, Parameter(group=_HOW, metavar="KG", validator=mass)] = None,
    model: Annotated[str, Parameter(group=_HOW, metavar="NAME|FILE")] = AUTO,
    config: Annotated[Path | None, Parameter(group=_HOW, metavar="FILE")] = None,
    lifter: Annotated[str | None, Parameter(group=_OUT, metavar="NAME")] = None,
    record: Annotated[Path | None, Parameter(group=_OUT, metavar="DIR")] = None,
    no_history: Annotated[bool, Parameter(group=_OUT)] = False,
    mute: Annotated[bool, Parameter(group=_OUT)] = False,
    mirror: Annotated[bool, Parameter(group=_OUT)] = False,
    no_window: Annotated[bool, Parameter(group=_OUT)] = False,
) -> int:
    """Watch a set through a camera: the upper back at once, every rep as it ends, one cue at a time.

    Place the camera at your side, level with the hips, the whole of you in the
    picture. Until the first rep it is said what to change; a green dot means
    that your back can be measured. Stand upright and relaxed for a second or
    two before you lift: that is what the set is compared with.

    The arm on the camera's side straight up for two seconds begins or ends a
    set. Keys in the window: q or Esc ends, space pauses, r begins a new set, c
    keeps your standing as profile, m mutes, p notes pain from 0 to 10.

    Parameters
    ----------
    source
        Number of a camera (0 if not given), a device, a video, or the address of a stream.
    exercise
        What is lifted. Otherwise it is told from the motion (auto).
    profile
        Your saved standing, to compare with; see spineline calibrate.
    load
        Mass lifted, in kg: makes the strain index surer.
    model
        Pose model: lite, full, heavy, a .task file, or auto: full, or lite where this machine is too slow for it.
    config
        TOML file of settings. What the command line says goes first.
    lifter
        Who lifts, for the history (the name of the profile if not given, else me).
    record
        Keep every set there: video with exact times, track and analysis. spineline analyze DIR says the same again.
    no_history
        Leave the history as it is; see spineline history.
    mute
        No sound.
    mirror
        Show the picture as a mirror would. What is measured stays the same.
    no_window
        Show words in the terminal instead of a window.
    """
    from spineline.app.apart import Apart
    from spineline.app.cli import OK, complain, terminal
    from spineline.app.live import Live
    from spineline.app.lookout import Eyes, Lookout
    from spineline.app.records import check_record
    from spineline.app.remember import Memory
    from spineline.app.summary import print_summary
    from spineline.io.container import inspect_file
    from spineline.io.dates import date_now, recording_date
    from spineline.io.feed import Feed, check_source
    from spineline.io.heap import share_heaps
    from spineline.io.sound import Sounds

    share_heaps()
    if record:
        check_record(record)
    model_named = None if model == AUTO else model
    given = {"exercise": exercise, "profile": profile, "load_kg": load, "model": model_named, "lifter": lifter}
    request = _request(given, config)
    check_source(source)
    console = terminal()
    shown_on = _screen(console, window=not no_window, mirror=mirror)
    bundle = _bundle(model, request.settings.live, console)
    with (
        Apart() as apart,
        Eyes(bundle) as eyes,
        Feed(source, settings=request.settings.camera) as feed,
        shown_on as screen,
        Sounds(mute) as sounds,
        Lookout(feed, eyes, request.settings.live) as lookout,
        _stopping() as stopped,
    ):
        run = Live(
            lookout,
            screen,
            sounds,
            request,
            source=feed.name,
            eyes_kind=eyes.kind,
            record=record,
            say=screen.say,
            show_summary=lambda summary: print_summary(summary, console),
            clock=feed.clock,
            analyze=apart,
            keep=None if no_history else Memory(complain, request.options).add,
            date=date_now if feed.live else partial(recording_date, inspect_file(Path(source)).recorded, Path(source)),
        )
        run.run(stopped)
    _show_figures(console, run.figures, feed, lookout)
    return OK


def calibrate(
    *,
    source: Annotated[str, Parameter(group=_SOURCE, metavar="0|FILE|URL")] = "0",
    profile: Annotated[str | None, Parameter(group=_HOW, metavar="NAME")] = None,
    slump: Annotated[bool, Parameter(group=_HOW)] = False,
    model: Annotated[str, Parameter(group=_HOW, metavar="NAME|FILE")] = AUTO,
    config: Annotated[Path | None, Parameter(group=_HOW, metavar="FILE")] = None,
    mute: Annotated[bool, Parameter(group=_OUT)] = False,
    mirror: Annotated[bool, Parameter(group=_OUT)] = False,
    no_window: Annotated[bool, Parameter(group=_OUT)] = False,
) -> int:
    """Take a profile: your relaxed standing, kept to compare later lifts with.

    Stand with your side to the camera, the whole of you in the picture, in
    lifting clothes, nothing in your hands. Once your back can be measured you
    are counted down and measured for 3 seconds; if that fails it is said why,
    and tried again. q, Esc or Ctrl-C ends: what was kept before stays.

    A video is looked through to its end instead; its calm standing is taken.

    Exit status: 0 the profile is kept; 2 wrong usage, or none was taken.

    Parameters
    ----------
    source
        Number of a camera (0 if not given), a device, a video, or the address of a stream.
    profile
        Its name (me if not given). An earlier one of that name is replaced.
    slump
        Also take how far you can round: a full slump, to see a lift's rounding as a part of it.
    model
        Pose model, as of live: take the one that you lift with.
    config
        TOML file of settings. What the command line says goes first.
    mute
        No sound.
    mirror
        Show the picture as a mirror would. What is measured stays the same.
    no_window
        Show words in the terminal instead of a window.
    """
    from spineline.app.calibrate import Calibration
    from spineline.app.cli import OK, complain, terminal
    from spineline.app.lookout import Eyes, Lookout
    from spineline.app.remember import Memory
    from spineline.io.config import asked_for
    from spineline.io.data_folder import DEFAULT_PROFILE, checked_name
    from spineline.io.feed import Feed, check_source
    from spineline.io.sound import Sounds

    options, settings = asked_for({"profile": profile}, config)
    name = checked_name(options.profile or DEFAULT_PROFILE)
    check_source(source)
    console = terminal()
    shown_on = _screen(console, window=not no_window, mirror=mirror)
    bundle = _bundle(model, settings.live, console)
    with (
        Eyes(bundle) as eyes,
        Feed(source, settings=settings.camera, pace=False) as feed,
        shown_on as screen,
        Sounds(mute or not feed.live) as sounds,
        Lookout(feed, eyes, settings.live, patient=not feed.live) as lookout,
        _stopping() as stopped,
    ):
        run = Calibration(
            lookout,
            screen,
            sounds,
            settings,
            name=name,
            source={"file": feed.name, **eyes.kind},
            say=screen.say,
            slump=slump,
            guided=feed.live,
            keep=Memory(complain).add,
        )
        run.run(stopped)
    return OK


def _request(given: "dict[str, str | float | None]", config: Path | None) -> "Request":
    from spineline.app.analyze import Request
    from spineline.io.config import asked_for
    from spineline.io.profiles import load_profile

    options, settings = asked_for(given, config)
    profile = load_profile(options.profile) if options.profile else None
    return Request(options=options, settings=settings, profile=profile)


def _bundle(name: str, settings: "LiveSettings", console: "Console") -> Path:
    """Return the pose model named; for auto the full one, or lite if this machine is too slow for it."""
    from spineline.app.cli import fetched_bundle
    from spineline.io.pose_speed import pose_rate_hz
    from spineline.io.spine_net import SpineNet

    bundle = fetched_bundle("full" if name == AUTO else name)
    if name != AUTO or pose_rate_hz(bundle, SpineNet(), seconds=settings.warm_up_s) >= settings.least_rate_hz:
        return bundle
    console.print("This machine is slow for the full pose model: lite is used, which is less exact (--model full).")
    return fetched_bundle("lite")


def _screen(console: "Console", *, window: bool, mirror: bool) -> "WindowScreen | TerminalScreen":
    from spineline.app.screens import TerminalScreen, WindowScreen

    if not window:
        return TerminalScreen(console)
    from spineline.io.window import no_screen

    if why := no_screen():
        raise InputError(f"{why}; show words in the terminal instead: --no-window")
    return WindowScreen(mirror=mirror)


@contextlib.contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Within the block, Ctrl-C and the like ask for an end in good order; a second one is not heard out."""
    asked = False
    before: dict[int, Any] = {}

    def ask(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.signal(number, before[number])

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None:
            before[number] = signal.signal(number, ask)
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show_figures(console: "Console", figures: "Figures", feed: "Feed", lookout: "Lookout") -> None:
    """Say how fast it went."""
    if len(figures.delays_s) < _PERCENTILE:
        return
    half_s = statistics.median(figures.delays_s)
    most_s = statistics.quantiles(figures.delays_s, n=_PERCENTILE)[-1]
    console.print(
        f"{lookout.looked} pictures looked through, {feed.dropped + lookout.late} left out; from camera to screen "
        f"{1000 * half_s:.0f} ms, of 95 % at most {1000 * most_s:.0f} ms"
    )
