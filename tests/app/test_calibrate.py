"""Taking a profile: what is asked for and when, what comes of it, and what stays as it was."""

import itertools
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from spineline.app.calibrate import ASKED, HELD, Calibration, Guide
from spineline.app.cli import run
from spineline.app.lookout import Eyes, Lookout
from spineline.app.remember import calibration_record
from spineline.core.calibration import measure_standing
from spineline.core.coach import Advice, Setup
from spineline.core.settings import Settings
from spineline.core.sim import THORACIC_EDGE_DEG, Move, simulate
from spineline.core.track import Floats, PoseTrack
from spineline.errors import InputError
from spineline.io.data_folder import DEFAULT_PROFILE
from spineline.io.encode import write_h264
from spineline.io.feed import Feed
from spineline.io.history import open_history
from spineline.io.live_picture import Showing, paint, words
from spineline.io.profiles import list_profiles, load_profile, save_profile
from spineline.io.tracks import between
from spineline.io.video import read_frames
from tests.app.make_inputs import CLIP
from tests.app.test_live import Heard, Watched, watch
from tests.io.make_video import write_video

SETTINGS = Settings()
DATE = "2026-11-23"
READY = Setup(())
DARK = Setup((Advice("too_dark", "too dark"),))
ALONE = Setup((Advice("nobody", "no one in the picture"),))

SET_UP_S = SETTINGS.coach.window_s
COUNTED_S = SETTINGS.calibration.countdown_s
HELD_S = 2 * SETTINGS.reference.profile_s
SHOWN_S = SETTINGS.calibration.shown_s
HOLD_S = SET_UP_S + COUNTED_S
MEASURED_S = HOLD_S + HELD_S

QUICK = Settings.from_mapping({"calibration": {"countdown_s": 1.0, "shown_s": 0.5}, "coach": {"window_s": 1.0}})
PICTURE_S = 0.1
"""Between two pictures of the clip."""


