"""From the dorsal profile to spine points, thoracic and lumbar flexion, with sigma and a reason where it is not usable.

A polynomial is fitted to the edge of the back between neck and sacrum. The inclinations of its tangents at eight
levels, with where the head and the elbows are carried (both move the shoulder girdle, and with it the edge), and the
silhouette around them go through a linear model fitted on rendered lifters of known spine (`SpineModel`, in
`PoseTrack.spine_raw`). A track without it is read by the edge alone: a line of fifteen weights.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial import legendre

from spineline.core.settings import ViewSettings
from spineline.core.silhouette import STATIONS, dorsal_profile, upright_trunk, ventral_profile
from spineline.core.skeleton import Landmark
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

_LEVELS: Final = np.array([-0.05, 0.07, 0.20, 0.33, 0.46, 0.60, 0.75, 0.95])
"""Where tangents are read, in shoulder-to-hip lengths."""

_HALF_LEVEL: Final = 0.02
_LEAN: Final = len(_LEVELS)
_HIP_STATIONS: Final = (STATIONS >= 0.70) & (STATIONS <= 0.95)


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


@dataclass(frozen=True, eq=False)
class Trunk:
    """The trunk's own frame, each ``(T, 2)`` in pixels: its origin, one length down, one length to the back."""

    shoulder: Floats
    down: Floats
    back: Floats

    def place(self, point_px: Floats) -> Floats:
        """Coordinates down and to the back of a point ``(T, 2)``, in lengths, ``(T, 2)``."""
        away = point_px - self.shoulder
        length2 = (self.down**2).sum(axis=1)
        return np.stack([(away * self.down).sum(axis=1) / length2, (away * self.back).sum(axis=1) / length2], axis=1)

    def pixel(self, station: Floats, distance: Floats) -> Floats:
        """Picture pixels ``(T, n, 2)`` of points at ``station`` and ``distance`` ``(T, n)``."""
        down, back = station[..., None] * self.down[:, None], distance[..., None] * self.back[:, None]
        return np.asarray(self.shoulder[:, None] + down + back)


def trunk_frame(landmarks_px: Floats, facing: Floats) -> Trunk:
    """Lay the frame from the middle of the shoulders to that of the hips."""
    shoulder = _middle(landmarks_px, Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER)
    down = _middle(landmarks_px, Landmark.LEFT_HIP, Landmark.RIGHT_HIP) - shoulder
    back = np.stack([-down[:, 1], down[:, 0]], axis=1) * facing[:, None]
    return Trunk(shoulder, down, back)


def _middle(landmarks_px: Floats, left: Landmark, right: Landmark) -> Floats:
    return np.asarray((landmarks_px[:, left] + landmarks_px[:, right]) / 2)


def features(landmarks_px: Floats, facing: Floats, curve: Curve) -> Floats:
    """Gather what the calibration reads, ``(T, 15)``.

    Tangents at eight levels and the lean of the line shoulder - hip in degrees; then elbow, ear and nose, each down and
    to the back of the shoulders, in shoulder-to-hip lengths.
    """
    trunk = trunk_frame(landmarks_px, facing)
    lean_deg = np.degrees(np.arctan2(-trunk.down[:, 0] * facing, trunk.down[:, 1]))
    carried = (
        _middle(landmarks_px, Landmark.LEFT_ELBOW, Landmark.RIGHT_ELBOW),
        _middle(landmarks_px, Landmark.LEFT_EAR, Landmark.RIGHT_EAR),
        landmarks_px[:, Landmark.NOSE],
    )
    places = [trunk.place(point_px) for point_px in carried]
    return np.concatenate([curve.tangents_deg(_LEVELS), lean_deg[:, None], *places], axis=1)


