"""The plots of a report: SVG to stand inside a page, coloured by the page's own CSS variables.

Text stays text, there is no script, and nothing is fetched. Colours are drawn as stand-ins that become ``var(--…)``,
so that one drawing serves light and dark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Final

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from training.report.bootstrap import Measured
from training.report.contents import Bin

Draw = Callable[[Axes], None]

_COLOURS: Final = {"ink": "#010203", "muted": "#040506", "line": "#070809", "accent": "#0a0b0c", "second": "#0d0e0f"}
_STYLE: Final = {
    "svg.fonttype": "none",
    "svg.hashsalt": "recupera",
    "text.parse_math": False,
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _COLOURS["line"],
    "axes.labelcolor": _COLOURS["muted"],
    "text.color": _COLOURS["ink"],
    "xtick.color": _COLOURS["line"],
    "ytick.color": _COLOURS["line"],
    "xtick.labelcolor": _COLOURS["muted"],
    "ytick.labelcolor": _COLOURS["muted"],
    "grid.color": _COLOURS["line"],
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
}
_WIDTH: Final = 3.7
_HEIGHT: Final = 3.2
_STRONGEST: Final = 0.7
_LONGEST_NAME: Final = 24


def confusion_plot(labels: Sequence[str], counts: Sequence[Sequence[int]], about: str) -> Markup:
    """Draw gold by given; a cell is as strong as its share of its row. The last column is *nothing decided*."""
    table = np.array(counts)
    used = [i for i in range(len(labels)) if table[i].any() or table[:, i].any()]
    given = [*used, len(labels)] if table[:, -1].any() else used
    names = [*labels, "no answer"]

    def draw(axes: Axes) -> None:
        for y, row in enumerate(used):
            for x, column in enumerate(given):
                _cell(axes, x, y, int(table[row, column]), int(table[row].sum()))
        axes.set(xlim=(-0.5, len(given) - 0.5), ylim=(len(used) - 0.5, -0.5), xlabel="given", ylabel="gold")
        long = len(given) > 2
        turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if long else {}
        axes.set_xticks(range(len(given)), [names[i] for i in given], **turned)  # type: ignore[arg-type]
        axes.set_yticks(range(len(used)), [names[i] for i in used])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    return _svg(draw, about)


def label_plot(rows: Sequence[tuple[str, float | None, float | None]], about: str) -> Markup:
    """Draw precision and recall of each label, top down; what there is none of is left out."""

    def draw(axes: Axes) -> None:
        for offset, name, colour, values in (
            (-0.12, "precision", "accent", [precision for _, precision, _ in rows]),
            (0.12, "recall", "second", [recall for _, _, recall in rows]),
        ):
            there = [(value, y + offset) for y, value in enumerate(values) if value is not None]
            x, y = np.array(there, dtype=np.float64).reshape(-1, 2).T
            axes.scatter(x, y, s=42, color=_COLOURS[colour], linewidths=0, label=name)
            axes.hlines(y, 0, x, color=_COLOURS[colour], linewidth=1, alpha=0.5)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, handletextpad=0.2)
        axes.set(xlim=(0, 1.02), ylim=(len(rows) - 0.5, -0.5))
        axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")

    return _svg(draw, about)


def reliability_plot(bins: Sequence[Bin], error: float, about: str) -> Markup:
    """Draw what came true against what was promised; a point is as large as its bin."""

    def draw(axes: Axes) -> None:
        most = max((b.count for b in bins), default=1)
        mean, true = [b.mean for b in bins], [b.true for b in bins]
        axes.plot([0, 1], [0, 1], color=_COLOURS["muted"], linewidth=1, linestyle=(0, (4, 3)))
        axes.plot(mean, true, color=_COLOURS["accent"], linewidth=1, alpha=0.4)
        sizes = [10 + 90 * b.count / most for b in bins]
        axes.scatter(mean, true, s=sizes, color=_COLOURS["accent"], linewidths=0, clip_on=False, zorder=3)
        axes.text(0.03, 0.94, f"ECE {error:.3f}", color=_COLOURS["ink"])
        axes.set(xlabel="probability", ylabel="share that came true")
        _percent(axes)

    return _svg(draw, about)


def coverage_plot(curve: Sequence[tuple[float, float]], coverage: float, *, precision: float, about: str) -> Markup:
    """Draw precision over coverage, and mark the coverage at ``precision``."""

    def draw(axes: Axes) -> None:
        axes.axhline(precision, color=_COLOURS["muted"], linewidth=1, linestyle=(0, (4, 3)))
        axes.plot([c for c, _ in curve], [p for _, p in curve], color=_COLOURS["accent"], linewidth=1.6)
        if coverage > 0:
            height = next(p for c, p in reversed(curve) if c <= coverage + 1e-9)
            axes.plot([coverage, coverage], [0, height], color=_COLOURS["second"], linewidth=1)
            axes.plot([coverage], [height], marker="o", markersize=6, color=_COLOURS["second"])
        left = coverage < 0.5
        axes.text(
            coverage + (0.02 if left else -0.02),
            0.04,
            f"{coverage:.0%} at {precision:.0%}",
            color=_COLOURS["ink"],
            ha="left" if left else "right",
        )
        axes.set(xlabel="share of messages decided", ylabel="precision")
        _percent(axes)

    return _svg(draw, about)


def dot_plot(rows: Sequence[tuple[str, Measured | None]], whole: float, about: str) -> Markup:
    """Draw a figure with its interval for each row, top down, and a line at the figure of all messages.

    A row without a figure is a heading.
    """

    def draw(axes: Axes) -> None:
        axes.axvline(whole, color=_COLOURS["second"], linewidth=1, linestyle=(0, (4, 3)))
        for y, (_, figure) in enumerate(rows):
            if figure is not None:
                axes.plot([figure.low, figure.high], [y, y], color=_COLOURS["accent"], linewidth=1.8, alpha=0.55)
                axes.plot([figure.value], [y], marker="o", markersize=5, color=_COLOURS["accent"])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_yticks(range(len(rows)), [_short(name) for name, _ in rows])
        for label, (_, figure) in zip(axes.get_yticklabels(), rows, strict=True):
            if figure is None:
                label.set(color=_COLOURS["ink"], fontweight="bold")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)

    return _svg(draw, about, height=0.7 + 0.22 * len(rows))


def _cell(axes: Axes, x: int, y: int, count: int, total: int) -> None:
    """Draw one cell of a confusion matrix."""
    share = count / total if total else 0.0
    axes.add_patch(
        Rectangle(
            (x - 0.48, y - 0.48), 0.96, 0.96, color=_COLOURS["accent"], alpha=0.04 + _STRONGEST * share, linewidth=0
        )
    )
    colour = _COLOURS["ink"] if count else _COLOURS["muted"]
    axes.text(x, y, str(count), ha="center", va="center", color=colour)


def _percent(axes: Axes) -> None:
    """Let both axes go from nothing to all."""
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    ticks = np.linspace(0, 1, 6)
    axes.set_xticks(ticks, [f"{t:.0%}" for t in ticks])
    axes.set_yticks(ticks, [f"{t:.0%}" for t in ticks])
    axes.grid()


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _svg(draw: Draw, about: str, *, height: float = _HEIGHT) -> Markup:
    """Return a drawing as an ``svg`` element that ``about`` describes to those who can't see it."""
    with _style():
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.add_subplot())
        buffer = StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return _embedded(buffer.getvalue(), about)


@contextmanager
def _style() -> Iterator[None]:
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        yield


def _embedded(svg: str, about: str) -> Markup:
    """Make matplotlib's file an element of a page: no headers, no fonts, no fixed colours, ids of its own."""
    svg = svg[svg.index("<svg") :]
    box = re.search(r'viewBox="[^"]*"', svg)
    body = svg[svg.index(">") + 1 :]
    for pattern in (r"<metadata>.*?</metadata>", r"<style.*?</style>", r"<!--.*?-->", r"font-family: [^;\"]*; "):
        body = re.sub(pattern, "", body, flags=re.DOTALL)
    for name, colour in _COLOURS.items():
        body = body.replace(colour, f"var(--{name})")
    mark = re.sub(r"\W+", "-", about)
    used = set(re.findall(r'(?:url\(|href=")#([\w.-]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{mark}-{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'(url\(|href=")#', rf"\1#{mark}-", body)
    opening = Markup('<svg xmlns:xlink="http://www.w3.org/1999/xlink" {} role="img" aria-label="{}">')
    # matplotlib has escaped every text that it drew.
    return opening.format(Markup(box[0] if box else ""), about) + Markup(body)  # noqa: S704
