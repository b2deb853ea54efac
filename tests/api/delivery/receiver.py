"""A receiver of webhooks on this machine: answers as told, and verifies each delivery by the official library."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from standardwebhooks import Webhook

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(status: int, **headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Said",
        "Content-Length: 0",
        *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def external_id(self) -> str:
        return self.event["data"]["external_id"]


Answers = Callable[[Request], bytes | None]


@dataclass
class Receiver:
    """``answers`` says what a request gets; ``None`` is never. What got 2xx is in ``taken``, all in ``asked``."""

    answers: Answers = lambda _: OK
    secrets: list[str] = field(default_factory=lambda: [SECRET])
    asked: list[Request] = field(default_factory=list)
    taken: list[Request] = field(default_factory=list)
    together: int = 0
    most_together: int = 0
    delay: float = 0.0
    port: int = 0
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self.serving):
                task.cancel()
            await asyncio.gather(*self.serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.serving.add(task)
        task.add_done_callback(self.serving.discard)
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        try:
            request = await _read(reader)
            self.asked.append(request)
            for secret in self.secrets:
                Webhook(secret).verify(request.body, request.headers)
            await asyncio.sleep(self.delay)
            said = self.answers(request)
            if said is None:
                await asyncio.sleep(3600)
            writer.write(said)
            if said.startswith(b"HTTP/1.1 2"):
                self.taken.append(request)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.together -= 1
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    assert method == "POST"
    return Request(path, headers, body)
