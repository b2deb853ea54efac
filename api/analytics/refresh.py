"""Counts the days that changed, in the background, so that screens need not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from api.analytics.reader import count_change
from api.background import Background
from api.store import analytics
from api.store.analytics import Change, OutdatedError
from api.store.database import Store

__all__ = ["Refresher", "refresh"]

_TOGETHER: Final = 4
"""Days counted at the same time: on SQLite they are stored by one write to the disk."""
_SHARE: Final = 20
"""It rests so many times as long as it worked, so that days with many messages don't keep a processor busy."""
_LONGEST_SECONDS: Final = 60


async def refresh(store: Store) -> int:
    """Count all days that changed; return how many were stored.

    Processes may do so at the same time: cells are only replaced if they are still those that were read.
    """
    async with store.read() as connection:
        changed = await analytics.changes(connection)
    done = 0
    for start in range(0, len(changed), _TOGETHER):
        done += sum(await asyncio.gather(*(_recount(store, change) for change in changed[start : start + _TOGETHER])))
    return done


async def _recount(store: Store, change: Change) -> bool:
    """Count a day again and store it, unless another was quicker."""
    segment = await count_change(store, change)
    try:
        await store.change(lambda connection: analytics.replace(connection, segment, change))
    except OutdatedError:
        return False
    return True


class Refresher(Background):
    """Refreshes every ``interval`` seconds, as long as the service runs."""

    what = "figures wait"
    failed_seconds = 5.0

    def __init__(self, store: Store, interval: float, warm: Callable[[], Awaitable[None]] | None = None) -> None:
        """``warm`` is done once before: what screens will read first."""
        self._store = store
        self._warm = warm
        self._interval = interval

    def start(self) -> None:
        """Begin, in the background; without an interval nothing is done."""
        if self._interval:
            super().start()

    async def _turn(self) -> float:
        began = time.monotonic()
        if self._warm is not None:
            await self._warm()
            self._warm = None
        await refresh(self._store)
        worked = time.monotonic() - began
        return max(self._interval, min(_SHARE * worked, _LONGEST_SECONDS))
