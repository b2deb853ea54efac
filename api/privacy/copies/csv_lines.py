"""CSV, as ``GET /v1/export.csv`` writes it and as spreadsheets save it again: with ``,``, ``;`` or a tab between."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, Final, Self

from api.privacy.copies.forms import BOM, COLUMNS, MOST
from api.privacy.copies.text_lines import Line, Physical, TextForm, physical

__all__ = ["Csv"]

_SEPARATORS: Final = (",", ";", "\t")


class Csv(TextForm):
    """A header and a record a line, or over several where a text in quotation marks has several.

    A record that has not as many cells as the header can't be read: its first line is left, and reading goes on at the
    next one.
    """

    def __init__(self, separator: str, column: int, width: int) -> None:
        self._separator = separator
        self._column = column
        self._width = width

    @classmethod
    def of(cls, head: bytes) -> Self | None:
        """Return the form if the header of a file has a column that says which message a record is about."""
        first = head.removeprefix(BOM).partition(b"\n")[0]
        for name in COLUMNS:
            for separator in _SEPARATORS:
                cells = _cells(first, separator) or []
                if name in cells:
                    return cls(separator, cells.index(name), len(cells))
        return None

    def _lines(self, file: BinaryIO) -> Iterator[Line]:
        coming = physical(file)
        again: deque[Physical] = deque()
        while taken := _record(again, coming):
            number, raw = taken[0][0], b"".join(raw for _, raw, _ in taken)
            name = "" if number == 1 else self._id_in(taken, raw)
            if name is None:
                again.extendleft(reversed(taken[1:]))
                raw = taken[0][1]
            yield Line(number, raw, name)

    def _id_in(self, taken: list[Physical], raw: bytes) -> str | None:
        if not all(whole for _, _, whole in taken):
            return None
        if not raw.strip():
            return ""
        cells = _cells(raw, self._separator)
        return None if cells is None or len(cells) != self._width else cells[self._column].strip()

    def _text(self, written: str) -> str:
        return written.replace('""', '"')


def _record(again: deque[Physical], coming: Iterator[Physical]) -> list[Physical]:
    """Return the next lines up to one with which all quotation marks are closed; what is never closed ends too."""
    taken: list[Physical] = []
    quotes = size = 0
    while (line := again.popleft() if again else next(coming, None)) is not None:
        taken.append(line)
        quotes += line[1].count(b'"')
        size += len(line[1])
        if quotes % 2 == 0 or size > MOST:
            break
    return taken


def _cells(raw: bytes, separator: str) -> list[str] | None:
    """Return the cells of a record, a character a byte: whatever the encoding, ids are in the part that all share."""
    try:
        found = list(csv.reader([raw.rstrip(b"\r\n").decode("latin-1")], delimiter=separator, strict=True))
    except csv.Error:
        return None
    return found[0] if len(found) == 1 else None
