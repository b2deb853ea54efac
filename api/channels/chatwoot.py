"""Chatwoot: its webhooks read, its conversations written to.

In, from Chatwoot's documentation of webhook events: ids come as numbers or strings; ``message_type`` and
``created_at`` are words and ISO times outside, numbers inside; ``messages[0]`` of the conversation is not the event's
message; ``content`` is null for an attachment alone. ``conversation_*`` events have the conversation at the top.
Out: ``PATCH …/conversations/{id}`` is documented; that ``POST …/labels`` and ``…/custom_attributes`` replace what was
there, and the shape of a private note, are known from reports of its users, not documented.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from api.channels.arrival import (
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
from api.channels.desk import Client, DeskError, State, Update
from api.channels.email.tagging import TAGS
from api.channels.settings import ChatwootSettings
from api.intake import Incoming

__all__ = ["CHANNEL", "ChatwootDesk", "read"]

CHANNEL: Final = "chatwoot"
_THREAD: Final = re.compile(r"(\d{1,20})/(\d{1,20})")
_INCOMING: Final = ("incoming", 0)
_THEIRS: Final = {"low": "low", "medium": "normal", "high": "high", "urgent": "urgent"}
_OURS: Final = {ours: theirs for theirs, ours in _THEIRS.items()}
_NOTES_LOOKED_AT: Final = 3
"""Pages of a conversation's messages in which a note of ours is looked for."""

_COLOURS: Final = {
    "recupera-severity-critical": "#B42318",
    "recupera-severity-high": "#E04F16",
    "recupera-severity-moderate": "#EAAA08",
    "recupera-severity-low": "#4CA30D",
    "recupera-review": "#6938EF",
}
_COLOUR: Final = "#475467"
log = logging.getLogger(__name__)


def read(payload: Any, settings: ChatwootSettings, now: datetime) -> Reading:
    """Return what an event tells; raise ``ShapeError`` if it is none of Chatwoot's."""
    event = field(payload, "event")
    if not isinstance(event, str):
        raise ShapeError("/event is missing")
    if event == "message_created":
        return _message(payload, settings, now)
    if event in ("conversation_updated", "conversation_status_changed"):
        return _conversation(payload, settings)
    return Reading(reason="no event that says anything new")


def _message(payload: Mapping[str, Any], settings: ChatwootSettings, now: datetime) -> Reading:
    """Return what a customer wrote."""
    sender = field(payload, "sender") or field(payload, "contact") or {}
    if payload.get("message_type") not in _INCOMING:
        return Reading(reason="not written by a customer")
    if payload.get("private") or field(sender, "type") not in ("contact", None):
        return Reading(reason="not written by a customer")
    text = plain(payload.get("content"))
    attachments = attachment_names(payload.get("attachments"), "file_name", "fallback_title", "file_type")
    if not text.strip() and not attachments:
        return Reading(reason="empty")
    conversation = field(payload, "conversation") or {}
    account = identifier(field(payload, "account", "id") or settings.account, "/account/id")
    number = identifier(field(conversation, "display_id") or field(conversation, "id"), "/conversation/id")
    name = identifier(payload.get("id"), "/id")
    message = Incoming(
        channel=CHANNEL,
        external_id=f"{account}/{number}/{name}",
        text=text,
        received_at=moment(payload.get("created_at"), now),
        customer=_customer(account, sender, settings),
        thread_id=f"{account}/{number}",
        metadata={
            "inbox": plain(field(payload, "inbox", "name"))[:200],
            "medium": plain(field(conversation, "channel"))[:100],
            "attachments": attachments,
        },
    )
    return Reading((Wrote(f"message_created/{message.external_id}", message),))


def _customer(account: str, sender: Any, settings: ChatwootSettings) -> dict[str, Any] | None:
    """Return who wrote: by the operator's own identifier where Chatwoot knows it."""
    known = plain(field(sender, "identifier")).strip()[:256]
    if not known and field(sender, "id") is None:
        return None
    customer: dict[str, Any] = {"id": known or f"{CHANNEL}/{account}/{identifier(field(sender, 'id'), '/sender/id')}"}
    tier = plain(field(sender, "custom_attributes", "value_tier"))[:64]
    country = field(sender, "additional_attributes", "country_code")
    if not (isinstance(country, str) and re.fullmatch("[A-Z]{2}", country)):
        country = settings.country
    return customer | ({"value_tier": tier} if tier else {}) | ({"country": country} if country else {})


