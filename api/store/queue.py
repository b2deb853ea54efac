"""Open cases in the order in which somebody should look at them, with what a list shows of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from api.store.database import Connection
from api.store.records import CaseRecord, CaseStatus, StepStatus
from api.store.tables import cases, messages, steps

__all__ = [
    "MOST_COUNTED",
    "Place",
    "QueueFilter",
    "Queued",
    "Said",
    "Step",
    "choices",
    "counts",
    "ended",
    "page",
    "said_last",
]

MOST_COUNTED: Final = 1000
_COLUMNS: Final = [cases.c[field.name] for field in fields(CaseRecord) if field.name != "plan"]


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which open cases; ``due_before`` is about the next step that is to be done."""

    priority: str | None = None
    owner: str | None = None
    channel: str | None = None
    double_deviation: bool | None = None
    due_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the queue starts: after this case, whose next step is due then."""

    due_at: datetime
    case_id: str


@dataclass(frozen=True, slots=True)
class Step:
    """The step of a case that is due next."""

    id: str
    due_at: datetime
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Queued:
    """A case, without its plan, and the step that is due next; ``None`` where all steps are done."""

    case: CaseRecord
    step: Step | None


@dataclass(frozen=True, slots=True)
class Said:
    """What the customer of a case wrote last."""

    message_id: str
    text: str
    severity: str | None
    touchpoint: str | None
    language: str | None
    review: str


async def page(connection: Connection, wanted: QueueFilter, *, after: Place | None, limit: int) -> list[Queued]:
    """Return the ``limit`` open cases whose next step is due first, the most urgent first."""
    due = cases.c.next_due
    query = (
        sa.select(*_COLUMNS, due)
        .where(cases.c.status == CaseStatus.OPEN, due.is_not(None), *_conditions(wanted))
        .order_by(due, cases.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(due >= after.due_at, sa.or_(due > after.due_at, cases.c.id > after.case_id))
    dues, found = {}, []
    for row in (await connection.execute(query)).mappings():
        values = dict(row)
        dues[row["id"]] = values.pop("next_due")
        found.append(CaseRecord(**values, plan=None))
    next_steps = await _next_steps(connection, dues)
    return [Queued(case, next_steps[case.id]) for case in found]


async def ended(
    connection: Connection, wanted: QueueFilter, *, open_ones: bool, before: str | None, limit: int
) -> list[Queued]:
    """Return cases with no step to do, the newest first: open ones that can be closed, or those that are over."""
    where = _conditions(replace(wanted, due_before=None))
    if before is not None:
        where.append(cases.c.id < before)
    which = [sa.and_(cases.c.status == CaseStatus.OPEN, cases.c.next_due.is_(None))]
    if not open_ones:
        which = [sa.and_(cases.c.status == status) for status in (CaseStatus.CLOSED, CaseStatus.CANCELLED)]
    newest = [sa.select(cases.c.id).where(each, *where).order_by(cases.c.id.desc()).limit(limit) for each in which]
    ids = sa.union_all(*(sa.select(each.subquery().c.id) for each in newest)).subquery()
    query = sa.select(*_COLUMNS).where(cases.c.id.in_(sa.select(ids.c.id))).order_by(cases.c.id.desc()).limit(limit)
    found = await connection.execute(query)
    return [Queued(CaseRecord(**row, plan=None), None) for row in found.mappings()]


async def counts(connection: Connection, now: datetime) -> tuple[int, int]:
    """Return how many cases are open, and how many of them have a step overdue; each ``MOST_COUNTED`` at most."""
    opened = sa.select(cases.c.id).where(cases.c.status == CaseStatus.OPEN)
    some = (which.limit(MOST_COUNTED).subquery() for which in (opened, opened.where(cases.c.next_due < now)))
    one, other = (sa.select(sa.func.count()).select_from(each).scalar_subquery() for each in some)
    row = (await connection.execute(sa.select(one, other))).one()
    return int(row[0]), int(row[1])


async def said_last(connection: Connection, case_ids: Sequence[str], length: int) -> dict[str, Said]:
    """Return by case the beginning of its latest message, at most ``length`` characters of it."""
    last = sa.select(sa.func.max(messages.c.id)).where(messages.c.case_id.in_(case_ids)).group_by(messages.c.case_id)
    columns = [messages.c[name] for name in ("severity", "touchpoint", "language", "review")]
    named = (messages.c.case_id, messages.c.id.label("message_id"), messages.c.text)
    query = sa.select(*named, *columns).where(messages.c.id.in_(last))
    found = {}
    for row in (await connection.execute(query)).mappings():
        values = {**row, "text": row["text"][:length]}
        case_id = values.pop("case_id")
        found[case_id] = Said(**values)
    return found


async def choices(connection: Connection) -> tuple[list[str], list[str]]:
    """Return the owners and the channels of open cases, of the ``MOST_COUNTED`` newest of them."""
    newest = (
        sa.select(cases.c.owner, cases.c.channel)
        .where(cases.c.status == CaseStatus.OPEN)
        .order_by(cases.c.id.desc())
        .limit(MOST_COUNTED)
    )
    rows = list((await connection.execute(newest)).all())
    return sorted({row[0] for row in rows if row[0]}), sorted({row[1] for row in rows})


async def _next_steps(connection: Connection, dues: Mapping[str, datetime]) -> dict[str, Step]:
    """Return the step of each case that is due next, the first of several that are due together."""
    query = (
        sa.select(steps.c.case_id, steps.c.id, steps.c.due_at, steps.c.content)
        .join_from(steps, cases, sa.and_(cases.c.id == steps.c.case_id, cases.c.revision == steps.c.revision))
        .where(steps.c.case_id.in_(dues), _is_pending())
        .order_by(steps.c.due_at.is_(None), steps.c.position)
    )
    found: dict[str, Step] = {}
    for row in await connection.execute(query):
        due = dues[row.case_id]
        if row.case_id not in found and row.due_at in (due, None):
            found[row.case_id] = Step(row.id, due, row.content)
    return found


def _is_pending() -> sa.ColumnElement[bool]:
    """Return the condition that a step is still to be done.

    Not on the column itself: SQLite would look through all pending steps by their index, not through those of a case.
    """
    return sa.func.coalesce(steps.c.status, "") == StepStatus.PENDING


def _conditions(wanted: QueueFilter) -> list[sa.ColumnElement[bool]]:
    equal = ("priority", "owner", "channel", "double_deviation")
    found = [cases.c[name] == value for name in equal if (value := getattr(wanted, name)) is not None]
    if wanted.due_before is not None:
        found.append(cases.c.next_due < wanted.due_before)
    return found
