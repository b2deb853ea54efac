"""Work on a SQLite file that comes at once is done together: one errand to a thread, one transaction, one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.store.sqlite import away, drive

__all__ = ["Together", "Work"]

T = TypeVar("T")
Work = Callable[[AsyncConnection], Coroutine[Any, Any, T]]
"""What is done in a transaction, waiting for nothing but the database."""

_MOST: Final = 32
"""Works a transaction: few enough that others who want to write need not wait long."""


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    """Work that waits for a transaction, and where its answer goes."""

    work: Work[T]
    answer: asyncio.Future[T]

    def tell(self, value: T) -> None:
        """Answer the caller, unless it gave up."""
        if not self.answer.done():
            self.answer.set_result(value)

    def fail(self, error: Exception) -> None:
        """Tell the caller that nothing was stored."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Together:
    """Does works in the order in which they come, those that wait in one transaction."""

    def __init__(
        self, engine: AsyncEngine, turn: AbstractAsyncContextManager[Any], *, whole: tuple[type[Exception], ...]
    ) -> None:
        """``turn`` is taken for each transaction; errors of type ``whole`` are the transaction's, not one work's."""
        self._engine = engine
        self._turn = turn
        self._whole = whole
        self._waiting: list[_Job[Any]] = []
        self._running: asyncio.Task[None] | None = None

    async def do(self, work: Work[T]) -> T:
        """Return what ``work`` answers when everything it wrote is kept; nothing is if it raises.

        It is done again, alone, if another one fails in the same transaction.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Job(work, answer))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await answer

    async def finish(self) -> None:
        """Wait until nothing waits any more."""
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        """Do what waits, then what came meanwhile."""
        try:
            while self._waiting:
                async with self._turn:
                    jobs = [job for job in self._waiting[:_MOST] if not job.answer.done()]
                    del self._waiting[:_MOST]
                    await self._transact(jobs)
        finally:
            self._running = None
            for job in self._waiting:
                job.answer.cancel()

    async def _transact(self, jobs: Sequence[_Job[Any]]) -> None:
        """Do several jobs in one transaction; if one fails, each in its own, so that no one pays for another."""
        try:
            async with self._engine.connect() as connection:
                answers = await away(lambda: drive(_all_done(connection, [job.work for job in jobs])))
        except Exception as error:
            if len(jobs) > 1 and not isinstance(error, self._whole):
                for job in jobs:
                    await self._transact([job])
                return
            for job in jobs:
                job.fail(error)
        else:
            for job, answer in zip(jobs, answers, strict=True):
                job.tell(answer)


async def _all_done(connection: AsyncConnection, works: Sequence[Work[Any]]) -> list[Any]:
    """Do works in one transaction, and return their answers."""
    async with connection.begin():
        return [await work(connection) for work in works]
