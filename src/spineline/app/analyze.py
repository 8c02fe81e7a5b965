"""Recorded lifts in, folders of results out: what `spineline analyze` does once the command line is read.

Each input goes the one way of the data by itself: frames, poses, track, analysis, files. Several inputs may do so
side by side in processes of their own.
"""

import contextlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from spineline.app.exchange import exchange_notes, write_exchange
from spineline.app.file_notes import file_notes
from spineline.app.footage import MAX_SIDE_PX, Footage, OnProgress, observe, recorded_footage
from spineline.app.remember import pictured, set_record
from spineline.core.analysis import Analysis, RepResult, analyze
from spineline.core.history import SetRecord, Still
from spineline.core.profile import Profile
from spineline.core.settings import Settings
from spineline.core.signals import span
from spineline.core.strain import Stated
from spineline.core.track import PoseTrack
from spineline.errors import InputError, ModelError, SettingsError
from spineline.io.config import Options, config_text, read_config
from spineline.io.container import inspect_file, printable_name
from spineline.io.dates import recording_date
from spineline.io.results import (
    ANALYSIS,
    CHART,
    CONFIG,
    FILM,
    OVERLAY,
    PROFILE,
    TRACK,
    ensured_folder,
    folder_for,
    folder_key,
    is_recording,
    recordings_in,
    result_folder,
    settle,
    stem_of,
    writing_to,
)
from spineline.io.stamp import require_unchanged, stamp
from spineline.io.tables import (
    InputRecord,
    analysis_text,
    csv_text,
    frames_table,
    reps_table,
    require_parquet,
    write_frames_csv,
    write_parquet,
)
from spineline.io.tracks import RECORDED, between, identified, load_track, save_track
from spineline.io.tracks import SUFFIX as TRACK_SUFFIX
from spineline.io.verdicts import main_reason

_PICTURES: Final = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for, the same for every input; ``profile`` is the one that the options name.

    ``date`` is when it was lifted, if the user said so.
    """

    options: Options = field(default_factory=Options)
    settings: Settings = field(default_factory=Settings)
    profile: Profile | None = None
    date: str | None = None
    output_dir: Path | None = None
    table_format: Literal["csv", "parquet"] = "csv"
    save_vid: bool = False
    save_chart: bool = False
    save_track: bool = False
    save_mot: bool = False
    save_trc: bool = False
    save_openpose: bool = False
    report: bool = True


@dataclass(frozen=True, kw_only=True)
class Job:
    """One input as the user named it, the bundle of the pose model (None for a saved track), processes at most.

    ``also``, a function of a module or a part of one, may write more into the folder of results before it is whole.
    """

    name: str
    request: Request
    model: Path | None
    workers: int = 1
    also: "Callable[[Path, Summary], None] | None" = None


@dataclass(frozen=True)
class Seen:
    """How well one rep was seen: one standard deviation of its thoracic change (NaN: not measured), and why not."""

    sigma_deg: float
    unseen_because: str


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One input analysed.

    ``text`` is that of `analysis.json`, ``reps`` what it does not say of each rep, ``measured`` whether any lift was;
    ``record`` is for the history, None without a rep.
    """

    name: str
    text: str
    reps: tuple[Seen, ...]
    measured: bool
    record: SetRecord | None = None


@dataclass(frozen=True, kw_only=True)
class Done(Summary):
    """One input analysed and its results written: ``files`` in ``folder``."""

    folder: Path
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Failed:
    """One input that could not be analysed, and why, in one line."""

    name: str
    message: str


def check_request(names: Sequence[str], request: Request) -> None:
    """Refuse what cannot end well, before any work.

    Raises
    ------
    SettingsError
        A format that needs something not installed.
    InputError
        Two inputs would be written to one folder, or pictures are asked of a saved track.
    """
    if request.table_format == "parquet":
        require_parquet()
    taken: dict[str, str] = {}
    for name in names:
        target = folder_for(Path(name), request.output_dir)
        key = folder_key(target)
        if key in taken:
            raise InputError(
                f"{_shown(taken[key])} and {_shown(name)} would both be written to {_shown(target)}; "
                "rename one, or analyse them one by one with different -o DIR"
            )
        taken[key] = name
        if request.save_vid and is_track(name):
            raise InputError(f"{_shown(name)}: is a saved track, which has no pictures; --save-vid needs the video")


