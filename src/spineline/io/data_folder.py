"""The user's data folder, where profiles and the history are kept, and the names that they are kept under.

Names that differ only in case or in how Unicode composes them are one name, on every machine.
"""

import os
import unicodedata
from pathlib import Path
from typing import Final

from spineline.errors import SettingsError

DATA_VARIABLE: Final = "SPINELINE_DATA_DIR"
DEFAULT_PROFILE: Final = "me"
"""Name of the profile that is kept, and of the lifter, when none was named."""

_MAX_CHARACTERS: Final = 60
_RESERVED: Final = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}
"""Names that Windows keeps for itself, whatever follows them after a dot."""


def data_folder() -> Path:
    """Return SPINELINE_DATA_DIR, or else the folder that the system has for data of the user."""
    if chosen := os.environ.get(DATA_VARIABLE):
        return Path(chosen).expanduser()
    import platformdirs  # not needed where a folder was named

    return platformdirs.user_data_path("spineline", appauthor=False)


def checked_name(name: str) -> str:
    """Return a name of a profile or a lifter as it is kept.

    Raises
    ------
    SettingsError
        No file can be called like that on every system.
    """
    stem = unicodedata.normalize("NFC", name)
    kept = 0 < len(stem) <= _MAX_CHARACTERS and stem == stem.strip(" .")
    kept &= all(sign in " -_." or unicodedata.category(sign)[0] in "LM" or sign.isdecimal() for sign in stem)
    if not kept or stem.split(".")[0].strip().casefold() in _RESERVED:
        raise SettingsError(
            f"expected a name of 1 to {_MAX_CHARACTERS} letters, digits, spaces, - _ or . that begins and"
            f" ends with neither space nor . and is no device of Windows, found {name[: 2 * _MAX_CHARACTERS]!r}"
        )
    return stem


def name_key(name: str) -> str:
    """Return what tells a name from others."""
    return unicodedata.normalize("NFC", name.casefold())
