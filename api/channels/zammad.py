"""Zammad: its triggers' webhooks read, its tickets written to.

In, from Zammad's admin documentation, "Webhook payload": ``ticket`` and ``article``. The signature bears no time: what
is sent again is known by its article. Out, from Zammad's API documentation: ``tags/add`` and ``tags/remove`` change
one tag each; ``PUT /api/v1/tickets/{id}`` takes an article, internal where it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from api.channels.arrival import (
    Arrival,
    Reading,
    ShapeError,
    TagsSeen,
    Wrote,
    attachment_names,
    field,
    identifier,
    moment,
    only_tags,
    plain,
)
from api.channels.desk import Client, State, Update
from api.channels.settings import ZammadSettings
from api.channels.tickets import ticket_path, with_subject
from api.intake import Incoming

__all__ = ["CHANNEL", "ZammadDesk", "read"]

CHANNEL: Final = "zammad"
_THEIRS: Final = {"1 low": "low", "2 normal": "normal", "3 high": "urgent"}
"""Zammad has no priority above high."""

_OURS: Final = {"low": "1 low", "normal": "2 normal", "high": "3 high", "urgent": "3 high"}


def read(payload: Any, settings: ZammadSettings, now: datetime) -> Reading:
    """Return what a trigger tells; raise ``ShapeError`` if it is none of Zammad's."""
    ticket, article = field(payload, "ticket"), field(payload, "article")
    if not isinstance(ticket, Mapping):
        raise ShapeError("/ticket is missing")
    thread = identifier(ticket.get("id"), "/ticket/id")
    arrivals: list[Arrival] = []
    if isinstance(ticket.get("tags"), str | list):
        arrivals.append(TagsSeen(CHANNEL, thread, only_tags(ticket["tags"], ",")))
    if not isinstance(article, Mapping) or not article:
        return Reading(tuple(arrivals), "no article")
    if _name(article.get("sender")) != "Customer" or article.get("internal"):
        return Reading(tuple(arrivals), "not written by a customer")
    text = plain(article.get("body"), html="html" in plain(article.get("content_type")))
    attachments = attachment_names(article.get("attachments"), "filename", "name")
    if not text.strip() and not attachments:
        return Reading(tuple(arrivals), "empty")
    return Reading((_wrote(thread, ticket, article, text, attachments, settings, now), *arrivals))


def _wrote(
    thread: str,
    ticket: Mapping[str, Any],
    article: Mapping[str, Any],
    text: str,
    attachments: list[str],
    settings: ZammadSettings,
    now: datetime,
) -> Wrote:
    """Return what a customer wrote."""
    is_first = ticket.get("article_count") in (1, None)
    message = Incoming(
        channel=CHANNEL,
        external_id=f"{thread}/{identifier(article.get('id'), '/article/id')}",
        text=with_subject(plain(ticket.get("title")) if is_first else "", text),
        received_at=moment(article.get("created_at"), now),
        customer=_customer(ticket, settings),
        thread_id=thread,
        metadata={
            "number": plain(ticket.get("number"))[:100],
            "group": _name(ticket.get("group"))[:100],
            "medium": _name(article.get("type"))[:100],
            "attachments": attachments,
        },
    )
    return Wrote(message.external_id, message)


def _customer(ticket: Mapping[str, Any], settings: ZammadSettings) -> dict[str, Any] | None:
    number = field(ticket, "customer", "id") or ticket.get("customer_id")
    if number is None:
        return None
    customer = {"id": f"{CHANNEL}/{identifier(number, '/ticket/customer/id')}"}
    customer |= {"value_tier": "key"} if field(ticket, "customer", "vip") is True else {}
    return customer | ({"country": settings.country} if settings.country else {})


def _name(value: Any) -> str:
    """Return what is given by its name, or as an object that has one."""
    return plain(field(value, "name") if isinstance(value, Mapping) else value)


class ZammadDesk:
    """Writes to Zammad's tickets; ``client`` bears the token."""

    requests = 10

    def __init__(self, client: Client) -> None:
        self._client = client

    async def state(self, thread_id: str) -> State:
        """Return tags and priority of a ticket."""
        ticket = await self._client.call("GET", _path(thread_id), expand="true")
        found = await self._client.call("GET", "/api/v1/tags", object="Ticket", o_id=thread_id)
        return State(only_tags(field(found, "tags") or []), _THEIRS.get(_name(field(ticket, "priority"))))

    async def write(self, thread_id: str, state: State, update: Update) -> None:
        """Write tags one by one, then the rest in one request."""
        if update.tags is not None:
            tagged = {"object": "Ticket", "o_id": int(thread_id)}
            for tag in update.tags:
                if tag not in state.tags:
                    await self._client.call("POST", "/api/v1/tags/add", {**tagged, "item": tag})
            for tag in state.tags:
                if tag not in update.tags:
                    await self._client.call("DELETE", "/api/v1/tags/remove", {**tagged, "item": tag})
        ticket: dict[str, Any] = dict(update.fields)
        if update.priority is not None:
            ticket["priority"] = _OURS[update.priority]
        if update.note is not None:
            ticket["article"] = {
                "subject": "Recupera",
                "body": update.note.html,
                "content_type": "text/html",
                "type": "note",
                "internal": True,
            }
        if ticket:
            await self._client.call("PUT", _path(thread_id), ticket)

    async def has_note(self, thread_id: str, mark: str) -> bool:
        """Look for the note among the ticket's articles."""
        _path(thread_id)
        found = await self._client.call("GET", f"/api/v1/ticket_articles/by_ticket/{thread_id}")
        return any(mark in str(field(item, "body")) for item in (found if isinstance(found, list) else ()))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _path(thread_id: str) -> str:
    return ticket_path("/api/v1/tickets", thread_id)
