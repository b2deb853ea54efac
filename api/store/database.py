"""The database: SQLite or PostgreSQL, opened, migrated, and lent out in transactions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import sqlalchemy as sa
from pydantic_core import from_json, to_json
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from api.store import sealing, seals
from api.store.migrate import upgrade, verify
from api.store.sqlite import DRIVER
from api.store.together import Together, Work
from api.store.turns import Turns
from api.store.vault import Vault
from api.store.workflows import SCHEMA, connecting, workflow_file
from classifier.errors import InputError

__all__ = ["FILE_NAME", "Connection", "DatabaseUrl", "Store", "UnavailableError", "database_url", "lock_together"]

Connection = AsyncConnection
"""What queries take: a transaction that is open."""

T = TypeVar("T")
DatabaseUrl = URL
"""Where a database is, with a password perhaps: never to be shown as it is."""

FILE_NAME: Final = "recupera.db"
_BUSY_SECONDS: Final = 10
_DRIVERS: Final = {
    "sqlite": DRIVER,
    DRIVER: DRIVER,
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_UNAVAILABLE: Final = (OperationalError, InterfaceError, PoolTimeoutError)
_LIMIT_EXCEEDED: Final = "54"
"""PostgreSQL's class of errors (SQLSTATE) that say of what was asked that it is too much, whenever it is asked."""


class UnavailableError(Exception):
    """The database can't be reached or is too busy; nothing was stored, and the same call may work later."""


