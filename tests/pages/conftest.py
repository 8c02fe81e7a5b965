"""A real browser for the tests of the pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
# The last ones keep it from calling home by itself: whatever leaves is then the page's.
_ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium, that of the system; without one these tests are skipped, unless CI runs them."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("expected Chromium, found none: install the package chromium")
        pytest.skip("needs Chromium: install the package chromium of your system")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=[*_ARGUMENTS])
        yield running
        running.close()
