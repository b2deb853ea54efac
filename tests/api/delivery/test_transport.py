"""Connections serve again, but never another name nor an address that was not checked just now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from api.delivery.guard import AllowList, Guard, RefusedError
from api.delivery.transport import GuardedTransport

pytestmark = pytest.mark.anyio


class Server:
    """Keeps connections; ``served`` holds the ``Host`` of each request, by connection."""

    def __init__(self) -> None:
        self.served: list[list[str]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hosts: list[str] = []
        self.served.append(hosts)
        self.writers.append(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                hosts.append(head.lower().split(b"host: ")[1].split(b"\r\n")[0].split(b":")[0].decode())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    kept = Server()
    listening = await asyncio.start_server(kept.serve, "127.0.0.1", 0)
    kept.port = listening.sockets[0].getsockname()[1]
    yield kept
    listening.close()
    for writer in kept.writers:
        writer.close()


class Names:
    """A resolver whose answers change; every name it knows is on this machine, which is allowed."""

    def __init__(self) -> None:
        self.addresses = {"a.example": ["127.0.0.1"], "b.example": ["127.0.0.1"]}
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.addresses[host]

    def client(self, **more: object) -> httpx.AsyncClient:
        guard = Guard(AllowList.parse(["127.0.0.0/8"]), resolve=self)
        return httpx.AsyncClient(transport=GuardedTransport(guard, **more), trust_env=False)  # type: ignore[arg-type]


async def test_a_burst_to_one_name_uses_one_connection(server: Server) -> None:
    names = Names()
    async with names.client() as client:
        for _ in range(5):
            assert (await client.get(f"http://a.example:{server.port}/")).text == "ok"
    assert server.served == [["a.example"] * 5]
    assert names.asked == 5  # the name is looked up and checked each time all the same


async def test_two_names_of_one_address_never_share_a_connection(server: Server) -> None:
    async with Names().client() as client:
        for name in ("a", "b", "a", "b"):
            await client.get(f"http://{name}.example:{server.port}/")
    assert sorted(server.served) == [["a.example"] * 2, ["b.example"] * 2]


async def test_a_name_that_turns_inward_is_refused_although_a_connection_is_open(server: Server) -> None:
    names = Names()
    async with names.client() as client:
        await client.get(f"http://a.example:{server.port}/")
        names.addresses["a.example"] = ["169.254.169.254"]
        with pytest.raises(RefusedError):
            await client.get(f"http://a.example:{server.port}/")
    assert server.served == [["a.example"]]


async def test_a_name_that_moves_is_followed(server: Server) -> None:
    names, moved = Names(), Server()
    other = await asyncio.start_server(moved.serve, "127.0.0.2", server.port)
    async with names.client() as client, other:
        await client.get(f"http://a.example:{server.port}/")
        names.addresses["a.example"] = ["127.0.0.2"]
        await client.get(f"http://a.example:{server.port}/")
    assert (server.served, moved.served) == ([["a.example"]], [["a.example"]])


async def test_the_address_that_answered_is_asked_first_again(server: Server) -> None:
    names = Names()
    names.addresses["a.example"] = ["127.0.0.3", "127.0.0.1"]  # nobody listens at the first
    async with names.client() as client:
        for _ in range(3):
            await client.get(f"http://a.example:{server.port}/")
    assert server.served == [["a.example"] * 3]


async def test_a_connection_that_the_receiver_closed_is_not_used_again(server: Server) -> None:
    async with Names().client() as client:
        await client.get(f"http://a.example:{server.port}/")
        server.writers[0].close()
        await asyncio.sleep(0.05)
        assert (await client.get(f"http://a.example:{server.port}/")).text == "ok"
    assert server.served == [["a.example"], ["a.example"]]


async def test_an_answer_that_is_left_unread_costs_its_connection(server: Server) -> None:
    async with Names().client() as client:
        async with client.stream("GET", f"http://a.example:{server.port}/"):
            pass
        await client.get(f"http://a.example:{server.port}/")
    assert server.served == [["a.example"], ["a.example"]]


async def test_hosts_that_nobody_asks_for_are_forgotten(server: Server) -> None:
    now = [0.0]
    async with Names().client(clock=lambda: now[0]) as client:
        await client.get(f"http://a.example:{server.port}/")
        now[0] = 301.0
        await client.get(f"http://b.example:{server.port}/")
        await asyncio.sleep(0.05)
        assert server.writers[0].is_closing()  # the first connection was closed from our side
        await client.get(f"http://a.example:{server.port}/")
    assert server.served == [["a.example"], ["b.example"], ["a.example"]]


class Dropping(httpx.AsyncBaseTransport):
    """Reaches the last address alone; ``tried`` holds each with the times that a request to it may take."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, dict[str, float | None]]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.tried.append((request.url.host, request.extensions["timeout"]))
        if request.url.host != "127.0.0.1":
            raise httpx.ConnectTimeout("dropped")
        return httpx.Response(204)


@pytest.mark.parametrize(
    ("addresses", "connect", "share"),
    [
        (["127.0.0.3", "127.0.0.1"], 6.0, 3.0),
        (["127.0.0.3", "127.0.0.4", "127.0.0.1"], 6.0, 2.0),
        (["127.0.0.1"], 6.0, 6.0),
        (["127.0.0.3", "127.0.0.1"], None, None),
    ],
)
async def test_an_address_that_drops_what_it_gets_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str], connect: float | None, share: float | None
) -> None:
    names, dropping = Names(), Dropping()
    names.addresses["a.example"] = addresses
    monkeypatch.setattr("api.delivery.transport.httpx.AsyncHTTPTransport", lambda **_: dropping)
    async with names.client() as client:
        answer = await client.get("http://a.example/", timeout=httpx.Timeout(9.0, connect=connect))
    assert answer.status_code == 204
    times = {"connect": share, "read": 9.0, "write": 9.0, "pool": 9.0}
    assert dropping.tried == [(address, times) for address in addresses]
