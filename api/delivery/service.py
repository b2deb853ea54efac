"""Deliveries as the service runs them: the guard, the senders and the dispatcher, put together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from api.delivery.broker import NatsSender, is_installed
from api.delivery.dispatcher import Dispatcher, Timing, now
from api.delivery.guard import AllowList, Guard
from api.delivery.sender import Sender
from api.delivery.transport import GuardedTransport
from api.delivery.webhook import WebhookSender
from api.settings import DeliverySettings
from api.store.database import Store
from api.store.destinations import DestinationKind

__all__ = ["Deliveries", "Delivering", "delivering", "start"]


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Present once the database is open."""

    store: Store
    guard: Guard
    dispatcher: Dispatcher


def start(
    store: Store, settings: DeliverySettings, more: Mapping[str, Sender] | None = None, *, clear: Collection[str] = ()
) -> Deliveries:
    """Begin to deliver, in the background, until ``dispatcher.stop``; ``more`` are senders of other kinds.

    Destinations of the names ``clear`` are told a customer's words unmasked.
    """
    guard = Guard(AllowList.parse(settings.allow))
    seconds = settings.timeout_seconds
    senders: dict[str, Sender] = {
        DestinationKind.WEBHOOK: WebhookSender(GuardedTransport(guard), timeout_seconds=seconds, clock=now),
        **(more or {}),
    }
    if is_installed():
        senders[DestinationKind.NATS] = NatsSender(guard, timeout_seconds=seconds)
    timing = Timing(send=timedelta(seconds=seconds), lease=timedelta(seconds=3 * seconds + 15))
    dispatcher = Dispatcher(store, senders, timing=timing, clear=clear)
    dispatcher.start()
    return Deliveries(store, guard, dispatcher)


async def delivering(request: Request) -> Deliveries:
    """Return the deliveries; ask to come back while the database is being opened."""
    deliveries: Deliveries | None = request.app.state.deliveries
    if deliveries is None:
        raise HTTPException(503, "the service is starting", headers={"Retry-After": "1"})
    return deliveries


Delivering = Annotated[Deliveries, Depends(delivering)]
