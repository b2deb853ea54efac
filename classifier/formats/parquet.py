"""Parquet: read and written a group of rows at a time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from classifier.errors import InputError
from classifier.formats.flat import FIELDS, flatten
from classifier.records import BadRecord, Columns, Record, make_record
from classifier.types import Classification

__all__ = ["SCHEMA", "ParquetWriter", "Table", "open_table", "storable", "values_of"]

_ROWS_READ: Final = 512
_ROWS_WRITTEN: Final = 4096
_BYTES_READ: Final = 1 << 20
"""What is read of a column at once: a group may hold the whole file, and would be held as a whole without it."""
_TYPES: Final = {str: pa.string(), float: pa.float64(), bool: pa.bool_()}
SCHEMA: Final = pa.schema([pa.field(field.name, _TYPES[field.type]) for field in FIELDS])


@contextmanager
def open_table(file: BinaryIO, name: str) -> Iterator[Table]:
    """Open a file, or keep a pipe in a temporary one first; raise ``InputError`` if it is not Parquet."""
    if file.seekable():
        yield Table(file, name)
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield Table(copy, name)


class Table:
    """An open Parquet file."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Read the schema; raise ``InputError`` if there is none."""
        self.name = name
        self._read = 0
        try:
            self._file = pq.ParquetFile(file, pre_buffer=False, buffer_size=_BYTES_READ)
            self._names: list[str] = self._file.schema_arrow.names
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            raise InputError(f"{name} is not a Parquet file, or is damaged") from None

    def fraction(self) -> float | None:
        """Return how much was read, 0 to 1."""
        rows = self._file.metadata.num_rows
        return self._read / rows if rows else None

    def records(self, columns: Columns) -> Iterator[Record | BadRecord]:
        """Read one record a row; raise ``InputError`` if a needed column is not there."""
        there = self._names
        for column in columns.needed:
            if column not in there:
                raise InputError(f"{self.name} has no column {column!r}; it has {', '.join(map(repr, there[:20]))}")
        names = [name for name in columns.names if name in there]
        for batch in self._batches(names):
            values = [values_of(batch.column(name)) for name in names]
            for row in zip(*values, strict=True):
                self._read += 1
                yield make_record(self._read, dict(zip(names, row, strict=True)), columns)

    def _batches(self, names: list[str]) -> Iterator[Any]:
        try:
            yield from self._file.iter_batches(batch_size=_ROWS_READ, columns=names)
        except (pa.ArrowException, OSError):
            raise InputError(f"{self.name} is damaged after row {self._read}") from None


def values_of(column: Any) -> list[Any]:
    """Return Python values; text that is not UTF-8 stays bytes."""
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        return [_value(scalar) for scalar in column]
    return values


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return scalar.as_buffer().to_pybytes()


class ParquetWriter:
    """Writes the columns of a CSV file with their types."""

    def __init__(self, file: BinaryIO) -> None:
        self._writer = pq.ParquetWriter(file, SCHEMA, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def write(self, result: Classification | BadRecord) -> None:
        """Hold a row back until there are enough for a group."""
        self._rows.append({name: storable(value) for name, value in flatten(result).items()})
        if len(self._rows) == _ROWS_WRITTEN:
            self._write_group()

    def close(self) -> None:
        """Write what is held back, and the footer."""
        if self._rows:
            self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=SCHEMA))
        self._rows = []


def storable(value: object) -> object:
    """Escape half surrogate pairs, which Parquet can't hold."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else value
