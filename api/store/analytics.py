"""What figures are counted from: daily cells, the days that changed since, and the rows of such a day.

Triggers of the database note each change in ``cell_changes``, whoever makes it, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from api.store.database import Connection, lock_together
from api.store.identifiers import new_id
from api.store.tables import cases, cell_changes, daily_cells, feedback, message_labels, messages, steps
from classifier.taxonomy import TASK_BY_ID, TASKS, TaskKind

__all__ = [
    "Change",
    "Kind",
    "OutdatedError",
    "Segment",
    "case_rows",
    "changes",
    "counted_rows",
    "country_of",
    "first_and_last",
    "label_columns",
    "latest_correction",
    "load",
    "message_rows",
    "replace",
    "revisions",
    "terms_of",
]

_SEVERAL: Final = tuple(task for task in TASKS if task.kind is TaskKind.MULTI)
_SINGLE: Final = tuple(task.id for task in TASKS if task.kind is not TaskKind.MULTI)
_ANSWERING: Final = ("greet", "understand")
_TOGETHER: Final = 64


class OutdatedError(Exception):
    """What was counted is not what is stored any more: count the day again."""


class Kind(StrEnum):
    """What a day's cells count."""

    MESSAGE = "message"  # by the day on which it was received
    CASE = "case"  # by the day on which it was opened


@dataclass(frozen=True, slots=True)
class Change:
    """The changes of a day that its cells don't have yet: the greatest id, how many, and in which hours (UTC).

    Without ``hours`` any may have changed.
    """

    kind: str
    day: date
    last: int
    count: int
    hours: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A day's cells: the words that they number, and the numbers, column after column."""

    kind: str
    day: date
    revision: str | None
    terms: Mapping[str, Any]
    cells: bytes


async def changes(connection: Connection, *, since: date | None = None, until: date | None = None) -> list[Change]:
    """Return the days that changed from ``since`` to before ``until``, the latest first."""
    table = cell_changes.c
    each = (table.kind, table.day, table.hour)
    query = sa.select(*each, sa.func.max(table.id).label("last"), sa.func.count().label("many"))
    query = query.where(*_between(table.day, since, until)).group_by(*each).order_by(table.day.desc(), table.kind)
    found = (await connection.execute(query)).all()
    return [_change(kind, day, list(rows)) for (kind, day), rows in groupby(found, lambda row: (row.kind, row.day))]


def _change(kind: str, day: str, rows: Sequence[sa.Row[Any]]) -> Change:
    """Return what changed in a day; each row has an hour, the greatest id, and how many."""
    hours = {row.hour for row in rows}
    return Change(
        kind,
        date.fromisoformat(day),
        max(row.last for row in rows),
        sum(row.many for row in rows),
        None if None in hours else tuple(sorted(hours)),
    )


async def revisions(connection: Connection, *, since: date, until: date) -> dict[tuple[str, date], str]:
    """Return which cells there are from ``since`` to before ``until``; another content has another revision."""
    table = daily_cells.c
    query = sa.select(table.kind, table.day, table.revision).where(*_between(table.day, since, until))
    found = await connection.execute(query)
    return {(kind, date.fromisoformat(day)): revision for kind, day, revision in found}


async def load(connection: Connection, kind: Kind, days: Collection[date]) -> list[Segment]:
    """Return the cells of some days."""
    wanted, found = sorted(day.isoformat() for day in days), []
    for start in range(0, len(wanted), _TOGETHER):
        some = wanted[start : start + _TOGETHER]
        query = daily_cells.select().where(daily_cells.c.kind == kind, daily_cells.c.day.in_(some))
        rows = (await connection.execute(query)).mappings()
        found += [Segment(**{**row, "day": date.fromisoformat(row["day"])}) for row in rows]
    return found


async def replace(connection: Connection, segment: Segment, change: Change) -> None:
    """Store a day's cells, which have all of ``change``, in place of those of ``segment.revision``.

    Raise ``OutdatedError`` if others stored cells meanwhile, or an older change came to light.
    """
    await lock_together(connection, f"cells\0{segment.kind}\0{segment.day}")
    table, day = daily_cells.c, segment.day.isoformat()
    here = (table.kind == segment.kind, table.day == day)
    present = (await connection.execute(sa.select(table.revision).where(*here))).scalar()
    noted = cell_changes.c
    these = (noted.kind == change.kind, noted.day == change.day.isoformat(), noted.id <= change.last)
    forgotten = (await connection.execute(cell_changes.delete().where(*these))).rowcount
    if present != segment.revision or forgotten != change.count:
        raise OutdatedError("the day changed meanwhile")
    values = {"revision": new_id(), "terms": segment.terms, "cells": segment.cells}
    if present is not None:
        await connection.execute(daily_cells.update().where(*here).values(**values))
    else:
        await connection.execute(daily_cells.insert().values(kind=segment.kind, day=day, **values))


