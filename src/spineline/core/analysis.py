"""analyze(track, settings) -> Analysis: from what was seen to what is said. The only place that opens settings."""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from spineline.core import rules, signals, spine, view
from spineline.core.kinematics import Joints, Kinematics, kinematics, sagittal
from spineline.core.reference import Reference, find_reference
from spineline.core.reps import Exercise, Motion, Rep, find_reps, inside, phases, upright
from spineline.core.rules import Change, Flag, Verdict
from spineline.core.settings import Settings
from spineline.core.spine import REASON_TEXT, REASONS, Spine
from spineline.core.track import Bools, Floats, Ints, PoseTrack, Texts
from spineline.core.view import Side

_NOTEWORTHY_SHARE: Final = 0.1

REFERENCE_TEXT: Final = {
    "standing": "Reference: your own calm standing in this recording.",
    "least_flexed": "Reference: the upright moments of this set; calm standing could not be measured.",
    "population": "Reference: an average neutral, none of your own was measured; only large changes can be told.",
}
"""What each kind of reference means to a reader."""


@dataclass(frozen=True)
class View:
    """Where the camera stood: the lifter's near side and the median yaw, NaN if unseen."""

    side: Side | Literal["unknown"]
    yaw_deg: float
    facing: Side | Literal["unknown"]


