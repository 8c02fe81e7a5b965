"""OpenCV: pictures made smaller."""

import cv2
import numpy as np

from spineline.core.picture import Image


def scale_in(threads: int) -> None:
    """Let this process scale pictures in so many threads; where OpenCV cannot be told, in as many as it likes."""
    cv2.setNumThreads(threads)


def shrink(image: Image, max_side_px: int) -> Image:
    """Scale a picture ``(H, W, 3)`` down so that its long side is at most ``max_side_px``; never up."""
    height, width = image.shape[:2]
    scale = max_side_px / max(height, width)
    if scale >= 1:
        return image
    return resized(image, (max(1, round(width * scale)), max(1, round(height * scale))))


def resized(image: Image, size_px: tuple[int, int]) -> Image:
    """Scale a picture down to (width, height)."""
    # Down to half the size a linear reading skips no pixel, and takes a seventh of the time.
    halved = 2 * size_px[0] >= image.shape[1] and 2 * size_px[1] >= image.shape[0]
    way = cv2.INTER_LINEAR if halved else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size_px, interpolation=way), np.uint8)
