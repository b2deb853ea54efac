"""A report as one HTML page: no script, nothing fetched, light or dark as the reader's system is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from classifier.taxonomy import LANGUAGES, Task, TaskKind
from training.report.bootstrap import LEVEL, SAMPLES, Measured
from training.report.contents import Report, TaskReport
from training.report.figures import PRECISION, label_ids, main_figure
from training.report.findings import KEY_FIGURES, KEY_TASKS, findings, language_name
from training.report.mistakes import Excerpt, Mistake
from training.report.plots import confusion_plot, coverage_plot, dot_plot, label_plot, reliability_plot
from training.report.slices import SMALLEST

Rows = list[tuple[str, Measured | None]]


@dataclass(frozen=True, slots=True)
class TaskSection:
    """What the page shows of one task."""

    report: TaskReport
    figures: Mapping[str, Measured]
    plots: tuple[Markup, ...]
    mistakes: tuple[tuple[Mistake, Excerpt], ...]


def render(report: Report) -> str:
    """Return the page."""
    environment = Environment(
        loader=PackageLoader("training.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"label": label_name, "language": language_name, "points": points}
    page = environment.get_template("report.html").render(
        report=report,
        title=f"{report.model.name} {report.model.version} on {report.file}",
        findings=findings(report),
        sections=[_section(report, item) for item in report.tasks],
        slice_plots=[slice_plot(report, name) for name in KEY_FIGURES if name in report.figures],
        slices=[(name, list(parts)) for name, parts in groupby(report.parts.shown, key=lambda part: part.dimension)],
        languages={name: report.parts.of_language(name) for name in LANGUAGES},
        key_tasks=[item.task for item in report.tasks if item.task in KEY_TASKS],
        main_figure=main_figure,
        constants={"samples": SAMPLES, "level": LEVEL, "precision": PRECISION, "smallest": SMALLEST},
    )
    return page.lstrip()


def label_name(label: str, task: Task) -> str:
    """Return the English name of a label; *yes* and *no* stay."""
    return label if task.kind is TaskKind.FLAG else task.label(label).name.en


def points(value: float) -> str:
    """Write a difference in hundredths, with its sign unless it rounds to nothing."""
    rounded = round(100 * value, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"


def slice_plot(report: Report, name: str) -> tuple[str, Markup]:
    """Return a figure's name, and its plot over all the slices that have it."""
    rows: Rows = []
    parts = [part for part in report.parts.shown if name in part.figures]
    for dimension, members in groupby(parts, key=lambda part: part.dimension):
        rows.append((dimension, None))
        rows += [(f"{part.name} ({part.figures[name].messages})", part.figures[name]) for part in members]
    return name, dot_plot(rows, report.figures[name].value, f"{name} by slice")


def _section(report: Report, item: TaskReport) -> TaskSection:
    """Draw one task's plots and gather its figures."""
    prefix = f"{item.task.id} "
    figures = {name.removeprefix(prefix): f for name, f in report.figures.items() if name.startswith(prefix)}
    mistakes = tuple(pair for pair in report.mistakes if pair[0].task is item.task)
    return TaskSection(item, figures, _plots(item, figures), mistakes)


def _plots(item: TaskReport, figures: Mapping[str, Measured]) -> tuple[Markup, ...]:
    """Draw the confusion matrix, or each label's precision and recall; reliability; precision over coverage."""
    task, name = item.task, item.task.name.en
    if item.confusion:
        names = [label_name(label, task) for label in label_ids(task)]
        first = confusion_plot(names, item.confusion, f"Confusion matrix of {name}")
    else:
        rows = [(label_name(row.label, task), row.precision, row.recall) for row in item.labels]
        first = label_plot(rows, f"Precision and recall of each label of {name}")
    return (
        first,
        reliability_plot(item.reliability, figures["ece"].value, f"Reliability diagram of {name}"),
        coverage_plot(item.curve, item.coverage, precision=PRECISION, about=f"Precision over coverage of {name}"),
    )
