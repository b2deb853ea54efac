"""What a mail's tags are: by the service's own intake, or by the model alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from api.batching import Batcher, QueueFullError, Request
from api.channels.email.mime import Mail
from api.channels.email.tagging import tags_of
from api.errors import ConflictError
from api.intake import Accepted, Incoming, Intake
from api.store import messages
from api.store.database import Store
from classifier.types import Classification

__all__ = ["Alone", "Judge", "Kept", "Verdict"]

_LONGEST_CUSTOMER = 256


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mail's tags, and the message that it became where messages are kept."""

    tags: tuple[str, ...]
    message_id: str | None = None


class Judge(Protocol):
    """Decides on a mail."""

    async def judge(self, inbox: str, mail: Mail, received_at: datetime | None) -> Verdict:
        """Return the tags of a mail of the inbox of that name; the same mail may come again after a crash."""


class Alone:
    """Classifies and keeps nothing."""

    def __init__(self, batcher: Batcher) -> None:
        self._batcher = batcher

    async def judge(self, inbox: str, mail: Mail, received_at: datetime | None) -> Verdict:
        """Return the tags."""
        request = Request(texts=[mail.text], ids=[mail.digest], languages=[None], evidence=False)
        while True:
            try:
                (result,) = await self._batcher.classify(request)
            except QueueFullError as error:
                await asyncio.sleep(error.retry_after)
            else:
                return Verdict(tags_of(result))


class Kept:
    """Takes mails in as the HTTP interface takes messages: stored, with their cases, deadlines and events."""

    def __init__(self, intake: Intake, store: Store) -> None:
        self._intake = intake
        self._store = store

    async def judge(self, inbox: str, mail: Mail, received_at: datetime | None) -> Verdict:
        """Return the tags, and the message that was stored now or before."""
        accepted = await self._accept(_incoming(inbox, mail, received_at))
        result = Classification.from_dict(accepted.message.classification)
        return Verdict(tags_of(result), accepted.message.id)

    async def _accept(self, incoming: Incoming) -> Accepted:
        """Take a mail in; one whose Message-ID another mail has used before gets a name of its own."""
        while True:
            try:
                return await self._intake.accept(incoming)
            except QueueFullError as error:
                await asyncio.sleep(error.retry_after)
            except ConflictError:
                known = await self._same(incoming)
                if known is not None:
                    return known
                suffix = f"#{incoming.metadata['digest'][:16]}"
                if incoming.external_id.endswith(suffix):
                    raise
                incoming = replace(incoming, external_id=f"{incoming.external_id}{suffix}")

    async def _same(self, incoming: Incoming) -> Accepted | None:
        """Return the message that this very mail became, though it was read a little differently then."""
        async with self._store.read() as connection:
            found = await messages.find(connection, incoming.channel, incoming.external_id, None)
        for message in found:
            if message.metadata.get("digest") == incoming.metadata["digest"]:
                return Accepted(message, None, new=False)
        return None


def _incoming(inbox: str, mail: Mail, received_at: datetime | None) -> Incoming:
    customer = {"id": mail.sender} if mail.sender and len(mail.sender) <= _LONGEST_CUSTOMER else None
    return Incoming(
        channel=inbox,
        external_id=mail.identifier or f"sha256:{mail.digest}",
        text=mail.text,
        received_at=received_at,
        customer=customer,
        thread_id=mail.thread,
        metadata={"digest": mail.digest, **({"attachments": list(mail.attachments)} if mail.attachments else {})},
    )