@dataclass
class Led:
    """What came of leading somebody simulated."""

    guide: Guide
    cues: list[tuple[str, str | None]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    shown: list[tuple[float, str, str, str]] = field(default_factory=list)

    def steps(self) -> list[tuple[str, float]]:
        """Give each step that was come to, and when."""
        begun = zip([("", "")] + [each[1:3] for each in self.shown], self.shown, strict=False)
        return [(now[1], round(now[0], 1)) for before, now in begun if before[0] != now[1]]

    def spoken(self) -> list[str]:
        """Give the words that were to be heard."""
        return [words for _, words in self.cues if words]


def led(
    track: PoseTrack,
    setup: Callable[[float], Setup] = lambda _: READY,
    *,
    slump: bool = False,
    guided: bool = True,
) -> Led:
    """Lead a lifter through it, picture by picture."""
    now_s = [0.0]
    cues: list[tuple[str, str | None]] = []
    said: list[str] = []
    guide = Guide(
        SETTINGS,
        seen=lambda from_s: between(track, max(0.0, from_s), now_s[0]),
        cue=lambda level, words: cues.append((level, words)),
        say=said.append,
        date=DATE,
        slump=slump,
        guided=guided,
    )
    come = Led(guide, cues, said)
    for time_s in track.time_s:
        if guide.step == "over":
            break
        now_s[0] = float(time_s)
        guide.see(float(time_s), setup(float(time_s)))
        come.shown.append((float(time_s), guide.step, guide.words, guide.count))
    return come


def posed(*moves: Move, fps: float = 12.5, time_s: Floats | None = None) -> PoseTrack:
    return simulate(moves, fps=fps, time_s=time_s, silhouettes=False).track


def standing(seconds: float = MEASURED_S + SHOWN_S + 1, more_deg: float = 0.0) -> Move:
    return Move("stand", seconds, 0.0, THORACIC_EDGE_DEG + more_deg)


def bent(seconds: float) -> tuple[Move, ...]:
    return Move("stand", 0.1, 0.0), Move("descend", 0.5, 1.0), Move("bottom", seconds - 0.6)


# What is asked for, and when


@pytest.mark.parametrize("fps", [12.5, 40.0])
def test_standing_is_asked_for_counted_down_to_and_measured(fps: float) -> None:
    track = posed(standing(), fps=fps)
    come = led(track)
    begun = [("set_up", 0.0), ("countdown", SET_UP_S), ("hold", HOLD_S), ("told", MEASURED_S)]
    expected = [*begun, ("over", MEASURED_S + SHOWN_S)]
    assert [name for name, _ in come.steps()] == [name for name, _ in expected]
    np.testing.assert_allclose([t for _, t in come.steps()], [t for _, t in expected], atol=5 / fps)
    assert come.guide.complete
    profile = come.guide.profile
    assert profile is not None
    assert profile.date == DATE
    assert profile.seconds == pytest.approx(HELD_S, abs=2 / fps)
    whole = measure_standing(track, date=DATE)
    assert profile.bend_deg == pytest.approx(whole.bend_deg, abs=0.5)
    assert come.cues == [
        ("info", ASKED["standing"]), ("info", "3"), ("info", "2"), ("info", "1"), ("start", None),
        ("good", "standing measured"),
    ]  # fmt: skip
    counted = [count for _, step, _, count in come.shown if step == "countdown"]
    assert list(dict.fromkeys(counted)) == ["5", "4", "3", "2", "1"]
    held = [(words, count) for _, step, words, count in come.shown if step == "hold"]
    assert list(dict.fromkeys(held)) == [(HELD["standing"], count) for count in ("3", "2", "1")]


def test_what_was_measured_is_said_back_with_its_error() -> None:
    said = led(posed(standing(more_deg=4.0))).said[-1]
    assert re.fullmatch(
        r"standing: thoracic flexion 4°, from (2\.9|3\.0|3\.1) s, seen from the right side, 6° off a true side view; "
        r"as reference ± 1° today, ± 3° in another session",
        said,
    )


def test_it_waits_until_the_set_up_is_good_and_advises_shortly() -> None:
    come = led(posed(standing(12.0)), lambda t: ALONE if t < 4 else DARK if t < 8 else READY)
    name, begun_s = come.steps()[1]
    assert name == "countdown"
    assert begun_s == pytest.approx(8.0, abs=0.2)
    assert come.spoken()[:3] == ["no one in the picture", "too dark", ASKED["standing"]]
    assert come.said[:3] == come.spoken()[:3]
    shown = {words for t, _, words, _ in come.shown if SET_UP_S < t < 4}
    assert shown == {"no one in the picture"}


def test_advice_that_comes_and_goes_is_not_spoken_each_time() -> None:
    come = led(posed(standing(8.0)), lambda t: ALONE if int(2 * t) % 2 else DARK)
    assert len(come.spoken()) <= 2
    assert come.guide.amiss
    assert come.guide.why_not in ("no one in the picture", "too dark")


def test_whoever_walks_off_in_the_countdown_is_set_up_anew() -> None:
    come = led(posed(standing(20.0)), lambda t: ALONE if 5 <= t < 6 else READY)
    assert [name for name, _ in come.steps()][:5] == ["set_up", "countdown", "set_up", "countdown", "hold"]
    assert come.steps()[4][1] == pytest.approx(6.0 + COUNTED_S, abs=0.2)


def test_what_could_not_be_measured_is_told_and_tried_again() -> None:
    come = led(posed(*bent(MEASURED_S + 2), Move("ascend", 1.0, 0.0), standing(20.0)))
    assert come.guide.complete
    assert [name for name, _ in come.steps()][:6] == ["set_up", "countdown", "hold", "told", "set_up", "countdown"]
    (why,) = (line for line in come.said if line.startswith("expected"))
    assert why.endswith("stand still and upright, arms hanging, nothing in the hands; once more")
    assert ("caution", "stand still and upright, arms hanging, nothing in the hands") in come.cues


def test_a_camera_gone_while_measuring_costs_a_try_and_no_more() -> None:
    time_s = np.arange(0, 40, PICTURE_S)
    seen = (time_s < HOLD_S + 0.5) | (time_s > HOLD_S + 10)
    come = led(posed(standing(40.0), time_s=time_s[seen]))
    assert come.guide.complete
    assert come.guide.profile is not None
    assert come.guide.profile.seconds == pytest.approx(HELD_S, abs=0.2)
    assert sum(line.endswith("once more") for line in come.said) == 1


def test_after_three_tries_it_ends_without_a_profile() -> None:
    come = led(posed(*bent(60.0)))
    assert come.guide.step == "over"
    assert [name for name, _ in come.steps()].count("hold") == SETTINGS.calibration.tries
    assert come.guide.profile is None
    assert not come.guide.complete
    assert come.guide.why_not.startswith("expected 1.5 s of relaxed standing")
    assert len([line for line in come.said if line.startswith("expected")]) == SETTINGS.calibration.tries - 1


# The slump


def slumping(more_deg: float, seconds: float = 10.0) -> tuple[Move, Move, Move]:
    upright_s = MEASURED_S + SHOWN_S
    return standing(upright_s), Move("stand", 1.0, None, THORACIC_EDGE_DEG + more_deg), Move("stand", seconds)


def test_a_slump_is_asked_for_after_standing_whatever_the_set_up_is_by_then() -> None:
    come = led(posed(*slumping(20.0, 15.0)), lambda t: READY if t < MEASURED_S else DARK, slump=True)
    assert come.guide.complete
    names = [name for name, _ in come.steps()]
    assert names == ["set_up", "countdown", "hold", "told", "countdown", "hold", "told", "over"]
    assert ASKED["slump"] in come.spoken()
    assert come.spoken()[-1] == "slump measured"
    profile = come.guide.profile
    assert profile is not None
    assert profile.slump_deg == pytest.approx(20.0, abs=1.0)
    assert come.said[-1] == f"slump: {profile.slump_deg:.0f}° ± 1° more rounded than standing"


def test_a_slump_that_fails_is_left_out_and_the_standing_stays() -> None:
    come = led(posed(standing(60.0)), slump=True)
    assert come.guide.complete
    assert come.guide.profile is not None
    assert math.isnan(come.guide.profile.slump_deg)
    assert [name for name, _ in come.steps()].count("hold") == 1 + SETTINGS.calibration.tries
    assert come.said[-1].startswith("expected a slump at least 8 degrees")
    assert come.said[-1].endswith("; the slump is left out")


def test_nothing_is_complete_before_the_slump_is() -> None:
    come = led(posed(standing(MEASURED_S + 1)), slump=True)
    assert come.guide.profile is not None
    assert not come.guide.complete


# A video, in which nobody can be asked


@pytest.mark.parametrize("slump", [False, True])
def test_a_video_is_measured_at_its_end(slump: bool) -> None:
    track = posed(standing(3.0), Move("stand", 1.0, None, THORACIC_EDGE_DEG + 20), Move("stand", 2.0))
    come = led(track, lambda _: DARK, slump=slump, guided=False)
    assert {step for _, step, _, _ in come.shown} == {"hold"}
    assert come.cues == []
    come.guide.end()
    profile = come.guide.profile
    assert come.guide.complete
    assert profile is not None
    assert profile.bend_deg == pytest.approx(7.0, abs=0.5)
    assert math.isfinite(profile.slump_deg) == slump


def test_a_video_without_standing_is_measured_once() -> None:
    come = led(posed(*bent(6.0)), slump=True, guided=False)
    come.guide.end()
    assert not come.guide.complete
    assert come.said == []
    assert "stand still and upright" in come.guide.why_not


# The whole, with real pictures


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the profiles where nobody else does."""
    monkeypatch.setenv("SPINELINE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a sample's lifter stand for six seconds: its standing back and forth, and the noise of a camera."""
    with read_frames(CLIP) as frames:
        there = [frame.image for frame in frames if frame.time_s < 1.3]
    row = [*range(len(there)), *range(len(there) - 2, 0, -1)]
    noise = np.random.default_rng(0)
    seen = (there[i] + noise.integers(-2, 3, there[i].shape) for i in itertools.cycle(row))
    times = (PICTURE_S * i for i in range(60))
    path = tmp_path_factory.mktemp("clip") / "standing.mp4"
    write_h264(((t, np.clip(image, 0, 255).astype(np.uint8)) for t, image in zip(times, seen, strict=False)), path)
    return path


def taken(clip: Path, model: Path, screen: Watched, heard: Heard) -> list[str]:
    """Take a profile from a clip as if it were a camera; return what was said."""
    said: list[str] = []
    with (
        Eyes(model) as eyes,
        Feed(str(clip), pace=False) as feed,
        Lookout(feed, eyes, QUICK.live, patient=True) as lookout,
    ):
        source = {"file": feed.name, **eyes.kind}
        Calibration(
            lookout, screen, heard, QUICK, name="me", source=source, say=said.append  # type: ignore[arg-type]
        ).run(lambda: False)  # fmt: skip
    return said


def texts(showings: Sequence[Showing]) -> list[str]:
    return list(dict.fromkeys(words(showing)[0] for showing in showings))


def test_somebody_is_led_through_it_and_their_profile_kept(clip: Path, pose_model: Path) -> None:
    screen, heard = Watched(), Heard()
    said = taken(clip, pose_model, screen, heard)
    profile = load_profile("me")
    assert profile.seconds == pytest.approx(HELD_S, abs=0.2)
    assert abs(profile.thoracic_deg) < 8.0
    assert abs(profile.yaw_deg) < 10.0
    assert (profile.side, profile.pose_model) == ("right", "full")
    shown = texts(screen.shown)
    assert [ASKED["standing"], HELD["standing"]] == shown[1:3]
    assert shown[3].startswith("standing: thoracic flexion")
    assert {showing.guide for showing in screen.shown} == {"", "3", "2", "1"}
    assert said[-1] == "kept as the profile me; compare with it: --profile me"
    assert heard.cues[-1] == ("good", "standing measured")


def test_whoever_ends_it_keeps_what_was_there(clip: Path, pose_model: Path, data: Path) -> None:
    profile = measure_standing(posed(standing(3.0)), date=DATE)
    before = save_profile("me", profile).read_bytes()
    for screen in (Watched(keys={20: ["q"]}), Watched(closes_after=15)):
        heard = Heard()
        with pytest.raises(InputError, match="no profile was taken: it was ended before"):
            taken(clip, pose_model, screen, heard)
        assert len(screen.shown) <= 20
    assert [path.read_bytes() for path in (data / "profiles").iterdir()] == [before]


def test_the_command_keeps_a_profile_that_analyze_compares_with(
    clip: Path, pose_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_profile(DEFAULT_PROFILE, measure_standing(posed(standing(3.0)), date=DATE))
    command = ["calibrate", "--source", str(clip), "--model", str(pose_model), "--no-window", "--slump"]
    assert run(command) == 0
    shown = capsys.readouterr().out
    assert "the slump is left out" in shown
    assert f"kept as the profile me in place of that of {DATE}; " in " ".join(shown.split())
    profile = load_profile("me")
    with open_history() as store:
        assert store.read().calibrations == (calibration_record("me", profile),)
    assert profile.date != DATE
    assert profile.seconds > HELD_S
    command = ["analyze", str(clip), "-o", str(tmp_path), "--model", str(pose_model), "--no-report", "--json"]
    assert run([*command, "--profile", "me"]) == 3
    reference = json.loads(capsys.readouterr().out)["reference"]
    assert (reference["source"], reference["profile_date"]) == ("profile", profile.date)
    assert reference["thoracic_deg"] == pytest.approx(profile.thoracic_deg, abs=0.01)


def complaint_of(capsys: pytest.CaptureFixture[str]) -> str:
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    return line.removeprefix("spineline: ").rstrip("\n")


def test_a_video_of_nobody_gives_no_profile_and_one_line(
    pose_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = write_video(tmp_path / "nobody.mp4", times_s=[i / 10 for i in range(10)])
    assert run(["calibrate", "--source", str(nobody), "--model", str(pose_model), "--no-window"]) == 2
    assert complaint_of(capsys).startswith(
        "no profile was taken: expected 1.5 s of relaxed standing with the upper back measured, found 0.0 s: "
        "nobody could be followed"
    )
    assert list_profiles() == ()


def test_a_name_that_cannot_be_is_refused_before_the_camera_is_opened(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calibrate", "--profile", "../me", "--source", "nowhere.mp4", "--no-window"]) == 2
    assert complaint_of(capsys).startswith("expected a name of 1 to 60 letters")


def test_standing_before_a_live_set_is_kept_by_a_key_under_the_same_name(clip: Path, pose_model: Path) -> None:
    screen = Watched(keys={45: ["c"]}, closes_after=48)
    come = watch(clip, pose_model, screen=screen)
    assert f"your standing is kept as the profile {DEFAULT_PROFILE} and compared with from now on" in come.said
    assert load_profile(DEFAULT_PROFILE).seconds > SETTINGS.reference.profile_s


# The picture


def test_the_seconds_left_stand_in_place_of_reps_and_gauge() -> None:
    image = np.zeros((720, 1280, 3), np.uint8)
    counted, nothing, live = (paint(image, Showing(cue="hold still", guide=guide)) for guide in ("3", "", None))
    assert counted.shape == live.shape
    side = np.s_[:, 1280:]
    assert len(np.unique(nothing[side].reshape(-1, 3), axis=0)) == 1
    assert (counted[side] != nothing[side]).any(axis=2).sum() > 1000
    assert (live[side] != nothing[side]).any(axis=2).sum() > 1000
    np.testing.assert_array_equal(counted[:, :1280], live[:, :1280])
    assert words(Showing(cue="hold still", guide="3")) == ["hold still", "3"]
    assert words(Showing(cue="hold still", guide="", advice="too dark", state=("muted",))) == ["too dark", "muted"]
