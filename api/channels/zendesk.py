"""Zendesk: its webhooks read, its tickets written to.

In: events (``zen:event-type:ticket.…``, developer.zendesk.com, "Ticket events"), whose order within a sequence is not
guaranteed, and which may come twice; or a trigger's body made of our template (``docs/guides/zendesk.md``). The shape
of ``event.comment`` (``id``, ``body``, ``attachments``) is from general knowledge. A trigger can't say whether there
are attachments: a comment of them alone is empty to it. Placeholders are not always escaped, so that a template's body
may be no JSON: it is read by its keys then, those that customers can't write first.
Out: one ``PUT`` with ``safe_update``, so that tags, note and priority are written together or not at all, and never
over what an agent changed meanwhile. A comment is public unless it says otherwise.
"""

from __future__ import annotations

import json
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
from api.channels.settings import ZendeskSettings
from api.channels.tickets import number, ticket_path, wrote

__all__ = ["CHANNEL", "TEMPLATE", "ZendeskDesk", "parse", "read"]

CHANNEL: Final = "zendesk"
TEMPLATE: Final = """\
{
"recupera":1,
"ticket_id":"{{ticket.id}}",
"tags":"{{ticket.tags}}",
"via":"{{ticket.via}}",
"updated_at":"{{ticket.updated_at_with_timestamp}}",
"requester_email":"{{ticket.requester.email}}",
"current_user_email":"{{current_user.email}}",
"subject":"{{ticket.title}}",
"description":"{{ticket.description}}",
"comment":"{{ticket.latest_public_comment}}"
}
"""
"""The body of the trigger's webhook. What customers write comes last."""

_KEYS: Final = tuple(re.findall(r'"(\w+)":"', TEMPLATE))
_EVENT: Final = "zen:event-type:ticket."
_HEAD: Final = re.compile(r"^\s*+-{8,}+[^\S\n]*+\n\s*+[^\n]{1,200}, [^\n]{1,100}\n+")
"""What Zendesk may put before a comment: a line, then who wrote and when."""


def parse(body: bytes) -> Any:
    """Return the JSON of a body; a template's body is read even where quotes or lines broke it.

    A customer's words may also make another JSON of it (``","tags":"x``): then a key is there twice, or is not ours.
    """
    text = body.decode()
    is_ours = '"recupera"' in text[:64]
    try:
        payload = json.loads(text, strict=False, object_pairs_hook=_distinct)
    except ValueError:
        if not is_ours:
            raise
        return _by_keys(text)
    broken = is_ours and isinstance(payload, dict) and not payload.keys() <= {"recupera", *_KEYS}
    return _by_keys(text) if broken else payload


def read(payload: Any, settings: ZendeskSettings, now: datetime) -> Reading:
    """Return what an event or a trigger tells; raise ``ShapeError`` if it is neither."""
    kind = field(payload, "type")
    if isinstance(kind, str) and field(payload, "detail") is not None:
        if not kind.startswith(_EVENT):
            return Reading(reason="about no ticket")
        return _event(kind.removeprefix(_EVENT), payload, settings, now)
    if field(payload, "ticket_id") is not None:
        return _trigger(payload, settings, now)
    raise ShapeError("/ is neither an event of a ticket nor our template")


def _event(kind: str, payload: Mapping[str, Any], settings: ZendeskSettings, now: datetime) -> Reading:
    """Return what an event tells. A comment's own ``ticket_id`` is an internal one: the detail's counts."""
    detail = payload["detail"]
    ticket = number(identifier(field(detail, "id") or field(payload, "subject"), "/detail/id"))
    if ticket is None:
        raise ShapeError("/detail/id is no number")
    if kind == "tags_changed":
        return Reading((TagsSeen(CHANNEL, ticket, only_tags(field(detail, "tags") or [])),))
    if kind == "created":
        if field(detail, "is_public") is False:
            return Reading(reason="not written by a customer")
        text, at, subject = field(detail, "description"), field(detail, "created_at"), field(detail, "subject")
        name, attachments = None, list[str]()
    elif kind == "comment_added":
        comment = field(payload, "event", "comment") or {}
        if field(comment, "is_public") is False or field(comment, "author", "is_staff"):
            return Reading(reason="not written by a customer")
        text, at, subject = field(comment, "body"), payload.get("time"), None
        name = None if field(comment, "id") is None else identifier(comment["id"], "/event/comment/id")
        attachments = attachment_names(field(comment, "attachments"), "file_name", "filename", "name")
    else:
        return Reading(reason="no event that says anything new")
    words = plain(text)
    if not words.strip() and not attachments:
        return Reading(reason="empty")
    requester = field(detail, "requester_id")
    arrival = wrote(
        CHANNEL,
        ticket,
        words,
        now=now,
        name=name,
        attachments=attachments,
        subject=plain(subject),
        received_at=moment(at, now),
        customer=_customer(None if requester is None else f"{CHANNEL}/{identifier(requester, '/detail')}", settings),
        metadata={"medium": plain(field(detail, "via", "channel"))[:100]},
    )
    return Reading((arrival,))


