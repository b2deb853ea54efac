"""A person's corrected labels kept, whichever way they come: over HTTP, or by a tag that an agent changed.

What a person recognises as a complaint gets its case; where a person finds a complaint graver, or more that was unjust,
its case is planned for it. No correction takes anything back from a customer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from api.cases import Planner, conversation, event_data
from api.planners import planner_of
from api.relabelling import relabelled
from api.store import cases, feedback, messages, outbox
from api.store.database import Connection, lock_together
from api.store.identifiers import new_id
from api.store.records import (
    CaseRecord,
    CaseStatus,
    EventType,
    FeedbackRecord,
    MessageRecord,
    OutboxRecord,
    ReviewStatus,
)
from api.taking_up import found_in, replan, replanned, take_up, taken_up
from classifier.taxonomy import SEVERITY
from classifier.types import Classification

__all__ = ["keep"]

Follows = Callable[[MessageRecord, CaseRecord], list[OutboxRecord]]

_LEVELS: Final = SEVERITY.label_ids


async def keep(
    connection: Connection,
    message: MessageRecord,
    labels: Mapping[str, Any],
    *,
    reviewer: str | None = None,
    comment: str | None = None,
    language: str | None = None,
) -> FeedbackRecord:
    """Store valid ``api.feedback.Labels`` of a message, which has been reviewed then, and tell of it.

    A complaint that has no case gets one, and an open case is planned anew if more is owed, in a process where
    something plans (``api.planners``).
    """
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
    await lock_together(connection, *messages.names(message.channel, message.external_id), *conversation(message).names)
    message = await messages.get(connection, message.id) or message
    case = await cases.get(connection, message.case_id, lock=True) if message.case_id else None
    before = await _found(connection, case)
    await feedback.add(connection, kept)
    await messages.set_review(connection, message.id, ReviewStatus.DONE)
    planner, follows = planner_of(connection), cast("Follows", _nothing)
    if planner is not None and message.erased_at is None:
        case, follows = await _acted_on(connection, message, case, before, kept, planner)
    told = {**event_data(message, case), "feedback": {"id": kept.id, "labels": kept.labels}}
    recorded = outbox.event(EventType.FEEDBACK_RECORDED, told, kept.created_at)
    await outbox.add(connection, recorded, *(follows(message, case) if case else ()))
    return kept


async def _acted_on(
    connection: Connection,
    message: MessageRecord,
    case: CaseRecord | None,
    before: Sequence[Classification],
    kept: FeedbackRecord,
    planner: Planner,
) -> tuple[CaseRecord | None, Follows]:
    """Do what a correction asks for; return the message's case then, and what makes the entries that follow."""
    result = relabelled(Classification.from_dict(message.classification), kept.labels, kept.language)
    if not result.complaint.label:
        return case, _nothing
    if case is None or not any(found.id == message.id for found in before):
        case = await take_up(connection, message, result, planner, now=kept.created_at)
        await messages.set_case(connection, message.id, case.id)
        return case, taken_up
    if case.status != CaseStatus.OPEN or not _rose(before, result):
        return case, _nothing
    return await replan(connection, case, message, result, planner, by=kept.reviewer, now=kept.created_at), replanned


def _nothing(message: MessageRecord, case: CaseRecord) -> list[OutboxRecord]:
    return []


async def _found(connection: Connection, case: CaseRecord | None) -> list[Classification]:
    """Return what was found so far in the complaints of a case, if there is one."""
    return [found.classification for found in await found_in(connection, case)] if case else []


def _rose(before: Sequence[Classification], found: Classification) -> bool:
    """Say whether more is owed for what was found than for all that was found before."""
    severities = [_LEVELS.index(each.severity.label) for each in before if each.severity]
    if found.severity and _LEVELS.index(found.severity.label) > max(severities, default=-1):
        return True
    if found.guarantee and found.guarantee.label and not any(e.guarantee and e.guarantee.label for e in before):
        return True
    return any(
        set(decision.labels) - {label for each in before if (known := getattr(each, task)) for label in known.labels}
        for task in ("justice", "motive")
        if (decision := getattr(found, task)) is not None
    )
