"""The video is taken away, cut or replaced, or the folder of results removed, while the video is read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from spineline.app.analyze import Done, Failed, Job, Request, analyze_one
from tests.contents import everything_in
from tests.io.make_video import write_video

TIMES_S = [i / 15 for i in range(24)]
AT_FRAME = 8


def analysed(clip: Path, model: Path, out: Path, change: Callable[[], object], doing: str = "") -> Done | Failed:
    """Analyse a clip; once, in the middle of one reading of it, something changes."""
    done: list[str] = []

    def on_progress(label: str, frame: int, _total: int | None) -> None:
        if label == clip.name + doing and frame == AT_FRAME and not done:
            done.append(label)
            change()

    found = analyze_one(
        Job(name=str(clip), request=Request(output_dir=out, save_vid=True), model=model), on_progress=on_progress
    )
    assert done
    return found


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "clip.mp4", TIMES_S)


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 3)


def replaced(path: Path) -> None:
    write_video(path.with_name("new.mp4"), TIMES_S, width_px=320, height_px=240).replace(path)


@pytest.mark.parametrize("doing", ["", ", overlay"])
@pytest.mark.parametrize("change", [cut, replaced])
def test_a_video_that_changes_while_it_is_read_is_refused_and_leaves_nothing(
    change: Callable[[Path], None], doing: str, clip: Path, pose_model: Path, tmp_path: Path
) -> None:
    found = analysed(clip, pose_model, tmp_path / "out", lambda: change(clip), doing)
    assert isinstance(found, Failed)
    assert found.message.startswith(f"{clip}: ")
    assert "\n" not in found.message
    assert not (tmp_path / "out").exists()


def test_an_earlier_result_stays_as_it_is(clip: Path, pose_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert isinstance(analyze_one(Job(name=str(clip), request=Request(output_dir=out), model=pose_model),
                                  on_progress=lambda *_: None), Done)  # fmt: skip
    before = everything_in(out)
    found = analysed(clip, pose_model, out, lambda: replaced(clip))
    assert isinstance(found, Failed)
    assert found.message == f"{clip}: was changed while it was read; analyse it again when that is done"
    assert everything_in(out) == before


def test_a_video_that_is_removed_is_refused_if_it_is_still_needed(clip: Path, pose_model: Path, tmp_path: Path) -> None:
    found = analysed(clip, pose_model, tmp_path / "out", clip.unlink)
    assert isinstance(found, Failed)
    assert found.message == f"{clip}: no such file; check the path"
    assert not (tmp_path / "out").exists()


def test_a_video_that_is_removed_when_all_of_it_was_read_is_no_trouble(
    clip: Path, pose_model: Path, tmp_path: Path
) -> None:
    found = analysed(clip, pose_model, tmp_path / "out", clip.unlink, ", overlay")
    assert isinstance(found, Done)
    assert (found.folder / "overlay.mp4").is_file()


@pytest.mark.parametrize("earlier", [False, True])
def test_a_folder_that_is_removed_meanwhile_is_one_line(
    earlier: bool, clip: Path, pose_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    if earlier:
        (out / "clip_spineline").mkdir(parents=True)
    found = analysed(clip, pose_model, out, lambda: shutil.rmtree(out))
    assert isinstance(found, Failed)
    assert found.message.startswith(f"{out / 'clip_spineline'}")
    assert "cannot be written (No such file or directory)" in found.message
    assert [path.name for path in tmp_path.iterdir()] == [clip.name]
