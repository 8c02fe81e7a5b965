"""One picture for each rule: the same lifter without and with the fault, and what the rule looks at.

The pictures of docs/rules are made from the rendered clips with planted faults and their truth beside them::

    python -m training.clips faults --out CLIPS_DIR
    python -m training.pictures CLIPS_DIR --out docs/rules

`SHOWN` says which clip stands for which rule, at which moment, and what is drawn. On the left is the repetition of
that clip in which nothing was planted, on the right the one in which most was, both as far on the way up. All lines
are drawn from the truth: they show what the rule is about, not what is measured in such a film. Only the mid-back and
its way to the bar (``strain_index``) are a construction, at the place which `spineline.core.strain` takes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spineline.core.strain import MID_BACK
from training.film import jpeg
from training.lifts import way_up_s
from training.scene import Image

Array = NDArray[np.float64]
Truth = Mapping[str, Any]
Moment = Callable[[Truth, int], int]  # chooses of a repetition, by its index, the frame to show
Box = tuple[int, int, int, int]  # left, top, width and height in a picture, px

PANEL_PX: Final = (300, 340)  # width and height of one of the two panels
_STRIP_PX, _GAP_PX = 26, 6
_FINE: Final = 2  # drawn so many times as large, then made smaller
_WHITE, _DARK, _ACCENT = (255, 255, 255), (25, 25, 25), (255, 140, 0)
_CAPTIONS: Final = ("as it was", "with the fault")
_CAPTION_PX, _QUALITY = 14, 82
_EARLY, _NEAR_TOP = 0.35, 0.85
_FROM_THE_SIDE_DEG: Final = 45.0


def way_up(truth: Truth, rep: int) -> NDArray[np.intp]:
    """Return the frames of the way up of a repetition: to the turn from the floor, from the turn otherwise."""
    row, time_s = truth["reps"][rep], np.array(truth["frames"]["time_s"])
    begin_s, end_s = way_up_s(truth["exercise"], row["start_s"], row["turn_s"], row["end_s"])
    return np.flatnonzero((time_s >= begin_s - 1e-6) & (time_s <= end_s + 1e-6))


def risen(truth: Truth, rep: int) -> Array:
    """Return what share of their whole rise the shoulders have done at every frame of the way up."""
    height = -joint(truth, "shoulder")[way_up(truth, rep), 1]
    return np.asarray((height - height[0]) / max(float(height[-1] - height[0]), 1e-6))


def joint(truth: Truth, name: str) -> Array:
    """Return the middle of a pair of joints in the picture, (T, 2), px."""
    return np.asarray(_pair(truth, name).mean(axis=1))


def _pair(truth: Truth, name: str) -> Array:
    """Return a joint on both sides, left first, (T, 2, 2), px."""
    return np.array(truth["frames"]["joints_px"], dtype=float)[:, truth["joint_names"].index(name)]


def clean_and_worst(truth: Truth) -> tuple[int, int]:
    """Return which repetition has nothing planted (the first such) and which has most."""
    strengths = [rep["planted"]["strength"] for rep in truth["reps"]]
    return int(np.argmin(strengths)), int(np.argmax(strengths))


def risen_by(share: float) -> Moment:
    """Choose the frame in which the shoulders have done a share of their rise: 0 lift-off or bottom, 1 the top."""

    def choose(truth: Truth, rep: int) -> int:
        return int(way_up(truth, rep)[np.argmin(np.abs(risen(truth, rep) - share))])

    return choose


def largest(column: str, *, until: float = 1.0) -> Moment:
    """Choose the frame with the largest value, of either sign, of a column, until a share of the way up is done."""

    def choose(truth: Truth, rep: int) -> int:
        up = way_up(truth, rep)[risen(truth, rep) <= until + 1e-9]
        return int(up[np.argmax(np.abs(np.array(truth["frames"][column])[up]))])

    return choose


def furthest_forward(truth: Truth, rep: int) -> int:
    """Choose the frame in which the bar is furthest forward, the last of the way up left out."""
    up = way_up(truth, rep)[risen(truth, rep) <= _NEAR_TOP]
    return int(up[np.argmax(np.array(truth["frames"]["bar_m"])[up, 0])])


def lowest_again(truth: Truth, rep: int) -> int:
    """Choose the frame in which the bar is furthest below where it had been before on the way up."""
    up = way_up(truth, rep)
    height_m = np.array(truth["frames"]["bar_m"])[up, 1]
    return int(up[np.argmax(np.maximum.accumulate(height_m) - height_m)])


def frames_of(truth: Truth, moment: Moment) -> tuple[int, int]:
    """Choose the frame of the clean repetition and that of the worst: the worst's moment, both as far on the way up."""
    clean, worst = clean_and_worst(truth)
    frame = moment(truth, worst)
    share = risen(truth, worst)[frame - int(way_up(truth, worst)[0])]
    return risen_by(float(share))(truth, clean), frame


