"""The folder of results: whole or as it was before, and nobody else's files in danger."""

from __future__ import annotations

import errno
import os
import sys
import threading
from pathlib import Path

import pytest

from spineline.errors import CodecError, InputError
from spineline.io.lock import locked
from spineline.io.results import (
    ANALYSIS,
    OPENPOSE,
    OWN_FILES,
    TRACK,
    ensured_folder,
    folder_for,
    is_recording,
    recordings_in,
    result_folder,
    set_path,
    stem_of,
    writing_to,
)


def write(target: Path, **contents: str) -> None:
    """Write `name__json="text"` as the file name.json of a folder of results."""
    with result_folder(target) as folder:
        for name, text in contents.items():
            (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")


def tree(folder: Path) -> dict[str, str]:
    """Return every file below a folder with its text, and every empty folder."""
    paths = [path for path in folder.rglob("*") if path.is_file() or not any(path.iterdir())]
    return {str(path.relative_to(folder)): path.read_text() if path.is_file() else "(empty)" for path in paths}


def interrupted(target: Path, error: BaseException) -> None:
    with result_folder(target) as folder:
        (folder / ANALYSIS).write_text("half")
        (folder / "track.npz").write_text("half")
        raise error


def test_where_results_go() -> None:
    assert folder_for(Path("a/clip.one.mp4"), None) == Path("a/clip.one_spineline")
    assert folder_for(Path("a/clip.mp4"), Path("out")) == Path("out/clip_spineline")
    for name in ("clip", "a_spineline", "", "_spineline"):
        assert stem_of(folder_for(Path(f"{name}.x.mp4"), None)) == f"{name}.x"


def test_a_new_folder_appears_with_all_its_files(tmp_path: Path) -> None:
    with result_folder(tmp_path / "x") as folder:
        (folder / ANALYSIS).write_text("new")
        assert not (tmp_path / "x").exists()
    assert tree(tmp_path) == {"x/analysis.json": "new"}


def test_an_earlier_result_is_replaced_and_other_files_stay(tmp_path: Path) -> None:
    target = tmp_path / "x"
    write(target, analysis__json="old", overlay__mp4="old", frames__csv="old")
    (target / "notes.txt").write_text("mine")
    (target / "more").mkdir()
    (target / "more" / ANALYSIS).write_text("mine")
    write(target, analysis__json="new", frames__csv="new", reps__csv="new")
    assert tree(tmp_path) == {
        "x/analysis.json": "new",
        "x/frames.csv": "new",
        "x/reps.csv": "new",
        "x/notes.txt": "mine",
        "x/more/analysis.json": "mine",
    }


@pytest.mark.parametrize("error", [InputError("no"), KeyboardInterrupt(), RuntimeError("a bug")])
def test_after_an_error_everything_is_as_before(error: BaseException, tmp_path: Path) -> None:
    with pytest.raises(type(error)):
        interrupted(tmp_path / "deep" / "er" / "x", error)
    assert tree(tmp_path) == {}
    write(tmp_path / "x", analysis__json="old", reps__csv="old")
    with pytest.raises(type(error)):
        interrupted(tmp_path / "x", error)
    assert tree(tmp_path) == {"x/analysis.json": "old", "x/reps.csv": "old"}


def test_an_error_on_the_last_step_leaves_the_earlier_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x"
    write(target, analysis__json="old", frames__csv="old", track__npz="old")
    rename = Path.replace

    def refuse_one(path: Path, new: Path) -> Path:  # as Windows does while another program has the file open
        if path.name == "reps.csv" and "earlier" not in new.parts:
            raise PermissionError(errno.EACCES, "in use")
        return rename(path, new)

    monkeypatch.setattr(Path, "replace", refuse_one)
    with pytest.raises(InputError, match=r"x: cannot be written \(in use\)"):
        write(target, analysis__json="new", config__toml="new", frames__csv="new", reps__csv="new")
    assert tree(tmp_path) == {"x/analysis.json": "old", "x/frames.csv": "old", "x/track.npz": "old"}


def test_the_analysis_leaves_first_and_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x"
    contents = {name.replace(".", "__"): "text" for name in OWN_FILES}
    write(target, **contents)
    seen: list[tuple[bool, int]] = []
    rename = Path.replace

    def noted(path: Path, new: Path) -> Path:
        done = rename(path, new)
        seen.append(((target / ANALYSIS).exists(), sum((target / name).exists() for name in OWN_FILES)))
        return done

    monkeypatch.setattr(Path, "replace", noted)
    write(target, **contents)
    # Whenever there is an analysis.json, all the other files are there.
    assert all(count == len(OWN_FILES) for there, count in seen if there)
    assert seen[-1] == (True, len(OWN_FILES))


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(InputError, match="x: is a file, expected a folder; move it, or name another place with -o DIR"):
        write(tmp_path / "x", analysis__json="new")
    with pytest.raises(InputError, match="x: is a file, expected a folder; name another with -o DIR"):
        write(tmp_path / "x" / "y", analysis__json="new")
    assert tree(tmp_path) == {"x": "mine"}


def test_a_folder_in_the_way_is_named_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "x" / "reps.csv").mkdir(parents=True)
    with pytest.raises(InputError, match=r"reps\.csv: is a folder, expected a file"), result_folder(tmp_path / "x"):
        pytest.fail("the work has begun")
    assert tree(tmp_path) == {"x/reps.csv": "(empty)"}


