"""`spineline chart` and `spineline compare`: pictures to share, of results that are there already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from spineline.errors import InputError

if TYPE_CHECKING:
    from spineline.io.comparison import Comparison, Side

_MOST_STEM_BYTES: Final = 80  # two of them, and what is put between, fit into the name of a file anywhere

Output = Annotated[Path | None, Parameter(name=["--output-dir", "-o"], metavar="DIR")]


def chart(
    *results: Annotated[Path, Parameter(name="RESULT", required=True)],
    output_dir: Output = None,
) -> int:
    """Draw analysed sets as pictures to share: chart.png and chart.svg.

    Parameters
    ----------
    results
        Folders that analyze has written (clip_spineline), or the recordings that they lie beside.
    output_dir
        Where the pictures go, as clip_chart.png and clip_chart.svg; into the folder of each result if not given.
    """
    from spineline.app.cli import OK, write
    from spineline.io.curves import read_set, result_at
    from spineline.io.results import CHART, ensured_folder
    from spineline.io.set_chart import set_chart
    from spineline.io.whole_file import write_files

    folders = [result_at(path) for path in results]
    sets = [read_set(folder) for folder in folders]
    targets = [
        folder / CHART if output_dir is None else output_dir / f"{saved.stem}_{CHART}"
        for folder, saved in zip(folders, sets, strict=True)
    ]
    _require_apart(targets)
    with ensured_folder(output_dir or Path()):
        for saved, target in zip(sets, targets, strict=True):
            for path in write_files(set_chart(saved), target):
                write(f"{path}\n")
    return OK


def compare(
    first: Annotated[Path, Parameter(name="A")],
    second: Annotated[Path | None, Parameter(name="B")] = None,
    /,
    *,
    reps: Annotated[tuple[int, int] | None, Parameter(metavar="M N")] = None,
    output_dir: Output = None,
    json: bool = False,
) -> int:
    """Compare two analysed sets, or one rep of each, in a picture and a table.

    Two sets stand side by side, in one scale. Two reps lie over each other, from
    where they turn and over the way up. A difference is named only where it is
    more than noise, which is more between two recordings than within one.

    Writes compare_A_B.png and compare_A_B.svg.

    Parameters
    ----------
    first
        A folder that analyze has written (clip_spineline), or the recording that it lies beside.
    second
        Another; without it, two reps of the first are compared.
    reps
        Compare rep M of A with rep N of B.
    output_dir
        Where the pictures go; the current folder if not given.
    json
        Print JSON instead of a table.
    """
    from spineline.app.cli import OK, terminal, write
    from spineline.io.comparison import compare as compared
    from spineline.io.comparison import comparison_text, side_of
    from spineline.io.comparison_chart import comparison_chart
    from spineline.io.curves import read_set, result_at
    from spineline.io.results import ensured_folder
    from spineline.io.whole_file import write_files

    if second is None and reps is None:
        raise InputError("expected two results, or two reps of one, found one result: name another, or --reps M N")
    a, b = (read_set(result_at(path)) for path in (first, second or first))
    found = compared(side_of(a, reps[0] if reps else None), side_of(b, reps[1] if reps else None))
    folder = output_dir or Path()
    with ensured_folder(folder):
        paths = write_files(comparison_chart(found), folder / f"compare_{_stem(found.first)}_{_stem(found.second)}")
    if json:
        write(comparison_text(found))
    else:
        terminal().print(*_printed(found), sep="\n")
        write("".join(f"{path}\n" for path in paths))
    return OK


def _require_apart(targets: list[Path]) -> None:
    """Refuse two pictures of one name."""
    from spineline.io.container import printable_name

    for i, target in enumerate(targets):
        if target in targets[:i]:
            raise InputError(
                f"{printable_name(target)}.png would be written twice; draw them one by one with different -o DIR"
            )


def _stem(side: Side) -> str:
    """Name one side in the name of a file."""
    stem = side.saved.stem
    while len(stem.encode(errors="surrogateescape")) > _MOST_STEM_BYTES:
        stem = stem[:-1]
    return f"{stem}_rep{side.rep.rep.index}" if side.rep else stem


def _printed(found: Comparison) -> list[object]:
    """Return what a person reads in the terminal."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from spineline.io.comparison import LETTERS
    from spineline.io.text import printable

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for title in ("", *LETTERS, "Difference"):
        table.add_column(title, overflow="fold")
    for row in found.rows:
        table.add_row(*(Text(cell) for cell in (row.name, row.first, row.second, row.difference)))
    heads = [
        Text.assemble((f"{letter} {printable(side.title)}", "bold"), f": {side.saved.about}")
        for letter, side in zip(LETTERS, (found.first, found.second), strict=True)
    ]
    return [*heads, table, *(Text(remark, style="dim") for remark in found.remarks)]
