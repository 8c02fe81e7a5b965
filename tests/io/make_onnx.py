"""Small ONNX files, written number by number: a network whose answer anybody can work out."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Input = tuple[str, Sequence[int | str]]
_FLOAT, _INT = 1, 2  # the type of an element of a tensor, of an attribute
_OPERATORS: Final = 13  # version of the set of operators


def linear_onnx(
    picture_weights: NDArray[np.float32],
    marks_weights: NDArray[np.float32],
    *,
    picture_shape: tuple[int, int] = (96, 80),
    names: tuple[str, str] = ("picture", "marks"),
) -> bytes:
    """Make a network that adds up weighted pixels and weighted marks.

    ``picture_weights`` ``(rows * columns, R)`` and ``marks_weights`` ``(M, R)``; the answer is ``(n, R)``.
    """
    nodes = [
        _node("Flatten", [names[0]], "pixels", axis=1),
        _node("MatMul", ["pixels", "picture_weights"], "seen"),
        _node("MatMul", [names[1], "marks_weights"], "marked"),
        _node("Add", ["seen", "marked"], "spine_raw"),
    ]
    inputs: list[Input] = [(names[0], ["n", 1, *picture_shape]), (names[1], ["n", len(marks_weights)])]
    weights = {"picture_weights": picture_weights, "marks_weights": marks_weights}
    return _model(nodes, weights, inputs, ("spine_raw", ["n", marks_weights.shape[1]]))


def one_input_onnx(columns: int) -> bytes:
    """Make a network that knows of no marks: the sum of a picture's pixels in each column."""
    nodes = [_node("Flatten", ["picture"], "pixels", axis=1), _node("MatMul", ["pixels", "weights"], "spine_raw")]
    weights = {"weights": np.ones((96 * 80, columns), dtype=np.float32)}
    return _model(nodes, weights, [("picture", ["n", 1, 96, 80])], ("spine_raw", ["n", columns]))


def _model(nodes: list[bytes], weights: dict[str, NDArray[np.float32]], inputs: list[Input], output: Input) -> bytes:
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"graph")
    graph += b"".join(_field(5, _tensor(name, values)) for name, values in weights.items())
    graph += b"".join(_field(11, _value(*each)) for each in inputs) + _field(12, _value(*output))
    return _field(1, 8) + _field(2, b"tests") + _field(7, graph) + _field(8, _field(1, b"") + _field(2, _OPERATORS))


def _node(operator: str, inputs: list[str], output: str, **attributes: int) -> bytes:
    node = b"".join(_field(1, name.encode()) for name in inputs) + _field(2, output.encode())
    node += _field(3, output.encode()) + _field(4, operator.encode())
    for name, value in attributes.items():
        node += _field(5, _field(1, name.encode()) + _field(3, value) + _field(20, _INT))
    return node


def _tensor(name: str, values: NDArray[np.float32]) -> bytes:
    sizes = b"".join(_field(1, size) for size in values.shape)
    data = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return sizes + _field(2, _FLOAT) + _field(8, name.encode()) + _field(9, data)


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    sizes = [_field(2, size.encode()) if isinstance(size, str) else _field(1, size) for size in shape]
    tensor = _field(1, _FLOAT) + _field(2, b"".join(_field(1, size) for size in sizes))
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _field(number: int, value: int | bytes) -> bytes:
    """Encode one field of a protocol buffer: a whole number, or bytes with their length before them."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
