"""One record of an input: read and checked, or refused with the reason.

``classifier.formats`` finds the raw values in JSON Lines, CSV and Parquet; here they become a ``Record`` that can be
classified, or a ``BadRecord``. No reason ever repeats the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from classifier.errors import RecordError
from classifier.limits import check_length
from classifier.taxonomy import LANGUAGES

__all__ = ["BadRecord", "Columns", "Record", "language_code", "make_record"]

_LANGUAGE_TAG: Final = re.compile(r"([a-z]{2})(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE | re.ASCII)
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Record:
    """A message to classify. ``line`` counts from 1: lines of JSON Lines and CSV, rows of Parquet."""

    line: int
    id: str
    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that can't be classified, and why."""

    line: int
    id: str | None
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a record's values stand.

    ``None`` means that the user named none: then ``id`` and ``language`` are taken where the input has them.
    """

    id: str | None = None
    text: str | None = None
    language: str | None = None

    @property
    def names(self) -> tuple[str, str, str]:
        """Names of the columns with the id, the text and the language."""
        return self.id or "id", self.text or "text", self.language or "language"

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that a table must have: the text, and those that the user named."""
        named = (self.id, self.text or "text", self.language)
        return tuple(name for name in named if name)

    @classmethod
    def of(cls, *, id: str | None, text: str | None, language: str | None) -> Self:  # noqa: A002 - the column's name
        """Take the options of the command line; an empty one counts as not given."""
        return cls(id or None, text or None, language or None)


def language_code(value: object) -> str | None:
    """Return ``es``, ``pt`` or ``None`` for a given language; regions such as ``pt-BR`` are let go.

    Raise ``RecordError`` for any other.
    """
    if value is None or value == "":
        return None
    tag = _LANGUAGE_TAG.fullmatch(value.strip()) if isinstance(value, str) else None
    code = tag[1].lower() if tag else None
    if code not in LANGUAGES:
        raise RecordError(f"language must be one of {', '.join(LANGUAGES)}, or left out")
    return code


def make_record(line: int, values: Mapping[str, Any], columns: Columns) -> Record | BadRecord:
    """Check the raw values of one record; where there is no id, the line number is it."""
    id_name, text_name, language_name = columns.names
    name: str | None = None
    try:
        name = _id(values.get(id_name))
        text = _text(values.get(text_name, _MISSING), text_name)
        language = language_code(values.get(language_name))
    except RecordError as error:
        return BadRecord(line, name, str(error))
    return Record(line, name or str(line), text, language)


def _id(value: object) -> str | None:
    """Return the id as text; ``None`` where it is missing or empty."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RecordError("id must be a string or a number")
    return str(value)


def _text(value: object, name: str) -> str:
    """Return the text if it is one, and not too long."""
    if value is _MISSING:
        raise RecordError(f"there is no {name!r}")
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RecordError(f"{name!r} is not UTF-8 (byte {error.start})") from None
    if not isinstance(value, str):
        raise RecordError(f"{name!r} must be a string, not {_KIND.get(type(value), type(value).__name__)}")
    check_length(value)
    return value


_KIND: Final = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
