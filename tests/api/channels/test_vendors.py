"""What holds of every ticket system, through the real service and beside a fake that holds to what is documented."""

from __future__ import annotations

import html
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.api.channels import conftest as signing
from tests.api.channels import payloads
from tests.api.channels.conftest import Helpdesk, Opened, unsigned
from tests.api.channels.fakes.freshdesk import Freshdesk
from tests.api.channels.fakes.zammad import Zammad
from tests.api.channels.fakes.zendesk import Zendesk
from tests.api.channels.payloads import FINE, GRAVE

pytestmark = pytest.mark.anyio
OURS = {
    "recupera-complaint", "recupera-motive-restitution", "recupera-motive-altruism", "recupera-severity-critical",
    "recupera-justice-outcome",
}  # fmt: skip


@dataclass
class Vendor:
    """How one vendor says that a customer wrote, and that tags are so."""

    name: str
    fake: Callable[[], Any]
    sign: Callable[..., dict[str, str]]
    wrote: Callable[..., Any]
    tagged: Callable[[list[str]], Any]
    note_again: Callable[[str], Any]
    note_path: str
    notes_path: str
    more: dict[str, Any]


VENDORS = [
    Vendor(
        "zendesk",
        Zendesk,
        signing.zendesk,
        payloads.zendesk_event,
        lambda tags: payloads.zendesk_event(kind="tags_changed", tags=tags),
        lambda note: payloads.zendesk_event(
            kind="comment_added", event={"comment": {"body": note, "is_public": False, "author": {"is_staff": True}}}
        ),
        "PUT /api/v2/tickets/7.json",
        "/7/comments.json",
        {"user": "agent@example.org"},
    ),
    Vendor(
        "zendesk",
        Zendesk,
        signing.zendesk,
        payloads.zendesk_trigger,
        lambda tags: payloads.zendesk_trigger(tags=" ".join(tags), current_user_email="luis@example.com"),
        lambda note: payloads.zendesk_trigger(comment=GRAVE, description=GRAVE),
        "PUT /api/v2/tickets/7.json",
        "/7/comments.json",
        {"user": "agent@example.org"},
    ),
    Vendor(
        "freshdesk",
        Freshdesk,
        signing.token,
        payloads.freshdesk,
        lambda tags: payloads.freshdesk(tags=", ".join(tags)),
        lambda note: payloads.freshdesk(ticket_latest_public_comment=f"Luis Mora : <div>{html.escape(note)}</div>"),
        "POST /api/v2/tickets/7/notes",
        "/7/conversations",
        {},
    ),
    Vendor(
        "zammad",
        Zammad,
        signing.zammad,
        payloads.zammad,
        lambda tags: {**payloads.zammad(of_ticket={"tags": tags}), "article": None},
        lambda note: payloads.zammad(note, article=42, sender="Agent", internal=True, type="note"),
        "PUT /api/v1/tickets/7",
        "/by_ticket/7",
        {},
    ),
]


@pytest.fixture(params=VENDORS, ids=["zendesk-event", "zendesk-trigger", "freshdesk", "zammad"])
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return request.param


@dataclass
class Beside:
    """A service, and the help desk that it writes to."""

    vendor: Vendor
    desk: Helpdesk
    fake: Any

    async def wrote(self, *given: Any, **more: Any) -> Any:
        return await self.desk.send(self.vendor.name, self.vendor.wrote(*given, **more), self.vendor.sign)

    async def send(self, payload: Any) -> Any:
        return await self.desk.send(self.vendor.name, payload, self.vendor.sign)


@pytest.fixture
async def beside(vendor: Vendor, open_desk: Opened) -> AsyncIterator[Beside]:
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(vendor.fake().listening())
        fake.ticket(7)
        given = {"secret_env": "DESK_SECRET", "url": fake.url, "token_env": "DESK_TOKEN", "requests_a_minute": 60_000}
        desk = await stack.enter_async_context(open_desk(**{vendor.name: {**given, **vendor.more}}))
        yield Beside(vendor, desk, fake)


async def test_a_complaint_is_tagged_prioritised_and_explained_once(beside: Beside) -> None:
    answers = [await beside.wrote() for _ in range(3)]
    assert answers[0].status_code == 202
    await beside.desk.settled()
    (note,) = beside.fake.notes(7)
    assert set(beside.fake.tags(7)) == {"vip", *OURS}
    assert len(beside.fake.tags(7)) == 6
    assert beside.fake.priority(7) == "normal"
    message = await beside.desk.message(channel=beside.vendor.name)
    assert GRAVE in message["text"]
    assert message["thread_id"] == "7"
    assert f"recupera:{message['message_id']}" in note
    assert "Queja" in note


async def test_the_echoes_of_our_writes_change_nothing(beside: Beside) -> None:
    await beside.wrote()
    await beside.desk.settled()
    for _ in range(2):
        await beside.send(beside.vendor.tagged(beside.fake.tags(7)))
    await beside.send(beside.vendor.note_again(beside.fake.notes(7)[0]))
    await beside.send(beside.vendor.tagged(["vip"]))  # from before, and late
    await beside.desk.settled()
    assert len(beside.fake.notes(7)) == 1
    assert (await beside.desk.message())["feedback"] == []


async def test_tags_that_are_told_before_the_message_are_no_correction(beside: Beside) -> None:
    if beside.vendor.name == "freshdesk":
        pytest.skip("each of its webhooks has the message with it")
    await beside.send(beside.vendor.tagged(["vip", "recupera-severity-low"]))
    await beside.desk.settled()
    assert not await beside.desk.messages()
    await beside.wrote()
    await beside.desk.settled()
    assert (await beside.desk.message())["feedback"] == []
    assert {tag for tag in beside.fake.tags(7) if "severity" in tag} == {"recupera-severity-critical"}
    assert len(beside.fake.notes(7)) == 1


