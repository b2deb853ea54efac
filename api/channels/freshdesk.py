"""Freshdesk: its rules' webhooks read, its tickets written to.

In, from six public code bases that receive it: ``freshdesk_webhook`` with the keys that the rule's author picked, so
that every one but ``ticket_id`` may lack; values are HTML, comments look like ``Name : <div>text</div>``, a ticket's
number comes as ``11``, ``"11"`` or ``"PREFIX-11"``. No key tells which comment it is, when it was written or what is
attached to it; only pictures within its text show. An app's ``onTicketCreate`` has another shape (Freshworks SDK
2.3). ``ticket_tags`` is from general knowledge.
Out: ``PUT /api/v2/tickets/{id}`` changes only what is given; that its list of tags replaces the one before, and the
path of notes, are from general knowledge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from api.channels.arrival import (
    Arrival,
    Reading,
    ShapeError,
    TagsSeen,
    attachment_names,
    field,
    identifier,
    moment,
    only_tags,
    plain,
)
from api.channels.desk import Client, State, Update
from api.channels.settings import FreshdeskSettings
from api.channels.tickets import number, ticket_path, wrote

__all__ = ["CHANNEL", "FreshdeskDesk", "read"]

CHANNEL: Final = "freshdesk"
_SPOKE: Final = re.compile(r"^\s*+([^:<>\n]{1,120}?) : *+(?=\S|\s*+$)")
_PICTURE: Final = re.compile(r"(?i)<img\b")
_MOST_PICTURES: Final = 20
_PAGE: Final = 100
_SHORT_PAGE: Final = 30
"""Items of a ticket's conversation that are asked for at once, and that come where nobody says how many."""

_NOTES_LOOKED_AT: Final = 10
"""Pages of a ticket's conversation, oldest first, in which a note of ours is looked for."""

_PRIORITIES: Final = {1: "low", 2: "normal", 3: "high", 4: "urgent"}
_CODES: Final = {name: code for code, name in _PRIORITIES.items()}


def read(payload: Any, settings: FreshdeskSettings, now: datetime) -> Reading:
    """Return what a rule or an app tells; raise ``ShapeError`` if it is neither."""
    inside = field(payload, "freshdesk_webhook") or payload
    if field(inside, "ticket_id") is not None:
        return _rule(inside, settings, now)
    if field(payload, "data", "ticket", "id") is not None:
        return _app(payload["data"], settings, now)
    raise ShapeError("/freshdesk_webhook/ticket_id is missing")


def _rule(told: Mapping[str, Any], settings: FreshdeskSettings, now: datetime) -> Reading:
    """Return what a rule tells."""
    ticket = _ticket(told["ticket_id"], "/freshdesk_webhook/ticket_id")
    arrivals: list[Arrival] = []
    if isinstance(told.get("ticket_tags"), str | list):
        arrivals.append(TagsSeen(CHANNEL, ticket, only_tags(told["ticket_tags"], ",")))
    said = told.get("ticket_latest_public_comment")
    comment = said if isinstance(said, str) else ""
    spoke = _speaker(comment, told)
    if spoke and not _is_customers(spoke[1], told):
        return Reading(tuple(arrivals), "not written by a customer")
    markup = comment[spoke.end() :] if spoke else comment or told.get("ticket_description")
    text, attachments = plain(markup, html=True), _pictures(markup)
    if not text and not attachments:
        return Reading(tuple(arrivals), "empty")
    mail = plain(told.get("ticket_contact_email") or told.get("ticket_requester_email")).strip()
    name = plain(told.get("ticket_contact_unique_external_id")).strip() or mail
    message = wrote(
        CHANNEL,
        ticket,
        text,
        now=now,
        attachments=() if text else attachments,
        subject="" if comment else plain(told.get("ticket_subject"), html=True),
        customer=_customer(name[:256], settings),
        metadata={"group": plain(told.get("ticket_group_name"))[:100]},
    )
    return Reading((message, *arrivals))


