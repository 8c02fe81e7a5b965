"""Slow twins of the kernels of the core: one frame, one ray, one sample at a time, written from what is promised.

They share nothing with the core but its named constants, and serve as oracles. Those of whole signals and of reps
are in `tests.naive_series`.
"""

import math
from collections.abc import Sequence

import numpy as np

from spineline.core import contour, kinematics, silhouette, trunk
from spineline.core.silhouette import HALF_WIDTH_AREAS, STATIONS
from spineline.core.skeleton import Landmark
from spineline.core.track import SILHOUETTE_SIDE, Bools, Floats
from spineline.core.trunk import PICTURE_SHAPE, PICTURE_STEP

# --- view and kinematics ----------------------------------------------------------------------------------------


def _middle(points: Floats, left: Landmark, right: Landmark) -> Floats:
    return np.array([(a + b) / 2 for a, b in zip(points[left], points[right], strict=True)])


def _shoulder(points: Floats) -> Floats:
    return _middle(points, Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER)


def _hip(points: Floats) -> Floats:
    return _middle(points, Landmark.LEFT_HIP, Landmark.RIGHT_HIP)


def torso_px(points: Floats) -> float:
    (x0, y0), (x1, y1) = _shoulder(points), _hip(points)
    return math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)


def trusted(landmarks_px: Floats, *, max_torso_ratio: float, most_head_down: float) -> list[bool]:
    lengths = [torso_px(points) for points in landmarks_px]
    known = sorted(length for length in lengths if math.isfinite(length))
    if not known:
        return [False] * len(landmarks_px)
    half = len(known) // 2
    median = known[half] if len(known) % 2 else (known[half - 1] + known[half]) / 2
    answers = []
    for points, length in zip(landmarks_px, lengths, strict=True):
        whole = all(math.isfinite(v) for v in points.ravel())
        in_proportion = whole and median / max_torso_ratio < length < median * max_torso_ratio
        sunk = float(_shoulder(points)[1] - _hip(points)[1])  # y is down
        answers.append(in_proportion and not sunk > most_head_down * length)
    return answers


def folded(landmarks_px: Floats, *, min_thigh_share: float) -> list[bool]:
    lengths = []
    for points in landmarks_px:
        sides = [
            math.dist(points[Landmark[f"{side}_HIP"]], points[Landmark[f"{side}_KNEE"]]) for side in ("LEFT", "RIGHT")
        ]
        lengths.append(math.nan if any(math.isnan(v) for v in sides) else max(sides))
    known = sorted(length for length in lengths if math.isfinite(length))
    if not known:
        return [False] * len(lengths)
    at = 0.8 * (len(known) - 1)
    below, share = int(at), at - int(at)
    usual = known[below] + share * (known[min(below + 1, len(known) - 1)] - known[below])
    return [length < min_thigh_share * usual for length in lengths]


def steady_facing(time_s: Floats, facing: Floats, *, window_s: float) -> list[float]:
    answers = []
    for t, own in zip(time_s, facing, strict=True):
        votes = [f for u, f in zip(time_s, facing, strict=True) if t - window_s / 2 <= u <= t + window_s / 2]
        total = sum(votes)
        answers.append(1.0 if total > 0 else -1.0 if total < 0 else float(own))
    return answers


def yaw_deg(world_m: Floats, facing: float) -> float:
    pairs = (
        (Landmark.RIGHT_SHOULDER, Landmark.LEFT_SHOULDER),
        (Landmark.RIGHT_HIP, Landmark.LEFT_HIP),
    )
    x = sum(float(world_m[right][0] - world_m[left][0]) for right, left in pairs)
    z = sum(float(world_m[right][2] - world_m[left][2]) for right, left in pairs)
    return math.degrees(math.atan2(-x, -facing * z))


def near_side(visibility: Floats) -> str:
    def mean(side: str) -> float:
        seen = [
            float(row[Landmark[f"{side}_{part}"]])
            for row in visibility
            for part in ("SHOULDER", "ELBOW", "HIP", "KNEE")
        ]
        known = [v for v in seen if not math.isnan(v)]
        return sum(known) / len(known)

    return "left" if mean("LEFT") >= mean("RIGHT") else "right"


def out_of_frame(points: Floats, size_px: tuple[int, int], *, margin: float) -> bool:
    slack = margin * torso_px(points)
    for part in ("EAR", "SHOULDER", "HIP"):
        for side in ("LEFT", "RIGHT"):
            x, y = points[Landmark[f"{side}_{part}"]]
            if x < -slack or y < -slack or x > size_px[0] + slack or y > size_px[1] + slack:
                return True
    return False


