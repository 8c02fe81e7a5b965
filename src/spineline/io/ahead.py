"""Run an iterator ahead of its consumer, in a thread that always ends."""

from __future__ import annotations

import contextlib
import queue
import threading
import weakref
from collections.abc import Generator, Iterator
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Ahead(Iterator[T], Generic[T]):
    """Iterator that takes its items from a generator which runs ahead in a thread.

    The thread ends when the generator ends or raises (the consumer then gets the error), on `close`, at the
    end of a ``with`` block, and when the iterator is no longer referred to; the generator is closed by then.
    The generator must not refer to this iterator, or that one would never be collected.

    Parameters
    ----------
    items : generator
    limit : int
        Items kept ready at most, 1 or more.
    name : str
        Of the thread.
    """

    def __init__(self, items: Generator[T], *, limit: int, name: str) -> None:
        self._worker = _Worker(items, limit=limit, name=name)
        self._finalizer = weakref.finalize(self, self._worker.stop)

    def __next__(self) -> T:
        if not self._finalizer.alive:
            raise StopIteration
        try:
            return self._worker.take()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the thread; more than one call does no harm."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class _Worker(Generic[T]):
    """The thread, and the bounded row of items between it and the consumer."""

    def __init__(self, items: Generator[T], *, limit: int, name: str) -> None:
        self._items = items
        self._free = threading.Semaphore(limit)
        # Each entry holds one item, or the error that ended the row.
        self._ready: queue.SimpleQueue[tuple[T] | BaseException] = queue.SimpleQueue()
        self._stopping = threading.Event()
        # A daemon, so that an iterator still open at exit does not hold the interpreter up: its finalizer
        # ends the thread then.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def take(self) -> T:
        entry = self._ready.get()
        if isinstance(entry, BaseException):
            raise entry
        self._free.release()
        return entry[0]

    def stop(self) -> None:
        self._stopping.set()
        self._free.release()
        # The garbage collector may run this in any thread, also in the one that would be awaited.
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        end: BaseException = StopIteration()
        try:
            with contextlib.closing(self._items):
                while self._wait_for_room():
                    self._ready.put((next(self._items),))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the consumer
            end = error
        self._ready.put(end)

    def _wait_for_room(self) -> bool:
        self._free.acquire()
        return not self._stopping.is_set()
