"""Files as exports write them."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from api.analytics.export import COLUMNS, FORMATS, ColumnKind

__all__ = ["NAMES", "TEXTS", "exported", "name", "row"]

TEXTS: Final = (
    "No llegó, y nadie contesta.",
    'Dijeron "mañana";\r\nllevo tres semanas,\nasí que espero.',
    "Já liguei duas vezes: +55 11 98765-4321",
    "",
)


def name(number: int) -> str:
    """Return an id as the store makes them."""
    return str(uuid.UUID(int=0x019A << 112 | 7 << 76 | 0b10 << 62 | number))


NAMES: Final = tuple(name(number) for number in range(len(TEXTS)))


def row(message_id: str, text: str) -> dict[str, Any]:
    """Return a row of an export, most of it empty."""
    empty: dict[ColumnKind, Any] = {ColumnKind.TEXTS: ["outcome", "procedural"], ColumnKind.FLAG: True}
    cells = {column: empty.get(kind) for column, kind in COLUMNS.items()}
    return {**cells, "message_id": message_id, "text": text, "received_at": datetime(2026, 3, 2, 12, tzinfo=UTC)}


def exported(form: str, *ids: str) -> bytes:
    """Return the file of an export of messages, with row groups of two in Parquet."""
    texts: Iterator[str] = itertools.cycle(TEXTS)
    rows = [row(one, text) for one, text in zip(ids, texts, strict=False)]
    writer = FORMATS[form](group=2) if form == "parquet" else FORMATS[form]()  # type: ignore[call-arg]
    parts = [writer.write(rows[start : start + 2]) for start in range(0, len(rows), 2)]
    return b"".join([*parts, writer.finish()])
