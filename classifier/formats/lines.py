"""A byte stream as numbered lines, in constant memory however long a line is."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from classifier.errors import InputError

__all__ = ["MAX_LINE", "Line", "Stream"]

MAX_LINE: Final = 16 * 1024 * 1024
"""Longest line that is read whole, in bytes."""

_PIECE: Final = 64 * 1024
_GZIP: Final = b"\x1f\x8b"
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its end. ``cut`` tells that it was longer than ``MAX_LINE`` and the rest was passed over."""

    number: int
    content: bytes
    cut: bool = False


class Stream:
    """A file or a pipe, unpacked if it is gzip, without its byte order mark."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Look at the first bytes; raise ``InputError`` for UTF-16."""
        self.name = name
        self._raw = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # type: ignore[arg-type, type-var, unused-ignore]
        self._size = _size(file)
        packed = self._raw.peek(2)[:2] == _GZIP
        self._file = io.BufferedReader(gzip.GzipFile(fileobj=self._raw)) if packed else self._raw  # type: ignore[arg-type, type-var, unused-ignore]

    def fraction(self) -> float | None:
        """Return how much was read, 0 to 1; ``None`` for a pipe."""
        return min(self._raw.tell() / self._size, 1.0) if self._size else None

    def lines(self) -> Iterator[Line]:
        """Read line by line; raise ``InputError`` where the packing is damaged or the encoding is UTF-16."""
        try:
            yield from self._lines()
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise InputError(f"{self.name} is damaged: its gzip stream ends early or is broken") from None

    def _lines(self) -> Iterator[Line]:
        start = self._file.peek(3)[:3]
        if start[:2] in _UTF16_MARKS:
            raise InputError(f"{self.name} is UTF-16: save it as UTF-8")
        if start == _UTF8_MARK:
            self._file.read(3)
        number = 0
        while content := self._file.readline(MAX_LINE):
            number += 1
            cut = len(content) == MAX_LINE and not content.endswith(b"\n") and self._pass_over()
            yield Line(number, content, cut)

    def _pass_over(self) -> bool:
        """Read on to the end of an overlong line; tell whether there was any more of it."""
        dropped = False
        while rest := self._file.readline(_PIECE):
            dropped = dropped or rest.strip(b"\r\n") != b""
            if rest.endswith(b"\n"):
                break
        return dropped


def _size(file: BinaryIO) -> int | None:
    """Return the size of a regular file."""
    try:
        return os.fstat(file.fileno()).st_size
    except (OSError, AttributeError):
        return None
