"""A person's corrected labels kept, whichever way they come: over HTTP, or by a tag that an agent changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api.cases import event_data
from api.store import cases, feedback, messages, outbox
from api.store.database import Connection
from api.store.identifiers import new_id
from api.store.records import FeedbackRecord, MessageRecord, OutboxKind, ReviewStatus

__all__ = ["keep"]


async def keep(
    connection: Connection,
    message: MessageRecord,
    labels: Mapping[str, Any],
    *,
    reviewer: str | None = None,
    comment: str | None = None,
    language: str | None = None,
) -> FeedbackRecord:
    """Store valid ``api.feedback.Labels`` of a message, which has been reviewed then, and tell of it."""
    kept = FeedbackRecord(
        id=new_id(),
        message_id=message.id,
        created_at=datetime.now(UTC),
        reviewer=reviewer,
        comment=comment,
        language=language,
        labels=labels,
        model=message.model,
    )
    await feedback.add(connection, kept)
    await messages.set_review(connection, message.id, ReviewStatus.DONE)
    case = await cases.get(connection, message.case_id) if message.case_id else None
    told = {**event_data(message, case), "feedback": {"id": kept.id, "labels": kept.labels}}
    await outbox.add(connection, outbox.entry(OutboxKind.EVENT, "feedback.recorded", told, kept.created_at))
    return kept
