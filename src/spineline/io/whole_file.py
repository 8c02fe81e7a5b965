"""Output files that are either whole or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from spineline.errors import InputError
from spineline.io.container import printable_name


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the name `path` only once all of it is written; else nothing stays.

    It lies beside the target meanwhile. Can be written, read and wound back.

    Raises
    ------
    InputError
        It cannot be written there; every OSError within the block counts as that.
    """
    part = path.with_name(f".spineline.{secrets.token_hex(6)}.part")
    try:
        with part.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise cannot_be_written(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_files(files: Mapping[str, bytes], target: Path) -> list[Path]:
    """Write files that are given by their suffix, each whole, and return where they are.

    Raises
    ------
    InputError
        One cannot be written there.
    """
    paths = [target.with_name(target.name + suffix) for suffix in files]
    for path, data in zip(paths, files.values(), strict=True):
        with whole_file(path) as file:
            file.write(data)
    return paths


def cannot_be_written(path: Path, error: BaseException) -> InputError:
    """Make the error for a file that cannot be written, whatever `error` says about why."""
    reason = " ".join(str(getattr(error, "strerror", None) or error).split())
    return InputError(
        f"{printable_name(path)}: cannot be written ({reason}); make room, or name a folder that can be written to"
    )
