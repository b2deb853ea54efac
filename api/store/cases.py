"""Cases, the steps of their plans, and what happened to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.store import rows
from api.store.identifiers import new_id
from api.store.records import CaseRecord, CaseStatus, HistoryRecord, StepRecord, StepStatus
from api.store.tables import cases, feedback, history, messages, steps

__all__ = [
    "CaseFilter",
    "Conversation",
    "Finding",
    "add",
    "add_steps",
    "change_pending",
    "complete",
    "findings_of",
    "get",
    "history_of",
    "last_closed_in",
    "open_in",
    "overdue",
    "page",
    "record",
    "revive",
    "save",
    "steps_of",
]


# The status is no plain condition: SQLite would look at all pending steps by their index, not at those of a case.
# A step without a time of its own is to be done until the case is to be solved.
_PENDING: Final = sa.func.coalesce(steps.c.status, "") == StepStatus.PENDING
_DUE: Final = sa.func.coalesce(steps.c.due_at, cases.c.resolution_due, cases.c.opened_at, type_=steps.c.due_at.type)
_NEXT_DUE: Final = (
    sa.select(sa.func.min(_DUE))
    .where(steps.c.case_id == cases.c.id, steps.c.revision == cases.c.revision, _PENDING)
    .correlate(cases)
    .scalar_subquery()
)
_THIS: Final = cases.c.id == sa.bindparam("case")
_BY_ID: Final = rows.Query(cases, CaseRecord, _THIS, order=None)
_LOCKED: Final = rows.Query(cases, CaseRecord, _THIS, order=None, lock=True)
_OVERDUE: Final = (
    sa.select(*(cases.c[name] for name in CaseRecord.__dataclass_fields__))
    .where(cases.c.next_at < sa.bindparam("before"))
    .order_by(cases.c.next_at, cases.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_SAVE: Final = cases.update().where(_THIS)
_RENEW: Final = cases.update().where(_THIS).values(next_due=_NEXT_DUE)
_OF_CASE: Final = steps.c.case_id == sa.bindparam("case")
_STEPS: Final = rows.Query(steps, StepRecord, _OF_CASE, order="position")
_COMPLETE: Final = steps.update().where(
    _OF_CASE, steps.c.revision == sa.bindparam("plan"), steps.c.id == sa.bindparam("step")
)
_CHANGE_PENDING: Final = steps.update().where(
    _OF_CASE, steps.c.status == StepStatus.PENDING, steps.c.id.not_in(sa.bindparam("but", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where a message belongs: to a customer's thread, to a channel's thread, or to neither.

    A customer's messages without a thread are one conversation.
    """

    channel: str
    thread_id: str | None
    customer_id: str | None

    @property
    def names(self) -> list[str]:
        """What to lock, so that two messages of one conversation do not open two cases."""
        named = [f"thread\0{self.channel}\0{self.thread_id}"] if self.thread_id else []
        return named + ([f"customer\0{self.customer_id}\0{self.thread_id or ''}"] if self.customer_id else [])


_INDEXED: Final = frozenset({"priority", "owner", "channel", "double_deviation"})
_EQUAL: Final = ("status", "outcome", "customer_id", *sorted(_INDEXED))


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases."""

    status: str | None = None
    outcome: str | None = None
    priority: str | None = None
    owner: str | None = None
    channel: str | None = None
    customer_id: str | None = None
    double_deviation: bool | None = None
    due_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in a message of a case: its classification, and all that people corrected, the latest last."""

    message_id: str
    channel: str
    classification: Mapping[str, Any]
    corrections: Sequence[tuple[Mapping[str, Any], str | None]]


async def open_in(connection: AsyncConnection, conversation: Conversation) -> CaseRecord | None:
    """Return the conversation's open case, the oldest if it joins two, locked until the transaction ends."""
    bound = _bound(conversation)
    if not bound:
        return None
    for case_id in list((await connection.execute(_open_in(*bound), bound)).scalars()):
        case = await get(connection, case_id, lock=True)
        if case is not None and case.status == CaseStatus.OPEN:  # PostgreSQL: it may have been closed just now
            return case
    return None


