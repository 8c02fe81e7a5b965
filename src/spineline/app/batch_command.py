"""The command `spineline batch`: reads the command line, prints what becomes of each file and of all."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from spineline.app.options import HOW, OUT, Lifted, Wanted, positive, request_for
from spineline.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from spineline.app.analyze import Request
    from spineline.app.batch import Hands
    from spineline.io.batch_tables import BatchTables
    from spineline.io.sources import Source


def batch(
    *sources: Annotated[str, Parameter(name="SOURCE", required=True)],
    lifted: Lifted = Lifted(),  # noqa: B008 - cannot be changed
    wanted: Wanted = Wanted(),  # noqa: B008 - cannot be changed
    workers: Annotated[int | None, Parameter(group=HOW, metavar="N", validator=positive)] = None,
    scheduler: Annotated[str | None, Parameter(group=HOW, metavar="ADDRESS")] = None,
    again: Annotated[bool, Parameter(group=HOW)] = False,
    quiet: Annotated[bool, Parameter(group=OUT)] = False,
) -> int:
    """Analyse many recordings, on all cores or on a cluster, and put them into tables.

    A SOURCE is a folder, searched through with its subfolders for videos, saved
    tracks and recorded sets; a glob in quotes, such as "clips/**/*.mp4"; or a
    list: list.txt with one path a line, or list.csv with a column file and any of
    lifter, date, load_kg, body_mass_kg, height_m, exercise.

    Results go where analyze puts them; with -o DIR below DIR, with the folders of
    the source. batch_reps.csv (a row a rep) and batch_files.csv (a row a file) go
    to DIR, else to the first folder named, else here.

    The same command again does what is missing or has changed, whatever ended it
    before. A file that cannot be analysed is named, and spoils no other.

    Exit status: 0 all analysed; 2 wrong usage, or a file that cannot be read; 3
    analysed, but in some no lift could be measured. 2 goes before 3 before 0.

    Parameters
    ----------
    sources
        Folders, globs, lists (.txt, .csv) or recordings.
    workers
        How many processes work at a time (as many as the machine has cores if not given).
    scheduler
        Work on this Dask cluster instead, such as tcp://10.0.0.5:8786; needs spineline[dask], and a disk all see.
    again
        Do everything anew, also what is done already.
    quiet
        Print nothing but errors.
    """
    from spineline.app.batch import Run, planned, tables_folder
    from spineline.app.cli import complain, terminal
    from spineline.app.progress import CountProgress
    from spineline.io.batch_tables import BatchTables
    from spineline.io.results import ensured_folder
    from spineline.io.sources import read_source
    from spineline.io.tables import require_parquet

    if workers and scheduler:
        raise SettingsError("--workers is of this machine, --scheduler of another: leave one out")
    request = request_for(lifted, wanted)
    if request.table_format == "parquet":
        require_parquet()
    found = [read_source(name) for name in sources]
    bundle, models = _models(found, request, quiet=quiet)
    hands = _hands(workers, scheduler)
    folder = tables_folder(found, request.output_dir)
    console = terminal()
    with ensured_folder(folder), CountProgress("files", quiet=quiet) as progress:
        tables = BatchTables(folder, parquet=request.table_format == "parquet")
        plan = planned(found, request, model=bundle, models=models, again=again)
        run = Run(plan, tables, remember=not wanted.no_history, complain=complain, on_progress=progress.update)
        for entry in run.files(hands):
            with progress.hidden():
                if entry.status == "failed":
                    complain(f"{entry.name}: {entry.reason}")
                elif not quiet:
                    console.print(f"{entry.name}: {entry.headline}", markup=False, soft_wrap=True)
    if not quiet:
        _show(tables, folder, run.known, console)
    return _status(tables)


def _models(sources: "Sequence[Source]", request: "Request", *, quiet: bool) -> tuple[Path | None, tuple[str, ...]]:
    """Return the bundle of the pose model and the hashes of both models; None and nothing if there is no video."""
    from spineline.app.analyze import needs_pose_model
    from spineline.app.cli import fetched_bundle
    from spineline.io.models import identify_bundle, shipped_folder
    from spineline.io.receipts import file_sha256
    from spineline.io.spine_net import FILE_NAME

    if not needs_pose_model([str(found.path) for source in sources for found in source.found]):
        return None, ()
    bundle = fetched_bundle(request.options.model, quiet=quiet)
    return bundle, (identify_bundle(bundle).sha256, file_sha256(shipped_folder() / FILE_NAME))


def _hands(workers: int | None, scheduler: str | None) -> "Hands":
    from spineline.app.batch import cluster, crew
    from spineline.app.cores import cores

    return partial(cluster, address=scheduler) if scheduler else partial(crew, workers=workers or cores())


def _status(tables: "BatchTables") -> int:
    from spineline.app.cli import NO_LIFT, OK, WRONG

    found = {entry.status for entry in tables.in_order()}
    return WRONG if "failed" in found else NO_LIFT if "no lift" in found else OK


def _show(tables: "BatchTables", folder: Path, known: int, console: "Console") -> None:
    """Print what failed and why, and what became of all."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from spineline.io.batch_tables import FILES, REPS
    from spineline.io.container import printable_name
    from spineline.io.verdicts import counted

    failed = [entry for entry in tables.in_order() if entry.status == "failed"]
    if failed:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column("Failed", overflow="fold")
        table.add_column("Why", overflow="fold")
        for entry in failed:
            table.add_row(Text(entry.name), Text(entry.reason))
        console.print(table)
    count = Counter(entry.status for entry in tables.in_order())
    before = f", {known} of them done before" if known else ""
    console.print(
        f"{counted(count.total(), 'file')}: {count['done']} done, {count['no lift']} without a lift, "
        f"{count['failed']} failed{before}.",
    )
    console.print(f"Written to {printable_name(folder)}: {REPS}.csv, {FILES}.csv", soft_wrap=True, markup=False)
