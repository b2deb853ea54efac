"""A path that the table does not find reaches no route, whatever the router would make of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from api.access.scopes import Scope
from api.access.table import TABLE
from api.connections import LimitedProtocol
from api.limits import HeadLimit
from api.store import trail
from api.store.trail import TrailFilter
from tests.api.access.conftest import Closed, bearing, made, store_of
from tests.api.access.test_table import filled
from tests.api.conftest import Marked, Opener

pytestmark = pytest.mark.anyio

CONTROLS = ("%0A", "%0D", "%0D%0A", "%00", "%09", "%0B", "%1B", "%7F", "%C2%85", "%E2%80%A8")


@asynccontextmanager
async def over_the_wire(app: Any, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Serve an application that has begun, as ``recupera serve`` does, and yield a client of it."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=LimitedProtocol, ws="none", lifespan="off", log_config=None, access_log=False, **more
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            yield client
    finally:
        server.should_exit = True
        await serving


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def test_no_route_is_reached_by_a_control_character_after_its_path(closed: Closed) -> None:
    """``starlette`` lets the pattern of a route end before a line's end, which the table does not find."""
    app = closed.client._transport.app  # type: ignore[attr-defined]
    admin = bearing(closed.only[Scope.ADMIN])
    reached = {}
    async with over_the_wire(app) as client:
        for method, pattern in TABLE:
            answer = await client.request(method, f"{filled(pattern)}%0A", headers=admin)
            if answer.status_code != 404 or answer.headers["content-type"] != "application/problem+json":
                reached[method, pattern] = answer.status_code
        for control in CONTROLS:
            for path in ("/v1/messages", "/v1/cases/x/cancel", "/metrics", "/openapi.json", "/v1/cases/a{}b"):
                at = path.replace("{}", control) if "{}" in path else path + control
                for method in ("GET", "POST"):
                    if (await client.request(method, at, headers=admin)).status_code != 404:
                        reached[method, at] = 200

    assert reached == {}


async def test_a_line_end_opens_no_messages_and_ends_no_case(open_service: Opener) -> None:
    async with open_service(Marked()) as service:
        message = {"channel": "chat", "external_id": "1", "text": "Llegó roto y nadie responde."}
        case = (await service.post("/v1/messages", json=message)).json()["case_id"]
        admin = bearing(await made(store_of(service), Scope.ADMIN))
        service._transport.app.state.keyring.expire()  # type: ignore[attr-defined]
        read = await service.get("/v1/messages%0A", headers=admin)
        ended = await service.post(f"/v1/cases/{case}/cancel%0A", headers=admin)
        reader = bearing(await made(store_of(service), Scope.READ))
        still = (await service.get(f"/v1/cases/{case}", headers=reader)).json()

    assert (read.status_code, ended.status_code, still["status"]) == (404, 404, "open")
    assert "roto" not in read.text


async def test_what_the_table_does_not_find_is_passed_on_for_nobody(
    closed: Closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where no limit of the head stands before: the guard itself lets nothing through that it does not know."""
    monkeypatch.setattr(HeadLimit, "__call__", lambda self, *asgi: self.app(*asgi))
    admin = bearing(closed.only[Scope.ADMIN])

    assert (await closed.client.get("/v1/messages%0A", headers=admin)).status_code == 404
    assert (await closed.client.post("/v1/cases/x/cancel%0A", headers=admin)).status_code == 404
    assert (await closed.client.get("/v1/cases/", headers=admin)).status_code == 404
    wrong = await closed.client.put("/v1/messages", headers=admin)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    async with store_of(closed.client).read() as connection:
        assert await trail.page(connection, TrailFilter(), before=None, limit=10) == []


async def test_a_path_of_letters_alone_passes() -> None:
    async with over_the_wire(HeadLimit(PlainTextResponse("so"))) as client:
        assert (await client.get("/v1/caf%C3%A9%20%F0%9F%98%80")).text == "so"
        assert (await client.get("/v1/caf%C3%A9%0A")).status_code == 404
