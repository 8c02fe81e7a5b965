"""The pose model: fetched with the real pip from a small package of our own, and once from the registry."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from spineline.errors import ModelError
from spineline.io import models, tflite
from spineline.io.models import (
    DETECTOR_MEMBER,
    LANDMARKS_MEMBER,
    MODEL_NAMES,
    fetch_model,
    identify_bundle,
    list_models,
    model_path,
    resolve_model,
    shipped_folder,
    sources,
    stored_zip,
)
from tests.io.make_tflite import small_tflite

SRC = Path(models.__file__).parents[2]


@dataclass(frozen=True)
class Registry:
    """A folder with one small wheel, and the manifest that pins what is in it."""

    folder: Path
    contents: dict[str, Any]
    bundle: bytes

    @property
    def package(self) -> dict[str, Any]:
        """Return the entry of the one package in the manifest."""
        return dict(self.contents["packages"][0])

    def environment(self) -> dict[str, str]:
        """Return the variables with which pip finds its packages in this folder alone."""
        return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.folder), "PIP_CONFIG_FILE": os.devnull}


def pinned(member: str, data: bytes, *, has_metadata: bool) -> dict[str, Any]:
    sha256 = hashlib.sha256(data).hexdigest()
    return {"member": member, "size_bytes": len(data), "sha256": sha256, "has_metadata": has_metadata}


def make_registry(folder: Path) -> Registry:
    detector = small_tflite(entries=(tflite.METADATA_NAME,))
    landmarks = small_tflite(entries=())
    wheel = folder / "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mediapipe/detector.tflite", detector)
        archive.writestr("mediapipe/full.tflite", landmarks)
        info = "mediapipe-0.10.21.dist-info/"
        archive.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.21\n")
        tag = "cp311-cp311-manylinux_2_28_x86_64"
        archive.writestr(info + "WHEEL", f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: {tag}\n")
        archive.writestr(info + "RECORD", "")
    metadata = models.manifest()["metadata"]
    said = metadata["landmarks"]
    statement = tflite.InputStatement(**{**said, "outputs": tuple(said["outputs"])})
    parts = {DETECTOR_MEMBER: detector, LANDMARKS_MEMBER: tflite.add_metadata(landmarks, statement)}
    bundle = stored_zip(parts)
    contents = {
        "packages": [
            {
                "registry": "pypi",
                "name": "mediapipe",
                "version": "0.10.21",
                "size_bytes": wheel.stat().st_size,
                "detector": pinned("mediapipe/detector.tflite", detector, has_metadata=True),
                "landmarks": {
                    name: pinned("mediapipe/full.tflite", landmarks, has_metadata=False) for name in MODEL_NAMES
                },
            }
        ],
        "metadata": metadata,
        "bundles": {
            name: {"pypi": {"size_bytes": len(bundle), "sha256": hashlib.sha256(bundle).hexdigest()}}
            for name in MODEL_NAMES
        },
    }
    return Registry(folder, contents, bundle)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Put the small registry to use: its manifest, its folder as pip's only source, and no uv or npm."""
    folder = tmp_path / "registry"
    folder.mkdir()
    made = make_registry(folder)
    monkeypatch.setattr(models, "manifest", lambda: made.contents)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", str(folder))
    return made


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def assert_one_clear_line(error: ModelError) -> None:
    assert "\n" not in str(error)
    assert not re.search(r"://|\.(org|com)\b", str(error))


def test_the_bundle_is_fetched_once_and_then_kept(
    registry: Registry, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int | None]] = []
    path = resolve_model("full", cache_dir=cache, on_progress=lambda *now: seen.append(now))
    assert path == model_path("full", cache_dir=cache) == cache / "models" / "full.task"
    assert path.read_bytes() == registry.bundle
    assert kept(cache) == ["full.task"]
    size_bytes = registry.package["size_bytes"]
    assert (seen[0], seen[-1]) == ((0, size_bytes), (size_bytes, size_bytes))

    seen.clear()
    monkeypatch.setenv("PIP_FIND_LINKS", os.devnull)
    assert resolve_model("full", cache_dir=cache, on_progress=lambda *now: seen.append(now)) == path
    assert seen == []


