"""Analyse clips and print one row each: reps found and expected, verdicts, usable share, error against truth.

    python -m benchmarks.clips FILE_OR_FOLDER... [--expect NAME=REPS ...] [--json]

A `<stem>.truth.json` beside a clip, as `training.clips` writes it, gives what is expected and the true angles.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.lifts import way_up_s

Floats = NDArray[np.float64]


def main() -> None:
    """Analyse every clip and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("inputs", type=Path, nargs="+")
    parser.add_argument("--expect", nargs="*", default=[], metavar="NAME=REPS")
    given = parser.parse_args()
    expected = dict(pair.split("=") for pair in given.expect)
    clips = [f for i in given.inputs for f in (sorted(i.glob("*.mp4")) if i.is_dir() else [i])]
    print(
        "| clip | exercise | reps | expected | verdicts, largest change | usable | reference "
        "| change error: MAE, bias |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as out:
        for clip in clips:
            print("| " + " | ".join(row(clip, Path(out), expected.get(clip.stem))) + " |", flush=True)


def analyse(clip: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Analyse a clip through the command line; its results go below ``out``, the analysis to standard output."""
    command = [sys.executable, "-m", "spineline", "analyze", str(clip), "-o", str(out), "--no-report", "--json"]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def said_and_true(clip: Path, out: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Analyse a clip that has a truth; return what was said and what is true, or end the program if it is refused."""
    result = analyse(clip, out)
    if result.returncode not in (0, 3):
        raise SystemExit(result.stderr)
    return json.loads(result.stdout), json.loads(clip.with_suffix(".truth.json").read_text())


def row(clip: Path, out: Path, expected: str | None) -> list[str]:
    """Analyse one clip and return the cells of its row."""
    result = analyse(clip, out)
    if result.returncode not in (0, 3):
        return [clip.stem, "refused", "", expected or "", result.stderr.strip(), "", "", ""]
    said = json.loads(result.stdout)
    truth_file = clip.with_suffix(".truth.json")
    truth = json.loads(truth_file.read_text()) if truth_file.exists() else None
    if truth:
        label = truth["label"] if truth["reps"] else truth["event"]
        expected = f"{shown_reps(truth)} {label}"
    return [
        clip.stem,
        said["exercise"] or "-",
        str(len(said["reps"])),
        expected or "",
        ", ".join(verdict(rep) for rep in said["reps"]),
        f"{said['usable_share']:.2f}",
        f"{said['reference']['source']} {said['reference']['thoracic_deg']:.0f}",
        error(out, clip, truth) if truth else "",
    ]


def shown_reps(truth: dict[str, Any]) -> int:
    """Return how many reps a clip shows: those whose way up lies in it, also if its ends cut the way down."""
    end_s = truth["frames"]["time_s"][-1] + 1e-3
    cut = truth["partial_reps"]
    ways_s = [way_up_s(truth["recipe"]["exercise"], r["start_s"], r["turn_s"], r["end_s"]) for r in cut]
    return len(truth["reps"]) + sum(bool(start_s >= 0 and stop_s <= end_s) for start_s, stop_s in ways_s)


def verdict(rep: dict[str, Any]) -> str:
    """Return the verdict of a rep, and its largest change where there is one."""
    peak_deg = rep["thoracic_change_peak_deg"]
    return str(rep["verdict"]) if peak_deg is None else f"{rep['verdict']} {peak_deg:+.0f}"


def error(out: Path, clip: Path, truth: dict[str, Any]) -> str:
    """Say how far the change is from the true change, in usable frames within reps."""
    miss, _ = misses(out, clip, truth)
    miss = miss[np.isfinite(miss)]
    return f"{np.abs(miss).mean():.1f}, {miss.mean():+.1f}" if miss.size else "-"


def misses(out: Path, clip: Path, truth: dict[str, Any]) -> tuple[Floats, Floats]:
    """Return the error of the change from standing and its sigma in every frame within reps, NaN where not measured."""
    frames = out / f"{clip.stem}_spineline" / "frames.csv"
    table = np.genfromtxt(frames, delimiter=",", names=True, encoding="utf-8")  # NaN where there is no number
    true, within = true_change(table["time_s"], truth)
    return (table["thoracic_change_deg"] - true)[within], table["sigma_deg"][within]


def true_change(time_s: Floats, truth: dict[str, Any]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the true change from standing at some times, and which of them lie within reps."""
    true = np.interp(time_s, truth["frames"]["time_s"], truth["frames"]["thoracic_change_deg"])
    within = np.zeros(true.shape, bool)
    for rep in truth["reps"]:
        within |= (time_s >= rep["start_s"]) & (time_s <= rep["end_s"])
    return true, within


if __name__ == "__main__":
    main()
