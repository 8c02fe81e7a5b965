"""What analyze, live and calibrate keep in the history by themselves, and that they never depend on it."""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from spineline.app.analyze import Done, Request, analyze_all
from spineline.app.cli import run
from spineline.app.remember import Memory, calibration_record, pictured
from spineline.core.history import PainRecord, Record, RepRecord, SetRecord
from spineline.core.profile import Profile
from spineline.core.settings import Settings
from spineline.core.terms import Verdict
from spineline.io.config import Options
from spineline.io.data_folder import DATA_VARIABLE
from spineline.io.history import open_history
from spineline.io.tracks import RECORDED, between, identified, load_track, save_track
from tests.app.make_inputs import SOURCE, write_lift, write_recording, write_standing, write_unseen
from tests.app.make_live import KIND, LIVE, half, one_set, two_sets, watch_simulated
from tests.app.test_bad_input import told
from tests.io.make_history import DATE, PAIN, REP, STILL, lifted
from tests.io.make_video import write_video

CHANGED_S = 1_700_000_000


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep a history of the test's own."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def squats(tmp_path: Path) -> Path:
    """Save the track of a set of squats, some years ago."""
    path = write_lift(tmp_path / "squats.npz")
    os.utime(path, (CHANGED_S, CHANGED_S))
    return path


@pytest.fixture
def analyse(tmp_path: Path) -> Callable[..., int]:
    def analysed(*inputs: Path | str) -> int:
        """Analyse through the command line."""
        return run(["analyze", *map(str, inputs), "-o", str(tmp_path / "out"), "--no-report", "--quiet"])

    return analysed


def kept() -> list[SetRecord]:
    with open_history() as store:
        return [record for _, record in store.sets()]


def moment(record: SetRecord | PainRecord) -> datetime:
    return datetime.fromisoformat(record.date)


# What is kept of an analysis


