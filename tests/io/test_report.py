"""The report: one page that refers to nothing else, says what was found, and never shows the unmeasured as fine."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from spineline.core.analysis import Analysis
from spineline.core.history import Still
from spineline.core.settings import Settings
from spineline.core.terms import Verdict
from spineline.errors import InputError
from spineline.io.charts import timeline_svg
from spineline.io.drawing import COLOURS
from spineline.io.report import render_report, write_report
from spineline.io.verdicts import VERDICTS
from tests.io.make_analysis import empty_analysis, make_analysis

HOSTILE = "</title><script>alert('x')</script><img src=http://x/y onerror=z>\"&{{7*7}}\u202egnp.mp4\n\ud800"
JPEG = b"\xff\xd8\xff\xe0 not a whole picture, but it begins like one"
STILL = Still(rep=1, time_s=2.25, jpeg=JPEG)
_VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """What a browser would make of the page: elements in order, and the text in each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    # The parser calls these four.
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: D102
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: D102
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:  # noqa: D102
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:  # noqa: D102
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def text(self, tag: str, number: int = 0) -> str:
        """Return the text of the nth element of a kind, spaces made one."""
        return " ".join(self.texts[tag][number].split())

    def attributes(self, name: str) -> list[str]:
        """Return every value of an attribute."""
        return [attrs[name] for _, attrs in self.elements if name in attrs]

    def refers_to_nothing_outside(self) -> list[str]:
        """Check that, and that it runs nothing; return what it refers to within itself."""
        identities = self.attributes("id")
        assert len(identities) == len(set(identities))
        targets = self.attributes("href") + [f"#{name}" for name in re.findall(r"url\(#([^)]+)\)", self.source)]
        assert {target.removeprefix("#") for target in targets} <= set(identities)
        assert "://" not in self.source
        assert self.source.count("url(") == self.source.count("url(#")
        assert not {"script", "link", "iframe", "object", "base", "form"} & {tag for tag, _ in self.elements}
        assert not [name for _, attrs in self.elements for name in attrs if name.startswith("on")]
        policy = next(attrs["content"] for _, attrs in self.elements if "Content-Security-Policy" in attrs.values())
        assert policy.startswith("default-src 'none'")
        return targets


def page_of(analysis: Analysis, title: str = "set 1.mp4", stills: dict[int, Still] | None = None) -> Page:
    return Page(render_report(analysis, title=title, stills=stills))


@pytest.fixture(scope="module")
def page() -> Page:
    return page_of(make_analysis(), stills={1: STILL})


def test_refers_to_nothing_outside_the_page(page: Page) -> None:
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.attributes("src"))
    assert page.attributes("src")
    page.refers_to_nothing_outside()


def test_is_a_page_for_phones_and_readers(page: Page) -> None:
    assert next(attrs for tag, attrs in page.elements if tag == "html") == {"lang": "en"}
    assert any(attrs.get("name") == "viewport" for _, attrs in page.elements)
    assert [tag for tag, _ in page.elements].count("h1") == 1
    assert all(attrs.get("alt") for tag, attrs in page.elements if tag == "img")
    assert any(tag == "figure" and "14° more rounded" in attrs.get("aria-label", "") for tag, attrs in page.elements)


def test_text_from_outside_is_shown_and_never_interpreted() -> None:
    analysis = make_analysis()
    track = replace(analysis.track, source={HOSTILE: HOSTILE})
    page = page_of(replace(analysis, track=track, notes=(HOSTILE,)), HOSTILE)
    shown = HOSTILE.replace("\u202e", "\ufffd").replace("\n", "\ufffd").replace("\ud800", "\ufffd")
    assert page.text("h1") == shown
    assert page.text("title") == f"{shown} · spineline report"
    assert "script" not in page.texts
    assert not [attrs for tag, attrs in page.elements if tag == "img"]
    page.source.encode("utf-8")


def test_what_was_not_measured_is_never_shown_as_fine() -> None:
    page = page_of(make_analysis(("ok", "not_measured")))
    row = page.text("tbody", 1)
    assert row.startswith("Rep 2 ? Not measured ")
    assert row.count("not measured") == 5, "most rounded, at the start, gained, the knee and the index"
    assert "edge of the back hidden" in row
    assert VERDICTS["ok"].word not in row
    assert "Not measured: rep 2. Nothing is known about it." in page.text("section", 0)


