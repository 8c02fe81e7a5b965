"""Pictures of `spineline live` at work, for docs/: a sample played as camera in a window on a virtual screen.

    python -m benchmarks.shots [OUT]

Also what tests need to run the program in a window and to look at it (Linux, package `xvfb`).
"""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.virtual_screen import PATIENCE_S, VirtualScreen, save, until
from spineline.io.encode import write_h264
from spineline.io.live_picture import Showing, paint
from spineline.io.verdicts import VERDICTS
from spineline.io.video import read_frames
from spineline.io.window import TITLE

HERE = Path(__file__).parents[1]
SAMPLE = HERE / "samples" / "deadlift_rounded.mp4"
FEET_SHARE = 0.25
"""Of the height of the sample, cut off below where the lifter's feet are not to be seen."""


class Program:
    """A running program and what it has said so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        if self.process.stdout:
            self.lines.extend(iter(self.process.stdout.readline, ""))

    def said(self, words: str) -> str:
        """Wait for a line with these words, and return it.

        Raises
        ------
        RuntimeError
            The program ended without.
        """

        def line() -> str | None:
            ended = self.process.poll() is not None
            if ended:
                self._reader.join()
            found = next((line for line in self.lines if words in line), None)
            if ended and not found:
                raise RuntimeError(f"ended without {words!r}:\n{self.text}")
            return found

        return until(line, words)

    def end(self) -> int:
        """Wait for the end; return the exit status."""
        status = self.process.wait(PATIENCE_S)
        self._reader.join()
        return status

    @property
    def text(self) -> str:
        """All that was said."""
        return "".join(self.lines)


@contextmanager
def playing(screen: VirtualScreen, source: Path, *options: str) -> Iterator[Program]:
    """Run `spineline live` with a window on a screen, as long as the block lasts."""
    command = [sys.executable, "-m", "spineline", "live", "--model", "full", "--mute", "--source", str(source)]
    with subprocess.Popen(
        [*command, *options],
        env=screen.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


def shows(picture: NDArray[np.uint8], this: dict[str, Any], rather_than: dict[str, Any]) -> bool:
    """Tell whether a window of a 4:3 source looks like the first of two states wherever they differ.

    Parameters
    ----------
    picture
        Of the whole window.
    this, rather_than
        What `spineline.io.live_picture.Showing` holds.
    """
    black = np.zeros((720, 960, 3), np.uint8)
    one, other = (paint(black, Showing(**what)) for what in (this, rather_than))
    differ = (one != other).any(axis=2)
    return picture.shape == one.shape and bool((picture[differ] == one[differ]).all())


def flagged(picture: NDArray[np.uint8]) -> bool:
    """Tell whether a rep was counted and the number beside the picture is that of a flag."""
    strip = picture[picture.shape[0] // 2 :, -250:]
    return shows(picture, {"count": 1}, {"count": 0}) and bool((strip == VERDICTS["flag"].rgb).all(axis=2).any())


def without_feet(path: Path) -> Path:
    """Write the sample as a camera sees it that is tilted up too far."""
    with closing(read_frames(SAMPLE)) as frames:
        write_h264(((frame.time_s, _without_foot_of(frame.image)) for frame in frames), path)
    return path


def _without_foot_of(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    keep = round((1 - FEET_SHARE) * image.shape[0])
    beside = round(FEET_SHARE * image.shape[1] / 2)
    return image[:keep, beside : image.shape[1] - beside]


def main() -> None:
    """Run the command line."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "docs"
    with VirtualScreen() as screen, tempfile.TemporaryDirectory() as folder:
        with playing(screen, SAMPLE) as program:
            window = screen.window(TITLE)
            until(lambda: shows(screen.picture(window), {"ready": True}, {}), "ready")
            save(screen.picture(window), out / "live_measuring.png")
            program.said("more rounded than your reference")  # of the first rep
            until(lambda: flagged(screen.picture(window)), "the second rep beyond the level")
            save(screen.picture(window), out / "live_flag.png")
        with playing(screen, without_feet(Path(folder) / "cut_off.mp4")):
            window = screen.window(TITLE)
            advice = {"advice": "you are cut off: step back"}
            until(lambda: shows(screen.picture(window), advice, {}), "advice")
            save(screen.picture(window), out / "live_setup.png")


if __name__ == "__main__":
    main()
