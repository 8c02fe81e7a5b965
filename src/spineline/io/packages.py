"""Download one pinned package with the package client of this machine, and read single members of it.

The client (pip, uv or npm) runs as a program of its own, as it is configured here: mirrors, proxies and
certificates are its business, and no address is known to spineline. Nothing is unpacked from an archive to
disk; a member is read by its exact name, up to its known size.
"""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spineline.errors import ModelError

ProgressCallback = Callable[[int, int | None], None]
"""Called with the bytes done and the bytes in all; None in all: the client does not show how far it is."""

# spineline points these variables of its own process at a closed port, so that MediaPipe cannot upload.
_PROXY_NAMES = frozenset({"http_proxy", "https_proxy", "all_proxy"})
_SILENCING_PROXY = "http://127.0.0.1:9"

# The wheel is asked for by the names of its platform, whatever this machine is: only data are taken from it.
_PIP_PLATFORM = (
    *("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11"),
    *("--implementation", "cp", "--abi", "cp311"),
)
_UV_PLATFORM = ("--python-platform", "x86_64-manylinux_2_28", "--python-version", "3.11")

_POLL_S = 0.1
_STOP_S = 3.0

_REASONS = (
    (r"no space left|ENOSPC|not enough space", "the disk is full"),
    (
        r"certificate.verify|SSLError|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)",
        "the registry's certificate was refused",
    ),
    (
        r"\b(401|403|407) (client error|forbidden|unauthorized|proxy)|E401|E403",
        "the registry refused access",
    ),
    (
        r"connection broken|NewConnectionError|max retries|timed out|getaddrinfo|name resolution|dns error"
        r"|unreachable|error sending request|failed to fetch|ECONNRE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT",
        "the package registry could not be reached",
    ),
    (
        r"no matching distribution|no solution found|not found in the package registry|E404|ETARGET",
        "the registry does not offer the package",
    ),
    (r"permission denied|EACCES|EPERM", "a folder of the client cannot be written"),
)


@dataclass(frozen=True, kw_only=True)
class Package:
    """One version of one package.

    Parameters
    ----------
    registry : {"pypi", "npm"}
        Kind of registry that holds it.
    name, version : str
        What the client is asked for.
    size_bytes : int
        Size of its archive.
    """

    registry: Literal["pypi", "npm"]
    name: str
    version: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Client:
    """One way to download a package: the command, and whether its temporary files show how far it is."""

    name: str
    command: tuple[str, ...]
    shows_growth: bool


def clients(package: Package) -> Iterator[Client]:
    """Yield the ways this machine has to download `package` into the working folder, the best one first."""
    if package.registry == "npm":
        yield from _npm(package)
        return
    requirement = f"{package.name}=={package.version}"
    if pip := _pip():
        quiet = ("--quiet", "--no-input", "--progress-bar=off", "--disable-pip-version-check")
        options = ("--no-deps", "--only-binary=:all:", *_PIP_PLATFORM, "--dest", ".")
        yield Client(name="pip", command=(*pip, "download", *quiet, *options, requirement), shows_growth=True)
    if uv := shutil.which("uv"):
        choice = ("--no-deps", "--only-binary", ":all:", *_UV_PLATFORM, "--python", sys.executable)
        command = (uv, "pip", "install", "--quiet", *choice, "--target", ".", requirement)
        yield Client(name="uv", command=command, shows_growth=False)


def _npm(package: Package) -> Iterator[Client]:
    if npm := shutil.which("npm"):  # on Windows this finds npm.cmd
        # npm waits more than a minute before it says that there is no connection, unless told otherwise.
        patience = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=4000")
        options = ("--ignore-scripts", "--loglevel=error", *patience)
        command = (npm, "pack", *options, f"{package.name}@{package.version}")
        yield Client(name="npm", command=command, shows_growth=False)


def _pip() -> tuple[str, ...] | None:
    if sys.executable and importlib.util.find_spec("pip"):
        return (sys.executable, "-m", "pip")
    found = shutil.which("pip") or shutil.which("pip3")
    return (found,) if found else None


