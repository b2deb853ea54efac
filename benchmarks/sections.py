"""What each section of the benchmarks measures, as tables: a new one is a row of ``SECTIONS``.

What a section needs is imported once it runs.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from benchmarks.report import ONE_RUN, Cell, Figure, Table, shown
from benchmarks.texts import ROOT
from training.comparison import Interval

CONSOLE: Final = Console(width=None if os.isatty(1) else 120)
"""Where tables and progress are shown."""

_PEERS: Final = ROOT / ".venv-peers" / "bin" / "python"


def peers_python(options: argparse.Namespace) -> Path | None:
    """Return the Python of the servers to compare with, if it is there."""
    given: Path | None = options.peers_python or (_PEERS if _PEERS.is_file() else None)
    return given.absolute() if given else None


def _footprint(_options: argparse.Namespace) -> Iterator[Table]:
    """Memory and start-up."""
    from benchmarks import footprint

    yield Table("Footprint", ("figure", "value"), list(footprint.measure().items()))


def _speed(_options: argparse.Namespace) -> Iterator[Table]:
    """Texts a second and latency."""
    from benchmarks import speed

    columns = (
        *("contestant", "texts/s", "times eager fp32", "p50 of one, ms", "times quicker than eager fp32"),
        *("texts a turn", "answered by the small network", "share of fp32 peak"),
    )
    rows = [
        (
            *(row.name, row.texts_per_second, row.times_eager, row.p50_ms, row.times_quicker),
            *(row.texts, None if row.small is None else f"{row.small:.0%}", row.share_of_peak),
        )
        for row in speed.measure()
    ]
    notes = (
        "messages of both languages, never trained on, of 61 tokens on average, in random but fixed order",
        "a slow contestant has fewer texts a turn, with the same mix of lengths",
        "the peak is the best of ten products of 2048 x 2048 matrices; paddings are not counted as work",
    )
    yield Table("Speed, same texts and threads, contestants in turns", columns, rows, notes)
    title = "Beside the network, a message of about 60 tokens"
    yield Table(title, ("step", "µs"), speed.around(), ("the median of 60 messages", ONE_RUN))


def _files(options: argparse.Namespace) -> Iterator[Table]:
    """Memory and pace of a large file, without the network."""
    from benchmarks import files

    rows, same = files.measure(options.rows)
    found = [(row.rows, row.megabytes, row.per_second) for row in rows]
    ending = "killed in the middle and run again: "
    notes = [ONE_RUN, "all rows in one group, as pyarrow writes them", *([f"{ending}the same bytes"] if same else [])]
    columns = ("rows done", "memory, MB", "rows/s")
    faults = () if same else (f"{ending}OTHER BYTES",)
    yield Table("A Parquet file, all but the network", columns, found, notes, faults)


def _serving(options: argparse.Namespace) -> Iterator[Table]:
    """Our server beside the field's own, the same encoder in each."""
    from benchmarks.serving.measure import measure

    found = measure(peers_python(options))
    columns = ("server", "p50, ms", "p99, ms", "32 callers: texts/s", "p99, ms, of 32", "ready after, s", "memory, MB")
    rows: list[tuple[Cell, ...]] = [
        (
            *(row.name, row.p50_ms, row.p99_ms, row.per_second),
            *(row.busy_p99_ms, row.ready_seconds, row.megabytes),
        )
        for row in found.rows
    ]
    rows.append(("recupera predict, no server", None, None, found.offline, None, None, None))
    notes = (
        "one text a call; p50 and p99 of a single caller with texts of about 60 tokens",
        "ready after: five starts of ours, one of each other; memory: at the end",
        *found.left_out,
    )
    yield Table("Servers, the same encoder, texts and client, in turns", columns, rows, notes)
    columns = (
        "server",
        "share of predict's texts/s",
        "ours: times its texts/s",
        "times its p99",
        "times its p99, of 32",
    )
    rows = [(row.name, row.of_offline, row.ours_per_second, row.ours_p99, row.ours_busy_p99) for row in found.rows]
    notes = ("how many times shorter our waits are, and how many times more texts a second we do, turn by turn",)
    yield Table("Servers, beside predict without a server and beside ours", columns, rows, notes)


