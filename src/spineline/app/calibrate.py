"""`spineline calibrate`: somebody is led through relaxed standing, and if wanted a full slump, and both are measured.

Before a camera: set-up, countdown, hold, result, and again where it could not be measured. A video is looked through to
its end instead, as nobody in it can be asked for anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from spineline.app.lookout import Look, Lookout
from spineline.app.remember import calibration_record
from spineline.core.calibration import measure_slump, measure_standing
from spineline.core.coach import Setup, coach
from spineline.core.history import Record
from spineline.core.moment import newest
from spineline.core.picture import light
from spineline.core.profile import Profile
from spineline.core.reference import Reference, from_profile
from spineline.core.settings import Settings
from spineline.core.tones import Level
from spineline.core.track import PoseTrack
from spineline.errors import InputError, SpinelineError
from spineline.io.dates import date_now
from spineline.io.live_picture import Showing
from spineline.io.profiles import load_profile, save_profile
from spineline.io.shots import Event
from spineline.io.verdicts import change_in_words

if TYPE_CHECKING:
    from spineline.app.screens import Screen
    from spineline.io.sound import Sounds

Part = Literal["standing", "slump"]
Step = Literal["set_up", "countdown", "hold", "told", "over"]

ASKED: Final[Mapping[Part, str]] = {
    "standing": "stand relaxed and upright, arms hanging",
    "slump": "round your upper back as far as is comfortable, and hold it",
}
HELD: Final[Mapping[Part, str]] = {"standing": "hold still", "slump": "hold it"}
_COME: Final = "come into the picture, your side towards the camera"
_ENDED: Final = "it was ended before"
_LOOKING: Final = "looking through the video"
_LOOK_EVERY_S: Final = 0.03
_COUNTED_ALOUD: Final = 3
_CLOCK_S: Final = 1e-6  # times are sums of others


class Guide:
    """What to ask for, when, and what came of it. Knows no window and no clock: times are those of the pictures.

    Parameters
    ----------
    settings
    seen
        Returns what was seen from a time on; InputError if that is nothing.
    cue, say
        Told what is to be heard, and what is worth reading later.
    date
        Of the profile, ISO 8601.
    slump
        Ask for a slump as well.
    guided
        If not, nothing is asked for, and all is measured at the end.

    Attributes
    ----------
    step
        Where it stands; "over" when there is nothing more to do.
    profile
        What was measured so far.
    complete
        Whether that is all there will be.
    words, amiss, count
        What is shown, whether something is amiss, and the seconds left.
    why_not
        Why there is no profile.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        seen: Callable[[float], PoseTrack],
        cue: Callable[[Level, str | None], None],
        say: Callable[[str], None],
        date: str,
        slump: bool = False,
        guided: bool = True,
    ) -> None:
        self.step: Step = "set_up" if guided else "hold"
        self.profile: Profile | None = None
        self.complete = False
        self.words, self.amiss, self.count = _COME if guided else _LOOKING, False, ""
        self.why_not = _ENDED
        self._settings, self._limits = settings, settings.calibration
        self._seen, self._cue, self._say, self._date, self._slump = seen, cue, say, date, slump
        self._tries = self._limits.tries if guided else 1
        self._part: Part = "standing"
        self._failed = 0
        self._began_s = math.nan
        self._from_s = -math.inf
        self._until_s = math.inf
        self._advised, self._advised_s = "", -math.inf

    def see(self, time_s: float, setup: Setup) -> None:
        """Go on with a picture of that time, and how the set-up was found in it."""
        if math.isnan(self._began_s):
            self._began_s = time_s
        if self.step == "countdown" and self._part == "standing" and not setup.ready:
            self.step = "set_up"
        if self.step == "set_up":
            self._set_up(time_s, setup)
        elif time_s < self._until_s:
            self._tick(self._until_s - time_s)
        elif self.step == "countdown":
            self._hold(time_s)
        elif self.step == "hold":
            self._measure(time_s)
        elif self.step == "told":
            self._go_on(time_s)

    def end(self) -> None:
        """Measure what there is to be measured where nobody was guided; no picture will follow."""
        while self._until_s == math.inf and not (self.complete or self._failed):
            self._measure(math.inf)
        self.complete = self.profile is not None

    def _set_up(self, time_s: float, setup: Setup) -> None:
        """Advise until the back can be measured. Of the first pictures alone nobody can tell."""
        if time_s - self._began_s < self._settings.coach.window_s:
            return
        if setup.ready:
            self._ask(time_s)
            return
        self.words, self.amiss, self.count = setup.advice[0].words, True, ""
        self.why_not = self.words
        if self.words != self._advised and time_s - self._advised_s >= self._settings.cues.between_s:
            self._advised, self._advised_s = self.words, time_s
            self._cue("info", self.words)
            self._say(self.words)

    def _ask(self, time_s: float) -> None:
        self.step, self._until_s = "countdown", time_s + self._limits.countdown_s
        self.words, self.amiss, self._advised, self.why_not = ASKED[self._part], False, "", _ENDED
        self._cue("info", self.words)
        self._say(self.words)
        self._tick(self._limits.countdown_s)

    def _tick(self, left_s: float) -> None:
        """Count the seconds that are left, the last of a countdown aloud."""
        if self.step == "told" or not math.isfinite(left_s):
            return
        last, self.count = self.count, f"{math.ceil(left_s - _CLOCK_S)}"
        if self.step == "countdown" and self.count != last and left_s <= _COUNTED_ALOUD:
            self._cue("info", self.count)

    def _hold(self, time_s: float) -> None:
        self.step, self._from_s, self.words = "hold", time_s, HELD[self._part]
        self._until_s = time_s + 2 * self._settings.reference.profile_s
        self._cue("start", None)
        self._tick(self._until_s - time_s)

    def _measure(self, time_s: float) -> None:
        try:
            track = self._seen(self._from_s)
            if self.profile is None:
                found = measure_standing(track, self._settings, date=self._date)
            else:
                found = measure_slump(track, self.profile, self._settings)
        except InputError as error:
            self._fail(time_s, str(error))
        else:
            self._succeed(time_s, found)

    def _succeed(self, time_s: float, profile: Profile) -> None:
        self.profile = profile
        said = standing_in_words(profile, self._settings) if self._part == "standing" else slump_in_words(profile)
        self._say(said)
        self._tell(time_s, said, "good", f"{self._part} measured", amiss=False)
        self.complete = self._part == "slump" or not self._slump
        self._part, self._failed = "slump", 0

    def _fail(self, time_s: float, why: str) -> None:
        self._failed += 1
        self.why_not = why
        last = self._failed >= self._tries
        self.complete = last and self._part == "slump"
        if self.complete:
            self._say(f"{why}; the slump is left out")
        elif not last:
            self._say(f"{why}; once more")
        reason = why.rsplit(": ", 1)[-1]
        self._tell(time_s, reason, "caution", reason.rsplit("; ", 1)[-1], amiss=True)

    def _tell(self, time_s: float, words: str, level: Level, aloud: str, *, amiss: bool) -> None:
        """Show a result for a while, and say it shortly."""
        self.step, self._until_s = "told", time_s + self._limits.shown_s
        self.words, self.amiss, self.count = words, amiss, ""
        self._cue(level, aloud)

    def _go_on(self, time_s: float) -> None:
        if self.complete or self._failed >= self._tries:
            self.step = "over"
        elif self._part == "slump":
            self._ask(time_s)
        else:
            self.step = "set_up"


