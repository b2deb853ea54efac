"""The trail: who read or changed what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from api.store import rows
from api.store.database import Connection
from api.store.tables import trail

__all__ = ["Downloads", "TrailFilter", "TrailRecord", "add", "downloads", "forget", "page"]

_DOWNLOAD: Final = sa.or_(
    sa.and_(trail.c.method == "GET", trail.c.route == "/v1/export.{form}", trail.c.status == 200),
    sa.and_(trail.c.method == "COMMAND", trail.c.route == "export --feedback", trail.c.object_id.is_(None)),
)
"""An export that went somewhere else than into a file that is remembered."""


@dataclass(frozen=True, slots=True)
class TrailRecord:
    """One request: who made it, for which route, about what, and how it was answered; never a word of its content.

    ``objects`` are the ids in its path by name, and those it made; ``object_id`` is the first of them. Of a command
    ``method`` is ``COMMAND``, ``route`` its name, and ``status`` 0 if it did all it was to do, else 1.
    """

    id: str
    at: datetime
    principal_kind: str
    principal_id: str
    principal_name: str
    method: str
    route: str
    object_id: str | None
    objects: Mapping[str, str]
    status: int


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What the trail can be narrowed to; ``principal`` is an id."""

    object: str | None = None
    principal: str | None = None
    method: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Downloads:
    """How often somebody took an export away, and when last; ``kind`` and ``name`` are a principal's."""

    kind: str
    name: str
    count: int
    last: datetime


async def add(connection: Connection, records: Sequence[TrailRecord]) -> None:
    """Store records."""
    await rows.insert(connection, trail, records)


async def page(connection: Connection, wanted: TrailFilter, *, before: str | None, limit: int) -> list[TrailRecord]:
    """Return the newest ``limit`` records before the one called ``before``, newest first."""
    where: list[sa.ColumnElement[bool]] = [] if before is None else [trail.c.id < before]
    equal = {trail.c.object_id: wanted.object, trail.c.principal_id: wanted.principal, trail.c.method: wanted.method}
    where += [column == value for column, value in equal.items() if value is not None]
    if wanted.since is not None:
        where.append(trail.c.at >= wanted.since)
    if wanted.until is not None:
        where.append(trail.c.at < wanted.until)
    return await rows.page(connection, trail, TrailRecord, where, limit)


async def downloads(connection: Connection, since: datetime) -> list[Downloads]:
    """Return who took exports away since a moment, and did not have them written into a file that is remembered."""
    who = (trail.c.principal_kind, trail.c.principal_name)
    query = (
        sa.select(*who, sa.func.count(), sa.func.max(trail.c.at))
        .where(trail.c.at >= since, _DOWNLOAD)
        .group_by(*who)
        .order_by(*who)
    )
    return [Downloads(*row) for row in (await connection.execute(query)).all()]


async def forget(connection: Connection, before: datetime) -> int:
    """Delete what is older than ``before``; return how many records that were."""
    return (await connection.execute(trail.delete().where(trail.c.at < before))).rowcount
