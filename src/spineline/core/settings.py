"""Every threshold, with its unit, its allowed range and its source. One TOML table for each group.

The levels are coaching defaults: no study gives a limit for thoracic rounding under load.
"""

from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spineline.errors import SettingsError

_Model = TypeVar("_Model", bound=BaseModel)

_MAX_SHOWN = 120  # characters of what is wrong in a file


def _number(default: float, low: float, high: float, unit: str, about: str, source: str) -> Any:
    """Describe one number; unit and source end up in the JSON schema and in the documentation."""
    return Field(
        default=default,
        ge=low,
        le=high,
        allow_inf_nan=False,
        description=about,
        json_schema_extra={"unit": unit, "source": source},
    )


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class FilterSettings(_Group):
    """Smoothing. Zero lag on recordings."""

    landmark_cutoff_hz: float = _number(
        4.0,
        1.0,
        15.0,
        "Hz",
        "Low-pass of the landmarks.",
        "6 Hz is common in kinematics; lower as pose landmarks jitter more",
    )
    landmark_median_s: float = _number(
        0.15, 0.0, 1.0, "s", "Running median of the landmarks against single jumps.", "measured on real clips"
    )
    spine_cutoff_hz: float = _number(
        3.0,
        0.5,
        10.0,
        "Hz",
        "Low-pass of the spine angles.",
        "3-4 Hz proposed for curvature, docs/science.md",
    )
    spine_median_s: float = _number(
        0.3, 0.0, 1.0, "s", "Running median of the spine angles.", "measured on rendered lifters"
    )
    bend_sigma_left: float = _number(
        0.7,
        0.1,
        1.0,
        "1",
        "Share of the bend's sigma in single pictures that is left in a filtered recording.",
        "measured on rendered lifters, docs/accuracy.md",
    )
    max_gap_s: float = _number(
        0.25, 0.0, 2.0, "s", "A longer gap cuts a signal in two.", "shorter than any phase of a lift"
    )


class ViewSettings(_Group):
    """When the back can be measured from where the camera stands."""

    max_yaw_deg: float = _number(
        25.0,
        0.0,
        60.0,
        "deg",
        "Farthest from a side view that is still measured.",
        "the spine model was fitted within it",
    )
    lean_yaw_deg: float = _number(
        35.0, 0.0, 60.0, "deg", "Farthest from a side view from which the trunk's lean is judged.", "coaching default"
    )
    across_deg: float = _number(
        60.0,
        30.0,
        90.0,
        "deg",
        "From here on the camera looks from in front or behind, and shows sideways tilt instead of lean.",
        "coaching default",
    )
    yaw_bias_deg: float = _number(
        6.0,
        -30.0,
        30.0,
        "deg",
        "Taken off the yaw: MediaPipe sees lifters turned to the camera.",
        "training/calibrate.py",
    )
    max_sigma_deg: float = _number(
        7.0,
        1.0,
        30.0,
        "deg",
        "Largest sigma of the bend in a reading that is still used, arms hanging or stretched out.",
        "docs/accuracy.md",
    )
    max_sigma_held_deg: float = _number(
        5.2,
        1.0,
        30.0,
        "deg",
        "The same while a hand is at its shoulder, where bar and plates may lie over the upper back.",
        "docs/accuracy.md",
    )
    max_flexion_held_deg: float = _number(
        45.0,
        20.0,
        90.0,
        "deg",
        "Most thoracic flexion believed there; beyond, a plate was taken for the back.",
        "rendered front squats, docs/accuracy.md",
    )
    hand_at_shoulder: float = _number(
        0.7,
        0.0,
        1.5,
        "trunk lengths",
        "A hand nearer to its shoulder is at it.",
        "19 of 20 rendered back and front squats; 1 in 50 deadlifts",
    )
    max_torso_ratio: float = _number(
        1.8, 1.1, 4.0, "1", "Largest factor between a torso length and its median.", "measured on real clips"
    )
    min_thigh_share: float = _number(
        0.6,
        0.0,
        0.95,
        "1",
        "Least length of the thigh, from the side, as a share of its usual one.",
        "rendered lifters: the lean is wrong by 32 degrees and more below, by 5 above (medians)",
    )
    frame_margin: float = _number(
        0.05, 0.0, 1.0, "torso lengths", "How far outside the picture a landmark may lie.", "landmark noise"
    )
    max_overlap: float = _number(
        0.35, 0.0, 1.0, "1", "Largest share of the lifter covered by somebody else's box.", "coaching default"
    )
    min_visibility: float = _number(
        0.5,
        0.0,
        1.0,
        "1",
        "Least visibility of the near shoulder; of a landmark, to be written to .trc.",
        "MediaPipe's own threshold for a visible landmark",
    )


