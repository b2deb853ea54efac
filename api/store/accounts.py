"""Accounts of people, and the sessions that they have open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api.store import rows
from api.store.database import Connection
from api.store.tables import accounts, sessions

__all__ = [
    "AccountRecord",
    "SessionRecord",
    "add",
    "any_exists",
    "begin",
    "by_subject",
    "by_username",
    "end",
    "end_all",
    "end_by_digest",
    "end_over",
    "every",
    "get",
    "remove",
    "save",
    "session",
    "sessions_of",
    "touch",
]


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A person. ``password`` is a hash by argon2, ``subject`` what an OpenID provider calls them: one of both is there.

    ``username`` is what they type, in small letters; ``name`` what others see.
    """

    id: str
    username: str
    name: str
    role: str
    password: str | None
    subject: str | None
    created_at: datetime
    password_at: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A browser in which somebody is signed in; ``digest`` is of the secret in its cookie, which is nowhere stored.

    ``address`` and ``agent`` are for the person, to tell their browsers apart.
    """

    id: str
    account_id: str
    digest: str
    began_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str
    agent: str


async def any_exists(connection: Connection) -> bool:
    """Say whether there is an account."""
    return (await connection.execute(sa.select(accounts.c.id).limit(1))).first() is not None


async def every(connection: Connection) -> list[AccountRecord]:
    """Return all accounts, by user name."""
    return await rows.fetch(connection, accounts, AccountRecord, order="username")


async def get(connection: Connection, account_id: str) -> AccountRecord | None:
    """Return an account."""
    return await rows.fetch_one(connection, accounts, AccountRecord, accounts.c.id == account_id)


async def by_username(connection: Connection, username: str) -> AccountRecord | None:
    """Return the account with a user name."""
    return await rows.fetch_one(connection, accounts, AccountRecord, accounts.c.username == username)


async def by_subject(connection: Connection, subject: str) -> AccountRecord | None:
    """Return the account of somebody whom an OpenID provider knows."""
    return await rows.fetch_one(connection, accounts, AccountRecord, accounts.c.subject == subject)


async def add(connection: Connection, account: AccountRecord) -> None:
    """Store a new account."""
    await rows.insert(connection, accounts, [account])


async def save(connection: Connection, account_id: str, **changed: Any) -> None:
    """Change columns of an account."""
    await connection.execute(accounts.update().where(accounts.c.id == account_id).values(changed))


async def remove(connection: Connection, account_id: str) -> None:
    """Delete an account, and end its sessions."""
    await connection.execute(accounts.delete().where(accounts.c.id == account_id))


async def begin(connection: Connection, opened: SessionRecord) -> None:
    """Store a new session."""
    await rows.insert(connection, sessions, [opened])


async def session(
    connection: Connection, digest: str, now: datetime, idle: timedelta
) -> tuple[SessionRecord, AccountRecord] | None:
    """Return the session with a digest and whose it is, unless it is over or nobody used it for ``idle``."""
    lasting = (sessions.c.ends_at > now, sessions.c.seen_at > now - idle)
    found = await rows.fetch_one(connection, sessions, SessionRecord, sessions.c.digest == digest, *lasting)
    account = found and await get(connection, found.account_id)
    return (found, account) if found and account else None


async def touch(connection: Connection, session_id: str, now: datetime) -> None:
    """Note that a session was used."""
    await connection.execute(sessions.update().where(sessions.c.id == session_id).values(seen_at=now))


async def sessions_of(connection: Connection, account_id: str, now: datetime, idle: timedelta) -> list[SessionRecord]:
    """Return the sessions of an account that last, in the order in which they began."""
    lasting = (sessions.c.ends_at > now, sessions.c.seen_at > now - idle)
    return await rows.fetch(connection, sessions, SessionRecord, sessions.c.account_id == account_id, *lasting)


async def end(connection: Connection, account_id: str, session_id: str) -> None:
    """End a session of an account."""
    own = (sessions.c.account_id == account_id, sessions.c.id == session_id)
    await connection.execute(sessions.delete().where(*own))


async def end_by_digest(connection: Connection, digest: str) -> None:
    """End the session with a digest."""
    await connection.execute(sessions.delete().where(sessions.c.digest == digest))


async def end_all(connection: Connection, account_id: str, *, but: str | None = None) -> None:
    """End the sessions of an account, or all others than one."""
    where = [sessions.c.account_id == account_id] + ([sessions.c.id != but] if but else [])
    await connection.execute(sessions.delete().where(*where))


async def end_over(connection: Connection, now: datetime, idle: timedelta) -> None:
    """Delete the sessions that are over."""
    await connection.execute(
        sessions.delete().where(sa.or_(sessions.c.ends_at <= now, sessions.c.seen_at <= now - idle))
    )
