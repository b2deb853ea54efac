"""``GET /v1/events``: what happens is told to whoever watches, over a real connection."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from api.live import Live
from api.main import create_app
from api.settings import Settings
from api.store import outbox
from api.store.database import Store
from api.store.records import OutboxKind
from tests.api.conftest import STEADY, Marked

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def served(database: str) -> AsyncIterator[tuple[httpx.AsyncClient, uvicorn.Server]]:
    """Serve on a free port: the in-process client keeps an answer back until it is complete."""
    app = create_app(Settings(database=database, alerts={"enabled": False}), classifier=Marked(), planner=STEADY)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        while not server.started:
            await asyncio.sleep(0.01)
        yield client, server
        app.state.live.dismiss()
        server.should_exit = True
        await running


async def events(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    """Yield the events of a stream."""
    event: dict[str, Any] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if not line and "data" in event:
            yield event
            event = {}
        elif name == "data":
            event["data"] = json.loads(value)
        elif name:
            event[name] = value


async def send(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    body = {"channel": "chat", "external_id": name, "text": "La caja de Ana Pérez llegó rota", "thread_id": name}
    return dict((await client.post("/v1/messages", json=body)).json())


async def test_a_message_and_its_case_are_told_without_a_word_of_it(database: str) -> None:
    async with served(database) as (client, _), client.stream("GET", "/v1/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        found = events(stream.aiter_lines())
        await asyncio.sleep(1)
        made = await send(client, "a")
        told = {}
        while len(told) < 2:
            event = await asyncio.wait_for(anext(found), 10)
            told[event["event"]] = event
        classified = told["message.classified"]["data"]
        assert classified["message_id"] == made["message_id"]
        assert classified["labels"]["severity"] == "high"
        assert told["case.opened"]["data"]["case_id"] == made["case_id"]
        assert "Ana" not in json.dumps(told)


async def test_who_comes_back_is_told_what_was_missed(database: str) -> None:
    async with served(database) as (client, _):
        async with client.stream("GET", "/v1/events") as stream:
            found = events(stream.aiter_lines())
            await asyncio.sleep(1)
            await send(client, "a")
            first = await asyncio.wait_for(anext(found), 10)
        missed = await send(client, "b")
        async with client.stream("GET", "/v1/events", headers={"Last-Event-ID": first["id"]}) as stream:
            found = events(stream.aiter_lines())
            told = [await asyncio.wait_for(anext(found), 10) for _ in range(3)]
        assert missed["message_id"] in {event["data"]["message_id"] for event in told}
        assert first["id"] not in {event["id"] for event in told}
        said = await client.get("/v1/events", headers={"Last-Event-ID": "' OR 1=1 --"})
        assert said.status_code == 422


async def tell(store: Store, name: str) -> None:
    from datetime import UTC, datetime

    async with store.write() as connection:
        entry = outbox.entry(OutboxKind.EVENT, "message.classified", {"message_id": name}, datetime.now(UTC))
        await outbox.add(connection, entry)


async def test_everybody_is_told_once_and_nobody_of_what_was_before(store: Store) -> None:
    live = Live(store, seconds=0.02)
    await tell(store, "before")
    watching = [live.watch(), live.watch()]
    first = [asyncio.ensure_future(anext(each)) for each in watching]
    await asyncio.sleep(0.3)
    assert live.watchers == 2
    await tell(store, "one")
    assert [(await event).data["message_id"] for event in first] == ["one", "one"]  # type: ignore[union-attr]
    await tell(store, "two")
    assert (await anext(watching[0])).data["message_id"] == "two"  # type: ignore[union-attr]
    for each in watching:
        await each.aclose()  # type: ignore[attr-defined]
    assert live.watchers == 0
    await live.stop()


async def test_silence_is_told_too_and_the_end_ends_it(store: Store) -> None:
    live = Live(store, seconds=0.02)
    watching = live.watch(pause=0.05)
    assert await anext(watching) is None
    waiting = asyncio.ensure_future(anext(live.watch(), "over"))
    await asyncio.sleep(0.05)
    live.dismiss()
    assert await asyncio.wait_for(waiting, 5) == "over"
    await watching.aclose()  # type: ignore[attr-defined]
    await live.stop()


async def test_who_does_not_keep_up_is_let_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.live._MOST", 2)
    live = Live(store, seconds=0.02)
    watching = live.watch()
    first = asyncio.ensure_future(anext(watching))
    await asyncio.sleep(0.2)
    for name in ("one", "two", "three", "four", "five"):
        await tell(store, name)
    await first
    await asyncio.sleep(0.3)
    rest = [event async for event in watching]
    assert len(rest) < 4
    assert live.watchers == 0
    await live.stop()
