"""The documentation speaks of what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SOURCE = ROOT / "src" / "spineline"


def test_the_architecture_page_has_every_file_and_no_other() -> None:
    named = set(re.findall(r"`((?:core|io|app)/\w+\.py)`", (ROOT / "docs" / "architecture.md").read_text("utf-8")))
    there = {path.relative_to(SOURCE).as_posix() for path in SOURCE.glob("*/*.py") if path.name != "__init__.py"}
    assert named == there


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    files = [link.partition("#")[0] for link in links if "://" not in link]
    assert [file for file in files if file and not (page.parent / file).exists()] == []


def test_every_example_is_two_clicks_from_the_readme() -> None:
    reached = {ROOT / "README.md"}
    for _ in range(2):
        for page in [page for page in reached if page.suffix == ".md"]:
            links = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
            reached |= {(page.parent / link.partition("#")[0]).resolve() for link in links if "://" not in link}
    examples = {path for path in (ROOT / "docs" / "examples").rglob("*") if path.suffix in {".html", ".png", ".csv"}}
    assert examples
    assert examples <= reached
