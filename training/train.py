"""Train the spine model on what `training.dataset` wrote, and write it as ONNX.

    python -m training.train DIR [DIR ...] --out models/spine.onnx

Every tenth lifter is left out: on these the scale of sigma is set and the error printed, epoch by epoch. Sets of one
seed have the same bodies, so the same numbers are left out of all. A run that was stopped goes on where it was; what
it needs for that lies beside OUT.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spineline.core.track import Floats
from spineline.core.trunk import PICTURE_SHAPE
from training.dataset import DataSet, read_set
from training.net import SpineNetwork, centred, varied

MAX_YAW_DEG = 60.0
HELD_OUT = 10
BATCH_LIFTERS, BATCH_EACH = 32, 4
"""Lifters in a batch, and pictures of each: what matters is the change from one picture of a lifter to another."""
RATE = 2e-3
MARKS_JITTER = 0.05
WEIGHTS = (1.0, 0.5, 1.5)
"""Of thoracic flexion, lumbar flexion and bend."""
POINT_WEIGHT = 4.0
ONE_SIGMA = 0.6827


@dataclass(frozen=True, eq=False)
class Examples:
    """What is learned from: ``pictures (N, 112, 96)``, ``marks (N, 32)``, ``flexion (N, 2)``, ``points (N, 18)``.

    ``at_ease (N,)`` tells where the lifter stands at ease.
    """

    pictures: NDArray[np.uint8]
    marks: NDArray[np.float32]
    flexion: NDArray[np.float32]
    points: NDArray[np.float32]
    at_ease: NDArray[np.bool_]
    lifter: NDArray[np.intp]

    def __getitem__(self, some: NDArray[np.bool_]) -> Examples:
        return Examples(*(values[some] for values in vars(self).values()))

    def __len__(self) -> int:
        return len(self.lifter)


def examples(data: DataSet) -> Examples:
    """Gather examples; pictures from before or behind teach nothing."""
    flexion = np.stack([data.column("thoracic_deg"), data.column("lumbar_deg")], axis=1)
    places, at_ease = data.places.astype(np.float32), data.column("at_ease")
    whole = Examples(data.pictures, data.marks, flexion.astype(np.float32), places, at_ease, data.lifter)
    return whole[np.abs(data.column("yaw_deg", "camera")) <= MAX_YAW_DEG]


def joined(parts: list[Examples]) -> Examples:
    """Join sets; their lifters stay apart."""
    before = np.cumsum([0, *(int(part.lifter.max()) + 1 for part in parts)])
    numbered = [replace(part, lifter=part.lifter + more) for part, more in zip(parts, before[:-1], strict=True)]
    return Examples(*(np.concatenate(values) for values in zip(*(vars(p).values() for p in numbered), strict=True)))


def loss(network: SpineNetwork, pictures: Tensor, marks: Tensor, flexion: Tensor, points: Tensor) -> Tensor:
    """Laplace likelihoods of flexion and bend, and the distance of the points.

    The batch holds `BATCH_EACH` pictures of one lifter after the other; what is wrong with the bend in all of them
    alike is not counted.
    """
    read, log_scale, placed = network.read(pictures, marks)
    miss = read[:, :2] - flexion
    own = beyond_own((read[:, 2] - flexion[:, 0]).reshape(-1, BATCH_EACH), log_scale[:, 2].reshape(-1, BATCH_EACH))
    miss = torch.cat([miss, own.reshape(-1, 1)], dim=1)
    likelihood = (miss.abs() / log_scale.exp() + log_scale).mean(dim=0)
    return likelihood @ torch.tensor(WEIGHTS) + POINT_WEIGHT * (placed - points).abs().mean()


def beyond_own(miss: Tensor, log_scale: Tensor) -> Tensor:
    """Take off each lifter's mean error, weighted by certainty; both ``(lifters, pictures)``."""
    weight = (-log_scale).exp().detach()
    return miss - (weight * miss).sum(dim=1, keepdim=True) / weight.sum(dim=1, keepdim=True)


