"""Relative mid-back load: the moment about the mid-back at about T9, over that in the lifter's reference posture.

Quasi-static, body parts after de Leva (1996), means of men and women. Everything is in shares of body mass and of the
torso's length, so that the index needs no kilograms and gives none: it is no moment, no force and no measure of harm.

The reference posture has the same load at the same height: the lean of the lifter's own first two reps, the upper back
as in the reference, and the weight no further forward than where it began. A bar that hangs is taken to hang under the
shoulders then: where it is before them cannot be seen well enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from spineline.core.bar import Bar
from spineline.core.kinematics import Joints
from spineline.core.reps import Rep
from spineline.core.scene import Found, value_at
from spineline.core.settings import StrainSettings
from spineline.core.signals import percentile_along, span
from spineline.core.track import Bools, Floats

HEAD, UPPER_TRUNK, ARMS = 0.0681, 0.1571, 0.0943
"""Masses of what lies above the mid-back, as shares of the body's."""

MID_BACK: Final = 0.30
"""How far down from the shoulders to the hips the mid-back lies: level of the xiphoid."""

_UPPER_TRUNK_CENTRE: Final = 0.506  # from C7 to the xiphoid
_UPPER_ARM, _FOREARM_AND_HAND = 0.558, 0.442  # shares of the arm's mass
_UPPER_ARM_CENTRE, _FOREARM_AND_HAND_CENTRE = 0.577, 0.672  # shoulder to elbow, elbow to wrist

_SAGITTA: Final = 0.075
"""How far the mid-back moves off the line shoulder - hip, in torso lengths a radian of thoracic flexion: an arc over
0.6 of the torso has its middle at 0.6 / 8."""

_G_M_S2: Final = 9.81
_LEAST_K, _MOST_K = 0.8, 1.5
_PEAK_PERCENTILE: Final = 95.0
_COMPARED: Final = 2
_STEPS: Final = np.linspace(0.0, 1.0, 41)


@dataclass(frozen=True)
class Stated:
    """What the user said, None if not: load on the bar, body mass, body height."""

    load_kg: float | None = None
    body_mass_kg: float | None = None
    height_m: float | None = None


@dataclass(frozen=True)
class Strain:
    """The index of one rep in percent above the reference posture, its sigma, when it peaks; or why it is not known."""

    pct: float
    sigma_pct: float
    time_s: float
    why: str = ""

    @property
    def found(self) -> Found:
        """The same as what a rule has measured."""
        return Found(self.pct, self.time_s, self.why)


@dataclass(frozen=True, eq=False)
class Levers:
    """What bears on the mid-back in n frames, each ``(..., n)``; lengths forward, in torso lengths.

    ``lean_deg`` and ``reference_lean_deg``; ``change_deg`` thoracic change; ``head``, ``arms`` and ``weight`` forward
    of the shoulder; ``drift`` of the weight from where it began; ``load`` over body mass, acceleration included.
    """

    lean_deg: Floats
    reference_lean_deg: Floats
    change_deg: Floats
    head: Floats
    arms: Floats
    weight: Floats
    drift: Floats
    load: Floats

    def moment(self) -> Floats:
        """Moment about the mid-back over body weight and torso length."""
        shifted = self.weight + self.drift
        sagitta = _SAGITTA * np.radians(self.change_deg) * np.cos(np.radians(self.lean_deg))
        return self._upright(self.lean_deg, shifted) + (HEAD + UPPER_TRUNK + ARMS + self.load) * sagitta

    def reference_moment(self) -> Floats:
        """Return the same in the reference posture."""
        return self._upright(self.reference_lean_deg, self.weight)

    def _upright(self, lean_deg: Floats, weight: Floats) -> Floats:
        """Moment of a back as in the reference."""
        above = HEAD + ARMS + UPPER_TRUNK * (1 - _UPPER_TRUNK_CENTRE) + self.load
        carried = HEAD * self.head + ARMS * self.arms + self.load * weight
        return np.asarray(MID_BACK * np.sin(np.radians(lean_deg)) * above + carried)

    def index_pct(self) -> Floats:
        """Peak of the moment over that of the reference posture, in percent above, ``(...)``; NaN without that."""
        reference = percentile_along(self.reference_moment(), _PEAK_PERCENTILE)
        above = percentile_along(self.moment(), _PEAK_PERCENTILE) / np.where(reference > 0, reference, np.nan) - 1.0
        return np.asarray(100.0 * above)


@dataclass(frozen=True, eq=False)
class Lift:
    """One set as the index needs it, ``(T,)`` and joints in pixels of the sagittal plane.

    ``shares`` of the way up that are done in each of its frames, for each rep; ``body_px_per_m`` the scale in the plane
    of the body; the weight ``hangs`` from the shoulders, or is held ``before_chest``, or lies upon them.
    """

    time_s: Floats
    reps: tuple[Rep, ...]
    joints: Joints
    lean_deg: Floats
    change_deg: Floats
    sigma_deg: Floats
    shares: tuple[Floats, ...]
    bar: Bar
    body_px_per_m: float
    weighted: bool
    hangs: bool
    before_chest: bool

    def way_up(self, i: int) -> slice:
        """Return the frames of the way up of one rep."""
        return span(self.time_s, *self.reps[i].pull_s)

    @cached_property
    def k(self) -> Floats:
        """``(T,)`` 1 + a / g of the weight, 1 where that is not known well."""
        if self.bar.source != "plate" or len(self.time_s) < _COMPARED + 1:
            return np.ones_like(self.time_s)
        speed = np.gradient(self.bar.up_m, self.time_s)
        k = 1.0 + np.gradient(speed, self.time_s) / _G_M_S2
        return np.asarray(np.clip(np.nan_to_num(k, nan=1.0), _LEAST_K, _MOST_K))