# A replacement that another process has not brought to its end


def interrupted_swap(target: Path, **still: str) -> None:
    """Leave a folder as a process does that is killed while new files come in."""
    coming = target / ".spineline.swap" / "coming"
    for folder in (coming, coming.with_name("earlier")):
        folder.mkdir(parents=True)
    (coming.with_name("earlier") / ANALYSIS).write_text("old")
    for name, text in still.items():
        (coming / name.replace("__", ".")).write_text(text)


def test_it_is_brought_to_its_end_before_any_work(tmp_path: Path) -> None:
    interrupted_swap(tmp_path / "x", analysis__json="new", reps__csv="new")
    with result_folder(tmp_path / "x"):
        assert (tmp_path / "x" / ANALYSIS).read_text() == "new"
        assert (tmp_path / "x" / "reps.csv").read_text() == "new"


def test_it_is_brought_to_its_end_if_that_was_during_the_work(tmp_path: Path) -> None:
    with result_folder(tmp_path / "x") as folder:
        (folder / ANALYSIS).write_text("newer")
        interrupted_swap(tmp_path / "x", analysis__json="new", reps__csv="new")
    assert tree(tmp_path) == {"x/analysis.json": "newer"}


def test_one_process_after_another_replaces_a_result(tmp_path: Path) -> None:
    write(tmp_path / "x", analysis__json="old")
    other = threading.Thread(target=write, args=(tmp_path / "x",), kwargs={"analysis__json": "new"})
    with locked(tmp_path / "x" / ".spineline.lock"):
        other.start()
        other.join(0.3)
        assert other.is_alive()
        assert (tmp_path / "x" / ANALYSIS).read_text() == "old"
    other.join()
    assert tree(tmp_path) == {"x/analysis.json": "new"}


def test_a_recorded_set_is_found_though_its_track_was_on_the_way(tmp_path: Path) -> None:
    interrupted_swap(tmp_path / "rec", track__npz="track", analysis__json="new")
    assert recordings_in(tmp_path / "rec") == [tmp_path / "rec"]
    assert tree(tmp_path) == {"rec/analysis.json": "new", "rec/track.npz": "track"}


# A folder within


