"""What must still happen outside, in the order in which it was caused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.store import rows
from api.store.identifiers import new_id
from api.store.records import EventType, OutboxKind, OutboxRecord
from api.store.tables import outbox

__all__ = [
    "add",
    "entries",
    "entry",
    "event",
    "finish_all",
    "keys_of",
    "of_case",
    "of_message",
    "pending",
    "pending_ids",
]


def _oldest(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Return the query for the oldest entries of a kind that are not done, locked."""
    query = sa.select(*columns).where(outbox.c.kind == sa.bindparam("only"), outbox.c.done_at.is_(None))
    limited = query.order_by(outbox.c.id).limit(sa.bindparam("most", type_=sa.Integer))
    return limited.with_for_update(skip_locked=True)


_PENDING: Final = _oldest(*outbox.c)
_PENDING_IDS: Final = _oldest(outbox.c.id)
_ENTRIES: Final = outbox.select().where(outbox.c.id.in_(sa.bindparam("wanted", expanding=True))).order_by(outbox.c.id)
_FINISH: Final = outbox.update().where(outbox.c.id.in_(sa.bindparam("finished", expanding=True)))
_KEYS: Final = sa.select(outbox.c.key).where(outbox.c.case_id == sa.bindparam("case"), outbox.c.key.is_not(None))


def event(type_: EventType, data: Mapping[str, Any], at: datetime, *, key: str | None = None) -> OutboxRecord:
    """Return an event, of the message and the case that ``data`` names.

    ``key`` is for what must be told once although a step may be done twice: the second time it is refused.
    """
    return entry(OutboxKind.EVENT, type_, data, at, key=key)


def entry(
    kind: OutboxKind, type_: str, data: Mapping[str, Any], at: datetime, *, key: str | None = None
) -> OutboxRecord:
    """Return an entry of a kind: ``event`` as it says, or a change that a workflow looks at."""
    return OutboxRecord(new_id(), kind, type_, data.get("message_id"), data.get("case_id"), data, at, key=key)


async def add(connection: AsyncConnection, *entries: OutboxRecord) -> None:
    """Put entries in the outbox."""
    await rows.insert(connection, outbox, entries)


async def pending(connection: AsyncConnection, kind: OutboxKind, *, limit: int = 100) -> list[OutboxRecord]:
    """Return the oldest that are not done.

    On PostgreSQL they are locked until the transaction ends, and those that another process holds are left out.
    """
    found = await connection.execute(_PENDING, {"only": kind, "most": limit})
    return [OutboxRecord(**row) for row in found.mappings()]


async def pending_ids(connection: AsyncConnection, kind: OutboxKind, *, limit: int) -> list[str]:
    """Return the ids of what ``pending`` would return, and lock it alike."""
    return list((await connection.execute(_PENDING_IDS, {"only": kind, "most": limit})).scalars())


async def entries(connection: AsyncConnection, ids: Sequence[str]) -> list[OutboxRecord]:
    """Return entries by their ids, oldest first."""
    return [OutboxRecord(**row) for row in (await connection.execute(_ENTRIES, {"wanted": ids})).mappings()]


async def finish_all(connection: AsyncConnection, entry_ids: Sequence[str], at: datetime) -> None:
    """Say that they happened."""
    await connection.execute(_FINISH, {"finished": entry_ids, "done_at": at})


async def keys_of(connection: AsyncConnection, case_id: str) -> set[str]:
    """Return the keys of what the workflow of a case has told."""
    return set((await connection.execute(_KEYS, {"case": case_id})).scalars())


async def of_message(connection: AsyncConnection, message_id: str) -> list[OutboxRecord]:
    """Return everything that a message caused."""
    return await rows.fetch(connection, outbox, OutboxRecord, outbox.c.message_id == message_id)


async def of_case(connection: AsyncConnection, case_id: str) -> list[OutboxRecord]:
    """Return everything that a case caused."""
    return await rows.fetch(connection, outbox, OutboxRecord, outbox.c.case_id == case_id)
