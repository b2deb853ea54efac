"""JSON lines, as ``recupera export`` and ``GET /v1/export.jsonl`` write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final, Self

from pydantic_core import from_json

from api.privacy.copies.forms import BOM, COLUMNS
from api.privacy.copies.text_lines import Line, TextForm, physical

__all__ = ["JsonLines"]

_FIRST: Final = 200


class JsonLines(TextForm):
    """One JSON object a line."""

    @classmethod
    def of(cls, head: bytes) -> Self | None:
        """Return the form if one of the first lines of a file says which message it is about."""
        if not head.removeprefix(BOM).lstrip().startswith(b"{"):
            return None
        return cls() if any(map(_id_in, head.split(b"\n", _FIRST)[:_FIRST])) else None

    def _lines(self, file: BinaryIO) -> Iterator[Line]:
        for number, raw, whole in physical(file):
            yield Line(number, raw, _id_in(raw) if whole else None)


def _id_in(raw: bytes) -> str | None:
    raw = raw.removeprefix(BOM)
    if not raw.strip():
        return ""
    try:
        found: Any = from_json(raw)
    except ValueError:
        return None
    named = [found[name] for name in COLUMNS if found.get(name) is not None] if isinstance(found, dict) else []
    if not named:
        return None
    return named[0] if isinstance(named[0], str) else ""
