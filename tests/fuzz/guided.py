"""Look for inputs that reach new code in one of the parsers, for a given time (coverage-guided, atheris).

    python -m tests.fuzz.guided TARGET SECONDS [FOLDER]

What it finds goes to FOLDER, a temporary one if not named: the input and, beside it, the traceback. atheris is no
dependency: ``pip install atheris`` first (Linux, macOS).
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

LONGEST_BYTES: Final = 40_000

Read = Callable[[Path], object]

_INSTRUMENTED: Final = ["spineline", "zipfile", "tomllib", "csv", "json"]
_SEEDS: Final = {
    "container": ("h264.mp4", "turned.mov", "pieces.mp4", "h264.mkv", "vp9.webm", "mjpeg.avi", "animated.gif"),
    "track": (),  # short ones are made, of which more can be tried
    "config": ("config.toml",),
    "profile": ("profile.toml",),
    "history": ("history.json", "history.csv"),
    "result": ("clip_spineline/analysis.json",),
    "frames": ("clip_spineline/frames.csv",),
    "model": ("pose.task",),
    "tflite": (),
}


def _readers() -> dict[str, Read]:
    """Return the door of each parser. Imported here, so that they are instrumented."""
    from spineline.io import config, container, curves, history_files, models, profiles, tables, tflite, tracks

    statement = tflite.InputStatement(name="x", mean=0.0, std=1.0, outputs=("a",))

    def history(path: Path) -> object:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
        parsed = history_files._from_json if text.lstrip().startswith("{") else history_files._from_csv
        return parsed(text)

    return {
        "container": container.inspect_file,
        "track": tracks.load_track,
        "config": config.read_config,
        "profile": profiles.read_profile,
        "history": history,
        "result": curves._document,
        "frames": lambda path: tables.read_columns(path, ("time_s", "thoracic_change_deg", "phase")),
        "model": models.check_bundle,
        "tflite": lambda path: tflite.add_metadata(path.read_bytes(), statement),
    }


class _Search:
    """Counts what is tried, keeps what breaks, and ends the process when time is up."""

    def __init__(self, target: str, read: Read, error: type[Exception], *, seconds: float, folder: Path) -> None:
        self._target, self._read, self._error, self._folder = target, read, error, folder
        self._path = folder / f"given{'.csv' if target == 'frames' else ''}"
        self._ends_s = time.monotonic() + seconds
        self._tried = self._read_whole = 0
        self._found: set[str] = set()
        self._slowest_s = 0.0

    def __call__(self, data: bytes) -> None:
        self._path.write_bytes(data)
        begun_s = time.monotonic()
        try:
            self._read(self._path)
            self._read_whole += 1
        except self._error as error:
            if not str(error).isprintable() or len(str(error)) > 1000:
                self._keep(data, f"not one short line: {str(error)[:300]!r}", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            place = traceback.extract_tb(error.__traceback__)[-1]
            self._keep(
                data, traceback.format_exc(), f"{type(error).__name__}_{Path(place.filename).stem}_{place.lineno}"
            )
        self._tried += 1
        self._slowest_s = max(self._slowest_s, time.monotonic() - begun_s)
        if time.monotonic() > self._ends_s:
            print(  # noqa: T201 - this is what the script is for
                f"{self._target}: {self._tried} executions, {self._read_whole} of them read, slowest "
                f"{self._slowest_s:.2f} s, {len(self._found)} findings {sorted(self._found)} in {self._folder}",
                flush=True,
            )
            os._exit(bool(self._found))

    def _keep(self, data: bytes, told: str, kind: str) -> None:
        if kind in self._found:
            return
        self._found.add(kind)
        name = f"{self._target}_{kind}_{sha256(data).hexdigest()[:8]}"
        (self._folder / name).write_bytes(data)
        (self._folder / f"{name}.txt").write_text(told, encoding="utf-8")


def main(target: str, seconds: float, folder: Path) -> None:
    """Search one parser."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=_INSTRUMENTED):
        readers = _readers()
        from spineline.errors import SpinelineError
        from spineline.io.tracks import save_track
    from spineline.core.sim import lift, simulate
    from tests.fuzz.seeds import write_seeds
    from tests.io.make_tflite import small_tflite

    corpus, seeds = folder / "corpus", folder / "seeds"
    corpus.mkdir(parents=True)
    seeds.mkdir()
    write_seeds(seeds)
    for number, name in enumerate(_SEEDS[target]):
        shutil.copy(seeds / name, corpus / str(number))
    if target == "tflite":
        (corpus / "0").write_bytes(small_tflite())
    if target == "track":
        for fps in (0.2, 1.0):
            save_track(simulate(lift("conventional", reps=1), fps=fps).track, corpus / str(fps))
    search = _Search(target, readers[target], SpinelineError, seconds=seconds, folder=folder)
    options = [f"-max_len={LONGEST_BYTES}", "-timeout=20", "-rss_limit_mb=3000", "-verbosity=0", "-print_final_stats=0"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", str(corpus)], search)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp(prefix="fuzz-")))
