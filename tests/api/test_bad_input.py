"""Anything in the place of anything: a clear problem, nothing stored, nothing repeated, and the next one is served."""

import asyncio
import json
import time
from itertools import product
from typing import Any

import httpx
import pytest

from tests.api.conftest import Marked, Opener
from tests.api.test_messages import message

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
CHUNKED = {**JSON, "transfer-encoding": "chunked"}
LONG = '"' + "secreto" * 6000 + '"'
DEEP = "[" * 60 + "]" * 60
NASTY = (
    "null", "true", "-1", "7", "1.5", "1e999", "-1e999", "NaN", "-Infinity", "9" * 400, "9" * 5000, '""', '"secreto"',
    LONG, "[]", "[null]", '["secreto"]', "{}", '{"secreto": 1}', '{"secreto": 1, "secreto": 2}', '{"id": null}',
    '{"id": NaN}', DEEP, '{"a":' * 60 + "1" + "}" * 60, "[" * 100_000, '{"a":' * 100_000, '"\\ud800"', '"\\u0000"',
    '"secreto\\u0000"', '"9999-12-31T23:59:59Z"', '"10000-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"',
    '"2026-02-30T00:00:00Z"', '"2026-01-01T00:00:00+99:99"', '"2026-01-01"', '"1969-07-20T20:17:40Z"', "1e18",
    "-62135596801", '"\u202esecreto"', '"http://169.254.169.254/secreto"', '"http://[::1]:99999/"',
    '"\\r\\nX-Secreto: 1"',
)  # fmt: skip
MESSAGE = ("channel", "external_id", "text", "received_at", "customer", "thread_id", "metadata", "secreto")
DESTINATION = (
    "name", "kind", "url", "subject", "events", "filter", "secret", "enabled", "rate", "concurrency", "secreto"
)  # fmt: skip
GOOD = {"name": "crm", "url": "https://crm.example/hook", "events": ["case.opened"]}


def with_raw(body: dict[str, Any], name: str, raw: str) -> bytes:
    """Return a body as JSON, one of its fields as it is written here."""
    fields = {key: json.dumps(value) for key, value in body.items()} | {name: raw}
    return ("{" + ", ".join(f'"{key}": {value}' for key, value in fields.items()) + "}").encode()


def check_problem(said: httpx.Response, *statuses: int) -> None:
    assert said.status_code in (statuses or (400, 422)), said.text
    assert said.headers["content-type"] == "application/problem+json"
    problem = said.json()
    assert problem["status"] == said.status_code
    assert problem["detail"]
    assert "secreto" not in said.text.replace("/secreto", "")
    assert len(said.content) < 10_000


async def stored(client: httpx.AsyncClient) -> tuple[list[Any], list[Any]]:
    messages = (await client.get("/v1/messages")).json()["messages"]
    return messages, (await client.get("/v1/destinations")).json()["destinations"]


@pytest.mark.parametrize("name", MESSAGE)
async def test_any_value_in_any_field_of_a_message_is_taken_or_refused(open_service: Opener, name: str) -> None:
    async with open_service(Marked()) as client:
        accepted = set()
        for number, raw in enumerate(NASTY):
            body = with_raw(message(str(number)), name, raw)
            said = await client.post("/v1/messages", content=body, headers=JSON)
            if said.is_success:
                accepted.add(said.json()["message_id"])
            else:
                check_problem(said)
        messages, _ = await stored(client)
        assert {item["message_id"] for item in messages} == accepted
        assert len(accepted) < len(NASTY) / 2
        assert (await client.post("/v1/messages", json=message("good"))).status_code == 201


@pytest.mark.parametrize("name", DESTINATION)
async def test_any_value_in_any_field_of_a_destination_is_taken_or_refused(open_service: Opener, name: str) -> None:
    async with open_service(Marked()) as client:
        accepted = set()
        for raw in NASTY:
            said = await client.post("/v1/destinations", content=with_raw(GOOD, name, raw), headers=JSON)
            if said.is_success:
                accepted.add(said.json()["destination_id"])
            else:
                check_problem(said)
        _, destinations = await stored(client)
        assert {item["destination_id"] for item in destinations} == accepted
        assert (await client.post("/v1/destinations", json=GOOD)).status_code == 201


async def test_any_value_in_a_change_is_taken_or_refused(open_service: Opener) -> None:
    async with open_service(Marked()) as client:
        case = (await client.post("/v1/messages", json=message())).json()
        made = (await client.post("/v1/destinations", json=GOOD)).json()["destination_id"]
        about = {
            f"/v1/cases/{case['case_id']}/close": ("outcome", "by", "note", "secreto"),
            f"/v1/cases/{case['case_id']}/reassign": ("owner", "by", "note"),
            f"/v1/cases/{case['case_id']}/steps/greet/complete": ("by", "note", "secreto"),
            f"/v1/messages/{case['message_id']}/feedback": ("labels", "language", "reviewer", "comment", "secreto"),
            f"/v1/destinations/{made}": DESTINATION,
        }
        for path, names in about.items():
            method = "PATCH" if path.startswith("/v1/destinations") else "POST"
            for name, raw in product(names, NASTY):
                said = await client.request(method, path, content=with_raw({}, name, raw), headers=JSON)
                if not said.is_success:
                    check_problem(said, 400, 404, 409, 422)
        assert (await client.get(f"/v1/cases/{case['case_id']}")).json()["status"] == "open"


NO_TEXT = (
    b'{"channel": "email", "external_id": "1", "text": "secreto\xff"}',
    b'{"channel": "email", "external_id": "1", "text": "\xc3"}',
    b"\xff\xfe{\x00",
    b"\x00" * 1000,
    b"\x1f\x8b\x08\x00" + b"secreto" * 10,
    b'{"channel": "email", "external_id": "1", "text": "a"} {"secreto": 1}',
    b"{'channel': 'secreto'}",
)


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/destinations", "/v1/classify"])
@pytest.mark.parametrize("content", NO_TEXT)
async def test_what_is_no_text_is_no_json(open_service: Opener, path: str, content: bytes) -> None:
    async with open_service(Marked()) as client:
        check_problem(await client.post(path, content=content, headers=JSON), 400)
        assert await stored(client) == ([], [])


async def test_half_a_character_is_an_unknown_one(open_service: Opener) -> None:
    content = b'{"channel": "email", "external_id": "1", "text": "mal \xed\xa0\x80"}'
    async with open_service(Marked()) as client:
        assert (await client.post("/v1/messages", content=content, headers=JSON)).status_code == 201
        assert [item["text"] for item in (await stored(client))[0]] == ["mal \ufffd"]


async def test_a_body_that_is_sent_slowly_holds_nobody_up(open_service: Opener) -> None:
    async def slowly() -> Any:
        for byte in json.dumps(message("slow")).encode():
            yield bytes([byte])
            await asyncio.sleep(0.01)

    async with open_service(Marked()) as client:
        slow = asyncio.create_task(client.post("/v1/messages", content=slowly(), headers=CHUNKED))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        assert (await client.post("/v1/messages", json=message("quick"))).status_code == 201
        assert not slow.done()
        assert time.monotonic() - began < 5
        assert (await slow).status_code == 201
