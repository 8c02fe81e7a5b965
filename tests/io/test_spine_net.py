"""The spine model: what it is shown, that a file which is none is refused, and that a film is read by it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spineline.core.figure import Camera
from spineline.core.lifter import Observation
from spineline.core.sim import lift, simulate
from spineline.core.skeleton import SPINE_POINTS
from spineline.core.track import RAW, RAW_ANGLES, Floats
from spineline.core.trunk import MARKS, PICTURE_SHAPE, cut_trunk, marks, trunk_frame
from spineline.errors import ModelError
from spineline.io.models import shipped_folder
from spineline.io.pose import PoseObserver, ReadSpine
from spineline.io.spine_net import FILE_NAME, SpineNet
from spineline.io.video import read_frames
from tests.io.make_onnx import linear_onnx, one_input_onnx

PIXELS = PICTURE_SHAPE[0] * PICTURE_SHAPE[1]
SHIPPED = shipped_folder() / FILE_NAME
SAMPLE = Path(__file__).parents[2] / "samples" / "deadlift_rounded.mp4"

Pictures = NDArray[np.uint8]
Places = NDArray[np.float32]


@pytest.fixture(scope="module")
def shipped() -> SpineNet:
    return SpineNet()


def strewn(count: int, seed: int) -> tuple[Pictures, Places]:
    """Give pictures and marks of nobody."""
    draw = np.random.default_rng(seed)
    pictures = draw.integers(0, 256, (count, *PICTURE_SHAPE), dtype=np.uint8)
    return pictures, draw.normal(0.0, 1.0, (count, MARKS)).astype(np.float32)


def lifter(facing: int) -> tuple[NDArray[np.float32], Floats, Floats]:
    """Give mask, landmarks and world landmarks of a simulated lifter at the bottom of a deadlift."""
    track = simulate(
        lift("romanian", reps=1), style="romanian", time_s=np.array([3.5]), camera=Camera(facing=facing)
    ).track
    bits = np.unpackbits(track.silhouette_bits[0]).reshape(128, 128)[:, ::facing].astype(np.float32)
    scale_px = track.silhouette_scale_px[0]
    centre = track.landmarks_px[0, [11, 12]].mean(axis=0)
    return bits, (track.landmarks_px[0] - centre) / scale_px + 64.0, track.world_m[0]


# What it is shown, and what it answers


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_network_is_given_pixels_from_0_to_1_and_the_marks(count: int, tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    weights, places_weights = (draw.normal(0.0, 0.1, (n, RAW)).astype(np.float32) for n in (PIXELS, MARKS))
    path = tmp_path / "stand_in.onnx"
    path.write_bytes(linear_onnx(weights, places_weights))
    pictures, places = strewn(count, 2)
    found = SpineNet(path).run(pictures, places)
    assert found.shape == (count, RAW)
    assert found.dtype == np.float64
    expected = pictures.reshape(count, -1) / 255.0 @ weights + places @ places_weights
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def test_together_they_are_read_as_one_by_one(shipped: SpineNet) -> None:
    pictures, places = strewn(9, 3)
    one_by_one = np.concatenate([shipped.run(pictures[i : i + 1], places[i : i + 1]) for i in range(9)])
    assert np.ptp(one_by_one, axis=0).min() > 0
    for count in (9, 2, 9, 1):
        found = shipped.run(pictures[:count], places[:count])
        np.testing.assert_allclose(found, one_by_one[:count], rtol=0, atol=1e-4)


@pytest.mark.parametrize("facing", [1, -1])
def test_one_picture_is_cut_and_marked_as_the_core_does(facing: int, shipped: SpineNet) -> None:
    mask, landmarks_px, world_m = lifter(facing)
    found = shipped(mask, landmarks_px, world_m, float(facing))
    picture, places = cut_trunk(mask, landmarks_px, facing), marks(landmarks_px, world_m, facing)
    assert 0.1 < (picture > 127).mean() < 0.9, "somebody, and room around"
    assert found.shape == (RAW,)
    np.testing.assert_array_equal(found, shipped.run(picture[None], places[None])[0])
    assert found[2] > 0, "sigma"
    assert np.isfinite(found).all()


def test_both_sides_are_read_alike(shipped: SpineNet) -> None:
    right, left = (shipped(*lifter(facing), float(facing)) for facing in (1, -1))
    np.testing.assert_allclose(left[:3], right[:3], rtol=0, atol=2.0)  # pixels fall otherwise
    np.testing.assert_allclose(left[3:], right[3:], rtol=0, atol=0.05)


def test_the_spine_of_a_simulated_lifter_is_found_in_its_back(shipped: SpineNet) -> None:
    places = shipped(*lifter(1), 1.0)[3:].reshape(-1, 2)
    from_c7 = places[SPINE_POINTS.index("C7") :]
    assert (np.diff(from_c7[:, 0]) > 0).all()
    assert (np.abs(from_c7[:, 1]) < 0.35).all()
    assert 0.6 < from_c7[-1, 0] < 1.2


def test_the_shipped_file_is_small() -> None:
    assert SHIPPED.stat().st_size <= 3e6


# Refusals


def refused(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Expect one line that names the file and says what to do, and nothing beside it on the terminal."""
    with pytest.raises(ModelError) as caught:
        SpineNet(path)
    message = str(caught.value)
    assert message.startswith(f"{path.name}: ")
    assert "install anew" in message
    assert "\n" not in message
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")


