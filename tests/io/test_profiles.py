"""Profiles on disk: what is saved is read again, hostile files and names are refused, and writers do not mix."""

import math
import os
import sys
import threading
import tomllib
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from spineline.core.profile import Profile
from spineline.errors import InputError, SettingsError
from spineline.io import profiles
from spineline.io.profiles import delete_profile, list_profiles, load_profile, profiles_folder, save_profile

PROFILE = Profile(
    thoracic_deg=3.25, bend_deg=-10.5, sigma_deg=2.1, chest_deg=6.0, neck_deg=-3.0, side="left", yaw_deg=-4.0,
    spine_sha256="ab" * 32, pose_model="full", date="2026-11-23", frames=75, seconds=2.5, slump_deg=22.0,
    slump_sigma_deg=3.0,
)  # fmt: skip
BARE = replace(PROFILE, chest_deg=math.nan, neck_deg=math.nan, slump_deg=math.nan, slump_sigma_deg=math.nan)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the profiles where nobody else does."""
    monkeypatch.setenv("SPINELINE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data" / "profiles"


def written(folder: Path, text: str | bytes, name: str = "anna") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def file_with(folder: Path, **changes: object) -> Path:
    """Save a profile, then change or add lines of its file; None takes one away."""
    path = save_profile("anna", PROFILE, replace=True)
    lines = [line for line in path.read_text().splitlines() if line.partition(" = ")[0] not in changes]
    lines += [f"{key} = {value}" for key, value in changes.items() if value is not None]
    return written(folder, "\n".join(lines))


# What is kept


@pytest.mark.parametrize(
    "profile", [PROFILE, BARE, replace(PROFILE, spine_sha256="", date="2026-11-23T18:30:00+01:00")]
)
def test_what_is_saved_is_read_again(profile: Profile, folder: Path) -> None:
    path = save_profile("anna", profile)
    assert path == folder / "anna.toml"
    # NaN equals nothing, so the texts are compared.
    assert repr(load_profile("anna")) == repr(profile)
    assert [each.name for each in folder.iterdir()] == ["anna.toml"]


def test_the_file_is_plain_text_without_what_was_not_measured() -> None:
    values = tomllib.loads(save_profile("anna", BARE).read_text(encoding="utf-8"))
    assert values.pop("schema") == "spineline.profile/1"
    assert values == {key: value for key, value in asdict(BARE).items() if value == value}


def test_the_folder_is_that_of_the_user_unless_another_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert profiles_folder() == folder
    monkeypatch.setenv("SPINELINE_DATA_DIR", "~/elsewhere")
    assert profiles_folder() == Path.home() / "elsewhere" / "profiles"
    monkeypatch.delenv("SPINELINE_DATA_DIR")
    assert profiles_folder().parts[-2:] == ("spineline", "profiles")


def test_profiles_are_listed_in_order_and_other_files_left_alone(folder: Path) -> None:
    assert list_profiles() == ()
    for name in ("Zoë", "anna", "Bea 2"):
        save_profile(name, PROFILE)
    written(folder, "", ".hidden")
    (folder / "notes.txt").touch()
    (folder / "folder.toml").mkdir()
    (folder / ".spineline.0a1b.part").touch()
    assert list_profiles() == ("anna", "Bea 2", "Zoë")


def test_a_profile_is_replaced_only_when_asked() -> None:
    save_profile("anna", PROFILE)
    with pytest.raises(InputError, match="the profile 'anna' exists already: choose another name"):
        save_profile("anna", BARE)
    assert load_profile("anna") == PROFILE
    save_profile("anna", replace(PROFILE, bend_deg=1.0), replace=True)
    assert load_profile("anna").bend_deg == 1.0


@pytest.mark.parametrize("other", ["ANNÉ", "Anne\N{COMBINING ACUTE ACCENT}"])
def test_names_alike_but_for_case_and_composition_are_one(other: str) -> None:
    save_profile("anné", PROFILE)
    with pytest.raises(InputError, match="exists already"):
        save_profile(other, PROFILE)
    assert load_profile(other) == PROFILE
    save_profile(other, replace(PROFILE, frames=9), replace=True)
    assert list_profiles() == ("anné",)
    assert load_profile("anné").frames == 9
    delete_profile(other)
    assert list_profiles() == ()


def test_a_missing_profile_is_an_error_that_names_those_there_are() -> None:
    for act in (load_profile, delete_profile):
        with pytest.raises(InputError, match=r"no profile 'anna': expected one of those kept \(none yet\)"):
            act("anna")
    save_profile("Bea", PROFILE)
    save_profile("carl", PROFILE)
    with pytest.raises(
        InputError, match=r"expected one of those kept \(Bea, carl\), or take it first with spineline calibrate"
    ):
        load_profile("anna")


# Names


@pytest.mark.parametrize("name", ["a", "Anna B-2_c.d", "Łukasz", "王芳", "अनीता", "7", "x" * 60, "console", "com"])
def test_names_of_people_are_allowed(name: str) -> None:
    save_profile(name, PROFILE)
    assert list_profiles() == (name,)
    assert load_profile(name) == PROFILE


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", "a/b", "a\\b", "../a", "/etc/a", "C:a", "a ", " a", "a.", ".a", "a\nb", "a\0b", "a*", "a:b",
     "x" * 61, "con", "CON", "nul.txt", "Com1", "lpt9.a", "con .a", "a\N{RIGHT-TO-LEFT OVERRIDE}b", "a\ud800"],
)  # fmt: skip
def test_names_that_no_file_can_have_everywhere_are_refused(name: str, folder: Path) -> None:
    for act in (load_profile, delete_profile, lambda name: save_profile(name, PROFILE)):
        with pytest.raises(SettingsError, match=r"^expected a name of 1 to 60 letters") as caught:
            act(name)
        assert str(caught.value).isprintable()
    assert not folder.exists() or not list(folder.iterdir())


# Files that are not what they should be


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "schema: Field required"),
        ("[bend", "is not valid TOML"),
        (b"\xff\xfe", "is not valid TOML"),
        (b"\x80\x04}\x94.", "is not valid TOML"),  # a pickle
        ("a = " + "[" * 5000, "is not valid TOML"),
        ("#" * (1 << 17), "is too large"),
        (
            'schema = "spineline.profile/2"\nnew = 1',
            "expected the schema spineline.profile/1, found spineline.profile/2",
        ),
        ('schema = "spineline.track/2"', "schema: Input should be 'spineline.profile/1'"),
        ("schema = 1", "schema: Input should be 'spineline.profile/1', found 1"),
    ],
)
def test_what_is_no_profile_is_refused_in_one_line(text: str | bytes, complaint: str, folder: Path) -> None:
    path = written(folder, text)
    with pytest.raises(SettingsError) as caught:
        load_profile("anna")
    message = str(caught.value)
    assert message.startswith(f"{path}: {complaint}")
    assert message.endswith("take the profile again with spineline calibrate")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("bend_deg", "nan"), ("bend_deg", "inf"), ("bend_deg", "-inf"), ("bend_deg", "'3'"), ("bend_deg", "true"),
        ("bend_deg", "181.0"), ("bend_deg", None), ("sigma_deg", "-0.1"), ("chest_deg", "nan"), ("slump_deg", "[1.0]"),
        ("side", "'unknown'"), ("spine_sha256", "'AB'"), ("spine_sha256", "3"), ("date", "2026-11-23"),
        ("date", "'yesterday'"), ("date", "'2026-11-23\\n'"), ("frames", "0"), ("frames", "2.5"), ("seconds", "0.0"),
        ("name", "'anna'"), ("pose_model", "{}"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(key: str, value: str | None, folder: Path) -> None:
    path = file_with(folder, **{key: value})
    with pytest.raises(SettingsError) as caught:
        load_profile("anna")
    assert str(caught.value).startswith(f"{path}: {key}: ")


def test_a_whole_number_is_a_number(folder: Path) -> None:
    file_with(folder, bend_deg=4)
    assert load_profile("anna").bend_deg == 4.0


def test_nothing_is_saved_that_could_not_be_read(folder: Path) -> None:
    for wrong in (replace(PROFILE, bend_deg=math.nan), replace(PROFILE, date="today"), replace(PROFILE, frames=0)):
        with pytest.raises(SettingsError):
            save_profile("anna", wrong)
    assert not folder.exists()


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SPINELINE_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot be"):
        save_profile("anna", PROFILE)
    (tmp_path / "profiles").touch()
    monkeypatch.setenv("SPINELINE_DATA_DIR", str(tmp_path))
    with pytest.raises(InputError, match=r"profiles: cannot be read .* name another in SPINELINE_DATA_DIR"):
        list_profiles()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs files that cannot be read")
def test_a_file_that_cannot_be_read_is_named() -> None:
    path = save_profile("anna", PROFILE)
    path.chmod(0)
    with pytest.raises(InputError, match=r"anna\.toml: cannot be read \(Permission denied\)"):
        load_profile("anna")


def test_writers_at_the_same_time_leave_one_whole_profile(folder: Path) -> None:
    save_profile("anna", PROFILE)
    kept = {replace(PROFILE, frames=1 + i, pose_model="x" * (1 + 60 * i)) for i in range(3)}
    failures: list[Exception] = []

    def save(profile: Profile) -> None:
        try:
            for _ in range(15):
                save_profile("anna", profile, replace=True)
        except Exception as error:  # noqa: BLE001 - a thread has nobody to pass it on to
            failures.append(error)

    writers = [threading.Thread(target=save, args=(profile,)) for profile in kept]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert load_profile("anna") in {PROFILE, *kept}
    for writer in writers:
        writer.join()
    assert failures == []
    assert load_profile("anna") in kept
    assert [path.name for path in folder.iterdir()] == ["anna.toml"]


def test_the_file_has_every_field_of_a_profile() -> None:
    assert set(profiles._Contents.model_fields) - {"schema_"} == set(asdict(PROFILE))
