"""The events of the outbox as they come, for those who watch."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from api.store.database import Connection
from api.store.records import OutboxKind, OutboxRecord
from api.store.tables import outbox

__all__ = ["told_after"]

_COLUMNS = tuple(outbox.c[name] for name in OutboxRecord.__slots__)


async def told_after(connection: Connection, event_id: str, types: Sequence[str], *, limit: int) -> list[OutboxRecord]:
    """Return the events made after the one called ``event_id``, oldest first."""
    query = sa.select(*_COLUMNS).where(outbox.c.id > event_id, outbox.c.kind == OutboxKind.EVENT)
    query = query.where(outbox.c.type.in_(types)).order_by(outbox.c.id).limit(limit)
    return [OutboxRecord(**row) for row in (await connection.execute(query)).mappings()]
