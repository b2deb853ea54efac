"""A service with help desks set up, their interfaces beside it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.api.conftest import Marked, Opener

SECRET = "s3cret of the webhook"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_SECRET", SECRET)
    monkeypatch.setenv("DESK_TOKEN", "desk-token")


@dataclass
class Helpdesk:
    """A client of the service, and what tests ask it."""

    client: httpx.AsyncClient

    async def send(self, vendor: str, payload: Any, sign: Callable[..., dict[str, str]], **more: Any) -> httpx.Response:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers = {"Content-Type": "application/json", **sign(body, **more)}
        return await self.client.post(f"/v1/channels/{vendor}", content=body, headers=headers)

    async def messages(self, **wanted: str) -> list[dict[str, Any]]:
        return (await self.client.get("/v1/messages", params={"limit": "200", **wanted})).json()["messages"]

    async def message(self, **wanted: str) -> dict[str, Any]:
        (listed,) = await self.messages(**wanted)
        return (await self.client.get(f"/v1/messages/{listed['message_id']}")).json()

    async def deliveries(self) -> list[dict[str, Any]]:
        return (await self.client.get("/v1/deliveries")).json()["deliveries"]

    async def until(self, holds: Callable[[], Any], seconds: float = 30.0) -> Any:
        """Wait until something holds, and return it."""
        end = time.monotonic() + seconds
        while True:
            found = holds()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            assert time.monotonic() < end, "it did not come about"
            await asyncio.sleep(0.02)

    async def settled(self) -> None:
        """Wait until everything that arrived was looked at, and everything to write was written."""

        async def idle() -> bool:
            store = self.client._transport.app.state.store  # type: ignore[attr-defined]
            from api.store import inbound

            async with store.read() as connection:
                waiting = (await inbound.counts(connection)).get("pending", 0)
            return not waiting and all(d["status"] != "pending" for d in await self.deliveries())

        for _ in range(2):
            await self.until(idle)
            await asyncio.sleep(0.3)


Opened = Callable[..., Any]


@pytest.fixture
def open_desk(open_service: Opener, anyio_backend: str) -> Opened:
    """Return a context manager that starts a service with ``[channels]`` set up."""

    @asynccontextmanager
    async def opened(classifier: Any = None, **channels: Any) -> AsyncIterator[Helpdesk]:
        async with open_service(classifier or Marked(), channels=channels) as client:
            yield Helpdesk(client)

    return opened


def chatwoot(body: bytes, at: int | None = None, secret: str = SECRET) -> dict[str, str]:
    moment = str(int(time.time()) if at is None else at)
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Chatwoot-Timestamp": moment, "X-Chatwoot-Signature": f"sha256={digest}", "X-Chatwoot-Delivery": "d-1"}


def zendesk(body: bytes, at: datetime | None = None, secret: str = SECRET) -> dict[str, str]:
    moment = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hmac.new(secret.encode(), moment.encode() + body, hashlib.sha256).digest()
    return {
        "X-Zendesk-Webhook-Id": "01",
        "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": moment,
    }


def zammad(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return {"X-Zammad-Trigger": "Recupera", "X-Zammad-Delivery": "u-1", "X-Hub-Signature": f"sha1={digest}"}


def token(_body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Recupera-Token": secret}


def unsigned(_body: bytes) -> dict[str, str]:
    return {}
