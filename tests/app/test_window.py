"""`spineline live` in a real window, on a virtual screen, driven by keys."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.shots import SAMPLE as CLIP
from benchmarks.shots import playing, shows
from benchmarks.virtual_screen import VirtualScreen, missing, save, until
from spineline.io.encode import write_h264
from spineline.io.verdicts import CUES, SHORT_CUES
from spineline.io.video import read_frames
from spineline.io.window import TITLE

TIMES = 8
REPS = range(1, 2 * TIMES + 1)

pytestmark = [pytest.mark.alone, pytest.mark.skipif(missing() is not None, reason=missing() or "")]


@pytest.fixture
def screen() -> Iterator[VirtualScreen]:
    """Give a screen without the windows of an earlier test."""
    with VirtualScreen() as screen:
        yield screen


@pytest.fixture(scope="module")
def played_often(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a clip that shows its set again and again, so that it does not end while keys are pressed."""
    path = tmp_path_factory.mktemp("clip") / "often.mp4"
    frames = list(read_frames(CLIP))
    length_s = frames[-1].time_s + frames[1].time_s
    write_h264(((frame.time_s + i * length_s, frame.image) for i in range(TIMES) for frame in frames), path)
    return path


def test_keys_drive_a_set_from_its_first_rep_to_its_end(
    screen: VirtualScreen, played_often: Path, pose_model: Path, tmp_path: Path
) -> None:
    assert pose_model.is_file()
    kept = tmp_path / "kept"
    with playing(screen, played_often, "--record", str(kept)) as program:
        window = screen.window(TITLE)

        def shown(*these: dict[str, Any], rather_than: dict[str, Any]) -> None:
            """Wait until one of these is shown: reps go on meanwhile."""
            try:
                until(
                    lambda: any(shows(screen.picture(window), this, rather_than) for this in these),
                    f"{these[0]} in the window",
                )
            except TimeoutError as error:
                raise AssertionError(f"{error}; {screen.picture(window).shape}, {program.text}") from None

        assert CUES["thoracic_setup"] in program.said("Rep 1, ")
        shown(*({"count": count} for count in REPS), rather_than={"count": 0})
        cue = SHORT_CUES["thoracic_setup"].capitalize()
        shown(*({"last": ("flag", f"Rep {rep}: Flag"), "cue": cue} for rep in REPS), rather_than={})
        save(screen.picture(window), tmp_path / "live.png")

        muted, heard = {"state": ("recording", "muted")}, {"state": ("recording",)}
        shown(muted, rather_than=heard)
        screen.press(window, "m")
        shown(heard, rather_than=muted)
        screen.press(window, "space")
        program.said("paused")
        shown({"state": ("recording", "paused")}, rather_than=heard)
        for key, typed in (("p", ""), ("3", "3")):
            screen.press(window, key)
            shown({"state": (f"pain 0 to 10: {typed}_", "Enter keeps it")}, rather_than=heard)
        screen.press(window, "Return")
        program.said("pain 3 of 10 noted")
        screen.press(window, "space")
        program.said("going on")
        screen.press(window, "r")
        program.said(f"Written to {kept}:")
        shown({"count": 0}, rather_than={"count": 1})
        screen.press(window, "q")
        assert program.end() == 0, program.text
    (pain,) = json.loads((kept / "notes.json").read_text())["pain"]
    assert pain["pain_0_10"] == 3
    rep, *_ = json.loads((kept / "analysis.json").read_text())["reps"]
    assert rep["verdict"] == "flag"
    assert rep["start_s"] < pain["time_s"]
    assert (kept / "video.mp4").is_file()
    assert (tmp_path / "live.png").stat().st_size < 200_000


def test_closing_the_window_keeps_the_set(
    screen: VirtualScreen, played_often: Path, pose_model: Path, tmp_path: Path
) -> None:
    assert pose_model.is_file()
    kept = tmp_path / "kept"
    with playing(screen, played_often, "--record", str(kept)) as program:
        window = screen.window(TITLE)
        until(
            lambda: any(shows(screen.picture(window), {"count": count}, {"count": count + 1}) for count in (0, *REPS)),
            "a picture",
        )
        program.said("Rep 1, ")
        screen.close_window(window)
        assert program.end() == 0, program.text
        assert screen.gone(TITLE)
    assert (kept / "track.npz").is_file()
    assert (kept / "video.mp4").is_file()
    assert not (kept / "notes.json").exists()


def test_qt_asks_the_libx11_of_the_system_to_leave_events_to_it(screen: VirtualScreen) -> None:
    """Else an event is lost now and then, and the window stays black: in 7 of 60 starts on a busy machine."""
    opened = "from spineline.io.window import Window\nwith Window(): pass"
    watched = {**screen.environment(), "LD_DEBUG": "bindings"}
    program = subprocess.run([sys.executable, "-c", opened], env=watched, capture_output=True, text=True, check=True)
    (asked,) = set(re.findall(r"to (\S+) .*`XSetEventQueueOwner'", program.stderr))
    assert Path(asked).name == "libX11-xcb.so.1"
