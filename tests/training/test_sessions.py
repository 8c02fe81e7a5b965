"""Sessions of one lifter: what stays and what changes, and what the benchmark makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import sessions as benchmark
from benchmarks.accuracy import Judged, judge
from spineline.core.settings import Settings
from training.dataset import observe, read_set
from training.frames import draw_lifter
from training.sessions import SAME_CLOTHES, SESSIONS, draw_session, shoot_sessions


def test_a_session_has_its_own_camera_and_room_and_some_their_own_clothes() -> None:
    base = draw_lifter(3, 4711)
    drawn = [draw_session(base, session, np.random.default_rng(session)) for session in range(SESSIONS)]
    assert len({clip.camera for clip in drawn}) == len({clip.room for clip in drawn}) == SESSIONS
    assert {clip.shape for clip in drawn} == {base.shape}
    assert [clip.outfit == base.outfit for clip in drawn] == [session in SAME_CLOTHES for session in range(SESSIONS)]
    assert all(abs(clip.camera.yaw_deg) <= 24.0 for clip in drawn)
    assert draw_session(base, 2, np.random.default_rng(2)) == drawn[2]


@pytest.fixture(scope="module")
def judged(pose_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """Render the first lifter and read the pictures."""
    pytest.importorskip("anny", reason="the extra [train] is not installed")
    assert pose_model.is_file()
    folder = tmp_path_factory.mktemp("sessions")
    observe(folder / "00000.npz", shoot_sessions(0, 4711))
    return judge(read_set(folder), Settings().view)


@pytest.mark.long
def test_the_same_postures_are_seen_in_every_session(judged: Judged, capsys: pytest.CaptureFixture[str]) -> None:
    session, true_deg = judged.data.column("session"), judged.true_deg
    first = set(true_deg[session == 0])
    assert all(set(true_deg[session == number]) <= first for number in range(1, SESSIONS))
    found = benchmark.standings(judged)
    assert list(found) == [(0, number) for number in range(SESSIONS)]
    benchmark.apart_report(found)
    benchmark.change_report(judged, found)
    shown = capsys.readouterr().out
    assert "| other camera and room, same clothes | 1 |" in shown
    assert "| other camera, room and clothes | 5 |" in shown
    assert "| the same session |" in shown
