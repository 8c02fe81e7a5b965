"""Two sets or two reps: what is named, what is not, and that neither side comes first."""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from spineline.core.reps import Rep
from spineline.core.terms import Verdict
from spineline.errors import InputError
from spineline.io.comparison import QUANTITIES, Row, Side, compare, comparison_document, comparison_text, side_of
from spineline.io.comparison_chart import comparison_chart
from spineline.io.curves import Curves, RepCurve, SavedSet

VERDICTS: tuple[Verdict, ...] = ("ok", "info", "caution", "flag", "not_measured")
LEVELS = (("info", 7.5), ("caution", 8.0), ("flag", 12.0))


def rep_curve(index: int, verdict: Verdict = "ok", **values: float) -> RepCurve:
    """Make the rep that lasts from 2 to 4 s, 5 to 7 s and so on."""
    start_s = 3.0 * index - 1
    rest = dict.fromkeys((*QUANTITIES, "strain_index_sigma_pct"), math.nan) | {"usable_share": 1.0} | values
    return RepCurve(rep=Rep(index, start_s, start_s + 1, start_s + 2, "floor"), verdict=verdict, marks=(), **rest)


def saved_set(*reps: RepCurve, seconds: float | None = None, **changes: Any) -> SavedSet:
    time_s = np.arange(0.0, seconds or 3.0 * len(reps) + 3, 0.1)
    flat = np.full_like(time_s, 3.0)
    curves = Curves(time_s, flat, flat, flat, flat, flat, reps, LEVELS)  # type: ignore[arg-type]
    about: dict[str, Any] = {
        "name": "a.mp4", "stem": "a", "sha256": "aa", "spine_sha256": "n", "exercise": "deadlift", "load_kg": None,
        "usable_share": 1.0, "reference": "standing", "reference_deg": 0.0, "profile_date": None, "mdc95_deg": 7.5,
        "growth_mdc95_deg": 6.0, "curves": curves,
    }  # fmt: skip
    return SavedSet(**about | changes)


def rounded(peak_deg: float, verdict: Verdict = "ok", index: int = 1) -> RepCurve:
    values = {"thoracic_change_peak_deg": peak_deg, "thoracic_change_start_deg": peak_deg / 2}
    return rep_curve(index, verdict, **values, thoracic_growth_deg=peak_deg / 2, strain_index_pct=5.0,
                     strain_index_sigma_pct=4.0)  # fmt: skip


ONE = saved_set(rounded(2.0))
OTHER = saved_set(rounded(30.0, "flag"), name="b.mp4", stem="b", sha256="bb", load_kg=100.0)

numbers = st.one_of(st.floats(-30, 60), st.just(math.nan))
reps = st.builds(
    lambda verdict, values: rep_curve(1, verdict, **values),
    st.sampled_from(VERDICTS),
    st.fixed_dictionaries(dict.fromkeys((*QUANTITIES, "strain_index_sigma_pct"), numbers)),
)
sets = st.builds(
    lambda found, reference, mdc95_deg: saved_set(
        *(replace(rep, rep=rep_curve(i).rep) for i, rep in enumerate(found, start=1)),
        sha256=str(reference), reference=reference, mdc95_deg=mdc95_deg,
    ),
    st.lists(reps, min_size=1, max_size=3),
    st.sampled_from(["standing", "profile", "population", "least_flexed"]),
    st.floats(1.0, 20.0),
)  # fmt: skip


def swapped(text: str) -> str:
    return re.sub(r"\b[AB]\b", lambda match: {"A": "B", "B": "A"}[match[0]], text)


@settings(max_examples=40)
@given(sets, sets.map(lambda saved: replace(saved, sha256="other")))
def test_with_the_sides_swapped_everything_is_mirrored(first: SavedSet, second: SavedSet) -> None:
    there, back = compare(Side(first), Side(second)), compare(Side(second), Side(first))
    assert [Row(row.name, row.second, row.first, swapped(row.difference)) for row in back.rows] == list(there.rows)
    for name, found in there.differences.items():
        other = back.differences[name]
        np.testing.assert_equal((0.0 - other.value, other.least), (found.value + 0.0, found.least))
        assert other.told == found.told
    assert len(there.remarks) == len(back.remarks)


def row_of(first: Side, second: Side, name: str) -> Row:
    return next(row for row in compare(first, second).rows if row.name == name)


def test_a_difference_is_named_only_beyond_noise() -> None:
    row = row_of(Side(ONE), Side(OTHER), "Most rounded")
    assert (row.first, row.second, row.difference) == ("+2° ± 3°, rep 1", "+30° ± 3°, rep 1", "B 28° more")
    near = saved_set(rounded(12.0), sha256="bb")
    assert row_of(Side(ONE), Side(near), "Most rounded").difference == "within noise (11°)"
    assert row_of(Side(ONE), Side(OTHER), "Strain index").difference == "within noise (11%)"


def test_reps_of_one_recording_leave_less_open() -> None:
    both = saved_set(rounded(2.0), rounded(10.0, index=2))
    first, second = side_of(both, 1), side_of(both, 2)
    assert row_of(first, second, "Most rounded").difference == "B 8° more"
    assert "Within one recording, differences in rounding up to 6°" in compare(first, second).remarks[0]
    apart = replace(both, sha256="bb")
    assert row_of(first, side_of(apart, 2), "Most rounded").difference == "within noise (11°)"


