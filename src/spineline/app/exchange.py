"""What an analysis leaves for other programs, if asked for."""

from pathlib import Path
from typing import TYPE_CHECKING

from spineline.core.markers import markers_m, markers_px, without_metres
from spineline.io.openpose_files import write_key, write_openpose
from spineline.io.opensim_files import write_mot, write_trc
from spineline.io.results import MOT, OPENPOSE, OPENPOSE_KEY, TRC_M, TRC_PX

if TYPE_CHECKING:
    from spineline.app.analyze import Request
    from spineline.core.analysis import Analysis


def exchange_notes(found: "Analysis", request: "Request") -> list[str]:
    """Say what of that is not there, and why."""
    why = without_metres(found, request.options.height_m) if request.save_trc else ""
    return [f"{TRC_M} was not written: {why}."] if why else []


def write_exchange(folder: Path, found: "Analysis", request: "Request", *, stem: str) -> None:
    """Write the files asked for; ``stem`` is the name of the input."""
    if request.save_mot:
        write_mot(found, folder / MOT)
    if request.save_trc:
        write_trc(found.track.time_s, markers_px(found), "px", folder / TRC_PX)
        if not without_metres(found, request.options.height_m):
            write_trc(found.track.time_s, markers_m(found), "m", folder / TRC_M)
    if request.save_openpose:
        write_openpose(found, folder / OPENPOSE, stem)
        write_key(folder / OPENPOSE_KEY)
