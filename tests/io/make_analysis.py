"""Build small analyses with prescribed findings, for the tests of whatever shows them.

The lifter and the joint angles are simulated; how rounded the back is, and what could be measured, is prescribed::

    change, degrees       verdict of the rep
    0 outside reps
    14 in the middle      flag
    9                     caution
    6                     info
    2                     ok
    NaN                   not_measured
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Final

import numpy as np

from spineline.core.analysis import Analysis, RepResult, analyze
from spineline.core.figure import Camera
from spineline.core.reference import Reference
from spineline.core.reps import Rep
from spineline.core.sim import lift, simulate
from spineline.core.skeleton import Landmark
from spineline.core.strain import Strain
from spineline.core.terms import Severity, Verdict
from spineline.core.track import Floats, PoseTrack
from spineline.core.verdict import Flag

PEAK_DEG: Final[dict[Verdict, float]] = {"ok": 2.0, "info": 6.0, "caution": 9.0, "flag": 14.0}
SIGMA_DEG: Final = 3.0
ANGLES: Final = ("thoracic_deg", "lumbar_deg", "sigma_deg", "bend_deg", "bend_sigma_deg")
SIZE_PX: Final = (300, 400)


def make_analysis(
    verdicts: Sequence[Verdict] = ("flag", "ok", "not_measured"), *, times_s: Floats | None = None
) -> Analysis:
    """Simulate a set of deadlifts, one rep of about 1.3 s for each verdict, at 15 frames a second or `times_s`."""
    reps = max(1, len(verdicts))
    script = lift("conventional", reps=reps, down_s=0.5, up_s=0.5, high_s=0.2, setup_s=0.5, before_s=0.6, after_s=0.3)
    # Low in the picture, so that nothing written above covers the lifter.
    camera = Camera(px_per_m=110.0, shift_px=(0.0, 25.0), image_size_px=SIZE_PX)
    done = simulate(script, fps=15.0, time_s=times_s, camera=camera, silhouettes=False)
    found = done.truth.reps if verdicts else ()
    track = replace(done.track, source={"file": "simulated.mp4", "model": "none"})
    change_deg, rep_index = np.zeros(len(track)), np.zeros(len(track), dtype=np.int64)
    for rep, verdict in zip(found, verdicts, strict=True):
        inside = (track.time_s >= rep.start_s) & (track.time_s <= rep.end_s)
        rep_index[inside] = rep.index
        if verdict == "not_measured":
            change_deg[inside] = np.nan
        else:  # a plateau over the middle of the rep, long enough to be held
            share = (track.time_s[inside] - rep.start_s) / (rep.end_s - rep.start_s)
            change_deg[inside] = PEAK_DEG[verdict] * np.clip(5 * np.minimum(share, 1 - share), 0, 1)
    usable = np.isfinite(change_deg)
    analysis = analyze(track)
    spine = replace(
        analysis.spine,
        points_px=np.where(usable[:, None, None], _back_px(track), np.nan),
        thoracic_deg=change_deg,
        sigma_deg=np.where(usable, SIGMA_DEG, np.nan),
        usable=usable,
        reason=np.where(usable, "", "edge_hidden"),
    )
    return replace(
        analysis,
        exercise="deadlift" if found else None,
        spine=spine,
        thoracic_change_deg=change_deg,
        sigma_change_deg=spine.sigma_deg,
        reference=Reference(0.0, 0.0, "standing", 9),
        mdc95_deg=5.0,
        rep_index=rep_index,
        reps=tuple(_result(rep, verdict) for rep, verdict in zip(found, verdicts, strict=True)),
        notes=(),
    )


def empty_analysis(frames: int = 0) -> Analysis:
    """Cut an analysis without reps down to its first frames, with nobody to be seen."""
    whole = make_analysis(())
    track = PoseTrack(
        **{
            field.name: getattr(whole.track, field.name)[:frames]
            if isinstance(getattr(whole.track, field.name), np.ndarray)
            else getattr(whole.track, field.name)
            for field in fields(PoseTrack)
        }
    )
    track.landmarks_px[:] = np.nan
    angles = replace(whole.angles, **{f.name: np.full(frames, np.nan) for f in fields(whole.angles)})
    spine = replace(
        whole.spine,
        points_px=np.full((frames, 9, 2), np.nan),
        **{name: np.full(frames, np.nan) for name in (*ANGLES, "neck_deg")},
        usable=np.zeros(frames, dtype=np.bool_),
        reason=np.full(frames, "no_pose"),
    )
    gone = np.full(frames, np.nan)
    return replace(
        whole,
        track=track,
        bar=replace(whole.bar, forward_m=gone, up_m=gone, source="none"),
        bar_px=np.full((frames, 2), np.nan),
        spine=spine,
        angles=angles,
        yaw_deg=gone,
        view=replace(whole.view, side="unknown", yaw_deg=float("nan"), facing="unknown"),
        thoracic_change_deg=spine.thoracic_deg,
        sigma_change_deg=spine.sigma_deg,
        rep_index=whole.rep_index[:frames],
        phase=whole.phase[:frames],
        notes=("No person was found in the picture.",),
    )


def _result(rep: Rep, verdict: Verdict) -> RepResult:
    values: dict[str, Any] = {field.name: float("nan") for field in fields(RepResult)}
    values |= {"rep": rep, "verdict": verdict, "usable_share": 0.0, "flags": (), "checks": (), "trunk_peak_deg": 55.0}
    values["strain"] = Strain(float("nan"), float("nan"), float("nan"), "made up")
    if verdict != "not_measured":
        peak_deg = PEAK_DEG[verdict]
        values |= {"usable_share": 1.0, "thoracic_change_start_deg": 0.0, "thoracic_change_peak_deg": peak_deg}
    if verdict in ("info", "caution", "flag"):
        values["flags"] = (_flag(rep, verdict, PEAK_DEG[verdict]),)
    return RepResult(**values)


def _flag(rep: Rep, severity: Severity, peak_deg: float) -> Flag:
    moment_s = (rep.start_s + rep.end_s) / 2
    message = f"Rep {rep.index}: upper back {peak_deg:.0f} deg more rounded than your reference."
    return Flag("thoracic_rounding", rep.index, moment_s, peak_deg, 5.0, "deg", severity, message)


def _back_px(track: PoseTrack) -> Floats:
    """Lay nine points behind the line from ear to shoulder to hip, ``(T, 9, 2)``."""
    ear, shoulder, hip = (
        track.landmarks_px[:, [getattr(Landmark, f"LEFT_{part}"), getattr(Landmark, f"RIGHT_{part}")]].mean(axis=1)
        for part in ("EAR", "SHOULDER", "HIP")
    )
    neck = [ear + share * (shoulder - ear) for share in (0.2, 0.5, 0.9)]
    trunk = [shoulder + share * (hip - shoulder) for share in (0.1, 0.35, 0.6, 0.75, 0.9, 1.0)]
    return np.stack(neck + trunk, axis=1) - [8.0, 0.0]
