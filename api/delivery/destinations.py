"""Destinations made, changed, deleted; deliveries begun again. Every function works in its caller's transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from api.delivery import breaker, broker, signing
from api.delivery.guard import Guard, RefusedError, UnresolvedError, parse_target
from api.delivery.transport import HTTP_SCHEMES
from api.errors import ConflictError, NotFoundError
from api.store import deliveries, destinations
from api.store.database import Connection
from api.store.deliveries import DeliveryRecord
from api.store.destinations import DestinationKind, DestinationRecord
from api.store.identifiers import new_id

__all__ = ["change", "checked_url", "create", "delete", "replay", "replay_dead", "rotate"]

_SCHEMES: Final = {
    DestinationKind.WEBHOOK: HTTP_SCHEMES,
    DestinationKind.NATS: broker.NATS_SCHEMES,
    DestinationKind.HELP_DESK: HTTP_SCHEMES,
}
_BY_SETTINGS: Final = frozenset({"url", "subject", "events", "filter", "rate"})
"""What the settings of its channel say of a help desk."""

_RESOLVE_SECONDS: Final = 5.0
_BY_HAND: Final = "disabled by hand"


async def checked_url(guard: Guard, kind: str, url: str) -> str:
    """Return an address as it will be used; raise ``RefusedError`` if it may not be.

    A name that has no address now is let through: each attempt looks again.
    """
    target = parse_target(url, _SCHEMES[DestinationKind(kind)])
    with suppress(UnresolvedError, TimeoutError):
        async with asyncio.timeout(_RESOLVE_SECONDS):
            await guard.addresses(target)
    if kind == DestinationKind.NATS and not broker.is_installed():
        raise RefusedError("needs the extra nats on the server: pip install 'recupera[nats]'")
    return target.url


async def create(
    connection: Connection, given: Mapping[str, Any], secret: str | None, now: datetime
) -> tuple[DestinationRecord, str | None]:
    """Store a destination; return it, and its secret if one was made. ``given`` are its columns, checked."""
    made = signing.new_secret() if secret is None and given["kind"] == DestinationKind.WEBHOOK else None
    used = secret or made
    destination = DestinationRecord(
        id=new_id(),
        secrets=signing.rotated([], used, now) if used else [],
        disabled_reason=None if given["enabled"] else _BY_HAND,
        created_at=now,
        updated_at=now,
        deleted_at=None,
        failures=0,
        paused_until=None,
        tokens=max(given["rate"], 1.0),
        tokens_at=now,
        **given,
    )
    await destinations.add(connection, destination)
    return destination, made


async def change(
    connection: Connection, destination_id: str, given: Mapping[str, Any], secret: str | None, now: datetime
) -> DestinationRecord:
    """Change the columns ``given``; what is pending goes by them."""
    destination = await _locked(connection, destination_id)
    _fit_kind(destination, given, secret)
    destination = replace(destination, **given, updated_at=now)
    if given.get("enabled") is True:
        destination = breaker.reset(destination)
    elif given.get("enabled") is False:
        destination = replace(destination, disabled_reason=_BY_HAND)
    if secret is not None:
        destination = _with_secret(destination, secret, now)
    await destinations.save(connection, destination)
    return destination


async def rotate(
    connection: Connection, destination_id: str, secret: str | None, now: datetime
) -> tuple[DestinationRecord, str | None]:
    """Change the secret, to one made here if none is given, which is returned too."""
    destination = await _locked(connection, destination_id)
    if destination.kind != DestinationKind.WEBHOOK and secret is None:
        raise ConflictError("only a webhook's secret can be made here")
    _fit_kind(destination, {}, secret)
    made = signing.new_secret() if secret is None else None
    destination = replace(_with_secret(destination, secret or str(made), now), updated_at=now)
    await destinations.save(connection, destination)
    return destination, made


async def delete(connection: Connection, destination_id: str, now: datetime) -> None:
    """Delete a destination with its secrets; what is pending is cancelled, and what was sent stays on record."""
    destination = await _locked(connection, destination_id, to_delete=True)
    gone = replace(destination, enabled=False, disabled_reason="deleted", secrets=[], deleted_at=now, updated_at=now)
    await destinations.save(connection, gone)
    await deliveries.cancel(connection, destination_id, now)


async def replay(connection: Connection, delivery_id: str, now: datetime) -> DeliveryRecord:
    """Begin a delivery again, whatever became of it; one that is being sent now is left alone."""
    delivery = await deliveries.get(connection, delivery_id)
    if delivery is None:
        raise NotFoundError("there is no such delivery")
    known = await destinations.locked(connection, [delivery.destination_id])
    await _resume(connection, known[delivery.destination_id])
    await deliveries.begin_again(connection, delivery_id, now)
    return await deliveries.get(connection, delivery_id) or delivery


async def replay_dead(connection: Connection, destination_id: str, now: datetime) -> int:
    """Begin all dead letters of a destination again; return how many."""
    await _resume(connection, await _locked(connection, destination_id))
    return await deliveries.begin_dead_again(connection, destination_id, now)


async def _locked(connection: Connection, destination_id: str, *, to_delete: bool = False) -> DestinationRecord:
    """Return a destination that nothing else changes meanwhile."""
    found = await destinations.locked(connection, [destination_id], to_delete=to_delete)
    destination = found.get(destination_id)
    if destination is None or destination.deleted_at is not None:
        raise NotFoundError("there is no such destination")
    return destination


def _fit_kind(destination: DestinationRecord, given: Mapping[str, Any], secret: str | None) -> None:
    """Refuse what a kind has no use for."""
    if destination.kind == DestinationKind.NATS:
        return
    if destination.kind == DestinationKind.HELP_DESK:
        if secret is not None or not _BY_SETTINGS.isdisjoint(given):
            raise RefusedError("a help desk is set up by its [channels] table in recupera.toml")
        return
    if "subject" in given:
        raise RefusedError("a subject is only for kind nats")
    if secret is not None:
        try:
            signing.check_secret(secret)
        except ValueError as error:
            raise RefusedError(f"the secret {error}") from None


def _with_secret(destination: DestinationRecord, secret: str, now: datetime) -> DestinationRecord:
    """Return a destination with another secret; only signatures can be made with two at once."""
    known = destination.secrets if destination.kind == DestinationKind.WEBHOOK else []
    return replace(destination, secrets=signing.rotated(known, secret, now))


async def _resume(connection: Connection, destination: DestinationRecord) -> None:
    """End a pause, as somebody wants to see now; refuse to begin what would not be sent."""
    if destination.deleted_at is not None:
        raise ConflictError("the destination was deleted")
    if not destination.enabled:
        raise ConflictError("the destination is disabled; enable it first")
    await destinations.save(connection, replace(destination, paused_until=None), ["paused_until"])
