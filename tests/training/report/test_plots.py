import re
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from training.report.bootstrap import Measured
from training.report.contents import Bin
from training.report.plots import confusion_plot, coverage_plot, dot_plot, label_plot, reliability_plot

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>"$x^{2$'


def _plots(name: str = "a name") -> list[Markup]:
    return [
        confusion_plot([name, "b", "never"], [[3, 1, 0, 0], [0, 2, 0, 1], [0, 0, 0, 0]], f"confusion {name}"),
        reliability_plot([Bin(0.0, 0.1, 9, 0.05, 0.0), Bin(0.9, 1.0, 3, 0.95, 1.0)], 0.05, f"reliability {name}"),
        coverage_plot([(0.1, 1.0), (0.6, 0.96), (0.9, 0.8)], 0.6, precision=0.95, about=f"coverage {name}"),
        dot_plot([("channel", None), (name, Measured(0.5, 0.4, 0.6, 30))], 0.5, f"dots {name}"),
        label_plot([(name, 0.5, None), ("b", None, 1.0)], f"labels {name}"),
    ]


def _texts(svg: str) -> list[str]:
    return [text.text or "" for text in _tree(svg).iter("text")]


def _tree(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


@pytest.mark.parametrize("plot", _plots(HOSTILE), ids=lambda _: "")
def test_a_plot_is_well_formed_whatever_it_names(plot: Markup) -> None:
    assert _tree(plot).get("aria-label", "").endswith(HOSTILE)
    assert "<script" not in plot


@pytest.mark.parametrize("plot", _plots(), ids=lambda _: "")
def test_a_plot_fetches_nothing_and_has_only_the_page_s_colours(plot: Markup) -> None:
    assert not re.search(r"#[0-9a-fA-F]{6}\b", plot)
    assert not re.search(r"(?:href|src)=\"(?!#)|url\((?!#)|<style|<image|@import", plot)
    assert "var(--" in plot
    assert "font-family" not in plot


def test_ids_of_two_plots_never_meet_and_each_reference_has_its_target() -> None:
    seen: set[str] = set()
    for plot in _plots():
        ids = set(re.findall(r' id="([^"]+)"', plot))
        assert not ids & seen
        assert set(re.findall(r'(?:url\(|href=")#([^")]+)', plot)) <= ids
        seen |= ids


def test_confusion_leaves_out_labels_that_nobody_used() -> None:
    texts = _texts(_plots()[0])
    assert {"a name", "b", "no answer", "3", "gold", "given"} <= set(texts)
    assert "never" not in texts
    answered = confusion_plot(["no", "yes"], [[1, 2, 0], [3, 4, 0]], "all answered")
    assert "no answer" not in _texts(answered)


def test_coverage_is_marked_and_told() -> None:
    assert "60% at 95%" in _texts(_plots()[2])
    assert "0% at 95%" in _texts(coverage_plot([(1.0, 0.3)], 0.0, precision=0.95, about="none"))
    assert "0% at 95%" in _texts(coverage_plot([], 0.0, precision=0.95, about="nothing decided"))


def test_a_long_name_is_shortened() -> None:
    texts = _texts(dot_plot([("x" * 99, Measured(0.5, 0.4, 0.6, 30))], 0.5, "long"))
    assert "x" * 23 + "…" in texts


def test_the_same_figures_give_the_same_drawing() -> None:
    assert _plots() == _plots()
