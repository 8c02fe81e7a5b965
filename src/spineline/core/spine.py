"""From the dorsal profile to spine points, thoracic and lumbar flexion, with sigma and a reason where it is not usable.

A polynomial in the station is fitted to the edge of the back between neck and sacrum; the angle between its tangents
at two levels is the curvature between them. A calibration measured on rendered lifters of known spine turns
that into flexion. A learned model takes the same place: see `PoseTrack.spine_raw`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial import legendre

from spineline.core.settings import ViewSettings
from spineline.core.silhouette import STATIONS, dorsal_profile
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.core.track import Bools, Floats, PoseTrack, Texts
from spineline.core.view import out_of_frame


REASONS: Final = ("", "no_pose", "out_of_frame", "second_person", "low_visibility", "yaw", "edge_hidden")
"""Why a frame is not measured, the first that holds; empty where it is."""


@dataclass(frozen=True, eq=False)
class Spine:
    """Estimate per frame.

    ``points_px`` ``(T, 9, 2)`` in the order of `SPINE_POINTS`; ``thoracic_deg``, ``lumbar_deg`` and ``sigma_deg``
    ``(T,)``, + = flexion, 0 = the neutral of the model; ``usable`` and ``reason`` ``(T,)``. All NaN where not usable.
    """

    points_px: Floats
    thoracic_deg: Floats
    lumbar_deg: Floats
    sigma_deg: Floats
    usable: Bools
    reason: Texts


REASON_TEXT: Final = {
    "no_pose": "nobody could be followed",
    "out_of_frame": "head, shoulders or hips outside the picture",
    "second_person": "somebody else in front of or behind the lifter",
    "low_visibility": "shoulder or hip not seen well enough",
    "yaw": "the camera stands too far from a side view",
    "edge_hidden": "the edge of the back hidden by plate, arm, hair or clothing",
}
"""Each reason in plain words."""

_DEGREE: Final = 5
_FITTED: Final = slice(2, None)
"""Stations of the fit: from just above C7 (-0.09) to the sacrum (1.05)."""

_C7: Final = (0.03, 0.10)
_T12: Final = (0.57, 0.63)
_S1: Final = (0.93, 1.00)
"""Levels of the tangents along shoulder - hip: docs/science.md."""


def _design(stations: Floats, *, slope: bool = False) -> Floats:
    """Legendre basis on the fitted stations, or its derivative, ``(n, 6)``."""
    low, high = STATIONS[_FITTED][0], STATIONS[_FITTED][-1]
    x = 2 * (stations - low) / (high - low) - 1
    if not slope:
        return np.asarray(legendre.legvander(x, _DEGREE))
    columns = [legendre.legval(x, legendre.legder(row)) for row in np.eye(_DEGREE + 1)]
    return np.stack(columns, axis=1) * 2 / (high - low)


_FIT: Final = np.linalg.pinv(_design(STATIONS[_FITTED])).T


@dataclass(frozen=True, eq=False)
class Curve:
    """Edge of the back in the sagittal plane, x towards the back and y down the trunk, in torso lengths.

    ``coefficients`` ``(T, 2, 6)`` of x and y over the stations, ``residual`` ``(T,)`` the root mean square miss.
    """

    coefficients: Floats
    residual: Floats

    def tangent_deg(self, level: tuple[float, float]) -> Floats:
        """Mean inclination of the tangent over a level, ``(T,)``, + leaning back going down."""
        slope = self.coefficients @ _design(np.linspace(*level, 8), slope=True).T
        return np.asarray(np.degrees(np.arctan2(slope[:, 0], slope[:, 1])).mean(axis=1))


def fit_curve(profile: Floats, trunk: Floats, yaw_deg: Floats) -> Curve:
    """Fit the edge of the back.

    Parameters
    ----------
    profile
        ``(T, 41)`` from `dorsal_profile`.
    trunk
        ``(T, 2)`` unit vector from shoulder to hip in the picture, facing +x, y down.
    yaw_deg
        ``(T,)``; lengths along x are divided by its cosine.
    """
    back = np.stack([-trunk[:, 1], trunk[:, 0]], axis=1)
    points = STATIONS[None, :, None] * trunk[:, None] + profile[..., None] * back[:, None]
    points = points / np.stack([np.cos(np.radians(yaw_deg)), np.ones_like(yaw_deg)], axis=1)[:, None]
    turned = np.stack([(points * back[:, None]).sum(-1), (points * trunk[:, None]).sum(-1)], axis=1)[..., _FITTED]
    coefficients = turned @ _FIT
    miss = turned - coefficients @ _design(STATIONS[_FITTED]).T
    return Curve(coefficients, np.sqrt((miss**2).sum(axis=1).mean(axis=1)))


@dataclass(frozen=True)
class Calibration:
    """Line from curvature of the edge to flexion: ``flexion = gain * curvature + offset``, and its error in degrees."""

    gain: float
    offset_deg: float
    sigma_deg: float


THORACIC: Final = Calibration(gain=1.0, offset_deg=-10.0, sigma_deg=6.0)
LUMBAR: Final = Calibration(gain=1.0, offset_deg=10.0, sigma_deg=8.0)
"""Measured on rendered lifters of known spine by `benchmarks/contour.py`."""

_DEPTH: Final = np.array([0.30, 0.24, 0.16, 0.14, 0.13, 0.13, 0.14, 0.15, 0.16])
_STATION: Final = np.array([-0.30, -0.20, -0.05, 0.10, 0.35, 0.62, 0.76, 0.90, 1.0])
"""Where the spine points lie: level along shoulder - hip and depth under the edge, in torso lengths."""

_MAX_RESIDUAL: Final = 0.011
_MIN_NECK_DEG: Final = -18.0


def estimate(track: PoseTrack, facing: Floats, yaw_deg: Floats, trusted: Bools, settings: ViewSettings) -> Spine:
    """Estimate spine points and flexion in every frame, unsmoothed.

    Parameters
    ----------
    track
        T frames.
    facing, yaw_deg, trusted
        ``(T,)`` from `spineline.core.view`.
    settings
        Gates.
    """
    shoulder = track.landmarks_px[:, [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]].mean(axis=1)
    along = track.landmarks_px[:, [Landmark.LEFT_HIP, Landmark.RIGHT_HIP]].mean(axis=1) - shoulder
    torso = np.hypot(along[:, 0], along[:, 1])
    trunk = along / torso[:, None] * np.stack([facing, np.ones_like(facing)], axis=1)
    limited = np.clip(yaw_deg, -settings.max_yaw_deg, settings.max_yaw_deg)
    profile = dorsal_profile(track, facing)
    curve = fit_curve(profile, trunk, limited)
    c7, t12, s1 = (curve.tangent_deg(level) for level in (_C7, _T12, _S1))
    reason = _reason(track, yaw_deg, trusted, curve.residual, c7, settings)
    usable = reason == ""

    def measured(values: Floats) -> Floats:
        return np.where(usable, values, np.nan)

    return Spine(
        points_px=np.where(usable[:, None, None], np.nan, np.nan) * np.ones((len(track), len(SPINE_POINTS), 2)),
        thoracic_deg=measured(THORACIC.gain * (c7 - t12) + THORACIC.offset_deg),
        lumbar_deg=measured(LUMBAR.gain * (t12 - s1) + LUMBAR.offset_deg),
        sigma_deg=measured(np.full(len(track), THORACIC.sigma_deg)),
        usable=usable,
        reason=reason,
    )


def _reason(
    track: PoseTrack,
    yaw_deg: Floats,
    trusted: Bools,
    residual: Floats,
    neck_deg: Floats,
    settings: ViewSettings,
) -> Texts:
    """Name the first reason, in the order of `REASONS`, why a frame cannot be measured."""
    shoulders = track.visibility[:, [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]].max(axis=1)
    with np.errstate(invalid="ignore"):
        holds = {
            "no_pose": ~trusted,
            "out_of_frame": out_of_frame(track, margin=settings.frame_margin),
            "second_person": track.others > settings.max_overlap,
            "low_visibility": ~(shoulders >= settings.min_visibility),
            "yaw": ~(np.abs(yaw_deg) <= settings.max_yaw_deg),
            "edge_hidden": ~((residual <= _MAX_RESIDUAL) & (neck_deg >= _MIN_NECK_DEG)),
        }
    return np.select([holds[name] for name in REASONS[1:]], REASONS[1:], default="").astype("<U14")
