"""What every rule says of rendered lifters in whom faults were planted at three strengths. Prints Markdown.

    python -m benchmarks.rules faults DIR... [--workers 1]
    python -m benchmarks.rules bar DIR...

DIR is what `python -m training.clips faults` wrote; clips go through `spineline analyze`. Nothing was tuned on bodies,
clothes, cameras and rooms of the seeds shown in docs/rules.md as looked at last.

A rep *has* a fault as far as its true motion shows it, whatever was planted (a soft lockout also lets the bar drift).
Clean of a rule is a rep whose true value is at most half the mild strength; positives are the reps in which the fault
was planted. `named` counts any finding of the rule. Precision is that of naming the middle strength among as many clean
reps as there are.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track as progress

from benchmarks import clips
from training.faults import FAULTS


@dataclass(frozen=True)
class Judged:
    """One rule in one true rep: the true value (None: it cannot have one), what was measured, and what was said."""

    clip: str
    rep: int
    rule: str
    planted: float
    true: float | None
    measured: float | None
    severity: str | None
    why: str | None

    @property
    def clean(self) -> bool:
        """Whether the true motion is free of it."""
        return self.true is not None and self.true <= FAULTS[self.rule].strengths[0] / 2


def paired(said: dict[str, Any], truth: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Return each true rep with the found one that overlaps more than half of it."""
    for true in truth["reps"]:
        for found in said["reps"]:
            shared_s = min(found["end_s"], true["end_s"]) - max(found["start_s"], true["start_s"])
            if shared_s > 0.5 * (true["end_s"] - true["start_s"]):
                yield found, true
                break


def judged(name: str, said: dict[str, Any], truth: dict[str, Any]) -> list[Judged]:
    """List what every rule with a fault of its own said of every rep."""
    rows = []
    for found, true in paired(said, truth):
        severity = {flag["rule"]: flag["severity"] for flag in found["flags"]}
        for check in found["checks"]:
            rule = check["rule"]
            if rule in FAULTS:
                mine = true["planted"]["fault"] == rule
                strength = true["planted"]["strength"] if mine else 0.0
                value = true_value(true["metrics"], rule)
                rows.append(
                    Judged(name, true["index"] + 1, rule, strength, value, check["value"], severity.get(rule),
                           check["reason"])
                )  # fmt: skip
    return rows


def true_value(metrics: dict[str, Any], rule: str) -> float | None:
    """Return how much of a fault the true motion shows."""
    value = metrics[rule]
    shown: float | None = value["trunk_deg"] if isinstance(value, dict) else value
    return shown


def faults_report(rows: Sequence[Judged]) -> None:
    """Print one line for each rule."""
    print(
        "| rule | mild, middle, strong | named: mild | middle | strong | clean reps | false findings | precision "
        "| error of the value: MAE, bias | not judged |"
    )
    print("| --- " * 10 + "|")
    for rule, fault in FAULTS.items():
        mine = [row for row in rows if row.rule == rule]
        if not mine:
            continue
        clean = [row for row in mine if row.clean and row.measured is not None]
        wrong = [row for row in clean if row.severity]
        shares = [share_named(mine, strength) for strength in fault.strengths]
        named = shares[1][0] / max(shares[1][1], 1)
        false_share = len(wrong) / max(len(clean), 1)
        precision = named / (named + false_share) if named else float("nan")
        unit, scale = ("deg", 1.0) if fault.unit == "deg" else ("cm", 100.0)
        strengths = ", ".join(f"{scale * s:g}" for s in fault.strengths)
        cells = [rule, f"{strengths} {unit}", *(f"{hit} of {count}" for hit, count in shares)]
        cells += [str(len(clean)), str(len(wrong)), f"{precision:.2f}", error(mine, scale), unjudged(mine)]
        print("| " + " | ".join(cells) + " |")


def share_named(rows: Sequence[Judged], strength: float) -> tuple[int, int]:
    """Return how many reps of one strength have a finding, and how many were judged."""
    mine = [row for row in rows if row.planted == strength and row.measured is not None]
    return sum(row.severity is not None for row in mine), len(mine)


def error(rows: Sequence[Judged], scale: float) -> str:
    """Say how far measured values are from true ones, where a fault is or nearly is."""
    both = [(row.measured, row.true) for row in rows if row.measured is not None and row.true is not None]
    miss = scale * np.array([measured - true for measured, true in both])
    return f"{np.abs(miss).mean():.1f}, {miss.mean():+.1f}" if miss.size else "-"