def strain_indices(lift: Lift, stated: Stated, settings: StrainSettings) -> tuple[Strain, ...]:
    """Return the index of every rep."""
    load, load_sigma = load_ratio(stated, settings) if lift.weighted else (0.0, 0.0)
    curves = [curve for i in range(min(len(lift.reps), _COMPARED)) if (curve := _lean_curve(lift, i)) is not None]
    return tuple(_strain(lift, i, curves, load, load_sigma, settings) for i in range(len(lift.reps)))


def load_ratio(stated: Stated, settings: StrainSettings) -> tuple[float, float]:
    """Return load over body mass and its sigma."""
    if stated.load_kg is None:
        return settings.load_ratio, settings.load_ratio_sd
    mass_kg = stated.body_mass_kg or settings.body_mass_kg
    spread = 0.0 if stated.body_mass_kg else settings.body_mass_sd_kg / settings.body_mass_kg
    return stated.load_kg / mass_kg, stated.load_kg / mass_kg * spread


def _strain(
    lift: Lift, i: int, curves: list[Floats], load: float, load_sigma: float, settings: StrainSettings
) -> Strain:
    levers = _levers(lift, i, curves, load)
    known = np.isfinite(levers.moment() + levers.reference_moment())
    deep = lift.shares[i] <= settings.deep_share
    if not deep.any() or (known & deep).sum() < settings.min_share * deep.sum():
        return _unknown("back, trunk or weight was not measured where the rep is deepest")
    at = _at(levers, known)
    frames = lift.way_up(i)
    torso_m = lift.joints.torso_px / lift.body_px_per_m
    bar_sigma = lift.bar.sigma_m if lift.hangs and lift.bar.source != "none" else 0.0
    errors: dict[str, Floats | float] = {
        "change_deg": lift.sigma_deg[frames][known],
        "lean_deg": settings.lean_sigma_deg,
        "drift": bar_sigma / torso_m,
        "weight": lift.before_chest * settings.hand_sigma_m / torso_m,
        "load": load_sigma,
    }
    value, *changed = _each_off(at, errors).index_pct()
    if not np.isfinite(value):
        return _unknown("the trunk hardly leans: there is no moment to compare with")
    peak_s = lift.time_s[frames][known][int(np.argmax(at.moment()))]
    return Strain(float(value), float(np.sqrt(np.nansum((np.array(changed) - value) ** 2))), float(peak_s))


def _unknown(why: str) -> Strain:
    return Strain(float("nan"), float("nan"), float("nan"), why)


def _at(levers: Levers, frames: Bools) -> Levers:
    return Levers(*(values[frames] for values in vars(levers).values()))


def _each_off(levers: Levers, errors: Mapping[str, Floats | float]) -> Levers:
    """Stack the levers as they are, and once more with each error, ``(1 + errors, n)``."""
    stacked = {name: np.repeat(values[None], 1 + len(errors), axis=0) for name, values in vars(levers).items()}
    for row, (name, error) in enumerate(errors.items(), start=1):
        stacked[name][row] += error
    return Levers(**stacked)


def _levers(lift: Lift, i: int, curves: list[Floats], load: float) -> Levers:
    """Gather the levers of all frames of the way up."""
    frames, torso_px = lift.way_up(i), lift.joints.torso_px
    j = lift.joints
    ear, shoulder, elbow, wrist = (part[frames] for part in (j.ear, j.shoulder, j.elbow, j.wrist))
    upper_arm = shoulder + _UPPER_ARM_CENTRE * (elbow - shoulder)
    forearm = elbow + _FOREARM_AND_HAND_CENTRE * (wrist - elbow)
    arms = _UPPER_ARM * upper_arm + _FOREARM_AND_HAND * forearm
    lean_deg = lift.lean_deg[frames]
    drift = np.zeros_like(lean_deg)
    if lift.hangs and lift.bar.source != "none":
        start_m = value_at(lift.time_s, lift.bar.forward_m, lift.reps[i].pull_s[0], around_s=0.1)
        # A bar that comes back to the body is where it should be.
        drift = np.maximum(lift.bar.forward_m[frames] - start_m, 0.0) * lift.body_px_per_m / torso_px
    reference = [np.interp(lift.shares[i], _STEPS, curve) for curve in curves]
    return Levers(
        lean_deg=lean_deg,
        reference_lean_deg=np.min(reference, axis=0) if reference else lean_deg,
        change_deg=lift.change_deg[frames],
        head=(ear - shoulder)[:, 0] / torso_px,
        arms=(arms - shoulder)[:, 0] / torso_px,
        weight=(wrist - shoulder)[:, 0] / torso_px if lift.before_chest else np.zeros_like(drift),
        drift=drift,
        load=load * lift.k[frames],
    )


def _lean_curve(lift: Lift, i: int) -> Floats | None:
    """Return the lean over the share of the way up, ``(41,)``, None where too little of it was seen."""
    share, lean_deg = lift.shares[i], lift.lean_deg[lift.way_up(i)]
    known = np.isfinite(share + lean_deg)
    if known.sum() < _COMPARED + 1:
        return None
    order = np.argsort(share[known])
    return np.asarray(np.interp(_STEPS, share[known][order], lean_deg[known][order]))
