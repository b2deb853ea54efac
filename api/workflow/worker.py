"""Keeps the workflows of this process alive, in the name of one executor and never of one that another process has.

Whoever holds the executor's lock runs its workflows; whoever does not, stands by and tries again. A worker that loses
the lock stops its workflows at once. It takes over from another executor only what a dead one left: to get the lock
of the other is the proof.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from api.background import repeat
from api.observability import traced
from api.store import executors
from api.store.database import DatabaseUrl, Store
from api.store.workflows import workflow_database
from api.workflow.clock import Clock, SystemClock
from api.workflow.pace import Pace, Rhythm
from classifier.errors import InputError

if TYPE_CHECKING:
    from api.workflow.engine import Engine

__all__ = ["Worker", "WorkerState"]

_GATHER_SECONDS: Final = 0.02
log = logging.getLogger(__name__)


class WorkerState(StrEnum):
    """Where a worker is."""

    STARTING = "starting"  # not yet at work
    STANDING_BY = "standing by"  # another process has this executor, or the database can't be reached
    RUNNING = "running"  # at work
    STOPPED = "stopped"  # told to stop


class Worker:
    """Runs workflows from ``start`` to ``stop``."""

    def __init__(
        self,
        store: Store,
        url: DatabaseUrl,
        executor_id: str,
        *,
        clock: Clock | None = None,
        rhythm: Rhythm | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.executor_id = executor_id
        self.state = WorkerState.STARTING
        self._store = store
        self._url = url
        self._clock = clock or SystemClock()
        self._rhythm = rhythm or Rhythm()
        self._pace = pace or Pace()
        self._lock = executors.lock_of(url, executor_id)
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def told(self) -> dict[str, str]:
        """Return how the worker is, for people who look after the service."""
        return {"executor": self.executor_id, "state": str(self.state)}

    def start(self) -> None:
        """Begin, in the background, as soon as nobody else has the executor."""
        self._running = asyncio.create_task(self._run())

    async def claim(self, seconds: float) -> None:
        """Become the executor, or raise ``InputError`` if another process is it for longer than ``seconds``."""
        until = asyncio.get_running_loop().time() + seconds
        while not await self._lock.acquire():
            if asyncio.get_running_loop().time() > until:
                raise InputError(self._taken())
            await asyncio.sleep(min(self._rhythm.stand_by, 0.2))

    async def stop(self) -> None:
        """Finish what is on its way; what waits is left for the next start, or for another worker."""
        self._stopping.set()
        if self._running is not None:
            await self._running
        await self._lock.release()
        self.state = WorkerState.STOPPED

    async def _run(self) -> None:
        """Stand by until the lock is there, work until it is gone."""
        told = False
        while not self._stopping.is_set():
            try:
                if await self._lock.acquire():
                    told = False
                    await self._work()
                else:
                    self.state = WorkerState.STANDING_BY
                    if not told:
                        log.warning("%s", self._taken())
                    told = True
            except Exception as error:
                log.error("workflows wait: %s", traced(error))  # noqa: TRY400, RUF100 - a message may quote a value
            await self._rest(self._rhythm.stand_by)

    async def _work(self) -> None:
        """Run the workflows while the lock is held."""
        engine = await self._launched()
        self.state = WorkerState.RUNNING
        log.info("workflows run as executor %s", self.executor_id)
        chores = [asyncio.create_task(chore) for chore in self._chores(engine)]
        try:
            await self._watch()
        finally:
            self.state = WorkerState.STANDING_BY
            await _cancel(chores)
            await engine.drain()
            await asyncio.to_thread(engine.shut_down)
            await self._lock.release()

    async def _launched(self) -> Engine:
        """Return DBOS at work; it is imported only now, because that takes a while."""
        from api.workflow.engine import Engine

        async with self._store.write() as connection:
            await executors.register(connection, self.executor_id, self._clock.now())
        engine = Engine(
            lambda: workflow_database(self._url),
            self._store,
            self.executor_id,
            clock=self._clock,
            pace=self._pace,
        )
        try:
            await asyncio.to_thread(engine.launch)
        except Exception:
            await asyncio.to_thread(engine.shut_down)  # half of it may run already
            raise
        return engine

    async def _watch(self) -> None:
        """Return when the worker is to stop, or when the lock is gone."""
        while not self._stopping.is_set():
            await self._rest(self._rhythm.watch)
            if not await self._lock.is_held():
                log.error("executor %s lost its lock: its workflows stop here", self.executor_id)
                return

    def _chores(self, engine: Engine) -> list[Coroutine[Any, Any, None]]:
        from api.workflow.relay import Relay

        relay = Relay(self._store, engine, at_once=self._rhythm.at_once, grace=self._rhythm.grace)

        async def take_over() -> int:
            return await self._take_over(engine)

        async def forget() -> int:
            return await asyncio.to_thread(engine.forget, self._clock.now() - self._rhythm.keep)

        return [
            self._repeat(relay.turn, self._rhythm.relay, hurry=self._rhythm.hurry),
            self._repeat(relay.sweep, self._rhythm.sweep),
            self._repeat(take_over, self._rhythm.take_over),
            self._repeat(forget, self._rhythm.forget),
        ]

    async def _repeat(self, chore: Callable[[], Awaitable[int]], seconds: float, *, hurry: bool = False) -> None:
        """Do a chore again and again, in a hurry while there is more to do; what fails is tried again."""

        async def turn() -> float:
            return _GATHER_SECONDS if await chore() and hurry else seconds

        await repeat(turn, what="workflows wait", failed_seconds=seconds)

    async def _take_over(self, engine: Engine) -> int:
        """Have the workflows of dead executors run again; return how many."""
        async with self._store.read() as connection:
            others = [name for name in await executors.known(connection) if name != self.executor_id]
        taken = 0
        for other in others:
            async with self._lock.of_dead(other) as is_dead:
                if is_dead:
                    taken += await self._inherit(engine, other)
        return taken

    async def _inherit(self, engine: Engine, other: str) -> int:
        """Take what a dead executor left, and forget it."""
        taken = await asyncio.to_thread(engine.take_over, other)
        async with self._store.write() as connection:
            await executors.unregister(connection, other)
        log.warning("executor %s is gone: %d of its workflows run again", other, taken)
        return taken

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _taken(self) -> str:
        if self._store.is_sqlite:
            return "another process runs the workflows of this SQLite database: stop it, or use PostgreSQL for several"
        return (
            f"the database can't be reached, or another process is executor {self.executor_id!r}: "
            "give each its own, with --executor-id"
        )


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