def each_set(names: Sequence[str]) -> list[str]:
    """Put every set recorded into a folder in the folder's place; leave all other inputs as they are."""
    return [each for name in names for each in ([*map(str, recordings_in(Path(name)))] or [name])]


def is_track(name: str) -> bool:
    """Tell whether an input is meant to be a saved track."""
    return name.lower().endswith(TRACK_SUFFIX)


def needs_pose_model(names: Sequence[str]) -> bool:
    """Tell whether any input can be a video, so that nothing is fetched for the sake of a typing error."""
    for name in names:
        if not is_track(name):
            try:
                inspect_file(Path(name))
            except InputError:
                continue
            return True
    return False


def analyze_all(
    names: Sequence[str], request: Request, *, model: Path | None, workers: int, on_progress: OnProgress
) -> Generator[Done | Failed, None, None]:
    """Analyse every input, and hand out each result as soon as it and those before it are there.

    Parameters
    ----------
    names
        Inputs as the user named them.
    request
        What to do with each.
    model
        Bundle of the pose model; None if there is no video among the inputs.
    workers
        How many processes work at a time: each on an input, or on a part of one video where inputs are fewer; 1 does
        without.
    on_progress
        Told of every frame; where each process has an input of its own, of every input instead.
    """
    jobs = [Job(name=name, request=request, model=model) for name in names]
    with ensured_folder(request.output_dir or Path()):
        if one_process_an_input(len(jobs), workers):
            yield from _side_by_side(jobs, workers, on_progress)
        else:
            for job in jobs:
                yield analyze_one(replace(job, workers=workers), on_progress=on_progress)


def one_process_an_input(inputs: int, workers: int) -> bool:
    """Tell whether there are enough inputs to keep every process busy with its own."""
    return 1 < workers <= inputs


def _side_by_side(jobs: Sequence[Job], workers: int, on_progress: OnProgress) -> Generator[Done | Failed, None, None]:
    """Analyse each input in one of several processes; results come in the order of the inputs."""
    from spineline.app.crew import Died, in_crew

    on_progress("Analysing", 0, len(jobs))
    waiting: dict[int, Done | Failed] = {}
    due = 0
    for finished, (place, found) in enumerate(in_crew(_analyze_told, jobs, workers=workers), start=1):
        on_progress("Analysing", finished, len(jobs))
        name = jobs[place].name
        waiting[place] = Failed(name=name, message=f"{_shown(name)}: {found.why}") if isinstance(found, Died) else found
        while due in waiting:
            yield waiting.pop(due)
            due += 1


def _analyze_told(job: Job, on_progress: OnProgress) -> Done | Failed:
    return analyze_one(job, on_progress=on_progress)


def analyze_one(job: Job, *, on_progress: OnProgress) -> Done | Failed:
    """Analyse one input and write its folder of results. What is wrong with the input or its folder is no exception."""
    target = folder_for(Path(job.name), job.request.output_dir)
    try:
        if is_recording(Path(job.name)):
            return analyze_recording(job, target, on_progress)
        return _analyze_track(job, target) if is_track(job.name) else _analyze_video(job, target, on_progress)
    except (InputError, SettingsError) as error:  # the latter from what a recording was asked for
        return Failed(name=job.name, message=str(error))
    except MemoryError:
        return Failed(
            name=job.name,
            message=f"{_shown(job.name)}: needs more memory than there is; end other programs, use fewer --workers, or "
            "analyse a part of it with --time-range",
        )


def _analyze_track(job: Job, target: Path) -> Done:
    track, sha256 = _track(Path(job.name), job.request)
    with result_folder(target) as folder:
        return _finish(job, track, sha256, folder, target, film=None)


def _track(path: Path, request: Request) -> tuple[PoseTrack, str]:
    settle(path.parent)  # it may be one of several results
    track, sha256 = load_track(path)
    if request.options.time_range_s:
        track = between(identified(track), *request.options.time_range_s)
    return track, sha256


