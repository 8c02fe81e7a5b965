"""What a SOURCE is: folders that are searched, globs, lists."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spineline.errors import InputError
from spineline.io.sources import Source, common_root, name_in, natural_key, place_in, read_source


def make(folder: Path, *names: str) -> Path:
    """Make empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(source: Source) -> list[str]:
    return [name_in(source.root, found.path) for found in source.found]


# Folders


def test_a_folder_is_searched_through_in_the_natural_order_of_names(tmp_path: Path) -> None:
    make(tmp_path, "clip10.mp4", "clip2.MOV", "Anna/a.mkv", "b/c/deep.npz", "notes.txt", "b/photo.jpg", "clip2.mp4.bak")
    source = read_source(str(tmp_path))
    assert names(source) == ["Anna/a.mkv", "b/c/deep.npz", "clip2.MOV", "clip10.mp4"]
    assert (source.root, source.is_folder) == (tmp_path, True)


def test_results_and_what_is_hidden_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "a_spineline/overlay.mp4", "a_spineline/track.npz", ".trash/b.mp4", "._a.mp4", "x/.c.mp4")
    make(tmp_path, ".spineline.0123.part/overlay.mp4")
    assert names(read_source(str(tmp_path))) == ["a.mp4"]


def test_a_recorded_set_is_one_input_and_so_is_each_later_one(tmp_path: Path) -> None:
    make(tmp_path, "rec/track.npz", "rec/video.mp4", "rec/set_2/track.npz", "rec/set_2/video.mp4", "rec/extra.mp4")
    make(tmp_path, "rec_spineline/overlay.mp4")
    assert names(read_source(str(tmp_path))) == ["rec", "rec/extra.mp4", "rec/set_2"]
    alone = read_source(str(tmp_path / "rec"))
    assert (names(alone), alone.is_folder) == (["rec", "rec/extra.mp4", "rec/set_2"], False)


def test_links_are_followed_but_never_in_circles(tmp_path: Path) -> None:
    make(tmp_path / "here", "a.mp4", "sub/b.mp4")
    make(tmp_path / "elsewhere", "c.mp4")
    links = {
        "here/sub/up": "here",
        "here/sub/itself": "here/sub/itself",
        "here/out": "elsewhere",
        "elsewhere/back": "here",
    }
    for name, target in links.items():
        (tmp_path / name).symlink_to(tmp_path / target)
    (tmp_path / "here" / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    assert names(read_source(str(tmp_path / "here"))) == ["a.mp4", "gone.mp4", "out/c.mp4", "sub/b.mp4"]
    assert names(read_source(f"{tmp_path}/here/**/*.mp4")) == ["a.mp4", "gone.mp4", "sub/b.mp4"]


@pytest.mark.parametrize("name", ["", "empty", "nowhere", "nowhere/*.mp4", "*.mp4", "a**b/*.mp4", "missing.csv"])
def test_what_holds_nothing_is_refused(name: str, tmp_path: Path) -> None:
    make(tmp_path, "notes.txt", "a_spineline/a.mp4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no video|matches no video|no such|is no glob"):
        read_source(str(tmp_path / name))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs rights that can be taken away")
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "closed/b.mp4")
    (tmp_path / "closed").chmod(0)
    try:
        _, closed = read_source(str(tmp_path)).found
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert "cannot be read" in closed.wrong


def test_natural_order_knows_numbers_and_no_capitals() -> None:
    ordered = ["1.mp4", "٣", "a2.mp4", "A10.mp4", "a10b.mp4", "b", "Set 9", "set 10"]
    assert sorted(set(ordered), key=natural_key) == ordered


# Globs


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.mp4", ["a.mp4"]),
        ("**/*.mp4", ["2026-01/c.mp4", "a.mp4"]),
        ("*", ["2026-01/c.mp4", "2026-01/d.npz", "a.mp4", "rec"]),
        ("2026-*", ["2026-01/c.mp4", "2026-01/d.npz"]),
        ("**", ["2026-01/c.mp4", "2026-01/d.npz", "a.mp4", "rec"]),
        ("**/*", ["2026-01/c.mp4", "2026-01/d.npz", "a.mp4", "rec"]),
        ("[0-9]*/?.npz", ["2026-01/d.npz"]),
    ],
)
def test_a_glob_matches_recordings_and_folders_of_them(pattern: str, found: list[str], tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "a_spineline/overlay.mp4", "2026-01/c.mp4", "2026-01/d.npz", ".h.mp4", "notes.txt")
    make(tmp_path, "rec/track.npz", "rec/video.mp4")
    source = read_source(f"{tmp_path}/{pattern}")
    assert sorted(names(source)) == found
    assert source.root == tmp_path


def test_a_file_that_is_called_like_a_glob_is_that_file(tmp_path: Path) -> None:
    make(tmp_path, "set [1].mp4", "set 1.mp4")
    assert names(read_source(str(tmp_path / "set [1].mp4"))) == ["set [1].mp4"]


