"""What takes longer the longer a recording is takes longer in proportion, no more."""

import time
from collections.abc import Callable

from benchmarks.speed.core import long_track
from spineline.core.analysis import analyze
from spineline.io.tables import InputRecord, analysis_text, csv_text, frames_table, reps_table

FRAMES = 2_000
TIMES_LONGER = 8
MOST_TIMES = 12.0


def cpu_s(work: Callable[[], object]) -> float:
    """Return the least CPU time of some runs."""
    took = []
    for _ in range(4):
        begin_s = time.process_time()
        work()
        took.append(time.process_time() - begin_s)
    return min(took)


def test_eight_times_the_frames_cost_hardly_more_than_eight_times_the_time() -> None:
    short, long = (long_track(frames, silhouettes=False) for frames in (FRAMES, TIMES_LONGER * FRAMES))
    reps = [len(analyze(track).reps) for track in (short, long)]
    assert reps[1] > 0.8 * TIMES_LONGER * reps[0] > 50, "the longer one shall hold as many more reps"
    assert cpu_s(lambda: analyze(long)) < MOST_TIMES * cpu_s(lambda: analyze(short))


def test_so_do_its_tables() -> None:
    found = [analyze(long_track(frames, silhouettes=False)) for frames in (FRAMES, TIMES_LONGER * FRAMES)]

    def tables(number: int) -> None:
        csv_text(frames_table(found[number]))
        csv_text(reps_table(found[number]))
        analysis_text(found[number], InputRecord(path="track.npz", sha256="0" * 64))

    assert cpu_s(lambda: tables(1)) < MOST_TIMES * cpu_s(lambda: tables(0))