def write_frames(target: Path, *frames: int, **contents: str) -> None:
    """Write a folder of results with a file of keypoints for each of ``frames``."""
    with result_folder(target) as folder:
        for name, text in contents.items():
            (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
        (folder / OPENPOSE).mkdir()
        for frame in frames:
            (folder / OPENPOSE / f"x_{frame:012d}_keypoints.json").write_text(str(frame))


def frames_in(folder: Path) -> list[str]:
    return sorted(path.read_text() for path in folder.iterdir())


def test_an_earlier_folder_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "x"
    write_frames(target, 1, 2, 3, analysis__json="old")
    write_frames(target, 2, 4, analysis__json="new")
    assert frames_in(target / OPENPOSE) == ["2", "4"]
    assert sorted(path.name for path in target.iterdir()) == [ANALYSIS, OPENPOSE]
    write(target, analysis__json="newer")
    assert tree(tmp_path) == {"x/analysis.json": "newer"}


def test_a_folder_that_systems_have_put_their_files_into_is_still_ours(tmp_path: Path) -> None:
    write_frames(tmp_path / "x", 1)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (tmp_path / "x" / OPENPOSE / name).write_text("view")
    write_frames(tmp_path / "x", 2)
    assert frames_in(tmp_path / "x" / OPENPOSE) == ["2"]


@pytest.mark.parametrize("fails_at", ["reps.csv", ANALYSIS, OPENPOSE])
def test_an_earlier_folder_comes_back_after_an_error(
    fails_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_frames(tmp_path / "x", 1, 2, analysis__json="old", track__npz="old")
    before, rename = tree(tmp_path), Path.replace

    def refuse_one(path: Path, new: Path) -> Path:
        if new == tmp_path / "x" / fails_at and "earlier" not in path.parts:
            raise PermissionError(errno.EACCES, "in use")
        return rename(path, new)

    monkeypatch.setattr(Path, "replace", refuse_one)
    with pytest.raises(InputError, match=r"x: cannot be written \(in use\)"):
        write_frames(tmp_path / "x", 3, analysis__json="new", reps__csv="new")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["frame_00000.json", "notes.txt", "x_12_keypoints.json", "sub"])
def test_what_is_not_ours_in_such_a_folder_is_named_before_any_work(name: str, tmp_path: Path) -> None:
    mine = tmp_path / "x" / OPENPOSE / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(InputError, match="is not of spineline, and would be removed"), result_folder(tmp_path / "x"):
        pytest.fail("the work has begun")
    assert tree(tmp_path) == {f"x/{OPENPOSE}/{name}": "mine"}


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / OPENPOSE).write_text("mine")
    with pytest.raises(InputError, match="openpose: is a file, expected a folder"):
        write_frames(tmp_path / "x", 1)
    assert tree(tmp_path) == {f"x/{OPENPOSE}": "mine"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_in_the_place_of_a_folder_goes_and_what_it_led_to_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x_000000000001_keypoints.json").write_text("kept")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / OPENPOSE).symlink_to(tmp_path / "elsewhere")
    write_frames(tmp_path / "x", 2)
    assert frames_in(tmp_path / "x" / OPENPOSE) == ["2"]
    assert frames_in(tmp_path / "elsewhere") == ["kept"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").symlink_to(tmp_path / "real")
    write(tmp_path / "out" / "x", analysis__json="new")
    assert (tmp_path / "out" / "x").is_symlink()
    assert (tmp_path / "real" / ANALYSIS).read_text() == "new"


@pytest.mark.skipif(sys.platform != "linux", reason="uses a place of Linux that nobody can write to")
def test_a_place_that_cannot_be_written_to_is_named() -> None:
    with pytest.raises(InputError, match=r"^/proc/nowhere: cannot be written \("):
        write(Path("/proc/nowhere/x"), analysis__json="new")
    with pytest.raises(InputError, match=r"^/proc/x: cannot be written \("):
        write(Path("/proc/x"), analysis__json="new")


def test_errors_of_writers_name_the_folder_people_know(tmp_path: Path) -> None:
    with pytest.raises(CodecError) as caught, result_folder(tmp_path / "x") as folder:
        raise CodecError(f"{folder / 'overlay.mp4'}: cannot be written (no encoder)")
    assert str(caught.value) == f"{tmp_path / 'x' / 'overlay.mp4'}: cannot be written (no encoder)"


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path))
    complaint = r"^x: cannot be written \(No space left on device\); make room"
    with pytest.raises(InputError, match=complaint), writing_to(Path("x")):
        raise full


