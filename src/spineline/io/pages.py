"""What every page shares: how its template is filled in, pictures within it, and how it is written."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from spineline.errors import InputError
from spineline.io.text import printable
from spineline.io.whole_file import whole_file

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

WIDE_PX: Final = 960
NARROW_PX: Final = 360
"""Of drawings on pages."""


def page_template(name: str) -> Template:
    """Return one of the templates of this package; text from outside that it is filled with is never interpreted."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("spineline.io"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_printable,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def _printable(value: object) -> object:
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def at_both_widths(draw: Callable[[int, str], str], *, wide_px: int = WIDE_PX) -> dict[str, Markup]:
    """Draw once for wide and once for narrow screens.

    Parameters
    ----------
    draw : callable
        Given the width and its name, ``wide`` or ``narrow``, returns an ``<svg>`` element, made of numbers and fixed
        words alone: what comes from outside must not get into it.
    wide_px : int
        The larger width.
    """
    from markupsafe import Markup

    widths_px = {"wide": wide_px, "narrow": NARROW_PX}
    return {name: Markup(draw(width_px, name)) for name, width_px in widths_px.items()}  # noqa: S704


def jpeg_uri(jpeg: bytes) -> str:
    """Return a JPEG as an address that holds it.

    Raises
    ------
    InputError
        It is none.
    """
    if not jpeg.startswith(b"\xff\xd8\xff"):
        raise InputError("stills: expected a JPEG picture, found something else")
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def write_page(page: str, target: Path | str | TextIO) -> None:
    """Write a page to a stream, or to a path whole or not at all.

    Raises
    ------
    InputError
        It cannot be written there.
    """
    if isinstance(target, (str, Path)):
        with whole_file(Path(target)) as file:
            file.write(page.encode("utf-8"))
    else:
        target.write(page)
