"""An iterator run ahead in a thread: order, bound, errors, and that the thread ends."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Generator, Iterator

import pytest

from spineline.io.ahead import Ahead


class Source:
    """Counts up, and remembers how far it got and whether it was closed."""

    def __init__(self, count: int, *, fail: bool = False) -> None:
        self.count, self.fail = count, fail
        self.made, self.closed = 0, False

    def items(self) -> Generator[int]:
        """Yield 0, 1, 2 and so on."""
        try:
            for item in range(self.count):
                self.made += 1
                yield item
            if self.fail:
                raise RuntimeError("no more")
        finally:
            self.closed = True

    def wait_for(self, made: int) -> None:
        """Wait until so many items are made, 5 s at most."""
        deadline = time.monotonic() + 5
        while self.made < made and time.monotonic() < deadline:
            time.sleep(0.001)


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    yield
    assert "test-ahead" not in {thread.name for thread in threading.enumerate()}


def test_every_item_comes_once_in_order() -> None:
    source = Source(1000)
    assert list(Ahead(source.items(), limit=3, name="test-ahead")) == list(range(1000))
    assert source.closed


def test_no_more_than_the_limit_is_made_ahead() -> None:
    source = Source(1000)
    with Ahead(source.items(), limit=3, name="test-ahead") as items:
        assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
        source.wait_for(8)
        time.sleep(0.05)
        assert source.made == 8
    assert source.closed


def test_an_error_comes_after_the_items_before_it() -> None:
    source = Source(2, fail=True)
    items = Ahead(source.items(), limit=5, name="test-ahead")
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(RuntimeError, match="no more"):
        next(items)
    assert list(items) == []
    assert source.closed


def test_closing_ends_it_however_often() -> None:
    source = Source(1000)
    items = Ahead(source.items(), limit=1, name="test-ahead")
    items.close()
    items.close()
    assert source.closed or source.made == 0
    assert list(items) == []


def test_a_forgotten_iterator_in_a_cycle_ends_its_thread() -> None:
    source = Source(1000)
    items = Ahead(source.items(), limit=1, name="test-ahead")
    items.me = items  # type: ignore[attr-defined]
    source.wait_for(1)
    del items
    gc.collect()
    assert source.closed


def test_a_waiting_consumer_is_released_by_close() -> None:
    gate = threading.Event()

    def slow() -> Generator[int]:
        yield 0
        gate.wait(5)
        yield 1

    items = Ahead(slow(), limit=2, name="test-ahead")
    assert next(items) == 0
    rest: list[int] = []
    consumer = threading.Thread(target=lambda: rest.extend(items))
    consumer.start()
    closer = threading.Thread(target=items.close)
    closer.start()
    gate.set()
    consumer.join(5)
    closer.join(5)
    assert not consumer.is_alive()
    assert not closer.is_alive()
    assert rest in ([], [1])