def _conversation(payload: Mapping[str, Any], settings: ChatwootSettings) -> Reading:
    """Return the labels of a conversation that changed."""
    changed = payload.get("changed_attributes")
    if not _may_be_labels(changed):
        return Reading(reason="its labels did not change")
    labels = payload.get("labels")
    if not isinstance(labels, list):
        return Reading(reason="says nothing of labels")
    messages = payload.get("messages")
    inside = messages[0] if isinstance(messages, list) and messages else {}
    account = field(payload, "account", "id") or payload.get("account_id") or field(inside, "account_id")
    thread = f"{identifier(account or settings.account, '/account/id')}/{identifier(payload.get('id'), '/id')}"
    return Reading((TagsSeen(CHANNEL, thread, only_tags(labels)),))


def _may_be_labels(changed: Any) -> bool:
    """Say whether labels are among the attributes that changed; where it isn't told which did, they may be."""
    if not isinstance(changed, list) or not changed:
        return True
    if not all(isinstance(item, Mapping) for item in changed if item is not None):
        raise ShapeError("/changed_attributes is no list of objects")
    return any("label" in key for item in changed for key in item or ())


class ChatwootDesk:
    """Writes to Chatwoot's conversations; ``client`` bears the token."""

    requests = 5

    def __init__(self, client: Client) -> None:
        self._client = client
        self._labels_made: set[tuple[str, str]] = set()

    async def state(self, thread_id: str) -> State:
        """Return labels, priority and custom attributes of a conversation."""
        path = _path(thread_id)
        said = await self._client.call("GET", path)
        labels = field(said, "labels")
        if not isinstance(labels, list):
            labels = field(await self._client.call("GET", f"{path}/labels"), "payload")
        if not isinstance(labels, list):
            raise DeskError("the help desk does not say which labels there are")
        more = {"attributes": field(said, "custom_attributes") or {}}
        return State(only_tags(labels), _THEIRS.get(str(field(said, "priority"))), more)

    async def write(self, thread_id: str, state: State, update: Update) -> None:
        """Write labels, priority, custom attributes, and the note last."""
        path = _path(thread_id)
        if update.tags is not None:
            await self._make_labels(thread_id, update.tags)
            await self._client.call("POST", f"{path}/labels", {"labels": list(update.tags)})
        if update.priority is not None:
            await self._prioritise(path, _OURS[update.priority])
        if update.fields:
            attributes = {**state.more["attributes"], **update.fields}
            await self._client.call("POST", f"{path}/custom_attributes", {"custom_attributes": attributes})
        if update.note is not None:
            note = {"content": update.note.markdown, "message_type": "outgoing", "private": True}
            await self._client.call("POST", f"{path}/messages", note)

    async def has_note(self, thread_id: str, mark: str) -> bool:
        """Look for the note among the last messages."""
        before: dict[str, str | int] = {}
        for _ in range(_NOTES_LOOKED_AT):
            found = field(await self._client.call("GET", f"{_path(thread_id)}/messages", **before), "payload")
            if not isinstance(found, list) or not found:
                return False
            if any(mark in str(field(message, "content")) for message in found):
                return True
            before = {"before": min(int(message["id"]) for message in found)}
        return False

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _prioritise(self, path: str, priority: str) -> None:
        """Set the priority; versions before ``PATCH`` have a path of its own."""
        try:
            await self._client.call("PATCH", path, {"priority": priority})
        except DeskError as error:
            if error.status not in (404, 405):
                raise
            await self._client.call("POST", f"{path}/toggle_priority", {"priority": priority})

    async def _make_labels(self, thread_id: str, tags: Sequence[str]) -> None:
        """Make those of our labels that the account lacks, which agents would not see otherwise.

        Only an administrator's token may; without one they can be made by hand.
        """
        account = thread_id.partition("/")[0]
        missing = [tag for tag in tags if tag in TAGS and (account, tag) not in self._labels_made]
        if not missing:
            return
        path = f"/api/v1/accounts/{account}/labels"
        try:
            found = field(await self._client.call("GET", path), "payload")
            there = {str(field(label, "title")) for label in found} if isinstance(found, list) else set()
            for tag in missing:
                if tag not in there:
                    label = {"title": tag, "color": _COLOURS.get(tag, _COLOUR), "show_on_sidebar": "severity" in tag}
                    await self._client.call("POST", path, label)
        except DeskError as error:
            if error.status is None or error.wait is not None:
                raise
            log.warning("Chatwoot: labels can't be made (%s); make them by hand, as the guide says", error)
        self._labels_made.update((account, tag) for tag in missing)


def _path(thread_id: str) -> str:
    """Return the path of a conversation."""
    found = _THREAD.fullmatch(thread_id)
    if found is None:
        raise DeskError("this message is in no conversation of Chatwoot", final=True)
    return f"/api/v1/accounts/{found[1]}/conversations/{found[2]}"