def test_a_damaged_bundle_is_fetched_again(registry: Registry, cache: Path) -> None:
    path = model_path("full", cache_dir=cache)
    path.parent.mkdir(parents=True)
    path.write_bytes(registry.bundle[:-1] + b"?")
    assert [info.present for info in list_models(cache_dir=cache)] == [False, False, False]
    assert fetch_model("full", cache_dir=cache).read_bytes() == registry.bundle
    assert [info.present for info in list_models(cache_dir=cache)] == [False, True, False]


def test_two_processes_may_fetch_at_once(registry: Registry, cache: Path, tmp_path: Path) -> None:
    pins = tmp_path / "pins.json"
    pins.write_text(json.dumps(registry.contents))
    script = (
        "import json, pathlib, sys; src, pins, cache = sys.argv[1:]; sys.path.insert(0, src)\n"
        "from spineline.io import models; contents = json.loads(pathlib.Path(pins).read_text())\n"
        "models.manifest = lambda: contents\n"
        "print(models.fetch_model('full', cache_dir=pathlib.Path(cache)))"
    )
    command = [sys.executable, "-c", script, str(SRC), str(pins), str(cache)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said == [str(cache / "models" / "full.task")] * 2
    assert (cache / "models" / "full.task").read_bytes() == registry.bundle
    assert kept(cache) == ["full.task"]


WRONG = "0" * 64


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (
            lambda c: c["packages"][0]["detector"].update(sha256=WRONG),
            "detector.tflite does not have the pinned",
        ),
        (
            lambda c: c["packages"][0]["landmarks"]["full"].update(sha256=WRONG),
            "full.tflite does not have the",
        ),
        (lambda c: c["packages"][0]["detector"].update(size_bytes=5), "bytes where 5 were expected"),
        (lambda c: c["packages"][0]["detector"].update(member="none"), "none is missing"),
        (
            lambda c: c["bundles"]["full"]["pypi"].update(sha256=WRONG),
            "the finished bundle does not have the",
        ),
        (lambda c: c["packages"][0].update(version="9.9"), "the registry does not offer the package"),
    ],
)
def test_what_is_not_as_pinned_is_refused_and_leaves_nothing(
    registry: Registry, cache: Path, spoil: Any, reason: str
) -> None:
    spoil(registry.contents)
    with pytest.raises(ModelError, match=reason) as caught:
        fetch_model("full", cache_dir=cache)
    assert_one_clear_line(caught.value)
    assert "(tried pip; pip: " in str(caught.value)
    assert "`spineline models fetch full`, or pass --model FILE.task" in str(caught.value)
    assert kept(cache) == []


def test_an_interrupt_leaves_nothing(registry: Registry, cache: Path) -> None:
    def interrupt(done_bytes: int, _total_bytes: int | None) -> None:
        if done_bytes == registry.package["size_bytes"]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_model("full", cache_dir=cache, on_progress=interrupt)
    assert kept(cache) == []


def test_without_any_client_the_error_names_what_to_install(tmp_path: Path) -> None:
    # -S leaves out the installed packages, and with them pip.
    script = (
        "import pathlib, sys; sys.path.insert(0, sys.argv[1]); from spineline.io.models import fetch_model\n"
        "from spineline.errors import ModelError\n"
        "for name in ('full', 'lite'):\n"
        "    try: fetch_model(name, cache_dir=pathlib.Path(sys.argv[2]))\n"
        "    except ModelError as error: print(error)"
    )
    command = [sys.executable, "-S", "-c", script, str(SRC), str(tmp_path / "cache")]
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    full, lite = done.stdout.splitlines()
    assert full.startswith("the pose model 'full' is fetched with pip, uv or npm, not found here")
    assert lite.startswith("the pose model 'lite' is fetched with npm, not found here")
    assert lite.endswith("or pass --model full or FILE.task")
    assert kept(tmp_path) == []


