"""Fixtures for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from spineline.io.data_folder import DATA_VARIABLE


@pytest.fixture(scope="session", autouse=True)
def _nobodys_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep profiles and history of all tests away from those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATA_VARIABLE, str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def pose_model() -> Path:
    """Give the bundle of the pose model `full`, from the user's cache (fetched on first need)."""
    from spineline.io.models import resolve_model

    return resolve_model("full")
