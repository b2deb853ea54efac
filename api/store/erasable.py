"""What is to be erased: all of a customer, one message, or what is old enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from api.store import rows
from api.store.database import Connection
from api.store.deliveries import DeliveryStatus
from api.store.identifiers import new_id
from api.store.records import CaseStatus, Json, MessageRecord, OutboxKind
from api.store.tables import cases, deliveries, destinations, erasures, inbound, messages, outbox

__all__ = [
    "ErasureRecord",
    "add",
    "cases_of",
    "empty_deliveries",
    "forget_dead",
    "get",
    "is_left",
    "is_named",
    "lonely",
    "messages_of_case",
    "of_nameless_thread",
    "old_cases",
    "page",
    "told_of",
    "unnamed",
]


@dataclass(frozen=True, slots=True)
class ErasureRecord:
    """That something was erased: when, on whose order, and the report; never of whom."""

    id: str
    at: datetime
    kind: str
    actor: str | None
    report: Json


async def add(connection: Connection, at: datetime, kind: str, actor: str | None, report: Json) -> str:
    """Store a report; return its id."""
    record = ErasureRecord(new_id(), at, kind, actor, report)
    await rows.insert(connection, erasures, [record])
    return record.id


async def get(connection: Connection, erasure_id: str) -> ErasureRecord | None:
    """Return one report."""
    return await rows.fetch_one(connection, erasures, ErasureRecord, erasures.c.id == erasure_id)


async def page(connection: Connection, *, before: str | None, limit: int) -> list[ErasureRecord]:
    """Return the newest ``limit`` reports before the one called ``before``, newest first."""
    where = [] if before is None else [erasures.c.id < before]
    return await rows.page(connection, erasures, ErasureRecord, where, limit)


async def cases_of(connection: Connection, customer_id: str) -> list[str]:
    """Return the cases that are a customer's, or hold a message of the customer, or one without a name beside these.

    Those that only hold the latter come first: once the messages with a name are gone, nothing tells whose they are.
    """
    own = sa.select(cases.c.id).where(cases.c.customer_id == customer_id)
    held = sa.select(messages.c.case_id).where(messages.c.customer_id == customer_id, messages.c.case_id.is_not(None))
    theirs = set((await connection.execute(own.union(held))).scalars())
    beside = {message.case_id for message in await unnamed(connection, customer_id) if message.case_id}
    return [*sorted(beside - theirs), *sorted(theirs)]


async def messages_of_case(connection: Connection, case_id: str) -> list[MessageRecord]:
    """Return all messages of a case, the oldest first."""
    return await rows.fetch(connection, messages, MessageRecord, messages.c.case_id == case_id)


async def unnamed(connection: Connection, customer_id: str) -> list[MessageRecord]:
    """Return what came without a name in conversations in which this customer has one, and nobody else."""
    named = messages.alias()
    same = (named.c.channel == messages.c.channel, named.c.thread_id == messages.c.thread_id)
    others = sa.exists().where(*same, named.c.customer_id != customer_id)
    threads = sa.select(messages.c.thread_id, messages.c.channel).distinct()
    theirs = threads.where(messages.c.customer_id == customer_id, messages.c.thread_id.is_not(None), ~others)
    found: list[MessageRecord] = []
    for thread_id, channel in (await connection.execute(theirs)).all():
        unnamed_there = (*_in(channel, thread_id), messages.c.customer_id.is_(None))
        found += await rows.fetch(connection, messages, MessageRecord, *unnamed_there)
    return found


async def of_nameless_thread(connection: Connection, channel: str, thread_id: str) -> list[MessageRecord]:
    """Return the messages of a conversation in which nobody has a name; none, if somebody has one."""
    if await is_named(connection, channel, thread_id):
        return []
    return await rows.fetch(connection, messages, MessageRecord, *_in(channel, thread_id))


async def is_named(connection: Connection, channel: str, thread_id: str) -> bool:
    """Say whether anybody has a name in a conversation."""
    named = sa.exists().where(*_in(channel, thread_id), messages.c.customer_id.is_not(None))
    return bool((await connection.execute(sa.select(named))).scalar_one())


async def is_left(connection: Connection, customer_id: str) -> bool:
    """Say whether any row still names a customer."""
    named = [sa.exists().where(table.c.customer_id == customer_id) for table in (messages, cases)]
    return bool((await connection.execute(sa.select(sa.or_(*named)))).scalar_one())


async def told_of(connection: Connection, message_ids: Sequence[str], event: str) -> list[tuple[str, bool]]:
    """Return the names of the destinations that were told of messages, and whether each asks for ``event``."""
    query = (
        sa.select(destinations.c.name, destinations.c.events, destinations.c.enabled, destinations.c.deleted_at)
        .where(destinations.c.id.in_(sa.select(deliveries.c.destination_id).where(_reached(message_ids))))
        .order_by(destinations.c.id)
    )
    found = (await connection.execute(query)).all()
    return [(name, enabled and deleted is None and event in events) for name, events, enabled, deleted in found]


async def old_cases(connection: Connection, before: datetime, *, limit: int | None = None) -> list[str]:
    """Return cases that are over, of which nothing is to be done any more, and of which every message is old."""
    young = sa.exists().where(messages.c.case_id == cases.c.id, messages.c.received_at >= before)
    over = (cases.c.status != CaseStatus.OPEN, cases.c.next_at.is_(None), cases.c.closed_at < before)
    query = sa.select(cases.c.id).where(cases.c.opened_at < before, cases.c.erased_at.is_(None), *over, ~young)
    return list((await connection.execute(query.order_by(cases.c.id).limit(limit))).scalars())


async def lonely(
    connection: Connection,
    *,
    before: datetime | None = None,
    customer_id: str | None = None,
    beside: str | None = None,
    limit: int | None = None,
) -> list[MessageRecord]:
    """Return messages without a case that are not erased: received before a moment, or of a customer.

    ``beside`` is a customer in whose conversations they came without a name.
    """
    if beside is not None:
        return [message for message in await unnamed(connection, beside) if message.case_id is None][:limit]
    where: list[sa.ColumnElement[bool]] = [messages.c.case_id.is_(None), messages.c.erased_at.is_(None)]
    if before is not None:
        where.append(messages.c.received_at < before)
    if customer_id is not None:
        where.append(messages.c.customer_id == customer_id)
    if limit is None:
        return await rows.fetch(connection, messages, MessageRecord, *where)
    return await rows.page(connection, messages, MessageRecord, where, limit)


async def empty_deliveries(connection: Connection, before: datetime, *, after: str, limit: int) -> list[str]:
    """Delete deliveries that are over, of events told before; of the events the names stay.

    Return the ids of the events, the first ``limit`` past the one called ``after``.
    """
    pending = sa.exists().where(deliveries.c.event_id == outbox.c.id, deliveries.c.finished_at.is_(None))
    recent = sa.exists().where(deliveries.c.event_id == outbox.c.id, deliveries.c.finished_at >= before)
    expired = outbox.c.data["expired"].as_boolean()
    query = (
        sa.select(outbox.c.id, outbox.c.data)
        .where(outbox.c.kind == OutboxKind.EVENT, outbox.c.done_at < before, ~pending, ~recent)
        .where(outbox.c.id > after, sa.or_(expired.is_(None), ~expired))
        .order_by(outbox.c.id)
        .limit(limit)
    )
    found = (await connection.execute(query)).all()
    for name, data in found:
        kept = {key: data.get(key) for key in ("message_id", "case_id", "channel")}
        await connection.execute(outbox.update().where(outbox.c.id == name).values(data={**kept, "expired": True}))
    names = [name for name, _ in found]
    await connection.execute(deliveries.delete().where(deliveries.c.event_id.in_(names)))
    return names


async def forget_dead(connection: Connection, before: datetime) -> int:
    """Delete what help desks sent before and could never be taken in; return how much."""
    dead = (inbound.c.status == "dead", inbound.c.finished_at < before)
    return (await connection.execute(inbound.delete().where(*dead))).rowcount


def _in(channel: str, thread_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return messages.c.thread_id == thread_id, messages.c.channel == channel


def _reached(message_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    sent = deliveries.c.status.in_([DeliveryStatus.DELIVERED, DeliveryStatus.DEAD, DeliveryStatus.PENDING])
    return sa.and_(deliveries.c.message_id.in_(message_ids), sent)
