"""A help desk that answers as no help desk should: it costs one call, and no memory."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from api.channels.desk import Client, DeskError
from api.channels.pace import Pace
from tests.api.hostile import Behaviour, a_gigabyte, hostile

pytestmark = pytest.mark.anyio
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


@asynccontextmanager
async def speaking(behaviour: Behaviour, seconds: float = 30) -> AsyncIterator[Client]:
    """Return a client of a help desk that behaves so."""
    async with hostile(behaviour) as (url, _):
        client = Client(
            httpx.AsyncHTTPTransport(), url.removesuffix("/hook"), timeout_seconds=seconds, pace=Pace(60_000)
        )
        yield client
        await client.close()


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (whole(gzip.compress(b" " * 10_000_000, mtime=0), b"Content-Encoding: gzip"), "packed"),
        (whole(b"x", b"Content-Encoding: br"), "packed"),
        (a_gigabyte(b"200 OK"), "over 8,388,608 bytes"),
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
