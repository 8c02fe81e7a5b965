"""The command line: what it takes, what it prints where, and with which status it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from spineline import __version__
from spineline.app.cli import app, run
from tests.app.make_inputs import CLIP, write_lift, write_standing

COMMANDS: tuple[list[str], ...] = (
    [],
    ["analyze"],
    ["batch"],
    ["calibrate"],
    ["chart"],
    ["compare"],
    ["doctor"],
    ["export"],
    ["history"],
    ["history", "list"],
    ["history", "show"],
    ["history", "change"],
    ["history", "delete"],
    ["history", "export"],
    ["history", "import"],
    ["history", "condition"],
    ["history", "trend"],
    ["history", "page"],
    ["live"],
    ["models"],
    ["models", "list"],
    ["models", "fetch"],
    ["models", "path"],
    ["pain"],
    ["profiles"],
    ["profiles", "list"],
    ["profiles", "show"],
    ["profiles", "delete"],
)
HEAVY = ("av", "cv2", "jinja2", "matplotlib", "mediapipe", "numpy", "pydantic", "scipy")


@pytest.fixture(scope="module")
def lifts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a set of squats, a rounded set of deadlifts, and somebody standing."""
    folder = tmp_path_factory.mktemp("lifts")
    write_lift(folder / "squats.npz")
    write_lift(folder / "rounded.npz", style="conventional", rounding_deg=30.0)
    write_standing(folder / "standing.npz")
    return folder


def line_of(text: str) -> str:
    """Return the one line that an error is."""
    assert text.startswith("spineline: ")
    assert text.count("\n") == 1
    return text.removeprefix("spineline: ").rstrip("\n")


# Help, and what it costs


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"Usage: {' '.join(['spineline', *command])}")
    assert shown.err == ""


def test_the_help_of_analyze_explains_every_option_and_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    run(["analyze", "--help"])
    shown = capsys.readouterr().out
    options = (
        "-o --exercise --load --body-mass --lifter --date --profile --model --time-range --workers --save-vid "
        "--save-chart --save-track --save-mot --save-trc --save-openpose --no-report --no-history "
        "--config --format --json --quiet"
    )
    for option in options.split():
        assert re.search(rf"{option}\b[^│]*\s{{2,}}\w", shown), option
    for words in ("INPUT...", "Exit status: 0", "clip_spineline", "auto, deadlift, squat", "csv, parquet"):
        assert words in shown
    assert "--no-save-vid" not in shown


def test_every_command_is_documented_above() -> None:
    for group in ([], ["history"], ["models"], ["profiles"]):
        level = app[group[0]] if group else app
        names = {name for name in level if not name.startswith("-")}
        depth = len(group)
        assert names == {command[depth] for command in COMMANDS if len(command) > depth and command[:depth] == group}


def test_the_command_line_loads_nothing_heavy() -> None:
    script = f"import sys, spineline.app.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


# What is printed


