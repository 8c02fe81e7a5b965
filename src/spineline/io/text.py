"""Text as it is shown and written."""

import json
from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet calculate, the wide forms included; and the sign that keeps it from that."""


def printable(text: str) -> str:
    """Replace what cannot be printed: line breaks, turned writing, halves of characters."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def json_text(document: object) -> str:
    """Return strict JSON for people and programs: indented, ending in a newline, and no NaN."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def no_formula(text: str) -> str:
    """Return a text as the cell of a CSV that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
