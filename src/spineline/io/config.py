"""`config.toml`: the settings of an analysis, read (`--config`) and written (beside every result).

One file holds the options of the command line in the table ``analyze`` and every threshold in the tables of
`spineline.core.settings`. What it leaves out has its default, and what is written can be read again.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from spineline import __version__
from spineline.core.settings import Settings, checked
from spineline.errors import InputError, SettingsError
from spineline.io.container import printable_name
from spineline.io.data_folder import checked_name
from spineline.io.plain_file import read_plain

MAX_MASS_KG: Final = 1000.0
MIN_HEIGHT_M, MAX_HEIGHT_M = 1.0, 2.5

_OPTIONS_TABLE: Final = "analyze"
_MAX_BYTES: Final = 1 << 20

Mass = Annotated[float, Field(gt=0, lt=MAX_MASS_KG, allow_inf_nan=False)]
Height = Annotated[float, Field(ge=MIN_HEIGHT_M, le=MAX_HEIGHT_M, allow_inf_nan=False)]
Second = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Options(BaseModel):
    """What is asked of an analysis besides thresholds; None is not given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exercise: Literal["auto", "deadlift", "squat"] = "auto"
    model: Annotated[str, Field(min_length=1)] = "full"
    load_kg: Mass | None = None
    body_mass_kg: Mass | None = None
    height_m: Height | None = None
    time_range_s: tuple[Second, Second] | None = None
    profile: Annotated[str, Field(min_length=1)] | None = None
    lifter: Annotated[str, AfterValidator(checked_name)] | None = None

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.time_range_s and not self.time_range_s[0] < self.time_range_s[1]:
            raise ValueError("expected a time range that begins before it ends")
        return self

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> Self:
        """Build options from a table; what is wrong is named as by `spineline.core.settings.checked`."""
        return checked(cls, values, table=_OPTIONS_TABLE)


def read_config(path: Path) -> tuple[dict[str, Any], Settings]:
    """Read a file of settings.

    Returns
    -------
    The table ``analyze`` as it stands, for `Options.from_mapping` once the command line has had its say, and the
    thresholds. Both are checked.

    Raises
    ------
    InputError
        The file cannot be read.
    SettingsError
        It is not TOML, or holds what is not allowed.
    """
    try:
        data = read_plain(path, _MAX_BYTES)
    except OSError as error:
        reason = "is a folder" if path.is_dir() else f"cannot be read ({error.strerror or error})"
        raise InputError(f"{printable_name(path)}: {reason}, expected a TOML file of settings") from error
    try:
        return _parsed(data)
    except SettingsError as error:
        raise SettingsError(f"{printable_name(path)}: {error}") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, or beyond what the reader bears
        raise SettingsError(f"{printable_name(path)}: is not valid TOML ({error})") from error


def asked_for(given: Mapping[str, Any], config: Path | None) -> tuple[Options, Settings]:
    """Return what is asked for: by the command line first (None is not given), then by a file of settings.

    Raises
    ------
    InputError, SettingsError
        As of `read_config`; or an option that is not allowed.
    """
    table, settings = read_config(config) if config else ({}, Settings())
    options = Options.from_mapping({**table, **{key: value for key, value in given.items() if value is not None}})
    return options, settings


def _parsed(data: bytes) -> tuple[dict[str, Any], Settings]:
    if len(data) > _MAX_BYTES:
        raise SettingsError("is too large for a file of settings")
    values = tomllib.loads(data.decode("utf-8-sig"))
    options = values.pop(_OPTIONS_TABLE, {})
    if not isinstance(options, dict):
        raise SettingsError(f"{_OPTIONS_TABLE}: expected a table, found {options!r}")
    Options.from_mapping(options)
    return options, Settings.from_mapping(values)


def config_text(options: Options, settings: Settings) -> str:
    """Return the text of `config.toml`: everything, defaults included."""
    tables = {
        _OPTIONS_TABLE: options.model_dump(mode="json", exclude_none=True),
        **settings.model_dump(mode="json"),
    }
    head = f"# Settings of an analysis by spineline {__version__}. Use them again: spineline analyze --config FILE"
    return f"{head}\n\n{tomli_w.dumps(tables)}"