def test_a_set_is_its_largest_values_over_the_reps_that_could_be_judged() -> None:
    many = saved_set(rounded(4.0), rounded(20.0, "flag", 2), rounded(40.0, "not_measured", 3), sha256="bb")
    found = compare(Side(ONE), Side(many))
    rows = {row.name: row.second for row in found.rows}
    assert rows["Most rounded"] == "+20° ± 3°, rep 2"
    assert rows["Worst rep"] == "■ flag"
    assert "Not measured: rep 3 of B. Nothing is known about it." in found.remarks
    assert "A has 1 rep, B 3: the largest of more reps is larger by chance alone." in found.remarks


def test_of_a_rep_seen_in_part_nothing_is_named() -> None:
    partly = saved_set(rounded(40.0, "not_measured"), sha256="bb")
    row = row_of(side_of(ONE, 1), side_of(partly, 1), "Most rounded")
    assert (row.second, row.difference) == ("+40° ± 3° in the part seen", "not measured")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exercise": "squat"}, "A is a deadlift, B a squat"),
        ({"spine_sha256": "m"}, "different spine models"),
        ({"reference": "population"}, "B has no reference of the lifter's own"),
    ],
)
def test_what_limits_a_comparison_is_said(changes: dict[str, Any], words: str) -> None:
    assert any(words in line for line in compare(Side(ONE), Side(replace(OTHER, **changes))).remarks)
    assert not any(words in line for line in compare(Side(ONE), Side(OTHER)).remarks)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError, match="different spine models"):
        compare(Side(ONE), Side(replace(OTHER, spine_sha256="m", reference="population")))
    with pytest.raises(InputError, match="one and the same"):
        compare(Side(ONE), Side(ONE))
    with pytest.raises(InputError, match="one and the same"):
        compare(side_of(ONE, 1), side_of(ONE, 1))
    with pytest.raises(InputError, match=r"found 2; it has rep 1 alone"):
        side_of(ONE, 2)
    with pytest.raises(InputError, match="no lift was found"):
        side_of(saved_set(exercise=None))


def test_other_programs_read_it() -> None:
    found = compare(Side(ONE), Side(OTHER))
    document = json.loads(comparison_text(found))
    assert document == comparison_document(found)
    assert document["differences"]["thoracic_change_peak_deg"] == {"value": 28.0, "least": 10.61, "told": True}
    assert document["first"]["thoracic_growth_deg"] == {"value": 1.0, "sigma": None, "rep": 1}
    assert document["second"]["load_kg"] == 100.0


# The picture


def size_of(png: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(png)).size


@pytest.mark.parametrize("index", [None, 1])
def test_the_picture_has_its_width_and_the_same_bytes(index: int | None) -> None:
    drawn = [comparison_chart(compare(side_of(ONE, index), side_of(OTHER, index))) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert size_of(drawn[0][".png"])[0] == 1920
    said = " ".join(re.findall(r">([^<]+)</text>", drawn[0][".svg"].decode()))
    for words in ("a.mp4", "b.mp4", "Deadlift · 100 kg · 1 rep", "B 28° more", "own calm standing", "cannot be told"):
        assert words in said, words


def test_sets_of_unequal_length_share_their_scales() -> None:
    longer = saved_set(*(rounded(5.0, index=index) for index in range(1, 6)), seconds=40.0, sha256="bb")
    svg = comparison_chart(compare(Side(ONE), Side(longer)))[".svg"].decode()
    marks = re.findall(r">(\d+ s)</text>", svg)
    assert marks[: len(marks) // 2] == marks[len(marks) // 2 :]
    degrees = re.findall(r">(.?\d+)</text>", svg)
    assert len(degrees) == 2 * len(set(degrees))


@pytest.mark.parametrize("unseen", ["nothing", "middle", "all"])
def test_gaps_stay_gaps(unseen: str) -> None:
    change_deg = np.full_like(ONE.curves.time_s, 3.0)
    change_deg[{"nothing": slice(0), "middle": slice(25, 28), "all": slice(None)}[unseen]] = np.nan
    first = replace(ONE, curves=replace(ONE.curves, change_deg=change_deg))
    for index, in_legend, axes in ((None, 1, 1), (1, 2, 2)):
        svg = comparison_chart(compare(side_of(first, index), side_of(OTHER, index)))[".svg"].decode()
        hatched = len(re.findall(r'style="fill: url\(#', svg))
        assert hatched == in_legend + (0 if unseen == "nothing" else axes)


def test_a_deadlift_beside_a_squat_says_what_0_s_is() -> None:
    squat = rounded(5.0)
    squat = replace(squat, rep=replace(squat.rep, begins="top"))
    drawn = comparison_chart(compare(side_of(ONE, 1), side_of(saved_set(squat, sha256="bb", exercise="squat"), 1)))
    assert "(0 s = lockout of A, bottom of B)" in drawn[".svg"].decode()


def test_levels_that_differ_are_not_drawn_over_each_other() -> None:
    other = replace(OTHER, curves=replace(OTHER.curves, levels=(("flag", 16.0),)))
    found = compare(side_of(ONE, 1), side_of(other, 1))
    assert any(line.endswith("none is drawn.") for line in found.remarks)
    assert "flag 1" not in comparison_chart(found)[".svg"].decode()
    sets_svg = comparison_chart(compare(Side(ONE), Side(other)))[".svg"].decode()
    assert "flag 12°" in sets_svg
    assert "flag 16°" in sets_svg
