"""A help desk that answers as no help desk should: it costs one call, and no memory."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from api.channels.desk import Client, DeskError

pytestmark = pytest.mark.anyio
Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]
DEEP = b"[" * 100_000


def whole(content: bytes, *headers: bytes) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(content), b"Connection: close", *headers, b"", content]
        writer.write(b"\r\n".join(head))

    return behave


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def pour(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(1000):
        writer.write(b"x" * 1_000_000)
        await writer.drain()


@asynccontextmanager
async def speaking(behaviour: Behaviour, seconds: float = 30) -> AsyncIterator[Client]:
    """Return a client of a help desk that behaves so."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        with suppress(ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await behaviour(writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = Client(httpx.AsyncHTTPTransport(), url, timeout_seconds=seconds)
    yield client
    await client.close()
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (whole(gzip.compress(b" " * 10_000_000), b"Content-Encoding: gzip"), "packed"),
        (whole(b"x", b"Content-Encoding: br"), "packed"),
        (pour, "over 8,388,608 bytes"),
        (drip, "took too long"),
    ],
)
async def test_an_answer_that_would_cost_much_is_not_read(behaviour: Behaviour, why: str) -> None:
    async with speaking(behaviour, 0.5 if behaviour is drip else 30) as client:
        with pytest.raises(DeskError, match=why):
            await client.call("GET", "/tickets/7")


@pytest.mark.parametrize("content", [DEEP, b'{"a":' * 100_000, b"<html>", b"\xff\xfe", b"", b"9" * 5000])
async def test_what_is_no_json_is_nothing(content: bytes) -> None:
    async with speaking(whole(content)) as client:
        assert await client.call("GET", "/tickets/7") is None


async def test_an_answer_is_read() -> None:
    async with speaking(whole('{"tags": ["señal"]}'.encode())) as client:
        assert await client.call("GET", "/tickets/7") == {"tags": ["señal"]}
