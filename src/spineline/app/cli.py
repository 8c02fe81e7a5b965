"""The command line: reads it, calls one function, prints what comes back. Only files of commands know cyclopts.

Nothing heavy is imported before a command needs it, so that `--help` answers at once.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final, NoReturn, TextIO

from cyclopts import App, CycloptsError, Parameter

from spineline import __version__
from spineline.app.batch_command import batch
from spineline.app.compare import chart, compare
from spineline.app.handover import export
from spineline.app.history import history, pain
from spineline.app.live_command import calibrate, live
from spineline.app.models import models
from spineline.app.options import HOW, OUT, Lifted, Wanted, positive, request_for
from spineline.app.profiles import profiles
from spineline.app.quiet import quiet_libraries
from spineline.app.trend import page, trend
from spineline.errors import SpinelineError

if TYPE_CHECKING:
    from rich.console import Console

    from spineline.app.analyze import Done, Request
    from spineline.app.remember import Memory

OK: Final = 0
WRONG: Final = 2
NO_LIFT: Final = 3

_SIGNALS: Final = 128  # the exit status of a program that a signal ended is this and the number of the signal

app = App(
    name="spineline",
    help="Measures how far a lifter's upper back rounds in deadlifts and squats, from one ordinary camera.",
    version=__version__,
    default_parameter=Parameter(negative=(), show_default=False),
    help_format="plaintext",
    suppress_keyboard_interrupt=False,  # `run` has its own answer to Ctrl-C
)
app.command(models)
app.command(profiles)
app.command(live)
app.command(calibrate)
app.command(chart, usage="Usage: spineline chart RESULT... [OPTIONS]")
app.command(compare, usage="Usage: spineline compare A [B] [OPTIONS]")
app.command(history)
history.command(trend)
history.command(page)
app.command(pain)
app.command(export)


class _StoppedError(BaseException):
    """The program was asked to end by a signal."""

    def __init__(self, signum: int) -> None:
        super().__init__()
        self.status = _SIGNALS + signum


def _time_range(_type: object, value: tuple[float, float] | None) -> None:
    if value is not None and not 0 <= value[0] < value[1] < float("inf"):
        raise ValueError("Must be two times in seconds, the earlier first.")


@app.command(usage="Usage: spineline analyze INPUT... [OPTIONS]")
def analyze(
    *inputs: Annotated[str, Parameter(name="INPUT", required=True)],
    lifted: Lifted = Lifted(),  # noqa: B008 - cannot be changed
    time_range: Annotated[
        tuple[float, float] | None, Parameter(group=HOW, metavar="A B", validator=_time_range)
    ] = None,
    wanted: Wanted = Wanted(),  # noqa: B008 - cannot be changed
    workers: Annotated[int | None, Parameter(group=HOW, metavar="N", validator=positive)] = None,
    json: Annotated[bool, Parameter(group=OUT)] = False,
    quiet: Annotated[bool, Parameter(group=OUT)] = False,
) -> int:
    """Analyse recorded lifts: find the reps, and how far the upper back rounds.

    Film from the side, the whole lifter in the picture, the camera still and
    level with the hips. Stand upright for a second before the first rep: that
    gives the best reference.

    The results of clip.mp4 go to the folder clip_spineline beside it, or in DIR:
    analysis.json, frames.csv, reps.csv, report.html and config.toml. An earlier
    result there is replaced, all other files are left alone.

    Exit status: 0 analysed, whatever was found; 2 wrong usage, or an input that
    cannot be read; 3 analysed, but no lift could be measured. With several inputs
    each is done, and 2 goes before 3 before 0.

    Parameters
    ----------
    inputs
        Videos, tracks saved with --save-track, or folders of sets recorded with live.
    time_range
        Analyse only from A to B, in seconds.
    workers
        How many processes work at a time, on several inputs or on parts of one video (as many as the machine has cores
        if not given).
    json
        Print what is in analysis.json, and nothing else; of several inputs, an array.
    quiet
        Print nothing but errors.
    """
    from spineline.app.analyze import check_request, each_set
    from spineline.app.cores import cores
    from spineline.app.remember import Memory

    request = request_for(lifted, wanted, time_range_s=time_range)
    names = each_set(inputs)
    check_request(names, request)
    memory = None if wanted.no_history else Memory(complain, request.options, request.date)
    return _run_analysis(names, request, memory, workers=workers or cores(), as_json=json, quiet=quiet)


def _run_analysis(
    names: Sequence[str], request: "Request", memory: "Memory | None", *, workers: int, as_json: bool, quiet: bool
) -> int:
    """Analyse every input, show and remember each result, and return the exit status."""
    from spineline.app.analyze import Failed, analyze_all, needs_pose_model, one_process_an_input
    from spineline.app.progress import CountProgress

    bundle = fetched_bundle(request.options.model, quiet=quiet) if needs_pose_model(names) else None
    status, texts, with_reps = OK, [], False
    with (
        CountProgress("inputs" if one_process_an_input(len(names), workers) else "frames", quiet=quiet) as progress,
        contextlib.closing(
            analyze_all(names, request, model=bundle, workers=workers, on_progress=progress.update)
        ) as results,
    ):
        for result in results:
            with progress.hidden():
                if isinstance(result, Failed):
                    status = complain(result.message)
                    continue
                kept = memory.add(result.record) if memory and result.record else None
                if not (as_json or quiet):
                    _show(result, kept)
            texts.append(result.text)
            with_reps |= bool(result.reps)
            if not result.measured and status == OK:
                status = NO_LIFT
    if as_json:
        _write_json(texts, as_array=len(names) > 1)
    elif with_reps and not quiet:
        _explain()
    return status


def fetched_bundle(name: str, *, quiet: bool = False) -> Path:
    """Return the file of a pose model, fetched if it is not here yet."""
    from spineline.app.progress import download_progress
    from spineline.io.models import resolve_model

    with download_progress(f"Fetching the pose model {name}, needed once", quiet=quiet) as on_progress:
        return resolve_model(name, on_progress=on_progress)


def _show(done: "Done", kept: int | None) -> None:
    from spineline.app.summary import print_summary

    print_summary(done, terminal(), kept)


def _explain() -> None:
    from spineline.app.summary import print_legend

    print_legend(terminal())


def _write_json(texts: list[str], *, as_array: bool) -> None:
    write("[\n" + ",\n".join(text.rstrip("\n") for text in texts) + "\n]\n" if as_array else "".join(texts))


def write(text: str) -> None:
    """Write to stdout, the same bytes whatever the terminal's encoding. It does not matter if nobody reads them."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode(errors="surrogateescape"))
        sys.stdout.flush()
    except BrokenPipeError:
        _drop(sys.stdout)


