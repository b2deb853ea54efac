"""CSV: separated by comma, semicolon or tab; UTF-8, with Windows-1252 understood."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import BinaryIO, Final, Self

from classifier.errors import InputError
from classifier.formats.flat import FIELDS, Cell, flatten
from classifier.formats.lines import MAX_LINE, Stream
from classifier.records import BadRecord, Columns, Record, make_record
from classifier.types import Classification

__all__ = ["DelimitedWriter", "read"]

_DELIMITERS: Final = (",", ";", "\t")
_OPENED: Final = "a quotation mark is opened here and never closed"
_MOST_OPENED: Final = 100
"""Quotation marks never closed after which a file is given up: each costs one reading of all that follows."""

_COLUMN: Final = re.compile(r"[^\W\d]\w*(?:[ ./-]\w+){0,2}")
_FORMULA: Final = re.compile(r"[=@\t\r]|[+-](?![\d ().-]*$)")


def read(stream: Stream, columns: Columns, warn: Callable[[str], None]) -> Iterator[Record | BadRecord]:
    """Read one record a row under a header; raise ``InputError`` if a column that is needed is not there."""
    csv.field_size_limit(MAX_LINE)
    lines = _decoded(stream, warn)
    first = next(lines, "")
    skipped, delimiter = 0, _declared(first)
    if delimiter:  # Excel's own first line, "sep=;"
        skipped, first = 1, next(lines, "")
    taken = _Lines(chain([first], lines), skipped)
    rows = csv.reader(taken, delimiter=delimiter or _sniff(first, columns))
    header = _header(rows, stream.name)
    if header:
        _check_header(header, columns, stream.name)
        yield from _records(rows, taken, header, columns)


class _Lines:
    """The lines of a file, those of the row under way kept, so that they can be read once more."""

    def __init__(self, lines: Iterator[str], before: int) -> None:
        self._lines = lines
        self._before = before
        self._row: list[str] = []
        self._again: deque[str] = deque()
        self.ended = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            try:
                line = next(self._lines)
            except StopIteration:
                self.ended = True
                raise
        self._row.append(line)
        return line

    def begin(self) -> int:
        """Begin a row; return the number of its first line."""
        self._before += len(self._row)
        self._row.clear()
        return self._before + 1

    def give_back(self) -> None:
        """Have all lines of the row but its first read once more."""
        self._again.extendleft(reversed(self._row[1:]))
        del self._row[1:]
        self.ended = False


def _records(
    rows: Iterator[list[str]], lines: _Lines, header: Sequence[str], columns: Columns
) -> Iterator[Record | BadRecord]:
    """Read the rows after the header, each named by the line that it begins at."""
    places = {name: header.index(name) for name in columns.names if name in header}
    opened = 0
    while True:
        line = lines.begin()
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRecord(line, None, f"not valid CSV: {error}")
            continue
        if lines.ended:  # within a cell, since a row that is whole asks for no line more
            name, opened = _id(row, places, columns), opened + 1
            if opened > _MOST_OPENED:
                yield BadRecord(line, name, f"{_OPENED}, like others before; nothing after it is read")
                return
            lines.give_back()
            yield BadRecord(line, name, f"{_OPENED}; the lines after it are read without it")
        elif row and len(row) != len(header):
            yield BadRecord(line, _id(row, places, columns), f"the row has {len(row)} cells, the header {len(header)}")
        elif row:
            yield make_record(line, {name: row[place] for name, place in places.items()}, columns)


def _id(row: Sequence[str], places: dict[str, int], columns: Columns) -> str | None:
    """Return the id of a row of the wrong length, if it is the first cell and so sure to be one."""
    return row[0] or None if places.get(columns.names[0]) == 0 else None


def _decoded(stream: Stream, warn: Callable[[str], None]) -> Iterator[str]:
    """Decode line by line: UTF-8, else Windows-1252, of which ``warn`` is told once."""
    told = False
    for line in stream.lines():
        try:
            yield line.content.decode("utf-8")
        except UnicodeDecodeError:
            if not told:
                warn(f"{stream.name}: line {line.number} is not UTF-8; such lines are read as Windows-1252")
            told = True
            yield line.content.decode("cp1252", "replace")


def _declared(line: str) -> str | None:
    """Return the delimiter of a first line such as ``sep=;``."""
    found = line.strip("\r\n").removeprefix("sep=")
    return found if len(found) == 1 and found in _DELIMITERS and line.startswith("sep=") else None


def _sniff(line: str, columns: Columns) -> str:
    """Choose the delimiter that shows the needed columns in the header, then the one that gives most cells."""

    def fitness(delimiter: str) -> tuple[int, int]:
        try:
            names = _names(next(csv.reader([line], delimiter=delimiter), []))
        except csv.Error:  # said where the header is read
            return 0, 0
        return sum(name in names for name in columns.names), len(names)

    return max(_DELIMITERS, key=fitness)


def _header(rows: Iterator[list[str]], name: str) -> list[str]:
    """Read the first row that is not blank; empty if there is none."""
    try:
        return next((_names(row) for row in rows if row), [])
    except csv.Error as error:
        raise InputError(f"{name} is not valid CSV: {error}") from None


def _names(row: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in row]


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
