"""Folders of results as `spineline analyze` writes them, from made-up analyses."""

from __future__ import annotations

from pathlib import Path

from spineline.core.analysis import Analysis
from spineline.core.strain import Stated
from spineline.io.tables import InputRecord, analysis_text, csv_text, frames_table, write_parquet


def write_result(
    folder: Path,
    analysis: Analysis,
    *,
    name: str = "clip.mp4",
    sha256: str = "ab" * 32,
    load_kg: float | None = None,
    parquet: bool = False,
) -> Path:
    """Write what charts are drawn from."""
    folder.mkdir(parents=True, exist_ok=True)
    record = InputRecord(path=name, sha256=sha256, stated=Stated(load_kg=load_kg))
    (folder / "analysis.json").write_text(analysis_text(analysis, record), encoding="utf-8", newline="\n")
    table = frames_table(analysis)
    if parquet:
        write_parquet(table, folder / "frames.parquet")
    else:
        (folder / "frames.csv").write_text(csv_text(table), encoding="utf-8", newline="\n")
    return folder