async def last_closed_in(connection: AsyncConnection, conversation: Conversation) -> CaseRecord | None:
    """Return the conversation's case that was closed last, locked until the transaction ends."""
    bound = _bound(conversation)
    if not bound:
        return None
    case_id = (await connection.execute(_last_closed_in(*bound), bound)).scalar_one_or_none()
    case = await get(connection, case_id, lock=True) if case_id else None
    return case if case is not None and case.status == CaseStatus.CLOSED else None


def _bound(conversation: Conversation) -> dict[str, str]:
    """Return what the query for the cases of a conversation needs: nothing without a customer and a thread."""
    customer = {"customer": conversation.customer_id} if conversation.customer_id else {}
    thread = {"thread": conversation.thread_id, "channel": conversation.channel} if conversation.thread_id else {}
    return customer | thread


@cache
def _open_in(*bound: str) -> sa.Select[Any]:
    """Return the query for a conversation's open cases, the oldest first, made once for each kind of conversation."""
    where = (cases.c.status == CaseStatus.OPEN, cases.c.id.in_(_of(bound)))
    return sa.select(cases.c.id).where(*where).order_by(cases.c.id)


@cache
def _last_closed_in(*bound: str) -> sa.Select[Any]:
    """Return the query for the conversation's case that was closed last, made once for each kind of conversation."""
    where = (cases.c.status == CaseStatus.CLOSED, cases.c.id.in_(_of(bound)))
    return sa.select(cases.c.id).where(*where).order_by(cases.c.closed_at.desc(), cases.c.id.desc()).limit(1)


def _of(bound: Collection[str]) -> sa.Select[Any]:
    """Return the query for the cases of a conversation of which ``bound`` is known, as ``_bound`` names it."""
    same, thread = [], messages.c.thread_id
    if "customer" in bound:
        same_thread = thread == sa.bindparam("thread") if "thread" in bound else thread.is_(None)
        same.append(sa.and_(messages.c.customer_id == sa.bindparam("customer"), same_thread))
    if "thread" in bound:
        same.append(sa.and_(thread == sa.bindparam("thread"), messages.c.channel == sa.bindparam("channel")))
    return sa.select(messages.c.case_id).where(sa.or_(*same), messages.c.case_id.is_not(None))


async def findings_of(connection: AsyncConnection, case_id: str) -> list[Finding]:
    """Return what was found in the messages of a case, oldest first."""
    columns = [messages.c[name] for name in ("id", "channel", "classification")]
    query = sa.select(*columns).where(messages.c.case_id == case_id).order_by(messages.c.id)
    found = (await connection.execute(query)).all()
    corrected: dict[str, list[tuple[Mapping[str, Any], str | None]]] = {row.id: [] for row in found}
    of_case = feedback.c.message_id.in_(list(corrected))
    chosen = sa.select(feedback.c.message_id, feedback.c.labels, feedback.c.language)
    for row in await connection.execute(chosen.where(of_case).order_by(feedback.c.id)):
        corrected[row.message_id].append((row.labels, row.language))
    return [Finding(row.id, row.channel, row.classification, corrected[row.id]) for row in found]


async def get(connection: AsyncConnection, case_id: str, *, lock: bool = False) -> CaseRecord | None:
    """Return one case; ``lock`` it until the transaction ends."""
    return await (_LOCKED if lock else _BY_ID).one(connection, case=case_id)


