"""The examples in the docstrings of the core are true."""

import doctest
import importlib
import pkgutil

import pytest

import spineline.core

MODULES = sorted(module.name for module in pkgutil.iter_modules(spineline.core.__path__))


def run(name: str) -> doctest.TestResults:
    """Run the examples of one module, which may use NumPy as np."""
    import numpy as np

    module = importlib.import_module(f"spineline.core.{name}")
    return doctest.testmod(module, extraglobs={"np": np})


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    assert run(name).failed == 0


def test_there_are_examples() -> None:
    assert sum(run(name).attempted for name in MODULES) >= 3