def standing_in_words(profile: Profile, settings: Settings) -> str:
    """Say what was measured of somebody standing, and how surely later backs are compared with it."""
    another_day = from_profile(profile, settings.reference)
    return (
        f"standing: thoracic flexion {round(profile.thoracic_deg)}°, from {profile.seconds:.1f} s, seen from the "
        f"{profile.side} side, {abs(profile.yaw_deg):.0f}° off a true side view; as reference "
        f"± {profile.sigma_deg:.0f}° today, ± {another_day.sigma_deg:.0f}° in another session"
    )


def slump_in_words(profile: Profile) -> str:
    """Say how far somebody slumped."""
    return f"slump: {change_in_words(profile.slump_deg, profile.slump_sigma_deg)} than standing"


class Calibration:
    """One run of `spineline calibrate`.

    Parameters
    ----------
    lookout, screen, sounds
        Open.
    settings
    name
        Of the profile, an allowed one; one of that name is replaced.
    source
        Of the track: what is watched, and by what models.
    say
        Told every line that is worth reading later.
    slump, guided
        As of `Guide`.
    keep
        Given what belongs into the history.
    """

    def __init__(
        self,
        lookout: Lookout,
        screen: Screen,
        sounds: Sounds,
        settings: Settings,
        *,
        name: str,
        source: Mapping[str, str],
        say: Callable[[str], None],
        slump: bool = False,
        guided: bool = True,
        keep: Callable[[Record], object] = lambda _: None,
    ) -> None:
        self._lookout, self._screen, self._sounds, self._say = lookout, screen, sounds, say
        self._keep_record = keep
        self._settings, self._name, self._source = settings, name, dict(source)
        self._guide = Guide(
            settings, seen=self._seen, cue=sounds.cue, say=say, date=date_now(), slump=slump, guided=guided
        )
        self._setup: Setup | None = None
        self._trouble = ""
        self._told_trouble: str | None = None
        self._ended = self._kept = False
        lookout.begin_set(None)

    def run(self, stopped: Callable[[], bool]) -> None:
        """Go on until the profile is kept, or the source or the user ends it.

        Raises
        ------
        InputError
            No profile was taken. One that was kept before is as it was.
        """
        while not (self._ended or stopped() or self._lookout.over or self._guide.step == "over") and self._screen.open:
            self._step()
        if self._lookout.over:
            self._guide.end()
        self._keep()
        if not self._kept:
            raise InputError(f"no profile was taken: {self._guide.why_not}")

    def _step(self) -> None:
        item = self._lookout.next(_LOOK_EVERY_S)
        if isinstance(item, Event):
            self._trouble = item.trouble
            self._say(item.words)
        elif item is not None:
            self._see(item)
        key = self._screen.key()
        self._ended = key in ("q", "Q", "escape")
        if key in ("m", "M"):
            self._sounds.muted = not self._sounds.muted
        if self._sounds.trouble != self._told_trouble and not self._sounds.muted:
            self._told_trouble = self._sounds.trouble
            self._say(self._told_trouble or "")

    def _see(self, look: Look) -> None:
        self._setup = coach(look.recent, light(look.shot.image), self._settings, people=look.people, before=self._setup)
        self._guide.see(look.time_s, self._setup)
        if self._guide.step == "set_up":
            self._lookout.forget_before(look.time_s - self._settings.live.window_s)
        self._keep()
        self._screen.show(look.shot.image, self._showing(look, self._setup), look.shot.scale)

    def _showing(self, look: Look, setup: Setup) -> Showing:
        guide, limits = self._guide, self._settings.reference
        nothing = Reference(limits.population_deg, limits.population_sd_deg, "population", 0)
        amiss = self._trouble or (guide.words if guide.amiss else "")
        return Showing(
            moment=newest(look.recent, nothing, self._settings),
            guide=guide.count,
            cue=guide.words,
            advice=amiss,
            ready=guide.step == "countdown" and setup.ready,
            state=(*(("muted",) if self._sounds.muted else ()), *setup.notes[:1]),
        )

    def _seen(self, from_s: float) -> PoseTrack:
        recording = self._lookout.recording()
        if recording is None:
            raise InputError("expected a picture, found none")
        return replace(recording.since(from_s).track(), source=self._source)

    def _keep(self) -> None:
        """Keep the profile, once, as soon as it is complete."""
        if self._kept or not self._guide.complete or self._guide.profile is None:
            return
        earlier = _date_of(self._name)
        save_profile(self._name, self._guide.profile, replace=True)
        self._keep_record(calibration_record(self._name, self._guide.profile))
        self._kept = True
        instead = f" in place of that of {earlier}" if earlier else ""
        self._say(f"kept as the profile {self._name}{instead}; compare with it: --profile {self._name}")


def _date_of(name: str) -> str:
    """Return when the profile of that name was taken, nothing if there is none that can be read."""
    try:
        return load_profile(name).date
    except SpinelineError:
        return ""
