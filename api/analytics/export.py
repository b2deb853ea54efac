"""Messages as CSV, JSON lines or Parquet, a few hundred in memory at a time."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from enum import Enum, auto
from functools import partial
from typing import Any, Final, Protocol

from pydantic_core import to_json

from api.analytics.layout import effective
from api.analytics.phrases import fits
from api.analytics.selection import Selection
from api.store.database import Store
from api.store.exports import export_page
from api.store.samples import is_sample
from classifier.taxonomy import TASKS, TaskKind

__all__ = ["COLUMNS", "FORMATS", "Csv", "JsonLines", "Parquet", "export", "harmless"]

_PAGE: Final = 1000
_GROUP: Final = 16_384


class ColumnKind(Enum):
    """What the cells of a column are."""

    TEXT = auto()
    TEXTS = auto()
    FLAG = auto()
    MOMENT = auto()


_BY_KIND: Final = {TaskKind.FLAG: ColumnKind.FLAG, TaskKind.MULTI: ColumnKind.TEXTS}
COLUMNS: Final[Mapping[str, ColumnKind]] = {
    "message_id": ColumnKind.TEXT,
    "received_at": ColumnKind.MOMENT,
    "channel": ColumnKind.TEXT,
    "external_id": ColumnKind.TEXT,
    "customer_id": ColumnKind.TEXT,
    "country": ColumnKind.TEXT,
    "language": ColumnKind.TEXT,
    "text": ColumnKind.TEXT,
    **{task.id: _BY_KIND.get(task.kind, ColumnKind.TEXT) for task in TASKS},
    "review": ColumnKind.TEXT,
    "corrected": ColumnKind.FLAG,
    "case_id": ColumnKind.TEXT,
    "model": ColumnKind.TEXT,
    "sample": ColumnKind.FLAG,
}
"""The columns of an export, in their order."""

_CUTS: Final = r";,\t-\r\x1c-\x1e\x85\u2028\u2029"
_SKIPPED: Final = rf"{_CUTS}\s\x00-\x1f\x7f\"\xad\u200b-\u200d\u2060\ufeff"
_FORMULA: Final = re.compile(
    rf"(\A[{_SKIPPED}]*+|(?<![{_SKIPPED}])(?>[{_SKIPPED}]*?[{_CUTS}])[{_SKIPPED}]*+)([=+\-@|%＝＋－＠﹢﹣﹦﹫−])"
)
"""What a spreadsheet computes, at the start of a text or where one with another separator would begin a cell."""
_REORDERING: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


class Writer(Protocol):
    """Turns rows into the bytes of a file."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return what some rows add to the file."""

    def finish(self) -> bytes:
        """Return the end of the file."""


async def export(store: Store, selection: Selection, writer: Writer, *, masked: bool) -> AsyncIterator[bytes]:
    """Yield a file with the messages of a selection, oldest first, labels as corrected.

    ``masked``: no customer's nor sender's identifier, and ``<PHONE>`` and the like in the texts. Each page is a
    transaction of its own: what changes meanwhile may be in the file or not.
    """
    wanted, last = selection.filter, None
    while page := await store.look(partial(export_page, wanted=wanted, after=last, limit=_PAGE)):
        last = (page[-1]["received_at"], page[-1]["id"])
        if part := await asyncio.to_thread(_written, page, selection, writer, masked=masked):
            yield part
    yield await asyncio.to_thread(writer.finish)


def _written(page: Sequence[Mapping[str, Any]], selection: Selection, writer: Writer, *, masked: bool) -> bytes:
    rows = (_row(row, selection, masked=masked) for row in page)
    return writer.write([row for row in rows if row is not None])


