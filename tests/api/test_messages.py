import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.schemas import AcceptedMessage, StoredMessage
from tests.api.conftest import Marked, Opener

pytestmark = pytest.mark.anyio


def message(external_id: str = "1", text: str = "No llegó mi pedido.", **more: Any) -> dict[str, Any]:
    return {"channel": "email", "external_id": external_id, "text": text, **more}


async def post(service: httpx.AsyncClient, *args: Any, **more: Any) -> dict[str, Any]:
    answer = await service.post("/v1/messages", json=message(*args, **more))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def listed(service: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await service.get("/v1/messages", params=query)
    assert answer.status_code == 200, answer.text
    return [item["external_id"] for item in answer.json()["messages"]]


async def test_a_complaint_gets_a_case_and_a_plan(service: httpx.AsyncClient) -> None:
    answer = await post(service)
    assert set(answer) == {"message_id", "case_id", "classification", "plan"}
    assert answer["classification"]["id"] == answer["message_id"]
    assert answer["classification"]["facts"][0]["kind"] == "amount"
    assert [step["id"] for step in answer["plan"]["steps"]] == ["greet", "resolve", "check"]
    AcceptedMessage.model_validate(answer)


async def test_what_is_no_complaint_gets_none(service: httpx.AsyncClient) -> None:
    answer = await post(service, text="Todo bien, gracias.")
    assert (answer["case_id"], answer["plan"]) == (None, None)
    assert answer["classification"]["complaint"]["label"] is False


async def test_the_same_again_is_the_same_and_other_content_a_conflict(service: httpx.AsyncClient) -> None:
    first = await service.post("/v1/messages", json=message(metadata={"a": 1, "b": [None, 2.5]}))
    again = await service.post("/v1/messages", json=message(metadata={"b": [None, 2.5], "a": 1}))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = await service.post("/v1/messages", json=message(text="secreto"))
    assert other.status_code == 409
    assert other.json()["type"] == "urn:recupera:problem:conflict"
    assert "secreto" not in other.text
    assert (await service.post("/v1/messages", json=message(channel="chat") | {"channel": "chat"})).status_code == 201


async def test_an_idempotency_key_is_used_once(service: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = await service.post("/v1/messages", json=message(), headers=headers)
    assert first.status_code == 201
    assert (await service.post("/v1/messages", json=message(), headers=headers)).json() == first.json()
    assert (await service.post("/v1/messages", json=message())).status_code == 200
    assert (await service.post("/v1/messages", json=message("2"), headers=headers)).status_code == 409
    assert (await service.post("/v1/messages", json=message("2"))).status_code == 201
    assert (await service.post("/v1/messages", json=message("2"), headers=headers)).status_code == 409
    assert await listed(service) == ["2", "1"]


async def test_moments_are_compared_as_moments(service: httpx.AsyncClient) -> None:
    assert (await post(service, received_at="2026-01-01T10:00:00-03:00"))["case_id"]
    again = await service.post("/v1/messages", json=message(received_at="2026-01-01T13:00:00Z"))
    assert again.status_code == 200
    other = await service.post("/v1/messages", json=message(received_at="2026-01-01T13:00:01Z"))
    assert other.status_code == 409


async def test_a_message_is_read_back_whole(service: httpx.AsyncClient) -> None:
    sent = message(
        text="Mi DNI es 12345678Z: no llegó nada \ud83d\x00.",
        received_at="2026-05-01T10:00:00-03:00",
        customer={"id": "c\x001", "value_tier": "gold", "country": "AR", "since": 2019},
        thread_id="t",
        metadata={"order": {"id": 7, "tags": ["a", None, True]}},
    )
    accepted = (await service.post("/v1/messages", content=json.dumps(sent), headers=JSON)).json()
    answer = await service.get(f"/v1/messages/{accepted['message_id']}")
    assert answer.status_code == 200
    stored = answer.json()
    assert accepted.items() <= stored.items()
    assert stored["text"] == "Mi DNI es 12345678Z: no llegó nada \ufffd\ufffd."
    assert stored["received_at"] == "2026-05-01T13:00:00Z"
    assert stored["customer"] == {"id": "c\ufffd1", "value_tier": "gold", "country": "AR", "since": 2019}
    assert stored["metadata"] == sent["metadata"]
    assert stored["personal"] == [{"kind": "dni", "start": 10, "end": 19}]
    assert (stored["review"], stored["feedback"]) == ("none", [])
    StoredMessage.model_validate(stored)


async def test_without_a_time_a_message_was_received_now(service: httpx.AsyncClient) -> None:
    accepted = await post(service)
    stored = (await service.get(f"/v1/messages/{accepted['message_id']}")).json()
    assert datetime.now(UTC) - datetime.fromisoformat(stored["received_at"]) < timedelta(minutes=1)


JSON = {"content-type": "application/json"}
DEEP: Any = 1
for _ in range(40):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"channel": None}, "/channel"),
        ({"channel": ""}, "/channel"),
        ({"channel": "secreto" * 10}, "/channel"),
        ({"external_id": 7}, "/external_id"),
        ({"external_id": ""}, "/external_id"),
        ({"external_id": "secreto" * 100}, "/external_id"),
        ({"text": None}, "/text"),
        ({"text": "secreto" * 3000}, "/text"),
        ({"text": ["secreto"]}, "/text"),
        ({"received_at": "secreto"}, "/received_at"),
        ({"received_at": "2026-01-01T10:00:00"}, "/received_at"),
        ({"received_at": "2199-01-01T10:00:00Z"}, "/received_at"),
        ({"received_at": "1970-01-01T10:00:00Z"}, "/received_at"),
        ({"received_at": 10**30}, "/received_at"),
        ({"customer": "secreto"}, "/customer"),
        ({"customer": {}}, "/customer/id"),
        ({"customer": {"id": ""}}, "/customer/id"),
        ({"customer": {"id": "1", "country": "secreto"}}, "/customer/country"),
        ({"customer": {"id": "1", "more": "secreto" * 5000}}, "/customer"),
        ({"thread_id": ""}, "/thread_id"),
        ({"metadata": ["secreto"]}, "/metadata"),
        ({"metadata": {"a": "secreto" * 5000}}, "/metadata"),
        ({"metadata": {"a": DEEP}}, "/metadata"),
        ({"metadata": {"a": float("nan")}}, "/metadata"),
        ({"recieved_at": "2026-01-01T10:00:00Z"}, "/recieved_at"),
        ({"un secreto que no es un nombre": 1}, "/…"),
    ],
)
async def test_what_is_wrong_is_said_without_what_was_sent(
    open_service: Opener, change: dict[str, Any], at: str
) -> None:
    async with open_service(Marked()) as client:
        content = json.dumps({**message(), **change})
        answer = await client.post("/v1/messages", content=content, headers=JSON)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["at"] == at
        assert "secreto" not in answer.text
        assert (await client.get("/v1/messages")).json() == {"messages": [], "next_cursor": None}


