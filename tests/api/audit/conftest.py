"""A store with a bit of everything, filled by the real intake and broken on purpose."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from api.audit import Finding, Review, review
from api.batching import Request
from api.cases import close
from api.delivery.destinations import create
from api.delivery.events import matches
from api.intake import Accepted, Incoming, Intake
from api.planning import PolicyPlanner
from api.recovery import default_policy
from api.store import deliveries
from api.store.database import Connection, Store
from api.store.records import Outcome
from classifier.types import Classification
from tests.api.conftest import Marked

EVENTS = ["message.classified", "case.opened", "case.escalated", "case.closed", "review.needed"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class AtOnce:
    """Classifies without waiting for company."""

    async def classify(self, request: Request) -> list[Classification]:
        return Marked().predict(request.texts, ids=request.ids)


@dataclass
class Desk:
    """A filled store, and what is in it by name."""

    store: Store
    names: dict[str, str] = field(default_factory=dict)

    async def accept(self, name: str, text: str, **more: Any) -> Accepted:
        intake = await Intake.start(self.store, AtOnce(), PolicyPlanner(default_policy()), capacity=10)  # type: ignore[arg-type]
        accepted = await intake.accept(Incoming("email", name, text, **more))
        self.names[name] = accepted.message.id
        if accepted.case is not None:
            self.names[f"case of {name}"] = accepted.case.id
        return accepted

    async def destination(self, name: str, **more: Any) -> None:
        given = {
            "name": name, "kind": "webhook", "url": "https://example.org/in", "subject": None, "events": EVENTS,
            "filter": {}, "enabled": True, "rate": 100.0, "concurrency": 8, **more,
        }  # fmt: skip
        async with self.store.write() as connection:
            made, _ = await create(connection, given, None, datetime.now(UTC))
        self.names[name] = made.id

    async def fan_out(self) -> None:
        async with self.store.write() as connection:
            await deliveries.fan_out(connection, matches, datetime.now(UTC), limit=1000)

    async def findings(self, **more: Any) -> list[Finding]:
        async with self.store.read() as connection:
            return await found(connection, **more)

    @asynccontextmanager
    async def broken(self, *statements: str) -> AsyncIterator[Connection]:
        """Lend a connection on which foreign keys don't hold and ``statements`` were done; all is undone at the end.

        ``{name}`` in a statement is the id of what is called so.
        """
        async with self.store.write() as connection:
            if self.store.is_sqlite:
                await connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            else:
                await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for statement in statements:
                await connection.execute(sa.text(statement.format_map(self.names).replace(":", r"\:")))
            yield connection
            await connection.rollback()


async def found(connection: Connection, *, minutes: float = 15, into: Review | None = None) -> list[Finding]:
    late = datetime.now(UTC) - timedelta(minutes=minutes)
    return [finding async for finding in review(connection, into or Review(), late=late)]


@pytest.fixture
async def desk(store: Store) -> Desk:
    """Return a store with complaints, praise, a case complained about twice, a closed one, and who is told of them."""
    desk = Desk(store)
    await desk.destination("everything")
    await desk.destination("grave", filter={"severity": ["critical"]})
    await desk.accept("complaint", "No llegó mi pedido.", customer={"id": "ana", "country": "BR"})
    await desk.accept("praise", "Todo bien, gracias.")
    await desk.accept("unsure", "No llegó ¿?", customer={"id": "eva", "country": "ES"})
    await desk.accept("first", "No llegó nada.", customer={"id": "joa", "country": "PT"}, thread_id="t")
    await desk.accept("second", "Sigue sin llegar.", customer={"id": "joa", "country": "PT"}, thread_id="t")
    await desk.accept("critical", "Es gravísimo.")
    over = desk.names["case of unsure"]
    async with store.write() as connection:
        await close(connection, over, Outcome.RECOVERED, by=None, note=None, now=datetime.now(UTC))
    await desk.fan_out()
    async with store.read() as connection:
        for name, column in (("event", "event_id"), ("delivery", "id")):
            query = sa.select(deliveries.deliveries.c[column]).order_by(deliveries.deliveries.c.id).limit(1)
            desk.names[name] = str((await connection.execute(query)).scalar_one())
    return desk
