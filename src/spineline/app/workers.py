"""Several inputs side by side, each in a process of its own."""

import contextlib
import itertools
import multiprocessing
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Event
from types import FrameType
from typing import NoReturn

from spineline.app.analyze import Done, Failed, Job, analyze_one
from spineline.app.footage import OnProgress
from spineline.app.quiet import quiet_libraries

_stop: Event | None = None


class _StoppedError(Exception):
    """The program is ending; this input is not finished."""


def in_processes(jobs: Sequence[Job], *, workers: int, on_progress: OnProgress) -> Iterator[Done | Failed]:
    """Analyse inputs in ``workers`` processes, and hand out the results in the order of ``jobs``.

    Ctrl-C is the business of this process alone: it then asks the others to stop at their next frame, so that they
    clean up behind them, and waits for it.
    """
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    finished = itertools.count(1)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(stop,)) as pool:
        on_progress("Analysing", 0, len(jobs))
        try:
            with interrupts_ignored():
                futures = [pool.submit(_work, job) for job in jobs]
            for future in futures:
                future.add_done_callback(lambda _: on_progress("Analysing", next(finished), len(jobs)))
            for job, future in zip(jobs, futures, strict=True):
                yield _result(job, future)
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _result(job: Job, future: Future[Done | Failed]) -> Done | Failed:
    try:
        return future.result()
    except BrokenProcessPool:
        return Failed(
            name=job.name,
            message=f"{job.name}: a process of the analysis was ended from outside, perhaps for want of memory; "
            "try again with fewer --workers",
        )


def _begin(stop: Event) -> None:
    """Prepare a process that analyses."""
    global _stop  # a process of the pool has no other place that outlives a call
    _stop = stop
    quiet_libraries()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)


def _end(signum: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signum)


def _work(job: Job) -> Done | Failed:
    _go_on()
    return analyze_one(job, on_progress=_go_on)


def _go_on(_label: str = "", _done: int = 0, _total: int | None = None) -> None:
    if _stop is not None and _stop.is_set():
        raise _StoppedError


@contextlib.contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Ignore Ctrl-C within the block: a process started there ignores it from its first moment."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set it
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
