"""How far work is: ``counted`` where the number of pieces is known, ``shown`` where only the share that is done is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

__all__ = ["Pace", "Show", "counted", "say", "shown"]

_MINUTE = 60.0


def say(console: Console, line: str) -> None:
    """Print one line as it stands, above a bar if there is one."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


class Show(Protocol):
    """Is told how far the work is."""

    def __call__(self, count: int, fraction: float | None) -> None:
        """Take the pieces done, and the share of all, 0 to 1, ``None`` where it is not known."""


@dataclass(slots=True)
class Pace:
    """How fast work goes since it was begun, or gone on with."""

    started: float
    first_count: int = 0
    first_fraction: float | None = None
    count: int = 0
    fraction: float | None = None

    def take(self, count: int, fraction: float | None) -> None:
        """Take how far the work is; the share at the first call is the one that it began at."""
        if self.first_fraction is None:
            self.first_fraction = 0.0 if self.first_count == 0 else fraction
        self.count, self.fraction = count, fraction

    def text(self, now: float) -> str:
        """Return for example ``1,024 records · 310/s · 4 min left``."""
        seconds = max(now - self.started, 1e-9)
        parts = [f"{self.count:,} records", f"{(self.count - self.first_count) / seconds:,.0f}/s"]
        done = (self.fraction or 0.0) - (self.first_fraction or 0.0)
        if self.fraction is not None and done > 0:
            parts.append(f"{_duration((1 - self.fraction) * seconds / done)} left")
        return " · ".join(parts)


def _duration(seconds: float) -> str:
    """Return seconds as people say them."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}" if size > 60 else f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


class _PaceColumn(ProgressColumn):
    """Pieces done, how many a second, and the time left."""

    def render(self, task: Task) -> Text:
        return Text(task.fields["pace"].text(time.monotonic()))


@contextmanager
def counted(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show on standard error, if it is a terminal, how many of ``total`` pieces are done, and the time left.

    The function given back is told how many more are done.
    """
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        job = bar.add_task(what, total=total)
        yield lambda more: bar.advance(job, more)


@contextmanager
def shown(console: Console, done: int = 0, clock: Callable[[], float] = time.monotonic) -> Iterator[Show]:
    """Show how far work is, of which ``done`` pieces were done before.

    On a terminal as a bar; elsewhere, a log for instance, as a line a minute.
    """
    pace = Pace(clock(), done)
    if not console.is_terminal:
        yield _by_the_minute(pace, console, clock)
        return
    columns = (SpinnerColumn(), TextColumn("classifying"), BarColumn(), _PaceColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        job = bar.add_task("", total=None, pace=pace)

        def show(count: int, fraction: float | None) -> None:
            pace.take(count, fraction)
            bar.update(job, completed=fraction or 0.0, total=None if fraction is None else 1.0)

        yield show


def _by_the_minute(pace: Pace, console: Console, clock: Callable[[], float]) -> Show:
    told = pace.started

    def show(count: int, fraction: float | None) -> None:
        nonlocal told
        pace.take(count, fraction)
        if clock() - told >= _MINUTE:
            told = clock()
            say(console, pace.text(told))

    return show
