"""TFLite metadata, read back with the reader that MediaPipe itself ships."""

from typing import Any

import pytest
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
from mediapipe.tasks.metadata import schema_py_generated as schema

from spineline.errors import ModelError
from spineline.io.tflite import METADATA_NAME, InputStatement, add_metadata
from tests.io.make_tflite import small_tflite

STATEMENT = InputStatement(name="a network", mean=127.5, std=64.0, outputs=("first", "second"))


def read(tflite: bytes) -> Any:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(tflite, 0))


def stated(tflite: bytes) -> Any:
    """Return the metadata as MediaPipe would find it: by name, through the list of buffers."""
    model = read(tflite)
    (entry,) = [entry for entry in model.metadata if entry.name == METADATA_NAME]
    data = bytes(model.buffers[entry.buffer].data)
    assert data[4:8] == b"M001"
    return metadata_schema.ModelMetadataT.InitFromObj(metadata_schema.ModelMetadata.GetRootAs(data, 0))


def test_metadata_is_read_back_as_it_was_stated() -> None:
    found = stated(add_metadata(small_tflite(), STATEMENT))
    assert found.name == b"a network"
    (graph,) = found.subgraphMetadata
    (picture,) = graph.inputTensorMetadata
    assert picture.name == b"image"
    assert picture.content.contentPropertiesType == metadata_schema.ContentProperties.ImageProperties
    assert picture.content.contentProperties.colorSpace == metadata_schema.ColorSpaceType.RGB
    (unit,) = picture.processUnits
    assert unit.optionsType == metadata_schema.ProcessUnitOptions.NormalizationOptions
    assert (list(unit.options.mean), list(unit.options.std)) == ([127.5], [64.0])
    assert [output.name for output in graph.outputTensorMetadata] == [b"first", b"second"]


@pytest.mark.parametrize("entries", [(), (b"one",), (b"one", b"two")])
def test_everything_that_was_there_stays(entries: tuple[bytes, ...]) -> None:
    before = small_tflite(entries=entries)
    old, new = read(before), read(add_metadata(before, STATEMENT))
    assert (new.version, new.description) == (3, b"small")
    assert [code.builtinCode for code in new.operatorCodes] == [7]
    assert (new.subgraphs[0].name, new.subgraphs[0].tensors[0].name) == (b"main", b"weights")
    assert [bytes(b.data) if b.data is not None else b"" for b in new.buffers[:-1]] == [
        bytes(b.data) if b.data is not None else b"" for b in old.buffers
    ]
    assert [(entry.name, entry.buffer) for entry in new.metadata] == [
        *((name, 2) for name in entries),
        (METADATA_NAME, len(old.buffers)),
    ]


def test_the_original_bytes_end_the_file_and_keep_their_alignment() -> None:
    before = small_tflite()
    after = add_metadata(before, STATEMENT)
    assert after.endswith(before)
    assert after[4:8] == b"TFL3"
    assert (len(after) - len(before)) % 16 == 0


def test_metadata_is_not_given_twice() -> None:
    with pytest.raises(ModelError, match="already has TFLITE_METADATA"):
        add_metadata(add_metadata(small_tflite(), STATEMENT), STATEMENT)


@pytest.mark.parametrize("data", [b"", b"short", b"\0" * 64, small_tflite()[:24]])
def test_what_is_no_whole_tflite_file_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="not a TFLite file"):
        add_metadata(data, STATEMENT)
