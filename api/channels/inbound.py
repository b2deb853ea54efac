"""What help desks sent is kept first, answered, and looked at afterwards, in the background.

The database says what is due, so nothing is lost to a crash; looking twice does no harm, as a message is taken in
once. Customers' messages and the tags of conversations are two lines, so that a slow help desk delays no message.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from api.batching import QueueFullError
from api.channels.arrival import Arrival, Wrote, as_record, incoming
from api.channels.desk import DeskError
from api.channels.pace import PacedError
from api.errors import ConflictError, ErasedError
from api.intake import Intake
from api.observability import traced
from api.store import inbound
from api.store.database import Connection, Store, UnavailableError, lock_together
from api.store.identifiers import new_id
from api.store.inbound import InboundKind, InboundRecord, InboundStatus

__all__ = ["Inbound", "Line", "Take", "taken_in"]

Take = Callable[[InboundRecord], Awaitable[tuple[str, str | None]]]
"""Looks at one; returns what came of it, and the message that it is about."""

_POLL_SECONDS: Final = 0.5
_FAILED_SECONDS: Final = 1.0
_LEASE: Final = timedelta(seconds=30)
_KEPT: Final = timedelta(days=7)
_FORGET_EVERY: Final = timedelta(hours=1)
_MOST_ATTEMPTS: Final = 12
_LONGEST_DELAY: Final = timedelta(hours=1)
_LONGEST_WAIT: Final = timedelta(days=1)
_GRACE_SECONDS: Final = 5.0
log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


def _kind(arrival: Arrival) -> InboundKind:
    return InboundKind.MESSAGE if isinstance(arrival, Wrote) else InboundKind.TAGS


async def _is_told(connection: Connection, arrival: Wrote) -> bool:
    """Say whether a message came before by another name.

    One without a name is any with its words said about then. One with a name is one without, unless that is another
    named one already: a customer who says the same twice makes two comments.
    """
    mine = arrival.alike
    assert mine is not None  # noqa: S101 - whoever asks has seen it
    others = [
        (other.said_at, other.named)
        for other in await inbound.alike(connection, arrival.message.channel, mine.words)
        if other.said_at is not None and other.key != arrival.key
    ]
    near = [(at, named) for at, named in others if abs(at - mine.at) <= mine.within]
    if not mine.named:
        return bool(near)
    taken = [at for at, named in others if named]
    return any(not named and all(abs(at - other) > mine.within for other in taken) for at, named in near)


def taken_in(intake: Intake) -> Take:
    """Return what takes customers' messages in, each once."""

    async def take(record: InboundRecord) -> tuple[str, str | None]:
        try:
            accepted = await intake.accept(incoming(record))
        except ConflictError:
            return "came before, in other words", None
        except ErasedError:
            return "came before, and was erased", None
        return "taken in" if accepted.new else "came before", accepted.message.id

    return take


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of what help desks tell, and what looks at it."""

    kind: InboundKind
    take: Take
    at_once: int = 128


class Inbound:
    """Keeps what arrives, and has it looked at: conversations side by side, each in its order."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime] = _now) -> None:
        self._store = store
        self._clock = clock
        self._worker = new_id()
        self._arrived: Mapping[InboundKind, asyncio.Event] = {kind: asyncio.Event() for kind in InboundKind}
        self._running: list[asyncio.Task[None]] = []
        self._forgotten = clock()
        self._stopping = False

    async def put(self, arrivals: Sequence[Arrival]) -> list[bool]:
        """Keep what arrived, on disk when this returns; say of each whether it is new."""
        async with self._store.write() as connection:
            names = [f"told\0{told.message.channel}\0{told.alike.words}" for told in arrivals
                     if isinstance(told, Wrote) and told.alike]  # fmt: skip
            if names:
                await lock_together(connection, *names)
            new = [await self._put(connection, arrival) for arrival in arrivals]
        for arrival in arrivals:
            self._arrived[_kind(arrival)].set()
        return new

    async def _put(self, connection: Connection, arrival: Arrival) -> bool:
        """Keep one; what was told before by another name is over at once, its own name known from then on."""
        record = as_record(arrival, self._clock())
        known = isinstance(arrival, Wrote) and arrival.alike is not None and await _is_told(connection, arrival)
        if known:
            record = self._over(record, InboundStatus.DONE, "came before, by another name", None)
        (new,) = await inbound.put(connection, record)
        return new and not known

    def start(self, lines: Sequence[Line]) -> None:
        """Begin to look, in the background."""
        self._running = [asyncio.create_task(self._run(line)) for line in lines]

    async def stop(self) -> None:
        """End once what was begun is finished, or give it back."""
        self._stopping = True
        for arrived in self._arrived.values():
            arrived.set()
        if self._running:
            await asyncio.wait(self._running, timeout=_GRACE_SECONDS)
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running, timeout=_GRACE_SECONDS)
            with suppress(UnavailableError):
                async with self._store.write() as connection:
                    await inbound.release(connection, self._worker, self._clock())

    async def turn(self, line: Line) -> bool:
        """Look at what is due; say whether there was anything."""
        moment = self._clock()
        async with self._store.read() as connection:
            if not await inbound.is_due(connection, line.kind, moment):
                return False
        async with self._store.write() as connection:
            claimed = await inbound.claim(
                connection, line.kind, self._worker, now=moment, until=moment + _LEASE, limit=line.at_once
            )
        conversations: dict[tuple[str, str], list[InboundRecord]] = defaultdict(list)
        for record in claimed:
            conversations[record.channel, record.thread_id].append(record)
        looked = await asyncio.gather(*(self._in_order(line, records) for records in conversations.values()))
        before = {record.id: record for record in claimed}
        async with self._store.write() as connection:
            for record in (record for records in looked for record in records):
                await inbound.settle(connection, record, before[record.id])
        return bool(claimed)

    async def _run(self, line: Line) -> None:
        """Take turns until cancelled; what fails is tried again."""
        arrived = self._arrived[line.kind]
        while not self._stopping:
            try:
                arrived.clear()
                if not await self.turn(line):
                    await self._forget()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(arrived.wait(), _POLL_SECONDS)
            except UnavailableError as error:
                log.warning("what help desks sent waits: %s", error)
                await asyncio.sleep(_FAILED_SECONDS)
            except Exception as error:
                log.error("what help desks sent waits: %s", traced(error))  # noqa: TRY400, RUF100 - may quote a text
                await asyncio.sleep(_FAILED_SECONDS)

    async def _in_order(self, line: Line, records: Sequence[InboundRecord]) -> list[InboundRecord]:
        """Look at what one conversation tells, one after the other, until one must wait."""
        looked: list[InboundRecord] = []
        for record in records:
            waits = bool(looked) and looked[-1].status == InboundStatus.PENDING
            looked.append(self._put_back(record) if waits else await self._look(line, record))
        return looked

    async def _look(self, line: Line, record: InboundRecord) -> InboundRecord:
        """Look at one, and return it as it is then."""
        try:
            outcome, message_id = await line.take(record)
        except (QueueFullError, UnavailableError):
            return self._put_back(record)
        except PacedError as error:
            return self._put_back(record, error.wait)
        except DeskError as error:
            if error.final:
                return self._over(record, InboundStatus.DONE, str(error), None)
            return self._failed(record, str(error), error.wait)
        except TimeoutError:
            return self._failed(record, "the help desk took too long")
        except Exception as error:
            log.error("what a help desk sent failed: %s", traced(error))  # noqa: TRY400, RUF100 - may quote a text
            return self._failed(record, f"failed inside: {type(error).__name__}")
        return self._over(record, InboundStatus.DONE, outcome, message_id)

    def _put_back(self, record: InboundRecord, wait: timedelta = timedelta(seconds=1)) -> InboundRecord:
        """Return one that could not be looked at for no fault of its own, which is no attempt."""
        later = self._clock() + wait
        return replace(record, next_at=later, claimed_by=None, attempts=record.attempts - 1)

    def _failed(self, record: InboundRecord, why: str, wait: timedelta | None = None) -> InboundRecord:
        """Return one that is tried later, not before the help desk has asked for, or not any more."""
        if record.attempts >= _MOST_ATTEMPTS:
            log.error(
                "what %s sent is given up after %s attempts (GET /v1/inbound?status=dead): %s",
                record.channel,
                record.attempts,
                why,
            )
            return self._over(record, InboundStatus.DEAD, why, None)
        delay = min(timedelta(seconds=2**record.attempts), _LONGEST_DELAY) * (0.9 + 0.2 * random.random())  # noqa: S311
        delay = max(delay, min(wait or delay, _LONGEST_WAIT))
        return replace(record, next_at=self._clock() + delay, claimed_by=None, outcome=why[:64])

    def _over(
        self, record: InboundRecord, status: InboundStatus, outcome: str, message_id: str | None
    ) -> InboundRecord:
        """Return one that is final; what it holds is only kept where it may be needed."""
        return replace(
            record,
            status=status,
            content=None if status == InboundStatus.DONE else record.content,
            next_at=None,
            claimed_by=None,
            finished_at=self._clock(),
            outcome=outcome[:64],
            message_id=message_id,
        )

    async def _forget(self) -> None:
        """Delete once an hour what was done days ago."""
        if self._clock() - self._forgotten < _FORGET_EVERY:
            return
        self._forgotten = self._clock()
        async with self._store.write() as connection:
            await inbound.forget(connection, self._clock() - _KEPT)