@pytest.mark.parametrize("name", ["channel", "external_id", "text"])
async def test_every_field_that_is_needed_is_missed(open_service: Opener, name: str) -> None:
    async with open_service(Marked()) as client:
        answer = await client.post("/v1/messages", json={k: v for k, v in message().items() if k != name})
        assert (answer.status_code, answer.json()["errors"][0]["at"]) == (422, f"/{name}")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"channel": "a", "channel": "b", "external_id": "1", "text": "secreto"}', 400),
        (b'{"channel": "a", "external_id": "1", "text": "a", "metadata": {"x": {"secreto": 1, "secreto": 2}}}', 400),
        (b'{"channel": "secreto"', 400),
        (b'"secreto"', 422),
        (b"", 422),
        (b"[" * 100_000, 400),
        (b'{"metadata": {"a": ' + b"9" * 5000 + b"}}", 400),
    ],
)
async def test_what_is_no_object_of_one_meaning_is_refused(open_service: Opener, content: bytes, status: int) -> None:
    async with open_service(Marked()) as client:
        answer = await client.post("/v1/messages", content=content, headers=JSON)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert "secreto" not in answer.text


async def test_an_empty_idempotency_key_is_refused(open_service: Opener) -> None:
    async with open_service(Marked()) as client:
        for key in ("", "k" * 256):
            answer = await client.post("/v1/messages", json=message(), headers={"Idempotency-Key": key})
            assert answer.status_code == 422
        assert (await client.post("/v1/messages", content=b"{}", headers={})).status_code == 415


