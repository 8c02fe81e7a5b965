"""Whole, small and valid files of every kind that is read, for the tests to damage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from spineline.core.analysis import analyze
from spineline.core.history import History, Record
from spineline.core.profile import Profile
from spineline.core.settings import Settings
from spineline.core.sim import lift, simulate
from spineline.io.config import Options, config_text
from spineline.io.history import open_history
from spineline.io.history_files import history_text
from spineline.io.models import DETECTOR_MEMBER, LANDMARKS_MEMBER, stored_zip
from spineline.io.profiles import write_profile
from spineline.io.tracks import save_track
from tests.io.make_history import CALIBRATION, CONDITION, PAIN, STILL, lifted
from tests.io.make_results import write_result
from tests.io.make_tflite import small_tflite
from tests.io.make_video import write_video

TIMES_S: Final = [number / 25 for number in range(10)]
_QUIET: Final = {"x265-params": "log-level=none:pools=1:frame-threads=1"}
_ONE_THREAD: Final = {"threads": "1", "bf": "2"}

VIDEOS: Final[dict[str, dict[str, Any]]] = {
    "h264.mp4": {"options": _ONE_THREAD, "mux_options": {"movflags": "faststart"}},
    "turned.mov": {"options": _ONE_THREAD, "turn_deg": 90, "mirror": True, "with_audio": True},
    "pieces.mp4": {"options": _ONE_THREAD, "mux_options": {"movflags": "frag_keyframe+empty_moov"}},
    "hevc.mp4": {"codec": "libx265", "options": _QUIET},
    "prores.mov": {"codec": "prores_ks", "pixel_format": "yuv422p10le"},
    "h264.mkv": {"options": _ONE_THREAD, "ticks_per_s": 1000},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"threads": "1"}, "ticks_per_s": 1000},
    "mjpeg.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p", "ticks_per_s": 25},
    "mpeg4.avi": {"codec": "mpeg4", "ticks_per_s": 25, "with_audio": True},
    "animated.gif": {"codec": "gif", "pixel_format": "rgb8", "ticks_per_s": 100},
    "stream.ts": {"options": _ONE_THREAD},
    "mpeg2.mpg": {"codec": "mpeg2video", "ticks_per_s": 25},
}

PROFILE: Final = Profile(
    thoracic_deg=3.25, bend_deg=-10.5, sigma_deg=2.1, chest_deg=6.0, neck_deg=-3.0, side="left", yaw_deg=-4.0,
    spine_sha256="ab" * 32, pose_model="full", date="2026-11-23", frames=75, seconds=2.5, slump_deg=22.0,
    slump_sigma_deg=3.0,
)  # fmt: skip
HISTORY: Final = History(
    sets=(lifted(0, still=STILL), lifted(1)), pain=(PAIN,), calibrations=(CALIBRATION,), conditions=(CONDITION,)
)

TRACK: Final = "track.npz"
CONFIG: Final = "config.toml"
PROFILE_FILE: Final = "profile.toml"
HISTORIES: Final = ("history.json", "history.csv")
DATABASE: Final = "history.db"
RESULT: Final = "clip_spineline"
MODEL: Final = "pose.task"


def write_seeds(folder: Path) -> None:
    """Write all of them."""
    for name, options in VIDEOS.items():
        write_video(folder / name, TIMES_S, width_px=64, height_px=48, **options)
    done = simulate(lift("conventional", reps=1), style="conventional", fps=5.0)
    track = replace(done.track, source={"file": "simulated.mp4", "model": "full", "spine_sha256": "ab" * 32})
    save_track(track, folder / TRACK)
    write_result(folder / RESULT, analyze(track))
    asked = Options(load_kg=100.0, time_range_s=(0.0, 9.0))
    (folder / CONFIG).write_text(config_text(asked, Settings()), encoding="utf-8")
    write_profile(folder / PROFILE_FILE, PROFILE)
    (folder / HISTORIES[0]).write_text(history_text(HISTORY, "json"), encoding="utf-8")
    (folder / HISTORIES[1]).write_text(history_text(HISTORY, "csv"), encoding="utf-8", newline="")
    _write_database(folder / DATABASE)
    networks = dict.fromkeys((DETECTOR_MEMBER, LANDMARKS_MEMBER), small_tflite())
    (folder / MODEL).write_bytes(stored_zip(networks))


def _write_database(path: Path) -> None:
    records: list[Record] = [*HISTORY.sets, *HISTORY.pain, *HISTORY.calibrations, *HISTORY.conditions]
    with open_history(path) as store:
        for record in records:
            store.add(record)
