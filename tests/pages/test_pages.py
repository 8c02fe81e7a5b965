"""Every page opens from disk in a real browser: nothing asked for from anywhere, nothing amiss, for every reader."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser

from benchmarks.made_up_history import LIFTER, TODAY, made_up_history
from spineline.core.history import History, Still
from spineline.core.settings import Settings
from spineline.io.handover import render_handover
from spineline.io.pages import write_page
from spineline.io.progress_page import write_progress
from spineline.io.report import write_report
from tests.io.make_analysis import make_analysis
from tests.pages.visit import SIZES, Visit, visit

HOSTILE = "</title><script>alert('x')</script><img src=http://x/y onerror=z>\"&{{7*7}}.mp4"


def report(path: Path) -> None:
    write_report(make_analysis(("flag", "ok", "caution", "info", "not_measured")), path, title=HOSTILE)


def empty_report(path: Path) -> None:
    write_report(make_analysis(()), path, title="nothing.mp4")


def progress(path: Path) -> None:
    write_progress(made_up_history(), path, lifter=LIFTER, today=TODAY, settings=Settings(), made_up=True)


def first_progress(path: Path) -> None:
    """Write the page of somebody who has lifted one set, and was not seen."""
    (record, *_) = (record for record in made_up_history().sets if record.reps[0].verdict == "not_measured")
    write_progress(History(sets=(record,)), path, lifter=LIFTER, today=TODAY, settings=Settings())


def handover(path: Path) -> None:
    history = made_up_history()
    _, jpeg = cv2.imencode(".jpg", np.zeros((160, 120, 3), np.uint8))
    still = Still(rep=1, time_s=1.0, jpeg=jpeg.tobytes(), faceless=jpeg.tobytes())
    history = replace(history, sets=(replace(history.sets[0], still=still), *history.sets[1:]))
    page = render_handover(history, lifter=LIFTER, today=date.fromisoformat(TODAY), settings=Settings())
    write_page(page, path)


PAGES = {
    "report": report,
    "empty report": empty_report,
    "progress": progress,
    "first progress": first_progress,
    "handover": handover,
}


@pytest.fixture(scope="module", params=PAGES)
def page_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write one page of each kind, under a name with a space and beyond ASCII."""
    path: Path = tmp_path_factory.mktemp("a page ü") / "page.html"
    PAGES[request.param](path)
    return path


def nothing_amiss(seen: Visit, *beside: Path) -> None:
    assert seen.complaints == []
    pages = [url for url in seen.asked_for if not url.startswith("data:")]
    assert pages[1:] == [path.as_uri() for path in beside]


@pytest.mark.parametrize("size", SIZES)
def test_fits_every_window_and_asks_for_nothing(browser: Browser, page_path: Path, size: str) -> None:
    with visit(browser, page_path, size=size) as seen:
        nothing_amiss(seen)
        assert seen.too_wide_px() <= 0


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_for_every_reader(browser: Browser, page_path: Path, size: str, scheme: Literal["light", "dark"]) -> None:
    with visit(browser, page_path, size=size, scheme=scheme) as seen:
        for summary in seen.page.locator("summary").all():
            summary.click()
        assert seen.serious() == []


def test_prints(browser: Browser, page_path: Path) -> None:
    with visit(browser, page_path) as seen:
        assert seen.page.pdf(format="A4").startswith(b"%PDF")
        nothing_amiss(seen)


def test_what_is_amiss_is_seen(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<!doctype html><title>x</title><img src='gone.png'><p style='width: 3000px; color: #ddd'>pale</p>"
        "<script>console.log('said'); throw new Error('thrown')</script>"
    )
    with visit(browser, page) as seen:
        assert {"said", "thrown", f"not found: {page.with_name('gone.png').as_uri()}"} < set(seen.complaints)
        assert seen.too_wide_px() > 0
        assert {line.split(":")[0] for line in seen.serious()} >= {"image-alt", "color-contrast"}
