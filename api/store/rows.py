"""Between records and rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Query", "fetch", "fetch_one", "insert", "page", "values"]

R = TypeVar("R")


class Query(Generic[R]):
    """A query for records. It is made once, with ``sa.bindparam`` for what differs from one call to the next.

    SQLAlchemy takes several times as long to put a query together, and to recognise it, as SQLite to answer it.
    """

    def __init__(
        self,
        table: sa.Table,
        record: type[R],
        *where: sa.ColumnElement[bool],
        order: str | None = "id",
        lock: bool = False,
    ) -> None:
        """``order`` names a column, ``None`` where one record is all there can be; ``lock`` until the transaction ends.

        All of ``where`` holds for the records that are found.
        """
        query = _select(table, _names(record)).where(*where)
        query = query if order is None else query.order_by(table.c[order])
        self._query = query.with_for_update() if lock else query
        self._record = record

    async def all(self, connection: AsyncConnection, **bound: Any) -> list[R]:
        """Return the records; ``bound`` are the values of this call."""
        return [self._record(*row) for row in await connection.execute(self._query, bound)]

    async def one(self, connection: AsyncConnection, **bound: Any) -> R | None:
        """Return the record, if it is there."""
        row = (await connection.execute(self._query, bound)).one_or_none()
        return None if row is None else self._record(*row)


@cache
def _select(table: sa.Table, names: tuple[str, ...]) -> sa.Select[Any]:
    """Return the query for all records, made once: SQLAlchemy takes longer for that than SQLite for the answer."""
    return sa.select(*(table.c[name] for name in names))


@cache
def _insert(table: sa.Table) -> sa.Insert:
    return table.insert()


def _names(record: Any) -> tuple[str, ...]:
    return tuple(record.__dataclass_fields__)


async def fetch(
    connection: AsyncConnection, table: sa.Table, record: type[R], *where: sa.ColumnElement[bool], order: str = "id"
) -> list[R]:
    """Return the records of ``table`` for which all of ``where`` holds."""
    return await Query(table, record, *where, order=order).all(connection)


async def fetch_one(
    connection: AsyncConnection, table: sa.Table, record: type[R], *where: sa.ColumnElement[bool], lock: bool = False
) -> R | None:
    """Return the record for which all of ``where`` holds; ``lock`` it until the transaction ends."""
    return await Query(table, record, *where, order=None, lock=lock).one(connection)


async def page(
    connection: AsyncConnection, table: sa.Table, record: type[R], where: Sequence[sa.ColumnElement[bool]], limit: int
) -> list[R]:
    """Return the newest ``limit`` records, newest first."""
    query = _select(table, _names(record)).where(*where).order_by(table.c.id.desc()).limit(limit)
    return [record(*row) for row in await connection.execute(query)]


async def insert(connection: AsyncConnection, table: sa.Table, records: Sequence[Any], **more: Any) -> None:
    """Add records; ``more`` are columns that the records don't have, the same for all."""
    if records:
        await connection.execute(_insert(table), [{**values(record), **more} for record in records])


def values(record: Any) -> dict[str, Any]:
    """Return the columns of a record."""
    return {name: getattr(record, name) for name in _names(record)}
