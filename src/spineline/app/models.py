"""`spineline models`: the pose models, listed, fetched and found."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from spineline.errors import ModelError

models = App(name="models", help="Fetch and find the pose model. `analyze` does it by itself when it needs one.")

Name = Annotated[Literal["lite", "full", "heavy"], Parameter(name="NAME")]


@models.command(name="list")
def list_models() -> int:
    """List the pose models, and whether each is on this machine."""
    from rich.table import Table

    from spineline.app.cli import OK, terminal
    from spineline.io.models import list_models

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("Name", "Here", "Size", "File"):
        table.add_column(title, overflow="fold")
    for info in list_models():
        table.add_row(info.name, "yes" if info.present else "no", f"{info.size_bytes / 1e6:.1f} MB", str(info.path))
    terminal().print(table)
    return OK


@models.command
def fetch(name: Name, /) -> int:
    """Fetch a pose model with the package client of this machine, if it is not here yet.

    Parameters
    ----------
    name
        lite is the quickest, heavy the most exact, full the default of analyze.
    """
    from spineline.app.cli import OK, write
    from spineline.app.progress import download_progress
    from spineline.io.models import fetch_model

    with download_progress(f"Fetching the pose model {name}") as on_progress:
        path = fetch_model(name, on_progress=on_progress)
    write(f"{path}\n")
    return OK


@models.command
def path(name: Name, /) -> int:
    """Print where a pose model lies; exit status 2 if it is not here yet.

    Parameters
    ----------
    name
        Of the pose model.
    """
    from spineline.app.cli import OK, write
    from spineline.io.models import list_models

    (info,) = (info for info in list_models() if info.name == name)
    if not info.present:
        raise ModelError(f"the pose model {name} is not here yet: run spineline models fetch {name}")
    write(f"{info.path}\n")
    return OK
