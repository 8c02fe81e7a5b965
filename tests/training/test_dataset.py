"""The data set: what a file of one lifter holds, which pictures serve, and that a stop costs nothing but time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spineline.core.sim import Move, Simulated, simulate
from spineline.core.skeleton import SPINE_POINTS, Landmark
from spineline.core.track import RAW_ANGLES
from spineline.core.trunk import MARKS, PICTURE_SHAPE, cut_trunk, marks
from training import dataset
from training.dataset import MARGIN_PX, MAX_MISS, DataSet, Eye, fill, read_set
from training.frames import shoot_lifter

SHAPE = (PICTURE_SHAPE[0] + 2 * MARGIN_PX, PICTURE_SHAPE[1] + 2 * MARGIN_PX)
SCRIPT = [Move("stand", 1.0, 0.0), Move("descend", 1.0, 1.0, 50.0)]


def joints_px(done: Simulated, frame: int) -> Any:
    """Give the joints as the renderer does, ``(6, 2, 2)``: shoulder, elbow, hand, hip, knee and ankle, both sides."""
    names = ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE")
    marks = [[Landmark[f"{side}_{name}"] for side in ("LEFT", "RIGHT")] for name in names]
    return done.track.landmarks_px[frame][np.array(marks)]


def write_lifter(
    folder: Path, lifter: int, *, frames: int = 4, shoulders_aside: float = 0.0, hips_aside: float = 0.0
) -> Simulated:
    """Write the file of a simulated lifter; in the first frame the true joints lie so many lengths aside."""
    done = simulate(SCRIPT, style="romanian", time_s=np.linspace(0.1, 1.9, frames))
    rows = []
    for i in range(frames):
        joints = joints_px(done, i)
        if i == 0:
            length_px = np.linalg.norm(joints[0].mean(axis=0) - joints[3].mean(axis=0))
            joints[0, :, 0] += shoulders_aside * length_px
            joints[3, :, 0] += hips_aside * length_px
        rows.append(
            {
                "thoracic_deg": float(done.truth.thoracic_edge_deg[i]),
                "camera": {"yaw_deg": float(10 * i)},
                "points_px": done.truth.spine_px[i].tolist(),
                "joints_px": joints.tolist(),
            }
        )
    np.savez(
        folder / f"{lifter:05d}.npz",
        rows=np.array(json.dumps(rows)),
        pictures=np.full((frames, *SHAPE), lifter, dtype=np.uint8),
        marks=np.full((frames, MARKS), lifter, dtype=np.float32),
        **{name: getattr(done.track, name) for name in dataset._KEPT},
    )
    return done


# What a folder holds


def test_a_folder_is_of_one_set(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for _ in range(2):
        fill(folder, lifters=0, seed=3, natural_standing=0.5, workers=1)
    assert json.loads((folder / "manifest.json").read_text()) == {"seed": 3, "natural_standing": 0.5}
    for other in ({"seed": 4, "natural_standing": 0.5}, {"seed": 3, "natural_standing": 0.3}):
        with pytest.raises(ValueError, match="holds another set"):
            fill(folder, lifters=0, workers=1, **other)  # type: ignore[arg-type]
    assert json.loads((folder / "manifest.json").read_text()) == {"seed": 3, "natural_standing": 0.5}


def test_files_are_put_together(tmp_path: Path) -> None:
    done = [write_lifter(tmp_path, lifter, frames=frames) for lifter, frames in ((0, 4), (3, 2), (12, 3))]
    (tmp_path / "00013.part.npz").write_bytes(b"half of it")
    data = read_set(tmp_path)
    assert data.lifter.tolist() == [0] * 4 + [3] * 2 + [12] * 3
    assert data.pictures.shape == (9, *SHAPE)
    assert data.marks.shape == (9, MARKS)
    assert (data.pictures[:, 0, 0] == data.lifter).all()
    assert (data.marks[:, 0] == data.lifter).all()
    np.testing.assert_array_equal(data.track.landmarks_px, np.concatenate([d.track.landmarks_px for d in done]))
    assert len(data.rows) == len(data.track) == 9
    expected = np.concatenate([d.truth.thoracic_edge_deg for d in done])
    np.testing.assert_allclose(data.column("thoracic_deg"), expected)
    assert data.column("yaw_deg", "camera").tolist() == [0, 10, 20, 30, 0, 10, 0, 10, 20]
    assert read_set(tmp_path, most=2).lifter.tolist() == [0] * 4 + [3] * 2


def test_true_places_are_those_in_the_frame_of_what_was_found(tmp_path: Path) -> None:
    done = write_lifter(tmp_path, 0)
    places = read_set(tmp_path).places
    assert places.shape == (4, 2 * len(SPINE_POINTS))
    np.testing.assert_allclose(places, done.track.spine_raw[:, RAW_ANGLES:], atol=1e-9)


@pytest.mark.parametrize(
    ("shoulders", "hips", "kept"),
    [(0.8, 0.8, 4), (1.2, 1.2, 3), (1.2, 0.0, 3), (0.0, 1.2, 3), (-1.2, 0.0, 3), (0.0, -0.8, 4)],
)
def test_a_picture_in_which_somebody_else_was_found_is_left_out(
    shoulders: float, hips: float, kept: int, tmp_path: Path
) -> None:
    write_lifter(tmp_path, 0, shoulders_aside=shoulders * MAX_MISS, hips_aside=hips * MAX_MISS)
    data = read_set(tmp_path)
    assert len(data.rows) == len(data.pictures) == len(data.track) == len(data.lifter) == kept
    assert data.column("yaw_deg", "camera").tolist() == [0, 10, 20, 30][-kept:]


def test_a_lifter_who_was_never_found_is_passed_over(tmp_path: Path) -> None:
    write_lifter(tmp_path, 1)
    np.savez(tmp_path / "00000.npz", rows=np.array("[]"), pictures=np.empty(0), marks=np.empty(0))
    assert set(read_set(tmp_path).lifter) == {1}
    (tmp_path / "00001.npz").unlink()
    with pytest.raises(ValueError, match="found none"):
        read_set(tmp_path)


def test_the_eye_keeps_what_the_spine_model_would_be_shown() -> None:
    draw = np.random.default_rng(1)
    mask = draw.random((90, 70)).astype(np.float32)
    landmarks_px, world_m = draw.uniform(10, 60, (33, 2)), draw.normal(0, 1, (33, 3))
    eye = Eye()
    assert eye(mask, landmarks_px, world_m, -1.0).shape == (0,)
    np.testing.assert_array_equal(eye.picture, cut_trunk(mask, landmarks_px, -1.0, margin=MARGIN_PX))
    np.testing.assert_array_equal(eye.marks, marks(landmarks_px, world_m, -1.0))


# Rendered


def rendered_set(folder: Path, lifters: int) -> None:
    fill(folder, lifters=lifters, seed=11, natural_standing=1.0, workers=1)


@pytest.fixture(scope="module")
def rendered(pose_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Render and observe two lifters."""
    pytest.importorskip("anny")
    pytest.importorskip("vtk")
    assert pose_model.is_file()
    folder = tmp_path_factory.mktemp("rendered")
    rendered_set(folder, 2)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")  # VTK's, of its own classes