class RepSettings(_Group):
    """What counts as a repetition, relative to the lifter's own range."""

    min_range_torsos: float = _number(
        0.30, 0.1, 1.0, "torso lengths", "Least way of the shoulders up.", "quarter squats measured at 0.5"
    )
    min_share: float = _number(
        0.5,
        0.2,
        0.95,
        "1",
        "Least way up as a share of the lifter's own full reps.",
        "an aborted pull does not count",
    )
    min_squat_share: float = _number(
        0.4,
        0.2,
        0.95,
        "1",
        "The same of squats whose plate is followed: a shallow one counts.",
        "rendered lifters, docs/rules.md",
    )
    turning_share: float = _number(
        0.35,
        0.1,
        0.6,
        "1",
        "Way back, as a share of the whole range, that makes a turning point.",
        "hysteresis",
    )
    short_share: float = _number(
        0.25,
        0.05,
        0.6,
        "1",
        "How far below the lifter's own tops a finished rep may end, of a full way.",
        "coaching default",
    )
    slow_share: float = _number(
        0.15, 0.02, 0.5, "1", "Slower than this share of its fastest, a way has not begun or is done.", "hysteresis"
    )
    end_share: float = _number(
        0.25, 0.05, 0.45, "1", "First and last share of a way where it may be slow.", "hysteresis"
    )
    bar_start_share: float = _number(
        0.06,
        0.01,
        0.45,
        "1",
        "The same at the start of a pull whose bar is followed.",
        "of a way of 0.5 m six times the error of its height, docs/rules.md",
    )
    min_ascent_s: float = _number(0.25, 0.1, 2.0, "s", "Shortest way up.", "fastest barbell squats take 0.5 s")
    max_ascent_s: float = _number(15.0, 3.0, 60.0, "s", "Longest way up.", "a grinding pull takes up to 10 s")
    top_trunk_deg: float = _number(
        35.0,
        10.0,
        60.0,
        "deg",
        "Most forward lean at the top of a finished rep.",
        "an aborted pull ends leaning",
    )
    min_trunk_change_deg: float = _number(
        15.0, 5.0, 60.0, "deg", "Least change of lean, unless the knees bend.", "measured on real clips"
    )
    min_knee_change_deg: float = _number(
        25.0,
        5.0,
        90.0,
        "deg",
        "Least bend of the knees, unless the trunk leans.",
        "quarter squats measured at 35",
    )
    max_travel_torsos: float = _number(
        1.5,
        0.5,
        5.0,
        "torso lengths",
        "Farthest the hips travel sideways in a rep.",
        "walking does not count",
    )
    upright_share: float = _number(
        0.35,
        0.1,
        0.8,
        "1",
        "Lean, as a share of the most in the set, up to which the lifter counts as upright.",
        "tops and lockouts of rendered and real sets",
    )
    setup_s: float = _number(
        0.7,
        0.2,
        5.0,
        "s",
        "A stay at the first bottom from which a set is taken to start on the floor.",
        "coaching default",
    )
    floor_knee_deg: float = _number(
        40.0,
        10.0,
        90.0,
        "deg",
        "Least knee flexion at the bottom of a pull from the floor.",
        "Romanian deadlifts bend 15-30",
    )
    leave_s: float = _number(
        1.5,
        0.5,
        10.0,
        "s",
        "Standing on after the last way up, that long, the bar was left on the floor.",
        "coaching default",
    )