def angles_deg(points: Floats, facing: float, yaw: float, side: str) -> dict[str, float]:
    """Trunk, hip, knee and thigh of one frame."""

    def plane(point: Floats) -> tuple[float, float]:
        return float(point[0]) * facing / math.cos(math.radians(yaw)), -float(point[1])

    def lean(low: tuple[float, float], high: tuple[float, float]) -> float:
        return math.degrees(math.atan2(high[0] - low[0], high[1] - low[1]))

    def wrapped(angle: float) -> float:
        while angle >= 180:
            angle -= 360
        while angle < -180:
            angle += 360
        return angle

    if any(math.isnan(v) for v in points.ravel()):
        return dict.fromkeys(("trunk_deg", "hip_deg", "knee_deg", "thigh_deg"), math.nan)
    name = side.upper()
    shoulder, hip = plane(_shoulder(points)), plane(_hip(points))
    near_hip, knee, ankle = (plane(points[Landmark[f"{name}_{part}"]]) for part in ("HIP", "KNEE", "ANKLE"))
    trunk, thigh, shin = lean(hip, shoulder), lean(knee, near_hip), lean(ankle, knee)
    return {
        "trunk_deg": trunk,
        "hip_deg": _possible(wrapped(trunk - thigh), kinematics._HIP_RANGE_DEG),
        "knee_deg": _possible(wrapped(shin - thigh), kinematics._KNEE_RANGE_DEG),
        "thigh_deg": _possible(-thigh, kinematics._THIGH_RANGE_DEG),
    }


def _possible(angle: float, allowed: tuple[float, float]) -> float:
    return angle if allowed[0] <= angle <= allowed[1] else math.nan


# --- silhouette -------------------------------------------------------------------------------------------------


def facing(points: Floats) -> float:
    ear = _middle(points, Landmark.LEFT_EAR, Landmark.RIGHT_EAR)
    x = points[Landmark.NOSE][0] - ear[0]
    for side in ("LEFT", "RIGHT"):
        x += points[Landmark[f"{side}_FOOT_INDEX"]][0] - points[Landmark[f"{side}_HEEL"]][0]
    return 1.0 if x > 0 else -1.0 if x < 0 else 0.0


def cut_silhouette(mask: Floats, points: Floats, facing_sign: float) -> tuple[Bools, float]:
    side = SILHOUETTE_SIDE
    area = sum(1 for value in mask.ravel() if value > 0.5)
    cut = np.zeros((side, side), dtype=np.bool_)
    centre = _shoulder(points)
    if area < 16 or not all(math.isfinite(v) for v in centre):
        return cut, math.nan
    step = 2 * HALF_WIDTH_AREAS * math.sqrt(area) / side
    for i in range(side):
        for j in range(side):
            total = 0.0
            for a in (0.25, 0.75):
                for b in (0.25, 0.75):
                    x = (j + b - side / 2) * step * (-1 if facing_sign < 0 else 1)
                    total += _sample_or_empty(mask, centre[1] + (i + a - side / 2) * step, centre[0] + x)
            cut[i, j] = total / 4 > 0.5
    return cut, step


def _sample_or_empty(mask: Floats, y: float, x: float) -> float:
    """Bilinear between pixels; beyond the picture everything is empty."""
    row, col = math.floor(y), math.floor(x)
    total = 0.0
    for r, wy in ((row, 1 - (y - row)), (row + 1, y - row)):
        for c, wx in ((col, 1 - (x - col)), (col + 1, x - col)):
            if 0 <= r < mask.shape[0] and 0 <= c < mask.shape[1]:
                total += wy * wx * float(mask[r, c])
    return total


def profile(picture: Bools, along: Floats, *, dorsal: bool = True) -> list[float]:
    """Distances to the edge of the back, or the front, in one picture facing +x; ``along`` is shoulder to hip in it."""
    side = SILHOUETTE_SIDE
    soft = [[_box_mean(picture, i, j) for j in range(side)] for i in range(side)]
    back = (-float(along[1]), float(along[0])) if dorsal else (float(along[1]), -float(along[0]))
    reach = silhouette._REACH
    answers = []
    for station in STATIONS:
        levels = []
        for far in reach:
            x = (side - 1) / 2 + station * float(along[0]) + far * back[0]
            y = (side - 1) / 2 + station * float(along[1]) + far * back[1]
            levels.append(_sample_inside(soft, y, x))
        answers.append(_exit(levels, reach))
    return answers


def _box_mean(picture: Bools, i: int, j: int) -> float:
    """Mean of the nine cells around a cell; the border is mirrored."""
    last = SILHOUETTE_SIDE - 1
    total = 0
    for a in (i - 1, i, i + 1):
        for b in (j - 1, j, j + 1):
            total += int(picture[min(max(a, 0), last), min(max(b, 0), last)])
    return total / 9


