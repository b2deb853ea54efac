"""A file that an export wrote, opened: which form it has is told by its content."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from api.privacy.copies.csv_lines import Csv
from api.privacy.copies.forms import BOM, DamagedError, ForeignError, Form, Row
from api.privacy.copies.json_lines import JsonLines

__all__ = ["Copy", "rows_of"]

_HEAD: Final = 1024 * 1024
_PARQUET: Final = b"PAR1"
_SAME: Final = ("st_dev", "st_ino", "st_size", "st_mtime_ns")


@dataclass(frozen=True, slots=True)
class Copy:
    """An open file: where it really is, how it is read, and what it was when it was opened."""

    path: Path
    file: BinaryIO
    form: Form
    status: os.stat_result

    @classmethod
    def open(cls, path: Path, form: Form | None = None) -> Self:
        """Open a file, or what a link leads to, of a form that is known or told by its content.

        Raise ``OSError``, ``ForeignError`` if no export wrote it.
        """
        real = Path(os.path.realpath(path))
        number = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            os.close(number)
            raise ForeignError
        file = os.fdopen(number, "rb")
        try:
            return cls(real, file, form or _form_of(file), status)
        except BaseException:
            file.close()
            raise

    def is_unchanged(self) -> bool:
        """Say whether the file is still there as it was opened."""
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return False
        return all(getattr(now, name) == getattr(self.status, name) for name in _SAME)

    def close(self) -> None:
        """Close it."""
        self.file.close()


def rows_of(path: Path) -> Iterator[Sequence[Row]]:
    """Yield what the lines of a file say; nothing of one that is gone, or can't be read, meanwhile."""
    with suppress(OSError, ForeignError, DamagedError), closing(Copy.open(path)) as copy:
        yield from map(copy.form.rows, copy.form.parts(copy.file))


def _form_of(file: BinaryIO) -> Form:
    head = file.read(_HEAD)
    if head.startswith(_PARQUET):
        from api.privacy.copies.parquet import Parquet  # its library takes 70 MB

        return Parquet.of(file)
    if not head.removeprefix(BOM).strip():
        return JsonLines()
    form = JsonLines.of(head) or Csv.of(head)
    if form is None:
        raise ForeignError
    return form