class ReferenceSettings(_Group):
    """What the change is measured from."""

    standing_trunk_deg: float = _number(
        15.0,
        5.0,
        40.0,
        "deg",
        "Most lean of a standing frame, either way.",
        "upright standing, measured on real clips",
    )
    standing_knee_deg: float = _number(30.0, 5.0, 60.0, "deg", "Most knee flexion of a standing frame.", "as above")
    standing_s: float = _number(0.5, 0.1, 5.0, "s", "Least time of calm standing to serve.", "half a second")
    calm_torsos_s: float = _number(
        0.25, 0.05, 2.0, "torso lengths/s", "Fastest the shoulders move while calm.", "measured on real clips"
    )
    tops_s: float = _number(
        0.3, 0.05, 5.0, "s", "Least time upright within the set to serve.", "as long as a finding must last, and more"
    )
    profile_s: float = _number(
        1.5,
        0.5,
        10.0,
        "s",
        "Least time of relaxed standing to take a profile from.",
        "half of the three seconds asked for",
    )
    profile_sigma_deg: float = _number(
        3.2,
        0.0,
        20.0,
        "deg",
        "Sigma of a profile in another session: 2.5 by clothes, camera and room, 2 by standing not quite alike.",
        "rendered lifters, docs/accuracy.md; repeated rasterstereography SD 1.2-2.0",
    )
    profile_yaw_deg: float = _number(
        20.0,
        0.0,
        90.0,
        "deg",
        "A profile from a view that differs by more is remarked on.",
        "sessions further apart were not measured, docs/accuracy.md",
    )
    min_slump_deg: float = _number(
        8.0, 1.0, 40.0, "deg", "Least full slump, from standing.", "full slump is 11.5 +- 3.7 (Edmondston 2011)"
    )
    population_deg: float = _number(
        0.0,
        -20.0,
        40.0,
        "deg",
        "Neutral of the model, when the lifter shows none.",
        "definition of the model",
    )
    population_sd_deg: float = _number(
        9.5,
        0.0,
        20.0,
        "deg",
        "Spread of standing curvature between people.",
        "Spinal Mouse, n = 659: SD 8.8 and 9.5",
    )


class Levels(_Group):
    """Three levels of one rule, in its unit."""

    info: float = Field(ge=0, le=90, allow_inf_nan=False)
    caution: float = Field(ge=0, le=90, allow_inf_nan=False)
    flag: float = Field(ge=0, le=90, allow_inf_nan=False)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.info <= self.caution <= self.flag:
            raise ValueError(f"expected info <= caution <= flag, found {self.info}, {self.caution}, {self.flag}")
        return self


def _levels(info: float, caution: float, flag: float, about: str, source: str, unit: str = "deg") -> Any:
    return Field(
        default=Levels(info=info, caution=caution, flag=flag),
        description=about,
        json_schema_extra={"unit": unit, "source": source},
    )


def origin(group: BaseModel, name: str) -> str:
    """Say where the default of one field of a group comes from."""
    extra = type(group).model_fields[name].json_schema_extra
    return str(extra.get("source", "")) if isinstance(extra, dict) else ""


