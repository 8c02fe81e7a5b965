"""The way of the weight: by the plate, by the hands, its scale, and when a plate is not the lifter's."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spineline.core.analysis import Analysis, analyze
from spineline.core.bar import plate_path
from spineline.core.figure import Camera
from spineline.core.settings import BarSettings, FilterSettings
from spineline.core.sim import Flaws, Simulated, lift, simulate
from spineline.core.strain import Stated
from spineline.core.track import PoseTrack
from tests.core.scenes import mirrored, scaled, unplated

DRIFT_M = 0.10


def pulled(style: str = "conventional", *, yaw_deg: float = 0.0, facing: int = 1, noise_px: float = 0.0) -> Simulated:
    """Record a set of two in which the bar swings forward on the way up."""
    script = [replace(move, bar_m=DRIFT_M if move.phase == "ascend" else 0.0) for move in lift(style, reps=2)]
    camera = Camera(facing=facing, yaw_deg=yaw_deg)
    return simulate(script, style=style, camera=camera, flaws=Flaws(noise_px=noise_px, seed=3), silhouettes=False)


def ways_m(found: Analysis) -> list[float]:
    """Give how far up the bar goes in each rep."""
    spans = []
    for result in found.reps:
        inside = found.rep_index == result.rep.index
        spans.append(float(np.ptp(found.bar.up_m[inside])))
    return spans


def true_ways_m(done: Simulated) -> list[float]:
    """Give the same of the plate, as it was."""
    spans = []
    for rep in done.truth.reps:
        inside = (done.track.time_s >= rep.start_s) & (done.track.time_s <= rep.end_s)
        spans.append(float(np.ptp(done.track.plate_px[inside, 1])) / 400.0)
    return spans


@pytest.mark.parametrize("style", ["conventional", "romanian"])
@pytest.mark.parametrize("facing", [1, -1])
def test_the_plate_tells_the_way_in_metres(style: str, facing: int) -> None:
    done = pulled(style, facing=facing)
    found = analyze(done.track)
    assert (found.bar.source, found.bar.scale) == ("plate", "plate")
    assert found.bar.px_per_m == pytest.approx(400.0)
    assert ways_m(found) == pytest.approx(true_ways_m(done), abs=0.01)


@pytest.mark.parametrize("yaw_deg", [-18.0, 18.0])
def test_yaw_is_taken_out_of_the_way_forward(yaw_deg: float) -> None:
    straight, turned = (analyze(pulled(yaw_deg=yaw).track).bar.forward_m for yaw in (0.0, yaw_deg))
    # The simulated yaw is read with the bias of a pose model taken off that it does not have: 6 degrees.
    assert np.ptp(turned) == pytest.approx(float(np.ptp(straight)), rel=0.06)


def test_without_a_plate_the_hands_tell_it_by_an_average_height() -> None:
    done = pulled()
    found = analyze(unplated(done.track))
    assert (found.bar.source, found.bar.scale) == ("hands", "average_height")
    assert ways_m(found) == pytest.approx(true_ways_m(done), rel=0.12)
    assert found.bar.scale_sigma > 0.05


def test_a_stated_height_sets_the_scale() -> None:
    track = unplated(pulled().track)
    short, tall = (analyze(track, stated=Stated(height_m=height_m)).bar for height_m in (1.5, 2.0))
    assert (short.scale, tall.scale) == ("height", "height")
    assert short.px_per_m / tall.px_per_m == pytest.approx(2.0 / 1.5)
    assert short.scale_sigma < analyze(track).bar.scale_sigma


def test_a_squat_without_a_plate_has_no_bar_to_follow() -> None:
    track = unplated(simulate(lift("back_squat"), style="back_squat", silhouettes=False).track)
    found = analyze(track)
    assert found.exercise == "squat"
    assert found.bar.source == "none"
    assert np.isnan(found.bar.forward_m).all()
    assert np.isnan(found.bar_px).all()


def test_the_uncertainty_grows_with_the_way() -> None:
    bar = analyze(pulled().track).bar
    assert bar.sigma_of(0.0) == pytest.approx(bar.sigma_m)
    assert bar.sigma_of(0.5) == pytest.approx(np.hypot(bar.sigma_m, 0.5 * bar.scale_sigma))


@pytest.mark.parametrize("look", [mirrored, lambda track: scaled(track, 0.37)])
def test_mirror_and_pixels_do_not_change_the_way(look: object) -> None:
    track = pulled(noise_px=1.0).track
    one, other = analyze(track).bar, analyze(look(track)).bar  # type: ignore[operator]
    np.testing.assert_allclose(other.forward_m, one.forward_m, atol=1e-9)
    np.testing.assert_allclose(other.up_m, one.up_m, atol=1e-9)


def with_plate(track: PoseTrack, plate_px: np.ndarray) -> PoseTrack:
    """Put other finds in."""
    return replace(track, plate_px=plate_px)


def test_a_plate_that_stays_is_not_the_lifters() -> None:
    track = pulled().track
    rack = np.tile([200.0, 300.0, 80.0, 1.0], (len(track), 1))
    rack[:, :3] += np.random.default_rng(0).normal(0, 1, (len(track), 3))
    assert analyze(with_plate(track, rack)).bar.source == "hands"


@pytest.mark.parametrize(("share", "source"), [(0.75, "plate"), (0.45, "hands")])
def test_a_plate_must_be_seen_most_of_the_time(share: float, source: str) -> None:
    track = pulled().track
    lost = np.arange(len(track)) > share * len(track)
    assert analyze(with_plate(track, np.where(lost[:, None], np.nan, track.plate_px))).bar.source == source


def test_a_disc_of_another_size_is_left_out() -> None:
    track = pulled().track
    odd = track.plate_px.copy()
    odd[100:110] = (50.0, 50.0, 30.0, 1.0)
    path_px = plate_path(with_plate(track, odd), FilterSettings(), BarSettings())
    assert np.isnan(path_px[100:110]).all()
    assert np.isfinite(np.delete(path_px, np.s_[100:110], axis=0)).all()


@pytest.mark.parametrize("score", [0.7, 1.0])
def test_a_run_of_finds_elsewhere_is_left_out(score: float) -> None:
    track = pulled(noise_px=1.0).track
    odd = track.plate_px.copy()
    odd[100:120, :2], odd[100:120, 3] = (50.0, 50.0), score
    path_px = plate_path(with_plate(track, odd), FilterSettings(), BarSettings())
    assert np.isnan(path_px[100:120]).all()
    np.testing.assert_allclose(path_px[130:], plate_path(track, FilterSettings(), BarSettings())[130:], atol=3.0)


def test_unsure_finds_count_where_they_continue_the_path() -> None:
    track = pulled().track
    unsure = track.plate_px.copy()
    unsure[60:200, 3] = 0.65
    assert np.isfinite(plate_path(with_plate(track, unsure), FilterSettings(), BarSettings())).all()
    unsure[:, 3] = 0.65
    assert np.isnan(plate_path(with_plate(track, unsure), FilterSettings(), BarSettings())).all()


def test_no_frames_have_no_bar() -> None:
    track = pulled().track
    nothing: dict[str, Any] = {k: v[:0] for k, v in vars(track).items() if isinstance(v, np.ndarray)}
    none = replace(track, **nothing)
    assert analyze(none).bar.source == "none"
