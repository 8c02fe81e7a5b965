"""track.npz: comes back exactly, and nothing that is not a track gets in."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spineline.core.analysis import analyze
from spineline.core.packed import Packed
from spineline.core.sim import lift, simulate
from spineline.core.track import PoseTrack
from spineline.errors import InputError
from spineline.io import tracks
from spineline.io.tracks import between, identified, load_track, save_track
from tests.core.scenes import recorded

SOURCE = {"file": "clip é.mp4", "model": "full"}


@pytest.fixture(scope="module")
def track() -> PoseTrack:
    return replace(simulate(lift("conventional", reps=1), fps=10.0).track, source=SOURCE)


@pytest.fixture(scope="module")
def saved(track: PoseTrack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tracks") / "track.npz"
    save_track(track, path)
    return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(saved: Path, target: Path, **changed: Any) -> Path:
    """Copy a saved track with some arrays changed (None leaves one out); bytes are stored as they are."""
    contents = members(saved)
    for name, value in changed.items():
        contents.pop(f"{name}.npy", None)
        if value is not None:
            contents[f"{name}.npy"] = value if isinstance(value, bytes) else npy(value)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return target


def npy(value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(value), **options)
    return buffer.getvalue()


def test_a_track_comes_back_exactly(track: PoseTrack, saved: Path) -> None:
    loaded, sha256 = load_track(saved)
    for field in fields(PoseTrack):
        if field.name in ("image_size_px", "source"):
            assert getattr(loaded, field.name) == getattr(track, field.name)
        else:
            one, other = getattr(loaded, field.name), getattr(track, field.name)
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
    assert len(sha256) == 64


def test_a_loaded_track_is_analysed_alike(track: PoseTrack, saved: Path) -> None:
    before, after = analyze(track), analyze(load_track(saved)[0])
    assert repr(before.reps) == repr(after.reps), "as text: what was not judged is NaN, which equals nothing"
    np.testing.assert_array_equal(before.thoracic_change_deg, after.thoracic_change_deg)


def test_the_same_track_gives_the_same_bytes(track: PoseTrack, saved: Path, tmp_path: Path) -> None:
    save_track(track, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == saved.read_bytes()


def test_numpy_opens_a_track(track: PoseTrack, saved: Path) -> None:
    with np.load(saved, allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["time_s"], track.time_s)
        assert json.loads(str(arrays["source"])) == SOURCE


def test_a_track_of_an_earlier_version_knows_of_no_plate(track: PoseTrack, saved: Path, tmp_path: Path) -> None:
    earlier = rewrite(saved, tmp_path / "earlier.npz", schema="spineline.track/1", plate_px=None)
    loaded, _ = load_track(earlier)
    assert np.isnan(loaded.plate_px).all()
    np.testing.assert_array_equal(loaded.landmarks_px, track.landmarks_px)


def test_float32_stays_float32(track: PoseTrack, tmp_path: Path) -> None:
    short = recorded(track)
    save_track(short, tmp_path / "short.npz")
    loaded, _ = load_track(tmp_path / "short.npz")
    for name in ("landmarks_px", "world_m", "visibility", "plate_px", "spine_raw"):
        assert getattr(loaded, name).dtype == np.float32
        np.testing.assert_array_equal(getattr(loaded, name), getattr(short, name))
    assert loaded.time_s.dtype == np.float64


def test_a_track_of_the_version_before_is_read_as_it_is(track: PoseTrack, saved: Path, tmp_path: Path) -> None:
    before, _ = load_track(rewrite(saved, tmp_path / "before.npz", schema="spineline.track/2"))
    for name in ("landmarks_px", "plate_px", "silhouette_bits"):
        np.testing.assert_array_equal(getattr(before, name), getattr(track, name))


def test_numbers_are_stored_and_silhouettes_deflated(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        deflated = [info.filename for info in archive.infolist() if info.compress_type == zipfile.ZIP_DEFLATED]
    assert deflated == ["silhouette_bits.npy"]


@pytest.mark.parametrize("rows", [7, 64, 1024])
def test_silhouettes_stay_packed_until_somebody_looks(
    rows: int, track: PoseTrack, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracks, "_BLOCK_ROWS", rows)
    loaded, _ = load_track(saved)
    assert isinstance(loaded.silhouette_bits, Packed)
    np.testing.assert_array_equal(loaded.silhouette_bits[20:3:-2], track.silhouette_bits[20:3:-2])
    monkeypatch.undo()
    save_track(loaded, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == saved.read_bytes()
    part = between(loaded, 1.0, 2.0)
    assert isinstance(part.silhouette_bits, Packed)
    np.testing.assert_array_equal(part.silhouette_bits, track.silhouette_bits[10:20])
    assert identified(loaded).source == identified(track).source


def test_silhouettes_may_be_stored_too(track: PoseTrack, saved: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "stored.npz", "w") as archive:
        for name, data in members(saved).items():
            archive.writestr(name, data)
    loaded, _ = load_track(tmp_path / "stored.npz")
    np.testing.assert_array_equal(loaded.silhouette_bits, track.silhouette_bits)


def test_every_damaged_byte_of_the_silhouettes_is_noticed(saved: Path, tmp_path: Path) -> None:
    data, path = bytearray(saved.read_bytes()), tmp_path / "damaged.npz"
    with zipfile.ZipFile(saved) as archive:
        info = archive.getinfo("silhouette_bits.npy")
    first = data.index(b"silhouette_bits.npy") + len("silhouette_bits.npy") + 20
    for place in np.random.default_rng(0).integers(first, first + info.compress_size, 40).tolist():
        data[place] ^= 0x10
        path.write_bytes(data)
        refused(path, "is not a saved track")
        data[place] ^= 0x10
    path.write_bytes(data)
    load_track(path)


def test_between_cuts_frames_out(track: PoseTrack) -> None:
    part = between(track, 1.0, 2.0)
    assert part.time_s.tolist() == [time_s for time_s in track.time_s if 1.0 <= time_s < 2.0]
    np.testing.assert_array_equal(part.landmarks_px, track.landmarks_px[10:20])
    assert part.source == track.source
    assert len(between(track, 100.0, 101.0)) == 0


# Refusals


def pickled(_: PoseTrack) -> bytes:
    return npy(np.array([{}], dtype=object), allow_pickle=True)


Change = Callable[[PoseTrack], Any]
BAD_ARRAYS: dict[str, tuple[str, Change, str]] = {
    "missing": ("visibility", lambda _: None, "expected one array visibility, found 0"),
    "extra": ("surplus", lambda _: np.zeros(3), "expected no 'surplus.npy'"),
    "pickle": ("others", pickled, "expected plain numbers or text"),
    "other type": ("time_s", lambda t: t.time_s.astype(np.float32), "time_s: expected shape"),
    "other shape": ("facing", lambda t: t.facing[:-1], "facing: expected shape"),
    "a single value": ("spine_raw", lambda _: 1.0, "spine_raw: expected an array"),
    "complex numbers": ("others", lambda t: t.others.astype(complex), "expected plain numbers or text"),
    "time standing still": ("time_s", lambda t: np.zeros(len(t)), "strictly increasing"),
    "no size": ("image_size_px", lambda _: np.array([1, 2, 3]), "image_size_px: expected two whole numbers"),
    "size below 1": ("image_size_px", lambda _: np.array([0, 5]), "expected width and height above 0"),
    "a later schema": ("schema", lambda _: "spineline.track/4", "schema: expected spineline.track/3"),
    "schema of numbers": ("schema", lambda _: np.zeros(3), "schema.npy: expected a text"),
    "source no mapping": ("source", lambda _: "[1]", "source: expected texts by name"),
    "source of numbers": ("source", lambda _: '{"file": 1}', "source: expected texts by name"),
    "source not JSON": ("source", lambda _: "{", "is not a saved track, or is damaged"),
    "no such number": (
        "others",
        lambda t: npy(t.others).replace(b"<f8", b"<f7"),
        "is not a saved track, or is damaged",
    ),
    "the other way round": ("others", lambda t: npy(t.others).replace(b"False", b"True,"), "expected plain numbers"),
    "less than nothing": ("others", lambda t: npy(t.others).replace(b"(1", b"(-"), "expected plain numbers"),
    "endless source": ("source", lambda _: "x" * 200_000, "expected at most 65536 characters"),
    "declares more": ("others", lambda t: npy(t.others)[:-8], "of the size it declares"),
    "holds more": ("others", lambda t: npy(t.others) + b"\0" * 8, "of the size it declares"),
    "no array": ("others", lambda _: b"hello", "expected plain numbers"),
    "head of code": ("others", lambda t: npy(t.others).replace(b"{'descr'", b"[[[[[[[["), "expected plain numbers"),
    "array version 2": ("others", lambda t: npy(t.others, version=(2, 0)), "npy format 1.0"),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_wrong_arrays_are_refused(name: str, track: PoseTrack, saved: Path, tmp_path: Path) -> None:
    array, change, complaint = BAD_ARRAYS[name]
    path = rewrite(saved, tmp_path / "bad.npz", **{array: change(track)})
    refused(path, complaint)


def refused(path: Path, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        load_track(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert complaint in message
    assert "\n" not in message


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06" + bytes(18), b"a text", bytes(1000)])
def test_what_is_no_zip_of_arrays_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(data)
    refused(tmp_path / "bad.npz", "is not a saved track")


def test_unreadable_paths_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere.npz", "cannot be read (No such file or directory)")
    refused(tmp_path, "cannot be read")


def test_a_member_twice_is_refused(saved: Path, tmp_path: Path) -> None:
    path = rewrite(saved, tmp_path / "twice.npz")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("others.npy", members(saved)["others.npy"])
    refused(path, "expected one array others, found 2")


def test_another_compression_is_refused(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "lzma.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, data in members(saved).items():
            archive.writestr(name, data)
    refused(path, "expected a plain zip")


def test_a_bomb_is_refused_before_it_is_unpacked(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = rewrite(saved, tmp_path / "bomb.npz", silhouette_bits=np.zeros((10_000, 2048), dtype=np.uint8))
    assert path.stat().st_size < 1 << 20
    monkeypatch.setattr(tracks, "MAX_BYTES", 1 << 24)
    read = []
    whole = zipfile.ZipFile.read
    for reader in ("_array", "_deflated"):
        monkeypatch.setattr(tracks, reader, lambda *_: pytest.fail("was unpacked"))

    def noted(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
        read.append(info.filename)
        return whole(archive, info)

    monkeypatch.setattr(zipfile.ZipFile, "read", noted)
    refused(path, "of arrays")
    assert set(read) == {"schema.npy", "source.npy"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "track.npz"
    save_track(simulate(lift("conventional", reps=1), fps=1.0).track, path)
    return path


@settings(deadline=None)
@given(data=st.data())
def test_damage_anywhere_is_noticed_or_harmless(data: st.DataObject, small: Path) -> None:
    damaged = bytearray(small.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    keep = data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))
    path = small.with_name("damaged.npz")
    path.write_bytes(damaged[:keep])
    try:
        loaded, _ = load_track(path)
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - only where it is refused
    else:
        assert loaded.time_s.dtype == np.float64
