"""Receivers that answer badly."""

import asyncio
import resource
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.delivery.guard import AllowList, Guard
from api.delivery.sender import Answer
from api.delivery.signing import rotated
from api.delivery.transport import GuardedTransport
from api.delivery.webhook import WebhookSender
from api.store.deliveries import Claim, DeliveryRecord
from tests.api.delivery.receiver import SECRET, Receiver, answer
from tests.api.delivery.test_breaker import NOW, destination
from tests.api.delivery.test_events import event

pytestmark = pytest.mark.anyio

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def claim(url: str) -> Claim:
    told = event()
    delivery = DeliveryRecord("d", "1", told.id, told.type, "c", "m", "c", NOW, "pending", 1, NOW)
    to = destination(url=url, secrets=rotated([], SECRET, NOW))
    return Claim(delivery, to, told, NOW + timedelta(minutes=1))


async def send(url: str, *allow: str, timeout: float = 5.0) -> Answer:
    transport = GuardedTransport(Guard(AllowList.parse(allow or ("127.0.0.1",))))
    sender = WebhookSender(transport, timeout_seconds=timeout, clock=lambda: datetime.now(UTC))
    try:
        async with asyncio.timeout(20):
            return await sender.send(claim(url))
    finally:
        await sender.close()


async def send_to(behaviour: Behaviour, timeout: float = 0.5) -> Answer:
    """Send to a server that does as told once it has the head of the request."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await behaviour(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        return await send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", timeout=timeout)
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_2xx_is_taken(receiver: Receiver, status: int) -> None:
    receiver.answers = lambda _: answer(status)
    assert await send(receiver.url) == Answer(status=status)


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 408, 422, 500, 502, 599])
async def test_nothing_else_is(receiver: Receiver, status: int) -> None:
    receiver.answers = lambda _: answer(status)
    assert await send(receiver.url) == Answer(f"the destination answered {status}", status)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.answers = lambda _: answer(status, Location="http://169.254.169.254/latest/meta-data/")
    assert await send(receiver.url) == Answer("redirects are not followed", status)
    assert len(receiver.asked) == 1


async def test_gone_and_retry_after_are_told(receiver: Receiver) -> None:
    receiver.answers = lambda _: answer(410)
    assert (await send(receiver.url)).gone
    receiver.answers = lambda _: answer(503, Retry_After="120")
    assert (await send(receiver.url)).retry_after == timedelta(minutes=2)


async def test_cookies_are_not_kept(receiver: Receiver) -> None:
    receiver.answers = lambda _: answer(200, Set_Cookie="a=b; Path=/")
    transport = GuardedTransport(Guard(AllowList.parse(["127.0.0.1"])))
    sender = WebhookSender(transport, timeout_seconds=5, clock=lambda: datetime.now(UTC))
    for _ in range(2):
        assert (await sender.send(claim(receiver.url))).ok
    await sender.close()
    assert "cookie" not in receiver.asked[1].headers


async def test_one_that_never_answers_takes_too_long(receiver: Receiver) -> None:
    receiver.answers = lambda _: None
    assert await send(receiver.url, timeout=0.2) == Answer("the destination took too long")


async def test_one_that_answers_a_byte_at_a_time_takes_too_long() -> None:
    async def dribble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.01)

    assert await send_to(dribble) == Answer("the destination took too long")


async def test_interim_answers_without_end_take_too_long() -> None:
    async def interim(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.001)

    assert await send_to(interim) == Answer("the destination took too long")


async def test_a_body_that_never_ends_does_not_matter() -> None:
    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx")
        await writer.drain()
        await asyncio.sleep(3600)

    assert await send_to(slow, timeout=5) == Answer(status=200)


async def test_of_a_gigabyte_little_is_read() -> None:
    sent = 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        block = b"x" * 1_000_000
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(1000):
            writer.write(block)
            await writer.drain()
            sent += len(block)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert await send_to(flood, timeout=5) == Answer(status=200)
    assert sent < 50_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"what?\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000,
    ],
)
async def test_what_is_no_http_is_a_failure(said: bytes) -> None:
    async def nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()

    assert await send_to(nonsense, timeout=5) in (
        Answer("the answer is no valid HTTP"),
        Answer("the connection broke"),
    )


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/secreto", "the destination can't be reached"),
        ("http://10.0.0.1/secreto", "the address is not public (private)"),
        ("http://nothing.invalid/secreto", "the host has no address"),
        ("http://[::1]/secreto", "the address is not public (loopback)"),
        ("http://0x7f.1/secreto", "has a host that is neither"),
    ],
)
async def test_why_it_failed_is_said_without_the_address(url: str, reason: str) -> None:
    failed = await send(url)
    assert failed.error
    assert failed.error.startswith(reason)
    assert "secreto" not in failed.error


async def test_a_server_without_tls_is_a_tls_failure() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    said = await send(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert said == Answer("TLS failed")
    server.close()


async def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert (await send(receiver.url)).ok


async def test_any_transport_can_be_given() -> None:
    async def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(202, content=request.content)

    sender = WebhookSender(httpx.MockTransport(handle), timeout_seconds=1, clock=lambda: NOW)
    given: Any = claim("https://crm.example/")
    assert await sender.send(given) == Answer(status=202)
    await sender.close()
