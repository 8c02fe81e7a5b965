"""`batch.json` in a folder of results: from what it was made, how it was asked for, and which files belong to it.

With it `spineline batch` tells what is done already. A file whose size and times are as they were is taken to be the
same; where they are not, its content decides.
"""

import hashlib
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spineline.io.results import OWN_FILES, OWN_FOLDERS, PENDING, RECEIPT
from spineline.io.whole_file import whole_file

_CHUNK_BYTES: Final = 1 << 24
_MAX_BYTES: Final = 1 << 20

OnBytes = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


class Stamp(BaseModel):
    """A file that was read: when it was changed (content, then anything of it), and what it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    size_bytes: int
    changed_ns: tuple[int, int]
    sha256: str = ""


class Receipt(BaseModel):
    """What was done: ``asked`` stands for all that can change a result, ``files`` are those of it with their sizes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal["spineline.batch/1"] = Field("spineline.batch/1", alias="schema")
    asked: str
    inputs: tuple[Stamp, ...]
    files: Mapping[str, int]
    lifter: str | None = None
    date: str | None = None


def stamp(path: Path) -> Stamp | None:
    """Return the stamp of a file, without its content; None if there is no plain file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    changed_ns = (status.st_mtime_ns, status.st_ctime_ns)
    return (
        Stamp(name=path.name, size_bytes=status.st_size, changed_ns=changed_ns)
        if stat.S_ISREG(status.st_mode)
        else None
    )


def file_sha256(path: Path, on_bytes: OnBytes = lambda *_: None) -> str:
    """Return the hash of a file's content. An OSError is passed on."""
    found, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            found.update(chunk)
            done += len(chunk)
            on_bytes(done, total)
    return found.hexdigest()


def as_they_were(stamps: Sequence[Stamp], paths: Sequence[Path]) -> bool:
    """Tell whether files are as they were, by their sizes and their times."""
    before = [(each.size_bytes, each.changed_ns) for each in stamps]
    return before == [(now.size_bytes, now.changed_ns) if (now := stamp(path)) else None for path in paths]


def same_content(stamps: Sequence[Stamp], paths: Sequence[Path], on_bytes: OnBytes) -> bool:
    """Tell whether files hold what they held, though their times differ. Nothing is read of one of another size."""
    if len(stamps) != len(paths):
        return False
    now = [stamp(path) for path in paths]
    if any(new is None or new.size_bytes != old.size_bytes for old, new in zip(stamps, now, strict=True)):
        return False
    try:
        return all(file_sha256(path, on_bytes) == old.sha256 for old, path in zip(stamps, paths, strict=True))
    except OSError:
        return False


def files_of(folder: Path) -> dict[str, int]:
    """Return the files of a result with their sizes; of a folder the number of files in it."""
    found = {}
    for path in folder.iterdir():
        if path.name in OWN_FOLDERS:
            found[path.name] = len(list(path.iterdir()))
        elif path.name in OWN_FILES and path.name not in (RECEIPT, PENDING):
            found[path.name] = path.stat().st_size
    return dict(sorted(found.items()))


def is_whole(target: Path, receipt: Receipt) -> bool:
    """Tell whether every file of a result is there, and as long as it was."""
    try:
        found = files_of(target)
    except OSError:
        return False
    return receipt.files.items() <= found.items()


def read_receipt(target: Path) -> Receipt | None:
    """Read the receipt of a folder of results; None if there is none, or none that is understood."""
    try:
        with (target / RECEIPT).open("rb") as file:
            return Receipt.model_validate_json(file.read(_MAX_BYTES))
    except (OSError, ValueError, ValidationError):
        return None


def write_receipt(folder: Path, receipt: Receipt) -> None:
    """Write a receipt, whole or not at all."""
    with whole_file(folder / RECEIPT) as file:
        file.write(receipt.model_dump_json(by_alias=True, indent=1).encode() + b"\n")
