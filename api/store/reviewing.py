"""What people have looked at and what they should look at next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from api.store import rows
from api.store.database import Connection
from api.store.exports import ExportFilter, conditions
from api.store.records import Json, MessageRecord, ReviewStatus
from api.store.tables import feedback, message_labels, messages
from classifier.taxonomy import TASK_BY_ID, TaskKind

__all__ = [
    "LOOKED_THROUGH",
    "MOST_COUNTED",
    "Judged",
    "Reading",
    "Reviewed",
    "judged",
    "next_second",
    "next_unsure",
    "readings",
    "readings_of",
    "reviewed",
    "waiting",
]

MOST_COUNTED: Final = 1000
LOOKED_THROUGH: Final = 10_000
"""Corrections, the latest, among which reviewed messages are looked for: what is asked for may be rare."""
_TOGETHER: Final = 1000
_NOBODY: Final = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """The labels that one reviewer gave a message last; ``reviewer`` is empty for those without a name."""

    message_id: str
    reviewer: str
    labels: Json


@dataclass(frozen=True, slots=True)
class Judged:
    """What the model decided of a message, and the labels that a person gave it last."""

    classification: Json
    labels: Json
    model: str


class Reviewed(NamedTuple):
    """A message that people looked at, and its latest correction."""

    message_id: str
    correction: str


async def next_unsure(connection: Connection, *, after: str | None) -> MessageRecord | None:
    """Return the next message that a person should look at: the least sure first, the oldest of equally sure ones.

    After the last one come those again that were skipped. What comes in meanwhile does not change what is next, unless
    it is less sure than the one ``after`` which it is.
    """
    table = messages.c
    waiting = sa.select(table.id).where(table.review == ReviewStatus.NEEDED).order_by(table.sureness, table.id)
    if after is None:
        return await _first(connection, waiting)
    here = sa.select(table.sureness).where(table.id == after).scalar_subquery()
    later = waiting.where(table.sureness >= here, sa.or_(table.sureness > here, table.id > after))
    return await _first(connection, later) or await _first(connection, waiting.where(table.id != after))


async def next_second(connection: Connection, reviewer: str, *, after: str | None) -> MessageRecord | None:
    """Return the next message that one person looked at, and not this one: for a second reading.

    After the last one come those again that were skipped.
    """
    name = sa.func.coalesce(feedback.c.reviewer, _NOBODY)
    once = (
        sa.select(feedback.c.message_id)
        .group_by(feedback.c.message_id)
        .having(sa.func.count(name.distinct()) == 1, sa.func.max(name) != reviewer)
        .order_by(feedback.c.message_id)
    )
    if after is None:
        return await _first(connection, once)
    later = once.where(feedback.c.message_id > after)
    return await _first(connection, later) or await _first(connection, once.where(feedback.c.message_id != after))


async def waiting(connection: Connection) -> int:
    """Return how many messages a person should look at, ``MOST_COUNTED`` at most."""
    some = sa.select(messages.c.id).where(messages.c.review == ReviewStatus.NEEDED).limit(MOST_COUNTED).subquery()
    return int((await connection.execute(sa.select(sa.func.count()).select_from(some))).scalar_one())


async def readings(connection: Connection, *, limit: int) -> list[Reading]:
    """Return each reviewer's last labels of the ``limit`` newest messages that several people looked at."""
    name = sa.func.coalesce(feedback.c.reviewer, _NOBODY)
    several = (
        sa.select(feedback.c.message_id)
        .group_by(feedback.c.message_id)
        .having(sa.func.count(name.distinct()) > 1)
        .order_by(feedback.c.message_id.desc())
        .limit(limit)
    )
    return await readings_of(connection, (await connection.execute(several)).scalars().all())