async def test_lists_are_narrowed(service: httpx.AsyncClient) -> None:
    await post(service, "1", "Es gravísimo.", received_at="2026-01-01T00:00:00Z", customer={"id": "c"}, thread_id="t")
    await post(service, "2", "Todo bien.", received_at="2026-01-02T00:00:00Z")
    await post(service, "3", "¿?", received_at="2026-01-03T00:00:00Z")
    assert await listed(service) == ["3", "2", "1"]
    assert await listed(service, severity="critical") == ["1"]
    assert await listed(service, severity=["critical", "high"]) == ["3", "1"]
    assert await listed(service, severity="low") == []
    assert await listed(service, complaint="false") == ["2"]
    assert await listed(service, motive="altruism") == ["3", "1"]  # not their main motive
    assert await listed(service, motive="venting") == []
    assert await listed(service, justice="outcome", touchpoint="fulfilment", tone="upset", conduct="none") == ["3", "1"]
    assert await listed(service, guarantee="false", quality="reliability", language="es") == ["3", "1"]
    assert await listed(service, review="needed") == ["3"]
    assert await listed(service, since="2026-01-02T00:00:00Z") == ["3", "2"]
    assert await listed(service, until="2026-01-02T00:00:00Z") == ["1"]
    assert await listed(service, since="2026-01-01T22:00:00-03:00", until="2026-01-03T00:00:00Z") == []
    assert await listed(service, channel="email", customer="c", thread_id="t", external_id="1") == ["1"]
    assert await listed(service, channel="chat") == []
    assert await listed(service, channel="a\x00") == []
    case_id = (await service.get("/v1/messages")).json()["messages"][0]["case_id"]
    assert await listed(service, case_id=case_id) == ["3"]


@pytest.mark.parametrize(
    "query",
    [
        {"severity": "secreto"}, {"complaint": "secreto"}, {"review": "secreto"}, {"since": "2026-01-01"},
        {"limit": 0}, {"limit": 201}, {"secreto": 1}, {"language": "secreto"}, {"channel": "secreto" * 100},
    ],
)  # fmt: skip
async def test_a_wrong_filter_is_named(open_service: Opener, query: dict[str, Any]) -> None:
    async with open_service(Marked()) as client:
        answer = await client.get("/v1/messages", params=query)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["at"].split("/")[1] == next(iter(query))
        assert answer.text.count("secreto") <= (2 if "secreto" in query else 0)


async def test_pages_have_every_message_once_while_others_arrive(service: httpx.AsyncClient) -> None:
    for number in range(7):
        await post(service, str(number))
    seen, cursor = [], None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await service.get("/v1/messages", params=params)).json()
        seen += [item["external_id"] for item in page["messages"]]
        await post(service, f"new {len(seen)}")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


@pytest.mark.parametrize("name", ["00000000-0000-7000-8000-000000000000", "x", "%00", "a" * 3000])
async def test_what_is_not_there_is_not_found(service: httpx.AsyncClient, name: str) -> None:
    for answer in (
        await service.get(f"/v1/messages/{name}"),
        await service.post(f"/v1/messages/{name}/feedback", json={"labels": {"complaint": False}}),
        await service.get(f"/v1/cases/{name}"),
        await service.post(f"/v1/cases/{name}/close", json={"outcome": "lost"}),
        await service.post(f"/v1/cases/{name}/steps/x/complete"),
    ):
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:recupera:problem:not-found"
