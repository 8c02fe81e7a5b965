"""analyze(track, settings) -> Analysis: from what was seen to what is said. The only place that opens settings."""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from spineline.core import signals, spine, view
from spineline.core.bar import Bar, body_scale, find_bar, is_lifted, plate_path
from spineline.core.kinematics import Joints, Kinematics, in_plane, kinematics, sagittal
from spineline.core.reference import Reference, calm_standing, find_reference
from spineline.core.reps import Exercise, Motion, Rep, find_reps, inside, phases, upright
from spineline.core.scene import Aspect, Scene, Standing
from spineline.core.settings import Settings
from spineline.core.spine import REASON_TEXT, REASONS, Spine, hand_at_shoulder
from spineline.core.strain import Lift, Stated, Strain, strain_indices
from spineline.core.track import Bools, Floats, Ints, PoseTrack, Texts
from spineline.core.verdict import Check, Cue, Flag, Least, Verdict, checks, cues, flags, least_level_deg, verdict
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
    strain: Strain
    checks: tuple[Check, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything said about one recording. Arrays are ``(T,)`` over the frames of ``track``.

    ``bar_px`` ``(T, 2)`` is where the weight was seen in the picture.
    """

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
    bar: Bar
    bar_px: Floats
    phase: Texts
    rep_index: Ints
    reps: tuple[RepResult, ...]
    cues: tuple[Cue, ...]
    notes: tuple[str, ...]

    @property
    def usable_share(self) -> float:
        """Share of all frames in which the upper back was measured."""
        return float(self.spine.usable.mean()) if len(self.track) else 0.0


@dataclass(frozen=True, eq=False)
class _Pose:
    """The lifter's pose as far as it can be believed, smoothed; each ``(T,)``."""

    facing: Floats
    trusted: Bools
    yaw_deg: Floats
    landmarks_px: Floats
    joints: Joints
    angles: Kinematics
    view: View


def analyze(
    track: PoseTrack,
    settings: Settings | None = None,
    exercise: Exercise | None = None,
    stated: Stated | None = None,
) -> Analysis:
    """Measure and judge one recording.

    Parameters
    ----------
    track
        T frames of one lifter.
    settings
        Thresholds; the defaults if None.
    exercise
        What is lifted, if known; otherwise it is told from the motion.
    stated
        Load, body mass and height, as far as the user said.
    """
    settings, stated = settings or Settings(), stated or Stated()
    pose = _pose(track, settings)
    plate_px, plate = _plate(track, pose, settings)
    motion = _motion(track.time_s, pose, plate, settings)
    exercise, reps = find_reps(motion, settings.reps, exercise)
    bar = find_bar(
        track, plate, pose.joints, held_low=exercise == "deadlift", height_m=stated.height_m, settings=settings.bar
    )

    raw = spine.estimate(track, pose.facing, pose.yaw_deg, pose.trusted, settings.view)
    measured = _smoothed(track, raw, settings)
    tops = upright(track.time_s, pose.angles.trunk_deg, reps, settings.reps)
    reference = find_reference(motion, measured, reps, exercise, tops, settings.reference)
    change_deg, sigma_change_deg = reference.change(measured)
    measured = replace(measured, thoracic_deg=reference.thoracic_deg + change_deg)
    phase, rep_index = phases(track.time_s, reps)
    done = Analysis(
        track=track,
        settings=settings,
        exercise=exercise,
        view=pose.view,
        spine=measured,
        angles=pose.angles,
        yaw_deg=pose.yaw_deg,
        thoracic_change_deg=change_deg,
        sigma_change_deg=sigma_change_deg,
        reference=reference,
        mdc95_deg=least_level_deg(reference, settings.rules),
        bar=bar,
        bar_px=_bar_px(bar, plate_px, pose),
        phase=phase,
        rep_index=rep_index,
        reps=(),
        cues=(),
        notes=_notes(track, measured, reference, exercise),
    )
    return _judged(done, pose, motion, tuple(reps), tops, stated)


def _pose(track: PoseTrack, settings: Settings) -> _Pose:
    """Smooth what can be believed of the pose, and bring it into the sagittal plane."""
    facing = view.steady_facing(track.time_s, track.facing)
    trusted = view.trusted(track, max_torso_ratio=settings.view.max_torso_ratio)
    seen_yaw_deg = view.yaw_deg(track.world_m, facing) - settings.view.yaw_bias_deg
    if _aspect(_extreme(seen_yaw_deg[trusted], 50), settings) == "side":
        trusted &= ~view.folded(track, min_thigh_share=settings.view.min_thigh_share)
    yaw_deg = _smooth(track, np.where(trusted, seen_yaw_deg, np.nan), settings, landmarks=True)
    landmarks_px = np.where(trusted[:, None, None], track.landmarks_px, np.nan)
    landmarks_px = _smooth(track, landmarks_px, settings, landmarks=True)
    side = view.near_side(track.visibility[trusted]) if trusted.any() else None
    # Far from a side view the cosine runs away; there the back is not measured anyway.
    limit_deg = settings.view.max_yaw_deg
    joints = sagittal(landmarks_px, facing, np.clip(yaw_deg, -limit_deg, limit_deg), side or "left")
    seen_from = _view(side, facing, trusted, yaw_deg)
    return _Pose(facing, trusted, yaw_deg, landmarks_px, joints, kinematics(joints), seen_from)


def _plate(track: PoseTrack, pose: _Pose, settings: Settings) -> tuple[Floats, Floats]:
    """Follow the near plate, ``(T, 2)`` in the picture and in the sagittal plane; all NaN if it is not lifted.

    It is seen also where the lifter is not: so one side and one yaw are taken for the whole recording.
    """
    path_px = plate_path(track, settings.filters, settings.bar)
    limit_deg = settings.view.max_yaw_deg
    yaw_deg = float(np.clip(np.nan_to_num(pose.view.yaw_deg), -limit_deg, limit_deg))
    sign = -1.0 if pose.view.facing == "left" else 1.0
    path = in_plane(path_px[:, None], np.full(len(track), sign), np.full(len(track), yaw_deg))[:, 0]
    if is_lifted(path, pose.joints, settings.bar):
        return path_px, path
    return np.full_like(path, np.nan), np.full_like(path, np.nan)


def _bar_px(bar: Bar, plate_px: Floats, pose: _Pose) -> Floats:
    """Return where the weight was seen in the picture, ``(T, 2)``."""
    if bar.source == "hands":
        return np.asarray(pose.landmarks_px[:, view.WRISTS].mean(axis=1))
    return plate_px


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
    names = ("thoracic_deg", "lumbar_deg", "sigma_deg", "bend_deg", "bend_sigma_deg", "neck_deg", "chest_deg")
    read = _smooth(track, np.stack([getattr(raw, name) for name in names], axis=1), settings, landmarks=False)
    filtered = replace(raw, **dict(zip(names, read.T, strict=True)))
    return replace(filtered, bend_sigma_deg=settings.filters.bend_sigma_left * filtered.bend_sigma_deg)


def _motion(time_s: Floats, pose: _Pose, plate: Floats, settings: Settings) -> Motion:
    """Put heights and travel in torso lengths."""
    joints, torso = pose.joints, pose.joints.torso_px
    # In the picture itself: which way a lifter faces who is seen from in front or behind is now this, now that.
    hips_px = pose.landmarks_px[:, view.HIPS].mean(axis=1)
    return Motion(
        time_s=time_s,
        height=joints.shoulder[:, 1] / torso,
        bar_height=plate[:, 1] / torso,
        hand_height=(joints.wrist - joints.knee)[:, 1] / torso,
        travel=(plate if np.isfinite(plate).any() else hips_px)[:, 0] / torso,
        trunk_deg=pose.angles.trunk_deg,
        knee_deg=pose.angles.knee_deg,
        from_the_side=_aspect(pose.view.yaw_deg, settings) != "across",
    )


def _aspect(yaw_deg: float, settings: Settings) -> Aspect:
    """Tell from where the camera looks; unknown is from neither."""
    off_deg = abs(yaw_deg)
    if off_deg >= settings.view.across_deg:
        return "across"
    return "side" if off_deg <= settings.view.lean_yaw_deg else "between"


def _judged(
    done: Analysis, pose: _Pose, motion: Motion, reps: tuple[Rep, ...], tops: Bools, stated: Stated
) -> Analysis:
    """Measure every rep by every rule, and say what that means."""
    if not reps or done.exercise is None:
        return done
    # Standing upright the back bears least, and a bar hides part of it: not judged. On the way up it bears to the end.
    stands = tops & (done.phase != "concentric")
    loaded_deg = np.where(stands, np.nan, done.thoracic_change_deg)
    tilt_deg = view.shoulder_tilt_deg(pose.landmarks_px)
    scene = Scene(
        time_s=done.track.time_s,
        exercise=done.exercise,
        reps=reps,
        change_deg=loaded_deg,
        lumbar_deg=done.spine.lumbar_deg,
        neck_deg=done.spine.neck_deg,
        chest_deg=done.spine.chest_deg,
        trunk_deg=done.angles.trunk_deg,
        thigh_deg=done.angles.thigh_deg,
        tilt_deg=tilt_deg,
        rise=motion.height,
        bar=done.bar,
        strains=(),
        standing=_standing(done, tilt_deg, motion, reps),
        aspect=_aspect(done.view.yaw_deg, done.settings),
    )
    strains = strain_indices(_lift(done, pose, scene, stated), stated, done.settings.strain)
    scene = replace(scene, strains=tuple(strain.found for strain in strains))
    least = Least(done.mdc95_deg, done.bar.sigma_m, strains)
    results = tuple(_judge_rep(done, scene, rep, tops, least) for rep in reps)
    return replace(done, reps=results, cues=cues([flag for result in results for flag in result.flags]))


def _standing(done: Analysis, tilt_deg: Floats, motion: Motion, reps: tuple[Rep, ...]) -> Standing:
    """Take the medians over calm standing, whether or not the back was measured there."""
    seen = np.isfinite(motion.trunk_deg)
    calm = calm_standing(motion, seen, list(reps), done.exercise, done.settings.reference)
    values = (done.spine.chest_deg, done.spine.neck_deg, tilt_deg)
    return Standing(*(_extreme(each[calm], 50) for each in values))


def _lift(done: Analysis, pose: _Pose, scene: Scene, stated: Stated) -> Lift:
    """Gather what the strain index rests on."""
    held = hand_at_shoulder(done.track, done.settings.view)
    carried = done.exercise == "deadlift" or done.bar.source == "plate" or bool(held.mean() > 0.5)
    return Lift(
        time_s=scene.time_s,
        reps=scene.reps,
        joints=pose.joints,
        lean_deg=scene.trunk_deg,
        change_deg=scene.change_deg,
        sigma_deg=done.sigma_change_deg,
        shares=tuple(scene.share(rep) for rep in scene.reps),
        bar=done.bar,
        body_px_per_m=body_scale(pose.joints, stated.height_m, done.settings.bar)[0],
        weighted=carried or stated.load_kg is not None,
        hangs=done.exercise == "deadlift",
        before_chest=done.exercise == "squat" and done.bar.source != "plate",
    )


def _judge_rep(done: Analysis, scene: Scene, rep: Rep, tops: Bools, least: Least) -> RepResult:
    """Measure one rep and apply every rule to it; rounding is not judged at its tops."""
    within = inside(scene.time_s, [rep])
    judged = within & ~tops
    measured = np.isfinite(scene.change_deg)
    share = _share(measured, judged)
    # The back bears most where the trunk leans most: unless that was seen, nothing is known.
    deep = judged & (scene.trunk_deg >= _extreme(scene.trunk_deg[judged], 50))
    settings = done.settings.rules
    checked = checks(rep, scene, settings)
    found = flags(rep, scene, checked, least, settings)
    value = {check.rule: check.found.value for check in checked}
    return RepResult(
        rep=rep,
        verdict=verdict(
            found,
            value["thoracic_rounding"],
            settings,
            usable_share=min(share, _share(measured, deep)),
            noise_deg=least.change_deg,
        ),
        usable_share=share,
        thoracic_change_start_deg=scene.before(scene.change_deg, rep, settings.before_s),
        thoracic_change_peak_deg=value["thoracic_rounding"],
        thoracic_growth_deg=value["thoracic_growth"],
        trunk_peak_deg=_extreme(done.angles.trunk_deg[within], 95),
        knee_min_deg=180.0 - _extreme(done.angles.knee_deg[within], 95),
        strain=least.strains[rep.index - 1],
        checks=checked,
        flags=found,
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
