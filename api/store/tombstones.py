"""Names of erased messages, hashed: one that is delivered once more is known again, and stays away."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from api.store.database import Connection
from api.store.tables import tombstones

__all__ = ["bury", "erased_mails", "is_buried", "key_name", "mail_name", "message_name"]

_DOMAIN: Final = b"recupera tombstone\0"


def message_name(channel: str, external_id: str) -> str:
    """Return what a message is buried by."""
    return f"message\0{channel}\0{external_id}"


def key_name(key: str) -> str:
    """Return what an idempotency key is buried by."""
    return f"key\0{key}"


def mail_name(digest: str) -> str:
    """Return what a mail is buried by, in whatever mailbox and folder it lies."""
    return f"mail\0{digest}"


async def bury(connection: Connection, names: Iterable[str], at: datetime) -> None:
    """Remember that these are erased."""
    found = [{"digest": _digest(name), "at": at} for name in sorted(set(names))]
    if found:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        await connection.execute(dialect.insert(tombstones).on_conflict_do_nothing(), found)


async def is_buried(connection: Connection, *names: str) -> bool:
    """Say whether one of these was erased."""
    digests = {f"digest_{number}": _digest(name) for number, name in enumerate(names)}
    return bool((await connection.execute(_buried(tuple(digests)), digests)).scalar_one())


async def erased_mails(connection: Connection, mails: Iterable[str]) -> set[str]:
    """Return those of a batch's mails, by digest, that were erased."""
    digests = {_digest(mail_name(mail)): mail for mail in mails}
    query = sa.select(tombstones.c.digest).where(tombstones.c.digest.in_(list(digests)))
    return {digests[found] for found in (await connection.execute(query)).scalars()}


@cache
def _buried(bound: tuple[str, ...]) -> sa.Select[Any]:
    """Return the query whether one of several digests is there, made once for as many."""
    return sa.select(sa.exists().where(tombstones.c.digest.in_([sa.bindparam(name) for name in bound])))


def _digest(name: str) -> str:
    return sha256(_DOMAIN + name.encode()).hexdigest()
