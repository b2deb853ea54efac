"""A progress bar for work whose number of pieces is not known, only how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

__all__ = ["watched"]

T = TypeVar("T")


class _Rate(ProgressColumn):
    """Pieces done, and how many a second."""

    def render(self, task: Task) -> Text:
        """Return for example ``1,024 · 310/s``."""
        count = int(task.fields["count"])
        rate = count / task.elapsed if task.elapsed else 0.0
        return Text(f"{count:,} · {rate:,.0f}/s")


@contextmanager
def watched(items: Iterator[T], fraction: Callable[[], float | None], console: Console) -> Iterator[Iterator[T]]:
    """Show a bar while ``items`` are taken; ``fraction`` tells how far they are, 0 to 1 or ``None``."""
    columns = (SpinnerColumn(), TextColumn("classifying"), BarColumn(), _Rate(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, transient=True) as bar:
        job = bar.add_task("", total=None, count=0)

        def advancing() -> Iterator[T]:
            for count, item in enumerate(items, 1):
                done = fraction()
                bar.update(job, count=count, completed=done or 0.0, total=None if done is None else 1.0)
                yield item

        yield advancing()
