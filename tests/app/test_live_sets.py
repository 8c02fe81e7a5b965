"""Live sets of a simulated lifter: reps and cues as they come, keys, raised arms, and what is kept of all that."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from spineline.app.analyze import Done, Request, analyze_all, each_set
from spineline.app.live import Live
from spineline.app.lookout import Lookout
from spineline.app.remember import calibration_record
from spineline.app.standing import with_standing
from spineline.core.analysis import Analysis, analyze
from spineline.core.history import Record
from spineline.core.recording import Recording
from spineline.core.settings import Settings
from spineline.core.sim import Move, lift
from spineline.core.track import PoseTrack
from spineline.errors import InputError
from spineline.io.film import Film
from spineline.io.profiles import delete_profile, list_profiles, load_profile
from spineline.io.results import FILM, TRACK, recordings_in
from spineline.io.shots import Event
from spineline.io.sound import Sounds
from spineline.io.tracks import load_track
from spineline.io.video import read_frames
from tests.app.make_live import (
    FPS,
    LIVE,
    REPS,
    frame_of,
    half,
    lifted,
    one_set,
    reps_in,
    told,
    two_sets,
    watch_simulated,
)
from tests.app.test_live import Heard, Run, Watched
from tests.core.scenes import head_of
from tests.core.test_gesture import raised
from tests.io.make_video import read_number

pytestmark = pytest.mark.usefixtures("alone")


def analyzed(*folders: Path, out: Path) -> list[Done]:
    ask = Request(output_dir=out, report=False)
    names = each_set([str(folder) for folder in folders])
    found = list(analyze_all(names, ask, model=None, workers=1, on_progress=lambda *_: None))
    assert all(isinstance(each, Done) for each in found), found
    return [each for each in found if isinstance(each, Done)]


def states(run: Run) -> list[tuple[str, ...]]:
    return [showing.state for showing in run.screen.shown]


# A set from its beginning to its end


@pytest.mark.parametrize("rounding_deg", [0.0, 20.0])
def test_reps_are_told_as_they_end_and_the_summary_is_that_of_the_recording(rounding_deg: float) -> None:
    track = one_set(rounding_deg)
    run = watch_simulated(track)
    (summary,) = run.summaries
    whole = analyze(track)
    assert [rep["verdict"] for rep in reps_in(summary.text)] == [result.verdict for result in whole.reps]
    assert [line.split("Rep ")[1][0] for line in told(run)] == ["1", "2"]
    assert [line[0] for line in told(run)] == (["✓", "✓"] if rounding_deg == 0 else ["■", "■"])
    assert max(showing.count for showing in run.screen.shown) == REPS
    assert len([showing for showing in run.screen.shown if showing.moment]) >= len(track)
    first = next(showing for showing in run.screen.shown if showing.last)
    assert first.moment is not None
    assert first.moment.time_s < whole.reps[1].rep.end_s


def test_whatever_comes_at_the_same_time_is_told_in_words_only_once() -> None:
    run = watch_simulated(one_set(), events={0: Event("opened", "camera 0: 640 x 480")}, live=False)
    assert run.said == ["camera 0: 640 x 480", *told(run), "the video is over"]


def test_the_set_up_is_said_until_the_first_rep_and_not_after() -> None:
    alone = watch_simulated(one_set(), events={0: Event("opened", "camera 0: 640 x 480")})
    assert any(showing.ready for showing in alone.screen.shown)
    assert not any(showing.ready and showing.count for showing in alone.screen.shown)
    behind = replace(one_set(), others=np.full(len(one_set()), 0.9))
    two = watch_simulated(replace(behind, others=np.where(behind.time_s < 2.4, 0.9, 0.0)), people=2).screen.shown
    first = next(i for i, showing in enumerate(two) if showing.last)
    assert any("someone else is in the picture" in showing.advice for showing in two[:first])
    assert any("someone else is in the picture" in showing.state for showing in two[:first])
    assert not any(showing.advice for showing in two[first + 1 :])


# Cues


def test_a_clean_set_is_praised_and_never_cued() -> None:
    run = watch_simulated(one_set())
    assert run.heard.cues == [("good", None)] * REPS


@pytest.mark.parametrize("style", ["goblet_squat", "conventional"])
def test_one_fault_is_one_cue(style: str) -> None:
    track = one_set(20.0, style=style)
    run = watch_simulated(track)
    cues = [level for level, words in run.heard.cues if words == "chest up"]
    assert cues
    assert len(cues) <= len(analyze(track).reps)
    assert "good" not in [level for level, _ in run.heard.cues]


class Played:
    """A device for sound that remembers how often it was used."""

    rate_hz = 8000.0
    count = 0

    def play(self, _samples: object) -> None:
        """Count."""
        self.count += 1


class Dumb:
    """A voice that says nothing."""

    def say(self, _words: str) -> None:
        """Say nothing."""

    def hush(self) -> None:
        """Stay silent."""


@pytest.mark.parametrize("muted", [True, False])
def test_muted_nothing_is_heard(muted: bool) -> None:
    device = Played()
    with Sounds(player=lambda: device, voice=Dumb) as sounds:
        run = watch_simulated(one_set(20.0), sounds=sounds, keys={3: ["m"] if muted else []})
        assert any("muted" in state for state in states(run)) == muted
    assert bool(device.count) != muted


def test_sound_that_fails_is_said_once() -> None:
    heard = Heard()

    class Failing(Watched):
        def key(self) -> str | None:
            """Let the device break on the way."""
            if len(self.shown) == 20:
                heard.trouble = "no tones: no device for sound found; plug one in"  # type: ignore[assignment]
            return None

    run = watch_simulated(one_set(), screen=Failing(), sounds=heard)
    assert run.said.count("no tones: no device for sound found; plug one in") == 1


# Keys


@pytest.mark.parametrize("key", ["q", "Q", "escape"])
def test_q_and_escape_end_and_what_was_seen_is_kept(key: str, tmp_path: Path) -> None:
    track = one_set()
    run = watch_simulated(track, keys={60: [key]}, record=tmp_path / "rec", live=True)
    kept, _ = load_track(tmp_path / "rec" / TRACK)
    assert len(kept) == 60
    np.testing.assert_array_equal(kept.spine_raw, track.spine_raw[:60].astype(np.float32))
    assert len(run.summaries) == 1
    assert len(run.screen.shown) <= 62


def test_closing_the_window_ends_and_keeps(tmp_path: Path) -> None:
    run = watch_simulated(one_set(), screen=Watched(closes_after=60), record=tmp_path / "rec", live=True)
    assert len(load_track(tmp_path / "rec" / TRACK)[0]) == 60
    assert len(run.summaries) == 1


def test_a_signal_ends_and_keeps_and_the_last_rep_is_told(tmp_path: Path) -> None:
    track = one_set()
    after = frame_of(track, analyze(track).reps[1].rep.end_s) + 2
    run = watch_simulated(track, stopped=lambda screen: len(screen.shown) >= after, record=tmp_path / "rec", live=True)
    assert len(told(run)) == REPS
    assert abs(len(load_track(tmp_path / "rec" / TRACK)[0]) - after) <= 1
    assert len(reps_in(run.summaries[0].text)) == REPS


def test_what_is_shown_is_kept_up_to_date_though_no_picture_comes() -> None:
    frames, tired_s = 30, time.monotonic() + 60.0

    def stopped(screen: Watched) -> bool:
        return len(screen.shown) >= frames + 2 or time.monotonic() > tired_s

    run = watch_simulated(head_of(one_set(), frames), stopped=stopped, live=True)
    assert len(run.screen.shown) == frames + 2


def test_paused_nothing_is_measured_and_time_goes_on(tmp_path: Path) -> None:
    track = one_set()

    class Pausing(Watched):
        """Pauses with the twentieth picture, and goes on after a while."""

        paused = 0

        def key(self) -> str | None:
            """Press space twice."""
            if len(self.shown) >= 20:
                self.paused += 1
            return "space" if self.paused in (1, 12) else None

    run = watch_simulated(track, screen=Pausing(), record=tmp_path / "rec")
    kept, _ = load_track(tmp_path / "rec" / TRACK)
    assert [line for line in run.said if line in ("paused", "going on")] == ["paused", "going on"]
    assert any("paused" in state for state in states(run))
    assert len(kept) < len(track)
    assert set(kept.time_s) <= set(track.time_s)
    gaps = np.flatnonzero(np.diff(kept.time_s) > 1.5 / FPS)
    assert gaps.tolist() == [19]
    assert kept.time_s[-1] == track.time_s[-1]


def test_r_begins_a_new_set_and_each_can_be_analysed(tmp_path: Path) -> None:
    track, rec = two_sets(), tmp_path / "rec"
    run = watch_simulated(track, keys={half(track): ["r"]}, record=rec)
    assert [json.loads(summary.text)["input"]["frames"] for summary in run.summaries] == [
        half(track),
        len(track) - half(track),
    ]
    assert [len(reps_in(summary.text)) for summary in run.summaries] == [REPS, REPS]
    assert [line.split("Rep ")[1][0] for line in told(run)] == ["1", "2", "1", "2"]
    assert recordings_in(rec) == [rec, rec / "set_2"]
    for number, folder in enumerate(recordings_in(rec)):
        kept, _ = load_track(folder / TRACK)
        assert kept.time_s[0] == 0.0
        with read_frames(folder / FILM) as frames:
            seen = [(frame.time_s, read_number(frame.image)) for frame in frames]
        np.testing.assert_allclose([time_s for time_s, _ in seen], kept.time_s, rtol=0, atol=12e-6)
        first = number * half(track)
        assert [n for _, n in seen] == list(range(first, first + len(kept)))
        (alone,) = (
            analyzed(folder, out=tmp_path / f"alone_{number}") if number else analyzed(folder / TRACK, out=tmp_path)
        )
        assert reps_in(alone.text) == reps_in(run.summaries[number].text)
    together = analyzed(rec, out=tmp_path / "together")
    assert [each.text for each in together] == [summary.text for summary in run.summaries]


def test_nothing_of_the_last_set_is_told_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = threading.Semaphore(0)
    analyze_it, begin_set = Live._analyze, Lookout.begin_set

    def counted(live: Live, track: PoseTrack) -> Analysis:
        found = analyze_it(live, track)
        judged.release()
        return found

    def slowly(lookout: Lookout, film: Film | None) -> Recording | None:
        while lookout._recording and judged.acquire(blocking=False):
            pass
        for _ in range(2 if lookout._recording else 0):  # what was seen until now is judged once more
            assert judged.acquire(timeout=20.0)
        return begin_set(lookout, film)

    monkeypatch.setattr(Live, "_analyze", counted)
    monkeypatch.setattr(Lookout, "begin_set", slowly)
    track = two_sets()
    run = watch_simulated(track, keys={half(track): ["r"]})
    (again,) = (
        i for i, showing in enumerate(run.screen.shown) if i and showing.cue and not run.screen.shown[i - 1].cue
    )
    after = run.screen.shown[again : again + 20]  # no rep of the second set can have ended yet
    assert {showing.cue for showing in after} == {"Set 1 is over: 2 reps."}
    assert {showing.count for showing in after} == {0}


def test_r_before_anything_was_lifted_begins_anew_and_without_pictures_leaves_nothing(tmp_path: Path) -> None:
    rec = tmp_path / "rec"
    run = watch_simulated(one_set(), keys={2: ["r"], 4: ["r"]}, record=rec)
    assert len(told(run)) == REPS
    sets = recordings_in(rec)
    # Each key is shown as well: one picture lies between the two.
    assert [len(load_track(folder / TRACK)[0]) for folder in sets] == [2, len(one_set()) - 3]
    assert {path.name for path in rec.iterdir() if path.is_dir()} == {folder.name for folder in sets[1:]}


@pytest.mark.parametrize("key", ["r", "q"])
def test_a_rep_that_has_just_ended_is_told_and_its_set_is_kept(key: str, tmp_path: Path) -> None:
    script = lift("goblet_squat", reps=1, before_s=2.5, after_s=1.5)
    track = lifted([*script, *script])
    end_s = analyze(track).reps[1].rep.end_s
    at = frame_of(track, end_s) + 2  # shown before it has settled; two more are shown on the way
    keys = {half(track): ["r"], at + 1: [key]}
    run = watch_simulated(track, keys=keys, record=tmp_path / "rec")
    assert [line.split("Rep ")[1][0] for line in told(run)] == ["1", "1"]
    assert [len(reps_in(summary.text)) for summary in run.summaries][:2] == [1, 1]
    assert recordings_in(tmp_path / "rec") == [tmp_path / "rec", tmp_path / "rec" / "set_2"]


def test_a_deadlift_that_was_not_lowered_is_told_and_kept(tmp_path: Path) -> None:
    script = lift("conventional", reps=1, before_s=2.5, high_s=2.0, after_s=0.0)[:-3]
    track = lifted([*script, *script], style="conventional")
    run = watch_simulated(track, keys={half(track): ["r"]}, record=tmp_path / "rec")
    assert len(told(run)) == 2
    assert [len(reps_in(summary.text)) for summary in run.summaries] == [1, 1]


class Typing(Watched):
    """Presses keys, one after the other, once so many pictures were shown."""

    def __init__(self, at: int, keys: list[str]) -> None:
        super().__init__(keys={at: list(keys)})


@pytest.mark.parametrize(
    ("keys", "pain"),
    [
        ("p 7 enter", [7]),
        ("p 1 0 enter", [10]),
        ("p 1 1 enter", [1]),
        ("p 4 5 enter", [4]),
        ("p 0 enter", [0]),
        ("p 0 6 enter", [6]),
        ("p 9 backspace 3 enter", [3]),
        ("p backspace 2 enter", [2]),
        ("p 5 escape", []),
        ("p enter", []),
        ("p q r x space 8 enter", [8]),
        ("p 3 enter P 4 enter", [3, 4]),
    ],
)
def test_pain_is_noted_with_its_time(keys: str, pain: list[int], tmp_path: Path) -> None:
    track, at = head_of(one_set(), 40), 20
    run = watch_simulated(track, screen=Typing(at, keys.split()), record=tmp_path / "rec")
    notes = tmp_path / "rec" / "notes.json"
    kept = json.loads(notes.read_text())["pain"] if notes.exists() else []
    assert [note["pain_0_10"] for note in kept] == pain
    for note in kept:
        assert track.time_s[at - 1] <= note["time_s"] <= track.time_s[min(at + 12, 39)]
    assert [line for line in run.said if "pain" in line] == [f"pain {each} of 10 noted" for each in pain]
    assert len(load_track(tmp_path / "rec" / TRACK)[0]) == 40  # no other key was obeyed
    assert any("Enter keeps it" in state for state in states(run))
    assert "Enter keeps it" not in run.screen.shown[-1].state


def test_pain_belongs_to_its_set_and_without_a_folder_it_is_said_not_to_be_kept(tmp_path: Path) -> None:
    track = two_sets()
    keys = {half(track) - 10: ["p", "2", "enter"], half(track): ["r"], half(track) + 60: ["p", "8", "enter"]}
    watch_simulated(track, keys=keys, record=tmp_path / "rec")
    pain = [json.loads((folder / "notes.json").read_text())["pain"] for folder in recordings_in(tmp_path / "rec")]
    assert [[note["pain_0_10"] for note in notes] for notes in pain] == [[2], [8]]
    run = watch_simulated(head_of(track, 30), keys={5: ["p", "2", "enter"]})
    assert "pain 2 of 10 noted; it is not kept without --record" in run.said


def test_c_keeps_the_standing_as_a_profile_and_compares_with_it(tmp_path: Path) -> None:
    script = lift("goblet_squat", reps=REPS, rounding_deg=20.0, before_s=5.0, after_s=1.0)
    track = lifted(script)
    given: list[Record] = []
    run = watch_simulated(track, keys={frame_of(track, 4.6): ["c"]}, record=tmp_path / "rec", keep=given.append)
    (name,) = list_profiles()
    assert given[0] == calibration_record(name, load_profile(name))
    assert load_profile(name).spine_sha256 == "cd" * 32
    assert any(name in line for line in run.said)
    document = json.loads(run.summaries[0].text)
    assert document["reference"]["source"] == "profile"
    assert [rep["verdict"] for rep in document["reps"]] == ["flag", "flag"]
    delete_profile(name)  # the recording holds its own
    (again,) = analyzed(tmp_path / "rec", out=tmp_path / "out")
    assert again.text == run.summaries[0].text


def test_c_with_too_little_standing_says_what_to_do_and_changes_nothing() -> None:
    track = one_set()
    run = watch_simulated(track, keys={12: ["c"]})
    (line,) = [line for line in run.said if "relaxed standing" in line]
    least_s = Settings().reference.profile_s
    assert line.startswith(f"expected {least_s:g} s of relaxed standing with the upper back measured, found ")
    assert any(showing.advice == line for showing in run.screen.shown)
    assert list_profiles() == ()
    assert json.loads(run.summaries[0].text)["reference"]["source"] == "standing"
    assert len(told(run)) == REPS


def test_while_the_first_picture_is_still_looked_at_there_is_no_standing() -> None:
    with pytest.raises(InputError, match=r"found 0\.0 s"):
        with_standing(Recording((64, 48)), Request(), {})
    assert list_profiles() == ()


def test_c_before_the_first_picture_is_no_harm() -> None:
    class Early(Watched):
        pressed_once = False

        def key(self) -> str | None:
            """Press it at once."""
            first, self.pressed_once = not self.pressed_once, True
            return "c" if first else None

    run = watch_simulated(head_of(one_set(), 10), screen=Early(), events={0: Event("opened", "here")})
    assert len(run.summaries) == 1


# A raised arm


@cache
def with_arms() -> tuple[PoseTrack, list[float]]:
    """Film: standing, an arm raised, a set, an arm raised, standing, an arm raised, a set."""
    lifting = lift("goblet_squat", reps=REPS, before_s=2.5, after_s=1.5)
    script: list[Move] = []
    raises_s = []
    for part in (lifting, lifting):
        raises_s += [sum(move.seconds for move in script) + 0.5]
        script += [Move("stand", 4.0), *part]
        raises_s += [sum(move.seconds for move in script) + 0.5]
        script += [Move("stand", 4.0)]
    track = lifted(script)
    up = np.zeros(len(track), dtype=np.bool_)
    for from_s in raises_s:
        up |= (track.time_s >= from_s) & (track.time_s < from_s + 2.6)
    return raised(track, "RIGHT", up), raises_s


def test_a_raised_arm_begins_and_ends_sets(tmp_path: Path) -> None:
    track, raises_s = with_arms()
    run = watch_simulated(track, record=tmp_path / "rec")
    assert [level for level, _ in run.heard.cues if level in ("start", "stop")] == ["start", "stop", "start", "stop"]
    with_reps = [summary for summary in run.summaries if reps_in(summary.text)]
    assert [len(reps_in(summary.text)) for summary in with_reps] == [REPS, REPS]
    lengths = [len(load_track(folder / TRACK)[0]) for folder in recordings_in(tmp_path / "rec")]
    for begin_s, end_s in (raises_s[0:2], raises_s[2:4]):
        assert any(abs(length - (end_s - begin_s) * FPS) <= 3 for length in lengths)


# Long runs


@pytest.mark.long
def test_who_stands_about_is_forgotten_and_who_rests_ends_the_set(tmp_path: Path) -> None:
    lifting = lift("goblet_squat", reps=REPS, before_s=3.0, after_s=1.5)
    script = [Move("stand", 25.0), *lifting, Move("stand", 12.0), *lifting]
    ask = Request(settings=Settings(live=LIVE.model_copy(update={"idle_s": 10.0, "rest_s": 10.0})), report=False)
    run = watch_simulated(lifted(script), request=ask, record=tmp_path / "rec")
    assert [len(reps_in(summary.text)) for summary in run.summaries] == [REPS, REPS]
    first, second = (load_track(folder / TRACK)[0] for folder in recordings_in(tmp_path / "rec"))
    assert 10.0 <= first.time_s[0] <= 28.0
    assert second.time_s[0] == 0.0
    assert [len(reps_in(each.text)) for each in analyzed(tmp_path / "rec", out=tmp_path / "out")] == [REPS, REPS]
