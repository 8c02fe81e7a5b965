"""Work on many items on the workers of a Dask cluster that is there already. The only file that knows `distributed`.

Nothing is opened here, no scheduler, no worker and no dashboard: an address is called, and what comes back is handed
out. Only a few items a worker are sent ahead, so that a hundred thousand of them burden no scheduler.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from spineline.errors import InputError, SettingsError

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")

ANSWERS_WITHIN_S: Final = 10.0
"""So long a scheduler may take to answer."""

WORKERS_WITHIN_S: Final = 120.0
"""So long a cluster may be without a worker: a restarted one is back in seconds, one from a queue may take longer."""

_LOOK_EVERY_S: Final = 5.0
_AHEAD: Final = 3
"""Items at a worker's thread: the one it works on and what it goes on with at once."""

_LEAST_AHEAD: Final = 16
"""So that a cluster that grows with its work sees that there is work."""


@dataclass(frozen=True)
class Lost:
    """An item that the cluster has given up; ``why`` is a sentence without its full stop."""

    why: str


def in_cluster(
    work: Callable[[T], R],
    items: Sequence[T],
    *,
    address: str,
    workers_within_s: float = WORKERS_WITHIN_S,
) -> Iterator[tuple[int, R | Lost]]:
    """Do ``work`` on every item; hand out place in ``items`` and result as they come.

    The cluster does by itself anew what a worker did that is gone. When the iterator is closed, what has not begun is
    taken back.

    Parameters
    ----------
    work
        Function of a module that the workers have too.
    items
        Picklable, as are the results.
    address
        Of the scheduler.
    workers_within_s
        So long there may be no worker at all.

    Raises
    ------
    InputError
        Nobody answers at the address, there are no workers, or the cluster was lost.
    SettingsError
        Dask is not installed.
    """
    distributed = _distributed()
    todo, running = deque(enumerate(items)), dict[Any, int]()
    name, seen_s = secrets.token_hex(6), time.monotonic()
    with _client(address) as client:
        try:
            while todo or running:
                threads = sum(client.nthreads().values())
                if threads:
                    seen_s = time.monotonic()
                elif time.monotonic() - seen_s > workers_within_s:
                    raise InputError(
                        f"{address}: has had no worker for {workers_within_s:g} s; start dask worker {address}"
                    )
                while todo and len(running) < max(_LEAST_AHEAD, _AHEAD * threads):
                    place, item = todo.popleft()
                    # Not pure: what is done already is told by the files, not by the name of a task.
                    running[client.submit(work, item, key=f"spineline-{name}-{place}", pure=False)] = place
                with contextlib.suppress(TimeoutError):
                    distributed.wait(list(running), timeout=_LOOK_EVERY_S, return_when="FIRST_COMPLETED")
                for future in [each for each in running if each.done()]:
                    yield running.pop(future), _result(future)
        except (CancelledError, OSError) as error:
            raise InputError(
                f"{address}: the cluster was lost; the same command goes on where this one ended"
            ) from error
        finally:
            with contextlib.suppress(Exception):
                client.cancel(list(running))


def _result(future: Future[Any]) -> Any:
    error = future.exception()
    return (
        future.result() if error is None else Lost(f"the cluster gave it up ({type(error).__name__}: {_line(error)})")
    )


@contextlib.contextmanager
def _client(address: str) -> Iterator[Client]:
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters of it is said by us
    try:
        _require_answer(address)  # a Client that nobody answers takes long to give up, and is noisy then
        client = Client(address, timeout=ANSWERS_WITHIN_S, set_as_default=False)
    except (OSError, ValueError, ImportError, RuntimeError, TypeError) as error:
        raise InputError(
            f"{address}: no Dask scheduler answers there within {ANSWERS_WITHIN_S:g} s ({_line(error)}); "
            "give the address that dask scheduler shows, such as tcp://10.0.0.5:8786"
        ) from error
    with client, client.as_current():
        yield client


def _require_answer(address: str) -> None:
    with ThreadPoolExecutor(1) as thread:  # in this one a loop may be running, as in a notebook
        thread.submit(lambda: asyncio.run(_answer(address))).result()


async def _answer(address: str) -> None:
    from distributed import Security
    from distributed.comm.core import connect

    security = Security().get_connection_args("client")
    opened = connect(address, timeout=ANSWERS_WITHIN_S, **security)
    await (await asyncio.wait_for(opened, ANSWERS_WITHIN_S)).close()  # something else there may never say a word


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise SettingsError(
            "--scheduler needs Dask, which is not installed: install spineline[dask], or leave --scheduler out"
        ) from None
    return distributed


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
