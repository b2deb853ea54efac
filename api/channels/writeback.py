"""A help desk as a destination: what a message was found to be is written to its conversation.

It goes through the same engine as webhooks: in the order of the case, at its rate, tried again, paused while it
fails. A conversation that is gone fails for good at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from weakref import WeakValueDictionary

from api.channels.desk import Desk, DeskError, State, Update, raised
from api.channels.email.tagging import known_tags, tags_of
from api.channels.hearing import hear_before_writing
from api.channels.note import Note, make_note
from api.channels.pace import Pace
from api.channels.settings import DeskSettings, Write
from api.channels.tags import joined, with_ours
from api.delivery.sender import Answer
from api.store import messages, writebacks
from api.store.database import Store
from api.store.deliveries import Claim
from api.store.records import MessageRecord
from api.store.writebacks import WritebackRecord
from classifier.types import Classification, FlagDecision, MultiDecision

__all__ = ["Desks", "HelpDeskSender", "OpenDesk"]


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """A help desk that is written to, how, and how often it is asked."""

    desk: Desk
    settings: DeskSettings
    pace: Pace


class Desks:
    """The help desks by channel. One conversation is looked at and written to by one task at a time."""

    def __init__(self, opened: Mapping[str, OpenDesk]) -> None:
        self._opened = dict(opened)
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def get(self, channel: str) -> OpenDesk | None:
        """Return the help desk of a channel, if it is written to."""
        return self._opened.get(channel)

    def turn(self, channel: str, thread_id: str) -> asyncio.Lock:
        """Return what to hold while a conversation is looked at and written to."""
        return self._turns.setdefault((channel, thread_id), asyncio.Lock())

    async def close(self) -> None:
        """Close the connections."""
        for opened in self._opened.values():
            await opened.desk.close()


class HelpDeskSender:
    """Writes to the help desk that a destination's ``subject`` names."""

    def __init__(self, store: Store, desks: Desks, *, timeout_seconds: float) -> None:
        self._store = store
        self._desks = desks
        self._timeout = timeout_seconds

    async def send(self, claim: Claim) -> Answer:
        """Write once; what was written before by an attempt that got no answer is not written twice."""
        opened = self._desks.get(str(claim.destination.subject))
        if opened is None:
            return Answer(error="this help desk is not set up any more", final=True)
        async with self._store.read() as connection:
            message = await messages.get(connection, str(claim.event.message_id))
        if message is None or message.thread_id is None:
            return Answer(error="the message is gone, or in no conversation", final=True)
        try:
            async with asyncio.timeout(self._timeout), self._desks.turn(message.channel, message.thread_id):
                await self._write(opened, message, claim.event.data)
        except DeskError as error:
            return Answer(error=str(error), status=error.status, retry_after=error.wait, final=error.final)
        except TimeoutError:
            return Answer(error="the help desk took too long")
        return Answer()

    async def close(self) -> None:
        """Close the connections."""
        await self._desks.close()

    async def _write(self, opened: OpenDesk, message: MessageRecord, told: Mapping[str, Any]) -> None:
        """Look at the conversation, hear what agents changed in it, remember what will be written, write it."""
        result, thread = Classification.from_dict(message.classification), str(message.thread_id)
        wanted = opened.settings.write
        state = await opened.desk.state(thread)
        own = tags_of(result)
        ours = joined(state.tags, own) if Write.TAGS in wanted else known_tags(state.tags)
        update = _update(opened.settings, state, ours, told, message, result)
        async with self._store.write() as connection:
            await hear_before_writing(connection, message.channel, thread, known_tags(state.tags))
            begun = await writebacks.get(connection, message.id) is not None
            record = WritebackRecord(message.id, message.channel, thread, own, ours, datetime.now(UTC))
            await writebacks.begin(connection, record)
        if begun and update.note is not None and await opened.desk.has_note(thread, update.note.mark):
            update = replace(update, note=None)
        await opened.desk.write(thread, state, update)
        async with self._store.write() as connection:
            await writebacks.finish(connection, message.id, datetime.now(UTC))


def _update(
    settings: DeskSettings,
    state: State,
    ours: tuple[str, ...],
    told: Mapping[str, Any],
    message: MessageRecord,
    result: Classification,
) -> Update:
    """Return what to write of what the settings ask for."""
    plan, wanted = told.get("plan"), settings.write
    complains = bool(result.complaint.label)
    tags = with_ours(state.tags, ours)
    priority = raised(state.priority, plan.get("priority")) if plan and complains else None
    note: Note | None = None
    if Write.NOTE in wanted and (complains or result.review.needed):
        note = make_note(message.id, result, plan, told.get("case_id"), settings.language)
    return Update(
        tags=tags if Write.TAGS in wanted and set(tags) != set(state.tags) else None,
        priority=priority if Write.PRIORITY in wanted else None,
        fields=_fields(settings, told, message, result) if Write.FIELDS in wanted else {},
        note=note,
    )


def _fields(
    settings: DeskSettings, told: Mapping[str, Any], message: MessageRecord, result: Classification
) -> dict[str, Any]:
    """Return the help desk's own fields, by the names that the settings give them; what is not known stays."""
    known: dict[str, Any] = {"message_id": message.id, "case_id": told.get("case_id")}
    for task in ("complaint", "motive", "severity", "justice", "quality", "touchpoint"):
        decision = getattr(result, task)
        if isinstance(decision, FlagDecision):
            known[task] = decision.label
        elif isinstance(decision, MultiDecision):
            known[task] = decision.primary
        elif decision is not None:
            known[task] = decision.label
    plan = told.get("plan") or {}
    known["priority"] = plan.get("priority")
    for deadline in plan.get("deadlines", ()):
        known[f"{deadline['kind']}_due"] = deadline["due"]
    return {str(name): known[ours] for ours, name in settings.fields.items() if known.get(ours) is not None}
