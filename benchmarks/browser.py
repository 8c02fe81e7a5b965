"""The browser of the system, for pictures and tests of pages."""

import shutil
from typing import Final

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")

# The last ones keep it from calling home by itself: whatever leaves is then the page's.
ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


def chromium() -> str | None:
    """Return where Chromium is, None if there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)