class Csv:
    """For spreadsheets: what one would compute is marked as text, lists are joined by ``;``.

    All that is there is quoted, so that only nothing is an empty cell. A spreadsheet with another separator than the
    comma still cuts texts (Excel in Spanish and Portuguese does at ``;``): these are marked in the middle too.
    """

    media_type: Final = "text/csv; charset=utf-8"

    def __init__(self) -> None:
        self._header = True

    def write(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return lines, the names of the columns first; a mark says that they are UTF-8, or Excel would guess."""
        lines = [",".join([_quoted(_cell(row[name])) for name in COLUMNS]) for row in rows]
        if self._header:
            lines.insert(0, "\ufeff" + ",".join(COLUMNS))
            self._header = False
        return "".join([f"{line}\r\n" for line in lines]).encode()

    def finish(self) -> bytes:
        """Return nothing, or the header of an empty file."""
        return self.write([]) if self._header else b""


class JsonLines:
    """One JSON object a line."""

    media_type: Final = "application/x-ndjson"

    def write(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return a line a row."""
        return b"".join(to_json(row) + b"\n" for row in rows)

    def finish(self) -> bytes:
        """Return nothing."""
        return b""


class Parquet:
    """Typed columns for analysis."""

    media_type: Final = "application/vnd.apache.parquet"

    def __init__(self, *, group: int = _GROUP) -> None:
        """``group`` rows make a row group: what is in memory at a time."""
        import pyarrow as pa  # 70 MB, for those who ask for this format
        from pyarrow.parquet import ParquetWriter

        types = {
            ColumnKind.TEXT: pa.string(),
            ColumnKind.TEXTS: pa.list_(pa.string()),
            ColumnKind.FLAG: pa.bool_(),
            ColumnKind.MOMENT: pa.timestamp("us", "UTC"),
        }
        self._table = partial(
            pa.Table.from_pylist, schema=pa.schema([(name, types[COLUMNS[name]]) for name in COLUMNS])
        )
        self._group = group
        self._file = _Passing(io.BytesIO())
        self._writer = ParquetWriter(pa.PythonFile(self._file, mode="w"), self._table([]).schema, compression="zstd")
        self._rows: list[Mapping[str, Any]] = []

    def write(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Keep rows until they fill a row group."""
        self._rows += rows
        return self._flushed() if len(self._rows) >= self._group else b""

    def finish(self) -> bytes:
        """Return the last row group and the footer."""
        last = self._flushed() if self._rows else b""
        self._writer.close()
        return last + self._file.taken()

    def _flushed(self) -> bytes:
        self._writer.write_table(self._table(self._rows), row_group_size=len(self._rows))
        self._rows = []
        return self._file.taken()


class _Passing:
    """A file that hands on what is written to it, and knows how much that was."""

    closed = False

    def __init__(self, out: io.BytesIO) -> None:
        self._out = out
        self._written = 0

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        written = self._out.write(data)
        self._written += written
        return written

    def tell(self) -> int:
        """Return how many bytes were written so far."""
        return self._written

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: what was written is still to be taken."""

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        data = self._out.getvalue()
        self._out.seek(0)
        self._out.truncate()
        return data


FORMATS: Final[Mapping[str, type[Csv] | type[JsonLines] | type[Parquet]]] = {
    "csv": Csv,
    "jsonl": JsonLines,
    "parquet": Parquet,
}


def harmless(text: str) -> str:
    """Return a text that no spreadsheet computes and no reader sees in another order than it is written.

    A ``'`` is put before what would be a formula if a cell began there: at the start, and after ``;``, ``,``, a tab or
    the end of a line, with blanks and quotes between or without.
    """
    return _FORMULA.sub(r"\1'\2", _REORDERING.sub("", text))


def _quoted(cell: str | None) -> str:
    return "" if cell is None else '"' + cell.replace('"', '""') + '"'


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, list | tuple):
        return ";".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.isoformat().replace("+00:00", "Z"))


def _row(row: Mapping[str, Any], selection: Selection, *, masked: bool) -> Mapping[str, Any] | None:
    """Return a row of the file, or ``None`` if a correction made the message another one than those wanted."""
    labels = effective(row["labels"], row["corrected"])
    if not fits(selection, row, labels):
        return None
    text = _masked(row["text"], row["personal"]) if masked else row["text"]
    hidden = {"external_id": None, "customer_id": None} if masked else {}
    found = {**row, **labels, **hidden, "message_id": row["id"], "text": text}
    found["corrected"] = row["corrected"] is not None
    found["sample"] = is_sample(row["external_id"], row["customer_id"])
    return {name: found[name] for name in COLUMNS}


def _masked(text: str, personal: Iterable[Mapping[str, Any]]) -> str:
    """Return a text with what was found in it when it came in put as ``<PHONE>`` and the like."""
    for data in sorted(personal, key=lambda data: data["start"], reverse=True):
        text = f"{text[: data['start']]}<{data['kind'].upper()}>{text[data['end'] :]}"
    return text
