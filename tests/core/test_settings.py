"""Every number has a unit and a source, and nothing else than what is allowed gets in."""

from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from spineline.core.settings import Levels, Settings
from spineline.errors import SettingsError

GROUPS: dict[str, BaseModel] = {name: getattr(Settings(), name) for name in Settings.model_fields}
NUMBERS: list[tuple[str, str, FieldInfo]] = [
    (group, key, field)
    for group, model in GROUPS.items()
    for key, field in type(model).model_fields.items()
    if field.annotation is float
]
LEVELS = [
    (group, key)
    for group, model in GROUPS.items()
    for key, field in type(model).model_fields.items()
    if field.annotation is Levels
]
IDS = [f"{group}.{key}" for group, key, _ in NUMBERS]


def bounds(field: FieldInfo) -> tuple[float, float]:
    """Read the allowed range."""
    low = next(m.ge for m in field.metadata if hasattr(m, "ge"))
    high = next(m.le for m in field.metadata if hasattr(m, "le"))
    return low, high


def refused(values: Any, key: str) -> str:
    """Check that the key is named in one line, and return the line."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_mapping(values)
    message = str(caught.value)
    assert message.startswith(f"{key}: ")
    assert "\n" not in message
    return message


def test_every_setting_is_a_number_or_three_levels() -> None:
    assert len(NUMBERS) + len(LEVELS) == sum(len(type(model).model_fields) for model in GROUPS.values())
    assert len(NUMBERS) > 20
    assert len(LEVELS) >= 2


@pytest.mark.parametrize(("group", "key", "field"), NUMBERS, ids=IDS)
def test_every_number_has_unit_source_and_a_default_in_its_range(group: str, key: str, field: FieldInfo) -> None:
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    assert extra["unit"]
    assert extra["source"]
    assert field.description
    assert field.description.endswith(".")
    low, high = bounds(field)
    assert low < high
    assert low <= field.default <= high
    unit = str(extra["unit"])
    if key.endswith(("_deg", "_s", "_hz")) and not key.endswith(("torsos_s", "_m_s")):
        assert unit == {"deg": "deg", "s": "s", "hz": "Hz"}[key.rsplit("_", 1)[1]]
    assert group in GROUPS


@pytest.mark.parametrize(("group", "key"), LEVELS)
def test_every_set_of_levels_has_unit_and_source(group: str, key: str) -> None:
    extra = type(GROUPS[group]).model_fields[key].json_schema_extra
    assert isinstance(extra, dict)
    assert extra["unit"] == key.rsplit("_", 1)[1]
    assert extra["source"]


@pytest.mark.parametrize(("group", "key", "field"), NUMBERS, ids=IDS)
def test_the_ends_of_a_range_are_allowed_and_what_lies_beyond_is_not(group: str, key: str, field: FieldInfo) -> None:
    for end in bounds(field):
        settings = Settings.from_mapping({group: {key: end}})
        assert getattr(getattr(settings, group), key) == end
    low, high = bounds(field)
    for wrong in (low - 0.01, high + 0.01, -1e9, 1e9):
        assert str(wrong) in refused({group: {key: wrong}}, f"{group}.{key}")


@pytest.mark.parametrize(("group", "key", "field"), NUMBERS, ids=IDS)
@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf"), "much", None, [1.0], {}])
def test_what_is_no_number_is_refused(group: str, key: str, field: FieldInfo, wrong: object) -> None:
    assert field.annotation is float
    refused({group: {key: wrong}}, f"{group}.{key}")


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"filter": {}}, "filter"),
        ({"reps": {"min_rang": 1.0}}, "reps.min_rang"),
        ({"rules": {"thoracic_rounding_deg": {"warn": 3}}}, "rules.thoracic_rounding_deg.warn"),
        ({"rules": 3}, "rules"),
        ({"rules": None}, "rules"),
        ({"rules": {"thoracic_growth_deg": 5}}, "rules.thoracic_growth_deg"),
        ([], "settings"),
        (3, "settings"),
    ],
)
def test_wrong_keys_and_shapes_are_named(values: Any, key: str) -> None:
    if isinstance(values, dict) and isinstance(values.get("rules"), dict):
        levels = values["rules"].get("thoracic_rounding_deg")
        if levels is not None:
            values = {"rules": {"thoracic_rounding_deg": {"info": 1, "caution": 2, "flag": 3, **levels}}}
    refused(values, key)


@pytest.mark.parametrize(("group", "key"), LEVELS)
@pytest.mark.parametrize("levels", [(8, 5, 12), (5, 12, 8), (12, 8, 5)])
def test_levels_must_rise(group: str, key: str, levels: tuple[float, float, float]) -> None:
    names = dict(zip(("info", "caution", "flag"), levels, strict=True))
    assert "info <= caution <= flag" in refused({group: {key: names}}, f"{group}.{key}")


@pytest.mark.parametrize(("group", "key"), LEVELS)
@pytest.mark.parametrize("wrong", [-1.0, 91.0, float("nan"), float("inf"), "high"])
def test_levels_are_numbers_in_range(group: str, key: str, wrong: object) -> None:
    refused({group: {key: {"info": 5, "caution": 8, "flag": wrong}}}, f"{group}.{key}.flag")


def test_equal_levels_are_allowed() -> None:
    settings = Settings.from_mapping({"rules": {"thoracic_rounding_deg": {"info": 7, "caution": 7, "flag": 7}}})
    assert settings.rules.thoracic_rounding_deg.flag == 7


def test_what_is_not_named_keeps_its_default() -> None:
    settings = Settings.from_mapping({"reps": {"min_share": 0.7}})
    assert settings.reps.min_share == 0.7
    assert settings.filters == Settings().filters
    assert settings.reps.model_copy(update={"min_share": Settings().reps.min_share}) == Settings().reps
    assert Settings.from_mapping({}) == Settings()


def test_settings_survive_being_written_and_read() -> None:
    settings = Settings.from_mapping({"rules": {"held_s": 0.3}, "view": {"max_yaw_deg": 10}})
    assert Settings.from_mapping(settings.model_dump()) == settings


def test_settings_cannot_be_changed_later() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().rules.held_s = 1.0  # type: ignore[misc]
