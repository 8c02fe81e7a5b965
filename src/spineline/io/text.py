"""Text from outside, made fit to be shown."""


def printable(text: str) -> str:
    """Replace what cannot be printed: line breaks, turned writing, halves of characters."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
