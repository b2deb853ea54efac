"""Sees to it that what is due is sent: one turn after the other, as long as the service runs.

The database says what is due, so nothing is lost to a crash: a claim that is not settled in its time is taken over by
whoever looks next. Several dispatchers share a database.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from api.delivery import breaker
from api.delivery.events import matches
from api.delivery.schedule import next_attempt
from api.delivery.sender import Answer, Sender
from api.observability import traced
from api.store import deliveries, destinations, messages
from api.store.database import Connection, Store, UnavailableError
from api.store.deliveries import Claim, DeliveryRecord, DeliveryStatus
from api.store.destinations import MOVING, DestinationRecord
from api.store.identifiers import new_id

__all__ = ["Dispatcher", "Timing", "now"]

_EVENTS_A_TURN: Final = 200
_KEPT_ATTEMPTS: Final = 20
_GATHER_SECONDS: Final = 0.02
_FAILED_SECONDS: Final = 2.0
_GRACE_SECONDS: Final = 5.0
log = logging.getLogger(__name__)


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Timing:
    """``send``: what a sender takes at most. ``lease``: until another worker may take over. ``poll``: between looks."""

    send: timedelta = timedelta(seconds=15)
    lease: timedelta = timedelta(seconds=60)
    poll: timedelta = timedelta(seconds=0.25)
    room: int = 64


class Dispatcher:
    """Sends what is due; ``room`` deliveries at most at a time.

    Destinations of the names ``clear`` are told what the customer wrote as it is, all others with what is personal in
    it masked, as the event holds it.
    """

    def __init__(
        self,
        store: Store,
        senders: Mapping[str, Sender],
        *,
        timing: Timing | None = None,
        clear: Collection[str] = (),
        clock: Callable[[], datetime] = now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._senders = senders
        self._timing = timing or Timing()
        self._clear = frozenset(clear)
        self._clock = clock
        self._chance = chance
        self._worker = new_id()
        self._sending: dict[asyncio.Task[Answer | None], tuple[Claim, datetime]] = {}
        self._running: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Begin, in the background."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Claim nothing more, wait a little for what is being sent, and give back what is not finished."""
        self._stopping.set()
        if self._running is not None:
            await self._running
        if self._sending:
            await asyncio.wait(self._sending, timeout=_GRACE_SECONDS)
        unfinished = [task for task in self._sending if not task.done()]
        given_back = [self._sending.pop(task)[0] for task in unfinished]
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        with suppress(UnavailableError):
            async with self._store.write() as connection:
                await self._settle_finished(connection)
                await deliveries.release(connection, given_back, self._clock())
        for sender in self._senders.values():
            await sender.close()

    async def turn(self) -> bool:
        """Settle what was answered, make deliveries of new events, begin what is due; say whether anything was."""
        moment, told = self._clock(), 0
        untold, waiting = await self._store.look(lambda connection: _to_do(connection, moment))
        if untold:
            told = await self._store.change(
                lambda connection: deliveries.fan_out(connection, matches, moment, limit=_EVENTS_A_TURN)
            )
        if not (told or waiting or any(task.done() for task in self._sending)):
            return False
        async with self._store.write() as connection:
            settled = await self._settle_finished(connection)
            claims = await self._claim(connection, self._timing.room - len(self._sending) + len(settled))
        for task in settled:
            del self._sending[task]
        for claim in claims:
            self._sending[asyncio.create_task(self._send(claim))] = (claim, self._clock())
        return bool(told or settled or claims)

    async def drain(self) -> None:
        """Take turns until nothing can be sent at this moment, and nothing is being sent."""
        while await self.turn() or self._sending:
            if self._sending:
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)

    async def _run(self) -> None:
        """Take turns until told to stop; what fails is tried again."""
        while not self._stopping.is_set():
            try:
                await self.turn()
                await self._rest(self._timing.poll.total_seconds(), self._sending)
            except UnavailableError as error:
                log.warning("deliveries wait: %s", error)
                await self._rest(_FAILED_SECONDS)
            except Exception as error:
                log.error("deliveries wait: %s", traced(error))  # noqa: TRY400, RUF100 - a message may quote a text
                await self._rest(_FAILED_SECONDS)

    async def _rest(self, seconds: float, answers: Iterable[asyncio.Task[Answer | None]] = ()) -> None:
        """Wait, until an answer or the end; then a little longer, so that one transaction settles several answers."""
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait({stopping, *answers}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if done and not self._stopping.is_set():
            await asyncio.sleep(_GATHER_SECONDS)

    async def _send(self, claim: Claim) -> Answer | None:
        """Send once, unless it could last longer than the claim: that is no attempt."""
        if self._clock() + self._timing.send > claim.until:
            return None
        try:
            return await self._senders[claim.destination.kind].send(claim)
        except Exception as error:
            log.error("delivery %s failed: %s", claim.delivery.id, traced(error))  # noqa: TRY400, RUF100
            return Answer(error=f"failed inside: {type(error).__name__}")

    async def _settle_finished(self, connection: Connection) -> list[asyncio.Task[Answer | None]]:
        """Store what was answered; return the tasks, to be forgotten once the transaction is kept."""
        settled = [task for task in self._sending if task.done() and not task.cancelled()]
        by_destination: dict[str, list[asyncio.Task[Answer | None]]] = defaultdict(list)
        for task in settled:
            by_destination[self._sending[task][0].destination.id].append(task)
        known = await destinations.locked(connection, list(by_destination)) if settled else {}
        for destination_id, tasks in by_destination.items():
            await self._settle(connection, known[destination_id], tasks)
        return settled

    async def _settle(
        self, connection: Connection, destination: DestinationRecord, tasks: list[asyncio.Task[Answer | None]]
    ) -> None:
        """Store the answers of one destination, and how it fares."""
        moment = self._clock()
        before = destination
        for task in tasks:
            (claim, began), answer = self._sending[task], task.result()
            if answer is None:
                await deliveries.release(connection, [claim], moment)
                continue
            destination = breaker.after(destination, answer, moment)
            entry = _entry(claim.delivery, answer, began, moment)
            after = _after(claim.delivery, answer, entry, moment, self._chance)
            await deliveries.settle(connection, after, claim.delivery)
        if before.enabled and not destination.enabled:
            log.warning("destination %s is disabled: %s", destination.id, destination.disabled_reason)
        if destination != before:
            await destinations.save(connection, destination, MOVING)

    async def _claim(self, connection: Connection, room: int) -> list[Claim]:
        """Claim what is due, as much as each destination takes."""
        moment, claims = self._clock(), list[Claim]()
        for destination in await deliveries.due(connection, moment) if room > 0 else ():
            sent = await deliveries.in_flight(connection, destination.id, moment)
            most = min(breaker.allowance(destination, sent, moment), room - len(claims))
            if most <= 0:
                continue
            until = moment + self._timing.lease
            claimed = await deliveries.claim(connection, destination, self._worker, now=moment, until=until, limit=most)
            if claimed:
                await destinations.save(connection, breaker.spend(destination, len(claimed), moment), MOVING)
            claims += [await self._cleared(connection, one) for one in claimed]
        return claims

    async def _cleared(self, connection: Connection, claim: Claim) -> Claim:
        """Return a claim with the classification as it is stored, if its destination may have it."""
        event = claim.event
        if claim.destination.name not in self._clear or not event.data.get("classification") or not event.message_id:
            return claim
        message = await messages.get(connection, event.message_id)
        if message is None:
            return claim
        told = {**event.data, "classification": message.classification}
        return replace(claim, event=replace(event, data=told))


async def _to_do(connection: Connection, moment: datetime) -> tuple[bool, bool]:
    """Say whether there is an event to make deliveries of, and whether one may be due."""
    return await deliveries.is_untold(connection), await deliveries.is_due(connection, moment)


def _entry(delivery: DeliveryRecord, answer: Answer, began: datetime, moment: datetime) -> dict[str, Any]:
    """Return an attempt as it is kept."""
    return {
        "attempt": delivery.attempts,
        "at": began.isoformat(),
        "ms": round((moment - began).total_seconds() * 1000),
        "status": answer.status,
        "error": answer.error,
    }


def _after(
    delivery: DeliveryRecord, answer: Answer, entry: Mapping[str, Any], moment: datetime, chance: Callable[[], float]
) -> DeliveryRecord:
    """Return a delivery after an attempt: delivered, to be tried again, or dead."""
    again = None
    if not (answer.ok or answer.gone or answer.final):
        again = next_attempt(delivery.attempts, moment, asked=answer.retry_after, chance=chance)
    final = DeliveryStatus.DELIVERED if answer.ok else DeliveryStatus.DEAD
    return replace(
        delivery,
        status=final if again is None else DeliveryStatus.PENDING,
        next_at=again,
        claimed_by=None,
        finished_at=moment if again is None else None,
        response_status=answer.status,
        error=answer.error,
        log=[*delivery.log, entry][-_KEPT_ATTEMPTS:],
    )