class RuleSettings(_Group):
    """Levels of the rules: coaching defaults.

    A rule about the mid-back has three; a remark on technique has one and is never more than an info.
    """

    thoracic_setup_deg: Levels = _levels(5.0, 8.0, 12.0, "Rounding when the weight leaves the floor.", "as rounding")
    thoracic_rounding_deg: Levels = _levels(
        5.0, 8.0, 12.0, "Rounding beyond the reference.", "full slump is 11.5 +- 3.7 (Edmondston 2011)"
    )
    thoracic_growth_deg: Levels = _levels(
        3.0,
        5.0,
        8.0,
        "Rounding gained between the start and the end of the pull.",
        "rep-to-rep MDC 1-8 (Aasa 2019)",
    )
    thoracic_creep_deg: Levels = _levels(
        3.0, 5.0, 8.0, "Rounding beyond that of the first two reps.", "as growth; grows with fatigue (Ramirez 2024)"
    )
    lumbar_growth_deg: Levels = _levels(
        5.0, 8.0, 12.0, "Lumbar flexion gained on the way up.", "upper-lumbar MDC 8 (Aasa 2019)"
    )
    chest_drop_deg: Levels = _levels(
        4.0, 8.0, 12.0, "Lean gained out of the bottom of a squat.", "coaching default; error of the lean 3"
    )
    hips_rise_deg: Levels = _levels(
        4.0, 8.0, 12.0, "Lean gained between lift-off and the knee.", "coaching default; error of the lean 3"
    )
    bar_drift_m: Levels = _levels(
        0.04, 0.06, 0.09, "Way of the bar forward.", "coaching default; 2 cm are 11-20 % of the moment", "m"
    )
    strain_index_pct: Levels = _levels(
        15.0, 25.0, 35.0, "Strain index above the reference posture.", "coaching default", "pct"
    )
    neck_back_deg: float = _number(
        20.0, 5.0, 90.0, "deg", "Head further back than in standing.", "coaching default; error of the neck 4"
    )
    neck_tucked_deg: float = _number(
        14.0, 5.0, 90.0, "deg", "Chin further down than in standing.", "coaching default; error of the neck 4"
    )
    hitch_m: float = _number(
        0.02, 0.005, 0.3, "m", "Way of the bar down before the lockout.", "IPF rules: any; 2 cm can be seen"
    )
    soft_lockout_deg: float = _number(
        7.0, 3.0, 60.0, "deg", "Lean left at the top, beyond standing.", "coaching default; error of the lean 3"
    )
    overextension_deg: float = _number(
        7.0, 3.0, 60.0, "deg", "Lean backwards at the top, beyond standing.", "coaching default; error of the lean 3"
    )
    depth_deg: float = _number(12.0, 3.0, 60.0, "deg", "Thigh higher than in the deepest rep.", "coaching default")
    asymmetry_deg: float = _number(5.0, 1.0, 45.0, "deg", "Shoulders tilted more than in standing.", "coaching default")
    held_s: float = _number(0.2, 0.0, 2.0, "s", "Shortest time beyond a level that counts.", "coaching default")
    before_s: float = _number(
        0.3,
        0.05,
        2.0,
        "s",
        "How long before the way up begins the back is taken to be as at its start: filters smear what follows.",
        "of nine windows the best on rendered lifters",
    )
    chest_share: float = _number(
        0.3, 0.05, 0.9, "1", "Share of the way up out of a squat in which the chest may drop.", "docs/science.md"
    )
    hips_share: float = _number(
        0.4, 0.05, 0.9, "1", "Share of the way up off the floor in which the hips may rise first.", "about the knee"
    )
    top_s: float = _number(
        0.4, 0.1, 3.0, "s", "How long after the end of the way up the top is looked at.", "coaching default"
    )
    min_usable_share: float = _number(
        0.4, 0.1, 1.0, "1", "Least share of a rep that must be measured for a verdict.", "coaching default"
    )
    mdc95_deg: float = _number(
        7.5,
        0.0,
        40.0,
        "deg",
        "Minimal detectable change of the upper back: no level below it is used.",
        "1.96 times the RMS error of the peaks of rendered reps: 7.2 in docs/accuracy.md, 7.2 and 6.3 in docs/rules.md",
    )
    growth_mdc95_deg: float = _number(
        6.0,
        0.0,
        40.0,
        "deg",
        "The same of its growth within a rep or a set, in which errors are alike.",
        "clean rendered reps, docs/rules.md",
    )
    lumbar_mdc95_deg: float = _number(
        8.0, 0.0, 40.0, "deg", "The same of the lower back.", "clean rendered reps, docs/rules.md"
    )
    max_lumbar_growth_deg: float = _number(
        25.0,
        5.0,
        90.0,
        "deg",
        "More than any lower back gains within a way up: then the hips were not where they were seen.",
        "whole range of the pull 22 (Bengtsson 2022)",
    )
    lean_mdc95_deg: float = _number(
        5.0, 0.0, 40.0, "deg", "The same of the trunk's lean within a rep.", "clean rendered reps, docs/rules.md"
    )


