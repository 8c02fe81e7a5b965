"""How long commands take that look at no video, as Markdown: the help, a bare interpreter beside it, a saved track.

python -m benchmarks.speed.start [TRACK.npz ...]
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Final

_TIMES: Final = 15


def took_s(arguments: Sequence[str]) -> float:
    """Return how long Python takes with these arguments."""
    began_s = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began_s


def main() -> None:
    """Measure in turns and print medians."""
    commands = {
        "python -c pass": ["-c", "pass"],
        "spineline --help": ["-m", "spineline", "--help"],
        "spineline analyze --help": ["-m", "spineline", "analyze", "--help"],
    }
    with tempfile.TemporaryDirectory() as folder:
        for track in sys.argv[1:]:
            analysis = ["-m", "spineline", "analyze", track, "-o", folder, "--quiet", "--no-history", "--no-report"]
            commands[f"spineline analyze {track} --no-report"] = analysis
        rounds = [{name: took_s(arguments) for name, arguments in commands.items()} for _ in range(_TIMES)]
    print("| command | median, s | slowest, s |", "| --- | --- | --- |", sep="\n")
    for name in commands:
        times_s = [each[name] for each in rounds]
        print(f"| `{name}` | {statistics.median(times_s):.2f} | {max(times_s):.2f} |")


if __name__ == "__main__":
    main()