# Lists


def test_a_text_is_one_path_a_line_relative_to_it(tmp_path: Path) -> None:
    make(tmp_path, "lists/clips/b.mp4", "lists/clips/a.mp4", "other/c.mp4")
    text = f"\ufeff# Monday\n\n ../other/c.mp4 \r\nclips\n{tmp_path}/lists/gone #1.mp4\n  # no more\n"
    (tmp_path / "lists" / "week.txt").write_text(text, encoding="utf-8", newline="")
    source = read_source(str(tmp_path / "lists" / "week.txt"))
    assert names(source) == [f"{tmp_path}/other/c.mp4", "clips/a.mp4", "clips/b.mp4", "gone #1.mp4"]
    assert not source.is_folder


def test_a_name_of_any_bytes_can_be_listed(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.mp4\n")
    (found,) = read_source(str(tmp_path / "list.txt")).found
    assert os.fsencode(found.path.name) == b"caf\xe9.mp4"


TABLE = """file,lifter,date,load_kg,exercise
a.mp4,Anna,2026-01-05,102.5,squat
"b, second.mp4",,,,
c.mp4,a/b,,,
d.mp4,Bob,2026-13-05,,
e.mp4,Bob,,much,
f.mp4,Bob,,,curl
,Bob,,,
g.mp4,Bob
h.mp4,Bob,2999-01-01,,
i.mp4,Bob,,-3,
"""


def test_a_table_says_what_is_known_of_each_and_a_wrong_row_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "season.csv").write_text(TABLE)
    found = read_source(str(tmp_path / "season.csv")).found
    assert [each.path.name for each in found[:2]] == ["a.mp4", "b, second.mp4"]
    date = found[0].said["date"]
    assert found[0].said == {"lifter": "Anna", "date": date, "load_kg": 102.5, "exercise": "squat"}
    assert date.startswith("2026-01-05T00:00:00")
    assert (found[1].said, found[1].wrong) == ({}, "")
    wrong = [each.wrong for each in found[2:]]
    told = (
        "name of 1 to 60",
        "Must be a date",
        "expected a number",
        "exercise",
        "column file",
        "5 cells",
        "future",
        "kg",
    )
    for line, (said, why) in enumerate(zip(told, wrong, strict=True), start=4):
        assert f"season.csv, line {line}: " in why
        assert said in why


@pytest.mark.parametrize(
    "text",
    ["FILE;Lifter;load_kg\na.mp4;Zoë;102,5\n", "\ufefffile\tlifter\tload_kg\r\na.mp4\tZoë\t102.5\r\n"],
    ids=["semicolons and a decimal comma", "tabs and a mark of the byte order"],
)
def test_a_table_may_come_from_any_spreadsheet(text: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(text, encoding="utf-8", newline="")
    (found,) = read_source(str(tmp_path / "list.csv")).found
    assert (found.path.name, found.said) == ("a.mp4", {"lifter": "Zoë", "load_kg": 102.5})


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"file,load\na.mp4,3\n", "found 'load'"),
        ("a.csv", b"lifter\nAnna\n", "found 'lifter'"),
        ("a.csv", b"file,file\n", "found 'file,file'"),
        ("a.csv", b"", "expected a header"),
        ("a.csv", b'file\n"a.mp4\n', "expected CSV"),
        ("a.csv", b"file\n", "names no file"),
        ("a.txt", b"# nothing\n", "names no file"),
        ("a.txt", b"a.mp4\n\0\0", "is no list"),
    ],
)
def test_a_list_that_is_none_is_refused(name: str, data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=said):
        read_source(str(tmp_path / name))


def test_a_folder_in_a_list_is_searched_and_shares_its_row(tmp_path: Path) -> None:
    make(tmp_path, "anna/a.mp4", "anna/b.mp4")
    (tmp_path / "none").mkdir()
    (tmp_path / "list.csv").write_text("file,lifter\nanna,Anna\nnone,Bob\n")
    first, second, none = read_source(str(tmp_path / "list.csv")).found
    assert first.said == second.said == {"lifter": "Anna"}
    assert "holds no video" in none.wrong


# Where things are


def test_folders_are_mirrored_from_where_all_sources_lie(tmp_path: Path) -> None:
    make(tmp_path, "gym/a/clip.mp4", "gym/b/clip.mp4")
    one, two = read_source(str(tmp_path / "gym" / "a")), read_source(str(tmp_path / "gym" / "b"))
    assert common_root([one]) == tmp_path / "gym" / "a"
    assert common_root([one, two]) == tmp_path / "gym"
    assert place_in(common_root([one, two]), two.found[0].path) == Path("b/clip.mp4")
    outside = place_in(tmp_path / "gym" / "a", tmp_path / "gym" / "a" / ".." / "b" / "clip.mp4")
    assert outside == (tmp_path / "gym" / "b" / "clip.mp4").relative_to("/")
