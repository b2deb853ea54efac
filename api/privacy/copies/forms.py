"""What exports write, read again part by part: JSON lines, CSV and Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Protocol

__all__ = ["BOM", "COLUMNS", "MOST", "DamagedError", "ForeignError", "Form", "Part", "Row", "Sink"]

COLUMNS: Final = ("message_id", "id")
"""Where a line says which message it is about; the first of them that is there."""
MOST: Final = 4 * 1024 * 1024
"""Bytes of a line that is still read: a text of the largest size, escaped, has a tenth of it."""
BOM: Final = b"\xef\xbb\xbf"
"""What may stand before a text in UTF-8."""
Row = tuple[str, str]
"""What names a line, and all that it says as a text."""


class ForeignError(Exception):
    """A file that no export wrote."""


class DamagedError(Exception):
    """A file that an export wrote and that can't be read to its end."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of a file: their numbers, from 1, and the messages that they are about.

    An id is ``None`` where a line can't be read, and empty where it is about nobody: a header, an empty line.
    ``content`` is the lines themselves, bytes of each or a table.
    """

    numbers: Sequence[int]
    ids: Sequence[str | None]
    content: Any


class Sink(Protocol):
    """Takes parts for a new file of the same form."""

    def write(self, part: Part, keep: Sequence[bool]) -> None:
        """Write those lines of a part that are kept, as they are."""

    def finish(self) -> None:
        """Write the end of the file."""


class Form(Protocol):
    """How a file is read and written."""

    def parts(self, file: BinaryIO) -> Iterator[Part]:
        """Yield all of a file, a few hundred lines or a row group at a time; raise ``DamagedError``."""

    def sink(self, source: BinaryIO, to: BinaryIO) -> Sink:
        """Return what writes parts of ``source`` to another file."""

    def rows(self, part: Part) -> Sequence[Row]:
        """Return what the lines of a part say."""