class Store:
    """Lends connections: ``read`` for a consistent view, ``write`` for all or nothing.

    ``look`` and ``change`` do the same for work handed over as a whole. On SQLite that is quicker: it is done in one go
    in a thread, and changes that come at once are kept by one write to the disk.
    """

    def __init__(self, engine: AsyncEngine, vault: Vault | None = None) -> None:
        sealing.use(engine, vault)
        self._engine = engine = engine.execution_options(vault=vault)
        self._writing = engine.execution_options(immediate=True)
        # SQLite has one writer. Waiting here is first come, first served; waiting inside SQLite is a lottery.
        self._turn: AbstractAsyncContextManager[Any] = asyncio.Lock() if self.is_sqlite else nullcontext()
        self._looks = Together(engine, nullcontext(), whole=_UNAVAILABLE)
        self._changes = Together(self._writing, self._turn, whole=_UNAVAILABLE)
        self._turns = Turns()

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of this machine."""
        return self._engine.dialect.name == "sqlite"

    @classmethod
    async def open(cls, url: URL, vault: Vault | None = None) -> Self:
        """Connect and bring the tables up to date; raise ``InputError`` that says what stands in the way.

        Secrets of destinations, and messages where it says so, are encrypted by ``vault``; without it they are stored
        as they are.
        """
        _make_folder(url)
        store = cls(_engine(url), vault)
        try:
            async with store.write() as connection:
                await connection.run_sync(upgrade)
                await seals.check(connection)
        except (UnavailableError, DatabaseError) as error:
            await store.close()
            where = url.render_as_string(hide_password=True)
            raise InputError(f"the database {where} can't be opened: {_cause(error)}") from None
        except BaseException:
            await store.close()
            raise
        return store

    @classmethod
    async def inspect(cls, url: URL, vault: Vault | None = None) -> Self:
        """Connect to look, never to write nor to migrate; each ``read`` sees one moment of the database.

        Raise ``InputError`` if there is no database, or one with the tables of another version.
        """
        return await cls._as_it_is(url, only_reading=True, vault=vault)

    @classmethod
    async def attach(cls, url: URL) -> Self:
        """Connect to the tables as they are: none is migrated, and no key is asked for, so that nothing is decrypted.

        Raise ``InputError`` if there is no database, or one with the tables of another version.
        """
        return await cls._as_it_is(url, only_reading=False, vault=None)

    @classmethod
    async def _as_it_is(cls, url: URL, *, only_reading: bool, vault: Vault | None) -> Self:
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
            raise InputError(f"{Path(str(url.database)).parent} holds no database: name the service's folder by --data")
        engine = _engine(url)
        store = cls(_only_reading(engine, url) if only_reading else engine, vault)
        try:
            async with store.read() as connection:
                await connection.run_sync(verify)
        except (UnavailableError, DatabaseError) as error:
            await store.close()
            where = url.render_as_string(hide_password=True)
            raise InputError(f"the database {where} can't be read: {_cause(error)}") from None
        except BaseException:
            await store.close()
            raise
        return store

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection that sees one moment of the database on SQLite, committed rows on PostgreSQL."""
        with _told_apart():
            async with self._engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection; everything written is kept when the block ends, or nothing if it raises."""
        with _told_apart():
            async with self._turn, self._writing.begin() as connection:
                yield connection

    async def look(self, work: Work[T]) -> T:
        """Return what ``work``, which is quick, finds in a view as ``read`` gives it."""
        if self.is_sqlite:
            with _told_apart():
                return await self._looks.do(work)
        async with self.read() as connection:
            return await work(connection)

    async def change(self, work: Work[T], names: Collection[str] = ()) -> T:
        """Return what ``work`` answers when everything it wrote is kept; nothing is if it raises.

        Others that name one of ``names`` are kept out meanwhile (see ``lock_together``); those of this process wait
        without a connection, so that a thousand changes of one thing leave connections for the rest.

        On SQLite it is done again, alone, if another one fails that was done in the same transaction.
        """
        if self.is_sqlite:
            with _told_apart():
                return await self._changes.do(work)
        async with self._turns.take(names), self.write() as connection:
            await lock_together(connection, *names)
            return await work(connection)

    async def answers(self, seconds: float) -> bool:
        """Say whether the database can be read within a few seconds."""
        try:
            async with asyncio.timeout(seconds), self.read() as connection:
                await connection.execute(sa.select(1))
        except (TimeoutError, UnavailableError):
            return False
        return True

    async def close(self) -> None:
        """Finish what waits, and close the connections."""
        await self._looks.finish()
        await self._changes.finish()
        await self._engine.dispose()


def database_url(setting: str | None, data: Path) -> URL:
    """Return the address that a setting means; without one, a file in the folder of the service's data.

    Raise ``InputError`` if it names a database that is not supported. A password is never repeated. Blanks around it
    don't count: a file that becomes a Kubernetes Secret ends with a line end.
    """
    if setting is None:
        return URL.create(DRIVER, database=str(data / FILE_NAME))
    try:
        url = make_url(setting.strip())
    except (ArgumentError, ValueError):
        raise InputError("database: not an address such as postgresql://user:password@host/name") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise InputError(f"database: {url.drivername!r} is not supported; use sqlite:/// or postgresql://")
    if driver.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise InputError("database: SQLite needs a file, as in sqlite:///folder/recupera.db")
    return url.set(drivername=driver)


async def lock_together(connection: AsyncConnection, *names: str) -> None:
    """Until the transaction ends, keep out others that name one of ``names``.

    SQLite has one writer anyway. PostgreSQL: advisory locks, in one order, so that no two wait for each other.
    """
    if connection.dialect.name != "postgresql" or not names:
        return
    keys = sorted(int.from_bytes(sha256(name.encode()).digest()[:8], signed=True) for name in set(names))
    await connection.execute(sa.select(*(sa.func.pg_advisory_xact_lock(key) for key in keys)))


def _engine(url: URL) -> AsyncEngine:
    """Return an engine; no statement's values ever reach an error message or a log."""
    options: dict[str, Any] = {
        "hide_parameters": True,
        "pool_timeout": _BUSY_SECONDS,
        "json_serializer": lambda value: to_json(value).decode(),
        "json_deserializer": from_json,
    }
    try:
        if url.get_backend_name() == "postgresql":
            return create_async_engine(url, pool_pre_ping=True, connect_args=connecting(url), **options)
        engine = create_async_engine(url, connect_args={"timeout": _BUSY_SECONDS}, **options)
    except ModuleNotFoundError as error:
        raise InputError(f"PostgreSQL needs {error.name}: pip install 'recupera[postgres]'") from None
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _only_reading(engine: AsyncEngine, url: URL) -> AsyncEngine:
    """Return an engine whose connections refuse to write, and find the workflows in the same schema everywhere."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    workflows = workflow_file(url)

    def restrict(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        if workflows.is_file():
            cursor.execute(f"ATTACH DATABASE ? AS {SCHEMA}", (str(workflows),))
        cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    event.listen(engine.sync_engine, "connect", restrict)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Set what SQLite forgets between connections; transactions begin where we say (see ``_begin_sqlite``)."""
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock first: one that reads and then wants to write can't wait for another writer."""
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn a database that can't be reached, or is too busy, into ``UnavailableError``."""
    try:
        yield
    except _UNAVAILABLE as error:
        if _exceeds_a_limit(error):
            raise
        raise UnavailableError("the database can't be reached or is too busy") from error


def _exceeds_a_limit(error: Exception) -> bool:
    """Say whether the database refuses what was asked for good: the same call would never work."""
    code = getattr(getattr(error, "orig", None), "sqlstate", None)
    return code is not None and str(code).startswith(_LIMIT_EXCEEDED)


def _make_folder(url: URL) -> None:
    """Make the folder of a SQLite file, for this user alone: it holds what customers wrote."""
    if url.get_backend_name() != "sqlite":
        return
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InputError(f"{folder}: the folder can't be made: {error.strerror}") from None


def _cause(error: BaseException) -> str:
    """Return the first line of what the driver said."""
    cause = error.__cause__ if isinstance(error, UnavailableError) else error
    said = str(getattr(cause, "orig", None) or cause).splitlines()
    return said[0] if said else type(cause).__name__
