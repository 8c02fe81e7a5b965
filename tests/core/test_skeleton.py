"""Names and the left-right table."""

import numpy as np

from spineline.core.skeleton import MIRROR, N_LANDMARKS, SPINE_POINTS, Landmark


def test_mirror_swaps_sides_and_nothing_else() -> None:
    assert np.array_equal(MIRROR[MIRROR], np.arange(N_LANDMARKS))
    assert MIRROR[Landmark.NOSE] == Landmark.NOSE
    assert MIRROR[Landmark.MOUTH_LEFT] == Landmark.MOUTH_RIGHT
    for mark in Landmark:
        other = Landmark(int(MIRROR[mark]))
        assert other.name.replace("RIGHT", "LEFT") == mark.name.replace("RIGHT", "LEFT")
        assert (other == mark) == (mark == Landmark.NOSE)


def test_spine_points_run_from_head_to_sacrum() -> None:
    assert SPINE_POINTS == ("C1", "C4", "C7", "T3", "T8", "L1", "L3", "L5", "S1")
