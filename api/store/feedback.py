"""People's corrections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.store import rows
from api.store.records import FeedbackRecord
from api.store.tables import feedback, messages
from classifier.redaction import redact
from classifier.taxonomy import LANGUAGES

__all__ = ["add", "of_message", "training_lines"]

_PART: Final = 500


async def add(connection: AsyncConnection, correction: FeedbackRecord) -> None:
    """Store a correction."""
    await rows.insert(connection, feedback, [correction])


async def of_message(connection: AsyncConnection, message_id: str) -> list[FeedbackRecord]:
    """Return the corrections of a message, the latest last."""
    return await rows.fetch(connection, feedback, FeedbackRecord, feedback.c.message_id == message_id)


async def training_lines(connection: AsyncConnection, *, masked: bool = True) -> AsyncIterator[dict[str, Any]]:
    """Yield the latest correction of each message as a line of a training corpus.

    ``masked``: with ``<PHONE>`` and the like for what identifies somebody. A case's messages are one ``family``, so
    that a split keeps them together. Messages in no language that is trained, or without words, are left out.
    """
    latest = sa.select(sa.func.max(feedback.c.id)).group_by(feedback.c.message_id)
    language = sa.func.coalesce(feedback.c.language, messages.c.language)
    query = (
        sa.select(messages.c.id, messages.c.channel, messages.c.case_id, messages.c.text, feedback.c.labels)
        .add_columns(language.label("lang"), feedback.c.id.label("correction"))
        .join_from(feedback, messages)
        .where(feedback.c.id.in_(latest), language.in_(LANGUAGES))
        .order_by(feedback.c.id)
        .limit(_PART)
    )
    last = ""
    while part := (await connection.execute(query.where(feedback.c.id > last))).mappings().all():
        for row in part:
            line = {"id": row["id"], "source": "feedback", "lang": row["lang"], "channel": row["channel"]}
            if row["text"].strip():
                text = redact(row["text"]) if masked else row["text"]
                yield {**line, "family": row["case_id"], "text": text, "labels": row["labels"]}
        last = part[-1]["correction"]