def test_a_table_tells_what_was_found(lifts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", str(lifts / "rounded.npz"), "-o", str(tmp_path), "--no-report"]) == 0
    shown = capsys.readouterr()
    document = json.loads((tmp_path / "rounded_spineline" / "analysis.json").read_text())
    assert shown.err == ""
    assert "rounded.npz: deadlift, 2 reps" in " ".join(shown.out.split())
    assert len(document["reps"]) == 2
    for note in document["notes"]:
        assert note in " ".join(shown.out.split())
    assert f"{tmp_path / 'rounded_spineline'}: analysis.json, config.toml" in shown.out


def test_json_prints_the_file_and_nothing_else(
    lifts: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["analyze", str(lifts / "squats.npz"), "-o", str(tmp_path), "--no-report", "--json"]) == 0
    shown = capsysbinary.readouterr()
    assert shown.out == (tmp_path / "squats_spineline" / "analysis.json").read_bytes()
    assert shown.err == b""


def test_json_of_several_inputs_is_an_array(lifts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [str(lifts / name) for name in ("squats.npz", "nowhere.npz", "standing.npz")]
    assert run(["analyze", *names, "-o", str(tmp_path), "--no-report", "--json"]) == 2
    shown = capsys.readouterr()
    documents = json.loads(shown.out)
    assert [document["input"]["path"] for document in documents] == [names[0], names[2]]
    assert "nowhere.npz" in line_of(shown.err)
    assert run(["analyze", names[1], f"{names[1]}.npz", "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == []


def test_quiet_prints_nothing_but_errors(lifts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [str(lifts / name) for name in ("squats.npz", "nowhere.npz")]
    assert run(["analyze", *names, "-o", str(tmp_path), "--no-report", "--quiet"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "nowhere.npz" in line_of(shown.err)


# Status


def test_the_worst_status_is_returned(lifts: Path, tmp_path: Path) -> None:
    squats, standing, nowhere = (str(lifts / name) for name in ("squats.npz", "standing.npz", "nowhere.npz"))
    common = ["-o", str(tmp_path), "--no-report", "--quiet"]
    assert run(["analyze", squats, *common]) == 0
    assert run(["analyze", standing, *common]) == 3
    assert run(["analyze", standing, squats, *common]) == 3
    assert run(["analyze", nowhere, standing, squats, *common]) == 2
    assert run(["analyze", standing, squats, nowhere, *common]) == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["analyze"], "INPUT requires an argument; see spineline analyze --help"),
        (["analyse", "x"], 'Unknown command "analyse"'),
        (["analyze", "x", "--bogus"], "Unknown option: --bogus"),
        (["analyze", "x", "--exercise", "bench"], 'Choose from: "auto", "deadlift", "squat"'),
        (["analyze", "x", "--format", "xml"], 'Choose from: "csv", "parquet"'),
        (["analyze", "x", "--load", "heavy"], 'Invalid value for --load: unable to convert "heavy"'),
        (["analyze", "x", "--load", "0"], "Must be above 0 and below 1000 kg"),
        (["analyze", "x", "--load", "nan"], "Must be above 0 and below 1000 kg"),
        (["analyze", "x", "--body-mass", "1000"], "Must be above 0 and below 1000 kg"),
        (["analyze", "x", "--time-range", "3"], "--time-range"),
        (["analyze", "x", "--time-range", "3", "2"], "Must be two times in seconds, the earlier first"),
        (["analyze", "x", "--time-range", "0", "inf"], "Must be two times in seconds, the earlier first"),
        (["analyze", "x", "--workers", "0"], "Must be 1 or more"),
        (["analyze", "x", "--workers", "two"], "--workers"),
        (["models", "fetch", "tiny"], 'Choose from: "lite", "full", "heavy"; see spineline models fetch --help'),
        (["models", "path"], "NAME requires an argument"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert complaint in line_of(shown.err)
    assert " --help" in shown.err


def test_options_may_stand_anywhere(lifts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--time-range", "0", "3", str(lifts / "squats.npz"), "--quiet", "--output-dir", str(tmp_path)]
    assert run(["analyze", *arguments, str(lifts / "rounded.npz"), "--no-report", "--load=60"]) in (0, 3)
    assert capsys.readouterr().err == ""
    assert len(list(tmp_path.iterdir())) == 2


def test_the_command_line_wins_over_the_config(lifts: Path, tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    config.write_text("[analyze]\nload_kg = 60\nbody_mass_kg = 70\n[rules]\nheld_s = 0.4\n")
    arguments = ["analyze", str(lifts / "squats.npz"), "-o", str(tmp_path), "--no-report", "--quiet"]
    assert run([*arguments, "--config", str(config), "--load", "100"]) == 0
    document = json.loads((tmp_path / "squats_spineline" / "analysis.json").read_text())
    assert (document["input"]["load_kg"], document["input"]["body_mass_kg"]) == (100.0, 70.0)
    assert document["settings"]["rules"]["held_s"] == 0.4
    # What was written beside the result says the same again.
    before = (tmp_path / "squats_spineline" / "analysis.json").read_bytes()
    (tmp_path / "squats_spineline" / "config.toml").rename(tmp_path / "again.toml")
    assert run([*arguments, "--config", str(tmp_path / "again.toml")]) == 0
    assert (tmp_path / "squats_spineline" / "analysis.json").read_bytes() == before


# The pose models


def test_the_models_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPINELINE_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["lite", "no"], ["full", "no"], ["heavy", "no"]]
    assert str(tmp_path / "models" / "full.task") in lines[2]
    assert run(["models", "path", "full"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert line_of(shown.err) == "the pose model full is not here yet: run spineline models fetch full"


def test_a_model_that_is_here_is_found(pose_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("path", "fetch"):
        assert run(["models", command, "full"]) == 0
        shown = capsys.readouterr()
        assert (shown.out, shown.err) == (f"{pose_model}\n", "")


# Ends that are not the usual one


def test_libraries_do_not_talk_in_between() -> None:
    script = (
        "import logging, sys, warnings\n"
        "from spineline.app import cli\n"
        "def chatty(_):\n"
        "    warnings.warn('chatter')\n"
        "    logging.getLogger('matplotlib').warning('chatter')\n"
        "    return 7\n"
        "cli.run = chatty\n"
        "sys.exit(cli.main())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")


def running(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """Start the program; where these tests run in the background, interrupts are ignored, which it must not inherit."""
    return subprocess.Popen(
        [sys.executable, "-m", "spineline", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=None if sys.platform == "win32" else partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_one_line_and_leaves_nothing(
    number: signal.Signals, pose_model: Path, tmp_path: Path
) -> None:
    assert pose_model.is_file()
    program = running("analyze", str(CLIP), "-o", "out/deep", cwd=tmp_path)
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob("out/deep/.spineline.*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    program.send_signal(number)
    shown, error = program.communicate(timeout=30)
    assert program.returncode == 128 + number
    assert shown == ""
    assert line_of(error) == "stopped; what was not finished has left nothing behind"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_output_that_cannot_be_written_is_one_line(lifts: Path, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "spineline", "analyze", str(lifts / "squats.npz"), "--json", "--no-report"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert done.returncode == 2
    assert line_of(done.stderr) == "the output: cannot be used (No space left on device)"


@pytest.mark.parametrize("option", [["--json"], []], ids=["json", "table"])
def test_a_reader_that_has_enough_is_no_error(
    option: list[str], lifts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        names = [str(lifts / name) for name in ("squats.npz", "standing.npz")]
        assert run(["analyze", *names, "-o", str(tmp_path), "--no-report", *option]) == 3
    assert len(list(tmp_path.iterdir())) == 2


CTRL_C_WHILE_IMPORTING = """
import os, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.addaudithook(lambda event, found: event == "import" and found[0] == "cyclopts" and os.kill(os.getpid(), 2))
sys.argv = ["spineline", "--version"]
runpy.run_module("spineline", run_name="__main__", alter_sys=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_ctrl_c_in_the_first_moment_is_no_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", CTRL_C_WHILE_IMPORTING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
