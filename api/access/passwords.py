"""Passwords: hashed by argon2id away from the event loop, a few at a time.

Whoever guesses waits in a lane of their own, so that no number of wrong passwords keeps a right one waiting.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.access.signin_settings import SignInSettings
from classifier.errors import InputError

__all__ = ["LONGEST", "SHORTEST", "BusyError", "Passwords", "check_password"]

T = TypeVar("T")
SHORTEST: Final = 12
LONGEST: Final = 256
_FEWEST_DIFFERENT: Final = 5
_AT_ONCE: Final = 2
_GUESSES_AT_ONCE: Final = 1
_MOST_WAITING: Final = 64


class BusyError(Exception):
    """Too many passwords are waiting to be looked at; the same one may be tried again in a moment."""


def check_password(password: str, username: str) -> None:
    """Raise ``InputError`` that says what a new password lacks."""
    written = _normal(password)
    if len(written) < SHORTEST:
        raise InputError(f"a password needs at least {SHORTEST} characters")
    if len(written) > LONGEST:
        raise InputError(f"a password has at most {LONGEST} characters")
    plain = written.casefold()
    if len(set(plain)) < _FEWEST_DIFFERENT or username.partition("@")[0].casefold() in plain or "recupera" in plain:
        raise InputError("this password is too easy to guess: it repeats itself, or holds the user name")


class Passwords:
    """Hashes and compares; made once, because it bounds how much is done at once."""

    def __init__(self, settings: SignInSettings) -> None:
        self._hasher = PasswordHasher(settings.passes, settings.memory_kib, settings.lanes)
        self._threads = ThreadPoolExecutor(_AT_ONCE + _GUESSES_AT_ONCE, thread_name_prefix="password")
        self._lanes = {False: _Lane(_AT_ONCE), True: _Lane(_GUESSES_AT_ONCE)}
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """Return what to store of a password."""
        return await self._do(lambda: self._hasher.hash(_normal(password)), guessing=False)

    async def matches(self, password: str, stored: str | None, *, guessing: bool = False) -> bool:
        """Say whether a password is the stored one; without a stored one it takes as long, and is not.

        ``guessing`` marks a caller who was wrong before. Raise ``BusyError`` if too many wait.
        """
        if len(password) > LONGEST:
            return False
        if stored is None and self._nobody is None:
            self._nobody = await self.hash("nobody has this password")
        against = stored or self._nobody or ""
        return await self._do(lambda: self._same(password, against), guessing=guessing) and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Say whether a password should be hashed anew, with the present settings."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _same(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, _normal(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _do(self, work: Callable[[], T], *, guessing: bool) -> T:
        lane = self._lanes[guessing]
        if lane.waiting >= _MOST_WAITING:
            raise BusyError
        lane.waiting += 1
        try:
            async with lane.turn:
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            lane.waiting -= 1


class _Lane:
    """Who waits for a thread."""

    def __init__(self, at_once: int) -> None:
        self.turn = asyncio.Semaphore(at_once)
        self.waiting = 0


def _normal(password: str) -> str:
    """Return a password in one form, however a keyboard composes its accents (RFC 8265, section 4.2)."""
    return unicodedata.normalize("NFC", password)
