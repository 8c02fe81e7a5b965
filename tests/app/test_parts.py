"""One video cut into parts for several processes: what comes out is what one process sees."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spineline.app import parts
from spineline.app.crew import Died
from spineline.app.footage import Followed, Footage, follow, observe
from spineline.app.parts import LEAD_S, LEAST_S, follow_in_parts
from spineline.core.analysis import analyze
from spineline.core.lifter import Observation, Person
from spineline.core.recording import Recording
from spineline.core.sim import Move, simulate
from spineline.core.track import PoseTrack
from spineline.errors import InputError
from spineline.io.decoder import ReadStats
from spineline.io.tracks import between
from spineline.io.video import VideoInfo, probe

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "samples" / "deadlift_neutral.mp4"
SHARED = ROOT.parent / "shared" / "clips"
FROM_S = 5.0
"""After the first cut of the shortest of them."""

REAL = ("dl_juris_crossfit2.mp4", "sq_juris_darebee_oblique.mp4", "sq_rohanx01_gym_side.mp4")


def nothing(*_: object) -> None:
    """Take note of no progress."""


# Real pictures


def apart(one: PoseTrack, other: PoseTrack) -> tuple[float, float]:
    """Return how far landmarks lie apart after the first cut, in torso lengths: median and 95th percentile."""
    one, other = between(one, FROM_S, 1e6), between(other, FROM_S, 1e6)
    np.testing.assert_array_equal(one.time_s, other.time_s)
    torso_px = np.nanmedian(np.linalg.norm(one.landmarks_px[:, 11] - one.landmarks_px[:, 23], axis=1))
    off_px = np.linalg.norm(one.landmarks_px - other.landmarks_px, axis=2)
    off = np.median(off_px[np.isfinite(off_px).all(axis=1)], axis=1) / torso_px
    return float(np.median(off)), float(np.percentile(off, 95))


def begun_at(film: Footage, start_s: float, model: Path) -> PoseTrack:
    return follow(Footage(film.info, (start_s, 1e6), nothing), model).recording.track()


def judged(track: PoseTrack) -> list[tuple[str, int]]:
    """Return verdict and turn, to a third of a second, of every rep."""
    return [(rep.verdict, round(3 * rep.rep.turn_s)) for rep in analyze(track).reps]


@pytest.mark.parametrize(
    "clip",
    [CLIP, *(pytest.param(SHARED / name, marks=pytest.mark.long) for name in REAL)],
    ids=lambda clip: clip.stem,
)
def test_parts_give_what_one_process_gives(clip: Path, pose_model: Path) -> None:
    if not clip.is_file():
        pytest.skip("this footage is not here")
    film = Footage(probe(clip), None, nothing)
    alone = observe(film, pose_model, None)
    # The tracker's own spread: what it makes of the same frames when it has begun at another moment.
    spread = np.max([apart(alone, begun_at(film, start_s, pose_model)) for start_s in (0.5, 1.7, 2.8)], axis=0)
    together = observe(film, pose_model, None, workers=2)
    np.testing.assert_array_equal(together.time_s, alone.time_s)
    assert together.source == alone.source
    assert (np.array(apart(alone, together)) <= 1.25 * spread).all()
    assert judged(together) == judged(alone)
    assert not np.array_equal(together.landmarks_px, alone.landmarks_px)  # or there were no parts


# How a film is cut


@cache
def info(duration_s: float | None) -> VideoInfo:
    return replace(probe(CLIP), duration_s_hint=duration_s)


def cut(duration_s: float | None, workers: int, time_range_s: tuple[float, float] | None = None) -> list[Any]:
    return parts._parts(Footage(info(duration_s), time_range_s, nothing), Path(), workers)


@pytest.mark.parametrize(
    ("duration_s", "workers", "count"),
    [
        (None, 4, 0),
        (7.9, 4, 1),
        (8.1, 4, 2),
        (60.0, 4, 4),
        (60.0, 64, 15),
        (240.0, 2, 2),
        (3600.0, 2, 30),
        (3600.0, 7, 35),
    ],
)
def test_parts_adjoin_and_keep_every_process_busy(duration_s: float | None, workers: int, count: int) -> None:
    found = cut(duration_s, workers)
    assert len(found) == count
    for one, other in pairwise(found):
        assert one.end_s == other.start_s
        assert LEAST_S <= one.end_s - one.start_s <= parts._MOST_S
    if count:
        assert (found[0].start_s, found[-1].end_s) == (0.0, float("inf"))
        assert [each.lead_s for each in found] == [0.0] + [LEAD_S] * (count - 1)


def test_a_range_of_time_is_cut_within_its_bounds() -> None:
    found = cut(60.0, 3, (10.0, 40.0))
    assert [(each.start_s, each.end_s) for each in found] == [(10.0, 20.0), (20.0, 30.0), (30.0, 40.0)]
    assert [each.lead_s for each in found] == [0.0, LEAD_S, LEAD_S]
    assert cut(60.0, 3, (50.0, 100.0))[-1].end_s == 100.0  # the header may be wrong about the end


# Parts that do not fit


TRACK = simulate([Move("stand", 24.0)], fps=10.0).track


@dataclass
class Crew:
    """Stands in for processes: follows TRACK, in which the lifter is somewhere else at the start of each part."""

    settles_s: float
    unread_s: tuple[float, float] = (0.0, 0.0)
    dies: int | None = None

    def __post_init__(self) -> None:
        self.asked: list[tuple[float, float]] = []

    def __call__(self, _work: object, items: Sequence[Any], **_: object) -> Iterator[tuple[int, Followed | Died]]:
        """Hand out what `in_crew` would."""
        for place in reversed(range(len(items))):  # they come in any order
            part = items[place]
            self.asked.append((part.start_s, part.lead_s))
            yield place, Died("it died") if place == self.dies else Followed(self._seen(part), ReadStats(decoded=1))

    def _seen(self, part: Any) -> Recording:
        recording = Recording(TRACK.image_size_px)
        began_s = part.start_s - part.lead_s
        for i in np.flatnonzero((TRACK.time_s >= began_s) & (TRACK.time_s < part.end_s)):
            time_s = float(TRACK.time_s[i])
            if self.unread_s[0] <= time_s < self.unread_s[1] and 0 < part.start_s <= time_s:
                continue
            lost = began_s > 0 and time_s - began_s < self.settles_s
            person = Person(TRACK.landmarks_px[i] + 300.0 * lost, TRACK.world_m[i], TRACK.visibility[i])
            bits, scale_px = TRACK.silhouette_bits[i], float(TRACK.silhouette_scale_px[i])
            recording.add(time_s, Observation(person, bits, scale_px, 1.0, 0.0, 0, TRACK.spine_raw[i]))
        return recording


def followed(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> Followed | None:
    monkeypatch.setattr(parts, "in_crew", crew)
    return follow_in_parts(Footage(info(24.0), None, nothing), Path(), workers=3)


def test_parts_are_joined_in_order_whenever_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew(settles_s=0.5)
    found = followed(crew, monkeypatch)
    assert found is not None
    assert found.stats.decoded == 3
    np.testing.assert_array_equal(found.recording.track().landmarks_px, TRACK.landmarks_px.astype(np.float32))
    assert crew.asked == [(16.0, 1.0), (8.0, 1.0), (0.0, 0.0)]


def test_a_part_that_does_not_fit_is_followed_from_further_back(monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew(settles_s=3.0)
    found = followed(crew, monkeypatch)
    assert found is not None
    np.testing.assert_array_equal(found.recording.track().landmarks_px, TRACK.landmarks_px.astype(np.float32))
    again = crew.asked[3:]
    assert [start_s for start_s, _ in again] == [8.0, 16.0]
    assert again[0][1] == 8.0  # not before the start of the film
    assert again[1][1] == pytest.approx(10.1)  # ten seconds before the frame in which somebody was last seen


def test_parts_that_never_fit_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert followed(Crew(settles_s=30.0, unread_s=(7.0, 8.0)), monkeypatch) is None


def test_a_frame_that_one_part_has_not_read_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert followed(Crew(settles_s=0.5, unread_s=(15.85, 16.0)), monkeypatch) is None


def test_a_process_that_was_ended_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"deadlift_.*\.mp4: it died"):
        followed(Crew(settles_s=0.5, dies=1), monkeypatch)
