"""What agents made of our tags in a conversation, kept as feedback, whoever comes upon it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from api.channels.email.tagging import known_tags
from api.channels.tags import corrected, described
from api.corrections import keep
from api.feedback import Labels
from api.store import messages, writebacks
from api.store.database import Connection
from api.store.writebacks import WritebackRecord
from classifier.types import Classification

__all__ = ["being_written", "hear", "hear_before_writing"]

_WRITING: Final = timedelta(minutes=10)
"""How long a write that got no answer may still be tried; then what was begun is taken for written."""


def being_written(record: WritebackRecord) -> bool:
    """Say whether what was begun may still be tried, so that nobody knows which tags are ours."""
    return record.written_at is None and record.begun_at > datetime.now(UTC) - _WRITING


async def hear(connection: Connection, written: Sequence[WritebackRecord], now: Sequence[str]) -> str | None:
    """Keep what an agent made of our tags, and that it was heard; return the message that was corrected.

    ``written`` is what was written to the conversation, the latest message's first, ``now`` are our tags in it.
    """
    finished = [record for record in written if record.written_at is not None] or list(written)
    before = known_tags(_expected(finished[0], written, set(now)))
    if set(now) == set(before):
        return None
    meant = _meant(finished, set(before) - set(now))
    message = await messages.get(connection, meant.message_id)
    assert message is not None  # noqa: S101 - its row falls with the message's
    labels = corrected(Classification.from_dict(message.classification), meant.tags, before, now)
    valid = Labels.model_validate(labels).model_dump(exclude_none=True)
    await keep(connection, message, valid, reviewer=message.channel, comment=described(before, now))
    await writebacks.show(connection, finished[0].message_id, now)
    return message.id


async def hear_before_writing(connection: Connection, channel: str, thread_id: str, now: Sequence[str]) -> None:
    """Keep what an agent changed since the last write, before another one hides it."""
    written = await writebacks.of_thread(connection, channel, thread_id)
    if any(record.written_at is not None for record in written):
        await hear(connection, written, now)


def _expected(finished: WritebackRecord, written: Sequence[WritebackRecord], now: set[str]) -> set[str]:
    """Return the tags that no agent had to change: what was begun since may have been written, or a part of it."""
    tags = set(finished.shown)
    for begun in (record for record in reversed(written) if record.written_at is None and record is not finished):
        meant = set(begun.shown)
        tags = (tags | (meant & now)) - ((tags - meant) - now)
    return tags


def _meant(written: Sequence[WritebackRecord], removed: set[str]) -> WritebackRecord:
    """Return what was corrected: the latest message that had a tag that was taken away, else the latest."""
    return next((record for record in written if removed & set(record.tags)), written[0])