class BarSettings(_Group):
    """The bar: what is known of sizes, and how well it is seen."""

    plate_m: float = _number(0.45, 0.1, 0.6, "m", "Diameter of the largest plate.", "IWF and IPF: 450 mm")
    plate_scale_sigma: float = _number(
        0.04,
        0.0,
        0.5,
        "1",
        "Relative sigma of the plate's size in the picture.",
        "docs/decisions/0006-bar-and-rules.md",
    )
    plate_sigma_m: float = _number(0.01, 0.0, 0.2, "m", "Sigma of a way of the plate.", "docs/rules.md")
    hands_sigma_m: float = _number(0.045, 0.0, 0.2, "m", "Sigma of a way of the hands.", "docs/rules.md")
    average_height_m: float = _number(
        1.71, 1.0, 2.3, "m", "Height of a lifter who does not say.", "NCD-RisC 2020: mean of men and women"
    )
    average_height_sd_m: float = _number(0.10, 0.0, 0.4, "m", "Its spread.", "as above")
    chain_sigma: float = _number(
        0.07,
        0.0,
        0.5,
        "1",
        "Relative sigma of the height read from ankle, knee, hip and shoulder.",
        "docs/decisions/0006-bar-and-rules.md",
    )
    sure_score: float = _number(
        0.97,
        0.5,
        1.0,
        "1",
        "From this score on a disc is nearly always the plate.",
        "docs/decisions/0006-bar-and-rules.md",
    )
    max_speed_m_s: float = _number(
        4.0, 0.5, 20.0, "m/s", "Fastest a bar moves.", "a dropped bar; lifted ones stay below 3"
    )
    max_radius_change: float = _number(
        0.1,
        0.02,
        1.0,
        "1",
        "A disc that differs more from the others in size is another.",
        "docs/decisions/0006-bar-and-rules.md",
    )
    min_plate_share: float = _number(
        0.6, 0.1, 1.0, "1", "Least share of frames with the plate to follow it.", "docs/decisions/0006-bar-and-rules.md"
    )
    min_way_torsos: float = _number(
        0.3, 0.05, 2.0, "torso lengths", "A plate that moves less is not lifted.", "as reps.min_range_torsos"
    )


class StrainSettings(_Group):
    """The strain index: what is assumed where the user does not say, and the errors carried through."""

    load_ratio: float = _number(0.8, 0.0, 5.0, "1", "Load over body mass if not stated.", "coaching default")
    load_ratio_sd: float = _number(0.4, 0.0, 5.0, "1", "Its spread.", "coaching default")
    body_mass_kg: float = _number(75.0, 20.0, 300.0, "kg", "Body mass if not stated.", "coaching default")
    body_mass_sd_kg: float = _number(15.0, 0.0, 100.0, "kg", "Its spread.", "coaching default")
    lean_sigma_deg: float = _number(
        2.0, 0.0, 20.0, "deg", "Sigma of the lean against that of other reps.", "rendered lifters, docs/rules.md"
    )
    hand_sigma_m: float = _number(
        0.02, 0.0, 0.2, "m", "Sigma of where the hands are before the shoulders.", "rendered lifters, docs/rules.md"
    )
    deep_share: float = _number(
        0.5, 0.1, 1.0, "1", "First share of the way up, where the moment peaks.", "rendered lifters"
    )
    min_share: float = _number(
        0.4, 0.1, 1.0, "1", "Least share of it that must be measured.", "as rules.min_usable_share"
    )


