"""``recupera evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classifier.errors import InputError
from training.commands.tables import print_scores

if TYPE_CHECKING:
    from training.report import Report


def evaluate(
    file: Annotated[Path, typer.Argument(help="Labelled messages, JSONL.")],
    *,
    texts: Annotated[Path | None, typer.Option(help="FILE is stand-off labels; their texts are here.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; the shipped model by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write an HTML page with plots here, and its figures as JSON beside it.")
    ] = None,
) -> None:
    """Measure a model on labelled messages.

    Example: recupera evaluate training/corpora/validation.jsonl --model runs/mine --report report.html
    """
    from classifier.inference import ComplaintClassifier
    from training.corpus import read_messages, read_standoff
    from training.pipeline import measure
    from training.report import build_report, figures_path, write_report

    figures = None if report is None else figures_path(report)
    classifier = ComplaintClassifier.from_pretrained(model)
    examples = read_messages(file) if texts is None else read_standoff(file, texts)
    if not examples:
        raise InputError(f"{file}: no labelled messages" + (f" whose text is in {texts}" if texts else ""))
    title = f"{classifier.model.name} {classifier.model.version} on {file.name}"
    if report is None:
        scores = measure(classifier, examples)
        if as_json:
            typer.echo(json.dumps(scores))
        else:
            print_scores(scores, title)
        return
    built = build_report(classifier, examples, file.name)
    write_report(built, report)
    if as_json:
        typer.echo(json.dumps(built.scores))
    else:
        _print_intervals(built, title)
    typer.echo(f"wrote {report} and {figures}", err=True)


def _print_intervals(report: Report, title: str) -> None:
    """Print a table of figures, each with the bounds of its interval; a column a language."""
    from rich.console import Console
    from rich.table import Table

    from training.report.bootstrap import LEVEL

    languages = [name for name in report.scores if name != "all"]
    table = Table("figure", title=title)
    for heading in ("all", f"{LEVEL:.0%} interval", *languages):
        table.add_column(heading, justify="right")
    for name, figure in report.figures.items():
        parts = [report.parts.of_language(language).get(name) for language in languages]
        numbers = (f"{part.value:.3f}" if part else "–" for part in parts)
        table.add_row(name, f"{figure.value:.3f}", f"{figure.low:.3f} – {figure.high:.3f}", *numbers)
    Console().print(table)
