"""What is kept of an analysis in the history, by itself; that it cannot be kept spoils no analysis."""

import contextlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from spineline import __version__
from spineline.core.analysis import Analysis
from spineline.core.history import CalibrationRecord, FlagRecord, Record, RepRecord, SetRecord, Still
from spineline.core.profile import Profile
from spineline.core.terms import BY_SEVERITY
from spineline.errors import SpinelineError
from spineline.io.config import Options
from spineline.io.container import valid_text
from spineline.io.data_folder import DEFAULT_PROFILE
from spineline.io.history import HistoryStore, open_history
from spineline.io.history_files import records_in
from spineline.io.results import PENDING
from spineline.io.tracks import IDENTITY, identified

_SIGMA_DIGITS = 2


class Memory:
    """Adds to the history. The first time that fails it says so, and leaves it at that.

    Parameters
    ----------
    complain
        Told why the history cannot be kept.
    options, date
        What the user said: of a set that is known already, what was said before stays where nothing is said anew.
    """

    def __init__(self, complain: Callable[[str], object], options: Options | None = None, date: str | None = None):
        self._complain, self._lost = complain, False
        self._unsaid = _unsaid(options or Options(), date)

    def add(self, record: Record) -> int | None:
        """Keep a record; return the number of a set."""
        if self._lost:
            return None
        try:
            with open_history() as history, history.writing():
                return history.add(
                    _as_known(history, record, self._unsaid) if isinstance(record, SetRecord) else record
                )
        except SpinelineError as error:
            self._lost = True
            self._complain(f"not kept in the history: {error}")
            return None


@dataclass(frozen=True)
class Waiting:
    """A folder of results in which a set may wait for the history, and what the user said of it, as of `Memory`."""

    folder: Path
    options: Options
    date: str | None = None


def is_waiting(folder: Path) -> bool:
    """Tell whether a set waits for the history in a folder of results."""
    return (folder / PENDING).is_file()


def take_waiting(waiting: Sequence[Waiting]) -> None:
    """Add to the history every set that waits beside its results; it waits no more once the history has it.

    Raises
    ------
    InputError
        The history cannot be written, or a set not be read; all before it are kept.
    """
    waiting = [each for each in waiting if is_waiting(each.folder)]
    if not waiting:
        return
    with open_history() as history:
        for each in waiting:
            path, unsaid = each.folder / PENDING, _unsaid(each.options, each.date)
            with history.writing():
                for record in records_in(path).sets:
                    history.add(_as_known(history, record, unsaid))
            with contextlib.suppress(OSError):  # it would be added again, which changes nothing
                path.unlink()


def _unsaid(options: Options, date: str | None) -> list[str]:
    """Return which fields of a set the user said nothing of."""
    said = {
        "lifter": options.lifter or options.profile,
        "date": date,
        "load_kg": options.load_kg,
        "body_mass_kg": options.body_mass_kg,
    }
    return [name for name, value in said.items() if value is None]


def _as_known(history: HistoryStore, record: SetRecord, unsaid: Sequence[str]) -> SetRecord:
    known = history.same(record)
    return replace(record, **{name: getattr(known, name) for name in unsaid}) if known else record


def lifter_of(options: Options) -> str:
    """Return whose lifts are analysed: as said, or as the profile is called."""
    return options.lifter or options.profile or DEFAULT_PROFILE


def set_record(
    found: Analysis,
    text: str,
    options: Options,
    *,
    sigma_deg: Sequence[float],
    name: str,
    folder: Path | None,
    date: str,
) -> SetRecord | None:
    """Return what is kept of an analysed set, None without a rep.

    Parameters
    ----------
    found
        Of a track that is whole, or cut out of one that is `spineline.io.tracks.identified`.
    text
        Its `analysis.json`.
    options
        What was asked for.
    sigma_deg
        One standard deviation of the thoracic change in each rep, NaN if not measured.
    name, folder, date
        As of the record.
    """
    if not found.reps:
        return None
    said = json.loads(text)
    time_s = found.track.time_s
    return SetRecord(
        sha256=identified(found.track).source[IDENTITY],
        from_s=float(time_s[0]),
        to_s=float(time_s[-1]),
        date=date,
        lifter=lifter_of(options),
        name=valid_text(name),
        folder=valid_text(str(folder.absolute())) if folder else None,
        exercise=said["exercise"],
        load_kg=options.load_kg,
        body_mass_kg=options.body_mass_kg,
        usable_share=said["usable_share"],
        yaw_deg=said["view"]["yaw_deg"],
        reference_deg=said["reference"]["thoracic_deg"],
        reference_source=said["reference"]["source"],
        profile=said["reference"]["profile"],
        mdc95_deg=said["mdc95_deg"],
        model=said["model"]["name"],
        spine_sha256=said["model"]["spine_sha256"],
        version=__version__,
        notes=tuple(said["notes"]),
        reps=tuple(_rep(rep, sigma) for rep, sigma in zip(said["reps"], sigma_deg, strict=True)),
    )


def pictured(record: SetRecord | None, stills: Mapping[int, Still]) -> SetRecord | None:
    """Put into a record the picture of its worst rep: of the most severe verdict, and there the most rounded."""
    if record is None:
        return None
    seen = [rep for rep in record.reps if rep.index in stills]
    worst = max(
        seen, key=lambda rep: (BY_SEVERITY.index(rep.verdict), rep.thoracic_change_peak_deg or 0.0), default=None
    )
    return replace(record, still=stills[worst.index]) if worst else record


def calibration_record(lifter: str, profile: Profile) -> CalibrationRecord:
    """Return what is kept of a profile that was taken."""
    return CalibrationRecord(
        date=profile.date,
        lifter=lifter,
        thoracic_deg=profile.thoracic_deg,
        sigma_deg=profile.sigma_deg,
        slump_deg=_measured(profile.slump_deg),
        slump_sigma_deg=_measured(profile.slump_sigma_deg),
        spine_sha256=profile.spine_sha256,
    )


def _rep(said: Mapping[str, Any], sigma_deg: float) -> RepRecord:
    sigma = None if math.isnan(sigma_deg) else round(sigma_deg, _SIGMA_DIGITS)
    flags = tuple(FlagRecord(**_of(FlagRecord, flag)) for flag in said["flags"])
    return RepRecord(**{**_of(RepRecord, said), "sigma_deg": sigma, "flags": flags})


def _of(kind: type, said: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: said[field.name] for field in fields(kind) if field.name in said}


def _measured(value: float) -> float | None:
    return value if math.isfinite(value) else None