def test_a_cache_folder_that_cannot_be_written_is_named(registry: Registry, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(ModelError, match=r"cannot be written to .*SPINELINE_CACHE_DIR") as caught:
        fetch_model("full", cache_dir=blocked)
    assert str(blocked) in str(caught.value)
    assert_one_clear_line(caught.value)
    assert kept(registry.folder) == [next(registry.folder.iterdir()).name]


def test_the_cache_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINELINE_CACHE_DIR", str(tmp_path))
    assert model_path("lite") == tmp_path / "models" / "lite.task"
    monkeypatch.delenv("SPINELINE_CACHE_DIR")
    assert "spineline" in model_path("lite").parts


def write_bundle(path: Path, parts: Mapping[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def test_a_bundle_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "mine.task", {DETECTOR_MEMBER: b"d", LANDMARKS_MEMBER: b"l"})
    assert resolve_model(str(path)) == path
    identity = identify_bundle(path)
    assert identity.name == "mine.task"
    assert identity.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.task"
    text.write_text("no zip")
    half = write_bundle(tmp_path / "half.task", {DETECTOR_MEMBER: b"d"})
    both = {DETECTOR_MEMBER: bytes(99), LANDMARKS_MEMBER: bytes(99)}
    packed = write_bundle(tmp_path / "packed.task", both, compression=zipfile.ZIP_DEFLATED)
    for name, reason in (
        (text, "expected a .task file, which is a zip"),
        (half, f"{LANDMARKS_MEMBER} is missing"),
        (packed, f"{DETECTOR_MEMBER} is compressed"),
        (tmp_path, "or an existing .task file"),
        (tmp_path / "none.task", "or an existing .task file"),
        ("fulll", "expected one of lite, full, heavy or an existing .task file"),
    ):
        with pytest.raises(ModelError, match=reason) as caught:
            resolve_model(str(name))
        assert_one_clear_line(caught.value)


def test_an_unknown_name_has_no_path() -> None:
    with pytest.raises(ModelError, match="expected one of lite, full, heavy"):
        model_path("huge")


def test_a_stored_zip_is_stable_uncompressed_and_aligned(tmp_path: Path) -> None:
    parts = {"b.tflite": b"second first", "a.tflite": b"?" * 37, "c.tflite": b"third"}
    data = stored_zip(parts)
    assert data == stored_zip(parts)
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == list(parts)
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {name: archive.read(name) for name in parts} == parts
    assert [data.index(part) % 16 for part in parts.values()] == [0, 0, 0]


def test_the_manifest_is_consistent() -> None:
    contents = models.manifest()
    assert contents["licence"] == "Apache-2.0"
    assert set(contents["bundles"]) == set(MODEL_NAMES)
    for name in MODEL_NAMES:
        found = sources(name)
        assert [source.package.registry for source in found] == list(contents["bundles"][name])
        for source in found:
            files = (source.detector, source.landmarks)
            parts_bytes = sum(file.size_bytes for file in files)
            assert parts_bytes < source.bundle_size_bytes < parts_bytes + 20_000
            assert parts_bytes < source.package.size_bytes * 2
            for sha256 in (source.bundle_sha256, *(file.sha256 for file in files)):
                assert re.fullmatch(r"[0-9a-f]{64}", sha256)
    assert len({source.landmarks.sha256 for source in sources("full")}) == 1
    hashes = [source.bundle_sha256 for name in MODEL_NAMES for source in sources(name)]
    assert len(set(hashes)) == len(hashes) == 4


def test_no_address_is_written_in_the_shipped_folder() -> None:
    for path in shipped_folder().iterdir():
        if path.suffix in {".json", ".md"}:
            assert "://" not in path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the bundle of `full`, fetched now from the registry of this machine into an empty cache."""
    return fetch_model("full", cache_dir=tmp_path_factory.mktemp("cache"))


def test_the_published_model_is_fetched_and_holds_the_published_bytes(fetched: Path) -> None:
    assert identify_bundle(fetched).name == "full"
    assert kept(fetched.parent) == ["full.task"]
    source = next(source for source in sources("full") if source.bundle_sha256 == identify_bundle(fetched).sha256)
    with zipfile.ZipFile(fetched) as archive:
        for member, file in ((DETECTOR_MEMBER, source.detector), (LANDMARKS_MEMBER, source.landmarks)):
            published = archive.read(member)[-file.size_bytes :]
            assert hashlib.sha256(published).hexdigest() == file.sha256
