"""What was written to help desks, to know it again when it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.store import rows
from api.store.database import Connection
from api.store.tables import writebacks

__all__ = ["WritebackRecord", "begin", "finish", "get", "of_thread", "show"]


@dataclass(frozen=True, slots=True)
class WritebackRecord:
    """``tags`` are those of the message, ``shown`` all of ours that its thread had when it was written.

    Without ``written_at`` it was begun, and may or may not have arrived.
    """

    message_id: str
    channel: str
    thread_id: str
    tags: Sequence[str]
    shown: Sequence[str]
    begun_at: datetime
    written_at: datetime | None = None


async def get(connection: Connection, message_id: str) -> WritebackRecord | None:
    """Return what was written because of a message."""
    return await rows.fetch_one(connection, writebacks, WritebackRecord, writebacks.c.message_id == message_id)


async def of_thread(connection: Connection, channel: str, thread_id: str) -> list[WritebackRecord]:
    """Return what was written to a conversation, the latest message's first."""
    where = (writebacks.c.channel == channel, writebacks.c.thread_id == thread_id)
    return (await rows.fetch(connection, writebacks, WritebackRecord, *where, order="message_id"))[::-1]


async def begin(connection: Connection, record: WritebackRecord) -> None:
    """Store what is about to be written."""
    if await get(connection, record.message_id) is None:
        await rows.insert(connection, writebacks, [record])
    else:
        await _change(connection, record.message_id, shown=list(record.shown), written_at=None)


async def finish(connection: Connection, message_id: str, at: datetime) -> None:
    """Say that it was written."""
    await _change(connection, message_id, written_at=at)


async def show(connection: Connection, message_id: str, shown: Sequence[str]) -> None:
    """Store what a person made of our tags."""
    await _change(connection, message_id, shown=list(shown))


async def _change(connection: Connection, message_id: str, **values: object) -> None:
    await connection.execute(writebacks.update().where(writebacks.c.message_id == message_id).values(values))
