"""``recupera benchmark``."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from rich.table import Table

from classifier.progress import counted
from training.commands.messages import readable
from training.commands.tables import console

if TYPE_CHECKING:
    from classifier.inference import ComplaintClassifier
    from training.speed import Way

_SHARE_OF_ONES: Final = 0.2
"""Of the time, for texts that come one by one."""


def benchmark(
    file: Annotated[
        Path | None, typer.Argument(help="Your messages: JSONL, CSV or Parquet; by default ours, of about 60 tokens.")
    ] = None,
    *,
    model: Annotated[Path | None, typer.Option(help="Model directory; the shipped model by default.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Column or key with the text: 'text'.")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to measure, about.")] = 30,
    threads: Annotated[int | None, typer.Option(min=1, help="Processors to use; all by default.")] = None,
    precision: Annotated[Literal["auto", "f32", "bf16", "int8"], typer.Option(help="Arithmetic.")] = "auto",
    price: Annotated[float | None, typer.Option(min=0, help="Price of this machine an hour.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how fast this machine classifies: texts a second, the wait for one, memory, hours for a million.

    Medians of five turns, the ways of asking one after the other, so that what else this machine does meets them all;
    for figures to compare leave it in peace meanwhile.

    Example: recupera benchmark messages.csv --text-column body --price 0.09
    """
    from classifier.inference import ComplaintClassifier
    from training.speed import TURNS_A_WAY, held_out, measure, one_by_one

    classifier = ComplaintClassifier.from_pretrained(model, precision=precision, threads=threads)
    texts = list(held_out(classifier.encoder)) if file is None else _texts(file, text_column)
    ways = 3 + (classifier.cascade is not None)
    with counted("measuring", ways * TURNS_A_WAY + 1) as told:
        found = measure(classifier, texts, seconds * (1 - _SHARE_OF_ONES), told)
        waits = sorted(one_by_one(classifier, texts, seconds * _SHARE_OF_ONES))
        told(1)
    report = _report(classifier, texts, found, waits, price)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _show(report)


def _texts(path: Path, text_column: str | None) -> list[str]:
    """Return the messages of a file."""
    from classifier.records import Columns

    return [record.text for record in readable(path, Columns.of(id=None, text=text_column, language=None))]


def _report(
    classifier: ComplaintClassifier,
    texts: Sequence[str],
    found: Sequence[Way],
    waits: Sequence[float],
    price: float | None,
) -> dict[str, Any]:
    """Return what was measured, as JSON has it."""
    lengths = [len(row) for row in classifier.encoder.encode(texts)]
    rows = []
    for way in found:
        cost = {} if price is None else {"price_a_million": way.hours_a_million * price}
        rate = {"texts_per_second": way.per_second, "lowest": way.low, "highest": way.high, "texts": way.texts}
        rows.append(
            {"asked": way.name, **rate, "small_network": way.small, "hours_a_million": way.hours_a_million, **cost}
        )
    return {
        "model": f"{classifier.model.name} {classifier.model.version}",
        "arithmetic": str(classifier.engine.precision),
        "threads": classifier.engine.threads,
        "texts": len(texts),
        "mean_tokens": statistics.fmean(lengths),
        "ways": rows,
        "one_text_ms": {
            "p50": statistics.median(waits),
            "p99": waits[int(0.99 * (len(waits) - 1))],
            "texts": len(waits),
        },
        "memory_mb": _memory_mb(),
    }


def _memory_mb() -> float | None:
    """Return what this process holds of the memory, where the system tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    import resource

    return pages * resource.getpagesize() / 1e6


def _show(report: dict[str, Any]) -> None:
    """Print the table, and what it was measured on."""
    threads = f"{report['threads']} processor{'s' if report['threads'] > 1 else ''}"
    head = f"{report['model']}, {report['arithmetic']}, {threads}"
    table = Table("asked for", title=f"{head}: {report['texts']} messages of {report['mean_tokens']:.0f} tokens")
    priced = "price_a_million" in report["ways"][0]
    columns = ("texts/s", "range", "by the small one", "a million", *(("price",) if priced else ()))
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for way in report["ways"]:
        cells = (
            f"{way['texts_per_second']:.1f}",
            f"{way['lowest']:.1f} to {way['highest']:.1f}",
            f"{way['small_network']:.0%}" if way["small_network"] else "",
            f"{way['hours_a_million']:.1f} h",
        )
        table.add_row(way["asked"], *cells, *((f"{way['price_a_million']:.2f}",) if priced else ()))
    one, memory = report["one_text_ms"], report["memory_mb"]
    page = console()
    page.print(table)
    page.print(f"one text alone, with facts: {one['p50']:.1f} ms, 99 % within {one['p99']:.1f} ms")
    if memory is not None:
        page.print(f"memory of this process: {memory:.0f} MB")
