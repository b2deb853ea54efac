"""What is particular to Zendesk: two kinds of webhooks, broken templates, writes that must not run over an agent's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.channels.arrival import ShapeError, TagsSeen, Wrote
from api.channels.settings import ZendeskSettings
from api.channels.zendesk import TEMPLATE, parse, read
from tests.api.channels.conftest import Helpdesk, Opened, zendesk
from tests.api.channels.fakes.zendesk import Zendesk
from tests.api.channels.payloads import GRAVE, zendesk_event, zendesk_trigger

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 4, tzinfo=UTC)
SETTINGS = ZendeskSettings(secret_env=("S",))


def filled(**values: str) -> bytes:
    """Return the template as Zendesk fills it where it escapes nothing."""
    given = {
        "ticket.id": "7", "ticket.tags": "vip pago", "ticket.via": "Web", "ticket.title": "Cobro",
        "ticket.updated_at_with_timestamp": "2026-03-03T13:05:57Z", "ticket.requester.email": "ana@example.org",
        "current_user.email": "ana@example.org", "ticket.description": "Primero", "ticket.latest_public_comment": "x",
        **values,
    }  # fmt: skip
    body = TEMPLATE
    for name, value in given.items():
        body = body.replace(f"{{{{{name}}}}}", value)
    assert "{{" not in body
    return body.encode()


def wrote(payload: Any) -> Wrote:
    return next(item for item in read(payload, SETTINGS, NOW).arrivals if isinstance(item, Wrote))


def comment(text: str, **more: Any) -> dict[str, Any]:
    inside = {"id": "51", "ticket_id": 30064054559517, "body": text, "is_public": True, **more}
    return zendesk_event(kind="comment_added", event={"comment": inside})


def test_the_template_when_everything_is_escaped() -> None:
    assert wrote(parse(filled())).message.thread_id == "7"


@pytest.mark.parametrize(
    "text", ['dijo "no"', "una línea\ny otra", 'acaba en "', "emoji 😡", 'barra \\ y "comillas"\r\n', '","tags":"x'],
)  # fmt: skip
def test_quotes_and_line_ends_that_zendesk_left_in(text: str) -> None:
    payload = parse(filled(**{"ticket.latest_public_comment": text, "ticket.description": text}))
    assert text.replace("\r\n", "\n").strip() in wrote(payload).message.text.replace("\r\n", "\n")
    (seen,) = (item for item in read(payload, SETTINGS, NOW).arrivals if isinstance(item, TagsSeen))
    assert seen == TagsSeen("zendesk", "7", ("vip", "pago"))


@pytest.mark.parametrize("body", [b'[{"recupera":1}]', b'[["recupera"]]', b'"recupera"', b'{"recupera": {"a": []}}'])
def test_what_is_nearly_our_template_is_refused(body: bytes) -> None:
    with pytest.raises(ShapeError, match="neither an event of a ticket nor our template"):
        read(parse(body), SETTINGS, NOW)


def test_nothing_that_a_customer_writes_passes_for_another_field() -> None:
    payload = parse(filled(**{"ticket.title": '"},"ticket_id":"99","requester_email":"otro@example.org","x":"'}))
    assert wrote(payload).message.thread_id == "7"
    assert wrote(payload).message.customer == {"id": "ana@example.org"}


@pytest.mark.parametrize("text", ['Hola","tags":"recupera-other', 'Hola","more":"x', 'Hola","ticket_id":"99'])
def test_words_that_make_another_valid_json_are_words(text: str) -> None:
    payload = parse(filled(**{"ticket.latest_public_comment": text}))
    assert payload["comment"] == text
    assert (payload["ticket_id"], payload["tags"]) == ("7", "vip pago")


def test_another_broken_body_is_no_json() -> None:
    with pytest.raises(json.JSONDecodeError):
        parse(b'{"ticket_id": "7", "comment": "di"jo"}')


def test_the_head_that_zendesk_puts_before_a_comment_is_no_part_of_it() -> None:
    text = f"----------------------------------------------\n\nAna Gil, Mar 3, 2026, 10:05\n\n{GRAVE}"
    assert wrote(zendesk_trigger(text)).message.text.endswith(f"Cobro doble\n\n{GRAVE}")


def test_a_comments_own_ticket_is_an_internal_number() -> None:
    assert wrote(comment(GRAVE)).message.thread_id == "7"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
async def test_one_message_told_three_ways_is_one(open_desk: Opened, order: tuple[int, ...]) -> None:
    told = [zendesk_event(), comment(GRAVE), zendesk_trigger(f"{GRAVE}\n")]
    async with open_desk(zendesk={"secret_env": "DESK_SECRET"}) as desk:
        answers = [await desk.send("zendesk", told[which], zendesk) for which in order]
        again = [await desk.send("zendesk", told[which], zendesk) for which in order]
        await desk.settled()
        assert len(await desk.messages()) == 1
    assert answers[0].status_code == 202
    tags_come_too = {2}
    assert [answer.status_code == 200 for answer in answers[1:]] == [which not in tags_come_too for which in order[1:]]
    assert len(again) == 3


async def test_a_customer_who_repeats_the_same_words_is_heard_each_time(open_desk: Opened) -> None:
    async with open_desk(zendesk={"secret_env": "DESK_SECRET"}) as desk:
        told = [zendesk_event("Sigo esperando"), *(comment("Sigo esperando", id=str(n)) for n in (51, 52, 53, 52))]
        statuses = [(await desk.send("zendesk", payload, zendesk)).status_code for payload in told]
        later = {"updated_at": "2026-03-03T15:05:57Z"}
        for more in ({}, later, later):
            await desk.send("zendesk", zendesk_trigger("Sigo esperando", ticket=8, **more), zendesk)
        await desk.settled()
        assert len(await desk.messages(thread_id="7")) == 3
        assert len(await desk.messages(thread_id="8")) == 2
    assert statuses == [202, 200, 202, 202, 200]


def test_a_trigger_that_finds_no_words_in_a_comment_does_not_tell_the_first_message_again() -> None:
    told = {**zendesk_trigger("x"), "comment": "", "description": GRAVE}
    assert read(told, SETTINGS, NOW).reason == "not written by the requester, or empty"


@pytest.mark.parametrize(
    "payload",
    [
        comment("Le respondemos hoy", author={"id": "1", "is_staff": True}),
        comment("nota", is_public=False),
        zendesk_event(is_public=False),
        zendesk_event(kind="priority_changed"),
        zendesk_event(""),
        {**zendesk_event(), "type": "zen:event-type:user.created"},
    ],
)
def test_what_no_customer_wrote_is_left_alone(payload: dict[str, Any]) -> None:
    reading = read(payload, SETTINGS, NOW)
    assert not reading.arrivals
    assert reading.reason


def test_an_agents_comment_that_fires_the_trigger_is_left_alone() -> None:
    arrivals = read(zendesk_trigger(current_user_email="luis@example.com"), SETTINGS, NOW).arrivals
    assert all(isinstance(item, TagsSeen) for item in arrivals)


@pytest.fixture
async def beside(open_desk: Opened) -> AsyncIterator[tuple[Helpdesk, Zendesk]]:
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(Zendesk().listening())
        fake.ticket(7)
        given = {"secret_env": "DESK_SECRET", "url": fake.url, "token_env": "DESK_TOKEN", "user": fake.user,
                 "requests_a_minute": 60_000, "fields": {"severity": 360001}}  # fmt: skip
        yield await stack.enter_async_context(open_desk(zendesk=given)), fake


async def test_old_and_future_signatures_are_refused(beside: tuple[Helpdesk, Zendesk]) -> None:
    for away in (timedelta(seconds=-310), timedelta(seconds=320)):
        answer = await beside[0].send("zendesk", zendesk_event(), zendesk, at=datetime.now(UTC) + away)
        assert answer.status_code == 401


async def test_an_agent_who_was_quicker_is_not_written_over(beside: tuple[Helpdesk, Zendesk]) -> None:
    desk, fake = beside
    fake.meddle = lambda: fake.set_tags(7, ["vip", "del-agente"])
    await desk.send("zendesk", zendesk_event(), zendesk)
    await desk.until(lambda: fake.notes(7))
    await desk.settled()
    assert fake.tags(7)[:2] == ["vip", "del-agente"]
    assert len(fake.notes(7)) == 1
    assert fake.tickets[7]["custom_fields"] == [{"id": 360001, "value": "critical"}]
    (delivery,) = await desk.deliveries()
    assert delivery["log"][0]["status"] == 409


async def test_a_closed_ticket_is_given_up(beside: tuple[Helpdesk, Zendesk]) -> None:
    desk, fake = beside
    fake.tickets[7]["status"] = "closed"
    await desk.send("zendesk", zendesk_event(), zendesk)
    await desk.settled()
    assert [(d["status"], d["attempts"]) for d in await desk.deliveries()] == [("dead", 1)]


async def test_a_broken_template_goes_all_the_way(beside: tuple[Helpdesk, Zendesk]) -> None:
    desk, fake = beside
    body = filled(**{"ticket.latest_public_comment": f'"{GRAVE}"\nAna'})
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    assert (await desk.send("zendesk", body, zendesk)).status_code == 202
    await desk.until(lambda: fake.notes(7))
