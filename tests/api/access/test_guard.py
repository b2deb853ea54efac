"""Who is let in: anybody here while nobody has a key, then keys alone."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.access.scopes import Scope
from tests.api.access.conftest import Closed, bearing, made, store_of
from tests.api.conftest import Marked, Opener

pytestmark = pytest.mark.anyio

HERE = {"127.0.0.1:8000", "localhost", "localhost:9000", "[::1]:8000", "10.1.2.3", "a.localhost"}
ELSEWHERE = {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8000", "recupera", ""}


async def test_a_service_without_keys_is_open_to_this_machine(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/cases")).status_code == 200
    assert (await client.get("/v1/cases", headers=bearing("rcp_whatever"))).status_code == 200


@pytest.mark.parametrize("host", sorted(HERE))
async def test_an_open_service_answers_to_the_names_of_this_machine(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/v1/cases", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", sorted(ELSEWHERE))
async def test_an_open_service_answers_to_no_other_name(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/v1/cases", headers={"Host": host})

    assert answer.status_code == 421
    assert "access.hosts" in answer.json()["detail"]


async def test_an_open_service_answers_to_a_name_that_it_was_told(open_service: Opener) -> None:
    async with open_service(Marked(), access={"hosts": "recupera.lan"}) as client:
        assert (await client.get("/v1/cases", headers={"Host": "Recupera.lan:8000"})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"X-Forwarded-For": "127.0.0.1, 203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
    ],
)
async def test_an_open_service_answers_no_proxy_that_speaks_for_others(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await client.get("/v1/cases", headers=headers)).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
async def test_an_open_service_takes_nothing_from_pages_of_others(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await client.post("/v1/cases/x/cancel", headers=headers)).status_code == 403
    assert (await client.get("/v1/cases", headers=headers)).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "recupera.example"])
async def test_a_service_that_others_can_reach_is_never_open(open_service: Opener, host: str) -> None:
    async with open_service(Marked(), host=host) as client:
        answer = await client.get("/v1/cases")

        assert answer.status_code == 401
        assert "recupera keys create" in answer.json()["detail"]
        assert (await client.get("/livez")).status_code == 200


async def test_a_first_key_closes_a_running_service(client: httpx.AsyncClient) -> None:
    key = await made(store_of(client), Scope.READ)
    end, status = time.monotonic() + 5, 200
    began = time.monotonic()
    while status == 200 and time.monotonic() < end:
        status = (await client.get("/v1/analytics/choices")).status_code

    assert status == 401
    assert time.monotonic() - began < 2.5
    assert (await client.get("/v1/cases", headers=bearing(key))).status_code == 200


async def test_a_key_that_was_made_elsewhere_just_now_opens_at_once(closed: Closed) -> None:
    for _ in range(2):
        key = await made(store_of(closed.client), Scope.READ)
        assert (await closed.client.get("/v1/cases", headers=bearing(key))).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer rcp_1"},
        {"Authorization": "Basic cmNwOnJjcA=="},
        {"Authorization": "Bearer rcp_\xff"},
        {"X-API-Key": "rcp_1"},
    ],
)
async def test_what_is_no_key_opens_nothing(closed: Closed, headers: dict[str, str]) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}

    assert (await closed.client.get("/v1/cases", headers=encoded)).status_code == 401


async def test_a_key_is_not_taken_from_anywhere_but_the_header(closed: Closed) -> None:
    key = closed.only[Scope.READ]

    assert (await closed.client.get("/v1/cases", params={"key": key})).status_code == 401
    assert (await closed.client.get("/v1/cases", headers={"Cookie": f"key={key}"})).status_code == 401
    assert (await closed.client.get("/v1/cases", headers={"Authorization": f"bearer  {key}"})).status_code == 200


async def test_an_expired_key_opens_nothing(closed: Closed) -> None:
    until = datetime.now(UTC) + timedelta(seconds=0.4)
    key = await made(store_of(closed.client), Scope.READ, expires_at=until)
    first = (await closed.client.get("/v1/cases", headers=bearing(key))).status_code

    statuses = [first]
    while datetime.now(UTC) < until:
        statuses.append((await closed.client.get("/v1/cases", headers=bearing(key))).status_code)
    last = await closed.client.get("/v1/cases", headers=bearing(key))

    assert statuses[0] == 200
    assert last.status_code == 401
    assert 'error="invalid_token"' in last.headers["www-authenticate"]


async def test_wrong_keys_are_held_up_and_right_ones_never(closed: Closed) -> None:
    right = bearing(closed.only[Scope.READ])
    wrong = bearing(f"rcp_{'0' * 49}")
    answers = []
    for _ in range(120):  # far more than the twenty and one a second that are looked up
        answers.append(await closed.client.get("/v1/cases", headers=wrong))
        assert (await closed.client.get("/v1/analytics/choices", headers=right)).status_code == 200

    statuses = [answer.status_code for answer in answers]
    assert statuses[:20] == [401] * 20
    assert set(statuses) == {401, 429}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status_code == 429)


async def test_a_key_is_told_what_it_has_left(open_service: Opener) -> None:
    async with open_service(Marked(), access={"requests": 3}) as client:
        key, other = [bearing(await made(store_of(client), Scope.READ)) for _ in range(2)]
        client._transport.app.state.keyring.expire()  # type: ignore[attr-defined]
        answers = [await client.get("/v1/cases", headers=key) for _ in range(4)]

        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == '"key";q=3;w=60'
        assert answers[0].headers["ratelimit"] == '"key";r=2;t=60'
        assert 1 <= int(answers[3].headers["retry-after"]) <= 60
        assert answers[3].json()["type"] == "urn:recupera:problem:too-many-requests"
        assert (await client.get("/v1/cases", headers=other)).status_code == 200


async def test_a_key_may_have_a_limit_of_its_own(closed: Closed) -> None:
    key = bearing(await made(store_of(closed.client), Scope.READ, requests=1))

    assert [(await closed.client.get("/v1/cases", headers=key)).status_code for _ in range(2)] == [200, 429]


async def test_what_has_no_route_is_told_to_nobody_without_a_key(closed: Closed) -> None:
    key = bearing(closed.only[Scope.READ])

    assert (await closed.client.get("/v1/nothing")).status_code == 401
    assert (await closed.client.get("/v1/nothing", headers=key)).status_code == 404
    wrong = await closed.client.put("/v1/cases/x", headers=key)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")


async def test_a_body_is_not_read_before_its_sender_is_known(closed: Closed) -> None:
    read = 0

    async def body() -> Any:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * 1024

    answer = await closed.client.post("/v1/messages", content=body())

    assert (answer.status_code, read) == (401, 0)


async def test_metrics_are_for_this_machine_or_a_key(closed: Closed) -> None:
    client = closed.client
    far = {"X-Forwarded-For": "203.0.113.9"}

    assert (await client.get("/metrics")).status_code == 200
    assert (await client.get("/metrics", headers=far)).status_code == 401
    assert (await client.get("/metrics", headers={"Host": "evil.example"})).status_code == 401
    assert (await client.get("/metrics", headers=far | bearing(closed.only[Scope.READ]))).status_code == 200
    assert (await client.get("/metrics", headers=far | bearing(closed.only[Scope.WRITE]))).status_code == 403


async def test_a_stream_ends_with_its_key(closed: Closed) -> None:
    app = closed.client._transport.app  # type: ignore[attr-defined]
    key = await made(store_of(closed.client), Scope.READ, Scope.ADMIN, Scope.INGEST)
    me = (await closed.client.get("/v1/keys", headers=bearing(key))).json()["keys"][0]["key_id"]
    sent: list[dict[str, Any]] = []
    happening: list[asyncio.Task[None]] = []
    began = False

    async def receive() -> dict[str, Any]:
        nonlocal began
        if not began:
            began = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return await asyncio.Future()

    async def revoke_and_go_on() -> None:
        await closed.client.delete(f"/v1/keys/{me}", headers=bearing(closed.only[Scope.ADMIN]))
        message = {"channel": "c", "external_id": "1", "text": "Llegó roto."}
        await closed.client.post("/v1/messages", json=message, headers=bearing(closed.only[Scope.INGEST]))

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if len(sent) == 2:  # the answer has begun
            happening.append(asyncio.create_task(revoke_and_go_on()))

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/v1/events",
        "raw_path": b"/v1/events", "query_string": b"", "root_path": "", "scheme": "http", "server": ("localhost", 80),
        "client": ("127.0.0.1", 1), "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {key}".encode())],
    }  # fmt: skip
    await app(scope, receive, send)
    await asyncio.gather(*happening)

    assert sent[0]["status"] == 200
    assert b"Lleg" not in b"".join(message.get("body", b"") for message in sent)
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
