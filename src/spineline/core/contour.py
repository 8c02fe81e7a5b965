"""The dorsal contour alone: a polynomial along the edge of the back, and flexion as a line of what it shows.

Used where a track holds no reading of a spine model; `benchmarks/accuracy.py` sets it beside that reading. The
inclinations of the edge's tangents at eight levels, and where the head and the elbows are carried (both move the
shoulder girdle, and with it the edge), go through a line of fifteen weights fitted on rendered lifters of known spine.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial import legendre

from spineline.core.silhouette import STATIONS, dorsal_profile, ventral_profile
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.core.track import Bools, Floats, PoseTrack
from spineline.core.trunk import trunk_frame

_DEGREE: Final = 5
_FITTED: Final = slice(2, None)
"""Stations of the fit: from just above C7 (-0.09) to the sacrum (1.05)."""

_LEVELS: Final = np.array([-0.05, 0.07, 0.20, 0.33, 0.46, 0.60, 0.75, 0.95])
"""Where tangents are read, in shoulder-to-hip lengths."""

_HALF_LEVEL: Final = 0.02
_LEAN: Final = len(_LEVELS)


def basis(stations: Floats, *, slope: bool = False) -> Floats:
    """Legendre basis over the fitted stations, or its derivative, ``(n, 6)``."""
    low, high = STATIONS[_FITTED][0], STATIONS[_FITTED][-1]
    x = 2 * (stations - low) / (high - low) - 1
    if not slope:
        return np.asarray(legendre.legvander(x, _DEGREE))
    columns = [legendre.legval(x, legendre.legder(row)) for row in np.eye(_DEGREE + 1)]
    return np.asarray(np.stack(columns, axis=1) * 2 / (high - low))


_FIT: Final = np.linalg.pinv(basis(STATIONS[_FITTED])).T


@dataclass(frozen=True, eq=False)
class Curve:
    """Edge of the back over the line shoulder - hip, in shoulder-to-hip lengths.

    ``coefficients`` ``(T, 6)`` of the distance towards the back, ``residual`` ``(T,)`` the root mean square miss.
    """

    coefficients: Floats
    residual: Floats

    def distance(self, stations: Floats) -> Floats:
        """Distance of the edge from the line, ``(T, n)``, + towards the back."""
        return np.asarray(self.coefficients @ basis(stations).T)

    def tangents_deg(self, stations: Floats) -> Floats:
        """Inclination of the edge against the line, ``(T, n)``, + where it leads backwards going down."""
        around = stations[:, None] + np.array([-_HALF_LEVEL, 0.0, _HALF_LEVEL])
        slope = self.coefficients @ basis(around.ravel(), slope=True).T
        angles = np.degrees(np.arctan(slope)).reshape(len(slope), *around.shape)
        return np.asarray(angles.mean(axis=2))


def fit_curve(profile: Floats) -> Curve:
    """Fit the edge of the back, ``profile`` ``(T, 41)`` from `dorsal_profile`; NaN where a station is missing."""
    edge = profile[:, _FITTED]
    coefficients = edge @ _FIT
    miss = edge - coefficients @ basis(STATIONS[_FITTED]).T
    return Curve(coefficients, np.sqrt((miss**2).mean(axis=1)))


def _middle(landmarks_px: Floats, left: Landmark, right: Landmark) -> Floats:
    return np.asarray((landmarks_px[:, left] + landmarks_px[:, right]) / 2)


def features(landmarks_px: Floats, facing: Floats, curve: Curve) -> Floats:
    """Gather what the calibration reads, ``(T, 15)``.

    Tangents at eight levels and the lean of the line shoulder - hip in degrees; then elbow, ear and nose, each down and
    to the back of the shoulders, in shoulder-to-hip lengths.
    """
    trunk = trunk_frame(landmarks_px, facing)
    carried = (
        _middle(landmarks_px, Landmark.LEFT_ELBOW, Landmark.RIGHT_ELBOW),
        _middle(landmarks_px, Landmark.LEFT_EAR, Landmark.RIGHT_EAR),
        landmarks_px[:, Landmark.NOSE],
    )
    places = [trunk.place(point_px) for point_px in carried]
    return np.concatenate([curve.tangents_deg(_LEVELS), trunk.lean_deg[:, None], *places], axis=1)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Flexion = ``offset_deg`` + `features` . ``weights``; ``sigma_deg`` its error on lifters left out of the fit."""

    offset_deg: float
    weights: Floats
    sigma_deg: float


