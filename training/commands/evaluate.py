"""``recupera evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from classifier.errors import InputError
from training.commands.tables import print_scores


def evaluate(
    file: Annotated[Path, typer.Argument(help="Labelled messages, JSONL.")],
    *,
    texts: Annotated[Path | None, typer.Option(help="FILE is stand-off labels; their texts are here.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; the shipped model by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a model on labelled messages.

    Example: recupera evaluate training/corpora/validation.jsonl --model runs/mine
    """
    from classifier.inference import ComplaintClassifier
    from training.corpus import read_messages, read_standoff
    from training.pipeline import measure

    classifier = ComplaintClassifier.from_pretrained(model)
    examples = read_messages(file) if texts is None else read_standoff(file, texts)
    if not examples:
        raise InputError(f"{file}: no labelled messages" + (f" whose text is in {texts}" if texts else ""))
    scores = measure(classifier, examples)
    if as_json:
        typer.echo(json.dumps(scores))
    else:
        print_scores(scores, f"{classifier.model.name} {classifier.model.version} on {file.name}")
