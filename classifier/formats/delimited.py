"""CSV: a record a row under a header, and a classification a row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Final

from classifier.errors import InputError
from classifier.formats.cells import OPENED, Row, read_rows
from classifier.formats.flat import FIELDS, Cell, flatten
from classifier.formats.lines import Stream
from classifier.records import BadRecord, Columns, Record, make_record
from classifier.types import Classification

__all__ = ["DelimitedWriter", "read"]

_GOES_ON: Final = "the lines after it are read without it"
_ENDS: Final = "nothing after it is read"
_MOST_OPENED: Final = 100
"""Quotation marks never closed after which a file is given up: each costs one reading of all that follows."""

_COLUMN: Final = re.compile(r"[^\W\d]\w*(?:[ ./-]\w+){0,2}")
_FORMULA: Final = re.compile(r"[=@\t\r]|[+-](?![\d ().-]*$)")


def read(stream: Stream, columns: Columns, warn: Callable[[str], None]) -> Iterator[Record | BadRecord]:
    """Read one record a row under a header; raise ``InputError`` if a column that is needed is not there."""
    rows = read_rows(stream, warn, names=columns.names)
    header = _header(rows, stream.name)
    if header:
        _check_header(header, columns, stream.name)
        yield from _records(rows, header, columns)


def _records(rows: Iterator[Row], header: Sequence[str], columns: Columns) -> Iterator[Record | BadRecord]:
    """Read the rows after the header, each named by the line that it begins at."""
    places = {name: header.index(name) for name in columns.names if name in header}
    opened = 0
    for row in rows:
        line, cells = row.line, row.cells
        if row.fault == OPENED:
            opened += 1
            if opened > _MOST_OPENED:
                yield BadRecord(line, _id(cells, places, columns), f"{OPENED}, like others before; {_ENDS}")
                return
            yield BadRecord(line, _id(cells, places, columns), f"{OPENED}; {_GOES_ON}")
        elif row.fault:
            yield BadRecord(line, None, f"not valid CSV: {row.fault}")
        elif cells and len(cells) != len(header):
            reason = f"the row has {len(cells)} cells, the header {len(header)}"
            yield BadRecord(line, _id(cells, places, columns), reason)
        elif cells:
            yield make_record(line, {name: cells[place] for name, place in places.items()}, columns)


def _id(cells: Sequence[str], places: dict[str, int], columns: Columns) -> str | None:
    """Return the id of a row of the wrong length, if it is the first cell and so sure to be one."""
    return cells[0] or None if places.get(columns.names[0]) == 0 else None


def _header(rows: Iterator[Row], name: str) -> list[str]:
    """Read the first row that is not blank; empty if there is none."""
    for row in rows:
        if row.fault:
            raise InputError(f"{name} is not valid CSV: {row.fault}")
        if row.cells:
            return [cell.strip() for cell in row.cells]
    return []


def _check_header(header: Sequence[str], columns: Columns, name: str) -> None:
    """Raise ``InputError`` that names the columns there are."""
    for column in columns.needed:
        if column not in header:
            raise InputError(
                f"{name} has no column {column!r}; it has {_named(header)}. Choose with --text-column, "
                "--id-column; the first line must be the header"
            )


def _named(header: Sequence[str]) -> str:
    """List the cells that look like names of columns: in a file without a header they are what a customer wrote."""
    names = [repr(cell) for cell in header[:20] if _COLUMN.fullmatch(cell)]
    other = len(header) - len(names)
    return ", ".join([*names, *([f"{other} that can't be told"] if other else [])])


class DelimitedWriter:
    """Writes one row a message, nested values flattened."""

    def __init__(self, file: BinaryIO, *, header: bool = True) -> None:
        self._file = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="", write_through=True)
        self._rows = csv.writer(self._file)
        if header:
            self._rows.writerow(field.name for field in FIELDS)

    def write(self, result: Classification | BadRecord) -> None:
        """Write a classification, or the error in its place."""
        row = flatten(result)
        self._rows.writerow(_cell(row[field.name]) for field in FIELDS)

    def close(self) -> None:
        """Write what is held back, and leave the file open."""
        self._file.detach()


def _cell(value: Cell) -> str | float:
    """Write truth as JSON does, nothing for nothing, and no text that a spreadsheet would run as a formula.

    OWASP, "CSV Injection": an apostrophe before it; numbers stay what they are.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return "" if value is None else value
