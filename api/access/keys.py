"""Keys are made, changed for another, and revoked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from api.access.keyring import SECRET
from api.access.scopes import Scope
from api.access.tokens import digest, new_token, prefix_of
from api.errors import ConflictError, NotFoundError
from api.store import keys
from api.store.database import Connection
from api.store.identifiers import new_id
from api.store.keys import KeyRecord
from api.store.secrets import server_secret

__all__ = ["GRACE", "LONGEST_GRACE", "LONGEST_NAME", "Wanted", "create", "revoke", "rotate", "state_of"]

GRACE: Final = timedelta(days=1)
LONGEST_GRACE: Final = timedelta(days=30)
LONGEST_NAME: Final = 64
_LAST: Final = datetime(9999, 12, 30, tzinfo=UTC)
"""No key is given a later end: in some time zones it would be of a year that can't be told."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key to be made: what it is for, what it may do, until when, and how many requests a minute."""

    name: str
    scopes: Collection[Scope]
    expires_at: datetime | None = None
    requests: int | None = None


async def create(
    connection: Connection, wanted: Wanted, *, by: str, now: datetime, rotated_from: str | None = None
) -> tuple[KeyRecord, str]:
    """Make a key; return what is stored and the key itself, which can't be had again."""
    token = new_token()
    record = KeyRecord(
        id=new_id(),
        name=wanted.name,
        prefix=prefix_of(token),
        digest=digest(token, await server_secret(connection, SECRET)),
        scopes=[scope.value for scope in Scope if scope in wanted.scopes],
        requests=wanted.requests,
        created_at=now,
        created_by=by,
        changed_at=now,
        expires_at=wanted.expires_at,
        rotated_from=rotated_from,
    )
    await keys.add(connection, record)
    return record, token


async def rotate(
    connection: Connection, key_id: str, *, by: str, now: datetime, grace: timedelta = GRACE
) -> tuple[KeyRecord, str]:
    """Make a key that may do the same, for as long; the old one works for ``grace`` more, never longer than before.

    Whoever did not get the new key may ask again, and gets another one that lasts as long. Raise ``NotFoundError``
    without such a key, and ``ConflictError`` if it opens nothing any more.
    """
    old = await _locked(connection, key_id)
    if not old.is_usable(now):
        raise ConflictError("the key has expired or was revoked: make a new one")
    lasts = await _lifetime(connection, old)
    until = None if lasts is None else now + min(lasts, _LAST - now)
    wanted = Wanted(old.name, [Scope(scope) for scope in old.scopes], until, old.requests)
    made = await create(connection, wanted, by=by, now=now, rotated_from=old.id)
    ends = now + grace if old.expires_at is None else min(old.expires_at, now + grace)
    await keys.save(connection, replace(old, expires_at=ends, changed_at=now))
    return made


async def revoke(connection: Connection, key_id: str, *, now: datetime) -> KeyRecord:
    """Have a key open nothing any more; doing it again changes nothing. Raise ``NotFoundError`` without such a key."""
    key = await _locked(connection, key_id)
    if key.revoked_at is not None:
        return key
    revoked = replace(key, revoked_at=now, changed_at=now)
    await keys.save(connection, revoked)
    return revoked


def state_of(key: KeyRecord, now: datetime) -> str:
    """Return what has become of a key."""
    if key.revoked_at is not None:
        return "revoked"
    return "active" if key.is_usable(now) else "expired"


async def _lifetime(connection: Connection, key: KeyRecord) -> timedelta | None:
    """Return how long a key was made for, ``None`` if it was to have no end.

    A key that was rotated ends early: the first that replaced it was made for as long.
    """
    while after := await keys.successors(connection, key.id):
        key = after[0]
    return None if key.expires_at is None else key.expires_at - key.created_at


async def _locked(connection: Connection, key_id: str) -> KeyRecord:
    key = await keys.get(connection, key_id, lock=True)
    if key is None:
        raise NotFoundError("there is no such key")
    return key
