"""What is too large is refused before it is read, on every route that takes a body."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from api.access.table import TABLE
from api.limits import MAX_FORM_BYTES, MAX_HEADER_BYTES
from tests.api.conftest import Marked, Opener

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
TAKING = [path for method, path in TABLE if method in ("POST", "PATCH")]


def filled(pattern: str) -> str:
    return re.sub(r"\{[^}]+\}", lambda name: "generic" if name[0] == "{vendor}" else "x1", pattern)


@pytest.fixture
async def client(open_service: Opener, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    generic = {"verify": "none", "map": {"external_id": "id", "text": "text"}}
    async with open_service(Marked(), max_body_bytes=8 * 1024 * 1024, channels={"generic": generic}) as client:
        yield client


async def test_a_form_may_be_smaller_than_what_programs_send(client: httpx.AsyncClient) -> None:
    large = b"name=" + b"a" * MAX_FORM_BYTES

    for path in ("/preferences", "/sign-in", "/policy/backtest"):
        assert (await client.post(path, content=large, headers=FORM)).status_code == 413, path
    assert (await client.post("/v1/messages", content=large, headers=JSON)).status_code == 400


@pytest.mark.parametrize("declared", ["9" * 400, "9" * 5000, "-1", "1e3", "0x10", ""])
async def test_a_length_that_is_none_is_refused(client: httpx.AsyncClient, declared: str) -> None:
    said = await client.post("/v1/messages", content=b"{}", headers=JSON | {"content-length": declared})

    assert said.status_code == 413


@pytest.mark.parametrize(
    "deep", [b"[" * 100_000, b'{"a":' * 100_000, b'{"metadata":' + b"[" * 99_999 + b"]" * 99_999 + b"}"]
)
async def test_brackets_without_end_are_no_json_on_any_route(client: httpx.AsyncClient, deep: bytes) -> None:
    answers = {}
    for path in TAKING:
        headers = JSON if path.startswith("/v1/") else FORM
        method = "PATCH" if path == "/v1/destinations/{destination_id}" else "POST"
        answers[path] = await client.request(method, filled(path), content=deep, headers=headers)

    assert len(answers) > 25
    assert {path for path, said in answers.items() if said.status_code >= 500} == set()
    assert answers["/v1/messages"].status_code in (400, 422)
    assert answers["/v1/classify"].status_code in (400, 422)
    assert answers["/v1/channels/{vendor}"].status_code in (400, 422)
    assert (await client.get("/v1/messages")).json()["messages"] == []


async def test_a_packed_body_is_not_unpacked(client: httpx.AsyncClient) -> None:
    packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff" + b"\x00" * 1000
    for path in ("/v1/messages", "/v1/classify", "/v1/channels/generic"):
        said = await client.post(path, content=packed, headers=JSON | {"content-encoding": "gzip"})
        assert said.status_code == 400, path


async def test_a_head_is_refused_as_a_whole(client: httpx.AsyncClient) -> None:
    small = {f"x-{number}": "a" * 1000 for number in range(MAX_HEADER_BYTES // 1000 + 1)}
    said = await client.get("/livez", headers=small)

    assert said.status_code == 431
    assert said.json()["type"] == "urn:recupera:problem:head-too-large"
    assert (await client.get("/livez", headers={"x-1": "a" * 1000})).status_code == 200