async def page(connection: AsyncConnection, wanted: CaseFilter, *, before: str | None, limit: int) -> list[CaseRecord]:
    """Return the newest ``limit`` cases opened before the one called ``before``, newest first."""
    equal = {name: value for name in _EQUAL if (value := getattr(wanted, name)) is not None}
    if "status" not in equal and equal.keys() & _INDEXED:  # the index begins with the status
        each = [await page(connection, replace(wanted, status=s), before=before, limit=limit) for s in CaseStatus]
        return sorted((case for some in each for case in some), key=lambda case: case.id, reverse=True)[:limit]
    found = [cases.c[name] == value for name, value in equal.items()]
    if wanted.due_before is not None:
        found.append(cases.c.resolution_due < wanted.due_before)
    if before is not None:
        found.append(cases.c.id < before)
    return await rows.page(connection, cases, CaseRecord, found, limit)


async def overdue(connection: AsyncConnection, before: datetime, *, limit: int) -> list[CaseRecord]:
    """Return cases that their workflow should have looked at before ``before``, the longest overdue first."""
    return [CaseRecord(*row) for row in await connection.execute(_OVERDUE, {"before": before, "most": limit})]


async def add(connection: AsyncConnection, case: CaseRecord) -> None:
    """Store a new case."""
    await rows.insert(connection, cases, [case])


async def save(connection: AsyncConnection, case: CaseRecord) -> None:
    """Store a case as it is now."""
    await connection.execute(_SAVE, {"case": case.id, **rows.values(case)})
    await _renew(connection, case.id)


async def add_steps(connection: AsyncConnection, added: Sequence[StepRecord]) -> None:
    """Store the steps of a plan."""
    await rows.insert(connection, steps, added)
    for case_id in {step.case_id for step in added}:
        await _renew(connection, case_id)


async def steps_of(connection: AsyncConnection, case_id: str) -> list[StepRecord]:
    """Return the steps of all the plans of a case, the newest plan's last, each plan's in their order."""
    return sorted(await _STEPS.all(connection, case=case_id), key=lambda step: step.revision)


async def complete(connection: AsyncConnection, step: StepRecord) -> None:
    """Store where a step is: completed, to be done again, or due because the customer answered."""
    await _keep(connection, step)
    await _renew(connection, step.case_id)


async def change_pending(
    connection: AsyncConnection, case_id: str, status: StepStatus, *, but: Collection[str] = ()
) -> None:
    """Say of every step still to do why it will not be done, ``but`` of some."""
    await connection.execute(_CHANGE_PENDING, {"case": case_id, "but": list(but), "status": status})
    await _renew(connection, case_id)


async def revive(connection: AsyncConnection, case: CaseRecord, put_off: Callable[[StepRecord], StepRecord]) -> None:
    """Let what was left of the present plan be done after all, each step as ``put_off`` returns it."""
    left = steps.c.status.in_([StepStatus.SKIPPED, StepStatus.PENDING])
    present = (steps.c.case_id == case.id, steps.c.revision == case.revision, left)
    for step in await rows.fetch(connection, steps, StepRecord, *present):
        await _keep(connection, replace(put_off(step), status=StepStatus.PENDING))
    await _renew(connection, case.id)


async def _keep(connection: AsyncConnection, step: StepRecord) -> None:
    """Store what may change of a step."""
    kept = ("status", "due_at", "completed_at", "completed_by", "note", "content")
    this = {"case": step.case_id, "plan": step.revision, "step": step.id}
    await connection.execute(_COMPLETE, {**this, **{key: getattr(step, key) for key in kept}})


async def _renew(connection: AsyncConnection, case_id: str) -> None:
    """Say in a case when its next step is due."""
    await connection.execute(_RENEW, {"case": case_id})


async def record(
    connection: AsyncConnection,
    case: CaseRecord,
    event: str,
    *,
    actor: str | None = None,
    message_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add to a case's history; it happened when the case was last updated."""
    happened = HistoryRecord(new_id(), case.id, case.updated_at, event, actor, message_id, detail or {})
    await rows.insert(connection, history, [happened])


async def history_of(connection: AsyncConnection, case_id: str) -> list[HistoryRecord]:
    """Return what happened to a case, in order."""
    return await rows.fetch(connection, history, HistoryRecord, history.c.case_id == case_id)