async def readings_of(connection: Connection, message_ids: Sequence[str]) -> list[Reading]:
    """Return each reviewer's last labels of some messages."""
    name, found = sa.func.coalesce(feedback.c.reviewer, _NOBODY), list[Reading]()
    for start in range(0, len(message_ids), _TOGETHER):
        some = feedback.c.message_id.in_(message_ids[start : start + _TOGETHER])
        last = sa.select(sa.func.max(feedback.c.id)).where(some).group_by(feedback.c.message_id, name)
        query = sa.select(feedback.c.message_id, name.label("reviewer"), feedback.c.labels)
        rows_ = await connection.execute(query.where(feedback.c.id.in_(last)).order_by(feedback.c.id))
        found += [Reading(*row) for row in rows_.all()]
    return found


async def reviewed(
    connection: Connection, wanted: ExportFilter, *, model: str | None = None, several: bool = False, limit: int
) -> list[Reviewed]:
    """Return the ``limit`` messages that people looked at last, of the last ``LOOKED_THROUGH`` corrections.

    ``wanted`` looks at the labels as corrected; ``model``: of corrections of its answers only; ``several``: only what
    several people looked at.
    """
    # Corrections are few, messages many: a join, or an EXISTS on PostgreSQL, may start from all messages of a period.
    other, at = feedback.alias(), messages.c.received_at
    same = other.c.message_id == feedback.c.message_id
    theirs = (messages.c.id == feedback.c.message_id, at >= wanted.since, at < wanted.until, *conditions(wanted))
    labelled = (_is(task, labels) for task, labels in wanted.labels.items() if labels)
    before = sa.select(other.c.id).order_by(other.c.id.desc()).offset(LOOKED_THROUGH).limit(1).scalar_subquery()
    query = (
        sa.select(feedback.c.message_id, feedback.c.id)
        .where(feedback.c.id > sa.func.coalesce(before, ""))
        .where(~sa.exists().where(same, other.c.id > feedback.c.id))
        .where(sa.select(messages.c.id).where(*theirs, *labelled).correlate(feedback).scalar_subquery().is_not(None))
        .order_by(feedback.c.id.desc())
        .limit(limit)
    )
    if model is not None:
        query = query.where(feedback.c.model == model)
    if several:
        names = (sa.func.coalesce(table.c.reviewer, _NOBODY) for table in (other, feedback))
        query = query.where(sa.exists().where(same, next(names) != next(names)))
    return [Reviewed(*row) for row in (await connection.execute(query)).all()]


def _is(name: str, labels: Sequence[str | bool]) -> sa.ColumnElement[bool]:
    """Return the condition that a corrected message has one of some labels, by the person or else by the model."""
    task, said, found = TASK_BY_ID[name], feedback.c.labels[name], messages.c[name]
    has: sa.ColumnElement[bool]
    if task.kind is TaskKind.MULTI:
        table, listed = message_labels.c, said.as_string()
        own = sa.exists().where(table.message_id == messages.c.id, table.task == name, table.label.in_(labels))
        person = sa.or_(*(listed.contains(f'"{label}"', autoescape=True) for label in labels))
        has = sa.case((listed.is_(None), own), else_=person)
    else:
        has = sa.func.coalesce(said.as_boolean() if task.kind is TaskKind.FLAG else said.as_string(), found).in_(labels)
    if not task.complaints_only:
        return has
    complaint = sa.func.coalesce(feedback.c.labels["complaint"].as_boolean(), messages.c.complaint)
    return sa.and_(complaint.is_not(sa.false()), has)


async def judged(connection: Connection, corrections: Collection[str]) -> dict[str, Judged]:
    """Return what some corrections judged, by their ids."""
    ids, found = list(corrections), dict[str, Judged]()
    for start in range(0, len(ids), _TOGETHER):
        query = (
            sa.select(feedback.c.id, messages.c.classification, feedback.c.labels, feedback.c.model)
            .join_from(feedback, messages)
            .where(feedback.c.id.in_(ids[start : start + _TOGETHER]))
        )
        found |= {name: Judged(*judgement) for name, *judgement in (await connection.execute(query)).all()}
    return found


async def _first(connection: Connection, ids: sa.Select[Any]) -> MessageRecord | None:
    found = (await connection.execute(ids.limit(1))).scalar_one_or_none()
    return None if found is None else await rows.fetch_one(connection, messages, MessageRecord, messages.c.id == found)
