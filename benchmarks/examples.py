"""The pages in `docs/examples`, and the pictures of them: the samples analysed, twelve made-up weeks, a hand-over.

    python -m benchmarks.examples [OUT]        # docs/examples if not named; needs Chromium for the pictures

Everything is made by the program itself, from the rendered samples and from `benchmarks.made_up_history`.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from benchmarks.browser import ARGUMENTS, chromium
from benchmarks.made_up_history import LIFTER, TODAY, made_up_history
from spineline.app.cli import run
from spineline.core.history import History, Still
from spineline.core.settings import Settings
from spineline.io.data_folder import DATA_VARIABLE
from spineline.io.handover import handover_table, render_handover
from spineline.io.history import open_history
from spineline.io.progress_page import write_progress

HERE: Final = Path(__file__).parents[1]
SAMPLES: Final = ("deadlift_neutral", "deadlift_rounded", "squat_neutral", "squat_rounded")
FILMED: Final = "deadlift_rounded"
"""The sample whose report has its video beside it."""

_SIZES: Final = {"desktop": (1100, 1400), "phone": (390, 844)}
_SHOWN: Final = {
    f"{FILMED}/report.html": "report",
    "progress.html": "progress",
    "handover.html": "handover",
}


def analyse_samples(out: Path) -> dict[str | None, Still | None]:
    """Analyse every sample, keep its report, and return the picture that the history has of each lift."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ[DATA_VARIABLE] = folder
        for name in SAMPLES:
            extras = ["--save-vid"] if name == FILMED else []
            clip = os.path.relpath(HERE / "samples" / f"{name}.mp4")
            status = run(["analyze", clip, "-o", folder, "--load", "80", "--quiet", *extras])
            if status:
                sys.exit(status)
            (out / name).mkdir(parents=True, exist_ok=True)
            for file in ("report.html", *(["overlay.mp4"] if extras else [])):
                shutil.copyfile(Path(folder) / f"{name}_spineline" / file, out / name / file)
        with open_history() as store:
            return {record.exercise: record.still for record in store.read().sets if "rounded" in record.name}


def write_pages(out: Path, stills: dict[str | None, Still | None]) -> None:
    """Write the progress page and the hand-over of the made-up weeks, the latter with pictures of the samples."""
    history, today, settings = made_up_history(), date.fromisoformat(TODAY), Settings()
    write_progress(history, out / "progress.html", lifter=LIFTER, today=TODAY, settings=settings, made_up=True)
    history = _pictured(history, stills)
    page = render_handover(history, lifter=LIFTER, today=today, settings=settings, made_up=True)
    (out / "handover.html").write_text(page, encoding="utf-8", newline="\n")
    table = handover_table(history, lifter=LIFTER, settings=settings)
    (out / "handover.csv").write_text(table, encoding="utf-8", newline="\n")


def _pictured(history: History, stills: dict[str | None, Still | None]) -> History:
    """Give the first set of every eighth a picture of a sample of its lift."""
    sets = tuple(
        replace(record, still=stills.get(record.exercise)) if number % 8 == 0 else record
        for number, record in enumerate(history.sets)
    )
    return replace(history, sets=sets)


def photograph(out: Path) -> Iterator[Path]:
    """Take a picture of the top of each page, as on a desk and as on a phone."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS])
        for page_name, name in _SHOWN.items():
            for size, (width, height) in _SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height})
                page.goto((out / page_name).resolve().as_uri())
                button = page.get_by_role("button", name="Watch rep 1")
                if button.count():  # so that something is to be seen in the video
                    button.click()
                    page.wait_for_timeout(1000)
                    page.evaluate("scrollTo(0, 0)")
                target = out / f"{name}_{size}.png"
                page.screenshot(path=target)
                page.close()
                yield target
        browser.close()


def main() -> None:
    """Make everything."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "docs" / "examples"
    out.mkdir(parents=True, exist_ok=True)
    write_pages(out, analyse_samples(out))
    for path in photograph(out):
        print(path)


if __name__ == "__main__":
    main()