async def test_a_changed_tag_becomes_feedback_once(beside: Beside) -> None:
    await beside.wrote()
    await beside.desk.settled()
    changed = [tag for tag in beside.fake.tags(7) if "severity" not in tag] + ["recupera-severity-low"]
    beside.fake.set_tags(7, changed)
    for _ in range(2):
        await beside.send(beside.vendor.tagged(changed))
    await beside.desk.settled()
    (feedback,) = (await beside.desk.message())["feedback"]
    assert feedback["labels"] == {"complaint": True, "severity": "low"}
    assert feedback["reviewer"] == beside.vendor.name


async def test_a_changed_tag_becomes_feedback_though_the_customer_writes_before_it_is_told(beside: Beside) -> None:
    await beside.wrote()
    await beside.desk.settled()
    changed = [tag for tag in beside.fake.tags(7) if "severity" not in tag] + ["recupera-severity-low"]
    beside.fake.set_tags(7, changed)
    more = {"article": 43} if beside.vendor.name == "zammad" else {}
    await beside.wrote("Otra vez gravísimo: nadie contesta.", **more)
    await beside.desk.until(lambda: len(beside.fake.notes(7)) == 2)
    await beside.send(beside.vendor.tagged(beside.fake.tags(7)))
    await beside.desk.settled()
    listed = sorted(await beside.desk.messages(), key=lambda message: message["message_id"])
    told = [(await beside.desk.client.get(f"/v1/messages/{one['message_id']}")).json() for one in listed]
    assert [[item["labels"] for item in one["feedback"]] for one in told] == [
        [{"complaint": True, "severity": "low"}],
        [],
    ]


async def test_who_is_not_the_vendor_is_refused(beside: Beside) -> None:
    name, payload = beside.vendor.name, beside.vendor.wrote()
    assert (await beside.desk.send(name, payload, unsigned)).status_code == 401
    assert (await beside.desk.send(name, payload, beside.vendor.sign, secret="another")).status_code == 401
    assert not await beside.desk.messages()


async def test_what_is_empty_or_no_webhook_is_answered_so(beside: Beside) -> None:
    assert (await beside.wrote("")).status_code in (200, 202)
    assert (await beside.send(b"no json")).status_code == 400
    assert (await beside.send({})).status_code == 422
    assert (await beside.send([1])).status_code == 422
    assert (await beside.send(b'{"pad": "' + b"x" * 3_000_000 + b'"}')).status_code == 413
    await beside.desk.settled()
    assert not await beside.desk.messages()


async def test_no_one_waits_while_a_webhook_is_read(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    doors = beside.desk.client._transport.app.state.channels.doors  # type: ignore[attr-defined]
    door = doors[beside.vendor.name]
    threads: list[threading.Thread] = []

    def read(*given: Any) -> Any:
        threads.append(threading.current_thread())
        return door.read(*given)

    monkeypatch.setitem(doors, beside.vendor.name, replace(door, read=read))
    assert (await beside.wrote()).status_code == 202
    assert len(threads) == 1
    assert threading.current_thread() not in threads


async def test_quotes_line_ends_and_emoji_arrive_whole(beside: Beside) -> None:
    text = 'Dijo "mañana" y 😡\nno vino \\ nadie'
    assert (await beside.wrote(text)).status_code == 202
    await beside.desk.settled()
    words = " ".join((await beside.desk.message())["text"].split())
    assert 'Dijo "mañana" y 😡 no vino \\ nadie' in words


async def test_what_a_customer_writes_is_shown_and_never_rendered(beside: Beside) -> None:
    evil = "gravísimo <img src=x onerror=alert(1)> {{ticket.id}} {%if%}"
    await beside.wrote(html.escape(evil) if beside.vendor.name in ("freshdesk", "zammad") else evil)
    await beside.desk.settled()
    (note,) = beside.fake.notes(7)
    assert "{{" not in note
    assert "{%" not in note
    assert "<img" not in note


async def test_thanks_after_a_complaint_changes_no_tag(beside: Beside) -> None:
    await beside.wrote()
    await beside.desk.settled()
    before = list(beside.fake.tags(7))
    more = {"article": 43} if beside.vendor.name == "zammad" else {}
    await beside.wrote(FINE, **more)
    await beside.desk.settled()
    assert len(await beside.desk.messages()) == 2
    assert (beside.fake.tags(7), len(beside.fake.notes(7))) == (before, 1)


async def test_an_answer_that_was_lost_makes_no_second_note(beside: Beside) -> None:
    beside.fake.lost = {beside.vendor.note_path}
    await beside.wrote()
    await beside.desk.until(lambda: beside.fake.count("GET", beside.vendor.notes_path))
    await beside.desk.settled()
    assert len(beside.fake.notes(7)) == 1
    assert [delivery["status"] for delivery in await beside.desk.deliveries()] == ["delivered"]


async def test_too_many_requests_are_waited_for_and_what_is_gone_is_given_up(beside: Beside) -> None:
    beside.fake.busy = 1
    await beside.wrote(ticket=8)
    await beside.wrote()
    await beside.desk.until(lambda: beside.fake.notes(7))
    await beside.desk.settled()
    assert sorted(delivery["status"] for delivery in await beside.desk.deliveries()) == ["dead", "delivered"]
