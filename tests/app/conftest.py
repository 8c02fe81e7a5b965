"""Fixtures for the tests of the programs."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from spineline.io.data_folder import DATA_VARIABLE


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep profiles of the test's own, and see that no thread is left behind."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    yield
    left = {thread.name for thread in threading.enumerate() if thread.name.startswith("spineline-")}
    assert not left
