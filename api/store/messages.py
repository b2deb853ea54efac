"""Messages: stored once, found by what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.store import rows
from api.store.records import MessageRecord, ReviewStatus
from api.store.tables import message_labels, messages
from classifier.taxonomy import TASKS, TaskKind
from classifier.types import Classification

__all__ = [
    "MessageFilter",
    "add",
    "complaints_of",
    "find",
    "first_of",
    "get",
    "names",
    "of_case",
    "page",
    "set_case",
    "set_review",
    "sureness",
]

SEVERAL: Final = frozenset(task.id for task in TASKS if task.kind is TaskKind.MULTI)

_SAME: Final = sa.and_(
    messages.c.channel == sa.bindparam("channel"), messages.c.external_id == sa.bindparam("external_id")
)
_NAMED: Final = rows.Query(messages, MessageRecord, _SAME)
_NAMED_OR_KEYED: Final = rows.Query(
    messages, MessageRecord, sa.or_(_SAME, messages.c.idempotency_key == sa.bindparam("key"))
)
_BY_ID: Final = rows.Query(messages, MessageRecord, messages.c.id == sa.bindparam("message_id"), order=None)
_OF_CASE: Final = sa.select(messages.c.id).where(messages.c.case_id == sa.bindparam("case")).order_by(messages.c.id)
_FIRST_OF_CASE: Final = rows.Query(
    messages, MessageRecord, messages.c.id == _OF_CASE.limit(1).scalar_subquery(), order=None
)
_ADD_LABELS: Final = message_labels.insert()

# The label is no condition: SQLite would look at all complaints there are, not at all that this customer wrote.
_COMPLAINTS: Final = sa.select(sa.func.count().filter(messages.c.complaint)).where(
    messages.c.customer_id == sa.bindparam("customer")
)


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages; ``labels`` by task, any of its labels. Times: from ``since`` to before ``until``."""

    labels: Mapping[str, Sequence[str | bool]] = field(default_factory=dict)
    channel: str | None = None
    external_id: str | None = None
    customer_id: str | None = None
    thread_id: str | None = None
    case_id: str | None = None
    language: str | None = None
    review: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def names(channel: str, external_id: str, key: str | None = None) -> list[str]:
    """Return what to lock, so that two deliveries of one message do not store two."""
    return [f"message\0{channel}\0{external_id}", *([f"key\0{key}"] if key else [])]


async def find(connection: AsyncConnection, channel: str, external_id: str, key: str | None) -> list[MessageRecord]:
    """Return the messages of this name or this idempotency key: none, one, or two that contradict each other."""
    if key is None:
        return await _NAMED.all(connection, channel=channel, external_id=external_id)
    return await _NAMED_OR_KEYED.all(connection, channel=channel, external_id=external_id, key=key)


async def get(connection: AsyncConnection, message_id: str) -> MessageRecord | None:
    """Return one message."""
    return await _BY_ID.one(connection, message_id=message_id)


async def of_case(connection: AsyncConnection, case_id: str) -> list[str]:
    """Return the ids of a case's messages, oldest first."""
    return list((await connection.execute(_OF_CASE, {"case": case_id})).scalars())


async def first_of(connection: AsyncConnection, case_id: str) -> MessageRecord:
    """Return the message that opened a case; every case has one, stored in the same transaction."""
    first = await _FIRST_OF_CASE.one(connection, case=case_id)
    if first is None:
        raise LookupError(f"case {case_id} was opened by no message")
    return first


async def add(connection: AsyncConnection, message: MessageRecord, result: Classification) -> None:
    """Store a message with its labels."""
    labels = {
        "language": result.language,
        "complaint": result.complaint.label,
        "motive": result.motive and result.motive.primary,
        "severity": result.severity and result.severity.label,
        "justice": result.justice and result.justice.primary,
        "quality": result.quality and result.quality.label,
        "touchpoint": result.touchpoint and result.touchpoint.label,
        "tone": result.tone and result.tone.label,
        "guarantee": result.guarantee and result.guarantee.label,
        "conduct": result.conduct and result.conduct.label,
        "sureness": sureness(result),
    }
    await rows.insert(connection, messages, [message], **labels)
    several = [
        {"message_id": message.id, "task": task, "label": label}
        for task, decision in (("motive", result.motive), ("justice", result.justice))
        if decision is not None
        for label in decision.labels
    ]
    if several:
        await connection.execute(_ADD_LABELS, several)


def sureness(result: Classification) -> float:
    """Return how likely all answers are right, 0 to 1, if one's error says nothing of another's; 1 without answers."""
    product = 1.0
    for task in TASKS:
        decision = getattr(result, task.id)
        if decision is None:
            continue
        if task.kind is TaskKind.FLAG:
            likely = decision.probability
            likely = None if likely is None else max(likely, 1 - likely)
        else:
            likely = decision.probabilities.get(decision.primary if task.kind is TaskKind.MULTI else decision.label)
        product *= 1.0 if likely is None else likely
    return product


async def page(
    connection: AsyncConnection, wanted: MessageFilter, *, before: str | None, limit: int
) -> list[MessageRecord]:
    """Return the newest ``limit`` messages accepted before the one called ``before``, newest first."""
    return await rows.page(connection, messages, MessageRecord, list(_conditions(wanted, before)), limit)


async def complaints_of(connection: AsyncConnection, customer_id: str) -> int:
    """Return how many complaints of a customer are stored."""
    return int((await connection.execute(_COMPLAINTS, {"customer": customer_id})).scalar_one())


async def set_case(connection: AsyncConnection, message_id: str, case_id: str) -> None:
    """Say which case a message belongs to, where that is known only later."""
    await connection.execute(messages.update().where(messages.c.id == message_id).values(case_id=case_id))


async def set_review(connection: AsyncConnection, message_id: str, status: ReviewStatus) -> None:
    """Say whether a person should still look."""
    await connection.execute(messages.update().where(messages.c.id == message_id).values(review=status))


def _conditions(wanted: MessageFilter, before: str | None) -> list[sa.ColumnElement[bool]]:
    """Translate a filter."""
    equal = ("channel", "external_id", "customer_id", "thread_id", "case_id", "language", "review")
    found = [messages.c[name] == value for name in equal if (value := getattr(wanted, name)) is not None]
    found += [_labelled(task, labels) for task, labels in wanted.labels.items() if labels]
    if wanted.since is not None:
        found.append(messages.c.received_at >= wanted.since)
    if wanted.until is not None:
        found.append(messages.c.received_at < wanted.until)
    if before is not None:
        found.append(messages.c.id < before)
    return found


def _labelled(task: str, labels: Sequence[str | bool]) -> sa.ColumnElement[bool]:
    """Return the condition that a message has one of ``labels``."""
    if task not in SEVERAL:
        return messages.c[task].in_(labels)
    table = message_labels.c
    having = sa.select(table.message_id).where(table.task == task, table.label.in_(labels))
    return messages.c.id.in_(having)
