"""Words reach the speech engine as they are, as data, and no engine outlives its use. Engines are scripts here."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from spineline.errors import SpinelineError
from spineline.io import speech
from spineline.io.speech import Voice, spoken

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the engines here are shell scripts")

NASTY = "-v chest up; $(touch hacked) `touch hacked` \"quotes\" 'more' %PATH% && exit 1 #"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that is first on the path; the system's own speech engines are not on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("cat", "sleep"):
        (folder / name).symlink_to(next(p for p in (Path("/bin") / name, Path("/usr/bin") / name) if p.exists()))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def engine(path: Path, name: str, script: str) -> None:
    file = path / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("system", "name", "script"),
    [
        ("linux", "espeak-ng", 'cat > heard; echo "$*" > options'),
        ("linux", "espeak", 'cat > heard; echo "$*" > options'),
        ("linux", "spd-say", 'printf %s "$3" > heard; echo "$1 $2" > options'),
        ("darwin", "say", 'cat > heard; echo "$*" > options'),
        ("win32", "powershell", 'printf %s "$SPINELINE_WORDS" > heard; echo "$*" > options'),
    ],
)
def test_words_arrive_as_they_are_and_are_no_commands(path: Path, system: str, name: str, script: str) -> None:
    engine(path, name, script)
    voice = Voice(system)
    assert voice.name == name
    for words in (NASTY, "a little further"):
        voice.say(words)
        assert Path("heard").read_text() == words
        assert words not in Path("options").read_text()
    assert not Path("hacked").exists()


def test_the_best_engine_is_taken(path: Path) -> None:
    for name in ("spd-say", "espeak-ng", "espeak"):
        engine(path, name, "exit 0")
    assert Voice("linux").name == "espeak-ng"


@pytest.mark.parametrize(("system", "hint"), [("linux", "; install espeak-ng"), ("darwin", ""), ("win32", "")])
def test_no_engine_is_one_line(path: Path, system: str, hint: str) -> None:
    assert path.is_dir()
    with pytest.raises(SpinelineError) as caught:
        Voice(system)
    assert str(caught.value) == f"cues are not spoken: no speech engine found{hint}"


def test_an_engine_that_fails_is_an_error(path: Path) -> None:
    engine(path, "espeak-ng", "exit 3")
    with pytest.raises(SpinelineError, match=r"espeak-ng fails \(status 3\)"):
        Voice("linux").say("chest up")


def test_an_engine_that_does_not_read_is_none(path: Path) -> None:
    engine(path, "espeak-ng", "exec <&-; exit 0")
    Voice("linux").say("chest up " * 20)


def test_an_engine_that_cannot_be_started_is_an_error(path: Path) -> None:
    (path / "espeak-ng").write_text("#!/nowhere/sh\n")
    (path / "espeak-ng").chmod(0o755)
    with pytest.raises(SpinelineError, match="espeak-ng cannot be started"):
        Voice("linux").say("chest up")


def test_it_can_be_hushed_and_speaks_again(path: Path) -> None:
    os.mkfifo("speaking")
    engine(path, "espeak-ng", "echo begun > speaking; exec sleep 600")
    voice = Voice("linux")
    for _ in range(2):
        speaking = threading.Thread(target=voice.say, args=("chest up",))
        speaking.start()
        assert Path("speaking").read_text() == "begun\n"
        voice.hush()
        speaking.join()
    voice.hush()  # nothing is being said


def test_an_engine_that_hangs_is_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "LONGEST_S", 0.05)
    engine(path, "espeak-ng", "exec sleep 600")
    Voice("linux").say("chest up")


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        ("chest up", "chest up"),
        ("chest\n\tup\0 \x1b[2J", "chest up [2J"),
        ("[[volm 1]] chest up", "volm 1 chest up"),
        ("up " * 200, "up " * 66 + "up"),
    ],
)
def test_what_is_spoken_is_one_short_line(words: str, heard: str) -> None:
    assert spoken(words) == heard
