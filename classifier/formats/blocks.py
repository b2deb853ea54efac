"""Results as blocks of bytes that are appended to a file: whatever stands before a block's end is complete.

JSON Lines and CSV are the blocks one after the other, packed a gzip member each. Parquet has its table of contents at
the end and can't be appended to: its blocks are small files of their own, joined at the end.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from classifier.formats import Format
from classifier.formats.delimited import DelimitedWriter
from classifier.formats.jsonlines import JsonLinesWriter
from classifier.formats.parquet import ParquetWriter
from classifier.records import BadRecord
from classifier.types import Classification

__all__ = ["encode", "join_tables"]

_ROWS_OF_A_GROUP: Final = 16_384


def encode(
    results: Sequence[Classification | BadRecord], file_format: Format, *, first: bool, packed: bool = False
) -> bytes:
    """Return one block; the same results give the same bytes. The first one of CSV has the header."""
    file = io.BytesIO()
    writer: DelimitedWriter | JsonLinesWriter | ParquetWriter
    if file_format is Format.CSV:
        writer = DelimitedWriter(file, header=first)
    else:
        writer = JsonLinesWriter(file) if file_format is Format.JSONL else ParquetWriter(file)
    for result in results:
        writer.write(result)
    writer.close()
    content = file.getvalue()
    return gzip.compress(content, mtime=0) if packed else content


def join_tables(blocks: Path, ends: Iterable[int], output: BinaryIO) -> None:
    """Write the Parquet blocks of a file, each up to its end, as one table; a group of rows at a time in memory."""
    writer: pq.ParquetWriter | None = None
    for table in _groups(_tables(blocks, ends)):
        if writer is None:
            writer = pq.ParquetWriter(output, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=table.num_rows)
    if writer is not None:
        writer.close()


def _tables(blocks: Path, ends: Iterable[int]) -> Iterator[Any]:
    start = 0
    with blocks.open("rb") as file:
        for end in ends:
            yield pq.read_table(pa.BufferReader(file.read(end - start)))
            start = end


def _groups(tables: Iterable[Any]) -> Iterator[Any]:
    """Join neighbours until they have the rows of a group."""
    held: list[Any] = []
    for table in tables:
        held.append(table)
        if sum(each.num_rows for each in held) >= _ROWS_OF_A_GROUP:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)
