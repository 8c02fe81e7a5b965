"""The whole way from a shape to a picture and a film; needs the extra ``[train]``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.clips import render
from training.film import Film
from training.sets import Clip, samples
from training.skeleton import SEGMENT

pytestmark = pytest.mark.long


@pytest.fixture
def short_clip() -> Clip:
    """Half a second of the rounded sample deadlift, small, without camera noise."""
    whole = samples()[1]
    camera = replace(whole.camera, width_px=320, height_px=240)
    return replace(whole, camera=camera, fps=6.0, noise=0.0, max_s=0.5)


def frames_of(path: Path) -> tuple[list[float], list[np.ndarray]]:
    import av

    with av.open(str(path)) as container:
        got = [(float(f.time), f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    return [t for t, _ in got], [p for _, p in got]


def test_a_film_keeps_the_time_of_every_frame(tmp_path: Path) -> None:
    times = [0.0, 0.05, 0.11, 0.4, 0.41]
    with Film(tmp_path / "a.mp4", width_px=64, height_px=48, fps=20.0) as film:
        for k, time_s in enumerate(times):
            film.add(np.full((48, 64, 3), 40 * k, np.uint8), time_s)
    found, _ = frames_of(tmp_path / "a.mp4")
    np.testing.assert_allclose(found, times, atol=1e-4)


def test_a_film_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    film = Film(tmp_path / "a.mp4", width_px=64, height_px=48, fps=20.0)
    film.add(np.zeros((48, 64, 3), np.uint8), 0.0)
    film.__exit__(RuntimeError, None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_body_at_rest_is_itself_and_its_back_turns_as_planted() -> None:
    pytest.importorskip("anny")
    from training.body import BONES, Shape, make_body, skin
    from training.lifts import Recipe
    from training.motion import build
    from training.rig import bone_matrices

    body = make_body(Shape())
    np.testing.assert_allclose(body.weights.sum(axis=1), 1.0, atol=1e-5)
    still = skin(body.vertices_m, body.weights, np.tile(np.eye(4), (1, len(BONES), 1, 1)))[0]
    np.testing.assert_allclose(still, body.vertices_m, atol=1e-5)
    assert np.ptp(body.vertices_m[:, 2]) == pytest.approx(body.shape.stature_m, abs=1e-3)
    motion = build(body.skeleton, Recipe("deadlift", 3, 1, "rounded"), fps=5.0, floor_grip_m=0.225)
    matrices = bone_matrices(body, motion)
    turn = [np.degrees(np.arctan2(matrices[:, SEGMENT[n], 0, 2], matrices[:, SEGMENT[n], 2, 2])) for n in ("T1", "T12")]
    np.testing.assert_allclose(turn[0] - turn[1], motion.thoracic_deg, atol=1e-6)
    posed = skin(body.vertices_m, body.weights, matrices)
    assert posed[:, :, 2].min() > -0.03  # nobody sinks into the floor


def test_the_truth_lies_inside_the_picture_of_the_lifter(tmp_path: Path, short_clip: Clip) -> None:
    pytest.importorskip("anny")
    pytest.importorskip("vtk")
    video = render(short_clip, tmp_path)
    truth = json.loads((tmp_path / "deadlift_rounded.truth.json").read_text())
    times, pictures = frames_of(video)
    np.testing.assert_allclose(times, truth["frames"]["time_s"], atol=1e-3)
    points = dict(zip(truth["point_names"], truth["frames"]["points_px"][0], strict=True))
    for name in ("T3", "T8", "L1"):
        x, y = (int(v) for v in points[name])
        lifter, wall = pictures[0][y, x].astype(float), pictures[0][y, 80].astype(float)
        assert np.abs(lifter - wall).max() > 40
    again = render(short_clip, tmp_path)  # taken up, not rendered anew
    assert again.stat().st_mtime_ns == video.stat().st_mtime_ns
