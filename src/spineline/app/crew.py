"""Work on many items side by side, in processes that do not outlive this one.

Each process has a pipe of its own. When this end of it is closed, whichever way, the process stops at its next sign of
progress and cleans up behind itself; when a process is ended from outside, its item alone is lost.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import Any, Final, Generic, NoReturn, TypeVar

from spineline.app.cores import share_cores
from spineline.app.footage import OnProgress
from spineline.app.quiet import quiet_libraries
from spineline.io.heap import give_back, share_heaps

T = TypeVar("T")
R = TypeVar("R")

Work = Callable[[T, OnProgress], R]

SILENT_S: Final = 600.0
"""Longer than the longest step without progress takes: the report of an hour of reps on a slow machine."""

_TOLD_EVERY_S: Final = 0.1
_TO_END_S: Final = 30.0
"""So long a process may take to clean up behind itself; then it is ended by force."""

_ENDING: Final = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

_DIED: Final = "its process was ended from outside ({}), perhaps for want of memory; try again with fewer --workers"


@dataclass(frozen=True)
class Died:
    """What became of an item whose process has not finished it; ``why`` is a sentence without its full stop."""

    why: str


class _StoppedError(Exception):
    """Nobody waits for this item any more."""


def in_crew(
    work: Work[T, R],
    items: Sequence[T],
    *,
    workers: int,
    fresh: bool = False,
    on_progress: Callable[[int, str, int, int | None], None] = lambda *_: None,
    silent_s: float = SILENT_S,
) -> Iterator[tuple[int, R | Died]]:
    """Do ``work`` on every item in ``workers`` processes; hand out place in ``items`` and result as they come.

    Ctrl-C is the business of this process alone. When the iterator is closed, or an error passes through it, the
    others stop, and are waited for.

    Parameters
    ----------
    work
        Function of a module, called with an item and with what to tell of progress.
    items
        Picklable, as are the results.
    workers
        How many processes at most.
    fresh
        Give every item a new process, which has no more memory than it needs.
    on_progress
        Told the place of an item and how far it is, about ten times a second.
    silent_s
        A process that tells nothing for so long is ended.

    Raises
    ------
    Exception
        Whatever ``work`` raises.
    """
    todo = deque(enumerate(items))
    crew: list[_Member[T, R]] = []
    try:
        while todo or crew:
            while todo and len(crew) < workers:
                crew.append(_Member(work, together=min(workers, len(items))))
                crew[-1].begin(*todo.popleft())
            for member in _heard(crew, silent_s):
                kind, said = member.message()
                if kind == "told":
                    on_progress(member.place, *said)
                    continue
                if kind == "raised":
                    raise said
                place = member.place
                if todo and kind == "done" and not fresh:
                    member.begin(*todo.popleft())
                else:
                    crew.remove(member)
                    member.dismiss()
                yield place, said
    finally:
        for member in crew:
            member.dismiss()
        for member in crew:
            member.wait_for()


class _Member(Generic[T, R]):
    """One process, and this end of its pipe."""

    def __init__(self, work: Work[T, R], *, together: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, end = context.Pipe()
        self._process = context.Process(target=_serve, args=(end, work, together), name="spineline-crew", daemon=True)
        with undisturbed():
            self._process.start()
        end.close()  # the other process has it now
        self.place = -1
        self.heard_s = 0.0
        self._why = ""

    def begin(self, place: int, item: T) -> None:
        """Send an item; if the process is gone, that shows when it is listened to."""
        self.place, self.heard_s = place, time.monotonic()
        with contextlib.suppress(OSError):
            self.pipe.send(item)

    def message(self) -> tuple[str, Any]:
        """Return the kind of message and what it says."""
        try:
            message: tuple[str, Any] = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join(_TO_END_S)
            return "died", Died(self._why or _DIED.format(self._process.exitcode))
        self.heard_s = time.monotonic()
        return message

    def silence(self, why: str) -> None:
        """End the process by force."""
        self._why = why
        self._process.kill()

    def dismiss(self) -> None:
        """Tell the process that no more is to come, and that what it does is not wanted any more."""
        self.pipe.close()

    def wait_for(self) -> None:
        """Wait until the process has ended."""
        self._process.join(_TO_END_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _heard(crew: "list[_Member[T, R]]", silent_s: float) -> "Iterator[_Member[T, R]]":
    """Wait for messages, and return who has sent one; end those who were silent for too long."""
    ready = wait([member.pipe for member in crew], silent_s)
    for member in list(crew):
        if member.pipe in ready:
            yield member
        elif time.monotonic() - member.heard_s > silent_s:
            member.silence(f"its process gave no sign for {silent_s:g} s")


def _serve(here: Connection, work: Work[Any, Any], together: int) -> None:
    """Work on what comes, as one of several, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Windows does not inherit it
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_after_parent, name="spineline-parent", daemon=True).start()
    quiet_libraries()
    share_heaps()
    share_cores(together)
    with contextlib.suppress(EOFError, OSError, _StoppedError):
        while True:
            here.send(_result(here, work, here.recv()))
            give_back()


def _result(here: Connection, work: Work[Any, Any], item: Any) -> tuple[str, Any]:
    told_s = 0.0

    def tell(label: str, done: int, total: int | None) -> None:
        nonlocal told_s
        if here.poll():  # nothing is sent while an item is worked on: the pipe was closed
            raise _StoppedError
        now_s = time.monotonic()
        if now_s - told_s >= _TOLD_EVERY_S:
            told_s = now_s
            here.send(("told", (label, done, total)))

    try:
        return "done", work(item, tell)
    except _StoppedError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who asked
        error.add_note(traceback.format_exc())
        return "raised", error


def _end_after_parent() -> None:
    """End this process by force if the one that it works for was ended, and it gave no sign of progress since."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        time.sleep(_TO_END_S)
        os._exit(1)


def _end(signum: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signum)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back what would end this process until another is started: half-started, that one would complain.

    Ctrl-C is ignored: who is started within the block then ignores it from the first moment.
    """
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set it
        yield
        return
    held: list[int] = []
    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    for number in _ENDING:
        if callable(signal.getsignal(number)):  # what is ignored stays so, in the other process too
            before[number] = signal.signal(number, lambda signum, _frame: held.append(signum))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for signum in held:
            signal.raise_signal(signum)
