"""One video on several cores: it is cut into parts, each followed in a process of its own, and joined again.

A part begins a while before its own first frame, so that the pose model has found the lifter by then. Two parts are
joined only where the last frame before the cut is the same in both, and both have last seen the same person there in
the same place; a frame can so be neither left out nor taken twice. Where that fails a part is followed again from
further back, and if that fails too, the video is followed in one go.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from spineline.app.crew import Died, in_crew
from spineline.app.footage import Followed, Footage, OnProgress, follow
from spineline.errors import InputError
from spineline.io.container import printable_name

if TYPE_CHECKING:
    from spineline.io.video import VideoInfo

LEAD_S: Final = 1.0
"""How long before its own first frame a part begins; twice what the tracker takes to settle (docs/speed.md)."""

FURTHER_LEAD_S: Final = 10.0
"""And if that does not do: how long before somebody was last seen."""

LEAST_S: Final = 4.0
"""A shorter part costs more than it saves."""

_MOST_S: Final = 120.0
"""A longer one would keep much in memory, and leave the other processes idle at the end."""


@dataclass(frozen=True)
class _Part:
    """The frames from ``start_s`` until before ``end_s``, and what comes before for ``lead_s``."""

    info: "VideoInfo"
    model: Path
    start_s: float
    end_s: float
    lead_s: float


def follow_in_parts(film: Footage, model: Path, *, workers: int) -> Followed | None:
    """Follow the lifter through a video on several cores.

    Returns
    -------
    None if it is too short for that, or the parts do not fit together: then follow it in one go.

    Raises
    ------
    InputError
        The video cannot be read, or a process was ended from outside.
    """
    parts = _parts(film, model, workers)
    if len(parts) < 2:
        return None
    whole: Followed | None = None
    for part, found in zip(parts, _in_order(film, parts, workers), strict=True):
        whole = found if whole is None else _continued(film, whole, part, found)
        if whole is None:
            break
    return whole


def _parts(film: Footage, model: Path, workers: int) -> list[_Part]:
    """Cut a film into parts of about the same length, so many that no process is left idle."""
    start_s, end_s = film.time_range_s or (0.0, float("inf"))
    span_s = min(end_s, film.info.duration_s_hint or 0.0) - start_s
    rounds = max(1, int(np.ceil(span_s / (workers * _MOST_S))))
    count = int(min(workers * rounds, span_s // LEAST_S))
    # The header may be wrong about the end.
    cuts_s = [*(start_s + span_s * np.arange(count) / max(count, 1)).tolist(), end_s]
    return [
        _Part(film.info, model, first_s, last_s, lead_s=LEAD_S if first_s > start_s else 0.0)
        for first_s, last_s in pairwise(cuts_s)
    ]


def _in_order(film: Footage, parts: Sequence[_Part], workers: int) -> Iterator[Followed]:
    done = [0] * len(parts)

    def tell(place: int, label: str, count: int, _total: int | None) -> None:
        done[place] = count
        film.on_progress(label, sum(done), film.expected_frames)

    waiting: dict[int, Followed] = {}
    due = 0
    for place, found in in_crew(_follow, parts, workers=workers, fresh=True, on_progress=tell):
        if isinstance(found, Died):
            raise InputError(f"{printable_name(film.info.path)}: {found.why}")
        waiting[place] = found
        while due in waiting:
            yield waiting.pop(due)
            due += 1


def _follow(part: _Part, on_progress: OnProgress) -> Followed:
    film = Footage(part.info, (part.start_s, part.end_s), on_progress)
    found = follow(film, part.model, lead_s=part.lead_s)
    return replace(found, recording=found.recording.since(-np.inf))  # without what was set aside for growing


def _continued(film: Footage, whole: Followed, part: _Part, found: Followed) -> Followed | None:
    """Append a part; follow it again from further back if it does not fit."""
    if not whole.recording.continue_with(found.recording, part.start_s):
        lead_s = part.start_s - whole.recording.last_seen_s + FURTHER_LEAD_S
        if not np.isfinite(lead_s):
            return None
        again = replace(part, lead_s=min(lead_s, part.start_s))
        (found,) = _in_order(film, [again], 1)
        if not whole.recording.continue_with(found.recording, part.start_s):
            return None
    return Followed(whole.recording, whole.stats.followed_by(found.stats))
