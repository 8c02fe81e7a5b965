"""When a cue is due while somebody lifts: late enough to be sure, seldom enough to be heard.

- A value must stay at or beyond a level for `CueSettings.held_s` of measured time. A picture in which it was not
  measured ends the stretch, as does a pause between two pictures; nothing is filled in.
- One fault, one cue: another is due only once the value has been measured below the level by
  `CueSettings.hysteresis_deg`, or if it has been held at a higher level.
- Between two cues lie `CueSettings.between_s` or more. What is over by then stays unsaid.
"""

import math
from typing import Final

from spineline.core.settings import CueSettings, Levels
from spineline.core.terms import SEVERITIES, Severity

_CLOCK_S: Final = 1e-6  # clocks round


class CueGate:
    """Decides on cues for one value, picture by picture.

    Parameters
    ----------
    settings
    lowest
        No cue is given below this level.
    """

    def __init__(self, settings: CueSettings, lowest: Severity = "info") -> None:
        self._settings = settings
        self._lowest = SEVERITIES.index(lowest)
        self.forget()

    def forget(self) -> None:
        """Start anew, as with a new set."""
        self._since_s = [math.nan] * len(SEVERITIES)  # when the value got to each level, to stay there since
        self._measured_s = math.nan
        self._told = -1  # level up to which the present fault has had its cue
        self._last_s = -math.inf

    def feed(self, time_s: float, change_deg: float, sigma_deg: float, levels: Levels) -> Severity | None:
        """Take in one picture and return the level of the cue that is due now, if one is.

        Parameters
        ----------
        time_s
            Of the picture, rising from call to call.
        change_deg, sigma_deg
            The value and its standard error; NaN in either means not measured.
        levels
            In force now: those of the rule, none below the minimal detectable change.
        """
        if not (math.isfinite(change_deg) and math.isfinite(sigma_deg)):
            self._measured_s = math.nan
            return None
        at_deg = [getattr(levels, severity) for severity in SEVERITIES]
        self._follow(time_s, change_deg, at_deg)
        while self._told >= 0 and change_deg < at_deg[self._told] - self._settings.hysteresis_deg:
            self._told -= 1
        due = self._held(time_s)
        if due <= self._told or due < self._lowest:
            return None
        if time_s - self._last_s < self._settings.between_s - _CLOCK_S:
            return None
        self._told, self._last_s = due, time_s
        return SEVERITIES[due]

    def _follow(self, time_s: float, change_deg: float, at_deg: list[float]) -> None:
        """Note since when the value has been at or beyond each level without a break."""
        joined = time_s - self._measured_s <= self._settings.max_gap_s + _CLOCK_S  # never if NaN
        self._measured_s = time_s
        for number, level_deg in enumerate(at_deg):
            if change_deg < level_deg:
                self._since_s[number] = math.nan
            elif not joined or math.isnan(self._since_s[number]):
                self._since_s[number] = time_s

    def _held(self, time_s: float) -> int:
        """Return the number of the highest level held for long enough; -1 if there is none."""
        held_s = self._settings.held_s - _CLOCK_S
        return max((number for number, since_s in enumerate(self._since_s) if time_s - since_s >= held_s), default=-1)
