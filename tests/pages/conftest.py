"""A real browser for the tests of the pages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from benchmarks.browser import ARGUMENTS, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium, that of the system; without one these tests are skipped, unless CI runs them."""
    from playwright.sync_api import sync_playwright

    found = chromium()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("expected Chromium, found none: install the package chromium")
        pytest.skip("needs Chromium: install the package chromium of your system")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS])
        yield running
        running.close()
