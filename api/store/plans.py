"""Every case with what its present plan was made from, one after the other: for backtests and audits."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from api.store.database import Connection
from api.store.records import Json
from api.store.sealing import opened_classification, vault_of
from api.store.tables import cases, history, messages, steps

__all__ = ["DoneStep", "EarlierComplaint", "PlannedCase", "PlannedFilter", "count", "planned", "read_json"]

_PART: Final = 200
_PLANNING: Final = ("case.opened", "case.escalated")
_ANSWERING: Final = ("greet", "understand")
_CORRECTED: Final = "corrected"


@dataclass(frozen=True, slots=True)
class PlannedFilter:
    """Which cases: opened from ``since`` to before ``until``; the newest ``limit`` of them."""

    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class EarlierComplaint:
    """A complaint of a case before the one that its present plan was made for."""

    classification: Json
    channel: str
    received_at: datetime
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class DoneStep:
    """A step that was done, of whichever plan of the case."""

    id: str
    stage: str | None
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """A case, its present plan, and the message that it was made for; ``None`` where something can't be read.

    ``earlier`` are the complaints of the case before that message, the first one first; ``corrected`` says that a
    person's labels had the case planned anew. ``earlier_complaints`` counts those of the same customer before
    this message. ``answered_at`` is when the first step of the plan that greets or understands was done.
    """

    id: str
    opened_at: datetime
    closed_at: datetime | None
    double_deviation: bool
    complaints: int
    policy_version: str | None
    plan: Json | None
    message_id: str | None = None
    channel: str = ""
    customer: Json | None = None
    received_at: datetime | None = None
    accepted_at: datetime | None = None
    classification: Json | None = None
    earlier_complaints: int = 0
    answered_at: datetime | None = None
    earlier: tuple[EarlierComplaint, ...] = ()
    done: tuple[DoneStep, ...] = ()
    corrected: bool = False


def read_json(text: str | None) -> Any:
    """Return what stored JSON holds; ``None`` also where it is none."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


async def count(connection: Connection, wanted: PlannedFilter) -> int:
    """Return how many cases ``planned`` will yield."""
    query = sa.select(sa.func.count()).select_from(cases).where(*_conditions(wanted))
    found = int((await connection.execute(query)).scalar_one())
    return found if wanted.limit is None else min(found, wanted.limit)


async def planned(connection: Connection, wanted: PlannedFilter) -> AsyncIterator[PlannedCase]:
    """Yield cases, the newest first; a few are in memory at a time."""
    columns = ("id", "opened_at", "closed_at", "double_deviation", "complaints", "policy_version")
    query = (
        sa.select(*(cases.c[name] for name in columns), cases.c.revision, cases.c.customer)
        .add_columns(sa.cast(cases.c.plan, sa.Text).label("plan"))
        .where(*_conditions(wanted))
        .order_by(cases.c.id.desc())
    )
    left, page = wanted.limit, query
    while left is None or left > 0:
        size = _PART if left is None else min(_PART, left)
        part = (await connection.execute(page.limit(size))).mappings().all()
        if not part:
            return
        causes = await _causes(connection, [row["id"] for row in part])
        joined = {
            row["id"]: causes[row["id"]]["message_id"] for row in part if row["complaints"] > 1 and row["id"] in causes
        }
        earlier, corrected = (
            await _earlier(connection, joined),
            await _corrected(connection, [row["id"] for row in part]),
        )
        done = await _done(connection, {row["id"]: row["revision"] for row in part})
        for row in part:
            cause = causes.get(row["id"], {})
            values: dict[str, Any] = {name: row[name] for name in columns} | cause
            values["plan"] = read_json(row["plan"])
            values["customer"] = cause.get("customer") or row["customer"]
            values["earlier"], values["corrected"] = earlier.get(row["id"], ()), row["id"] in corrected
            did, answered_at = done.get(row["id"], ((), None))
            yield PlannedCase(**values, done=tuple(did), answered_at=answered_at)
        left = None if left is None else left - len(part)
        page = query.where(cases.c.id < part[-1]["id"])