# fmt: off
THORACIC: Final = Calibration(
    offset_deg=7.47,
    weights=np.array(
        [
            0.011, 0.041, -0.257, -0.519, -0.540, -0.278, -0.097, -0.249,
            0.172, 1.891, -0.389, 169.239, -54.204, -82.264, -77.599,
        ]
    ),
    sigma_deg=7.5,
)
LUMBAR: Final = Calibration(
    offset_deg=7.05,
    weights=np.array(
        [
            0.140, -0.042, 0.258, 0.440, 0.391, 0.069, -0.075, -0.590,
            0.090, 5.345, -0.819, -24.542, -15.479, 9.214, 5.717,
        ]
    ),
    sigma_deg=7.5,
)
# fmt: on
"""Printed by ``python -m training.calibrate``."""

_STATION: Final = np.array([-0.045, 0.187, 0.504, 0.66, 0.817, 0.856])
_DEPTH: Final = np.array([0.192, 0.159, 0.12, 0.112, 0.106, 0.106])
"""T3 to S1 lie at these stations, so deep under the edge of the back. From the same lifters."""

_C7: Final = np.array([-0.128, -0.007])
"""C7, down and to the back of the shoulders."""

_C1_FROM_EAR: Final = np.array([0.067, 0.046])
"""C1, down and to the back of the ear."""

MAX_RESIDUAL: Final = 0.012
_MIN_NECK_DEG: Final = -25.0
"""An edge rougher than this, or leading back again above the shoulders, is not that of a back."""


_HANDS_AT_HIPS: Final = (0.6, 1.5)
_WIDEST_HIPS: Final = 0.40
_WIDE_SHARE: Final = 0.5
_UPRIGHT_DEG: Final = 35.0
"""Over half their height standing hips reach 0.19-0.24 to the front, with a plate 0.3-0.5, in real clips."""
_HIP_STATIONS: Final = (STATIONS >= 0.70) & (STATIONS <= 0.95)


def read(track: PoseTrack, facing: Floats) -> tuple[Floats, Bools]:
    """Read every frame by its contour: columns as in `spineline.core.track.RAW`, and where the edge is hidden, (T,)."""
    curve = fit_curve(dorsal_profile(track, facing))
    found = features(track.landmarks_px, facing, curve)
    thoracic, lumbar = (line.offset_deg + found @ line.weights for line in (THORACIC, LUMBAR))
    sigma = np.full(len(track), THORACIC.sigma_deg)
    angles = np.stack([thoracic, lumbar, sigma, thoracic, sigma], axis=1)
    places = spine_places(track.landmarks_px, facing, curve).reshape(len(track), 2 * len(SPINE_POINTS))
    hidden = _unlike_a_back(curve) | _plate_at_hips(track, facing, found[:, _LEAN])
    return np.concatenate([angles, places], axis=1), hidden


def spine_places(landmarks_px: Floats, facing: Floats, curve: Curve) -> Floats:
    """Place the nine spine points under the edge of the back and on to the ear, in the trunk's frame, ``(T, 9, 2)``."""
    frames = len(landmarks_px)
    below = np.stack([np.broadcast_to(_STATION, (frames, len(_STATION))), curve.distance(_STATION) - _DEPTH], axis=2)
    trunk = trunk_frame(landmarks_px, facing)
    c1 = trunk.place(_middle(landmarks_px, Landmark.LEFT_EAR, Landmark.RIGHT_EAR)) + _C1_FROM_EAR
    c7 = np.broadcast_to(_C7, (frames, 2))
    return np.concatenate([np.stack([c1, (c1 + c7) / 2, c7], axis=1), below], axis=1)


def _unlike_a_back(curve: Curve) -> Bools:
    """Tell where the edge is not that of a back, ``(T,)``."""
    with np.errstate(invalid="ignore"):
        like_a_back = (curve.residual <= MAX_RESIDUAL) & (curve.tangents_deg(_LEVELS[:1])[:, 0] >= _MIN_NECK_DEG)
    return np.asarray(~like_a_back)


def _plate_at_hips(track: PoseTrack, facing: Floats, lean_deg: Floats) -> Bools:
    """Tell where a plate hangs from the hands at the hips: there it moves their landmarks, ``(T,)``."""
    trunk = trunk_frame(track.landmarks_px, facing)
    hands = trunk.place(_middle(track.landmarks_px, Landmark.LEFT_WRIST, Landmark.RIGHT_WRIST))[:, 0]
    front = ventral_profile(track, facing)[:, _HIP_STATIONS]
    with np.errstate(invalid="ignore"):
        hang = (hands >= _HANDS_AT_HIPS[0]) & (hands <= _HANDS_AT_HIPS[1]) & (np.abs(lean_deg) < _UPRIGHT_DEG)
        return np.asarray(hang & ((front > _WIDEST_HIPS).mean(axis=1) >= _WIDE_SHARE))
