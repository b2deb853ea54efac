"""``/v1/inbound``: what of the help desks' webhooks could not be looked at is seen, and begun again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from api.channels.arrival import Wrote, as_record
from api.intake import Incoming
from api.store import inbound
from api.store.inbound import InboundStatus
from tests.api.conftest import Opener

pytestmark = pytest.mark.anyio
GIVEN = {"zendesk": {"secret_env": "DESK_SECRET"}}
TEXT = "Me cobraron dos veces"


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_SECRET", "s3cret of the webhook")


async def test_what_is_dead_is_listed_without_its_words_and_begun_again(open_service: Opener) -> None:
    async with open_service(channels=GIVEN) as client:
        store: Any = client._transport.app.state.store  # type: ignore[attr-defined]
        arrival = Wrote("7/51", Incoming("zendesk", "7/51", TEXT, thread_id="7"))
        now = datetime.now(UTC)
        dead = replace(as_record(arrival, now), status=InboundStatus.DEAD, next_at=None, attempts=12, finished_at=now,
                       outcome="failed inside: ValueError")  # fmt: skip
        async with store.write() as connection:
            await inbound.put(connection, dead)
        assert (await client.get("/v1/inbound", params={"status": "pending"})).json()["inbound"] == []
        listed = await client.get("/v1/inbound", params={"status": "dead", "channel": "zendesk"})
        (told,) = listed.json()["inbound"]
        assert (told["attempts"], told["outcome"], told["kind"]) == (12, "failed inside: ValueError", "message")
        assert TEXT not in listed.text
        again = await client.post(f"/v1/inbound/{told['inbound_id']}/replay")
        assert (again.status_code, again.json()["status"], again.json()["attempts"]) == (200, "pending", 0)
        done = await _done(client)
        assert done["message_id"] is not None
        assert (await client.post(f"/v1/inbound/{told['inbound_id']}/replay")).status_code == 409
        assert (await client.post("/v1/inbound/nothing/replay")).status_code == 404


async def _done(client: Any) -> dict[str, Any]:
    for _ in range(500):
        found = (await client.get("/v1/inbound", params={"status": "done"})).json()["inbound"]
        if found:
            return found[0]
        await asyncio.sleep(0.02)
    raise AssertionError("it was not looked at")