async def _causes(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return by case what its present plan was made for: the message that was taken up last."""
    taken_up = (history.c.case_id.in_(ids), history.c.event.in_(_PLANNING), history.c.message_id.is_not(None))
    last = sa.select(sa.func.max(history.c.id)).where(*taken_up).group_by(history.c.case_id)
    before = messages.alias()
    earlier = (
        sa.select(sa.func.count().filter(before.c.complaint))  # as a filter: by the index of customers on SQLite
        .where(before.c.customer_id == messages.c.customer_id, before.c.id < messages.c.id)
        .scalar_subquery()
    )
    columns = [messages.c[name] for name in ("channel", "customer", "received_at", "accepted_at")]
    query = (
        sa.select(history.c.case_id, messages.c.id.label("message_id"), *columns, earlier.label("earlier_complaints"))
        .add_columns(sa.cast(messages.c.classification, sa.Text).label("classification"))
        .join_from(history, messages, history.c.message_id == messages.c.id)
        .where(history.c.id.in_(last))
    )
    found: dict[str, dict[str, Any]] = {}
    for row in (await connection.execute(query)).mappings():
        told = opened_classification(read_json(row["classification"]), vault_of(connection))
        values = dict(row) | {"classification": told}
        found[values.pop("case_id")] = values
    return found


async def _earlier(connection: Connection, joined: Mapping[str, str]) -> dict[str, tuple[EarlierComplaint, ...]]:
    """Return by case its complaints before a message of it."""
    columns = [messages.c[name] for name in ("id", "case_id", "channel", "received_at", "accepted_at")]
    query = (
        sa.select(*columns, sa.cast(messages.c.classification, sa.Text).label("said"))
        .where(messages.c.case_id.in_(list(joined)), messages.c.complaint)
        .order_by(messages.c.id)
    )
    found: dict[str, tuple[EarlierComplaint, ...]] = defaultdict(tuple)
    for row in (await connection.execute(query)).mappings() if joined else ():
        told = opened_classification(read_json(row["said"]), vault_of(connection))
        if row["id"] < joined[row["case_id"]] and told is not None:
            complaint = EarlierComplaint(told, row["channel"], row["received_at"], row["accepted_at"])
            found[row["case_id"]] += (complaint,)
    return found


async def _corrected(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    """Return the cases that were planned anew because a person corrected a message."""
    planned_anew = (history.c.case_id.in_(ids), history.c.event == "case.escalated", history.c.message_id.is_not(None))
    query = sa.select(history.c.case_id, history.c.detail).where(*planned_anew, history.c.detail.is_not(None))
    rows = (await connection.execute(query)).mappings()
    return frozenset(row["case_id"] for row in rows if (row["detail"] or {}).get("reason") == _CORRECTED)


async def _done(
    connection: Connection, revisions: Mapping[str, int]
) -> dict[str, tuple[list[DoneStep], datetime | None]]:
    """Return by case the steps that were done, and when the first one of its present plan answered the customer."""
    columns = [steps.c[name] for name in ("case_id", "revision", "id", "completed_at", "content")]
    query = sa.select(*columns).where(steps.c.case_id.in_(list(revisions)), steps.c.completed_at.is_not(None))
    done: dict[str, list[DoneStep]] = defaultdict(list)
    answers: dict[str, list[datetime]] = defaultdict(list)
    for row in (await connection.execute(query)).mappings():
        step = DoneStep(row["id"], row["content"].get("stage"), row["completed_at"])
        done[row["case_id"]].append(step)
        if row["revision"] == revisions[row["case_id"]] and step.stage in _ANSWERING:
            answers[row["case_id"]].append(step.completed_at)
    return {case: (found, min(answers[case], default=None)) for case, found in done.items()}


def _conditions(wanted: PlannedFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(cases.c.opened_at >= wanted.since)
    if wanted.until is not None:
        found.append(cases.c.opened_at < wanted.until)
    return found
