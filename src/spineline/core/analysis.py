"""analyze(track, settings) -> Analysis: from what was seen to what is said. The only place that opens settings."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from spineline.core.bar import Bar, body_scale, find_bar, is_lifted, plate_path
from spineline.core.kinematics import Kinematics
from spineline.core.profile import Profile, remarks, require_same_reader
from spineline.core.reading import Pose, View, aspect_of, read_pose, read_spine, steady_plane
from spineline.core.reference import Reference, calm_standing, find_reference, reference_text, unlike
from spineline.core.reps import Motion, Rep, find_reps, phases, upright
from spineline.core.scene import Scene, Standing
from spineline.core.settings import Settings
from spineline.core.signals import percentile_of
from spineline.core.spine import REASON_TEXT, REASONS, Spine, hand_at_shoulder
from spineline.core.strain import Lift, Stated, Strain, strain_indices
from spineline.core.terms import Exercise, Verdict
from spineline.core.track import Bools, Floats, Ints, PoseTrack, Texts
from spineline.core.verdict import Check, Cue, Flag, Least, checks, cues, flags, least_level_deg, verdict

_NOTEWORTHY_SHARE: Final = 0.1


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

    ``bar_px`` ``(T, 2)`` is where the weight was seen in the picture, ``calm`` tells the frames of calm standing,
    whether or not the back was measured there, and ``standing`` has their medians. ``body_px_per_m`` is the scale in
    the sagittal plane of the body, from a stated height or else an average one.
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
    profile: Profile | None
    mdc95_deg: float
    calm: Bools
    standing: Standing
    bar: Bar
    bar_px: Floats
    body_px_per_m: float
    phase: Texts
    rep_index: Ints
    reps: tuple[RepResult, ...]
    cues: tuple[Cue, ...]
    notes: tuple[str, ...]

    @property
    def usable_share(self) -> float:
        """Share of all frames in which the upper back was measured."""
        return float(self.spine.usable.mean()) if len(self.track) else 0.0


def analyze(
    track: PoseTrack,
    settings: Settings | None = None,
    exercise: Exercise | None = None,
    stated: Stated | None = None,
    profile: Profile | None = None,
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
    profile
        What the change is measured from, if the lifter has one.

    Raises
    ------
    InputError
        The profile was read by another spine model than the track.
    """
    if profile is not None:
        require_same_reader(profile, track.source.get("spine_sha256", ""))
    settings, stated = settings or Settings(), stated or Stated()
    pose = read_pose(track, settings)
    plate_px, plate = _plate(track, pose, settings)
    motion = _motion(track.time_s, pose, plate, settings)
    exercise, reps = find_reps(motion, settings.reps, exercise)
    bar = find_bar(
        track, plate, pose.joints, held_low=exercise == "deadlift", height_m=stated.height_m, settings=settings.bar
    )

    measured = read_spine(track, pose, settings)
    tops = upright(track.time_s, pose.angles.trunk_deg, reps, settings.reps)
    reference = find_reference(motion, measured, reps, exercise, tops, settings.reference, profile)
    change_deg, sigma_change_deg = reference.change(measured)
    measured = replace(measured, thoracic_deg=reference.thoracic_deg + change_deg)
    calm = calm_standing(motion, np.isfinite(motion.trunk_deg), reps, exercise, settings.reference)
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
        profile=profile,
        mdc95_deg=least_level_deg(reference, settings.rules),
        calm=calm,
        standing=_standing(measured, pose, calm, profile),
        bar=bar,
        bar_px=_bar_px(bar, plate_px, pose),
        body_px_per_m=body_scale(pose.joints, stated.height_m, settings.bar)[0],
        phase=phase,
        rep_index=rep_index,
        reps=(),
        cues=(),
        notes=(),
    )
    own = find_reference(motion, measured, reps, exercise, tops, settings.reference) if profile else reference
    done = replace(done, notes=_notes(done, own))
    return _judged(done, pose, motion, tuple(reps), tops, stated)


def _plate(track: PoseTrack, pose: Pose, settings: Settings) -> tuple[Floats, Floats]:
    """Follow the near plate, ``(T, 2)`` in the picture and in the sagittal plane; all NaN if it is not lifted.

    It is seen also where the lifter is not.
    """
    path_px = plate_path(track, settings.filters, settings.bar)
    path = steady_plane(path_px[:, None], pose.view, max_yaw_deg=settings.view.max_yaw_deg)[:, 0]
    if is_lifted(path, pose.joints, settings.bar):
        return path_px, path
    return np.full_like(path, np.nan), np.full_like(path, np.nan)


def _bar_px(bar: Bar, plate_px: Floats, pose: Pose) -> Floats:
    """Return where the weight was seen in the picture, ``(T, 2)``."""
    if bar.source == "hands":
        return pose.wrists_px
    return plate_px


