"""`spineline profiles`: the saved profiles, listed, shown and deleted."""

from dataclasses import asdict
from math import isfinite
from typing import Annotated

from cyclopts import App, Parameter

from spineline.errors import SpinelineError

profiles = App(name="profiles", help="Look after the saved profiles that `analyze --profile` compares with.")

Name = Annotated[str, Parameter(name="NAME")]


@profiles.command(name="list")
def list_() -> int:
    """List the profiles, and when each was taken."""
    from rich.table import Table

    from spineline.app.cli import OK, terminal
    from spineline.io.profiles import list_profiles, load_profile

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("Name", "Taken", "Spine model"):
        table.add_column(title, overflow="fold")
    for name in list_profiles():
        try:
            profile = load_profile(name)
            table.add_row(name, profile.date, profile.spine_sha256[:8])
        except SpinelineError:
            table.add_row(name, "cannot be read", "")
    terminal().print(table)
    return OK


@profiles.command
def show(name: Name, /) -> int:
    """Print what a profile holds.

    Parameters
    ----------
    name
        Of the profile.
    """
    from spineline.app.cli import OK, write
    from spineline.io.profiles import load_profile

    values = asdict(load_profile(name))
    shown = {key: f"{value:.1f}" if isinstance(value, float) else str(value) for key, value in values.items()
             if not isinstance(value, float) or isfinite(value)}  # fmt: skip
    write("".join(f"{key}: {value}\n" for key, value in shown.items()))
    return OK


@profiles.command
def delete(name: Name, /) -> int:
    """Delete a profile for good.

    Parameters
    ----------
    name
        Of the profile.
    """
    from spineline.app.cli import OK, write
    from spineline.io.profiles import delete_profile

    write(f"{delete_profile(name)} deleted\n")
    return OK
