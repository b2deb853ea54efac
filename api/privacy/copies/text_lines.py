"""Lines of a text file, byte for byte."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import BinaryIO, Final

from api.privacy.copies.forms import MOST, Part, Row

__all__ = ["Line", "Physical", "TextForm", "physical"]

_LINES: Final = 500
Physical = tuple[int, bytes, bool]
"""The number of a line, its bytes, and whether that is all of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """What stands between two ends of lines, in CSV perhaps over several; ``id`` as in ``Part``."""

    number: int
    raw: bytes
    id: str | None


class TextForm(ABC):
    """A text, line by line."""

    def parts(self, file: BinaryIO) -> Iterator[Part]:
        """Yield a few hundred lines at a time."""
        file.seek(0)
        some: list[Line] = []
        size = 0
        for line in self._lines(file):
            some.append(line)
            size += len(line.raw)
            if len(some) >= _LINES or size >= MOST:
                yield _part(some)
                some, size = [], 0
        if some:
            yield _part(some)

    def sink(self, source: BinaryIO, to: BinaryIO) -> _Sink:
        """Return what writes the bytes of lines."""
        return _Sink(to)

    def rows(self, part: Part) -> Sequence[Row]:
        """Return the text of each line."""
        return [
            (f"line {number}", self._text(raw.decode("utf-8", "replace")))
            for number, raw in zip(part.numbers, part.content, strict=True)
        ]

    @abstractmethod
    def _lines(self, file: BinaryIO) -> Iterator[Line]:
        """Yield all lines; their bytes one after the other are the file."""

    def _text(self, written: str) -> str:
        """Return what a line says."""
        return written


class _Sink:
    def __init__(self, to: BinaryIO) -> None:
        self._to = to

    def write(self, part: Part, keep: Sequence[bool]) -> None:
        self._to.writelines(compress(part.content, keep))

    def finish(self) -> None:
        """Do nothing: a text has no end of its own."""


def physical(file: BinaryIO) -> Iterator[Physical]:
    """Yield the lines of a file; one that is too long comes in pieces of the same number."""
    number, begun = 0, False
    while raw := file.readline(MOST):
        number += not begun
        goes_on = len(raw) == MOST and not raw.endswith(b"\n")
        yield number, raw, not begun and not goes_on
        begun = goes_on


def _part(lines: Sequence[Line]) -> Part:
    return Part([line.number for line in lines], [line.id for line in lines], [line.raw for line in lines])
