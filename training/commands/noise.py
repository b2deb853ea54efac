"""``recupera noise``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from classifier.progress import counted
from training.commands.messages import answered
from training.commands.tables import console

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classifier.calibration import Floats
    from training.corpus import Example
    from training.label_noise import TaskNoise


def noise(
    file: Annotated[Path, typer.Argument(metavar="LABELLED", help="Labelled messages, JSONL.")],
    *,
    texts: Annotated[Path | None, typer.Option(help="LABELLED is stand-off labels; their texts are here.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Review file (.csv) with the suspects.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Suspects to show a task.")] = 5,
    model: Annotated[
        Path | None, typer.Option(help="Judge by this model; it must not have been trained on these messages.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Parts for the quick models, without --model.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find labels that look wrong, and estimate how many are.

    By confident learning over quick models (or --model) that did not see the message. Look at the suspects, then put
    the corrections back.

    Example: recupera noise labelled.jsonl --output suspects.csv

    Example: recupera select --import suspects.csv --corpus labelled.jsonl --output corrected.jsonl
    """
    from training.corpus import read_labelled
    from training.label_noise import find_noise, review_rows
    from training.review_file import check_new, write_review

    if output is not None:
        check_new(output)
    examples = read_labelled(file, texts)
    found = find_noise(examples, _probabilities(examples, model, folds))
    if output is not None:
        write_review(output, review_rows(examples, found))
    if as_json:
        typer.echo(json.dumps(_report(examples, found), ensure_ascii=False))
    else:
        _show(examples, found, top)
        if output is not None:
            typer.echo(f"Written: {output}. Correct what is wrong, write yes in the column 'reviewed', then:")
            typer.echo(f"recupera select --import {output} --corpus {file} --output corrected.jsonl")


def _probabilities(examples: Sequence[Example], model: Path | None, folds: int) -> Mapping[str, Floats]:
    """Ask a model, or quick ones fold by fold."""
    if model is not None:
        return answered(model, [e.text for e in examples]).probabilities
    from training.label_noise import out_of_fold

    with counted("training quick models", folds) as advance:
        return out_of_fold(examples, folds=folds, advance=lambda: advance(1))


def _report(examples: Sequence[Example], found: Sequence[TaskNoise]) -> dict[str, Any]:
    """Return the findings as JSON; ``example`` counts the messages from 0."""
    tasks = []
    for item in found:
        suspects = [
            {"id": examples[s.example].id, "source": examples[s.example].source, **asdict(s)} for s in item.suspects
        ]
        figures = {"share": round(item.share, 4), "agreement": round(item.agreement, 4)}
        about = {
            "task": item.task,
            "labelled": item.labelled,
            "skipped": item.skipped or None,
            "can_tell": item.can_tell,
        }
        tasks.append({**about, **({} if item.skipped else figures), "suspects": suspects})
    return {"messages": len(examples), "tasks": tasks}


def _show(examples: Sequence[Example], found: Sequence[TaskNoise], top: int) -> None:
    """Print a line a task, and its first suspects."""
    from training.label_noise import in_words

    page = console()
    table = Table("task", title=f"Labels that look wrong in {len(examples):,} messages", title_justify="left")
    for name in ("labelled", "model agrees", "wrong (estimate)", "suspects"):
        table.add_column(name, justify="right", no_wrap=True)
    for item in found:
        share = f"{item.share:.1%}" if item.can_tell else "can't tell"
        figures = (f"{item.agreement:.0%}", share, f"{len(item.suspects):,}")
        figures = ("–", "–", item.skipped) if item.skipped else figures
        table.add_row(item.task, f"{item.labelled:,}", *figures)
    page.print(table)
    shown = Table("task", "message", "given", "suggested", "confidence", title="Most suspicious", title_justify="left")
    for item in found:
        for s in item.suspects[:top]:
            cells = (item.task, examples[s.example].id, in_words(s.given), in_words(s.suggested))
            shown.add_row(*map(Text, cells), f"{s.confidence:.2f}")
    if shown.row_count:
        page.print(shown)
