"""Progress on standard error, and the model's answers to many messages with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from classifier.records import Columns, Record
    from training.messages import Answers, Messages

errors = Console(stderr=True)


@contextmanager
def steps(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar with the time left; the function given back is told of each step's size."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        job = bar.add_task(what, total=total)
        yield lambda done: bar.advance(job, done)


def answered(model: Path | None, texts: Sequence[str]) -> Answers:
    """Load a model (the shipped one by default) and let it read ``texts``."""
    from classifier.inference import ComplaintClassifier
    from training.messages import Answers

    classifier = ComplaintClassifier.from_pretrained(model)
    with steps("classifying", len(texts)) as advance:
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
        errors.print(f"{name}: {bad}", markup=False, highlight=False, soft_wrap=True)
    if len(messages.bad) > 5:
        errors.print(f"{name}: {len(messages.bad) - 5} more records can't be read", markup=False, highlight=False)
