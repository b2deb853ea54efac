"""A clock that the tests move, a dispatcher by it, and events in the outbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.delivery.destinations import create
from api.delivery.dispatcher import Dispatcher
from api.delivery.guard import AllowList, Guard
from api.delivery.transport import GuardedTransport
from api.delivery.webhook import WebhookSender
from api.store import deliveries, destinations, outbox
from api.store.database import Store
from api.store.deliveries import DeliveryFilter, DeliveryRecord
from api.store.destinations import DestinationRecord
from api.store.records import OutboxKind
from tests.api.delivery.receiver import SECRET, Receiver

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **more: float) -> None:
        self.now += timedelta(**more)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock that the receiver's library goes by too."""
    clock = Clock()

    class Moved(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return clock()

    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Moved)
    return clock


@dataclass
class Desk:
    """What a test of deliveries needs of a database."""

    store: Store
    clock: Clock

    def dispatcher(self, timeout: float = 5.0, allow: tuple[str, ...] = ("127.0.0.1",), **more: Any) -> Dispatcher:
        transport = GuardedTransport(Guard(AllowList.parse(allow)))
        sender = WebhookSender(transport, timeout_seconds=timeout, clock=self.clock)
        more = {"chance": lambda: 0.5, **more}
        return Dispatcher(self.store, {"webhook": sender}, clock=self.clock, **more)

    async def destination(self, url: str, **more: Any) -> DestinationRecord:
        given = {
            "name": "test", "kind": "webhook", "url": url, "subject": None, "events": ["case.opened", "case.closed"],
            "filter": {}, "enabled": True, "rate": 1000.0, "concurrency": 8, **more,
        }  # fmt: skip
        async with self.store.write() as connection:
            destination, _ = await create(connection, given, SECRET, self.clock())
        return destination

    async def event(self, name: str, case: str | None = "case", type_: str = "case.opened", **data: Any) -> None:
        told = {"message_id": None, "external_id": name, "channel": "email", "case_id": case, **data}
        async with self.store.write() as connection:
            await outbox.add(connection, outbox.entry(OutboxKind.EVENT, type_, told, self.clock()))

    async def settle(self, dispatcher: Dispatcher, *, minutes: float = 60) -> None:
        """Let time pass until nothing is pending."""
        await dispatcher.drain()
        while await self.all(status="pending"):
            self.clock.forward(minutes=minutes)
            await dispatcher.drain()

    async def all(self, **wanted: Any) -> list[DeliveryRecord]:
        async with self.store.read() as connection:
            return (await deliveries.page(connection, DeliveryFilter(**wanted), before=None, limit=10**6))[::-1]

    async def again(self, destination: DestinationRecord) -> DestinationRecord:
        async with self.store.read() as connection:
            found = await destinations.get(connection, destination.id)
        assert found
        return found


@pytest.fixture
def desk(store: Store, clock: Clock) -> Desk:
    return Desk(store, clock)


@pytest.fixture
async def receiver(anyio_backend: str) -> AsyncIterator[Receiver]:
    async with Receiver().listening() as receiver:
        yield receiver
