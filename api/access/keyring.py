"""The keys that open something, in memory: a request pays no look into the database.

All processes read the table again every second while they are asked, so what one changes the others know soon: a
revoked key is refused within two seconds, and an open service closes as quickly once the first key is made.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from api.access.tokens import digest, is_well_formed, prefix_of
from api.observability import traced
from api.store import keys
from api.store.database import Connection, Store, UnavailableError
from api.store.keys import Census, KeyRecord
from api.store.secrets import server_secret

__all__ = ["SECRET", "Keyring"]

SECRET: Final = "keys"  # noqa: S105 - a name
"""Which of the server's secrets keys are hashed under."""

_FRESH_SECONDS: Final = 1.0
_STALE_SECONDS: Final = 2.0
_PATIENCE_SECONDS: Final = 2.0
_LONGEST_SECONDS: Final = 60.0
_AGAIN_SECONDS: Final = 0.25
_USES_EVERY: Final = timedelta(minutes=1)
log = logging.getLogger(__name__)


class Keyring:
    """Finds keys. What it knows is up to two seconds old, and up to a minute while the database is away.

    Nobody waits for a database that is known to be away.
    """

    def __init__(self, store: Store, secret: bytes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._secret = secret
        self._clock = clock
        self._census: Census | None = None
        self._keys: dict[str, KeyRecord] = {}
        self._read_at = self._began_at = -_LONGEST_SECONDS * 2
        self._reading: asyncio.Task[None] | None = None
        self._away = False
        self._changes = self._known_changes = 0
        self._turn = asyncio.Lock()
        self._uses: dict[str, datetime] = {}
        self._written: dict[str, datetime] = {}

    @classmethod
    async def open(cls, store: Store, *, clock: Callable[[], float] = time.monotonic) -> Self:
        """Read the keys of a store, however long its database takes; raise ``UnavailableError`` if it is away.

        Raise ``InputError`` if its secrets can't be decrypted.
        """
        async with store.write() as connection:
            secret = await server_secret(connection, SECRET)
        keyring = cls(store, secret, clock=clock)
        await keyring._read_soon()
        if keyring._census is None:
            raise UnavailableError("the keys can't be read")
        return keyring

    @property
    def claimed(self) -> bool:
        """Whether anybody has taken charge of the service: it is not open to everybody any more."""
        return self._census is None or self._census.claimed

    async def fresh(self) -> None:
        """See to it that what is known is fresh; raise ``UnavailableError`` if it is too old to be relied upon."""
        age, changed = self._clock() - self._read_at, self._changes != self._known_changes
        if age < _FRESH_SECONDS and not changed:
            return
        reading = self._read_soon()
        if (age < _STALE_SECONDS and not changed) or (self._away and age < _LONGEST_SECONDS):
            return
        await self._wait(reading)
        if changed and self._changes != self._known_changes and not self._away:  # that one had begun before the change
            await self._wait(self._read_soon())
        if self._clock() - self._read_at > _LONGEST_SECONDS:
            raise UnavailableError("the keys can't be read")

    async def find(self, token: str) -> KeyRecord | None:
        """Return the key that somebody shows, if it opens anything; using it is noted once a minute at most."""
        await self.fresh()
        if not is_well_formed(token):
            return None
        if prefix_of(token) not in self._keys:
            await self._read_again()
        key = self._keys.get(prefix_of(token))
        now = datetime.now(UTC)
        if key is None or not hmac.compare_digest(key.digest, digest(token, self._secret)) or not key.is_usable(now):
            return None
        self._uses[key.id] = now
        return key

    def expire(self) -> None:
        """Have the keys read again before the next answer: they were changed here."""
        self._changes += 1

    async def close(self) -> None:
        """Write down when keys were used last."""
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)
        with suppress(UnavailableError):
            await self._write_uses(self._uses)

    async def _wait(self, reading: asyncio.Task[None]) -> None:
        """Wait until the keys are read, but not for long."""
        try:
            await asyncio.wait_for(asyncio.shield(reading), _PATIENCE_SECONDS)
        except TimeoutError:
            self._away = True

    async def _read_again(self) -> None:
        """Look whether a key was made just now; those that come at once look together, four times a second at most."""
        arrived = self._clock()
        async with self._turn:
            if self._began_at > arrived:
                return
            await asyncio.sleep(self._began_at + _AGAIN_SECONDS - arrived)
            if self._reading is not None:
                await asyncio.shield(self._reading)
            await self._wait(self._read_soon())

    def _read_soon(self) -> asyncio.Task[None]:
        """Begin to read the keys, unless that is being done."""
        if self._reading is None or self._reading.done():
            self._began_at = self._clock()
            self._reading = asyncio.create_task(self._read())
        return self._reading

    async def _read(self) -> None:
        """Read what has changed; what fails is tried again by the next request."""
        began, changes = self._began_at, self._changes
        try:
            census, found = await self._store.look(self._look)
            self._census = census
            if found is not None:
                self._keys = {key.prefix: key for key in found}
                self._written = {key.id: key.used_at for key in found if key.used_at} | self._written
            self._read_at, self._known_changes, self._away = began, changes, False
            now = datetime.now(UTC)
            await self._write_uses({key: at for key, at in self._uses.items() if self._is_due(key, now)})
        except UnavailableError as error:
            self._away = True
            log.warning("the keys are not read: %s", error)
        except Exception as error:
            log.error("the keys are not read: %s", traced(error))  # noqa: TRY400, RUF100 - it may quote a value

    async def _look(self, connection: Connection) -> tuple[Census, list[KeyRecord] | None]:
        census = await keys.census(connection)
        return census, None if census == self._census else await keys.usable(connection, datetime.now(UTC))

    def _is_due(self, key_id: str, now: datetime) -> bool:
        written = self._written.get(key_id)
        return written is None or now - written >= _USES_EVERY

    async def _write_uses(self, uses: dict[str, datetime]) -> None:
        """Write down when keys were used."""
        noted = dict(uses)
        if not noted:
            return

        async def write(connection: Connection) -> None:
            await keys.use(connection, noted)

        await self._store.change(write)
        self._written |= noted
        for key_id, moment in noted.items():
            if self._uses.get(key_id) == moment:
                del self._uses[key_id]