def _sample_inside(soft: list[list[float]], y: float, x: float) -> float:
    top = SILHOUETTE_SIDE - 1.001
    y, x = min(max(y, 0.0), top), min(max(x, 0.0), top)
    row, col = int(y), int(x)
    upper = soft[row][col] * (1 - (x - col)) + soft[row][col + 1] * (x - col)
    lower = soft[row + 1][col] * (1 - (x - col)) + soft[row + 1][col + 1] * (x - col)
    return upper * (1 - (y - row)) + lower * (y - row)


def _exit(levels: list[float], reach: Floats) -> float:
    """Walk outwards: into the body within the first samples, then on until it stays empty."""
    inside = [level > 0.5 for level in levels]
    entry = next((k for k in range(silhouette._STARTS) if inside[k]), None)
    if entry is None:
        return math.nan
    for k in range(entry + 1, len(levels)):
        if not any(inside[k : k + silhouette._CLEAR]):
            share = (levels[k - 1] - 0.5) / max(levels[k - 1] - levels[k], 1e-6)
            return float(reach[k - 1] + min(max(share, 0.0), 1.0) * (reach[1] - reach[0]))
    return math.nan


# --- trunk ------------------------------------------------------------------------------------------------------


def in_trunk(points: Floats, facing_sign: float, point: Floats) -> tuple[float, float]:
    """Give how far a point lies down from the shoulders and to the back, in shoulder-to-hip lengths."""
    shoulder, hip = _shoulder(points), _hip(points)
    # Whoever faces left is looked at in a mirror: there the back is always on the left.
    down_x, down_y = float(hip[0] - shoulder[0]) * facing_sign, float(hip[1] - shoulder[1])
    x, y = float(point[0] - shoulder[0]) * facing_sign, float(point[1] - shoulder[1])
    square = down_x**2 + down_y**2
    return (x * down_x + y * down_y) / square, (y * down_x - x * down_y) / square


def cut_trunk(mask: Floats, points: Floats, facing_sign: float, *, margin: int = 0) -> list[list[float]]:
    """Sample the mask pixel by pixel, 0 to 255, not rounded."""
    shoulder, hip = _shoulder(points), _hip(points)
    down_x, down_y = float(hip[0] - shoulder[0]), float(hip[1] - shoulder[1])
    rows, columns = PICTURE_SHAPE
    cut = []
    for i in range(-margin, rows + margin):
        line = []
        for j in range(-margin, columns + margin):
            down = trunk._TOP + i * PICTURE_STEP
            back = (j - (columns - 1) / 2) * PICTURE_STEP * facing_sign
            x = float(shoulder[0]) + down * down_x - back * down_y
            y = float(shoulder[1]) + down * down_y + back * down_x
            line.append(255 * _between_centres(mask, y - 0.5, x - 0.5))
        cut.append(line)
    return cut


def _between_centres(mask: Floats, y: float, x: float) -> float:
    """Bilinear; beyond the centres of the outermost pixels everything is empty."""
    height, width = mask.shape
    return _sample_or_empty(mask, y, x) if 0 <= y <= height - 1 and 0 <= x <= width - 1 else 0.0


def marks(points: Floats, world_m: Floats, facing_sign: float) -> list[float]:
    near, far = ("RIGHT", "LEFT") if facing_sign > 0 else ("LEFT", "RIGHT")
    found = [*in_trunk(points, facing_sign, points[Landmark.NOSE])]
    for part in ("EAR", "KNEE", "ANKLE"):
        found += in_trunk(points, facing_sign, _middle(points, Landmark[f"LEFT_{part}"], Landmark[f"RIGHT_{part}"]))
    for part in ("SHOULDER", "HIP", "ELBOW", "WRIST"):
        for side in (near, far):
            found += in_trunk(points, facing_sign, points[Landmark[f"{side}_{part}"]])
    shoulder, hip = _shoulder(points), _hip(points)
    lean = math.atan2(float(shoulder[0] - hip[0]) * facing_sign, float(hip[1] - shoulder[1]))
    found += [math.sin(lean), math.cos(lean)]
    for part in ("SHOULDER", "HIP"):
        x, y, z = (float(v) for v in world_m[Landmark[f"{near}_{part}"]] - world_m[Landmark[f"{far}_{part}"]])
        length = math.sqrt(x * x + y * y + z * z)
        found += [x * facing_sign / length, y / length, z / length]
    most = trunk._FARTHEST_MARK
    return [min(max(value, -most), most) for value in found]


# --- contour ----------------------------------------------------------------------------------------------------


