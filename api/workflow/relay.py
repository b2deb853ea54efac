"""Hands the workflows what the outbox holds for them, and sees to cases that nobody looked at in time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from api.store import cases, outbox
from api.store.database import Connection, Store
from api.store.records import CaseRecord, CaseStatus, OutboxKind, OutboxRecord
from api.workflow.engine import Engine, Signal
from api.workflow.version import WORKFLOW_VERSION

__all__ = ["Relay"]

_SWEPT: Final = 50


class Relay:
    """Takes turns; several relays share a database. What it tells twice, the workflows take once."""

    def __init__(self, store: Store, engine: Engine, *, at_once: int, grace: timedelta) -> None:
        self._store = store
        self._engine = engine
        self._at_once = at_once
        self._grace = grace

    async def turn(self) -> int:
        """Tell the oldest changes; return how many there were.

        On PostgreSQL the rows stay locked until they are done, so that another worker takes others. On SQLite there is
        one worker, and nobody waits for the database meanwhile.
        """
        if self._store.is_sqlite:
            entries = await self._store.look(self._pending)
            await self._tell(entries)
            if entries:
                await self._store.change(lambda connection: self._finish(connection, entries))
            return len(entries)
        async with self._store.write() as connection:
            entries = await self._pending(connection)
            await self._tell(entries)
            if entries:
                await self._finish(connection, entries)
        return len(entries)

    async def sweep(self) -> int:
        """Rouse the workflows of overdue cases: the clock jumped, or a workflow was lost; return how many cases."""
        before = self._engine.clock.now() - self._grace
        async with self._store.read() as connection:
            if len(await outbox.pending(connection, OutboxKind.WORKFLOW, limit=self._at_once + 1)) > self._at_once:
                return 0  # nothing is lost: much was not told yet
            found = await cases.overdue(connection, before, limit=_SWEPT)
        if found:
            await asyncio.to_thread(self._engine.rouse, [(_overdue(case), _is_seen_through(case)) for case in found])
        return len(found)

    async def _pending(self, connection: Connection) -> list[OutboxRecord]:
        return await outbox.pending(connection, OutboxKind.WORKFLOW, limit=self._at_once)

    async def _tell(self, entries: Sequence[OutboxRecord]) -> None:
        if entries:
            await asyncio.to_thread(self._engine.tell, [_signal(entry) for entry in entries])

    async def _finish(self, connection: Connection, entries: Sequence[OutboxRecord]) -> None:
        await outbox.finish_all(connection, [entry.id for entry in entries], self._engine.clock.now())


def _signal(entry: OutboxRecord) -> Signal:
    data = entry.data
    version = data.get("version", WORKFLOW_VERSION)
    return Signal(data["case_id"], data.get("opening", 1), entry.type, entry.id, version=version)


def _overdue(case: CaseRecord) -> Signal:
    key, version = f"overdue:{case.next_at and case.next_at.isoformat()}", case.workflow_version or WORKFLOW_VERSION
    return Signal(case.id, case.openings, "overdue", key, version=version)


def _is_seen_through(case: CaseRecord) -> bool:
    """Say whether the case's own workflow is still to look at it; else what is overdue is the follow-up."""
    return case.status == CaseStatus.OPEN or case.closed_at is None or case.next_at == case.closed_at