def _load(options: argparse.Namespace) -> Iterator[Table]:
    """Accept a steady stream of messages."""
    from benchmarks import load

    title = f"Load, {options.rate} messages/s for {options.seconds} s, client and service on {os.cpu_count()} CPUs"
    columns = ("accepted", "messages/s", "p50, ms", "p99, ms", "longest, ms", "CPU a message, ms", "memory, MB")
    rows = []
    with tempfile.TemporaryDirectory(prefix="recupera-load-") as folder, load.contestants(Path(folder)) as found:
        for contestant in found:
            row = load.measure(contestant, load.Options(options.rate, options.seconds))
            waits = (row.p50_ms, row.p99_ms, row.max_ms)
            memory = f"{shown(row.memory_start)} → {shown(row.memory_end)}"
            share = f"{row.accepted} of {row.sent}"
            rows.append((row.name, share, row.per_second, *waits, row.cpu_ms_per_message, memory))
    yield Table(title, ("service", *columns), rows, (f"{ONE_RUN} each",))


def _quality(options: argparse.Namespace) -> Iterator[Table]:
    """Task scores beside the peers'."""
    from benchmarks import quality, tables

    report = quality.measure(quality.Options(options.data, options.peers, options.subset), _progress)
    if options.markdown is not None:
        options.markdown.write_text(tables.markdown(report), encoding="utf-8")
    for name, comparison in report.comparisons.items():
        contestants = list(next(iter(comparison.scores.values())))
        rows = []
        for figure, scores in comparison.scores.items():
            lead = comparison.leads.get(figure)
            ahead = (_figure(lead.difference), lead.peer) if lead else ()
            rows.append((figure, *map(_figure, scores.values()), *(ahead or (None, None))))
        title = f"{name}, {report.sizes[name]} messages, with 95 % intervals"
        notes = [*tables.legend(report).replace("- ", "").splitlines(), f"{ONE_RUN}; intervals are over the messages"]
        yield Table(title, ("figure", *contestants, "ahead of the best peer", "best peer"), rows, notes)


def _figure(interval: Interval) -> Figure:
    return Figure(interval.value, interval.low, interval.high)


def _cascade(options: argparse.Namespace) -> Iterator[Table]:
    """Task scores in haste, beside the whole model's."""
    from benchmarks import cascade

    for row in cascade.measure(options.data):
        rows = []
        for figure, scores in row.comparison.scores.items():
            lead = row.comparison.leads[figure].difference
            cells = (
                _figure(scores["whole"]),
                _figure(scores["recupera"]),
                _figure(lead),
                _figure(scores["small alone"]),
            )
            rows.append((figure, *cells, row.alike[figure.split()[0]]))
        title = f"In haste: {row.name}, {row.messages} messages, {row.small:.0%} answered by the small network"
        columns = ("figure", "whole model", "in haste", "difference", "small network alone", "decided alike")
        yield Table(
            title, columns, rows, ("figures and differences with 95 % intervals, over the same samples", ONE_RUN)
        )


def _curve(options: argparse.Namespace) -> Iterator[Table]:
    """Task scores by how many messages were trained on."""
    from benchmarks import curve

    points = list(curve.measure(options.data, _progress))
    for held_out in dict.fromkeys(point.held_out for point in points):
        of_set = [point for point in points if point.held_out == held_out]
        figures = [figure for figure in of_set[0].figures if "conduct" not in figure]
        columns = ("figure", *(f"{point.contestant}, {point.messages}" for point in of_set))
        rows = [(figure, *(_figure(point.figures[figure]) for point in of_set)) for figure in figures]
        notes = ("columns: contestant, messages trained on; with 95 % intervals over the messages",)
        yield Table(f"Would more labels help: {held_out}", columns, rows, notes)


