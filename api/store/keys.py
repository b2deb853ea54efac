"""API keys, and whether anybody has taken charge of the service yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from api.store import rows
from api.store.database import Connection
from api.store.tables import accounts, api_keys

__all__ = ["Census", "KeyRecord", "add", "census", "get", "named", "page", "save", "successors", "usable", "use"]


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key, without the key: ``digest`` is what is kept of it, ``prefix`` what is shown.

    ``requests`` a minute, where it has a limit of its own. ``rotated_from`` is the id of the key that it replaced.
    """

    id: str
    name: str
    prefix: str
    digest: str = field(repr=False)
    scopes: Sequence[str]
    requests: int | None
    created_at: datetime
    created_by: str
    changed_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None
    rotated_from: str | None = None

    def is_usable(self, now: datetime) -> bool:
        """Say whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Census:
    """What tells whether keys have changed; ``keys`` counts also those that open nothing any more.

    Every change makes a key or revokes one, so the counts tell it whatever the clocks of machines say.
    """

    keys: int
    revoked: int
    changed_at: datetime | None
    claimed: bool


async def census(connection: Connection) -> Census:
    """Count the keys. The service is claimed for good once the first key or account was made.

    A key that was revoked stays in the table, and the last account is not removed.
    """
    latest = sa.func.max(api_keys.c.changed_at, type_=api_keys.c.changed_at.type)
    query = sa.select(sa.func.count(), sa.func.count(api_keys.c.revoked_at), latest)
    keys, revoked, changed = (await connection.execute(query.select_from(api_keys))).one()
    people = (await connection.execute(sa.select(sa.exists().where(accounts.c.id.is_not(None))))).scalar_one()
    return Census(keys, revoked, changed, claimed=keys > 0 or bool(people))


async def usable(connection: Connection, now: datetime) -> list[KeyRecord]:
    """Return the keys that open something."""
    live = (api_keys.c.revoked_at.is_(None), sa.or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now))
    return await rows.fetch(connection, api_keys, KeyRecord, *live)


async def add(connection: Connection, key: KeyRecord) -> None:
    """Store a new key."""
    await rows.insert(connection, api_keys, [key])


async def get(connection: Connection, key_id: str, *, lock: bool = False) -> KeyRecord | None:
    """Return a key by its id; ``lock`` it until the transaction ends."""
    return await rows.fetch_one(connection, api_keys, KeyRecord, api_keys.c.id == key_id, lock=lock)


async def named(connection: Connection, name: str) -> list[KeyRecord]:
    """Return the keys that are not revoked with this id, prefix or name."""
    columns = (api_keys.c.id, api_keys.c.prefix, api_keys.c.name)
    found = sa.or_(*(column == name for column in columns))
    return await rows.fetch(connection, api_keys, KeyRecord, found, api_keys.c.revoked_at.is_(None))


async def successors(connection: Connection, key_id: str) -> list[KeyRecord]:
    """Return the keys that were made to replace one, the first of them first."""
    return await rows.fetch(connection, api_keys, KeyRecord, api_keys.c.rotated_from == key_id)


async def page(connection: Connection, *, before: str | None, limit: int) -> list[KeyRecord]:
    """Return the newest ``limit`` keys made before the one called ``before``, newest first."""
    return await rows.page(connection, api_keys, KeyRecord, [] if before is None else [api_keys.c.id < before], limit)


async def save(connection: Connection, key: KeyRecord) -> None:
    """Store when a key ends and was changed."""
    ends = {"expires_at": key.expires_at, "revoked_at": key.revoked_at, "changed_at": key.changed_at}
    await connection.execute(api_keys.update().where(api_keys.c.id == key.id).values(ends))


async def use(connection: Connection, moments: Mapping[str, datetime]) -> None:
    """Store when keys were last used, by id."""
    for key_id, moment in sorted(moments.items()):
        later = sa.or_(api_keys.c.used_at.is_(None), api_keys.c.used_at < moment)
        await connection.execute(api_keys.update().where(api_keys.c.id == key_id, later).values(used_at=moment))