def test_a_set_without_any_measured_rep_says_so() -> None:
    summary = page_of(make_analysis(("not_measured", "not_measured"))).text("section", 0)
    assert "2 reps, and the upper back could not be measured in any." in summary
    assert VERDICTS["ok"].word not in summary


@pytest.mark.parametrize("verdict", ["ok", "info", "caution", "flag", "not_measured"])
def test_each_verdict_has_a_word_a_symbol_and_a_colour(verdict: Verdict) -> None:
    page = page_of(make_analysis((verdict,)))
    look = VERDICTS[verdict]
    assert f"{look.symbol} {look.word}" in page.text("tbody")
    assert any(attrs.get("class") == f"badge {verdict}" for _, attrs in page.elements)
    assert f">1 {look.symbol}</text>" in page.source, "and above the rep in the chart"


def test_numbers_in_the_table_are_those_of_the_analysis() -> None:
    analysis = make_analysis(("flag",))
    page = page_of(analysis)
    row, rep = page.text("tbody"), analysis.reps[0]
    assert f"{rep.rep.start_s:.1f}\N{EN DASH}{rep.rep.end_s:.1f} s +14.0° ± 3.0° +0.0°" in row
    assert "55°" in row
    assert "100%" in row
    assert rep.flags[0].message in row
    negative = replace(rep, thoracic_change_peak_deg=-3.26)
    assert "\N{MINUS SIGN}3.3°" in page_of(replace(analysis, reps=(negative,))).text("tbody")


def test_summary_names_the_worst_reps_first() -> None:
    summary = page_of(make_analysis(("caution", "flag", "ok", "flag"))).text("section", 0)
    assert "■ Flag in 2 of 4 reps: reps 2 and 4." in summary
    assert "Rep 2: upper back 14 deg more rounded" in summary
    assert "Your own calm standing" in summary


def test_levels_below_the_noise_are_not_drawn() -> None:
    quiet, noisy = make_analysis(("ok",)), replace(make_analysis(("ok",)), mdc95_deg=16.0)
    assert re.findall(r">(\w+ \d+°)</text>", timeline_svg(quiet, width_px=900, name="a")) == [
        "info 5°",
        "caution 8°",
        "flag 12°",
    ]
    assert re.findall(r">(\w+ \d+°)</text>", timeline_svg(noisy, width_px=900, name="a")) == ["flag 16°"]


def test_chart_hatches_exactly_what_was_not_measured() -> None:
    assert "<pattern" not in timeline_svg(make_analysis(("ok",)), width_px=900, name="a")
    svg = timeline_svg(make_analysis(("ok", "not_measured")), width_px=900, name="a")
    assert len(re.findall(r'style="fill: url\(#', svg)) == 1


def test_chart_of_a_long_recording_stays_small() -> None:
    times_s = np.linspace(0.0, 6.6, 20_000)
    page = render_report(make_analysis(times_s=times_s), title="x")
    assert len(page) < 500_000


