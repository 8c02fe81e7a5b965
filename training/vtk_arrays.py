"""Arrays to VTK and back; VTK's own helpers carry no types."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_vtk(values: NDArray[Any]) -> Any:
    """Return a VTK array that owns a copy of the values, (N,) or (N, C)."""
    return import_module("vtkmodules.util.numpy_support").numpy_to_vtk(np.ascontiguousarray(values), deep=1)


def to_vtk_ids(values: NDArray[np.int64]) -> Any:
    """Return a VTK array of indices that owns a copy of the values (N,)."""
    return import_module("vtkmodules.util.numpy_support").numpy_to_vtkIdTypeArray(values, deep=1)


def from_vtk(values: Any) -> NDArray[Any]:
    """Return a view of a VTK array."""
    return np.asarray(import_module("vtkmodules.util.numpy_support").vtk_to_numpy(values))
