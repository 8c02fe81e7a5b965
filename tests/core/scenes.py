"""Recordings that several tests share, and ways to look at one recording differently."""

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spineline.core import silhouette
from spineline.core.analysis import Analysis, analyze
from spineline.core.figure import Camera
from spineline.core.sim import Flaws, Move, Simulated, lift, simulate
from spineline.core.skeleton import MIRROR
from spineline.core.track import Bools, Floats, PoseTrack


@cache
def filmed(
    style: str = "conventional", rounding_deg: float = 0.0, *, yaw_deg: float = 0.0, facing: int = 1
) -> Simulated:
    """Record a set of two with silhouettes, at 12.5 frames a second."""
    script = lift(style, reps=2, rounding_deg=rounding_deg, before_s=1.2)
    return simulate(script, style=style, fps=12.5, camera=Camera(facing=facing, yaw_deg=yaw_deg))


@cache
def posed(
    style: str = "conventional", rounding_deg: float = 0.0, *, yaw_deg: float = 0.0, facing: int = 1
) -> Simulated:
    """Record the same without silhouettes, which is quicker."""
    script = lift(style, reps=2, rounding_deg=rounding_deg, before_s=1.2)
    camera = Camera(facing=facing, yaw_deg=yaw_deg)
    return simulate(script, style=style, fps=12.5, camera=camera, silhouettes=False)


@cache
def judged(
    style: str = "conventional", rounding_deg: float = 0.0, *, yaw_deg: float = 0.0, facing: int = 1
) -> Analysis:
    """Analyse what `filmed` recorded."""
    return analyze(filmed(style, rounding_deg, yaw_deg=yaw_deg, facing=facing).track)


def bare(track: PoseTrack) -> PoseTrack:
    """Take the spine model's reading away: what is left is read from the edge of the back alone."""
    return replace(track, spine_raw=np.empty((len(track), 0)))


def recorded(track: PoseTrack) -> PoseTrack:
    """Give a track no more exact than a pose model does."""
    exact = ("time_s", "silhouette_bits", "image_size_px", "source")
    names = [field.name for field in fields(PoseTrack) if field.name not in exact]
    return replace(track, **{name: getattr(track, name).astype(np.float32) for name in names})


def unplated(track: PoseTrack) -> PoseTrack:
    """Take the plates away: the weight is where the hands are."""
    return replace(track, plate_px=np.full_like(track.plate_px, np.nan))


def bitten(track: PoseTrack) -> PoseTrack:
    """Hide the middle of the back, as an arm or a plate would."""
    pictures = silhouette.silhouettes(track, slice(None), track.facing)
    pictures[:, 78:92, :60] = False
    return _shown(track, pictures)


def plated(track: PoseTrack) -> PoseTrack:
    """Hang a plate at the hands, as wide as 0.45 m."""
    pictures = silhouette.silhouettes(track, slice(None), track.facing)
    hands = track.landmarks_px[:, [15, 16]].mean(axis=1) - track.landmarks_px[:, [11, 12]].mean(axis=1)
    middle = hands * np.stack([track.facing, np.ones(len(track))], axis=1) / track.silhouette_scale_px[:, None] + 63.5
    row, col = np.mgrid[:128, :128]
    radius = 0.225 * 400 / track.silhouette_scale_px[:, None, None]
    pictures |= np.hypot(col - middle[:, 0, None, None], row - middle[:, 1, None, None]) < radius
    return _shown(track, pictures)


def _shown(track: PoseTrack, pictures: Bools) -> PoseTrack:
    """Put other silhouettes in, all facing +x, in which they are stored."""
    return replace(track, silhouette_bits=np.packbits(pictures.reshape(len(track), -1), axis=1))


@cache
def edged(style: str = "conventional", rounding_deg: float = 0.0, *, yaw_deg: float = 0.0, facing: int = 1) -> Analysis:
    """Analyse what `filmed` recorded, by the edge of the back alone."""
    return analyze(bare(filmed(style, rounding_deg, yaw_deg=yaw_deg, facing=facing).track))


def watched(
    script: Sequence[Move],
    style: str = "conventional",
    *,
    fps: float = 30.0,
    time_s: Floats | None = None,
    flaws: Flaws | None = None,
    plates: bool = False,
) -> tuple[Simulated, Analysis]:
    """Record without silhouettes but with the jitter of a pose model, and analyse; the bar is seen if ``plates``."""
    done = simulate(script, style=style, fps=fps, time_s=time_s, flaws=flaws or Flaws(noise_px=2.0), silhouettes=False)
    return done, analyze(done.track if plates else unplated(done.track))


def mirrored(track: PoseTrack) -> PoseTrack:
    """Film in a mirror: what was left is right, of the picture and of the body."""
    width = track.image_size_px[0]
    return replace(
        track,
        landmarks_px=track.landmarks_px[:, MIRROR] * (-1, 1) + (width, 0),
        world_m=track.world_m[:, MIRROR] * (-1, 1, 1),
        visibility=track.visibility[:, MIRROR],
        facing=-track.facing,
        plate_px=track.plate_px * (-1, 1, 1, 1) + (width, 0, 0, 0),
    )


def scaled(track: PoseTrack, factor: float) -> PoseTrack:
    """Film with more or fewer pixels."""
    width, height = track.image_size_px
    return replace(
        track,
        landmarks_px=track.landmarks_px * factor,
        plate_px=track.plate_px * (factor, factor, factor, 1),
        silhouette_scale_px=track.silhouette_scale_px * factor,
        image_size_px=(round(width * factor), round(height * factor)),
    )


def shifted(track: PoseTrack, right_px: int, down_px: int) -> PoseTrack:
    """Put a margin to the left of and above the picture."""
    width, height = track.image_size_px
    return replace(
        track,
        landmarks_px=track.landmarks_px + np.array([right_px, down_px]),
        plate_px=track.plate_px + np.array([right_px, down_px, 0, 0]),
        image_size_px=(width + right_px, height + down_px),
    )


def head_of(track: PoseTrack, frames: int, *, first: int = 0) -> PoseTrack:
    """Stop filming early; ``first`` begins later too."""
    names = [field.name for field in fields(PoseTrack) if field.name not in ("image_size_px", "source")]
    return replace(track, **{name: getattr(track, name)[first:frames] for name in names})


def delayed(track: PoseTrack, by_s: float) -> PoseTrack:
    """Start the clock elsewhere."""
    return replace(track, time_s=track.time_s + by_s)


def random_landmarks(frames: int, seed: int, *, missing: float = 0.2) -> Floats:
    """Give landmarks strewn over a picture, ``(T, 33, 2)``, with a share of frames missing."""
    draw = np.random.default_rng(seed)
    landmarks_px = draw.uniform(-200.0, 900.0, (frames, 33, 2))
    landmarks_px[draw.random(frames) < missing] = np.nan
    return landmarks_px


def blob(seed: int, height: int, width: int, rough: float) -> NDArray[np.float32]:
    """Give a soft random mask with holes and ragged edges."""
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, (height, width)), rough)
    return np.asarray(1 / (1 + np.exp(-3 * field / field.std())), dtype=np.float32)
