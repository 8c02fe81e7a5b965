"""How time and memory grow with the length of a video and with cores: a table as Markdown, and a plot.

    python -m benchmarks.speed.growth [--seconds 10 20 40 80 160] [--workers 1 2] [--plot docs/growth]
    python -m benchmarks.speed.growth --seconds 60 3600        # a minute and an hour

Each is the whole program, `spineline analyze` with report, on a clip as phones write them. Memory is what all of its
processes hold together at the most (proportional set size, twice a second, Linux), and the largest one of them.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.speed.phone import phone_clip
from spineline.app.cores import cores
from spineline.io.drawing import LIGHT, as_files, own_style
from spineline.io.whole_file import write_files

_EVERY_S: Final = 0.5


@dataclass(frozen=True)
class Run:
    """One analysis: memory of all processes together and of the largest, in MB."""

    seconds: float
    workers: int
    took_s: float
    together_mb: float
    largest_mb: float


class Watched:
    """Watches the memory of a process and of all below it, in a thread, until the end of the block."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.together_mb = self.largest_mb = 0.0

    def __enter__(self) -> "Watched":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_S):
            held_mb = [_held_mb(pid) for pid in _tree(self._pid)]
            self.together_mb = max(self.together_mb, sum(held_mb))
            self.largest_mb = max([self.largest_mb, *held_mb])


def _tree(pid: int) -> Iterator[int]:
    """Yield a process and all that it and its threads have started."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))


def _held_mb(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def analysed(clip: Path, seconds: float, workers: int) -> Run:
    """Run the program and watch it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "spineline", "analyze", str(clip), "-o", folder]
        began_s = time.perf_counter()
        program = subprocess.Popen([*command, "--workers", str(workers), "--no-history", "--quiet"], env=os.environ)
        with Watched(program.pid) as watched:
            status = program.wait()
        took_s = time.perf_counter() - began_s
    if status:
        sys.exit(f"the analysis ended with status {status}")
    return Run(seconds, workers, took_s, watched.together_mb, watched.largest_mb)


def plotted(runs: Sequence[Run]) -> dict[str, bytes]:
    """Draw time over length, a line for each number of processes."""
    from matplotlib.figure import Figure

    with own_style("growth", LIGHT) as colours:
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.add_subplot()
        for workers, colour in zip(sorted({run.workers for run in runs}), ("knee", "trunk", "ok", "hip"), strict=False):
            line = [(run.seconds, run.took_s) for run in runs if run.workers == workers]
            name = "1 process" if workers == 1 else f"{workers} processes"
            axes.plot(*zip(*line, strict=True), marker="o", color=colours[colour], label=name)
        longest_s = max(run.seconds for run in runs)
        axes.plot([0, longest_s], [0, longest_s], color=colours["muted"], linestyle=":", label="as long as the video")
        axes.set(xlabel="Length of the video, s", ylabel="Time of the analysis, s", xlim=(0, None), ylim=(0, None))
        axes.legend()
        return as_files(figure, "Time of the analysis over the length of the video")


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, nargs="+", default=[10, 20, 40, 80, 160])
    parser.add_argument("--workers", type=int, nargs="+", default=sorted({1, cores()}))
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    runs = []
    print(
        "| length, s | processes | time, s | memory together, MB | largest process, MB |", "| --- " * 5 + "|", sep="\n"
    )
    for seconds in given.seconds:
        with tempfile.TemporaryDirectory() as folder:
            clip = phone_clip(Path(folder) / "phone.mp4", seconds)
            for workers in given.workers:
                run = analysed(clip, seconds, workers)
                runs.append(run)
                print(
                    f"| {seconds:g} | {workers} | {run.took_s:.1f} | {run.together_mb:.0f} | {run.largest_mb:.0f} |",
                    flush=True,
                )
    if given.plot:
        write_files(plotted(runs), given.plot)


if __name__ == "__main__":
    main()