def analyze_recording(job: Job, target: Path, on_progress: OnProgress) -> Done:
    """Analyse a set that `spineline live` has recorded, from its track, as it was asked for then if nothing else is.

    Raises
    ------
    InputError
        The recording cannot be read, or the results not be written.
    SettingsError
        Its `config.toml` or the profile named there cannot be used.
    """
    source = Path(job.name)
    job = replace(job, request=as_recorded(job.request, source))
    track, sha256 = _track(source / TRACK, job.request)
    film = _film_of(source / FILM, track, job.request, on_progress)
    with result_folder(target) as folder:
        return _finish(job, track, sha256, folder, target, film=film)


def _film_of(path: Path, track: PoseTrack, request: Request, on_progress: OnProgress) -> Footage | None:
    """Find the pictures of a recorded set, if any are to be shown; the report does without if there are none."""
    wanted = len(track) and (request.save_vid or (request.report and path.is_file()))
    return recorded_footage(path, track, on_progress) if wanted else None


def as_recorded(request: Request, folder: Path) -> Request:
    """Fill in what the recording was asked for, wherever the request has nothing of its own.

    Raises
    ------
    InputError, SettingsError
        As of `analyze_recording`.
    """
    file = folder / CONFIG
    if not file.is_file():
        return request
    from spineline.io.profiles import load_profile, read_profile

    table, settings = read_config(file)
    options = Options.from_mapping({**table, **request.options.model_dump(exclude_defaults=True)})
    profile, kept = request.profile, folder / PROFILE
    if profile is None and options.profile:  # which may have been taken again since
        profile = read_profile(kept) if kept.is_file() else load_profile(options.profile)
    return replace(
        request,
        options=options,
        settings=settings if request.settings == Settings() else request.settings,
        profile=profile,
    )


def _analyze_video(job: Job, target: Path, on_progress: OnProgress) -> Done:
    from spineline.io.video import probe

    if Path(job.name).is_dir():
        raise InputError(f"{_shown(job.name)}: {_about_folder(Path(job.name))}")
    before = stamp(Path(job.name))
    film = Footage(probe(job.name), job.request.options.time_range_s, on_progress)
    if job.model is None:
        raise ModelError(f"{_shown(job.name)}: is a video, which needs a pose model; found none")
    # Opened before the long work, so that a place that cannot be written to is noticed at once.
    with result_folder(target) as folder:
        track = observe(film, job.model, job.request.profile, workers=job.workers)
        done = _finish(job, track, film.info.sha256, folder, target, film=film)
        require_unchanged(film.info.path, before)  # it is read several times
        return done


def _finish(job: Job, track: PoseTrack, sha256: str, folder: Path, target: Path, *, film: Footage | None) -> Done:
    """Analyse a track and write everything into ``folder``, which becomes ``target``."""
    from spineline.io.report import write_report

    request = job.request
    if not len(track):
        raise InputError(f"{_shown(job.name)}: {_nothing_in(request.options.time_range_s)}")
    found = analyzed(track, request)
    notes = [*file_notes(track, request.options.time_range_s), *exchange_notes(found, request)]
    found = replace(found, notes=(*found.notes, *notes))
    file = Path(job.name) / TRACK if is_recording(Path(job.name)) else Path(job.name)
    date = request.date or recording_date(track.source.get(RECORDED), file)
    summary = summed_up(job.name, found, request, sha256, date=date, folder=target)
    with writing_to(target):
        _write(folder, request, found, summary.text)
        write_exchange(folder, found, request, stem=stem_of(target))
        if request.save_chart:
            _write_chart(folder)
        if request.report:
            pictures = _pictures(found, film)
            video = OVERLAY if request.save_vid and film else None
            write_report(found, folder / "report.html", title=Path(job.name).name, stills=pictures, video=video)
            summary = replace(summary, record=pictured(summary.record, pictures))
        if request.save_vid and film:
            _write_overlay(folder / OVERLAY, found, film)
        if job.also:
            job.also(folder, summary)
        files = tuple(sorted(path.name for path in folder.iterdir()))
    return Done(**vars(summary), folder=target, files=files)


