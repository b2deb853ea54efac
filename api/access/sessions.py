"""Sessions of people: a random secret in a cookie, of which the database holds a digest alone.

The token that every form carries is derived from the secret, so that it belongs to one session and is stored nowhere.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.access.principal import Principal
from api.access.scopes import SCOPES_OF, Role
from api.access.signin_settings import SignInSettings
from api.store import accounts
from api.store.accounts import AccountRecord, SessionRecord
from api.store.database import Connection, Store
from api.store.identifiers import new_id

__all__ = [
    "CSRF_FIELD",
    "CSRF_HEADER",
    "Caller",
    "SignedIn",
    "begin_session",
    "cookie_of",
    "end_session",
    "find_session",
    "forget_cookie",
    "form_token",
    "is_form_token",
    "is_https",
    "keep_cookie",
    "new_secret",
    "principal_of",
    "secret_of",
]

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"
SESSION_COOKIE: Final = "recupera_session"
_SECRET_BYTES: Final = 32
_LONGEST_SECRET: Final = 64
_LONGEST_AGENT: Final = 256
_TOUCHED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in, in which session."""

    session: SessionRecord
    account: AccountRecord


@dataclass(frozen=True, slots=True)
class Caller:
    """The browser that asks: its address, and what it calls itself."""

    address: str
    agent: str

    @classmethod
    def of(cls, request: HTTPConnection) -> Caller:
        """Return who sent a request."""
        agent = "".join(filter(str.isprintable, request.headers.get("user-agent", "")))
        return cls(request.client.host if request.client else "", agent[:_LONGEST_AGENT])


def principal_of(account: AccountRecord) -> Principal:
    """Return what a person may do."""
    role = Role(account.role)
    return Principal("user", account.id, account.name, SCOPES_OF[role], role)


async def begin_session(
    connection: Connection, account: AccountRecord, caller: Caller, now: datetime, settings: SignInSettings
) -> str:
    """Open a session and return its secret: always a new one, so that nobody can have planted it before."""
    secret = new_secret()
    await accounts.end_over(connection, now, settings.idle)
    opened = SessionRecord(
        id=new_id(),
        account_id=account.id,
        digest=_digest(secret),
        began_at=now,
        seen_at=now,
        ends_at=now + settings.lasts,
        address=caller.address[:64],
        agent=caller.agent,
    )
    await accounts.begin(connection, opened)
    await accounts.save(connection, account.id, seen_at=now)
    return secret


async def find_session(
    store: Store, secret: str, now: datetime, settings: SignInSettings, *, used: bool = True
) -> SignedIn | None:
    """Return whose session a secret opens, if it lasts; that it is ``used`` is noted once a minute at most."""
    digest = _digest(secret)

    async def look(connection: Connection) -> tuple[SessionRecord, AccountRecord] | None:
        return await accounts.session(connection, digest, now, settings.idle)

    found = await store.look(look)
    if found is None:
        return None
    session, account = found
    if used and now - session.seen_at >= _TOUCHED_EVERY:

        async def touch(connection: Connection) -> None:
            await accounts.touch(connection, session.id, now)

        await store.change(touch)
    return SignedIn(session, account)


async def end_session(connection: Connection, secret: str) -> None:
    """End the session that a secret opens."""
    await accounts.end_by_digest(connection, _digest(secret))


def cookie_of(request: HTTPConnection, settings: SignInSettings, name: str) -> str:
    """Return the value of a cookie of ours; over https only of one that no other host could set."""
    return request.cookies.get(_cookie(name, https=is_https(request, settings)), "")


def secret_of(request: HTTPConnection, settings: SignInSettings, name: str = SESSION_COOKIE) -> str | None:
    """Return the secret in a cookie, by default that of the session."""
    secret = cookie_of(request, settings, name)
    return secret if 0 < len(secret) <= _LONGEST_SECRET else None


def keep_cookie(
    response: Response, request: HTTPConnection, settings: SignInSettings, value: str, name: str = SESSION_COOKIE
) -> None:
    """Put a cookie into the browser, out of reach of scripts, until it is closed."""
    https = is_https(request, settings)
    response.set_cookie(_cookie(name, https=https), value, path="/", secure=https, httponly=True, samesite="lax")


def forget_cookie(
    response: Response, request: HTTPConnection, settings: SignInSettings, name: str = SESSION_COOKIE
) -> None:
    """Take a cookie out of the browser."""
    https = is_https(request, settings)
    response.delete_cookie(_cookie(name, https=https), path="/", secure=https, httponly=True, samesite="lax")


def new_secret() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def form_token(secret: str) -> str:
    """Return the token that forms of a session carry."""
    return hmac.digest(secret.encode(), b"recupera: forms of a session", "sha256").hex()


def is_form_token(secret: str, token: str) -> bool:
    """Say whether a form's token is that of the session."""
    return hmac.compare_digest(form_token(secret).encode(), token.encode("utf-8", "replace"))


def is_https(request: HTTPConnection, settings: SignInSettings) -> bool:
    """Say whether the browser came by https."""
    return settings.https or request.url.scheme == "https"


def _cookie(name: str, *, https: bool) -> str:
    return f"__Host-{name}" if https else name


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