class LiveSettings(_Group):
    """The live set: what is waited for, and how much of the machine it may take."""

    window_s: float = _number(
        2.0, 1.0, 10.0, "s", "What gauge and set-up coach look back on.", "as coach.window_s; the filters remember less"
    )
    settle_s: float = _number(
        0.5, 0.1, 5.0, "s", "So long after its end a rep is told of.", "longer than the filters look ahead, 0.3 s"
    )
    lowered_s: float = _number(
        5.0,
        0.5,
        60.0,
        "s",
        "So long a weight that went up is waited for to be lowered, before the rep is told of.",
        "longer than any lockout; a dropped bar may not be seen to go down",
    )
    judge_every_s: float = _number(0.4, 0.05, 5.0, "s", "The set is judged no more often.", "as live.settle_s")
    judge_share: float = _number(
        0.15, 0.05, 1.0, "1", "Most of the time that judging may take from one core.", "docs/live.md"
    )
    max_age_share: float = _number(
        0.25,
        0.0,
        10.0,
        "1",
        "A frame that has waited longer, in times that one takes to look through, is left for the next.",
        "bounds the delay at 1.25 frames; docs/live.md",
    )
    rest_s: float = _number(
        60.0, 10.0, 1200.0, "s", "So long after its last rep a set is over.", "longer than rests within a set"
    )
    longest_set_s: float = _number(
        300.0, 30.0, 3600.0, "s", "A longer set is ended after a rep, and another begins.", "bounds memory and delay"
    )
    idle_s: float = _number(
        60.0, 10.0, 1200.0, "s", "Before the first rep no more than this is remembered.", "as above"
    )
    warm_up_s: float = _number(1.5, 0.2, 20.0, "s", "So long the pose model's speed is measured.", "some 50 pictures")
    least_rate_hz: float = _number(
        15.0,
        5.0,
        60.0,
        "Hz",
        "Below this rate the full pose model gives way to lite.",
        "five pictures in the 0.3 s of the spine's median",
    )


class CameraSettings(_Group):
    """When a camera counts as gone, black or frozen."""

    opening_s: float = _number(
        5.0, 0.5, 60.0, "s", "Longest wait for the first picture.", "webcams take 0.5 to 3 s to start; choice"
    )
    lost_s: float = _number(
        2.0,
        0.2,
        30.0,
        "s",
        "Without a picture for this long the camera counts as gone.",
        "shorter than a slow rep; choice",
    )
    retry_s: float = _number(
        0.5, 0.1, 10.0, "s", "First wait before it is opened again; each further one is twice as long.", "choice"
    )
    longest_retry_s: float = _number(5.0, 0.1, 60.0, "s", "Longest of these waits.", "a pause between sets; choice")
    black_below: float = _number(
        24.0,
        0.0,
        128.0,
        "grey levels",
        "A picture with nothing as bright as this is black.",
        "black is 0, or 16 in limited range; 8 for noise",
    )
    black_s: float = _number(1.5, 0.1, 30.0, "s", "Black for this long is said.", "longer than somebody walking past")
    frozen_below: float = _number(
        0.02,
        0.0,
        2.0,
        "grey levels",
        "Two pictures that differ by less, on the mean, are the same picture.",
        "one pixel in fifty off by one; the noise of a sensor is more; choice",
    )
    frozen_s: float = _number(2.0, 0.1, 30.0, "s", "The same picture for this long is said.", "as lost_s")


