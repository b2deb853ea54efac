"""Records in and classifications out, one at a time: JSON Lines, CSV and Parquet, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from classifier.errors import InputError
from classifier.formats import delimited, jsonlines
from classifier.formats.lines import Stream
from classifier.records import BadRecord, Columns, Record

__all__ = ["Format", "Reading", "format_of", "open_records"]


class Format(StrEnum):
    """A file format."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


_ENDINGS: Final = {
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".parquet": Format.PARQUET,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """An open input: its records, and how much of it has been read (0 to 1; ``None`` where its end is unknown)."""

    records: Iterator[Record | BadRecord]
    fraction: Callable[[], float | None]


def format_of(path: Path, otherwise: str = ", or --format") -> Format:
    """Tell the format by the file's ending; raise ``InputError`` for an unknown one, that ends in ``otherwise``."""
    suffixes = path.suffixes[-2:] if path.suffix.lower() == ".gz" else path.suffixes[-1:]
    found = _ENDINGS.get(suffixes[0].lower()) if suffixes else None
    if found is None or (found is Format.PARQUET and len(suffixes) > 1):
        raise InputError(f"can't tell the format of {path} by its ending: use .jsonl, .csv or .parquet{otherwise}")
    return found


@contextmanager
def open_records(
    source: Path | BinaryIO,
    file_format: Format,
    columns: Columns,
    *,
    name: str = "standard input",
    warn: Callable[[str], None] = lambda _: None,
) -> Iterator[Reading]:
    """Open a file, or a byte stream that errors call by ``name``, and read its records.

    ``warn`` is told what was read differently than it stands there. Raise ``InputError``, here or while reading,
    where the input as a whole can't be read.
    """
    name = str(source) if isinstance(source, Path) else name
    if file_format is Format.PARQUET:
        from classifier.formats.parquet import open_table  # 70 MB, for those who read this format

        with _opened(source, name) as file, open_table(file, name) as table:
            yield Reading(table.records(columns), table.fraction)
        return
    with _opened(source, name) as file:
        stream = Stream(file, name)
        read = jsonlines.read if file_format is Format.JSONL else delimited.read
        yield Reading(read(stream, columns, warn), stream.fraction)


@contextmanager
def _opened(source: Path | BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Open a path; leave a stream as it is."""
    if not isinstance(source, Path):
        yield source
        return
    try:
        file = source.open("rb")
    except FileNotFoundError:
        raise InputError(f"there is no file {name}") from None
    except OSError as error:
        raise InputError(f"can't open {name}: {error.strerror}") from None
    with file:
        yield file
