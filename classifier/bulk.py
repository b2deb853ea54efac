"""Many messages: read, classified in chunks and written in the order of the input.

From a file to a file the work survives its process: see ``classifier.resumable``. From or to a pipe it flows through.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from classifier.ahead import read_ahead
from classifier.artifact import FILES
from classifier.cascade import Effort
from classifier.errors import RecordError
from classifier.formats import Format, Reading, open_records
from classifier.formats.output import open_writer
from classifier.inference import ComplaintClassifier
from classifier.progress import Show, say, shown
from classifier.records import BadRecord, Columns, Record
from classifier.resumable import Work, identity, open_work
from classifier.types import Classification

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Job", "Tally", "Wanted", "classify_records", "run"]

CHUNK_RECORDS: Final = 256
CHUNK_CHARACTERS: Final = 200_000
BLOCK_RECORDS: Final = 1024
_CHUNKS_AHEAD: Final = 4

Result = Classification | BadRecord
Chunk = list[Record | BadRecord]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is given beside the labels."""

    evidence: bool = True
    facts: bool = True
    effort: Effort = Effort.FULL


@dataclass(frozen=True, slots=True)
class Job:
    """What is read and what is written; ``None`` for standard input and output. ``anew`` drops what was interrupted."""

    source: Path | None
    source_format: Format
    columns: Columns
    output: Path | None
    output_format: Format
    wanted: Wanted
    anew: bool = False


@dataclass(slots=True)
class Tally:
    """How many records came out, and how many of them failed."""

    records: int = 0
    failed: int = 0


def run(job: Job, load: Callable[[], ComplaintClassifier], console: Console) -> Tally:
    """Do a job, or go on with it where an earlier run was interrupted.

    Bad records are told on ``console``; nothing is written if there are no records at all.
    """

    def warn(text: str) -> None:
        say(console, f"warning: {text}")

    with open_records(job.source or sys.stdin.buffer, job.source_format, job.columns, warn=warn) as reading:
        classifier = load()
        first = next(reading.records, None)
        if first is None:
            return Tally()
        whole = Reading(chain([first], reading.records), reading.fraction)
        if _is_file(job.source) and job.output is not None and (_is_file(job.output) or not job.output.exists()):
            return _run_on(job, classifier, whole, console)
        return _flow(job, classifier, whole, console)


def _is_file(path: Path | None) -> bool:
    return path is not None and path.is_file()


def _flow(job: Job, classifier: ComplaintClassifier, reading: Reading, console: Console) -> Tally:
    """Write each chunk as it comes."""
    tally = Tally()
    with open_writer(job.output, job.output_format) as writer, shown(console) as show:
        for chunk in _chunks(reading.records):
            results = _results(classifier, chunk, job.wanted)
            _count(results, tally, console)
            for result in results:
                writer.write(result)
            show(tally.records, reading.fraction())
    return tally


def _run_on(job: Job, classifier: ComplaintClassifier, reading: Reading, console: Console) -> Tally:
    """Write block by block, after those that are there."""
    assert job.source is not None  # noqa: S101 - its caller has looked
    assert job.output is not None  # noqa: S101
    description = {"input": identity(job.source), **_settings(job, classifier)}
    with open_work(job.output, job.output_format, description, anew=job.anew) as work, _resumable(work, console):
        tally = Tally(work.rows, work.failed)
        if tally.records:
            say(console, f"going on after {tally.records:,} records that an interrupted run has done")
        if not work.complete:
            marked = ((chunk, reading.fraction()) for chunk in _chunks(_after(reading.records, work.rows)))
            with read_ahead(marked, _CHUNKS_AHEAD) as chunks, shown(console, tally.records) as show:
                _write_blocks(work, _watched(chunks, classifier, job.wanted, tally, show, console))
        work.finish()
    return tally


def _settings(job: Job, classifier: ComplaintClassifier) -> dict[str, Any]:
    """Return what the results depend on, beside the input."""
    digest = sha256((classifier.artifact.path / FILES.checksums).read_bytes()).hexdigest()
    return {
        "columns": job.columns.names,
        "choice of what is wanted": asdict(job.wanted),
        "model": [*asdict(classifier.model).values(), digest],
        "precision": classifier.engine.precision.value,
        "output format": job.output_format.value,
    }


def _after(records: Iterator[Record | BadRecord], count: int) -> Iterator[Record | BadRecord]:
    """Pass over the first ``count`` records."""
    return islice(records, count, None)


def _watched(
    chunks: Iterable[tuple[Chunk, float | None]],
    classifier: ComplaintClassifier,
    wanted: Wanted,
    tally: Tally,
    show: Show,
    console: Console,
) -> Iterator[list[Result]]:
    for chunk, fraction in chunks:
        results = _results(classifier, chunk, wanted)
        _count(results, tally, console)
        show(tally.records, fraction)
        yield results


def _write_blocks(work: Work, chunks: Iterable[list[Result]]) -> None:
    """Write blocks of whole chunks, in a thread of its own while the next ones are classified.

    Chunks and blocks begin anew after each block, so that an interrupted run goes on with the very same ones.
    """
    pending: Future[None] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="write") as writing:
        for block in _blocks(chunks):
            if pending is not None:
                pending.result()
            pending = writing.submit(work.add, block)
        if pending is not None:
            pending.result()


def _blocks(chunks: Iterable[list[Result]]) -> Iterator[list[Result]]:
    block: list[Result] = []
    for chunk in chunks:
        block += chunk
        if len(block) >= BLOCK_RECORDS:
            yield block
            block = []
    if block:
        yield block


@contextmanager
def _resumable(work: Work, console: Console) -> Iterator[None]:
    """Say after Ctrl-C what is kept."""
    try:
        yield
    except KeyboardInterrupt:
        if work.rows:
            say(console, f"stopped: {work.rows:,} records are kept, run the same command again to go on")
        raise


def classify_records(
    classifier: ComplaintClassifier, records: Iterable[Record | BadRecord], wanted: Wanted
) -> Iterator[Result]:
    """Classify records a chunk at a time; bad ones pass through in their place."""
    for chunk in _chunks(records):
        yield from _results(classifier, chunk, wanted)


def _results(classifier: ComplaintClassifier, chunk: Chunk, wanted: Wanted) -> list[Result]:
    """Classify a chunk."""
    return list(_in_order(chunk, _classify(classifier, [r for r in chunk if isinstance(r, Record)], wanted)))


def _chunks(records: Iterable[Record | BadRecord]) -> Iterator[Chunk]:
    """Cut into chunks that are bounded in records and in characters."""
    chunk: Chunk = []
    characters = 0
    for record in records:
        chunk.append(record)
        characters += len(record.text) if isinstance(record, Record) else 0
        if len(chunk) == CHUNK_RECORDS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _in_order(chunk: Chunk, results: list[Result]) -> Iterator[Result]:
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
                effort=wanted.effort,
            )
        )
    except RecordError as error:
        failure = str(error)
    except Exception as error:  # whatever one text brings about, the rest goes on
        failure = f"can't be classified ({type(error).__name__})"
    if len(records) == 1:
        return [BadRecord(records[0].line, records[0].id, failure)]
    return [result for record in records for result in _classify(classifier, [record], wanted)]


def _count(results: Sequence[Result], tally: Tally, console: Console) -> None:
    """Count the results and tell the bad ones."""
    for result in results:
        tally.records += 1
        if isinstance(result, BadRecord):
            tally.failed += 1
            say(console, str(result))
