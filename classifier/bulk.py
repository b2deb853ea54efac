"""Many messages: read, classified in chunks and written one by one, in the order of the input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from classifier.errors import RecordError
from classifier.formats import Format, Reading, open_records
from classifier.formats.output import open_writer
from classifier.inference import ComplaintClassifier
from classifier.records import BadRecord, Columns, Record
from classifier.types import Classification

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Job", "Wanted", "classify_records", "run"]

CHUNK_RECORDS: Final = 256
CHUNK_CHARACTERS: Final = 200_000

Result = Classification | BadRecord


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is given beside the labels."""

    evidence: bool = True
    facts: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """What is read and what is written; ``None`` for standard input and output."""

    source: Path | None
    source_format: Format
    columns: Columns
    output: Path | None
    output_format: Format
    wanted: Wanted


@dataclass(slots=True)
class Tally:
    """How many records came out, and how many of them failed."""

    records: int = 0
    failed: int = 0


def run(job: Job, load: Callable[[], ComplaintClassifier], console: Console) -> Tally:
    """Do a job. Bad records are told on ``console``; nothing is written if there are no records at all."""
    tally = Tally()
    source = job.source or sys.stdin.buffer

    def warn(text: str) -> None:
        _say(console, f"warning: {text}")

    with open_records(source, job.source_format, job.columns, warn=warn) as reading, ExitStack() as stack:
        results = classify_records(load(), reading.records, job.wanted)
        watched = stack.enter_context(_watched(results, reading, tally, console))
        first = next(watched, None)
        if first is None:
            return tally
        writer = stack.enter_context(open_writer(job.output, job.output_format))
        for result in chain([first], watched):
            writer.write(result)
    return tally


def classify_records(
    classifier: ComplaintClassifier, records: Iterable[Record | BadRecord], wanted: Wanted
) -> Iterator[Result]:
    """Classify records a chunk at a time; bad ones pass through in their place."""
    for chunk in _chunks(records):
        yield from _in_order(chunk, _classify(classifier, [r for r in chunk if isinstance(r, Record)], wanted))


def _chunks(records: Iterable[Record | BadRecord]) -> Iterator[list[Record | BadRecord]]:
    """Cut into chunks that are bounded in records and in characters."""
    chunk: list[Record | BadRecord] = []
    characters = 0
    for record in records:
        chunk.append(record)
        characters += len(record.text) if isinstance(record, Record) else 0
        if len(chunk) == CHUNK_RECORDS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _in_order(chunk: list[Record | BadRecord], results: list[Result]) -> Iterator[Result]:
    """Put the results in the places of their records."""
    remaining = iter(results)
    for record in chunk:
        yield record if isinstance(record, BadRecord) else next(remaining)


def _classify(classifier: ComplaintClassifier, records: list[Record], wanted: Wanted) -> list[Result]:
    """Classify together; if that fails, one by one, so that one record never costs the others."""
    try:
        return list(
            classifier.predict(
                [record.text for record in records],
                ids=[record.id for record in records],
                languages=[record.language for record in records],
                evidence=wanted.evidence,
                facts=wanted.facts,
            )
        )
    except RecordError as error:
        failure = str(error)
    except Exception as error:  # whatever one text brings about, the rest goes on
        failure = f"can't be classified ({type(error).__name__})"
    if len(records) == 1:
        return [BadRecord(records[0].line, records[0].id, failure)]
    return [result for record in records for result in _classify(classifier, [record], wanted)]


def _watched(
    results: Iterator[Result], reading: Reading, tally: Tally, console: Console
) -> AbstractContextManager[Iterator[Result]]:
    """Count the results and tell the bad ones, with a progress bar where there is someone to see it."""
    counted = _counted(results, tally, console)
    if not console.is_terminal:
        return nullcontext(counted)
    from classifier.progress import watched

    return watched(counted, reading.fraction, console)


def _counted(results: Iterator[Result], tally: Tally, console: Console) -> Iterator[Result]:
    for result in results:
        tally.records += 1
        if isinstance(result, BadRecord):
            tally.failed += 1
            _say(console, str(result))
        yield result


def _say(console: Console, text: str) -> None:
    """Print one line as it stands."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
