"""Alerts, and what they are made of: complaints counted by slice and day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from api.store import rows
from api.store.database import Connection
from api.store.records import MessageRecord
from api.store.tables import alerts, message_labels, messages
from classifier.taxonomy import SEVERITY, TASK_BY_ID, TaskKind

__all__ = [
    "ALL",
    "AlertFilter",
    "AlertRecord",
    "AlertStatus",
    "Cut",
    "add",
    "closed_since",
    "daily_counts",
    "examples",
    "get",
    "open_now",
    "page",
    "received",
    "save",
]

ALL: Final = "all"
_DAY_SECONDS: Final = 86_400
_LONGEST_VALUE: Final = 256


class AlertStatus(StrEnum):
    """Where an alert is."""

    OPEN = "open"  # the rise lasts
    CLOSED = "closed"  # it is over


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """A rise of the complaints with one ``value`` of one ``dimension``; ``count`` and the rest are of ``days``.

    They are kept as they were when the slice last was unusual; ``examples`` are those of the beginning.
    """

    id: str
    dimension: str
    value: str
    status: str
    raised_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    since: datetime
    days: int
    count: int
    expected: float
    upper: int
    probability: float
    examples: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts; ``since`` is about when they were raised."""

    status: str | None = None
    dimension: str | None = None
    value: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """A way to cut complaints into slices: a task's labels, or, with ``keys``, the first that the metadata has."""

    dimension: str
    keys: tuple[str, ...] = ()


async def daily_counts(connection: Connection, cut: Cut, until: datetime, days: int) -> dict[str, dict[int, int]]:
    """Return the complaints of the ``days`` of 24 hours before ``until``, by value and by how many days ago.

    Several messages of a case count once a day: a customer who writes five times is not five.
    """
    within = _complaints(until - timedelta(days=days), until)
    age = sa.literal(int(until.timestamp())) - sa.cast(sa.extract("epoch", messages.c.received_at), sa.BigInteger)
    case = sa.func.coalesce(messages.c.case_id, messages.c.id)
    found = _joined(cut, sa.select(_value(cut).label("value"), age.label("age"), case.label("one"))).where(*within)
    each = found.subquery()
    day = (each.c.age // _DAY_SECONDS).label("day")
    counted = sa.select(each.c.value, day, sa.func.count(each.c.one.distinct())).where(each.c.value.is_not(None))
    counts: dict[str, dict[int, int]] = {}
    for value, ago, count in await connection.execute(counted.group_by(each.c.value, sa.text("day"))):
        by_day = counts.setdefault(str(value)[:_LONGEST_VALUE], {})
        by_day[int(ago)] = by_day.get(int(ago), 0) + int(count)
    return counts


async def received(connection: Connection, cut: Cut, value: str, *, since: datetime, until: datetime) -> list[datetime]:
    """Return when each case of a slice first complained in a span."""
    first = sa.func.min(messages.c.received_at, type_=messages.c.received_at.type)
    query = _slice(cut, value, sa.select(first), since, until)
    query = query.group_by(sa.func.coalesce(messages.c.case_id, messages.c.id))
    return list((await connection.execute(query)).scalars())


async def examples(
    connection: Connection, cut: Cut, value: str, *, since: datetime, until: datetime, limit: int
) -> list[MessageRecord]:
    """Return messages of a slice, the gravest and then the latest first, one a case."""
    grave = sa.case({label: level for level, label in enumerate(SEVERITY.label_ids)}, value=messages.c.severity)
    query = _slice(cut, value, sa.select(messages.c.id, messages.c.case_id), since, until)
    query = query.order_by(grave.desc(), messages.c.received_at.desc()).limit(limit * 4)
    chosen: dict[str, str] = {}
    for message_id, case_id in await connection.execute(query):
        chosen.setdefault(case_id or message_id, message_id)
    ids = list(chosen.values())[:limit]
    found = await rows.fetch(connection, messages, MessageRecord, messages.c.id.in_(ids))
    return sorted(found, key=lambda message: ids.index(message.id))


async def open_now(connection: Connection) -> list[AlertRecord]:
    """Return the alerts whose rise lasts, the oldest first."""
    return await rows.fetch(connection, alerts, AlertRecord, alerts.c.status == AlertStatus.OPEN)


async def closed_since(connection: Connection, moment: datetime) -> list[AlertRecord]:
    """Return the alerts closed since then."""
    return await rows.fetch(connection, alerts, AlertRecord, alerts.c.closed_at >= moment)


async def get(connection: Connection, alert_id: str) -> AlertRecord | None:
    """Return one alert."""
    return await rows.fetch_one(connection, alerts, AlertRecord, alerts.c.id == alert_id)


async def page(connection: Connection, wanted: AlertFilter, *, before: str | None, limit: int) -> list[AlertRecord]:
    """Return the newest ``limit`` alerts raised before the one called ``before``, newest first."""
    equal = ("status", "dimension", "value")
    found = [alerts.c[name] == value for name in equal if (value := getattr(wanted, name)) is not None]
    if wanted.since is not None:
        found.append(alerts.c.raised_at >= wanted.since)
    if before is not None:
        found.append(alerts.c.id < before)
    return await rows.page(connection, alerts, AlertRecord, found, limit)


async def add(connection: Connection, alert: AlertRecord) -> None:
    """Store a new alert."""
    await rows.insert(connection, alerts, [alert])


async def save(connection: Connection, alert: AlertRecord) -> None:
    """Store an alert as it is now."""
    await connection.execute(alerts.update().where(alerts.c.id == alert.id).values(rows.values(alert)))


def _complaints(since: datetime, until: datetime) -> list[sa.ColumnElement[bool]]:
    return [messages.c.complaint.is_(True), messages.c.received_at >= since, messages.c.received_at < until]


def _value(cut: Cut) -> sa.ColumnElement[Any]:
    """Return what a slice is told by."""
    if cut.keys:
        return sa.func.coalesce(*(messages.c.metadata[key].as_string() for key in cut.keys), sa.null())
    if cut.dimension == ALL:
        return sa.literal(ALL, sa.String)
    return message_labels.c.label if _has_several(cut) else messages.c[cut.dimension]


def _joined(cut: Cut, query: sa.Select[Any]) -> sa.Select[Any]:
    """Join the labels where a message may have several, so that it counts for each."""
    if not _has_several(cut):
        return query.select_from(messages)
    same = sa.and_(message_labels.c.message_id == messages.c.id, message_labels.c.task == cut.dimension)
    return query.join_from(messages, message_labels, same)


def _slice(cut: Cut, value: str, query: sa.Select[Any], since: datetime, until: datetime) -> sa.Select[Any]:
    """Narrow a query to the complaints of a slice and a span."""
    told = sa.cast(_value(cut), sa.String) if cut.keys else _value(cut)
    same = sa.func.substr(told, 1, _LONGEST_VALUE) == value
    return _joined(cut, query).where(*_complaints(since, until), same)


def _has_several(cut: Cut) -> bool:
    return not cut.keys and cut.dimension in TASK_BY_ID and TASK_BY_ID[cut.dimension].kind is TaskKind.MULTI
