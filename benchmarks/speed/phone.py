"""A clip as phones write them: 1080p, 30 pictures a second, H.264 at 17 Mbit/s, of any length.

    python -m benchmarks.speed.phone CLIP.mp4 SECONDS

A sample of the project is played forwards and backwards, enlarged, with the noise of a sensor. What is longer than
`BASE_S` repeats the same packets, so that an hour takes seconds to write.
"""

import itertools
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from spineline.io.video import read_frames

SAMPLE: Final = Path(__file__).parents[2] / "samples" / "deadlift_rounded.mp4"
SIZE_PX: Final = (1920, 1080)
RATE_HZ: Final = 30
BASE_S: Final = 20
_NOISE: Final = 4.0
_OPTIONS: Final = {"preset": "veryfast", "g": str(RATE_HZ), "bf": "0", "b": "17M", "maxrate": "20M", "bufsize": "20M"}


def phone_clip(path: Path, seconds: float, *, seed: int = 0) -> Path:
    """Write a clip of that length and return its path."""
    base = path.with_name(f".{path.stem}.base.mp4")
    try:
        _encode(base, min(seconds, BASE_S), seed)
        _repeat(base, path, round(seconds * RATE_HZ))
    finally:
        base.unlink(missing_ok=True)
    return path


def _pictures() -> Iterator[NDArray[np.uint8]]:
    """Yield the sample forwards and backwards, in the middle of a wide picture, for ever."""
    width, height = SIZE_PX
    with read_frames(SAMPLE, max_side_px=None) as frames:
        shown = [cv2.resize(frame.image, (round(height * 4 / 3), height)) for frame in frames]
    side = (width - shown[0].shape[1]) // 2
    # The sample has fewer pictures a second: each is shown as often as that asks for.
    for image in itertools.cycle([*shown, *shown[::-1]]):
        wide = cv2.copyMakeBorder(image, 0, 0, side, width - side - image.shape[1], cv2.BORDER_REPLICATE)
        yield np.asarray(wide, np.uint8)


def _encode(path: Path, seconds: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, _NOISE, (8, SIZE_PX[1], SIZE_PX[0], 1)).astype(np.float32)
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("libx264", rate=RATE_HZ, options=_OPTIONS)
        stream.width, stream.height = SIZE_PX
        stream.pix_fmt = "yuv420p"
        for number, image in zip(range(round(seconds * RATE_HZ)), _pictures(), strict=False):
            seen = np.clip(image + noise[number % len(noise)], 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(seen, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE_HZ)
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode())


def _repeat(base: Path, path: Path, count: int) -> None:
    """Copy the packets of a clip over and over, until there are so many."""
    with av.open(str(base)) as source, av.open(str(path), "w") as sink:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        step = round(1 / (RATE_HZ * (stream.time_base or Fraction(1, RATE_HZ))))
        out = sink.add_stream_from_template(stream)
        for number in range(count):
            packet = packets[number % len(packets)]
            packet.pts = packet.dts = number * step
            packet.stream = out
            sink.mux(packet)


if __name__ == "__main__":
    phone_clip(Path(sys.argv[1]), float(sys.argv[2]))
