"""Live sets with trouble: the camera, the folder, the disk, and what a bug must not do."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spineline.app.analyze import Request
from spineline.app.live import Live
from spineline.app.records import check_record
from spineline.core.settings import Settings
from spineline.core.sim import Flaws, Move
from spineline.core.track import PoseTrack
from spineline.errors import InputError
from spineline.io.config import Options
from spineline.io.film import Film
from spineline.io.results import FILM, TRACK
from spineline.io.shots import Event
from spineline.io.tracks import load_track
from spineline.io.video import read_frames
from tests.app.make_live import LIVE, REPS, frame_of, lifted, one_set, reps_in, told, watch_simulated
from tests.app.test_live import Watched
from tests.app.test_recordings import PROFILE
from tests.core.scenes import head_of

pytestmark = pytest.mark.usefixtures("alone")


# Trouble with the camera


def at_end(screen: Watched, track: PoseTrack) -> bool:
    """Tell whether the last picture has been shown."""
    moment = screen.shown[-1].moment if screen.shown else None
    return moment is not None and moment.time_s >= track.time_s[-1]


LOST = Event("lost", "camera 0: no picture any more")


def test_a_camera_that_is_lost_and_back_goes_on_with_the_set(tmp_path: Path) -> None:
    track = one_set()
    at = frame_of(track, 2.0)
    gone = replace(track, time_s=np.where(np.arange(len(track)) >= at, track.time_s + 7.0, track.time_s))
    events = {at: LOST, at + 1: Event("back", "camera 0: here again")}
    run = watch_simulated(
        gone, events=events, record=tmp_path / "rec", live=True, stopped=lambda screen: at_end(screen, gone)
    )
    assert [line for line in run.said if line.startswith("camera 0")] == [LOST.words, "camera 0: here again"]
    kept, _ = load_track(tmp_path / "rec" / TRACK)
    np.testing.assert_allclose(kept.time_s, gone.time_s[: len(kept)])
    assert len(reps_in(run.summaries[0].text)) == REPS
    advice = [showing.advice for showing in run.screen.shown]
    assert LOST.words in advice
    assert advice[-1] != LOST.words


def test_a_camera_that_is_lost_for_good_can_still_be_left(tmp_path: Path) -> None:
    class Leaving(Watched):
        def key(self) -> str | None:
            """Leave once it is said that there is no picture."""
            return "q" if self.shown and self.shown[-1].advice == LOST.words else None

    run = watch_simulated(
        head_of(one_set(), 50), events={50: LOST}, screen=Leaving(), record=tmp_path / "rec", live=True
    )
    assert run.said.count(LOST.words) == 1
    assert len(load_track(tmp_path / "rec" / TRACK)[0]) == 50
    assert len(run.summaries) == 1


@pytest.mark.parametrize("error", [InputError("clip.mp4: damaged from here on"), RuntimeError("a bug")])
def test_a_source_that_breaks_keeps_all_until_then_and_says_so(error: Exception, tmp_path: Path) -> None:
    track, said, summaries = one_set(), Watched(), []

    with pytest.raises(type(error), match=str(error)):
        summaries.append(watch_simulated(track, events={100: error}, screen=said, record=tmp_path / "rec"))
    kept, _ = load_track(tmp_path / "rec" / TRACK)
    assert len(kept) == 100
    assert len(reps_in((tmp_path / "rec" / "analysis.json").read_text())) >= 1
    assert (tmp_path / "rec" / FILM).is_file()


def test_an_empty_source_leaves_nothing(tmp_path: Path) -> None:
    run = watch_simulated(head_of(one_set(), 0), record=tmp_path / "rec")
    assert run.said == ["the video is over"]
    assert run.summaries == []
    assert not (tmp_path / "rec").exists()


def test_nobody_in_the_picture_is_a_result(tmp_path: Path) -> None:
    nobody = lifted([Move("stand", 4.0)], flaws=Flaws(missing_s=[(0.0, 9.0)]))
    run = watch_simulated(nobody, record=tmp_path / "rec", people=0)
    assert told(run) == []
    (summary,) = run.summaries
    assert not summary.measured
    assert json.loads(summary.text)["notes"] == ["No person was found in the picture."]
    assert {showing.verdict for showing in run.screen.shown} == {"not_measured"}
    assert any(showing.advice for showing in run.screen.shown)
    assert (tmp_path / "rec" / TRACK).is_file()


# Trouble with the folder


def test_a_folder_that_holds_a_recording_is_refused(tmp_path: Path) -> None:
    rec = tmp_path / "rec"
    check_record(rec)
    rec.mkdir()
    check_record(rec)
    (rec / "mine.txt").write_text("mine")
    watch_simulated(head_of(one_set(), 30), record=rec)
    complaint = "holds a recorded set already; name another folder with --record"
    with pytest.raises(InputError, match=complaint):
        check_record(rec)
    (rec / TRACK).unlink()
    with pytest.raises(InputError, match=complaint):
        check_record(rec)
    assert (rec / "mine.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_refused_before_anything(tmp_path: Path) -> None:
    (tmp_path / "rec").write_text("mine")
    with pytest.raises(InputError, match="rec: cannot be written"):
        watch_simulated(head_of(one_set(), 30), record=tmp_path / "rec")
    assert (tmp_path / "rec").read_text() == "mine"


class Breaking(Watched):
    """Does something to the folder at a picture."""

    def __init__(self, at: int, folder: Path) -> None:
        super().__init__()
        self._at, self._folder = at, folder

    def key(self) -> str | None:
        """Remove the folder, and put a file in its place."""
        if len(self.shown) == self._at and self._folder.is_dir():
            shutil.rmtree(self._folder)
            self._folder.write_text("mine")
        return None


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove what is open")
def test_a_folder_that_vanishes_costs_nothing_but_what_lay_in_it(tmp_path: Path) -> None:
    rec = tmp_path / "rec"
    run = watch_simulated(one_set(), screen=Breaking(60, rec), record=rec)
    assert len(told(run)) == REPS
    (summary,) = run.summaries
    assert len(reps_in(summary.text)) == REPS
    lines = [line for line in run.said if "cannot be written" in line]
    assert lines
    assert len(lines) == len(set(lines))
    assert all("\n" not in line for line in lines)
    assert rec.read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="needs a limit that Windows lacks")
def test_a_disk_that_fills_up_is_said_and_the_set_is_summed_up(tmp_path: Path) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
        run = watch_simulated(one_set(), record=tmp_path / "rec")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(reps_in(run.summaries[0].text)) == REPS
    assert any("cannot be written (File too large); make room" in line for line in run.said)
    assert not (tmp_path / "rec" / FILM).exists()
    assert not [path for path in (tmp_path / "rec").iterdir() if path.name.startswith(".")]


def test_a_slow_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add = Film.add

    def too_slow(film: Film, time_s: float, image: Any) -> None:
        if 1.0 < time_s < 2.0:
            film.lost += 1
        else:
            add(film, time_s, image)

    monkeypatch.setattr(Film, "add", too_slow)
    run = watch_simulated(head_of(one_set(), 50), record=tmp_path / "rec")
    slow = int(np.sum((one_set().time_s[:50] > 1.0) & (one_set().time_s[:50] < 2.0)))
    (line,) = [line for line in run.said if "not in the video" in line]
    assert line == f"{slow} pictures are not in the video, because writing it took too long"
    with read_frames(tmp_path / "rec" / FILM) as frames:
        assert sum(1 for _ in frames) == 50 - slow


# What a bug must not do


def test_a_failing_analysis_still_keeps_what_was_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_live: Live, _track: PoseTrack) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Live, "_analyze", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        watch_simulated(head_of(one_set(), 60), record=tmp_path / "rec")
    kept, _ = load_track(tmp_path / "rec" / TRACK)
    assert 0 < len(kept) <= 60


def test_a_profile_read_by_another_model_is_refused_before_anything(tmp_path: Path) -> None:
    profile = replace(PROFILE, spine_sha256="00" * 32)
    ask = Request(options=Options(profile="me"), settings=Settings(live=LIVE), profile=profile, report=False)
    with pytest.raises(InputError):
        watch_simulated(one_set(), request=ask, record=tmp_path / "rec")
    assert not (tmp_path / "rec").exists()