def crop_box(points_px: Array, *, picture_px: tuple[int, int], panel_px: tuple[int, int], margin: float = 0.14) -> Box:
    """Return the box of a panel's shape around points (N, 2) and a margin (a share of their extent), in the picture."""
    low, high = points_px.min(axis=0), points_px.max(axis=0)
    size = (high - low) + 2 * margin * float((high - low).max())
    scale = max(size[0] / panel_px[0], size[1] / panel_px[1])
    scale = min(scale, picture_px[0] / panel_px[0], picture_px[1] / panel_px[1])
    width, height = (int(scale * side) for side in panel_px)
    middle = 0.5 * (low + high)
    left = int(np.clip(round(middle[0] - width / 2), 0, picture_px[0] - width))
    top = int(np.clip(round(middle[1] - height / 2), 0, picture_px[1] - height))
    return left, top, width, height


def _to_see(truth: Truth, frame: int, joints: tuple[str, ...]) -> Array:
    """Return points of a frame that have to be in the panel: joints, spine, top of the head, low end of the plate."""
    columns = truth["frames"]
    spine = np.array(columns["points_px"][frame])
    name = truth["point_names"].index
    head = spine[name("C1")] + 1.8 * (spine[name("C1")] - spine[name("C7")])
    seen = [spine, head, *(_pair(truth, name)[frame] for name in joints)]
    if columns["plate_px"][frame] is not None and abs(abs(truth["camera"]["yaw_deg"]) - 90.0) > _FROM_THE_SIDE_DEG:
        seen.append(np.add(columns["plate_px"][frame], [0.0, 0.7 * columns["plate_radius_px"][frame]]))
    return np.vstack(seen)


@dataclass(frozen=True)
class Sheet:
    """One panel, and what is needed to draw on it: the truth, the repetition and the frame it shows."""

    image: Image
    box: Box
    truth: Truth
    rep: int
    frame: int

    def line(self, points_px: Array, colour: tuple[int, int, int] = _ACCENT, *, wide_px: float = 3.0) -> None:
        """Draw a line through points (N, 2) of the whole picture, with a dark edge."""
        import cv2

        scale = self.image.shape[1] / self.box[2]
        at = np.round((np.asarray(points_px) - self.box[:2]) * scale * 16).astype(np.int32)
        for width, ink in ((wide_px + 2.0, _DARK), (wide_px, colour)):
            cv2.polylines(self.image, [at], False, ink, round(_FINE * width), cv2.LINE_AA, 4)

    def dot(self, point_px: Array, colour: tuple[int, int, int] = _ACCENT) -> None:
        """Draw a dot at a point of the whole picture."""
        self.line(np.array([point_px, point_px]), colour, wide_px=8.0)

    def rod(self, ends_px: Array) -> None:
        """Draw a strong line with dots at both ends."""
        self.line(ends_px, wide_px=4.0)
        for end in ends_px:
            self.dot(end)

    def joint(self, name: str) -> Array:
        """Return the middle of a pair of joints, (2,), px."""
        return np.asarray(joint(self.truth, name)[self.frame])

    def points(self, *names: str) -> Array:
        """Return points of the spine, all of them where none is named, (N, 2), px."""
        index = [self.truth["point_names"].index(name) for name in names or self.truth["point_names"]]
        return np.array(self.truth["frames"]["points_px"][self.frame])[index]

    @property
    def length_px(self) -> float:
        """How long the trunk appears."""
        return float(np.linalg.norm(self.joint("shoulder") - self.joint("hip")))


