"""Files that exports wrote: where they are, and which of the messages in them were erased since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from api.store import rows
from api.store.database import Connection
from api.store.tables import exports, messages

__all__ = ["ExportRecord", "begin", "every", "finish", "forget", "known_and_erased"]


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """A file that a command wrote, on the machine called ``host``, or began to: then ``rows`` is ``None``."""

    id: str
    host: str
    path: str
    at: datetime
    rows: int | None
    masked: bool
    made_by: str


async def begin(connection: Connection, record: ExportRecord) -> None:
    """Remember a file that is about to be written, in the place of what was remembered of that path."""
    same = (exports.c.host == record.host, exports.c.path == record.path)
    await connection.execute(exports.delete().where(*same))
    await rows.insert(connection, exports, [record])


async def finish(connection: Connection, export_id: str, count: int) -> None:
    """Remember that a file is complete, and how many lines it has."""
    await connection.execute(exports.update().where(exports.c.id == export_id).values(rows=count))


async def forget(connection: Connection, export_id: str) -> None:
    """Forget a file that never came to be."""
    await connection.execute(exports.delete().where(exports.c.id == export_id))


async def every(connection: Connection) -> list[ExportRecord]:
    """Return all files that are remembered, the oldest first."""
    return await rows.fetch(connection, exports, ExportRecord)


async def known_and_erased(connection: Connection, ids: Sequence[str]) -> tuple[int, frozenset[str]]:
    """Return how many of some messages are stored here, and those of them that were erased."""
    if not ids:
        return 0, frozenset()
    query = sa.select(messages.c.id, messages.c.erased_at).where(messages.c.id.in_(ids))
    found = (await connection.execute(query)).all()
    return len(found), frozenset(name for name, erased in found if erased is not None)
