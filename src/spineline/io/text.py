"""Text as it is shown and written."""

import json


def printable(text: str) -> str:
    """Replace what cannot be printed: line breaks, turned writing, halves of characters."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def json_text(document: object) -> str:
    """Return strict JSON for people and programs: indented, ending in a newline, and no NaN."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
