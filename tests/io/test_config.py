"""config.toml: what is written can be read, and what is not allowed is named."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from spineline.core.settings import Settings
from spineline.errors import InputError, SettingsError
from spineline.io.config import Options, config_text, read_config

FULL = Options(exercise="squat", model="heavy", load_kg=102.5, body_mass_kg=80, time_range_s=(1.5, 9.0))
CHANGED = Settings.from_mapping(
    {"rules": {"held_s": 0.3, "thoracic_rounding_deg": {"info": 6, "caution": 9, "flag": 15}}}
)


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "my config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("options", [Options(), FULL])
@pytest.mark.parametrize("settings", [Settings(), CHANGED])
def test_what_is_written_is_read_again(options: Options, settings: Settings, tmp_path: Path) -> None:
    table, read = read_config(written(tmp_path, config_text(options, settings)))
    assert Options.from_mapping(table) == options
    assert read == settings


def test_everything_is_written_defaults_included() -> None:
    values = tomllib.loads(config_text(FULL, CHANGED))
    assert values.pop("analyze") == {
        "exercise": "squat",
        "model": "heavy",
        "load_kg": 102.5,
        "body_mass_kg": 80.0,
        "time_range_s": [1.5, 9.0],
    }
    assert values == CHANGED.model_dump(mode="json")


def test_the_same_settings_give_the_same_text() -> None:
    assert config_text(FULL, CHANGED) == config_text(FULL.model_copy(), CHANGED.model_copy(deep=True))


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    table, settings = read_config(written(tmp_path, "\ufeff[rules]\nheld_s = 0.5\n"))
    assert table == {}
    assert settings == Settings.from_mapping({"rules": {"held_s": 0.5}})
    assert read_config(written(tmp_path, "")) == ({}, Settings())


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[analyze", "is not valid TOML"),
        (b"\xff\xfe", "is not valid TOML"),
        ("a = " + "1" * 5000, "is not valid TOML"),
        ("a = " + "[" * 5000, "is not valid TOML"),
        ("#" * (2 << 20), "is too large"),
        ("analyze = 3", "analyze: expected a table, found 3"),
        ("[analyze]\nload = 3", "analyze.load: Extra inputs are not permitted, found 3"),
        ("[analyze]\nexercise = 'bench'", "analyze.exercise: Input should be 'auto', 'deadlift' or 'squat'"),
        ("[analyze]\nmodel = ''", "analyze.model: "),
        ("[analyze]\nload_kg = 0", "analyze.load_kg: Input should be greater than 0, found 0"),
        ("[analyze]\nload_kg = 1000", "analyze.load_kg: Input should be less than 1000, found 1000"),
        ("[analyze]\nbody_mass_kg = nan", "analyze.body_mass_kg: Input should be a finite number"),
        ("[analyze]\ntime_range_s = [1]", "analyze.time_range_s: "),
        ("[analyze]\ntime_range_s = [2, 1]", "expected a time range that begins before it ends"),
        ("[analyze]\ntime_range_s = [-1, 1]", "analyze.time_range_s: Input should be greater than or equal to 0"),
        ("[analyze]\ntime_range_s = [0, inf]", "analyze.time_range_s: Input should be a finite number"),
        ("[rules]\nheld_s = 99", "rules.held_s: Input should be less than or equal to 2, found 99"),
        ("[ruels]\nheld_s = 1", "ruels: Extra inputs are not permitted"),
    ],
)
def test_what_is_not_allowed_is_named_in_one_line(text: str | bytes, complaint: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_config(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert complaint in message
    assert "\n" not in message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml: cannot be read \(No such file or directory\)"):
        read_config(tmp_path / "nowhere.toml")
    with pytest.raises(InputError, match="is a folder, expected a TOML file"):
        read_config(tmp_path)


@pytest.mark.parametrize("value", [{"load_kg": -1.0}, {"unknown": 1}, {"time_range_s": (3.0, 3.0)}])
def test_options_are_checked(value: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"^analyze"):
        Options.from_mapping(value)