def _analytics(options: argparse.Namespace) -> Iterator[Table]:
    """Screens and exports over a large store."""
    from benchmarks import analytics

    given = analytics.Options(options.messages, options.databases, options.store)
    rows = []
    for row in analytics.measure(given, CONSOLE.print):
        rows.append((row.database, row.what, row.median, row.worst, row.cpu, row.unit))
        CONSOLE.print(f"{row.database}: {row.what}: {shown(row.median)} {row.unit}", highlight=False)
    columns = ("database", "what", "median", "worst", "CPU", "unit")
    yield Table(f"{options.messages} messages stored", columns, rows)


def _personal_data(_options: argparse.Namespace) -> Iterator[Table]:
    """Recall and precision of what is masked, by language and half of the written set; time of the worst texts."""
    from benchmarks import personal_data

    columns = ("kind", "written", "recall", "found", "precision")
    for title, cells in personal_data.tables():
        rows = [
            (kind, cell.written, round(cell.recall, 3), cell.found, round(cell.precision, 3)) for kind, cell in cells
        ]
        yield Table(title, columns, rows, (ONE_RUN,))
    timed = [(name, round(whole, 3), round(half, 3)) for name, whole, half in personal_data.slowest()]
    title = "The longest texts there may be, full of made-up numbers: the slowest of each kind"
    yield Table(title, ("text", "processor s", "half of it, s"), timed, (f"{ONE_RUN}, the less of two rounds each",))


def _sign_in(_options: argparse.Namespace) -> Iterator[Table]:
    """Sign in with a right password, in peace and while somebody guesses."""
    from benchmarks import sign_in

    columns = ("right passwords", "guesses", "sign-ins", "let in", "p50, ms", "longest, ms")
    rows = [(row.what, row.guesses, row.sign_ins, row.let_in, row.p50_ms, row.longest_ms) for row in sign_in.measure()]
    yield Table("Sign-in while passwords are guessed, a minute each", columns, rows, (f"{ONE_RUN} each",))


def _replies(_options: argparse.Namespace) -> Iterator[Table]:
    """Compare what is read of replies with what is read of them above a quoted history."""
    from benchmarks import replies

    found = replies.measure()
    faults = () if found.labels >= replies.LEAST else (f"equal labels below {replies.LEAST:.0%}",)
    rows = [(found.pairs, found.labels, found.text)]
    columns = ("pairs", "share with equal labels", "share with equal text")
    yield Table("Replies with and without a quoted history", columns, rows, (ONE_RUN,), faults)


def _precision(_options: argparse.Namespace) -> Iterator[Table]:
    """Task scores of each arithmetic."""
    from benchmarks import precision

    scores = precision.measure()
    rows = [(figure, *(each[figure] for each in scores.values())) for figure in next(iter(scores.values()))]
    yield Table("Task scores by arithmetic, on messages written for it", ("figure", *scores), rows, (ONE_RUN,))


def _webhooks(_options: argparse.Namespace) -> Iterator[Table]:
    """Fifty help-desk webhooks a second for a minute."""
    from benchmarks import webhooks

    title = "Webhooks: 50 a second for a minute, shipped model"
    yield Table(title, ("figure", "value"), list(webhooks.measure().figures().items()), (ONE_RUN,))


@contextmanager
def _progress(title: str) -> Iterator[Callable[[float], None]]:
    """Show a bar while a peer trains."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=CONSOLE, transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda share: bar.update(task, completed=share)


SECTIONS: Final[Mapping[str, Callable[[argparse.Namespace], Iterable[Table]]]] = {
    "footprint": _footprint,
    "speed": _speed,
    "files": _files,
    "precision": _precision,
    "quality": _quality,
    "cascade": _cascade,
    "curve": _curve,
    "serving": _serving,
    "load": _load,
    "webhooks": _webhooks,
    "analytics": _analytics,
    "personal-data": _personal_data,
    "sign-in": _sign_in,
    "replies": _replies,
}
"""Sections by name, in the order in which they run."""
