"""Where the classifications go: standard output, or a file that is complete under its name or not there at all."""

from __future__ import annotations

import gzip
import secrets
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from classifier.errors import InputError
from classifier.formats import Format, format_of
from classifier.formats.delimited import DelimitedWriter
from classifier.formats.jsonlines import JsonLinesWriter
from classifier.formats.parquet import ParquetWriter
from classifier.records import BadRecord
from classifier.types import Classification

__all__ = ["WRITERS", "Writer", "check_output", "open_writer"]


class Writer(Protocol):
    """Takes one result after the other."""

    def write(self, result: Classification | BadRecord) -> None:
        """Write a classification, or the error in its place."""

    def close(self) -> None:
        """Write what is held back, and leave the file open."""


def check_output(output: Path, source: Path | None) -> Format:
    """Return the format to write; raise ``InputError`` if the folder is not there or the input would be replaced."""
    if not output.absolute().parent.is_dir():
        raise InputError(f"there is no folder {output.absolute().parent}")
    if output.is_dir():
        raise InputError(f"{output} is a folder: name a file")
    if source is not None and output.exists() and output.samefile(source):
        raise InputError(f"{output} is the input: write to another file")
    return Format.JSONL if output.exists() and not output.is_file() else format_of(output, otherwise="")


@contextmanager
def open_writer(output: Path | None, file_format: Format) -> Iterator[Writer]:
    """Open a file, packed if it ends in ``.gz``, or standard output."""
    with ExitStack() as stack:
        file = sys.stdout.buffer if output is None else stack.enter_context(_replacing(output))
        if output is not None and output.suffix.lower() == ".gz":
            file = stack.enter_context(gzip.GzipFile("", "wb", fileobj=file))
        writer = WRITERS[file_format](file)
        yield writer
        writer.close()


WRITERS: Mapping[Format, Callable[[BinaryIO], Writer]] = {
    Format.JSONL: JsonLinesWriter,
    Format.CSV: DelimitedWriter,
    Format.PARQUET: ParquetWriter,
}
"""What writes each format to an open file."""


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of ``path`` at the end, if all went well.

    What is no regular file, such as a named pipe, is written directly.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        with _created(target, "wb") as file:
            yield file
        return
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with _created(part, "xb") as file:
            yield file
        if target.exists():
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _created(path: Path, mode: Literal["wb", "xb"]) -> BinaryIO:
    """Open for writing; raise ``InputError`` that says why it can't be."""
    try:
        return path.open(mode)
    except OSError as error:
        raise InputError(f"can't write to {path.parent}: {error.strerror}") from None
