"""Messages of a file as commands need them: read, telling which can't be, and answered by a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from classifier.progress import counted

if TYPE_CHECKING:
    from classifier.records import Columns, Record
    from training.messages import Answers, Messages


def answered(model: Path | None, texts: Sequence[str]) -> Answers:
    """Load a model (the shipped one by default) and let it read ``texts``."""
    from classifier.inference import ComplaintClassifier
    from training.messages import Answers

    classifier = ComplaintClassifier.from_pretrained(model)
    with counted("classifying", len(texts)) as advance:
        return Answers.of(classifier, texts, advance=advance)


def readable(path: Path, columns: Columns) -> Sequence[Record]:
    """Read the messages of a file, and tell which can't be."""
    from training.messages import read_records

    read = read_records(path, columns)
    tell_bad(read, str(path))
    return read.good


def tell_bad(messages: Messages, name: str) -> None:
    """Tell which records of a file were left out, the first ones with their reason."""
    for bad in messages.bad[:5]:
        typer.echo(f"{name}: {bad}", err=True)
    if len(messages.bad) > 5:
        typer.echo(f"{name}: {len(messages.bad) - 5} more records can't be read", err=True)