def _trigger(payload: Mapping[str, Any], settings: ZendeskSettings, now: datetime) -> Reading:
    """Return what a trigger tells, by our template."""
    ticket = number(identifier(payload["ticket_id"], "/ticket_id"))
    if ticket is None:
        raise ShapeError("/ticket_id is no number")
    tags, arrivals = payload.get("tags"), list[Arrival]()
    if isinstance(tags, str | list):
        arrivals.append(TagsSeen(CHANNEL, ticket, only_tags(tags)))
    requester, actor = plain(payload.get("requester_email")).strip(), plain(payload.get("current_user_email")).strip()
    said = payload.get("comment") if "comment" in payload else payload.get("description")
    text = _HEAD.sub("", plain(said)).strip()
    if not text or (actor and requester and actor.casefold() != requester.casefold()):
        return Reading(tuple(arrivals), "not written by the requester, or empty")
    arrival = wrote(
        CHANNEL,
        ticket,
        text,
        now=now,
        subject=plain(payload.get("subject")),
        received_at=moment(payload.get("updated_at"), now),
        customer=_customer(requester[:256] or None, settings),
        metadata={"medium": plain(payload.get("via"))[:100]},
    )
    return Reading((arrival, *arrivals))


def _customer(name: str | None, settings: ZendeskSettings) -> dict[str, Any] | None:
    if name is None:
        return None
    return {"id": name} | ({"country": settings.country} if settings.country else {})


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that says a key twice."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def _by_keys(text: str) -> dict[str, Any]:
    """Return the values between the keys of our template, in their order."""
    places, start = [], 0
    for key in _KEYS:
        found = re.compile(rf'"{key}"\s*:\s*"').search(text, start)
        if found is None:
            raise ValueError("not our template")
        places.append((key, found.start(), found.end()))
        start = found.end()
    ends = [*(begin for _, begin, _ in places[1:]), len(text)]
    parts = {key: text[first:end] for (key, _, first), end in zip(places, ends, strict=True)}
    return {
        key: re.sub(r'"\s*[,}]\s*$', "", part).replace('\\"', '"').replace("\\n", "\n") for key, part in parts.items()
    }


class ZendeskDesk:
    """Writes to Zendesk's tickets; ``client`` bears the token."""

    requests = 2

    def __init__(self, client: Client) -> None:
        self._client = client

    async def state(self, thread_id: str) -> State:
        """Return tags, priority and the stamp of a ticket."""
        ticket = field(await self._client.call("GET", f"{_path(thread_id)}.json"), "ticket") or {}
        return State(only_tags(ticket.get("tags") or []), ticket.get("priority"), {"stamp": ticket.get("updated_at")})

    async def write(self, thread_id: str, state: State, update: Update) -> None:
        """Write all that changes in one request."""
        ticket: dict[str, Any] = {}
        if update.tags is not None:
            ticket["tags"] = list(update.tags)
        if update.priority is not None:
            ticket["priority"] = update.priority
        if update.fields:
            ticket["custom_fields"] = [{"id": int(name), "value": value} for name, value in update.fields.items()]
        if update.note is not None:
            ticket["comment"] = {"body": update.note.text, "public": False}
        if not ticket:
            return
        if state.more["stamp"]:
            ticket |= {"safe_update": True, "updated_stamp": state.more["stamp"]}
        await self._client.call("PUT", f"{_path(thread_id)}.json", {"ticket": ticket})

    async def has_note(self, thread_id: str, mark: str) -> bool:
        """Look for the note among the last comments."""
        said = await self._client.call("GET", f"{_path(thread_id)}/comments.json", sort_order="desc")
        return any(mark in str(field(comment, "body")) for comment in field(said, "comments") or ())

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _path(thread_id: str) -> str:
    return ticket_path("/api/v2/tickets", thread_id)
