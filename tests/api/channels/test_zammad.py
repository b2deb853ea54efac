"""What only Zammad sends: attachments without a word, and its own way to write priorities and tags."""

from __future__ import annotations

from typing import Any

import pytest

from api.channels.settings import ZammadSettings
from api.channels.zammad import _customer
from api.recovery import default_policy
from tests.api.channels import payloads
from tests.api.channels.conftest import Opened, zammad

pytestmark = pytest.mark.anyio
PHOTO = {"id": 5, "filename": "foto de la caja.jpg", "size": "120034", "preferences": {"Mime-Type": "image/jpeg"}}


@pytest.mark.parametrize("body", ["", "<p></p>", "   ", "<div>&nbsp;</div>"])
async def test_an_attachment_alone_is_taken_for_a_person_to_look_at(open_desk: Opened, tiny: Any, body: str) -> None:
    payload = payloads.zammad(attachments=[PHOTO], of_ticket={"title": ""})
    payload["article"]["body"] = body
    async with open_desk(tiny, zammad={"secret_env": "DESK_SECRET"}) as desk:
        answers = [await desk.send("zammad", payload, zammad) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 200]
        await desk.settled()
        message = await desk.message(channel="zammad")
    assert message["metadata"]["attachments"] == ["foto de la caja.jpg"]
    assert message["classification"]["review"]["reasons"] == ["no_text"]


async def test_with_a_title_that_is_the_text(open_desk: Opened) -> None:
    async with open_desk(zammad={"secret_env": "DESK_SECRET"}) as desk:
        assert (await desk.send("zammad", payloads.zammad("", attachments=[PHOTO]), zammad)).status_code == 202
        await desk.settled()
        message = await desk.message(channel="zammad")
    assert message["text"].strip() == "Cobro doble"
    assert message["metadata"]["attachments"] == ["foto de la caja.jpg"]


async def test_neither_a_word_nor_an_attachment_is_nothing(open_desk: Opened) -> None:
    payload = payloads.zammad()
    payload["article"] |= {"body": "<p> </p>", "attachments": []}
    async with open_desk(zammad={"secret_env": "DESK_SECRET"}) as desk:
        answer = await desk.send("zammad", payload, zammad)
        assert (answer.status_code, answer.json()["status"]) == (200, "ignored")
        await desk.settled()
        assert not await desk.messages()


@pytest.mark.parametrize(
    "attachments", [None, {}, "foto.jpg", [None, 7, {}, {"filename": None}, {"filename": "x" * 9000}]]
)
async def test_attachments_of_another_shape_break_nothing(open_desk: Opened, attachments: Any) -> None:
    async with open_desk(zammad={"secret_env": "DESK_SECRET"}) as desk:
        answer = await desk.send("zammad", payloads.zammad(attachments=attachments), zammad)
        assert answer.status_code == 202
        await desk.settled()
        names = (await desk.message())["metadata"]["attachments"]
    assert all(isinstance(name, str) and 0 < len(name) <= 1000 for name in names)


def test_whom_zammad_calls_a_vip_is_of_the_highest_tier_of_our_policy() -> None:
    settings = ZammadSettings(secret_env="DESK_SECRET")
    told = [_customer({"customer": {"id": 7, "vip": vip}}, settings) for vip in (True, False, "yes", None)]
    assert [customer and customer.get("value_tier") for customer in told] == [
        default_policy().tiers[-1],
        None,
        None,
        None,
    ]