def smooth(points_px: Array, *, count: int = 200) -> Array:
    """Return a smooth line (count, 2) through points (N, 2) in their order."""
    from scipy.interpolate import CubicSpline

    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points_px, axis=0), axis=1))])
    return np.asarray(CubicSpline(along, points_px, bc_type="natural")(np.linspace(0.0, along[-1], count)))


def _part(first: str, last: str) -> Callable[[Sheet], None]:
    """Draw a part of the spine, and the straight line between its ends."""

    def draw(sheet: Sheet) -> None:
        ends, line = sheet.points(first, last), smooth(sheet.points())
        begin, end = (int(np.argmin(np.linalg.norm(line - point, axis=1))) for point in ends)
        sheet.line(ends, _WHITE, wide_px=1.0)
        sheet.line(line[begin : end + 1], wide_px=4.0)

    return draw


def draw_low_back(sheet: Sheet) -> None:
    """Draw the lower back, and the line of its low end gone on upwards."""
    l3, s1 = sheet.points("L3", "S1")
    on = (l3 - s1) / np.linalg.norm(l3 - s1)
    sheet.line(np.array([s1, s1 + 1.1 * sheet.length_px * on]), wide_px=1.5)
    _part("L1", "S1")(sheet)


def draw_trunk(sheet: Sheet) -> None:
    """Draw the line from the hips to the shoulders, and an upright one at the hips."""
    hip = sheet.joint("hip")
    room_px = hip[1] - sheet.box[1] - 0.04 * sheet.box[3]
    sheet.line(np.array([hip, hip - [0.0, min(sheet.length_px, room_px)]]), _WHITE, wide_px=1.0)
    sheet.rod(np.array([hip, sheet.joint("shoulder")]))


def draw_neck(sheet: Sheet) -> None:
    """Draw the line of the neck, and the upper back's line gone on beyond it."""
    c1, c7, t3 = sheet.points("C1", "C7", "T3")
    on = (c7 - t3) / np.linalg.norm(c7 - t3)
    far = 2.0 * np.linalg.norm(c1 - c7)
    sheet.line(np.array([t3, c7 + far * on]), _WHITE, wide_px=1.0)
    sheet.line(np.array([t3, c7, c7 + far * (c1 - c7) / np.linalg.norm(c1 - c7)]), wide_px=4.0)


def _path(sheet: Sheet) -> Array:
    """Return the path of this way up so far, (N, 2): of the plate's face where there is one, else of the weight."""
    columns = sheet.truth["frames"]
    seen = columns["plate_px"] if columns["plate_px"][sheet.frame] is not None else columns["bar_px"]
    return np.array(seen[way_up(sheet.truth, sheet.rep)[0] : sheet.frame + 1], dtype=float)


def draw_path(sheet: Sheet) -> None:
    """Draw the bar's path of this way up so far, and an upright line where it began."""
    path = _path(sheet)
    sheet.line(np.array([path[0], [path[0, 0], path[:, 1].min() - 0.35 * sheet.length_px]]), _WHITE, wide_px=1.0)
    sheet.line(path, wide_px=4.0)
    sheet.dot(path[-1])