def test_every_colour_of_the_chart_is_one_of_the_page() -> None:
    style = files("spineline.io").joinpath("templates", "page.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    for scheme in (light, dark):
        assert {f"--{name}" for name in re.findall(r"--([\w-]+):", scheme)} >= set(COLOURS)
    svg = timeline_svg(make_analysis(), width_px=400, name="a")
    assert set(re.findall(r"var\((--[\w-]+)\)", svg)) <= set(COLOURS)
    assert not re.findall(r"#[0-9a-f]{6}\b", svg)


def test_letters_stand_out_from_what_is_behind_them() -> None:
    style = files("spineline.io").joinpath("templates", "page.css").read_text(encoding="utf-8")
    for scheme in re.findall(r":root \{(.*?)\}", style, re.DOTALL):
        colours = dict(re.findall(r"--([\w-]+): (#\w{6})", scheme))
        pairs = [(name, back) for name in ("ink", "muted", "link") for back in ("page", "card")]
        pairs += [(name, "page") for name in ("ok", "info", "caution", "flag", "not-measured")]
        pairs += [("on-badge", name) for name in ("ok", "info", "flag")] + [("on-caution", "caution-badge")]
        too_weak = {pair: _contrast(*(colours[name] for name in pair)) for pair in pairs}
        assert {pair: ratio for pair, ratio in too_weak.items() if ratio < 4.5} == {}


def _contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_same_bytes_whatever_the_users_matplotlib_is_set_to(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nsvg.fonttype: path\nlines.linewidth: 9\nbackend: tkagg\n")
    code = (
        "import sys; from tests.io.make_analysis import make_analysis; from spineline.io.report import write_report\n"
        "write_report(make_analysis(), sys.argv[1], title='set')\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    made = tmp_path / "report.html"
    environment = os.environ | {
        "MATPLOTLIBRC": str(tmp_path),
        "PYTHONHASHSEED": "7",
        "TZ": "Pacific/Auckland",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    subprocess.run([sys.executable, "-c", code, str(made)], check=True, env=environment)
    assert made.read_text(encoding="utf-8") == render_report(make_analysis(), title="set")


def test_leaves_the_users_matplotlib_as_it_was() -> None:
    with matplotlib.rc_context({"font.size": 17.0}):
        before = dict(matplotlib.rcParams)
        timeline_svg(make_analysis(), width_px=400, name="a")
        assert dict(matplotlib.rcParams) == before


def test_claims_nothing_about_health(page: Page) -> None:
    assert not re.findall(r"\b(safe\w*|injur\w*|diagnos\w*|danger\w*|risk\w*|pathol\w*)", page.source, re.IGNORECASE)


@pytest.mark.parametrize("frames", [0, 1, 5])
def test_nobody_in_the_picture(frames: int) -> None:
    page = page_of(empty_analysis(frames))
    assert "No lift was found in this recording." in page.text("section", 0)
    assert "No repetition was found." in page.text("section", 2)
    assert "nobody could be followed" in page.text("section", 3)


def test_camera_too_far_round_is_said_with_what_to_do() -> None:
    analysis = make_analysis(("not_measured",))
    page = page_of(replace(analysis, view=replace(analysis.view, side="left", yaw_deg=-58.0, facing="left")))
    assert "your left side" in page.text("section", 4)
    assert "58° off that, more from behind" in page.text("section", 4)
    assert "Put the camera" in page.text("section", 4)


def test_settings_show_what_was_changed() -> None:
    settings = Settings.from_mapping({"rules": {"held_s": 0.4}})
    page = page_of(replace(make_analysis(), settings=settings))
    assert "0.4 s (changed; default 0.2 s)" in page.text("details")
    assert page.source.count("(changed;") == 1
    assert "info 5, caution 8, flag 12 deg" in page.text("details")
    assert "simulated.mp4" in page.text("details")


def test_stills_are_carried_within(page: Page) -> None:
    (source,) = page.attributes("src")
    assert base64.b64decode(source.removeprefix("data:image/jpeg;base64,")) == JPEG
    assert page.text("figcaption") == "At 2.2 s"
    assert page.text("tbody", 0).startswith("Rep 1")
    assert "At 2.2 s" in page.text("tbody", 0)


@pytest.mark.parametrize(
    ("stills", "words"), [({9: STILL}, "found 9"), ({1: replace(STILL, jpeg=b"\x89PNG")}, "expected a JPEG")]
)
def test_stills_that_do_not_fit_are_refused(stills: dict[int, Still], words: str) -> None:
    with pytest.raises(InputError, match=words):
        render_report(make_analysis(), title="x", stills=stills)


def test_only_its_own_script_may_run_and_only_beside_a_video() -> None:
    page = Page(render_report(make_analysis(), title="x", stills={1: STILL}, video="overlay.mp4"))
    assert page.attributes("src").count("overlay.mp4") == 1
    assert [tag for tag, _ in page.elements].count("script") == 1
    policy = next(attrs["content"] for _, attrs in page.elements if "Content-Security-Policy" in attrs.values())
    script = page.source.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert page.attributes("data-time") == ["2.25"]


def test_written_to_a_path_or_a_stream(tmp_path: Path) -> None:
    out = io.StringIO()
    write_report(make_analysis(), out, title="x")
    write_report(make_analysis(), tmp_path / "r.html", title="x")
    assert (tmp_path / "r.html").read_bytes() == out.getvalue().encode()
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_report(make_analysis(), tmp_path / "no" / "r.html", title="x")
    assert list(tmp_path.iterdir()) == []
