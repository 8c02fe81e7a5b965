"""The spine model's network: what it is taught with, what it answers, and that the file says the same.

Needs the extra ``[train]``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from spineline.core.track import RAW, RAW_ANGLES, Floats
from spineline.core.trunk import MARKS, PICTURE_SHAPE
from spineline.io.spine_net import SpineNet

torch: Any = pytest.importorskip("torch")
net: Any = pytest.importorskip("training.net")
train: Any = pytest.importorskip("training.train")

MARGIN_PX: int = net.MARGIN_PX
SHAPE = (PICTURE_SHAPE[0] + 2 * MARGIN_PX, PICTURE_SHAPE[1] + 2 * MARGIN_PX)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Compute in one thread: several wait for one another where the machine has other work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Still(np.random.Generator):
    """Draws the middle of every normal distribution."""

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        """Return ``loc``, so often."""
        return np.broadcast_to(np.asarray(loc + 0.0 * np.asarray(scale)), size or ()).copy()


def made_up(lifters: int, each: int, seed: int = 0) -> Any:
    """Give examples whose flexion and points are written in their marks."""
    draw = np.random.default_rng(seed)
    count = lifters * each
    marks = draw.normal(0.0, 1.0, (count, MARKS)).astype(np.float32)
    return train.Examples(
        pictures=draw.integers(0, 256, (count, *SHAPE), dtype=np.uint8),
        marks=marks,
        flexion=10 * marks[:, :2] + 15,
        points=(0.1 * marks[:, :18] + 0.5).astype(np.float32),
        at_ease=np.arange(count) % each == 1,
        lifter=np.repeat(np.arange(lifters), each),
    )


def network(seed: int = 0) -> Any:
    """Give a network that has seen some pictures, so that none of its parts is as it was born."""
    torch.manual_seed(seed)
    made = net.SpineNetwork()
    data = made_up(8, 4, seed)
    made.marks_mean = torch.from_numpy(data.marks.mean(axis=0))
    made.marks_scale = torch.from_numpy(1 / data.marks.std(axis=0))
    made.sigma_scale *= 1.7
    made.train()
    with torch.no_grad():
        for _ in range(3):
            made(net.centred(torch.from_numpy(data.pictures[:, None]).float() / 255), torch.from_numpy(data.marks))
    return made.eval()


def discs(count: int) -> Any:
    """Give soft discs in the middle, ``(n, 1, 112, 96)``."""
    row, column = np.mgrid[: SHAPE[0], : SHAPE[1]]
    away = np.hypot(row - (SHAPE[0] - 1) / 2, column - (SHAPE[1] - 1) / 2)
    disc = ndimage.gaussian_filter((away < 25).astype(np.float32), 1.0)
    return torch.from_numpy(np.tile(disc, (count, 1, 1, 1)))


# What it is taught with


def test_the_margin_is_taken_off_all_around() -> None:
    pictures = torch.arange(2 * SHAPE[0] * SHAPE[1]).reshape(2, 1, *SHAPE)
    found = net.centred(pictures)
    assert found.shape == (2, 1, *PICTURE_SHAPE)
    assert found[1, 0, 0, 0] == pictures[1, 0, MARGIN_PX, MARGIN_PX]


def test_without_variation_the_middle_stays_as_it_is() -> None:
    pictures = torch.from_numpy(made_up(1, 3).pictures[:, None]).float() / 255
    found = net.varied(pictures, Still(np.random.PCG64(0)))
    np.testing.assert_allclose(found, net.centred(pictures), atol=1e-4)


def test_variation_keeps_mean_and_range() -> None:
    pictures = discs(400)
    found = net.varied(pictures, np.random.default_rng(1)).numpy()[:, 0]
    expected = net.centred(pictures).numpy()[0, 0]
    assert found.shape == (400, *PICTURE_SHAPE)
    assert found.min() >= 0
    assert found.max() <= 1
    area, plain = found.sum(axis=(1, 2)), expected.sum()
    assert area.mean() == pytest.approx(plain, rel=0.02)
    # Twice the 3.5 % of the length; the ragged edge adds to it.
    assert 0.05 < area.std() / plain < 0.10
    for axis, middle in ((1, (PICTURE_SHAPE[0] - 1) / 2), (2, (PICTURE_SHAPE[1] - 1) / 2)):
        along = np.arange(found.shape[axis])
        centre = (found.sum(axis=3 - axis) * along).sum(axis=1) / area
        assert centre.mean() == pytest.approx(middle, abs=0.3)
        assert 0.9 < centre.std() < 1.8


def test_a_mask_is_frayed_only_where_it_hesitates() -> None:
    inner = slice(12, -12)  # away from the border, where what lies beyond is turned and shifted in
    for level in (0.0, 0.5, 1.0):
        pictures = torch.full((200, 1, *SHAPE), level)
        found = net.varied(pictures, np.random.default_rng(7)).numpy()[:, 0, inner, inner]
        assert found.mean() == pytest.approx(level, abs=0.01)
        spread = found.std(axis=(1, 2))
        if level == 0.5:
            assert spread.min() < 0.05
            assert spread.max() > 0.25
        else:
            np.testing.assert_allclose(found, level, atol=1e-6)


@pytest.mark.parametrize("upright", [True, False])
def test_variation_turns_a_little_and_does_not_bend(upright: bool) -> None:
    """A bar through the middle turns by 0.05 radians or so, as long and as wide as it was."""
    bar = np.zeros(SHAPE, dtype=np.float32)
    if upright:
        bar[20:-20, SHAPE[1] // 2 - 3 : SHAPE[1] // 2 + 3] = 1
    else:
        bar[SHAPE[0] // 2 - 3 : SHAPE[0] // 2 + 3, 20:-20] = 1
    found = net.varied(torch.from_numpy(np.tile(bar, (300, 1, 1, 1))), np.random.default_rng(2)).numpy()[:, 0]
    row, column = np.mgrid[: PICTURE_SHAPE[0], : PICTURE_SHAPE[1]]
    row, column = (row, column) if upright else (column, row)
    turns, widths = [], []
    for picture in found:
        weight = picture / picture.sum()
        y, x = row - (weight * row).sum(), column - (weight * column).sum()
        turns.append((weight * x * y).sum() / (weight * y * y).sum())
        across = x - turns[-1] * y
        widths.append(np.sqrt((weight * across**2).sum()))
    assert np.std(turns) == pytest.approx(0.05, rel=0.2)
    assert abs(np.mean(turns)) < 0.01
    assert np.median(widths) == pytest.approx(6 / np.sqrt(12), rel=0.1)


def test_a_seed_repeats_the_variation() -> None:
    pictures = discs(3)
    one, again, other = (net.varied(pictures, np.random.default_rng(seed)).numpy() for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.1
    assert np.abs(one[0] - one[1]).max() > 0.1, "each picture has its own"


def test_a_batch_holds_several_pictures_of_each_of_its_lifters_and_none_twice() -> None:
    draw = np.random.default_rng(3)
    lifter = draw.permutation(np.repeat(np.arange(60), draw.integers(3, 14, 60)))
    at_ease = draw.random(len(lifter)) < 0.2
    found = train.batches(lifter, at_ease, np.random.default_rng(4))
    assert found.shape[1] == train.BATCH_LIFTERS * train.BATCH_EACH
    assert len(np.unique(found)) == found.size
    hands = lifter[found].reshape(-1, train.BATCH_EACH)
    assert (hands == hands[:, :1]).all()
    again, other = (train.batches(lifter, at_ease, np.random.default_rng(seed)) for seed in (4, 5))
    np.testing.assert_array_equal(found, again)
    assert not np.array_equal(found, other)


def test_as_many_hands_as_possible_hold_a_picture_at_ease() -> None:
    lifter, at_ease = np.repeat(np.arange(64), 9), np.tile(np.arange(9) < 3, 64)
    found = train.batches(lifter, at_ease, np.random.default_rng(4))
    at_ease_in_hand = at_ease[found].reshape(-1, train.BATCH_EACH).sum(axis=1)
    assert at_ease_in_hand.min() == 1
    assert at_ease_in_hand.max() == 2


def test_lifters_of_two_sets_stay_apart() -> None:
    whole = train.joined([made_up(3, 2), made_up(4, 2, seed=1)])
    assert len(whole) == 14
    assert len(np.unique(whole.lifter)) == 7
    np.testing.assert_array_equal(whole.marks[6:], made_up(4, 2, seed=1).marks)


def test_an_error_of_the_change_is_that_beside_the_lifter_at_ease() -> None:
    data = made_up(3, 4)
    data.at_ease[:] = [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0]  # the second is never seen at ease
    miss = np.array([10.0, 12.0, 8.0, -7.0, -7.0, -1.0, 5.0, 5.0, 1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(train.change_errors(miss, data), [0.0, -17.0, -2.0, -1.0, 1.0])


# What it answers


def test_every_point_is_drawn_to_its_place_however_far() -> None:
    made = network()
    data = made_up(8, 4)
    points = torch.full((32, RAW - RAW_ANGLES), 3.0)
    pictures = net.centred(torch.from_numpy(data.pictures[:, None]).float() / 255)
    train.loss(made, pictures, torch.from_numpy(data.marks), torch.from_numpy(data.flexion), points).backward()
    pull = made.head[-1].bias.grad[6:]
    assert (pull < 0).all()


def test_a_network_learns_and_goes_on_where_it_was(tmp_path: Path) -> None:
    data = made_up(64, 4)
    options = {"epochs": 6, "seed": 3, "kept": tmp_path / "course.pt"}
    course = train.Course(data, **options)
    losses = [course.epoch(data) for _ in range(4)]
    assert losses[-1] < 0.9 * losses[0]
    taken_up = train.Course(data, **options)
    assert taken_up.done == 4
    for one, other in zip(course.network.parameters(), taken_up.network.parameters(), strict=True):
        assert torch.equal(one, other)
    taken_up.epoch(data)
    assert taken_up.done == 5


def test_calibrated_sigma_holds_as_many_errors_as_that_of_a_normal_distribution() -> None:
    made, data = network(), made_up(50, 4, seed=9)
    before = train.read(made, data)
    train.calibrate(made, data)
    out = train.read(made, data)
    inside = np.abs(out[:, 0] - data.flexion[:, 0]) <= out[:, 2]
    assert inside.mean() == pytest.approx(0.6827, abs=0.01)
    one, other = (np.array(ends) for ends in zip(*_pairs_of(data), strict=True))
    apart = (out[one, 3] - out[other, 3]) - (data.flexion[one, 0] - data.flexion[other, 0])
    assert (np.abs(apart) <= np.hypot(out[one, 4], out[other, 4])).mean() == pytest.approx(0.6827, abs=0.01)
    kept = [0, 1, 3, *range(RAW_ANGLES, RAW)]
    np.testing.assert_allclose(out[:, kept], before[:, kept])
    assert np.ptp(out[:, [2, 4]] / before[:, [2, 4]], axis=0) == pytest.approx(0, abs=1e-5)


def _pairs_of(data: Any) -> list[tuple[int, int]]:
    every = itertools.product(np.flatnonzero(data.at_ease).tolist(), np.flatnonzero(~data.at_ease).tolist())
    return [(one, other) for one, other in every if data.lifter[one] == data.lifter[other]]


def test_what_is_wrong_with_a_whole_lifter_does_not_count_in_the_bend() -> None:
    miss, scale = torch.tensor([[3.0, 3.0, 3.0], [0.0, 0.0, 6.0]]), torch.zeros(2, 3)
    torch.testing.assert_close(train.beyond_own(miss, scale), torch.tensor([[0.0, 0.0, 0.0], [-2.0, -2.0, 4.0]]))
    unsure = torch.tensor([[0.0, 0.0, 9.0]])
    torch.testing.assert_close(train.beyond_own(miss[1:], unsure), torch.tensor([[0.0, 0.0, 6.0]]), atol=0.01, rtol=0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_file_says_what_the_network_says(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    made, data = network(), made_up(3, 3, seed=4)
    train.save(made, tmp_path / "net.onnx")
    expected: Floats = train.read(made, data)
    assert np.ptp(expected, axis=0).min() > 1e-3
    middle = data.pictures[:, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    saved = SpineNet(tmp_path / "net.onnx")
    np.testing.assert_allclose(saved.run(middle, data.marks), expected, rtol=0, atol=1e-4)
    np.testing.assert_allclose(saved.run(middle[:1], data.marks[:1]), expected[:1], rtol=0, atol=1e-4)