def draw_drop(sheet: Sheet) -> None:
    """Draw the bar's path of this way up so far, and, if it sank, level lines where it was highest and where it is."""
    path = _path(sheet)
    top, reach = path[np.argmin(path[:, 1])], np.array([0.35 * sheet.length_px, 0.0])
    sheet.line(path, wide_px=4.0)
    if path[-1, 1] > top[1]:
        sheet.line(np.array([top - reach, top + reach]), _WHITE, wide_px=1.5)
        sheet.line(np.array([path[-1] - reach, path[-1] + reach]), wide_px=2.0)
    sheet.dot(path[-1])


def draw_thigh(sheet: Sheet) -> None:
    """Draw the nearer thigh, and a level line through its knee."""
    side = 1 if sheet.truth["camera"]["side"] == "right" else 0
    hip, knee = (_pair(sheet.truth, name)[sheet.frame, side] for name in ("hip", "knee"))
    level = np.array([1.4 * abs(hip[0] - knee[0]) * np.sign(hip[0] - knee[0]), 0.0])
    sheet.line(np.array([knee, knee + level]), _WHITE, wide_px=1.0)
    sheet.rod(np.array([knee, hip]))


def draw_shoulders(sheet: Sheet) -> None:
    """Draw the line of the shoulders, and a level one."""
    ends = _pair(sheet.truth, "shoulder")[sheet.frame]
    middle, reach = ends.mean(axis=0), np.array([0.75 * float(np.ptp(ends[:, 0])), 0.0])
    sheet.line(np.array([middle - reach, middle + reach]), _WHITE, wide_px=1.0)
    sheet.line(middle + 1.5 * (ends - middle), wide_px=4.0)
    sheet.rod(ends)


def draw_arm(sheet: Sheet) -> None:
    """Draw the level way from the mid-back to the upright line through the bar."""
    # The bar's middle, not the plate's face: that lies nearer to the camera, so it appears elsewhere.
    bar = np.array(sheet.truth["frames"]["bar_px"][sheet.frame], dtype=float)
    middle = sheet.joint("shoulder") + MID_BACK * (sheet.joint("hip") - sheet.joint("shoulder"))
    sheet.line(np.array([bar, [bar[0], middle[1] - 0.12 * sheet.length_px]]), _WHITE, wide_px=1.0)
    sheet.line(np.array([middle, [bar[0], middle[1]]]), wide_px=4.0)
    sheet.dot(middle)
    sheet.dot(bar, _WHITE)


@dataclass(frozen=True)
class Shown:
    """Which clip stands for a rule (the begin of its name, without exercise), when, and what is drawn on it."""

    clip: str
    moment: Moment
    draw: Callable[[Sheet], None]
    spine: bool = True
    joints: tuple[str, ...] = ("shoulder", "elbow", "hand", "hip", "knee", "ankle")
    """What of the body has to be in the panel, beside spine and head."""


_thorax = _part("C7", "L1")
_UPPER: Final = ("shoulder", "elbow", "hand", "hip", "knee")
_rounded, _leans_on = largest("thoracic_change_deg"), largest("trunk_deg", until=_EARLY)

SHOWN: Final[Mapping[str, Shown]] = {
    "thoracic_setup": Shown("thoracic_setup_2", risen_by(0.0), _thorax),
    "thoracic_rounding": Shown("thoracic_setup_3", _rounded, _thorax),
    "thoracic_growth": Shown("thoracic_growth_5", _rounded, _thorax),
    "thoracic_creep": Shown("thoracic_creep_3", _rounded, _thorax),
    "lumbar_growth": Shown("lumbar_growth_5", largest("lumbar_deg"), draw_low_back),
    "chest_drop": Shown("chest_drop_0", _leans_on, draw_trunk),
    "hips_rise": Shown("hips_rise_5", _leans_on, draw_trunk),
    "bar_drift": Shown("bar_drift_0", furthest_forward, draw_path),
    "strain_index": Shown("bar_drift_0", furthest_forward, draw_arm),
    "neck_back": Shown("neck_back_1", risen_by(0.5), draw_neck, joints=_UPPER),
    "neck_tucked": Shown("neck_tucked_0", risen_by(0.5), draw_neck),
    "hitch": Shown("hitch_4", lowest_again, draw_drop),
    "soft_lockout": Shown("soft_lockout_2", risen_by(1.0), draw_trunk),
    "overextension": Shown("overextension_1", risen_by(1.0), draw_trunk),
    "depth": Shown("depth_1", risen_by(0.0), draw_thigh),
    "asymmetry": Shown("asymmetry_3", largest("shoulder_tilt_deg"), draw_shoulders, spine=False),
}
"""Every rule of `spineline.core.rules.RULES`, in its order."""


