"""Settings as rows of a table: value, unit, what each is and where it comes from."""

from dataclasses import dataclass

from pydantic import BaseModel

from spineline.core.settings import Settings, origin


@dataclass(frozen=True)
class SettingRow:
    """One setting."""

    name: str
    value: str
    default: str
    changed: bool
    about: str
    origin: str


def settings_rows(settings: Settings, *groups: str) -> list[SettingRow]:
    """List the settings of some groups, of all if none is named, in the order in which they are declared."""
    rows = []
    for group_name in groups or type(settings).model_fields:
        group = getattr(settings, group_name)
        for name, field in type(group).model_fields.items():
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            unit, value = str(extra.get("unit", "")), getattr(group, name)
            default = field.get_default()
            rows.append(
                SettingRow(
                    name=f"{group_name}.{name}",
                    value=_with_unit(value, unit),
                    default=_with_unit(default, unit),
                    changed=value != default,
                    about=field.description or "",
                    origin=origin(group, name),
                )
            )
    return rows


def _with_unit(value: BaseModel | float, unit: str) -> str:
    """Write a value, or the values of a group of levels, with its unit."""
    text = ", ".join(f"{k} {v:g}" for k, v in value) if isinstance(value, BaseModel) else f"{value:g}"
    return text if unit in ("", "1") else f"{text} {unit}"
