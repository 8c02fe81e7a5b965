"""The spine model's network: silhouette of the upright trunk and landmarks in, flexion, sigma and spine points out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from spineline.core.track import RAW, RAW_ANGLES
from spineline.core.trunk import MARKS, PICTURE_SHAPE
from training.dataset import MARGIN_PX

CHANNELS = (16, 32, 48, 64, 96)
WIDTH = 128
MARKS_WIDTH = 64
DEGREES = 10.0
"""The network counts in tens of degrees."""
N_POINTS = RAW - RAW_ANGLES


class SpineNetwork(nn.Module):
    """Five stages of stride 2 over the picture, two layers over the marks, and a head over both.

    ``picture (n, 1, 96, 80)`` 0 to 1, ``marks (n, 32)``; returns ``spine_raw`` as in `spineline.core.track.RAW`.
    ``sigma_scale``, of the thoracic angle and of the bend, is set after training, on lifters left out of it.
    """

    marks_mean: Tensor
    marks_scale: Tensor
    sigma_scale: Tensor

    def __init__(self, channels: tuple[int, ...] = CHANNELS, dropout: float = 0.1) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before, rows, columns = 1, *PICTURE_SHAPE
        for stage, after in enumerate(channels):
            layers += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            if stage:
                layers += [nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            before, rows, columns = after, (rows + 1) // 2, (columns + 1) // 2
        self.picture = nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * rows * columns, WIDTH), nn.ReLU())
        self.places = nn.Sequential(
            nn.Linear(MARKS, MARKS_WIDTH), nn.ReLU(), nn.Linear(MARKS_WIDTH, MARKS_WIDTH), nn.ReLU()
        )
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(WIDTH + MARKS_WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 6 + N_POINTS)
        )
        self.register_buffer("marks_mean", torch.zeros(MARKS))
        self.register_buffer("marks_scale", torch.ones(MARKS))
        self.register_buffer("sigma_scale", torch.ones(2))

    def read(self, picture: Tensor, marks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return angles and points.

        Thoracic flexion, lumbar flexion and bend in degrees ``(n, 3)``, the logarithms of their scales ``(n, 3)``, and
        the points ``(n, 18)``.
        """
        places = (marks - self.marks_mean) * self.marks_scale
        out = self.head(torch.cat([self.picture(picture), self.places(places)], dim=1))
        return DEGREES * out[:, :3], out[:, 3:6].clamp(-1.0, 4.0), out[:, 6:]

    def forward(self, picture: Tensor, marks: Tensor) -> Tensor:
        """Return ``spine_raw``, ``(n, RAW)``."""
        angles, log_scale, points = self.read(picture, marks)
        sigma = self.sigma_scale * log_scale[:, ::2].exp()
        return torch.cat([angles[:, :2], sigma[:, :1], angles[:, 2:], sigma[:, 1:], points], dim=1)


def centred(pictures: Tensor) -> Tensor:
    """Take the margin off, ``(n, 1, 112, 96)`` to ``(n, 1, 96, 80)``."""
    return pictures[:, :, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]


def varied(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Turn, scale and shift the pictures a little, and fray their edges, as an erring pose model would."""
    n, _, rows, columns = pictures.shape
    inner = (rows - 2 * MARGIN_PX, columns - 2 * MARGIN_PX)
    angle, scale = rng.normal(0.0, 0.05, n), np.exp(rng.normal(0.0, 0.035, n))
    down, right, ratio = inner[0] / rows, inner[1] / columns, rows / columns
    turn = np.zeros((n, 2, 3), dtype=np.float32)
    turn[:, 0] = np.stack(
        [np.cos(angle) * scale * right, -np.sin(angle) * scale * ratio * down, rng.normal(0.0, 0.025, n)], axis=1
    )
    turn[:, 1] = np.stack(
        [np.sin(angle) * scale / ratio * right, np.cos(angle) * scale * down, rng.normal(0.0, 0.025, n)], axis=1
    )
    grid = functional.affine_grid(torch.from_numpy(turn), [n, 1, *inner], align_corners=False)
    out = functional.grid_sample(pictures, grid, align_corners=False)
    coarse = torch.from_numpy(rng.normal(0.0, 1.0, (n, 1, inner[0] // 6, inner[1] // 6)).astype(np.float32))
    amount = torch.from_numpy(np.abs(rng.normal(0.0, 0.35, (n, 1, 1, 1))).astype(np.float32))
    fray = functional.interpolate(coarse, size=inner, mode="bilinear", align_corners=False)
    return (out + 4.0 * out * (1.0 - out) * fray * amount).clamp(0.0, 1.0)
