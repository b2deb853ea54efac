"""NATS: a real server, from PyPI."""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from api.delivery.broker import NatsSender
from api.delivery.dispatcher import Dispatcher
from api.delivery.guard import AllowList, Guard
from api.delivery.sender import Answer
from api.store.deliveries import Claim
from api.store.destinations import DestinationRecord
from tests.api.delivery.conftest import Desk
from tests.api.delivery.test_breaker import destination
from tests.api.delivery.test_webhook import claim

nats = pytest.importorskip("nats")
pytestmark = [pytest.mark.anyio, pytest.mark.acceptance]


@dataclass
class Server:
    """A NATS server of this run's own."""

    binary: str
    folder: Path
    port: int
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [self.binary, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder), *self.options]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()


def _binary() -> str:
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        pytest.skip("nats-server is not installed")
    return found


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(_binary(), tmp_path / "nats", _free_port())
    server.start()
    yield server
    server.kill()


async def connected(server: Server, **options: Any) -> Any:
    for _ in range(600):
        try:
            return await nats.connect(server.url, allow_reconnect=False, max_reconnect_attempts=1, **options)
        except (OSError, nats.errors.Error):
            await asyncio.sleep(0.05)
    raise TimeoutError


@pytest.fixture
async def stream(server: Server) -> AsyncIterator[Any]:
    """Return the stream's side: a client, with the stream ``events`` of the subjects under ``recupera``."""
    client = await connected(server)
    await client.jetstream().add_stream(name="events", subjects=["recupera.>"])
    yield client
    await client.close()


async def stored(client: Any, subject: str = "recupera.>") -> list[Any]:
    subscription = await client.jetstream().subscribe(subject, ordered_consumer=True)
    found = []
    while True:
        try:
            found.append(await subscription.next_msg(timeout=0.5))
        except nats.errors.TimeoutError:
            return found


def sender(*allow: str) -> NatsSender:
    return NatsSender(Guard(AllowList.parse(allow or ("127.0.0.1",))), timeout_seconds=10)


def claim_to(url: str, **more: Any) -> Claim:
    known = claim("http://x")
    to = destination(kind="nats", url=url, subject="recupera.cases", **more)
    return Claim(known.delivery, to, known.event, known.until)


async def test_an_event_is_published_once_by_its_id(server: Server, stream: Any) -> None:
    broker = sender()
    for _ in range(3):
        assert await broker.send(claim_to(server.url)) == Answer()
    (message,) = await stored(stream)
    assert message.subject == "recupera.cases"
    assert message.headers == {
        "Nats-Msg-Id": "d", "Content-Type": "application/cloudevents+json; charset=utf-8",
    } | {name: value for name, value in message.headers.items() if name.startswith("Nats-Expected")}  # fmt: skip
    assert json.loads(message.data)["type"] == "case.opened"
    await broker.close()


async def test_a_subject_that_no_stream_takes_is_a_failure(server: Server, stream: Any) -> None:
    broker = sender()
    other = claim_to(server.url)
    other = Claim(other.delivery, destination(kind="nats", url=server.url, subject="other"), other.event, other.until)
    assert await broker.send(other) == Answer("no stream of the server takes this subject")
    assert await broker.send(claim_to(server.url)) == Answer()
    await broker.close()


async def test_a_server_that_is_away_is_tried_again(server: Server, desk: Desk, stream: Any) -> None:
    broker = sender()
    dispatcher = Dispatcher(desk.store, {"nats": broker}, clock=desk.clock, chance=lambda: 0.5)
    await desk.destination(server.url, kind="nats", subject="recupera.cases")
    await desk.event("1")
    await dispatcher.drain()
    server.kill()
    await desk.event("2")
    await desk.event("3")
    await dispatcher.drain()
    assert {delivery.error for delivery in await desk.all(status="pending")} == {
        "the destination can't be reached, or refused the event", None,
    }  # fmt: skip
    server.start()
    client = await connected(server)
    await desk.settle(dispatcher)
    told = [json.loads(message.data)["data"]["external_id"] for message in await stored(client)]
    assert told == ["1", "2", "3"]
    await client.close()
    await broker.close()


