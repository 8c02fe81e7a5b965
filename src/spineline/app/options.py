"""The options that `analyze` and `batch` share, and what they ask for. Nothing heavy is imported for `--help`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from cyclopts import Group, Parameter

from spineline.app.arguments import mass, past_date

if TYPE_CHECKING:
    from spineline.app.analyze import Request

LIFT: Final = Group("The lift", sort_key=1)
HOW: Final = Group("How it is analysed", sort_key=2)
OUT: Final = Group("What is written and shown", sort_key=3)

_MIN_HEIGHT_M, _MAX_HEIGHT_M = 1.0, 2.5  # as in io.config, which is not imported for the sake of --help


def positive(_type: object, value: int | None) -> None:
    """Refuse a number of workers that does no work."""
    if value is not None and value < 1:
        raise ValueError("Must be 1 or more.")


def _height(_type: object, value: float | None) -> None:
    if value is not None and not _MIN_HEIGHT_M <= value <= _MAX_HEIGHT_M:
        raise ValueError(f"Must be {_MIN_HEIGHT_M} to {_MAX_HEIGHT_M} m.")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Lifted:
    """What is said of a lift, and with what it is looked at.

    Parameters
    ----------
    exercise
        What is lifted. Otherwise it is told from the motion (auto).
    load
        Mass lifted, in kg: makes the strain index surer.
    body_mass
        Mass of the lifter, in kg: likewise.
    height
        Height of the lifter, in metres: the scale of the bar's path where no plate is seen.
    lifter
        Who lifts, for the history (the name of the profile if not given, else me).
    date
        When it was lifted, such as 2026-10-02 or 2026-10-02T18:30. Otherwise the recording tells, or its file.
    profile
        Your saved standing, to compare with in place of what this recording shows; see spineline profiles list.
    model
        Pose model: lite, full or heavy (full if not given), or the file of a pose landmarker (.task).
    """

    exercise: Annotated[Literal["auto", "deadlift", "squat"] | None, Parameter(group=LIFT, metavar="NAME")] = None
    load: Annotated[float | None, Parameter(group=LIFT, metavar="KG", validator=mass)] = None
    body_mass: Annotated[float | None, Parameter(group=LIFT, metavar="KG", validator=mass)] = None
    height: Annotated[float | None, Parameter(group=LIFT, metavar="M", validator=_height)] = None
    lifter: Annotated[str | None, Parameter(group=LIFT, metavar="NAME")] = None
    date: Annotated[str | None, Parameter(group=LIFT, metavar="DATE", validator=past_date)] = None
    profile: Annotated[str | None, Parameter(group=HOW, metavar="NAME")] = None
    model: Annotated[str | None, Parameter(group=HOW, metavar="NAME|FILE")] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Settings, and what is written where.

    Parameters
    ----------
    config
        TOML file of settings, such as the config.toml of an earlier result. What the command line says goes first.
    output_dir
        Where the folders of results go.
    save_vid
        Also write overlay.mp4: the video with what was measured drawn in.
    save_chart
        Also write chart.png and chart.svg: the set as a picture to share.
    save_track
        Also write track.npz, from which the lift can be analysed again without the video.
    save_mot
        Also write angles.mot: the angles of every frame, for OpenSim.
    save_trc
        Also write points_px.trc, and with --height points_m.trc: where every point of the body was, for OpenSim.
    save_openpose
        Also write the folder openpose: a JSON file a frame, as OpenPose does, with the spine as in SpineTrack.
    no_report
        Leave report.html out.
    no_history
        Leave the history as it is; see spineline history.
    format
        Of the tables of frames and reps (csv if not given).
    """

    config: Annotated[Path | None, Parameter(group=HOW, metavar="FILE")] = None
    output_dir: Annotated[Path | None, Parameter(name=["--output-dir", "-o"], group=OUT, metavar="DIR")] = None
    save_vid: Annotated[bool, Parameter(group=OUT)] = False
    save_chart: Annotated[bool, Parameter(group=OUT)] = False
    save_track: Annotated[bool, Parameter(group=OUT)] = False
    save_mot: Annotated[bool, Parameter(group=OUT)] = False
    save_trc: Annotated[bool, Parameter(group=OUT)] = False
    save_openpose: Annotated[bool, Parameter(group=OUT)] = False
    no_report: Annotated[bool, Parameter(group=OUT)] = False
    no_history: Annotated[bool, Parameter(group=OUT)] = False
    format: Annotated[Literal["csv", "parquet"], Parameter(group=OUT, metavar="NAME")] = "csv"


def request_for(lifted: Lifted, wanted: Wanted, **given: Any) -> "Request":
    """Return what is asked for; ``given`` are options of `spineline.io.config.Options` besides, None if not given.

    Raises
    ------
    InputError, SettingsError
        The file of settings, an option or the profile cannot be used.
    """
    from spineline.app.analyze import Request
    from spineline.io.config import asked_for
    from spineline.io.dates import kept_date, parsed_date
    from spineline.io.profiles import load_profile

    said = {
        "exercise": lifted.exercise,
        "model": lifted.model,
        "load_kg": lifted.load,
        "body_mass_kg": lifted.body_mass,
        "height_m": lifted.height,
        "profile": lifted.profile,
        "lifter": lifted.lifter,
    }
    options, settings = asked_for({**said, **given}, wanted.config)
    return Request(
        options=options,
        settings=settings,
        profile=load_profile(options.profile) if options.profile else None,
        date=kept_date(parsed_date(lifted.date)) if lifted.date else None,
        output_dir=wanted.output_dir,
        table_format=wanted.format,
        save_vid=wanted.save_vid,
        save_chart=wanted.save_chart,
        save_track=wanted.save_track,
        save_mot=wanted.save_mot,
        save_trc=wanted.save_trc,
        save_openpose=wanted.save_openpose,
        report=not wanted.no_report,
    )
