"""SQLite for SQLAlchemy's asyncio: statements run in a thread, or right here where no event loop could be held up.

The asyncio drivers hand every call to a thread of the connection and back, several times a statement. Here a statement
and its rows are one errand; and a coroutine that is driven by ``drive`` in a thread of its own runs there from end to
end, without a single errand.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool
from sqlalchemy.util import await_only

__all__ = ["DRIVER", "Connection", "Cursor", "Dialect", "away", "drive"]

T = TypeVar("T")

DRIVER: Final = "sqlite+recupera"
_THREADS: Final = ThreadPoolExecutor(8, thread_name_prefix="sqlite")
"""Threads for statements; each waits for the disk or for another process most of its time."""


async def away(work: Callable[[], T]) -> T:
    """Do ``work`` in a thread, or at once where no event loop runs; who is cancelled leaves only when it is done.

    A statement that went on after its caller gave up could meet the next transaction of the same connection.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return work()
    errand = loop.run_in_executor(_THREADS, work)
    try:
        return await asyncio.shield(errand)
    except asyncio.CancelledError:
        while not errand.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([errand])
        errand.exception()
        raise


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread without an event loop; it may wait for nothing but the database."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError("work on the database waited for something else")


class Cursor(sqlite3.Cursor):
    """A cursor whose statements are errands; their rows come along."""

    _rows: deque[Any]

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """Run a statement and fetch all its rows."""
        return self._run(lambda: super(Cursor, self).execute(sql, parameters))

    def executemany(self, sql: str, parameters: Any, /) -> Cursor:
        """Run a statement for each of several parameters."""
        return self._run(lambda: super(Cursor, self).executemany(sql, parameters))

    def fetchone(self) -> Any:
        """Return the next row, ``None`` after the last."""
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        return [self._rows.popleft() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        rows, self._rows = list(self._rows), deque()
        return rows

    async def _async_soft_close(self) -> None:
        """Do nothing: SQLAlchemy's asyncio asks for this after each statement, and the rows are here already."""

    def _run(self, statement: Callable[[], object]) -> Cursor:
        def run() -> deque[Any]:
            statement()
            return deque(super(Cursor, self).fetchall()) if self.description else deque()

        self._rows = await_only(away(run))
        return self


class Connection(sqlite3.Connection):
    """A connection whose statements are errands; transactions begin and end where they say."""

    def cursor(self, factory: type[sqlite3.Cursor] | None = None) -> Any:  # type: ignore[override]
        """Return a cursor."""
        return super().cursor(factory or Cursor)

    def commit(self) -> None:
        """Keep what was written, when the disk has it."""
        if self.in_transaction:
            await_only(away(super().commit))

    def rollback(self) -> None:
        """Undo what was written; also called where nothing can have been."""
        if self.in_transaction:
            await_only(away(super().rollback))


class Dialect(SQLiteDialect_pysqlite):
    """Python's own ``sqlite3``, for an asyncio engine."""

    driver = "recupera"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:  # noqa: ARG003, RUF100 - SQLAlchemy's signature
        """Return the pool of an asyncio engine."""
        return AsyncAdaptedQueuePool

    def create_connect_args(self, url: URL) -> Any:
        """Return how to connect: from any thread, by our classes, and no transaction that nobody began."""
        arguments, options = super().create_connect_args(url)
        ours = {"factory": Connection, "check_same_thread": False, "isolation_level": None}
        return arguments, {**options, **ours}


registry.register("sqlite.recupera", __name__, "Dialect")
