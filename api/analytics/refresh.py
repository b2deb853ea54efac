"""Counts the days that changed, in the background, so that screens need not."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from api.analytics.reader import count_change
from api.background import Background
from api.observability import traced
from api.store import analytics
from api.store.analytics import Change, OutdatedError
from api.store.database import Store, UnavailableError

__all__ = ["Refresher", "refresh"]

_TOGETHER: Final = 4
"""Days counted at the same time: on SQLite they are stored by one write to the disk."""
_SHARE: Final = 20
"""It rests so many times as long as it worked, so that days with many messages don't keep a processor busy."""
_LONGEST_SECONDS: Final = 60
log = logging.getLogger(__name__)


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

    def __init__(self, store: Store, interval: float, warm: Callable[[], Awaitable[None]] | None = None) -> None:
        """``warm`` is done once before: what screens will read first."""
        self._store = store
        self._warm = warm
        self._interval = interval

    def start(self) -> None:
        """Begin, in the background; without an interval nothing is done."""
        if self._interval:
            super().start()

    async def _run(self) -> None:
        while True:
            began = time.monotonic()
            try:
                if self._warm is not None:
                    await self._warm()
                    self._warm = None
                await refresh(self._store)
            except UnavailableError as error:
                log.warning("figures wait: %s", error)
            except Exception as error:
                log.error("figures wait: %s", traced(error))  # noqa: TRY400, RUF100 - it may quote a text
            worked = time.monotonic() - began
            await asyncio.sleep(max(self._interval, min(_SHARE * worked, _LONGEST_SECONDS)))