def batches(lifter: NDArray[np.intp], at_ease: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.intp]:
    """Deal all pictures into batches of a few of each lifter, ``(steps, BATCH_LIFTERS * BATCH_EACH)``.

    Those at ease are dealt out first, so that as many hands as possible hold one.
    """
    mine = np.lexsort((rng.random(len(lifter)), ~at_ease, lifter))
    first = np.searchsorted(lifter[mine], lifter[mine])  # where each one's lifter begins
    of_lifter = np.arange(len(mine)) - first
    hands_each = np.bincount(lifter)[lifter[mine]] // BATCH_EACH
    dealt = of_lifter < hands_each * BATCH_EACH
    mine, hand = mine[dealt], of_lifter[dealt] % hands_each[dealt]
    hands = mine[np.lexsort((hand, lifter[mine]))].reshape(-1, BATCH_EACH)
    hands = hands[rng.permutation(len(hands))]
    steps = len(hands) // BATCH_LIFTERS
    return np.asarray(hands[: steps * BATCH_LIFTERS].reshape(steps, BATCH_LIFTERS * BATCH_EACH))


class Course:
    """A network being fitted; what is needed to go on is kept in a file after every epoch."""

    def __init__(self, taught: Examples, *, epochs: int, seed: int, kept: Path) -> None:
        torch.manual_seed(seed)
        self.network = SpineNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network.marks_mean = torch.from_numpy(taught.marks.mean(axis=0))
        self.network.marks_scale = torch.from_numpy(1.0 / (taught.marks.std(axis=0) + 0.02))
        self.epochs, self.seed, self.done, self._kept = epochs, seed, 0, kept
        steps = len(batches(taught.lifter, taught.at_ease, np.random.default_rng(seed)))
        parameters = self.network.parameters()
        self._optimiser = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.01)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, RATE, total_steps=epochs * (steps + 1), pct_start=0.15
        )
        self._parts = {"network": self.network, "optimiser": self._optimiser, "schedule": self._schedule}
        self._run = {"epochs": epochs, "seed": seed, "pictures": len(taught)}
        if kept.exists():
            state = torch.load(kept, weights_only=True)
            if state["run"] != self._run:
                raise ValueError(f"{kept}: belongs to another run, {state['run']}, not {self._run}; delete it")
            self.done = state["done"]
            for name, part in self._parts.items():
                part.load_state_dict(state[name])

    def epoch(self, taught: Examples) -> float:
        """Go once through what is taught; return the mean loss."""
        rng = np.random.default_rng([self.seed, self.done])
        flexion, points = torch.from_numpy(taught.flexion), torch.from_numpy(taught.points)
        jitter = MARKS_JITTER / self.network.marks_scale.numpy()
        self.network.train()
        total: list[float] = []
        for some in batches(taught.lifter, taught.at_ease, rng):
            pictures = varied(torch.from_numpy(taught.pictures[some, None]).float() / 255, rng)
            pictures = pictures.contiguous(memory_format=torch.channels_last)
            marks = taught.marks[some] + jitter * rng.normal(size=(len(some), len(jitter)))
            places = torch.from_numpy(marks.astype(np.float32))
            value = loss(self.network, pictures, places, flexion[some], points[some])
            self._optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
            self._optimiser.step()
            self._schedule.step()
            total.append(value.item())
        self.done += 1
        state = {name: part.state_dict() for name, part in self._parts.items()}
        torch.save(state | {"done": self.done, "run": self._run}, self._kept)
        return float(np.mean(total))

    def close(self) -> None:
        """Throw away what was kept to go on."""
        self._kept.unlink()