async def terms_of(connection: Connection, wanted: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """Return the words of the cells with these revisions; of more than a few, all are read."""
    query = sa.select(daily_cells.c.revision, daily_cells.c.terms)
    if len(wanted) <= _TOGETHER:
        query = query.where(daily_cells.c.revision.in_(wanted))
    return dict((await connection.execute(query)).all()) if wanted else {}


async def message_rows(
    connection: Connection, day: date, hours: Collection[int] | None = None
) -> list[Mapping[str, Any]]:
    """Return what is counted of each message of a day (UTC), or of some of its hours.

    ``hour`` is of the day, ``labels`` are the model's by task, ``corrected`` a person's or ``None``.
    """
    query = (
        sa.select(messages.c.received_at.label("at"), *(messages.c[name] for name in ("channel", "review", "model")))
        .add_columns(country_of(messages), *label_columns(messages))
        .join_from(messages, feedback, latest_correction(messages), isouter=True)
        .where(_within(messages.c.received_at, day, hours))
    )
    return counted_rows(await connection.execute(query))


async def case_rows(connection: Connection, day: date, hours: Collection[int] | None = None) -> list[Mapping[str, Any]]:
    """Return what is counted of each case opened on a day, with the labels of the message that opened it.

    ``answered_at`` is when the first step was done that answers the customer. ``fired`` is the plan's reasons.
    """
    any_ = messages.alias()
    first = sa.select(sa.func.min(any_.c.id)).where(any_.c.case_id == cases.c.id).scalar_subquery()
    own = ("channel", "status", "outcome", "double_deviation", "first_answer_due", "resolution_due", "closed_at")
    query = (
        sa.select(cases.c.opened_at.label("at"), *(cases.c[name] for name in own), cases.c.policy_version)
        .add_columns(country_of(cases), _answered(), cases.c.plan["reasons"].label("fired"))
        .add_columns(messages.c.review, *label_columns(messages))
        .join_from(cases, messages, messages.c.id == first, isouter=True)
        .join(feedback, latest_correction(messages), isouter=True)
        .where(_within(cases.c.opened_at, day, hours))
    )
    return counted_rows(await connection.execute(query))


async def first_and_last(connection: Connection) -> tuple[datetime | None, datetime | None]:
    """Return when the first and the last message were received."""
    ends = []
    for end in (messages.c.received_at.asc(), messages.c.received_at.desc()):
        query = sa.select(messages.c.received_at).order_by(end).limit(1)
        ends.append((await connection.execute(query)).scalar())
    return ends[0], ends[1]


def _between(column: sa.ColumnElement[str], since: date | None, until: date | None) -> list[sa.ColumnElement[bool]]:
    found = []
    if since is not None:
        found.append(column >= since.isoformat())
    if until is not None:
        found.append(column < until.isoformat())
    return found


def _within(column: sa.ColumnElement[datetime], day: date, hours: Collection[int] | None) -> sa.ColumnElement[bool]:
    """Return the condition that a moment is in a day (UTC), or in some of its hours."""
    start, spans = datetime.combine(day, time(), UTC), [[0, 24]]
    if hours is not None:
        spans = []
        for hour in sorted(hours):
            if spans and spans[-1][1] == hour:
                spans[-1][1] += 1
            else:
                spans.append([hour, hour + 1])
    moments = ((start + timedelta(hours=first), start + timedelta(hours=last)) for first, last in spans)
    return sa.or_(*(sa.and_(column >= since, column < until) for since, until in moments))


def country_of(table: sa.Table) -> sa.Label[Any]:
    """Return the column of the customer's country."""
    country: sa.ColumnElement[Any] = table.c.customer["country"].as_string()
    return country.label("country")


def latest_correction(table: sa.Table) -> sa.ColumnElement[bool]:
    """Return the condition that joins the latest correction."""
    other = feedback.alias()
    latest = sa.select(sa.func.max(other.c.id)).where(other.c.message_id == table.c.id).scalar_subquery()
    return feedback.c.id == latest


def label_columns(table: sa.Table) -> list[sa.ColumnElement[Any]]:
    """Return the columns of the labels: of tasks with several the sum of their bits."""
    found: list[sa.ColumnElement[Any]] = [table.c[name].label(name) for name in _SINGLE]
    for task in _SEVERAL:
        bits = sa.case({label: 1 << place for place, label in enumerate(task.label_ids)}, value=message_labels.c.label)
        having = (message_labels.c.message_id == table.c.id, message_labels.c.task == task.id)
        found.append(sa.select(sa.func.sum(bits)).where(*having).scalar_subquery().label(task.id))
    language = sa.func.coalesce(feedback.c.language, table.c.language)
    return [*found, language.label("language"), feedback.c.labels.label("corrected")]


def _answered() -> sa.Label[Any]:
    stage = steps.c.content["stage"].as_string()
    done = (steps.c.case_id == cases.c.id, steps.c.completed_at.is_not(None), stage.in_(_ANSWERING))
    first = sa.func.min(steps.c.completed_at, type_=steps.c.completed_at.type)
    return sa.select(first).where(*done).scalar_subquery().label("answered_at")


def counted_rows(found: sa.CursorResult[Any]) -> list[Mapping[str, Any]]:
    """Return rows with their labels by task, lists where there may be several."""
    names = tuple(found.keys())  # a mapping of SQLAlchemy's takes five times as long to read as a tuple
    return [_counted(dict(zip(names, row, strict=True))) for row in found]


def _counted(values: dict[str, Any]) -> Mapping[str, Any]:
    values["hour"] = values["at"].hour
    labels: dict[str, Any] = {name: values.pop(name) for name in _SINGLE}
    for task in _SEVERAL:
        labels[task.id] = _LISTS[task.id][values.pop(task.id) or 0]
    values["labels"] = labels
    return values


def _lists(labels: Sequence[str]) -> list[list[str] | None]:
    """Return the labels that each sum of bits means."""
    found = [[label for place, label in enumerate(labels) if bits >> place & 1] for bits in range(1 << len(labels))]
    return [some or None for some in found]


_LISTS: Final = {task.id: _lists(TASK_BY_ID[task.id].label_ids) for task in _SEVERAL}
