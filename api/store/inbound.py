"""What help desks sent, kept before it is looked at: put, claimed, settled, forgotten.

A row is put once per channel and key, so that what a help desk sends twice is looked at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from api.store import rows
from api.store.database import Connection
from api.store.tables import inbound

__all__ = [
    "InboundKind",
    "InboundRecord",
    "InboundStatus",
    "alike",
    "begin_again",
    "claim",
    "counts",
    "drop_told",
    "forget",
    "get",
    "is_due",
    "page",
    "put",
    "release",
    "settle",
]


class InboundKind(StrEnum):
    """What a help desk tells."""

    MESSAGE = "message"  # a customer wrote
    TAGS = "tags"  # the tags that a conversation has now


class InboundStatus(StrEnum):
    """Where it is."""

    PENDING = "pending"  # to be looked at
    DONE = "done"  # taken in, or nothing to do
    DEAD = "dead"  # failed so often that a person should look


@dataclass(frozen=True, slots=True)
class InboundRecord:
    """One thing that a help desk told; ``content`` is ``None`` once it is done.

    ``alike`` is the same for messages of the same words, ``said_at`` when they were said, ``named`` whether the message
    came with a name of its own; ``None`` where a message always has one.
    """

    id: str
    channel: str
    key: str
    kind: str
    thread_id: str
    content: Mapping[str, Any] | None
    received_at: datetime
    status: str = InboundStatus.PENDING
    attempts: int = 0
    next_at: datetime | None = None
    claimed_by: str | None = None
    finished_at: datetime | None = None
    outcome: str | None = None
    message_id: str | None = None
    alike: str | None = None
    named: bool | None = None
    said_at: datetime | None = None


# Written out, not bound: SQLite uses a partial index only where it sees the condition.
_PENDING: Final = inbound.c.status == sa.literal_column("'pending'")


async def put(connection: Connection, *records: InboundRecord) -> list[bool]:
    """Store what is new; say of each whether it was."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = []
    for record in records:
        statement = dialect.insert(inbound).values(rows.values(record)).on_conflict_do_nothing()
        stored = await connection.execute(statement.returning(inbound.c.id))
        new.append(stored.first() is not None)
    return new


async def get(connection: Connection, name: str) -> InboundRecord | None:
    """Return one thing that a help desk told."""
    return await rows.fetch_one(connection, inbound, InboundRecord, inbound.c.id == name)


async def page(
    connection: Connection, *, channel: str | None, status: InboundStatus | None, before: str | None, limit: int
) -> list[InboundRecord]:
    """Return the newest ``limit`` that came before the one called ``before``, newest first."""
    wanted = ((inbound.c.channel, channel), (inbound.c.status, status))
    where = [column == value for column, value in wanted if value is not None]
    return await rows.page(
        connection, inbound, InboundRecord, [*where, *([inbound.c.id < before] if before else [])], limit
    )


async def begin_again(connection: Connection, name: str, now: datetime) -> bool:
    """Have one that was given up, or waits, looked at now; say whether there was anything left to look at."""
    here = (inbound.c.id == name, inbound.c.status != InboundStatus.DONE, inbound.c.claimed_by.is_(None))
    anew = {"status": InboundStatus.PENDING, "attempts": 0, "next_at": now, "finished_at": None, "outcome": None}
    return bool((await connection.execute(inbound.update().where(*here).values(anew))).rowcount)


async def alike(connection: Connection, channel: str, words: str) -> list[InboundRecord]:
    """Return the messages with these words that came in the last days."""
    where = (inbound.c.channel == channel, inbound.c.alike == words)
    return await rows.fetch(connection, inbound, InboundRecord, *where)


async def is_due(connection: Connection, kind: InboundKind, now: datetime) -> bool:
    """Say whether ``claim`` may find something."""
    return bool((await connection.execute(sa.select(sa.exists().where(*_due(kind, now))))).scalar_one())


async def claim(
    connection: Connection, kind: InboundKind, worker: str, *, now: datetime, until: datetime, limit: int
) -> list[InboundRecord]:
    """Take the oldest that are due, for this worker alone until ``until``.

    One waits for every earlier one of its thread that is not final, so that a thread is read in order. What a process
    left unsettled when it died was no attempt.
    """
    earlier = inbound.alias()
    held = sa.exists().where(
        earlier.c.kind == inbound.c.kind,
        earlier.c.channel == inbound.c.channel,
        earlier.c.thread_id == inbound.c.thread_id,
        earlier.c.status == sa.literal_column("'pending'"),
        earlier.c.next_at > now,
        earlier.c.id < inbound.c.id,
    )
    query = inbound.select().where(*_due(kind, now), ~held).order_by(inbound.c.id).limit(limit)
    found = await connection.execute(query.with_for_update(skip_locked=True))
    records = [InboundRecord(**row) for row in found.mappings()]
    if records:
        taken = inbound.c.id.in_([record.id for record in records])
        unsettled = inbound.c.claimed_by.is_not(None)
        attempts = sa.case((unsettled, inbound.c.attempts), else_=inbound.c.attempts + 1)
        more = {"claimed_by": worker, "next_at": until, "attempts": attempts}
        await connection.execute(inbound.update().where(taken).values(more))
    return [
        replace(record, claimed_by=worker, next_at=until, attempts=record.attempts + (record.claimed_by is None))
        for record in records
    ]


async def settle(connection: Connection, record: InboundRecord, claimed: InboundRecord) -> None:
    """Store what became of a claimed one, unless another worker took it over."""
    names = ("status", "content", "attempts", "next_at", "claimed_by", "finished_at", "outcome", "message_id")
    mine = (
        inbound.c.id == claimed.id,
        _PENDING,
        inbound.c.claimed_by == claimed.claimed_by,
        inbound.c.next_at == claimed.next_at,
    )
    await connection.execute(inbound.update().where(*mine).values({n: getattr(record, n) for n in names}))


async def release(connection: Connection, worker: str, now: datetime) -> None:
    """Give back what a worker claimed and did not finish, as if it had not."""
    mine = (inbound.c.claimed_by == worker, _PENDING)
    before = {"claimed_by": None, "next_at": now, "attempts": inbound.c.attempts - 1}
    await connection.execute(inbound.update().where(*mine).values(before))


async def forget(connection: Connection, before: datetime) -> int:
    """Delete what was done before; return how much. From then on the message's own name alone keeps it single."""
    old = (inbound.c.status == InboundStatus.DONE, inbound.c.finished_at < before)
    return (await connection.execute(inbound.delete().where(*old))).rowcount


async def drop_told(connection: Connection, message_ids: Sequence[str]) -> int:
    """Delete what was told of messages, also by another name; return how much."""
    mine = inbound.c.message_id.in_(message_ids)
    told = sa.select(inbound.c.channel, inbound.c.alike).where(mine, inbound.c.alike.is_not(None)).distinct()
    gone = 0
    for channel, words in (await connection.execute(told)).all():
        same = (inbound.c.channel == channel, inbound.c.alike == words, inbound.c.message_id.is_(None))
        gone += (await connection.execute(inbound.delete().where(*same))).rowcount
    return gone + (await connection.execute(inbound.delete().where(mine))).rowcount


async def counts(connection: Connection) -> dict[str, int]:
    """Return how many there are in each state."""
    query = sa.select(inbound.c.status, sa.func.count().label("number")).group_by(inbound.c.status)
    return {row.status: row.number for row in await connection.execute(query)}


def _due(kind: InboundKind, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (inbound.c.kind == kind, _PENDING, inbound.c.next_at <= now)