def fit(course: Course, taught: Examples, left_out: Examples) -> None:
    """Fit to the end; print how it goes."""
    began = time.monotonic()
    while course.done < course.epochs:
        value = course.epoch(taught)
        if course.done % 4 == 0 or course.done == course.epochs:
            found = read(course.network, left_out)
            miss, bend = (found[:, column] - left_out.flexion[:, 0] for column in (0, 3))
            print(
                f"epoch {course.done}: loss {value:.3f}, left out: flexion MAE {np.abs(miss).mean():.2f} deg, "
                f"change MAE {np.abs(change_errors(bend, left_out)).mean():.2f}, {time.monotonic() - began:.0f} s",
                flush=True,
            )


def change_errors(miss: Floats, data: Examples) -> Floats:
    """Return the errors of the change from standing at ease, of every picture but those, ``(n,)``."""
    change = miss.copy()
    for each in np.unique(data.lifter):
        mine = data.lifter == each
        change[mine] -= np.median(miss[mine & data.at_ease]) if (mine & data.at_ease).any() else np.nan
    return change[~data.at_ease & np.isfinite(change)]


@torch.no_grad()
def read(network: SpineNetwork, data: Examples | DataSet) -> Floats:
    """Return ``spine_raw`` of every picture, ``(N, RAW)``."""
    network.eval()
    parts = []
    for start in range(0, len(data.marks), 512):
        some = slice(start, start + 512)
        pictures = centred(torch.from_numpy(data.pictures[some, None]).float() / 255)
        parts.append(network(pictures, torch.from_numpy(data.marks[some])).numpy())
    return np.asarray(np.concatenate(parts), dtype=np.float64)


def calibrate(network: SpineNetwork, left_out: Examples) -> None:
    """Scale both sigmas so that as many errors lie within them as of a normal distribution.

    The errors of the bend are those of its change from a picture of the same lifter standing at ease.
    """
    out, true = read(network, left_out), left_out.flexion[:, 0]
    rest, moved = _pairs(left_out)
    apart = (out[moved, 3] - out[rest, 3]) - (true[moved] - true[rest])
    ratios = (np.abs(out[:, 0] - true) / out[:, 2], np.abs(apart) / np.hypot(out[moved, 4], out[rest, 4]))
    network.sigma_scale *= torch.tensor([float(np.quantile(ratio, ONE_SIGMA)) for ratio in ratios])


def _pairs(data: Examples) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of all pairs of a picture at ease and another one of the same lifter."""
    rest, moved = np.flatnonzero(data.at_ease), np.flatnonzero(~data.at_ease)
    one, other = np.nonzero(data.lifter[rest][:, None] == data.lifter[moved])
    return rest[one], moved[other]


def save(network: SpineNetwork, path: Path) -> None:
    """Write the network as ONNX."""
    network.eval()
    pictures = torch.zeros(2, 1, *PICTURE_SHAPE)
    names = {"input_names": ["picture", "marks"], "output_names": ["spine_raw"]}
    axes = {name: {0: "n"} for name in ("picture", "marks", "spine_raw")}
    marks = torch.zeros(2, len(network.marks_mean))
    torch.onnx.export(network, (pictures, marks), path, dynamic_axes=axes, dynamo=False, **names)  # type: ignore[arg-type]


def main() -> None:
    """Read, fit, calibrate, write."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lifters", type=int, help="only so many of each folder, for a learning curve")
    given = parser.parse_args()
    data = [examples(read_set(folder, most=given.lifters)) for folder in given.folders]
    out = np.concatenate([part.lifter % HELD_OUT == HELD_OUT - 1 for part in data])
    whole = joined(data)
    course = Course(whole[~out], epochs=given.epochs, seed=given.seed, kept=given.out.with_suffix(".course.pt"))
    count = sum(p.numel() for p in course.network.parameters())
    print(f"{(~out).sum()} pictures to learn from, {out.sum()} left out, {count} weights", flush=True)
    fit(course, whole[~out], whole[out])
    calibrate(course.network, whole[out])
    save(course.network, given.out)
    course.close()


if __name__ == "__main__":
    main()
