"""The delivery of each event to each destination: made from the outbox, claimed, settled, replayed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from api.store import destinations as destination_store
from api.store import outbox, rows
from api.store.database import Connection, lock_together
from api.store.destinations import DestinationRecord
from api.store.identifiers import new_id
from api.store.records import OutboxKind, OutboxRecord
from api.store.tables import deliveries, destinations
from api.store.tables import outbox as events

__all__ = [
    "Claim",
    "DeliveryFilter",
    "DeliveryRecord",
    "DeliveryStatus",
    "begin_again",
    "begin_dead_again",
    "cancel",
    "claim",
    "due",
    "fan_out",
    "get",
    "in_flight",
    "is_due",
    "is_untold",
    "page",
    "release",
    "settle",
]


class DeliveryStatus(StrEnum):
    """Where a delivery is."""

    PENDING = "pending"  # to be sent, or being sent
    DELIVERED = "delivered"  # the destination took it
    DEAD = "dead"  # it did not, and is not asked any more, unless somebody replays it
    CANCELLED = "cancelled"  # the destination was deleted before


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A delivery; ``log`` holds its last attempts, ``next_at`` the next one's time while it is pending.

    ``attempts`` counts those that came to something, and the one that is under way.
    """

    id: str
    destination_id: str
    event_id: str
    type: str
    order_key: str
    message_id: str | None
    case_id: str | None
    created_at: datetime
    status: str
    attempts: int
    next_at: datetime | None
    claimed_by: str | None = None
    finished_at: datetime | None = None
    response_status: int | None = None
    error: str | None = None
    log: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that one worker alone may send until ``until``, with all that it needs for it."""

    delivery: DeliveryRecord
    destination: DestinationRecord
    event: OutboxRecord
    until: datetime


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries."""

    destination_id: str | None = None
    status: str | None = None
    type: str | None = None
    message_id: str | None = None
    case_id: str | None = None
    event_id: str | None = None


# Written out, not bound: SQLite uses a partial index only where it sees the condition.
_PENDING: Final = deliveries.c.status == sa.literal_column("'pending'")
_COLUMNS: Final = [deliveries.c[field.name] for field in fields(DeliveryRecord)]
_NOW: Final[sa.BindParameter[Any]] = sa.bindparam("now")
_WAITING: Final = sa.exists().where(
    deliveries.c.destination_id == destinations.c.id, _PENDING, deliveries.c.next_at <= _NOW
)
_MAY_SEND: Final = sa.and_(
    destinations.c.enabled.is_(True),
    destinations.c.deleted_at.is_(None),
    sa.or_(destinations.c.paused_until.is_(None), destinations.c.paused_until <= _NOW),
    _WAITING,
)
"""A destination takes deliveries, and one is due."""
_IS_DUE: Final = sa.select(sa.exists().where(_MAY_SEND))
_DUE: Final = (
    destinations.select().where(_MAY_SEND).order_by(destinations.c.id).with_for_update(key_share=True, skip_locked=True)
)
_IS_UNTOLD: Final = sa.select(sa.exists().where(events.c.kind == OutboxKind.EVENT, events.c.done_at.is_(None)))


async def is_untold(connection: Connection) -> bool:
    """Say whether the outbox holds an event."""
    return bool((await connection.execute(_IS_UNTOLD)).scalar_one())


async def fan_out(
    connection: Connection, matches: Callable[[DestinationRecord, OutboxRecord], bool], now: datetime, *, limit: int
) -> int:
    """Make of the oldest events of the outbox one delivery each matching destination; return how many events.

    One worker at a time: of two events of a case the later one can't be made a delivery before the earlier one.
    """
    await lock_together(connection, "fan out")
    ids = await outbox.pending_ids(connection, OutboxKind.EVENT, limit=limit)
    if not ids:
        return 0
    wanting = await destination_store.live(connection)  # after the events: who was there before one is told of it
    if wanting:
        told = await outbox.entries(connection, ids)
        await rows.insert(
            connection, deliveries, [_new(event, to, now) for event in told for to in wanting if matches(to, event)]
        )
    await outbox.finish_all(connection, ids, now)
    return len(ids)


async def is_due(connection: Connection, now: datetime) -> bool:
    """Say whether ``claim`` may find something."""
    return bool((await connection.execute(_IS_DUE, {"now": now})).scalar_one())


async def due(connection: Connection, now: datetime) -> list[DestinationRecord]:
    """Return the destinations with something to send, locked; those that another worker looks at are left out."""
    found = await connection.execute(_DUE, {"now": now})
    return [destination_store.from_row(connection, row) for row in found.mappings()]


async def in_flight(connection: Connection, destination_id: str, now: datetime) -> int:
    """Return how many deliveries to a locked destination are being sent."""
    sent = (deliveries.c.destination_id == destination_id, _PENDING, deliveries.c.next_at > now)
    query = sa.select(sa.func.count()).where(*sent, deliveries.c.claimed_by.is_not(None))
    return int((await connection.execute(query)).scalar_one())