def zeros(rows: int, columns: int) -> NDArray[np.float32]:
    return np.zeros((rows, columns), dtype=np.float32)


NOT_ONE = {
    "empty": b"",
    "text": b"no network at all\n" * 100,
    "zeros": bytes(1000),
    "first byte": b"\x08",
    "other names": linear_onnx(zeros(PIXELS, RAW), zeros(MARKS, RAW), names=("x", "y")),
    "other pictures": linear_onnx(zeros(64 * 64, RAW), zeros(MARKS, RAW), picture_shape=(64, 64)),
    "other marks": linear_onnx(zeros(PIXELS, RAW), zeros(MARKS + 1, RAW)),
    "other answer": linear_onnx(zeros(PIXELS, 3), zeros(MARKS, 3)),
    "no marks": one_input_onnx(RAW),
}


@pytest.mark.parametrize("name", NOT_ONE)
def test_a_file_that_is_no_spine_model_is_refused(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(NOT_ONE[name])
    refused(path, capfd)


@pytest.mark.parametrize("share", [0.001, 0.3, 0.99])
def test_a_part_of_a_file_is_refused(share: float, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = SHIPPED.read_bytes()
    path = tmp_path / "part.onnx"
    path.write_bytes(data[: int(share * len(data))])
    refused(path, capfd)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    refused(tmp_path / "nowhere.onnx", capfd)
    refused(tmp_path, capfd)


# In a film


@dataclass
class Witness:
    """Reads nothing, answers with numbers of its own, and remembers what it was shown."""

    shown: list[tuple[NDArray[np.float32], Floats, Floats, float]] = field(default_factory=list)

    def __call__(self, mask: NDArray[np.float32], landmarks_px: Floats, world_m: Floats, facing: float) -> Floats:
        """Answer with the columns' numbers, and a hundred more each time."""
        self.shown.append((mask, landmarks_px, world_m, facing))
        return np.asarray(np.arange(RAW) + 100.0 * len(self.shown))


def observed(
    model: Path, read_spine: ReadSpine | None, *, scale: float = 1.0, margin_px: int = 0, count: int = 2
) -> list[Observation]:
    """Follow the lifter through the first frames of a sample, shrunk, or in the corner of a larger picture."""
    around = ((margin_px, 0), (0, margin_px), (0, 0))
    with PoseObserver(model, read_spine) as observer, read_frames(SAMPLE, max_side_px=round(640 * scale)) as frames:
        seen = [
            observer.observe(np.pad(frame.image, around, mode="edge"), frame.time_s, frame.scale)
            for frame in islice(frames, count)
        ]
    assert None not in seen
    return [each for each in seen if each]


def test_without_a_spine_model_an_observation_holds_no_reading(pose_model: Path) -> None:
    assert observed(pose_model, None, count=1)[0].spine_raw.shape == (0,)


@pytest.mark.parametrize(("scale", "margin_px"), [(1.0, 0), (0.5, 0), (1.0, 700)])
def test_what_a_spine_model_reads_is_kept(scale: float, margin_px: int, pose_model: Path) -> None:
    """The margin makes the observer look at a part of the picture, and shrink that."""
    witness = Witness()
    seen = observed(pose_model, witness, scale=scale, margin_px=margin_px)
    assert len(seen) == len(witness.shown)
    for i, (observation, (mask, in_mask_px, world_m, facing)) in enumerate(zip(seen, witness.shown, strict=True)):
        np.testing.assert_array_equal(observation.spine_raw, np.arange(RAW) + 100.0 * (i + 1))
        assert facing == observation.facing == 1.0  # as the sample's lifter does
        np.testing.assert_array_equal(world_m, observation.person.world_m)
        assert mask.dtype == np.float32
        assert 0 <= mask.min() < 0.1 < 0.9 < mask.max() <= 1
        # The landmarks are those of the observation, but for size and place: the trunk's frame is the same.
        one, other = (
            trunk_frame(px[None], np.ones(1)).place(px[None]) for px in (in_mask_px, observation.person.landmarks_px)
        )
        np.testing.assert_allclose(one, other, rtol=0, atol=0.02)
        column, row = in_mask_px[[11, 12]].mean(axis=0).astype(int)
        assert mask[row, column] > 0.9, "the shoulders are the lifter's"


def test_the_spine_of_a_rendered_lifter_is_read(pose_model: Path, shipped: SpineNet) -> None:
    truth = json.loads(SAMPLE.with_suffix("").with_suffix(".truth.json").read_text(encoding="utf-8"))["frames"]
    for i, observation in enumerate(observed(pose_model, shipped)):
        raw = observation.spine_raw
        assert raw.shape == (RAW,)
        assert 0.5 < raw[2] < 12.0
        assert abs(raw[0] - truth["thoracic_deg"][i]) < 3 * raw[2]
        trunk = trunk_frame(observation.person.landmarks_px[None], np.array([observation.facing]))
        points_px = trunk.pixel(raw[None, RAW_ANGLES:].reshape(1, -1, 2))[0]
        miss = np.linalg.norm(points_px - np.array(truth["points_px"][i]), axis=1) / trunk.length_px[0]
        assert miss.max() < 0.15
