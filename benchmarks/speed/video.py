"""How fast a video is followed, beside a plain loop and beside the pose model alone, as Markdown.

    python -m benchmarks.speed.video [--seconds 60] [--rounds 3] [--workers N] [CLIP]

Without CLIP, one as phones write them is made (`benchmarks.speed.phone`). Measured in turns, each in processes of its
own that have imported what they need and loaded their models:

- the plain loop: every picture decoded and given to the landmarker at full size, with its mask, in one process
- the limit: the landmarker with its mask on pictures that lie ready in memory, of the size it is given by spineline
  (`POSE_SIDE_PX`), in as many processes as are compared
- spineline: decoding, following, mask to spine, plate, everything that `observe` returns; the start of its processes,
  the loading of their models and what parts share counts
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2

from benchmarks.speed.phone import phone_clip
from spineline.app.cores import cores
from spineline.app.footage import Footage, observe
from spineline.io.models import resolve_model
from spineline.io.native_log import native_log_hidden
from spineline.io.pose import POSE_SIDE_PX, silence_telemetry
from spineline.io.video import probe, read_frames

_WARM_UP: Final = 5
_READY: Final = 200
"""Pictures kept in memory for the limit, looked at forwards and backwards."""


class Rate(NamedTuple):
    """Pictures a second, and the CPU time that each took in all processes together."""

    hz: float
    cpu_ms: float


class Clock:
    """Times pictures from now on."""

    def __init__(self) -> None:
        self._began_s, self._began_cpu_s = time.perf_counter(), self._cpu_s()

    def passed_s(self) -> float:
        """Return for how long it has run."""
        return time.perf_counter() - self._began_s

    def rate(self, pictures: int) -> Rate:
        """Return the rate of so many pictures."""
        hz = pictures / self.passed_s()
        for process in active_children():  # its CPU time counts once it has ended
            process.join()
        return Rate(hz, 1e3 * (self._cpu_s() - self._began_cpu_s) / pictures)

    @staticmethod
    def _cpu_s() -> float:
        used = os.times()
        return used.user + used.system + used.children_user + used.children_system


Rates = dict[str, Rate]


def landmarker(model: Path) -> Any:
    """Create the landmarker as its documentation shows, for video, with its mask."""
    silence_telemetry()
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model.read_bytes()),
        running_mode=vision.RunningMode.VIDEO,
        output_segmentation_masks=True,
    )
    return vision.PoseLandmarker.create_from_options(options)


def plain_loop(clip: Path, model: Path) -> Rate:
    """Measure the loop that one would write."""
    import mediapipe

    with native_log_hidden(), landmarker(model) as find:
        video, count, clock = cv2.VideoCapture(str(clip)), -_WARM_UP, Clock()
        while True:
            ok, image = video.read()
            if not ok:
                return clock.rate(count)
            rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
            result = find.detect_for_video(
                mediapipe.Image(mediapipe.ImageFormat.SRGB, rgb), round(video.get(cv2.CAP_PROP_POS_MSEC))
            )
            if result.segmentation_masks:
                result.segmentation_masks[0].numpy_view()
            count += 1
            if count == 0:
                clock = Clock()


def limit(clip: Path, model: Path, start: Any, seconds: float) -> Rate:
    """Measure the model alone, in this process, once all are ready."""
    import mediapipe

    with read_frames(clip, max_side_px=POSE_SIDE_PX) as frames:
        images = [frame.image for frame in islice(frames, _READY)]
    row = [mediapipe.Image(mediapipe.ImageFormat.SRGB, image) for image in [*images, *images[::-1]]]
    with native_log_hidden(), landmarker(model) as find:
        for number in range(_WARM_UP):
            find.detect_for_video(row[number], number)
        start.wait()
        clock, count = Clock(), 0
        while clock.passed_s() < seconds:
            find.detect_for_video(row[count % len(row)], _WARM_UP + count)
            count += 1
        return clock.rate(count)


def followed(clip: Path, model: Path, workers: int) -> Rate:
    """Measure spineline."""
    film, clock = Footage(probe(clip), None, lambda *_: None), Clock()
    return clock.rate(len(observe(film, model, None, workers=workers)))


def _import() -> None:
    """Import what takes long, before anything is timed."""
    import mediapipe.tasks.python.vision  # noqa: F401

    import spineline.io.plate
    import spineline.io.pose
    import spineline.io.spine_net  # noqa: F401


def apart(work: Callable[[], Rate]) -> Rate:
    """Do a thing in a process of its own that has imported everything."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_import) as pool:
        return pool.submit(work).result()


def limit_together(clip: Path, model: Path, workers: int, seconds: float) -> Rate:
    """Measure the model alone in several processes at once."""
    context = get_context("spawn")
    with context.Manager() as manager:
        start = manager.Barrier(workers)
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_import) as pool:
            each = [pool.submit(limit, clip, model, start, seconds) for _ in range(workers)]
            rates = [one.result() for one in each]
    return Rate(sum(rate.hz for rate in rates), statistics.mean(rate.cpu_ms for rate in rates))


def one_round(clip: Path, model: Path, workers: Sequence[int]) -> Rates:
    """Measure everything once."""
    rates = {"plain loop": apart(partial(plain_loop, clip, model))}
    for count in workers:
        rates[f"limit x{count}"] = limit_together(clip, model, count, 10.0)
        rates[f"spineline x{count}"] = apart(partial(followed, clip, model, count))
    return rates


def table(rounds: Sequence[Rates]) -> str:
    """Return medians and ratios; a ratio is taken within a round."""
    lines = ["| | pictures a second | over the plain loop | of the limit | CPU time a picture |", "| --- " * 5 + "|"]
    for name in rounds[0]:
        rate = statistics.median(rates[name].hz for rates in rounds)
        over, share = (_over(rounds, name, of) for of in ("plain loop", f"limit x{name.rpartition('x')[2]}"))
        cpu_ms = statistics.median(rates[name].cpu_ms for rates in rounds)
        lines.append(f"| {name} | {rate:.1f} | {over} | {share} | {cpu_ms:.1f} ms |")
    return "\n".join(lines)


def _over(rounds: Sequence[Rates], name: str, of: str) -> str:
    """Return the median ratio, nothing where there is nothing to compare with."""
    if of not in rounds[0]:
        return ""
    return f"{statistics.median(rates[name].hz / rates[of].hz for rates in rounds):.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=cores())
    given = parser.parse_args()
    model = resolve_model("full")
    workers = sorted({1, given.workers})
    with tempfile.TemporaryDirectory() as folder:
        clip = given.clip or phone_clip(Path(folder) / "phone.mp4", given.seconds)
        rounds = [one_round(clip, model, workers) for _ in range(given.rounds)]
    print(table(rounds))


if __name__ == "__main__":
    main()