async def claim(
    connection: Connection, destination: DestinationRecord, worker: str, *, now: datetime, until: datetime, limit: int
) -> list[Claim]:
    """Take the oldest deliveries that are due to a locked destination, for this worker alone until ``until``.

    A delivery waits for every earlier one of its case that is not final, so a case's events arrive in order. What a
    process left unsettled when it died was no attempt: a destination that did not fail is not given up.
    """
    earlier = deliveries.alias()
    waits = sa.exists().where(
        earlier.c.destination_id == deliveries.c.destination_id,
        earlier.c.order_key == deliveries.c.order_key,
        earlier.c.status == sa.literal_column("'pending'"),
        earlier.c.event_id < deliveries.c.event_id,
    )
    query = (
        sa.select(*_COLUMNS)
        .where(deliveries.c.destination_id == destination.id, _PENDING, deliveries.c.next_at <= now, ~waits)
        .order_by(deliveries.c.event_id)
        .limit(limit)
    )
    found = [DeliveryRecord(**row) for row in (await connection.execute(query)).mappings()]
    if not found:
        return []
    taken = deliveries.c.id.in_([delivery.id for delivery in found])
    unsettled = deliveries.c.claimed_by.is_not(None)
    attempts = sa.case((unsettled, deliveries.c.attempts), else_=deliveries.c.attempts + 1)
    more = {"claimed_by": worker, "next_at": until, "attempts": attempts}
    await connection.execute(deliveries.update().where(taken).values(more))
    told = await rows.fetch(
        connection, events, OutboxRecord, events.c.id.in_([delivery.event_id for delivery in found])
    )
    by_id = {event.id: event for event in told}
    return [
        Claim(_counted(delivery, worker, until), destination, by_id[delivery.event_id], until) for delivery in found
    ]


async def settle(connection: Connection, delivery: DeliveryRecord, claimed: DeliveryRecord) -> None:
    """Store what became of a claimed delivery whose destination is locked.

    If another worker took it over meanwhile, only that it was delivered counts.
    """
    mine = [deliveries.c.id == claimed.id, _PENDING]
    if delivery.status != DeliveryStatus.DELIVERED:
        mine += [deliveries.c.claimed_by == claimed.claimed_by, deliveries.c.next_at == claimed.next_at]
    changed = {
        name: getattr(delivery, name)
        for name in ("status", "next_at", "claimed_by", "finished_at", "response_status", "error", "log")
    }
    await connection.execute(deliveries.update().where(*mine).values(changed))


async def release(connection: Connection, claims: Sequence[Claim], now: datetime) -> None:
    """Give claimed deliveries back at once, as if nobody had claimed them."""
    for claimed in claims:
        delivery = claimed.delivery
        mine = (
            deliveries.c.id == delivery.id,
            _PENDING,
            deliveries.c.claimed_by == delivery.claimed_by,
            deliveries.c.next_at == delivery.next_at,
        )
        before = {"claimed_by": None, "next_at": now, "attempts": delivery.attempts - 1}
        await connection.execute(deliveries.update().where(*mine).values(before))


async def begin_again(connection: Connection, delivery_id: str, now: datetime) -> None:
    """Begin a delivery again whose destination is locked; one that is being sent is left alone."""
    idle = (deliveries.c.id == delivery_id, sa.or_(~_PENDING, deliveries.c.claimed_by.is_(None)))
    await connection.execute(deliveries.update().where(*idle).values(_again(now)))


async def begin_dead_again(connection: Connection, destination_id: str, now: datetime) -> int:
    """Begin all dead letters of a locked destination again; return how many."""
    dead = (deliveries.c.destination_id == destination_id, deliveries.c.status == DeliveryStatus.DEAD)
    return (await connection.execute(deliveries.update().where(*dead).values(_again(now)))).rowcount


async def cancel(connection: Connection, destination_id: str, now: datetime) -> None:
    """Stop what is still pending to a locked destination."""
    mine = (deliveries.c.destination_id == destination_id, _PENDING)
    over = {"status": DeliveryStatus.CANCELLED, "finished_at": now, "next_at": None, "claimed_by": None}
    await connection.execute(deliveries.update().where(*mine).values(over))


async def get(connection: Connection, delivery_id: str) -> DeliveryRecord | None:
    """Return one delivery."""
    return await rows.fetch_one(connection, deliveries, DeliveryRecord, deliveries.c.id == delivery_id)


async def page(
    connection: Connection, wanted: DeliveryFilter, *, before: str | None, limit: int
) -> list[DeliveryRecord]:
    """Return the newest ``limit`` deliveries made before the one called ``before``, newest first."""
    where = [
        deliveries.c[field.name] == value
        for field in fields(wanted)
        if (value := getattr(wanted, field.name)) is not None
    ]
    if before is not None:
        where.append(deliveries.c.id < before)
    return await rows.page(connection, deliveries, DeliveryRecord, where, limit)


def _new(event: OutboxRecord, destination: DestinationRecord, now: datetime) -> DeliveryRecord:
    """Return the delivery of an event, due at once."""
    return DeliveryRecord(
        id=new_id(),
        destination_id=destination.id,
        event_id=event.id,
        type=event.type,
        order_key=event.case_id or event.message_id or event.id,
        message_id=event.message_id,
        case_id=event.case_id,
        created_at=now,
        status=DeliveryStatus.PENDING,
        attempts=0,
        next_at=now,
    )


def _counted(delivery: DeliveryRecord, worker: str, until: datetime) -> DeliveryRecord:
    """Return a delivery as the claim stored it."""
    attempts = delivery.attempts + (delivery.claimed_by is None)
    return replace(delivery, claimed_by=worker, next_at=until, attempts=attempts)


def _again(now: datetime) -> dict[str, Any]:
    """Return what a delivery begins with."""
    return {"status": DeliveryStatus.PENDING, "attempts": 0, "next_at": now, "claimed_by": None, "finished_at": None}
