"""The help desks as the service runs them: doors for what arrives, and senders for what is written back."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

from api.channels import chatwoot, freshdesk, generic, signatures, zammad, zendesk
from api.channels.arrival import Reading
from api.channels.corrections import Corrections
from api.channels.desk import Client, Desk
from api.channels.inbound import Inbound, Line, taken_in
from api.channels.pace import Pace
from api.channels.settings import (
    ChannelSettings,
    ChannelsSettings,
    DeskSettings,
    GenericSettings,
    ZendeskSettings,
    from_environment,
)
from api.channels.signatures import Verify
from api.channels.writeback import Desks, HelpDeskSender, OpenDesk
from api.delivery.destinations import create, delete
from api.delivery.guard import AllowList, Guard
from api.delivery.sender import Sender
from api.delivery.transport import GuardedTransport
from api.intake import Intake
from api.settings import DeliverySettings
from api.store import destinations
from api.store.database import Connection, Store
from api.store.destinations import DestinationKind
from api.store.inbound import InboundKind
from api.store.records import EventType
from classifier.errors import InputError

__all__ = ["Channels", "Door", "open_channels", "opened"]

_EVENTS: Final = (EventType.MESSAGE_CLASSIFIED,)
_CONCURRENCY: Final = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Door:
    """Where one vendor's webhooks come in: who may send, how a body is parsed, what it tells."""

    settings: ChannelSettings
    verify: Verify
    parse: Callable[[bytes], Any]
    read: Callable[[Any, Any, datetime], Reading]


@dataclass(frozen=True, slots=True)
class Vendor:
    """What is particular to one vendor."""

    read: Callable[[Any, Any, datetime], Reading]
    signature: Callable[[Any, Sequence[str], timedelta], Verify]
    desk: Callable[[Any, str, Callable[..., Client]], Desk] | None = None
    parse: Callable[[bytes], Any] = lambda body: json.loads(body, strict=False)


def _chatwoot_desk(_settings: Any, token: str, client: Callable[..., Client]) -> Desk:
    return chatwoot.ChatwootDesk(client(headers={"api_access_token": token}))


def _zendesk_desk(settings: ZendeskSettings, token: str, client: Callable[..., Client]) -> Desk:
    if settings.user is None:
        return zendesk.ZendeskDesk(client(headers={"Authorization": f"Bearer {token}"}))
    return zendesk.ZendeskDesk(client(auth=(f"{settings.user}/token", token)))


def _freshdesk_desk(_settings: Any, token: str, client: Callable[..., Client]) -> Desk:
    return freshdesk.FreshdeskDesk(client(auth=(token, "X")))


def _zammad_desk(_settings: Any, token: str, client: Callable[..., Client]) -> Desk:
    return zammad.ZammadDesk(client(headers={"Authorization": f"Token token={token}"}))


def _generic_signature(settings: GenericSettings, secrets: Sequence[str], tolerance: timedelta) -> Verify:
    return signatures.scheme(settings.signature, secrets, tolerance)


def _no_signature(_settings: Any, _secrets: Sequence[str], _tolerance: timedelta) -> Verify:
    raise InputError("channels.freshdesk: Freshdesk signs nothing; set verify to token")


VENDORS: Final[Mapping[str, Vendor]] = {
    "chatwoot": Vendor(chatwoot.read, lambda _, *given: signatures.chatwoot(*given), _chatwoot_desk),
    "zendesk": Vendor(zendesk.read, lambda _, *given: signatures.zendesk(*given), _zendesk_desk, zendesk.parse),
    "freshdesk": Vendor(freshdesk.read, _no_signature, _freshdesk_desk),
    "zammad": Vendor(zammad.read, lambda _, *given: signatures.zammad(*given), _zammad_desk),
    "generic": Vendor(generic.read, _generic_signature),
}


