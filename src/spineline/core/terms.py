"""The words that findings are put in."""

from typing import Final, Literal

Exercise = Literal["deadlift", "squat"]
Severity = Literal["info", "caution", "flag"]
Verdict = Literal["ok", "info", "caution", "flag", "not_measured"]

SEVERITIES: Final[tuple[Severity, ...]] = ("info", "caution", "flag")

BY_SEVERITY: Final[tuple[Verdict, ...]] = ("not_measured", "ok", *SEVERITIES)
"""Verdicts, the most severe last; what was not measured counts only where there is nothing else."""
