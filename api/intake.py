"""One message in, once: classified, stored, its case opened, joined and planned, or answered, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any, Self

from api import planners
from api.batching import Batcher, QueueFullError, Request
from api.cases import Planner, conversation, event_data
from api.errors import ConflictError, ErasedError
from api.store import cases, messages, outbox, policies, tombstones
from api.store.database import Connection, Store
from api.store.identifiers import new_id
from api.store.records import CaseRecord, EventType, MessageRecord, ReviewStatus
from api.taking_up import answered, take_up, taken_up, told_of_answer
from classifier.redaction import find_personal_data
from classifier.types import Classification

__all__ = ["Accepted", "Incoming", "Intake"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as a channel hands it over, its texts free of half characters and NUL.

    ``received_at`` is what the sender says; ``arrived_at``, which counts without it, is no part of the content: what
    is sent again arrives later.
    """

    channel: str
    external_id: str
    text: str
    received_at: datetime | None = None
    customer: Mapping[str, Any] | None = None
    thread_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    arrived_at: datetime | None = None

    @property
    def content_hash(self) -> str:
        """What tells whether the same message came again, or another one of its name."""
        content: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__ if name != "arrived_at"}
        content["received_at"] = self.received_at and self.received_at.astimezone(UTC).isoformat()
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that is stored, and its case if it complains or answers; ``new`` is false if it was there before."""

    message: MessageRecord
    case: CaseRecord | None
    new: bool


class Intake:
    """Takes messages in. At most ``capacity`` are on their way; past it callers are asked to come back."""

    @classmethod
    async def start(cls, store: Store, batcher: Batcher, planner: Planner, *, capacity: int) -> Self:
        """Return an intake, its planner's policy stored: cases refer to it. Corrections are planned by it too."""
        async with store.write() as connection:
            await policies.keep(connection, planner.version, planner.content, datetime.now(UTC))
            planners.use(connection, planner)
        return cls(store, batcher, planner, capacity=capacity)

    def __init__(self, store: Store, batcher: Batcher, planner: Planner, *, capacity: int) -> None:
        self._store = store
        self._batcher = batcher
        self._planner = planner
        self._capacity = capacity
        self._inside = 0

    @property
    def planner(self) -> Planner:
        """What plans new cases."""
        return self._planner

    async def accept(self, incoming: Incoming, key: str | None = None) -> Accepted:
        """Take a message in, once per channel and external id, and once per idempotency key if it has one.

        Raise ``ConflictError`` if that name or key came with other content, ``ErasedError`` if it was erased,
        ``QueueFullError`` or ``UnavailableError`` if the caller should come back.
        """
        with self._place():
            known = await self._store.look(lambda connection: _known(connection, incoming, key))
            if known is not None:
                return known
            message_id = new_id()
            request = Request(texts=[incoming.text], ids=[message_id], languages=[None], evidence=True)
            (result,) = await self._batcher.classify(request)
            message = _record(message_id, incoming, key, result)
            names = [*messages.names(message.channel, message.external_id, key), *conversation(message).names]
            work = partial(self._store_once, incoming=incoming, message=message, result=result)
            return await self._store.change(work, names)

    async def _store_once(
        self, connection: Connection, incoming: Incoming, message: MessageRecord, result: Classification
    ) -> Accepted:
        """Store a message with all that follows, unless another call was quicker."""
        known = await _known(connection, incoming, message.idempotency_key)
        if known is not None:
            return known
        complains = bool(result.complaint.label)
        taken = take_up(connection, message, result, self._planner) if complains else answered(connection, message)
        case = await taken
        message = replace(message, case_id=case.id if case else None)
        await messages.add(connection, message, result)
        events = [EventType.MESSAGE_CLASSIFIED, *([EventType.REVIEW_NEEDED] if result.review.needed else [])]
        data = event_data(message, case)
        entries = [outbox.event(event, data, message.accepted_at) for event in events]
        if case is not None:
            entries += taken_up(message, case) if complains else await told_of_answer(connection, message, case)
        await outbox.add(connection, *entries)
        return Accepted(message, case, new=True)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Take one of the places."""
        if self._inside >= self._capacity:
            raise QueueFullError(retry_after=1)
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1


async def _known(connection: Connection, incoming: Incoming, key: str | None) -> Accepted | None:
    """Return the message if it is stored; raise ``ConflictError`` if another one has its name or its key.

    Raise ``ErasedError`` if it was there, and was erased.
    """
    found = await messages.find(connection, incoming.channel, incoming.external_id, key)
    if not found:
        names = [tombstones.message_name(incoming.channel, incoming.external_id)]
        if await tombstones.is_buried(connection, *names, *([tombstones.key_name(key)] if key else [])):
            raise ErasedError("the message of this channel and external_id, or with this Idempotency-Key, was erased")
        return None
    message = found[0]
    if any(other.content_hash != incoming.content_hash for other in found):
        raise ConflictError(
            "a message of this channel and external_id, or with this Idempotency-Key, came before with other content"
        )
    case = await cases.get(connection, message.case_id) if message.case_id else None
    return Accepted(message, case, new=False)


def _record(message_id: str, incoming: Incoming, key: str | None, result: Classification) -> MessageRecord:
    """Return what is stored of a message; without a time it was received now."""
    now = datetime.now(UTC)
    return MessageRecord(
        id=message_id,
        channel=incoming.channel,
        external_id=incoming.external_id,
        idempotency_key=key,
        content_hash=incoming.content_hash,
        text=incoming.text,
        metadata=incoming.metadata,
        customer=incoming.customer,
        customer_id=incoming.customer["id"] if incoming.customer else None,
        thread_id=incoming.thread_id,
        received_at=incoming.received_at or incoming.arrived_at or now,
        accepted_at=now,
        case_id=None,
        classification=result.to_dict(),
        personal=[asdict(data) for data in find_personal_data(incoming.text)],
        model=f"{result.model.name} {result.model.version}",
        review=ReviewStatus.NEEDED if result.review.needed else ReviewStatus.NONE,
    )