def test_a_set_is_kept_as_analysis_json_has_it(
    tmp_path: Path, analyse: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    track, _ = load_track(write_lift(tmp_path / "pulls.npz", style="conventional", rounding_deg=30.0))
    assert analyse("pulls.npz", "--load", "60", "--body-mass", "80") == 0
    (record,) = kept()
    folder = tmp_path / "out" / "pulls_spineline"
    said = json.loads((folder / "analysis.json").read_text())
    assert (record.name, record.folder, record.lifter) == ("pulls.npz", str(folder), "me")
    assert (record.from_s, record.to_s) == (track.time_s[0], track.time_s[-1])
    assert (record.exercise, record.load_kg, record.body_mass_kg) == ("deadlift", 60.0, 80.0)
    assert (record.usable_share, record.mdc95_deg) == (said["usable_share"], said["mdc95_deg"])
    assert (record.yaw_deg, record.notes) == (said["view"]["yaw_deg"], tuple(said["notes"]))
    assert record.reference_source == said["reference"]["source"]
    assert record.reference_deg == said["reference"]["thoracic_deg"]
    assert (record.model, record.spine_sha256, record.still) == (SOURCE["model"], None, None)
    assert len(record.reps) == len(said["reps"]) == 2
    for rep, document in zip(record.reps, said["reps"], strict=True):
        mine = {name: value for name, value in vars(rep).items() if name not in ("flags", "sigma_deg")}
        assert mine.items() <= document.items()
        assert 0 < (rep.sigma_deg or 0) < 10
        assert len(rep.flags) == len(document["flags"]) > 0
        assert all(vars(flag).items() <= of.items() for flag, of in zip(rep.flags, document["flags"], strict=True))


def test_what_was_not_measured_stays_that(tmp_path: Path, analyse: Callable[..., int]) -> None:
    assert analyse(write_unseen(tmp_path / "unseen.npz")) == 3
    (record,) = kept()
    assert {rep.verdict for rep in record.reps} == {"not_measured"}
    assert {(rep.thoracic_change_peak_deg, rep.sigma_deg) for rep in record.reps} == {(None, None)}


def test_without_a_rep_there_is_no_set(tmp_path: Path, analyse: Callable[..., int]) -> None:
    assert analyse(write_standing(tmp_path / "standing.npz")) == 3
    assert kept() == []


def test_nothing_is_kept_if_that_is_not_wanted(squats: Path, data: Path, analyse: Callable[..., int]) -> None:
    assert analyse(squats, "--no-history") == 0
    assert not data.exists()


def test_several_processes_leave_it_to_the_first(squats: Path, tmp_path: Path, analyse: Callable[..., int]) -> None:
    rounded = write_lift(tmp_path / "rounded.npz", style="conventional", rounding_deg=30.0)
    assert analyse(squats, rounded, "--workers", "2", "--date", "2026-01-05") == 0
    assert [(Path(record.name).name, record.exercise) for record in kept()] == [
        ("squats.npz", "squat"), ("rounded.npz", "deadlift"),
    ]  # fmt: skip


# Who, and when


@pytest.mark.parametrize(
    ("options", "lifter"),
    [((), "me"), (("--lifter", "Zoë"), "Zoë"), (("--config", "anna.toml"), "Anna")],
)
def test_the_lifter_is_who_was_named(
    squats: Path,
    options: tuple[str, ...],
    lifter: str,
    tmp_path: Path,
    analyse: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("anna.toml").write_text('[analyze]\nlifter = "Anna"\n')
    assert analyse(squats, *options) == 0
    assert [record.lifter for record in kept()] == [lifter]
    config = (tmp_path / "out" / "squats_spineline" / "config.toml").read_text()
    assert (f'lifter = "{lifter}"' in config) == bool(options)


@pytest.mark.parametrize("options", [("--lifter", "a/b"), ("--config", "wrong.toml"), ("--date", "2999-01-01")])
def test_who_or_when_cannot_be_is_wrong_usage(
    squats: Path,
    options: tuple[str, ...],
    tmp_path: Path,
    analyse: Callable[..., int],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.toml").write_text('[analyze]\nlifter = "a/b"\n')
    assert analyse(squats, *options) == 2
    assert re.search(r"expected a name of 1 to 60 letters|Must not be in the future", told(capfd))
    assert not (tmp_path / "out").exists()


def test_the_date_is_said_or_that_of_the_recording_or_of_its_file(
    squats: Path, tmp_path: Path, analyse: Callable[..., int]
) -> None:
    changed = datetime.fromtimestamp(CHANGED_S, UTC)
    recorded = datetime(2026, 7, 4, 8, 53, 20, tzinfo=UTC)
    later = tmp_path / "later.npz"
    track, _ = load_track(squats)
    save_track(replace(track, time_s=track.time_s + 1, source={**SOURCE, RECORDED: recorded.isoformat()}), later)
    assert analyse(squats, later) == 0
    assert [moment(record) for record in kept()] == [changed, recorded]
    assert all(re.fullmatch(r"[-\d]{10}T[:\d]{8}[+-]\d\d:\d\d", record.date) for record in kept())
    assert analyse(squats, later, "--date", "2026-10-02T18:30") == 0
    assert [record.date[:19] for record in kept()] == ["2026-10-02T18:30:00"] * 2


def test_a_video_tells_when_it_was_recorded_and_so_does_its_track(pose_model: Path, tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.mp4", [n / 10 for n in range(8)])
    content = video.read_bytes()
    start = content.index(b"mvhd") + 8
    video.write_bytes(content[:start] + struct.pack(">I", 3_866_000_000) + content[start + 4 :])
    ask = Request(report=False, save_track=True)
    (done,) = analyze_all([str(video)], ask, model=pose_model, workers=1, on_progress=lambda *_: None)
    assert isinstance(done, Done)
    track, _ = load_track(done.folder / "track.npz")
    assert track.source[RECORDED] == "2026-07-04T08:53:20+00:00"
    assert track.source["sha256"] == json.loads(done.text)["input"]["sha256"]
    assert identified(track) is track


# The same set


def test_a_track_is_known_by_its_video_or_by_what_was_seen(squats: Path) -> None:
    track, sha256 = load_track(squats)
    mine = identified(track).source["sha256"]
    assert re.fullmatch("[0-9a-f]{64}", mine)
    assert mine != sha256
    renamed = replace(track, source={"file": "other.mp4", "sha256": "unknown"})
    assert identified(renamed).source["sha256"] == mine
    assert identified(between(track, 0.0, 3.0)).source["sha256"] != mine
    assert identified(replace(track, source={"sha256": "ab" * 32})).source["sha256"] == "ab" * 32


def test_a_set_analysed_again_is_the_same_also_from_another_copy(
    squats: Path, tmp_path: Path, analyse: Callable[..., int]
) -> None:
    assert analyse(squats) == analyse(squats, "--load", "50") == 0
    copy = tmp_path / "elsewhere.npz"
    copy.write_bytes(squats.read_bytes())
    assert analyse(copy) == 0
    (record,) = kept()
    assert Path(record.name).name == "elsewhere.npz"
    assert analyse(squats, "--time-range", "0", "6.5", "--save-track") == 0
    part, whole = sorted(kept(), key=lambda each: each.to_s)
    assert part.sha256 == whole.sha256 == record.sha256
    assert part.to_s < 6.5 < whole.to_s
    assert analyse(tmp_path / "out" / "squats_spineline" / "track.npz") == 0  # the part, saved
    assert len(kept()) == 2


def test_what_was_corrected_stays_unless_it_is_said_anew(squats: Path, analyse: Callable[..., int]) -> None:
    assert analyse(squats) == 0
    with open_history() as store:
        store.change(1, load_kg=80.0, lifter="Anna", date=DATE)
    assert analyse(squats) == 0
    (record,) = kept()
    assert (record.load_kg, record.lifter, record.date) == (80.0, "Anna", DATE)
    assert analyse(squats, "--load", "90", "--lifter", "Bob", "--date", "2026-01-02") == 0
    (record,) = kept()
    assert (record.load_kg, record.lifter, record.date[:10]) == (90.0, "Bob", "2026-01-02")


# Where it cannot be kept


def test_a_history_that_cannot_be_written_spoils_nothing(
    squats: Path, tmp_path: Path, data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = write_lift(tmp_path / "other.npz", reps=1)
    command = ["analyze", str(squats), str(other), "-o", str(tmp_path / "out"), "--no-report", "--json"]
    assert run(command) == 0
    well = capfd.readouterr().out
    (data / "history.db").write_bytes(b"damaged" * 1000)
    assert run(command) == 0
    shown = capfd.readouterr()
    assert shown.out == well
    assert shown.err.startswith(
        f"spineline: not kept in the history: {data / 'history.db'}: is damaged, or is no history"
    )
    assert shown.err.count("\n") == 1  # once, not for every input
    assert (data / "history.db").read_bytes() == b"damaged" * 1000


def test_a_memory_says_once_that_it_is_lost() -> None:
    said: list[str] = []
    memory = Memory(said.append)
    memory.add(PAIN)
    memory.add(replace(PAIN, pain=12))
    memory.add(replace(PAIN, when="before"))
    assert said == ["not kept in the history: pain: expected a number from 0 to 10, found '12'"]
    with open_history() as store:
        assert store.read().pain == (PAIN,)


def test_the_picture_of_a_known_set_stays() -> None:
    memory = Memory(pytest.fail)
    memory.add(lifted(still=STILL))
    memory.add(lifted(load_kg=None))
    assert kept() == [lifted()]
    with open_history() as store:
        assert store.get(1) == lifted(still=STILL)


# Live


def test_a_live_set_is_kept_and_is_the_same_when_analysed_again(tmp_path: Path, analyse: Callable[..., int]) -> None:
    given: list[Record] = []
    watched = watch_simulated(one_set(), record=tmp_path / "rec", keep=given.append, date=lambda: DATE)
    (record,) = given
    assert isinstance(record, SetRecord)
    assert moment(record) == datetime.fromisoformat(DATE)
    assert (record.lifter, record.folder) == ("me", str(tmp_path / "rec"))
    assert len(record.reps) == len(json.loads(watched.summaries[0].text)["reps"]) == 2
    with open_history() as store:
        store.add(record)
    assert analyse(tmp_path / "rec") == 0
    (again,) = kept()
    assert replace(again, folder=record.folder) == record


def test_a_live_set_that_is_not_recorded_is_kept_all_the_same() -> None:
    given: list[Record] = []
    watch_simulated(one_set(), keep=given.append)
    (record,) = given
    assert isinstance(record, SetRecord)
    assert re.fullmatch("[0-9a-f]{64}", record.sha256)
    assert (record.name, record.folder, record.spine_sha256) == ("simulated", None, KIND["spine_sha256"])
    assert abs((moment(record) - datetime.now(UTC)).total_seconds()) < 600


def test_each_live_set_is_kept_and_none_without_a_rep() -> None:
    given: list[Record] = []
    track = two_sets()
    watch_simulated(track, keys={half(track): ["r"]}, keep=given.append)
    sets = [record for record in given if isinstance(record, SetRecord)]
    assert len({record.sha256 for record in sets}) == len(sets) == len(given) == 2
    given.clear()
    watch_simulated(between(track, 0.0, 3.0), keep=given.append)
    assert given == []


def test_the_lifter_of_live_is_who_was_named_and_stays_that(tmp_path: Path, analyse: Callable[..., int]) -> None:
    given: list[Record] = []
    ask = Request(options=Options(lifter="Zoë", load_kg=60.0), settings=Settings(live=LIVE), report=False)
    watch_simulated(one_set(), record=tmp_path / "rec", keep=given.append, request=ask)
    assert [(record.lifter, record.load_kg) for record in given if isinstance(record, SetRecord)] == [("Zoë", 60.0)]
    assert analyse(tmp_path / "rec") == 0
    assert [(record.lifter, record.load_kg) for record in kept()] == [("Zoë", 60.0)]


def test_pain_typed_live_is_kept_at_once() -> None:
    given: list[Record] = []
    watched = watch_simulated(
        between(one_set(), 0.0, 3.0), keys={5: ["p", "2", "enter"]}, keep=given.append, date=lambda: DATE
    )
    assert given == [PainRecord(date=DATE, lifter="me", when="during", pain=2)]
    assert "pain 2 of 10 noted" in watched.said


def test_a_recording_of_an_earlier_version_is_of_the_time_of_its_file(
    tmp_path: Path, analyse: Callable[..., int]
) -> None:
    write_recording(tmp_path / "rec")
    os.utime(tmp_path / "rec" / "track.npz", (CHANGED_S, CHANGED_S))
    assert analyse(tmp_path / "rec") == 0
    assert [moment(record).timestamp() for record in kept()] == [CHANGED_S]


# Calibrations


def test_a_calibration_is_kept_with_what_was_measured() -> None:
    profile = Profile(
        thoracic_deg=1.5, bend_deg=3.0, sigma_deg=0.7, chest_deg=1.0, neck_deg=2.0, side="right", yaw_deg=1.0,
        spine_sha256="ab" * 32, pose_model="full", date=DATE, frames=30, seconds=3.0,
    )  # fmt: skip
    record = calibration_record("Zoë", profile)
    assert (record.slump_deg, record.slump_sigma_deg) == (None, None)
    slumped = calibration_record("Zoë", replace(profile, slump_deg=21.0, slump_sigma_deg=2.0))
    assert vars(slumped) == {
        "date": DATE, "lifter": "Zoë", "thoracic_deg": 1.5, "sigma_deg": 0.7, "slump_deg": 21.0,
        "slump_sigma_deg": 2.0, "spine_sha256": "ab" * 32,
    }  # fmt: skip


def test_the_picture_kept_is_of_the_worst_rep_that_has_one() -> None:
    def rep(index: int, verdict: Verdict, peak_deg: float | None) -> RepRecord:
        at_s = 10.0 * index
        return replace(REP, index=index, start_s=at_s, turn_s=at_s + 1, end_s=at_s + 2, verdict=verdict, flags=(),
                       thoracic_change_peak_deg=peak_deg)  # fmt: skip

    record = lifted(reps=(rep(1, "ok", 20.0), rep(2, "flag", 13.0), rep(3, "flag", 15.0), rep(4, "not_measured", None)))
    stills = {index: replace(STILL, rep=index) for index in (1, 2, 3, 4)}
    for left in (stills, {1: stills[1], 2: stills[2]}, {1: stills[1], 4: stills[4]}, {4: stills[4]}):
        with_picture = pictured(record, left)
        assert with_picture is not None
        assert with_picture.still == left[next(index for index in (3, 2, 1, 4) if index in left)]
    assert pictured(record, {}) == record
    assert pictured(None, stills) is None
