"""How long it takes to keep a set in a history that has grown: opening, checking and writing, as every analysis does.

python -m benchmarks.history [SETS]        # 1500 sets with pictures if not named
"""

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.made_up_history import made_up_history
from spineline.core.history import SetRecord, Still
from spineline.io.history import open_history

_TIMES: Final = 25
_PICTURE_BYTES: Final = (15_000, 13_000)
"""Of a real clip: as it is, and with nobody to be recognised."""


def pictured(record: SetRecord, number: int, random: Random) -> SetRecord:
    """Make a set of its own of a made-up one, with two pictures that nothing compresses."""
    jpeg, faceless = (b"\xff\xd8\xff" + random.randbytes(size - 5) + b"\xff\xd9" for size in _PICTURE_BYTES)
    still = Still(rep=1, time_s=record.reps[0].start_s, jpeg=jpeg, faceless=faceless)
    return replace(record, sha256=sha256(str(number).encode()).hexdigest(), still=still)


def added_s(path: Path, record: SetRecord) -> float:
    """Return how long it takes to open the history and keep one set more."""
    begin_s = time.perf_counter()
    with open_history(path) as store:
        store.add_set(record)
    return time.perf_counter() - begin_s


def main() -> None:
    """Measure with nothing kept, and with that many sets."""
    count, random = int(sys.argv[1]) if len(sys.argv) > 1 else 1500, Random(1)  # noqa: S311
    made_up = made_up_history().sets
    records = [pictured(made_up[i % len(made_up)], i, random) for i in range(count + 2 * _TIMES)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.db"
        for first, last in ((0, 0), (_TIMES, count + _TIMES)):
            with open_history(path) as store, store.writing():
                for record in records[first:last]:
                    store.add_set(record)
            took_ms = [1000 * added_s(path, record) for record in records[last : last + _TIMES]]
            print(
                f"{last} sets, {path.stat().st_size / 1e6:.0f} MB: "
                f"{statistics.median(took_ms):.1f} ms median, {max(took_ms):.1f} ms at most"
            )


if __name__ == "__main__":
    main()
