"""Callers that are slow on purpose, or too many: their connections are closed, and the others are answered."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
import uvicorn

from api.commands.serve import _listen
from api.connections import ConnectionLimits, LimitedProtocol, most_connections
from api.limits import MAX_HEADER_BYTES
from api.main import create_app
from api.settings import Settings
from tests.api.conftest import STEADY, Marked

pytestmark = pytest.mark.anyio

HEAD = b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n"
READY = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n"


class Hasty(LimitedProtocol):
    """Limits that a test can wait for."""

    limits = ConnectionLimits(head_seconds=0.5, body_seconds=0.5, bytes_a_second=1024, read_seconds=0.5, connections=12)


@asynccontextmanager
async def served(app: Any, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Serve an application as ``recupera serve`` does, but for the limits, and yield the port."""
    listener = _listen(host, 0)
    config = uvicorn.Config(
        app, http=Hasty, ws="none", h11_max_incomplete_event_size=MAX_HEADER_BYTES, log_config=None,
        access_log=False, timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    await running


@pytest.fixture
async def port(anyio_backend: str) -> AsyncIterator[int]:
    async with served(create_app(Settings(), classifier=Marked(), planner=STEADY)) as port:  # type: ignore[arg-type]
        yield port


async def until_the_end(reader: asyncio.StreamReader) -> bytes:
    """Return what is sent until the connection ends, however it does."""
    parts = []
    with suppress(ConnectionResetError):
        while part := await reader.read(65_536):
            parts.append(part)
    return b"".join(parts)


async def dribbled(port: int, begun: bytes, then: bytes = b"a") -> bytes:
    """Send the beginning of a request, then a byte now and then; return what was answered before the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begun)
    answer = asyncio.create_task(until_the_end(reader))
    for _ in range(100):
        done, _ = await asyncio.wait({answer}, timeout=0.05)
        if done:
            break
        writer.write(then)
    writer.close()
    return await asyncio.wait_for(answer, 1)


@pytest.mark.parametrize(
    "begun", [b"", b"G", b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nX-A: ", HEAD + b"\r\n", HEAD + b'\r\n{"text": "']
)
async def test_a_request_that_dribbles_in_is_not_waited_for(port: int, begun: bytes) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as other:
        slow = [asyncio.create_task(dribbled(port, begun)) for _ in range(5)]
        await asyncio.sleep(0.1)

        assert (await other.get("/readyz")).status_code == 200
        answers = await asyncio.gather(*slow)

    assert all(answer.startswith(b"HTTP/1.1 408 ") and b"problem+json" in answer for answer in answers)


async def test_who_says_nothing_is_not_waited_for(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_a_body_that_comes_after_its_answer_is_not_waited_for(port: int) -> None:
    answer = await dribbled(port, HEAD.replace(b"localhost", b"elsewhere.example") + b"\r\n")

    assert answer.startswith(b"HTTP/1.1 421 ")
    assert answer.count(b"HTTP/1.1") == 1


async def test_a_large_body_may_take_longer_by_its_size(port: int) -> None:
    text = "Llegó roto. " * 400
    body = f'{{"channel": "email", "external_id": "1", "text": "{text}"}}'.encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD.replace(b"4000", str(len(body)).encode()) + b"Connection: close\r\n\r\n")
    for at in range(0, len(body), 500):  # 1.1 s in all, over what a small one may take
        writer.write(body[at : at + 500])
        await asyncio.sleep(0.1)

    assert (await reader.read()).startswith(b"HTTP/1.1 201 ")
    writer.close()


async def test_a_connection_may_be_used_again_and_again(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(8):
        writer.write(READY + b"\r\n")
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"}")
        await asyncio.sleep(0.1)
    writer.close()


async def test_one_connection_too_many_is_told_to_come_back(port: int) -> None:
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(Hasty.limits.connections)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = await reader.read()
    for _, one in [*held, (reader, writer)]:
        one.close()

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 1" in answer
    async with httpx.AsyncClient() as client, asyncio.timeout(30):
        while (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code != 200:
            await asyncio.sleep(0.02)


async def test_an_answer_that_nobody_reads_is_given_up() -> None:
    over = asyncio.Event()

    async def endless(scope: Any, _receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(10_000):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        over.set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await endless(scope, receive, send)

    async with served(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(READY + b"\r\n")
        await asyncio.wait_for(over.wait(), 10)  # what is sent to nobody goes nowhere
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(10_000 * 65_536)
        writer.close()


@pytest.mark.parametrize(
    "head",
    [
        b"X-Long: " + b"a" * 40_000 + b"\r\n",
        b"".join(b"X-%d: a\r\n" % number for number in range(5000)),
        b"Cookie: " + b"a=b; " * 8000 + b"\r\n",
    ],
)
async def test_long_headers_are_refused(port: int, head: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(READY + head + b"Connection: close\r\n\r\n")

    assert (await reader.read()).split()[1] in (b"431", b"400")
    writer.close()


async def test_a_long_address_is_refused(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        said = await client.get("/v1/cases", params={"owner": "a" * 33_000})

    assert said.status_code in (400, 431)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_a_caller_by_ipv4_has_its_own_address_where_ipv6_is_listened_on() -> None:
    callers: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            callers.append(scope["client"][0])
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    async with served(app, "::") as port, httpx.AsyncClient() as client:
        for host in ("127.0.0.1", "[::1]"):
            await client.get(f"http://{host}:{port}/")

    assert callers == ["127.0.0.1", "::1"]


def test_there_are_places_for_connections_and_files_left() -> None:
    assert 64 <= most_connections() <= 4096