def _edge_fit(profile: Floats) -> np.polynomial.Polynomial | None:
    """Fit ordinary powers to the edge of one frame."""
    fitted = range(len(STATIONS))[contour._FITTED]
    at, edge = [float(STATIONS[k]) for k in fitted], [float(profile[k]) for k in fitted]
    return None if any(math.isnan(v) for v in edge) else np.polynomial.Polynomial.fit(at, edge, contour._DEGREE)


def curve(profile: Floats, stations: Sequence[float]) -> tuple[list[float], float]:
    """Tangents at some stations, and the root mean square miss, of one frame."""
    fit = _edge_fit(profile)
    if fit is None:
        return [math.nan] * len(stations), math.nan
    fitted = range(len(STATIONS))[contour._FITTED]
    square = [(float(fit(float(STATIONS[k]))) - float(profile[k])) ** 2 for k in fitted]
    half = contour._HALF_LEVEL
    tangents = [
        sum(math.degrees(math.atan(float(fit.deriv()(s + d)))) for d in (-half, 0.0, half)) / 3 for s in stations
    ]
    return tangents, math.sqrt(sum(square) / len(square))


def features(points: Floats, facing_sign: float, profile: Floats) -> list[float]:
    """Give what the calibration reads of one frame."""
    tangents, _ = curve(profile, contour._LEVELS.tolist())
    shoulder, hip = _shoulder(points), _hip(points)
    lean = math.atan2(float(shoulder[0] - hip[0]) * facing_sign, float(hip[1] - shoulder[1]))
    read = [*tangents, math.degrees(lean)]
    elbow = _middle(points, Landmark.LEFT_ELBOW, Landmark.RIGHT_ELBOW)
    ear = _middle(points, Landmark.LEFT_EAR, Landmark.RIGHT_EAR)
    for part in (elbow, ear, points[Landmark.NOSE]):
        read += in_trunk(points, facing_sign, part)
    return read


def read_contour(points: Floats, facing_sign: float, back: Floats, front: Floats) -> tuple[list[float], bool]:
    """Give a reading, as in `track.RAW`, and whether the edge is hidden, of one frame with these profiles."""
    seen = features(points, facing_sign, back)
    read = [
        line.offset_deg + sum(float(w) * v for w, v in zip(line.weights, seen, strict=True))
        for line in (contour.THORACIC, contour.LUMBAR)
    ]
    read += [contour.THORACIC.sigma_deg, read[0], contour.THORACIC.sigma_deg]
    ear = _middle(points, Landmark.LEFT_EAR, Landmark.RIGHT_EAR)
    c1 = [a + float(b) for a, b in zip(in_trunk(points, facing_sign, ear), contour._C1_FROM_EAR, strict=True)]
    c7 = [float(v) for v in contour._C7]
    read += [*c1, (c1[0] + c7[0]) / 2, (c1[1] + c7[1]) / 2, *c7]
    fit = _edge_fit(back)
    for station, depth in zip(contour._STATION, contour._DEPTH, strict=True):
        read += [float(station), math.nan if fit is None else float(fit(float(station))) - float(depth)]
    return read, _is_hidden(points, facing_sign, back, front)


def _is_hidden(points: Floats, facing_sign: float, back: Floats, front: Floats) -> bool:
    (neck, *_), residual = curve(back, [float(contour._LEVELS[0])])
    if not (residual <= contour.MAX_RESIDUAL and neck >= contour._MIN_NECK_DEG):
        return True
    lean = features(points, facing_sign, back)[len(contour._LEVELS)]
    hands, _ = in_trunk(points, facing_sign, _middle(points, Landmark.LEFT_WRIST, Landmark.RIGHT_WRIST))
    low, high = contour._HANDS_AT_HIPS
    at_hips = [float(v) for v, on in zip(front, contour._HIP_STATIONS, strict=True) if on]
    wide = sum(1 for v in at_hips if v > contour._WIDEST_HIPS) >= contour._WIDE_SHARE * len(at_hips)
    return low <= hands <= high and abs(lean) < contour._UPRIGHT_DEG and wide


# --- lifter -----------------------------------------------------------------------------------------------------


def overlap(box: Sequence[float], others: Sequence[Sequence[float]]) -> float:
    """Share of a box that the most covering other box covers; boxes with whole-number corners, counted cell by cell."""
    left, top, right, bottom = (int(v) for v in box)
    cells = [(x, y) for x in range(left, right) for y in range(top, bottom)]
    shares = [sum(1 for x, y in cells if o[0] <= x < o[2] and o[1] <= y < o[3]) / len(cells) for o in others]
    return max(shares, default=0.0)
