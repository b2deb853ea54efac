"""A table as spreadsheets save it: each cell the text that stands there, whatever the separator and the encoding."""

from __future__ import annotations

import csv
import io
import re
from itertools import chain
from pathlib import Path
from typing import Final

from classifier.errors import InputError
from classifier.formats.lines import MAX_LINE

__all__ = ["SEPARATORS", "read_cells"]

SEPARATORS: Final = (";", ",", "\t")
"""What stands between cells, that of spreadsheets in Spanish and Portuguese first."""

_END: Final = "end"


def read_cells(path: Path, separator: str | None = None) -> tuple[list[list[str]], bool]:
    """Return the rows, header and blank ones too, and whether the encoding of the file holds every character.

    The separator is the one that the file declares (``sep=;``), else ``separator``, else the one that the header has
    most of. Raise ``InputError`` if the file can't be read or is no CSV.
    """
    content, is_unicode = _decoded(path)
    declared = re.match(r"sep=(.)\r?\n", content)
    content = content[declared.end() :] if declared else content
    between = declared[1] if declared else separator or max(SEPARATORS, key=content.partition("\n")[0].count)
    csv.field_size_limit(MAX_LINE)
    try:
        rows = list(csv.reader(chain(io.StringIO(content, newline=""), [_END]), delimiter=between))
    except csv.Error as error:
        raise InputError(f"{path}: not valid CSV: {error}") from None
    if rows.pop() != [_END]:
        raise InputError(f"{path}: not valid CSV: a quotation mark is opened and never closed")
    return rows, is_unicode


def _decoded(path: Path) -> tuple[str, bool]:
    """Return the text of a file that a spreadsheet saved, and whether its encoding holds every character."""
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise InputError(f"{path}: save the sheet as CSV (UTF-8) first")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    try:
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"), True
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), False