@dataclass(frozen=True)
class RepResult:
    """One rep judged. NaN is not measured."""

    rep: Rep
    verdict: Verdict
    usable_share: float
    thoracic_change_start_deg: float
    thoracic_change_peak_deg: float
    thoracic_growth_deg: float
    trunk_peak_deg: float
    knee_min_deg: float
    flags: tuple[Flag, ...]


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything said about one recording. Arrays are ``(T,)`` over the frames of ``track``."""

    track: PoseTrack
    settings: Settings
    exercise: Exercise | None
    view: View
    spine: Spine
    angles: Kinematics
    yaw_deg: Floats
    thoracic_change_deg: Floats
    sigma_change_deg: Floats
    reference: Reference
    mdc95_deg: float
    phase: Texts
    rep_index: Ints
    reps: tuple[RepResult, ...]
    notes: tuple[str, ...]

    @property
    def usable_share(self) -> float:
        """Share of all frames in which the upper back was measured."""
        return float(self.spine.usable.mean()) if len(self.track) else 0.0


def analyze(track: PoseTrack, settings: Settings | None = None, exercise: Exercise | None = None) -> Analysis:
    """Measure and judge one recording.

    Parameters
    ----------
    track
        T frames of one lifter.
    settings
        Thresholds; the defaults if None.
    exercise
        What is lifted, if known; otherwise it is told from the motion.
    """
    settings = settings or Settings()
    facing = view.steady_facing(track.time_s, track.facing)
    trusted = view.trusted(track, max_torso_ratio=settings.view.max_torso_ratio)
    seen_yaw_deg = view.yaw_deg(track.world_m, facing) - settings.view.yaw_bias_deg
    yaw_deg = _smooth(track, np.where(trusted, seen_yaw_deg, np.nan), settings, landmarks=True)
    landmarks_px = np.where(trusted[:, None, None], track.landmarks_px, np.nan)
    landmarks_px = _smooth(track, landmarks_px, settings, landmarks=True)
    side = view.near_side(track.visibility[trusted]) if trusted.any() else None
    # Far from a side view the cosine runs away; there the back is not measured anyway.
    limit_deg = settings.view.max_yaw_deg
    joints = sagittal(landmarks_px, facing, np.clip(yaw_deg, -limit_deg, limit_deg), side or "left")
    angles = kinematics(joints)
    motion = _motion(track.time_s, joints, angles)
    exercise, reps = find_reps(motion, settings.reps, exercise)

    raw = spine.estimate(track, facing, yaw_deg, trusted, settings.view)
    measured = _smoothed(track, raw, settings)
    tops = upright(track.time_s, angles.trunk_deg, reps, settings.reps)
    reference = find_reference(motion, measured, reps, exercise, tops, settings.reference)
    change_deg, sigma_change_deg = reference.change(measured)
    measured = replace(measured, thoracic_deg=reference.thoracic_deg + change_deg)
    loaded = Change(track.time_s, np.where(tops, np.nan, change_deg))  # upright the back bears least: not judged
    noise_deg = rules.least_level_deg(reference, settings.rules)
    phase, rep_index = phases(track.time_s, reps)
    return Analysis(
        track=track,
        settings=settings,
        exercise=exercise,
        view=_view(side, facing, trusted, yaw_deg),
        spine=measured,
        angles=angles,
        yaw_deg=yaw_deg,
        thoracic_change_deg=change_deg,
        sigma_change_deg=sigma_change_deg,
        reference=reference,
        mdc95_deg=noise_deg,
        phase=phase,
        rep_index=rep_index,
        reps=tuple(_judge_rep(rep, loaded, noise_deg, tops, angles, settings) for rep in reps),
        notes=_notes(track, measured, reference, exercise),
    )


def _smooth(track: PoseTrack, values: Floats, settings: Settings, *, landmarks: bool) -> Floats:
    f = settings.filters
    return signals.smooth(
        track.time_s,
        values,
        cutoff_hz=f.landmark_cutoff_hz if landmarks else f.spine_cutoff_hz,
        median_s=f.landmark_median_s if landmarks else f.spine_median_s,
        max_gap_s=f.max_gap_s,
    )


def _smoothed(track: PoseTrack, raw: Spine, settings: Settings) -> Spine:
    """Filter the angles in time; points and everything else stay as seen."""
    names = ("thoracic_deg", "lumbar_deg", "sigma_deg", "bend_deg", "bend_sigma_deg")
    read = _smooth(track, np.stack([getattr(raw, name) for name in names], axis=1), settings, landmarks=False)
    filtered = replace(raw, **dict(zip(names, read.T, strict=True)))
    return replace(filtered, bend_sigma_deg=settings.filters.bend_sigma_left * filtered.bend_sigma_deg)


def _motion(time_s: Floats, joints: Joints, angles: Kinematics) -> Motion:
    """Put heights and travel in torso lengths."""
    length = np.hypot(*(joints.shoulder - joints.hip).T)
    torso = float(np.nanpercentile(length, 80)) if np.isfinite(length).any() else float("nan")
    return Motion(
        time_s=time_s,
        height=joints.shoulder[:, 1] / torso,
        hand_height=(joints.wrist - joints.knee)[:, 1] / torso,
        travel=joints.hip[:, 0] / torso,
        trunk_deg=angles.trunk_deg,
        knee_deg=angles.knee_deg,
    )


def _judge_rep(
    rep: Rep, loaded: Change, noise_deg: float, tops: Bools, angles: Kinematics, settings: Settings
) -> RepResult:
    """Measure one rep and apply every rule to it, but for its tops."""
    within = inside(loaded.time_s, [rep])
    judged = within & ~tops
    measured = np.isfinite(loaded.change_deg)
    share = _share(measured, judged)
    # The back bears most where the trunk leans most: unless that was seen, nothing is known.
    deep = judged & (angles.trunk_deg >= _extreme(angles.trunk_deg[judged], 50))
    measures = rules.measure(rep, loaded, settings.rules)
    found = (
        rules.thoracic_rounding(rep, measures, settings.rules, noise_deg=noise_deg),
        rules.thoracic_growth(rep, measures, settings.rules),
    )
    flags = tuple(flag for flag in found if flag)
    return RepResult(
        rep=rep,
        verdict=rules.verdict(
            list(flags),
            measures.peak_deg,
            settings.rules,
            usable_share=min(share, _share(measured, deep)),
            noise_deg=noise_deg,
        ),
        usable_share=share,
        thoracic_change_start_deg=measures.start_deg,
        thoracic_change_peak_deg=measures.peak_deg,
        thoracic_growth_deg=measures.growth_deg,
        trunk_peak_deg=_extreme(angles.trunk_deg[within], 95),
        knee_min_deg=180.0 - _extreme(angles.knee_deg[within], 95),
        flags=flags,
    )


def _share(measured: Bools, of: Bools) -> float:
    return float(measured[of].mean()) if of.any() else 0.0


def _extreme(values: Floats, percentile: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.percentile(known, percentile)) if known.size else float("nan")


def _view(side: Side | None, facing: Floats, trusted: Bools, yaw_deg: Floats) -> View:
    """Summarise where the camera stood."""
    if side is None:
        return View("unknown", float("nan"), "unknown")
    turned = float(np.sum(facing[trusted]))
    return View(side, _extreme(yaw_deg, 50), "right" if turned > 0 else "left")


def _notes(track: PoseTrack, measured: Spine, reference: Reference, exercise: Exercise | None) -> tuple[str, ...]:
    """Say in plain words what limits this analysis."""
    notes = []
    if not track.seen.any():
        return ("No person was found in the picture.",)
    if exercise is None:
        notes.append("No repetition of a deadlift or a squat was found.")
    hidden = [r for r in REASONS if r and (measured.reason == r).mean() >= _NOTEWORTHY_SHARE]
    notes += [f"{(measured.reason == r).mean():.0%} of the frames not measured: {REASON_TEXT[r]}." for r in hidden]
    notes.append(REFERENCE_TEXT[reference.source])
    return tuple(notes)
