"""The words that findings are put in."""

from typing import Final, Literal

Exercise = Literal["deadlift", "squat"]
Severity = Literal["info", "caution", "flag"]
Verdict = Literal["ok", "info", "caution", "flag", "not_measured"]

SEVERITIES: Final[tuple[Severity, ...]] = ("info", "caution", "flag")