class CueSettings(_Group):
    """When a cue is given during a set."""

    held_s: float = _number(0.2, 0.0, 2.0, "s", "Shortest time beyond a level.", "as rules.held_s")
    max_gap_s: float = _number(
        0.25, 0.02, 2.0, "s", "A longer time between two pictures ends it.", "as filters.max_gap_s"
    )
    between_s: float = _number(
        4.0,
        0.0,
        60.0,
        "s",
        "Shortest time between two cues.",
        "one cue a rep; coaching default",
    )
    hysteresis_deg: float = _number(
        2.0,
        0.0,
        20.0,
        "deg",
        "How far below its level a value must fall before the level is cued again.",
        "coaching default",
    )


class CoachSettings(_Group):
    """The set-up coach: what keeps the back from being measured before the set."""

    window_s: float = _number(2.0, 0.5, 10.0, "s", "How long is looked back.", "as long as standing calm before a set")
    min_usable_share: float = _number(
        0.5, 0.1, 1.0, "1", "Least share of the window that must be measured.", "as rules.min_usable_share, and more"
    )
    slack: float = _number(
        0.2, 0.0, 0.9, "1", "How much better than its limit a value must be for advice to go, as a share.", "hysteresis"
    )
    min_spread: float = _number(
        7.0, 0.0, 127.0, "of 255", "Spread of brightness below which there is too little to see.", "docs/coach.md"
    )
    dark_mean: float = _number(
        60.0, 0.0, 255.0, "of 255", "Then too dark below this mean brightness, too pale above.", "between the two cases"
    )
    min_torso_share: float = _number(
        0.08, 0.0, 0.5, "1", "Least torso length, as a share of the picture's long side.", "docs/coach.md"
    )
    max_sway_torsos: float = _number(
        0.3, 0.05, 2.0, "torso lengths", "Most that the shoulders come around while holding still.", "docs/coach.md"
    )
    step_deg: float = _number(5.0, 1.0, 30.0, "deg", "Angles are said in steps of this.", "error of the yaw 4.5")
    worth_saying_deg: float = _number(
        10.0, 0.0, 60.0, "deg", "A smaller angle off the side is not mentioned.", "twice the error of the yaw"
    )
    ahead_deg: float = _number(
        15.0,
        0.0,
        60.0,
        "deg",
        "How far before the side a bar on the back is filmed, to see past its plates.",
        "docs/coach.md",
    )


class GestureSettings(_Group):
    """One arm raised: starts and ends a set."""

    hold_s: float = _number(2.0, 0.5, 10.0, "s", "How long it is held.", "docs/coach.md")
    max_gap_s: float = _number(
        0.5,
        0.1,
        3.0,
        "s",
        "Shorter than this, the arm may be unseen or seem down; as long must it be down.",
        "as above",
    )
    above_head_torsos: float = _number(
        0.4, 0.0, 1.0, "torso lengths", "How far above nose and ears the wrist is.", "raised 0.43-0.67, waved to 0.35"
    )
    min_visibility: float = _number(
        0.5, 0.0, 1.0, "1", "Least visibility of that wrist.", "MediaPipe's own threshold for a visible landmark"
    )
    min_other_visibility: float = _number(
        0.2, 0.0, 1.0, "1", "The other wrist, if seen better than this, is not above its shoulder.", "docs/coach.md"
    )


class CalibrationSettings(_Group):
    """Taking a profile: how its lifter is led through it. How long is measured: twice `reference.profile_s`."""

    countdown_s: float = _number(
        5.0, 0.0, 30.0, "s", "From being asked to being measured.", "to hear it, let the arms hang and stand; choice"
    )
    shown_s: float = _number(
        4.0, 0.0, 30.0, "s", "So long a result is shown before it goes on.", "to hear and read it; choice"
    )
    tries: float = _number(3.0, 1.0, 20.0, "1", "So often standing, and the slump, are tried.", "choice")


