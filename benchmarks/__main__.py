"""Run the benchmarks: ``make bench``, or ``python -m benchmarks --only speed``."""

from __future__ import annotations

import argparse
import logging
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.peers import NAMES
from benchmarks.texts import ROOT

_SECTIONS = ("footprint", "speed", "precision", "quality", "load", "webhooks", "analytics")
_console = Console(width=None if os.isatty(1) else 120)


def main() -> None:
    """Run the chosen sections, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=_SECTIONS, action="append", help="a section to run; all by default")
    parser.add_argument(
        "--data",
        type=Path,
        default=ROOT.parent / "shared" / "data",
        help="quality: folder with train.jsonl, dev.jsonl and unlabelled.jsonl.gz",
    )
    parser.add_argument(
        "--peers", nargs="+", choices=NAMES, default=NAMES, help="quality: peers to train; all by default"
    )
    parser.add_argument("--subset", type=_positive, metavar="N", help="quality: a trial on N messages of each kind")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="quality: write the tables there too")
    parser.add_argument("--rate", type=_positive, default=100, help="load: messages a second; 100 by default")
    parser.add_argument("--seconds", type=_positive, default=120, help="load: how long; 120 by default")
    parser.add_argument(
        "--messages", type=_positive, default=1_000_000, help="analytics: messages stored; 1000000 by default"
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    _console.print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    for section in options.only or _SECTIONS:
        globals()[f"_{section}"](options)


def _positive(text: str) -> int:
    """Read a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return int(text)


def _footprint(_options: argparse.Namespace) -> None:
    """Memory and start-up."""
    from benchmarks import footprint

    table = Table("figure", "value", title="Footprint")
    for name, value in footprint.measure().items():
        table.add_row(name, f"{value:.2f}")
    _console.print(table)


def _speed(_options: argparse.Namespace) -> None:
    """Texts a second and latency."""
    from benchmarks import speed

    rows = speed.measure()
    table = Table("contestant", "texts/s", "times eager fp32", "p50 of one, ms", title="Speed, same texts and threads")
    for row in rows:
        ratio = row.texts_per_second / rows[0].texts_per_second
        table.add_row(row.name, f"{row.texts_per_second:.0f}", f"{ratio:.1f}", f"{row.p50_ms:.1f}")
    _console.print(table)


def _load(options: argparse.Namespace) -> None:
    """Accept a steady stream of messages."""
    from benchmarks import load

    title = f"Load, {options.rate} messages/s for {options.seconds} s, client and service on {os.cpu_count()} CPUs"
    columns = ("accepted", "messages/s", "p50, ms", "p99, ms", "longest, ms", "CPU a message, ms", "memory, MB")
    table = Table("service", *columns, title=title)
    with tempfile.TemporaryDirectory(prefix="recupera-load-") as folder, load.contestants(Path(folder)) as found:
        for contestant in found:
            row = load.measure(contestant, load.Options(options.rate, options.seconds))
            memory = f"{row.memory_start:.0f} → {row.memory_end:.0f}"
            waits = (f"{ms:.0f}" for ms in (row.p50_ms, row.p99_ms, row.max_ms))
            share = f"{row.accepted} of {row.sent}"
            table.add_row(row.name, share, f"{row.per_second:.0f}", *waits, f"{row.cpu_ms_per_message:.1f}", memory)
    _console.print(table)


def _quality(options: argparse.Namespace) -> None:
    """Task scores beside the peers'."""
    from benchmarks import quality, tables

    report = quality.measure(quality.Options(options.data, options.peers, options.subset), _progress)
    for name in report.comparisons:
        _console.print(tables.terminal(report, name))
    _console.print(tables.legend(report))
    if options.markdown is not None:
        options.markdown.write_text(tables.markdown(report), encoding="utf-8")


def _analytics(options: argparse.Namespace) -> None:
    """Screens and exports over a large store."""
    from benchmarks import analytics

    rows = analytics.measure(options.messages, _console.print)
    table = Table("database", "what", "of", "median", "worst", "unit", title=f"{options.messages} messages stored")
    for row in rows:
        table.add_row(row.database, row.what, row.of, f"{row.median:.1f}", f"{row.worst:.1f}", row.unit)
    _console.print(table)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[float], None]]:
    """Show a bar while a peer trains."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console, transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _precision(_options: argparse.Namespace) -> None:
    """Task scores of each arithmetic."""
    from benchmarks import precision

    _compare("Task scores by arithmetic, on messages written for it", precision.measure())


def _webhooks(_options: argparse.Namespace) -> None:
    """Fifty help-desk webhooks a second for a minute."""
    from benchmarks import webhooks

    table = Table("figure", "value", title="Webhooks: 50 a second for a minute, shipped model")
    for name, value in webhooks.measure().figures().items():
        table.add_row(name, f"{value:.0f}")
    _console.print(table)


def _compare(title: str, scores: dict[str, dict[str, float]]) -> None:
    """Print a table, a column a contestant."""
    table = Table("figure", *scores, title=title)
    for figure in next(iter(scores.values())):
        table.add_row(figure, *(f"{s[figure]:.3f}" for s in scores.values()))
    _console.print(table)


if __name__ == "__main__":
    main()