def download(client: Client, package: Package, *, scratch: Path, on_progress: ProgressCallback | None = None) -> Path:
    """Run `client` and return what it brought.

    Parameters
    ----------
    client : Client
        One of `clients(package)`.
    package : Package
        What is downloaded.
    scratch : Path
        An empty folder; everything is written below it.
    on_progress : callable, optional
        Called with bytes done and bytes in all while the client runs.

    Returns
    -------
    Path
        The archive, or the folder into which the client unpacked it.

    Raises
    ------
    ModelError
        With a short reason, when the client did not bring the package.
    """
    folder, temporary, log = scratch / "package", scratch / "temporary", scratch / "client.log"
    folder.mkdir()
    temporary.mkdir()
    total_bytes = package.size_bytes if client.shows_growth else None

    def report() -> None:
        if on_progress:
            on_progress(min(_largest_file_bytes(temporary), package.size_bytes), total_bytes)

    status = _run(client.command, folder=folder, temporary=temporary, log=log, on_poll=report)
    if status:
        raise ModelError(short_reason(log.read_text(encoding="utf-8", errors="replace"), status=status))
    if on_progress:
        on_progress(package.size_bytes, package.size_bytes)
    archives = sorted(path for path in folder.iterdir() if path.suffix in {".whl", ".tgz"})
    return archives[0] if archives else folder


def _run(command: tuple[str, ...], *, folder: Path, temporary: Path, log: Path, on_poll: Callable[[], None]) -> int:
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - the arguments are our own constants, and there is no shell
                command,
                cwd=folder,
                env=_environment(os.environ, temporary=temporary),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=os.name == "posix",
            )
    except OSError as error:
        raise ModelError(f"it could not be started ({error.strerror})") from error
    try:
        while True:
            on_poll()
            with suppress(subprocess.TimeoutExpired):
                return process.wait(_POLL_S)
    except BaseException:  # Ctrl-C too: nothing goes on in the background
        _stop(process)
        raise


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the client and what it started."""
    for name in ("SIGTERM", "SIGKILL"):
        with suppress(ProcessLookupError, PermissionError):  # it has just ended
            if os.name == "posix":
                os.killpg(process.pid, getattr(signal, name))
            else:
                process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)
            return


def _environment(environment: Mapping[str, str], *, temporary: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environment.items()
        if not (name.lower() in _PROXY_NAMES and value == _SILENCING_PROXY)
    }
    return kept | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)) | {"NO_COLOR": "1"}


def _largest_file_bytes(folder: Path) -> int:
    largest = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # the client removes files while we look
                largest = max(largest, (Path(root) / name).stat().st_size)
    return largest


def short_reason(log: str, *, status: int) -> str:
    """Say in a few words why a client failed, without any address that its output may hold."""
    for pattern, reason in _REASONS:
        if re.search(pattern, log, re.IGNORECASE):
            return reason
    lines = [line for line in log.splitlines() if re.match(r"\s*(npm )?err", line, re.IGNORECASE)]
    words = [word for word in " ".join(lines[-1:]).split() if not re.search(r"[/\\@=]|\w\.\w", word)]
    said = " ".join(words)[:100].rstrip(" :,")
    return f"it ended with status {status}" + (f" ({said})" if said else "")


def read_member(source: Path, member: str, *, size_bytes: int) -> bytes:
    """Read one member of an archive (or of a folder of unpacked files) of which the size is known.

    Parameters
    ----------
    source : Path
        A wheel, a gzipped tar, or a folder.
    member : str
        Its exact name, with forward slashes.
    size_bytes : int
        Its size; not a byte more is read.

    Returns
    -------
    bytes
        The contents.

    Raises
    ------
    ModelError
        When `source` is no such archive, or the member is missing or of another size.
    """
    try:
        data, found_bytes = _read(source, member, size_bytes)
    except KeyError:
        raise ModelError(f"{member} is missing in the downloaded package") from None
    except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise ModelError(f"the downloaded package cannot be read ({type(error).__name__})") from error
    if found_bytes != size_bytes or len(data) != size_bytes:
        raise ModelError(f"{member} has {found_bytes} bytes where {size_bytes} were expected")
    return data


def _read(source: Path, member: str, limit_bytes: int) -> tuple[bytes, int]:
    """Return at most `limit_bytes` of the member, and its full size; KeyError when it is not there."""
    if source.is_dir():
        path = source.joinpath(*member.split("/"))
        if not path.is_file():
            raise KeyError(member)
        with path.open("rb") as file:
            return file.read(limit_bytes), path.stat().st_size
    if source.suffix == ".whl":
        with zipfile.ZipFile(source) as archive, archive.open(member) as stored:
            return stored.read(limit_bytes), archive.getinfo(member).file_size
    with tarfile.open(source, "r:gz") as tar:
        info = tar.getmember(member)
        content = tar.extractfile(info)
        if content is None:  # a folder
            raise KeyError(member)
        with content:
            return content.read(limit_bytes), info.size
