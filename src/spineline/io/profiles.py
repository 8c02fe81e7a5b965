"""Profiles on disk: one TOML file each in the user's data folder, its name that of the profile."""

import contextlib
import re
import tomllib
from dataclasses import asdict
from datetime import datetime
from math import isfinite, nan
from pathlib import Path
from typing import Annotated, Final, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, field_validator

from spineline.core.profile import Profile
from spineline.core.settings import checked
from spineline.errors import InputError, SettingsError
from spineline.io.container import printable_name
from spineline.io.data_folder import DATA_VARIABLE, checked_name, data_folder, name_key
from spineline.io.plain_file import read_plain
from spineline.io.whole_file import cannot_be_written, whole_file

SCHEMA: Final = "spineline.profile/1"

_SCHEMA: Final = re.compile(r"spineline\.profile/\d{1,9}")

_AGAIN: Final = "take the profile again with spineline calibrate"
_SUFFIX: Final = ".toml"
_HEAD: Final = "# Relaxed standing of one lifter, to compare recordings with: spineline analyze --profile NAME"
_MAX_BYTES: Final = 1 << 16

_Angle = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
_Sigma = Annotated[float, Field(ge=0, le=180, allow_inf_nan=False)]


class _Contents(BaseModel):
    """What a file holds: the fields of `Profile`; one that is missing there was not measured."""

    model_config = ConfigDict(extra="forbid", strict=True)

    schema_: Literal["spineline.profile/1"] = Field(alias="schema")
    date: Annotated[str, Field(max_length=40)]
    thoracic_deg: _Angle
    bend_deg: _Angle
    sigma_deg: _Sigma
    chest_deg: _Angle = nan
    neck_deg: _Angle = nan
    side: Literal["left", "right"]
    yaw_deg: _Angle
    spine_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
    pose_model: Annotated[str, Field(max_length=200)]
    frames: Annotated[int, Field(ge=1)]
    seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    slump_deg: _Angle = nan
    slump_sigma_deg: _Sigma = nan

    @field_validator("date")
    @classmethod
    def _dated(cls, value: str) -> str:
        datetime.fromisoformat(value)
        return value


_OPTIONAL: Final = {name for name, field in _Contents.model_fields.items() if not field.is_required()}


def profiles_folder() -> Path:
    """Return the folder of the profiles: `profiles` in the user's data folder."""
    return data_folder() / "profiles"


def list_profiles() -> tuple[str, ...]:
    """Return the names of the profiles that are kept, in order; whether each can be read is not looked at."""
    return tuple(sorted((path.stem for path in _files().values()), key=str.casefold))


def load_profile(name: str) -> Profile:
    """Return a profile.

    Raises
    ------
    InputError
        There is none of that name, or it cannot be read.
    SettingsError
        The name, or what the file holds, is not allowed.
    """
    return read_profile(_existing(name))


def read_profile(path: Path) -> Profile:
    """Return the profile in a file; what is raised is that of `load_profile`."""
    try:
        data = read_plain(path, _MAX_BYTES)
    except OSError as error:
        raise InputError(f"{printable_name(path)}: cannot be read ({error.strerror or error})") from error
    try:
        return _parsed(data)
    except SettingsError as error:
        raise SettingsError(f"{printable_name(path)}: {error}; {_AGAIN}") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, or beyond what the reader bears
        raise SettingsError(f"{printable_name(path)}: is not valid TOML ({error}); {_AGAIN}") from error


def save_profile(name: str, profile: Profile, *, replace: bool = False) -> Path:
    """Keep a profile under a name, whole or not at all, and return its file.

    Raises
    ------
    InputError
        There is one of that name already, and it is not to be replaced; or it cannot be written.
    SettingsError
        The name, or a value of the profile, is not allowed.
    """
    stem = checked_name(name)
    found = _files().get(name_key(stem))
    if found and not replace:
        raise InputError(f"the profile {found.stem!r} exists already: choose another name, delete it or replace it")
    path = found or profiles_folder() / (stem + _SUFFIX)
    write_profile(path, profile)
    return path


def write_profile(path: Path, profile: Profile) -> None:
    """Write a profile into a file; what is raised is that of `save_profile`."""
    measured = {key: value for key, value in asdict(profile).items() if key not in _OPTIONAL or isfinite(value)}
    values = {"schema": SCHEMA, **measured}
    checked(_Contents, values)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_be_written(path.parent, error) from error
    with whole_file(path) as file:
        file.write(f"{_HEAD}\n\n{tomli_w.dumps(values)}".encode())


def delete_profile(name: str) -> Path:
    """Delete a profile, and return the file that it was.

    Raises
    ------
    InputError
        There is none of that name, or it cannot be deleted.
    """
    path = _existing(name)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{printable_name(path)}: cannot be deleted ({error.strerror or error})") from error
    return path


def _files() -> dict[str, Path]:
    """Return the files that are there, each under what tells its name from others."""
    found: dict[str, Path] = {}
    try:
        paths = sorted(profiles_folder().iterdir())
    except FileNotFoundError:
        return found
    except OSError as error:
        raise InputError(
            f"{printable_name(profiles_folder())}: cannot be read ({error.strerror or error}), expected the folder of "
            f"the profiles; name another in {DATA_VARIABLE}"
        ) from error
    for path in paths:
        with contextlib.suppress(SettingsError):
            if path.suffix == _SUFFIX and path.is_file():
                found.setdefault(name_key(checked_name(path.stem)), path)
    return found


def _existing(name: str) -> Path:
    path = _files().get(name_key(checked_name(name)))
    if path is None:
        names = ", ".join(list_profiles()) or "none yet"
        raise InputError(
            f"no profile {name!r}: expected one of those kept ({names}), or take it first with spineline calibrate"
        )
    return path


def _parsed(data: bytes) -> Profile:
    if len(data) > _MAX_BYTES:
        raise SettingsError("is too large for a profile")
    values = tomllib.loads(data.decode("utf-8-sig"))
    schema = values.get("schema")
    if isinstance(schema, str) and schema != SCHEMA and _SCHEMA.fullmatch(schema):
        raise SettingsError(f"expected the schema {SCHEMA}, found {schema}, of a newer spineline: update this one")
    contents = checked(_Contents, values)
    return Profile(**contents.model_dump(exclude={"schema_"}))