def _motion(time_s: Floats, pose: Pose, plate: Floats, settings: Settings) -> Motion:
    """Put heights and travel in torso lengths."""
    joints, torso = pose.joints, pose.joints.torso_px
    # In the picture itself: which way a lifter faces who is seen from in front or behind is now this, now that.
    return Motion(
        time_s=time_s,
        height=joints.shoulder[:, 1] / torso,
        bar_height=plate[:, 1] / torso,
        hand_height=(joints.wrist - joints.knee)[:, 1] / torso,
        travel=(plate if np.isfinite(plate).any() else pose.hips_px)[:, 0] / torso,
        trunk_deg=pose.angles.trunk_deg,
        knee_deg=pose.angles.knee_deg,
        from_the_side=aspect_of(pose.view.yaw_deg, settings) != "across",
    )


def _judged(done: Analysis, pose: Pose, motion: Motion, reps: tuple[Rep, ...], tops: Bools, stated: Stated) -> Analysis:
    """Measure every rep by every rule, and say what that means."""
    if not reps or done.exercise is None:
        return done
    # Standing upright the back bears least, and a bar hides part of it: not judged. On the way up it bears to the end.
    stands = tops & (done.phase != "concentric")
    loaded_deg = np.where(stands, np.nan, done.thoracic_change_deg)
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
        tilt_deg=pose.tilt_deg,
        rise=motion.height,
        bar=done.bar,
        strains=(),
        standing=done.standing,
        aspect=aspect_of(done.view.yaw_deg, done.settings),
    )
    strains = strain_indices(_lift(done, pose, scene, stated), stated, done.settings.strain)
    scene = replace(scene, strains=tuple(strain.found for strain in strains))
    least = Least(done.mdc95_deg, done.bar.sigma_m, strains)
    results = tuple(_judge_rep(done, scene, rep, tops, least) for rep in reps)
    return replace(done, reps=results, cues=cues([flag for result in results for flag in result.flags]))


def _standing(measured: Spine, pose: Pose, calm: Bools, profile: Profile | None) -> Standing:
    """Take the medians over calm standing; a profile stands in for what was not measured there."""
    values = (measured.chest_deg, measured.neck_deg, pose.tilt_deg)
    chest_deg, neck_deg, tilt_deg = (percentile_of(each[calm], 50) for each in values)
    if profile is not None:
        chest_deg = chest_deg if np.isfinite(chest_deg) else profile.chest_deg
        neck_deg = neck_deg if np.isfinite(neck_deg) else profile.neck_deg
    return Standing(chest_deg, neck_deg, tilt_deg)


def _lift(done: Analysis, pose: Pose, scene: Scene, stated: Stated) -> Lift:
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
        shares=tuple(scene.share(rep, scene.rise[scene.way_up(rep)]) for rep in scene.reps),
        bar=done.bar,
        body_px_per_m=done.body_px_per_m,
        weighted=carried or stated.load_kg is not None,
        hangs=done.exercise == "deadlift",
        before_chest=done.exercise == "squat" and done.bar.source != "plate",
    )


def _judge_rep(done: Analysis, scene: Scene, rep: Rep, tops: Bools, least: Least) -> RepResult:
    """Measure one rep and apply every rule to it; rounding is not judged at its tops."""
    within = scene.between(rep.start_s, rep.end_s)
    judged, lean_deg = ~tops[within], scene.trunk_deg[within]
    measured = np.isfinite(scene.change_deg[within])
    share = _share(measured, judged)
    # The back bears most where the trunk leans most: unless that was seen, nothing is known.
    deep = judged & (lean_deg >= percentile_of(lean_deg[judged], 50))
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
        trunk_peak_deg=percentile_of(done.angles.trunk_deg[within], 95),
        knee_min_deg=180.0 - percentile_of(done.angles.knee_deg[within], 95),
        strain=least.strains[rep.index - 1],
        checks=checked,
        flags=found,
    )


def _share(measured: Bools, of: Bools) -> float:
    return float(measured[of].mean()) if of.any() else 0.0


def _notes(done: Analysis, own: Reference) -> tuple[str, ...]:
    """Say in plain words what limits this analysis; ``own`` is the reference that the recording itself offers."""
    reason = done.spine.reason
    if not done.track.seen.any():
        return ("No person was found in the picture.",)
    notes = []
    if done.exercise is None:
        notes.append("No repetition of a deadlift or a squat was found.")
    hidden = [r for r in REASONS if r and (reason == r).mean() >= _NOTEWORTHY_SHARE]
    notes += [f"{(reason == r).mean():.0%} of the frames not measured: {REASON_TEXT[r]}." for r in hidden]
    notes.append(reference_text(done.reference, done.profile))
    if done.profile is not None:
        model = done.track.source.get("model", "")
        settings = done.settings.reference
        notes += remarks(done.profile, yaw_deg=done.view.yaw_deg, pose_model=model, settings=settings)
        notes += unlike(own, done.reference)
    return tuple(notes)
