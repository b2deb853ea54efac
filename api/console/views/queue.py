"""The queue of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from api.console.text import excerpt, masked
from api.filters import Moment, Term
from api.store import queue
from api.store.database import Connection
from api.store.queue import Place, Queued, QueueFilter

__all__ = ["QueueQuery", "QueueView", "Row", "read_queue"]

_PAGE: Final = 40
_READ: Final = 600
_SHOWN: Final = 170


class QueueQuery(BaseModel):
    """What the address of the queue says; an empty field is none. ``due`` and ``after`` say where the page starts."""

    model_config = ConfigDict(extra="ignore")

    tab: Literal["todo", "finish", "over"] = "todo"
    priority: Term | None = None
    owner: Term | None = None
    channel: Term | None = None
    double: Annotated[bool, Field()] = False
    overdue: bool = False
    due: Moment | None = None
    after: Term | None = None

    def filter(self, now: datetime) -> QueueFilter:
        """Return the filter of the store."""
        return QueueFilter(
            priority=self.priority or None,
            owner=self.owner or None,
            channel=self.channel or None,
            double_deviation=True if self.double else None,
            due_before=now if self.overdue else None,
        )

    def address(self, **more: Any) -> str:
        """Return the address of the queue with these filters and others."""
        given = self.model_dump(mode="json", exclude_defaults=True, exclude={"due", "after"}) | more
        chosen = {key: value for key, value in given.items() if value not in (None, "", False)}
        return "/cases" + (f"?{urlencode(chosen)}" if chosen else "")


@dataclass(frozen=True, slots=True)
class Row:
    """A case in the queue, and what the customer wrote last."""

    queued: Queued
    customer: str
    words: str
    language: str | None
    severity: str | None
    touchpoint: str | None
    unsure: bool


@dataclass(frozen=True, slots=True)
class QueueView:
    """A page of the queue; ``opened`` and ``late`` count, up to ``most``."""

    rows: Sequence[Row]
    following: Mapping[str, str] | None
    opened: int
    late: int
    most: int
    owners: Sequence[str]
    channels: Sequence[str]


async def read_queue(connection: Connection, query: QueueQuery, now: datetime, *, mask: bool) -> QueueView:
    """Gather a page of the queue."""
    found = await _found(connection, query, now)
    shown = found[:_PAGE]
    said = await queue.said_last(connection, [item.case.id for item in shown], _READ)
    opened, late = await queue.counts(connection, now)
    owners, channels = await queue.choices(connection)
    rows = [_row(item, said.get(item.case.id), mask=mask) for item in shown]
    following = _place(shown[-1]) if len(found) > _PAGE else None
    return QueueView(rows, following, opened, late, queue.MOST_COUNTED, owners, channels)


async def _found(connection: Connection, query: QueueQuery, now: datetime) -> list[Queued]:
    wanted = query.filter(now)
    if query.tab == "todo":
        after = Place(query.due, query.after) if query.due and query.after else None
        return await queue.page(connection, wanted, after=after, limit=_PAGE + 1)
    finish = query.tab == "finish"
    return await queue.ended(connection, wanted, open_ones=finish, before=query.after, limit=_PAGE + 1)


def _place(last: Queued) -> Mapping[str, str]:
    due = {"due": last.step.due_at.isoformat()} if last.step else {}
    return {**due, "after": last.case.id}


def _row(item: Queued, said: queue.Said | None, *, mask: bool) -> Row:
    customer = "" if mask else item.case.customer_id or ""
    if said is None:
        return Row(item, customer, "", None, None, None, unsure=False)
    words = excerpt(masked(said.text, mask=mask), _SHOWN)
    return Row(item, customer, words, said.language, said.severity, said.touchpoint, unsure=said.review == "needed")
