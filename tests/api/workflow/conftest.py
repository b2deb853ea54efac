"""A worker over a real database, on a clock that lets days pass in moments."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.batching import Batcher
from api.cases import Plan, PlannedStep, Situation
from api.intake import Incoming, Intake
from api.store import cases, outbox
from api.store.database import DatabaseUrl, Store, database_url
from api.store.records import CaseRecord, OutboxRecord
from api.workflow.pace import Pace, Rhythm
from api.workflow.worker import Worker, WorkerState
from tests.api.conftest import Marked

RHYTHM = Rhythm(relay=0.02, sweep=0.1, watch=0.1, take_over=0.1, stand_by=0.05, grace=timedelta(hours=1))
PACE = Pace(queue=0.02)
PAY = "pay_guarantee_late"
QUEUES = ("desk", "care", "crisis")


class Staged:
    """Plans a step a stage: an answer in 8 hours, a solution in 48, a check three days after the end."""

    version = "staged 1"

    def __init__(self, *, guarantee: bool = False, hour: timedelta = timedelta(hours=1)) -> None:
        self.content = {"name": self.version, "queues": list(QUEUES)}
        self.guarantee = guarantee
        self.hour = hour

    def plan(self, situation: Situation) -> Plan:
        start = situation.received_at
        due = {"first_answer": 8, "resolution": 48, "follow_up": 120}
        moments = {kind: start + hours * self.hour for kind, hours in due.items()}
        stages = {"greet": "first_answer", "resolve": "resolution", "check": "follow_up"}
        names = {"greet": "greet", "resolve": "resolve", "check": "confirm_solved"}
        steps = [
            PlannedStep(names[stage], moments[kind], {"id": names[stage], "stage": stage, "automatic": False})
            for stage, kind in stages.items()
        ]
        claims = []
        if self.guarantee:
            claims = [{"id": "late", "promise": "grátis", "payout": "refund", "share": 1.0, "step": PAY}]
            about = {"id": PAY, "stage": "resolve", "automatic": True}
            steps.insert(1, PlannedStep(PAY, start + 24 * self.hour, about))
        content = {
            "language": "pt",
            "escalate_to": "care",
            "guarantees": claims,
            "deadlines": [
                {
                    "kind": kind,
                    "due": moment.isoformat(),
                    "warn_at": (start + (moment - start) * 0.75).isoformat(),
                    "span": "weird",
                }
                for kind, moment in moments.items()
            ],
            "steps": [dict(step.content) for step in steps],
        }
        return Plan(self.version, "normal", "desk", moments["first_answer"], moments["resolution"], steps, content)


class FastClock:
    """Stands still until the worker is at work; then runs ``speed`` times as fast as the world, and can be set."""

    def __init__(self, start: datetime | None = None, *, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = start or datetime.now(UTC)
        self._began: float | None = None

    def now(self) -> datetime:
        if self._began is None:
            return self._start
        return self._start + timedelta(seconds=(time.monotonic() - self._began) * self.speed)

    def seconds_until(self, moment: datetime) -> float:
        return max(0.0, (moment - self.now()).total_seconds() / self.speed)

    def set(self, moment: datetime | None = None) -> None:
        self._start, self._began = moment or self._start, time.monotonic()


@dataclass
class Desk:
    """A database that messages come into, and what can be asked of it."""

    store: Store
    url: DatabaseUrl
    intake: Intake

    async def complain(self, name: str = "1", text: str = "Chegou quebrado.", **more: Any) -> str:
        """Take a message in and return its case."""
        accepted = await self.intake.accept(Incoming("email", name, text, **{"thread_id": "t", **more}))
        assert accepted.case is not None
        return accepted.case.id

    async def case(self, case_id: str) -> CaseRecord:
        async with self.store.read() as connection:
            found = await cases.get(connection, case_id)
        assert found is not None
        return found

    async def events(self, case_id: str, type_: str | None = None) -> list[OutboxRecord]:
        async with self.store.read() as connection:
            found = await outbox.of_case(connection, case_id)
        return [event for event in found if event.kind == "event" and type_ in (None, event.type)]

    async def history(self, case_id: str) -> list[str]:
        async with self.store.read() as connection:
            return [happened.event for happened in await cases.history_of(connection, case_id)]

    def worker(self, executor_id: str = "one", *, clock: Any = None, **rhythm: Any) -> Worker:
        return Worker(
            self.store, self.url, executor_id, clock=clock or FastClock(), rhythm=replace(RHYTHM, **rhythm), pace=PACE
        )

    @asynccontextmanager
    async def working(self, *args: Any, clock: FastClock | None = None, **more: Any) -> AsyncIterator[Worker]:
        clock = clock or FastClock()
        worker = self.worker(*args, clock=clock, **more)
        worker.start()
        try:
            await until(lambda: worker.state == WorkerState.RUNNING, 60)
            clock.set()
            yield worker
        finally:
            await worker.stop()


async def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait for a condition, which may be asynchronous, and return what it was."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.02)


Open = Callable[..., Any]


@pytest.fixture
async def open_desk(database: str, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Open]:
    """Return a function that opens a desk on an empty database, of both kinds in turn."""
    opened: list[Any] = []

    async def opening(planner: Any = None) -> Desk:
        url = database_url(database, tmp_path)
        store = await Store.open(url)
        batcher = Batcher(Marked(), size=8, wait_seconds=0, capacity=64)
        opened.extend([store, batcher])
        return Desk(store, url, await Intake.start(store, batcher, planner or Staged(), capacity=64))

    yield opening
    for thing in reversed(opened):
        if isinstance(thing, Store):
            await thing.close()
        else:
            await asyncio.to_thread(thing.close)


@pytest.fixture
async def desk(open_desk: Open) -> Desk:
    made: Desk = await open_desk()
    return made
