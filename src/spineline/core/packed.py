"""Rows of bytes that hardly anything looks at, such as silhouettes: kept deflated, and inflated where they are read."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

BLOCK_ROWS: Final = 64
"""Rows that are deflated together: of silhouettes that takes 2 ms, which a running camera does not notice."""

_RAW: Final = -15
"""Of zlib: deflate without head and checksum, as in a zip."""


def inflator() -> Any:
    """Return what inflates a deflate stream from its beginning."""
    return zlib.decompressobj(_RAW)


@dataclass(frozen=True, eq=False)
class Block:
    """Rows ``(rows, width)`` as ``data``, deflated.

    With the ``state`` of an inflator it lies within a longer stream, which need not be read from its beginning.
    """

    data: bytes | memoryview
    rows: int
    width: int
    state: Any = None

    @classmethod
    def of(cls, rows: Bytes) -> "Block":
        """Deflate rows ``(n, width)``."""
        deflator = zlib.compressobj(wbits=_RAW)
        return cls(deflator.compress(np.ascontiguousarray(rows).data) + deflator.flush(), *rows.shape)

    def __len__(self) -> int:
        return self.rows

    def inflated(self) -> Bytes:
        """Return the rows; nobody may change them."""
        state = self.state.copy() if self.state else inflator()
        inflated = state.decompress(self.data, self.rows * self.width)
        return np.frombuffer(inflated, np.uint8).reshape(self.rows, self.width)

    def __reduce__(self) -> tuple[Any, ...]:
        """Hand over to another process, which no state of an inflator can be."""
        alone = Block.of(self.inflated()) if self.state else self
        return Block, (bytes(alone.data), self.rows, self.width)


class Packed:
    """Rows ``(T, width)`` of uint8, to be read as those of an array: by an index, or whole by `numpy.asarray`.

    What is read is a copy.

    Parameters
    ----------
    sources
        One after the other, as blocks or as they are; of the latter nobody may change a row any more.
    width
        Bytes in a row.
    first, stop
        Which of their rows these are; all that follow where ``stop`` is None.
    blank
        ``(T,)`` rows that are all zero, whatever the sources hold.
    """

    dtype: Final = np.dtype(np.uint8)
    ndim: Final = 2

    def __init__(
        self,
        sources: "Sequence[Block | Bytes | Packed]",
        width: int,
        *,
        first: int = 0,
        stop: int | None = None,
        blank: NDArray[np.bool_] | None = None,
    ) -> None:
        self._sources = tuple(sources)
        self._starts = np.cumsum([0, *map(len, self._sources)])
        self._first = first
        self.shape = (int(self._starts[-1]) if stop is None else stop) - first, width
        self._blank = np.zeros(self.shape[0], dtype=np.bool_) if blank is None else blank
        self._read: tuple[int, Bytes] | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Bytes:
        wanted = np.arange(len(self))[index]
        out = np.zeros((*wanted.shape, self.shape[1]), dtype=np.uint8)
        source = np.searchsorted(self._starts, self._first + wanted, side="right") - 1
        for number in np.unique(source):
            mine = (source == number) & ~self._blank[wanted]
            out[mine] = self._rows(int(number))[self._first + wanted[mine] - self._starts[number]]
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Inflate everything."""
        return np.asarray(self[:], dtype=dtype)

    def cut(self, rows: slice) -> "Packed":
        """Return some neighbouring rows, packed as they are."""
        first, stop, _ = rows.indices(len(self))
        return Packed(
            self._sources,
            self.shape[1],
            first=self._first + first,
            stop=self._first + max(first, stop),
            blank=self._blank[rows],
        )

    def _rows(self, number: int) -> "Bytes | Packed":
        source = self._sources[number]
        if not isinstance(source, Block):
            return source
        if self._read is None or self._read[0] != number:  # who looks at a row looks at the next, too
            self._read = number, source.inflated()
        return self._read[1]
