"""The chart of one set as files: the size, the same bytes, names that mean harm, and what was not measured."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from spineline.core.analysis import Analysis
from spineline.io.charts import draw_timeline
from spineline.io.curves import SavedSet, curves_of, read_set
from spineline.io.drawing import LIGHT
from spineline.io.picture import fitting, paper
from spineline.io.set_chart import set_chart
from tests.io.make_analysis import empty_analysis, make_analysis
from tests.io.make_results import write_result


def saved(folder: Path, analysis: Analysis | None = None, **about: str) -> SavedSet:
    return read_set(write_result(folder, analysis or make_analysis(("flag", "ok", "not_measured")), **about))  # type: ignore[arg-type]


def texts(svg: bytes) -> list[str]:
    root = ElementTree.fromstring(svg)  # noqa: S314
    return [element.text or "" for element in root.iter() if element.tag.endswith(("text", "tspan"))]


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_a_picture_of_its_size_on_white_that_says_what_it_shows(tmp_path: Path) -> None:
    drawn = set_chart(saved(tmp_path, name="my set.mp4"))
    shown = pixels(drawn[".png"])
    assert shown.shape == (1260, 1920, 3)
    assert (shown[[0, -1]] == 255).all()
    assert (shown[:, [0, -1]] == 255).all()
    said = " ".join(texts(drawn[".svg"]))
    for words in (
        "my set.mp4", "Deadlift · 3 reps", "level reached", "± 1 standard deviation", "not measured", "■ flag",
        "flag 12°", "1 ■", "3 ?", "Estimated from one camera", "the lifter's own calm standing", "under 5°",
    ):  # fmt: skip
        assert words in said, words
    assert not re.findall(r"\b(safe\w*|injur\w*|diagnos\w*|danger\w*|risk\w*)", said, re.IGNORECASE)


def test_the_svg_stands_alone_and_asks_for_nothing(tmp_path: Path) -> None:
    svg = set_chart(saved(tmp_path))[".svg"]
    root = ElementTree.fromstring(svg)  # noqa: S314
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox") == "0 0 960 630"
    addresses = set(re.findall(r"\w+://[^\"\s]+", svg.decode()))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert b"<!DOCTYPE" not in svg
    assert b"<script" not in svg


def test_the_colours_are_the_light_ones_of_the_report(tmp_path: Path) -> None:
    style = files("spineline.io").joinpath("templates", "page.css").read_text(encoding="utf-8")
    light = re.search(r":root \{(.*?)\}", style, re.DOTALL)
    assert light
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", light[1]))
    assert {name: colours[name.replace("_", "-")] for name in LIGHT} == LIGHT
    assert colours["page"] == "#ffffff"
    drawn = set(re.findall(r"#[0-9a-f]{6}\b", set_chart(saved(tmp_path))[".svg"].decode()))
    assert drawn <= {*LIGHT.values(), "#ffffff", "#000000"}


def test_drawn_from_the_analysis_it_looks_the_same(tmp_path: Path) -> None:
    analysis = make_analysis(("flag", "ok", "not_measured"))
    pictures = []
    for curves in (curves_of(analysis), saved(tmp_path, analysis).curves):
        with paper(400) as sheet:
            from spineline.io.drawing import as_files

            draw_timeline(sheet.figure, curves, sheet.colours)
            pictures.append(pixels(as_files(sheet.figure, "")[".png"]).astype(int))
    assert (np.abs(pictures[0] - pictures[1]).max(axis=2) > 32).mean() < 1e-4


def test_the_same_bytes_whatever_the_users_matplotlib_is_set_to(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nsvg.fonttype: path\nlines.linewidth: 9\nbackend: tkagg\n")
    saved(tmp_path / "a_spineline")
    code = (
        "import hashlib, sys; from pathlib import Path; from spineline.io.curves import read_set\n"
        "from spineline.io.set_chart import set_chart\n"
        "drawn = set_chart(read_set(Path(sys.argv[1])))\n"
        "print(*[hashlib.sha256(drawn[suffix]).hexdigest() for suffix in ('.png', '.svg')])\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    environment = os.environ | {
        "MATPLOTLIBRC": str(tmp_path),
        "PYTHONHASHSEED": "7",
        "TZ": "Pacific/Auckland",
        "SOURCE_DATE_EPOCH": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-c", code, str(tmp_path / "a_spineline")]
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    drawn = set_chart(read_set(tmp_path / "a_spineline"))
    assert done.stdout.split() == [hashlib.sha256(drawn[suffix]).hexdigest() for suffix in (".png", ".svg")]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("$x^2$ \\frac{1}{2}$.mp4", "$x^2$ \\frac{1}{2}$.mp4"),
        ("<script>alert(1)</script>", "script>"),
        ("a\"b&amp;'c", "a\"b&amp;'c"),
        ("line\nbreak\x00\u202e", "line\N{REPLACEMENT CHARACTER}break\N{REPLACEMENT CHARACTER}"),
        ("日本.mp4", "\N{REPLACEMENT CHARACTER}" * 2 + ".mp4"),
        ("W" * 300, "…"),
        ("{0} %s", "{0} %s"),
    ],
)
def test_any_name_is_shown_and_never_interpreted(tmp_path: Path, name: str, shown: str) -> None:
    drawn = set_chart(replace(saved(tmp_path), name=name))
    assert any(shown in text for text in texts(drawn[".svg"]))
    assert b"<script" not in drawn[".svg"]
    assert (pixels(drawn[".png"])[:, -40:] == 255).all(axis=2).mean() > 0.98


def test_text_is_cut_out_of_its_middle_until_it_fits() -> None:
    assert fitting("short.mp4", 200, 12.0) == "short.mp4"
    cut = fitting("a" * 50 + "z" * 50, 200, 12.0)
    assert re.fullmatch(r"a+…z+", cut)
    assert fitting("anything", 0, 12.0) == "…"


def test_what_was_not_measured_is_hatched_and_the_line_broken(tmp_path: Path) -> None:
    def hatched(*verdicts: str) -> int:
        svg = set_chart(saved(tmp_path, make_analysis(verdicts)))[".svg"].decode()  # type: ignore[arg-type]
        return len(re.findall(r'style="fill: url\(#', svg))

    in_legend = hatched("ok")
    assert hatched("ok", "not_measured") == in_legend + 1
    assert hatched("not_measured", "ok", "not_measured") == in_legend + 2


@pytest.mark.parametrize("frames", [0, 1, 5])
def test_nobody_in_the_picture(tmp_path: Path, frames: int) -> None:
    drawn = set_chart(saved(tmp_path, empty_analysis(frames)))
    assert any("No lift found · upper back measured in 0%" in text for text in texts(drawn[".svg"]))
