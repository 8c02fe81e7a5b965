"""Packed rows are read as those of an array, whatever they are kept in."""

import pickle
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spineline.core.packed import Block, Bytes, Packed, inflator

WIDTH = 5


def drawn(seed: int, count: int) -> Bytes:
    """Give rows of bytes that can be deflated."""
    return np.random.default_rng(seed).integers(0, 3, (count, WIDTH), dtype=np.uint8)


def within_a_stream(rows: Bytes, *, size: int) -> list[Block]:
    """Deflate rows as one stream, and find blocks of so many in it."""
    deflator = zlib.compressobj(wbits=-15)
    data = memoryview(deflator.compress(rows.tobytes()) + deflator.flush())
    state, blocks = inflator(), []
    for first in range(0, len(rows), size):
        count, before = len(rows[first : first + size]), state.copy()
        state.decompress(data, count * WIDTH)
        used = len(data) - len(state.unconsumed_tail)
        blocks.append(Block(data[:used], count, WIDTH, before))
        data = data[used:]
    return blocks


def kept(rows: Bytes, draw: np.random.Generator) -> list[Block | Bytes | Packed]:
    """Keep rows here deflated, there as they are, and there as a part of what is packed."""
    parts = np.split(rows, np.sort(draw.integers(0, len(rows) + 1, draw.integers(0, 5))))
    ways: list[Any] = [
        Block.of,
        lambda part: part,
        lambda part: Packed([np.concatenate([part[:1], part])], WIDTH).cut(slice(len(part[:1]), None)),
        lambda part: Packed(within_a_stream(part, size=2), WIDTH),
    ]
    return [ways[draw.integers(0, len(ways))](part) for part in parts]


@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_rows_are_read_as_those_of_an_array(seed: int, count: int) -> None:
    draw, rows = np.random.default_rng(seed), drawn(seed, count)
    blank = draw.random(count) < 0.2
    packed = Packed(kept(rows, draw), WIDTH, blank=blank)
    plain = np.where(blank[:, None], np.uint8(0), rows)
    first, stop = (int(draw.integers(-5, count + 5)) for _ in range(2))
    chosen: list[Any] = [slice(None), slice(first, stop), draw.random(count) < 0.5]
    chosen += [draw.integers(-count, count, 7), int(draw.integers(-count, count))] if count else []
    assert (packed.shape, packed.ndim, packed.dtype, len(packed)) == (plain.shape, plain.ndim, plain.dtype, count)
    for index in chosen:
        np.testing.assert_array_equal(packed[index], plain[index])
    np.testing.assert_array_equal(np.asarray(packed), plain)
    cut = packed.cut(slice(first, stop))
    np.testing.assert_array_equal(np.asarray(cut), plain[first:stop])
    np.testing.assert_array_equal(np.asarray(cut.cut(slice(1, 3))), plain[first:stop][1:3])


def test_a_row_that_is_not_there_is_refused() -> None:
    with pytest.raises(IndexError):
        Packed([drawn(1, 3)], WIDTH)[3]


def test_what_is_read_is_a_copy() -> None:
    rows = drawn(2, 4)
    packed = Packed([rows, Block.of(rows)], WIDTH)
    packed[0:8][:] = 9
    np.testing.assert_array_equal(np.asarray(packed), np.concatenate([rows, rows]))


def test_blocks_within_a_stream_reach_another_process() -> None:
    rows = drawn(3, 50)
    packed = Packed([*within_a_stream(rows, size=7), Block.of(rows)], WIDTH)
    there = pickle.loads(pickle.dumps(packed.cut(slice(5, 60))))  # noqa: S301
    np.testing.assert_array_equal(np.asarray(there), np.concatenate([rows, rows])[5:60])


def test_packed_rows_take_little() -> None:
    rows = np.zeros((1000, 2048), dtype=np.uint8)
    assert len(Block.of(rows).data) < rows.nbytes / 100
