"""Recorded lifts in, folders of results out: what `spineline analyze` does once the command line is read.

Each input goes the one way of the data by itself: frames, poses, track, analysis, files. Several inputs may do so
side by side in processes of their own.
"""

import contextlib
import importlib.metadata
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from spineline import __version__
from spineline.core.analysis import Analysis, RepResult, analyze
from spineline.core.recording import Recording
from spineline.core.settings import Settings
from spineline.core.strain import Stated
from spineline.core.track import PoseTrack
from spineline.errors import InputError, ModelError
from spineline.io.config import Options, config_text
from spineline.io.container import inspect_file, printable_name
from spineline.io.results import ANALYSIS, ensured_folder, folder_for, result_folder, writing_to
from spineline.io.tables import (
    InputRecord,
    analysis_text,
    csv_text,
    frames_table,
    reps_table,
    require_parquet,
    write_parquet,
)
from spineline.io.tracks import SUFFIX as TRACK_SUFFIX
from spineline.io.tracks import between, load_track, save_track
from spineline.io.verdicts import counted, main_reason

if TYPE_CHECKING:
    from spineline.io.video import Frame, FrameStream, ReadStats, VideoInfo

MAX_SIDE_PX: Final = 1280
"""Long side of the frames that are looked through; the pose model is given a part of them."""

_NOTED_DROPPED_SHARE: Final = 0.01

OnProgress = Callable[[str, int, int | None], None]
"""Called with what is being worked on, how much of it is done, and of how much; None: not known."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for, the same for every input."""

    options: Options = field(default_factory=Options)
    settings: Settings = field(default_factory=Settings)
    output_dir: Path | None = None
    table_format: Literal["csv", "parquet"] = "csv"
    save_vid: bool = False
    save_track: bool = False
    report: bool = True


@dataclass(frozen=True, kw_only=True)
class Job:
    """One input as the user named it, and the bundle of the pose model (None for a saved track)."""

    name: str
    request: Request
    model: Path | None


@dataclass(frozen=True)
class Seen:
    """How well one rep was seen: one standard deviation of its thoracic change (NaN: not measured), and why not."""

    sigma_deg: float
    unseen_because: str


