"""An agent changed a tag that we wrote: it becomes feedback on the message it was written for.

A help desk also tells of our own writes, twice, late, and in any order. So what it tells is only a reason to look:
what counts are the tags that the conversation has when we look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from api.channels.desk import DeskError
from api.channels.email.tagging import known_tags
from api.channels.hearing import being_written, hear
from api.channels.writeback import Desks
from api.store import writebacks
from api.store.database import Connection, Store
from api.store.inbound import InboundRecord

__all__ = ["Corrections"]

_LOOK_SECONDS: Final = 15.0


class Corrections:
    """Compares the tags of conversations with those that were written to them."""

    def __init__(self, store: Store, desks: Desks) -> None:
        self._store = store
        self._desks = desks

    async def take(self, seen: InboundRecord) -> tuple[str, str | None]:
        """Return what came of it, and the message that was corrected.

        Raise ``DeskError`` to be tried again, ``PacedError`` if the help desk was asked often enough for now.
        """
        opened = self._desks.get(seen.channel)
        if opened is None:
            return "nothing is written to this help desk", None
        told = known_tags((seen.content or {}).get("tags", ()))
        async with self._store.read() as connection:
            written = await writebacks.of_thread(connection, seen.channel, seen.thread_id)
        if not written or set(told) == set(written[0].shown):
            return "our own writing, or nothing of ours", None
        await opened.pace.turn()
        async with asyncio.timeout(_LOOK_SECONDS), self._desks.turn(seen.channel, seen.thread_id):
            state = await opened.desk.state(seen.thread_id)
            async with self._store.write() as connection:
                return await self._compare(connection, seen, known_tags(state.tags))

    async def _compare(self, connection: Connection, seen: InboundRecord, now: Sequence[str]) -> tuple[str, str | None]:
        """Keep the difference between what was written and what is there now as feedback."""
        written = await writebacks.of_thread(connection, seen.channel, seen.thread_id)
        if being_written(written[0]):
            raise DeskError("the conversation is being written to")
        message_id = await hear(connection, written, now)
        return ("correction", message_id) if message_id else ("our own writing, or nothing of ours", None)
