"""Analyses in a process of its own: what is drawn meanwhile never waits for them."""

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Final, Self

from spineline.app.analyze import Request, analyzed
from spineline.app.crew import undisturbed
from spineline.app.quiet import quiet_libraries
from spineline.core.analysis import Analysis
from spineline.core.track import PoseTrack

_NICENESS: Final = 10
"""Pictures go first where there are too few processors for everything."""


class Apart:
    """`spineline.app.analyze.analyzed` in another process, as long as the ``with`` block lasts.

    May be called from several threads. Where that process was ended from outside, this one does its work.
    """

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._there, end = context.Pipe()
        self._process = context.Process(target=_serve, args=(end,), name="spineline-apart", daemon=True)
        self._end = end
        self._one_by_one = threading.Lock()
        self._broken = False

    def __enter__(self) -> Self:
        with undisturbed():  # Ctrl-C is the business of this process
            self._process.start()
        self._end.close()  # the other process has it now
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._there.close()
        self._process.join()

    def __call__(self, track: PoseTrack, request: Request) -> Analysis:
        """Analyse a track as it is asked for; what goes wrong there is raised here."""
        found: Mapping[str, Any] | BaseException | None = None
        with self._one_by_one, contextlib.suppress(EOFError, OSError):
            if not self._broken:
                self._broken = True
                self._there.send((track, request))
                found = self._there.recv()
                self._broken = False
        if found is None:
            return analyzed(track, request)
        if isinstance(found, BaseException):
            raise found
        return Analysis(track=track, **found)


def _serve(here: Connection) -> None:
    """Analyse what comes, until the other end is closed, whichever way that process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Windows does not inherit it
    quiet_libraries()
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    with contextlib.suppress(EOFError, OSError):
        while True:
            here.send(_found(*here.recv()))


def _found(track: PoseTrack, request: Request) -> Mapping[str, Any] | BaseException:
    """Return all of an analysis but the track, which the other has, or what went wrong."""
    try:
        found = analyzed(track, request)
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who asked
        error.add_note(traceback.format_exc())
        return error
    return {each.name: getattr(found, each.name) for each in dataclasses.fields(found) if each.name != "track"}
