"""A server that behaves as no server should."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


def a_gigabyte(status: bytes) -> Behaviour:
    """Answer with a status line and more than anybody wants to read."""

    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: 1000000000\r\n\r\n" % status)
        for _ in range(1000):
            writer.write(b"x" * 1_000_000)
            await writer.drain()

    return pour


@asynccontextmanager
async def hostile(behaviour: Behaviour) -> AsyncIterator[tuple[str, list[float]]]:
    """Run a server that reads the head of each request and then behaves; yield its address and when it was asked."""
    asked: list[float] = []
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        with suppress(ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            asked.append(time.monotonic())
            await behaviour(writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", asked
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
