"""Which repetitions of a running set can be told of: those that have ended, each once."""

from spineline.core.analysis import Analysis, RepResult
from spineline.core.reps import Rep
from spineline.core.settings import LiveSettings


class Announcer:
    """Hands out every rep once, as soon as nothing that is still to come changes it."""

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self._turned_s = self._ended_s = -float("inf")

    def new(self, found: Analysis, *, over: bool = False) -> list[RepResult]:
        """Return the reps that have ended and were not handed out yet, in time order; once all is over, also the last.

        A rep is known by when it turned and ended: its number, its ends and its verdict may still change a little. One
        that turns at the top is waited for a while until it is lowered, which is judged too; and whoever only stands up
        may have left the weight on the floor.
        """
        if not len(found.track):
            return []
        now_s = float(found.track.time_s[-1])
        fresh = [each for each in found.reps if self._later(each.rep) and (over or self._complete(each.rep, now_s))]
        if fresh:
            self._turned_s, self._ended_s = fresh[-1].rep.turn_s, fresh[-1].rep.end_s
        return fresh

    def _later(self, rep: Rep) -> bool:
        """Tell whether a rep is another than the last handed out, whose times may come out a frame later by now."""
        return rep.start_s >= self._turned_s and rep.turn_s > self._ended_s

    def _complete(self, rep: Rep, now_s: float) -> bool:
        lowered = rep.begins == "top" or rep.end_s > rep.turn_s
        return now_s - rep.end_s >= (self._settings.settle_s if lowered else self._settings.lowered_s)