class ProgressSettings(_Group):
    """Weeks of lifting: what counts as warm-up and as heavy, what is compared, and when which advice is given."""

    warm_up_share: float = _number(
        0.85,
        0.3,
        1.0,
        "1",
        "Sets lighter than this share of the day's heaviest, lifted before it, are warm-up sets.",
        "coaching tables warm up with 40 to 80 %, docs/progress.md",
    )
    heavy_share: float = _number(
        0.8,
        0.3,
        1.0,
        "1",
        "From this share of the highest recent load on, a day is heavy.",
        "the last warm-up set of coaching tables",
    )
    heavy_weeks: float = _number(8.0, 1.0, 52.0, "weeks", "How far back that highest load is looked for.", "choice")
    similar_reps: float = _number(
        1.0, 0.0, 5.0, "reps", "Sets of as many reps, give or take these, are compared.", "coaching default"
    )
    compared_weeks: float = _number(
        4.0, 1.0, 52.0, "weeks", "How far back sets are compared with the latest.", "one block of training; choice"
    )
    least_points: float = _number(
        4.0, 3.0, 50.0, "1", "Least values that a trend is read from.", "two leave no residual; choice"
    )
    min_measured_share: float = _number(
        0.6,
        0.1,
        1.0,
        "1",
        "Least share of the reps at the day's heaviest load that must be measured to say that form held.",
        "as rules.min_usable_share, and more",
    )
    step_low_pct: float = _number(2.0, 0.5, 5.0, "pct", "Smallest step in load.", "ACSM 2009: 2 to 10 %")
    step_high_pct: float = _number(10.0, 5.0, 10.0, "pct", "Largest step in load.", "ACSM 2009: 2 to 10 %")
    stale_days: float = _number(
        21.0, 3.0, 180.0, "days", "After a longer break no step in load is advised.", "coaching default"
    )
    low_pain: float = _number(
        2.0,
        0.0,
        3.0,
        "of 10",
        "Up to here pain is low.",
        "pain monitoring: 0 to 2, elsewhere 3; made for knee and Achilles, not for the spine",
    )
    high_pain: float = _number(5.0, 3.0, 5.0, "of 10", "Above this pain is too high.", "pain monitoring, as above")
    pain_rise: float = _number(
        1.0, 1.0, 5.0, "of 10", "Worse the next morning than before by this much counts.", "pain monitoring, as above"
    )
    morning_h: float = _number(
        36.0, 12.0, 48.0, "h", "The next morning comes no later after a session than this.", "a day and a half"
    )


class Settings(_Group):
    """All settings."""

    filters: FilterSettings = FilterSettings()
    view: ViewSettings = ViewSettings()
    reps: RepSettings = RepSettings()
    reference: ReferenceSettings = ReferenceSettings()
    rules: RuleSettings = RuleSettings()
    bar: BarSettings = BarSettings()
    strain: StrainSettings = StrainSettings()
    live: LiveSettings = LiveSettings()
    camera: CameraSettings = CameraSettings()
    cues: CueSettings = CueSettings()

    coach: CoachSettings = CoachSettings()
    gesture: GestureSettings = GestureSettings()
    calibration: CalibrationSettings = CalibrationSettings()
    progress: ProgressSettings = ProgressSettings()

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> Self:
        """Build settings from nested tables; what is wrong is named as by `checked`."""
        return checked(cls, values)


def checked(model: type[_Model], values: dict[str, Any], *, table: str = "") -> _Model:
    """Build a model from what a TOML file holds, or from one of its tables.

    Raises
    ------
    SettingsError
        One line that names the first wrong key, what was expected and what was found.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        keys = [part for part in (table, *first["loc"]) if part and isinstance(part, str)]
        where = ".".join(keys)[:_MAX_SHOWN] or "settings"
        found = first["input"]
        found = repr(found[:_MAX_SHOWN] if isinstance(found, str) else found)[:_MAX_SHOWN]
        raise SettingsError(f"{where}: {first['msg']}, found {found}") from error
