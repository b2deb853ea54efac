"""What the audit looks at, part by part: a few hundred rows are in memory at a time, and never what customers wrote."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from api.store.database import Connection
from api.store.deliveries import DeliveryStatus
from api.store.destinations import DestinationRecord
from api.store.records import OutboxKind, OutboxRecord
from api.store.samples import IS_SAMPLE
from api.store.tables import (
    cases,
    deliveries,
    destinations,
    feedback,
    message_labels,
    messages,
    outbox,
    policies,
    steps,
)
from api.store.workflows import SCHEMA

__all__ = [
    "AuditedCase",
    "AuditedMessage",
    "BrokenDelivery",
    "Late",
    "ToldEvent",
    "broken_deliveries",
    "cases_of",
    "count",
    "delivery_counts",
    "destinations_of",
    "events_of",
    "has_workflows",
    "late_deliveries",
    "late_entries",
    "messages_of",
    "twice_received",
]

_PART: Final = 200
_LABELS: Final = (
    "language", "complaint", "motive", "severity", "justice", "quality", "touchpoint", "tone", "guarantee", "conduct",
)  # fmt: skip
_WORKFLOWS: Final = sa.table("workflow_status", sa.column("workflow_uuid"), sa.column("status"), schema=SCHEMA)
_PENDING: Final = deliveries.c.status == sa.literal_column("'pending'")


@dataclass(frozen=True, slots=True)
class AuditedMessage:
    """A message: its classification as the text of its JSON, the labels that it is found by, and what was told of it.

    ``several`` are the labels of tasks that may have more than one, ``(task, label)``. ``case_known`` is whether the
    case that it names is there. ``told`` counts its events by type. ``corrected`` says whether the latest correction
    finds a complaint, if there is one.
    """

    id: str
    classification: str | None
    labels: Mapping[str, Any]
    several: frozenset[tuple[str, str]]
    case_id: str | None
    case_known: bool
    told: Mapping[str, int]
    corrected: bool | None = None


@dataclass(frozen=True, slots=True)
class AuditedCase:
    """A case: its plan as the text of its JSON, and what hangs on it.

    ``messages`` counts its messages, ``complaining`` those that complain by the model or by any correction: none takes
    a complaint back. ``steps`` are the ids of its present plan's, ``told`` counts its events by type. ``workflow`` is
    what the workflow library says of the one that sees it through.
    """

    id: str
    status: str
    updated_at: datetime
    closed_at: datetime | None
    outcome: str | None
    complaints: int
    revision: int
    openings: int
    next_at: datetime | None
    policy_version: str | None
    policy_known: bool
    plan: str | None
    messages: int
    complaining: int
    steps: frozenset[str]
    told: Mapping[str, int]
    workflow: str | None = None


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event that was made deliveries of; ``data`` is the text of its JSON, ``made`` counts them by destination."""

    event: OutboxRecord
    data: str
    made: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BrokenDelivery:
    """A delivery that is in no state that it may be in, or belongs to nothing."""

    id: str
    event_id: str
    destination_id: str
    status: str
    next_at: datetime | None
    event_known: bool
    destination_known: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class Late:
    """Pending deliveries to one destination: how many, the first, and whether it takes any."""

    destination_id: str
    first: str
    count: int
    enabled: bool


