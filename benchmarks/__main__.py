"""Run the benchmarks: ``make bench``, or ``python -m benchmarks --only speed``."""

from __future__ import annotations

import argparse
import logging
import os
import platform
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.texts import ROOT

_SECTIONS = ("footprint", "speed", "precision", "quality")
_console = Console(width=None if os.isatty(1) else 100)


def main() -> None:
    """Run the chosen sections, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=_SECTIONS, action="append", help="a section to run; all by default")
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder with train.jsonl and dev.jsonl"
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    _console.print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    for section in options.only or _SECTIONS:
        globals()[f"_{section}"](options.data)


def _footprint(_data: Path) -> None:
    """Memory and start-up."""
    from benchmarks import footprint

    table = Table("figure", "value", title="Footprint")
    for name, value in footprint.measure().items():
        table.add_row(name, f"{value:.2f}")
    _console.print(table)


def _speed(_data: Path) -> None:
    """Texts a second and latency."""
    from benchmarks import speed

    rows = speed.measure()
    table = Table("contestant", "texts/s", "times eager fp32", "p50 of one, ms", title="Speed, same texts and threads")
    for row in rows:
        ratio = row.texts_per_second / rows[0].texts_per_second
        table.add_row(row.name, f"{row.texts_per_second:.0f}", f"{ratio:.1f}", f"{row.p50_ms:.1f}")
    _console.print(table)


def _quality(data: Path) -> None:
    """Task scores beside the peer's."""
    if not (data / "dev.jsonl").is_file():
        _console.print(f"Quality: skipped, there is no dev.jsonl in {data} (name a folder by --data)")
        return
    from benchmarks import quality

    _compare("Quality on dev.jsonl", quality.measure(data))


def _precision(_data: Path) -> None:
    """Task scores of each arithmetic."""
    from benchmarks import precision

    _compare("Task scores by arithmetic, on messages written for it", precision.measure())


def _compare(title: str, scores: dict[str, dict[str, float]]) -> None:
    """Print a table, a column a contestant."""
    table = Table("figure", *scores, title=title)
    for figure in next(iter(scores.values())):
        table.add_row(figure, *(f"{s[figure]:.3f}" for s in scores.values()))
    _console.print(table)


if __name__ == "__main__":
    main()
