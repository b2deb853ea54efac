"""``/v1/destinations`` over HTTP, and the whole way from a message to a receiver; on both databases."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from api.delivery.schemas import Destination, DestinationWithSecret
from api.delivery.signing import new_secret
from tests.api.conftest import Marked, Opener
from tests.api.delivery.receiver import SECRET, Receiver, answer
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio

EVERYTHING = [
    "message.classified",
    "case.opened",
    "case.escalated",
    "case.closed",
    "feedback.recorded",
    "review.needed",
]


@pytest.fixture
async def service(open_service: Opener, database: str, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with open_service(Marked(), database=database, delivery={"allow": "127.0.0.1"}) as client:
        yield client


@pytest.fixture
async def receiver(anyio_backend: str) -> AsyncIterator[Receiver]:
    async with Receiver().listening() as receiver:
        yield receiver


def new(url: str = "https://crm.example/hook", **more: Any) -> dict[str, Any]:
    return {"name": "crm", "url": url, "events": EVERYTHING, **more}


async def made(service: httpx.AsyncClient, *args: Any, **more: Any) -> dict[str, Any]:
    said = await service.post("/v1/destinations", json=new(*args, **more))
    assert said.status_code == 201, said.text
    return said.json()


async def until_taken(receiver: Receiver, count: int) -> list[str]:
    async with asyncio.timeout(60):
        while len(receiver.taken) < count:
            await asyncio.sleep(0.02)
    return [request.event["type"] for request in receiver.taken]


async def test_a_message_is_told_to_a_receiver_that_verifies_it(service: httpx.AsyncClient, receiver: Receiver) -> None:
    destination = await made(service, receiver.url, secret=SECRET)
    assert "secret" not in destination
    accepted = await post(service, text="¿? No llegó.", customer={"id": "c"}, thread_id="t")
    case_id = accepted["case_id"]
    await post(service, "2", "Sigo sin nada.", thread_id="t")
    await service.post(f"/v1/messages/{accepted['message_id']}/feedback", json={"labels": {"complaint": True}})
    await service.post(f"/v1/cases/{case_id}/close", json={"outcome": "recovered"})
    assert await until_taken(receiver, 7) == [
        "message.classified", "review.needed", "case.opened", "message.classified", "case.escalated",
        "feedback.recorded", "case.closed",
    ]  # fmt: skip
    data = receiver.taken[2].event["data"]
    assert data["message_id"] == accepted["message_id"]
    assert (data["external_id"], data["channel"], data["case_id"]) == ("1", "email", case_id)
    assert data["classification"] == accepted["classification"]
    assert data["plan"] == accepted["plan"]
    async with asyncio.timeout(30):
        while (await service.get("/v1/deliveries", params={"status": "pending"})).json()["deliveries"]:
            await asyncio.sleep(0.02)
    told = (await service.get("/v1/deliveries", params={"status": "delivered"})).json()["deliveries"]
    assert {delivery["delivery_id"] for delivery in told} == {request.id for request in receiver.taken}
    assert {delivery["destination_id"] for delivery in told} == {destination["destination_id"]}


async def test_a_secret_that_is_made_is_shown_once(service: httpx.AsyncClient, receiver: Receiver) -> None:
    destination = await made(service, receiver.url)
    DestinationWithSecret.model_validate(destination)
    secret = destination["secret"]
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    path = f"/v1/destinations/{destination['destination_id']}"
    for shown in (await service.get(path), await service.get("/v1/destinations")):
        assert shown.status_code == 200
        assert secret not in shown.text
    assert (await service.get(path)).json()["secrets_valid"] == 1
    receiver.secrets = [secret]
    await post(service, text="Todo bien.")
    await until_taken(receiver, 1)


async def test_secrets_are_rotated_with_two_at_a_time(service: httpx.AsyncClient, receiver: Receiver) -> None:
    destination = await made(service, receiver.url, secret=SECRET)
    path = f"/v1/destinations/{destination['destination_id']}"
    own = new_secret()
    changed = await service.patch(path, json={"secret": own})
    assert (changed.status_code, changed.json()["secrets_valid"]) == (200, 2)
    assert own not in changed.text
    receiver.secrets = [SECRET, own]
    await post(service, "1", "Todo bien.")
    await until_taken(receiver, 1)
    rotated = await service.post(f"{path}/secret")
    assert rotated.status_code == 200
    receiver.secrets = [own, rotated.json()["secret"]]
    await post(service, "2", "Todo bien.")
    await until_taken(receiver, 2)
    last = receiver.taken[-1]
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(SECRET).verify(last.body, last.headers)
    given = await service.post(f"{path}/secret", json={"secret": new_secret()})
    assert "secret" not in given.json()
    assert (await service.post(f"{path}/secret", json={"secret": "whsec_secreto"})).status_code == 422


async def test_a_filter_narrows_what_is_told(service: httpx.AsyncClient, receiver: Receiver) -> None:
    made_ = await made(
        service, receiver.url, secret=SECRET, events=["message.classified"], filter={"severity": "critical"}
    )
    assert made_["filter"] == {"severity": ["critical"]}
    await post(service, "1", "Todo bien.")
    await post(service, "2", "No llegó.")
    await post(service, "3", "Es gravísimo.")
    await until_taken(receiver, 1)
    assert receiver.taken[0].external_id == "3"
    path = f"/v1/destinations/{made_['destination_id']}"
    assert (await service.patch(path, json={"filter": None})).json()["filter"] == {}
    await post(service, "4", "Todo bien.")
    await until_taken(receiver, 2)
    assert (await service.get("/v1/deliveries")).json()["deliveries"][0]["message_id"]


async def test_a_destination_is_changed_disabled_enabled_deleted(
    service: httpx.AsyncClient, receiver: Receiver
) -> None:
    destination = await made(service, receiver.url, secret=SECRET, events=["case.opened"])
    path = f"/v1/destinations/{destination['destination_id']}"
    off = (await service.patch(path, json={"enabled": False, "name": "otro", "rate": 5, "concurrency": 2})).json()
    assert (off["enabled"], off["disabled_reason"], off["name"]) == (False, "disabled by hand", "otro")
    assert (off["rate"], off["concurrency"]) == (5, 2)
    await post(service)
    await asyncio.sleep(0.5)
    assert receiver.asked == []
    on = (await service.patch(path, json={"enabled": True})).json()
    assert (on["enabled"], on["disabled_reason"]) == (True, None)
    await until_taken(receiver, 1)
    assert (await service.delete(path)).status_code == 204
    for said in (await service.get(path), await service.delete(path), await service.patch(path, json={"name": "x"})):
        assert (said.status_code, said.json()["type"]) == (404, "urn:recupera:problem:not-found")
    assert (await service.get("/v1/destinations")).json()["destinations"] == []
    assert len((await service.get("/v1/deliveries")).json()["deliveries"]) == 1


async def test_the_list_is_paged(service: httpx.AsyncClient) -> None:
    ids = [(await made(service, name=f"n{n}"))["destination_id"] for n in range(3)]
    first = (await service.get("/v1/destinations", params={"limit": 2})).json()
    assert [item["destination_id"] for item in first["destinations"]] == ids[:0:-1]
    rest = (await service.get("/v1/destinations", params={"cursor": first["next_cursor"]})).json()
    assert [item["destination_id"] for item in rest["destinations"]] == ids[:1]
    assert rest["next_cursor"] is None
    Destination.model_validate(rest["destinations"][0])
    assert (await service.get("/v1/destinations", params={"secreto": 1})).status_code == 422


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"name": None}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "n" * 129}, "/name"),
        ({"url": None}, "/url"),
        ({"url": "secreto"}, "/url"),
        ({"url": "ftp://secreto.example/"}, "/url"),
        ({"url": "https://u:secreto@crm.example/"}, "/url"),
        ({"url": f"https://crm.example/{'a' * 2048}"}, "/url"),
        ({"url": "http://10.0.0.1/secreto"}, "/url"),
        ({"url": "http://169.254.169.254/secreto"}, "/url"),
        ({"url": "http://[::ffff:10.0.0.1]/secreto"}, "/url"),
        ({"url": "http://2130706433/secreto"}, "/url"),
        ({"events": None}, "/events"),
        ({"events": []}, "/events"),
        ({"events": ["secreto"]}, "/events/0"),
        ({"events": "case.opened"}, "/events"),
        ({"filter": {"severity": ["secreto"]}}, "/filter/severity/0"),
        ({"filter": {"severity": []}}, "/filter/severity"),
        ({"filter": {"secreto": ["x"]}}, "/filter/secreto"),
        ({"filter": {"complaint": ["secreto"]}}, "/filter/complaint/0"),
        ({"secret": "secreto"}, "/"),
        ({"secret": "whsec_c2VjcmV0bw=="}, "/"),
        ({"rate": 0}, "/rate"),
        ({"concurrency": 0}, "/concurrency"),
        ({"subject": "x"}, "/"),
        ({"kind": "nats", "url": "nats://broker.example"}, "/"),
        ({"kind": "nats", "url": "https://broker.example", "subject": "a"}, "/url"),
        ({"kind": "nats", "url": "nats://broker.example", "subject": "a b"}, "/subject"),
        ({"kind": "nats", "url": "nats://10.0.0.1", "subject": "a"}, "/url"),
        ({"kind": "secreto"}, "/kind"),
        ({"other": 1}, "/other"),
    ],
)
async def test_what_is_wrong_is_said_without_repeating_it(
    open_service: Opener, wrong: dict[str, Any], where: str
) -> None:
    body = {key: value for key, value in new(**wrong).items() if value is not None}
    async with open_service(Marked(), delivery={"allow": "127.0.0.1"}) as service:
        said = await service.post("/v1/destinations", json=body)
        assert said.status_code == 422, said.text
        assert said.headers["content-type"] == "application/problem+json"
        assert said.json()["type"] == "urn:recupera:problem:invalid"
        assert said.json()["detail"].startswith(f"{where}:")
        assert "secreto" not in said.text.replace("/filter/secreto", "")
        assert (await service.get("/v1/destinations")).json()["destinations"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://10.0.0.1/"},
        {"url": None},
        {"name": None},
        {"enabled": None},
        {"secret": "whsec_secreto"},
        {"subject": "x"},
        {"kind": "nats"},
        {"events": []},
    ],
)
async def test_a_change_is_checked_like_a_new_one(open_service: Opener, wrong: dict[str, Any]) -> None:
    async with open_service(Marked()) as service:
        destination = await made(service)
        path = f"/v1/destinations/{destination['destination_id']}"
        before = (await service.get(path)).json()
        said = await service.patch(path, json=wrong)
        assert (said.status_code, said.headers["content-type"]) == (422, "application/problem+json")
        assert (await service.get(path)).json() == before


async def test_nats_needs_its_extra(open_service: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = new("nats://broker.example", kind="nats", subject="recupera.cases", secret="geheim")
    async with open_service(Marked()) as service:
        said = await service.post("/v1/destinations", json=wanted)
        assert said.status_code == 201
        assert (said.json()["secrets_valid"], "geheim" in said.text) == (1, False)
        monkeypatch.setattr("api.delivery.broker.is_installed", lambda: False)
        said = await service.post("/v1/destinations", json=wanted)
        assert said.status_code == 422
        assert "recupera[nats]" in said.json()["detail"]


async def test_secrets_and_addresses_are_not_logged(
    open_service: Opener, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    receiver.answers = lambda _: answer(500)
    async with open_service(Marked(), delivery={"allow": "127.0.0.1"}) as service:
        await made(service, f"{receiver.url}/geheim", secret=SECRET)
        await post(service)
        async with asyncio.timeout(30):
            while not receiver.asked:
                await asyncio.sleep(0.02)
    assert "POST /v1/destinations" in caplog.text
    assert SECRET.removeprefix("whsec_") not in caplog.text
    assert "geheim" not in caplog.text