def unjudged(rows: Sequence[Judged]) -> str:
    """Say how many reps were not judged and why mostly."""
    reasons = Counter(row.why for row in rows if row.measured is None)
    return f"{sum(reasons.values())} of {len(rows)}" + (f" ({reasons.most_common(1)[0][0]})" if reasons else "")


def clean_report(pairs: Sequence[tuple[str, dict[str, Any], dict[str, Any]]], rows: Sequence[Judged]) -> None:
    """Print what was said of reps in which nothing was planted."""
    reps = {
        (name, true["index"] + 1): found
        for name, said, truth in pairs
        for found, true in paired(said, truth)
        if not true["planted"]["strength"]
    }
    wrong = [row for row in rows if row.severity and row.clean and (row.clip, row.rep) in reps]
    print(f"\n{len(reps)} reps in which nothing was planted: {len(wrong)} false findings.")
    for row in wrong:
        print(f"- {row.clip}, rep {row.rep}: {row.rule} {row.measured:.3g} ({row.severity}), true {row.true:.3g}")
    said = Counter(found["verdict"] for found in reps.values())
    print("\nVerdicts of these: " + ", ".join(f"{verdict} {count}" for verdict, count in said.most_common()) + ".")


def counts_report(pairs: Sequence[tuple[str, dict[str, Any], dict[str, Any]]]) -> None:
    """Print in how many clips repetitions and exercise are right."""
    right = [len(said["reps"]) == len(truth["reps"]) for _, said, truth in pairs]
    told = [said["exercise"] == truth["family"] for _, said, truth in pairs]
    print(f"\nReps counted right in {sum(right)} of {len(pairs)} clips, exercise told right in {sum(told)}.")
    for (name, said, truth), good in zip(pairs, right, strict=True):
        if not good:
            print(f"- {name}: {len(said['reps'])} instead of {len(truth['reps'])}")


def bar_report(folder: Path, out: Path, names: Sequence[Path]) -> None:
    """Print how far the way of the bar is from the true one, by what it was followed with."""
    miss: dict[str, list[float]] = {}
    ways: dict[str, list[float]] = {}
    for video in names:
        said, truth = clips.said_and_true(video, out)
        frames = out / f"{video.stem}_spineline" / "frames.csv"
        table = np.genfromtxt(frames, delimiter=",", names=True, encoding="utf-8")
        source = said["bar"]["source"]
        bar = np.array([point or (np.nan, np.nan) for point in truth["frames"]["bar_m"]], dtype=float)
        true_s = np.array(truth["frames"]["time_s"])
        for _, true in paired(said, truth):
            inside = (table["time_s"] >= true["start_s"]) & (table["time_s"] <= true["end_s"])
            for axis, name in ((0, "bar_forward_m"), (1, "bar_up_m")):
                was = np.interp(table["time_s"][inside], true_s, bar[:, axis])
                is_now = table[name][inside]
                known = np.isfinite(was + is_now)
                if known.sum() > 2:
                    off = (is_now - is_now[known][0]) - (was - was[known][0])
                    miss.setdefault(f"{source} {name[4:-2]}", []).append(float(np.abs(off[known]).mean()))
                    ways.setdefault(f"{source} {name[4:-2]}", []).append(float(np.abs(off[known]).max()))
    print(f"\n{folder.name}: way of the bar within a rep, cm")
    print("| followed by, along | reps | mean error: median | 95 % | largest error: median | 95 % |")
    print("| --- " * 6 + "|")
    for name, values in sorted(miss.items()):
        cells = [100 * f(v) for v in (values, ways[name]) for f in (np.median, lambda x: np.percentile(x, 95))]
        print(f"| {name} | {len(values)} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("action", choices=("faults", "bar"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        if given.action == "bar":
            for folder in given.folders:
                bar_report(folder, out, sorted(folder.glob("*.mp4")))
            return
        videos = [video for folder in given.folders for video in sorted(folder.glob("*.mp4"))]
        with ThreadPoolExecutor(given.workers) as pool:
            done = pool.map(lambda video: (video.stem, *clips.said_and_true(video, out)), videos)
            pairs = list(progress(done, "clips", total=len(videos), console=Console(stderr=True)))
    rows = [row for name, said, truth in pairs for row in judged(name, said, truth)]
    faults_report(rows)
    clean_report(pairs, rows)
    counts_report(pairs)


if __name__ == "__main__":
    main()
