"""Chatwoot through the real service, with a Chatwoot beside it that holds to what is documented."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.channels.conftest import Helpdesk, Opened, chatwoot, unsigned
from tests.api.channels.fakes.chatwoot import Chatwoot

pytestmark = pytest.mark.anyio
GRAVE = "Esto es gravísimo: me cobraron dos veces y nadie contesta."
FINE = "Todo bien, gracias por la ayuda."


def created(number: int, text: str | None = GRAVE, *, conversation: int = 7, **changes: Any) -> dict[str, Any]:
    """Return the documented ``message_created``, its inner message another than the event's."""
    return {
        "event": "message_created",
        "id": str(number),
        "content": text,
        "created_at": "2026-03-03T13:05:57Z",
        "message_type": "incoming",
        "content_type": "text",
        "private": False,
        "content_attributes": {},
        "source_id": None,
        "sender": {"id": 5, "name": "Ana", "avatar": "", "type": "contact", "email": "ana@example.org"},
        "inbox": {"id": 2, "name": "WhatsApp"},
        "conversation": {
            "additional_attributes": {},
            "channel": "Channel::Whatsapp",
            "id": conversation,
            "inbox_id": 2,
            "messages": [
                {"id": 1, "content": "otra cosa", "account_id": 3, "message_type": 0, "created_at": 1772543157}
            ],
            "labels": [],
            "status": "open",
            "timestamp": 1772543157,
        },
        "account": {"id": 3, "name": "Tienda"},
        **changes,
    }


def updated(fake: Chatwoot, number: int = 7, **changes: Any) -> dict[str, Any]:
    """Return the ``conversation_updated`` that Chatwoot sends of a conversation as it is now."""
    return {
        "event": "conversation_updated",
        "id": number,
        "inbox_id": 2,
        "messages": [{"id": 1, "account_id": 3, "message_type": 1, "created_at": 1772543157}],
        "labels": list(fake.conversations[number]["labels"]),
        "status": "open",
        "changed_attributes": [{"label_list": {"previous_value": [], "current_value": []}}],
        **changes,
    }


@pytest.fixture
async def fake(anyio_backend: str) -> AsyncIterator[Chatwoot]:
    async with Chatwoot(token="desk-token").listening() as fake:
        fake.conversation(7, labels=["vip"], custom_attributes={"plan": "oro"})
        yield fake


def settings(fake: Chatwoot | None = None, **more: Any) -> dict[str, Any]:
    written = {"url": fake.url, "token_env": "DESK_TOKEN", "requests_a_minute": 60_000} if fake else {}
    return {"secret_env": "DESK_SECRET", **written, **more}


@pytest.fixture
async def desk(open_desk: Opened, fake: Chatwoot) -> AsyncIterator[Helpdesk]:
    given = settings(fake, language="pt", fields={"severity": "recupera_severity", "case_id": "recupera_case"})
    async with open_desk(chatwoot=given) as desk:
        yield desk


async def test_a_complaint_is_tagged_prioritised_and_explained(desk: Helpdesk, fake: Chatwoot) -> None:
    answer = await desk.send("chatwoot", created(11), chatwoot)
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    await desk.until(lambda: fake.notes(7))
    await desk.settled()
    conversation = fake.conversations[7]
    assert conversation["labels"] == [
        "vip", "recupera-complaint", "recupera-motive-restitution", "recupera-motive-altruism",
        "recupera-severity-critical", "recupera-justice-outcome",
    ]  # fmt: skip
    assert set(conversation["labels"][1:]) == set(fake.account_labels)
    message = await desk.message(channel="chatwoot")
    assert message["text"] == GRAVE
    assert conversation["custom_attributes"] == {
        "plan": "oro", "recupera_severity": "critical", "recupera_case": message["case_id"],
    }  # fmt: skip
    (note,) = fake.notes(7)
    assert "Reclamação" in note["content"]
    assert "crítica" in note["content"]
    assert f"`recupera:{message['message_id']} case:{message['case_id']}`" in note["content"]


@pytest.mark.parametrize("changed", [[5], ["label_list"], [None, 5]])
async def test_changes_of_another_shape_are_refused(desk: Helpdesk, fake: Chatwoot, changed: Any) -> None:
    answer = await desk.send("chatwoot", updated(fake, changed_attributes=changed), chatwoot)
    assert (answer.status_code, answer.json()["detail"]) == (422, "/changed_attributes is no list of objects")