def _app(data: Mapping[str, Any], settings: FreshdeskSettings, now: datetime) -> Reading:
    """Return what an app's ``onTicketCreate`` tells."""
    ticket = data["ticket"]
    text = plain(field(ticket, "description_text")) or plain(field(ticket, "description"), html=True)
    attachments = attachment_names(field(ticket, "attachments"), "name", "file_name")
    if not text.strip() and not attachments:
        return Reading(reason="empty")
    requester = field(data, "requester", "id")
    name = "" if requester is None else f"{CHANNEL}/{identifier(requester, '/data/requester/id')}"
    message = wrote(
        CHANNEL,
        _ticket(ticket["id"], "/data/ticket/id"),
        text,
        now=now,
        attachments=attachments,
        subject=plain(field(ticket, "subject")),
        received_at=moment(field(ticket, "created_at"), now),
        customer=_customer(name, settings),
    )
    return Reading((message,))


def _ticket(value: Any, where: str) -> str:
    found = number(identifier(value, where))
    if found is None:
        raise ShapeError(f"{where} ends with no number")
    return found


def _speaker(comment: str, told: Mapping[str, Any]) -> re.Match[str] | None:
    """Return the name before a comment: what stands before its markup, or before a colon if it is one of the two."""
    found = _SPOKE.match(comment)
    if found is None or comment[found.end() : found.end() + 1] == "<":
        return found
    known = {_called(told.get(f"ticket_{who}_name")) for who in ("contact", "agent")}
    return found if _called(found[1]) in known else None


def _is_customers(speaker: str, told: Mapping[str, Any]) -> bool:
    """Say whether the customer spoke, by the name: of the several agents of a desk only the assigned one is told.

    Where the rule does not tell the customer's name, all but that agent is taken for the customer.
    """
    spoke = _called(speaker)
    if contact := _called(told.get("ticket_contact_name")):
        return spoke == contact
    return spoke != _called(told.get("ticket_agent_name"))


def _called(name: Any) -> str:
    return " ".join(plain(name, html=True).casefold().split())


def _pictures(markup: Any) -> list[str]:
    """Return a name for each picture within a comment, as a rule can't name what is attached to it."""
    return ["image"] * min(len(_PICTURE.findall(markup)), _MOST_PICTURES) if isinstance(markup, str) else []


def _customer(name: str, settings: FreshdeskSettings) -> dict[str, Any] | None:
    if not name:
        return None
    return {"id": name} | ({"country": settings.country} if settings.country else {})


class FreshdeskDesk:
    """Writes to Freshdesk's tickets; ``client`` bears the key."""

    requests = 3

    def __init__(self, client: Client) -> None:
        self._client = client

    async def state(self, thread_id: str) -> State:
        """Return tags and priority of a ticket."""
        ticket = await self._client.call("GET", _path(thread_id))
        return State(only_tags(field(ticket, "tags") or []), _PRIORITIES.get(field(ticket, "priority")))

    async def write(self, thread_id: str, state: State, update: Update) -> None:
        """Write what changes of the ticket, then the note."""
        ticket: dict[str, Any] = {}
        if update.tags is not None:
            ticket["tags"] = list(update.tags)
        if update.priority is not None:
            ticket["priority"] = _CODES[update.priority]
        if update.fields:
            ticket["custom_fields"] = dict(update.fields)
        if ticket:
            await self._client.call("PUT", _path(thread_id), ticket)
        if update.note is not None:
            await self._client.call("POST", f"{_path(thread_id)}/notes", {"body": update.note.html, "private": True})

    async def has_note(self, thread_id: str, mark: str) -> bool:
        """Look for the note in the ticket's conversation."""
        for page in range(1, _NOTES_LOOKED_AT + 1):
            path = f"{_path(thread_id)}/conversations"
            said = await self._client.call("GET", path, page=page, per_page=_PAGE)
            found = said if isinstance(said, list) else []
            if any(mark in str(field(item, "body")) for item in found):
                return True
            if len(found) < _SHORT_PAGE:
                return False
        return False

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _path(thread_id: str) -> str:
    return ticket_path("/api/v2/tickets", thread_id)
