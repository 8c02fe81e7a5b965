"""The spine model: a small convolutional network on the person mask and the landmarks, run by OpenCV."""

import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spineline.core.track import RAW, Floats
from spineline.core.trunk import MARKS, PICTURE_SHAPE, cut_trunk, marks
from spineline.errors import ModelError
from spineline.io.models import shipped_folder

FILE_NAME: Final = "spine.onnx"


class SpineNet:
    """Reads flexion, its sigma and the spine points from one picture; see `spineline.core.track.RAW`.

    ``sha256`` is that of the weights.

    Raises
    ------
    ModelError
        If the file is missing or no network of this kind.
    """

    def __init__(self, path: Path | None = None) -> None:
        import cv2

        path = path or shipped_folder() / FILE_NAME
        try:
            weights = path.read_bytes()
            self._net: Any = cv2.dnn.readNetFromONNX(np.frombuffer(weights, np.uint8))
            found = self.run(np.zeros((1, *PICTURE_SHAPE), np.uint8), np.zeros((1, MARKS), np.float32)).shape
        except (OSError, cv2.error) as error:
            raise _refused(path) from error
        if found != (1, RAW):
            raise _refused(path)
        self.sha256 = hashlib.sha256(weights).hexdigest()

    def run(self, pictures: NDArray[np.uint8], places: NDArray[np.float32]) -> Floats:
        """Read n pictures ``(n, 96, 80)`` with their marks ``(n, 32)``; returns ``(n, RAW)``."""
        self._net.setInput(pictures[:, None].astype(np.float32) / 255, "picture")
        self._net.setInput(places, "marks")
        return np.asarray(self._net.forward(), dtype=np.float64)

    def __call__(self, mask: NDArray[np.float32], landmarks_px: Floats, world_m: Floats, facing: float) -> Floats:
        """Read one picture: mask ``(H, W)``, landmarks ``(33, 2)`` in its pixels and ``(33, 3)``, facing +-1."""
        picture = cut_trunk(mask, landmarks_px, facing)
        return np.asarray(self.run(picture[None], marks(landmarks_px, world_m, facing)[None])[0])


def _refused(path: Path) -> ModelError:
    return ModelError(f"{path.name}: expected the spine model of spineline, it is missing or damaged; install anew")
