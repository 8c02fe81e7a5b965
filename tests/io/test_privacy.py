"""Nothing leaves the machine: whatever an analysis or a live set calls over the network ends at a closed door.

MediaPipe reports usage over the network. spineline turns its proxies to port 9 of this machine, where nobody listens;
that, and nothing else, may be seen in the trace. Looking a name up counts as reaching out, even when it is done by a
service on this machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from spineline.io.encode import write_h264
from spineline.io.video import read_frames

CLIP = Path(__file__).parents[2] / "samples" / "deadlift_neutral.mp4"
CLOSED_DOOR = "127.0.0.1:9"

# Proxies as somebody might have set them. The address is reserved for documentation: nobody is there.
PROXIES = dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy"), "http://192.0.2.7:3128")

_CALL = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg)\(")
_INET = re.compile(r'sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)')
_INET6 = re.compile(r'sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"')
_UNIX = re.compile(r'sun_path=@?"([^"]*)"')
_NAME_SERVICES = ("resolve", "nscd", "dnsmasq")


def destinations(trace: str) -> set[str]:
    """Return where network calls of a trace went: address and port, or whatever stands there instead."""
    found = set()
    for line in trace.splitlines():
        if not _CALL.search(line):
            continue
        for part in line.split("sa_family=")[1:]:
            family = part.split(",")[0]
            if family == "AF_UNIX":
                path = _UNIX.search(part)
                if path and any(service in path[1] for service in _NAME_SERVICES):
                    found.add(path[1])
            elif family != "AF_NETLINK":
                place = _INET.search(part) or _INET6.search(part)
                found.add(f"{place[2]}:{place[1]}" if place else part)
    return found


def traced(arguments: list[str], folder: Path, **variables: str) -> str:
    """Run Python under the eyes of strace and return what it saw of the network."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.fail("strace is missing: install it (apt-get install strace), this proof cannot do without")
    trace = folder / "trace.txt"
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        [strace, "-f", "-qq", "-e", "trace=%network", "-s", "256", "-o", str(trace), sys.executable, *arguments],
        env={**kept, **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr
    return trace.read_text()


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('connect(5, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = -1', CLOSED_DOOR),
        ('connect(5, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 1', "127.0.0.53:53"),
        ('sendto(5, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("8.8.8.8")}', "8.8.8.8:443"),
        (
            "sendmmsg(5, [{msg_hdr={msg_name={sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), "
            'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, msg_namelen=28',
            "2001:db8::1:53",
        ),
        (
            'connect(3, {sa_family=AF_UNIX, sun_path="/run/systemd/resolve/io.systemd.Resolve"}, 42',
            "io.systemd.Resolve",
        ),
        ('connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT', "/var/run/nscd/socket"),
        ("connect(3, {sa_family=AF_VSOCK, svm_cid=0x2, svm_port=0x1}, 16) = 0", "AF_VSOCK"),
    ],
)
def test_the_trace_is_understood(call: str, expected: str) -> None:
    (found,) = destinations(f"12345  {call}")
    assert expected in found


def test_what_stays_on_the_machine_is_no_destination() -> None:
    assert not destinations(
        '1  connect(3, {sa_family=AF_UNIX, sun_path=@"/tmp/.X11-unix/X0"}, 20) = 0\n'
        "1  sendto(3, [{nlmsg_len=20}], 20, 0, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 20\n"
        "1  socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 6\n"
        "1  sendmsg(7, {msg_name=NULL, msg_namelen=0}, 0) = 4\n"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="strace watches Linux alone")
def test_an_analysis_reaches_nobody(pose_model: Path, tmp_path: Path) -> None:
    assert pose_model.is_file()  # or it would rightly be fetched
    arguments = ["analyze", str(CLIP), "--time-range", "0", "0.5", "--save-vid", "--quiet", "-o", str(tmp_path)]
    trace = traced(["-m", "spineline", *arguments], tmp_path, no_proxy="*", **PROXIES)
    assert (tmp_path / f"{CLIP.stem}_spineline" / "analysis.json").is_file()
    assert destinations(trace) <= {CLOSED_DOOR}


@pytest.mark.skipif(sys.platform != "linux", reason="strace watches Linux alone")
def test_a_live_set_reaches_nobody(pose_model: Path, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    with closing(read_frames(CLIP, end_s=2.0)) as frames:
        write_h264(((frame.time_s, frame.image) for frame in frames), clip)
    arguments = ["live", "--source", str(clip), "--model", str(pose_model), "--no-window", "--record", "rec"]
    trace = traced(["-m", "spineline", *arguments], tmp_path, no_proxy="*", **PROXIES)
    assert (tmp_path / "rec" / "analysis.json").is_file()
    assert destinations(trace) <= {CLOSED_DOOR}


@pytest.mark.skipif(sys.platform != "linux", reason="strace watches Linux alone")
def test_without_the_silencer_the_trace_would_tell(pose_model: Path, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from spineline.io import pose\n"
        "pose.silence_telemetry = lambda: None\n"
        "pose.PoseObserver(Path(sys.argv[1])).__exit__(None, None, None)\n"
    )
    # The report goes to another closed door, so that not even this test lets it out.
    elsewhere = dict.fromkeys(PROXIES, "http://127.0.0.1:10")
    trace = traced(["-c", script, str(pose_model)], tmp_path, **elsewhere)
    assert destinations(trace) == {"127.0.0.1:10"}
