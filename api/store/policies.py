"""Policies that cases were planned by: kept whole, because the file may change while a case runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from api.store.tables import policies

__all__ = ["get", "keep"]

_CONTENT: Final = sa.select(policies.c.content).where(policies.c.version == sa.bindparam("version"))


async def keep(connection: AsyncConnection, version: str, content: Mapping[str, Any], at: datetime) -> None:
    """Store a policy unless it is there."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"version": version, "first_used": at, "content": content}
    known = sa.select(policies.c.version).where(policies.c.version == version)
    if (await connection.execute(known)).first() is None:
        await connection.execute(dialect.insert(policies).values(row).on_conflict_do_nothing())


async def get(connection: AsyncConnection, version: str) -> Mapping[str, Any] | None:
    """Return a policy's content."""
    found = await connection.execute(_CONTENT, {"version": version})
    content: Mapping[str, Any] | None = found.scalar_one_or_none()
    return content