async def test_what_is_stored_of_a_message(desk: Helpdesk) -> None:
    await desk.send("chatwoot", created(11), chatwoot)
    await desk.settled()
    message = await desk.message(channel="chatwoot")
    assert (message["external_id"], message["thread_id"]) == ("3/7/11", "3/7")
    assert message["received_at"].startswith("2026-03-03T13:05:57")
    assert message["customer"]["id"] == "chatwoot/3/5"
    assert message["metadata"] == {"inbox": "WhatsApp", "medium": "Channel::Whatsapp", "attachments": []}


@pytest.mark.parametrize(
    ("sign", "more", "said"),
    [
        (unsigned, {}, "the signature is missing"),
        (chatwoot, {"secret": "another"}, "the signature is wrong"),
        (chatwoot, {"ahead": -301}, "too old"),
        (chatwoot, {"ahead": 400}, "too old"),
    ],
)
async def test_who_did_not_sign_in_time_is_refused(desk: Helpdesk, sign: Any, more: Any, said: str) -> None:
    if "ahead" in more:
        more = {"at": int(time.time()) + more["ahead"]}
    answer = await desk.send("chatwoot", created(11), sign, **more)
    assert answer.status_code == 401
    assert said in answer.json()["detail"]
    assert not await desk.messages()


async def test_the_signature_is_of_the_raw_body(desk: Helpdesk) -> None:
    headers = chatwoot(b'{"event": "message_created"}')
    answer = await desk.client.post("/v1/channels/chatwoot", content=b'{"event":"message_created"}', headers=headers)
    assert answer.status_code == 401


async def test_replays_duplicates_and_echoes_tag_once(desk: Helpdesk, fake: Chatwoot) -> None:
    first = [await desk.send("chatwoot", created(11), chatwoot) for _ in range(3)]
    other = await desk.send("chatwoot", created(11, created_at=1772543157), chatwoot)
    assert [answer.status_code for answer in (*first, other)] == [202, 200, 200, 200]
    assert other.json() == {"status": "duplicate"}
    await desk.until(lambda: fake.notes(7))
    note = {"message_type": "outgoing", "private": True, "sender": {"id": 1, "type": "user"}}
    echoes = [updated(fake), updated(fake), created(12, fake.notes(7)[0]["content"], **note)]
    answers = [await desk.send("chatwoot", echo, chatwoot) for echo in echoes]
    assert [answer.status_code for answer in answers] == [202, 202, 200]
    await desk.settled()
    assert len(await desk.messages()) == 1
    assert len(fake.notes(7)) == fake.count("POST", "/conversations/7/labels") == 1
    assert (await desk.message())["feedback"] == []


async def test_a_late_event_from_before_our_write_is_no_correction(desk: Helpdesk, fake: Chatwoot) -> None:
    stale = updated(fake)
    await desk.send("chatwoot", created(11), chatwoot)
    await desk.until(lambda: fake.notes(7))
    await desk.settled()
    await desk.send("chatwoot", stale, chatwoot)
    await desk.settled()
    assert (await desk.message())["feedback"] == []


async def test_messages_out_of_order_are_all_taken(desk: Helpdesk, fake: Chatwoot) -> None:
    for number in (13, 11, 12):
        await desk.send("chatwoot", created(number, f"{GRAVE} {number}"), chatwoot)
    await desk.settled()
    assert len(await desk.messages()) == len(fake.notes(7)) == 3
    assert fake.conversations[7]["labels"].count("recupera-severity-critical") == 1
    assert len({message["case_id"] for message in await desk.messages()}) == 1


