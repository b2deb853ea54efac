"""``recupera drift``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from classifier.errors import InputError
from training.commands.messages import answered, readable
from training.commands.tables import console

if TYPE_CHECKING:
    from classifier.records import Columns, Record
    from training.drift import Period, Report


def drift(
    before: Annotated[Path, typer.Argument(help="Messages of the earlier period: JSONL, CSV or Parquet.")],
    after: Annotated[Path | None, typer.Argument(help="Messages of the later period; or --at.")] = None,
    *,
    at: Annotated[str | None, typer.Option(help="The later period of the one file begins at this date.")] = None,
    time_column: Annotated[str, typer.Option(help="With --at: column or key with the date.")] = "received_at",
    model: Annotated[Path | None, typer.Option(help="Model directory; the shipped model by default.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Column or key with the text: 'text'.")] = None,
    seed: Annotated[int, typer.Option(help="For the samples and permutations.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether the messages of two periods differ, and whether retraining is worth it.

    Example: recupera drift march.jsonl april.jsonl

    Example: recupera drift messages.csv --at 2026-04-01 --time-column date
    """
    from classifier.records import Columns
    from training.drift import compare

    columns = Columns.of(id=None, text=text_column, language=None)
    if after is not None and at is None:
        periods = [readable(path, columns) for path in (before, after)]
    elif at is not None and after is None:
        periods = _split(before, columns, at, time_column)
    else:
        raise InputError("name a second file, or the date at which the later period begins by --at, not both")
    first, second = (_period(records, model) for records in _checked(periods))
    report = compare(first, second, seed=seed)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), ensure_ascii=False))
    else:
        _show(report)


def _split(path: Path, columns: Columns, at: str, time_column: str) -> list[Sequence[Record]]:
    """Return the messages before a time, and those from it on."""
    from training.messages import as_time, read_times

    limit = as_time(at, f"--at {at}")
    records = readable(path, columns)
    times = read_times(path, time_column, records)
    return [[r for r in records if (times[r.line] >= limit) is later] for later in (False, True)]


def _checked(periods: Sequence[Sequence[Record]]) -> Sequence[Sequence[Record]]:
    """Raise ``InputError`` before the model reads anything, if a period is too small."""
    from training.drift import check_size

    for name, records in zip(("before", "after"), periods, strict=True):
        check_size(name, len(records))
    return periods


def _period(records: Sequence[Record], model: Path | None) -> Period:
    """Let the model read a period."""
    from training.drift import Period
    from training.messages import language_of

    texts = [r.text for r in records]
    return Period(answered(model, texts), [language_of(r) for r in records], [len(text) for text in texts])


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _show(report: Report) -> None:
    """Print the comparisons and the verdict."""
    before, after = report.messages
    title = f"{before:,} messages before, {after:,} after"
    table = Table("compared", "what moved", title=title, title_justify="left")
    for name in ("effect", "p (Holm)", "drift"):
        table.add_column(name, justify="right", no_wrap=True)
    for change in report.changes:
        style = {"none": "", "some": "yellow", "large": "red"}[change.size]
        figures = (f"{change.measure} {change.effect:.2f}", _p(change.adjusted_p), change.size)
        table.add_row(change.what, change.detail, *figures, style=style)
    page, verdict = console(), report.verdict
    page.print(table)
    page.print(f"[bold]{verdict.summary[0].upper()}{verdict.summary[1:]}.[/bold]")
    page.print(f"Retraining is worth it: {'yes' if verdict.retrain else 'no'}, because {verdict.because}.")
