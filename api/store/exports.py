"""Messages page by page in the order in which they were received, for exports of any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from api.store.analytics import counted_rows, country_of, label_columns, latest_correction
from api.store.database import Connection
from api.store.messages import SEVERAL
from api.store.tables import feedback, message_labels, messages

__all__ = ["ExportFilter", "conditions", "export_page"]

_OWN: Final = (
    "id", "received_at", "channel", "external_id", "customer_id", "case_id", "review", "model", "text", "personal",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """Which messages: received from ``since`` to before ``until``; the rest are alternatives, empty means all."""

    since: datetime
    until: datetime
    channels: Sequence[str] = ()
    countries: Sequence[str] = ()
    languages: Sequence[str] = ()
    review: str | None = None
    labels: Mapping[str, Sequence[str | bool]] = field(default_factory=dict)


async def export_page(
    connection: Connection, wanted: ExportFilter, *, after: tuple[datetime, str] | None, limit: int
) -> list[Mapping[str, Any]]:
    """Return the first ``limit`` messages after the one received ``after`` then and called so.

    ``labels`` are the model's, ``corrected`` a person's or ``None``. A corrected message comes along whatever the
    model said of it: whether it is one of those that are wanted is told by its corrected labels.
    """
    at = messages.c.received_at
    query = (
        sa.select(at.label("at"), *(messages.c[name] for name in _OWN))
        .add_columns(country_of(messages), *label_columns(messages))
        .join_from(messages, feedback, latest_correction(messages), isouter=True)
        .where(at >= wanted.since, at < wanted.until, *conditions(wanted))
        .order_by(at, messages.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(at >= after[0], sa.or_(at > after[0], messages.c.id > after[1]))
    return counted_rows(await connection.execute(query))


def conditions(wanted: ExportFilter) -> list[sa.ColumnElement[bool]]:
    """Return what a filter asks of messages joined with their corrections, but for their time."""
    found: list[sa.ColumnElement[bool]] = []
    if wanted.channels:
        found.append(messages.c.channel.in_(wanted.channels))
    if wanted.countries:
        found.append(messages.c.customer["country"].as_string().in_(wanted.countries))
    if wanted.languages:
        found.append(sa.func.coalesce(feedback.c.language, messages.c.language).in_(wanted.languages))
    if wanted.review:
        found.append(messages.c.review == wanted.review)
    found += [
        sa.or_(feedback.c.id.is_not(None), _labelled(task, labels)) for task, labels in wanted.labels.items() if labels
    ]
    return found


def _labelled(task: str, labels: Sequence[str | bool]) -> sa.ColumnElement[bool]:
    if task not in SEVERAL:
        return messages.c[task].in_(labels)
    table = message_labels.c
    having = (table.message_id == messages.c.id, table.task == task, table.label.in_(labels))
    return sa.exists().where(*having)
