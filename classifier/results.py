"""Classifications written to a file: JSON lines, or a flat table as CSV or Parquet.

A file appears under its name only when it is complete.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from classifier.records import BadRecord, Format
from classifier.taxonomy import TASKS, TaskKind
from classifier.types import Classification

Result = Classification | BadRecord


class Sink(Protocol):
    """Takes results in order."""

    def write(self, results: Sequence[Result]) -> None:
        """Write some results."""

    def close(self) -> None:
        """Write what is left."""


@contextmanager
def open_sink(output: Path | None, form: Format) -> Iterator[Sink]:
    """Open ``output``, or standard output; a file takes its name when the block ends without error."""
    if output is None:
        yield JsonLines(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as stream:
            sink = _SINKS[form](stream)
            yield sink
            sink.close()
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def to_json(result: Result) -> str:
    """Return a result as one line of JSON that is valid UTF-8 whatever the message held."""
    data = {"id": result.id, "error": result.reason} if isinstance(result, BadRecord) else result.to_dict()
    line = json.dumps(data, ensure_ascii=False)
    # A lone surrogate has no UTF-8: such a line is written with escapes.
    return line if line.isascii() or _encodes(line) else json.dumps(data)


def _encodes(line: str) -> bool:
    """Say whether ``line`` has a UTF-8 form."""
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class JsonLines:
    """One JSON object a line."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream

    def write(self, results: Sequence[Result]) -> None:
        """Write some results."""
        self.stream.write("".join(to_json(result) + "\n" for result in results).encode("utf-8"))

    def close(self) -> None:
        """Nothing is left to write."""


def flat(result: Result) -> dict[str, Any]:
    """Return a result as one row of a table: per task its label(s) and their probability or score."""
    row: dict[str, Any] = dict.fromkeys(FIELDS)
    row["id"] = _clean(result.id or "")
    if isinstance(result, BadRecord):
        return row | {"error": result.reason}
    data = result.to_dict()
    row |= {"language": data["language"], "language_probability": data["language_probability"]}
    for task in TASKS:
        if data[task.id] is not None:
            row |= _cells(task.id, task.kind, data[task.id])
    row["review"] = data["review"]["needed"]
    row["review_reasons"] = "|".join(data["review"]["reasons"])
    row["model"] = f"{data['model']['name']} {data['model']['version']}"
    return row


def _cells(task_id: str, kind: TaskKind, decision: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of one task."""
    if kind is TaskKind.FLAG:
        return {task_id: decision["label"], f"{task_id}_probability": decision["probability"]}
    if kind is TaskKind.MULTI:
        main = decision["primary"]
        return {task_id: "|".join(decision["labels"]), f"{task_id}_probability": decision["probabilities"][main]}
    cells = {task_id: decision["label"], f"{task_id}_probability": decision["probabilities"][decision["label"]]}
    return cells | ({f"{task_id}_score": decision["score"]} if kind is TaskKind.ORDINAL else {})


def _fields() -> tuple[str, ...]:
    """List the columns of the table."""
    columns = ["id", "language", "language_probability"]
    for task in TASKS:
        columns += [task.id, f"{task.id}_probability"]
        columns += [f"{task.id}_score"] if task.kind is TaskKind.ORDINAL else []
    return (*columns, "review", "review_reasons", "model", "error")


FIELDS = _fields()


def _clean(text: str) -> str:
    """Replace lone surrogates, which no table can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Table:
    """CSV with a header. A cell that a spreadsheet would run as a formula gets an apostrophe before it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self._line(FIELDS)

    def write(self, results: Sequence[Result]) -> None:
        """Write some results."""
        for result in results:
            row = flat(result)
            self._line([_harmless(row[name]) for name in FIELDS])

    def close(self) -> None:
        """Nothing is left to write."""

    def _line(self, cells: Sequence[Any]) -> None:
        """Write one line."""
        from io import StringIO

        line = StringIO(newline="")
        csv.writer(line, lineterminator="\n").writerow(cells)
        self.stream.write(line.getvalue().encode("utf-8"))


def _harmless(cell: Any) -> Any:
    """Defuse formulas (OWASP, "CSV Injection")."""
    return "'" + cell if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


class ParquetTable:
    """The same table as Parquet, a row group for each call of ``write``."""

    def __init__(self, stream: IO[bytes]) -> None:
        import pyarrow
        from pyarrow import parquet

        kinds = {task.id: pyarrow.bool_() for task in TASKS if task.kind is TaskKind.FLAG} | {"review": pyarrow.bool_()}
        number = ("_probability", "_score")
        self._schema = pyarrow.schema(
            [(n, kinds.get(n, pyarrow.float64() if n.endswith(number) else pyarrow.string())) for n in FIELDS]
        )
        self._table = pyarrow.Table
        self._writer = parquet.ParquetWriter(stream, self._schema)

    def write(self, results: Sequence[Result]) -> None:
        """Write some results."""
        self._writer.write_table(self._table.from_pylist([flat(result) for result in results], schema=self._schema))

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


_SINKS: Mapping[Format, type[Sink]] = {Format.JSONL: JsonLines, Format.CSV: Table, Format.PARQUET: ParquetTable}
