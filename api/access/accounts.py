"""Accounts of people: made, changed, and signed in to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from api.access.attempts import Attempts
from api.access.passwords import BusyError, Passwords, check_password
from api.access.scopes import Role
from api.access.sessions import Caller, begin_session
from api.access.signin_settings import SignInSettings
from api.errors import ConflictError, NotFoundError
from api.store import accounts
from api.store.accounts import AccountRecord
from api.store.database import Connection, Store, lock_together
from api.store.identifiers import new_id
from classifier.errors import InputError

__all__ = [
    "Accounts",
    "SignInError",
    "TooManyError",
    "WrongError",
    "clean_name",
    "clean_username",
    "find",
    "known_by_provider",
    "remove",
    "set_role",
]

_USERNAME: Final = re.compile(r"\w[\w.@+-]{0,126}\w", re.UNICODE)
_LONGEST_NAME: Final = 128
_LOCK: Final = "accounts"
_FEWEST_TO_REMOVE: Final = 2


class SignInError(Exception):
    """Nobody was signed in."""


class WrongError(SignInError):
    """There is no such account, or it has another password: which of both is not said."""


class TooManyError(SignInError):
    """Too many wrong passwords came from there, or too many at once: try again after ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"try again in {seconds} s")
        self.seconds = seconds


def clean_username(written: str) -> str:
    """Return a user name as it is stored; raise ``InputError`` if it can't be one."""
    name = unicodedata.normalize("NFKC", written).strip().casefold()
    if not _USERNAME.fullmatch(name):
        raise InputError("a user name has 2 to 128 letters, digits, and . _ - @ + between them")
    return name


async def find(connection: Connection, username: str) -> AccountRecord:
    """Return the account of a user name; raise ``NotFoundError`` if there is none."""
    found = await accounts.by_username(connection, clean_username(username))
    if found is None:
        raise NotFoundError("there is no account of this user name")
    return found


Also = Callable[[Connection, AccountRecord], Awaitable[None]]
"""What else a change of an account does, in its transaction."""


async def _nothing(_connection: Connection, _account: AccountRecord) -> None:
    """Do nothing else."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """What is needed to make accounts and to sign in."""

    settings: SignInSettings
    passwords: Passwords
    attempts: Attempts

    @classmethod
    def open(cls, settings: SignInSettings) -> Accounts:
        """Return it with nothing counted yet."""
        return cls(settings, Passwords(settings), Attempts())

    async def add(
        self, store: Store, username: str, role: Role, password: str, name: str = "", *, also: Also = _nothing
    ) -> AccountRecord:
        """Make an account; ``also`` is done in the same transaction.

        Raise ``InputError`` if name or password are unfit, ``ConflictError`` if there is one.
        """
        cleaned = clean_username(username)
        check_password(password, cleaned)
        now = datetime.now(UTC)
        account = AccountRecord(
            id=new_id(),
            username=cleaned,
            name=clean_name(name) or cleaned,
            role=role,
            password=await self.passwords.hash(password),
            subject=None,
            created_at=now,
            password_at=now,
            seen_at=None,
        )
        async with store.write() as connection:
            await _add(connection, account)
            await also(connection, account)
        return account

    async def sign_in(self, store: Store, username: str, password: str, caller: Caller) -> str:
        """Return the secret of a new session; raise ``WrongError`` or ``TooManyError``.

        A name that nobody has takes as long as one that somebody has.
        """
        try:
            cleaned = clean_username(username)
        except InputError:
            cleaned = ""
        async with store.read() as connection:
            account = await accounts.by_username(connection, cleaned) if cleaned else None
        await self._compare(cleaned, password, account, caller)
        if account is None or account.password is None:
            raise WrongError
        outdated = self.passwords.is_outdated(account.password)
        fresh = await self.passwords.hash(password) if outdated else None
        async with store.write() as connection:
            present = await accounts.get(connection, account.id)
            if present is None or present.password != account.password:
                raise WrongError
            if fresh is not None:
                await accounts.save(connection, account.id, password=fresh)
            return await begin_session(connection, account, caller, datetime.now(UTC), self.settings)

    async def change_password(
        self, store: Store, account: AccountRecord, present: str, password: str, caller: Caller
    ) -> str:
        """Give an account a new password, end all its sessions, and return the secret of a new one.

        Raise ``WrongError`` if ``present`` is not the password, ``TooManyError``, or ``InputError`` if the new one is
        unfit.
        """
        check_password(password, account.username)
        await self._compare(account.username, present, account, caller)
        await self.set_password(store, account, password)
        async with store.write() as connection:
            return await begin_session(connection, account, caller, datetime.now(UTC), self.settings)

    async def set_password(self, store: Store, account: AccountRecord, password: str, *, also: Also = _nothing) -> None:
        """Give an account a new password, and end all its sessions; ``also`` is done in the same transaction.

        Raise ``InputError`` if the password is unfit.
        """
        check_password(password, account.username)
        hashed = await self.passwords.hash(password)
        async with store.write() as connection:
            await accounts.save(connection, account.id, password=hashed, password_at=datetime.now(UTC))
            await accounts.end_all(connection, account.id)
            await also(connection, account)

    async def _compare(self, username: str, password: str, account: AccountRecord | None, caller: Caller) -> None:
        """Return if a password is that of an account; count it if not."""
        seconds = self.attempts.wait(username, caller.address)
        if seconds > 0:
            raise TooManyError(seconds)
        guessing = self.attempts.begin(username, caller.address)
        stored = None if account is None else account.password
        try:
            right = await self.passwords.matches(password, stored, guessing=guessing)
        except BusyError:
            raise TooManyError(1) from None
        if not right:
            raise WrongError
        self.attempts.right(username, caller.address)


async def remove(connection: Connection, account: AccountRecord) -> None:
    """Remove an account and end its sessions.

    Raise ``ConflictError`` for the last one, which keeps the service shut.
    """
    await lock_together(connection, _LOCK)
    if len(await accounts.every(connection)) < _FEWEST_TO_REMOVE:
        raise ConflictError(f"{account.username} is the last account: without one the service would be open again")
    await accounts.remove(connection, account.id)


async def set_role(connection: Connection, account: AccountRecord, role: Role) -> None:
    """Give a person another role; it holds from their next request on."""
    await accounts.save(connection, account.id, role=role)


async def known_by_provider(
    connection: Connection, subject: str, username: str, name: str, role: Role
) -> AccountRecord:
    """Return the account of somebody who signed in by an OpenID provider, made or brought up to date.

    It is found by ``subject`` alone: an account of the same user name that has a password stays another person's.
    """
    await lock_together(connection, _LOCK)
    found = await accounts.by_subject(connection, subject)
    if found is not None:
        await accounts.save(connection, found.id, name=name, role=role)
        return replace(found, name=name, role=role)
    account_id = new_id()
    taken = await accounts.by_username(connection, username) is not None
    account = AccountRecord(
        id=account_id,
        username=f"{username[:110]}+{account_id[-12:]}" if taken else username,
        name=name,
        role=role,
        password=None,
        subject=subject,
        created_at=datetime.now(UTC),
        password_at=None,
        seen_at=None,
    )
    await accounts.add(connection, account)
    return account


def clean_name(written: str) -> str:
    """Return what others see of a person's name."""
    return " ".join("".join(filter(str.isprintable, written)).split())[:_LONGEST_NAME]


async def _add(connection: Connection, account: AccountRecord) -> None:
    await lock_together(connection, _LOCK)
    if await accounts.by_username(connection, account.username) is not None:
        raise ConflictError(f"there is an account {account.username} already")
    await accounts.add(connection, account)
