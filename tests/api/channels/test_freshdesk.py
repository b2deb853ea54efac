from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from api.channels.arrival import ShapeError, TagsSeen, Wrote
from api.channels.freshdesk import FreshdeskDesk, read
from api.channels.settings import FreshdeskSettings
from tests.api.channels.conftest import Opened
from tests.api.channels.payloads import GRAVE, freshdesk

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 4, tzinfo=UTC)
SETTINGS = FreshdeskSettings(secret_env=("S",), country="MX")


def wrote(payload: Any) -> Wrote:
    return next(item for item in read(payload, SETTINGS, NOW).arrivals if isinstance(item, Wrote))


@pytest.mark.parametrize("ticket", [11, "11", "PREFIX-11", " 11 "])
def test_a_tickets_number_however_it_comes(ticket: Any) -> None:
    assert wrote(freshdesk(ticket=ticket)).message.thread_id == "11"


@pytest.mark.parametrize("ticket", ["", "once", True, {"id": 1}, "11; DROP", "../11/x"])
def test_what_is_no_number(ticket: Any) -> None:
    with pytest.raises(ShapeError):
        read(freshdesk(ticket=ticket), SETTINGS, NOW)


def test_only_the_number_is_needed_beside_words() -> None:
    message = wrote({"freshdesk_webhook": {"ticket_id": 11, "ticket_description": f"<p>{GRAVE}</p>"}}).message
    assert (message.text, message.customer) == (GRAVE, None)


def test_keys_at_the_top_are_read_too() -> None:
    assert wrote({"ticket_id": 11, "ticket_description": GRAVE}).message.text == GRAVE


def test_html_becomes_text_and_the_speaker_goes() -> None:
    said = 'Ana : <div style="x"><p>No llegó &amp; nadie responde</p><blockquote>antes</blockquote></div>'
    assert wrote(freshdesk(ticket_latest_public_comment=said)).message.text == "No llegó & nadie responde"


def test_what_the_agent_said_is_left_alone() -> None:
    said = "Luis Mora : <div>Lo revisamos hoy mismo</div>"
    (seen,) = read(freshdesk(ticket_latest_public_comment=said), SETTINGS, NOW).arrivals
    assert seen == TagsSeen("freshdesk", "7", ("vip",))


def test_only_the_customer_is_heard_where_the_name_is_told() -> None:
    said = {"ticket_latest_public_comment": "Marta Paz : <div>Lo revisamos hoy mismo</div>"}
    (seen,) = read(freshdesk(**said), SETTINGS, NOW).arrivals
    assert isinstance(seen, TagsSeen)
    (seen,) = read(freshdesk(**said, ticket_agent_name=""), SETTINGS, NOW).arrivals
    assert isinstance(seen, TagsSeen)
    assert wrote(freshdesk(**said, ticket_contact_name="marta  paz")).message.text == "Lo revisamos hoy mismo"
    assert wrote(freshdesk(**said, ticket_contact_name="")).message.text == "Lo revisamos hoy mismo"


def test_words_before_a_colon_are_words() -> None:
    assert wrote(freshdesk(ticket_latest_public_comment="Problema : no llegó")).message.text == "Problema : no llegó"


async def test_a_customer_who_repeats_the_same_words_is_heard_each_time(open_desk: Opened) -> None:
    told = freshdesk(ticket_latest_public_comment="Ana : <div>Sigo esperando</div>")
    async with open_desk(freshdesk={"secret_env": "DESK_SECRET"}) as desk:
        inbox: Any = desk.client._transport.app.state.channels.inbound  # type: ignore[attr-defined]
        began = datetime.now(UTC)
        new = []
        for minutes in (0, 5, 40, 44):
            at = began + timedelta(minutes=minutes)
            (arrival, _) = read(told, SETTINGS, at).arrivals
            new += await inbox.put([arrival])
        await desk.settled()
        assert len(await desk.messages()) == 2
    assert new == [True, False, True, False]


def test_the_subject_is_read_with_the_first_message() -> None:
    message = wrote(freshdesk()).message
    assert message.text == f"Cobro doble\n\n{GRAVE}"
    assert message.customer == {"id": "ana@example.org", "country": "MX"}


def test_the_shape_of_an_app() -> None:
    data = {"ticket": {"id": 11, "subject": "Cobro", "description_text": GRAVE, "created_at": "2026-03-03T10:00:00Z"},
            "requester": {"id": 5, "email": "ana@example.org"}, "actor": {"id": 5}}  # fmt: skip
    message = wrote({"event": "onTicketCreate", "data": data}).message
    assert (message.thread_id, message.customer and message.customer["id"]) == ("11", "freshdesk/5")


class Told:
    """A ticket's conversation, as Freshdesk tells it: page after page, the oldest first."""

    def __init__(self, notes: int, most: int) -> None:
        self.notes = [{"body": f"nota {number}."} for number in range(notes)]
        self.most = most
        self.asked = 0

    async def call(self, _method: str, _path: str, *, page: int = 1, per_page: int = 30) -> list[dict[str, str]]:
        self.asked += 1
        size = min(per_page, self.most)
        return self.notes[(page - 1) * size : page * size]


@pytest.mark.parametrize(("notes", "most"), [(1, 100), (40, 100), (140, 100), (60, 30), (130, 30), (200, 100)])
async def test_a_note_is_found_wherever_it_stands_in_the_conversation(notes: int, most: int) -> None:
    desk = FreshdeskDesk(Told(notes, most))  # type: ignore[arg-type]
    assert await desk.has_note("11", "nota 0.")
    assert await desk.has_note("11", f"nota {notes - 1}.")
    assert not await desk.has_note("11", f"nota {notes}.")


async def test_a_conversation_without_end_is_given_up() -> None:
    told = Told(100_000, 100)
    assert not await FreshdeskDesk(told).has_note("11", "nota -1.")  # type: ignore[arg-type]
    assert told.asked == 10


def test_a_signature_can_not_be_asked_for() -> None:
    with pytest.raises(ValidationError, match="Freshdesk signs nothing"):
        FreshdeskSettings(verify="signature", secret_env=("S",))