@dataclass(frozen=True, kw_only=True)
class Done:
    """One input analysed.

    ``text`` is that of `analysis.json`, ``reps`` what it does not say of each rep, ``measured`` whether any lift was.
    """

    name: str
    folder: Path
    files: tuple[str, ...]
    text: str
    reps: tuple[Seen, ...]
    measured: bool


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
        key = os.path.normcase(os.path.realpath(target))
        key = key.casefold() if sys.platform == "darwin" else key
        if key in taken:
            raise InputError(
                f"{_shown(taken[key])} and {_shown(name)} would both be written to {_shown(target)}; "
                "rename one, or analyse them one by one with different -o DIR"
            )
        taken[key] = name
        if request.save_vid and is_track(name):
            raise InputError(f"{_shown(name)}: is a saved track, which has no pictures; --save-vid needs the video")


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
        How many inputs are analysed at a time, each in a process of its own; 1 does without.
    on_progress
        Told of every frame; with several processes, of every input instead.
    """
    jobs = [Job(name=name, request=request, model=model) for name in names]
    with ensured_folder(request.output_dir or Path()):
        if min(workers, len(jobs)) > 1:
            from spineline.app.workers import in_processes

            yield from in_processes(jobs, workers=min(workers, len(jobs)), on_progress=on_progress)
        else:
            for job in jobs:
                yield analyze_one(job, on_progress=on_progress)


def analyze_one(job: Job, *, on_progress: OnProgress) -> Done | Failed:
    """Analyse one input and write its folder of results. What is wrong with the input or its folder is no exception."""
    try:
        return _analyze_track(job) if is_track(job.name) else _analyze_video(job, on_progress)
    except InputError as error:
        return Failed(name=job.name, message=str(error))


def _analyze_track(job: Job) -> Done:
    track, sha256 = load_track(Path(job.name))
    if job.request.options.time_range_s:
        track = between(track, *job.request.options.time_range_s)
    with result_folder(folder_for(Path(job.name), job.request.output_dir)) as folder:
        return _finish(job, track, sha256, folder, film=None)


def _analyze_video(job: Job, on_progress: OnProgress) -> Done:
    from spineline.io.video import probe

    if Path(job.name).is_dir():
        raise InputError(f"{_shown(job.name)}: is a folder; name the files in it, such as {_shown(job.name)}/*.mp4")
    film = _Film(probe(job.name), job.request.options.time_range_s, on_progress)
    if job.model is None:
        raise ModelError(f"{_shown(job.name)}: is a video, which needs a pose model; found none")
    # Opened before the long work, so that a place that cannot be written to is noticed at once.
    with result_folder(folder_for(Path(job.name), job.request.output_dir)) as folder:
        return _finish(job, _observe(film, job.model), film.info.sha256, folder, film=film)


@dataclass(frozen=True)
class _Film:
    """The part of a video that is analysed; can be read more than once."""

    info: "VideoInfo"
    time_range_s: tuple[float, float] | None
    on_progress: OnProgress

    @contextlib.contextmanager
    def frames(self, *, max_side_px: int | None) -> "Generator[FrameStream, None, None]":
        """Open the frames."""
        from spineline.io.video import read_frames

        start_s, end_s = self.time_range_s or (None, None)
        with read_frames(self.info.path, max_side_px=max_side_px, start_s=start_s, end_s=end_s) as stream:
            yield stream

    def told(self, frames: "Iterable[Frame]", doing: str = "") -> "Iterator[Frame]":
        """Pass frames on, and tell how far that is."""
        total = self._expected_frames()
        for done, frame in enumerate(frames, start=1):
            yield frame
            self.on_progress(self.info.path.name + doing, done, total)

    def _expected_frames(self) -> int | None:
        """Estimate how many frames will come."""
        frames, duration_s = self.info.frames_hint, self.info.duration_s_hint
        if frames is None or not duration_s or self.time_range_s is None:
            return frames
        start_s, end_s = self.time_range_s
        return round(frames * max(0.0, min(end_s, duration_s) - start_s) / duration_s) or None


def _observe(film: _Film, model: Path) -> PoseTrack:
    """Follow the lifter through every frame."""
    from spineline.io.plate import PlateFollower
    from spineline.io.pose import PoseObserver
    from spineline.io.spine_net import SpineNet

    recording = Recording((film.info.width_px, film.info.height_px))
    spine_net, plates = SpineNet(), PlateFollower()
    with PoseObserver(model, spine_net) as observer, film.frames(max_side_px=MAX_SIDE_PX) as frames:
        for frame in film.told(frames):
            seen = observer.observe(frame.image, frame.time_s, frame.scale)
            landmarks_px = seen.person.landmarks_px if seen else None
            plate = plates.follow(frame.image, frame.time_s, landmarks_px, frame.scale)
            recording.add(frame.time_s, seen, plate)
    return replace(recording.track(), source=_source(film.info, model, spine_net.sha256, frames.stats))


def _source(info: "VideoInfo", model: Path, spine_sha256: str, stats: "ReadStats") -> dict[str, str]:
    """Say where a track came from."""
    from spineline.io.models import identify_bundle

    bundle = identify_bundle(model)
    return {
        "file": os.fsencode(info.path.name).decode("utf-8", errors="replace"),
        "sha256": info.sha256,
        "model": bundle.name,
        "model_sha256": bundle.sha256,
        "spine_sha256": spine_sha256,
        "mediapipe": importlib.metadata.version("mediapipe"),
        "opencv": importlib.metadata.version("opencv-contrib-python"),
        "spineline": __version__,
        "frames_decoded": str(stats.decoded),
        "frames_dropped": str(stats.dropped),
        "frames_lost": str(stats.undecodable if stats.missing is None else stats.missing),
        "cut_short": "yes" if info.cut_short else "no",
    }


def _finish(job: Job, track: PoseTrack, sha256: str, folder: Path, *, film: _Film | None) -> Done:
    """Analyse a track and write everything into ``folder``."""
    request = job.request
    if not len(track):
        raise InputError(f"{_shown(job.name)}: {_nothing_in(request.options.time_range_s)}")
    options = request.options
    exercise = None if options.exercise == "auto" else options.exercise
    stated = Stated(options.load_kg, options.body_mass_kg, options.height_m)
    found = analyze(track, request.settings, exercise, stated)
    found = replace(found, notes=(*found.notes, *_reading_notes(track.source, request.options.time_range_s)))
    record = InputRecord(
        path=job.name,
        sha256=sha256,
        stated=stated,
    )
    text = analysis_text(found, record)
    target = folder_for(Path(job.name), request.output_dir)
    with writing_to(target):
        _write(folder, request, found, text)
        if request.report:
            _write_report(folder / "report.html", found, title=Path(job.name).name, film=film)
        if request.save_vid and film:
            _write_overlay(folder / "overlay.mp4", found, film)
        files = tuple(sorted(path.name for path in folder.iterdir()))
    return Done(
        name=job.name,
        folder=target,
        files=files,
        text=text,
        reps=tuple(_seen(found, result) for result in found.reps),
        measured=any(rep.verdict != "not_measured" for rep in found.reps),
    )


def _write(folder: Path, request: Request, found: Analysis, text: str) -> None:
    _write_text(folder / ANALYSIS, text)
    _write_text(folder / "config.toml", config_text(request.options, request.settings))
    for name, table in (("frames", frames_table(found)), ("reps", reps_table(found))):
        if request.table_format == "parquet":
            write_parquet(table, folder / f"{name}.parquet")
        else:
            _write_text(folder / f"{name}.csv", csv_text(table))
    if request.save_track:
        save_track(found.track, folder / "track.npz")


def _write_report(path: Path, found: Analysis, *, title: str, film: _Film | None) -> None:
    from spineline.io.overlay import stills
    from spineline.io.report import write_report

    pictures = None
    if film and found.reps:
        with film.frames(max_side_px=MAX_SIDE_PX) as frames:
            pictures = stills(film.told(frames, ", pictures"), found)
    write_report(found, path, title=title, stills=pictures)


def _write_overlay(path: Path, found: Analysis, film: _Film) -> None:
    from spineline.io.overlay import write_overlay

    with film.frames(max_side_px=None) as frames:
        write_overlay(film.told(frames, ", overlay"), found, path, sound_from=film.info.path)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _nothing_in(time_range_s: tuple[float, float] | None) -> str:
    if time_range_s is None:
        return "holds not a single frame"
    return f"has no frame between {time_range_s[0]:g} and {time_range_s[1]:g} s; choose another --time-range"


def _reading_notes(source: Mapping[str, str], time_range_s: tuple[float, float] | None) -> list[str]:
    """Say in plain words what of the recording is not in the track."""
    count = {key: int(value) for key, value in source.items() if key.startswith("frames_") and value.isdecimal()}
    lost, dropped, decoded = (count.get(f"frames_{name}", 0) for name in ("lost", "dropped", "decoded"))
    notes = []
    if time_range_s:
        notes.append(f"Only {time_range_s[0]:g} to {time_range_s[1]:g} s of the recording were analysed.")
    if source.get("cut_short") == "yes":
        missing = f"; about {lost} frames are missing" if lost else ""
        notes.append(f"The video file is cut short: recording or copying broke off{missing}.")
    elif lost:
        notes.append(f"The video file is damaged: {counted(lost, 'frame')} could not be read.")
    if dropped > _NOTED_DROPPED_SHARE * decoded:
        notes.append(f"{counted(dropped, 'frame')} left out, because the file gives them no time of their own.")
    return notes


def _seen(found: Analysis, result: RepResult) -> Seen:
    inside = found.rep_index == result.rep.index
    sigma_deg = found.sigma_change_deg[inside & np.isfinite(found.sigma_change_deg)]
    return Seen(
        float(np.median(sigma_deg)) if sigma_deg.size else float("nan"),
        main_reason(found, result) if result.verdict == "not_measured" else "",
    )


def _shown(name: str | Path) -> str:
    return printable_name(Path(name))