async def test_thanks_does_not_take_the_tags_of_a_complaint_away(desk: Helpdesk, fake: Chatwoot) -> None:
    await desk.send("chatwoot", created(11), chatwoot)
    await desk.settled()
    before = list(fake.conversations[7]["labels"])
    await desk.send("chatwoot", created(12, FINE), chatwoot)
    await desk.settled()
    assert fake.conversations[7]["labels"] == before
    assert len(fake.notes(7)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"message_type": "outgoing"},
        {"message_type": "template"},
        {"message_type": 1},
        {"private": True},
        {"sender": {"id": 1, "type": "user"}},
        {"sender": {"id": 1, "type": "agent_bot"}},
        {"content": None},
        {"content": "  \n"},
        {"event": "message_updated"},
        {"event": "conversation_typing_on"},
        {"event": "contact_created"},
    ],
)
async def test_what_no_customer_wrote_is_left_alone(desk: Helpdesk, changes: dict[str, Any]) -> None:
    answer = await desk.send("chatwoot", {**created(11), **changes}, chatwoot)
    assert (answer.status_code, answer.json()["status"]) == (200, "ignored")
    await desk.settled()
    assert not await desk.messages()


async def test_an_attachment_alone_is_taken_for_a_person_to_look_at(open_desk: Opened, tiny: Any) -> None:
    photo = [{"id": 1, "file_type": "image", "data_url": "https://example.org/foto.jpg"}]
    async with open_desk(tiny, chatwoot=settings()) as desk:
        answer = await desk.send("chatwoot", created(11, None, attachments=photo), chatwoot)
        assert answer.status_code == 202
        await desk.settled()
        message = await desk.message(channel="chatwoot")
    assert message["metadata"]["attachments"] == ["image"]
    assert message["classification"]["review"]["reasons"] == ["no_text"]


@pytest.mark.parametrize(
    "changes",
    [{"message_type": 0}, {"id": 11}, {"created_at": 1772543157}, {"account": {"id": "3"}},
     {"sender": None, "contact": {"id": 5, "name": "Ana"}, "conversation": {"display_id": 7}}],
)  # fmt: skip
async def test_the_shapes_of_other_versions(open_desk: Opened, changes: dict[str, Any]) -> None:
    async with open_desk(chatwoot=settings()) as desk:
        assert (await desk.send("chatwoot", {**created(11), **changes}, chatwoot)).status_code == 202
        await desk.settled()
        assert (await desk.message())["external_id"] == "3/7/11"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"event": "message_created", "message_type": "incoming", "content": "Hola"}', 422),
        (b'{"event": "message_created", "pad": "' + b"x" * 3_000_000 + b'"}', 413),
    ],
)
async def test_what_is_no_event_is_answered_so(desk: Helpdesk, body: bytes, status: int) -> None:
    answer = await desk.send("chatwoot", body, chatwoot)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_long_text_is_cut(desk: Helpdesk) -> None:
    assert (await desk.send("chatwoot", created(11, "queja " * 10_000), chatwoot)).status_code == 202
    await desk.settled()
    assert len((await desk.message())["text"]) == 20_000


async def test_a_changed_label_becomes_feedback(desk: Helpdesk, fake: Chatwoot) -> None:
    await desk.send("chatwoot", created(11), chatwoot)
    await desk.settled()
    labels = fake.conversations[7]["labels"]
    labels[labels.index("recupera-severity-critical")] = "recupera-severity-low"
    labels.append("urgente")
    for _ in range(2):
        await desk.send("chatwoot", updated(fake), chatwoot)
    await desk.settled()
    (feedback,) = (await desk.message())["feedback"]
    assert feedback["labels"] == {"complaint": True, "severity": "low"}
    assert feedback["reviewer"] == "chatwoot"


async def test_a_changed_label_becomes_feedback_though_the_customer_writes_before_it_is_told(
    desk: Helpdesk, fake: Chatwoot
) -> None:
    await desk.send("chatwoot", created(11), chatwoot)
    await desk.settled()
    labels = fake.conversations[7]["labels"]
    labels[labels.index("recupera-severity-critical")] = "recupera-severity-low"
    await desk.send("chatwoot", created(12, f"{GRAVE} Otra vez."), chatwoot)
    await desk.until(lambda: len(fake.notes(7)) == 2)
    await desk.send("chatwoot", updated(fake), chatwoot)
    await desk.settled()
    feedback = [
        item["labels"]
        for one in await desk.messages()
        for item in (await desk.client.get(f"/v1/messages/{one['message_id']}")).json()["feedback"]
    ]
    assert feedback == [{"complaint": True, "severity": "low"}]


