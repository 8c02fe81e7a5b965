"""What hostile inputs have found, each as a test of its own."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from spineline.app.cli import run
from spineline.core.sim import lift, simulate
from spineline.core.skeleton import N_LANDMARKS
from spineline.errors import InputError, ModelError, SpinelineError
from spineline.io import tracks
from spineline.io.config import read_config
from spineline.io.history import open_history
from spineline.io.history_files import import_history
from spineline.io.models import resolve_model, stored_zip
from spineline.io.pose import _people
from spineline.io.profiles import read_profile
from spineline.io.tflite import InputStatement, add_metadata
from spineline.io.tracks import load_track, save_track
from spineline.io.video import probe
from tests.fuzz.spoilt_tracks import _head, _npy
from tests.io.make_history import PAIN, lifted
from tests.io.make_tflite import small_tflite
from tests.io.make_video import write_video


def _import(path: Path) -> None:
    with open_history(path.with_name("new.db")) as store:
        import_history(store, path)


READERS: dict[str, Callable[[Path], object]] = {
    "track": load_track,
    "config": read_config,
    "profile": read_profile,
    "history": _import,
    "model": lambda path: resolve_model(str(path)),
    "video": probe,
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_is_not_waited_for_and_a_device_not_read(reader: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "given"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(SpinelineError, match=r"a device or a pipe|no pose model"):
        READERS[reader](path)


@pytest.mark.parametrize("reader", READERS)
def test_a_name_that_no_file_can_have_is_refused(reader: str, tmp_path: Path) -> None:
    with pytest.raises(SpinelineError, match=r"null|no pose model"):
        READERS[reader](tmp_path / "two\0names")


def test_a_count_of_thousands_of_digits_in_a_track_is_no_count(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    track = simulate(lift("conventional", reps=1), style="conventional", fps=5.0).track
    save_track(replace(track, source={"frames_lost": "9" * 5000}), tmp_path / "track.npz")
    assert run(["analyze", "--no-report", "--quiet", str(tmp_path / "track.npz")]) == 0
    assert capfd.readouterr() == ("", "")


def test_a_zip_of_the_future_is_no_pose_model(tmp_path: Path) -> None:
    bundle = bytearray(stored_zip({"pose_detector.tflite": b"x"}))
    bundle[bundle.index(b"PK\1\2") + 6] = 255  # the version needed to read it
    (tmp_path / "pose.task").write_bytes(bundle)
    with pytest.raises(SpinelineError, match="is not a pose bundle"):
        resolve_model(str(tmp_path / "pose.task"))


def test_a_picture_of_hundreds_of_millions_of_pixels_is_refused_before_it_is_made(tmp_path: Path) -> None:
    path = write_video(tmp_path / "huge.gif", [0.0, 0.1], codec="gif", pixel_format="rgb8", ticks_per_s=100)
    data = bytearray(path.read_bytes())
    data[6:10] = struct.pack("<HH", 15_000, 15_000)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"frames of 15000 x 15000 pixels, expected .* at most 67 million in all"):
        probe(path)


def test_an_array_of_more_frames_than_there_are_times_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_track(simulate(lift("conventional", reps=1), style="conventional", fps=1.0).track, tmp_path / "whole.npz")
    with zipfile.ZipFile(tmp_path / "whole.npz") as whole, zipfile.ZipFile(tmp_path / "bomb.npz", "w", 8) as bomb:
        for name in whole.namelist():
            data = _head("(20000, 2048)", "|u1") + bytes(20_000 << 11) if "bits" in name else whole.read(name)
            bomb.writestr(name, data)
    unpacked: list[str] = []

    def noted(_archive: zipfile.ZipFile, info: zipfile.ZipInfo, *_: object) -> None:
        unpacked.append(info.filename)

    for reader in ("_array", "_deflated"):
        monkeypatch.setattr(tracks, reader, noted)
    with pytest.raises(InputError, match=r"silhouette_bits: expected shape .* as many frames as time_s has"):
        load_track(tmp_path / "bomb.npz")
    assert unpacked == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit that Linux keeps")
@pytest.mark.parametrize("size", [0xFFFFFFF0, 0x7FFFFFF0])
def test_a_zip_that_lies_of_its_sizes_takes_no_memory(size: int, tmp_path: Path) -> None:
    import resource

    save_track(simulate(lift("conventional", reps=1), style="conventional", fps=1.0).track, tmp_path / "track.npz")
    data = bytearray((tmp_path / "track.npz").read_bytes())
    entry = data.index(b"silhouette_bits.npy", data.index(b"PK\1\2")) - 46
    struct.pack_into("<I", data, entry + 20, size)
    (tmp_path / "lie.npz").write_bytes(data)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (256 << 20), limits[1]))
    try:
        with pytest.raises(InputError, match="is not a saved track"):
            load_track(tmp_path / "lie.npz")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.parametrize("name", ["\ufeffdate", "\x1b[31m", "x" * 5000])
def test_a_name_that_cannot_be_shown_is_told_in_one_short_line(name: str, tmp_path: Path) -> None:
    document = {"schema": "spineline.history/1", "sets": [{name: 1}]}
    (tmp_path / "history.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        _import(tmp_path / "history.json")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < len(str(tmp_path)) + 300


def test_a_value_of_thousands_of_letters_is_told_in_one_short_line(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text(f"[analyze]\nexercise = '{'x' * 5000}'\n")
    with pytest.raises(SpinelineError, match="exercise: ") as caught:
        read_config(tmp_path / "long.toml")
    assert len(str(caught.value)) < len(str(tmp_path)) + 300


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit that Linux keeps")
def test_no_more_memory_is_taken_than_a_file_needs(tmp_path: Path) -> None:
    import resource

    track = simulate(lift("conventional", reps=1), style="conventional", fps=1.0).track
    save_track(track, tmp_path / "track.npz")
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (256 << 20), limits[1]))
    try:
        assert len(load_track(tmp_path / "track.npz")[0]) == len(track)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.parametrize("x", [np.nan, np.inf, 1e300, 0.5])
def test_a_model_whose_weights_are_damaged_finds_nobody(x: float) -> None:
    marks = [SimpleNamespace(x=x, y=0.5, z=0.0, visibility=1.0) for _ in range(N_LANDMARKS)]
    found = SimpleNamespace(pose_landmarks=[marks], pose_world_landmarks=[marks])
    assert _people(found, (0, 0), (640, 480)) == []


def test_a_network_that_refers_to_what_lies_beyond_its_end_is_refused() -> None:
    whole = small_tflite()
    statement = InputStatement(name="x", mean=0.0, std=1.0, outputs=("a",))
    assert add_metadata(whole, statement).endswith(whole)
    refused = 0
    for at in range(0, len(whole) - 4, 4):
        try:
            add_metadata(whole[:at] + b"\xf0\xff\xff\xff" + whole[at + 4 :], statement)
        except ModelError:
            refused += 1
    assert refused > 5


# The history's database


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "history.db"
    with open_history(path) as store:
        store.add_set(lifted())
        store.add_pain(PAIN)
    return path


def _edited(path: Path, *statements: str) -> None:
    """Change a database as its own rules would not allow."""
    base = sqlite3.connect(path)
    base.execute("PRAGMA writable_schema = ON")
    base.execute("PRAGMA ignore_check_constraints = ON")
    for statement in statements:
        base.execute(statement)
    base.commit()
    base.close()


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE sets SET usable_share = 9e999", "usable_share: expected a number from 0 to 1, found 'inf'"),
        ("UPDATE reps SET trunk_peak_deg = -9e999", "trunk_peak_deg: expected a number"),
        ("UPDATE sets SET notes = '5'", "notes: expected texts"),
        ("UPDATE sets SET notes = '[1]'", "notes: expected texts"),
        ("UPDATE sets SET notes = '{\"a\": 1}'", "notes: expected texts"),
        ("UPDATE sets SET sha256 = 'ab'", "sha256: expected 64 hexadecimal digits"),
        ("UPDATE pain SET note = char(0) || 'x'", "note: expected a text"),
        ("ALTER TABLE pain RENAME COLUMN note TO nota", "its tables are not those of a history"),
        ("UPDATE sqlite_master SET sql = replace(sql, 'pain BETWEEN', 'pain >= 0 OR pain BETWEEN')", "its tables"),
        ("DROP TABLE conditions", "its tables are not those of a history"),
    ],
)
def test_a_value_that_the_history_cannot_hold_is_told(database: Path, statement: str, complaint: str) -> None:
    _edited(database, statement)
    with pytest.raises(InputError, match="is damaged") as caught, open_history(database) as store:
        store.read()
    assert complaint in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_table_of_somebody_elses_beside_ours_does_no_harm(database: Path) -> None:
    _edited(database, "CREATE TABLE mine (x)", "CREATE VIEW loads AS SELECT load_kg FROM sets")
    with open_history(database) as store:
        assert len(store.read().sets) == 1


@pytest.mark.parametrize("spoilt", [b"\xa0\xff", b"\x13\x08"])
def test_a_name_of_a_table_that_is_no_text_is_told_in_one_line(database: Path, spoilt: bytes, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with sqlite3.connect(database) as base:
        base.execute("PRAGMA journal_mode = DELETE")
    base.close()
    shutil.copy(database, copy)
    copy.write_bytes(copy.read_bytes().replace(b"CREATE TABLE sets", b"CREATE TABLE " + spoilt + b"ts"))
    with pytest.raises(InputError, match="is damaged") as caught, open_history(copy) as store:
        store.read()
    assert str(caught.value).isprintable()


def test_npy_helpers_write_what_numpy_reads(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(_npy(np.arange(3.0)))
    (tmp_path / "b.npy").write_bytes(_head("(2,)") + bytes(16))
    assert np.load(tmp_path / "a.npy").tolist() == [0.0, 1.0, 2.0]
    assert np.load(tmp_path / "b.npy").tolist() == [0.0, 0.0]