async def test_a_token_is_given(tmp_path: Path) -> None:
    server = Server(_binary(), tmp_path / "nats", _free_port(), ("--auth", "geheim"))
    server.start()
    client = await connected(server, token="geheim")
    await client.jetstream().add_stream(name="events", subjects=["recupera.>"])
    broker = sender()
    right = [{"secret": "geheim", "expires_at": None}]
    assert (await broker.send(claim_to(server.url, secrets=[{"secret": "other", "expires_at": None}]))).error
    assert await broker.send(claim_to(server.url, secrets=right)) == Answer()
    await broker.close()
    await client.close()
    server.kill()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nats://127.0.0.1:{port}", "the address is not public (loopback)"),
        ("nats://[::ffff:127.0.0.1]:{port}", "the address is not public (loopback)"),
        ("nats://2130706433:{port}", "has a host that is neither"),
        ("nats://nothing.invalid", "the host has no address"),
    ],
)
async def test_the_guard_stands_before_it(server: Server, url: str, reason: str) -> None:
    broker = sender("10.0.0.0/8")
    failed = await broker.send(claim_to(url.format(port=server.port)))
    assert failed.error
    assert failed.error.startswith(reason)
    await broker.close()


async def test_a_server_that_says_nothing_takes_too_long() -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(hold, "127.0.0.1", 0)
    broker = NatsSender(Guard(AllowList.parse(["127.0.0.1"])), timeout_seconds=1)
    async with asyncio.timeout(20):
        failed = await broker.send(claim_to(f"nats://127.0.0.1:{silent.sockets[0].getsockname()[1]}"))
    assert failed.error
    silent.close()
    await asyncio.sleep(0.05)


class Silent:
    """A client that hears nothing from 127.0.0.3; while it waits, the loop's clock goes on by what it may wait."""

    tried: ClassVar[list[str]] = []
    waits: ClassVar[asyncio.Event]
    forward: ClassVar[Callable[[float], None]]
    is_connected = True

    async def connect(self, url: str, *, connect_timeout: float, **_: Any) -> None:
        self.tried.append(url)
        if "127.0.0.3" in url:
            self.waits.set()
            self.forward(connect_timeout)
            await asyncio.Event().wait()

    def jetstream(self) -> Any:
        return self

    async def publish(self, *_: Any, **__: Any) -> None:
        pass

    async def close(self) -> None:
        pass


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch, anyio_backend: str) -> type[Silent]:
    """Return a client of servers that say nothing, whose clock stands still until ``forward`` is another."""
    monkeypatch.setattr("nats.aio.client.Client", Silent)
    monkeypatch.setattr(Silent, "tried", [])
    monkeypatch.setattr(Silent, "waits", asyncio.Event(), raising=False)
    monkeypatch.setattr(Silent, "forward", lambda _self, _seconds: None, raising=False)
    return Silent


def patient(**names: list[str]) -> NatsSender:
    """Return a sender that waits for long, where the names under ``example`` have these addresses."""

    async def resolve(host: str, _port: int) -> list[str]:
        return names[host.removesuffix(".example")]

    return NatsSender(Guard(AllowList.parse(["127.0.0.0/8"]), resolve=resolve), timeout_seconds=1000)


async def test_an_address_that_says_nothing_leaves_time_for_the_next(
    silent: type[Silent], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, ahead = asyncio.get_running_loop(), [0.0]
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + ahead[0])
    monkeypatch.setattr(silent, "forward", lambda _self, seconds: ahead.append(ahead.pop() + seconds))
    assert await patient(a=["127.0.0.3", "127.0.0.1"]).send(claim_to("nats://a.example:4222")) == Answer()
    assert silent.tried == ["nats://127.0.0.3:4222", "nats://127.0.0.1:4222"]


async def test_a_server_that_says_nothing_does_not_hold_up_the_others(silent: type[Silent]) -> None:
    broker = patient(a=["127.0.0.3"], b=["127.0.0.1"])
    held = asyncio.create_task(broker.send(claim_to("nats://a.example:4222")))
    await silent.waits.wait()
    sent = asyncio.create_task(broker.send(claim_to("nats://b.example:4222")))
    for _ in range(100):
        await asyncio.sleep(0)
    assert sent.done()
    assert await sent == Answer()
    held.cancel()


def test_a_destination_is_shown_without_its_secret() -> None:
    known: DestinationRecord = claim_to("nats://x", secrets=[{"secret": "geheim"}]).destination
    assert "geheim" not in repr(known)