async def test_a_removed_label_becomes_feedback(desk: Helpdesk, fake: Chatwoot) -> None:
    await desk.send("chatwoot", created(11), chatwoot)
    await desk.settled()
    fake.conversations[7]["labels"].remove("recupera-motive-altruism")
    await desk.send("chatwoot", updated(fake), chatwoot)
    await desk.settled()
    fake.conversations[7]["labels"] = ["vip"]
    await desk.send("chatwoot", updated(fake), chatwoot)
    await desk.settled()
    feedback = (await desk.message())["feedback"]
    assert [item["labels"] for item in feedback] == [
        {"complaint": True, "motive": ["restitution"]},
        {"complaint": False},
    ]


async def test_priority_is_raised_and_never_lowered(open_desk: Opened, fake: Chatwoot) -> None:
    async with open_desk(chatwoot=settings(fake)) as desk:
        await desk.send("chatwoot", created(11), chatwoot)
        await desk.settled()
        assert fake.conversations[7]["priority"] == "medium"
        fake.conversations[7]["priority"] = "urgent"
        await desk.send("chatwoot", created(12, "Otra queja"), chatwoot)
        await desk.settled()
    assert fake.conversations[7]["priority"] == "urgent"


async def test_before_patch_priority_has_a_path_of_its_own(desk: Helpdesk, fake: Chatwoot) -> None:
    fake.knows_patch = False
    await desk.send("chatwoot", created(11), chatwoot)
    await desk.settled()
    assert fake.conversations[7]["priority"] == "medium"


async def test_an_agents_token_may_not_make_labels_and_still_writes_them(desk: Helpdesk, fake: Chatwoot) -> None:
    fake.is_administrator = False
    await desk.send("chatwoot", created(11), chatwoot)
    await desk.settled()
    assert "recupera-complaint" in fake.conversations[7]["labels"]


async def test_too_many_requests_are_waited_for(desk: Helpdesk, fake: Chatwoot) -> None:
    fake.busy = 1
    await desk.send("chatwoot", created(11), chatwoot)
    await desk.until(lambda: fake.notes(7))
    await desk.settled()
    (delivery,) = await desk.deliveries()
    assert (delivery["status"], delivery["attempts"], delivery["log"][0]["status"]) == ("delivered", 2, 429)


async def test_a_note_whose_answer_was_lost_is_not_written_twice(desk: Helpdesk, fake: Chatwoot) -> None:
    fake.lost = {"POST /api/v1/accounts/3/conversations/7/messages"}
    await desk.send("chatwoot", created(11), chatwoot)
    await desk.until(lambda: fake.notes(7))
    await desk.until(lambda: fake.count("GET", "/conversations/7/messages"))
    await desk.settled()
    assert len(fake.notes(7)) == 1


async def test_a_conversation_that_is_gone_is_given_up_and_delays_nothing(desk: Helpdesk, fake: Chatwoot) -> None:
    for conversation in range(20, 27):
        await desk.send("chatwoot", created(conversation, conversation=conversation), chatwoot)
    await desk.send("chatwoot", created(11), chatwoot)
    await desk.until(lambda: fake.notes(7))
    await desk.settled()
    assert sorted(d["status"] for d in await desk.deliveries()) == ["dead"] * 7 + ["delivered"]


async def test_without_an_address_nothing_is_written(open_desk: Opened) -> None:
    async with open_desk(chatwoot=settings()) as desk:
        await desk.send("chatwoot", created(11), chatwoot)
        await desk.settled()
        assert len(await desk.messages()) == 1
        assert not await desk.deliveries()


async def test_a_version_that_does_not_sign_can_be_let_in_by_a_secret_in_the_address(open_desk: Opened) -> None:
    async with open_desk(chatwoot=settings(verify="token")) as desk:
        wrong = await desk.client.post("/v1/channels/chatwoot?token=no", json=created(11))
        right = await desk.client.post(
            "/v1/channels/chatwoot", params={"token": "s3cret of the webhook"}, json=created(11)
        )
    assert (wrong.status_code, right.status_code) == (401, 202)


async def test_a_vendor_that_is_not_set_up_is_answered_so(open_desk: Opened) -> None:
    async with open_desk(chatwoot=settings()) as desk:
        assert (await desk.client.post("/v1/channels/zendesk", json={})).status_code == 404
        assert (await desk.client.post("/v1/channels/another", json={})).status_code == 422
