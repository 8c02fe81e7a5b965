"""Fixtures for the tests of the programs."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from spineline.io.data_folder import DATA_VARIABLE
from tests.app.make_batch import write_season


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep profiles of the test's own, and see that no thread is left behind."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    yield
    left = {thread.name for thread in threading.enumerate() if thread.name.startswith("spineline-")}
    assert not left


@pytest.fixture(scope="module")
def kept_season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a folder of recordings; nobody changes it."""
    return write_season(tmp_path_factory.mktemp("season"))


@pytest.fixture
def season(kept_season: Path, tmp_path: Path) -> Path:
    """Give a season of the test's own."""
    return shutil.copytree(kept_season, tmp_path / "season")