async def count(connection: Connection) -> dict[str, int]:
    """Return how many messages, cases, events and deliveries there are."""
    events = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.kind == OutboxKind.EVENT)
    found = {"events": int((await connection.execute(events)).scalar_one())}
    for name, table in (("messages", messages), ("cases", cases), ("deliveries", deliveries)):
        found[name] = int((await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())
    return found


async def messages_of(connection: Connection) -> AsyncIterator[AuditedMessage]:
    """Yield every message but samples, of which nothing must follow."""
    query = (
        sa.select(messages.c.id, messages.c.case_id, cases.c.id.label("known"), *(messages.c[n] for n in _LABELS))
        .add_columns(sa.cast(messages.c.classification, sa.Text).label("classification"))
        .join_from(messages, cases, messages.c.case_id == cases.c.id, isouter=True)
        .where(sa.or_(messages.c.customer_id.is_(None), ~IS_SAMPLE))
    )
    async for part in _parts(connection, query, messages.c.id):
        ids = [row["id"] for row in part]
        several: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for row in await _all(connection, message_labels.select().where(message_labels.c.message_id.in_(ids))):
            several[row["message_id"]].add((row["task"], row["label"]))
        told = await _told(connection, outbox.c.message_id, ids)
        corrected = await _corrected(connection, ids)
        for row in part:
            labels = {name: row[name] for name in _LABELS}
            known, own = row["known"] is not None, frozenset(several[row["id"]])
            yield AuditedMessage(
                row["id"], row["classification"], labels, own, row["case_id"], known, told.get(row["id"], {}),
                corrected.get(row["id"]),
            )  # fmt: skip


async def has_workflows(connection: Connection) -> bool:
    """Say whether the workflow library has tables here."""
    known = await connection.run_sync(lambda c: sa.inspect(c).has_table(_WORKFLOWS.name, schema=SCHEMA))
    if known:  # on SQLite they are a file of their own, whose moment to be seen begins now
        await connection.execute(sa.select(_WORKFLOWS.c.status).limit(1))
    return known


async def cases_of(connection: Connection, workflow: Callable[[str, int], str] | None) -> AsyncIterator[AuditedCase]:
    """Yield every case but samples'; ``workflow`` names what sees its opening through, if the library has tables."""
    own = (
        "id", "status", "updated_at", "closed_at", "outcome", "complaints", "revision", "openings", "next_at",
        "policy_version",
    )  # fmt: skip
    query = (
        sa.select(*(cases.c[name] for name in own), policies.c.version.label("known"))
        .add_columns(sa.cast(cases.c.plan, sa.Text).label("plan"))
        .join_from(cases, policies, cases.c.policy_version == policies.c.version, isouter=True)
        .where(~sa.exists().where(messages.c.case_id == cases.c.id, IS_SAMPLE))
    )
    async for part in _parts(connection, query, cases.c.id):
        ids = [row["id"] for row in part]
        counted = await _messages_by_case(connection, ids)
        done: dict[str, set[str]] = defaultdict(set)
        present = {(row["id"], row["revision"]) for row in part}
        chosen = sa.select(steps.c.case_id, steps.c.revision, steps.c.id).where(steps.c.case_id.in_(ids))
        for row in await _all(connection, chosen):
            if (row["case_id"], row["revision"]) in present:
                done[row["case_id"]].add(row["id"])
        names = {workflow(row["id"], row["openings"]): row["id"] for row in part} if workflow else {}
        status = await _workflows(connection, names)
        told = await _told(connection, outbox.c.case_id, ids)
        for row in part:
            everyone, complaining = counted.get(row["id"], (0, 0))
            yield AuditedCase(
                **{name: row[name] for name in own},
                policy_known=row["known"] is not None,
                plan=row["plan"],
                messages=everyone,
                complaining=complaining,
                steps=frozenset(done[row["id"]]),
                told=told.get(row["id"], {}),
                workflow=status.get(row["id"]),
            )


async def destinations_of(connection: Connection) -> list[DestinationRecord]:
    """Return the destinations that are not deleted."""
    query = destinations.select().where(destinations.c.deleted_at.is_(None)).order_by(destinations.c.id)
    return [DestinationRecord(**row) for row in await _all(connection, query)]


async def events_of(connection: Connection) -> AsyncIterator[ToldEvent]:
    """Yield every event that deliveries were made of."""
    names = [field.name for field in fields(OutboxRecord) if field.name != "data"]
    query = (sa.select(*(outbox.c[name] for name in names), sa.cast(outbox.c.data, sa.Text).label("text"))).where(
        outbox.c.kind == OutboxKind.EVENT, outbox.c.done_at.is_not(None)
    )
    async for part in _parts(connection, query, outbox.c.id):
        ids = [row["id"] for row in part]
        made = await _counted(connection, deliveries, deliveries.c.event_id, deliveries.c.destination_id, ids)
        for row in part:
            event = OutboxRecord(**{name: row[name] for name in names}, data={})
            yield ToldEvent(event, row["text"], made.get(row["id"], {}))


async def late_entries(connection: Connection, before: datetime) -> AsyncIterator[OutboxRecord]:
    """Yield what has been waiting in the outbox since before ``before``, without its data."""
    names = [field.name for field in fields(OutboxRecord) if field.name != "data"]
    late = (outbox.c.done_at.is_(None), outbox.c.created_at < before)
    query = sa.select(*(outbox.c[name] for name in names)).where(*late)
    async for part in _parts(connection, query, outbox.c.id):
        for row in part:
            yield OutboxRecord(**row, data={})


async def broken_deliveries(connection: Connection) -> AsyncIterator[BrokenDelivery]:
    """Yield deliveries in no state that they may be in, of no event, or to nobody."""
    known = sa.and_(outbox.c.id.is_not(None), destinations.c.id.is_not(None))
    sane = sa.and_(
        known,
        deliveries.c.status.in_([str(status) for status in DeliveryStatus]),
        sa.or_(~_PENDING, sa.and_(deliveries.c.next_at.is_not(None), destinations.c.deleted_at.is_(None))),
    )
    query = (
        sa.select(*(deliveries.c[name] for name in ("id", "event_id", "destination_id", "status", "next_at")))
        .add_columns(outbox.c.id.label("event"), destinations.c.id.label("to"), destinations.c.deleted_at)
        .join_from(deliveries, outbox, deliveries.c.event_id == outbox.c.id, isouter=True)
        .join(destinations, deliveries.c.destination_id == destinations.c.id, isouter=True)
        .where(~sane)
    )
    async for part in _parts(connection, query, deliveries.c.id):
        for row in part:
            yield BrokenDelivery(
                row["id"], row["event_id"], row["destination_id"], row["status"], row["next_at"],
                row["event"] is not None, row["to"] is not None, row["deleted_at"] is not None,
            )  # fmt: skip


async def late_deliveries(connection: Connection, before: datetime) -> list[Late]:
    """Return the destinations that nothing was sent to since ``before``, although something was due; and disabled ones.

    A destination that its circuit breaker rests takes its time, so does one with a low rate: that is not late.
    """
    resting = sa.and_(destinations.c.paused_until.is_not(None), destinations.c.paused_until >= before)
    overdue = sa.and_(
        destinations.c.enabled, deliveries.c.next_at < before, destinations.c.tokens_at < before, ~resting
    )
    grouped = (destinations.c.id, destinations.c.enabled)
    query = (
        sa.select(*grouped, sa.func.min(deliveries.c.id).label("first"), sa.func.count().label("count"))
        .join_from(deliveries, destinations)
        .where(_PENDING, destinations.c.deleted_at.is_(None), sa.or_(overdue, ~destinations.c.enabled))
        .group_by(*grouped)
        .order_by(destinations.c.id)
    )
    return [Late(row["id"], row["first"], row["count"], row["enabled"]) for row in await _all(connection, query)]


async def delivery_counts(connection: Connection) -> dict[str, int]:
    """Return how many deliveries are in each state."""
    query = sa.select(deliveries.c.status, sa.func.count().label("n")).group_by(deliveries.c.status)
    return {row["status"]: row["n"] for row in await _all(connection, query)}


async def twice_received(connection: Connection) -> AsyncIterator[tuple[str, ...]]:
    """Yield the ids of messages that share channel and external id, which their table should not let happen."""
    same = (messages.c.channel, messages.c.external_id)
    query = sa.select(*same).group_by(*same).having(sa.func.count() > 1)
    for row in await _all(connection, query.limit(_PART)):
        which = (messages.c.channel == row["channel"], messages.c.external_id == row["external_id"])
        found = await _all(connection, sa.select(messages.c.id).where(*which).order_by(messages.c.id))
        yield tuple(one["id"] for one in found)


async def _all(connection: Connection, query: sa.Executable) -> Sequence[sa.RowMapping]:
    return (await connection.execute(query)).mappings().all()


async def _parts(
    connection: Connection, query: sa.Select[Any], key: sa.ColumnElement[str]
) -> AsyncIterator[Sequence[sa.RowMapping]]:
    """Yield the rows of a query part by part, in the order of ``key``, which is called ``id`` in it."""
    last = ""
    ordered = query.order_by(key).limit(_PART)
    while part := await _all(connection, ordered.where(key > last)):
        yield part
        last = part[-1]["id"]


async def _counted(
    connection: Connection, table: sa.Table, one: sa.ColumnElement[str], other: sa.ColumnElement[str],
    ids: Sequence[str], *where: sa.ColumnElement[bool],
) -> dict[str, Mapping[str, int]]:  # fmt: skip
    """Return for each of ``ids`` how many rows there are by another column."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    query = sa.select(one.label("one"), other.label("other"), sa.func.count().label("n")).select_from(table)
    for row in await _all(connection, query.where(one.in_(ids), *where).group_by(one, other)):
        found[row["one"]][row["other"]] = row["n"]
    return dict(found)


async def _told(
    connection: Connection, column: sa.ColumnElement[str], ids: Sequence[str]
) -> dict[str, Mapping[str, int]]:
    return await _counted(connection, outbox, column, outbox.c.type, ids, outbox.c.kind == OutboxKind.EVENT)


async def _corrected(connection: Connection, ids: Sequence[str]) -> dict[str, bool]:
    """Return by message whether its latest correction finds a complaint."""
    chosen = sa.select(feedback.c.message_id, feedback.c.labels).where(feedback.c.message_id.in_(ids))
    rows = await _all(connection, chosen.order_by(feedback.c.id))
    return {row["message_id"]: bool(row["labels"].get("complaint")) for row in rows}


async def _workflows(connection: Connection, names: Mapping[str, str]) -> dict[str, str]:
    """Return the status of workflows, by what their names stand for."""
    if not names:
        return {}
    rows = await _all(connection, sa.select(_WORKFLOWS).where(_WORKFLOWS.c.workflow_uuid.in_(list(names))))
    return {names[row["workflow_uuid"]]: row["status"] for row in rows}


async def _messages_by_case(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return for each case how many messages it has, and how many of them complain."""
    recognised = sa.exists().where(
        feedback.c.message_id == messages.c.id, feedback.c.labels["complaint"].as_boolean().is_(True)
    )
    complaining = sa.func.sum(sa.case((sa.or_(messages.c.complaint.is_(True), recognised), 1), else_=0))
    query = (
        sa.select(messages.c.case_id, sa.func.count().label("n"), complaining.label("complaining"))
        .where(messages.c.case_id.in_(ids))
        .group_by(messages.c.case_id)
    )
    return {row["case_id"]: (row["n"], int(row["complaining"])) for row in await _all(connection, query)}