@dataclass(frozen=True, slots=True)
class Channels:
    """Present once the database is open. What arrives is kept from then on, and looked at once the model is there."""

    doors: Mapping[str, Door]
    desks: Desks
    inbound: Inbound
    store: Store
    senders: Mapping[str, Sender]

    def start(self, intake: Intake) -> None:
        """Begin to look at what arrived."""
        corrections = Corrections(self.store, self.desks)
        if self.doors:
            messages, tags = (
                Line(InboundKind.MESSAGE, taken_in(intake)),
                Line(InboundKind.TAGS, corrections.take, at_once=16),
            )
            self.inbound.start([messages, tags])

    async def stop(self) -> None:
        """End; what is still to be looked at stays in the database."""
        await self.inbound.stop()


async def open_channels(store: Store, settings: ChannelsSettings, delivery: DeliverySettings) -> Channels:
    """Return the help desks that are set up; raise ``InputError`` where a secret is missing."""
    given = settings.given()
    written = {
        name: _opened(name, desk, delivery)
        for name, desk in given.items()
        if isinstance(desk, DeskSettings) and desk.writes
    }
    desks = Desks(written)
    async with store.write() as connection:
        await _fit_destinations(connection, written, datetime.now(UTC))
    sender = HelpDeskSender(store, desks, timeout_seconds=delivery.timeout_seconds)
    doors = {name: _door(name, channel) for name, channel in given.items()}
    return Channels(doors, desks, Inbound(store), store, {DestinationKind.HELP_DESK: sender})


def _door(name: str, settings: ChannelSettings) -> Door:
    """Return a door with the check that the settings ask for."""
    vendor = VENDORS[name]
    secrets = from_environment(name, settings.secret_env)
    if settings.verify == "none":
        log.warning("channels.%s: anybody who knows the address can send messages; set verify", name)
        verify: Verify = signatures.nobody
    elif settings.verify == "token":
        verify = signatures.token(secrets)
    else:
        verify = vendor.signature(settings, secrets, timedelta(seconds=settings.tolerance_seconds))
    return Door(settings, verify, vendor.parse, vendor.read)


def _opened(name: str, settings: DeskSettings, delivery: DeliverySettings) -> OpenDesk:
    pace = Pace(settings.requests_a_minute)
    return OpenDesk(_desk(name, settings, delivery, pace), settings, pace)


def _desk(name: str, settings: DeskSettings, delivery: DeliverySettings, pace: Pace) -> Desk:
    """Return the interface of a help desk; its own host may be a private one, as the operator wrote it."""
    (token,) = from_environment(name, (str(settings.token_env),))
    make = VENDORS[name].desk
    assert make is not None  # noqa: S101 - whoever has DeskSettings has a desk
    guard = Guard(AllowList.parse((*delivery.allow, str(urlsplit(settings.url).hostname))))

    def client(**options: Any) -> Client:
        seconds = delivery.timeout_seconds
        return Client(GuardedTransport(guard), str(settings.url), timeout_seconds=seconds, pace=pace, **options)

    return make(settings, token, client)


async def _fit_destinations(connection: Connection, written: Mapping[str, OpenDesk], now: datetime) -> None:
    """Make a destination of each help desk that is written to, and delete those that are not any more."""
    known = {str(item.subject): item for item in await destinations.of_kind(connection, DestinationKind.HELP_DESK)}
    for name in known.keys() - written.keys():
        await delete(connection, known[name].id, now)
    for name, desk in written.items():
        set_up = _set_up(name, desk)
        if name not in known:
            new = {"kind": DestinationKind.HELP_DESK, "subject": name, "enabled": True, "concurrency": _CONCURRENCY}
            await create(connection, {**set_up, **new}, None, now)
        else:
            changed = replace(known[name], **set_up, updated_at=now)
            await destinations.save(connection, changed, [*set_up, "updated_at"])


def _set_up(name: str, desk: OpenDesk) -> dict[str, Any]:
    """Return what the settings say of a destination; its rate in messages a second, not requests a minute."""
    return {
        "name": name,
        "url": str(desk.settings.url),
        "events": list(_EVENTS),
        "filter": {"channel": [name]},
        "rate": desk.settings.requests_a_minute / 60 / desk.desk.requests,
    }


async def opened(request: Request) -> Channels:
    """Return the help desks; ask to come back while the database is being opened."""
    channels: Channels | None = request.app.state.channels
    if channels is None:
        raise HTTPException(503, "the service is starting", headers={"Retry-After": "1"})
    return channels
