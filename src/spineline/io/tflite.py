"""TFLite metadata in front of a TFLite file (flatbuffers).

MediaPipe's task library refuses a TFLite file that does not say how its input picture is to be normalised.
The statement is a flatbuffer of its own (`ModelMetadata`), which the model's list of metadata names
`TFLITE_METADATA`.

Writing the whole model anew gives other bytes with other versions of the flatbuffers library, and the weights
can no longer be compared with the published ones. Flatbuffer references only point forwards, so instead a new
root table is written *in front* of the untouched file and refers into it: the result ends with the original
bytes.

Slot numbers are those of the published TFLite and TFLite metadata schemas, which never renumber a field.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flatbuffers.builder import Builder
from flatbuffers.table import Table

from spineline.errors import ModelError

METADATA_NAME = b"TFLITE_METADATA"

_MODEL_ID, _METADATA_ID = b"TFL3", b"M001"
_MODEL_VERSION, _MODEL_BUFFERS, _MODEL_METADATA, _MODEL_SLOTS = 0, 4, 6, 8
_IMAGE_PROPERTIES, _NORMALIZATION_OPTIONS, _RGB = 2, 1, 1
_BUFFER_ALIGNMENT_BYTES = 16  # TFLite maps constant tensors in place and wants them on this boundary


@dataclass(frozen=True, kw_only=True)
class InputStatement:
    """What the metadata says about a network with one RGB picture as its input.

    Parameters
    ----------
    name : str
        Name of the network.
    mean, std : float
        The network's input is ``(value - mean) / std`` for channel values 0..255.
    outputs : tuple of str
        One name for each output tensor, in the file's order.
    """

    name: str
    mean: float
    std: float
    outputs: tuple[str, ...]


def add_metadata(tflite: bytes, statement: InputStatement) -> bytes:
    """Give a TFLite file its metadata.

    Parameters
    ----------
    tflite : bytes
        A TFLite file without an entry named `TFLITE_METADATA`.
    statement : InputStatement
        What to say about its input and outputs.

    Returns
    -------
    bytes
        A TFLite file with the metadata; it ends with `tflite`, unchanged.
    """
    if len(tflite) < 8 or tflite[4:8] != _MODEL_ID:
        raise ModelError("not a TFLite file: expected TFL3 at its start; use the published file")
    try:
        model = Table(tflite, _target(tflite, 0))
        buffers, entries = _elements(model, _MODEL_BUFFERS), _elements(model, _MODEL_METADATA)
        names = [_string(Table(tflite, position), slot=0) for position in entries]
        kept = {slot: _field_target(model, slot) for slot in range(1, _MODEL_SLOTS)}
        version = _uint32(model, _MODEL_VERSION)
    except (struct.error, IndexError, TypeError, ValueError) as error:  # the latter from what would lie before it
        raise ModelError("not a TFLite file: its table of contents is cut off; use a whole file") from error
    if METADATA_NAME in names:
        raise ModelError(f"the TFLite file already has {METADATA_NAME.decode()}: use it as it is")

    builder = Builder(4096)
    buffer = _table(builder, {0: _aligned_bytes(builder, _metadata(statement))})
    entry = _table(builder, {0: builder.CreateString(METADATA_NAME)}, uint32={1: len(buffers)})
    # The builder counts positions backwards from its end, where the original file will begin: a position
    # inside that file is therefore a negative one.
    fields = {slot: -position for slot, position in kept.items() if position}
    fields[_MODEL_BUFFERS] = _vector(builder, [*(-position for position in buffers), buffer])
    fields[_MODEL_METADATA] = _vector(builder, [*(-position for position in entries), entry])
    builder.Finish(_table(builder, fields, uint32={_MODEL_VERSION: version}), _MODEL_ID)
    return bytes(builder.Output()) + tflite


def _metadata(statement: InputStatement) -> bytes:
    builder = Builder(1024)
    mean, std = _floats(builder, [statement.mean]), _floats(builder, [statement.std])
    options = _table(builder, {0: mean, 1: std})
    unit = _table(builder, {1: options}, uint8={0: _NORMALIZATION_OPTIONS})
    colour = _table(builder, {}, uint8={0: _RGB})
    content = _table(builder, {1: colour}, uint8={0: _IMAGE_PROPERTIES})
    units = _vector(builder, [unit])
    picture = _table(builder, {0: builder.CreateString("image"), 3: content, 4: units})
    outputs = [_table(builder, {0: builder.CreateString(name)}) for name in statement.outputs]
    graph = _table(builder, {2: _vector(builder, [picture]), 3: _vector(builder, outputs)})
    name = builder.CreateString(statement.name)
    builder.Finish(_table(builder, {0: name, 3: _vector(builder, [graph])}), _METADATA_ID)
    return bytes(builder.Output())


def _table(
    builder: Builder,
    references: Mapping[int, int],
    *,
    uint8: Mapping[int, int] | None = None,
    uint32: Mapping[int, int] | None = None,
) -> int:
    small, large = uint8 or {}, uint32 or {}
    # Versions of the library differ in when two tables share a layout; from an aligned start all agree.
    builder.Prep(4, 0)
    builder.StartObject(1 + max([*references, *small, *large]))
    for slot, position in references.items():
        builder.PrependUOffsetTRelativeSlot(slot, position, 0)
    for slot, value in large.items():
        builder.PrependUint32Slot(slot, value, 0)
    for slot, value in small.items():
        builder.PrependUint8Slot(slot, value, 0)
    return int(builder.EndObject())


def _vector(builder: Builder, positions: Sequence[int]) -> int:
    builder.StartVector(4, len(positions), 4)
    for position in reversed(positions):
        builder.PrependUOffsetTRelative(position)
    return int(builder.EndVector())


def _floats(builder: Builder, values: Sequence[float]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return int(builder.EndVector())


def _aligned_bytes(builder: Builder, data: bytes) -> int:
    # The alignment also makes the length of all that is built a multiple of it, so that the original file
    # behind keeps the alignment of its own buffers.
    builder.StartVector(1, len(data), _BUFFER_ALIGNMENT_BYTES)
    for byte in reversed(data):
        builder.PrependByte(byte)
    return int(builder.EndVector())


def _target(data: bytes, position: int) -> int:
    target = position + int(struct.unpack_from("<I", data, position)[0])
    if target >= len(data):
        raise IndexError("refers to what lies beyond the end")
    return target


def _field(table: Table, slot: int) -> int:
    offset = int(table.Offset(4 + 2 * slot))
    return table.Pos + offset if offset else 0


def _field_target(table: Table, slot: int) -> int:
    position = _field(table, slot)
    return _target(table.Bytes, position) if position else 0


def _uint32(table: Table, slot: int) -> int:
    position = _field(table, slot)
    return int(struct.unpack_from("<I", table.Bytes, position)[0]) if position else 0


def _elements(table: Table, slot: int) -> list[int]:
    """Return the positions of the tables in a vector of tables."""
    vector = _field_target(table, slot)
    if not vector:
        return []
    (count,) = struct.unpack_from("<I", table.Bytes, vector)
    return [_target(table.Bytes, vector + 4 + 4 * index) for index in range(count)]


def _string(table: Table, *, slot: int) -> bytes:
    vector = _field_target(table, slot)
    if not vector:
        return b""
    (length,) = struct.unpack_from("<I", table.Bytes, vector)
    return bytes(table.Bytes[vector + 4 : vector + 4 + length])
