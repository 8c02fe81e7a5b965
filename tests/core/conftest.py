"""Hypothesis draws the same examples on every run, unless HYPOTHESIS_PROFILE=search asks for new ones."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from spineline.core import contour
from spineline.core.contour import Calibration

_QUIET = [HealthCheck.function_scoped_fixture]
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=20, suppress_health_check=_QUIET)
settings.register_profile("search", deadline=None, max_examples=300, suppress_health_check=_QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def _between(upper: float, lower: float) -> Calibration:
    """Read the curvature of the edge between two levels as it is."""
    weights = np.zeros_like(contour.THORACIC.weights)
    weights[int(np.argmin(np.abs(contour._LEVELS - upper)))] = 1.0
    weights[int(np.argmin(np.abs(contour._LEVELS - lower)))] = -1.0
    return Calibration(offset_deg=0.0, weights=weights, sigma_deg=3.0)


@pytest.fixture(autouse=True)
def edge_calibration(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure what the simulated lifter has: curvature of the edge.

    The real calibration was fitted on rendered bodies with heads, arms and clothes. Tests of it ask for it with
    ``@pytest.mark.usefixtures("real_calibration")``.
    """
    if "real_calibration" in request.fixturenames:
        return
    monkeypatch.setattr(contour, "THORACIC", _between(0.07, 0.60))
    monkeypatch.setattr(contour, "LUMBAR", _between(0.60, 0.95))


@pytest.fixture
def real_calibration() -> None:
    """Leave the calibration as it is."""
