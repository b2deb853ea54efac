"""Parquet, as ``GET /v1/export.parquet`` writes it, a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final, Self

import pyarrow as pa
from pyarrow.parquet import ParquetFile, ParquetWriter

from api.privacy.copies.forms import COLUMNS, DamagedError, ForeignError, Part, Row

__all__ = ["Parquet"]

_COMPRESSION: Final = {"UNCOMPRESSED": "none", "LZ4_RAW": "lz4"}
"""What the library calls differently when it writes."""


class Parquet:
    """Typed columns in row groups."""

    def __init__(self, column: str) -> None:
        self._column = column

    @classmethod
    def of(cls, file: BinaryIO) -> Self:
        """Return the form; raise ``ForeignError`` without a column that says which message a row is about."""
        try:
            names = ParquetFile(file).schema_arrow.names
        except (pa.ArrowException, OSError) as error:
            raise ForeignError from error
        found = [name for name in COLUMNS if name in names]
        if not found:
            raise ForeignError
        return cls(found[0])

    def parts(self, file: BinaryIO) -> Iterator[Part]:
        """Yield a row group at a time."""
        source, done = ParquetFile(file), 0
        for group in range(source.num_row_groups):
            try:
                table = source.read_row_group(group)
                ids = table.column(self._column).cast(pa.string()).to_pylist()
            except (pa.ArrowException, OSError) as error:
                raise DamagedError from error
            yield Part(range(done + 1, done + 1 + len(ids)), ids, table)
            done += len(ids)

    def sink(self, source: BinaryIO, to: BinaryIO) -> _Sink:
        """Return what writes row groups, packed as they were."""
        return _Sink(ParquetFile(source), to)

    def rows(self, part: Part) -> Sequence[Row]:
        """Return all values of each row."""
        said = part.content.to_pylist()
        return [
            (f"row {number}", "\x1f".join(map(str, row.values())))
            for number, row in zip(part.numbers, said, strict=True)
        ]


class _Sink:
    def __init__(self, source: Any, to: BinaryIO) -> None:
        data = source.metadata
        packed = data.row_group(0).column(0).compression if data.num_row_groups else "ZSTD"
        self._writer = ParquetWriter(to, source.schema_arrow, compression=_COMPRESSION.get(packed, packed.lower()))

    def write(self, part: Part, keep: Sequence[bool]) -> None:
        table = part.content if all(keep) else part.content.filter(pa.array(keep, pa.bool_()))
        if table.num_rows:
            self._writer.write_table(table, row_group_size=table.num_rows)

    def finish(self) -> None:
        self._writer.close()