app.command(batch, usage="Usage: spineline batch SOURCE... [OPTIONS]")


@app.command
def doctor(*, json: bool = False) -> int:
    """Check whether this machine can measure lifts, and say how to mend what is wrong.

    Looks at versions, models, speed, codecs, cameras, sound, screen and disk.
    Takes some seconds, and fetches nothing.

    Exit status: 0 if recorded and live lifts can be measured, though perhaps
    something is missing, such as a camera; 2 if not.

    Parameters
    ----------
    json
        Print JSON instead of a table.
    """
    from spineline.app.doctor import checks_table, checks_text, is_well, look

    checks = tuple(look())
    if json:
        write(checks_text(checks))
    else:
        terminal().print(checks_table(checks))
    return OK if is_well(checks) else WRONG


def run(arguments: Sequence[str]) -> int:
    """Do what a command line asks and return the exit status; every foreseeable error is one line on stderr."""
    try:
        status: int | None = app(arguments, result_action="return_value", print_error=False, exit_on_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        where = " ".join(["spineline", *_command_of(arguments)])
        return complain(f"{error}".rstrip(".") + f"; see {where} --help")
    except SpinelineError as error:
        return complain(str(error))
    except OSError as error:
        _drop(sys.stdout)
        return complain(f"{error.filename or 'the output'}: cannot be used ({error.strerror or error})")
    except KeyboardInterrupt:
        return complain("stopped; what was not finished has left nothing behind", status=_SIGNALS + signal.SIGINT)
    except _StoppedError as stop:
        return complain("stopped; what was not finished has left nothing behind", status=stop.status)
    return status or OK


def main() -> int:
    """Run the program `spineline`: `run`, in a process of its own."""
    # Not KeyboardInterrupt: one that passes through an import of a C library costs the exit status, whoever catches it.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _stop)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    quiet_libraries()
    return run(sys.argv[1:])


def _stop(signum: int, _frame: FrameType | None) -> NoReturn:
    raise _StoppedError(signum)


def _command_of(arguments: Sequence[str]) -> list[str]:
    """Return the leading words that name a command."""
    found: list[str] = []
    level = app
    for word in arguments:
        if word not in level:
            break
        found.append(word)
        level = level[word]
    return found


def complain(message: str, *, status: int = WRONG) -> int:
    """Write one line to stderr."""
    sys.stderr.write(f"spineline: {' '.join(message.split())}\n")
    sys.stderr.flush()
    return status


def terminal() -> "Console":
    """Return what prints tables and styled text to stdout."""
    from rich.console import Console

    class Unbothered(Console):
        """Goes on in silence when nobody reads the output any more; rich would end the program."""

        def on_broken_pipe(self) -> None:
            self.quiet = True
            _drop(sys.stdout)

    return Unbothered(file=sys.stdout, highlight=False)


def _drop(stream: TextIO) -> None:
    """Send nowhere what is still to come from a stream, be it from the interpreter on its way out or from a thread."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
