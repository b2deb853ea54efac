"""Who read or changed what, written down: never a word of what was read, sent or answered.

Reads and messages that are handed in are written within a second, many at once; a process that is killed loses those
of its last second. A change by a person or a program is written before it is answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from starlette.requests import HTTPConnection

from api.access.ours import ours
from api.access.principal import Principal
from api.access.scopes import Scope
from api.access.table import Found
from api.background import repeat
from api.observability import traced
from api.store import trail
from api.store.database import Connection, Store, UnavailableError
from api.store.identifiers import new_id
from api.store.trail import TrailRecord

__all__ = ["Trail", "concerns", "entry"]

_EVERY_SECONDS: Final = 1.0
_FORGETTING_SECONDS: Final = 3600.0
_BATCH: Final = 500
_MOST: Final = 50_000
_MADE: Final = "objects"
log = logging.getLogger(__name__)


def concerns(connection: HTTPConnection, **ids: str) -> None:
    """Say what a request is about that its path does not name: what it made, for instance."""
    connection.scope.setdefault("state", {}).setdefault(_MADE, {}).update(ids)


class Trail:
    """Keeps records of ``days``, and writes them."""

    def __init__(self, store: Store, days: int) -> None:
        self._store = store
        self._kept = timedelta(days=days)
        self._waiting: deque[TrailRecord] = deque()
        self._any = asyncio.Event()
        self._writing = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write, in the background."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Write what waits, and end."""
        async with self._writing:
            if self._running is not None:
                self._running.cancel()
        if self._running is not None:
            with suppress(asyncio.CancelledError):
                await self._running
        await self.flush()

    async def note(self, principal: Principal, scope: Any, found: Found, status: int) -> None:
        """Keep a request that was answered; return once it is written if it changed something by decision."""
        ids = {**found.ids, **scope["state"].get(_MADE, {})}
        self._waiting.append(entry(principal, scope["method"], found.pattern, ids, status))
        if len(self._waiting) > _MOST:
            self._waiting.popleft()
            log.error("the trail can't be written, and its oldest record is lost")
        self._any.set()
        if scope["method"] not in ("GET", "HEAD") and found.rule.needs in (Scope.WRITE, Scope.ADMIN):
            await self.flush()

    async def flush(self) -> None:
        """Write what waits; what can't be written waits on. A caller that gives up does not stop it halfway."""
        await asyncio.shield(asyncio.create_task(self._flush()))

    async def _flush(self) -> None:
        async with self._writing:
            while self._waiting:
                batch = list(islice(self._waiting, _BATCH))

                async def write(connection: Connection, batch: list[TrailRecord] = batch) -> None:
                    await trail.add(connection, batch)

                try:
                    await self._store.change(write)
                except UnavailableError as error:
                    log.warning("the trail waits: %s", error)
                    self._any.set()
                    return
                except Exception as error:
                    log.error("records of the trail are lost: %s", traced(error))  # noqa: TRY400, RUF100
                for record in batch:
                    if self._waiting and self._waiting[0] is record:
                        self._waiting.popleft()

    async def _run(self) -> None:
        """Write what was noted, a second after the first of it, and what had to wait a second after it was tried.

        Now and then forget what is old.
        """
        forgotten = 0.0
        clock = asyncio.get_running_loop().time

        async def turn() -> float:
            nonlocal forgotten
            if clock() >= forgotten:
                await self._forget()
                forgotten = clock() + _FORGETTING_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._any.wait(), _FORGETTING_SECONDS)
            await asyncio.sleep(_EVERY_SECONDS)
            self._any.clear()
            await self.flush()
            return 0.0

        await repeat(turn, what="the trail waits", failed_seconds=_EVERY_SECONDS)

    async def _forget(self) -> None:
        """Delete what is older than it is kept."""
        before = datetime.now(UTC) - self._kept

        async def delete(connection: Connection) -> None:
            await trail.forget(connection, before)

        await self._store.change(delete)


def entry(principal: Principal, method: str, route: str, ids: Mapping[str, str], status: int) -> TrailRecord:
    """Return what is kept of a deed; what is no id of ours could be anything, so it is not kept."""
    objects = ours(ids, status)
    return TrailRecord(
        id=new_id(),
        at=datetime.now(UTC),
        principal_kind=principal.kind,
        principal_id=principal.id,
        principal_name=principal.name,
        method=method,
        route=route,
        object_id=next(iter(objects.values()), None),
        objects=objects,
        status=status,
    )
