"""Writing pictures: camera noise, and H.264 video with exact frame times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.scene import Image

TIME_BASE = Fraction(1, 90_000)


class Film:
    """An H.264 mp4 file that is written frame by frame; use as a context manager.

    The file appears under its name only when it is complete. ``crf`` is x264's quality, lower is better.
    """

    def __init__(self, path: Path, *, width_px: int, height_px: int, fps: float, crf: int = 26) -> None:
        import av

        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._container: Any = av.open(str(self._part), "w", format="mp4")
        self._stream: Any = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        self._stream.width, self._stream.height = width_px, height_px
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = TIME_BASE
        self._stream.codec_context.time_base = TIME_BASE
        self._stream.options = {"crf": str(crf), "preset": "medium", "threads": "1"}

    def add(self, picture: Image, time_s: float) -> None:
        """Add a picture (H, W, 3), RGB, to be shown at a time."""
        import av

        frame: Any = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = round(time_s / TIME_BASE)
        frame.time_base = TIME_BASE
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def __enter__(self) -> Film:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            for packet in self._stream.encode():
                self._container.mux(packet)
        self._container.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)


def as_filmed(picture: Image, rng: np.random.Generator, *, noise: float, blur_px: float, streak_px: int = 0) -> Image:
    """Return the picture as a plain camera would take it: a little soft, smeared by movement, a little noisy."""
    import cv2

    out = picture.astype(np.float32)
    if blur_px > 0.0:
        out = cv2.GaussianBlur(out, (0, 0), blur_px).astype(np.float32)
    if streak_px > 1:
        out = cv2.filter2D(out, -1, _streak(streak_px, float(rng.uniform(0.0, np.pi)))).astype(np.float32)
    if noise > 0.0:
        out = out + np.float32(noise) * rng.standard_normal(out.shape, dtype=np.float32)
    return np.asarray(np.clip(out, 0, 255), dtype=np.uint8)


def _streak(length_px: int, angle_rad: float) -> NDArray[np.float32]:
    """Return the kernel of a movement during the exposure."""
    import cv2

    reach = 0.5 * length_px * np.array([np.cos(angle_rad), np.sin(angle_rad)])
    middle = length_px // 2
    kernel = np.zeros((2 * middle + 1, 2 * middle + 1), dtype=np.float32)
    first, last = (np.clip(np.round(middle + way), 0, 2 * middle).astype(int).tolist() for way in (-reach, reach))
    cv2.line(kernel, first, last, 1.0)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def jpeg(picture: Image, *, quality: int) -> bytes:
    """Return a picture (H, W, 3), RGB, as JPEG."""
    import cv2

    done, data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} could not be encoded as JPEG")
    return bytes(data.tobytes())


def from_jpeg(data: bytes) -> Image:
    """Return the picture (H, W, 3), RGB, of a JPEG."""
    import cv2

    picture: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(picture[:, :, ::-1], dtype=np.uint8)