def make_picture(video: Path, truth: Truth, shown: Shown) -> Image:
    """Return both panels side by side with their captions, (H, W, 3), RGB."""
    import cv2

    reps, frames = clean_and_worst(truth), frames_of(truth, shown.moment)
    images = read_frames(video, [truth["frames"]["time_s"][frame] for frame in frames])
    size_px = (images[0].shape[1], images[0].shape[0])
    box = crop_box(np.vstack([_to_see(truth, f, shown.joints) for f in frames]), picture_px=size_px, panel_px=PANEL_PX)
    left, top, width, height = box
    panels = []
    for image, rep, frame, caption in zip(images, reps, frames, _CAPTIONS, strict=True):
        part, large_px = image[top : top + height, left : left + width], [_FINE * side for side in PANEL_PX]
        large: Any = cv2.resize(part, large_px, interpolation=cv2.INTER_CUBIC)
        sheet = Sheet(np.ascontiguousarray(large), box, truth, rep, frame)
        if shown.spine:
            sheet.line(smooth(sheet.points()), _WHITE)
        shown.draw(sheet)
        small: Any = cv2.resize(sheet.image, PANEL_PX, interpolation=cv2.INTER_AREA)
        panels.append(np.vstack([small, _strip(caption)]))
    return np.hstack([panels[0], np.full((len(panels[0]), _GAP_PX, 3), 255, np.uint8), panels[1]])


def _strip(words: str) -> Image:
    """Return a strip as wide as a panel with words in its middle."""
    from PIL import Image as Pictures
    from PIL import ImageDraw, ImageFont

    strip = Pictures.new("RGB", (PANEL_PX[0], _STRIP_PX), _WHITE)
    font = ImageFont.load_default(_CAPTION_PX)
    ImageDraw.Draw(strip).text((PANEL_PX[0] / 2, _STRIP_PX / 2), words, _DARK, font=font, anchor="mm")
    return np.array(strip)


def read_frames(video: Path, times_s: list[float]) -> list[Image]:
    """Return of a video the pictures (H, W, 3), RGB, nearest to some times."""
    import av

    best: list[tuple[float, Any]] = [(np.inf, None)] * len(times_s)
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            off = [abs(float(frame.time) - time_s) for time_s in times_s]
            best = [(o, frame) if o < b[0] else b for o, b in zip(off, best, strict=True)]
    return [frame.to_ndarray(format="rgb24") for _, frame in best]


def make_all(clips: Path, out: Path, names: list[str]) -> None:
    """Write the pictures of rules, all of them where none is named."""
    out.mkdir(parents=True, exist_ok=True)
    for name in names or SHOWN:
        shown = SHOWN[name]
        found = sorted(clips.glob(f"{shown.clip}_*.truth.json"))
        if not found:
            raise FileNotFoundError(f"expected a clip {shown.clip}_*.mp4 with its truth in {clips}: render it first")
        truth = json.loads(found[0].read_text())
        video = found[0].with_name(found[0].name.removesuffix(".truth.json") + ".mp4")
        data = jpeg(make_picture(video, truth, shown), quality=_QUALITY)
        (out / f"{name}.jpg").write_bytes(data)
        print(f"{name}.jpg: {len(data) / 1000:.0f} kB, from {video.name}")


def main(arguments: list[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="training.pictures", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", type=Path, help="folder of the clips with planted faults, with their truth")
    parser.add_argument("names", nargs="*", help="only these rules")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    make_all(given.clips, given.out, given.names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
