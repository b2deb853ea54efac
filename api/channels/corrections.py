"""An agent changed a tag that we wrote: it becomes feedback on the message it was written for.

A help desk also tells of our own writes, twice, late, and in any order. So what it tells is only a reason to look:
what counts are the tags that the conversation has when we look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from api.channels.desk import DeskError
from api.channels.email.tagging import known_tags
from api.channels.tags import corrected, described
from api.channels.writeback import Desks
from api.corrections import keep
from api.feedback import Labels
from api.store import messages, writebacks
from api.store.database import Connection, Store
from api.store.inbound import InboundRecord
from api.store.writebacks import WritebackRecord
from classifier.types import Classification

__all__ = ["Corrections"]

_LOOK_SECONDS: Final = 15.0
_WRITING: Final = timedelta(minutes=10)
"""How long a write that got no answer may still be tried; then what was begun is taken for written."""


class Corrections:
    """Compares the tags of conversations with those that were written to them."""

    def __init__(self, store: Store, desks: Desks) -> None:
        self._store = store
        self._desks = desks

    async def take(self, seen: InboundRecord) -> tuple[str, str | None]:
        """Return what came of it, and the message that was corrected; raise ``DeskError`` to be tried again."""
        opened = self._desks.get(seen.channel)
        if opened is None:
            return "nothing is written to this help desk", None
        told = known_tags((seen.content or {}).get("tags", ()))
        async with self._store.read() as connection:
            written = await writebacks.of_thread(connection, seen.channel, seen.thread_id)
        if not written or set(told) == set(written[0].shown):
            return "our own writing, or nothing of ours", None
        async with asyncio.timeout(_LOOK_SECONDS), self._desks.turn(seen.channel, seen.thread_id):
            state = await opened.desk.state(seen.thread_id)
            async with self._store.write() as connection:
                return await self._compare(connection, seen, known_tags(state.tags))

    async def _compare(self, connection: Connection, seen: InboundRecord, now: Sequence[str]) -> tuple[str, str | None]:
        """Keep the difference between what was written and what is there now as feedback."""
        written = await writebacks.of_thread(connection, seen.channel, seen.thread_id)
        latest = written[0]
        if latest.written_at is None and latest.begun_at > datetime.now(UTC) - _WRITING:
            raise DeskError("the conversation is being written to")
        before = latest.shown
        if set(now) == set(before):
            return "our own writing, or nothing of ours", None
        meant = _meant(written, set(before) - set(now))
        message = await messages.get(connection, meant.message_id)
        assert message is not None  # noqa: S101 - its row falls with the message's
        labels = corrected(Classification.from_dict(message.classification), meant.tags, before, now)
        valid = Labels.model_validate(labels).model_dump(exclude_none=True)
        await keep(connection, message, valid, reviewer=seen.channel, comment=described(before, now))
        await writebacks.show(connection, latest.message_id, now)
        return "correction", message.id


def _meant(written: Sequence[WritebackRecord], removed: set[str]) -> WritebackRecord:
    """Return what was corrected: the latest message that had a tag that was taken away, else the latest."""
    return next((record for record in written if removed & set(record.tags)), written[0])
