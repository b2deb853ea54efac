"""Destinations are told a customer's words masked; those that the operator names, as they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from api.delivery.destinations import create
from api.delivery.dispatcher import Dispatcher
from api.delivery.sender import Answer
from api.store.deliveries import Claim
from tests.api.delivery.receiver import SECRET
from tests.api.delivery.test_breaker import destination
from tests.api.privacy.conftest import PERSONAL, TEXT, Office

pytestmark = pytest.mark.anyio


@dataclass
class Keeping:
    """Sends nothing, and keeps what it was to send, by destination."""

    sent: dict[str, str] = field(default_factory=dict)

    async def send(self, claim: Claim) -> Answer:
        self.sent[claim.destination.name] = str(claim.event.data)
        return Answer(status=204)

    async def close(self) -> None:
        """Close nothing."""


async def test_only_who_is_named_gets_the_words(office: Office) -> None:
    kept = ("kind", "url", "subject", "filter", "rate", "concurrency", "enabled")
    given = {name: getattr(destination(), name) for name in kept}
    async with office.store.write() as connection:
        for name in ("our crm", "other"):
            more = {"name": name, "events": ["message.classified"]}
            await create(connection, {**given, **more}, SECRET, datetime.now(UTC))
    await office.take("carta-1")
    sender = Keeping()
    await Dispatcher(office.store, {"webhook": sender}, clear=("our crm",)).drain()
    assert TEXT in sender.sent["our crm"]
    assert "<CPF>" in sender.sent["other"]
    assert not [value for value in PERSONAL.values() if value in sender.sent["other"]]
