"""Output files that are either whole or not there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from spineline.errors import InputError
from spineline.io.container import printable_name
from spineline.io.part_folder import part_folder


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the name `path` only once all of it is written; else nothing stays.

    It lies in a hidden folder beside the target meanwhile. Can be written, read and wound back.

    Raises
    ------
    InputError
        It cannot be written there; every OSError within the block counts as that.
    """
    try:
        with appearing(path) as file:
            yield file
    except OSError as error:
        raise cannot_be_written(path, error) from error


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[BinaryIO]:
    """Do the same as `whole_file`, with errors as they are."""
    with part_folder(path.parent) as folder:
        part = folder / path.name
        with part.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


def write_files(files: Mapping[str, bytes], target: Path) -> list[Path]:
    """Write files that are given by their suffix, and return where they are; all are whole before one takes its name.

    Raises
    ------
    InputError
        One cannot be written there.
    """
    paths = [target.with_name(target.name + suffix) for suffix in files]
    with contextlib.ExitStack() as stack:
        for path, data in zip(paths, files.values(), strict=True):
            stack.enter_context(whole_file(path)).write(data)
    return paths


def cannot_be_written(path: Path, error: BaseException) -> InputError:
    """Make the error for a file that cannot be written, whatever `error` says about why."""
    reason = " ".join(str(getattr(error, "strerror", None) or error).split())
    return InputError(
        f"{printable_name(path)}: cannot be written ({reason}); make room, or name a folder that can be written to"
    )
