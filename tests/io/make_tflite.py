"""Small TFLite files, written with the schema that MediaPipe ships."""

import flatbuffers
import numpy as np
from mediapipe.tasks.metadata import schema_py_generated as schema


def small_tflite(*, entries: tuple[bytes, ...] = (b"min_runtime_version",)) -> bytes:
    """Make a TFLite file with one graph of one tensor, some buffers, and metadata under the given names."""
    model = schema.ModelT()
    model.version, model.description = 3, "small"
    code = schema.OperatorCodeT()
    code.builtinCode = 7
    model.operatorCodes = [code]
    tensor = schema.TensorT()
    tensor.shape, tensor.buffer, tensor.name = [1, 3], 1, "weights"
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs, graph.name = [tensor], [0], [0], "main"
    model.subgraphs = [graph]
    model.buffers = [schema.BufferT() for _ in range(3)]
    model.buffers[1].data = list(np.array([1.5, -2.0, 3.25], dtype="<f4").tobytes())
    model.metadata = []
    for name in entries:
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, 2
        model.metadata.append(entry)
    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
