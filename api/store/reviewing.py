"""What people have looked at and what they should look at next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from api.store import rows
from api.store.database import Connection
from api.store.records import Json, MessageRecord, ReviewStatus
from api.store.tables import feedback, messages

__all__ = ["MOST_COUNTED", "Judged", "Reading", "judged", "next_second", "next_unsure", "readings", "waiting"]

MOST_COUNTED: Final = 1000
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
    """Return the next message that one person looked at, and not this one: for a second reading."""
    name = sa.func.coalesce(feedback.c.reviewer, _NOBODY)
    once = (
        sa.select(feedback.c.message_id)
        .group_by(feedback.c.message_id)
        .having(sa.func.count(name.distinct()) == 1, sa.func.max(name) != reviewer)
        .order_by(feedback.c.message_id)
    )
    return await _first(connection, once if after is None else once.where(feedback.c.message_id > after))


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
    last = sa.select(sa.func.max(feedback.c.id)).where(feedback.c.message_id.in_(several))
    query = sa.select(feedback.c.message_id, name.label("reviewer"), feedback.c.labels).where(
        feedback.c.id.in_(last.group_by(feedback.c.message_id, name))
    )
    found = await connection.execute(query.order_by(feedback.c.id))
    return [Reading(**row) for row in found.mappings()]


async def judged(connection: Connection, *, limit: int) -> Sequence[Judged]:
    """Return the ``limit`` messages that people looked at last."""
    other = feedback.alias()
    again = sa.exists().where(other.c.message_id == feedback.c.message_id, other.c.id > feedback.c.id)
    query = (
        sa.select(messages.c.classification, feedback.c.labels, feedback.c.model)
        .join_from(feedback, messages)
        .where(~again)
        .order_by(feedback.c.id.desc())
        .limit(limit)
    )
    return [Judged(**row) for row in (await connection.execute(query)).mappings()]


async def _first(connection: Connection, ids: sa.Select[Any]) -> MessageRecord | None:
    found = (await connection.execute(ids.limit(1))).scalar_one_or_none()
    return None if found is None else await rows.fetch_one(connection, messages, MessageRecord, messages.c.id == found)
