"""What happens, told at once to those who watch: one look at the outbox a moment for all of them together.

Each look goes back a little: an event gets its name before it is committed, so a younger one may be seen first.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from api.background import repeat
from api.store.database import Store
from api.store.events import told_after
from api.store.records import EventType, OutboxRecord
from classifier.taxonomy import TASKS, TaskKind

__all__ = ["Live", "Told"]

TYPES: Final = tuple(event for event in EventType if event is not EventType.CUSTOMER_ERASED)
"""Whoever watches sees labels and cases move; an erasure is for other systems."""

_SECONDS: Final = 0.5
_BACK_SECONDS: Final = 10
_MOST: Final = 500
_REMEMBERED: Final = 20_000
_REPLAYED_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Told:
    """An event without a word of what was written: ids, labels, and what an alert counts."""

    id: str
    type: str
    data: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class _Watcher:
    """Who watches. One that does not keep up is let go, and comes back with the id of the last event it had."""

    waiting: asyncio.Queue[Told | None] = field(default_factory=lambda: asyncio.Queue(_MOST))
    late: bool = False

    def tell(self, event: Told | None) -> None:
        """Hand an event over; ``None`` is the end."""
        try:
            self.waiting.put_nowait(event)
        except asyncio.QueueFull:
            self.late = True


class Live:
    """Looks at the outbox as long as somebody watches."""

    def __init__(self, store: Store, *, seconds: float = _SECONDS) -> None:
        self._store = store
        self._seconds = seconds
        self._watchers: set[_Watcher] = set()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._looking: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._over = False

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._watchers)

    async def watch(self, last: str | None = None, *, pause: float = 15) -> AsyncIterator[Told | None]:
        """Yield events as they come, ``None`` after ``pause`` seconds without one.

        With the id of the ``last`` event that was seen, what came since, up to ten minutes back, is told first.
        """
        watcher = _Watcher()
        before = await self._since(last) if last else []
        self._begin(watcher)
        told = {event.id for event in before}
        try:
            for event in before:
                yield event
            while not (self._over or watcher.late):
                try:
                    following = await asyncio.wait_for(watcher.waiting.get(), pause)
                except TimeoutError:
                    yield None
                    continue
                if following is None:
                    return
                if following.id not in told:
                    yield following
        finally:
            self._end(watcher)

    def dismiss(self) -> None:
        """Send everybody home, soon; a handler of signals may say so: a server waits for its connections to end."""
        self._loop.call_soon_threadsafe(self._dismiss)

    def _dismiss(self) -> None:
        self._over = True
        for watcher in self._watchers:
            watcher.tell(None)

    async def stop(self) -> None:
        """Send everybody home, and end."""
        self._dismiss()
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    def _begin(self, watcher: _Watcher) -> None:
        self._watchers.add(watcher)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    def _end(self, watcher: _Watcher) -> None:
        self._watchers.discard(watcher)
        if not self._watchers and self._looking is not None:
            self._looking.cancel()

    async def _since(self, last: str) -> list[Told]:
        """Return what was told after an event, not all of it if that is long ago."""
        after = max(last, _name_at(time.time() - _REPLAYED_SECONDS))
        async with self._store.read() as connection:
            found = await told_after(connection, after, TYPES, limit=_MOST)
        return [_told(event) for event in found]

    async def _look(self) -> None:
        """Tell what is new, until nobody watches; what was there before the first look is not new."""
        first = True

        async def turn() -> float:
            nonlocal first
            async with self._store.read() as connection:
                after = _name_at(time.time() - _BACK_SECONDS)
                found = await told_after(connection, after, TYPES, limit=_REMEMBERED)
            for event in found:
                self._tell(event, quietly=first)
            first = False
            return self._seconds

        await repeat(turn, what="live events wait", failed_seconds=self._seconds)

    def _tell(self, event: OutboxRecord, *, quietly: bool) -> None:
        if event.id in self._seen:
            return
        self._seen[event.id] = None
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        if not quietly:
            for watcher in self._watchers:
                watcher.tell(_told(event))


def _told(event: OutboxRecord) -> Told:
    """Return what of an event may be shown to whoever watches."""
    own = (
        "message_id",
        "case_id",
        "channel",
        "outcome",
        "reason",
        "alert_id",
        "dimension",
        "value",
        "count",
        "summary",
    )
    data = {name: event.data[name] for name in own if event.data.get(name) is not None}
    classification = event.data.get("classification")
    if classification:
        data["labels"] = {"language": classification.get("language")} | {
            task.id: (classification.get(task.id) or {}).get("labels" if task.kind is TaskKind.MULTI else "label")
            for task in TASKS
        }
        data["review_needed"] = classification["review"]["needed"]
    plan = event.data.get("plan")
    if plan:
        data["priority"] = plan.get("priority")
    return Told(event.id, event.type, data | {"at": event.created_at})


def _name_at(moment: float) -> str:
    """Return an identifier that sorts before those made from a moment on."""
    return str(UUID(int=max(int(moment * 1000), 0) << 80))
