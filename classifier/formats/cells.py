"""CSV as rows of cells, each the text that stands there: separated by comma, semicolon or tab, UTF-8 or Windows-1252.

``read_rows`` reads a stream in constant memory, and goes on after a row that can't be read. ``read_cells`` reads a
whole file as a spreadsheet saved it, or refuses it.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, Self

from classifier.errors import InputError
from classifier.formats.lines import MAX_LINE, Stream

__all__ = ["OPENED", "Row", "read_cells", "read_rows"]

OPENED: Final = "a quotation mark is opened here and never closed"
"""What is wrong with a row of which only the cells before that quotation mark can be relied on."""

_DELIMITERS: Final = ("\t", ";", ",")
"""Where a header has one cell, whatever delimits it, the first: messages have commas, and seldom tabs."""

_DECLARED: Final = re.compile(r'sep=([^"\r\n])\r?\n?')
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Row:
    """A row, blank or not, and the line that it begins at; ``fault`` says why it can't be read, if it can't."""

    line: int
    cells: list[str]
    fault: str = ""


def read_rows(
    stream: Stream, warn: Callable[[str], None], *, delimiter: str | None = None, names: Collection[str] = ()
) -> Iterator[Row]:
    """Read row by row; after a quotation mark that is never closed go on at the next line.

    The delimiter is the one that the file declares (``sep=;``), else ``delimiter``, else the one that shows most of
    ``names`` in the header, then most cells. ``warn`` is told once of lines that are read as Windows-1252.
    """
    csv.field_size_limit(MAX_LINE)
    lines = _decoded(stream, warn)
    skipped, head = 0, _head(lines)
    if declared := _DECLARED.fullmatch("".join(head)):  # Excel's own first line
        skipped, head, delimiter = 1, _head(lines), declared[1]
    taken = _Lines(chain(head, lines), skipped)
    header = head[-1] if head else ""
    return _rows(csv.reader(taken, delimiter=delimiter or _fitting(header, names)), taken)


def read_cells(path: Path, delimiter: str | None = None) -> tuple[list[list[str]], bool]:
    """Return the rows of a file, header and blank ones too, and whether its encoding holds every character.

    ``delimiter`` counts where the file declares none. Raise ``InputError`` if the file, or one of its rows, can't be
    read.
    """
    warnings: list[str] = []
    rows = []
    for row in read_rows(Stream(io.BytesIO(_content(path)), str(path)), warnings.append, delimiter=delimiter):
        if row.fault:
            raise InputError(f"{path}, line {row.line}: not valid CSV: {row.fault}")
        rows.append(row.cells)
    return rows, not warnings


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


def _rows(rows: Iterator[list[str]], lines: _Lines) -> Iterator[Row]:
    while True:
        line = lines.begin()
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, [], str(error))
            continue
        if lines.ended:  # within a cell, since a row that is whole asks for no line more
            lines.give_back()
            yield Row(line, cells, OPENED)
        else:
            yield Row(line, cells)


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


def _head(lines: Iterator[str]) -> list[str]:
    """Take lines up to the first that is not blank."""
    head = []
    for line in lines:
        head.append(line)
        if line.strip():
            break
    return head


def _fitting(header: str, names: Collection[str]) -> str:
    """Choose the delimiter that shows the names in the header, then the one that gives most cells."""

    def fitness(delimiter: str) -> tuple[int, int]:
        try:
            cells = [cell.strip() for cell in next(csv.reader([header], delimiter=delimiter), [])]
        except csv.Error:  # said where the header is read
            return 0, 0
        return sum(name in cells for name in names), len(cells)

    return max(_DELIMITERS, key=fitness)


def _content(path: Path) -> bytes:
    """Return what a spreadsheet saved, with the encoding and the line ends that a stream takes."""
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise InputError(f"{path}: save the sheet as CSV (UTF-8) first")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    if content.startswith(_UTF16):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise InputError(f"{path} begins as UTF-16 and is not: save it as CSV (UTF-8)") from None
    return content if b"\n" in content else content.replace(b"\r", b"\n")
