"""The door for any JSON."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from api.channels.arrival import ShapeError
from api.channels.generic import read
from api.channels.settings import GenericSettings
from classifier.types import Classification
from tests.api.channels.conftest import SECRET, Opened, token, unsigned
from tests.api.channels.payloads import GRAVE
from tests.api.conftest import Marked

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 4, tzinfo=UTC)
MAP = {
    "external_id": "id", "text": "body.text", "subject": "title", "thread_id": "conversation.id",
    "received_at": "sent_at", "customer_id": "from.id", "value_tier": "from.tier", "country": "from.country",
    "metadata.store": "store",
}  # fmt: skip


def settings(**more: Any) -> GenericSettings:
    return GenericSettings.model_validate({"secret_env": "DESK_SECRET", "map": MAP, "name": "shop", **more})


def item(**changes: Any) -> dict[str, Any]:
    return {
        "id": 1, "direction": "in", "title": "Pedido 4821", "body": {"text": GRAVE}, "conversation": {"id": "c-9"},
        "sent_at": "2026-03-03T10:00:00-03:00", "from": {"id": 77, "tier": "oro", "country": "br"}, "store": "centro",
        **changes,
    }  # fmt: skip


def test_parts_are_found_where_the_settings_say() -> None:
    (arrival,) = read(item(), settings(), NOW).arrivals
    message = arrival.message
    assert (message.channel, message.external_id, message.thread_id) == ("shop", "1", "c-9")
    assert message.text == f"Pedido 4821\n\n{GRAVE}"
    assert message.customer == {"id": "77", "value_tier": "oro", "country": "BR"}
    assert message.metadata == {"store": "centro"}
    assert message.received_at == datetime(2026, 3, 3, 13, tzinfo=UTC)


def test_several_messages_in_a_body_those_that_are_wanted() -> None:
    body = {"messages": [item(), item(id=2, direction="out"), item(id=3)]}
    reading = read(body, settings(items="messages", only="direction == 'in'"), NOW)
    assert [arrival.message.external_id for arrival in reading.arrivals] == ["1", "3"]


def test_only_what_is_named_is_needed() -> None:
    (arrival,) = read({"id": "a", "body": {"text": "Hola"}}, settings(), NOW).arrivals
    assert (arrival.message.text, arrival.message.customer, arrival.message.thread_id) == ("Hola", None, None)


def test_markup_is_taken_out_where_there_is_any() -> None:
    (arrival,) = read(item(title=None, body={"text": "<p>No &amp; no</p>"}), settings(html=True), NOW).arrivals
    assert arrival.message.text == "No & no"


@pytest.mark.parametrize("payload", [{}, [], 5, None, {"id": None}, {"id": {"x": 1}}, {"id": "a", "body": {"text": 5}}])
def test_what_lacks_a_name_or_has_no_text(payload: Any) -> None:
    with pytest.raises(ShapeError):
        read(payload, settings(), NOW)


@pytest.mark.parametrize("items", ["[?id < `2`]", "sum([].id)"])
def test_an_expression_that_fails_is_said_not_to_fit(items: str) -> None:
    with pytest.raises(ShapeError, match="the expression of items does not fit this body"):
        read([item(id="a")], settings(items=items), NOW)


def test_an_expression_that_does_not_fit_is_said_without_the_body() -> None:
    with pytest.raises(ShapeError, match="the expression of text does not fit this body"):
        read(item(), settings(map={"external_id": "id", "text": "sum(body)"}), NOW)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"map": {"external_id": "id"}}, "at least 2"),
        ({"map": {"external_id": "id", "subject": "t"}}, "needs text"),
        ({"map": {"external_id": "id", "text": "a["}}, "is no JMESPath expression"),
        ({"map": {"external_id": "id", "text": "t", "colour": "c"}}, "not colour"),
        ({"only": "=="}, "is no JMESPath expression"),
        ({"only": "a[?b==`1`][::0].b"}, "a slice can't go in steps of 0"),
        ({"secret_env": ()}, "secret_env"),
        ({"name": "Mi tienda"}, "pattern"),
    ],
)
def test_wrong_settings_are_said(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**more)


async def test_a_shared_secret_lets_in_and_each_message_is_taken_once(open_desk: Opened) -> None:
    given = settings(items="messages").model_dump()
    async with open_desk(generic=given) as desk:
        body = {"messages": [item(), item(id=2)]}
        assert (await desk.send("generic", body, unsigned)).status_code == 401
        assert (await desk.send("generic", body, token, secret="x")).status_code == 401
        answers = [(await desk.send("generic", body, token)).status_code for _ in range(2)]
        basic = await desk.client.post("/v1/channels/generic", json=body, auth=("recupera", SECRET))
        bearer = await desk.client.post(
            "/v1/channels/generic", json=body, headers={"Authorization": f"Bearer {SECRET}"}
        )
        await desk.settled()
        assert answers == [202, 200]
        assert (basic.status_code, bearer.status_code) == (200, 200)
        assert sorted(m["external_id"] for m in await desk.messages(channel="shop")) == ["1", "2"]


class Stuck(Marked):
    """A model that answers nobody until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def predict(self, texts: Sequence[str], *, ids: Sequence[str] | None = None, **more: Any) -> list[Classification]:
        self.go.wait(60)
        return super().predict(texts, ids=ids, **more)


async def test_webhooks_are_answered_however_long_the_model_takes(open_desk: Opened) -> None:
    model = Stuck()
    async with open_desk(model, generic=settings().model_dump()) as desk:
        try:
            bodies = [item(id=n, conversation={"id": f"c-{n}"}) for n in range(50)]
            answers = [(await desk.send("generic", body, token)).status_code for body in bodies]
            assert await desk.messages(channel="shop") == []
        finally:
            model.go.set()
        await desk.settled()
        assert answers == [202] * 50
        assert len(await desk.messages(channel="shop")) == 50


@pytest.mark.parametrize(("algorithm", "prefix"), [("sha256", "sha256="), ("sha512", "")])
async def test_a_signature_as_the_settings_describe_it(open_desk: Opened, algorithm: str, prefix: str) -> None:
    scheme = {"header": "X-Sig", "algorithm": algorithm, "prefix": prefix, "timestamp_header": "X-When"}

    def sign(body: bytes, at: datetime | None = None) -> dict[str, str]:
        moment = str(int((at or datetime.now(UTC)).timestamp()))
        signature = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, algorithm).hexdigest()
        return {"X-Sig": prefix + signature, "X-When": moment}

    async with open_desk(generic=settings(verify="signature", signature=scheme).model_dump()) as desk:
        assert (await desk.send("generic", item(), sign)).status_code == 202
        assert (await desk.send("generic", item(), sign, at=NOW)).status_code == 401
        headers = {**sign(b"{}"), "X-Sig": prefix + hashlib.sha256(b"").hexdigest()}
        assert (await desk.client.post("/v1/channels/generic", content=b"{}", headers=headers)).status_code == 401