def analyzed(track: PoseTrack, request: Request) -> Analysis:
    """Analyse a track as it is asked for."""
    exercise = None if request.options.exercise == "auto" else request.options.exercise
    return analyze(track, request.settings, exercise, _stated(request.options), request.profile)


def _stated(options: Options) -> Stated:
    return Stated(options.load_kg, options.body_mass_kg, options.height_m)


def summed_up(
    name: str, found: Analysis, request: Request, sha256: str, *, date: str, folder: Path | None = None
) -> Summary:
    """Say what was found in one input, lifted at that date, its results in that folder."""
    profile = request.options.profile if request.profile else None
    record = InputRecord(path=name, sha256=sha256, stated=_stated(request.options), profile=profile)
    text = analysis_text(found, record)
    reps = tuple(_seen(found, result) for result in found.reps)
    sigma_deg = [rep.sigma_deg for rep in reps]
    return Summary(
        name=name,
        text=text,
        reps=reps,
        measured=any(rep.verdict != "not_measured" for rep in found.reps),
        record=set_record(found, text, request.options, sigma_deg=sigma_deg, name=name, folder=folder, date=date),
    )


def _write(folder: Path, request: Request, found: Analysis, text: str) -> None:
    _write_text(folder / ANALYSIS, text)
    _write_text(folder / CONFIG, config_text(request.options, request.settings))
    if request.table_format == "parquet":
        write_parquet(frames_table(found), folder / "frames.parquet")
        write_parquet(reps_table(found), folder / "reps.parquet")
    else:
        write_frames_csv(found, folder / "frames.csv")
        _write_text(folder / "reps.csv", csv_text(reps_table(found)))
    if request.save_track:
        save_track(found.track, folder / TRACK)


def _pictures(found: Analysis, film: Footage | None) -> dict[int, Still]:
    from spineline.io.overlay import stills, times_of_stills_s

    times_s = times_of_stills_s(found)
    if not film or not times_s:
        return {}
    with film.moments(times_s, max_side_px=MAX_SIDE_PX) as frames:
        return stills(film.told(frames, ", pictures", of=len(times_s)), found)


def _write_chart(folder: Path) -> None:
    """Draw what was just written, so that `spineline chart` draws the same."""
    from spineline.io.curves import read_set
    from spineline.io.set_chart import set_chart
    from spineline.io.whole_file import write_files

    write_files(set_chart(read_set(folder)), folder / CHART)


def _write_overlay(path: Path, found: Analysis, film: Footage) -> None:
    from spineline.io.overlay import write_overlay

    with film.frames(max_side_px=None) as frames:
        write_overlay(film.told(frames, ", overlay"), found, path, sound_from=film.info.path)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _nothing_in(time_range_s: tuple[float, float] | None) -> str:
    if time_range_s is None:
        return "holds not a single frame"
    return f"has no frame between {time_range_s[0]:g} and {time_range_s[1]:g} s; choose another --time-range"


def _about_folder(folder: Path) -> str:
    """Say what to do with a folder that is no recording of ours."""
    with contextlib.suppress(OSError):
        suffixes = {path.suffix.lower() for path in folder.iterdir()}
        if pictures := sorted(suffixes & _PICTURES):
            return (
                "is a folder of pictures, which do not say when they were taken; make a video of them at the rate that "
                f"you know: ffmpeg -framerate RATE -pattern_type glob -i 'FOLDER/*{pictures[0]}' NEW.mp4"
            )
    return f"is a folder; name the files in it, such as {_shown(folder)}/*.mp4"


def _seen(found: Analysis, result: RepResult) -> Seen:
    frames = span(found.track.time_s, result.rep.start_s, result.rep.end_s)
    inside, sigma_deg = found.rep_index[frames] == result.rep.index, found.sigma_change_deg[frames]
    sigma_deg = sigma_deg[inside & np.isfinite(sigma_deg)]
    return Seen(
        float(np.median(sigma_deg)) if sigma_deg.size else float("nan"),
        main_reason(found, result) if result.verdict == "not_measured" else "",
    )


def _shown(name: str | Path) -> str:
    return printable_name(Path(name))
