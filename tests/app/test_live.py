"""A live set: the same numbers as recorded, whatever ends it, and what keys and raised arms do."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spineline.app.analyze import Done, Request, Summary, analyze_all
from spineline.app.live import Live
from spineline.app.lookout import Eyes, Lookout
from spineline.core.moment import lag_s
from spineline.core.settings import Settings
from spineline.io.config import Options
from spineline.io.feed import Feed
from spineline.io.live_picture import Showing

SAMPLES = Path(__file__).parents[2] / "samples"
CLIP = SAMPLES / "deadlift_rounded.mp4"


@dataclass
class Watched:
    """A screen without a screen: remembers what was shown, and presses keys at the pictures named."""

    keys: dict[int, list[str]] = field(default_factory=dict)
    closes_after: int = 10**9
    shown: list[Showing] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Tell whether it is not closed yet."""
        return len(self.shown) < self.closes_after

    def show(self, _image: NDArray[np.uint8], showing: Showing, _scale: float) -> None:
        """Remember."""
        self.shown.append(showing)
        self.pressed += self.keys.pop(len(self.shown), [])

    def key(self) -> str | None:
        """Press what is due."""
        return self.pressed.pop(0) if self.pressed else None


class Heard:
    """Sounds that are remembered."""

    def __init__(self) -> None:
        self.cues: list[tuple[str, str | None]] = []
        self.muted, self.trouble = False, None

    def cue(self, level: str, words: str | None = None) -> None:
        """Remember."""
        self.cues.append((level, words))


@dataclass
class Run:
    """What came of one live run."""

    screen: Watched
    heard: Heard
    said: list[str]
    summaries: list[Summary]


def watch(
    source: Path,
    model: Path,
    *,
    record: Path | None = None,
    screen: Watched | None = None,
    options: dict[str, Any] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Run:
    """Play a video as a camera that waits for whoever looks, so that every picture is looked through."""
    run = Run(screen or Watched(), Heard(), [], [])
    request = Request(options=Options.from_mapping(options or {}), settings=Settings(), report=False)
    with (
        Eyes(model) as eyes,
        Feed(str(source), pace=False) as feed,
        Lookout(feed, eyes, request.settings.live, patient=True) as lookout,
    ):
        Live(
            lookout,
            run.screen,
            run.heard,  # type: ignore[arg-type]
            request,
            source=feed.name,
            eyes_kind=eyes.kind,
            record=record,
            say=run.said.append,
            show_summary=run.summaries.append,
            clock=feed.clock,
        ).run(stopped)
    return run


@pytest.fixture(scope="module")
def recorded(pose_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Analyse the clip as a recording."""
    ask = Request(output_dir=tmp_path_factory.mktemp("recorded"), report=False)
    (done,) = analyze_all([str(CLIP)], ask, model=pose_model, workers=1, on_progress=lambda *_: None)
    assert isinstance(done, Done)
    return done


@pytest.fixture(scope="module")
def lived(pose_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """Watch the same clip live, and keep it."""
    folder = tmp_path_factory.mktemp("lived") / "set"
    return watch(CLIP, pose_model, record=folder), folder


def reps_of(text: str) -> Any:
    return json.loads(text)["reps"]


def test_reps_and_verdicts_are_those_of_the_recording(lived: tuple[Run, Path], recorded: Done) -> None:
    run, _ = lived
    (summary,) = run.summaries
    assert len(reps_of(recorded.text)) == 2
    assert reps_of(summary.text) == reps_of(recorded.text)


def test_nothing_but_trouble_hides_the_advice_of_the_set_up(lived: tuple[Run, Path]) -> None:
    run, _ = lived
    assert run.said[0].endswith("20 pictures a second")
    assert {showing.advice for showing in run.screen.shown if showing.ready} == {""}


def test_the_gauge_shows_the_recorded_change_late_by_its_lag(lived: tuple[Run, Path], recorded: Done) -> None:
    run, _ = lived
    moments = [showing.moment for showing in run.screen.shown if showing.moment and showing.levels]
    frames = np.genfromtxt(recorded.folder / "frames.csv", delimiter=",", names=True, encoding="utf-8", dtype=None)
    known = np.isfinite(frames["thoracic_change_deg"])
    lag = lag_s(Settings().filters)
    time_s = np.array([moment.time_s for moment in moments])
    live_deg = np.array([moment.change_deg for moment in moments])
    then_deg = np.interp(time_s - lag, frames["time_s"][known], frames["thoracic_change_deg"][known])
    # The reference may still move while the lifter stands; from the first rep on it is that of the whole.
    lifting = np.isfinite(live_deg) & (time_s >= reps_of(recorded.text)[0]["start_s"])
    assert lifting.sum() > 20
    assert np.abs(live_deg - then_deg)[lifting].max() < 1.5


def test_a_recorded_set_is_analysed_to_the_same_again(lived: tuple[Run, Path], tmp_path: Path) -> None:
    run, folder = lived
    ask = Request(output_dir=tmp_path, report=False)
    (again,) = analyze_all([str(folder)], ask, model=None, workers=1, on_progress=lambda *_: None)
    assert isinstance(again, Done)
    assert again.text == run.summaries[0].text
    assert json.loads((folder / "analysis.json").read_text()) == json.loads(again.text)
