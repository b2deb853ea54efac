"""The quality report as tables: for a terminal, and as Markdown for the docs."""

from __future__ import annotations

from rich.table import Table

from benchmarks.leads import Lead
from benchmarks.quality import Report
from training.comparison import Interval


def terminal(report: Report, name: str) -> Table:
    """Return the table of one set: a row a figure, a column a contestant, and how far ours is ahead."""
    comparison = report.comparisons[name]
    contestants = list(next(iter(comparison.scores.values())))
    title = f"{name}, {report.sizes[name]} messages; below each figure its 95 % interval"
    table = Table("figure", *contestants, "ahead of the best peer", title=title, show_lines=True)
    for figure, scores in comparison.scores.items():
        cells = [f"{s.value:.3f}\n{_range(s)}" for s in scores.values()]
        table.add_row(figure, *cells, _lead(comparison.leads.get(figure), "\n"))
    return table


def markdown(report: Report) -> str:
    """Return every table and the legend; a lead whose interval is above zero is in bold."""
    parts = []
    for name, comparison in report.comparisons.items():
        contestants = list(next(iter(comparison.scores.values())))
        lines = [f"**{name}, {report.sizes[name]} messages**", ""]
        lines.append("| figure | " + " | ".join([*contestants, "ahead of the best peer"]) + " |")
        lines.append("| --- |" + " --- |" * (len(contestants) + 1))
        for figure, scores in comparison.scores.items():
            lead = comparison.leads.get(figure)
            text = _lead(lead, " ")
            bold = f"**{text}**" if lead is not None and lead.difference.low > 0 else text
            cells = [f"{s.value:.3f} ({_range(s)})" for s in scores.values()]
            lines.append(f"| {figure} | " + " | ".join([*cells, bold]) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, legend(report)]) + "\n"


def legend(report: Report) -> str:
    """Say what was compared, how, and what was left out."""
    model = f"{report.model.name} {report.model.version}"
    lines = [
        f"- recupera: {model}. Peers: trained on {report.trained} messages, calibrated on {report.held_out} held out.",
        "- Intervals: 95 % over bootstrap samples of the messages; differences over the same samples.",
        "- The best peer of a figure is picked on the messages it is measured on, which favours the peers.",
    ]
    lines += [f"- {name}: {method}; {report.minutes[name]:.1f} min." for name, method in report.methods.items()]
    return "\n".join([*lines, *(f"- Note: {note}." for note in report.notes)])


def _range(interval: Interval) -> str:
    return f"{interval.low:.3f}–{interval.high:.3f}"


def _lead(lead: Lead | None, separator: str) -> str:
    """Write a difference, its interval, and from whom."""
    if lead is None:
        return "–"
    d = lead.difference
    return f"{d.value:+.3f} ({d.low:+.3f} to {d.high:+.3f}){separator}{lead.peer}"