def test_folders_made_for_nothing_go_again(tmp_path: Path) -> None:
    with ensured_folder(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert tree(tmp_path) == {}
    with ensured_folder(tmp_path / "a" / "b"):
        (tmp_path / "a" / "file").write_text("text")
    assert tree(tmp_path) == {"a/file": "text"}
    with ensured_folder(tmp_path / "a"):
        pass
    assert tree(tmp_path) == {"a/file": "text"}


# Recorded sets


def recorded(*folders: Path) -> None:
    """Make folders that hold a recorded set."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TRACK).write_text("track")


@pytest.mark.parametrize("name", ["set", "2026.11.23", "a b", ".hidden", "set_2"])
def test_results_of_a_folder_lie_beside_it_by_its_whole_name(name: str, tmp_path: Path) -> None:
    recorded(tmp_path / name)
    (tmp_path / "x").mkdir()
    for given in (tmp_path / name, Path(f"{tmp_path / name}/"), tmp_path / "x" / ".." / name):
        assert folder_for(given, None).name == f"{name}_spineline"
        assert folder_for(given, None).parent.resolve() == tmp_path.resolve()
        assert folder_for(given, Path("out")) == Path(f"out/{name}_spineline")


@pytest.mark.parametrize("given", [".", "./", "../rec", "deeper/.."])
def test_results_of_the_folder_one_is_in_lie_beside_it(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(tmp_path / "rec", tmp_path / "rec" / "deeper")
    monkeypatch.chdir(tmp_path / "rec")
    assert folder_for(Path(given), None).resolve() == tmp_path.resolve() / "rec_spineline"


def test_results_of_later_sets_lie_beside_the_recording_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(tmp_path / "rec", tmp_path / "rec" / "set_2", tmp_path / "rec" / "mine")
    assert folder_for(tmp_path / "rec" / "set_2", None) == tmp_path / "rec_set_2_spineline"
    assert folder_for(tmp_path / "rec" / "set_2", Path("out")) == Path("out/rec_set_2_spineline")
    assert folder_for(tmp_path / "rec" / "mine", None) == tmp_path / "rec" / "mine_spineline"
    monkeypatch.chdir(tmp_path / "rec")
    assert folder_for(Path("set_2"), None) == tmp_path / "rec_set_2_spineline"


def test_a_recording_is_a_folder_with_a_track(tmp_path: Path) -> None:
    recorded(tmp_path / "rec")
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd" / TRACK).mkdir(parents=True)
    assert is_recording(tmp_path / "rec")
    for other in (tmp_path / "empty", tmp_path / "odd", tmp_path / "nowhere", tmp_path / "rec" / TRACK):
        assert not is_recording(other)
        assert recordings_in(other) == []


def test_the_sets_of_a_recording_are_in_their_order(tmp_path: Path) -> None:
    sets = [set_path(tmp_path, number) for number in (1, 2, 3, 9, 10, 11, 100)]
    recorded(*sets)
    for name in ("set_", "set_two", "set_2_spineline", "set_-3", "other"):
        recorded(tmp_path / name)
    (tmp_path / "set_4").mkdir()
    (tmp_path / "set_5").write_text("mine")
    assert recordings_in(tmp_path) == sets


def test_later_sets_are_found_where_the_first_did_not_come_about(tmp_path: Path) -> None:
    recorded(tmp_path / "set_2")
    assert recordings_in(tmp_path) == [tmp_path / "set_2"]


def test_nothing_is_put_beside_a_folder_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with result_folder(tmp_path / "x") as folder:
        (folder / ANALYSIS).write_text("new")
        assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert tree(tmp_path) == {"x/analysis.json": "new"}
