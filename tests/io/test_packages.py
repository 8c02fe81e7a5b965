"""Package clients as real programs, and archives as real files."""

import io
import os
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from spineline.errors import ModelError
from spineline.io import packages
from spineline.io.packages import Client, Package, clients, download, read_member, short_reason

UNREACHABLE = "the package registry could not be reached"
CLOSED_PORT = "http://127.0.0.1:9"
PACKAGE = Package(registry="npm", name="@scope/name", version="1.2.3", size_bytes=1000)


def client(script: str, *, shows_growth: bool = True) -> Client:
    """Make a client of a few lines of Python."""
    return Client(name="script", command=(sys.executable, "-c", script), shows_growth=shows_growth)


def test_the_archive_that_the_client_leaves_is_returned(tmp_path: Path) -> None:
    script = "import pathlib; pathlib.Path('name-1.2.3.tgz').write_bytes(b'contents')"
    assert download(client(script), PACKAGE, scratch=tmp_path).read_bytes() == b"contents"


def test_the_growth_of_the_temporary_files_is_reported(tmp_path: Path) -> None:
    script = "import os, time; open(os.environ['TMPDIR'] + '/part', 'wb').write(bytes(400)); time.sleep(0.5)"
    seen: list[tuple[int, int | None]] = []
    download(client(script), PACKAGE, scratch=tmp_path, on_progress=lambda *now: seen.append(now))
    assert (400, 1000) in seen
    assert seen[-1] == (1000, 1000)
    assert seen == sorted(seen, key=lambda now: now[0])


def test_a_client_whose_growth_cannot_be_seen_has_no_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    download(client("", shows_growth=False), PACKAGE, scratch=tmp_path, on_progress=lambda *now: seen.append(now))
    assert seen[0] == (0, None)
    assert seen[-1] == (1000, 1000)


def test_the_closed_port_is_hidden_from_the_client_and_a_real_proxy_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", CLOSED_PORT)
    monkeypatch.setenv("all_proxy", CLOSED_PORT)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:8080")
    script = "import os, pathlib; pathlib.Path('environment').write_text(repr(dict(os.environ)))"
    found = (download(client(script), PACKAGE, scratch=tmp_path) / "environment").read_text()
    assert CLOSED_PORT not in found
    assert "proxy.example:8080" in found


def test_a_failing_client_says_why(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^it ended with status 7 \(ERROR: a bad day\)$"):
        download(client("print('ERROR: a bad day'); raise SystemExit(7)"), PACKAGE, scratch=tmp_path)


def test_a_client_that_cannot_be_started_says_so(tmp_path: Path) -> None:
    missing = Client(name="none", command=(str(tmp_path / "none"),), shows_growth=False)
    with pytest.raises(ModelError, match="could not be started"):
        download(missing, PACKAGE, scratch=tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="looks for a process by its id")
def test_an_interrupt_ends_the_client_and_what_it_started(tmp_path: Path) -> None:
    grandchild = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    written = tmp_path / "package" / "pid"

    def interrupt(_done_bytes: int, _total_bytes: int | None) -> None:
        if written.exists() and written.read_text():
            raise KeyboardInterrupt

    started_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        download(client(script), PACKAGE, scratch=tmp_path, on_progress=interrupt)
    assert time.monotonic() - started_s < 30
    assert gone(int(written.read_text()))


def gone(pid: int) -> bool:
    """Wait a moment for a process to be gone; one that only waits to be reaped counts as gone."""
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{pid}/stat")
        if status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("WARNING: connection broken by X\nERROR: No matching distribution found", UNREACHABLE),
        ("npm error code ECONNREFUSED", UNREACHABLE),
        ("npm error code E404", "the registry does not offer the package"),
        ("ERROR: No matching distribution found for name==1", "the registry does not offer the package"),
        ("ERROR: 403 Client Error: Forbidden for url: https://host.example/x", "the registry refused access"),
        ("SSLError(CERTIFICATE_VERIFY_FAILED)", "the registry's certificate was refused"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("npm error seen https://host.example/x odd", "it ended with status 3 (npm error seen odd)"),
        ("ERROR: see host.example or /home/someone", "it ended with status 3 (ERROR: see or)"),
        ("nothing of use", "it ended with status 3"),
    ],
)
def test_the_reason_of_a_failure_is_short_and_holds_no_address(log: str, reason: str) -> None:
    assert short_reason(log, status=3) == reason


def test_pip_comes_before_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("uv", "uv.exe"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    package = Package(registry="pypi", name="name", version="1.2.3", size_bytes=1)
    found = list(clients(package))
    assert [entry.name for entry in found] == ["pip", "uv"]
    assert all(entry.command[-1] == "name==1.2.3" for entry in found)


def test_without_npm_there_is_no_way_to_an_npm_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(clients(PACKAGE)) == []


def archives(folder: Path) -> list[Path]:
    """Make a wheel, a gzipped tar and a folder, each with the member `a/b.bin` of four bytes."""
    wheel, tar, unpacked = folder / "x.whl", folder / "x.tgz", folder / "unpacked"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b.bin", b"four")
    with tarfile.open(tar, "w:gz") as archive_tar:
        info = tarfile.TarInfo("a/b.bin")
        info.size = 4
        archive_tar.addfile(info, io.BytesIO(b"four"))
        link = tarfile.TarInfo("a/link.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive_tar.addfile(link)
    (unpacked / "a").mkdir(parents=True)
    (unpacked / "a" / "b.bin").write_bytes(b"four")
    return [wheel, tar, unpacked]


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_member_is_read_by_name_and_size(tmp_path: Path, kind: int) -> None:
    source = archives(tmp_path)[kind]
    assert read_member(source, "a/b.bin", size_bytes=4) == b"four"
    with pytest.raises(ModelError, match=r"b\.bin has 4 bytes where 3 were expected"):
        read_member(source, "a/b.bin", size_bytes=3)
    with pytest.raises(ModelError, match=r"b\.bin has 4 bytes where 5 were expected"):
        read_member(source, "a/b.bin", size_bytes=5)
    with pytest.raises(ModelError, match=r"a/none\.bin is missing"):
        read_member(source, "a/none.bin", size_bytes=4)


def test_a_link_in_an_archive_does_not_lead_out_of_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"link\.bin is missing"):
        read_member(archives(tmp_path)[1], "a/link.bin", size_bytes=4)


@pytest.mark.parametrize("suffix", [".whl", ".tgz"])
def test_a_truncated_archive_is_refused(tmp_path: Path, suffix: str) -> None:
    (source,) = [path for path in archives(tmp_path) if path.suffix == suffix]
    source.write_bytes(source.read_bytes()[:40])
    with pytest.raises(ModelError, match="cannot be read"):
        read_member(source, "a/b.bin", size_bytes=4)


def test_the_closed_port_is_the_one_that_silences_mediapipe() -> None:
    from spineline.io.pose import CLOSED_PROXY

    assert packages._SILENCING_PROXY == CLOSED_PROXY == CLOSED_PORT
