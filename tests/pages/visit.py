"""Open a page from disk as a reader would, and note everything that should not happen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

SIZES: Final = {"desktop": (1280, 900), "phone": (390, 844), "small phone": (320, 640)}
_SERIOUS: Final = {"serious", "critical"}


@dataclass
class Visit:
    """An open page, what it asked for and what it complained of."""

    page: Page
    asked_for: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def serious(self) -> list[str]:
        """Return what axe-core finds serious or worse."""
        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [
            f"{violation['id']}: {node['html'][:200]}"
            for violation in found
            if violation["impact"] in _SERIOUS
            for node in violation["nodes"]
        ]

    def too_wide_px(self) -> int:
        """Return by how much the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@contextlib.contextmanager
def visit(
    browser: Browser, path: Path, *, size: str = "desktop", scheme: Literal["light", "dark"] = "light"
) -> Iterator[Visit]:
    """Open a file in a window of that size."""
    width_px, height_px = SIZES[size]
    with browser.new_context(viewport={"width": width_px, "height": height_px}, color_scheme=scheme) as context:
        seen = Visit(context.new_page())
        seen.page.on("console", lambda message: seen.complaints.append(message.text))
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        seen.page.on("requestfailed", lambda request: seen.complaints.append(f"not found: {request.url}"))
        seen.page.on("request", lambda request: seen.asked_for.append(request.url))
        seen.page.goto(path.as_uri())
        yield seen
