"""`spineline live`: pictures in, the gauge and cues out at once, every rep told of as it ends, everything kept.

Behind what is shown the feed takes pictures, the lookout looks through the newest, and the judge has the set so far
analysed, each in threads of its own. What is shown of a rep is what `spineline analyze` would say of the same pictures.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spineline.app.analyze import Request, Summary, analyzed, summed_up
from spineline.app.footage import FILM_START
from spineline.app.lookout import Judge, Look, Lookout
from spineline.app.pain import PainEntry
from spineline.app.records import drop, save, set_folder, written
from spineline.app.remember import calibration_record, lifter_of
from spineline.app.screens import Screen
from spineline.app.standing import with_standing
from spineline.core.analysis import Analysis, RepResult
from spineline.core.announce import Announcer
from spineline.core.coach import Setup, coach
from spineline.core.cueing import CueGate
from spineline.core.gesture import ArmRaise, arm_up
from spineline.core.history import WORST_PAIN, PainRecord, Record
from spineline.core.moment import Moment, newest
from spineline.core.picture import light
from spineline.core.profile import require_same_reader
from spineline.core.recording import Recording
from spineline.core.reference import Reference, from_profile
from spineline.core.settings import Levels
from spineline.core.terms import SEVERITIES, Verdict
from spineline.core.track import PoseTrack
from spineline.errors import SpinelineError
from spineline.io.dates import date_now
from spineline.io.film import Film
from spineline.io.live_picture import Showing
from spineline.io.results import FILM
from spineline.io.shots import Event, Shot
from spineline.io.tracks import RECORDED
from spineline.io.verdicts import (
    CUES,
    SHORT_CUES,
    VERDICTS,
    counted,
    main_reason,
    rounding_levels,
    verdict_of,
    worst_flag,
)

if TYPE_CHECKING:
    from spineline.io.sound import Sounds


_LOOK_EVERY_S: Final = 0.03
_REFRESH_S: Final = 0.5
_COACH_EVERY_S: Final = 0.4
_REMEMBERED: Final = 100_000
_HINT_S: Final = 8.0
_LOWEST_CUE: Final = "caution"
_LEAST_PICTURES: Final = 2
"""Of a set: one picture alone has no motion, and makes no video."""


@dataclass
class Figures:
    """How fast it went: delays from the grab of a picture to its being drawn, and times to look through one."""

    delays_s: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    took_s: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


@dataclass(eq=False)
class _Set:
    """What is kept of the present set besides its pictures: where, what was told of it, and how the set-up is.

    ``date`` is when it began, ``ready`` once the set-up coach was content.
    """

    number: int
    date: str
    folder: Path | None
    film: Film | None
    gate: CueGate
    announcer: Announcer
    told: int = 0
    last: tuple[Verdict, str] | None = None
    words: str = ""
    setup: Setup | None = None
    ready: bool = False
    coached_s: float = -float("inf")
    cued_s: float = -float("inf")
    begins_s: float = 0.0
    ended_s: float = 0.0
    just_told: bool = False
    pain: list[dict[str, float]] = field(default_factory=list)


class Live:
    """One run of `spineline live`, set after set.

    Parameters
    ----------
    lookout, screen, sounds
        Open.
    request
        What is asked for, as of an analysis.
    source, eyes_kind
        What is watched, and by what models.
    record
        Folder to keep the sets in; None to keep nothing.
    say
        Told every line that is worth reading later.
    show_summary
        Told of every finished set.
    clock
        That of the feed.
    analyze
        Analyses a track as it is asked for.
    keep
        Given what belongs into the history; None keeps nothing there.
    date
        Returns the present date, as it is kept.
    """

    def __init__(
        self,
        lookout: Lookout,
        screen: Screen,
        sounds: Sounds,
        request: Request,
        *,
        source: str,
        eyes_kind: Mapping[str, str],
        record: Path | None = None,
        say: Callable[[str], None],
        show_summary: Callable[[Summary], None],
        clock: Callable[[], float] = time.perf_counter,
        analyze: Callable[[PoseTrack, Request], Analysis] = analyzed,
        keep: Callable[[Record], object] | None = None,
        date: Callable[[], str] = date_now,
    ) -> None:
        self.figures = Figures()
        self._lookout, self._screen, self._sounds, self._source = lookout, screen, sounds, source
        self._request, self._settings, self._record = request, request.settings, record
        self._say, self._show_summary, self._clock = say, show_summary, clock
        self._analyzed, self._keep, self._date = analyze, keep, date
        self._judge = Judge(lookout, self._analyze, self._settings.live)
        self._eyes_kind = eyes_kind
        self._arm = ArmRaise(self._settings.gesture)
        self._sets = 0
        self._finishing: list[threading.Thread] = []
        self._pain = PainEntry()
        self._notice = ""
        self._hint, self._hinted_s = "", -float("inf")
        self._seen: tuple[Shot, Moment] | None = None
        self._shown_s = 0.0
        self._told_trouble: str | None = None
        self._ended = False
        if request.profile:
            require_same_reader(request.profile, eyes_kind["spine_sha256"])
        self._begin_set()

    def run(self, stopped: Callable[[], bool]) -> None:
        """Go on until the source or the user ends it, and finish the set."""
        try:
            with self._judge:
                while not (self._ended or stopped() or self._lookout.over) and self._screen.open:
                    self._step()
        finally:
            for thread in self._finishing:
                thread.join()
            self._finish(self._set, self._lookout.recording())

    def _step(self) -> None:
        item = self._lookout.next(_LOOK_EVERY_S)
        if isinstance(item, Event):
            self._notice = item.trouble
            self._say(item.words)
        elif item is not None:
            self._see(item)
            self._mind_time(item.time_s)
        self._tell_reps()
        key = self._screen.key()
        if key:
            self._press(key)
        if self._seen and (key or isinstance(item, Event) or self._clock() - self._shown_s > _REFRESH_S):
            self._show(*self._seen)  # words change also while no picture comes
        if self._sounds.trouble != self._told_trouble:
            self._told_trouble = self._sounds.trouble
            self._say(self._told_trouble or "")

    # Pictures

    def _see(self, look: Look) -> None:
        found = self._judge.found
        moment = newest(look.recent, self._reference(found), self._settings)
        self._cue(moment, found)
        up = arm_up(look.recent, self._settings.gesture, self._settings.view)
        if self._arm.feed(look.shot.time_s, float(up[-1])):
            self._raised()
        self._coach(look)
        self._seen = look.shot, moment
        self._show(look.shot, moment)
        self.figures.delays_s.append(self._shown_s - look.shot.grabbed_s)
        self.figures.took_s.append(look.took_s)

    def _show(self, shot: Shot, moment: Moment) -> None:
        self._screen.show(shot.image, self._showing(moment, self._judge.found), shot.scale)
        self._shown_s = self._clock()

    def _reference(self, found: Analysis | None) -> Reference:
        if found:
            return found.reference
        if self._request.profile:
            return from_profile(self._request.profile, self._settings.reference)
        settings = self._settings.reference
        return Reference(settings.population_deg, settings.population_sd_deg, "population", 0)

    def _cue(self, moment: Moment, found: Analysis | None) -> None:
        """Sound a cue if the back stays beyond a level; not while somebody is still about setting up."""
        if not found or not (self._set.ready or self._set.told):
            return
        levels = self._settings.rules.thoracic_rounding_deg
        told = Levels(**{name: max(getattr(levels, name), found.mdc95_deg) for name in SEVERITIES})
        due = self._set.gate.feed(moment.time_s, moment.change_deg, moment.sigma_deg, told)
        if due:
            self._set.cued_s = moment.time_s
            self._sounds.cue(due, SHORT_CUES["thoracic_rounding"])

    def _coach(self, look: Look) -> None:
        """Look at the set-up, until it is good: nobody who lifts shall be told to hold still."""
        if self._set.ready or self._set.told or look.shot.time_s - self._set.coached_s < _COACH_EVERY_S:
            return
        self._set.coached_s = look.shot.time_s
        self._set.setup = coach(
            look.recent, light(look.shot.image), self._settings, people=look.people, before=self._set.setup
        )
        self._set.ready |= self._set.setup.ready

    def _showing(self, moment: Moment, found: Analysis | None) -> Showing:
        setup = None if self._set.told else self._set.setup
        levels = tuple(rounding_levels(found)) if found else ()
        return Showing(
            moment=moment,
            levels=levels,
            verdict=verdict_of(moment.change_deg, levels),
            count=len(found.reps) if found else 0,
            last=self._set.last,
            cue=self._set.words,
            advice=self._advice(setup),
            ready=bool(setup and setup.ready and not (found and found.reps)),
            state=self._state(setup),
        )

    def _advice(self, setup: Setup | None) -> str:
        """Say what is wrong with the source, or why a key did nothing, for a while, or what the set-up lacks."""
        hint = self._hint if self._clock() - self._hinted_s < _HINT_S else ""
        return self._notice or hint or (setup.advice[0].words if setup and setup.advice else "")

    def _state(self, setup: Setup | None) -> tuple[str, ...]:
        if self._pain.open:
            return self._pain.words
        said = ["recording" if self._record else "", "muted" if self._sounds.muted else ""]
        said += ["paused" if self._lookout.paused else ""]
        return tuple(filter(None, [*said, *(setup.notes[:1] if setup else ())]))

    # Reps

    def _tell_reps(self) -> None:
        found = self._judge.found
        if found:
            for result in self._set.announcer.new(found):
                self._tell(result, found, self._set)

    def _tell(self, result: RepResult, found: Analysis, now: _Set) -> None:
        """Say what a finished rep was like: on the screen, in the terminal, and if it was not told of yet, aloud."""
        flag, look = worst_flag(result), VERDICTS[result.verdict]
        said = f"Rep {result.rep.index}: {look.word}"
        if result.verdict == "not_measured":
            said += f": {main_reason(found, result)}"
        now.told += 1
        now.ended_s, now.just_told = result.rep.end_s, True
        # Few words on the screen, which is read from afar; all of it in the terminal.
        now.last, now.words = (result.verdict, said), SHORT_CUES.get(flag.rule, "").capitalize() if flag else ""
        self._say(f"{look.symbol} " + (f"{flag.message} {CUES.get(flag.rule, '')}".rstrip() if flag else said))
        recently = result.rep.end_s - now.cued_s < self._settings.cues.between_s
        if flag and flag.severity != "info" and not recently:
            self._sounds.cue(flag.severity, SHORT_CUES.get(flag.rule))
        elif result.verdict in ("ok", "info"):
            self._sounds.cue("good")

    # Sets

    def _begin_set(self) -> Recording | None:
        """Begin a set with the next picture, and return what was seen of the one before."""
        self._sets += 1
        folder = set_folder(self._record, self._sets) if self._record else None
        self._set = _Set(
            number=self._sets,
            date=self._date(),
            folder=folder,
            film=Film(folder / FILM) if folder else None,
            gate=CueGate(self._settings.cues, lowest=_LOWEST_CUE),
            announcer=Announcer(self._settings.live),
        )
        before = self._lookout.begin_set(self._set.film)
        self._judge.forget()  # after that, so that nothing of the last set is judged as of this
        return before

    def _next_set(self) -> None:
        """Begin the next set at once, and finish the last one meanwhile."""
        last = self._set
        thread = threading.Thread(target=self._finish, args=(last, self._begin_set()), name="spineline-finish")
        thread.start()
        if last.told:
            self._set.last, self._set.words = last.last, f"Set {last.number} is over: {counted(last.told, 'rep')}."
        self._finishing.append(thread)

    def _finish(self, done: _Set, recording: Recording | None) -> None:
        """Tell the rest of a set, and analyse the whole of it as a recording, kept if that is wanted."""
        if done.film:
            done.film.close()
            if done.film.remark:
                self._say(done.film.remark)
        if recording is None or len(recording) < _LEAST_PICTURES:
            self._drop(done)
            return
        track = replace(recording.track(), source=self._track_source(done))
        kept = self._saved(done, track)
        found = self._analyze(track)
        for result in done.announcer.new(found, over=True):
            self._tell(result, found, done)
        if done.number > 1 and not (found.reps or done.pain):
            self._drop(done)
            return
        summary: Summary = summed_up(self._source, found, self._request, "", date=done.date)
        try:
            if kept and done.folder:
                summary = written(done.folder, self._request)
        except SpinelineError as error:
            self._say(str(error))
        self._show_summary(summary)
        if self._keep and summary.record:
            self._keep(summary.record)

    def _saved(self, done: _Set, track: PoseTrack) -> bool:
        """Save what was seen, before anything else can go wrong."""
        try:
            if done.folder:
                save(done.folder, track, pain=done.pain, profile=self._request.profile)
        except SpinelineError as error:
            self._say(str(error))
            return False
        return True

    def _drop(self, done: _Set) -> None:
        if done.folder:
            drop(done.folder)

    def _track_source(self, done: _Set) -> dict[str, str]:
        source = {"file": self._source, RECORDED: done.date, **self._eyes_kind}
        starts_s = done.film.start_s if done.film else None
        return source if starts_s is None else {**source, FILM_START: repr(starts_s)}

    def _analyze(self, track: PoseTrack) -> Analysis:
        return self._analyzed(replace(track, source={**self._eyes_kind, **track.source}), self._request)

    def _mind_time(self, time_s: float) -> None:
        """End a set that is long over or long, and forget what came long before one."""
        limits, now = self._settings.live, self._set
        if not now.told:
            if time_s - now.begins_s > 2 * limits.idle_s:
                now.begins_s, now.date = time_s - limits.idle_s, self._date()
                self._lookout.forget_before(now.begins_s)
        elif time_s - now.ended_s > limits.rest_s or (now.just_told and time_s > limits.longest_set_s):
            self._next_set()
        now.just_told = False

    def _raised(self) -> None:
        """Obey a raised arm: it ends the set, or begins one where there were no reps yet."""
        self._sounds.cue("stop" if self._set.told else "start")
        self._next_set()

    # Keys

    def _press(self, key: str) -> None:
        if self._pain.open:
            self._type(key)
        elif key in ("q", "Q", "escape"):
            self._ended = True
        elif key == "space":
            self._lookout.paused = not self._lookout.paused
            self._say("paused" if self._lookout.paused else "going on")
        elif key in "rR":
            self._next_set()
        elif key in "cC":
            self._calibrate()
        elif key in "mM":
            self._sounds.muted = not self._sounds.muted
        elif key in "pP":
            self._pain.begin()

    def _type(self, key: str) -> None:
        """Take in a number for pain, and note it."""
        pain = self._pain.press(key)
        if pain is None:
            return
        recording = self._lookout.recording()
        time_s = recording.last_s if recording and len(recording) else 0.0
        self._set.pain.append({"time_s": time_s, "pain_0_10": pain})
        if self._keep:
            lifter = lifter_of(self._request.options)
            self._keep(PainRecord(date=self._date(), lifter=lifter, when="during", pain=pain))
        kept = "" if self._record or self._keep else "; it is not kept without --record"
        self._say(f"pain {pain} of {WORST_PAIN} noted{kept}")

    def _calibrate(self) -> None:
        """Take the last seconds of standing for the reference, and keep them as a profile."""
        recording = self._lookout.recording()
        if recording is None:
            return
        try:
            self._request = with_standing(recording, self._request, self._track_source(self._set))
        except SpinelineError as error:
            self._say(str(error))
            self._hint, self._hinted_s = str(error), self._clock()
            return
        self._settings, name = self._request.settings, self._request.options.profile
        self._hint = ""
        if self._keep and self._request.profile:
            self._keep(calibration_record(lifter_of(self._request.options), self._request.profile))
        self._say(f"your standing is kept as the profile {name} and compared with from now on")
        self._sounds.cue("good", "got it")
