"""What must still happen outside, in the order in which it was caused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.store import rows
from api.store.identifiers import new_id
from api.store.records import OutboxKind, OutboxRecord
from api.store.tables import outbox

__all__ = ["add", "entry", "finish", "finish_all", "keys_of", "of_case", "of_message", "pending"]


def entry(
    kind: OutboxKind, type_: str, data: Mapping[str, Any], at: datetime, *, key: str | None = None
) -> OutboxRecord:
    """Return an event or a workflow's start, of the message and the case that ``data`` names.

    ``key`` is for what must be told once although a step may be done twice: the second time it is refused.
    """
    return OutboxRecord(new_id(), kind, type_, data.get("message_id"), data.get("case_id"), data, at, key=key)


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
    await finish_all(connection, [entry_id], at)


async def finish_all(connection: AsyncConnection, entry_ids: Sequence[str], at: datetime) -> None:
    """Say that they happened."""
    await connection.execute(outbox.update().where(outbox.c.id.in_(entry_ids)).values(done_at=at))


async def keys_of(connection: AsyncConnection, case_id: str) -> set[str]:
    """Return the keys of what the workflow of a case has told."""
    query = sa.select(outbox.c.key).where(outbox.c.case_id == case_id, outbox.c.key.is_not(None))
    return set((await connection.execute(query)).scalars())


async def of_message(connection: AsyncConnection, message_id: str) -> list[OutboxRecord]:
    """Return everything that a message caused."""
    return await rows.fetch(connection, outbox, OutboxRecord, outbox.c.message_id == message_id)


async def of_case(connection: AsyncConnection, case_id: str) -> list[OutboxRecord]:
    """Return everything that a case caused."""
    return await rows.fetch(connection, outbox, OutboxRecord, outbox.c.case_id == case_id)
