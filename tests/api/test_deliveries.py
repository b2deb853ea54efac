"""``/v1/deliveries`` over HTTP, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.delivery.schemas import Delivery
from tests.api.conftest import Marked, Opener
from tests.api.delivery.receiver import OK, SECRET, Receiver, answer
from tests.api.test_destinations import made
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio


@pytest.fixture
async def service(open_service: Opener, database: str, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with open_service(Marked(), database=database, delivery={"allow": ["127.0.0.1"]}) as client:
        yield client


@pytest.fixture
async def receiver(anyio_backend: str) -> AsyncIterator[Receiver]:
    async with Receiver().listening() as receiver:
        yield receiver


async def listed(service: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    said = await service.get("/v1/deliveries", params=query)
    assert said.status_code == 200, said.text
    return said.json()["deliveries"]


async def until(service: httpx.AsyncClient, count: int, **query: Any) -> list[dict[str, Any]]:
    async with asyncio.timeout(60):
        while len(found := await listed(service, **query)) < count:
            await asyncio.sleep(0.02)
    return found


async def test_the_list_is_narrowed_and_paged(service: httpx.AsyncClient, receiver: Receiver) -> None:
    events = ["message.classified", "case.opened"]
    one = await made(service, receiver.url, secret=SECRET, events=events)
    two = await made(service, receiver.url, secret=SECRET, events=["case.opened"])
    first, second = await post(service, "1"), await post(service, "2", "Todo bien.")
    found = await until(service, 4, status="delivered")
    Delivery.model_validate(found[0])
    assert len(await listed(service, destination_id=one["destination_id"])) == 3
    (opened,) = await listed(service, destination_id=two["destination_id"])
    assert (opened["type"], opened["case_id"]) == ("case.opened", first["case_id"])
    assert len(await listed(service, type="case.opened")) == 2
    assert len(await listed(service, message_id=second["message_id"])) == 1
    assert len(await listed(service, case_id=first["case_id"])) == 3
    assert len(await listed(service, event_id=opened["event_id"])) == 2
    assert await listed(service, status="dead") == []
    page = (await service.get("/v1/deliveries", params={"limit": 3})).json()
    rest = await listed(service, cursor=page["next_cursor"])
    assert [item["delivery_id"] for item in [*page["deliveries"], *rest]] == [item["delivery_id"] for item in found]
    for wrong in ({"status": "secreto"}, {"type": "secreto"}, {"limit": 0}, {"secreto": 1}):
        said = await service.get("/v1/deliveries", params=wrong)
        assert (said.status_code, said.headers["content-type"]) == (422, "application/problem+json")


async def test_a_delivery_says_what_was_tried(service: httpx.AsyncClient, receiver: Receiver) -> None:
    receiver.answers = lambda _: answer(500)
    await made(service, receiver.url, secret=SECRET, events=["case.opened"])
    await post(service)
    async with asyncio.timeout(60):
        while not (delivery := (await until(service, 1))[0])["log"]:
            await asyncio.sleep(0.02)
    path = f"/v1/deliveries/{delivery['delivery_id']}"
    read = (await service.get(path)).json()
    assert (read["status"], read["attempts"], read["response_status"]) == ("pending", 1, 500)
    assert read["error"] == "the destination answered 500"
    assert [entry["status"] for entry in read["log"]] == [500]
    assert read["next_at"] > read["created_at"]


async def test_a_dead_letter_is_replayed(service: httpx.AsyncClient, receiver: Receiver) -> None:
    receiver.answers = lambda _: answer(410)
    destination = await made(service, receiver.url, secret=SECRET, events=["case.opened"])
    path = f"/v1/destinations/{destination['destination_id']}"
    await post(service)
    (dead,) = await until(service, 1, status="dead")
    gone = (await service.get(path)).json()
    assert (gone["enabled"], gone["disabled_reason"]) == (False, "gone: the destination answered 410")
    replay = f"/v1/deliveries/{dead['delivery_id']}/replay"
    for refused in (await service.post(replay), await service.post(f"{path}/replay")):
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:recupera:problem:conflict")
    receiver.answers = lambda _: OK
    await service.patch(path, json={"enabled": True})
    again = await service.post(replay)
    assert (again.status_code, again.json()["status"]) == (200, "pending")
    (delivered,) = await until(service, 1, status="delivered")
    assert {request.id for request in receiver.asked} == {delivered["delivery_id"]} == {dead["delivery_id"]}
    assert (await service.post(f"{path}/replay")).json() == {"replayed": 0}


@pytest.mark.parametrize("path", ["/v1/deliveries/x", "/v1/deliveries/x/replay", "/v1/destinations/x/replay"])
async def test_what_is_not_there_is_not_found(open_service: Opener, path: str) -> None:
    async with open_service(Marked()) as service:
        call = service.post if path.endswith("replay") else service.get
        said = await call(path)
        assert (said.status_code, said.json()["type"]) == (404, "urn:recupera:problem:not-found")


async def test_an_unreachable_destination_holds_up_nobody(service: httpx.AsyncClient, receiver: Receiver) -> None:
    away = await made(service, "http://127.0.0.1:1/", events=["case.opened"])
    unknown = await made(service, "https://nothing.invalid/", events=["case.opened"])
    await made(service, receiver.url, secret=SECRET, events=["case.opened"])
    await post(service)
    await until(service, 1, status="delivered")
    async with asyncio.timeout(60):
        while len(found := [item for item in await listed(service, status="pending") if item["error"]]) < 2:
            await asyncio.sleep(0.05)
    errors = {item["destination_id"]: item["error"] for item in found}
    assert errors == {
        away["destination_id"]: "the destination can't be reached",
        unknown["destination_id"]: "the host has no address",
    }
