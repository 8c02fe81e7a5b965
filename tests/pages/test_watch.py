"""The video beside the chart: whichever is moved, the other follows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from spineline.core.analysis import Analysis
from spineline.core.history import Still
from spineline.io.charts import axis_shares
from spineline.io.overlay import stills, write_overlay
from spineline.io.report import write_report
from tests.io.make_analysis import make_analysis
from tests.io.test_overlay import frames_of
from tests.pages.visit import Visit, visit

STARTS_S = 0.4


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """Simulate a set whose recording does not begin at 0."""
    return make_analysis(("flag", "ok"), times_s=np.arange(STARTS_S, 4.4, 1 / 15.0))


@pytest.fixture(scope="module")
def folder(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with a video."""
    path = tmp_path_factory.mktemp("results")
    write_overlay(frames_of(analysis.track.time_s), analysis, path / "overlay.mp4")
    found: dict[int, Still] = stills(frames_of(analysis.track.time_s), analysis)
    write_report(analysis, path / "report.html", title="set.mp4", stills=found, video="overlay.mp4")
    return path


@pytest.fixture
def seen(browser: Browser, folder: Path) -> Iterator[Visit]:
    """Open the report, its video ready; nothing may have been amiss at the end."""
    with visit(browser, folder / "report.html") as seen:
        seen.page.wait_for_function("() => document.getElementById('film').readyState >= 3")
        yield seen
        assert seen.complaints == []
        assert {Path(url).name for url in seen.asked_for if not url.startswith("data:")} == {
            "report.html",
            "overlay.mp4",
        }


def film_s(page: Page) -> float:
    """Wait for the video to come to rest, and return its time."""
    page.wait_for_function("() => !document.getElementById('film').seeking")
    return float(page.evaluate("document.getElementById('film').currentTime"))


def cursor_share(page: Page) -> float:
    """Return where the line on the chart stands, as a share of the drawing's width."""
    return float(
        page.evaluate(
            """() => {
                const chart = document.querySelector('#watch .wide').getBoundingClientRect();
                const line = document.querySelector('#watch .wide .cursor').getBoundingClientRect();
                return (line.left + line.width / 2 - chart.left) / chart.width;
            }"""
        )
    )


def share_at(time_s: float, analysis: Analysis) -> float:
    left, right = axis_shares(600)
    begin_s, end_s = analysis.track.time_s[[0, -1]]
    return float(left + (right - left) * (time_s - begin_s) / (end_s - begin_s))


def test_a_click_on_the_chart_moves_the_video(seen: Visit, analysis: Analysis) -> None:
    chart = seen.page.locator("#watch .wide")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box
    seen.page.mouse.click(box["x"] + share_at(3.0, analysis) * box["width"], box["y"] + 0.3 * box["height"])
    assert film_s(seen.page) == pytest.approx(3.0 - STARTS_S, abs=0.02)
    assert cursor_share(seen.page) == pytest.approx(share_at(3.0, analysis), abs=0.005)


def test_the_line_lies_on_the_axis_of_the_chart(seen: Visit, analysis: Analysis) -> None:
    """The shares that the page knows are those at which matplotlib drew the axis."""
    edges = seen.page.evaluate(
        """() => {
            const chart = document.querySelector('#watch .wide').getBoundingClientRect();
            const spine = document.querySelector('#watch .wide [id$=axes_1] [id$=patch_2]').getBoundingClientRect();
            return [spine.left, spine.right].map(x => (x - chart.left) / chart.width);
        }"""
    )
    assert edges == pytest.approx([share_at(t, analysis) for t in analysis.track.time_s[[0, -1]]], abs=0.005)


def test_the_video_moves_the_line(seen: Visit, analysis: Analysis) -> None:
    seen.page.evaluate("document.getElementById('film').currentTime = 2.0")
    assert film_s(seen.page) == pytest.approx(2.0, abs=0.02)
    seen.page.wait_for_function("() => Math.abs(document.getElementById('moment').value - 2.4) < 0.02")
    assert cursor_share(seen.page) == pytest.approx(share_at(STARTS_S + 2.0, analysis), abs=0.005)


def test_by_keyboard_alone(seen: Visit, analysis: Analysis) -> None:
    seen.page.locator("#moment").focus()
    seen.page.keyboard.press("End")
    assert film_s(seen.page) == pytest.approx(analysis.track.time_s[-1] - STARTS_S, abs=0.1)
    seen.page.keyboard.press("Home")
    assert film_s(seen.page) == pytest.approx(0.0, abs=0.02)
    assert seen.page.locator("#moment").get_attribute("aria-valuetext") == "0.4 s"


def test_each_rep_leads_to_its_moment(seen: Visit) -> None:
    button = seen.page.get_by_role("button", name="Watch rep 1")
    button.click()
    wanted_s = float(button.get_attribute("data-time") or "nan")
    assert film_s(seen.page) == pytest.approx(wanted_s - STARTS_S, abs=0.02)


@pytest.mark.parametrize("size", ["desktop", "phone", "small phone"])
def test_for_every_reader(browser: Browser, folder: Path, size: str) -> None:
    with visit(browser, folder / "report.html", size=size) as seen:
        assert seen.serious() == []
        assert seen.too_wide_px() <= 0


def test_a_page_moved_away_from_its_video_says_so(browser: Browser, folder: Path, tmp_path: Path) -> None:
    alone = tmp_path / "report.html"
    alone.write_bytes((folder / "report.html").read_bytes())
    with visit(browser, alone) as seen:
        seen.page.get_by_text("overlay.mp4 is not beside this page any more").wait_for()
        assert not seen.page.locator("#film").is_visible()
        assert not seen.page.locator("#moment").is_visible()
        assert seen.page.locator("#watch .wide").is_visible()
