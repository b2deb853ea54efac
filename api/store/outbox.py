"""What must still happen outside, in the order in which it was caused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.store import rows
from api.store.identifiers import new_id
from api.store.records import OutboxKind, OutboxRecord
from api.store.tables import outbox

__all__ = ["add", "entry", "finish", "of_case", "of_message", "pending"]


def entry(kind: OutboxKind, type_: str, data: Mapping[str, Any], at: datetime) -> OutboxRecord:
    """Return an event or a workflow's start, of the message and the case that ``data`` names."""
    return OutboxRecord(new_id(), kind, type_, data.get("message_id"), data.get("case_id"), data, at)


async def add(connection: AsyncConnection, *entries: OutboxRecord) -> None:
    """Put entries in the outbox."""
    await rows.insert(connection, outbox, entries)


async def pending(connection: AsyncConnection, kind: OutboxKind, *, limit: int = 100) -> list[OutboxRecord]:
    """Return the oldest that are not done.

    On PostgreSQL they are locked until the transaction ends, and those that another process holds are left out.
    """
    where = (outbox.c.kind == kind, outbox.c.done_at.is_(None))
    query = outbox.select().where(*where).order_by(outbox.c.id).limit(limit).with_for_update(skip_locked=True)
    return [OutboxRecord(**row) for row in (await connection.execute(query)).mappings()]


async def finish(connection: AsyncConnection, entry_id: str, at: datetime) -> None:
    """Say that it happened."""
    await connection.execute(outbox.update().where(outbox.c.id == entry_id).values(done_at=at))


async def of_message(connection: AsyncConnection, message_id: str) -> list[OutboxRecord]:
    """Return everything that a message caused."""
    return await rows.fetch(connection, outbox, OutboxRecord, outbox.c.message_id == message_id)


async def of_case(connection: AsyncConnection, case_id: str) -> list[OutboxRecord]:
    """Return everything that a case caused."""
    return await rows.fetch(connection, outbox, OutboxRecord, outbox.c.case_id == case_id)
