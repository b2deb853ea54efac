"""Who is told of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from api.store import rows
from api.store.database import Connection
from api.store.tables import destinations
from api.store.vault import SETTING, Vault
from classifier.errors import InputError

__all__ = [
    "MOVING",
    "DestinationKind",
    "DestinationRecord",
    "add",
    "from_row",
    "get",
    "live",
    "locked",
    "of_kind",
    "page",
    "save",
    "seal",
]

MOVING: Final = ("enabled", "disabled_reason", "failures", "paused_until", "tokens", "tokens_at")
"""The columns that sending changes."""

_LIVE: Final = (
    destinations.select()
    .where(destinations.c.deleted_at.is_(None))
    .order_by(destinations.c.id)
    .with_for_update(read=True, key_share=True)
)


class DestinationKind(StrEnum):
    """How a destination is spoken to."""

    WEBHOOK = "webhook"  # an HTTP POST
    NATS = "nats"  # a message in a JetStream stream
    HELP_DESK = "helpdesk"  # tags and a note in the conversation, by the settings of its channel


@dataclass(frozen=True, slots=True)
class DestinationRecord:
    """A destination: what it wants, what it may be burdened with, and how it fares.

    ``secrets``: ``{"secret", "expires_at"}``, the one in use first, without ``expires_at``. ``rate`` is deliveries a
    second.
    """

    id: str
    name: str
    kind: str
    url: str
    subject: str | None
    events: Sequence[str]
    filter: Mapping[str, Any]
    secrets: Sequence[Mapping[str, Any]] = field(repr=False)
    rate: float
    concurrency: int
    enabled: bool
    disabled_reason: str | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    failures: int
    paused_until: datetime | None
    tokens: float
    tokens_at: datetime


async def add(connection: Connection, destination: DestinationRecord) -> None:
    """Store a new destination."""
    await rows.insert(connection, destinations, [_sealed(connection, destination)])


async def get(connection: Connection, destination_id: str) -> DestinationRecord | None:
    """Return one that is not deleted."""
    live = (destinations.c.id == destination_id, destinations.c.deleted_at.is_(None))
    found = await rows.fetch_one(connection, destinations, DestinationRecord, *live)
    return found and _opened(connection, found)


async def of_kind(connection: Connection, kind: DestinationKind) -> list[DestinationRecord]:
    """Return those of a kind that are not deleted."""
    live = (destinations.c.kind == kind, destinations.c.deleted_at.is_(None))
    found = await rows.fetch(connection, destinations, DestinationRecord, *live)
    return [_opened(connection, destination) for destination in found]


async def locked(
    connection: Connection, ids: Sequence[str], *, to_delete: bool = False
) -> dict[str, DestinationRecord]:
    """Return destinations by id, also deleted ones, that nothing else changes until the transaction ends.

    Whoever changes deliveries locks their destination first, several in the order of their ids: no two wait for each
    other. ``to_delete`` also waits for deliveries that are being made.
    """
    query = destinations.select().where(destinations.c.id.in_(ids)).order_by(destinations.c.id)
    found = await connection.execute(query.with_for_update(key_share=not to_delete))
    return {row["id"]: from_row(connection, row) for row in found.mappings()}


async def live(connection: Connection) -> list[DestinationRecord]:
    """Return those that are not deleted, and keep them so until the transaction ends."""
    found = await connection.execute(_LIVE)
    return [from_row(connection, row) for row in found.mappings()]


async def page(connection: Connection, *, before: str | None, limit: int) -> list[DestinationRecord]:
    """Return the newest ``limit`` destinations made before the one called ``before``, newest first."""
    where: list[sa.ColumnElement[bool]] = [destinations.c.deleted_at.is_(None)]
    if before is not None:
        where.append(destinations.c.id < before)
    found = await rows.page(connection, destinations, DestinationRecord, where, limit)
    return [_opened(connection, destination) for destination in found]


async def save(connection: Connection, destination: DestinationRecord, only: Sequence[str] | None = None) -> None:
    """Store a destination as it is now, or ``only`` some of its columns."""
    if only is None or "secrets" in only:
        destination = _sealed(connection, destination)
    values = rows.values(destination)
    kept = values if only is None else {name: values[name] for name in only}
    await connection.execute(destinations.update().where(destinations.c.id == destination.id).values(kept))


def from_row(connection: Connection, row: Mapping[Any, Any]) -> DestinationRecord:
    """Return a record whose secrets can be used."""
    return _opened(connection, DestinationRecord(**row))


async def seal(connection: Connection) -> int:
    """Encrypt every secret by the newest key of the connection's vault; return how many destinations that changed.

    Raise ``InputError`` if secrets are encrypted by a key that is not there any more.
    """
    vault = _vault(connection)
    query = sa.select(destinations.c.id, destinations.c.secrets).order_by(destinations.c.id).with_for_update()
    changed = 0
    for name, secrets in (await connection.execute(query)).all():
        if vault is None and any("sealed" in secret for secret in secrets):
            raise InputError(f"the secrets of destinations are encrypted: set {SETTING} to the key")
        if vault is None or all(vault.is_current(secret) for secret in secrets):
            continue
        renewed = [vault.seal(vault.open(secret)) for secret in secrets]
        await connection.execute(destinations.update().where(destinations.c.id == name).values(secrets=renewed))
        changed += 1
    return changed


def _vault(connection: Connection) -> Vault | None:
    """Return the vault of the store that lent a connection, ``None`` if it has no key."""
    lent = connection.sync_connection
    return lent.get_execution_options().get("vault") if lent is not None else None


def _sealed(connection: Connection, destination: DestinationRecord) -> DestinationRecord:
    vault = _vault(connection)
    return destination if vault is None else replace(destination, secrets=[vault.seal(s) for s in destination.secrets])


def _opened(connection: Connection, destination: DestinationRecord) -> DestinationRecord:
    vault = _vault(connection)
    return destination if vault is None else replace(destination, secrets=[vault.open(s) for s in destination.secrets])
