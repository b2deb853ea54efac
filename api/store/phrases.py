"""Messages that show a touchpoint at its worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from api.store.analytics import latest_correction
from api.store.database import Connection
from api.store.records import MessageRecord
from api.store.tables import feedback, messages

__all__ = ["Hours", "worst"]

_COLUMNS: Final = tuple(messages.c[name] for name in MessageRecord.__slots__)
_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class Hours:
    """Complaints about a touchpoint with a severity, received in some hours."""

    touchpoint: str
    severity: str
    hours: Sequence[datetime]


async def worst(connection: Connection, wanted: Hours) -> list[tuple[MessageRecord, str | None, Any]]:
    """Return messages of some hours, newest first, with their language and what a person corrected or ``None``."""
    if not wanted.hours:
        return []
    at = messages.c.received_at
    query = (
        sa.select(*_COLUMNS, feedback.c.labels.label("corrected"))
        .add_columns(sa.func.coalesce(feedback.c.language, messages.c.language).label("language"))
        .join_from(messages, feedback, latest_correction(messages), isouter=True)
        .where(messages.c.touchpoint == wanted.touchpoint, messages.c.severity == wanted.severity)
        .where(sa.or_(*(sa.and_(at >= hour, at < hour + timedelta(hours=1)) for hour in wanted.hours)))
        .order_by(at.desc(), messages.c.id.desc())
        .limit(_MOST)
    )
    found = []
    for row in (await connection.execute(query)).mappings():
        record = MessageRecord(**{name: row[name] for name in MessageRecord.__slots__})
        found.append((record, row["language"], row["corrected"]))
    return found
