"""Who executes workflows: a lock that only a living process holds, and the names of those who ever did.

PostgreSQL: a session-level advisory lock, which the server lets go the moment the process's connection ends. SQLite:
a lock on a file beside the database, which the kernel lets go when the process ends; one process at a time. To get a
lock is proof that nobody holds it, so its owner is dead. Behind PgBouncer, workers need a pool of mode ``session``.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from api.store.tables import executors
from api.store.workflows import connecting

__all__ = ["ExecutorLock", "known", "lock_of", "register", "unregister"]

_SERVER_KEEPALIVE: Final = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}
"""What lets the server notice within some ten seconds that a whole machine is gone, and with it the lock."""


class ExecutorLock(Protocol):
    """Held by the one process that may execute workflows in the name of an executor."""

    async def acquire(self) -> bool:
        """Try to get it; say whether this process holds it now."""

    async def is_held(self) -> bool:
        """Say whether this process still holds it, for certain."""

    def of_dead(self, executor_id: str) -> AbstractAsyncContextManager[bool]:
        """Hold another executor's lock for a while, and say whether that worked: then its owner is dead."""

    async def release(self) -> None:
        """Let it go."""


def lock_of(url: URL, executor_id: str) -> ExecutorLock:
    """Return the lock of an executor on a database, not yet held."""
    if url.get_backend_name() == "postgresql":
        return _AdvisoryLock(url, executor_id)
    return _FileLock(Path(f"{url.database}.worker.lock"))


class _AdvisoryLock:
    """One connection of its own; whoever loses the connection has lost the lock."""

    def __init__(self, url: URL, executor_id: str) -> None:
        self._executor_id = executor_id
        self._engine: AsyncEngine = create_async_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True, connect_args=connecting(url)
        )
        self._connection: AsyncConnection | None = None

    async def acquire(self) -> bool:
        try:
            connection = self._connection or await self._connect()
        except DBAPIError:
            return False
        self._connection = connection
        if await self._try(self._executor_id):
            return True
        await self.release()
        return False

    async def _connect(self) -> AsyncConnection:
        connection = await self._engine.connect()
        for name, value in _SERVER_KEEPALIVE.items():
            await connection.execute(sa.select(sa.func.set_config(name, value, sa.false())))
        return connection

    async def is_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            await self._connection.execute(sa.select(1))
        except DBAPIError:
            await self.release()
            return False
        return True

    @asynccontextmanager
    async def of_dead(self, executor_id: str) -> AsyncIterator[bool]:
        if executor_id == self._executor_id or not await self._try(executor_id):
            yield False
            return
        try:
            yield True
        finally:
            with suppress(DBAPIError):
                await self._execute(sa.func.pg_advisory_unlock(_key(executor_id)))

    async def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError):
                await connection.close()

    async def _try(self, executor_id: str) -> bool:
        try:
            return await self._execute(sa.func.pg_try_advisory_lock(_key(executor_id)))
        except DBAPIError:
            return False

    async def _execute(self, call: sa.Function[bool]) -> bool:
        if self._connection is None:
            return False
        return bool((await self._connection.execute(sa.select(call))).scalar_one())


class _FileLock:
    """A SQLite database has one process that executes workflows, whatever its name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    async def acquire(self) -> bool:
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    async def is_held(self) -> bool:
        return self._file is not None

    @asynccontextmanager
    async def of_dead(self, executor_id: str) -> AsyncIterator[bool]:
        yield self._file is not None

    async def release(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def _key(executor_id: str) -> int:
    return int.from_bytes(sha256(f"executor\0{executor_id}".encode()).digest()[:8], signed=True)


async def register(connection: AsyncConnection, executor_id: str, at: datetime) -> None:
    """Remember that an executor started."""
    await unregister(connection, executor_id)
    await connection.execute(executors.insert().values(id=executor_id, started_at=at))


async def unregister(connection: AsyncConnection, executor_id: str) -> None:
    """Forget an executor that left nothing behind."""
    await connection.execute(executors.delete().where(executors.c.id == executor_id))


async def known(connection: AsyncConnection) -> list[str]:
    """Return the executors that may have left workflows behind."""
    return list((await connection.execute(sa.select(executors.c.id).order_by(executors.c.id))).scalars())