def test_rendered_lifters_are_seen_with_their_spines_in_their_backs(rendered: Path) -> None:
    assert names(rendered) == ["00000.npz", "00001.npz", "manifest.json"]
    data = read_set(rendered)
    assert set(data.lifter) == {0, 1}
    assert len(data.rows) >= 16
    assert data.pictures.shape[1:] == SHAPE
    places = data.places.reshape(-1, len(SPINE_POINTS), 2)
    c7, s1 = (places[:, SPINE_POINTS.index(name)] for name in ("C7", "S1"))
    assert -0.4 < np.median(c7[:, 0]) < 0.1
    assert 0.6 < np.median(s1[:, 0]) < 1.2
    aside = np.abs(data.column("yaw_deg", "camera")) < 45
    assert (places[aside, 3:, 1] > -0.05).mean() > 0.9, "behind the line from the shoulders to the hips"
    middle = data.pictures[:, SHAPE[0] // 2, SHAPE[1] // 2]
    assert (middle > 200).mean() > 0.9, "the trunk is in the middle of the picture"


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")  # VTK's, of its own classes
def test_a_stop_leaves_whole_files_only_and_the_rest_is_made_later(
    rendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = shoot_lifter

    def stopped(lifter: int, seed: int, **options: float) -> Iterator[Any]:
        for index, shot in enumerate(whole(lifter, seed, **options)):
            if (lifter, index) == (1, 2):
                raise KeyboardInterrupt
            yield shot

    monkeypatch.setattr(dataset, "shoot_lifter", stopped)
    with pytest.raises(KeyboardInterrupt):
        rendered_set(tmp_path, 2)
    assert names(tmp_path) == ["00000.npz", "manifest.json"]
    first = (tmp_path / "00000.npz").stat().st_mtime_ns
    monkeypatch.setattr(dataset, "shoot_lifter", whole)
    rendered_set(tmp_path, 2)
    assert names(tmp_path) == names(rendered)
    assert (tmp_path / "00000.npz").stat().st_mtime_ns == first
    assert_alike(read_set(tmp_path), read_set(rendered))


def assert_alike(one: DataSet, other: DataSet) -> None:
    """Compare two makings of a set: rendered alike whenever it is, and seen almost alike."""
    assert one.rows == other.rows
    assert one.lifter.tolist() == other.lifter.tolist()
    assert np.abs(one.pictures.astype(int) - other.pictures).mean() < 2
    assert np.median(np.abs(one.marks - other.marks)) < 0.02
