"""Fixtures for all tests."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def pose_model() -> Path:
    """Give the bundle of the pose model `full`, from the user's cache (fetched on first need)."""
    from spineline.io.models import resolve_model

    return resolve_model("full")
