"""``recupera evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from classifier.errors import InputError, OutputError
from training.commands.tables import console, print_rows, print_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifier.inference import ComplaintClassifier
    from training.corpus import Example
    from training.faithfulness import FaithfulnessReport
    from training.report import Report
    from training.robustness import RobustnessReport


def evaluate(
    file: Annotated[Path, typer.Argument(help="Labelled messages, JSONL.")],
    *,
    texts: Annotated[Path | None, typer.Option(help="FILE is stand-off labels; their texts are here.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; the shipped model by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write an HTML page with plots here, and its figures as JSON beside it.")
    ] = None,
    robustness: Annotated[
        bool,
        typer.Option("--robustness", help="Also measure which changes of wording, names or typing change a label."),
    ] = False,
    faithfulness: Annotated[
        bool, typer.Option("--faithfulness", help="Also measure whether the evidence is what the labels rest on.")
    ] = False,
    card: Annotated[
        bool, typer.Option("--card", help="Keep robustness, evidence, coverage and peers in the model and its cards.")
    ] = False,
    peers: Annotated[
        Path | None, typer.Option(help="With --card: the JSON report of the quality benchmark, for the cards.")
    ] = None,
) -> None:
    """Measure a model on labelled messages.

    Example: recupera evaluate training/corpora/validation.jsonl --model runs/mine --report report.html

    Example: recupera evaluate training/corpora/validation.jsonl --robustness --faithfulness

    Example: recupera evaluate training/corpora/validation.jsonl --model runs/mine --robustness --faithfulness --card
    """
    from classifier.inference import ComplaintClassifier
    from training.card import read_peers
    from training.corpus import read_labelled
    from training.evaluation import classified, covered, score_by_language
    from training.report import build_report, figures_path, write_report

    if peers is not None and not card:
        raise InputError("--peers is for the cards: give --card too")
    tables = [] if peers is None else read_peers(peers)
    inputs = [path for path in (file, texts, peers) if path is not None]
    figures = None if report is None else figures_path(report, inputs)
    classifier = ComplaintClassifier.from_pretrained(model)
    examples = read_labelled(file, texts)
    title = f"{classifier.model.name} {classifier.model.version} on {file.name}"
    further = _further(classifier, examples, robustness=robustness, faithfulness=faithfulness)
    found = classified(classifier, examples)
    scores = score_by_language(examples, found)
    if report is not None:
        built = build_report(classifier, examples, found, file.name, further)
        write_report(built, report)
        typer.echo(f"wrote {report} and {figures}", err=True)
        if not as_json:
            _print_intervals(built, title)
    elif not as_json:
        print_scores(scores, title)
    if card:
        kept = {name: part.to_dict() | {"file": file.name} for name, part in further.items()}
        coverage = {file.name: {"messages": len(examples), "tasks": covered(examples, found)}}
        _keep(classifier, kept | {"coverage": coverage} | ({"peers": tables} if tables else {}))
    if as_json:
        typer.echo(json.dumps(scores | {name: part.to_dict() for name, part in further.items()}))
        return
    for part in further.values():
        for name, rows in part.tables().items():
            print_rows(rows, f"{name}: {title}")


def _further(
    classifier: ComplaintClassifier, examples: Sequence[Example], *, robustness: bool, faithfulness: bool
) -> dict[str, RobustnessReport | FaithfulnessReport]:
    """Run the suites that are asked for."""
    found: dict[str, RobustnessReport | FaithfulnessReport] = {}
    if robustness:
        from training.robustness import measure as measure_robustness

        found["robustness"] = measure_robustness(classifier, examples)
    if faithfulness:
        from training.faithfulness import measure as measure_faithfulness

        found["faithfulness"] = measure_faithfulness(classifier, examples)
    return found


def _keep(classifier: ComplaintClassifier, measured: dict[str, Any]) -> None:
    """Put what was measured into the model's directory."""
    from training.release import keep_measured

    path = classifier.artifact.path
    try:
        keep_measured(classifier.artifact, measured)
    except OSError as error:
        raise OutputError(f"{path} can't be written: {error.strerror}") from None
    typer.echo(f"kept in the metrics and cards of {path}", err=True)


def _print_intervals(report: Report, title: str) -> None:
    """Print a table of figures, each with the bounds of its interval; a column a language."""
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
    console().print(table)