@dataclass(frozen=True, eq=False)
class SpineModel:
    """Linear in `features` and in the silhouette around the trunk.

    ``offset_deg`` ``(2,)`` and ``weights`` ``(2, 15 + 1408)`` for thoracic and lumbar flexion; ``sigma_deg`` is the
    error of the thoracic angle on lifters left out of the fit, beyond what is constant for one lifter.
    """

    offset_deg: Floats
    weights: Floats
    sigma_deg: float

    def read(self, track: PoseTrack, facing: Floats) -> Floats:
        """Return ``spine_raw`` ``(T, 3)``: thoracic and lumbar flexion and sigma, NaN where the edge was not read."""
        flexion = self.offset_deg + model_input(track, facing) @ self.weights.T
        sigma = np.where(np.isfinite(flexion[:, 0]), self.sigma_deg, np.nan)
        return np.concatenate([flexion, sigma[:, None]], axis=1)


def model_input(track: PoseTrack, facing: Floats) -> Floats:
    """Gather what a `SpineModel` reads, ``(T, 15 + 1408)``."""
    curve = fit_curve(dorsal_profile(track, facing))
    return np.concatenate([features(track.landmarks_px, facing, curve), upright_trunk(track, facing)], axis=1)


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
    curve = fit_curve(dorsal_profile(track, facing))
    read = features(track.landmarks_px, facing, curve)
    hidden = _edge_hidden(curve) | _plate_at_hips(track, facing, read[:, _LEAN])
    reason = _reason(track, yaw_deg, trusted, hidden, settings)
    usable = reason == ""

    raw = track.spine_raw if track.spine_raw.shape[1] else _by_edge_alone(read)
    thoracic_deg, lumbar_deg, sigma_deg = np.where(usable[:, None], raw, np.nan).T
    return Spine(
        points_px=np.where(usable[:, None, None], spine_points_px(track.landmarks_px, facing, curve), np.nan),
        thoracic_deg=thoracic_deg,
        lumbar_deg=lumbar_deg,
        sigma_deg=sigma_deg,
        usable=usable,
        reason=reason,
    )


def _by_edge_alone(read: Floats) -> Floats:
    """Read thoracic and lumbar flexion and sigma from the edge, ``(T, 3)``."""
    thoracic, lumbar = (line.offset_deg + read @ line.weights for line in (THORACIC, LUMBAR))
    return np.stack([thoracic, lumbar, np.full(len(read), THORACIC.sigma_deg)], axis=1)


def spine_points_px(landmarks_px: Floats, facing: Floats, curve: Curve) -> Floats:
    """Place the nine spine points under the edge of the back and on to the ear, ``(T, 9, 2)``."""
    trunk = trunk_frame(landmarks_px, facing)
    frames = len(landmarks_px)
    station = np.broadcast_to(_STATION, (frames, len(_STATION)))
    thorax_to_sacrum = trunk.pixel(station, curve.distance(_STATION) - _DEPTH)
    ear = trunk.place(_middle(landmarks_px, Landmark.LEFT_EAR, Landmark.RIGHT_EAR))
    c7 = np.broadcast_to(_C7, (frames, 2))
    c1 = ear + _C1_FROM_EAR
    neck = np.stack([c1, (c1 + c7) / 2, c7], axis=1)
    return np.concatenate([trunk.pixel(neck[..., 0], neck[..., 1]), thorax_to_sacrum], axis=1)


def _edge_hidden(curve: Curve) -> Bools:
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


def _reason(track: PoseTrack, yaw_deg: Floats, trusted: Bools, hidden: Bools, settings: ViewSettings) -> Texts:
    """Name the first reason, in the order of `REASONS`, why a frame cannot be measured."""
    shoulders = track.visibility[:, [Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER]].max(axis=1)
    with np.errstate(invalid="ignore"):
        holds = {
            "no_pose": ~trusted,
            "out_of_frame": out_of_frame(track, margin=settings.frame_margin),
            "second_person": track.others > settings.max_overlap,
            "low_visibility": ~(shoulders >= settings.min_visibility),
            "yaw": ~(np.abs(yaw_deg) <= settings.max_yaw_deg),
            "edge_hidden": hidden,
        }
    return np.select([holds[name] for name in REASONS[1:]], REASONS[1:], default="").astype("<U14")
